#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/postgres_server.h"

static char *open_error(TALLOC_CTX *mem, const char *url)
{
	const struct db_options options = { .wait_ms = 1000 };
	struct error err = { 0 };
	struct db *db;

	assert_int_equal(db_engine_postgres.open(mem, url, &options, &db, &err),
			 -1);
	return pgt_error(mem, &err);
}

static void knows_its_connection_strings(void **state)
{
	static const char *const its[] = {
		"postgres://h/d",
		"postgresql://u:p@h:5432/d?sslmode=require",
		"postgresql:///d?host=/tmp",
		"host=h dbname=d",
		"dbname = d",
		"service=shop",
		" user=u ",
		"port='1'",
	};
	static const char *const others[] = {
		"sqlite:x.db",
		"sqlite://x?mode=ro",
		"mysql://h/d",
		"x.db",
		"/tmp/a=b.db",
		"nosuchkey=1",
		"",
		"=",
		"dev",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(its) / sizeof(*its); i++)
		assert_true(db_engine_postgres.accepts(its[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(db_engine_postgres.accepts(others[i]));
}

static void describes_itself_without_the_host(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct db *db = pgt_open(mem, pgt_url(mem, "postgres"));

	(void)state;
	assert_string_equal(db->label, "postgresql:postgres");
	assert_string_equal(db->database, "postgres");
	assert_string_equal(db->engine->name, "postgresql");
	assert_true(db->major >= 10);
	assert_int_equal(atoi(db->server_version), db->major);
	assert_string_equal(pgt_ask(mem, db, "SHOW application_name"),
			    "git-migrate");
	assert_string_equal(pgt_ask(mem, db, "SHOW client_encoding"), "UTF8");
	talloc_free(mem);
}

static void takes_every_form_of_libpq(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *file = talloc_asprintf(mem, "%s/service.conf",
				     getenv("TMPDIR") ? getenv("TMPDIR")
						      : "/tmp");
	FILE *out = fopen(file, "w");
	struct db *db;

	(void)state;
	db = pgt_open(mem,
		      talloc_asprintf(mem,
				      "host=%s port=%s user=postgres "
				      "dbname=postgres application_name=mine",
				      getenv("PGHOST"), getenv("PGPORT")));
	assert_string_equal(pgt_ask(mem, db, "SHOW application_name"), "mine");
	fprintf(out,
		"[shop]\nhost=%s\nport=%s\nuser=postgres\n"
		"dbname=postgres\noptions=-c lock_timeout=7s\n",
		getenv("PGHOST"), getenv("PGPORT"));
	fclose(out);
	setenv("PGSERVICEFILE", file, 1);
	db = pgt_open(mem, "service=shop");
	assert_string_equal(db->label, "postgresql:postgres");
	assert_string_equal(pgt_ask(mem, db, "SHOW lock_timeout"), "7s");
	pgt_well(mem, db, "SET lock_timeout TO 0");
	assert_string_equal(pgt_ask(mem, db, "SHOW lock_timeout"), "7s");
	assert_string_equal(
		open_error(mem, "service=nosuch"),
		talloc_asprintf(mem,
				"6|unable to connect to 'postgresql:': "
				"definition of service \"nosuch\" not found||"
				"services are looked up in "
				"~/.pg_service.conf or PGSERVICEFILE||:0:0"));
	unsetenv("PGSERVICEFILE");
	remove(file);
	talloc_free(mem);
}

/* Lets one role in only with its password. */
static void ask_for_passwords(struct db *db)
{
	pgt_sql(db, "DROP ROLE IF EXISTS unit_secret;"
		    "CREATE ROLE unit_secret LOGIN PASSWORD 'hunter2';"
		    "DO $$ DECLARE file text := "
		    "current_setting('hba_file'); BEGIN "
		    "IF pg_read_file(file) !~ 'unit_secret' THEN "
		    "EXECUTE format('COPY (SELECT line FROM (SELECT 0 AS n, "
		    "%L AS line UNION ALL SELECT n, line FROM "
		    "regexp_split_to_table(%L, E''\\n'') WITH ORDINALITY "
		    "AS t (line, n)) AS l ORDER BY n) TO %L', "
		    "'host all unit_secret 127.0.0.1/32 scram-sha-256', "
		    "pg_read_file(file), file); "
		    "PERFORM pg_reload_conf(); PERFORM pg_sleep(0.2); "
		    "END IF; END $$");
}

static char *secret_url(TALLOC_CTX *mem, const char *user)
{
	return talloc_asprintf(mem, "postgresql://%s@127.0.0.1:%s/postgres",
			       user, getenv("PGPORT"));
}

static void never_tells_a_password(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct db *db = pgt_open(mem, pgt_url(mem, "postgres"));
	char *text;

	(void)state;
	ask_for_passwords(db);
	talloc_free(pgt_open(mem, secret_url(mem, "unit_secret:hunter2")));
	text = open_error(mem, secret_url(mem, "unit_secret:hunter3"));
	assert_null(strstr(text, "hunter"));
	assert_string_equal(
		text, talloc_asprintf(
			      mem,
			      "6|unable to connect to 'postgresql:postgres': "
			      "password authentication failed for user "
			      "\"unit_secret\"|connection to server at "
			      "\"127.0.0.1\", port %s|passwords are read from "
			      "~/.pgpass, PGPASSWORD or the person's own "
			      "configuration||:0:0",
			      getenv("PGPORT")));
	text = open_error(mem, secret_url(mem, "unit_secret"));
	assert_non_null(strstr(text, "no password supplied"));
	setenv("PGPASSWORD", "hunter2", 1);
	talloc_free(pgt_open(mem, secret_url(mem, "unit_secret")));
	setenv("PGPASSWORD", "hunter3", 1);
	text = open_error(mem, secret_url(mem, "unit_secret"));
	assert_null(strstr(text, "hunter"));
	unsetenv("PGPASSWORD");
	talloc_free(mem);
}

static void tells_nothing_of_a_garbled_url(void **state)
{
	static const char *const urls[] = {
		"postgresql://u:hun@ter2@127.0.0.1/d",
		"postgresql://u:hun/ter2@127.0.0.1/d",
		"postgresql://u:hun#ter2@127.0.0.1:1/d?nosuch=ter2",
		"postgresql://u:hun%ter2@127.0.0.1/d",
		"postgresql://u:hunter2@[127.0.0.1/d",
		"password=hunter2 ter2 host=h",
		"host=127.0.0.1 port=ter2hun",
		"password='hunter2",
		"host=u:hunter2@127.0.0.1 dbname=d",
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		char *text = open_error(mem, urls[i]);
		const char *hint = strstr(text, "write");

		if (strstr(text, "ter2") || strstr(text, "hun"))
			print_error("%s: %s\n", urls[i], text);
		assert_null(strstr(text, "ter2"));
		assert_null(strstr(text, "hun"));
		assert_non_null(hint);
	}
	talloc_free(mem);
}

static void says_what_to_do_about_a_failed_connection(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *text = open_error(mem, pgt_url(mem, "nosuch"));

	(void)state;
	assert_non_null(strstr(text, "6|unable to connect to "
				     "'postgresql:nosuch': database "
				     "\"nosuch\" does not exist|"));
	assert_non_null(strstr(text, "|create it: createdb nosuch|"));
	text = open_error(mem, pgt_url(mem, "no%27such%20one"));
	assert_non_null(
		strstr(text, "|create it: createdb 'no'\\''such one'|"));
	text = open_error(mem, "postgresql://127.0.0.1:1/d?connect_timeout=3");
	assert_non_null(strstr(text, "Connection refused"));
	assert_non_null(strstr(text, "pg_isready tells"));
	text = open_error(mem, "host=/nowhere dbname=d");
	assert_non_null(strstr(text, "No such file or directory"));
	text = open_error(mem, "postgresql://no.such.host.invalid/d");
	assert_non_null(strstr(text, "could not translate host name"));
	assert_non_null(strstr(text, "|look at the host in"));
	talloc_free(mem);
}

static void names_the_secret_that_would_leave_this_machine(void **state)
{
	const char *(*secret)(const char *) =
		db_engine_postgres.environment_secret;

	(void)state;
	assert_null(secret("postgresql://db.example/d"));
	setenv("PGPASSWORD", "x", 1);
	assert_string_equal(secret("postgresql://db.example/d"), "PGPASSWORD");
	assert_string_equal(secret("host=localhost,db.example"), "PGPASSWORD");
	assert_string_equal(secret("hostaddr=10.0.0.1"), "PGPASSWORD");
	assert_null(secret("postgresql://u:p@db.example/d"));
	assert_null(secret("postgresql:///d"));
	assert_null(secret("postgresql://localhost/d"));
	assert_null(secret("host=/tmp"));
	assert_null(secret("host=127.0.0.1 dbname=d"));
	unsetenv("PGPASSWORD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_connection_strings),
		cmocka_unit_test(describes_itself_without_the_host),
		cmocka_unit_test(takes_every_form_of_libpq),
		cmocka_unit_test(never_tells_a_password),
		cmocka_unit_test(tells_nothing_of_a_garbled_url),
		cmocka_unit_test(says_what_to_do_about_a_failed_connection),
		cmocka_unit_test(
			names_the_secret_that_would_leave_this_machine),
	};

	return cmocka_run_group_tests_name("postgres_connect", tests, pgt_setup,
					   pgt_teardown);
}
