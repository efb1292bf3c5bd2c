#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/scaffold/edit.h"
#include "core/scaffold/name.h"
#include "core/scaffold/place.h"
#include "core/scaffold/rebuild.h"
#include "core/scaffold/render.h"
#include "core/scaffold/scaffold.h"

static TALLOC_CTX *mem;

static int start(void **state)
{
	(void)state;
	mem = talloc_new(NULL);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	talloc_free(mem);
	return 0;
}

/* --- names --- */

static void check_name(const char *typed, const char *expected)
{
	struct error err = { 0 };
	char *name;

	assert_int_equal(name_make(mem, &typed, 1, &name, &err), 0);
	assert_string_equal(name, expected);
}

static void makes_names_of_any_words(void **state)
{
	static const char *const words[] = { "Add", "e-mail", "to", "Users" };
	struct error err = { 0 };
	char *name;

	(void)state;
	check_name("add_email_to_users", "add_email_to_users");
	check_name("AddEmailToUsers", "add_email_to_users");
	check_name("addHTTPServer2Host", "add_http_server2_host");
	check_name("  add -- email!  ", "add_email");
	check_name("Gr\xc3\xb6\xc3\x9f"
		   "e \xc3\xa6gir",
		   "grosse_aegir");
	check_name("e\xcc\x81t\xc3\xa9", "ete");
	check_name("v1.2 \xe2\x86\x92 v1.3", "v1_2_v1_3");
	assert_int_equal(name_make(mem, words, 4, &name, &err), 0);
	assert_string_equal(name, "add_e_mail_to_users");
}

static void check_refused(const char *typed, const char *message)
{
	struct error err = { 0 };
	char *name;

	assert_int_equal(name_make(mem, &typed, 1, &name, &err), -1);
	assert_int_equal(err.code, ERROR_FAILED);
	assert_string_equal(err.message, message);
	error_release(&err);
}

static void refuses_names_that_are_none(void **state)
{
	char *text = talloc_array(mem, char, 102);

	(void)state;
	check_refused("../x", "the name '../x' has a slash: a name is no path");
	check_refused("a\\b", "the name 'a\\b' has a slash: a name is no path");
	check_refused("a\033[31m", "the name 'a^[[31m' has control characters");
	check_refused("a\xc2\x9b",
		      "the name 'a<U+009B>' has control characters");
	check_refused("a\xff", "the name 'a\\xFF' is not valid UTF-8");
	check_refused("\xe6\xbc\xa2", "the name '\xe6\xbc\xa2' has no letter "
				      "or digit in it that can be kept");
	memset(text, 'x', 101);
	text[101] = '\0';
	check_refused(text, talloc_asprintf(mem,
					    "the name '%s' is longer than "
					    "100 characters",
					    text));
}

/* --- the language of templates --- */

static struct values *example(void)
{
	struct values *values = values_new(mem, db_engine_named("sqlite"));
	struct error err = { 0 };

	values_add(values, "table", VALUE_NAME, "app.order", &err);
	values_add(values, "column", VALUE_COLUMNS, "id:integer", &err);
	values_add(values, "column", VALUE_COLUMNS, "a b", &err);
	values_add(values, "default", VALUE_DEFAULT, "'x'", &err);
	assert_int_equal(err.code, ERROR_NONE);
	return values;
}

static void check_rendered(const char *text, const char *expected)
{
	struct error err = { 0 };
	char *out;

	if (render(mem, "up.sql", text, example(), NULL, &out, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(out, expected);
}

static void quotes_names_where_needed(void **state)
{
	(void)state;
	check_rendered("{{table}} {{raw:table}} {{word:table}}\n",
		       "app.\"order\" app.order app_order\n");
	check_rendered("{{table.schema}} {{table.name}} {{raw:table.new}}\n",
		       "app \"order\" order__new\n");
	check_rendered("{{default}}\n", "'x'\n");
}

static void takes_sections_by_what_is_given(void **state)
{
	(void)state;
	check_rendered("a{{#default}} {{default}}{{/default}}b\n", "a 'x'b\n");
	check_rendered("a{{^default}} {{default}}{{/default}}b\n", "ab\n");
	check_rendered("a{{#type}} {{type}}{{/type}}{{^type}} ?{{/type}}\n",
		       "a ?\n");
	check_rendered(
		"{{#default}}{{^default.constant}}no{{/default.constant}}"
		"{{#default.constant}}yes{{/default.constant}}"
		"{{/default}}\n",
		"yes\n");
	check_rendered("{{#engine.sqlite}}x{{/engine.sqlite}}y\n", "y\n");
}

static void lines_of_tags_alone_go(void **state)
{
	(void)state;
	check_rendered("a\n{{#default}}\nb\n{{/default}}\nc\n", "a\nb\nc\n");
	check_rendered("a\n{{^default}}\nb\n{{/default}}\nc\n", "a\nc\n");
	check_rendered("a\n  {{#type}}{{type}}{{/type}}\nc\n", "a\nc\n");
	check_rendered("\na\n\n{{#type}}\nb\n\n{{/type}}\n\nc\n", "a\n\nc\n");
	check_rendered("{{#type}}\nb\n{{/type}}", "");
}

static void repeats_for_lists(void **state)
{
	(void)state;
	check_rendered("({{#column}}{{column}}{{^column.last}}, "
		       "{{/column.last}}{{/column}})\n",
		       "(id, \"a b\")\n");
	check_rendered("{{#column}}\n{{column}}{{#column.type}} {{column.type}}"
		       "{{/column.type}}\n{{/column}}\n",
		       "id integer\n\"a b\"\n");
	check_rendered("{{?column}}\nonce\n{{/column}}\n", "once\n");
}

static void doubles_quotes_inside_directives(void **state)
{
	struct values *values = example();
	struct error err = { 0 };
	char *out;

	(void)state;
	values_add(values, "index", VALUE_NAME, "\"say \"\"hi\"\"\"", &err);
	assert_int_equal(render(mem, "", "{{raw:index}}|{{text:index}}", values,
				NULL, &out, &err),
			 0);
	assert_string_equal(out, "say \"hi\"|say \"\"hi\"\"");
}

static void check_unrenderable(const char *text, const char *message, int line)
{
	struct error err = { 0 };
	char *out;

	assert_int_equal(
		render(mem, "up.sql", text, example(), NULL, &out, &err), -1);
	assert_string_equal(err.message, message);
	assert_string_equal(err.file, "up.sql");
	assert_int_equal(err.line, line);
	error_release(&err);
}

static void names_the_place_of_a_bad_tag(void **state)
{
	(void)state;
	check_unrenderable("a\n{{type}}\n",
			   "no value for 'type' in the template", 2);
	check_unrenderable("{{#default}}\n",
			   "a section without end 'default' "
			   "in the template",
			   1);
	check_unrenderable("\n\nx {{/default}}\n",
			   "an end without section 'default' in the template",
			   3);
	check_unrenderable("{{loud:default}}",
			   "unknown form 'loud' in the template", 1);
	check_unrenderable("{{default",
			   "malformed tag 'default' in the "
			   "template",
			   1);
}

/* --- values --- */

static void check_value(enum value_kind kind, const char *text,
			const char *message)
{
	struct values *values = values_new(mem, db_engine_named("postgresql"));
	struct error err = { 0 };
	int result = values_add(values, "v", kind, text, &err);

	assert_int_equal(result, message ? -1 : 0);
	if (message) {
		assert_int_equal(err.code, ERROR_USAGE);
		assert_string_equal(err.message, message);
	}
	error_release(&err);
}

static void refuses_values_that_end_a_statement(void **state)
{
	(void)state;
	check_value(VALUE_SQL, "numeric(10, 2)[]", NULL);
	check_value(VALUE_SQL, "';' || $$ ; -- $$", NULL);
	check_value(VALUE_SQL, "int; DROP TABLE x",
		    "--v 'int; DROP TABLE x' has a semicolon");
	check_value(VALUE_SQL, "int -- x", "--v 'int -- x' has a comment");
	check_value(VALUE_SQL, "'a''",
		    "--v ''a''' has a quote that is not "
		    "closed");
	check_value(VALUE_SQL, "$$a",
		    "--v '$$a' has a quote that is not "
		    "closed");
	check_value(VALUE_SQL, "(1", "--v '(1' has unbalanced parentheses");
	check_value(VALUE_SQL, "1)(", "--v '1)(' has unbalanced parentheses");
	check_value(VALUE_SQL, "a\nb", "--v 'a\\nb' has control characters");
	check_value(VALUE_SQL, "", "--v '' is empty");
	check_value(VALUE_NAME, "a.b.c", "--v 'a.b.c' is no name");
	check_value(VALUE_NAME, "\"a", "--v '\"a' is no name");
	check_value(VALUE_COLUMNS, "a:", "--v 'a:' has no type");
	check_value(VALUE_DEFAULT, "pending",
		    "--v 'pending' is neither a constant nor an expression");
	check_value(VALUE_DEFAULT, "now()", NULL);
	check_value(VALUE_DEFAULT, "current_date", NULL);
}

static void check_default(const char *text, bool constant, bool stable)
{
	struct values *values = values_new(mem, db_engine_named("postgresql"));
	struct error err = { 0 };
	const struct value_item *item;

	values_add(values, "v", VALUE_DEFAULT, text, &err);
	item = &values_find(values, "v")->items[0];
	assert_int_equal(value_field(item, "constant") != NULL, constant);
	assert_int_equal(value_field(item, "stable") != NULL, stable);
}

static void knows_which_defaults_rewrite_no_table(void **state)
{
	(void)state;
	check_default("false", true, true);
	check_default("-1.5", true, true);
	check_default(".5", true, true);
	check_default("'{}'::jsonb", true, true);
	check_default("'a'::character varying(20)[]", true, true);
	check_default("now()", false, true);
	check_default("CURRENT_TIMESTAMP", false, true);
	check_default("gen_random_uuid()", false, false);
	check_default("now() + f()", false, false);
	check_default("1 + random()", false, false);
}

/* --- edits of a table's definition --- */

#define TABLE                                                                  \
	"CREATE TABLE \"t\" (\n"                                               \
	"    id integer PRIMARY KEY, -- the key, first\n"                      \
	"    a text DEFAULT 'x, y' NOT NULL,\n"                                \
	"    b int CHECK (b > c),\n"                                           \
	"    c int REFERENCES p (a) ON DELETE SET NULL,\n"                     \
	"    CONSTRAINT pair UNIQUE (a, c),\n"                                 \
	"    CHECK (c <> 3)\n"                                                 \
	") STRICT"

static void check_edit(const char *edit, const char *expected)
{
	struct error err = { 0 };
	char *text = talloc_strdup(mem, TABLE);

	if (edit_table(mem, &text, edit, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(text, expected);
}

static void edits_a_definition_and_leaves_the_rest(void **state)
{
	(void)state;
	check_edit("add d text",
		   "CREATE TABLE \"t\" (\n"
		   "    id integer PRIMARY KEY, -- the key, first\n"
		   "    a text DEFAULT 'x, y' NOT NULL,\n"
		   "    b int CHECK (b > c),\n"
		   "    c int REFERENCES p (a) ON DELETE SET NULL,\n"
		   "    d text,\n"
		   "    CONSTRAINT pair UNIQUE (a, c),\n"
		   "    CHECK (c <> 3)\n"
		   ") STRICT");
	check_edit("drop C", "CREATE TABLE \"t\" (\n"
			     "    id integer PRIMARY KEY, -- the key, first\n"
			     "    a text DEFAULT 'x, y' NOT NULL,\n"
			     "    b int \n"
			     ") STRICT");
	check_edit("drop a", "CREATE TABLE \"t\" (\n"
			     "    id integer PRIMARY KEY,\n"
			     "    b int CHECK (b > c),\n"
			     "    c int REFERENCES p (a) ON DELETE SET NULL,\n"
			     "    CHECK (c <> 3)\n"
			     ") STRICT");
	check_edit("no-constraint pair",
		   "CREATE TABLE \"t\" (\n"
		   "    id integer PRIMARY KEY, -- the key, first\n"
		   "    a text DEFAULT 'x, y' NOT NULL,\n"
		   "    b int CHECK (b > c),\n"
		   "    c int REFERENCES p (a) ON DELETE SET NULL,\n"
		   "    CHECK (c <> 3)\n"
		   ") STRICT");
}

static void check_column(const char *edit, const char *name,
			 const char *expected)
{
	struct error err = { 0 };
	struct table_text *table;
	char *text = talloc_strdup(mem, TABLE);

	if (edit_table(mem, &text, edit, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(table_parse(mem, text, &table, &err), 0);
	assert_string_equal(table_column(table, name)->text, expected);
}

static void edits_a_column(void **state)
{
	(void)state;
	check_column("add a int", "a", "a text DEFAULT 'x, y' NOT NULL");
	check_column("not-null b", "b", "b int CHECK (b > c) NOT NULL");
	check_column("not-null a", "a", "a text DEFAULT 'x, y' NOT NULL");
	check_column("null a", "a", "a text DEFAULT 'x, y'");
	check_column("no-default a", "a", "a text NOT NULL");
	check_column("default a 'z'", "a", "a text NOT NULL DEFAULT 'z'");
	check_column("default b (1 + 2)", "b",
		     "b int CHECK (b > c) DEFAULT (1 + 2)");
	check_column("type \"a\" varchar(20)", "a",
		     "a varchar(20) DEFAULT 'x, y' NOT NULL");
	check_column("constraint UNIQUE (b)", "c",
		     "c int REFERENCES p (a) ON DELETE SET NULL");
}

static void check_edit_fails(const char *edit, const char *message)
{
	struct error err = { 0 };
	char *text = talloc_strdup(mem, TABLE);

	assert_int_equal(edit_table(mem, &text, edit, &err), -1);
	assert_string_equal(err.message, message);
	assert_string_equal(text, TABLE);
	error_release(&err);
}

static void refuses_edits_of_what_is_not_there(void **state)
{
	(void)state;
	check_edit_fails("drop x", "table 't' has no column 'x'");
	check_edit_fails("no-constraint x", "table 't' has no constraint 'x'");
	check_edit_fails("drop id", "column 'id' is in the primary key");
	check_edit_fails("paint a blue", "unknown edit 'paint a blue'");
}

/* --- rebuilding --- */

static const char *rebuilt(const char *body, bool others)
{
	static char table[] = "CREATE TABLE t (id INTEGER PRIMARY KEY "
			      "AUTOINCREMENT, a text, g AS (a))";
	static char index[] = "CREATE INDEX i ON t (a)";
	static char trigger[] = "CREATE TRIGGER r AFTER UPDATE ON t BEGIN "
				"SELECT 1; END";
	static char *statements[] = { table, index, trigger };
	struct rebuild_source *source = talloc_zero(mem, struct rebuild_source);
	struct error err = { 0 };
	char *out = NULL;
	int made;

	source->engine = db_engine_named("sqlite");
	source->statements = statements;
	source->count = 3;
	source->others = others;
	made = rebuild_make(mem, body, &out, source, &err);
	assert_int_equal(made, out != NULL);
	return out ? out : source->reason;
}

static void makes_a_table_anew(void **state)
{
	(void)state;
	assert_string_equal(
		rebuilt("have add b int\nnot-null b\nfill a upper(a)\n", true),
		"CREATE TABLE t__new (id INTEGER PRIMARY KEY AUTOINCREMENT, "
		"a text, g AS (a), b int NOT NULL);\n"
		"INSERT INTO t__new (id, a, b)\n"
		"    SELECT id, upper(a), b FROM t;\n"
		"DELETE FROM sqlite_sequence WHERE name = 't__new';\n"
		"INSERT INTO sqlite_sequence (name, seq)\n"
		"    SELECT 't__new', seq FROM sqlite_sequence WHERE name = "
		"'t';\n"
		"DROP TABLE t;\n"
		"-- Views or triggers speak of the table while it is away.\n"
		"PRAGMA legacy_alter_table = ON;\n"
		"ALTER TABLE t__new RENAME TO t;\n"
		"PRAGMA legacy_alter_table = OFF;\n"
		"CREATE INDEX i ON t (a);\n"
		"CREATE TRIGGER r AFTER UPDATE ON t BEGIN SELECT 1; END;\n");
}

static void rebuilds_without_what_is_on_a_dropped_column(void **state)
{
	const char *text = rebuilt("drop g\ndrop a\n", false);

	(void)state;
	assert_null(strstr(text, "CREATE INDEX"));
	assert_non_null(strstr(text, "CREATE TRIGGER"));
	assert_null(strstr(text, "PRAGMA"));
	text = rebuilt("have drop g\nhave drop a\noriginal\n", false);
	assert_non_null(strstr(text, "CREATE INDEX i"));
	assert_non_null(strstr(text, "INSERT INTO t__new (id)"));
	assert_string_equal(rebuilt("drop x\n", false),
			    "table 't' has no column 'x'");
}

/* --- choosing --- */

static struct scaffold *make(const char *engine, const char *name,
			     const char *template_name,
			     const struct given *given, size_t count,
			     struct error *err)
{
	struct scaffold_request request = {
		.name = name,
		.template_name = template_name,
		.given = given,
		.given_count = count,
		.engine = db_engine_named(engine),
		.overlay = overlay_new(mem, NULL),
	};
	struct templates *templates;
	struct scaffold *scaffold = NULL;

	if (templates_read(mem, request.overlay, &templates, err) < 0)
		fail_msg("%s: %s", err->file, err->message);
	request.templates = templates;
	return scaffold_make(mem, &request, &scaffold, err) < 0 ? NULL
								: scaffold;
}

static void check_chosen(const char *name, const char *template_name)
{
	struct error err = { 0 };
	struct scaffold *s = make("sqlite", name, NULL, NULL, 0, &err);

	if (!s)
		fail_msg("%s: %s", name, err.message);
	assert_string_equal(s->template_name, template_name);
}

static void infers_the_template_from_the_name(void **state)
{
	(void)state;
	check_chosen("add_email_to_users", "add-column");
	check_chosen("add_column_email_to_users", "add-column");
	check_chosen("remove_email_from_users", "drop-column");
	check_chosen("drop_column_email_from_users", "drop-column");
	check_chosen("create_users", "create-table");
	check_chosen("create_table_users", "create-table");
	check_chosen("drop_users", "drop-table");
	check_chosen("add_index_on_email_to_users", "add-index");
	check_chosen("add_unique_index_on_email_to_users", "add-index");
	check_chosen("add_index_to_users_on_email", "add-index");
	check_chosen("remove_index_on_email_from_users", "drop-index");
	check_chosen("drop_index_users_email", "drop-index");
	check_chosen("create_view_active_users", "blank");
	check_chosen("rename_a_to_b_in_users", "rename-column");
	check_chosen("rename_a_in_users_to_b", "rename-column");
	check_chosen("rename_users_to_people", "blank");
	check_chosen("change_a_to_bigint_in_users", "change-type");
	check_chosen("change_type_of_a_in_users", "change-type");
	check_chosen("add_fk_on_user_id_to_orders", "add-foreign-key");
	check_chosen("add_unique_on_a_and_b_to_users", "add-unique");
	check_chosen("add_unique_constraint_to_users_on_a", "add-unique");
	check_chosen("add_check_on_age_to_users", "add-check");
	check_chosen("backfill_name_in_users", "backfill");
	check_chosen("add_unique_id_to_users", "add-column");
	check_chosen("tidy_up", "blank");
}

static void check_up(const char *engine, const char *name,
		     const struct given *given, size_t count, size_t pair,
		     const char *expected)
{
	struct error err = { 0 };
	struct scaffold *s = make(engine, name, NULL, given, count, &err);

	if (!s)
		fail_msg("%s: %s", name, err.message);
	assert_in_range(pair, 0, s->count - 1);
	if (!strstr(s->pairs[pair].text[DIRECTION_UP], expected))
		fail_msg("no '%s' in: %s", expected,
			 s->pairs[pair].text[DIRECTION_UP]);
}

static void takes_names_apart(void **state)
{
	static const struct given type[] = { { "type", "int" } };

	(void)state;
	check_up("postgresql", "add_way_to_go_to_users", type, 1, 0,
		 "ALTER TABLE users ADD COLUMN way_to_go int;");
	check_up("postgresql", "add_index_on_a_and_b_to_users", NULL, 0, 0,
		 "CREATE INDEX CONCURRENTLY idx_users_a_b ON users (a, b);");
	check_up("sqlite", "add_unique_index_on_a_to_users", NULL, 0, 0,
		 "CREATE UNIQUE INDEX idx_users_a ON users (a);");
	check_up("postgresql", "add_order_to_user", type, 1, 0,
		 "ALTER TABLE \"user\" ADD COLUMN \"order\" int;");
}

static void what_is_given_comes_first(void **state)
{
	static const struct given given[] = {
		{ "column", "b" },
		{ "type", "text" },
		{ "not-null", "yes" },
		{ "fill", "'x'" },
	};

	(void)state;
	check_up("sqlite", "add_a_to_t", given, 2, 0,
		 "ALTER TABLE t ADD COLUMN b text;");
	check_up("postgresql", "add_a_to_t", given, 4, 1,
		 "UPDATE t SET b = 'x' WHERE b IS NULL;");
	check_up("postgresql", "add_a_to_t", given, 4, 2,
		 "ALTER TABLE t VALIDATE CONSTRAINT t_b_not_null;");
}

static void a_series_has_a_pair_for_each_phase(void **state)
{
	static const struct given given[] = { { "not-null", "yes" } };
	struct error err = { 0 };
	struct scaffold *s = make("postgresql", "add_a_to_t", NULL, given, 1,
				  &err);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->count, 3);
	assert_string_equal(s->pairs[0].name, "add_a_to_t_expand");
	assert_string_equal(s->pairs[1].name, "add_a_to_t_backfill");
	assert_string_equal(s->pairs[2].name, "add_a_to_t_constrain");
	assert_int_equal(s->edits, 2);
	assert_non_null(strstr(s->pairs[1].text[DIRECTION_UP],
			       "-- migrate: hold \"deploy the code"));
}

static void check_not_chosen(const char *name, const char *template_name,
			     const struct given *given, size_t count,
			     const char *message)
{
	struct error err = { 0 };

	assert_null(make("sqlite", name, template_name, given, count, &err));
	assert_int_equal(err.code, ERROR_USAGE);
	assert_string_equal(err.message, message);
	error_release(&err);
}

static void says_what_a_template_takes(void **state)
{
	static const struct given given[] = {
		{ "type", "text" },
		{ "type", "int" },
	};

	(void)state;
	check_not_chosen("x", "nope", NULL, 0, "there is no template 'nope'");
	check_not_chosen("drop_t", NULL, given, 1,
			 "template 'drop-table' takes no --type");
	check_not_chosen("add_a_to_t", NULL, given, 2,
			 "template 'add-column' takes only one --type");
	check_not_chosen("x", NULL, given, 1,
			 "the name 'x' fits no template that takes --type");
	check_not_chosen("x", "drop-table", NULL, 0,
			 "template 'drop-table' needs --table, and the name "
			 "'x' does not tell it");
	check_not_chosen("x", "drop-index", NULL, 0,
			 "template 'drop-index' needs --index");
}

/* Every template, on every engine, with all it takes and with the least. */
static void check_template(const struct template *t, const char *engine,
			   bool all)
{
	static const char *const texts[] = {
		[VALUE_FLAG] = "yes",	   [VALUE_SQL] = "text",
		[VALUE_DEFAULT] = "'x'",   [VALUE_NAME] = "\"a\"\"b\"",
		[VALUE_NAMES] = "c",	   [VALUE_KEYS] = "c",
		[VALUE_COLUMNS] = "c:int",
	};
	struct given given[16];
	struct error err = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < t->parameter_count; i++) {
		const struct parameter *p = &t->parameters[i];

		if (!all && !p->required)
			continue;
		given[count].name = p->name;
		given[count++].text = texts[p->kind];
	}
	if (!make(engine, "x", t->name, given, count, &err))
		fail_msg("%s on %s: %s:%d: %s", t->name, engine, err.file,
			 err.line, err.message);
}

static void every_template_makes_scripts_that_can_be_read(void **state)
{
	struct error err = { 0 };
	struct templates *templates;

	(void)state;
	assert_int_equal(
		templates_read(mem, overlay_new(mem, NULL), &templates, &err),
		0);
	assert_true(templates->count >= 8);
	for (size_t i = 0; i < templates->count; i++)
		for (int all = 0; all < 2; all++) {
			check_template(&templates->list[i], "sqlite", all);
			check_template(&templates->list[i], "postgresql", all);
			check_template(&templates->list[i], "mariadb", all);
			check_template(&templates->list[i], "mysql", all);
		}
}

/* --- versions --- */

static void versions_are_seconds_where_they_are_dates(void **state)
{
	(void)state;
	assert_int_equal(version_at(1771000000123456), 20260213162640);
	assert_int_equal(version_next(20260213162640), 20260213162641);
	assert_int_equal(version_next(20231231235959), 20240101000000);
	assert_int_equal(version_next(20240228235959), 20240229000000);
	assert_int_equal(version_next(20230228235959), 20230301000000);
	assert_int_equal(version_next(1), 2);
	assert_int_equal(version_next(20230230000000), 20230230000001);
	assert_int_equal(version_next(99991231235959), 99991231235960);
	assert_int_equal(version_next(99999999999998), 99999999999999);
	assert_int_equal(version_next(99999999999999), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_names_of_any_words),
		TEST(refuses_names_that_are_none),
		TEST(quotes_names_where_needed),
		TEST(takes_sections_by_what_is_given),
		TEST(lines_of_tags_alone_go),
		TEST(repeats_for_lists),
		TEST(doubles_quotes_inside_directives),
		TEST(names_the_place_of_a_bad_tag),
		TEST(refuses_values_that_end_a_statement),
		TEST(knows_which_defaults_rewrite_no_table),
		TEST(edits_a_definition_and_leaves_the_rest),
		TEST(edits_a_column),
		TEST(refuses_edits_of_what_is_not_there),
		TEST(makes_a_table_anew),
		TEST(rebuilds_without_what_is_on_a_dropped_column),
		TEST(infers_the_template_from_the_name),
		TEST(takes_names_apart),
		TEST(what_is_given_comes_first),
		TEST(a_series_has_a_pair_for_each_phase),
		TEST(says_what_a_template_takes),
		TEST(every_template_makes_scripts_that_can_be_read),
		TEST(versions_are_seconds_where_they_are_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
