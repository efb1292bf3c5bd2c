#!/usr/bin/env bats

load ../lib/common
load ../lib/holding

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
hint: to leave statement 2 out, then run the others: git migrate repair 20260101000001 --skip
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
	err_has 'hint: once nothing is in their way, go on with: git migrate down
hint: or mend the others in the script here, then go on with: git migrate down --from-file'
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
		SELECT $A, $1 - 1, '$2', $1, $3, NULL, 'nobody', 0" >/dev/null
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

# A script whose second statement is about an index, begun and not seen since;
# then what others have done meanwhile.
begun_index() { # STATEMENT OTHERS
	fresh postgresql
	local first='CREATE TABLE a (id integer, b integer)' oid
	pair ${A}_a "$first;
$1;
INSERT INTO a VALUES (1);" 'DROP TABLE a;'
	commit
	sed -i "2s/.*/SELECT * FROM nowhere;/" migrations/${A}_a.up.sql
	sed -i '1i-- migrate: no-transaction' migrations/${A}_a.up.sql
	migrate up
	exits 128
	git checkout -q migrations
	oid=$(sql "SELECT 'a'::regclass::oid")
	sql "UPDATE git_migrate_progress
		SET started = 2, witness = '$oid:', digest = '$(digest "$first")'" \
		>/dev/null
	sql "$2" >/dev/null
}

@test "does not take another index for the one that it was to build" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	begun_index 'CREATE INDEX CONCURRENTLY a_id ON a (id)' \
		'CREATE INDEX a_b ON a (b)'
	ok repair
	out_has '         it was not carried out, or does no harm twice'
	ok up
	same index t "$(sql "SELECT indisvalid FROM pg_index
		WHERE indexrelid = 'a_id'::regclass")"

	begun_index 'CREATE INDEX CONCURRENTLY ON a (id)' \
		'CREATE INDEX ON a (b)'
	ok up
	same indexes 'a_b_idx a_id_idx' "$(sql "SELECT string_agg(relname, ' '
		ORDER BY relname) FROM pg_class WHERE relname LIKE 'a\_%idx'")"
}

@test "cleans up no index but its own" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	begun_index 'CREATE INDEX CONCURRENTLY a_id ON a (id)' \
		"CREATE INDEX a_b ON a (b);
		UPDATE pg_index SET indisvalid = false
		WHERE indexrelid = 'a_b'::regclass"
	migrate repair --clean-up
	ok up
	same indexes 'a_b a_id' "$(sql "SELECT string_agg(relname, ' '
		ORDER BY relname) FROM pg_class WHERE relname IN ('a_id', 'a_b')")"
}

@test "cleans up after a REINDEX what that has left" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	local others="CREATE INDEX a_id ON a (id);
		CREATE INDEX a_b ON a (b);
		CREATE INDEX a_id_ccnew ON a (id); CREATE INDEX a_b_ccnew1 ON a (b);
		CREATE TABLE c (id integer); CREATE INDEX a_id_ccnew2 ON c (id);
		UPDATE pg_index SET indisvalid = false WHERE indexrelid IN
		('a_id_ccnew'::regclass, 'a_b_ccnew1'::regclass,
			'a_id_ccnew2'::regclass)"
	begun_index 'REINDEX INDEX CONCURRENTLY a_id' "$others"
	ok repair
	out_has '         it was not carried out, and left the invalid index a_id_ccnew
'
	ok repair --clean-up
	same indexes 'a_b a_b_ccnew1 a_id a_id_ccnew2' "$(sql "SELECT
		string_agg(relname, ' ' ORDER BY relname) FROM pg_class
		WHERE relkind = 'i' AND relname ~ '^a_'")"

	begun_index 'REINDEX TABLE CONCURRENTLY a' "$others"
	ok repair --clean-up
	same indexes 'a_b a_id a_id_ccnew2' "$(sql "SELECT
		string_agg(relname, ' ' ORDER BY relname) FROM pg_class
		WHERE relkind = 'i' AND relname ~ '^a_'")"

	begun_index 'REINDEX SCHEMA CONCURRENTLY public' "$others"
	ok repair --clean-up
	same indexes 'a_b a_id' "$(sql "SELECT
		string_agg(relname, ' ' ORDER BY relname) FROM pg_class
		WHERE relkind = 'i' AND relname ~ '^a_'")"
}

asks() {
	ok repair
	out_has '         whether it was carried out cannot be told'
	migrate up
	exits 1
	err_has 'hint: look at the database; when it was not carried out: git migrate repair 20260101000001 --resume'
}
@test "asks a person about an index that may be another's" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	begun_index 'CREATE INDEX CONCURRENTLY a_id ON a (id)' \
		'CREATE INDEX a_id ON a (b)'
	asks
	begun_index 'CREATE INDEX CONCURRENTLY ON a (id) WHERE b > 0' \
		'CREATE INDEX ON a (id) WHERE b > 1'
	asks
	begun_index 'CREATE INDEX CONCURRENTLY a_id ON a (id)' \
		'ALTER TABLE a RENAME TO a_old; CREATE TABLE a (id integer);
		CREATE INDEX a_id ON a (id)'
	asks
}

@test "knows an index that goes under another search path" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	sql 'CREATE SCHEMA s; CREATE TABLE s.a (id integer);
		CREATE INDEX i ON s.a (id)' >/dev/null
	pair ${A}_a 'SET search_path = s;
DROP INDEX CONCURRENTLY i;
INSERT INTO nowhere VALUES (1);' 'SELECT 1;'
	commit
	sed -i '2s/.*/SELECT * FROM nowhere;/; 1i-- migrate: no-transaction' \
		migrations/${A}_a.up.sql
	migrate up
	exits 128
	git checkout -q migrations
	sql "UPDATE git_migrate_progress SET started = 2,
		witness = 's.i'::regclass::oid" >/dev/null
	ok repair
	out_has '         it was not carried out, or does no harm twice'
	sql 'DROP INDEX s.i' >/dev/null
	ok repair
	out_has '         it was carried out'
}

WAITING="FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted"

@test "leaves an index alone that another session builds" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	sql 'CREATE TABLE a (id integer, b integer); CREATE TABLE go (id integer)' \
		>/dev/null
	pair ${A}_a 'CREATE INDEX CONCURRENTLY a_id ON a (id);' \
		'DROP INDEX CONCURRENTLY a_id;'
	commit
	stays 'EXISTS (SELECT FROM go)' 'INSERT INTO a VALUES (1)'
	local writer=$! other ours
	stays "(SELECT count(*) $WAITING) = 2" \
		'LOCK TABLE a IN SHARE UPDATE EXCLUSIVE MODE'
	poll "SELECT count(*) = 2 FROM pg_locks
		WHERE relation = 'a'::regclass AND granted"
	psql -X -q -d "$URL" -c 'CREATE INDEX CONCURRENTLY a_b ON a (b)' 3>&- &
	other=$!
	poll "SELECT count(*) = 1 $WAITING"
	git migrate up >out 2>err </dev/null 3>&- &
	ours=$!
	poll "SELECT count(*) = 1 FROM pg_index
		WHERE indexrelid = to_regclass('a_b') AND NOT indisvalid"
	sql "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
		WHERE query LIKE 'CREATE INDEX CONCURRENTLY a_id%'
		AND datname = current_database() AND pid <> pg_backend_pid()" \
		>/dev/null
	status=0
	wait $ours || status=$?
	out=$(<out) err=$(<err)
	exits 128
	err_has 'canceling statement due to user request'
	err_has 'hint: nothing of it is left in the database'
	err_lacks 'DROP INDEX'
	sql 'INSERT INTO go VALUES (1)' >/dev/null
	wait $writer $other
	same index t "$(sql "SELECT indisvalid FROM pg_index
		WHERE indexrelid = 'a_b'::regclass")"
	same states "$A pending" "$(states)"
}

@test "cleans up after an interrupted build, too" {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
	sql 'CREATE TABLE a (id integer)' >/dev/null
	pair ${A}_a 'CREATE INDEX CONCURRENTLY a_id ON a (id);' \
		'DROP INDEX CONCURRENTLY a_id;'
	commit
	# gone a while after the DROP INDEX has begun to wait for it
	stays "EXISTS (SELECT FROM pg_stat_activity
			WHERE query LIKE 'DROP INDEX CONCURRENTLY%'
			AND datname = current_database()
			AND wait_event_type = 'Lock'
			AND clock_timestamp() > query_start + interval '0.25 s')" \
		'INSERT INTO a VALUES (1)'
	local holder=$! ours
	poll "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'a'::regclass
		AND mode = 'RowExclusiveLock' AND granted"
	git migrate up >out 2>err </dev/null 3>&- &
	ours=$!
	poll "SELECT count(*) = 1 FROM pg_index
		WHERE indexrelid = to_regclass('a_id') AND NOT indisvalid"
	kill -INT $ours
	status=0
	wait $ours || status=$?
	# shellcheck disable=SC2034 # for err_has
	out=$(<out) err=$(<err)
	err_has "unable to apply migration '${A}_a': interrupted"
	err_has 'hint: nothing of it is left in the database'
	err_lacks 'DROP INDEX'
	wait $holder
	same index '' "$(sql "SELECT to_regclass('a_id')")"
	same states "$A pending" "$(states)"
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

skips_what_failed() {
	half
	ok repair --skip
	err_has "statement 2 counts as done: migrations/${A}_a.up.sql:3: INSERT"
	same states "$A applied" "$(states)"
	ok log --json
	json_is '[.runs[] | .repair // .outcome] | join(", ")' \
		'ok, skipped statement 2 by Test Person <test@example.com>, failed'
	ok log
	out_has 'skipped statement 2'
}
@test "leaves out a statement that has failed, and says so" {
	both skips_what_failed
}

skips_nothing_else() {
	half
	git commit -q --allow-empty --no-verify -m 'Empty'
	sed -i 's/nowhere/elsewhere/' migrations/${A}_a.up.sql
	commit
	ok repair
	err_lacks --skip
	migrate repair --skip
	exits 1
	err_is "error: migration '${A}_a': statement 2 was not begun, nor has it failed as it is now: it is not to be skipped
hint: to go on: git migrate up"
	same states "$A unfinished" "$(states)"
	same 'done' 1 "$(sql 'SELECT statements_done FROM git_migrations')"
	# a run that was killed between two statements
	git revert --no-edit HEAD >/dev/null
	sql "DELETE FROM git_migrate_runs" >/dev/null
	migrate repair --skip
	exits 1
	err_has 'statement 2 was not begun'
}
@test "leaves out no statement that nobody has tried" {
	both skips_nothing_else
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
	err_has "error: migration '${A}_a' is not here
hint: its scripts came from branch 'main'; to have them here: git restore --source="
	ok repair
	out_has "$A"_a' is unfinished: 1 of 3 statements'
	out_has '  done   20260101000001_a.up.sql (as recorded):2: CREATE TABLE'
}
@test "says what is wrong with a repair" { both wrong_use; }

# Sleeps in a statement of a transaction of its own, or until it is stopped.
naps() { # SECONDS
	case $ENGINE in
	postgresql) echo "INSERT INTO a SELECT 1 FROM pg_sleep($1)" ;;
	mariadb) echo "INSERT INTO a SELECT 1 + SLEEP($1)" ;;
	esac
}

taken_over() {
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE a (id integer);
$(naps 3);
CREATE TABLE b (id integer);" 'DROP TABLE b; DROP TABLE a;'
	commit
	git migrate up >"$BATS_TEST_TMPDIR/first" 2>&1 &
	local first=$!
	until [[ $(sql 'SELECT done FROM git_migrate_progress' 2>/dev/null) == 1 ]]; do
		kill -0 $first
	done
	sql "UPDATE git_migrate_progress SET owner = 'somebody else'" >/dev/null
	! wait $first || explain 'the first run did not notice'
	# shellcheck disable=SC2034 # for err_has
	err=$(<"$BATS_TEST_TMPDIR/first") out='' status=''
	err_has 'another run has gone on with it meanwhile'
	same rows 0 "$(sql 'SELECT count(*) FROM a')"
	same tables a "$(tables)"
	same owner 'somebody else|1' \
		"$(sql 'SELECT owner, done FROM git_migrate_progress')"
	ok up
	same rows 1 "$(sql 'SELECT count(*) FROM a')"
	same states "$A applied" "$(states)"
}
@test "what another run has taken over cannot be gone on with by the first" {
	ENGINES=${ENGINES/sqlite/} both taken_over
}

reverted_twice() {
	table_pair $A a
	pair ${B}_x 'INSERT INTO a VALUES (1);' "DELETE FROM git_migrations
WHERE version = $B; DELETE FROM a;"
	commit
	ok up
	migrate down
	exits 128
	err_has 'another run has gone on with it meanwhile'
	same rows 1 "$(sql 'SELECT count(*) FROM a')"
	same states "$A applied
$B applied" "$(states)"
}
@test "does not revert what is no longer in the ledger" { both reverted_twice; }

# Fails at the fourth statement, in a session that ends then.
relies_on() { # LOST STATEMENT MORE
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE p (id integer PRIMARY KEY ${4:-});
$1;
INSERT INTO nowhere VALUES (1);
$2;
$3" 'DROP TABLE p;'
	commit
	migrate up
	exits 128
	sed -i 's/INSERT INTO nowhere VALUES (1)/SELECT 1/' migrations/${A}_a.up.sql
	commit
	migrate up
}

@test "does not go on with what only the session that is gone knew (mariadb)" {
	[[ $ENGINES == *mariadb* ]] || skip 'another engine'
	fresh mariadb
	relies_on 'INSERT INTO p VALUES ();
SET @id = LAST_INSERT_ID(), @kind = 7' 'INSERT INTO p VALUES (@kind)' \
		'INSERT INTO p VALUES (@ID + 1);' AUTO_INCREMENT
	exits 1
	err_is "error: migrations/${A}_a.up.sql:6:23: unable to apply migration '${A}_a': the script relies on @kind, which statement 3 made in a session that is gone
hint: write the value, or how to get it again, into the rest of the script; what is done has to stay as it is"
	same rows 1 "$(sql 'SELECT count(*) FROM p')"
	sed -i 's/@kind)/7)/; s/(@ID/((SELECT min(id) FROM p AS q)/' migrations/${A}_a.up.sql
	commit
	ok up
	same rows '1|2|7' "$(sql "SELECT group_concat(id ORDER BY id SEPARATOR '|') FROM p")"
}

@test "makes the settings of a session that is gone again (mariadb)" {
	[[ $ENGINES == *mariadb* ]] || skip 'another engine'
	fresh mariadb
	relies_on "SET @@sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')" \
		'CREATE TABLE "quoted" (id integer)' ''
	exits 0
	same tables $'p\nquoted' "$(tables)"
}

@test "does not go on with what only the session that is gone knew (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	relies_on 'CREATE TEMPORARY TABLE ids (id integer)' \
		'INSERT INTO p SELECT id FROM ids' ''
	exits 1
	err_has "${A}_a.up.sql:5:30: unable to apply migration '${A}_a': the script relies on ids, which statement 2 made in a session that is gone"
}

@test "makes the settings of a session that is gone again (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	sql 'CREATE SCHEMA s'
	relies_on "SELECT pg_catalog.set_config('search_path', 's', false)" \
		'CREATE TABLE later (id integer)' ''
	exits 0
	same schema s "$(sql "SELECT schemaname FROM pg_tables WHERE tablename = 'later'")"
}

@test "does not go on with what only the session that is gone knew (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	relies_on 'INSERT INTO p VALUES (5)' \
		'INSERT INTO p VALUES (last_insert_rowid() + 1)' ''
	exits 1
	err_has "${A}_a.up.sql:5:23: unable to apply migration '${A}_a': the script relies on last_insert_rowid, which statement 2 made in a session that is gone"
}

@test "checks foreign keys after each statement (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	pair ${A}_a 'CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE c (p integer REFERENCES p);
INSERT INTO p VALUES (1), (2);
INSERT INTO c VALUES (1);' 'DROP TABLE c; DROP TABLE p;'
	pair ${B}_b '-- migrate: no-transaction
DELETE FROM p WHERE id = 2;
DELETE FROM p;
VACUUM;' '-- migrate: irreversible "gone"'
	commit
	migrate up
	exits 128
	err_has "${B}_b.up.sql:3:1: unable to apply migration '${B}_b': the script breaks foreign keys"
	err_has 'hint: 1 of 3 statements are done and stay done'
	same rows 1 "$(sql 'SELECT id FROM p')"
}

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
