/* Where a range of keys goes in a statement, and how large the next one is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/run/batch.h"
#include "core/sql/batch.h"

#define P SQL_POSTGRESQL
#define S SQL_SQLITE
#define M SQL_MYSQL

/* --- where the range goes ------------------------------------------------- */

struct rewritten {
	enum sql_dialect dialect;
	const char *text, *table, *qualifier, *expected;
};

static void puts_the_range_in(void **state)
{
	static const struct rewritten cases[] = {
		{ P, "UPDATE a SET b = 1", "a", "a",
		  "UPDATE a SET b = 1 WHERE @" },
		{ P, "UPDATE a SET b = 1 WHERE c OR d", "a", "a",
		  "UPDATE a SET b = 1 WHERE @ AND (c OR d)" },
		{ P, "update only app.\"A b\" * as x set b = 1 where c",
		  "app.\"A b\"", "x",
		  "update only app.\"A b\" * as x set b = 1 where @ AND (c)" },
		{ P, "UPDATE app.users SET b = 1", "app.users", "app.users",
		  "UPDATE app.users SET b = 1 WHERE @" },
		{ P,
		  "UPDATE a x SET (b, c) = (SELECT 1, 2 FROM e WHERE f), "
		  "d[1] = 2 FROM g, h WHERE a.i = g.i -- last",
		  "a", "x",
		  "UPDATE a x SET (b, c) = (SELECT 1, 2 FROM e WHERE f), "
		  "d[1] = 2 FROM g, h WHERE @ AND (a.i = g.i) -- last" },
		{ P, "UPDATE a SET b = 1 -- all\n", "a", "a",
		  "UPDATE a SET b = 1 WHERE @ -- all\n" },
		{ P, "UPDATE a SET b = c IS DISTINCT FROM d WHERE e", "a", "a",
		  "UPDATE a SET b = c IS DISTINCT FROM d WHERE @ AND (e)" },
		{ P, "UPDATE a SET b = x.where WHERE /* w */ c", "a", "a",
		  "UPDATE a SET b = x.where WHERE /* w */ @ AND (c)" },
		{ P, "UPDATE a SET b = ' WHERE ' || $$ WHERE $$", "a", "a",
		  "UPDATE a SET b = ' WHERE ' || $$ WHERE $$ WHERE @" },
		{ P, "UPDATE a SET b = (SELECT max(c) OVER () FROM d LIMIT 1)",
		  "a", "a",
		  "UPDATE a SET b = (SELECT max(c) OVER () FROM d LIMIT 1) "
		  "WHERE @" },
		{ S, "UPDATE OR IGNORE main.a INDEXED BY i SET b = 1 WHERE c",
		  "main.a", "main.a",
		  "UPDATE OR IGNORE main.a INDEXED BY i SET b = 1 WHERE @ AND "
		  "(c)" },
		{ S, "UPDATE [a] AS `x` SET b = 1 FROM c WHERE d", "[a]", "`x`",
		  "UPDATE [a] AS `x` SET b = 1 FROM c WHERE @ AND (d)" },
		{ S, "UPDATE a SET offset = 1 WHERE window = 2", "a", "a",
		  "UPDATE a SET offset = 1 WHERE @ AND (window = 2)" },
		{ M, "UPDATE LOW_PRIORITY IGNORE `a` SET b = \"WHERE\" WHERE c",
		  "`a`", "`a`",
		  "UPDATE LOW_PRIORITY IGNORE `a` SET b = \"WHERE\" WHERE @ "
		  "AND (c)" },
		{ P, "DELETE FROM ONLY a", "a", "a",
		  "DELETE FROM ONLY a WHERE @" },
		{ P, "DELETE FROM a AS x USING b JOIN c USING (d) WHERE x.e",
		  "a", "x",
		  "DELETE FROM a AS x USING b JOIN c USING (d) WHERE @ AND "
		  "(x.e)" },
		{ S, "DELETE FROM a WHERE EXISTS (SELECT 1 FROM b WHERE c)",
		  "a", "a",
		  "DELETE FROM a WHERE @ AND (EXISTS (SELECT 1 FROM b WHERE "
		  "c))" },
		{ M, "DELETE QUICK FROM a WHERE b", "a", "a",
		  "DELETE QUICK FROM a WHERE @ AND (b)" },
		{ P,
		  "INSERT INTO d (a, b) OVERRIDING SYSTEM VALUE SELECT a, "
		  "b AS from FROM s",
		  "s", "s",
		  "INSERT INTO d (a, b) OVERRIDING SYSTEM VALUE SELECT a, b AS "
		  "from FROM s WHERE @" },
		{ P,
		  "INSERT INTO d AS y SELECT x.a FROM app.s x LEFT JOIN t "
		  "ON t.a = x.a, LATERAL (SELECT 1 LIMIT 1) l "
		  "ON CONFLICT (a) WHERE b DO UPDATE SET c = 1 WHERE d",
		  "app.s", "x",
		  "INSERT INTO d AS y SELECT x.a FROM app.s x LEFT JOIN t ON "
		  "t.a = x.a, LATERAL (SELECT 1 LIMIT 1) l WHERE @ ON CONFLICT "
		  "(a) WHERE b DO UPDATE SET c = 1 WHERE d" },
		{ P,
		  "INSERT INTO d SELECT right(a, 2), extract(day FROM b) "
		  "FROM s WHERE c ON CONFLICT DO NOTHING",
		  "s", "s",
		  "INSERT INTO d SELECT right(a, 2), extract(day FROM b) FROM "
		  "s WHERE @ AND (c) ON CONFLICT DO NOTHING" },
		{ S,
		  "INSERT OR REPLACE INTO d SELECT * FROM s NOT INDEXED "
		  "WHERE a",
		  "s", "s",
		  "INSERT OR REPLACE INTO d SELECT * FROM s NOT INDEXED WHERE "
		  "@ "
		  "AND (a)" },
		{ P,
		  "UPDATE a.t SET y = extract(year FROM t), t = (SELECT t "
		  "FROM u AS t, b.t x WHERE t.t IN (1, t)), c = u IS DISTINCT "
		  "FROM t",
		  "a.t", "a.t",
		  "UPDATE a.t SET y = extract(year FROM t), t = (SELECT t "
		  "FROM u AS t, b.t x WHERE t.t IN (1, t)), c = u IS DISTINCT "
		  "FROM t WHERE @" },
		{ P, "DELETE FROM t USING u JOIN v USING (t) WHERE t.a = f(t)",
		  "t", "t",
		  "DELETE FROM t USING u JOIN v USING (t) WHERE @ AND (t.a = "
		  "f(t))" },
		{ P,
		  "INSERT INTO d SELECT a FROM s LEFT JOIN d USING (a) WHERE "
		  "NOT EXISTS (SELECT 1 FROM d)",
		  "s", "s",
		  "INSERT INTO d SELECT a FROM s LEFT JOIN d USING (a) WHERE @ "
		  "AND (NOT EXISTS (SELECT 1 FROM d))" },
		{ P, "INSERT INTO app.s SELECT a FROM old.s", "old.s", "old.s",
		  "INSERT INTO app.s SELECT a FROM old.s WHERE @" },
		{ M,
		  "INSERT IGNORE d (a) SELECT b FROM s FORCE INDEX (i) "
		  "WHERE c ON DUPLICATE KEY UPDATE a = VALUES(a)",
		  "s", "s",
		  "INSERT IGNORE d (a) SELECT b FROM s FORCE INDEX (i) WHERE @ "
		  "AND (c) ON DUPLICATE KEY UPDATE a = VALUES(a)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		TALLOC_CTX *mem = talloc_new(NULL);
		const char *text = cases[i].text;
		struct error err = { 0 };
		struct batch_text batch;
		size_t place;

		if (batch_parse(mem, text, strlen(text), cases[i].dialect,
				&batch, &place, &err) < 0)
			fail_msg("%s: %s", text, err.message);
		assert_string_equal(batch.table, cases[i].table);
		assert_string_equal(batch.qualifier, cases[i].qualifier);
		assert_string_equal(batch_part(mem, &batch, "@")->text,
				    cases[i].expected);
		talloc_free(mem);
	}
}

struct refused {
	enum sql_dialect dialect;
	const char *text; /* up to the mark | is what is at fault */
	const char *why;
};

static void refuses_what_is_not_certain(void **state)
{
	static const struct refused cases[] = {
		{ P, "|WITH x AS (SELECT 1) UPDATE a SET b = 1",
		  "it has WITH" },
		{ P, "|SELECT 1", "it is of another kind" },
		{ P, "UPDATE a SET b = 1 |RETURNING c", "it has RETURNING" },
		{ P, "UPDATE a SET b = 1 WHERE c |RETURNING d",
		  "it has RETURNING" },
		{ P, "UPDATE a SET b = 1 WHERE |CURRENT OF c",
		  "it goes by a cursor" },
		{ S, "UPDATE a SET b = 1 |ORDER BY c LIMIT 1",
		  "it has ORDER BY" },
		{ M, "UPDATE a SET b = 1 WHERE c |LIMIT 1", "it has LIMIT" },
		{ M, "UPDATE a|, b SET c = 1",
		  "it changes more than one table" },
		{ M, "UPDATE a INNER |JOIN b SET c = 1",
		  "it changes more than one table" },
		{ M, "UPDATE a x LEFT |JOIN b ON 1 SET c = 1",
		  "it changes more than one table" },
		{ P, "UPDATE |(a) SET b = 1", "it does not name its table" },
		{ S, "DELETE FROM a |LIMIT 1", "it has LIMIT" },
		{ M, "DELETE |a FROM a JOIN b",
		  "it deletes from more than one table" },
		{ M, "DELETE FROM a |USING a JOIN b",
		  "it deletes from more than one table" },
		{ M, "DELETE FROM a|, b USING a",
		  "it deletes from more than one table" },
		{ P, "INSERT INTO d |VALUES (1)", "it has no SELECT" },
		{ P, "INSERT INTO d |DEFAULT VALUES", "it has no SELECT" },
		{ P, "INSERT INTO d |TABLE s", "it has no SELECT" },
		{ P, "INSERT INTO d |WITH x AS (SELECT 1) SELECT 1 FROM x",
		  "it has WITH" },
		{ P, "INSERT INTO d (a) |(SELECT 1 FROM s)",
		  "its SELECT stands in parentheses" },
		{ P, "INSERT INTO d SELECT 1|", "its SELECT has no FROM" },
		{ P, "INSERT INTO d SELECT 1 |WHERE a",
		  "its SELECT has no FROM" },
		{ P, "INSERT INTO d SELECT |DISTINCT a FROM s",
		  "it has DISTINCT" },
		{ P, "INSERT INTO d SELECT * FROM |(SELECT 1) s",
		  "its SELECT does not begin with a table" },
		{ P, "INSERT INTO d SELECT * FROM |LATERAL f() s",
		  "its SELECT does not begin with a table" },
		{ P, "INSERT INTO d SELECT * FROM generate_series|(1, 2)",
		  "its SELECT does not begin with a table" },
		{ P, "INSERT INTO d SELECT * FROM s AS x |(a, b)",
		  "its table has other names for its columns" },
		{ P, "INSERT INTO d SELECT a FROM s |GROUP BY a",
		  "it has GROUP BY" },
		{ P, "INSERT INTO d SELECT a FROM s WHERE b |HAVING c",
		  "it has HAVING" },
		{ P, "INSERT INTO d SELECT a FROM s |UNION SELECT 1",
		  "it has UNION" },
		{ S, "INSERT INTO d SELECT a |EXCEPT SELECT 1 FROM s",
		  "it has EXCEPT" },
		{ P, "INSERT INTO d SELECT a FROM s |ORDER BY a",
		  "it has ORDER BY" },
		{ P, "INSERT INTO d SELECT a FROM s |OFFSET 1",
		  "it has OFFSET" },
		{ P, "INSERT INTO d SELECT a FROM s |FETCH FIRST ROW ONLY",
		  "it has FETCH" },
		{ P, "INSERT INTO d SELECT a FROM s |FOR UPDATE",
		  "it locks what it reads" },
		{ P, "INSERT INTO d SELECT rank() |OVER (ORDER BY a) FROM s",
		  "it has a window function" },
		{ P, "INSERT INTO d SELECT 1 + (rank() |OVER w) FROM s",
		  "it has a window function" },
		{ P, "INSERT INTO d SELECT a FROM s x |RIGHT JOIN t ON b",
		  "it has rows that no row of its first table stands behind" },
		{ P, "INSERT INTO d SELECT a FROM s |FULL OUTER JOIN t ON b",
		  "it has rows that no row of its first table stands behind" },
		{ P, "INSERT INTO app.d SELECT a FROM |D",
		  "it reads the table that it writes to" },
		{ P, "INSERT INTO d SELECT a FROM |\"d\" x WHERE b",
		  "it reads the table that it writes to" },
		{ P, "UPDATE t SET a = a + (SELECT max(a) FROM |t)",
		  "it reads the table that it writes to" },
		{ M,
		  "UPDATE t SET a = (SELECT b FROM u, (SELECT max(a) b FROM "
		  "|`t`) x)",
		  "it reads the table that it writes to" },
		{ P,
		  "UPDATE app.t SET a = 1 WHERE b IN (SELECT b FROM u JOIN "
		  "ONLY |t x USING (b))",
		  "it reads the table that it writes to" },
		{ P, "UPDATE t SET a = x.a FROM |t x WHERE x.id = t.up",
		  "it reads the table that it writes to" },
		{ P,
		  "UPDATE t SET a = 1 FROM u, LATERAL (SELECT 1) l, |public.t "
		  "x",
		  "it reads the table that it writes to" },
		{ P, "UPDATE t SET a = 1 FROM (u CROSS JOIN |t x)",
		  "it reads the table that it writes to" },
		{ P, "UPDATE t SET a = 1 WHERE id IN (TABLE |t)",
		  "it reads the table that it writes to" },
		{ S,
		  "DELETE FROM t WHERE id NOT IN (SELECT min(id) FROM |main.t "
		  "GROUP BY a)",
		  "it reads the table that it writes to" },
		{ S,
		  "DELETE FROM t WHERE EXISTS (SELECT 1 FROM u, |'t' WHERE "
		  "u.id = t.id)",
		  "it reads the table that it writes to" },
		{ P,
		  "DELETE FROM t a USING |t b WHERE a.id > b.id AND a.x = b.x",
		  "it reads the table that it writes to" },
		{ P, "DELETE FROM t USING u LEFT JOIN |T b USING (id)",
		  "it reads the table that it writes to" },
		{ M,
		  "DELETE FROM t WHERE a = (SELECT b FROM u USE INDEX FOR "
		  "ORDER BY (i), |t x)",
		  "it reads the table that it writes to" },
		{ P,
		  "INSERT INTO d SELECT a FROM s ON CONFLICT DO NOTHING "
		  "|RETURNING a",
		  "it has RETURNING" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		TALLOC_CTX *mem = talloc_new(NULL);
		const char *mark = strchr(cases[i].text, '|');
		size_t at = (size_t)(mark - cases[i].text), place = 0;
		char *text = talloc_asprintf(mem, "%.*s%s", (int)at,
					     cases[i].text, mark + 1);
		struct error err = { 0 };
		struct batch_text batch;

		if (batch_parse(mem, text, strlen(text), cases[i].dialect,
				&batch, &place, &err) == 0)
			fail_msg("not refused: %s", text);
		assert_string_equal(
			err.message + strlen("the statement cannot be run in "
					     "batches: "),
			cases[i].why);
		if (place != at)
			fail_msg("%s: at %zu", text, place);
		error_release(&err);
		talloc_free(mem);
	}
}

static struct batch_text parsed(TALLOC_CTX *mem, const char *text)
{
	struct error err = { 0 };
	struct batch_text batch;
	size_t place;

	assert_int_equal(
		batch_parse(mem, text, strlen(text), P, &batch, &place, &err),
		0);
	return batch;
}

static void knows_what_is_set(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct batch_text b =
		parsed(mem, "UPDATE a SET b = f(c, d), (e, \"F\") = (1, 2), "
			    "g[h] = ARRAY[1, 2], i = (SELECT j = 1, k)");
	static const char *const names[] = { "b", "e", "\"F\"", "g", "h", "i" };

	(void)state;
	assert_int_equal(b.assigned_count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(b.assigned[i], names[i]);
	talloc_free(mem);
}

static void asks_for_an_aggregate_by_no_rows(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct batch_text with =
		parsed(mem, "INSERT INTO d SELECT max(a) FROM s WHERE b OR c "
			    "ON CONFLICT DO NOTHING");
	struct batch_text without = parsed(
		mem, "INSERT INTO d SELECT a FROM s ON CONFLICT DO NOTHING");

	(void)state;
	assert_string_equal(batch_probe(mem, &with),
			    "SELECT max(a) FROM s WHERE 1 = 0 AND (b OR c)");
	assert_string_equal(batch_probe(mem, &without),
			    "SELECT a FROM s WHERE 1 = 0");
	talloc_free(mem);
}

static void finds_the_way_back_to_the_statement(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct batch_text b = parsed(mem, "DELETE FROM a WHERE b OR c RETURN");
	struct batch_part *part = batch_part(mem, &b, "id <= 7");
	const char * or = strstr(part->text, "OR");

	(void)state;
	assert_string_equal(part->text,
			    "DELETE FROM a WHERE id <= 7 AND (b OR c RETURN)");
	assert_int_equal(batch_part_origin(part, 7), 7);
	assert_int_equal(batch_part_origin(part, 20), 20);
	assert_int_equal(batch_part_origin(part, 25), 20);
	assert_int_equal(batch_part_origin(part, (size_t)(or -part->text)), 22);
	assert_int_equal(batch_part_origin(part, strlen(part->text)), b.length);
	talloc_free(mem);
}

static void writes_ranges(void **state)
{
	static const char *const columns[] = { "\"a\"", "b" };
	static const char *const low[] = { "1", "'x'" };
	static const char *const high[] = { "2", "'y'" };
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(batch_range(mem, "t", columns, 1, NULL, high),
			    "t.\"a\" <= 2");
	assert_string_equal(batch_range(mem, "t", columns, 1, low, high),
			    "t.\"a\" > 1 AND t.\"a\" <= 2");
	assert_string_equal(batch_range(mem, NULL, columns, 2, low, high),
			    "\"a\" >= 1 AND (\"a\", b) > (1, 'x') AND "
			    "\"a\" <= 2 AND (\"a\", b) <= (2, 'y')");
	talloc_free(mem);
}

/* --- sizes and positions -------------------------------------------------- */

static void stays_below_the_target(void **state)
{
	(void)state;
	/* 80 of 100 ms are what it aims at */
	assert_int_equal(batch_small_size(10000), 625);
	assert_int_equal(batch_small_size(1000), 100);
	assert_int_equal(batch_small_size(7), 7);
	assert_int_equal(batch_next_size(1000, 10000, 80, 100), 1000);
	assert_int_equal(batch_next_size(1000, 10000, 160, 100), 500);
	assert_int_equal(batch_next_size(1000, 10000, 50, 100), 1600);
	/* neither up nor down by too much at once */
	assert_int_equal(batch_next_size(1000, 10000, 1, 100), 2000);
	assert_int_equal(batch_next_size(1000, 10000, 0, 100), 2000);
	assert_int_equal(batch_next_size(1000, 10000, 9999, 100), 250);
	/* within what was asked for, and what makes sense */
	assert_int_equal(batch_next_size(9000, 10000, 1, 100), 10000);
	assert_int_equal(batch_next_size(120, 10000, 9999, 100), 100);
	assert_int_equal(batch_next_size(7, 7, 9999, 100), 7);
	/* a target of 0 is none */
	assert_int_equal(batch_next_size(1000, 10000, 9999, 0), 1000);
}

static void keeps_a_position(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *names[] = { "a", "b" }, *after[] = { "1", "'it''s'" };
	const char *last[] = { "9", "'\\'" };
	const struct batch_position at = {
		.digest = "0f",
		.count = 2,
		.names = names,
		.after = after,
		.last = last,
		.size = 5000,
		.walked = 12000,
		.rows = 11999,
		.batches = 3,
		.total = -1,
	};
	char *text = batch_position_text(mem, &at);
	struct batch_position *read = batch_position_parse(mem, text);

	(void)state;
	assert_non_null(read);
	assert_string_equal(read->digest, "0f");
	assert_int_equal(read->count, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(read->names[i], names[i]);
		assert_string_equal(read->after[i], after[i]);
		assert_string_equal(read->last[i], last[i]);
	}
	assert_int_equal(read->size, 5000);
	assert_int_equal(read->walked, 12000);
	assert_int_equal(read->rows, 11999);
	assert_int_equal(read->batches, 3);
	assert_int_equal(read->total, -1);
	assert_null(batch_position_parse(mem, "{}"));
	assert_null(batch_position_parse(mem, "nonsense"));
	assert_null(batch_position_parse(
		mem, "{\"statement\":\"\",\"key\":[\"a\"],\"after\":[],"
		     "\"last\":[\"1\"],\"size\":1}"));
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_range_in),
		cmocka_unit_test(refuses_what_is_not_certain),
		cmocka_unit_test(knows_what_is_set),
		cmocka_unit_test(asks_for_an_aggregate_by_no_rows),
		cmocka_unit_test(finds_the_way_back_to_the_statement),
		cmocka_unit_test(writes_ranges),
		cmocka_unit_test(stays_below_the_target),
		cmocka_unit_test(keeps_a_position),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
