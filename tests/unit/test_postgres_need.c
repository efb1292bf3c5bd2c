#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/db/postgres/modes.h"
#include "core/db/postgres/need.h"
#include "tests/unit/postgres_server.h"

/* Which locks statements will ask for; no server is asked. */

static const char *mode_text(int mode)
{
	return mode ? pg_mode_name(mode) : "-";
}

static void need_is(const char *text, const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const struct script *script = pgt_script(mem, text);
	const struct lock_need *need =
		&script->statements[script->statement_count - 1].need;

	assert_string_equal(
		talloc_asprintf(mem, "%s %s %d%s", mode_text(need->first),
				mode_text(need->others), need->reach,
				need->queues ? " queues" : ""),
		expected);
	talloc_free(mem);
}

#define AE "AccessExclusiveLock"
#define SRE "ShareRowExclusiveLock"
#define SUE "ShareUpdateExclusiveLock"

static void knows_what_statements_ask_for(void **state)
{
	(void)state;
	need_is("SELECT * FROM t", "- - 0");
	need_is("INSERT INTO t SELECT * FROM u", "RowExclusiveLock - 0");
	need_is("UPDATE t SET x = 1", "RowExclusiveLock - 0");
	need_is("CREATE TABLE n (x int)", "- - 0");
	need_is("CREATE TABLE n (x int REFERENCES t)", "- " SRE " 0 queues");
	need_is("CREATE TABLE n (x int, FOREIGN KEY (x) REFERENCES t)",
		"- " SRE " 0 queues");
	need_is("CREATE TABLE n PARTITION OF t DEFAULT", "- " AE " 4 queues");
	need_is("CREATE TABLE n (LIKE t)", "- - 0");
	need_is("CREATE INDEX i ON t (x)", "ShareLock - 1 queues");
	need_is("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW "
		"EXECUTE FUNCTION f()",
		SRE " - 1 queues");
	need_is("CREATE VIEW v AS SELECT * FROM t", "- - 0");
	need_is("CREATE OR REPLACE VIEW v AS SELECT * FROM t",
		AE " - 0 queues");
	need_is("ALTER TABLE t ADD z int", AE " - 1 queues");
	need_is("ALTER TABLE t ADD z int REFERENCES u", AE " " SRE " 1 queues");
	need_is("ALTER TABLE t ADD FOREIGN KEY (x) REFERENCES u",
		SRE " " SRE " 1 queues");
	need_is("ALTER TABLE t VALIDATE CONSTRAINT k", SUE " - 1");
	need_is("ALTER TABLE t ALTER x SET STATISTICS 9", SUE " - 1");
	need_is("ALTER TABLE t VALIDATE CONSTRAINT k, DROP COLUMN y",
		AE " - 3 queues");
	need_is("ALTER TABLE t ATTACH PARTITION u DEFAULT",
		SUE " " AE " 4 queues");
	need_is("DROP TABLE t, u", AE " " AE " 3 queues");
	need_is("DROP INDEX i", AE " - 0 queues");
	need_is("DROP TYPE e", "- - 0");
	need_is("DROP TYPE e CASCADE", "- - 0 queues");
	need_is("TRUNCATE t CASCADE", AE " - 3 queues");
	need_is("LOCK TABLE t IN SHARE MODE", "ShareLock - 1 queues");
	need_is("COMMENT ON TABLE t IS 'x'", SUE " - 0");
	need_is("DO $$ BEGIN END $$", "- - 0 queues");
	need_is("ALTER TABLE t SOMETHING new", "- - 0 queues");
	/* what the script has made is nobody else's */
	need_is("CREATE TABLE n (x int); CREATE INDEX i ON n (x)", "- - 1");
	need_is("CREATE TABLE n (x int); ALTER TABLE n ADD FOREIGN KEY (x) "
		"REFERENCES t",
		"- " SRE " 1 queues");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_statements_ask_for),
	};

	return cmocka_run_group_tests_name("postgres_need", tests, NULL, NULL);
}
