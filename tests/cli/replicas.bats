#!/usr/bin/env bats
# Replicas that hold batches back: those that the person names, on a MariaDB and
# on a PostgreSQL with one each, and a target that is a replica itself.

load ../lib/common

setup_file() {
	# shellcheck source=tests/lib/mariadb.sh
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	local fast='innodb_flush_log_at_trx_commit = 0
		innodb_flush_method = nosync'
	export MARIADB_CONF="$fast
		server_id = 2
		slave_parallel_threads = 0"
	mariadb_start
	export REPLICA_DIR=$MARIADB_DIR REPLICA_SOCKET=$MARIADB_SOCKET
	export REPLICA_SERVER=$MARIADB_SERVER
	MARIADB_CONF="$fast
		server_id = 1
		log_bin = binlog"
	mariadb_start
	replica "CHANGE MASTER TO MASTER_HOST = '127.0.0.1',
		MASTER_PORT = $MARIADB_PORT, MASTER_USER = 'root',
		MASTER_USE_GTID = slave_pos; START SLAVE"
}

teardown_file() {
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	mariadb_stop "$REPLICA_DIR"
	mariadb_stop "$MARIADB_DIR"
}

setup() {
	fresh mariadb
	pair 20260101000001_a 'CREATE TABLE a (id integer PRIMARY KEY, b integer);' \
		'DROP TABLE a;'
	pair 20260101000002_rows 'INSERT INTO a SELECT seq, 0 FROM seq_1_to_250;' \
		'DELETE FROM a;'
	commit
	ok up
	pair 20260101000003_fill '-- migrate: batch rows=100 pause=0
UPDATE a SET b = 1;' 'UPDATE a SET b = 0;'
	commit
}

teardown() {
	replica 'STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 0; START SLAVE'
	drop_databases
}

replica() { # STATEMENT
	MARIADB_SOCKET=$REPLICA_SOCKET mysql_client mysql "$1"
}

until_true() { # COMMAND...
	local tries
	for ((tries = 0; tries < 2000; tries++)); do
		! "$@" || return 0
		sleep 0.01
	done
	return 1
}

# behind SECONDS   whether the replica is, at least.
behind() {
	local seconds
	seconds=$(replica 'SHOW SLAVE STATUS' | cut -d'|' -f33)
	[[ -n $seconds && $seconds -ge $1 ]]
}

names_replica() {
	git config --add migrate-target.dev.replicaUrl "$REPLICA_SERVER/mysql"
}

begins_up() {
	git migrate up --json >out.json 2>err.txt &
	UP=$!
}

ends_up() {
	wait "$UP"
	out=$(<out.json)
	export out
	json_is '.runs[0] | [.outcome, .statements[0].rows,
		.statements[0].throttled_ms > 0] | map(tostring) | join("|")' 'ok|250|true'
}

filled() {
	sql 'SELECT count(*) FROM a WHERE b = 1'
}

@test "waits for a replica that has stopped" {
	names_replica
	replica 'STOP SLAVE SQL_THREAD'
	begins_up
	until_true grep -q '^waiting for a replica that has stopped' err.txt
	same rows 0 "$(filled)"
	replica 'START SLAVE SQL_THREAD'
	ends_up
}

@test "waits for a replica that is too far behind" {
	names_replica
	git config migrate.maxReplicaLag 500ms
	replica 'STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 3600; START SLAVE'
	sql 'INSERT INTO a VALUES (0, 0); DELETE FROM a WHERE id = 0'
	until_true behind 1
	begins_up
	until_true grep -qE '^waiting for a replica that is [0-9.]+ (min|s).* behind' err.txt
	same rows 0 "$(filled)"
	replica 'STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 0; START SLAVE'
	ends_up
}

@test "does not wait for one that keeps up, however many are named" {
	names_replica
	names_replica
	until_true behind 0
	git config migrate.maxReplicaLag 1h
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .throttled_ms] | map(tostring)
		| join("|")' '250|0'
	same 'the replica has the rows' 250 "$(until_true caught_up >/dev/null
		replica "SELECT count(*) FROM ${URL##*/}.a WHERE b = 1")"
}

caught_up() {
	[[ $(replica "SELECT count(*) FROM ${URL##*/}.a WHERE b = 1") == 250 ]]
}

@test "does without those that nobody has named" {
	replica 'STOP SLAVE SQL_THREAD'
	ok up
	same rows 250 "$(filled)"
}

@test "refuses what is no replica, and one that is not there" {
	git config migrate-target.dev.replicaUrl "$MARIADB_SERVER/mysql"
	migrate up
	exits 128
	err_has "error: migrations/20260101000003_fill.up.sql:2:1: unable to apply migration '20260101000003_fill': the replica 'mariadb:mysql' does not say how far it is behind
"
	err_has 'hint: is it a replica, and may this user see its state?'
	git config migrate-target.dev.replicaUrl mariadb://root@127.0.0.1:1/mysql
	migrate up
	exits 128
	err_has "unable to connect to 'mariadb:mysql'"
	same rows 0 "$(filled)"
}

@test "a file that comes with a clone names no replica" {
	printf '[migrate-target "dev"]\n\treplicaUrl = %s\n' "$REPLICA_SERVER" >.gitmigrate
	migrate up
	exits 128
	err_has "the key 'migrate-target.dev.replicaurl' may not be set in '.gitmigrate'"
}

@test "a target that is a replica itself is not to fall behind its source" {
	local on_source=$URL
	git config migrate.maxReplicaLag 500ms
	replica "CREATE DATABASE local_${URL##*/}"
	URL=$REPLICA_SERVER/local_${on_source##*/}
	git config migrate-target.dev.url "$URL"
	ok up --to 20260101000002
	replica 'STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 3600; START SLAVE'
	MARIADB_SOCKET=${MARIADB_SOCKET} mysql_client "${on_source##*/}" 'DELETE FROM a'
	until_true behind 1
	begins_up
	until_true grep -q '^waiting for a replica that is' err.txt
	replica 'STOP SLAVE; CHANGE MASTER TO MASTER_DELAY = 0; START SLAVE'
	ends_up
	replica "DROP DATABASE local_${on_source##*/}"
}
