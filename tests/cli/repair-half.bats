#!/usr/bin/env bats

load ../lib/common
load ../lib/holding

# Statements that commit in their middle, and were ended there.

A=20260101000001

only_postgresql() {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has those'
	fresh postgresql
}

# A table with an index and a partitioned one, both of which others use.
used() {
	sql 'CREATE TABLE u (id integer, email text); CREATE INDEX u_email ON u (email);
		INSERT INTO u VALUES (1);
		CREATE TABLE p (id integer) PARTITION BY RANGE (id);
		CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
		INSERT INTO p VALUES (1); CREATE TABLE go (id integer)' >/dev/null
}
in_use() { # RELATION
	stays 'EXISTS (SELECT FROM go)' "SELECT * FROM $1"
	poll "SELECT count(*) > 0 FROM pg_locks
		WHERE relation = '$1'::regclass AND granted"
}
let_go() {
	sql 'INSERT INTO go VALUES (1)' >/dev/null
	wait
}

validity() {
	sql "SELECT coalesce((SELECT indisvalid::text FROM pg_index
		WHERE indexrelid = to_regclass('u_email')), 'gone')"
}

@test "knows of an index that an interrupted DROP INDEX left invalid" {
	only_postgresql
	used
	pair ${A}_a 'DROP INDEX CONCURRENTLY u_email;' \
		'CREATE INDEX CONCURRENTLY u_email ON u (email);'
	commit
	in_use u
	migrate up --lock-wait 600ms
	exits 128
	same index false "$(validity)"
	err_lacks 'nothing of it is left'
	err_has 'the statement waited 600 ms for other transactions'
	err_has 'hint: 0 of 1 statements are done and stay done
hint: statement 1 left the invalid index u_email
hint: to finish it, and go on: git migrate up
hint: see what can be done: git migrate repair 20260101000001'
	same states "$A unfinished" "$(states)"
	ok repair
	out_has "  begun  migrations/${A}_a.up.sql:1: DROP INDEX u_email
         it is half done, and left the invalid index u_email"
	err_has "hint: to go on: git migrate up
hint: to finish that statement, and no more: git migrate repair $A --clean-up"
	ok repair --json
	json_is '.repairs[0] | "\(.verdict): \(.remains)"' \
		'half-done: invalid index u_email'
	let_go
	ok up
	same index gone "$(validity)"
	same states "$A applied" "$(states)"
	same progress 0 "$(sql 'SELECT count(*) FROM git_migrate_progress')"
}

@test "finishes a statement, and no more (postgresql)" {
	only_postgresql
	used
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE a (id integer);
DROP INDEX CONCURRENTLY u_email;
CREATE TABLE b (id integer);" 'SELECT 1;'
	commit
	in_use u
	migrate up --lock-wait 600ms
	exits 128
	err_has 'hint: 1 of 3 statements are done and stay done
hint: statement 2 left the invalid index u_email'
	let_go
	ok repair --clean-up
	err_is 'finished statement 2: no more invalid index u_email'
	same index gone "$(validity)"
	same states "$A unfinished" "$(states)"
	ok log $A
	out_has '  repair finished by Test Person'
	ok repair
	out_has "2 of 3 statements of its up script are done"
	ok up --json
	json_is '[.runs[0].statements[].index | tostring] | join(" ")' 3
	same states "$A applied" "$(states)"
}

@test "finishes a DROP INDEX of a down script that was interrupted" {
	only_postgresql
	used
	pair ${A}_a 'CREATE INDEX CONCURRENTLY u_id ON u (id);' \
		'DROP INDEX CONCURRENTLY u_id;'
	commit
	ok up
	in_use u
	git migrate down >out 2>err </dev/null 3>&- &
	local ours=$!
	poll "SELECT NOT indisvalid FROM pg_index WHERE indexrelid = 'u_id'::regclass"
	kill -INT $ours
	status=0
	wait $ours || status=$?
	# shellcheck disable=SC2034 # for err_has
	out=$(<out) err=$(<err)
	err_has "unable to revert migration '${A}_a': interrupted"
	err_has 'hint: statement 1 left the invalid index u_id
hint: to finish it, and go on: git migrate down'
	same states "$A unfinished" "$(states)"
	let_go
	ok repair --clean-up
	same index '' "$(sql "SELECT to_regclass('u_id')")"
	ok down
	same states "$A pending" "$(states)"
}

@test "an index that was invalid before is no doing of the DROP INDEX" {
	only_postgresql
	used
	sql "UPDATE pg_index SET indisvalid = false
		WHERE indexrelid = 'u_email'::regclass" >/dev/null
	pair ${A}_a 'DROP INDEX CONCURRENTLY u_email;' 'SELECT 1;'
	commit
	in_use u
	migrate up --lock-wait 600ms
	exits 128
	err_has 'hint: nothing of it is left in the database'
	same states "$A pending" "$(states)"
	let_go
	ok up
	same index gone "$(validity)"
}

detach() {
	only_postgresql
	used
	pair ${A}_a 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;' \
		'ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (10);'
	commit
	in_use p
	migrate up --lock-wait 600ms
	exits 128
	err_lacks 'nothing of it is left'
	err_has 'hint: statement 1 left the pending detach of partition p1 from p
hint: to finish it, and go on: git migrate up'
	same states "$A unfinished" "$(states)"
	ok repair
	out_has '         it is half done, and left the pending detach of partition p1 from p'
	let_go
}
partitions() { sql "SELECT count(*) FROM pg_inherits"; }

@test "goes on with a DETACH PARTITION that was interrupted" {
	detach
	ok up
	same partitions 0 "$(partitions)"
	same states "$A applied" "$(states)"
	ok down
	same rows 1 "$(sql 'SELECT count(*) FROM p')"
}

@test "finishes a DETACH PARTITION, and no more" {
	detach
	ok repair --clean-up
	err_is 'finished statement 1: no more pending detach of partition p1 from p'
	same partitions 0 "$(partitions)"
	same states "$A unfinished" "$(states)"
	ok up
	same states "$A applied" "$(states)"
}

@test "counts a DETACH PARTITION as done that was finalized by hand" {
	detach
	sql 'ALTER TABLE p DETACH PARTITION p1 FINALIZE' >/dev/null
	ok repair
	out_has '         it was carried out'
	ok up
	same states "$A applied" "$(states)"
}

@test "names who is in the way of what it removes" {
	only_postgresql
	used
	pair ${A}_a 'CREATE INDEX CONCURRENTLY u_id ON u (id);' 'SELECT 1;'
	commit
	in_use u
	migrate up --lock-wait 600ms
	exits 128
	err_has 'hint: statement 1 left the invalid index u_id
hint: to have that removed, and go on: git migrate up'
	migrate repair --clean-up --lock-wait 600ms
	exits 128
	err_has 'error: unable to drop the invalid index u_id: the statement waited 600 ms for other transactions'
	err_has ' of user '
	err_has 'hint: wait longer for them: --lock-wait DURATION'
	migrate up --lock-wait 600ms --json
	exits 128
	err_has "unable to apply migration '${A}_a': unable to drop the invalid index u_id: the statement waited 600 ms for other transactions"
	err_has ' of user '
	err_has "hint: see what can be done: git migrate repair $A"
	json_is '.runs[0] | "\(.outcome): \(.error)"' \
		'failed: unable to drop the invalid index u_id: the statement waited 600 ms for other transactions'
	ok log --json
	json_is '.runs | length' 2
	let_go
	ok repair --clean-up
	err_has 'removed the invalid index u_id'
	same states "$A pending" "$(states)"
}

@test "says that it has dropped what a build left, and what another one left" {
	only_postgresql
	sql 'CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (1)' >/dev/null
	pair ${A}_a 'CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);' 'SELECT 1;'
	commit
	migrate up
	exits 128
	err_has 'detail: Key (id)=(1) is duplicated.'
	err_has 'the invalid index that it left is dropped again: a_id'
	same index '' "$(sql "SELECT to_regclass('a_id')")"
	sql 'CREATE INDEX CONCURRENTLY a_id ON a (id)' >/dev/null
	migrate up
	exits 128
	err_has 'relation "a_id" already exists'
	err_lacks 'is invalid'
	sql "UPDATE pg_index SET indisvalid = false
		WHERE indexrelid = 'a_id'::regclass" >/dev/null
	migrate up
	exits 128
	err_has 'relation "a_id" already exists'
	err_has 'hint: the index of that name is invalid; when nobody is building it: DROP INDEX CONCURRENTLY public.a_id'
	same states "$A pending" "$(states)"
}

# Another run is in the middle of a script; `let_go` lets it end.
at_work() {
	case $ENGINE in
	postgresql)
		used
		pair ${A}_a 'CREATE INDEX CONCURRENTLY u_id ON u (id);' 'SELECT 1;'
		commit
		in_use u
		git migrate up >up.out 2>&1 </dev/null 3>&- &
		poll "SELECT count(*) = 1 FROM pg_index
			WHERE indexrelid = to_regclass('u_id') AND NOT indisvalid"
		;;
	mariadb)
		pair ${A}_a 'CREATE TABLE b AS SELECT SLEEP(5) AS n;' 'DROP TABLE b;'
		commit
		git migrate up >up.out 2>&1 </dev/null 3>&- &
		poll "SELECT IF(count(*) > 0, 't', 'f') FROM information_schema.processlist
			WHERE info LIKE 'CREATE TABLE b%' AND db = DATABASE()"
		;;
	esac
}

alive() {
	local who kill
	at_work
	case $ENGINE in
	postgresql) who='process ' kill='SELECT pg_terminate_backend(' ;;
	mariadb) who='connection ' kill='KILL ' ;;
	esac
	ok repair
	out_has "  begun  migrations/${A}_a.up.sql:1: "
	out_has "a run is at work: $who"
	out_lacks 'carried out'
	err_has "hint: look again when it is done: git migrate repair $A
hint: or, when the run itself is gone, end what the server still does for it: $kill"
	err_lacks --mark
	ok repair --json
	json_is ".repairs[0] | \"\(.verdict) \(.run | startswith(\"$who\"))\"" 'null true'
	ok status
	err_has "a run is at work: $who"
	ok status --json
	json_is ".run | startswith(\"$who\")" true
	migrate up --wait 0s
	exits 128
	err_has "detail: held by $who"
	err_has "hint: or, when the run itself is gone, end what the server still does for it: $kill"
	[[ $ENGINE == mariadb ]] || sql 'INSERT INTO go VALUES (1)' >/dev/null
	wait
	ok status --json
	json_is '.run' null
	same states "$A applied" "$(states)"
}
@test "knows that a run is at work" { ENGINES=${ENGINES/sqlite/} both alive; }

@test "knows that a run is at work (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	pair ${A}_a '-- migrate: no-transaction
CREATE TABLE a (id integer);
INSERT INTO nowhere VALUES (1);' 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	another_run
	ok repair
	out_has 'a run is at work: another process'
	err_is "hint: look again when it is done: git migrate repair $A"
	ok status
	err_has 'a run is at work: another process'
	another_run_ends
	wait
	ok repair
	out_lacks 'a run is at work'
	err_has 'hint: to go on: git migrate up'
}
