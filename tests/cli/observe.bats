#!/usr/bin/env bats
# Looking on while a script runs: on PostgreSQL, what it must not do to a script
# that is unlike most others, and to a server that has little to give.

load ../lib/common

setup() {
	[[ " $ENGINES " == *" postgresql "* ]] || skip "no PostgreSQL"
	fresh postgresql
}

teardown() {
	drop_databases
	[[ -z ${ROLE:-} ]] || server "DROP ROLE IF EXISTS $ROLE"
}

A=20260101000001
B=20260101000002

# up_of SCRIPT   a pair of it and an empty way back, applied.
up_of() {
	pair ${A}_a "$1" '-- migrate: empty "a test"'
	commit
	ok up --json
}

# role OPTIONS   who owns the database from now on, and runs what follows.
role() {
	ROLE=role_${URL##*/}
	server "CREATE ROLE $ROLE LOGIN $1"
	server "ALTER DATABASE ${URL##*/} OWNER TO $ROLE"
	sql "GRANT ALL ON SCHEMA public TO $ROLE"
	OWNER_URL=$URL
	URL=${URL/postgres@/$ROLE@}
	git config migrate-target.dev.url "$URL"
}

locks_are() { # of each statement, mode and relation, sorted
	json_is '[.runs[0].locks[] | "\(.statement) \(.mode) \(.relation)"] | sort
		| join("\n")' "$1"
}

# Every look takes so long from now on.
slow_looks() { # SECONDS
	sql "SET allow_system_table_mods = on;
		CREATE OR REPLACE VIEW pg_catalog.pg_locks AS
		SELECT l.* FROM pg_catalog.pg_lock_status() l,
			(SELECT pg_catalog.pg_sleep($1)) AS s" >/dev/null
}

@test "looks at a script that gives its statements less time than a look takes" {
	slow_looks 0.6
	up_of "SET statement_timeout = '500ms';
CREATE TABLE a (id integer);
SET LOCAL statement_timeout = '400ms';
CREATE TABLE b (id integer);
SELECT 1;"
	json_is '[.runs[0].locks[] | .relation] | sort | unique | join(" ")' 'a b'
	json_is '.runs[0].observer.gaps | length' 0
}

@test "leaves a script the time-out that it has set" {
	pair ${A}_a "SET statement_timeout = '50ms';
CREATE TABLE a (id integer);
SELECT pg_sleep(20);" 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has 'canceling statement due to statement timeout'
	err_has "migrations/${A}_a.up.sql:3:1"
}

@test "reads names right in a script that speaks another encoding" {
	up_of "SET client_encoding = 'UTF8';
CREATE TABLE \"größe\" (id integer);
SET client_encoding = 'LATIN1';
CREATE TABLE \"b\" (id integer);
SET NAMES 'SQL_ASCII';
CREATE TABLE \"中\" (id integer);
SELECT 1;"
	locks_are '2 AccessExclusiveLock größe
4 AccessExclusiveLock b
6 AccessExclusiveLock 中'
}

@test "does without what it has prepared when a script deallocates it" {
	up_of "CREATE TABLE a (id integer);
DO \$\$ BEGIN EXECUTE 'DEALLOCATE ALL'; END \$\$;
CREATE TABLE b (id integer);
SELECT 1;"
	locks_are '1 AccessExclusiveLock a
3 AccessExclusiveLock b'
}

@test "sees what deferred constraints lock" {
	sql 'CREATE TABLE p (id integer PRIMARY KEY); INSERT INTO p VALUES (1);
		CREATE TABLE c (p integer REFERENCES p
			DEFERRABLE INITIALLY DEFERRED)'
	up_of 'INSERT INTO c VALUES (1);'
	json_is '[.runs[0].locks[] | select(.relation == "p") | .mode]
		| index("RowShareLock") != null' true
}

@test "runs a script again without looking where a look fails" {
	role ''
	psql -X -q -d "$OWNER_URL" -c \
		'REVOKE SELECT ON pg_catalog.pg_locks FROM PUBLIC'
	up_of 'CREATE TABLE a (id integer);
INSERT INTO a VALUES (1);
CREATE TABLE b (id integer);'
	json_is '.runs[0].observer.gaps | join(" ") | contains("pg_locks")' true
	same rows 1 "$(sql 'SELECT count(*) FROM a')"
	same states "$A applied" "$(states)"
}

# The right to look is there again once the first script is done.
@test "looks at the next script where a look at one failed" {
	role ''
	psql -X -q -d "$OWNER_URL" -c \
		'REVOKE SELECT ON pg_catalog.pg_locks FROM PUBLIC' -c \
		"CREATE FUNCTION allow() RETURNS void LANGUAGE sql SECURITY DEFINER
		AS 'GRANT SELECT ON pg_catalog.pg_locks TO PUBLIC'"
	pair ${A}_a 'CREATE TABLE a (id integer);
CREATE TABLE c (id integer);
SELECT allow();' 'DROP TABLE a, c;'
	pair ${B}_b 'ALTER TABLE a ADD COLUMN b integer;' 'ALTER TABLE a DROP COLUMN b;'
	ok up --json
	json_is '.runs[0].observer.gaps | join(" ") | contains("pg_locks")' true
	json_is '.runs[1].locks[] | select(.relation == "a") | .mode' \
		AccessExclusiveLock
	json_is '.runs[1].observer.gaps | join(" ") | contains("pg_locks")' false
}

@test "lets a script copy the database that it runs in" {
	local copy=${URL##*/}_copy
	DATABASES+=("postgresql $copy")
	up_of "CREATE TABLE a (id integer);
SELECT pg_sleep(0.2);
CREATE DATABASE $copy TEMPLATE ${URL##*/};"
	same tables t "$(psql -X -A -t -d "${URL%/*}/$copy" -c \
		"SELECT to_regclass('a') IS NOT NULL")"
}

@test "gives its connection to who watches a statement that waits" {
	local other
	sql 'CREATE TABLE a (id integer)'
	role 'CONNECTION LIMIT 2'
	sql_as_owner() { psql -X -q -A -t -d "$OWNER_URL" "$@"; }
	sql_as_owner -c "ALTER TABLE a OWNER TO $ROLE"
	mkfifo hold
	sql_as_owner <hold >held 3>&- &
	other=$!
	exec 7>hold
	echo "BEGIN; INSERT INTO a VALUES (1); SELECT 'held';" >&7
	until grep -qs held held; do sleep 0.02; done
	pair ${A}_a 'SELECT pg_sleep(0.2);
CREATE INDEX CONCURRENTLY a_id ON a (id);' 'DROP INDEX a_id;'
	commit
	migrate up --lock-wait 2s 7>&-
	exits 128
	err_has 'waited 2'
	err_has 'for other transactions'
	exec 7>&-
	wait $other
	ok up
}

@test "does without what a function of the database has deallocated" {
	sql "CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS
		'BEGIN EXECUTE ''DEALLOCATE ALL''; END'"
	up_of "CREATE TABLE a (id integer);
SELECT wipe();
CREATE TABLE b (id integer);"
	same tables 2 "$(sql "SELECT count(*) FROM pg_class
		WHERE relname IN ('a', 'b')")"
}
