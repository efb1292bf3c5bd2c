#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031
# What a run measures on MariaDB, in each way that it shows locks: held against
# what other sessions met, by their own clocks.

load ../lib/common
load ../lib/mariadb_sessions

setup_file() {
	# shellcheck source=tests/lib/mariadb.sh
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	export MARIADB_CONF='performance_schema = ON
		innodb_flush_log_at_trx_commit = 0'
	mariadb_start
}

teardown_file() {
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	mariadb_stop
}

setup() {
	fresh mariadb
	sql 'CREATE TABLE t (a integer PRIMARY KEY, b integer, KEY (b));
		INSERT INTO t SELECT seq, seq FROM seq_1_to_1000'
}

teardown() {
	holder_ends ROLLBACK
	drop_databases
}

A=20260101000000

# The one script, `up` and its facts as $out.
script() {
	pair ${A}_m "$1" 'SELECT 1;'
	commit
}

runs() {
	ok up --json
}

begins() {
	git migrate up "$@" --json >out.json 2>err.txt &
	UP=$!
}

ends() {
	wait $UP
	out=$(<out.json)
	export out
}

fact() {
	jq -r ".runs[0] | $1" <<<"$out"
}

# What a busy machine may add to what a session sees of its own waiting; how
# exact the measuring is, tests/bench/observe_mariadb.py tells.
SLACK=250

# is_between LOW VALUE HIGH   decimal numbers.
is_between() {
	awk -v low="$1" -v value="$2" -v high="$3" \
		'BEGIN { exit !(low <= value && value <= high) }' ||
		{ echo "not between $1 and $3: $2"; return 1; }
}

# What has_waited, in milliseconds, by the clock of a session; a line $1.out.
waiter() { # NAME STATEMENT [SETTING]
	sql "SET @began = SYSDATE(6)${3:+, $3}; $2;
		SELECT TIMESTAMPDIFF(MICROSECOND, @began, SYSDATE(6)) / 1000" \
		>"$1.out" 2>"$1.err" &
	eval "${1^^}=$!"
}

# --- how long tables were locked ----------------------------------------------

# A session that asks for the table again and again: between which times it was
# refused, at least and at most.
probe_begins() {
	sql "DELIMITER //
CREATE PROCEDURE probe(what varchar(100), seconds double)
		BEGIN
			DECLARE CONTINUE HANDLER FOR 1205 SET @busy = 1;
			SET @until = SYSDATE(6) + INTERVAL seconds SECOND;
			SET lock_wait_timeout = 0;
			WHILE SYSDATE(6) < @until DO
				SET @busy = 0, @asked = SYSDATE(6);
				EXECUTE IMMEDIATE what;
				IF @busy THEN
					SET @first = COALESCE(@first, SYSDATE(6)),
						@last = @asked;
				ELSE
					SET @lasted = TIMESTAMPDIFF(MICROSECOND, @first, @last);
					IF @lasted > COALESCE(@least, -1) THEN
						SET @least = @lasted, @most = TIMESTAMPDIFF(
							MICROSECOND, @before, SYSDATE(6));
					END IF;
					SET @first = NULL, @before = @asked;
				END IF;
				DO SLEEP(0.001);
			END WHILE;
			SELECT @least / 1000, @most / 1000;
		END//"
	sql "CALL probe('$1', 8)" >probe.out &
	PROBE=$!
	until_true in_list "INFO LIKE 'CALL probe%' OR INFO LIKE 'DO SLEEP(0.001)'"
}

holds_as_long() { # WAY PROBE MODE SCRIPT
	shows "$1"
	probe_begins "$2"
	script "$4"
	runs
	wait $PROBE
	local least most held bound
	IFS='|' read -r least most <probe.out
	held=$(fact "[.locks[] | select(.relation == \"t\" and .mode == \"$3\")][0].held_ms")
	bound=$(fact "[.locks[] | select(.relation == \"t\" and .mode == \"$3\")][0].held_bound_ms")
	echo "the probe met $least to $most ms, told are $held ms less $bound"
	is_between 100 "$least" 7999
	is_between "$least" "$held" 7999
	is_between 0 "$(jq -n "$held - $bound")" "$most"
	is_between 0 "$bound" 300
}

locked='LOCK TABLES t WRITE;
DO SLEEP(0.4);
UNLOCK TABLES;'
written='UPDATE t SET b = 0 WHERE a = 1;
DO SLEEP(0.4);'

@test "a table is locked as long as others meet it so: plugin" {
	holds_as_long plugin 'DELETE FROM t WHERE 0' SHARED_NO_READ_WRITE "$locked"
}

@test "a table is locked as long as others meet it so: performance schema" {
	holds_as_long schema 'DELETE FROM t WHERE 0' SHARED_NO_READ_WRITE "$locked"
}

@test "what a transaction has locked it holds to its end" {
	holds_as_long plugin 'ALTER TABLE t COMMENT ""' SHARED_WRITE "$written"
}

@test "a lock that is made stronger is told as such where the server shows it" {
	script "ALTER TABLE t ADD COLUMN c integer
		DEFAULT (length(sha2(repeat(a, 15000), 512))), ALGORITHM = COPY;"
	shows both
	runs
	same modes SHARED_NO_WRITE \
		"$(fact '[.locks | max_by(.held_ms).mode] | join(" ")')"
	same gaps null "$(fact '.observer.gaps[0]')"
	ok down
	sql 'ALTER TABLE t DROP COLUMN c'
	shows schema
	runs
	same modes SHARED_UPGRADABLE "$(fact '[.locks[].mode] | unique | join(" ")')"
	same gaps "how a lock was made stronger meanwhile: performance_schema keeps the mode that was asked for first (INSTALL SONAME 'metadata_lock_info' shows it)" \
		"$(fact '.observer.gaps | join("|")')"
}

@test "a server that shows no locks is said to" {
	shows nothing
	script "$locked"
	runs
	same locks 0 "$(fact '.locks | length')"
	same gaps "which locks were held: the server does not show them, only who waits (INSTALL SONAME 'metadata_lock_info', or performance_schema with its instrument wait/lock/metadata/sql/mdl)" \
		"$(fact '.observer.gaps | join("|")')"
}

# --- who waited ---------------------------------------------------------------

finds_victims() { # WAY MODE
	shows "$1"
	script 'LOCK TABLES t WRITE;
DO SLEEP(1);
UNLOCK TABLES;'
	begins
	until_true in_list "INFO LIKE 'DO SLEEP(1)%'"
	waiter patient 'SELECT count(*) FROM t'
	waiter hasty 'SELECT count(*) FROM t' 'max_statement_time = 0.3'
	ends
	wait "$PATIENT"
	run ! wait "$HASTY"
	same victims 2 "$(fact '.victims | length')"
	same outcomes 'gone served' "$(fact '[.victims[].outcome] | sort | join(" ")')"
	same relations "t|$2" "$(fact '[.victims[] | [.relation, .mode | tostring] |
		join("|")] | unique | join(" ")')"
	fact '.victims[]'
	local own
	own=$(tail -n 1 patient.out)
	echo "by its own clock $own ms"
	is_between "$(fact '.victims[] | select(.outcome == "served") | .waited_ms - 5')" \
		"$own" \
		"$(fact '.victims[] | select(.outcome == "served") | .waited_ms + .waited_bound_ms + '$SLACK)"
	is_between "$(fact '.victims[] | select(.outcome == "gone") | .waited_ms - 5')" 300 \
		"$(fact '.victims[] | select(.outcome == "gone") | .waited_ms + .waited_bound_ms + '$SLACK)"
	is_between 0 "$(fact '[.victims[].waited_bound_ms] | max')" 500
}

@test "who waited, how long, and who gave up: both" {
	finds_victims both SHARED_READ
	same who 'mysql|root' "$(fact '.victims[0] | [.application, .user] | join("|")')"
}

@test "who waited, how long, and who gave up: performance schema" {
	finds_victims schema SHARED_READ
}

@test "who waited, how long, and who gave up: plugin" {
	finds_victims plugin null
	json_is '.runs[0].observer.gaps | any(startswith("in which mode others asked"))' true
}

@test "who waited, how long, and who gave up: nothing shown" {
	finds_victims nothing null
}

@test "who waits for another table is nobody's victim" {
	shows plugin
	sql 'CREATE TABLE other (a integer)'
	script "$locked"
	holder 'SELECT * FROM other'
	begins
	until_true in_list "INFO LIKE 'DO SLEEP(0.4)%'"
	waiter foreign 'ALTER TABLE other ADD COLUMN b integer'
	ends
	same victims 0 "$(fact '.victims | length')"
	holder_ends COMMIT
	wait "$FOREIGN"
}

@test "who waits for its rows" {
	shows plugin
	script 'UPDATE t SET b = 0 WHERE a = 1;
DO SLEEP(1);'
	begins
	until_true in_list "INFO LIKE 'DO SLEEP(1)%'"
	waiter writer 'UPDATE t SET b = 5 WHERE a = 1'
	ends
	wait "$WRITER"
	same victims 't|X|served' \
		"$(fact '[.victims[] | [.relation, .mode, .outcome] | join("|")] | join(" ")')"
	is_between "$(fact '.victims[0].waited_ms - 5')" "$(tail -n 1 writer.out)" \
		"$(fact '.victims[0] | .waited_ms + .waited_bound_ms + '$SLACK)"
}

@test "who waits behind one that waits" {
	shows schema
	script 'UPDATE t SET b = 0 WHERE a = 1;
DO SLEEP(1);'
	begins
	until_true in_list "INFO LIKE 'DO SLEEP(1)%'"
	waiter ddl 'ALTER TABLE t ADD COLUMN c integer'
	until_true in_list "STATE = 'Waiting for table metadata lock'"
	waiter reader 'SELECT count(*) FROM t'
	ends
	wait "$DDL" "$READER"
	same victims 'EXCLUSIVE SHARED_READ' \
		"$(fact '[.victims[] | select(.relation == "t").mode] | sort | join(" ")')"
}

# --- our own waiting ----------------------------------------------------------

@test "an ALTER that waits at its end knows for how long" {
	shows plugin
	script "ALTER TABLE t ADD COLUMN c integer
		DEFAULT (length(sha2(repeat(a, 30000), 512))), ALGORITHM = COPY;"
	begins --lock-timeout 50s
	until_true in_list "STATE = 'copy to tmp table'"
	holder 'SELECT count(*) FROM t'
	until_true in_list "STATE = 'Waiting for table metadata lock'"
	local began=${EPOCHREALTIME/./} least
	until_true in_list "STATE = 'Waiting for table metadata lock' AND TIME_MS > 100"
	server 'DO SLEEP(0.3)'
	least=$(((${EPOCHREALTIME/./} - began) / 1000))
	holder_ends COMMIT
	ends
	is_between "$least" "$(fact '.statements[0].waited_ms')" $((least + 500))
	same bound 0 "$(fact '.statements[0].waited_bound_ms')"
	# which came after it had this one
	same waited 0 "$(fact '[.locks[] | select(.mode == "SHARED_NO_WRITE").waited_ms] | max')"
	is_between "$(fact '.statements[0].duration_ms - .statements[0].waited_ms')" \
		"$(fact '[.locks[] | select(.mode == "SHARED_NO_WRITE").held_ms] | max')" \
		"$(fact '.statements[0].duration_ms + 1')"
}

@test "an UPDATE that waits for rows knows about how long" {
	shows plugin
	script 'UPDATE t SET b = 7 WHERE a = 1;'
	holder 'UPDATE t SET b = 5 WHERE a = 1'
	begins --lock-wait 20s
	until_true in_list "INFO LIKE 'UPDATE t SET b = 7%' AND TIME_MS > 700"
	holder_ends COMMIT
	ends
	is_between "$(fact '.statements[0].waited_ms')" \
		"$(fact '.statements[0].duration_ms')" \
		"$(fact '.statements[0] | .waited_ms + .waited_bound_ms + '$SLACK)"
	is_between 100 "$(fact '.statements[0].waited_ms')" 5000
}

# --- what was rebuilt ---------------------------------------------------------

changes='ALTER TABLE t ADD COLUMN c integer;
CREATE INDEX c ON t (c);
DROP INDEX c ON t;
ALTER TABLE t FORCE;
ALTER TABLE t ADD COLUMN d integer, ALGORITHM = COPY;
ALTER TABLE t RENAME INDEX b TO bb;
ALTER TABLE t ADD CHECK (a > 0);
OPTIMIZE TABLE t;
TRUNCATE TABLE t;
CREATE TABLE `a-ö #` (x integer) PARTITION BY HASH (x) PARTITIONS 2;
ALTER TABLE `a-ö #` FORCE;
CREATE OR REPLACE TABLE t (a integer);'

changed() {
	fact '[.statements[] | [.kind, .algorithm,
		((.effects // [])[] | "\(.rewrite) \(.indexes_rewritten) \(.indexes_built)")] |
		map(. // "-") | join("|")] | join("\n")'
}

@test "what was rebuilt, and how, is what the server did" {
	shows nothing
	script "$changes"
	runs
	same changes 'ALTER TABLE|INSTANT
CREATE INDEX|NOCOPY|false 0 1
DROP INDEX|NOCOPY
ALTER TABLE|INPLACE|true 1 0
ALTER TABLE|COPY|true 1 0
ALTER TABLE|INSTANT
ALTER TABLE|COPY|true 1 0
OPTIMIZE|INPLACE|true 1 0
TRUNCATE TABLE|-|true 1 0
CREATE TABLE|-
ALTER TABLE|INPLACE|true 0 0
CREATE TABLE|-' "$(changed)"
}

@test "what was read from start to end, by the counters of the session" {
	shows plugin
	script 'UPDATE t SET b = b + 1 WHERE a = 7;
UPDATE t IGNORE INDEX (b) SET b = 5 WHERE b = 6;
CREATE TABLE plain (a integer, b integer);
INSERT INTO plain SELECT a, b FROM t IGNORE INDEX (b);
DELETE FROM plain WHERE b = 9;
ALTER TABLE plain ADD COLUMN c integer, ALGORITHM = COPY;'
	runs
	same read '2 t 1 1000
4 t 1 1000
5 plain 1 1000
6 plain 1 999' "$(fact '[.statements[] | .index as $n | (.effects // [])[] |
		select(.scans > 0) | "\($n) \(.relation) \(.scans) \(.rows_scanned)"] | join("\n")')"
}

@test "a script that asks about its last statement is not asked in between" {
	shows plugin
	script 'UPDATE t SET b = b + 1 WHERE a < 10;
INSERT INTO t VALUES (5000, ROW_COUNT());'
	runs
	same count 9 "$(sql 'SELECT b FROM t WHERE a = 5000')"
}

@test "a lock says whether its table was rebuilt meanwhile" {
	shows plugin
	sql 'INSERT INTO t SELECT seq, seq FROM seq_1001_to_50000'
	script 'ALTER TABLE t FORCE;'
	runs
	same rewrite true "$(fact '[.locks[] | select(.relation == "t").rewrite] | unique | join(" ")')"
	same phases true "$(fact '[.statements[0].phases[].phase] | any(. == "altering table")')"
	sql 'DROP TABLE t'
}

@test "who may not see it is told so, and learns what it can" {
	shows nothing
	server "CREATE USER poor@127.0.0.1; GRANT ALL ON \`${URL##*/}\`.* TO poor@127.0.0.1"
	git config migrate-target.dev.url "${URL/root@/poor@}"
	script 'ALTER TABLE t ADD COLUMN c integer;
ALTER TABLE t ADD COLUMN d integer, ALGORITHM = COPY;'
	migrate up --json
	server 'DROP USER poor@127.0.0.1'
	exits 0
	same changes $'ALTER TABLE|-\nALTER TABLE|COPY|true 0 0' "$(changed)"
	same gaps true "$(fact '.observer.gaps | (any(. == "whether tables were rebuilt, and how they were changed: this role lacks the PROCESS privilege")
		and any(. == "who waited: this role lacks the PROCESS privilege"))')"
}

# --- the connection that looks on ---------------------------------------------

ours="SELECT PROCESSLIST_ID FROM performance_schema.session_connect_attrs
	WHERE ATTR_NAME = 'program_name' AND ATTR_VALUE = 'git-migrate'"

looks_on() {
	[[ $(server "SELECT count(*) FROM information_schema.PROCESSLIST
		WHERE DB IS NULL AND ID IN ($ours)") == 1 ]]
}

@test "the loss of the connection that looks on fails nothing" {
	shows plugin
	script 'LOCK TABLES t WRITE;
DO SLEEP(1);
UNLOCK TABLES;'
	begins
	until_true looks_on
	server "KILL $(server "SELECT ID FROM information_schema.PROCESSLIST
		WHERE DB IS NULL AND ID IN ($ours)")"
	ends
	same outcome ok "$(fact .outcome)"
	same gaps 'locks and who waited: the connection that looks on was lost' \
		"$(fact '.observer.gaps | join("|")')"
}

@test "the connection that looks on holds and waits for nothing" {
	shows both
	script 'LOCK TABLES t WRITE;
DO SLEEP(0.5);
UNLOCK TABLES;'
	begins
	until_true looks_on
	local its
	its=$(server "SELECT ID FROM information_schema.PROCESSLIST
		WHERE DB IS NULL AND ID IN ($ours)")
	same locks 0 "$(server "SELECT count(*) FROM information_schema.METADATA_LOCK_INFO
		WHERE THREAD_ID = $its AND LOCK_TYPE = 'Table metadata lock'
		AND TABLE_SCHEMA = '${URL##*/}'")"
	ends
}

@test "migrate.observe=false looks at nothing" {
	shows both
	script 'ALTER TABLE t FORCE;
LOCK TABLES t WRITE;
DO SLEEP(0.5);
UNLOCK TABLES;'
	git config migrate.observe false
	begins
	until_true in_list "INFO LIKE 'DO SLEEP(0.5)%' AND TIME_MS > 100"
	run ! looks_on
	ends
	same facts '0|0|null|null' "$(fact '[(.locks | length), (.victims | length),
		.statements[0].algorithm, .observer | tostring] | join("|")')"
}
