#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/thread/comment.h"
#include "core/thread/join.h"
#include "core/thread/kind.h"

#define V 20260213120000

static struct facts *some_facts(TALLOC_CTX *mem)
{
	struct facts *f = facts_new(mem, V, "add_email_verified_to_users",
				    DIRECTION_UP);
	struct fact_statement *s = facts_add_statement(f);
	struct fact_table *t = facts_table(f, "users");

	s->kind = "ALTER TABLE";
	s = facts_add_statement(f);
	s->kind = "UPDATE";
	s->rows = 1200;
	t->rows_before = t->rows_after = 450000;
	t->estimated = true;
	t = facts_table(f, "audit");
	t->rows_after = 1;
	facts_add_lock(f, "users_pkey", "AccessShareLock", 0);
	facts_add_lock(f, "audit", "RowExclusiveLock", 20000);
	facts_add_lock(f, "users", "AccessExclusiveLock", 10000);
	facts_release_locks(f, 92000);
	f->ok = true;
	f->duration_ms = 312;
	return f;
}

static struct proof *some_proof(TALLOC_CTX *mem)
{
	struct proof *p = talloc_zero(mem, struct proof);

	p->engine = "postgresql";
	p->major = 15;
	p->outcome = PROOF_PROVEN;
	p->at = "2026-02-13T11:00:00.000Z";
	p->up_ms = 12;
	p->down_ms = 5.2;
	p->again_ms = 11;
	return p;
}

static struct script *parse(TALLOC_CTX *mem, const char *text)
{
	struct error err = { 0 };
	struct script *script = NULL;
	size_t length = strlen(text);

	assert_int_equal(script_parse(mem, "m/x.sql", talloc_strdup(mem, text),
				      length, SQL_POSTGRESQL, &script, &err),
			 0);
	/* enough of what an engine's split does: one statement a line */
	for (size_t at = 0; at < length;) {
		struct sql_token t = sql_next_code(text, length, at,
						   SQL_POSTGRESQL);
		const char *end = memchr(text + t.offset, ';',
					 length - t.offset);
		struct statement *s;

		if (t.kind == SQL_END || !end)
			break;
		script->statements = talloc_realloc(
			script, script->statements, struct statement,
			(unsigned)script->statement_count + 1);
		s = &script->statements[script->statement_count++];
		memset(s, 0, sizeof(*s));
		s->offset = t.offset;
		s->length = (size_t)(end - text) - t.offset;
		s->kind = sql_kind(script, text + s->offset, s->length,
				   SQL_POSTGRESQL);
		at = (size_t)(end - text) + 1;
	}
	return script;
}

static struct comment_input some_input(void)
{
	return (struct comment_input){
		.version = V,
		.name = "add_email_verified_to_users",
		.target = "dev",
		.engine = "postgresql",
		.server_version = "15.18",
		.commit = "7a3f9e2b00000000000000000000000000000000",
		.source = "commit",
		.down_path = "migrations/20260213120000_add_email_verified_to_"
			     "users.down.sql",
	};
}

static char *compose(TALLOC_CTX *mem, const struct comment_input *in)
{
	struct error err = { 0 };
	char *body, *marker;
	const char *text = embed_text(COMMENT_TEMPLATE);

	assert_non_null(text);
	assert_int_equal(comment_compose(mem, in, text, COMMENT_TEMPLATE, &body,
					 &marker, &err),
			 0);
	assert_non_null(strstr(body, marker));
	return body;
}

#define MARKER                                                                 \
	"<!-- git-migrate:v1 version=20260213120000 "                          \
	"name=add_email_verified_to_users target=dev -->"

static void fills_in_what_was_measured(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *patterns[] = { "Defaults need no rewrite", "two\nlines" };
	const char *gotchas[] = { "ask @dba first" };
	const char *notes[] = { "Went *well*." };
	struct comment_input in = some_input();

	(void)state;
	in.up = some_facts(mem);
	in.proof = some_proof(mem);
	in.proof_state = PROOF_VALID;
	in.up_script = parse(mem, "-- migrate: note \"readers first\"\n"
				  "ALTER TABLE users ADD COLUMN email_verified "
				  "boolean DEFAULT false;\n"
				  "UPDATE users SET email_verified = true;\n");
	in.down_script = parse(mem, "-- migrate: data-loss \"the flags go\"\n"
				    "ALTER TABLE users DROP COLUMN x;\n");
	in.texts.task = "bd-abc123";
	in.texts.notes = notes;
	in.texts.note_count = 1;
	in.texts.patterns = patterns;
	in.texts.pattern_count = 2;
	in.texts.gotchas = gotchas;
	in.texts.gotcha_count = 1;
	assert_string_equal(
		compose(mem, &in),
		"✅ **Task bd-abc123**: Add email verified to users\n"
		"**Commit**: `7a3f9e2b00000000000000000000000000000000`\n"
		"\n"
		"Went *well*.\n"
		"\n"
		"readers first\n"
		"\n"
		"**Migration Details:**\n"
		"- Type: schema change (add column), data migration (update)\n"
		"- Tables: `audit`, `users`\n"
		"- Row counts: `audit`: new, 1 row; `users`: ~450,000 rows\n"
		"- Lock time: 82 ms (`AccessExclusiveLock` on `users`); also "
		"72 ms (`RowExclusiveLock` on `audit`); 92 ms "
		"(`AccessShareLock` on `users_pkey`)\n"
		"- Rollback tested: YES (`git migrate prove` on a scratch "
		"PostgreSQL 15, 2026-02-13T11:00:00.000Z)\n"
		"\n"
		"**Safety Measures Taken:**\n"
		"- Backup verification: not measured\n"
		"- Transaction scope: the whole script and its record in one "
		"transaction\n"
		"- Rollback plan: `migrations/20260213120000_add_email_verified"
		"_to_users.down.sql`; data loss: the flags go\n"
		"- Testing: up 12 ms, down 5.2 ms, up again 11 ms on a scratch "
		"PostgreSQL 15: no difference\n"
		"\n"
		"**Patterns Discovered:**\n"
		"- Defaults need no rewrite\n"
		"- two\n"
		"  lines\n"
		"\n"
		"**Gotchas Encountered:**\n"
		"- ask @\xe2\x80\x8b"
		"dba first\n"
		"\n"
		"**Performance Notes:**\n"
		"- Migration duration: 312 ms (`dev` on PostgreSQL 15.18)\n"
		"- Lock duration: 82 ms, wait for it not measured\n"
		"- Data volume: 1,200 rows affected, ~450,001 rows in the "
		"tables touched\n"
		"\n"
		"**For Next Migrations:**\n"
		"- none noted\n"
		"\n" MARKER);
	talloc_free(mem);
}

static void says_what_was_not_measured(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();

	(void)state;
	in.outcome = COMMENT_NOT_APPLIED;
	in.commit = NULL;
	in.down_path = NULL;
	assert_string_equal(
		compose(mem, &in),
		"📝 **Add email verified to users**\n"
		"**Commit**: not committed\n"
		"**Outcome**: not applied yet\n"
		"\n"
		"**Migration Details:**\n"
		"- Type: not measured\n"
		"- Tables: not measured\n"
		"- Row counts: not measured\n"
		"- Lock time: not measured\n"
		"- Rollback tested: NO (not proven; `git migrate prove "
		"20260213120000` does)\n"
		"\n"
		"**Safety Measures Taken:**\n"
		"- Backup verification: not measured\n"
		"- Transaction scope: not measured\n"
		"- Rollback plan: no down script\n"
		"- Testing: rollback not tested\n"
		"\n"
		"**Patterns Discovered:**\n"
		"- none noted\n"
		"\n"
		"**Gotchas Encountered:**\n"
		"- none noted\n"
		"\n"
		"**Performance Notes:**\n"
		"- Migration duration: not measured\n"
		"- Lock duration: not measured\n"
		"- Data volume: not measured\n"
		"\n"
		"**For Next Migrations:**\n"
		"- none noted\n"
		"\n" MARKER);
	talloc_free(mem);
}

static void has(TALLOC_CTX *mem, const struct comment_input *in,
		const char *line)
{
	char *body = compose(mem, in);

	if (!strstr(body, line))
		fail_msg("no '%s' in:\n%s", line, body);
}

static void says_how_it_stands_with_the_rollback(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct proof *p = some_proof(mem);

	(void)state;
	in.proof = p;
	in.proof_state = PROOF_STALE;
	has(mem, &in,
	    "Rollback tested: STALE (proven 2026-02-13T11:00:00.000Z "
	    "for other scripts, another history or server; `git "
	    "migrate prove 20260213120000` does it again)\n");
	in.proof_state = PROOF_NONE;
	p->outcome = PROOF_DIFFERS;
	p->difference_count = 2;
	p->differences = talloc_zero_array(p, struct proof_difference, 2);
	p->differences[1].order_only = true;
	has(mem, &in,
	    "Rollback tested: NO (1 difference remains after the "
	    "rollback on a scratch PostgreSQL 15)\n");
	has(mem, &in,
	    "Testing: up 12 ms, down 5.2 ms, up again 11 ms on a "
	    "scratch PostgreSQL 15: 1 difference\n");
	p->outcome = PROOF_FAILED;
	p->down_ms = p->again_ms = -1;
	has(mem, &in,
	    "Rollback tested: NO (a script failed on a scratch "
	    "PostgreSQL 15)\n");
	has(mem, &in,
	    "Testing: up 12 ms, down did not run, up again did not "
	    "run on a scratch PostgreSQL 15: a script failed\n");
	in.down_script = parse(mem, "-- migrate: irreversible \"gone *for* "
				    "good\"\n");
	has(mem, &in,
	    "Rollback tested: NO (irreversible: gone \\*for\\* "
	    "good)\n");
	talloc_free(mem);
}

/* What `now` says when it goes in the place of what `then` says. */
static void over(TALLOC_CTX *mem, const struct comment_input *then,
		 const struct comment_input *now, const char *says)
{
	char *body = comment_keep_proof(mem, now, compose(mem, now),
					compose(mem, then));
	char *line = talloc_asprintf(mem, "- Rollback tested: %s", says);

	if (!strstr(body, line))
		fail_msg("no '%s' in:\n%s", line, body);
}

static void only_what_is_known_better_takes_a_proof_away(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input then = some_input(), now = some_input();
	struct proof *proven = some_proof(mem), *failed = some_proof(mem);

	(void)state;
	then.up_blob = now.up_blob = "1111111111aaaa";
	then.down_blob = now.down_blob = "2222222222bbbb";
	then.proof = proven;
	then.proof_state = PROOF_VALID;
	over(mem, &then, &now,
	     "YES (`git migrate prove` on a scratch PostgreSQL 15, "
	     "2026-02-13T11:00:00.000Z");
	has(mem, &then, "; scripts `1111111111` and `2222222222`)\n");
	failed->outcome = PROOF_FAILED;
	failed->at = "2026-02-13T11:00:00.001Z";
	now.proof = failed;
	over(mem, &then, &now, "NO (a script failed");
	failed->at = "2026-02-13T10:59:00.000Z";
	over(mem, &then, &now, "YES (");
	now.proof_state = PROOF_STALE;
	over(mem, &then, &now, "YES (");
	/* the same one, which does not hold here */
	failed->at = proven->at;
	over(mem, &then, &now, "STALE (");
	now.proof = NULL;
	now.proof_state = PROOF_NONE;
	now.down_blob = "3333333333bbbb";
	over(mem, &then, &now, "NO (not proven; ");
	then.down_blob = now.down_blob = NULL;
	over(mem, &then, &now, "NO (not proven; ");
	talloc_free(mem);
}

static void says_how_the_last_run_ended(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct facts *f = some_facts(mem);

	(void)state;
	in.up = f;
	f->ok = false;
	in.outcome = COMMENT_FAILED;
	has(mem, &in, "❌ **Add email verified to users**\n");
	has(mem, &in, "**Outcome**: failed, nothing is applied\n");
	has(mem, &in, "Migration duration: 312 ms, then it failed (");
	in.outcome = COMMENT_UNFINISHED;
	in.done = 3;
	in.total = 7;
	has(mem, &in, "**Outcome**: unfinished, 3 of 7 statements ran\n");
	in.outcome = COMMENT_REVERTED;
	in.source = "modified";
	has(mem, &in, "**Outcome**: reverted\n");
	has(mem, &in, "**Commit**: not committed (changed since `7a3f9e2b");
	in.source = "inexact";
	has(mem, &in, ", or an earlier one (shallow clone)\n");
	talloc_free(mem);
}

static void says_what_runs_outside_a_transaction(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct script *s = parse(mem, "-- migrate: no-transaction\n"
				      "CREATE INDEX CONCURRENTLY i ON t (a);\n"
				      "ANALYZE t;\n");

	(void)state;
	in.up_script = s;
	has(mem, &in,
	    "Transaction scope: none (the script asks for it); 2 "
	    "statements one by one, progress recorded\n");
	s->directive_count = 0;
	s->no_transaction = true;
	has(mem, &in,
	    "Transaction scope: none (a statement refuses to be in "
	    "one); 2 statements one by one");
	talloc_free(mem);
}

static void names_cannot_do_harm(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct facts *f = some_facts(mem);
	char *body;

	(void)state;
	f->tables[0].name =
		"a`b\n/close @all <!-- git-migrate:v1 version=1 -->";
	f->locks[0].mode = "x` | `";
	in.up = f;
	in.name = "drop_@all_<script>_#1";
	in.target = "p--->\nx";
	body = compose(mem, &in);
	assert_non_null(strstr(body, "``a`b\\n/close @all <\xe2\x80\x8b!-- "
				     "git-migrate:v1 version=1 -->``"));
	assert_non_null(strstr(body, "**Drop @\xe2\x80\x8b"
				     "all "
				     "&lt;script&gt; #\xe2\x80\x8b"
				     "1**"));
	assert_non_null(strstr(body, "target=p%2D%2D%2D%3E%0Ax -->"));
	talloc_free(mem);
}

static void holds_kind(const char *text, const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *kind = kind_of_change(mem, parse(mem, text), NULL);

	assert_string_equal(kind, expected);
	talloc_free(mem);
}

static void names_the_kind_of_change(void **state)
{
	(void)state;
	holds_kind("CREATE TABLE a (b int CHECK (b > 0), c int);",
		   "schema change (create table)");
	holds_kind("ALTER TABLE ONLY s.\"a\" ADD b int DEFAULT f(1, 2), "
		   "DROP COLUMN c;",
		   "schema change (add column, drop column)");
	holds_kind("ALTER TABLE IF EXISTS a ADD CONSTRAINT x CHECK (a > 0);\n"
		   "ALTER TABLE a VALIDATE CONSTRAINT x;",
		   "constraint addition (validate)");
	holds_kind("ALTER TABLE a ADD PRIMARY KEY (x), ADD UNIQUE (y);",
		   "constraint addition");
	holds_kind("ALTER TABLE a ALTER COLUMN b SET NOT NULL, ALTER c TYPE "
		   "text, ALTER d SET DEFAULT 1, ALTER e DROP NOT NULL;",
		   "schema change (set not null, change type, set default, "
		   "drop not null)");
	holds_kind("ALTER TABLE a RENAME TO b;\nALTER TABLE b RENAME c TO d;",
		   "schema change (rename table, rename column)");
	holds_kind("CREATE UNIQUE INDEX i ON t (a);\nDROP INDEX j;",
		   "schema change (drop index), index creation");
	holds_kind("INSERT INTO a VALUES (1);\nDELETE FROM b;\nSELECT 1;",
		   "data migration (insert, delete)");
	holds_kind("SELECT 1;", "no change");
}

static void fails_template(const char *text, int line, const char *message)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct error err = { 0 };
	char *body, *marker;

	assert_int_equal(comment_compose(mem, &in, text, "comment.md", &body,
					 &marker, &err),
			 -1);
	assert_string_equal(err.message, message);
	assert_string_equal(err.file, "comment.md");
	assert_int_equal(err.line, line);
	error_release(&err);
	talloc_free(mem);
}

static void a_template_may_be_another(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct error err = { 0 };
	char *body, *marker;

	(void)state;
	assert_int_equal(comment_compose(mem, &in,
					 "{{notes}}\n\n\n{{outcome}}\n"
					 "# {{commit}}, {{lock_time}} {{\n\n",
					 "t", &body, &marker, &err),
			 0);
	assert_string_equal(body, "# `7a3f9e2b00000000000000000000000000000000"
				  "`, not measured {{\n\n" MARKER);
	fails_template("a\n{{nonsense}}\n", 2,
		       "the comment template has an unknown word "
		       "'{{nonsense}}'");
	fails_template("<!-- x -->\n", 1,
		       "the comment template has an HTML comment");
	talloc_free(mem);
}

static void tells_what_others_met(void **state)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct comment_input in = some_input();
	struct facts *f = some_facts(mem);

	(void)state;
	in.up = f;
	f->locks[2].bound_ms = 4;
	f->locks[2].waited_ms = 3;
	f->locks[2].rewrite = f->locks[2].scan = true;
	f->locks[1].waited_ms = 0;
	facts_add_victim(f, 1, 0)->waited_ms = 1200;
	facts_add_victim(f, 2, 0)->waited_ms = 30;
	facts_add_gap(f, "who <else> waited");
	has(mem, &in,
	    "- Lock time: 82 ms (`AccessExclusiveLock` on `users`, at least 78 "
	    "ms, waited 3.0 ms, rewritten, read whole); also 72 ms "
	    "(`RowExclusiveLock` on `audit`); 92 ms (`AccessShareLock` on "
	    "`users_pkey`)\n");
	has(mem, &in,
	    "- Lock duration: 82 ms, waited 3.0 ms for it; kept 2 sessions "
	    "waiting, the longest 1.2 s; not seen: who &lt;else&gt; waited\n");
	f->locks[2].waited_ms = 0;
	f->gap_count = 0;
	has(mem, &in,
	    "- Lock duration: 82 ms; kept 2 sessions waiting, the longest "
	    "1.2 s\n");
	talloc_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in_what_was_measured),
		cmocka_unit_test(says_what_was_not_measured),
		cmocka_unit_test(says_how_it_stands_with_the_rollback),
		cmocka_unit_test(only_what_is_known_better_takes_a_proof_away),
		cmocka_unit_test(says_how_the_last_run_ended),
		cmocka_unit_test(says_what_runs_outside_a_transaction),
		cmocka_unit_test(names_cannot_do_harm),
		cmocka_unit_test(names_the_kind_of_change),
		cmocka_unit_test(a_template_may_be_another),
		cmocka_unit_test(tells_what_others_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
