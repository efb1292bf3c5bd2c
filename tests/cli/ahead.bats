#!/usr/bin/env bats
# Transactions that are sent to PostgreSQL before the ones in front of them are
# done: what is said, and what is there, when one of them does not get there.
load ../lib/common

FIRST=20260101000000

setup() {
	[[ " $ENGINES " == *' postgresql '* ]] ||
		skip 'postgresql is not among the engines'
	fresh postgresql
	for n in 1 2 3 4 5 6; do
		table_pair $((FIRST + n)) t$n
	done
	commit
}

teardown() {
	[[ -z ${RUN:-} ]] || kill -KILL "$RUN" 2>/dev/null || true
	gate_opens
	drop_databases
}

# gate_closes TABLE   who creates it waits until gate_opens.
gate_closes() {
	local word
	sql "CREATE FUNCTION gate() RETURNS event_trigger LANGUAGE plpgsql AS
		\$\$BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands()
			WHERE object_identity = 'public.$1')
		THEN PERFORM pg_advisory_xact_lock(42); END IF; END\$\$"
	sql "CREATE EVENT TRIGGER gate ON ddl_command_end EXECUTE FUNCTION gate()"
	coproc GATE { exec psql -X -q -A -t -d "$URL" 2>&1; }
	exec {GATE_IN}>&"${GATE[1]}" {GATE_OUT}<&"${GATE[0]}"
	printf '%s\n' 'SELECT pg_advisory_lock(42);' "SELECT 'ready';" >&"$GATE_IN"
	while read -r word <&"$GATE_OUT" && [[ $word != ready ]]; do :; done
}

gate_opens() {
	[[ -n ${GATE_IN:-} ]] || return 0
	printf '\\q\n' >&"$GATE_IN"
	exec {GATE_IN}>&- {GATE_OUT}<&-
	GATE_IN=
}

# The number of the process that waits at the gate: $answer.
until_at_the_gate() {
	local tries=0
	until answer=$(sql "SELECT pid FROM pg_stat_activity WHERE
			datname = current_database() AND wait_event = 'advisory'") &&
		[[ -n $answer ]]; do
		tries=$((tries + 1))
		[[ $tries -lt 600 ]] || explain 'nobody comes to the gate'
		sleep 0.05
	done
}

# applied COUNT   the ledger says so, and the tables and the runs agree.
applied() {
	local n want=
	for n in 1 2 3 4 5 6; do
		want+="$((FIRST + n)) $([[ $n -le $1 ]] && echo applied || echo pending)"
		[[ $n -eq 6 ]] || want+=$'\n'
	done
	same states "$want" "$(states)"
	same tables "$1" "$(sql "SELECT count(*) FROM pg_tables
		WHERE tablename ~ '^t[0-9]\$'")"
	same runs "$1" "$(sql "SELECT count(*) FROM git_migrate_runs
		WHERE outcome = 'ok'")"
}

goes_on_to_the_end() {
	ok up
	applied 6
	same durations 0 "$(sql 'SELECT count(*) FROM git_migrations
		WHERE duration_ms <= 0')"
}

@test "records of each what it measured" {
	ok up --json
	json_is '[.runs[] | .statements[0].kind] | unique | join(" ")' 'CREATE TABLE'
	json_is '[.runs[] | .tables[0].rows_after] | join(" ")' '0 0 0 0 0 0'
	json_is '[.runs[] | .locks[0] | .relation + " " + .mode] | join(", ")' \
		"$(printf 't%d AccessExclusiveLock, ' 1 2 3 4 5 6 | sed 's/, $//')"
	ok log --json
	json_is '[.runs[] | .observer.gaps | length] | add' 0
	json_is '[.runs[] | select(.duration_ms > 0)] | length' 6
	applied 6
}

@test "one that fails keeps those after it from being carried out" {
	pair $((FIRST + 4))_create_t4 $'CREATE TABLE t4 (id integer);\nCREATE TABLE t1 (id integer);' \
		'DROP TABLE t4;'
	commit
	migrate up
	exits 128
	err_is "error: migrations/$((FIRST + 4))_create_t4.up.sql:2:1: unable to apply migration '$((FIRST + 4))_create_t4': relation \"t1\" already exists
    2 | CREATE TABLE t1 (id integer);
      | ^
hint: nothing of it is left in the database
hint: 3 done and committed before it, 2 after it not started
hint: mend the script, then: git migrate up"
	applied 3
	pair $((FIRST + 4))_create_t4 'CREATE TABLE t4 (id integer);' 'DROP TABLE t4;'
	commit
	goes_on_to_the_end
}

@test "Ctrl-C ends the one at work, and those after it are not carried out" {
	gate_closes t3
	up_starts
	until_at_the_gate
	kill -TERM "$RUN"
	up_ends
	exits 130
	err_has "unable to apply migration '$((FIRST + 3))_create_t3': interrupted"
	err_has 'hint: 2 done and committed before it, 3 after it not started'
	applied 2
	gate_opens
	goes_on_to_the_end
}

@test "Ctrl-C while the last one that was sent is at work" {
	gate_closes t2
	# it was sent behind the first one's COMMIT, and the third with it
	up_starts -n 3
	until_at_the_gate
	kill -TERM "$RUN"
	up_ends
	exits 130
	applied 1
	gate_opens
	goes_on_to_the_end
}

@test "a killed run: what the server has is carried out, and recorded" {
	gate_closes t3
	up_starts
	until_at_the_gate
	kill -KILL "$RUN"
	up_ends
	exits 137
	gate_opens
	# the server goes on with what it was given, and then sees the end
	local tries=0
	until [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE
			pid = $answer") == 0 ]]; do
		tries=$((tries + 1))
		[[ $tries -lt 600 ]] || explain 'the server has not seen the end'
		sleep 0.05
	done
	count=$(sql 'SELECT count(*) FROM git_migrations')
	[[ $count == 3 || $count == 4 ]]
	applied "$count"
	ok log -v
	out_has 'this program was killed before it could write it down'
	# how long it took the server has told itself
	ok log --json
	same 'it waited' 1 "$(json '[.runs[] | select(.name == "create_t3" and .duration_ms > 5)] | length')"
	ok comment $((FIRST + 3))
	out_has 'this program was killed before it could write it down'
	out_has '`t3`'
	out_lacks 'no table touched'
	out_lacks 'no lock observed'
	goes_on_to_the_end
}

@test "a connection that is lost: none after it is carried out" {
	gate_closes t3
	up_starts
	until_at_the_gate
	server "SELECT pg_terminate_backend($answer)" >/dev/null
	up_ends
	exits 128
	err_has "unable to apply migration '$((FIRST + 3))_create_t3': the connection to"
	err_has 'hint: 2 done and committed before it, 3 after it not started'
	applied 2
	gate_opens
	goes_on_to_the_end
}

@test "--abort-after ends it in time" {
	gate_closes t3
	up_starts --abort-after 1s
	up_ends
	exits 128
	err_has "unable to apply migration '$((FIRST + 3))_create_t3': the run took longer than 1"
	applied 2
}

# Far more than there is time for, none of which takes long.
a_thousand() {
	local n
	for ((n = 7; n < 1000; n++)); do
		table_pair $((FIRST + n)) t$n
	done
	commit
	sql "CREATE FUNCTION nap() RETURNS event_trigger LANGUAGE plpgsql AS
		\$\$BEGIN PERFORM pg_sleep(0.01); END\$\$"
	sql 'CREATE EVENT TRIGGER nap ON ddl_command_end EXECUTE FUNCTION nap()'
}

stopped_on_its_way() {
	local count
	count=$(sql 'SELECT count(*) FROM git_migrations')
	[[ $count -gt 0 && $count -lt 999 ]] || explain "$count of 999 are applied"
	same tables "$count" "$(sql "SELECT count(*) FROM pg_tables
		WHERE tablename ~ '^t[0-9]+\$'")"
	same runs "$count" "$(sql "SELECT count(*) FROM git_migrate_runs
		WHERE outcome = 'ok' AND facts LIKE '%CREATE TABLE%'")"
}

@test "many that follow each other end when the time is over" {
	a_thousand
	migrate up --abort-after 2s
	exits 128
	err_has 'the run took longer than 2.0 s'
	stopped_on_its_way
}

@test "many that follow each other end when they are told to" {
	a_thousand
	up_starts
	local tries=0
	until [[ -s $BATS_TEST_TMPDIR/run-out ]]; do
		tries=$((tries + 1))
		[[ $tries -lt 600 ]] || explain 'nothing is applied'
		sleep 0.01
	done
	kill -TERM "$RUN"
	up_ends
	exits 130
	stopped_on_its_way
}

@test "a temporary table is not there for the next one" {
	pair $((FIRST + 2))_create_t2 'CREATE TABLE t2 (id integer); CREATE TEMP TABLE t3 (x int);' \
		'DROP TABLE t2;'
	commit
	goes_on_to_the_end
}

@test "behind a script that sets something itself" {
	pair $((FIRST + 1))_create_t1 'SET client_min_messages = warning;
CREATE TABLE t1 (id integer); CREATE INDEX ON t1 (id);' 'DROP TABLE t1;'
	pair $((FIRST + 3))_create_t3 'INSERT INTO t2 VALUES (3); CREATE TABLE t3 (id integer);' \
		'DROP TABLE t3; DELETE FROM t2;'
	commit
	ok up
	err_is ''
	applied 6
	ok log --json
	json_is '[.runs[] | select(.statements == [])] | length' 0
}

@test "behind a script that makes an event trigger" {
	sql 'CREATE SCHEMA other'
	sql "CREATE FUNCTION astray() RETURNS event_trigger LANGUAGE plpgsql AS
		\$\$BEGIN PERFORM set_config('search_path', 'other', false); END\$\$"
	pair $((FIRST + 1))_create_t1 'CREATE TABLE t1 (id integer); INSERT INTO t1 VALUES (1);' \
		'DROP TABLE t1;'
	pair $((FIRST + 2))_create_t2 'CREATE EVENT TRIGGER astray ON ddl_command_end
EXECUTE FUNCTION astray();' 'DROP EVENT TRIGGER astray;'
	commit
	ok up
	same 'where they are' public "$(sql "SELECT DISTINCT schemaname FROM pg_tables
		WHERE tablename ~ '^t[0-9]\$'")"
}

@test "takes the lock again that keeps other runs out" {
	sql "CREATE FUNCTION unlock() RETURNS event_trigger LANGUAGE plpgsql AS
		\$\$BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands()
			WHERE object_identity = 'public.t3')
		THEN PERFORM pg_advisory_unlock_all(); END IF; END\$\$"
	sql 'CREATE EVENT TRIGGER unlock ON ddl_command_end EXECUTE FUNCTION unlock()'
	ok up
	err_is ''
	applied 6
}

@test "time-outs are those of the script, not of the ledger" {
	ok up -n 1
	sql 'CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END$$'
	sql 'CREATE TRIGGER slow BEFORE INSERT ON git_migrations
		FOR EACH ROW EXECUTE FUNCTION slow()'
	ok up --statement-timeout 200ms
	applied 6
}

@test "with a check of its health each one waits for the one before it" {
	ok up --health "test \$(psql -X -A -t -d '$URL' -c 'SELECT count(*) FROM pg_tables WHERE tablename ~ '\"'^t'\"'') = \$((GIT_MIGRATE_VERSION - $FIRST))"
	applied 6
}
