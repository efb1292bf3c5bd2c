#!/usr/bin/env bats
# Where DDL commits by itself, the end of a migration claims the next one along:
# the ledger then says that it is unfinished before anything of it is done. That
# must be in nobody's way when it is not begun after all.
load ../lib/common
load ../lib/mariadb_sessions

A=20260101000001 B=20260101000002 C=20260101000003

setup() {
	fresh mariadb
	# what drops the database while a session is in a transaction waits
	export HOLDER_IN=
}

teardown() {
	[[ -z ${RUN:-} ]] || kill -KILL "$RUN" 2>/dev/null || true
	holder_ends ROLLBACK
	drop_databases
}

state_of() {
	sql "SELECT state FROM git_migrations WHERE version = $1"
}

progress() {
	sql 'SELECT count(*) FROM git_migrate_progress'
}

is() { # STATE VERSION
	[[ $(state_of "$2") == "$1" ]]
}

pairs_to_wait_for() {
	sql 'CREATE TABLE held (id integer PRIMARY KEY)'
	table_pair $A a
	pair ${B}_held 'ALTER TABLE held ADD c integer;' 'ALTER TABLE held DROP c;'
	table_pair $C c
	commit
}

# The first one is applied, and the second one claimed: it is not begun as long
# as somebody has what it needs.
claimed() {
	pairs_to_wait_for
	ok up -n 1
	ok down
	holder 'SELECT * FROM held'
	up_starts
	until_true is unfinished $B
	same state applied "$(state_of $A)"
	same progress 1 "$(progress)"
}

is_gone() {
	! in_list "INFO LIKE 'ALTER TABLE held%'"
}

killed() {
	claimed
	kill -KILL "$RUN"
	wait "$RUN" 2>/dev/null || true
	RUN=
	# it may have asked for the table: the server must not get to it
	until_true is_gone
	holder_ends ROLLBACK
	same states "$A applied
$B unfinished
$C pending" "$(states)"
}

@test "a claim is kept by a run that is killed, and the next one goes on" {
	killed
	ok status --json
	json_is '.migrations[1] | "\(.statements_done) of \(.statements_total)"' \
		'0 of 1'
	ok up
	same states "$A applied
$B applied
$C applied" "$(states)"
	same progress 0 "$(progress)"
	same runs "$A 2
$B 1
$C 1" "$(sql "SELECT concat(version, ' ', count(*)) FROM git_migrate_runs
		WHERE direction = 'up' GROUP BY version ORDER BY version")"
}

@test "a claim of what was not begun is not in the way of down" {
	killed
	ok down
	err_has "'${B}_held' is not unfinished any more: nothing of it was begun"
	same states "$A pending
$B pending
$C pending" "$(states)"
	same progress 0 "$(progress)"
}

@test "a claim of what was not begun is not in the way of up --to" {
	killed
	ok up --to $A
	err_has "'${B}_held' is not unfinished any more: nothing of it was begun"
	same states "$A applied
$B pending
$C pending" "$(states)"
}

@test "a claim of what was not begun is not in the way of sync" {
	killed
	git rm -q migrations/${B}_held.* migrations/${C}_*
	commit
	ok sync
	same states "$A applied" "$(states)"
	same progress 0 "$(progress)"
}

@test "a claim of what is done is none of those" {
	killed
	sql 'ALTER TABLE held ADD c integer'
	migrate down
	exits 1
	err_has "error: migration '${B}_held' is unfinished: 0 of 1 statements"
	same states "$A applied
$B unfinished
$C pending" "$(states)"
}

@test "a claim of a run that goes on is not taken from it" {
	claimed
	migrate down
	exits 1
	err_has "error: migration '${B}_held' is unfinished: 0 of 1 statements"
	holder_ends ROLLBACK
	up_ends
	exits 0
	same states "$A applied
$B applied
$C applied" "$(states)"
}

@test "a claim can be repaired as any other" {
	killed
	ok repair
	out_has "${B}_held is unfinished: 0 of 1 statements of its up script are done"
	ok repair $B --mark-undone
	same states "$A applied
$B pending
$C pending" "$(states)"
	ok up
}

# Each answer takes so long that the run is met between two.
@test "a claim is taken back by a run that is interrupted before it begins" {
	local server=${URL#*://} far port url=$URL
	server=${server#*@127.0.0.1:}
	table_pair $A a
	table_pair $B b
	table_pair $C c
	commit
	exec 9< <(exec python3 "$MIGRATE_TOP/tests/lib/far.py" "${server%%/*}" 100)
	far=$!
	read -r port <&9
	exec 9<&-
	ok up -n 1
	git config migrate-target.dev.url "${URL/:${server%%\/*}\//:$port/}"
	ok down
	up_starts
	until_true is unfinished $B
	kill -INT "$RUN"
	up_ends
	kill "$far"
	git config migrate-target.dev.url "$url"
	exits 130
	err_has 'error: interrupted'
	same states "$A applied
$B pending
$C pending" "$(states)"
	same progress 0 "$(progress)"
	ok up
}

@test "a run that ends where it was told to leaves no claim" {
	table_pair $A a
	table_pair $B b
	table_pair $C c
	commit
	ok up -n 1
	same states "$A applied
$B pending
$C pending" "$(states)"
	same progress 0 "$(progress)"
	ok up --to $B
	same states "$A applied
$B applied
$C pending" "$(states)"
	same progress 0 "$(progress)"
}

@test "a script that fails leaves no claim, of itself or of the next" {
	table_pair $A a
	pair ${B}_again 'CREATE TABLE a (id integer);' 'DROP TABLE a;'
	table_pair $C c
	commit
	migrate up
	exits 128
	err_has 'hint: nothing of it is left in the database
hint: 1 done and committed before it, 1 after it not started'
	same states "$A applied
$B pending
$C pending" "$(states)"
	same progress 0 "$(progress)"
}

@test "what cannot be claimed is not the failure of the one before" {
	table_pair $A a
	commit
	ok up
	pair ${B}_in_the_way "CREATE TABLE b (id integer);
INSERT INTO git_migrations SELECT $C, name, up_blob, down_blob, down_script,
	commit_id, source, branch, applied_at, applied_by, duration_ms, state,
	direction, statements_done, statements_total, tool
	FROM git_migrations WHERE version = $A;
CREATE TABLE bb (id integer);" 'DROP TABLE bb; DROP TABLE b;'
	table_pair $C c
	commit
	migrate up
	exits 128
	err_has "unable to apply migration '${C}_create_c': Duplicate entry '$C'"
	same state applied "$(state_of $B)"
	same progress 0 "$(progress)"
	same tables $'a\nb\nbb' "$(tables)"
}

# Somebody else is about to record the second one.
@test "nothing is claimed ahead with --no-lock" {
	table_pair $A a
	commit
	ok up
	table_pair $B b
	table_pair $C c
	commit
	holder "INSERT INTO git_migrations SELECT $C, name, up_blob, down_blob,
		down_script, commit_id, source, branch, applied_at, applied_by,
		duration_ms, state, direction, statements_done, statements_total, tool
		FROM git_migrations WHERE version = $A"
	up_starts --no-lock
	until_true is applied $B
	holder_ends ROLLBACK
	up_ends
	exits 0
	same states "$A applied
$B applied
$C applied" "$(states)"
}

@test "twenty runs at once apply each migration once" {
	local n pids=() version=20260101000000
	for ((n = 1; n <= 10; n++)); do
		table_pair $((version + n)) "t$n"
	done
	commit
	for ((n = 0; n < 20; n++)); do
		git-migrate up --wait 120s >"$BATS_TEST_TMPDIR/out.$n" 2>&1 \
			</dev/null 3>&- &
		pids+=($!)
	done
	for n in "${!pids[@]}"; do
		wait "${pids[n]}" || explain "$(<"$BATS_TEST_TMPDIR/out.$n")"
	done
	same runs '10|10' "$(sql 'SELECT count(*), count(DISTINCT version)
		FROM git_migrate_runs')"
	same applied 10 "$(sql "SELECT count(*) FROM git_migrations
		WHERE state = 'applied'")"
	same progress 0 "$(progress)"
}
