#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ledger.h"
#include "tests/unit/mysql_bed.h"

/* The engine on the server that `make test` started. */

struct fixture {
	TALLOC_CTX *mem;
	char *url;
	struct db *db;
};

/* Returns when the server has let go of it, and of its locks, too: a KILL
   itself comes back sooner. */
static void kill_connection(struct db *db, unsigned long id)
{
	char text[96];

	snprintf(text, sizeof(text), "KILL %lu", id);
	myt_sql(db, text);
	snprintf(text, sizeof(text),
		 "SELECT count(*) FROM information_schema.processlist "
		 "WHERE id = %lu",
		 id);
	while (strcmp(myt_ask(db, text), "0") != 0)
		usleep(1000);
}

static int fresh(void **state)
{
	struct fixture *f = talloc_zero(NULL, struct fixture);

	f->mem = f;
	f->url = myt_create(f);
	if (!f->url)
		return -1;
	f->db = myt_open(f, f->url);
	*state = f;
	return 0;
}

static int done(void **state)
{
	struct fixture *f = *state;

	myt_drop(f->db);
	talloc_free(f);
	return 0;
}

/* --- URLs ----------------------------------------------------------------- */

static void takes_urls_apart(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error err = { 0 };
	struct my_url u;

	(void)state;
	assert_int_equal(
		my_url_parse(mem,
			     "mysql://a%40b:p%3A%25@[::1]:3307/sh%6fp?"
			     "ssl_mode=verify-ca&ssl-ca=%2Fca&parseTime=true&"
			     "connect_timeout=7&socket=/run/s",
			     &u, &err),
		0);
	assert_false(u.mariadb);
	assert_string_equal(u.user, "a@b");
	assert_string_equal(u.password, "p:%");
	assert_string_equal(u.host, "::1");
	assert_int_equal(u.port, 3307);
	assert_string_equal(u.database, "shop");
	assert_int_equal(u.tls, MY_TLS_VERIFY_CA);
	assert_string_equal(u.tls_ca, "/ca");
	assert_string_equal(u.socket, "/run/s");
	assert_int_equal(u.connect_timeout, 7);
	assert_int_equal(my_url_parse(mem, "mariadb:///shop", &u, &err), 0);
	assert_true(u.mariadb);
	assert_null(u.user);
	assert_null(u.host);
	assert_string_equal(u.database, "shop");
	talloc_free(mem);
}

static void refuses_url(const char *url, const char *message)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error err = { 0 };
	struct my_url u;

	assert_int_equal(my_url_parse(mem, url, &u, &err), -1);
	assert_string_equal(err.message, message);
	error_release(&err);
	talloc_free(mem);
}

static void refuses_urls_without_giving_secrets_away(void **state)
{
	(void)state;
	refuses_url("mysql://a:s%zz@h/d",
		    "unable to read the URL 'mysql://a:***@h/d': a % "
		    "introduces no character");
	refuses_url("mysql://a:s/ecret@h/d",
		    "unable to read the URL 'mysql://a:***@h/d': an @ stands "
		    "in the database's name");
	refuses_url("mysql://h:12x/d",
		    "what stands for a number in the URL is none");
	refuses_url("mysql://h/d?ssl-mode=on", "the URL's ssl-mode is none");
	refuses_url("mysql://h/d?sslcipher=x",
		    "the URL has an unknown TLS parameter");
}

static void names_the_secret_that_would_be_sent(void **state)
{
	(void)state;
	setenv("MYSQL_PWD", "x", 1);
	setenv("HOME", "/nonexistent", 1);
	assert_string_equal(my_environment_secret("mysql://a@h/d"),
			    "MYSQL_PWD");
	assert_null(my_environment_secret("mysql://a:p@h/d"));
	assert_null(my_environment_secret("mysql://a@localhost/d"));
	assert_null(my_environment_secret("mysql:///d"));
	unsetenv("MYSQL_PWD");
	assert_null(my_environment_secret("mysql://a@h/d"));
}

/* --- names ---------------------------------------------------------------- */

static void quotes_names_where_needed(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	assert_string_equal(my_quote_name(mem, "users"), "users");
	assert_string_equal(my_quote_name(mem, "Order"), "`Order`");
	assert_string_equal(my_quote_name(mem, "window"), "`window`");
	assert_string_equal(my_quote_name(mem, "a`b"), "`a``b`");
	assert_string_equal(my_quote_name(mem, "1"), "`1`");
	assert_string_equal(my_fold_name(mem, "`a``b`"), "a`b");
	assert_string_equal(
		my_qualify(mem, "d`b",
			   "SELECT 'git_migrations' FROM git_migrations"),
		"SELECT 'git_migrations' FROM `d``b`.git_migrations");
	talloc_free(mem);
}

/* --- queries -------------------------------------------------------------- */

static int take_all(const char *const *values, int count, void *data)
{
	char **text = data;

	for (int i = 0; i < count; i++)
		*text = talloc_asprintf_append(*text, "%s|",
					       values[i] ? values[i] : "-");
	return 0;
}

static void binds_parameters_as_text(void **state)
{
	struct fixture *f = *state;
	const char *params[] = { "1764200000000000123", "é😀'\\", NULL, "2" };
	char *text = talloc_strdup(f, "");
	struct error err = { 0 };

	myt_sql(f->db, "CREATE TABLE t (id bigint PRIMARY KEY, a text, b text) "
		       "CHARACTER SET utf8mb4");
	assert_int_equal(my_session_queue(f->db,
					  "INSERT INTO t VALUES ($1, $2, $3)",
					  params, 3, &err),
			 0);
	for (int times = 0; times < 2; times++)
		assert_int_equal(
			my_session_query(f->db,
					 "SELECT *, $1, 1.5e0, '$2' FROM t "
					 "WHERE id = $1 LIMIT $4",
					 params, 4, take_all, &text, &err),
			0);
	assert_string_equal(text,
			    "1764200000000000123|é😀'\\|-|1764200000000000123|"
			    "1.5|$2|1764200000000000123|é😀'\\|-|"
			    "1764200000000000123|1.5|$2|");
	/* a number that differs in its last digit alone is another one */
	params[0] = "1764200000000000124";
	text = talloc_strdup(f, "");
	assert_int_equal(my_session_query(f->db,
					  "SELECT * FROM t WHERE id = $1",
					  params, 1, take_all, &text, &err),
			 0);
	assert_string_equal(text, "");
}

static void counts_rows_exactly_up_to_the_limit(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	bool estimated;
	int64_t rows;

	myt_sql(f->db, "CREATE TABLE t (id int)");
	myt_sql(f->db, "CREATE VIEW v AS SELECT * FROM t");
	myt_sql(f->db, "INSERT INTO t SELECT seq FROM seq_1_to_1000");
	assert_int_equal(
		my_count_rows(f->db, "t", 1000, &rows, &estimated, &err), 0);
	assert_int_equal(rows, 1000);
	assert_false(estimated);
	assert_int_equal(my_count_rows(f->db, "t", 10, &rows, &estimated, &err),
			 0);
	assert_true(rows > 10);
	assert_true(estimated);
	assert_int_equal(my_count_rows(f->db, "v", 10, &rows, &estimated, &err),
			 0);
	assert_int_equal(rows, -1);
	assert_int_equal(
		my_count_rows(f->db, "mysql.user", 10, &rows, &estimated, &err),
		0);
	assert_int_equal(rows, -1);
}

/* --- the lock ------------------------------------------------------------- */

static void one_connection_has_the_lock(void **state)
{
	struct fixture *f = *state;
	struct db *other = myt_open(f, f->url);
	struct error err = { 0 };

	assert_int_equal(my_lock(f->db, &err), 0);
	assert_int_equal(my_lock(other, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_non_null(strstr(err.detail, "held by connection "));
	error_release(&err);
	assert_int_equal(my_unlock(f->db, &err), 0);
	assert_int_equal(my_lock(other, &err), 0);
	assert_int_equal(my_unlock(other, &err), 0);
	talloc_free(other);
}

static void takes_a_lost_lock_again(void **state)
{
	struct fixture *f = *state;
	struct db *other = myt_open(f, f->url);
	const struct script script = { .path = "x" };
	struct error err = { 0 };

	assert_int_equal(my_lock(f->db, &err), 0);
	kill_connection(other, my_of(f->db)->side.id);
	assert_int_equal(my_session_begin(f->db, &script, &err), 0);
	assert_int_equal(my_session_commit(f->db, &err), 0);
	assert_int_equal(my_lock(other, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	error_release(&err);
	/* nobody takes it as long as a statement may be carried out */
	kill_connection(other, my_of(f->db)->side.id);
	assert_int_equal(my_lock(other, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	error_release(&err);
	assert_int_equal(my_session_begin(f->db, &script, &err), 0);
	assert_int_equal(my_session_commit(f->db, &err), 0);
	/* and it says so when another one was faster */
	myt_sql(f->db, "DO RELEASE_ALL_LOCKS()");
	kill_connection(other, my_of(f->db)->side.id);
	while (my_lock(other, &err) < 0)
		error_release(&err);
	assert_int_equal(my_session_begin(f->db, &script, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	error_release(&err);
	talloc_free(other);
}

static void tells_which_connection_is_lost(void **state)
{
	struct fixture *f = *state;
	struct db *other = myt_open(f, f->url);
	struct error err = { 0 };

	assert_int_equal(my_lock(f->db, &err), 0);
	kill_connection(other, my_of(f->db)->side.id);
	assert_int_equal(my_unlock(f->db, &err), -1);
	assert_int_equal(err.code, ERROR_LOCK_LOST);
	assert_non_null(strstr(err.message, "beside that of the script"));
	assert_false(f->db->lost);
	error_release(&err);
	assert_string_equal(myt_ask(f->db, "SELECT 1"), "1");
	kill_connection(f->db, my_of(other)->main.id);
	assert_int_equal(my_run_sql(&my_of(other)->main, "SELECT 1", &err), -1);
	assert_int_equal(err.code, ERROR_CONNECTION);
	assert_true(other->lost);
	error_release(&err);
	talloc_free(other);
}

/* --- the catalog ---------------------------------------------------------- */

static const char *definition(struct catalog *c, const char *kind,
			      const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->objects[i].kind, kind) &&
		    !strcmp(c->objects[i].name, name))
			return c->objects[i].definition;
	return "(none)";
}

static const char *const everything[] = {
	"SET NAMES utf8mb4 COLLATE utf8mb4_general_ci",
	"SET sql_mode = 'STRICT_ALL_TABLES'",
	"CREATE TABLE a (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, "
	"n varchar(20) NOT NULL DEFAULT 'x' COMMENT 'it''s', "
	"v int AS (length(n)) VIRTUAL, ts timestamp NULL DEFAULT NULL "
	"ON UPDATE current_timestamp(), c int CHECK (c < 10), "
	"UNIQUE KEY u (n(5) DESC, v), CONSTRAINT k CHECK (v > 0)) "
	"COMMENT 'tab' AUTO_INCREMENT = 77 CHARACTER SET utf8mb4 "
	"COLLATE utf8mb4_general_ci",
	"CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id) "
	"(PARTITION p0 VALUES LESS THAN (10))",
	"CREATE TABLE f (id int, a bigint unsigned, CONSTRAINT fk FOREIGN KEY "
	"(a) REFERENCES a (id) ON DELETE CASCADE)",
	"CREATE VIEW b AS SELECT a.id FROM a JOIN f ON f.a = a.id",
	"CREATE VIEW aa AS SELECT * FROM b",
	"CREATE SEQUENCE sq START 5 INCREMENT 2",
	"CREATE FUNCTION fu(a int, b varchar(5)) RETURNS int DETERMINISTIC "
	"COMMENT 'hi' RETURN a",
	"CREATE PROCEDURE pr(INOUT x int) BEGIN\nSET x = 1; END",
	"CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.c = 1",
	"CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO DELETE FROM p",
	"INSERT INTO a (n) VALUES ('abc')",
	"DO nextval(sq)",
};

static struct catalog *look(struct fixture *f, struct db *db)
{
	struct error err = { 0 };
	struct catalog *c = NULL;

	if (my_catalog(f, db, &c, &err) < 0)
		fail_msg("%s", err.message);
	return c;
}

static void make_everything(struct fixture *f)
{
	for (size_t i = 0; i < sizeof(everything) / sizeof(*everything); i++)
		myt_sql(f->db, everything[i]);
}

static void spells_definitions_out(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct catalog *c;

	assert_int_equal(ledger_create(f->db, &err), 0);
	c = look(f, f->db);
	assert_int_equal(c->count, 1);
	make_everything(f);
	c = look(f, f->db);
#define IS(kind, name, text)                                                   \
	assert_string_equal(definition(c, kind, name), text)
	IS("table", "a",
	   "engine InnoDB row format Dynamic collate utf8mb4_general_ci "
	   "comment 'tab'");
	IS("column", "a.id", "bigint(20) unsigned not null auto_increment");
	IS("column", "a.n",
	   "varchar(20) collate utf8mb4_general_ci not null default 'x' "
	   "comment 'it\\'s'");
	IS("column", "a.v",
	   "int(11) default NULL VIRTUAL GENERATED as (octet_length(`n`))");
	IS("column", "a.ts",
	   "timestamp default NULL on update current_timestamp()");
	IS("index", "a.PRIMARY", "unique btree (id)");
	IS("index", "a.u", "unique btree (n(5) desc, v)");
	IS("check", "a.k", "table (`v` > 0)");
	IS("check", "a.c", "column (`c` < 10)");
	IS("partition", "p.p0", "1 range (`id`) values 10");
	IS("foreign key", "f.fk",
	   "(a) references a (id) on update restrict on delete cascade");
	IS("view", "b",
	   "algorithm undefined security definer as select `a`.`id` AS `id` "
	   "from (`a` join `f` on(`f`.`a` = `a`.`id`)) "
	   "collate utf8mb4_general_ci");
	IS("sequence", "sq",
	   "start 5 increment 2 minimum 1 maximum 9223372036854775806 cache "
	   "1000");
	IS("function", "fu",
	   "(in a int(11), in b varchar(5)) returns int(11) deterministic "
	   "contains sql security definer sql_mode 'STRICT_ALL_TABLES' "
	   "collate utf8mb4_general_ci comment 'hi' RETURN a");
	IS("procedure", "pr",
	   "(inout x int(11)) contains sql security definer sql_mode "
	   "'STRICT_ALL_TABLES' collate utf8mb4_general_ci BEGIN\\nSET x = 1; "
	   "END");
	IS("trigger", "a.tr",
	   "before insert number 1 sql_mode 'STRICT_ALL_TABLES' collate "
	   "utf8mb4_general_ci SET NEW.c = 1");
	IS("event", "ev",
	   "recurring every 1 day enabled on completion not preserve time "
	   "zone SYSTEM sql_mode 'STRICT_ALL_TABLES' collate "
	   "utf8mb4_general_ci DELETE FROM p");
	IS("table", "git_migrations", "(none)");
#undef IS
}

static void a_copy_is_the_same(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct db *scratch, *copy;
	struct fixture inner = *f;
	struct difference *list;
	size_t count;

	if (my_scratch(f, f->db, NULL, &scratch, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(look(f, scratch)->count, 1);
	inner.db = scratch;
	make_everything(&inner);
	if (my_scratch_copy(f, scratch, &copy, &err) < 0)
		fail_msg("%s", err.message);
	list = catalog_compare(f, look(f, scratch), look(f, copy), &count);
	for (size_t i = 0; i < count; i++)
		fail_msg("%s %s: %s, not %s", list[i].kind, list[i].name,
			 list[i].after, list[i].before);
	assert_string_equal(myt_ask(copy, "SELECT n FROM a"), "abc");
	assert_string_equal(myt_ask(copy, "SELECT nextval(sq) > 5"), "1");
	assert_string_equal(myt_ask(copy, "SELECT @@foreign_key_checks"), "1");
	talloc_free(copy);
	talloc_free(scratch);
	assert_string_equal(
		myt_ask(f->db,
			talloc_asprintf(f,
					"SELECT count(*) FROM "
					"information_schema.SCHEMATA WHERE "
					"SCHEMA_NAME LIKE "
					"'git\\_migrate\\_scratch\\_%d\\_%%'",
					(int)getpid())),
		"0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)

/* --- being stopped -------------------------------------------------------- */

static bool wants_to_stop;

static int stop_tick(const char *waiting_for, void *data)
{
	(void)waiting_for;
	(void)data;
	return wants_to_stop;
}

/* The next one is a statement of its own, as execute.c begins it. */
static int try_to_sleep(struct db *db, const char *text)
{
	struct error ignored = { 0 };
	char slept[256] = "(no row)";

	my_of(db)->cancelled_us = 0;
	if (my_run(&my_of(db)->main, text, strlen(text), myt_take, slept, NULL,
		   &ignored) < 0)
		strcpy(slept, "stopped");
	error_release(&ignored);
	return !strcmp(slept, "0") ? 0 : -1;
}

static void what_undoes_an_interrupted_run_is_not_stopped(void **state)
{
	struct fixture *f = *state;

	f->db->options.tick = stop_tick;
	wants_to_stop = true;
	assert_int_equal(try_to_sleep(f->db, "SELECT sleep(30)"), -1);
	f->db->engine->rollback(f->db);
	/* what is written down of it takes long */
	assert_int_equal(try_to_sleep(f->db, "SELECT sleep(30)"), -1);
	wants_to_stop = false;
	assert_int_equal(try_to_sleep(f->db, "SELECT sleep(0.3)"), 0);
	wants_to_stop = true;
	assert_int_equal(try_to_sleep(f->db, "SELECT sleep(30)"), -1);
	f->db->options.tick = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_urls_apart),
		cmocka_unit_test(refuses_urls_without_giving_secrets_away),
		cmocka_unit_test(names_the_secret_that_would_be_sent),
		cmocka_unit_test(quotes_names_where_needed),
		TEST(binds_parameters_as_text),
		TEST(counts_rows_exactly_up_to_the_limit),
		TEST(one_connection_has_the_lock),
		TEST(takes_a_lost_lock_again),
		TEST(tells_which_connection_is_lost),
		TEST(spells_definitions_out),
		TEST(a_copy_is_the_same),
		TEST(what_undoes_an_interrupted_run_is_not_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
