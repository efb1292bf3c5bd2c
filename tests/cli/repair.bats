#!/usr/bin/env bats

load ../lib/common

A=20260101000001
B=20260101000002

# Three statements, of which the second one fails.
half() {
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE a (id integer);
INSERT INTO nowhere VALUES (1);
CREATE TABLE b (id integer);" 'DROP TABLE b;
DROP TABLE a;'
	commit
	migrate up
	exits 128
}

tells_what_is_done() {
	half
	err_has 'error: migrations/20260101000001_a.up.sql:3:'
	err_has 'hint: 1 of 3 statements are done and stay done'
	err_has 'hint: mend the others, then go on with: git migrate up'
	err_has 'hint: see what can be done: git migrate repair 20260101000001'
	same states "$A unfinished" "$(states)"
	ok status --json
	json_is '.migrations[0] | "\(.statements_done) of \(.statements_total)"' \
		'1 of 3'
	ok repair
	out_is '20260101000001_a is unfinished: 1 of 3 statements of its up script are done
  done   migrations/20260101000001_a.up.sql:2: CREATE TABLE'"$1"'
  to do  migrations/20260101000001_a.up.sql:3: INSERT'"$2"'
  to do  migrations/20260101000001_a.up.sql:4: CREATE TABLE'"$3"
	err_is 'hint: to go on: git migrate up
hint: once you have done the rest by hand: git migrate repair 20260101000001 --mark-done
hint: once you have undone all of it by hand: git migrate repair 20260101000001 --mark-undone'
}
@test "tells what of an unfinished script is done (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	tells_what_is_done '' '' ''
}
@test "tells what of an unfinished script is done (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	tells_what_is_done ' a' ' nowhere' ' b'
}

goes_on() {
	half
	sed -i 's/nowhere/a/' migrations/${A}_a.up.sql
	commit
	ok up --json
	json_is '[.runs[0].statements[].index | tostring] | join(" ")' '2 3'
	same states "$A applied" "$(states)"
	same rows 1 "$(sql 'SELECT count(*) FROM a')"
	same blob "$(git rev-parse HEAD:migrations/${A}_a.up.sql)" \
		"$(sql 'SELECT up_blob FROM git_migrations')"
	same commit "$(git rev-parse HEAD)" \
		"$(sql 'SELECT commit_id FROM git_migrations')"
	same progress 0 "$(sql 'SELECT count(*) FROM git_migrate_progress')"
	ok down
	same states "$A pending" "$(states)"
}
@test "goes on with a script whose rest was mended" { both goes_on; }

finishes_first() {
	half
	table_pair $B b2
	sed -i 's/nowhere/a/' migrations/${A}_a.up.sql
	commit
	ok up --json
	json_is '[.runs[].version] | join(" ")' "$A $B"
}
@test "finishes what was begun before anything newer" { both finishes_first; }

refuses_changed() {
	half
	sed -i 's/TABLE a (id integer)/TABLE a (id bigint)/' \
		migrations/${A}_a.up.sql
	commit
	local blob
	blob=$(sql 'SELECT up_blob FROM git_migrations')
	migrate up
	exits 1
	err_is "error: migrations/20260101000001_a.up.sql: unable to apply migration '20260101000001_a': 1 statements were carried out, and they are not the first 1 of the script any more
hint: put them back as they were; the text that ran: git cat-file blob $blob
hint: or see what else can be done: git migrate repair"
	same states "$A unfinished" "$(states)"
	ok repair
	err_has "warning: what was carried out is not what the script begins with now; what ran is blob $blob"
	err_lacks 'to go on'
}
@test "does not go on when what was carried out has changed" {
	both refuses_changed
}

nothing_done() {
	pair ${A}_a '-- migrate: no-transaction
INSERT INTO nowhere VALUES (1);' 'SELECT 1;'
	commit
	migrate up
	exits 128
	err_has 'hint: nothing of it is left in the database'
	same states "$A pending" "$(states)"
	ok repair
	out_is ''
	err_is "nothing to repair on 'dev'"
}
@test "is not unfinished when its first statement fails" { both nothing_done; }

marks() {
	half
	sql 'CREATE TABLE b (id integer)' >/dev/null
	ok repair --mark-done
	err_is "${A}_a now counts as applied"
	same states "$A applied" "$(states)"
	ok log $A
	out_has '  repair marked as done by Test Person <test@example.com>'
	ok down
	migrate up
	exits 128
	sql 'DROP TABLE a' >/dev/null
	ok repair $A --mark-undone
	err_is "${A}_a now counts as not applied"
	same states "$A pending" "$(states)"
	same progress 0 "$(sql 'SELECT count(*) FROM git_migrate_progress')"
}
@test "takes a person's word for what was done by hand" { both marks; }

half_down() {
	pair ${A}_a 'CREATE TABLE a (id integer);' '-- migrate: no-transaction
INSERT INTO a VALUES (1);
DROP TABLE nowhere;
DROP TABLE a;'
	commit
	ok up
	migrate down
	exits 128
	err_has 'hint: mend the others, then go on with: git migrate down'
	ok status --json
	json_is '.migrations[0].flags | join(" ")' reverting
	migrate up
	exits 1
	err_has "migration '20260101000001_a' is unfinished: 1 of 3 statements of its down script are done"
	sql 'CREATE TABLE nowhere (id integer)' >/dev/null
	ok down --json
	json_is '[.runs[0].statements[].index | tostring] | join(" ")' '2 3'
	same states "$A pending" "$(states)"
}
@test "goes on with a down script" { both half_down; }

down_fails_at_once() {
	pair ${A}_a 'CREATE TABLE a (id integer);' '-- migrate: no-transaction
DROP TABLE nowhere;
DROP TABLE a;'
	commit
	ok up
	migrate down
	exits 128
	same states "$A applied" "$(states)"
	same direction up "$(sql 'SELECT direction FROM git_migrations')"
}
@test "a down script that does nothing leaves it applied" {
	both down_fails_at_once
}

settings_again() {
	pair ${A}_a "-- migrate: no-transaction
$1
CREATE TABLE a (id integer);
INSERT INTO nowhere VALUES (1);
$2" 'SELECT 1;'
	commit
	migrate up
	exits 128
	sed -i '/nowhere/d' migrations/${A}_a.up.sql
	commit
	ok up
	same answer 1 "$(sql 'SELECT count(*) FROM b')"
}
@test "makes a session's settings again when it goes on (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	settings_again "SET git.x = '7';" \
		"CREATE TABLE b AS SELECT 1 WHERE current_setting('git.x') = '7';"
}
@test "makes a session's settings again when it goes on (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	settings_again 'PRAGMA recursive_triggers = ON;' \
		'CREATE TABLE b AS SELECT 1 FROM pragma_recursive_triggers WHERE recursive_triggers = 1;'
}

# What a killed run leaves: begun, and nothing known since.
begun() { # STATEMENT WITNESS
	sql "UPDATE git_migrations SET state = 'unfinished',
		statements_done = $1 - 1" >/dev/null
	sql "INSERT INTO git_migrate_progress
		SELECT $A, $1 - 1, '$2', $1, $3, NULL" >/dev/null
}
# SHA-256 of each text with a NUL behind it
digest() { printf '%s\0' "$@" | sha256sum | cut -d ' ' -f 1; }

@test "drops an invalid index that a killed run left, and goes on" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	local first='CREATE TABLE a (id integer)'
	pair ${A}_a "$first;
CREATE INDEX CONCURRENTLY a_id ON a (id);
INSERT INTO a VALUES (1);" 'DROP TABLE a;'
	commit
	ok up
	sql "DELETE FROM a" >/dev/null
	sql "UPDATE pg_index SET indisvalid = false
		WHERE indexrelid = 'a_id'::regclass" >/dev/null
	begun 2 "$(digest "$first")" "''"
	ok repair
	out_has '  done   migrations/20260101000001_a.up.sql:1: CREATE TABLE a
  begun  migrations/20260101000001_a.up.sql:2: CREATE INDEX a_id on a
         it was not carried out, and left the invalid index a_id
  to do  migrations/20260101000001_a.up.sql:3: INSERT a'
	err_has 'hint: to remove what it left, and no more: git migrate repair 20260101000001 --clean-up'
	ok repair --clean-up
	err_is 'removed the invalid index a_id'
	same index '' "$(sql "SELECT to_regclass('a_id')")"
	same states "$A unfinished" "$(states)"
	ok up
	same index t "$(sql "SELECT indisvalid FROM pg_index
		WHERE indexrelid = 'a_id'::regclass")"
	same states "$A applied" "$(states)"
}

@test "does not build an index again that a killed run had built" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	local first='CREATE TABLE a (id integer)'
	pair ${A}_a "$first;
CREATE INDEX CONCURRENTLY ON a (id);
INSERT INTO a VALUES (1);" 'DROP TABLE a;'
	commit
	ok up
	begun 2 "$(digest "$first")" "''"
	ok up --json
	json_is '[.runs[0].statements[].index | tostring] | join(" ")' '3'
	same indexes 1 "$(sql "SELECT count(*) FROM pg_index
		WHERE indrelid = 'a'::regclass")"
}

@test "asks a person about a procedure that may be half done" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	pair ${A}_a '-- migrate: no-transaction
CREATE TABLE a (id integer);
DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; INSERT INTO nowhere VALUES (1); END $$;
INSERT INTO a VALUES (2);' 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has 'hint: what statement 2 did before it failed may have stayed'
	migrate up
	exits 1
	err_has 'statement 2 of 3 was begun, and whether it was carried out cannot be told'
	err_has 'hint: look at the database; when it was not carried out: git migrate repair 20260101000001 --resume'
	err_has 'hint: when it was: git migrate repair 20260101000001 --skip'
	ok repair
	out_has '         whether it was carried out cannot be told'
	ok repair --skip --json
	json_is '[.runs[0].statements[].index | tostring] | join(" ")' '3'
	same rows '1 2' "$(sql "SELECT string_agg(id::text, ' ' ORDER BY id)
		FROM a")"
	same states "$A applied" "$(states)"
}

@test "an index that cannot be built concurrently leaves nothing" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	pair ${A}_a 'CREATE TABLE a (id integer);
INSERT INTO a VALUES (1), (1);' 'DROP TABLE a;'
	pair ${B}_b 'CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);' \
		'DROP INDEX CONCURRENTLY a_id;'
	commit
	migrate up
	exits 128
	err_has 'hint: nothing of it is left in the database'
	same index '' "$(sql "SELECT to_regclass('a_id')")"
	same states "$A applied
$B pending" "$(states)"
}

json_of_repair() {
	half
	ok repair --json
	json_is '.repairs[0] | [.version, .name, .direction,
		.statements_done, .statements_total, .changed, .verdict,
		([.statements[] | .state] | join(","))] | map(tostring) | join(" ")' \
		"$A a up 1 3 false null done,to do,to do"
	json_is '.repairs[0].statements[1].place' \
		'migrations/20260101000001_a.up.sql:3:1'
	sed -i '/nowhere/d' migrations/${A}_a.up.sql
	commit
	ok repair --resume
	ok repair --json
	json_is '.repairs | length' 0
}
@test "tells it as JSON" { both json_of_repair; }

wrong_use() {
	half
	migrate repair $B
	exits 128
	err_is "error: migration $B is not unfinished
hint: see the states: git migrate status"
	migrate repair --skip --mark-done
	exits 129
	err_has 'error: one way at a time'
	git checkout -q --orphan other
	git rm -rfq .
	git commit -q --allow-empty --no-verify -m 'Empty'
	migrate repair --resume
	exits 1
	err_is "error: migration '${A}_a' is not here
hint: switch to a branch that has it: git migrate status"
	ok repair
	out_has "$A"_a' is unfinished: 1 of 3 statements'
	out_has '  done   20260101000001_a.up.sql (as recorded):2: CREATE TABLE'
}
@test "says what is wrong with a repair" { both wrong_use; }

nothing_as_json() {
	local way
	table_pair $A a
	ok up
	for way in '' --clean-up --mark-done --mark-undone; do
		ok repair $way --json
		json_is . '{
  "repairs": []
}'
	done
	ok repair --resume --json
	json_is '.runs | length' 0
}
@test "nothing to repair is a document, too" { both nothing_as_json; }

@test "the log shows that a person decided" {
	fresh sqlite
	pair ${A}_a '-- migrate: no-transaction
CREATE TABLE a (a integer); INSERT INTO nowhere VALUES (1);' 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_lacks '0 done'
	ok repair --mark-undone
	ok log
	out_has 'marked as undone up  -'
}
