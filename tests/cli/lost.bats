#!/usr/bin/env bats
# A server that goes away or says nothing in the middle of a run. What is said of
# the outcome is what is known. The servers are this file's own: they are stopped.
load ../lib/common

A=20260101000001 B=20260101000002 C=20260101000003

setup_file() {
	unset POSTGRES_DIR MARIADB_DIR
	# shellcheck source=tests/lib/postgres.sh
	. "$MIGRATE_TOP/tests/lib/postgres.sh"
	# shellcheck source=tests/lib/mariadb.sh
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	[[ " $ENGINES " != *' postgresql '* ]] || POSTGRES_CONF='fsync = off' postgres_start 3>&-
	[[ " $ENGINES " != *' mariadb '* ]] ||
		MARIADB_CONF='innodb_log_file_size = 16M
innodb_buffer_pool_size = 64M' mariadb_start 3>&-
	unset PGHOST PGPORT PGUSER PGDATABASE
}

teardown_file() {
	# shellcheck source=tests/lib/postgres.sh
	. "$MIGRATE_TOP/tests/lib/postgres.sh"
	# shellcheck source=tests/lib/mariadb.sh
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	[[ -z ${POSTGRES_DIR:-} ]] || postgres_stop
	[[ -z ${MARIADB_DIR:-} ]] || mariadb_stop
}

teardown() {
	[[ -z ${STOPPED:-} ]] || kill -CONT "$STOPPED"
	[[ -z ${RUN:-} ]] || kill -KILL "$RUN" 2>/dev/null || true
	[[ -z ${SYNC:-} ]] || synchronous off
	drop_databases
}

on() { # ENGINE
	[[ " $ENGINES " == *" $1 "* ]] || skip "$1 is not among the engines"
	fresh "$1"
}

# until_answered STATEMENT   asks the server until it says something: $answer.
until_answered() {
	local tries=0
	until answer=$(server "$1") && [[ -n $answer ]]; do
		tries=$((tries + 1))
		[[ $tries -lt 600 ]] || explain "no answer to: $1"
		sleep 0.05
	done
}

stop() { # PID
	kill -STOP "$1"
	STOPPED=$1
}

go_on() {
	kill -CONT "$STOPPED"
	STOPPED=
}

# synchronous on|off   COMMIT waits for a standby that is not there.
synchronous() {
	if [[ $1 == on ]]; then
		server "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
		SYNC=on
	else
		server 'ALTER SYSTEM RESET synchronous_standby_names'
		SYNC=
	fi
	server 'SELECT pg_reload_conf()' >/dev/null
	[[ $1 == off ]] ||
		until_answered "SELECT 1 WHERE current_setting('synchronous_standby_names') = 'nobody'"
}

waiting_for_standby() {
	until_answered "SELECT pid FROM pg_stat_activity
		WHERE datname = '${URL##*/}' AND wait_event = 'SyncRep'"
}

# one that is applied already, so that the next run's first COMMIT is the script's
prepared() {
	table_pair $A a
	commit
	ok up
	table_pair $B b
	table_pair $C c
	commit
}

@test "PostgreSQL: a COMMIT that was carried out, and no answer: it is applied" {
	on postgresql
	prepared
	synchronous on
	up_starts --json
	waiting_for_standby
	server "SELECT pg_terminate_backend($answer)" >/dev/null
	up_ends
	exits 128
	err_is "error: migration '${B}_create_b' was applied, and then the connection to 'postgresql:${URL##*/}' was lost
hint: 1 after it not started; to go on: git migrate up"
	json_is '.runs | length' 1
	json_is '.runs[0].outcome' ok
	synchronous off
	same states "$A applied
$B applied
$C pending" "$(states)"
}

@test "PostgreSQL: a COMMIT that the server is still at: it is not known" {
	on postgresql
	prepared
	synchronous on
	up_starts --json
	waiting_for_standby
	stop "$answer"
	kill -TERM "$RUN"
	up_ends
	exits 130
	err_has "unable to apply migration '${B}_create_b': interrupted, and 'postgresql:${URL##*/}' does not answer"
	err_has 'hint: whether it was committed is not known: the server is still at it'
	err_has 'hint: see what the database has: git migrate status'
	err_lacks 'nothing of it is left'
	json_is '.runs[0].outcome' unknown
	json_is '.runs[0].error | endswith("whether it was committed is not known")' true
	synchronous off
	go_on
	until_answered "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = '${URL##*/}')"
	same states "$A applied
$B applied
$C pending" "$(states)"
}

@test "PostgreSQL: a session that was ended before its COMMIT has left nothing" {
	on postgresql
	pair ${A}_a $'CREATE TABLE a (id integer);\nSELECT pg_sleep(60);' 'DROP TABLE a;'
	commit
	up_starts --json
	until_answered "SELECT pid FROM pg_stat_activity
		WHERE datname = '${URL##*/}' AND wait_event = 'PgSleep'"
	server "SELECT pg_terminate_backend($answer)" >/dev/null
	up_ends
	exits 128
	err_has "the connection to 'postgresql:${URL##*/}' was lost"
	err_has 'hint: nothing of it is left in the database'
	json_is '.runs[0].outcome' failed
	same tables '' "$(tables)"
}

@test "PostgreSQL: Ctrl-C ends a run whose server takes no cancel" {
	on postgresql
	pair ${A}_a $'CREATE TABLE a (id integer);\nSELECT pg_sleep(60);' 'DROP TABLE a;'
	commit
	up_starts
	until_answered "SELECT pid FROM pg_stat_activity
		WHERE datname = '${URL##*/}' AND wait_event = 'PgSleep'"
	stop "$(head -n 1 "$POSTGRES_DIR/data/postmaster.pid")"
	kill -TERM "$RUN"
	up_ends
	exits 130
	err_has "interrupted, and 'postgresql:${URL##*/}' does not answer"
	err_has 'hint: it was not told to commit: the server rolls it back'
	err_lacks 'nothing of it is left'
}

@test "a second Ctrl-C ends at once, and says that nothing is known" {
	on postgresql
	pair ${A}_a 'SELECT pg_sleep(60);' 'SELECT 1;'
	commit
	up_starts
	until_answered "SELECT pid FROM pg_stat_activity
		WHERE datname = '${URL##*/}' AND wait_event = 'PgSleep'"
	stop "$(head -n 1 "$POSTGRES_DIR/data/postmaster.pid")"
	kill -TERM "$RUN"
	# what comes within half a second is the same one, that git has sent on
	sleep 1
	kill -TERM "$RUN"
	up_ends
	exits 143
	err_has 'error: ended at once, in the middle of a migration'
	err_has 'hint: see what the database has: git migrate status'
}

@test "MariaDB: a session that was ended before its COMMIT has left nothing" {
	on mariadb
	pair ${A}_a 'CREATE TABLE a (id integer);' 'DROP TABLE a;'
	commit
	ok up
	pair ${B}_fill $'INSERT INTO a VALUES (1);\nINSERT INTO a SELECT SLEEP(60);' \
		'DELETE FROM a;'
	commit
	up_starts --json
	until_answered "SELECT id FROM information_schema.PROCESSLIST
		WHERE db = '${URL##*/}' AND state = 'User sleep'"
	server "KILL $answer"
	up_ends
	exits 128
	err_has "the connection to 'mariadb:${URL##*/}' was lost"
	err_has 'hint: nothing of it is left in the database'
	json_is '.runs[0].outcome' failed
	same rows 0 "$(sql 'SELECT count(*) FROM a')"
}

@test "MariaDB: Ctrl-C ends a run whose server answers nothing" {
	on mariadb
	pair ${A}_a 'CREATE TABLE a (id integer);' 'DROP TABLE a;'
	commit
	ok up
	pair ${B}_fill 'INSERT INTO a SELECT SLEEP(60);' 'DELETE FROM a;'
	commit
	up_starts
	until_answered "SELECT id FROM information_schema.PROCESSLIST
		WHERE db = '${URL##*/}' AND state = 'User sleep'"
	stop "$(<"$MARIADB_DIR/pid")"
	kill -TERM "$RUN"
	up_ends
	exits 130
	err_has "interrupted, and 'mariadb:${URL##*/}' does not answer"
	err_lacks 'nothing of it is left'
}
