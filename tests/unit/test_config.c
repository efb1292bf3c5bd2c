#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

static void refused(const char *key, const char *value, const char *message)
{
	struct config *config = config_new(NULL);
	struct error err = { 0 };

	assert_int_equal(config_set(config, CONFIG_SHARED, key, value,
				    ".gitmigrate", 7, &err),
			 -1);
	assert_string_equal(err.message, message);
	assert_int_equal(err.line, 7);
	error_release(&err);
	talloc_free(config);
}

static void a_shared_file_cannot_do_harm(void **state)
{
	(void)state;
	refused("migrate.scratchurl", "postgresql://x/y",
		"the key 'migrate.scratchurl' may not be set in "
		"'.gitmigrate'");
	refused("migrate.requireproof", "false",
		"the key 'migrate.requireproof' may not be set in "
		"'.gitmigrate': only 'true' may be set there");
	refused("migrate.batchtarget", "201ms",
		"the key 'migrate.batchtarget' may not be set in "
		"'.gitmigrate': only a shorter time than the default "
		"may be set there");
	refused("migrate.batchtarget", "0",
		"the key 'migrate.batchtarget' may not be set in "
		"'.gitmigrate': only a shorter time than the default "
		"may be set there");
	refused("migrate.maxreplicalag", "1h",
		"the key 'migrate.maxreplicalag' may not be set in "
		"'.gitmigrate': only a shorter time than the default "
		"may be set there");
	refused("migrate.maxwaiting", "4",
		"the key 'migrate.maxwaiting' may not be set in "
		"'.gitmigrate': only less than the default may be set there");
	refused("migrate-target.production.protected", "no",
		"the key 'migrate-target.production.protected' may not be set "
		"in '.gitmigrate': only 'true' may be set there");
	refused("migrate-target.a.url", "postgresql://u:p@h/d",
		"the key 'migrate-target.a.url' may not be set in "
		"'.gitmigrate': it has a password");
	refused("migrate-target.a.url", "host=h passfile=/etc/x",
		"the key 'migrate-target.a.url' may not be set in "
		"'.gitmigrate': it has a password, a service, or a TLS or "
		"password file");
	refused("migrate-target.a.url", "postgresql://h/d?%70assword=x",
		"the key 'migrate-target.a.url' may not be set in "
		"'.gitmigrate': it has parameters in percent encoding");
	refused("migrate-target.a.url", "host=h sslmode = prefer",
		"the key 'migrate-target.a.url' may not be set in "
		"'.gitmigrate': its sslmode asks for no encryption");
	refused("migrate-target.a.url", "mariadb://h/d?ssl_mode=preferred",
		"the key 'migrate-target.a.url' may not be set in "
		"'.gitmigrate': its sslmode asks for no encryption");
	refused("migrate-target.a.url", "mysql://h/d?default-file=/etc/x",
		"the key 'migrate-target.a.url' may not be set in "
		"'.gitmigrate': it has a password, a service, or a TLS or "
		"password file");
	refused("migrate.target", "postgresql://h/d?service=production",
		"the key 'migrate.target' may not be set in '.gitmigrate': it "
		"has a password, a service, or a TLS or password file");
	refused("migrate.dir", "../elsewhere",
		"the key 'migrate.dir' may not be set in '.gitmigrate': the "
		"folder lies outside the work tree");
	refused("core.editor", "rm",
		"the key 'core.editor' may not be set in "
		"'.gitmigrate'");
}

static void a_shared_file_may_name_a_database(void **state)
{
	static const char *const urls[] = {
		"postgresql://app@token.internal/customer_service",
		"postgresql://app@h/d?sslmode=verify-full",
		"host=service.internal dbname=d sslmode='require'",
		"sqlite://passwords.db",
		"mariadb://app@h/d?ssl-mode=verify-identity",
	};
	struct config *config = config_new(NULL);
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		assert_int_equal(config_set(config, CONFIG_SHARED,
					    "migrate-target.a.url", urls[i],
					    ".gitmigrate", 1, &err),
				 0);
	talloc_free(config);
}

static void later_scopes_win(void **state)
{
	struct config *config = config_new(NULL);
	struct error err = { 0 };
	bool own = config_is_own(config, "migrate.target");

	(void)state;
	assert_false(own);
	config_set(config, CONFIG_GIT, "migrate.target", "mine", "", 0, &err);
	config_set(config, CONFIG_SHARED, "migrate.target", "dev", "f", 1,
		   &err);
	assert_string_equal(config_get(config, "migrate.target"), "mine");
	assert_true(config_is_own(config, "migrate.target"));
	config_set(config, CONFIG_GIT, "migrate.target", "again", "", 0, &err);
	assert_string_equal(config_get(config, "migrate.target"), "again");
	talloc_free(config);
}

static void reads_durations(void **state)
{
	struct config *config = config_new(NULL);
	struct error err = { 0 };
	int ms;

	(void)state;
	assert_int_equal(
		config_duration(config, "migrate.batchtarget", 200, &ms, &err),
		0);
	assert_int_equal(ms, 200);
	assert_int_equal(config_set(config, CONFIG_SHARED,
				    "migrate.batchtarget", "50ms",
				    ".gitmigrate", 1, &err),
			 0);
	assert_int_equal(
		config_duration(config, "migrate.batchtarget", 200, &ms, &err),
		0);
	assert_int_equal(ms, 50);
	config_set(config, CONFIG_GIT, "migrate.batchtarget", "5 ms", "here", 0,
		   &err);
	assert_int_equal(
		config_duration(config, "migrate.batchtarget", 200, &ms, &err),
		-1);
	assert_string_equal(err.message, "bad duration '5 ms' for "
					 "'migrate.batchtarget' in here");
	error_release(&err);
	talloc_free(config);
}

static void finds_the_target(void **state)
{
	struct config *config = config_new(NULL);
	struct error err = { 0 };
	struct target t;

	(void)state;
	unsetenv("DATABASE_URL");
	assert_int_equal(config_target(config, config, NULL, &t, &err), 0);
	assert_string_equal(t.name, "dev");
	assert_string_equal(t.url, "sqlite:dev.db");
	assert_true(t.disposable);
	setenv("DATABASE_URL", "postgresql://h/d", 1);
	assert_int_equal(config_target(config, config, NULL, &t, &err), 0);
	assert_string_equal(t.name, "env");
	assert_false(t.disposable);
	config_set(config, CONFIG_SHARED, "migrate.target", "p", "f", 1, &err);
	config_set(config, CONFIG_SHARED, "migrate-target.p.url",
		   "sqlite:/tmp/x.db", "f", 2, &err);
	config_set(config, CONFIG_SHARED, "migrate-target.p.protected", NULL,
		   "f", 3, &err);
	assert_int_equal(config_target(config, config, NULL, &t, &err), 0);
	assert_string_equal(t.name, "p");
	assert_true(t.protected_);
	assert_false(t.disposable);
	assert_false(t.own_url);
	assert_int_equal(config_target(config, config, "nope", &t, &err), -1);
	assert_string_equal(err.message, "no target 'nope' is configured");
	error_release(&err);
	assert_int_equal(config_target(config, config, "sqlite:y.db", &t, &err),
			 0);
	assert_null(t.name);
	unsetenv("DATABASE_URL");
	talloc_free(config);
}

static void bad_values_name_their_origin(void **state)
{
	struct config *config = config_new(NULL);
	struct error err = { 0 };
	int64_t n;
	bool b;

	(void)state;
	config_set(config, CONFIG_GIT, "migrate.countrows", "10k", "", 0, &err);
	assert_int_equal(config_int(config, "migrate.countrows", 5, &n, &err),
			 0);
	assert_int_equal(n, 10240);
	config_set(config, CONFIG_GIT, "migrate.countrows", "9000000000g", "",
		   0, &err);
	assert_int_equal(config_int(config, "migrate.countrows", 5, &n, &err),
			 -1);
	error_release(&err);

	config_set(config, CONFIG_GIT, "migrate.countrows", "many",
		   "file:.git/config", 0, &err);
	assert_int_equal(config_int(config, "migrate.countrows", 5, &n, &err),
			 -1);
	assert_string_equal(err.message, "bad number 'many' for "
					 "'migrate.countrows' in "
					 "file:.git/config");
	error_release(&err);
	config_set(config, CONFIG_GIT, "migrate.x", "maybe", "", 0, &err);
	assert_int_equal(config_bool(config, "migrate.x", false, &b, &err), -1);
	assert_string_equal(err.message, "bad boolean 'maybe' for 'migrate.x'");
	error_release(&err);
	talloc_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shared_file_cannot_do_harm),
		cmocka_unit_test(a_shared_file_may_name_a_database),
		cmocka_unit_test(later_scopes_win),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(finds_the_target),
		cmocka_unit_test(bad_values_name_their_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
