#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/run/declared.h"
#include "core/run/fill.h"
#include "core/run/generate.h"
#include "core/run/rows.h"

/* --- images --------------------------------------------------------------- */

static TALLOC_CTX *mem;

static int set_up(void **state)
{
	(void)state;
	mem = talloc_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	talloc_free(mem);
	return 0;
}

static struct row_image *image_new(size_t count)
{
	struct row_image *image = talloc_zero(mem, struct row_image);

	image->count = count;
	image->tables = talloc_zero_array(mem, struct row_table,
					  (unsigned)count + 1);
	return image;
}

/* Columns "a b c", whose first `keys` are the key; rows as a list of values. */
static void set_table(struct row_table *t, const char *name,
		      const char *columns, size_t keys, const char **values,
		      size_t rows)
{
	static size_t numbers[] = { 0, 1, 2, 3 };
	char *all = talloc_strdup(mem, columns), *one;

	t->name = name;
	t->columns = talloc_zero_array(mem, const char *, 8);
	t->quoted = talloc_zero_array(mem, bool, 8);
	while ((one = strsep(&all, " ")) != NULL)
		t->columns[t->column_count++] = one;
	t->key = numbers;
	t->key_count = keys;
	t->rows = (int64_t)rows;
	t->values = values;
	t->kept = true;
}

static struct row_image *image_of(const char *name, const char *columns,
				  size_t keys, const char **values, size_t rows)
{
	struct row_image *image = image_new(1);

	set_table(&image->tables[0], name, columns, keys, values, rows);
	return image;
}

/* All differences as lines of text. */
static char *compared(const struct row_image *before,
		      const struct row_image *after)
{
	char *text = talloc_strdup(mem, "");
	size_t count;
	struct proof_row_difference *list = rows_compare(mem, "down", before,
							 after, &count);

	for (size_t i = 0; i < count; i++)
		text = talloc_asprintf_append(
			text, "%s%s", i ? "\n" : "",
			row_difference_text(mem, &list[i]));
	return text;
}

static void same_rows_are_no_difference(void **state)
{
	const char *before[] = { "1", "x", "2", NULL, "10", "" };
	const char *after[] = { "10", "", "1", "x", "2", NULL };

	(void)state;
	assert_string_equal(compared(image_of("t", "id v", 1, before, 3),
				     image_of("t", "id v", 1, after, 3)),
			    "");
	assert_string_equal(compared(image_of("t", "id v", 0, before, 3),
				     image_of("t", "id v", 0, after, 3)),
			    "");
}

static void values_are_compared_by_key(void **state)
{
	const char *before[] = { "1", "x", "2", "y", "10", "z" };
	const char *after[] = { "10", "z", "2", NULL, "1", "" };

	(void)state;
	assert_string_equal(compared(image_of("t", "id v", 1, before, 3),
				     image_of("t", "id v", 1, after, 3)),
			    "2 of 3 rows of t: column v not restored (id 1 was "
			    "x, is ; id 2 was y, is NULL)");
}

static void rows_are_missed_and_found(void **state)
{
	const char *before[] = { "1", "x", "2", "y" };
	const char *after[] = { "2", "y", "3", "z" };

	(void)state;
	assert_string_equal(compared(image_of("t", "id v", 1, before, 2),
				     image_of("t", "id v", 1, after, 2)),
			    "1 of 2 rows of t is gone (id 1)\n"
			    "1 row of t is too many (id 3)");
}

static void only_three_are_shown(void **state)
{
	const char *before[] = { "1", "2", "3", "4" };

	(void)state;
	assert_string_equal(compared(image_of("t", "id", 1, before, 4),
				     image_of("t", "id", 1, before, 0)),
			    "4 of 4 rows of t are gone (id 1; id 2; id 3; "
			    "...)");
}

static void rows_without_a_key_are_paired_by_the_rest(void **state)
{
	const char *before[] = { "a", "1", "b", "2", "b", "2" };
	const char *after[] = { "b", "7", "a", "1", "b", "7" };
	const char *other[] = { "c", "7", "a", "1", "b", "2" };

	(void)state;
	assert_string_equal(compared(image_of("t", "v n", 0, before, 3),
				     image_of("t", "v n", 0, after, 3)),
			    "2 of 3 rows of t: column n not restored (was 2, "
			    "is 7; was 2, is 7)");
	/* nothing else to tell them by */
	assert_string_equal(compared(image_of("t", "v n", 0, before, 3),
				     image_of("t", "v n", 0, other, 3)),
			    "1 of 3 rows of t is gone ((b, 2))\n"
			    "1 row of t is too many ((c, 7))");
}

static void a_row_that_is_there_twice_counts_twice(void **state)
{
	const char *before[] = { "a", "a" };

	(void)state;
	assert_string_equal(compared(image_of("t", "v", 0, before, 2),
				     image_of("t", "v", 0, before, 1)),
			    "1 of 2 rows of t is gone ((a))");
}

static void columns_of_one_side_are_the_catalogs(void **state)
{
	const char *before[] = { "1", "x", "2", "y" };
	const char *after[] = { "n", "1", "m", "2" };

	(void)state;
	assert_string_equal(compared(image_of("t", "id v", 0, before, 2),
				     image_of("t", "w id", 0, after, 2)),
			    "");
}

static void a_table_that_is_gone_is_told_by_its_rows(void **state)
{
	const char *before[] = { "1", "2" };

	(void)state;
	assert_string_equal(
		compared(image_of("t", "id", 1, before, 2), image_new(0)),
		"2 of 2 rows of t are gone");
	assert_string_equal(
		compared(image_new(0), image_of("t", "id", 1, before, 2)),
		"2 rows of t are too many");
}

static void large_tables_are_told_apart_by_their_digests(void **state)
{
	struct row_image *before = image_of("t", "id", 1, NULL, 5);
	struct row_image *after = image_of("t", "id", 1, NULL, 5);

	(void)state;
	before->tables[0].kept = after->tables[0].kept = false;
	before->tables[0].digest = "1";
	after->tables[0].digest = "1";
	assert_string_equal(compared(before, after), "");
	after->tables[0].digest = "2";
	assert_string_equal(compared(before, after),
			    "the rows of t are not the same: 5, and 5 before");
}

static void values_are_shortened_and_visible(void **state)
{
	(void)state;
	assert_string_equal(rows_shown(mem, NULL, true), "NULL");
	assert_string_equal(rows_shown(mem, "a\033[31m", true), "'a^[[31m'");
	assert_string_equal(
		rows_shown(mem, "12345678901234567890123456789012345678901",
			   false),
		"1234567890123456789012345678901234567890...");
	assert_string_equal(rows_shown(mem, "\xc3\xbc", false), "\xc3\xbc");
}

/* --- declared losses ------------------------------------------------------ */

static const char *covered(const char *line, const char *table,
			   const char *column)
{
	static const char *none[] = { NULL };
	struct row_image *image = image_new(2);
	struct directive directive = { .kind = DIRECTIVE_DATA_LOSS,
				       .text = line };
	struct statement statement = { 0 };
	struct script script = { .directives = &directive,
				 .directive_count = 1,
				 .statements = &statement,
				 .statement_count = 1 };
	struct declared declared = { .scripts = { &script, NULL },
				     .images = { image, NULL } };
	struct proof_row_difference d = { .table = table, .column = column };

	set_table(&image->tables[0], "orders", "id user_id", 1, none, 0);
	set_table(&image->tables[1], "users", "id email age", 1, none, 0);
	loss_add(mem, &statement, LOSS_COLUMN, "users", "email", NULL);
	return declared_loss(&declared, &d);
}

static void a_line_covers_the_column_that_it_names(void **state)
{
	(void)state;
	assert_non_null(covered("users.email is lost", "users", "email"));
	assert_non_null(covered("public.users.email.", "users", "email"));
	assert_non_null(covered("\"Users\".\"email\"", "users", "email"));
	assert_non_null(covered("the email of users", "users", "email"));
	assert_null(covered("users.email is lost", "users", "age"));
	assert_null(covered("the email of users", "users", "age"));
	assert_null(covered("users.email is lost", "orders", "user_id"));
	assert_null(covered("users.email is lost", "users", NULL));
}

static void a_line_that_names_a_table_covers_all_of_it(void **state)
{
	(void)state;
	assert_non_null(
		covered("users is lost with all its rows", "users", "age"));
	assert_non_null(
		covered("users is lost with all its rows", "users", NULL));
	assert_non_null(covered("the rows of public.users", "users", NULL));
	assert_null(covered("users is lost", "orders", "user_id"));
}

static void a_line_without_names_covers_what_is_destroyed(void **state)
{
	(void)state;
	assert_non_null(covered("what was written", "users", "email"));
	assert_null(covered("what was written", "users", "age"));
	assert_null(covered("what was written", "orders", "user_id"));
	assert_null(covered("what was written", "users", NULL));
}

/* --- made up values ------------------------------------------------------- */

static char *value(const struct db_column *c, const char *rule, uint64_t number,
		   unsigned attempt, bool distinct)
{
	struct db_rule rules[] = { { .name = "r", .text = rule } };
	struct db_table table = { .rules = rules, .rule_count = rule != NULL };
	const struct value_wish wish = { .column = c,
					 .tables = { &table, NULL },
					 .number = number,
					 .attempt = attempt,
					 .distinct = distinct };

	return generate_value(mem, &wish);
}

static void the_same_call_gives_the_same_value(void **state)
{
	const struct db_column c = { .name = "c", .kind = DATUM_TEXT };

	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		char *one = value(&c, NULL, i, 0, false);
		char *two = value(&c, NULL, i, 0, false);

		assert_true(one ? two && !strcmp(one, two) : !two);
	}
}

static void null_stands_only_where_it_may(void **state)
{
	struct db_column c = { .name = "c", .kind = DATUM_INTEGER, .bytes = 4 };
	int nulls = 0;

	(void)state;
	for (uint64_t i = 0; i < 50; i++)
		nulls += !value(&c, NULL, i, 0, false);
	assert_in_range(nulls, 2, 25);
	c.not_null = true;
	for (uint64_t i = 0; i < 50; i++)
		assert_non_null(value(&c, NULL, i, (unsigned)i, false));
}

static void distinct_values_are(void **state)
{
	static const enum datum_kind kinds[] = {
		DATUM_INTEGER, DATUM_NUMBER,  DATUM_TEXT,      DATUM_BYTES,
		DATUM_DATE,    DATUM_TIME,    DATUM_TIMESTAMP, DATUM_UUID,
		DATUM_JSON,    DATUM_ADDRESS, DATUM_RANGE,
	};

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		const struct db_column c = { .name = "c",
					     .kind = kinds[k],
					     .bytes = 4,
					     .not_null = true };

		for (uint64_t i = 0; i < 60; i++)
			for (uint64_t n = 0; n < i; n++)
				assert_string_not_equal(
					value(&c, NULL, i, 0, true),
					value(&c, NULL, n, 0, true));
	}
}

static void texts_keep_to_their_length(void **state)
{
	const struct db_column c = {
		.name = "c", .kind = DATUM_TEXT, .length = 5, .not_null = true
	};
	bool longest = false, empty = false;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		const char *text = value(&c, NULL, i, 0, false);
		size_t length = 0;

		for (const char *b = text; *b; b++)
			length += (*b & 0xc0) != 0x80;
		assert_in_range(length, 0, 5);
		longest |= length == 5;
		empty |= !length;
	}
	assert_true(longest && empty);
}

static void conditions_are_looked_into(void **state)
{
	const struct db_column status = { .name = "status",
					  .kind = DATUM_TEXT,
					  .not_null = true };
	const struct db_column age = { .name = "age",
				       .kind = DATUM_INTEGER,
				       .bytes = 4,
				       .not_null = true };
	bool above = false;

	(void)state;
	for (uint64_t i = 0; i < 20; i++) {
		const char *text = value(&status, "status IN ('new', 'it''s')",
					 i, 0, false);

		assert_true(!strcmp(text, "new") || !strcmp(text, "it's"));
		above |= !strcmp(value(&age, "(age > 4711)", i, 0, false),
				 "4712");
	}
	assert_true(above);
	/* a condition about another column is none about this one */
	assert_string_not_equal(value(&age, "(page > 4711)", 0, 0, false),
				"4712");
}

/* --- the order of tables -------------------------------------------------- */

static struct db_table *add_table(struct db_tables *tables, const char *name)
{
	struct db_table *t = db_tables_add(tables);

	t->name = name;
	for (int i = 0; i < 3; i++) {
		struct db_column *c = db_table_add_column(tables, t);

		c->name = i == 0 ? "id" : i == 1 ? "must" : "may";
		c->not_null = i < 2;
	}
	return t;
}

static void refer(struct db_tables *tables, size_t from, const char *column,
		  size_t to)
{
	assert_true(db_table_add_reference(tables, &tables->list[from], "r",
					   column, &tables->list[to], "id"));
}

static char *ordered(const struct db_tables *tables, const char *const *touched)
{
	size_t *order, count = fill_order(mem, tables, touched, &order);
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < count; i++)
		text = talloc_asprintf_append(text, "%s%s", i ? " " : "",
					      tables->list[order[i]].name);
	return text;
}

static void parents_come_first(void **state)
{
	struct db_tables *tables = db_tables_new(mem);
	const char *const touched[] = { "a", NULL };

	(void)state;
	add_table(tables, "a");
	add_table(tables, "b");
	add_table(tables, "c");
	add_table(tables, "d");
	refer(tables, 0, "must", 1);
	refer(tables, 1, "may", 2);
	refer(tables, 0, "may", 0);
	assert_string_equal(ordered(tables, touched), "c b a");
}

static void a_cycle_is_cut_where_null_may_stand(void **state)
{
	struct db_tables *tables = db_tables_new(mem);
	const char *const touched[] = { "b", NULL };

	(void)state;
	add_table(tables, "a");
	add_table(tables, "b");
	refer(tables, 0, "may", 1);
	refer(tables, 1, "must", 0);
	assert_string_equal(ordered(tables, touched), "a b");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(same_rows_are_no_difference),
		TEST(values_are_compared_by_key),
		TEST(rows_are_missed_and_found),
		TEST(only_three_are_shown),
		TEST(rows_without_a_key_are_paired_by_the_rest),
		TEST(a_row_that_is_there_twice_counts_twice),
		TEST(columns_of_one_side_are_the_catalogs),
		TEST(a_table_that_is_gone_is_told_by_its_rows),
		TEST(large_tables_are_told_apart_by_their_digests),
		TEST(values_are_shortened_and_visible),
		TEST(a_line_covers_the_column_that_it_names),
		TEST(a_line_that_names_a_table_covers_all_of_it),
		TEST(a_line_without_names_covers_what_is_destroyed),
		TEST(the_same_call_gives_the_same_value),
		TEST(null_stands_only_where_it_may),
		TEST(distinct_values_are),
		TEST(texts_keep_to_their_length),
		TEST(conditions_are_looked_into),
		TEST(parents_come_first),
		TEST(a_cycle_is_cut_where_null_may_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
