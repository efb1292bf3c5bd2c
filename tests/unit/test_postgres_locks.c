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
#include "core/ledger.h"
#include "core/run/runner.h"
#include "tests/unit/postgres_server.h"

/* Locks that others hold: who they are, and how a run gets past them. */

struct fixture {
	TALLOC_CTX *mem;
	char *url;
	struct db *db, *other; /* `other` is who is in the way */
	struct runner runner;
	int64_t version;
	int ticks;
	const char *waited_for; /* of the last tick that named somebody */
};

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);
	struct error err = { 0 };

	f->mem = f;
	f->url = pgt_database(f);
	f->db = pgt_open(f, f->url);
	f->other = pgt_open(f, f->url);
	assert_ok(f->db->engine->lock(f->db, &err), &err);
	assert_ok(ledger_create(f->db, &err), &err);
	f->version = 20260101000000;
	f->runner = (struct runner){
		.db = f->db,
		.count_limit = 1000,
		.identity = "me",
		.tool = "1",
		.record = true,
		.lock_timeout_ms = 50,
		.lock_wait_ms = 60000,
	};
	pgt_sql(f->db, "CREATE TABLE t (x int PRIMARY KEY, y int);"
		       "INSERT INTO t VALUES (1, 1);"
		       "CREATE TABLE child (t int REFERENCES t);");
	*state = f;
	return 0;
}

static int done(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };

	f->db->options.tick = NULL;
	assert_ok(runner_finish(&f->runner, &err), &err);
	talloc_free(f);
	return 0;
}

/* --- who is in the way ---------------------------------------------------- */

/* "relation mode" of each blocker of the script. */
static char *blockers(struct fixture *f, const char *text)
{
	struct script *script = pgt_script(f->mem, text);
	char *out = talloc_strdup(f->mem, "");
	struct fact_blocker *list;
	struct error err = { 0 };
	size_t count;

	assert_ok(f->db->engine->blockers(f->mem, f->db, script, 0,
					  script->statement_count, &list,
					  &count, &err),
		  &err);
	for (size_t i = 0; i < count; i++)
		out = talloc_asprintf_append(out, "%s%s %s", i ? ", " : "",
					     list[i].relation, list[i].mode);
	return out;
}

static void finds_who_holds_what_is_in_the_way(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(blockers(f, "DROP TABLE t"), "");
	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	assert_string_equal(blockers(f, "ALTER TABLE t ADD z int"),
			    "t AccessShareLock");
	assert_string_equal(blockers(f, "ALTER TABLE public.t ADD z int"),
			    "t AccessShareLock");
	assert_string_equal(blockers(f, "CREATE INDEX i ON t (x)"), "");
	assert_string_equal(blockers(f, "UPDATE t SET x = 2"), "");
	assert_string_equal(blockers(f, "ALTER TABLE child ADD z int"), "");
	assert_string_equal(blockers(f, "CREATE TABLE n (x int)"), "");
	assert_string_equal(blockers(f, "DROP INDEX t_pkey"),
			    "t AccessShareLock");
	/* dropping a foreign key locks both of its ends */
	assert_string_equal(blockers(f, "DROP TABLE child"),
			    "t AccessShareLock");
	pgt_sql(f->other, "INSERT INTO t VALUES (2, 2)");
	assert_string_equal(blockers(f, "CREATE INDEX i ON t (x)"),
			    "t RowExclusiveLock");
	pgt_sql(f->other, "LOCK TABLE child");
	assert_string_equal(
		blockers(f, "ALTER TABLE t ADD z int; DROP TABLE child"),
		"child AccessExclusiveLock");
	pgt_sql(f->other, "ROLLBACK");
	assert_string_equal(blockers(f, "DROP TABLE child, t"), "");
}

static void finds_who_holds_a_part(void **state)
{
	struct fixture *f = *state;

	pgt_sql(f->db, "CREATE TABLE p (x int) PARTITION BY LIST (x);"
		       "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
		       "CREATE TABLE px PARTITION OF p DEFAULT;");
	pgt_sql(f->other, "BEGIN; SELECT * FROM px");
	assert_string_equal(blockers(f, "ALTER TABLE p ADD z int"),
			    "px AccessShareLock");
	assert_string_equal(
		blockers(f, "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)"),
		"px AccessShareLock");
	pgt_sql(f->other, "ROLLBACK; BEGIN; SELECT * FROM p1");
	assert_string_equal(
		blockers(f, "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)"),
		"");
}

static void the_first_one(struct fixture *f, struct db *db, const char *text,
			  struct fact_blocker *blocker)
{
	struct script *script = pgt_script(f->mem, text);
	struct fact_blocker *list;
	struct error err = { 0 };
	size_t count;

	assert_ok(db->engine->blockers(f->mem, db, script, 0,
				       script->statement_count, &list, &count,
				       &err),
		  &err);
	assert_int_equal(count, 1);
	*blocker = *list;
}

static void says_who_they_are(void **state)
{
	struct fixture *f = *state;
	struct fact_blocker b;

	pgt_sql(f->other, "SET application_name = 'shop'; BEGIN; SELECT 1 "
			  "FROM\tt");
	the_first_one(f, f->db, "DROP TABLE t", &b);
	assert_int_equal(b.pid,
			 atoi(pgt_ask(f->mem, f->other,
				      "SELECT pg_backend_pid() -- \t \x1b")));
	the_first_one(f, f->db, "DROP TABLE t", &b);
	assert_true(b.age_ms > 0 && b.age_ms < 60000);
	b.age_ms = 1500;
	b.pid = 42;
	assert_string_equal(
		fact_blocker_line(f->mem, &b),
		"process 42 (shop, idle in transaction, open for 1.5 s) of "
		"user postgres has AccessShareLock on t: "
		"SELECT pg_backend_pid() -- \\t ^[");
}

static void says_what_this_role_may_not_see(void **state)
{
	struct fixture *f = *state;
	char *role = talloc_asprintf(f->mem, "blind_%u", (unsigned)getpid());
	char *sql = talloc_asprintf(f->mem, "CREATE ROLE %s LOGIN", role);
	char *url = talloc_strdup(f->mem, f->url);
	struct fact_blocker b;
	struct db *blind;

	pgt_sql(f->db, sql);
	url = talloc_asprintf(f->mem, "postgresql://%s@%s", role,
			      strchr(url, '@') + 1);
	blind = pgt_open(f->mem, url);
	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	the_first_one(f, blind, "DROP TABLE t", &b);
	b.pid = 42;
	assert_string_equal(fact_blocker_line(f->mem, &b),
			    "process 42 (git-migrate) of user postgres has "
			    "AccessShareLock on t: this role may not see what "
			    "it does");
	talloc_free(blind);
	sql = talloc_asprintf(f->mem, "DROP ROLE %s", role);
	pgt_sql(f->db, sql);
}

static void names_a_prepared_transaction(void **state)
{
	struct fixture *f = *state;
	struct fact_blocker b;

	pgt_sql(f->other, "BEGIN; INSERT INTO t VALUES (5, 5)");
	pgt_sql(f->other, "PREPARE TRANSACTION 'it''s'");
	the_first_one(f, f->db, "DROP TABLE t", &b);
	assert_int_equal(b.pid, 0);
	b.age_ms = -1;
	assert_string_equal(fact_blocker_line(f->mem, &b),
			    "prepared transaction 'it''s' of user postgres has "
			    "RowExclusiveLock on t");
	assert_string_equal(b.remedy, "ROLLBACK PREPARED 'it''s'");
	pgt_sql(f->other, b.remedy);
	assert_string_equal(blockers(f, "DROP TABLE t"), "");
}

/* Calls it until it is true, for half a minute at most. */
static bool comes_true(TALLOC_CTX *mem, struct db *db, const char *question)
{
	for (int i = 0; i < 3000; i++) {
		if (!strcmp(pgt_ask(mem, db, question), "t"))
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

static void makes_an_autovacuum_leave(void **state)
{
	struct fixture *f = *state;
	bool gone = false;

	pgt_sql(f->other, "ALTER SYSTEM SET autovacuum_naptime = 1; "
			  "SELECT pg_reload_conf()");
	pgt_sql(f->db,
		"CREATE TABLE slow AS SELECT g AS x, repeat('a', 200) AS y "
		"FROM generate_series(1, 100000) g;"
		"ALTER TABLE slow SET (autovacuum_vacuum_cost_delay = 100, "
		"autovacuum_vacuum_cost_limit = 1, "
		"autovacuum_vacuum_threshold = 0, "
		"autovacuum_vacuum_scale_factor = 0);"
		"DELETE FROM slow WHERE x % 2 = 0;");
	assert_true(comes_true(f->mem, f->other,
			       "SELECT EXISTS (SELECT FROM pg_locks JOIN "
			       "pg_stat_activity USING (pid) WHERE relation = "
			       "'slow'::regclass AND backend_type = "
			       "'autovacuum worker')"));
	pgt_sql(f->other, "ALTER SYSTEM RESET autovacuum_naptime; "
			  "SELECT pg_reload_conf()");
	assert_string_equal(blockers(f, "ALTER TABLE slow ADD z int"),
			    "slow ShareUpdateExclusiveLock");
	for (int i = 0; i < 1000 && !gone; i++) {
		gone = !*blockers(f, "ALTER TABLE slow ADD z int");
		poll(NULL, 0, 10);
	}
	assert_true(gone);
}

/* --- a run ---------------------------------------------------------------- */

static int run(struct fixture *f, const char *text, struct facts **facts,
	       struct error *err)
{
	struct plan_item item = {
		.version = f->version++,
		.name = "m",
		.direction = DIRECTION_UP,
		.path = "migrations/m.up.sql",
		.blob = "aa",
		.down_blob = "bb",
		.source = "commit",
		.script = pgt_script(f->mem, text),
		.down_text = "SELECT 1",
	};

	return runner_run(f->mem, &f->runner, &item, facts, err);
}

/* "1 timeout 20, 2 ok 20" */
static char *attempts_text(TALLOC_CTX *mem, const struct facts *facts)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < facts->attempt_count; i++) {
		const struct fact_attempt *a = &facts->attempts[i];

		text = talloc_asprintf_append(text, "%s%d %s %d", i ? ", " : "",
					      a->number, a->outcome,
					      a->timeout_ms);
	}
	return text;
}

/* Lets the other one go once the run has waited for it some times. */
static int let_go(const char *waiting_for, void *data)
{
	struct fixture *f = data;

	if (waiting_for)
		f->waited_for = talloc_strdup(f, waiting_for);
	if (++f->ticks == 5)
		pgt_sql(f->other, "COMMIT");
	return 0;
}

static void watch_ticks(struct fixture *f,
			int (*tick)(const char *waiting_for, void *data))
{
	f->db->options.tick = tick;
	f->db->options.tick_data = f;
}

static void waits_without_asking_until_the_holder_is_gone(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;
	const struct fact_attempt *a;

	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	watch_ticks(f, let_go);
	assert_ok(run(f, "ALTER TABLE t ADD z int", &facts, &err), &err);
	assert_string_equal(attempts_text(f->mem, facts), "1 ok 50");
	a = facts->attempts;
	assert_true(a->waited_ms > 100 && a->waited_ms < 30000);
	assert_int_equal(a->blocker_count, 1);
	assert_string_equal(a->blockers->relation, "t");
	assert_int_equal(strncmp(f->waited_for, "process ", 8), 0);
	assert_non_null(strstr(f->waited_for,
			       " (git-migrate, idle in transaction, open "
			       "for "));
	assert_string_equal(f->waited_for + strlen(f->waited_for) - 5, " on t");
	/* what it waited is not what it held */
	assert_true(facts->lock_ms < a->waited_ms);
	assert_int_equal(facts->statement_count, 1);
}

static void says_nothing_of_a_way_that_was_free(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;
	json_t *json;

	assert_ok(run(f, "ALTER TABLE t ADD z int", &facts, &err), &err);
	assert_int_equal(facts->attempt_count, 0);
	json = facts_json(facts);
	assert_null(json_object_get(json, "attempts"));
	json_decref(json);
}

/* What DO locks is only known when it does. */
#define HIDDEN_LOCK "DO $$ BEGIN LOCK TABLE t; END $$"

static void tries_the_whole_transaction_again(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->runner.lock_timeout_ms = 20;
	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	watch_ticks(f, let_go);
	assert_ok(run(f, "INSERT INTO t VALUES (7, 7); " HIDDEN_LOCK, &facts,
		      &err),
		  &err);
	assert_true(facts->attempt_count >= 2);
	assert_string_equal(facts->attempts[0].outcome, "timeout");
	assert_int_equal(facts->attempts[0].timeout_ms, 20);
	assert_true(facts->attempts[0].waited_ms >= 20);
	assert_string_equal(facts->attempts[facts->attempt_count - 1].outcome,
			    "ok");
	assert_int_equal(facts->statement_count, 2);
	assert_int_equal(facts->statements[0].index, 1);
	assert_string_equal(
		pgt_ask(f->mem, f->db, "SELECT count(*) FROM t WHERE x = 7"),
		"1");
}

static void tells_the_attempts_in_json(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts, *again;
	json_t *json, *json_again;

	f->runner.lock_timeout_ms = 20;
	pgt_sql(f->other, "BEGIN; INSERT INTO t VALUES (9, 9)");
	watch_ticks(f, let_go);
	assert_ok(run(f, "CREATE INDEX i ON t (y); " HIDDEN_LOCK, &facts, &err),
		  &err);
	json = facts_json(facts);
	again = facts_from_json(f->mem, json, &err);
	assert_non_null(again);
	json_again = facts_json(again);
	assert_true(json_equal(json, json_again));
	json_decref(json);
	json_decref(json_again);
	assert_string_equal(attempts_text(f->mem, again),
			    attempts_text(f->mem, facts));
	assert_string_equal(again->attempts->blockers->user, "postgres");
	assert_string_equal(again->attempts->blockers->query,
			    "INSERT INTO t VALUES (9, 9)");
	assert_string_equal(again->attempts->blockers->mode,
			    "RowExclusiveLock");
}

/* The run is the one that the server ends, as the other one is more patient. */
static void *cross(void *data)
{
	struct fixture *f = data;
	TALLOC_CTX *mem = talloc_new(NULL);
	struct db *looking = pgt_open(mem, f->url);

	comes_true(mem, looking,
		   "SELECT EXISTS (SELECT FROM pg_stat_activity "
		   "WHERE datname = current_database() "
		   "AND wait_event_type = 'Lock')");
	pgt_sql(f->other, "UPDATE t SET y = 8 WHERE x = 1; COMMIT");
	talloc_free(mem);
	return NULL;
}

static void tries_again_after_a_deadlock(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;
	pthread_t thread;

	pgt_sql(f->db, "INSERT INTO t VALUES (2, 2)");
	pgt_sql(f->other, "SET deadlock_timeout = '20s'; BEGIN; "
			  "UPDATE t SET y = 9 WHERE x = 2");
	assert_int_equal(pthread_create(&thread, NULL, cross, f), 0);
	assert_ok(run(f,
		      "UPDATE t SET y = y + 10 WHERE x = 1; "
		      "UPDATE t SET y = y + 10 WHERE x = 2",
		      &facts, &err),
		  &err);
	pthread_join(thread, NULL);
	assert_string_equal(attempts_text(f->mem, facts),
			    "1 deadlock 60000, 2 ok 60000");
	assert_int_equal(facts->statement_count, 2);
	assert_string_equal(
		pgt_ask(f->mem, f->db,
			"SELECT string_agg(y::text, ',' ORDER BY x) FROM t"),
		"18,19");
}

/* Numbers of processes and durations differ from run to run. */
static char *masked(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_strdup(mem, text), *to = out;

	for (const char *c = out; *c; c++) {
		if (*c < '0' || *c > '9')
			*to++ = *c;
		else if (to == out || to[-1] != '#')
			*to++ = '#';
	}
	*to = '\0';
	return out;
}

static void lists_who_was_in_the_way_to_the_end(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->runner.lock_wait_ms = 300;
	pgt_sql(f->other, "SET application_name = 'shop'; BEGIN; "
			  "DELETE FROM t");
	assert_int_equal(run(f, "ALTER TABLE t ADD z int", &facts, &err), -1);
	assert_string_equal(
		masked(f->mem, pgt_error(f->mem, &err)),
		"#|unable to apply migration '#_m': the locks that it needs "
		"were not to be had in # ms|"
		"process # (shop, idle in transaction, open for # ms) of user "
		"postgres has RowExclusiveLock on t: DELETE FROM t|"
		"wait longer for them: --lock-wait DURATION\n"
		"or end what is in the way: SELECT pg_terminate_backend(#)||"
		":#:#");
	assert_string_equal(attempts_text(f->mem, facts), "1 gave up 0");
	assert_false(facts->ok);
	assert_string_equal(
		pgt_ask(f->mem, f->db,
			"SELECT facts::json->'attempts'->0->>'outcome' "
			"FROM git_migrate_runs"),
		"gave up");
}

static void gives_up_asking_in_vain(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->runner.lock_timeout_ms = 10;
	f->runner.lock_wait_ms = 200;
	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	assert_int_equal(run(f, HIDDEN_LOCK, &facts, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_string_equal(err.detail, "nobody is seen to have them, now that "
					"it has given up");
	assert_string_equal(err.hint,
			    "wait longer for them: --lock-wait DURATION");
	error_release(&err);
	assert_true(facts->attempt_count >= 2);
	for (size_t i = 0; i < facts->attempt_count; i++)
		assert_string_equal(facts->attempts[i].outcome, "timeout");
}

static void keeps_the_first_and_the_last_of_many_attempts(void **state)
{
	struct facts *facts = facts_new(NULL, 1, "m", DIRECTION_UP);

	(void)state;
	for (int i = 0; i < 100; i++)
		facts_add_attempt(facts);
	assert_int_equal(facts->attempt_count, 32);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(facts->attempts[i].number, i + 1);
		assert_int_equal(facts->attempts[31 - i].number, 100 - i);
	}
	talloc_free(facts);
}

static void a_time_out_of_the_script_s_own_wins(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->db->lock_timeout_ms = 60000;
	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	assert_int_equal(
		pgt_run(f->mem, f->db,
			"SET LOCAL lock_timeout = '20ms'; DROP TABLE t "
			"CASCADE",
			&facts, &err),
		-1);
	assert_int_equal(err.code, ERROR_LOCK_TIMEOUT);
	error_release(&err);
	assert_int_equal(pgt_run(f->mem, f->db,
				 "-- migrate: no-transaction\n"
				 "SET lock_timeout = '20ms'; DROP TABLE t "
				 "CASCADE",
				 &facts, &err),
			 -1);
	assert_int_equal(err.code, ERROR_LOCK_TIMEOUT);
	error_release(&err);
}

static int stop_at_once(const char *waiting_for, void *data)
{
	(void)data;
	return waiting_for != NULL;
}

static void stops_waiting_when_asked(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	watch_ticks(f, stop_at_once);
	assert_int_equal(run(f, "ALTER TABLE t ADD z int", &facts, &err), -1);
	assert_int_equal(err.code, ERROR_INTERRUPTED);
	error_release(&err);
	assert_string_equal(attempts_text(f->mem, facts), "1 interrupted 0");
}

static void statements_alone_are_tried_again_alone(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->runner.lock_timeout_ms = 20;
	pgt_sql(f->other, "BEGIN; SELECT * FROM t");
	watch_ticks(f, let_go);
	assert_ok(run(f,
		      "-- migrate: no-transaction\n"
		      "INSERT INTO t VALUES (7, 7); " HIDDEN_LOCK
		      "; ALTER TABLE t ADD z int",
		      &facts, &err),
		  &err);
	assert_true(facts->attempt_count >= 2);
	assert_string_equal(facts->attempts[0].outcome, "timeout");
	assert_int_equal(facts->statement_count, 3);
	assert_int_equal(facts->statements[2].index, 3);
}

/* --- statements that may not be in a transaction -------------------------- */

static void a_concurrent_build_does_not_wait_for_ever(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->db->wait_limit_ms = 300;
	pgt_sql(f->other, "SET application_name = 'shop'; BEGIN; "
			  "DELETE FROM t");
	assert_int_equal(
		run(f, "CREATE INDEX CONCURRENTLY i ON t (y)", &facts, &err),
		-1);
	assert_string_equal(
		masked(f->mem, pgt_error(f->mem, &err)),
		"#|unable to apply migration '#_m': the statement waited # ms "
		"for other transactions|"
		"process # (shop, idle in transaction, open for # ms) of user "
		"postgres: DELETE FROM t|"
		"wait longer for them: --lock-wait DURATION\n"
		"# of # statements are done and stay done\n"
		"statement # left the invalid index i\n"
		"to have that removed, and go on: git migrate up\n"
		"see what can be done: git migrate repair #|"
		"|migrations/m.up.sql:#:#");
	assert_string_equal(
		pgt_ask(f->mem, f->db,
			"SELECT current_setting('statement_timeout')"),
		"0");
	pgt_sql(f->other, "ROLLBACK");
	assert_ok(f->db->engine->query(f->db, "DROP INDEX CONCURRENTLY i", NULL,
				       0, NULL, NULL, &err),
		  &err);
}

static void a_failed_build_leaves_no_index(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->db->wait_limit_ms = 60000;
	pgt_sql(f->db, "INSERT INTO t VALUES (2, 1)");
	assert_int_equal(run(f, "CREATE UNIQUE INDEX CONCURRENTLY i ON t (y)",
			     &facts, &err),
			 -1);
	assert_string_equal(err.sqlstate, "23505");
	error_release(&err);
	assert_string_equal(pgt_ask(f->mem, f->db, "SELECT to_regclass('i')"),
			    "(null)");
}

static int let_go_at_the_end(const char *waiting_for, void *data)
{
	struct fixture *f = data;

	if (waiting_for && ++f->ticks == 2)
		pgt_sql(f->other, "COMMIT");
	return 0;
}

static void a_concurrent_build_waits_for_those_who_go(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->db->wait_limit_ms = 60000;
	pgt_sql(f->db, "SET lock_timeout = '10ms'");
	pgt_sql(f->other, "BEGIN; DELETE FROM t");
	watch_ticks(f, let_go_at_the_end);
	assert_ok(run(f, "CREATE INDEX CONCURRENTLY i ON t (y)", &facts, &err),
		  &err);
	assert_string_equal(pgt_ask(f->mem, f->db,
				    "SELECT indisvalid FROM pg_index WHERE "
				    "indexrelid = 'i'::regclass"),
			    "t");
}

static void a_statement_has_its_time(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct facts *facts;

	f->db->statement_timeout_ms = 50;
	assert_int_equal(
		pgt_run(f->mem, f->db, "SELECT pg_sleep(60)", &facts, &err),
		-1);
	assert_string_equal(err.sqlstate, "57014");
	error_release(&err);
	assert_int_equal(pgt_run(f->mem, f->db,
				 "-- migrate: no-transaction\n"
				 "SELECT pg_sleep(60)",
				 &facts, &err),
			 -1);
	assert_string_equal(
		pgt_error(f->mem, &err),
		"5|canceling statement due to statement timeout||"
		"give it more time: --statement-timeout 10m, or in the "
		"script: SET LOCAL statement_timeout = '10min'|57014|"
		"migrations/m.up.sql:2:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
		TEST(finds_who_holds_what_is_in_the_way),
		TEST(finds_who_holds_a_part),
		TEST(says_who_they_are),
		TEST(says_what_this_role_may_not_see),
		TEST(names_a_prepared_transaction),
		TEST(makes_an_autovacuum_leave),
		TEST(waits_without_asking_until_the_holder_is_gone),
		TEST(says_nothing_of_a_way_that_was_free),
		TEST(tries_the_whole_transaction_again),
		TEST(tells_the_attempts_in_json),
		TEST(tries_again_after_a_deadlock),
		TEST(lists_who_was_in_the_way_to_the_end),
		TEST(gives_up_asking_in_vain),
		TEST(keeps_the_first_and_the_last_of_many_attempts),
		TEST(a_time_out_of_the_script_s_own_wins),
		TEST(stops_waiting_when_asked),
		TEST(statements_alone_are_tried_again_alone),
		TEST(a_concurrent_build_does_not_wait_for_ever),
		TEST(a_failed_build_leaves_no_index),
		TEST(a_concurrent_build_waits_for_those_who_go),
		TEST(a_statement_has_its_time),
	};

	return cmocka_run_group_tests_name("postgres_locks", tests, pgt_setup,
					   pgt_teardown);
}
