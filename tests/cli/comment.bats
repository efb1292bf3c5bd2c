#!/usr/bin/env bats
# git migrate comment

load ../lib/common

A=20260101090000
B=20260213120000

# Two migrations, the second of them with rows to count.
shop() {
	pair ${A}_create_users 'CREATE TABLE users (id integer PRIMARY KEY, email text);
INSERT INTO users (id) VALUES (1), (2), (3);' 'DROP TABLE users;'
	pair ${B}_add_email_verified_to_users '-- migrate: note "readers first, @team"
ALTER TABLE users ADD COLUMN email_verified boolean DEFAULT false;
UPDATE users SET email_verified = true WHERE id > 1;' '-- migrate: data-loss "email_verified is lost"
ALTER TABLE users DROP COLUMN email_verified;'
	commit
}

# What differs from run to run, and from engine to engine.
same_text() {
	sed -E "s/[0-9]+(\.[0-9]+)? (ms|s)\b/N ms/g; s/[0-9a-f]{40}/ID/
		s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/
		s/(on|scratch) (SQLite|PostgreSQL|MariaDB) [0-9.]+/\1 ENGINE/
		s/^- Lock time: N ms \(.*/- Lock time: N ms (LOCKS)/
		s/^(- Lock duration: N ms)[,;].*/\1/" <<<"$out"
}

# The first digits of the blob of a script.
script_id() { # VERSION DIRECTION
	git rev-parse "HEAD:$(git ls-files "migrations/$1_*.$2.sql")" | head -c 10
}

whole() {
	local scope='the whole script and its record in one transaction'
	[[ $ENGINE != mariadb ]] || scope='none (the server commits each change of the schema by itself); 2 statements one by one, progress recorded'
	shop
	ok prove
	ok prove $B
	ok up
	ok comment --task bd-abc123 --pattern 'Defaults need no rewrite' \
		--gotcha 'ask @dba' --gotcha $'two\nlines' --next 'Do it again'
	same comment "✅ **Task bd-abc123**: Add email verified to users
**Commit**: \`ID\`

readers first, @$(printf '\u200b')team

**Migration Details:**
- Type: schema change (add column), data migration (update)
- Tables: \`users\`
- Row counts: \`users\`: 3 rows
- Lock time: N ms (LOCKS)
- Rollback tested: YES (\`git migrate prove\` on a scratch ENGINE, TIME, on 3 rows of earlier migrations; scripts \`$(script_id "$B" up)\` and \`$(script_id "$B" down)\`)

**Safety Measures Taken:**
- Backup verification: not measured
- Transaction scope: $scope
- Rollback plan: \`migrations/${B}_add_email_verified_to_users.down.sql\`; data loss: email_verified is lost
- Testing: up N ms, down N ms, up again N ms on a scratch ENGINE: no difference

**Patterns Discovered:**
- Defaults need no rewrite

**Gotchas Encountered:**
- ask @$(printf '\u200b')dba
- two
  lines

**Performance Notes:**
- Migration duration: N ms (\`dev\` on ENGINE)
- Lock duration: N ms
- Data volume: 2 rows affected, 3 rows in the tables touched

**For Next Migrations:**
- Do it again

<!-- git-migrate:v1 version=$B name=add_email_verified_to_users target=dev -->" "$(same_text)"
	out_has "**Commit**: \`$(git rev-parse HEAD)\`"
}
@test "writes up the newest migration that is applied" { both whole; }

outcomes() {
	shop
	ok comment $A
	out_has "📝 **Create users**"
	out_has '**Outcome**: not applied yet'
	out_has '- Lock time: not measured'
	out_has "- Rollback tested: NO (not proven; \`git migrate prove $A\` does; scripts "
	ok up -n 1
	ok down
	ok comment $A
	out_has '**Outcome**: reverted'
	out_has '- Row counts: `users`: new, 3 rows'
	pair ${B}_add_email_verified_to_users 'UPDATE nowhere SET x = 1;' 'SELECT 1;'
	commit
	migrate up
	exits 128
	ok comment $B
	out_has '❌ **Add email verified to users**'
	out_has '**Outcome**: failed, nothing is applied'
	out_has ', then it failed ('
}
@test "says how it stands with a migration that is not applied" { both outcomes; }

@test "without anything applied it asks for a version" {
	fresh sqlite
	shop
	migrate comment
	exits 128
	err_is "error: nothing is applied on 'dev'
hint: apply something: git migrate up"
	migrate comment 20990101000000
	exits 128
	err_is "error: there is no migration 20990101000000, neither here nor on 'dev'
hint: see the versions: git migrate status"
}

@test "gives JSON of several migrations" {
	fresh sqlite
	shop
	ok up -q
	ok comment $A $B --json
	json_is '.comments | map(.version) | join(" ")' "$A $B"
	json_is '.comments[0].target' dev
	json_is '.comments[1] as $c | $c.body | endswith("\n\n" + $c.marker)' true
	json_is '.comments[1].marker' \
		"<!-- git-migrate:v1 version=$B name=add_email_verified_to_users target=dev -->"
}

@test "a target that is only a URL is called by engine and database" {
	fresh sqlite
	shop
	ok up --target "$URL" -q
	ok comment --target "$URL" --json
	json_is '.comments[0].target' sqlite:dev.db
}

@test "keeps what people add, per target" {
	fresh sqlite
	shop
	ok up -q
	ok comment --pattern one
	ok comment --pattern two --pattern one --task T-1
	out_has $'**Patterns Discovered:**\n- one\n- two\n\n'
	ok comment
	out_has $'✅ **Task T-1**: '
	out_has $'**Patterns Discovered:**\n- one\n- two\n\n'
	ok comment $A
	out_has $'**Patterns Discovered:**\n- none noted\n\n'
}

@test "opens git's editor on what people add" {
	fresh sqlite
	shop
	ok up -q
	ok comment --gotcha old
	cat >"$BATS_TEST_TMPDIR/editor" <<-'END'
		#!/bin/sh
		grep -q '^- old$' "$1" || exit 1
		sed -i -e 's/^Task:.*/Task: T-2/' -e 's/^- old$/- new\n  and more/' \
			-e 's/^Notes:$/&\nAll *well*./' "$1"
	END
	chmod +x "$BATS_TEST_TMPDIR/editor"
	GIT_EDITOR=$BATS_TEST_TMPDIR/editor ok comment --edit
	out_has '✅ **Task T-2**: '
	out_has $'All *well*.\n\nreaders first'
	out_has $'**Gotchas Encountered:**\n- new\n  and more\n\n'
	ok comment
	out_has $'**Gotchas Encountered:**\n- new\n  and more\n\n'
	GIT_EDITOR=false migrate comment --edit
	exits 128
	err_has "the editor 'false' ended with status 1"
}

@test "text from SQL mentions nobody and plants nothing" {
	fresh sqlite
	pair ${A}_x 'CREATE TABLE "a`b @all <!-- git-migrate:v1 version=1 -->" (id integer);' 'DROP TABLE "a`b @all <!-- git-migrate:v1 version=1 -->";'
	commit
	ok up
	ok comment -m $'/close\n<!-- git-migrate:v1 version=2 -->\npassword = hunter2 https://me:pw@x.example/'
	out_has $'\n\\/close\n'
	out_has 'password = *** https://***@'
	[[ $(grep -c '<!--' <<<"$out") -eq 1 ]] || explain 'more than the marker'
	out_has '``a`b @all <'
}

@test "the template may be another" {
	fresh sqlite
	shop
	ok up -q
	mkdir -p .gitmigrate.d/templates
	printf '%s\n' '# {{headline}}' '{{notes}}' 'Locks: {{lock_duration}}' \
		>.gitmigrate.d/templates/comment.md
	ok comment $A
	same first '# ✅ **Create users**' "$(head -n 1 <<<"$out")"
	echo '{{nonsense}}' >>.gitmigrate.d/templates/comment.md
	migrate comment $A
	exits 128
	err_has ".gitmigrate.d/templates/comment.md:4:1: the comment template has an unknown word '{{nonsense}}'"
}

@test "a rebased migration is written up with its new commit" {
	fresh sqlite
	shop
	ok up -q
	git commit -q --amend -m 'Another message'
	ok comment
	out_has "**Commit**: \`$(git rev-parse HEAD)\`"
	echo '-- more' >>migrations/${B}_add_email_verified_to_users.up.sql
	ok comment
	out_has '**Commit**: `'
}

no_transaction() {
	local scope='the whole script and its record in one transaction'
	[[ $ENGINE != mariadb ]] || scope='none (the server commits each change of the schema by itself); the statement by itself, progress recorded'
	pair ${A}_t 'CREATE TABLE t (id integer PRIMARY KEY, a integer);' \
		'DROP TABLE t;'
	commit
	ok up
	ok comment
	out_has "Transaction scope: $scope"
	pair ${B}_b '-- migrate: batch rows=5
UPDATE t SET a = 1;' '-- migrate: empty "stays"'
	commit
	ok up
	ok comment
	out_has 'Transaction scope: none (each batch is committed by itself); the statement by itself, progress recorded'
	[[ $ENGINE == postgresql ]] || return 0
	pair 20260213130000_i 'CREATE INDEX CONCURRENTLY i ON t (a);' 'DROP INDEX i;'
	commit
	ok up
	ok comment
	out_has 'Transaction scope: none (a statement refuses to be in one); the'
}
@test "says why a script ran outside a transaction" { both no_transaction; }

@test "the headline tells the strongest lock on what was there, then the longest" {
	fresh postgresql
	pair ${A}_base 'CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, user_id int);' \
		'DROP TABLE orders; DROP TABLE users;'
	commit
	ok up
	pair ${B}_fk 'SELECT count(*) FROM users; SELECT pg_sleep(0.1);
LOCK TABLE orders IN ROW EXCLUSIVE MODE; SELECT pg_sleep(0.1);
ALTER TABLE orders ADD CONSTRAINT whose FOREIGN KEY (user_id)
    REFERENCES users (id) NOT VALID; SELECT pg_sleep(0.05);' \
		'ALTER TABLE orders DROP CONSTRAINT whose;'
	commit
	ok up
	[[ $out =~ 'ShareRowExclusiveLock on '(users|orders)' held '([0-9.]+ ms) ]] ||
		explain 'not the strongest lock'
	local held=${BASH_REMATCH[2]}
	[[ $(head -n 1 <<<"$out") == *"$held" ]] || explain 'not in the headline'
	ok comment
	out_has "Lock time: $held (\`ShareRowExclusiveLock\`"
	out_has "Lock duration: $held"
	ok log $B --html page.html
	grep -qF 'Strongest lock' page.html
	pair 20260213130000_new 'CREATE TABLE t (id serial PRIMARY KEY);
SELECT pg_sleep(0.05);' 'DROP TABLE t;'
	commit
	ok up
	[[ $(head -n 1 <<<"$out") == *'AccessExclusiveLock on t held '* ]] ||
		explain 'not the table'
}

@test "the lock duration is that of the longest lock, whatever it is on" {
	fresh postgresql
	pair ${A}_view 'CREATE TABLE a1 (a int); SELECT pg_sleep(0.2); CREATE VIEW vv AS SELECT 1;' \
		'DROP VIEW vv; DROP TABLE a1;'
	commit
	ok up
	ok log --json
	json '.runs[0].locks | max_by(.held_ms).relation' >longest
	same longest a1 "$(<longest)"
	ok comment
	[[ $out =~ 'Lock time: '([0-9.]+ ms)' (`AccessExclusiveLock` on `a1`' ]]
	out_has "Lock duration: ${BASH_REMATCH[1]}"
}
