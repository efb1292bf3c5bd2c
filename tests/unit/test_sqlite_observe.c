/* What the SQLite engine measures: its locks, waits and effects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/text.h"
#include "core/db/sqlite/internal.h"
#include "tests/unit/sqlite_bed.h"

static const char many_rows[] =
	"CREATE TABLE users (id INTEGER PRIMARY KEY, name, n);"
	"WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
	"LIMIT 500) INSERT INTO users SELECT i, 'name ' || i, i FROM c";

/* --- locks ---------------------------------------------------------------- */

static char *locks(struct bed *p, const struct facts *facts)
{
	char *out = talloc_strdup(p, "");

	for (size_t i = 0; i < facts->lock_count; i++) {
		const struct fact_lock *l = &facts->locks[i];

		assert_string_equal(l->relation, "a.db");
		assert_true(l->held_ms > 0);
		assert_true(l->bound_ms >= 0 && l->bound_ms <= l->held_ms);
		out = talloc_asprintf_append(out, "%s%s", i ? " " : "",
					     l->mode);
		if (l->statement)
			out = talloc_asprintf_append(out, "@%d", l->statement);
		if (l->waited_ms > 0)
			out = talloc_strdup_append(out, " waited");
		if (l->rewrite)
			out = talloc_strdup_append(out, " rewrite");
		if (l->scan)
			out = talloc_strdup_append(out, " scan");
	}
	return out;
}

static const char *locks_of(struct bed *p, struct db *db, const char *sql)
{
	struct facts *facts;

	if (bed_run(p, db, sql, &facts) < 0)
		fail_msg("%s", p->err.message);
	return locks(p, facts);
}

static void tells_when_readers_are_kept_out(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	assert_string_equal(locks_of(p, db, many_rows), "RESERVED EXCLUSIVE");
	/* what does not fit into memory is written before the commit */
	assert_string_equal(
		locks_of(p, db,
			 "PRAGMA cache_size = 10; PRAGMA cache_spill = 10;"
			 "UPDATE users SET name = hex(randomblob(500))"),
		"RESERVED scan EXCLUSIVE@3 scan");
	assert_string_equal(locks_of(p, db, "VACUUM"),
			    "RESERVED@1 rewrite EXCLUSIVE@1 rewrite");
	bed_runs(p, db, "PRAGMA journal_mode = WAL");
	assert_string_equal(locks_of(p, db, "UPDATE users SET n = 1"),
			    "WAL_WRITE_LOCK scan");
	assert_string_equal(locks_of(p, db,
				     "BEGIN; SAVEPOINT a; DELETE FROM users "
				     "WHERE id = 1; RELEASE a; COMMIT"),
			    "WAL_WRITE_LOCK@3");
	assert_string_equal(locks_of(p, db, "SELECT 1"), "WAL_WRITE_LOCK");
}

static void measures_nothing_where_that_is_not_wanted(void **state)
{
	struct bed *p = *state;
	struct db *db;
	struct facts *facts;

	p->options.unobserved = true;
	db = bed_open(p, "a.db");
	assert_int_equal(bed_run(p, db, many_rows, &facts), 0);
	assert_int_equal(facts->lock_count, 0);
	assert_int_equal(facts->gap_count, 0);
	assert_int_equal(facts->statements[1].effect_count, 0);
}

/* Another connection, which ends its transaction when it has been waited for
   three times; and for how long that was, at least. */
struct other {
	struct db *db;
	int ticks;
	int64_t since_us;
	double waited_ms;
};

static int let_go_later(const char *waiting_for, void *data)
{
	struct other *other = data;
	struct error err = { 0 };

	if (!waiting_for)
		return 0;
	if (!other->ticks++)
		other->since_us = clock_mono_us();
	if (other->ticks < 3)
		return 0;
	if (other->ticks == 3)
		other->waited_ms = (double)(clock_mono_us() - other->since_us) /
				   1000;
	sqlite_run(sqlite_of(other->db), "COMMIT", &err);
	error_release(&err);
	return 0;
}

static void hold(struct bed *p, struct other *other, const char *sql)
{
	other->db = bed_open(p, "a.db");
	p->options.wait_ms = 60000;
	p->options.tick = let_go_later;
	p->options.tick_data = other;
	assert_int_equal(sqlite3_exec(sqlite_of(other->db)->handle, sql, NULL,
				      NULL, NULL),
			 SQLITE_OK);
}

static const struct fact_lock *lock(const struct facts *facts, const char *mode)
{
	for (size_t i = 0; i < facts->lock_count; i++)
		if (!strcmp(facts->locks[i].mode, mode))
			return &facts->locks[i];
	fail_msg("no %s", mode);
	return NULL;
}

static void its_own_wait_does_not_count_as_held(void **state)
{
	struct bed *p = *state;
	struct other other = { 0 };
	struct facts *facts;
	int64_t began;
	double whole;
	struct db *db;

	bed_runs(p, bed_open(p, "a.db"), many_rows);
	hold(p, &other, "BEGIN IMMEDIATE");
	db = bed_open(p, "a.db");
	began = clock_mono_us();
	assert_int_equal(bed_run(p, db, "DELETE FROM users", &facts), 0);
	whole = (double)(clock_mono_us() - began) / 1000;
	assert_string_equal(locks(p, facts), "RESERVED waited EXCLUSIVE");
	assert_true(lock(facts, "RESERVED")->waited_ms >= other.waited_ms);
	assert_true(lock(facts, "RESERVED")->held_ms +
			    lock(facts, "RESERVED")->waited_ms <=
		    whole);
	print_message("waited %.1f of %.1f ms, held %.2f +- %.3f ms\n",
		      lock(facts, "RESERVED")->waited_ms, other.waited_ms,
		      lock(facts, "RESERVED")->held_ms,
		      lock(facts, "RESERVED")->bound_ms);
}

static void keeps_new_readers_out_while_it_waits_for_old_ones(void **state)
{
	struct bed *p = *state;
	struct other other = { 0 };
	struct facts *facts;
	struct db *db;

	bed_runs(p, bed_open(p, "a.db"), many_rows);
	hold(p, &other, "BEGIN; SELECT count(*) FROM users");
	db = bed_open(p, "a.db");
	assert_int_equal(bed_run(p, db, "DELETE FROM users", &facts), 0);
	assert_string_equal(locks(p, facts),
			    "RESERVED PENDING EXCLUSIVE waited");
	assert_true(lock(facts, "PENDING")->held_ms >= other.waited_ms);
	assert_true(lock(facts, "EXCLUSIVE")->waited_ms >= other.waited_ms);
	assert_true(lock(facts, "RESERVED")->held_ms >
		    lock(facts, "PENDING")->held_ms);
}

static void a_statement_of_its_own_tells_what_it_waited(void **state)
{
	struct bed *p = *state;
	struct other other = { 0 };
	struct facts *facts;
	struct db *db;

	bed_runs(p, bed_open(p, "a.db"), many_rows);
	hold(p, &other, "BEGIN IMMEDIATE");
	db = bed_open(p, "a.db");
	assert_int_equal(
		bed_run(p, db,
			"BEGIN IMMEDIATE; DELETE FROM users WHERE id = 1;"
			"SAVEPOINT a; RELEASE a; COMMIT",
			&facts),
		0);
	assert_true(facts->statements[0].waited_ms >= other.waited_ms);
	assert_true(facts->statements[0].waited_ms <=
		    facts->statements[0].duration_ms);
	assert_true(facts->statements[1].waited_ms == 0);
	assert_string_equal(locks(p, facts), "RESERVED@1 waited EXCLUSIVE@5");
}

static void counts_what_one_statement_writes_to_the_log(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");
	struct facts *facts;

	bed_runs(p, db, many_rows);
	assert_int_equal(bed_run(p, db, "DELETE FROM users", &facts), 0);
	assert_int_equal(facts->statements[0].wal_bytes, -1);
	bed_runs(p, db, "PRAGMA journal_mode = WAL");
	assert_int_equal(
		bed_run(p, db, "INSERT INTO users VALUES (1, 2, 3)", &facts),
		0);
	assert_true(facts->statements[0].wal_bytes > 0);
	assert_int_equal(facts->statements[0].wal_bytes % (4096 + 24), 0);
	assert_int_equal(bed_run(p, db, "DELETE FROM users; SELECT 1", &facts),
			 0);
	assert_int_equal(facts->statements[0].wal_bytes, -1);
}

/* --- effects -------------------------------------------------------------- */

static char *append(char *out, const char *what, int64_t n)
{
	return n ? talloc_asprintf_append(out, " %s %d", what, (int)n) : out;
}

static const char *effects_of(struct bed *p, struct db *db, const char *sql)
{
	char *out = talloc_strdup(p, "");
	struct facts *facts;

	if (bed_run(p, db, sql, &facts) < 0)
		fail_msg("%s", p->err.message);
	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		for (size_t k = 0; k < s->effect_count; k++) {
			const struct fact_effect *e = &s->effects[k];

			out = talloc_asprintf_append(out, "%s%d %s",
						     *out ? "; " : "", s->index,
						     e->relation);
			if (e->rewritten)
				out = talloc_strdup_append(out, " rewritten");
			out = append(out, "reindexed", e->indexes_rewritten);
			out = append(out, "built", e->indexes_built);
			out = append(out, "scans", e->scans);
			out = append(out, "scanned", e->rows_scanned);
			out = append(out, "inserted", e->inserted);
			out = append(out, "updated", e->updated);
			out = append(out, "deleted", e->deleted);
		}
	}
	for (size_t i = 0; i < facts->gap_count; i++)
		out = talloc_asprintf_append(out, "; gap: %s", facts->gaps[i]);
	return out;
}

static void counts_the_rows_of_each_table(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_runs(p, db, many_rows);
	bed_runs(p, db,
		 "CREATE TABLE log (x); CREATE TABLE copy (id, name);"
		 "CREATE TABLE pairs (a PRIMARY KEY, b) WITHOUT ROWID;"
		 "CREATE TRIGGER t AFTER DELETE ON users BEGIN "
		 "INSERT INTO log VALUES (old.id); END");
	assert_string_equal(
		effects_of(
			p, db,
			"INSERT INTO copy SELECT id, name FROM users;"
			"UPDATE users SET n = n + 1 WHERE id <= 3;"
			"DELETE FROM users WHERE id IN (1, 2);"
			"DELETE FROM copy;"
			"INSERT INTO pairs VALUES (1, 2), (2, 3);"
			"INSERT INTO pairs VALUES (1, 2), (3, 4) "
			"ON CONFLICT (a) DO NOTHING;"
			"INSERT INTO users VALUES (3, 'x', 1), (999, 'y', 2) "
			"ON CONFLICT (id) DO UPDATE SET n = 0;"),
		"1 copy inserted 500; 1 users scans 1 scanned 500; "
		"2 users updated 3; 3 users deleted 2; 3 log inserted 2; "
		"4 copy deleted 500; 5 pairs inserted 2; 6 pairs inserted 1; "
		"7 users inserted 1 updated 1");
}

static void tells_which_tables_were_read_from_start_to_end(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_runs(p, db, many_rows);
	bed_runs(p, db,
		 "CREATE TABLE other (a); CREATE VIEW v AS SELECT * "
		 "FROM users");
	assert_string_equal(
		effects_of(p, db,
			   "SELECT * FROM users WHERE n = 7;"
			   "SELECT * FROM users WHERE id = 7;"
			   "SELECT * FROM users LIMIT 1;"
			   "SELECT * FROM users AS u, users AS w WHERE u.n = "
			   "w.n;"
			   "WITH x AS (VALUES (1), (2)) INSERT INTO other "
			   "SELECT * FROM x;"
			   "UPDATE users AS u SET n = 1;"
			   "INSERT INTO other SELECT a FROM other"),
		"1 users scans 1 scanned 500; 5 other inserted 2; "
		"6 users scans 1 scanned 500 updated 500; "
		"7 other scans 1 scanned 2 inserted 2");
}

static void tells_what_is_built_anew(void **state)
{
	struct bed *p = *state;
	struct db *db = bed_open(p, "a.db");

	bed_runs(p, db, many_rows);
	assert_string_equal(
		effects_of(p, db,
			   "CREATE INDEX i ON users (name);"
			   "CREATE INDEX IF NOT EXISTS i ON users (name);"
			   "REINDEX i;"
			   "ALTER TABLE users ADD COLUMN g AS (n + 1);"
			   "ALTER TABLE users DROP COLUMN g;"
			   "ALTER TABLE users DROP COLUMN n;"
			   "CREATE TABLE new (id INTEGER PRIMARY KEY, name);"
			   "CREATE INDEX k ON new (name);"
			   "INSERT INTO new SELECT * FROM users;"
			   "DROP TABLE users;"
			   "ALTER TABLE new RENAME TO users;"
			   "CREATE INDEX i ON users (name);"),
		"1 users built 1 scans 1 scanned 500; 3 users reindexed 1; "
		"6 users rewritten scans 1 scanned 500; 9 new inserted 500; "
		"11 users rewritten; 12 users built 1 scans 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)
		TEST(tells_when_readers_are_kept_out),
		TEST(measures_nothing_where_that_is_not_wanted),
		TEST(its_own_wait_does_not_count_as_held),
		TEST(keeps_new_readers_out_while_it_waits_for_old_ones),
		TEST(a_statement_of_its_own_tells_what_it_waited),
		TEST(counts_what_one_statement_writes_to_the_log),
		TEST(counts_the_rows_of_each_table),
		TEST(tells_which_tables_were_read_from_start_to_end),
		TEST(tells_what_is_built_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
