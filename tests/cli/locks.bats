#!/usr/bin/env bats
# Locks that others hold, and time-outs: what the options and settings do.

load ../lib/common

teardown() {
	holder_ends ROLLBACK
	drop_databases
}

# holder STATEMENT   another session that has run the statement in a
# transaction, which stays open.
holder() {
	local word
	coproc HOLDER {
		PGAPPNAME=shop exec psql -X -q -A -t -d "$URL" 2>&1
	}
	# shellcheck disable=SC2153
	exec {HOLDER_IN}>&"${HOLDER[1]}" {HOLDER_OUT}<&"${HOLDER[0]}"
	printf '%s\n' 'BEGIN;' "$1;" "SELECT 'ready';" >&"$HOLDER_IN"
	while read -r word <&"$HOLDER_OUT" && [[ $word != ready ]]; do :; done
}

holder_ends() { # COMMIT|ROLLBACK
	[[ -n ${HOLDER_IN:-} ]] || return 0
	echo "$1;" >&"$HOLDER_IN"
	exec {HOLDER_IN}>&- {HOLDER_OUT}<&-
	HOLDER_IN=
}

# A table in use, and a pair that alters it.
users() {
	table_pair 20260101000000 users
	commit
	ok up
	pair 20260102000000_add_a 'ALTER TABLE users ADD COLUMN a integer;' \
		'ALTER TABLE users DROP COLUMN a;'
	commit
}

# Processes and durations differ from run to run.
masked() {
	sed -E 's/[0-9]+(\.[0-9]+)?( ms| s\b)/#\2/g; s/(process |backend\()[0-9]+/\1#/g'
}

# A script that takes a minute on any engine.
slow() {
	if [[ $ENGINE == mariadb ]]; then
		echo 'SELECT SLEEP(60);'
		return
	fi
	[[ $ENGINE = postgresql ]] || {
		echo 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1
			FROM n WHERE i < 2000000000) SELECT max(i) FROM n;'
		return
	}
	echo 'SELECT pg_sleep(60);'
}

@test "gives up when --lock-wait is over, and lists who is in the way" {
	fresh postgresql
	users
	holder 'SELECT * FROM users'
	migrate up --lock-wait 200ms
	exits 128
	same out "failed  20260102000000_add_a (up)  # ms
  waited # ms, 1 attempt, for process # (shop, idle in transaction, open for # ms) on users" \
		"$(masked <<<"$out")"
	same err "waiting for process # (shop, idle in transaction, open for # ms) on users
error: unable to apply migration '20260102000000_add_a': the locks that it needs were not to be had in # ms
detail: process # (shop, idle in transaction, open for # ms) of user postgres has AccessShareLock on users: SELECT 'ready';
hint: wait longer for them: --lock-wait DURATION
hint: or end what is in the way: SELECT pg_terminate_backend(#)
hint: nothing of it is left in the database" "$(masked <<<"$err")"
	same states '20260101000000 applied
20260102000000 pending' "$(states)"
}

@test "goes on when the holder goes, and tells the attempts" {
	fresh postgresql
	users
	holder 'SELECT * FROM users'
	git migrate up --json >out.json 2>waiting &
	for ((tries = 0; tries < 1000; tries++)); do
		! grep -q '^waiting for process' waiting || break
		sleep 0.01
	done
	holder_ends COMMIT
	wait $!
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, (.attempts | length), .attempts[0].outcome,
		.attempts[0].timeout_ms, .attempts[0].blockers[0].application,
		.attempts[0].blockers[0].relation, .attempts[0].blockers[0].mode,
		(.attempts[0] | keys_unsorted | join(" ")),
		(.attempts[0].blockers[0] | keys_unsorted | join(" "))] | join("|")' \
		'ok|1|ok|50|shop|users|AccessShareLock|number started_ms waited_ms timeout_ms outcome blockers|pid user application age_ms state query relation mode'
	ok log -v 20260102000000
	out_has "AccessExclusiveLock on users held"
	same attempts "  waited # ms, 1 attempt, for process # (shop, idle in transaction, open for # ms) on users
  try 1    ok, waited # ms, lock time-out # ms
    process # (shop, idle in transaction, open for # ms) of user postgres has AccessShareLock on users: SELECT 'ready';" \
		"$(masked <<<"$out" | grep -A2 '^  waited' | sed 's/waited # s/waited # ms/')"
	same 'not told when there is nothing to tell' null \
		"$(git migrate log 20260101000000 --json | jq '.runs[0].attempts')"
}

asks_at_once() {
	users
	git config migrate.lockTimeout 0
	holder 'SELECT * FROM users'
	git migrate up --json >out.json 2>err.txt &
	for ((tries = 0; tries < 1000; tries++)); do
		[[ $(sql "SELECT count(*) FROM pg_locks WHERE NOT granted") = 0 ]] ||
			break
	done
	for ((tries = 0; tries < 3000; tries++)); do
		! grep -q '^waiting for process .*(shop.* on users$' err.txt || break
		sleep 0.01
	done
	holder_ends COMMIT
	wait $!
	grep -q '^waiting for process .*(shop.* on users$' err.txt
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, (.attempts | length), .attempts[0].outcome,
		.attempts[0].timeout_ms, .attempts[0].waited_ms > 0,
		.attempts[0].blockers[0].application,
		.attempts[0].blockers[0].mode] | map(tostring) | join("|")' \
		'ok|1|ok|0|true|shop|AccessShareLock'
}
@test "asks without looking when the lock time-out is 0, and says whom it waits for" {
	fresh postgresql
	asks_at_once
}

@test "settings come from the configuration and the environment" {
	fresh postgresql
	users
	holder 'SELECT * FROM users'
	git config migrate.lockWait 100ms
	migrate up
	exits 128
	err_has 'not to be had in 100 ms'
	export GIT_MIGRATE_LOCK_WAIT=150ms
	migrate up
	err_has 'not to be had in 150 ms'
	migrate up --lock-wait=120ms
	err_has 'not to be had in 120 ms'
	unset GIT_MIGRATE_LOCK_WAIT
	git config migrate.lockWait soon
	migrate up
	exits 128
	err_has "error: bad duration 'soon' for 'migrate.lockwait'"
}

@test "a file that comes with a clone may only be stricter" {
	fresh postgresql
	users
	printf '[migrate]\n\tlockTimeout = 20ms\n\tlockWait = 1m\n\tstatementTimeout = 5s\n' \
		>.gitmigrate
	ok up
	local setting
	for setting in 'lockTimeout = 60ms' 'lockTimeout = 0' 'lockWait = 10m'; do
		printf '[migrate]\n\t%s\n' "$setting" >.gitmigrate
		migrate status
		exits 128
		err_has "may not be set in '.gitmigrate': only a shorter time than the default may be set there"
	done
}

cancels_a_slow_statement() {
	table_pair 20260101000000 users
	pair 20260102000000_slow "$(slow)" 'SELECT 1;'
	commit
	migrate up --statement-timeout 200ms
	exits 128
	if [[ $ENGINE = postgresql ]]; then
		err_has 'canceling statement due to statement timeout'
	elif [[ $ENGINE = mariadb ]]; then
		err_has 'max_statement_time exceeded'
	else
		err_has "error: migrations/20260102000000_slow.up.sql:1:1: unable to apply migration '20260102000000_slow': the statement took longer than 200 ms"
	fi
	err_has '--statement-timeout'
	same states '20260101000000 applied
20260102000000 pending' "$(states)"
}

@test "--statement-timeout cancels a statement" {
	both cancels_a_slow_statement
}

ends_a_long_run() {
	table_pair 20260101000000 users
	pair 20260102000000_slow "$(slow)" 'SELECT 1;'
	table_pair 20260103000000 orders
	commit
	migrate up --abort-after 2s
	exits 128
	err_is "error: migrations/20260102000000_slow.up.sql:1:1: unable to apply migration '20260102000000_slow': the run took longer than 2.0 s
hint: give it more time: --abort-after DURATION
hint: nothing of it is left in the database
hint: 1 done and committed before it, 1 after it not started"
	same states '20260101000000 applied
20260102000000 pending
20260103000000 pending' "$(states)"
}

@test "--abort-after ends a run" {
	both ends_a_long_run
}

@test "--abort-after ends a run that waits" {
	fresh postgresql
	users
	holder 'SELECT * FROM users'
	migrate up --abort-after 300ms
	exits 128
	err_has "unable to apply migration '20260102000000_add_a': the run took longer than 300 ms"
}

runs_unlocked() {
	table_pair 20260101000000 users
	commit
	migrate up --no-lock
	exits 0
	err_is "warning: nothing keeps other runs on 'dev' out: --no-lock"
	same tables users "$(tables)"
}

@test "--no-lock does without the lock, and warns" {
	both runs_unlocked
}

@test "--no-lock does not wait for another run" {
	fresh postgresql
	table_pair 20260101000000 users
	commit
	holder "SELECT pg_advisory_lock(1734964333, hashtext('public'))"
	migrate up --wait 100ms
	exits 128
	err_has "error: another run on"
	ok up --no-lock
	same tables users "$(tables)"
}

@test "names who holds the rows that a statement waits for" {
	fresh postgresql
	users
	sql 'INSERT INTO users VALUES (1), (2)'
	pair 20260102000000_add_a 'UPDATE users SET id = id + 10;' \
		'UPDATE users SET id = id - 10;'
	commit
	holder 'SELECT * FROM users WHERE id = 2 FOR UPDATE'
	migrate up --lock-wait 2s --json
	exits 128
	same err "waiting for process # (shop, idle in transaction, open for #) on users
error: unable to apply migration '20260102000000_add_a': the locks that it needs were not to be had in # s
detail: process # (shop, idle in transaction, open for #) of user postgres has a row lock on users: SELECT 'ready';
hint: wait longer for them: --lock-wait DURATION
hint: or end what is in the way: SELECT pg_terminate_backend(#)
hint: nothing of it is left in the database" \
		"$(masked <<<"$err" | sed -E 's/open for # m?s/open for #/')"
	json_is '.runs[0].attempts | map([.outcome, .blockers[0].mode,
		.blockers[0].application, (.waited_ms >= 1900)] | map(tostring)
		| join(" ")) | join("|")' 'timeout a row lock shop true'
	# behind a strong lock of its own it asks for short, and knows all the same
	pair 20260102000000_add_a 'CREATE INDEX i ON users (id);
UPDATE users SET id = id + 10;' 'DROP INDEX i;'
	commit
	migrate up --lock-wait 2s --lock-timeout 400ms
	exits 128
	err_has 'has a row lock on users'
}

counts_nobody() {
	users
	pair 20260102000000_add_a 'INSERT INTO users VALUES (1);' \
		'DELETE FROM users;'
	commit
	table_holder
	# it has to end long before the holder would
	try timeout 60 git migrate up --lock-wait 2s --json
	exits 128
	[[ $ENGINE != postgresql ]] || err_has ' has AccessExclusiveLock on users'
	json_is '.runs[0] | [.outcome, (.attempts | length >= 1)] | join(" ")' 'failed true'
}

table_holder() {
	[[ $ENGINE != postgresql ]] || {
		holder 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE'
		return
	}
	local word
	coproc HOLDER {
		exec mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -N -n \
			"${URL##*/}" 2>&1
	}
	exec {HOLDER_IN}>&"${HOLDER[1]}" {HOLDER_OUT}<&"${HOLDER[0]}"
	printf '%s\n' 'LOCK TABLES users WRITE;' "SELECT 'ready';" >&"$HOLDER_IN"
	while read -r word <&"$HOLDER_OUT" && [[ $word != ready ]]; do :; done
}

@test "counting rows does not wait for a table that somebody has locked (postgresql)" {
	fresh postgresql
	counts_nobody
	# what needs no lock of it goes on, not counted
	pair 20260102000000_add_a 'GRANT SELECT ON users TO PUBLIC;' \
		'REVOKE SELECT ON users FROM PUBLIC;'
	commit
	try timeout 60 git migrate up
	exits 0
	err_lacks 'waiting for'
}

@test "counting rows does not wait for a table that somebody has locked (mariadb)" {
	fresh mariadb
	counts_nobody
}

@test "a role that may not end who is in the way is told whom to ask" {
	fresh postgresql
	local role=weak_$$
	server "CREATE ROLE $role LOGIN"
	server "ALTER DATABASE ${URL##*/} OWNER TO $role"
	git config migrate-target.dev.url "${URL/postgres@/$role@}"
	users
	holder 'SELECT * FROM users'
	migrate up --lock-wait 200ms
	exits 128
	same hints "hint: wait longer for them: --lock-wait DURATION
hint: or end what is in the way: ask postgres or a superuser for SELECT pg_terminate_backend(#)
hint: to see what it does, let somebody who may say: GRANT pg_read_all_stats TO ROLE
hint: nothing of it is left in the database" "$(grep '^hint' <<<"$err" | masked)"
	holder_ends ROLLBACK
	drop_database "${URL##*/}"
	server "DROP ROLE $role"
}

# The ledger is read, and not waited for in silence.
ledger_is_held() {
	local run
	users
	holder 'LOCK TABLE git_migrations IN ACCESS EXCLUSIVE MODE'
	git migrate status >out 2>err &
	run=$!
	for ((tries = 0; tries < 2000; tries++)); do
		! grep -q '^waiting for process' err || break
		sleep 0.01
	done
	holder_ends ROLLBACK
	wait $run
	same waiting 'waiting for process # (shop, idle in transaction, open for #) on git_migrations' \
		"$(grep ^waiting err | masked | sed -E 's/open for # m?s/open for #/')"
	same out '20260101000000 applied' "$(cut -d' ' -f1,2 <out | grep -o '^[0-9]* applied')"
}
@test "status says who has locked the ledger (postgresql)" {
	fresh postgresql
	ledger_is_held
}

@test "what waits for a locked ledger or table ends after --wait (postgresql)" {
	fresh postgresql
	users
	holder 'LOCK TABLE git_migrations IN ACCESS EXCLUSIVE MODE'
	try timeout 60 git migrate down --wait 2s
	exits 128
	err_has "error: unable to read the ledger of 'postgresql:${URL##*/}': others kept it locked for 2.0 s"
	err_has ' of user postgres has AccessExclusiveLock on git_migrations: '
	err_has 'hint: to end what is in the way: SELECT pg_terminate_backend('
	holder_ends ROLLBACK
	holder 'LOCK TABLE users IN ACCESS EXCLUSIVE MODE'
	try timeout 60 git migrate backup --wait 2s
	exits 128
	err_has 'waiting for process '
	err_has ' has AccessExclusiveLock on users: '
}

# sqlite_lock   another process holds the file; close ${LOCKER[1]} to end it.
sqlite_lock() {
	coproc LOCKER { exec sqlite3 -batch "${URL#sqlite:}" 2>/dev/null; }
	echo "BEGIN IMMEDIATE; SELECT 'held';" >&"${LOCKER[1]}"
	read -r <&"${LOCKER[0]}"
}

@test "on SQLite, --lock-wait and --wait both limit the wait for the file" {
	fresh sqlite
	table_pair 20260101000001 a
	ok up
	table_pair 20260101000002 b
	sqlite_lock
	try timeout 20 git migrate up --lock-wait 200ms
	exits 128
	err_has 'hint: wait longer for it: --lock-wait DURATION'
	try timeout 20 git migrate up --wait 200ms
	exits 128
	err_has 'hint: wait longer for it: --wait DURATION'
	echo .quit >&"${LOCKER[1]}"
	wait
	ok up --lock-wait 200ms
}

# takes_once SECONDS COMMAND...   it fails once it has waited so long, and not
# once more.
takes_once() {
	local limit=$1 before=${EPOCHREALTIME/./} took
	shift
	try timeout 60 "$@"
	took=$((${EPOCHREALTIME/./} - before))
	exits 128
	((took >= limit * 1000000 && took < limit * 1900000)) ||
		explain "it took $took us to wait for $limit s"
}

@test "on SQLite, who gives up on the file has waited for it once" {
	fresh sqlite
	table_pair 20260101000001 a
	ok up
	table_pair 20260101000002 b
	pair 20260101000003_c $'-- migrate: no-transaction\nCREATE TABLE c (id integer);\nVACUUM;' \
		'DROP TABLE c;'
	sqlite_lock
	takes_once 2 git migrate up --wait 2s
	takes_once 2 git migrate up --lock-wait 2s
	takes_once 2 git migrate down --wait 2s
	rm migrations/20260101000002_*
	takes_once 2 git migrate up --wait 2s
	echo "COMMIT; BEGIN EXCLUSIVE; SELECT 'held';" >&"${LOCKER[1]}"
	read -r <&"${LOCKER[0]}"
	takes_once 2 git migrate up --wait 2s
	echo .quit >&"${LOCKER[1]}"
	wait
	same states $'20260101000001 applied\n20260101000003 uncommitted' "$(states)"
}
