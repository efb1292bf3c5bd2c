#!/usr/bin/env bats

load ../lib/common
load ../lib/batch

A=20260101000001
B=20260101000002

SERVERS=()
teardown() {
	local it
	for it in "${SERVERS[@]}"; do
		[[ ! -d $it ]] || postgres_stop "$it"
	done
	[[ ${#SERVERS[@]} -gt 0 ]] || drop_databases
}

place="migrations/${B}_b.up.sql"
label="${B}_b"

updates() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c WHERE id % 2 = 0 OR id = 1;'
	ok up --json
	json_is '.runs[0].statements[0] | [.kind, .rows, .batches, .throttled_ms]
		| map(tostring) | join(" ")' 'UPDATE 126 3 0'
	json_is '.runs[0].statements[0].longest_batch_ms > 0' true
	json_is '[.runs[0].locks[] | .relation + .mode] | length == (unique | length)' true
	same rows '126|1' "$(touches)"
	same values 126 "$(sql 'SELECT count(*) FROM a WHERE b = c')"
	same progress 0 "$(sql 'SELECT count(*) FROM git_migrate_progress')"
	same states "$A applied
$B applied" "$(states)"
	ok log --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '126 3'
}
@test "updates the rows that the condition says, batch by batch" {
	both updates
}

exact() {
	tables_with 200
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c -- all of them'
	ok up -v
	out_has '  1      UPDATE a'
	out_has '200 rows  2 batches'
	same rows '200|1' "$(touches)"
}
@test "needs no batch more than there are rows" { both exact; }

deletes() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=0
DELETE FROM a WHERE id > 40;' '-- migrate: empty "gone"'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '210 3'
	same rows 40 "$(sql 'SELECT count(*) FROM a')"
}
@test "deletes batch by batch" { both deletes; }

inserts() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=0
INSERT INTO d (id, b)
SELECT x.id, x.c FROM a AS x LEFT JOIN d ON d.id = x.id WHERE x.id <> 7;'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '249 3'
	same rows 249 "$(sql 'SELECT count(*) FROM d WHERE b = id + 1000')"
}
@test "inserts what a SELECT finds, batch by batch" { both inserts; }

proven() {
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, b integer);
INSERT INTO a (id) VALUES (1), (2), (3), (4), (5);' 'DROP TABLE a;'
	batched '-- migrate: batch rows=2 pause=1h
UPDATE a SET b = id;
-- migrate: verify
SELECT count(*) = 5 FROM a WHERE b = id;' '-- migrate: batch rows=2 pause=1h
UPDATE a SET b = NULL;'
	ok prove $B
	out_has "proven $label"
}
@test "is proven like any other script, without a pause" { both proven; }

down_too() {
	tables_with 250
	batched 'UPDATE a SET b = c;' '-- migrate: batch rows=100 pause=0
UPDATE a SET b = NULL;'
	ok up
	ok down --json
	json_is '.runs[0].statements[0].batches' 3
	same rows 0 "$(sql 'SELECT count(b) FROM a')"
	same states "$A applied
$B pending" "$(states)"
}
@test "runs a down script in batches, too" { both down_too; }

empty_table() {
	tables_with 0
	batched '-- migrate: batch
UPDATE a SET b = c;'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '0 0'
}
@test "an empty table takes no batch" { both empty_table; }

checks_empty() {
	tables_with 0
	batched '-- migrate: batch
UPDATE a SET nowhere = c;'
	migrate up
	exits 128
	err_has "error: $place:2:"
	err_has 'nowhere'
	err_has 'hint: nothing of it is left in the database'
}
@test "a statement that is wrong is wrong on an empty table, too" {
	both checks_empty
}

among_others() {
	tables_with 250
	batched 'CREATE TABLE e (n integer);
-- migrate: batch rows=100 pause=0
UPDATE a SET b = c;
-- migrate: batch rows=50 pause=0
INSERT INTO d SELECT id, b FROM a;
-- migrate: verify
SELECT count(*) = 250 FROM d;
INSERT INTO e SELECT count(*) FROM d;'
	ok up --json
	json_is '[.runs[0].statements[] | [.index, .batches // "-"]
		| map(tostring) | join(":")] | join(" ")' '1:- 2:3 3:5 4:- 5:-'
	same rows 250 "$(sql 'SELECT n FROM e')"
}
@test "takes its place among the other statements of a script" {
	both among_others
}

# Row 155 makes the second batch fail.
half() {
	tables_with 250
	sql 'UPDATE a SET c = 13 WHERE id = 155' >/dev/null
	sql 'DELETE FROM touched' >/dev/null
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c
WHERE id > 3;'
	migrate up
	exits 128
	err_has "error: $place:2:"
	err_has 'hint: 0 of 1 statements are done and stay done
hint: 1 batch of statement 1 is committed, 97 rows, and stays done
hint: to go on from there: git migrate up
hint: see what can be done: git migrate repair 20260101000002'
	same rows '97|1' "$(touches)"
	same states "$A applied
$B unfinished" "$(states)"
}

goes_on() {
	half
	sql 'UPDATE a SET c = 14 WHERE id = 155' >/dev/null
	sql 'DELETE FROM touched WHERE id = 155' >/dev/null
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '150 2'
	same rows '247|1' "$(touches)"
	same states "$A applied
$B applied" "$(states)"
}
@test "goes on behind the last batch that is committed" { both goes_on; }

changed() {
	half
	sed -i 's/id > 3/id <> 155/' "$place"
	commit
	migrate up
	exits 1
	err_has "error: $place:2:1: unable to apply migration '$label': 1 batch of it is committed, and it is not the same any more
hint: put it back as it was, or do the rest as it is now: git migrate repair $B --resume"
	ok repair $B
	out_has "  begun  $place:2: UPDATE"
	out_has '         1 batch is committed, 97 rows'
	ok repair $B --resume
	same rows '246|1' "$(touches)"
	same states "$A applied
$B applied" "$(states)"
}
@test "does the rest by another text only when a person says so" {
	both changed
}

not_batched() {
	half
	sed -i 1d "$place"
	commit
	migrate up
	exits 1
	err_has "error: $place:1:1: unable to apply migration '$label': batches of it are committed, and it is to run in batches no more
hint: put back the line -- migrate: batch, or run it on all rows: git migrate repair $B --resume"
	same rows '97|1' "$(touches)"
	sql 'UPDATE a SET c = 14 WHERE id = 155' >/dev/null
	ok repair --resume
	same most 2 "$(touches | cut -d '|' -f 2)"
	same states "$A applied
$B applied" "$(states)"
}
@test "does not run the whole statement once batches are committed" {
	both not_batched
}

skipped() {
	half
	ok repair --skip
	same rows '97|1' "$(touches)"
	same states "$A applied
$B applied" "$(states)"
}
@test "leaves out the rest when a person says so" { both skipped; }

other_key() {
	half
	sed -i 's/pause=0/pause=0 key=c/' "$place"
	sql 'UPDATE a SET c = 14 WHERE id = 155' >/dev/null
	if [[ $ENGINE == postgresql ]]; then
		sql 'ALTER TABLE a ALTER c SET NOT NULL;
			CREATE INDEX a_c ON a (c)' >/dev/null
	else
		return 0
	fi
	commit
	migrate up
	exits 1
	err_has "its batches went by column 'id' so far, which is not the key any more
hint: go by it: -- migrate: batch key=id"
}
@test "does not go on by another key" { both other_key; }

# background_up   an `up` in the background; its process is $pid.
background_up() {
	git-migrate up --json >"$BATS_TEST_TMPDIR/background.out" \
		2>"$BATS_TEST_TMPDIR/background.err" 3>&- &
	pid=$!
}
# await COMMAND...   until it succeeds, but not for ever.
await() {
	local end=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < end)) || explain "waited in vain: $*" \
			"$(cat "$BATS_TEST_TMPDIR"/background.*)"
	done
}
is_one() { [[ $(sql "$1") == 1 ]]; }
said() { grep -qE "$1" "$BATS_TEST_TMPDIR/background.err"; }
# Its $status, $out and $err, once it has ended.
finish_run() {
	status=0
	wait "$pid" || status=$?
	out=$(<"$BATS_TEST_TMPDIR/background.out")
	err=$(<"$BATS_TEST_TMPDIR/background.err")
	export out err
}

# begin_run   the same until it has committed a batch and pauses.
begin_run() {
	background_up
	await pauses
}
pauses() {
	is_one 'SELECT count(position) FROM git_migrate_progress' 2>/dev/null
}

killed() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=1h
UPDATE a SET b = c;'
	begin_run
	kill -KILL "$pid"
	wait "$pid" || true
	same rows '100|1' "$(touches)"
	same states "$A applied
$B unfinished" "$(states)"
	sed -i 's/1h/0/' "$place"
	commit
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '150 2'
	same rows '250|1' "$(touches)"
	same states "$A applied
$B applied" "$(states)"
}
@test "does no batch twice when it was killed between two" { both killed; }

interrupted() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=1h
UPDATE a SET b = c;'
	begin_run
	kill -TERM "$pid"
	finish_run
	exits 130
	err_has "error: $place:2:1: unable to apply migration '$label': interrupted"
	err_has 'hint: 1 batch of statement 1 is committed, 100 rows, and stays done
hint: to go on from there: git migrate up'
	sed -i 's/1h/0/' "$place"
	commit
	ok up
	same rows '250|1' "$(touches)"
}
@test "can be interrupted while it pauses" { both interrupted; }

newer_rows() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=1h
UPDATE a SET b = c;'
	begin_run
	kill -KILL "$pid"
	wait "$pid" || true
	sql 'INSERT INTO a (id, c) VALUES (251, 1)' >/dev/null
	sql 'DELETE FROM a WHERE id IN (100, 101, 249, 250)' >/dev/null
	sed -i 's/1h/0/' "$place"
	commit
	ok up
	same rows '247|1' "$(touches)"
}
@test "ends at the key that was the highest at the start" { both newer_rows; }

composite() {
	pair ${A}_a 'CREATE TABLE k (x integer, y varchar(20), v integer,
	PRIMARY KEY (x, y));' 'DROP TABLE k;'
	commit
	ok up
	local x rows=
	for x in 1 2 3; do
		rows+="($x, 'it''s', 0), ($x, 'B', 0), ($x, 'a\\b', 0), ($x, '', 0),"
	done
	sql "INSERT INTO k VALUES ${rows%,}" >/dev/null
	batched '-- migrate: batch rows=5 pause=0
UPDATE k SET v = v + 1;'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '12 3'
	same rows '12|1|1' "$(sql 'SELECT count(*), min(v), max(v) FROM k')"
}
@test "goes by a key of several columns, with whatever is in them" {
	both composite
}

text_key() {
	pair ${A}_a 'CREATE TABLE k (y varchar(20) NOT NULL PRIMARY KEY, v integer);' \
		'DROP TABLE k;'
	commit
	ok up
	sql "INSERT INTO k VALUES ('it''s', 0), ('B', 0), ('a', 0), ('', 0),
		('Z', 0), ('10', 0), ('9', 0), ('é', 0)" >/dev/null
	batched '-- migrate: batch rows=3 pause=0
UPDATE k SET v = v + 1;'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '8 3'
	same rows '8|1|1' "$(sql 'SELECT count(*), min(v), max(v) FROM k')"
}
@test "goes by a key of text in the order of the database" { both text_key; }

named_key() {
	pair ${A}_a 'CREATE TABLE k (m integer NOT NULL, n integer, o integer NOT NULL,
	v integer);
CREATE INDEX k_m ON k (m);
CREATE INDEX k_n ON k (n);' 'DROP TABLE k;'
	commit
	ok up
	sql 'INSERT INTO k VALUES (1, 1, 1, 0), (1, 2, 2, 0), (1, 3, 3, 0),
		(2, 4, 4, 0), (3, 5, 5, 0)' >/dev/null
	batched '-- migrate: batch rows=2 pause=0 key=M
UPDATE k SET v = v + 1;' 'UPDATE k SET v = 0;'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '5 2'
	same rows '5|1|1' "$(sql 'SELECT count(*), min(v), max(v) FROM k')"
	refuses_key n "column 'n' of table 'k' may be NULL, and such rows would be left out"
	refuses_key o "column 'o' of table 'k' has no index to go by"
	refuses_key p "table 'k' has no column 'p' to go by"
	refuses_key m "it changes column 'm', by which its batches go" 'm = 5'
}
refuses_key() { # KEY MESSAGE [SET]
	ok down
	pair ${B}_b "-- migrate: batch key=$1
UPDATE k SET ${3:-v = 9};" 'UPDATE k SET v = 0;'
	commit
	migrate up
	exits 128
	err_has "error: $place:2:1: unable to apply migration '$label': $2"
	same rows 0 "$(sql 'SELECT count(*) FROM k WHERE v = 9')"
	printf 'UPDATE k SET v = 1;\n' >"$place"
	commit
	ok up
}
@test "goes by a column that is named, when it can" { both named_key; }

@test "refuses a table without a primary key (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	pair ${A}_a 'CREATE TABLE k (v integer);' 'DROP TABLE k;'
	commit
	ok up
	batched '-- migrate: batch
UPDATE k SET v = 1;' 'UPDATE k SET v = 0;'
	migrate up
	exits 128
	err_is "error: $place:2:1: unable to apply migration '$label': table 'k' has no primary key to go by in batches
hint: name a column that is NOT NULL and that an index begins with: -- migrate: batch key=COLUMN
hint: nothing of it is left in the database
hint: mend the script, then: git migrate up"
	same states "$A applied
$B pending" "$(states)"
}

@test "goes by the rowid where there is no primary key (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	pair ${A}_a 'CREATE TABLE k (rowid text, v integer);' 'DROP TABLE k;'
	commit
	ok up
	sql "INSERT INTO k VALUES ('z', 0), ('y', 0), (NULL, 0)" >/dev/null
	batched '-- migrate: batch rows=2 pause=0
UPDATE k SET v = v + 1;' 'UPDATE k SET v = 0;'
	ok up --json
	json_is '.runs[0].statements[0] | [.rows, .batches] | map(tostring)
		| join(" ")' '3 2'
}

@test "watches over foreign keys in each batch (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	pair ${A}_a 'CREATE TABLE k (id integer PRIMARY KEY);
CREATE TABLE r (k integer REFERENCES k (id));
INSERT INTO k VALUES (1), (2), (3), (4);
INSERT INTO r VALUES (4);' 'DROP TABLE r; DROP TABLE k;'
	commit
	ok up
	batched '-- migrate: batch rows=2 pause=0
DELETE FROM k;
DROP TABLE k;' '-- migrate: irreversible "gone"'
	migrate up
	exits 128
	err_has "error: $place:2:1: unable to apply migration '$label': FOREIGN KEY constraint failed"
	same rows 2 "$(sql 'SELECT count(*) FROM k')"
	sql 'DELETE FROM r' >/dev/null
	sql 'INSERT INTO r VALUES (5)' >/dev/null
	ok up
}

many_to_one() {
	tables_with 5
	batched '-- migrate: batch
INSERT INTO d SELECT count(*), max(c) FROM a;'
	migrate up
	exits 128
	err_has "error: $place:2:1: unable to apply migration '$label': the statement cannot be run in batches: its SELECT makes one row of many
hint: take the directive out"
	same rows 0 "$(sql 'SELECT count(*) FROM d')"
}
@test "refuses a SELECT that makes one row of many" { both many_to_one; }

refused() { # TEXT LINE COLUMN MESSAGE
	pair ${B}_b "$1" 'SELECT 1;'
	commit
	migrate up
	exits 128
	err_has "error: $place:$2:$3: $4"
}
refusals() {
	refused '-- migrate: batch
CREATE TABLE e (id integer);' 1 1 "directive 'batch' stands before CREATE TABLE
hint: write it before an UPDATE, a DELETE or an INSERT ... SELECT"
	refused 'BEGIN;
-- migrate: batch
DELETE FROM a;
COMMIT;' 2 1 "directive 'batch' stands inside a transaction of the script's own
hint: each batch has a transaction of its own: write the statement outside of BEGIN and COMMIT"
	refused '-- migrate: batch rows=0
DELETE FROM a;' 1 1 "directive 'batch' needs rows from 1 to 10000000, not '0'
hint: write it as: -- migrate: batch rows=10000 pause=100ms key=COLUMN"
	refused '-- migrate: batch
DELETE FROM a WHERE id IN (SELECT 1 LIMIT 1)
RETURNING id;' 3 1 'the statement cannot be run in batches: it has RETURNING
hint: write it as a plain UPDATE, DELETE or INSERT ... SELECT, or take the directive out'
	refused '-- migrate: batch
UPDATE a SET c = 1
WHERE id > (SELECT min(id) FROM a);' 3 33 'the statement cannot be run in batches: it reads the table that it writes to
hint: write it as a plain UPDATE, DELETE or INSERT ... SELECT, or take the directive out'
	refused '-- migrate: batch
DELETE FROM a WHERE EXISTS (
SELECT 1 FROM d JOIN A b ON b.id < a.id);' 3 22 'the statement cannot be run in batches: it reads the table that it writes to'
	refused '-- migrate: batch
INSERT INTO d VALUES (1, 2);' 2 15 'the statement cannot be run in batches: it has no SELECT'
}
@test "says what cannot be run in batches, and where" { both refusals; }

@test "refuses a transaction that a savepoint began (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	tables_with 5
	batched 'SAVEPOINT x;
-- migrate: batch
DELETE FROM a;
RELEASE x;'
	migrate up
	exits 128
	err_has "error: $place:3:1: unable to apply migration '$label': a statement cannot be run in batches inside a transaction of the script's own
hint: end the transaction before it"
	same rows 5 "$(sql 'SELECT count(*) FROM a')"
}

@test "goes by a time whatever the session makes of times (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	pair ${A}_a "CREATE TABLE k (at timestamptz PRIMARY KEY, v integer);
INSERT INTO k SELECT now() + i * interval '1 s', 0
FROM generate_series(1, 25) AS i;" 'DROP TABLE k;'
	commit
	ok up
	# its time zone calls itself IST, which is read as that of Israel
	batched "SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Asia/Kolkata';
-- migrate: batch rows=10 pause=0
UPDATE k SET v = v + 1;" 'UPDATE k SET v = 0;'
	ok up --json
	json_is '.runs[0].statements[2] | [.rows, .batches] | map(tostring)
		| join(" ")' '25 3'
	same rows '25|1|1' "$(sql 'SELECT count(*), min(v), max(v) FROM k')"
}

@test "reads and writes as the script's role and search path (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	pair ${A}_a "CREATE SCHEMA s; CREATE SCHEMA t;
CREATE TABLE s.k (id integer PRIMARY KEY, v integer, who text);
INSERT INTO s.k SELECT generate_series(1, 25), 0;" 'DROP SCHEMA s CASCADE;'
	commit
	ok up
	batched 'SET search_path = s, t;
-- migrate: batch rows=10 pause=0
UPDATE k SET v = v + 1, who = current_setting($$search_path$$);
CREATE TABLE here (id integer);' 'DROP TABLE s.here;'
	ok up
	same rows '25|1|s, t' "$(sql 'SELECT count(*), max(v), max(who) FROM s.k')"
	same table s.here "$(sql "SELECT to_regclass('s.here')")"
}

# holder STATEMENTS   runs them in a session that stays; waits until it has
# said `ready`.
holder() {
	[[ -n ${HOLDER_PID:-} ]] ||
		coproc HOLDER { psql -X -q -A -t -d "$URL" 2>&1 3>&-; }
	echo "$1 SELECT 'ready';" >&"${HOLDER[1]}"
	local line
	read -r line <&"${HOLDER[0]}"
	same holder ready "$line"
}

@test "tries a batch again that met a deadlock (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	tables_with 250
	batched "SET deadlock_timeout = '300ms';
-- migrate: batch rows=250 pause=0
UPDATE a SET b = c;"
	holder 'BEGIN; UPDATE a SET c = c WHERE id = 200;'
	background_up
	await is_one 'SELECT count(*) FROM pg_locks WHERE NOT granted
		AND pid IN (SELECT pid FROM pg_stat_activity
			WHERE datname = current_database())'
	holder 'UPDATE a SET c = c WHERE id = 1; COMMIT;'
	finish_run
	exits 0
	json_is '.runs[0].statements[1] | [.rows, .batches] | map(tostring)
		| join(" ")' '250 2'
	same rows 250 "$(sql 'SELECT count(*) FROM a WHERE b = c')"
}

# replicated   a server of the test's own, with a replica that applies nothing.
replicated() {
	local user bindir replica
	user=$(postgres_user)
	bindir=$(postgres_bindir)
	eval "$(POSTGRES_CONF='fsync = off' postgres_create)"
	unset PGHOST PGPORT PGUSER PGDATABASE
	SERVERS+=("$POSTGRES_DIR")
	replica=$(postgres_folder "$user")
	SERVERS+=("$replica")
	postgres_as "$user" "$bindir/pg_basebackup" -D "$replica/data" -R -c fast \
		-d "$POSTGRES_SERVER" 3>&-
	cat >>"$replica/data/postgresql.conf" <<-END
		unix_socket_directories = '$replica'
		wal_receiver_status_interval = 1s
		recovery_min_apply_delay = 1h
	END
	postgres_try_ports "$user" "$bindir" "$replica" >/dev/null 3>&-
}
lags() {
	sql 'UPDATE a SET c = c WHERE id = 1' >/dev/null
	is_one "SELECT count(*) FROM pg_stat_replication
		WHERE replay_lag > interval '1 ms'"
}

@test "waits for a replica that is too far behind (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	# shellcheck source=tests/lib/postgres.sh
	. "$MIGRATE_TOP/tests/lib/postgres.sh"
	replicated
	fresh postgresql
	tables_with 250
	git config migrate.maxReplicaLag 1ms
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c;'
	await lags
	sql 'DELETE FROM touched' >/dev/null
	background_up
	await said 'waiting for a replica that is [0-9.]+ (ms|s) behind'
	same rows '0|0' "$(touches)"
	postgres_stop "${SERVERS[1]}"
	finish_run
	exits 0
	json_is '.runs[0].statements[0] | .throttled_ms > 0' true
	same rows '250|1' "$(touches)"
}

@test "asks a replica itself where the role may not see its lag (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	# shellcheck source=tests/lib/postgres.sh
	. "$MIGRATE_TOP/tests/lib/postgres.sh"
	replicated
	fresh postgresql
	local replica=${SERVERS[1]}
	server 'CREATE ROLE shop LOGIN'
	server "ALTER DATABASE ${URL##*/} OWNER TO shop"
	git config migrate-target.dev.url "${URL/postgres@/shop@}"
	tables_with 250
	git config migrate.maxReplicaLag 1ms
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c;'
	await lags
	sql 'DELETE FROM touched' >/dev/null
	git config migrate-target.dev.replicaUrl \
		"host=$replica port=$(sed -n 4p "$replica/data/postmaster.pid") user=postgres dbname=postgres"
	background_up
	await said 'waiting for a replica that is [0-9.]+ (ms|s|min).* behind'
	same rows '0|0' "$(touches)"
	# one that is gone holds it back as well, once it has been asked
	postgres_stop "$replica"
	await gone "$replica"
	# shellcheck disable=SC2031
	kill -INT "$pid"
	finish_run
	exits 130
	same rows '0|0' "$(touches)"
	git config --unset migrate-target.dev.replicaUrl
	ok up
	same rows '250|1' "$(touches)"
}
gone() { [[ ! -d $1 ]]; }

@test "waits while sessions wait for locks (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	tables_with 250
	git config migrate.maxWaiting 0
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c;'
	holder 'BEGIN; LOCK TABLE d;'
	psql -X -q -d "$URL" -c 'SELECT 1 FROM d' >/dev/null 2>&1 3>&- &
	local waiter=$!
	await is_one "SELECT count(*) FROM pg_locks WHERE NOT granted
		AND waitstart < now() - interval '200 ms'
		AND relation = 'd'::regclass"
	background_up
	await said 'waiting for 1 session that waits for a lock'
	same rows '0|0' "$(touches)"
	echo 'COMMIT;' >&"${HOLDER[1]}"
	wait "$waiter"
	finish_run
	exits 0
	json_is '.runs[0].statements[0] | .throttled_ms > 0' true
	same rows '250|1' "$(touches)"
}

bar() {
	tables_with 250
	batched '-- migrate: batch rows=100 pause=150ms
UPDATE a SET b = c;'
	command -v script >/dev/null || skip 'no program script'
	script -qec 'stty cols 200; git-migrate up' /dev/null <"/dev/null" >"$BATS_TEST_TMPDIR/tty"
	# how many rows there are InnoDB only estimates
	grep -aqE "applying $label: 4[01]% \[########\.{12}\] of ~2[45][0-9] rows, [0-9,]+/s, [0-9.]+ m?s left" \
		"$BATS_TEST_TMPDIR/tty" || explain "$(cat -v "$BATS_TEST_TMPDIR/tty")"
}
@test "shows a bar, a rate and the time left on a terminal" { both bar; }
