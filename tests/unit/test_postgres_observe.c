#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/run/runner.h"
#include "tests/unit/postgres_server.h"

/* What a run does to others, and what it knows of that. */

struct fixture {
	TALLOC_CTX *mem;
	char *url;
	struct db *db;
};

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);

	f->mem = f;
	f->url = pgt_database(f);
	f->db = pgt_open(f, f->url);
	pgt_sql(f->db, "CREATE TABLE t (x int PRIMARY KEY, y int);"
		       "INSERT INTO t SELECT g, g FROM generate_series(1, 500)"
		       " g; CREATE INDEX t_y ON t (y);"
		       "CREATE TABLE log (x int);");
	*state = f;
	return 0;
}

static int done(void **state)
{
	talloc_free(*state);
	return 0;
}

/* --- what a statement did ------------------------------------------------- */

/* "t rewritten indexes 2+1 scans 3 rows 500/1/2/3" of each relation of
   statement n: indexes rewritten and built; rows scanned, inserted, updated,
   deleted. */
static char *effects(TALLOC_CTX *mem, const struct facts *facts, size_t n)
{
	char *out = talloc_strdup(mem, "");

	for (size_t i = 0; i < facts->statements[n].effect_count; i++) {
		const struct fact_effect *e = &facts->statements[n].effects[i];

		out = talloc_asprintf_append(
			out, "%s%s%s %d+%d %dx%d %d/%d/%d", i ? ", " : "",
			e->relation, e->rewritten ? " rewritten" : "",
			e->indexes_rewritten, e->indexes_built, (int)e->scans,
			(int)e->rows_scanned, (int)e->inserted, (int)e->updated,
			(int)e->deleted);
	}
	return out;
}

static void assert_effects(struct fixture *f, const char *text,
			   const char *wanted)
{
	struct facts *facts = pgt_well(f->mem, f->db, text);
	size_t last = facts->statement_count - 1;

	assert_string_equal(effects(f->mem, facts, last), wanted);
}

static void tells_what_was_rewritten_and_read(void **state)
{
	struct fixture *f = *state;

	assert_effects(f, "ALTER TABLE t ADD a int DEFAULT 1", "");
	assert_effects(f, "ALTER TABLE t ADD b float DEFAULT random()",
		       "t rewritten 2+0 3x1500 0/0/0");
	assert_effects(f, "ALTER TABLE t ALTER a SET NOT NULL",
		       "t 0+0 1x500 0/0/0");
	assert_effects(f, "CREATE INDEX t_a ON t (a)", "t 0+1 1x500 0/0/0");
	assert_effects(f, "REINDEX INDEX t_a", "t 1+0 1x500 0/0/0");
	/* the index of a column whose type changes is another one */
	assert_effects(f, "ALTER TABLE t ALTER a TYPE bigint",
		       "t rewritten 2+1 4x2000 0/0/0");
	/* ... that takes over what is there when the type means the same */
	pgt_well(f->mem, f->db,
		 "ALTER TABLE t ADD c varchar(10);"
		 "CREATE INDEX t_c ON t (c)");
	assert_effects(f, "ALTER TABLE t ALTER c TYPE varchar(20)", "");
	assert_effects(f, "ALTER TABLE t RENAME TO t2", "");
	assert_effects(f, "DROP TABLE t2", "");
}

static void tells_which_rows_changed(void **state)
{
	struct fixture *f = *state;

	pgt_sql(f->db, "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql"
		       " AS 'BEGIN INSERT INTO log VALUES (1); RETURN NEW; "
		       "END'; CREATE TRIGGER note AFTER UPDATE ON t FOR EACH "
		       "ROW EXECUTE FUNCTION note()");
	assert_effects(f, "UPDATE t SET y = 0 WHERE x <= 3",
		       "t 0+0 1x500 0/3/0, log 0+0 0x0 3/0/0");
	assert_effects(f,
		       "DO 'BEGIN DELETE FROM t WHERE x = 9; INSERT INTO t "
		       "VALUES (9, 9), (1000, 1); END'",
		       "t 0+0 0x0 2/0/1");
	assert_effects(f, "CREATE TABLE n AS SELECT * FROM t",
		       "n 0+0 0x0 501/0/0, t 0+0 1x501 0/0/0");
}

/* What an earlier run of the same session did is not told again. */
static void counts_from_where_the_run_begins(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		pgt_sql(f->db, "SELECT count(*) FROM t");
		assert_effects(f, "SELECT count(y) FROM t",
			       "t 0+0 1x500 0/0/0");
		assert_effects(f, "INSERT INTO log VALUES (1)",
			       "log 0+0 0x0 1/0/0");
	}
}

static void leaves_a_new_table_alone(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	assert_effects(f, "CREATE TABLE n (x int PRIMARY KEY)", "");
	facts = pgt_well(f->mem, f->db,
			 "CREATE TABLE o (x int PRIMARY KEY); "
			 "INSERT INTO o VALUES (1); "
			 "ALTER TABLE o ALTER x TYPE text");
	for (size_t i = 0; i < facts->lock_count; i++)
		assert_false(facts->locks[i].rewrite || facts->locks[i].scan);
	/* but not when it comes again */
	assert_effects(f, "ALTER TABLE o ALTER x TYPE int USING x::int",
		       "o rewritten 0+1 2x2 0/0/0");
}

static void tells_what_was_done_in_no_transaction(void **state)
{
	struct fixture *f = *state;

	assert_effects(f, "CREATE INDEX CONCURRENTLY t_z ON t (y, x)",
		       "t 0+1 0x0 0/0/0");
	assert_effects(f, "VACUUM FULL t", "t rewritten 3+0 0x0 0/0/0");
	assert_effects(f, "VACUUM t", "");
}

static void tells_what_was_done_in_a_transaction_of_the_script(void **state)
{
	struct fixture *f = *state;
	struct facts *facts =
		pgt_well(f->mem, f->db,
			 "DELETE FROM t WHERE x <= 100; BEGIN; SAVEPOINT s; "
			 "ALTER TABLE t ADD b float DEFAULT random(); "
			 "DELETE FROM t WHERE y <= 103; COMMIT");

	assert_string_equal(effects(f->mem, facts, 3),
			    "t rewritten 2+0 3x1200 0/0/0");
	assert_string_equal(effects(f->mem, facts, 4), "t 0+0 1x400 0/0/3");
}

static void says_what_was_done_under_a_lock(void **state)
{
	struct fixture *f = *state;
	struct facts *facts = pgt_well(
		f->mem, f->db,
		"CREATE INDEX i ON t (y); ALTER TABLE t ADD b float DEFAULT "
		"random(); INSERT INTO log VALUES (1)");

	assert_string_equal(pgt_locks(f->mem, facts),
			    "t ShareLock, t AccessExclusiveLock, "
			    "log RowExclusiveLock");
	assert_int_equal(facts->locks[1].statement, 2);
	assert_true(facts->locks[1].rewrite);
	assert_true(facts->locks[0].scan);
	assert_false(facts->locks[2].rewrite || facts->locks[2].scan);
	assert_true(facts->statements[1].wal_bytes > 8192);
	assert_true(facts->observed_ms > 0);
}

/* Names are learned before, of all that can be dropped. */
static void names_what_was_dropped(void **state)
{
	struct fixture *f = *state;

	pgt_sql(f->db, "CREATE TYPE pair AS (a int, b int); "
		       "CREATE TABLE pairs (p pair)");
	assert_string_equal(
		pgt_locks(f->mem,
			  pgt_well(f->mem, f->db, "DROP TYPE pair CASCADE")),
		"pair AccessExclusiveLock, pairs AccessExclusiveLock");
}

static void assert_locks(struct fixture *f, const char *text,
			 const char *wanted)
{
	assert_string_equal(pgt_locks(f->mem, pgt_well(f->mem, f->db, text)),
			    wanted);
}

/* Whatever statement it is that locks it. */
static void tells_of_an_index_that_is_locked_more_than_its_table(void **state)
{
	struct fixture *f = *state;

	assert_locks(f, "REINDEX INDEX t_y",
		     "t_y AccessExclusiveLock, t ShareLock");
	assert_locks(f, "DO 'BEGIN REINDEX INDEX t_y; END'",
		     "t_y AccessExclusiveLock, t ShareLock");
	assert_locks(f, "ALTER TABLE t_y RENAME TO t_z",
		     "t_y AccessExclusiveLock");
	assert_locks(f, "CREATE INDEX t_n ON t (y, x)", "t ShareLock");
	assert_locks(f, "DO 'BEGIN CREATE INDEX t_o ON t (y, x); END'",
		     "t ShareLock");
	assert_locks(f, "LOCK TABLE t; REINDEX INDEX t_n",
		     "t AccessExclusiveLock");
	assert_locks(f, "DROP INDEX t_z, t_n, t_o", "t AccessExclusiveLock");
}

static void knows_what_a_savepoint_let_go(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;
	const struct fact_lock *l;
	int64_t until;

	facts = pgt_well(f->mem, f->db,
			 "BEGIN; LOCK TABLE log IN SHARE MODE; SAVEPOINT s; "
			 "LOCK TABLE log; LOCK TABLE t IN SHARE MODE; "
			 "ROLLBACK TO SAVEPOINT s; "
			 "LOCK TABLE t IN SHARE MODE; "
			 "LOCK TABLE log IN EXCLUSIVE MODE; COMMIT");
	assert_string_equal(pgt_locks(f->mem, facts),
			    "log ShareLock, log AccessExclusiveLock, "
			    "t ShareLock, t ShareLock, log ExclusiveLock");
	/* the one is let go before the other is asked for */
	l = facts->locks;
	until = l[2].since_us + (int64_t)(l[2].held_ms * 1000);
	assert_true(until <= l[3].since_us);
	assert_true(l[1].since_us + (int64_t)(l[1].held_ms * 1000) <=
		    l[3].since_us);
	assert_true(l[0].held_ms > l[1].held_ms);
	for (int i = 0; i < 5; i++)
		assert_true(l[i].bound_ms >= 0 &&
			    l[i].bound_ms <= l[i].held_ms);
}

/* Nobody else can want to have it. */
static void leaves_a_temporary_table_alone(void **state)
{
	struct fixture *f = *state;

	assert_locks(f,
		     "CREATE TEMPORARY TABLE n (x int PRIMARY KEY); "
		     "INSERT INTO n VALUES (1); UPDATE n SET x = 2; "
		     "DROP TABLE n",
		     "");
}

/* --- waiting -------------------------------------------------------------- */

struct other {
	struct fixture *f;
	pthread_t thread;
	struct db *db;
	const char *sql;
	int pid;
	int delay_ms;
	double waited_ms;
};

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

static struct other *other_new(struct fixture *f, const char *sql, int delay_ms)
{
	struct other *o = talloc_zero(f, struct other);

	o->f = f;
	o->db = pgt_open(o, f->url);
	o->pid = atoi(pgt_ask(f->mem, o->db, "SELECT pg_backend_pid()"));
	o->sql = sql;
	o->delay_ms = delay_ms;
	return o;
}

static void *run_query(void *data)
{
	struct other *o = data;
	struct error err = { 0 };
	int64_t start;

	pause_ms(o->delay_ms);
	start = clock_mono_us();
	o->db->engine->query(o->db, o->sql, NULL, 0, NULL, NULL, &err);
	o->waited_ms = (double)(clock_mono_us() - start) / 1000;
	error_release(&err);
	return NULL;
}

static void begin_others(struct other **list)
{
	for (; *list; list++)
		assert_int_equal(pthread_create(&(*list)->thread, NULL,
						run_query, *list),
				 0);
}

static void end_others(struct other **list)
{
	for (; *list; list++)
		pthread_join((*list)->thread, NULL);
}

static const struct fact_victim *victim(const struct facts *facts,
					const struct other *o)
{
	for (size_t i = 0; i < facts->victim_count; i++)
		if (facts->victims[i].pid == o->pid)
			return &facts->victims[i];
	fail_msg("nobody knows that %d waited", o->pid);
	return NULL;
}

/* A wait may last longer for the one who waits: it has to wake up. */
#define SLACK_MS 100

static void assert_waited(const struct fact_victim *v, const struct other *o,
			  const char *outcome)
{
	assert_string_equal(v->outcome, outcome);
	if (v->waited_ms > o->waited_ms + 1 ||
	    v->waited_ms + v->bound_ms + SLACK_MS < o->waited_ms)
		fail_msg("waited %f, told %f + %f", o->waited_ms, v->waited_ms,
			 v->bound_ms);
}

static void knows_who_waited_and_how_long(void **state)
{
	struct fixture *f = *state;
	struct other *list[] = {
		other_new(f, "SELECT * FROM t", 50),
		other_new(f, "SELECT * FROM t", 100),
		/* waits for one that waits, whose lock is not in our way */
		other_new(f, "INSERT INTO log VALUES (1)", 200),
		NULL,
	};
	struct facts *facts;

	pgt_sql(list[1]->db, "SET application_name = 'shop'; "
			     "SET lock_timeout = 400");
	pgt_sql(list[0]->db, "BEGIN; LOCK TABLE log IN SHARE MODE");
	begin_others(list);
	facts = pgt_well(f->mem, f->db,
			 "ALTER TABLE t ADD z int; SELECT pg_sleep(0.9)");
	list[0]->sql = "ROLLBACK";
	pthread_join(list[0]->thread, NULL);
	list[0]->delay_ms = 0;
	pgt_sql(list[0]->db, "ROLLBACK");
	end_others(&list[1]);
	assert_int_equal(facts->victim_count, 3);
	assert_int_equal(facts->victims_seen, 3);
	assert_waited(victim(facts, list[0]), list[0], "served");
	assert_waited(victim(facts, list[1]), list[1], "gave up");
	assert_string_equal(victim(facts, list[2])->outcome, "served");
	assert_string_equal(victim(facts, list[1])->application, "shop");
	assert_string_equal(victim(facts, list[1])->query, "SELECT * FROM t");
	assert_string_equal(victim(facts, list[1])->relation, "t");
	assert_string_equal(victim(facts, list[1])->mode, "AccessShareLock");
	assert_string_equal(victim(facts, list[2])->relation, "log");
	assert_true(victim(facts, list[2])->from_ms > 100);
	assert_int_equal(facts->gap_count, 0);
}

/* Its session says when it was done; not only between which two looks. */
static void knows_exactly_when_somebody_gave_up(void **state)
{
	struct fixture *f = *state;
	struct other *list[] = {
		other_new(f, "SELECT * FROM t", 50),
		other_new(f, "SELECT * FROM t", 60),
		other_new(f, "DELETE FROM t", 70),
		NULL,
	};
	struct facts *facts;

	pgt_sql(list[0]->db, "SET lock_timeout = 150");
	pgt_sql(list[1]->db, "SET statement_timeout = 250");
	pgt_sql(list[2]->db, "SET lock_timeout = 350");
	begin_others(list);
	facts = pgt_well(f->mem, f->db,
			 "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE; "
			 "ALTER TABLE t ADD z int; SELECT pg_sleep(0.7)");
	end_others(list);
	for (int i = 0; list[i]; i++) {
		const struct fact_victim *v = victim(facts, list[i]);

		assert_waited(v, list[i], "gave up");
		assert_true(v->bound_ms < 0.001);
		assert_true(v->waited_ms > 50);
	}
}

/* Too late for a look before the commit. */
static void knows_who_gave_up_at_the_last_moment(void **state)
{
	struct fixture *f = *state;
	struct other *list[] = { other_new(f, "SELECT * FROM t", 50), NULL };
	struct facts *facts;
	char *script = talloc_asprintf(
		f->mem,
		"ALTER TABLE t ADD z int; SELECT pg_sleep(0.5); "
		"SELECT pg_cancel_backend(%d); SELECT pg_sleep(0.012)",
		list[0]->pid);

	begin_others(list);
	facts = pgt_well(f->mem, f->db, script);
	end_others(list);
	assert_waited(victim(facts, list[0]), list[0], "gave up");
	assert_true(victim(facts, list[0])->bound_ms < 0.001);
}

/* It has not given up: it got what it wanted. */
static void knows_who_was_let_in_before_the_end(void **state)
{
	struct fixture *f = *state;
	struct other *list[] = { other_new(f, "SELECT * FROM t", 50), NULL };
	struct facts *facts;

	begin_others(list);
	facts = pgt_well(f->mem, f->db,
			 "BEGIN; LOCK TABLE t IN SHARE MODE; SAVEPOINT s; "
			 "LOCK TABLE t; SELECT pg_sleep(0.4); "
			 "ROLLBACK TO SAVEPOINT s; SELECT pg_sleep(0.2); "
			 "COMMIT");
	end_others(list);
	assert_waited(victim(facts, list[0]), list[0], "gone");
	assert_true(list[0]->waited_ms < 550);
}

/* A role that may not ask the server for its waits, nor see what others do. */
static struct db *blind_db(struct fixture *f)
{
	char *role = talloc_asprintf(f->mem, "unseeing_%u", (unsigned)getpid());
	char *sql = talloc_asprintf(
		f->mem,
		"CREATE ROLE %s LOGIN; GRANT ALL ON t, log TO %s; "
		"ALTER TABLE t OWNER TO %s; "
		"GRANT ALL ON SCHEMA public TO %s",
		role, role, role, role);
	char *url = talloc_asprintf(f->mem, "postgresql://%s@%s", role,
				    strchr(f->url, '@') + 1);

	pgt_sql(f->db, sql);
	return pgt_open(f->mem, url);
}

static void drop_blind(struct fixture *f, struct db *blind)
{
	talloc_free(blind);
	pgt_sql(f->db, "ALTER TABLE t OWNER TO CURRENT_USER");
	pgt_sql(f->db, talloc_asprintf(f->mem,
				       "DROP OWNED BY unseeing_%u; DROP ROLE "
				       "unseeing_%u",
				       (unsigned)getpid(), (unsigned)getpid()));
}

static void says_what_this_role_may_not_see(void **state)
{
	struct fixture *f = *state;
	struct db *blind = blind_db(f);
	struct other *list[] = {
		other_new(f, "SELECT * FROM t", 50),
		other_new(f, "SELECT * FROM t", 50),
		NULL,
	};
	struct facts *facts;

	pgt_sql(list[1]->db, "SET lock_timeout = 400");
	begin_others(list);
	facts = pgt_well(f->mem, blind,
			 "ALTER TABLE t ADD z int; SELECT pg_sleep(0.9)");
	end_others(list);
	assert_waited(victim(facts, list[0]), list[0], "served");
	assert_waited(victim(facts, list[1]), list[1], "gave up");
	assert_null(facts->victims[0].query);
	assert_int_equal(facts->gap_count, 1);
	assert_string_equal(facts->gaps[0],
			    "what other roles run: this role is no member of "
			    "pg_read_all_stats");
	drop_blind(f, blind);
}

/* Holds t for so long, from before the migration asks for it. */
static struct other *holder(struct fixture *f, const char *seconds)
{
	struct other *o = other_new(f, NULL, 0);

	pgt_sql(o->db, "BEGIN; SELECT * FROM t LIMIT 1");
	o->sql = talloc_asprintf(f->mem, "DO 'BEGIN PERFORM pg_sleep(%s); END'",
				 seconds);
	return o;
}

static void *hold_and_let_go(void *data)
{
	struct other *o = data;
	struct error err = { 0 };

	run_query(o);
	o->db->engine->query(o->db, "COMMIT", NULL, 0, NULL, NULL, &err);
	error_release(&err);
	return NULL;
}

static void waiting_is_not_holding(struct fixture *f, struct db *db)
{
	struct other *o = holder(f, "1.5");
	const struct fact_statement *s;
	const struct fact_lock *l;
	struct facts *facts;

	assert_int_equal(pthread_create(&o->thread, NULL, hold_and_let_go, o),
			 0);
	pause_ms(50);
	facts = pgt_well(f->mem, db,
			 "ALTER TABLE t ADD z int; "
			 "SELECT pg_sleep(0.1)");
	pthread_join(o->thread, NULL);
	s = &facts->statements[0];
	l = &facts->locks[0];
	assert_string_equal(l->mode, "AccessExclusiveLock");
	/* it waited for what is left of 1.5 s; on a busy machine less of that
	   is certain */
	assert_true(s->waited_ms > 0 && s->waited_ms < s->duration_ms);
	assert_true(s->waited_ms + s->waited_bound_ms > 200);
	assert_true(l->waited_ms > 0);
	if (l->held_ms < 100 || l->held_ms - l->bound_ms > 300 ||
	    l->held_ms > s->duration_ms + 300)
		fail_msg("held %f - %f, waited %f + %f of %f", l->held_ms,
			 l->bound_ms, s->waited_ms, s->waited_bound_ms,
			 s->duration_ms);
	pgt_sql(f->db, "ALTER TABLE t DROP z");
}

static void knows_how_long_it_waited_itself(void **state)
{
	struct fixture *f = *state;
	struct db *blind;

	waiting_is_not_holding(f, f->db);
	blind = blind_db(f);
	waiting_is_not_holding(f, blind);
	drop_blind(f, blind);
}

static void those_behind_a_waiting_request_are_victims(void **state)
{
	struct fixture *f = *state;
	struct other *o = holder(f, "1.5");
	struct other *list[] = { other_new(f, "SELECT * FROM t", 300), NULL };
	struct facts *facts;

	assert_int_equal(pthread_create(&o->thread, NULL, hold_and_let_go, o),
			 0);
	begin_others(list);
	pause_ms(50);
	facts = pgt_well(f->mem, f->db, "ALTER TABLE t ADD z int");
	pthread_join(o->thread, NULL);
	end_others(list);
	assert_true(victim(facts, list[0])->waited_ms > 100);
	assert_waited(victim(facts, list[0]), list[0],
		      victim(facts, list[0])->outcome);
}

/* --- the one who looks on ------------------------------------------------- */

static void a_lost_observer_is_no_failure(void **state)
{
	struct fixture *f = *state;
	struct other *o = other_new(
		f,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		"pid <> pg_backend_pid() AND datname = current_database() AND "
		"query LIKE '-- Wh%'",
		600);
	struct other *list[] = { o, NULL };
	struct facts *facts;

	begin_others(list);
	facts = pgt_well(f->mem, f->db,
			 "ALTER TABLE t ADD z int; SELECT pg_sleep(1.5)");
	end_others(list);
	assert_int_equal(facts->gap_count, 1);
	assert_string_equal(facts->gaps[0],
			    "who waited: the second connection failed: "
			    "terminating connection due to administrator "
			    "command");
	/* and the next run is none either */
	facts = pgt_well(f->mem, f->db, "ALTER TABLE t DROP z");
	assert_int_equal(facts->lock_count, 1);
}

static void may_be_told_not_to_look(void **state)
{
	struct fixture *f = *state;
	struct facts *facts;

	f->db->options.unobserved = true;
	facts = pgt_well(f->mem, f->db,
			 "ALTER TABLE t ADD z int; "
			 "SELECT pg_sleep(0.1)");
	assert_int_equal(facts->lock_count, 0);
	assert_true(facts->observed_ms == 0);
	assert_string_equal(
		pgt_ask(f->mem, f->db,
			"SELECT count(*) FROM pg_stat_activity WHERE datname = "
			"current_database() AND backend_type = "
			"'client backend'"),
		"1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_was_rewritten_and_read),
		TEST(tells_which_rows_changed),
		TEST(counts_from_where_the_run_begins),
		TEST(leaves_a_new_table_alone),
		TEST(tells_what_was_done_in_no_transaction),
		TEST(tells_what_was_done_in_a_transaction_of_the_script),
		TEST(says_what_was_done_under_a_lock),
		TEST(names_what_was_dropped),
		TEST(knows_what_a_savepoint_let_go),
		TEST(leaves_a_temporary_table_alone),
		TEST(tells_of_an_index_that_is_locked_more_than_its_table),
		TEST(knows_who_waited_and_how_long),
		TEST(knows_exactly_when_somebody_gave_up),
		TEST(knows_who_gave_up_at_the_last_moment),
		TEST(knows_who_was_let_in_before_the_end),
		TEST(says_what_this_role_may_not_see),
		TEST(knows_how_long_it_waited_itself),
		TEST(those_behind_a_waiting_request_are_victims),
		TEST(a_lost_observer_is_no_failure),
		TEST(may_be_told_not_to_look),
	};

	return cmocka_run_group_tests(tests, pgt_setup, pgt_teardown);
}
