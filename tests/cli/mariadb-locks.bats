#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031
# Locks that others hold on a MariaDB, in each way that it shows them: by its
# performance schema, by its plugin, or, as it is installed, not at all.

load ../lib/common
load ../lib/mariadb_sessions

# A server of this file's own: what it shows is the server's setting.
setup_file() {
	# shellcheck source=tests/lib/mariadb.sh
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	export MARIADB_CONF='performance_schema = ON
		innodb_deadlock_detect = ON'
	mariadb_start
}

teardown_file() {
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	mariadb_stop
}

setup() {
	fresh mariadb
	server "UPDATE performance_schema.setup_instruments SET ENABLED = 'YES'
		WHERE NAME = 'wait/lock/metadata/sql/mdl'"
}

teardown() {
	holder_ends ROLLBACK
	drop_databases
}

kills() {
	server "SHOW GLOBAL STATUS LIKE 'Com_kill'" | cut -d'|' -f2
}

killed_since() {
	[[ $(kills) != "$BEFORE" ]]
}

# A table in use, and a pair that alters it.
users() {
	pair 20260101000000_users 'CREATE TABLE users (id integer PRIMARY KEY, a integer);' \
		'DROP TABLE users;'
	pair 20260101000001_rows 'INSERT INTO users VALUES (1, 1), (2, 2);' \
		'DELETE FROM users;'
	commit
	ok up
	pair 20260102000000_add_b 'ALTER TABLE users ADD COLUMN b integer;' \
		'ALTER TABLE users DROP COLUMN b;'
	commit
}

# Connections and durations differ from run to run.
masked() {
	sed -E 's/[0-9]+(\.[0-9]+)?( ms| s\b)/#\2/g; s/(process |KILL )[0-9]+/\1#/g'
}

gives_up() { # PROGRAM MODE
	users
	holder 'SELECT * FROM users'
	migrate up --lock-wait 200ms
	exits 128
	same err "waiting for process # (${1}idle in transaction, open for #) on users
error: unable to apply migration '20260102000000_add_b': the locks that it needs were not to be had in # ms
detail: process # (${1}idle in transaction, open for #) of user root has $2 on users
hint: wait longer for them: --lock-wait DURATION
hint: or end what is in the way: KILL #
hint: nothing of it is left in the database" \
		"$(masked <<<"$err" | sed 's/open for # m\?s/open for #/')"
	same states '20260101000000 applied
20260101000001 applied
20260102000000 pending' "$(states)"
}

@test "gives up when --lock-wait is over, and lists who is in the way: performance schema" {
	shows schema
	gives_up 'mysql, ' SHARED_READ
}

@test "gives up when --lock-wait is over, and lists who is in the way: plugin" {
	shows plugin
	gives_up 'mysql, ' SHARED_READ
}

@test "gives up when --lock-wait is over, and lists who may be in the way" {
	shows nothing
	gives_up 'mysql, ' 'perhaps a lock'
}

goes_on() {
	users
	holder 'SELECT * FROM users'
	git migrate up --json >out.json 2>waiting &
	until_true grep -q '^waiting for process' waiting
	# the migration waits, and nobody does behind it
	sql 'SET lock_wait_timeout = 0; SELECT count(*) FROM users' >/dev/null
	holder_ends COMMIT
	wait $!
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, (.attempts | length), .attempts[0].outcome,
		.attempts[0].timeout_ms, .attempts[0].blockers[0].application,
		.attempts[0].blockers[0].relation,
		.attempts[0].blockers[0].mode] | join("|")' \
		"ok|1|ok|50|mysql|users|$1"
	same columns b "$(sql "SELECT column_name FROM information_schema.columns
		WHERE table_schema = database() AND table_name = 'users'
		AND column_name = 'b'")"
}

@test "goes on when the holder goes, and nobody waits behind it: performance schema" {
	shows schema
	goes_on SHARED_READ
}

@test "goes on when the holder goes, and nobody waits behind it: plugin" {
	shows plugin
	goes_on SHARED_READ
}

@test "goes on when the holder goes, and nobody waits behind it: nothing shown" {
	shows nothing
	goes_on 'perhaps a lock'
}

@test "asks, for a short time, when another transaction has followed the first" {
	shows plugin
	users
	holder 'SELECT * FROM users'
	git migrate up --json >out.json 2>waiting &
	local up=$! first_in=$HOLDER_IN first_out=$HOLDER_OUT
	until_true grep -q '^waiting for process' waiting
	BEFORE=$(kills)
	coproc SECOND {
		exec mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -N -n \
			"${URL##*/}" 2>&1
	} 2>/dev/null
	exec {HOLDER_IN}>&"${SECOND[1]}" {HOLDER_OUT}<&"${SECOND[0]}"
	holder_runs 'START TRANSACTION'
	holder_runs 'SELECT * FROM users'
	echo 'COMMIT;' >&"$first_in"
	exec {first_in}>&- {first_out}<&-
	# it asked, and was ended by itself
	until_true killed_since
	holder_ends COMMIT
	wait $up
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, .attempts[0].outcome, .attempts[-1].outcome,
		(.attempts | length > 1)] | map(tostring) | join("|")' 'ok|timeout|ok|true'
}

follows_itself() {
	shows "$1"
	users
	holder 'SELECT * FROM users'
	git migrate up --json >out.json 2>waiting &
	until_true grep -q '^waiting for process' waiting
	BEFORE=$(kills)
	echo 'COMMIT; START TRANSACTION; SELECT * FROM users;' >&"$HOLDER_IN"
	until_true killed_since
	holder_ends COMMIT
	wait $!
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, .attempts[0].outcome] | join("|")' 'ok|timeout'
}

@test "tells transactions of one session apart: plugin" {
	follows_itself plugin
}

@test "tells transactions of one session apart: nothing shown" {
	follows_itself nothing
}

@test "who may see nothing of others waits all the same" {
	shows nothing
	users
	server "CREATE USER poor@127.0.0.1; GRANT ALL ON \`${URL##*/}\`.* TO poor@127.0.0.1"
	git config migrate-target.dev.url "${URL/root@/poor@}"
	holder 'SELECT * FROM users'
	migrate up --lock-wait 200ms
	server 'DROP USER poor@127.0.0.1'
	exits 128
	err_has 'detail: a session that this role may not see has perhaps a lock on users'
	err_has 'hint: to see what it does, let somebody who may say: GRANT PROCESS ON *.* TO USER'
	err_lacks KILL
}

@test "says whom it waits for when the lock time-out is 0" {
	shows plugin
	users
	holder 'SELECT * FROM users'
	git migrate up --lock-timeout 0 --json >out.json 2>waiting &
	until_true grep -q '^waiting for process .* on users$' waiting
	holder_ends COMMIT
	wait $!
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, (.attempts | length), .attempts[0].outcome,
		.attempts[0].timeout_ms, .attempts[0].blockers[0].relation]
		| map(tostring) | join("|")' 'ok|1|ok|0|users'
}

@test "who may not end who is in the way is told whom to ask" {
	shows plugin
	users
	server "CREATE USER poor@127.0.0.1; GRANT PROCESS ON *.* TO poor@127.0.0.1;
		GRANT ALL ON \`${URL##*/}\`.* TO poor@127.0.0.1"
	git config migrate-target.dev.url "${URL/root@/poor@}"
	holder 'SELECT * FROM users'
	migrate up --lock-wait 200ms
	server 'DROP USER poor@127.0.0.1'
	exits 128
	same hint 'hint: or end what is in the way: ask who has the right CONNECTION ADMIN for KILL #' \
		"$(grep 'or end' <<<"$err" | masked)"
	err_lacks 'to see what it does'
}

@test "looks at the tables that foreign keys name" {
	shows schema
	users
	rm -r migrations
	pair 20260102000000_refer 'CREATE TABLE orders (id integer PRIMARY KEY, of integer);
ALTER TABLE orders ADD FOREIGN KEY (of) REFERENCES users (id);' 'DROP TABLE orders;'
	holder 'SELECT * FROM users'
	# readers are in nobody's way
	ok up
	ok down
	holder_runs 'UPDATE users SET a = 3'
	migrate up --lock-wait 200ms
	exits 128
	err_has 'has SHARED_WRITE on users'
	err_has 'hint: 1 of 2 statements are done and stay done'
}

@test "a table that is dropped with others is waited for, none is gone before" {
	shows nothing
	users
	pair 20260102000001_drop $'CREATE TABLE a (id integer);\nDROP TABLE a, users;' \
		'SELECT 1;'
	rm migrations/20260102000000_*
	holder 'SELECT * FROM users'
	migrate up --lock-wait 200ms
	exits 128
	err_has 'has perhaps a lock on'
	same tables $'a\nusers' "$(tables)"
}

@test "OPTIMIZE TABLE that did not get its table has not been carried out" {
	shows nothing
	users
	rm migrations/20260102000000_*
	pair 20260102000001_optimize 'OPTIMIZE TABLE users;' 'SELECT 1;'
	commit
	holder 'SELECT * FROM users'
	migrate up --lock-wait 300ms
	exits 128
	err_has 'were not to be had in 300 ms'
	same states '20260101000000 applied
20260101000001 applied
20260102000001 pending' "$(states)"
}

@test "a script of UPDATEs that was in a deadlock is tried again" {
	shows plugin
	users
	rm migrations/20260102000000_*
	sql 'CREATE TABLE many (id integer); INSERT INTO many SELECT seq FROM seq_1_to_2000'
	pair 20260102000001_set $'UPDATE users SET a = 10 WHERE id = 1;\nUPDATE users SET a = 20 WHERE id = 2;' \
		'SELECT 1;'
	holder 'UPDATE users SET a = 5 WHERE id = 2'
	# whoever has done less is the one that is rolled back
	holder_runs 'UPDATE many SET id = id + 1'
	git migrate up --json >out.json 2>err.txt &
	until_true in_list "INFO LIKE 'UPDATE users SET a = 20%'"
	holder_runs 'UPDATE users SET a = 6 WHERE id = 1'
	holder_ends COMMIT
	wait $!
	out=$(<out.json)
	json_is '.runs[0] | [.outcome, ([.attempts[].outcome] | join(" "))] | join("|")' \
		'ok|deadlock ok'
	same rows $'1|10\n2|20' "$(sql 'SELECT * FROM users ORDER BY id')"
}

@test "rows that others have are waited for within --lock-wait" {
	shows plugin
	users
	rm migrations/20260102000000_*
	pair 20260102000001_set 'UPDATE users SET a = 10 WHERE id = 1;' 'SELECT 1;'
	holder 'UPDATE users SET a = 5 WHERE id = 1'
	migrate up --lock-wait 1s
	exits 128
	err_has "the locks that it needs were not to be had in 1.0 s
detail: process "
	err_has ' has a row lock on users'
	err_has 'hint: or end what is in the way: KILL '
	same attempts timeout "$(git migrate log --json 20260102000001 |
		jq -r '.runs[0].attempts[0].outcome')"
}

@test "what a procedure has committed is not done twice" {
	shows plugin
	users
	rm migrations/20260102000000_*
	pair 20260102000001_call $'DELIMITER //\nCREATE PROCEDURE p() BEGIN INSERT INTO users VALUES (3, 3); COMMIT; UPDATE users SET a = 10 WHERE id = 1; END//\nDELIMITER ;\nSET innodb_lock_wait_timeout = 1;\nCALL p();' \
		'DROP PROCEDURE p;'
	holder 'UPDATE users SET a = 5 WHERE id = 1'
	migrate up
	exits 128
	err_has 'Lock wait timeout exceeded'
	same rows $'1|1\n2|2\n3|3' "$(sql 'SELECT * FROM users ORDER BY id')"
}

# A table that ALTER copies at its leisure, and a reader who comes meanwhile.
copies_slowly() {
	shows plugin
	sql 'CREATE TABLE big SELECT seq AS id FROM seq_1_to_40'
	pair 20260102000001_copy "ALTER TABLE big ADD COLUMN a integer
		DEFAULT (length(sha2(repeat(id, 1000000), 512))), ALGORITHM = COPY;" \
		'ALTER TABLE big DROP COLUMN a;'
	git migrate up "$@" --json >out.json 2>err.txt &
	UP=$!
	until_true in_list "STATE = 'copy to tmp table'"
	holder 'SELECT count(*) FROM big'
}

@test "an ALTER that is at work is left alone, and waits for who came meanwhile" {
	copies_slowly --lock-timeout 50s
	until_true in_list "STATE = 'Waiting for table metadata lock'"
	until_true grep -q '^waiting for process .* on big' err.txt
	holder_ends COMMIT
	wait $UP
	out=$(<out.json)
	export out
	json_is '.runs[0] | [.outcome, .attempts] | join("|")' 'ok|'
}

@test "an ALTER that has been at work keeps others waiting for no longer than --lock-wait" {
	copies_slowly --lock-wait 500ms
	status=0
	wait $UP || status=$?
	err=$(<err.txt)
	export err
	exits 128
	err_has 'the locks that it needs were not to be had in 500 ms'
	err_has ' has SHARED_READ on big'
	holder_ends COMMIT
	same columns id "$(sql "SELECT column_name FROM information_schema.columns
		WHERE table_schema = database() AND table_name = 'big'")"
	ok status --json
	json_is '.migrations[0].state' uncommitted
}

@test "what the script sets of time-outs is its own" {
	shows nothing
	pair 20260102000001_ours 'CREATE TABLE ours AS SELECT @@lock_wait_timeout AS locks,
		@@innodb_lock_wait_timeout AS row_locks, @@max_statement_time AS statements;' \
		'DROP TABLE ours;'
	pair 20260102000002_its 'SET lock_wait_timeout = 1234, max_statement_time = 12;
CREATE TABLE its AS SELECT @@lock_wait_timeout AS locks,
		@@innodb_lock_wait_timeout AS row_locks, @@max_statement_time AS statements;' \
		'DROP TABLE its;'
	pair 20260102000003_again 'CREATE TABLE again AS SELECT @@lock_wait_timeout AS locks,
		@@innodb_lock_wait_timeout AS row_locks, @@max_statement_time AS statements;' \
		'DROP TABLE again;'
	ok up --lock-wait 30s --statement-timeout 90500ms
	same 'told to the server' $'30|30|90.500000\n1234|50|12.000000\n30|30|90.500000' \
		"$(sql 'SELECT * FROM ours UNION ALL SELECT * FROM its
			UNION ALL SELECT * FROM again')"
}

# locks TABLE   another session that keeps everybody out of it, for as long as
# it likes.
locks() {
	holder 'SELECT 1'
	holder_runs "LOCK TABLES $1 WRITE"
}

# The holder's age and number differ from run to run.
nameless() {
	masked | sed -E 's/(idle, open for #) m?s/\1/'
}

ledger_is_held() { # MODE
	users
	locks git_migrations
	git migrate status >out 2>err &
	local run=$!
	until_true grep -q '^waiting for process' err
	holder_runs 'UNLOCK TABLES'
	wait $run
	same waiting 'waiting for process # (mysql, idle, open for #) on git_migrations' \
		"$(grep ^waiting err | nameless)"
	same out $'20260101000000 applied\n20260101000001 applied' \
		"$(grep -o '^[0-9]* *applied' out)"
	holder_runs 'LOCK TABLES git_migrations WRITE'
	migrate up --wait 1s
	exits 128
	same err "error: unable to read the ledger of 'mariadb:#': others kept it locked for 1.0 s
detail: process # (mysql, idle, open for #) of user root has $1 on git_migrations
hint: to end what is in the way: KILL #" \
		"$(grep -v ^waiting <<<"$err" | sed "s/mariadb:[^']*/mariadb:#/" | nameless |
			sed 's/for # s$/for 1.0 s/')"
}

@test "says who has locked the ledger, and waits for --wait: performance schema" {
	shows schema
	ledger_is_held SHARED_NO_READ_WRITE
}

@test "says who has locked the ledger, and waits for --wait: plugin" {
	shows plugin
	ledger_is_held SHARED_NO_READ_WRITE
}

@test "says who may have locked the ledger, and waits for --wait" {
	shows nothing
	ledger_is_held 'perhaps a lock'
}

# What is recorded between the statements of a script is waited for, however long.
progress_behind() { # FIRST STATEMENT
	shows plugin
	users
	rm migrations/20260102000000_*
	pair 20260102000001_slow "-- migrate: no-transaction
$1CREATE TABLE slow AS SELECT SLEEP(1) AS a;
CREATE TABLE more (id integer);" 'DROP TABLE more; DROP TABLE slow;'
	holder 'SELECT 1'
	git-migrate up --wait 1s >out 2>err </dev/null &
	RUN=$!
	until_true is_asleep
	holder_runs 'LOCK TABLES git_migrations WRITE, git_migrate_progress WRITE, git_migrate_runs WRITE'
	until_true waits_for_progress 3
	holder_ends 'UNLOCK TABLES'
	wait "$RUN" || explain "$(cat err)"
	RUN=
	same state applied "$(sql 'SELECT state FROM git_migrations
		WHERE version = 20260102000001')"
}

is_asleep() {
	[[ $(server "SELECT count(*) FROM information_schema.PROCESSLIST
		WHERE INFO LIKE 'CREATE TABLE slow%'") != 0 ]]
}

waits_for_progress() { # SECONDS
	[[ $(server "SELECT count(*) FROM information_schema.PROCESSLIST
		WHERE INFO LIKE 'UPDATE%git_migrat%' AND TIME >= $1
		AND STATE LIKE 'Waiting for table%'") != 0 ]]
}

@test "a script goes on when its progress can be recorded" {
	progress_behind ''
}

@test "a script that has set something goes on when it can be recorded" {
	progress_behind "SET sql_mode = '';
"
}

@test "log says who has locked the runs" {
	shows plugin
	users
	locks git_migrate_runs
	git migrate log >out 2>err &
	local run=$!
	until_true grep -q '^waiting for process .* on git_migrate_runs$' err
	holder_ends 'UNLOCK TABLES'
	wait $run
}

# What waits for rows may wait for the table that they are in.
batch_behind() { # LOCK MODE
	users
	rm migrations/20260102000000_*
	pair 20260102000001_fill $'-- migrate: batch rows=1 pause=0\nUPDATE users SET a = id;' \
		'SELECT 1;'
	holder 'SELECT 1'
	holder_runs "LOCK TABLES users $1"
	migrate up --lock-wait 2s --json
	exits 128
	same detail "detail: process # (mysql, idle, open for #) of user root has $2 on users
hint: wait longer for them: --lock-wait DURATION
hint: or end what is in the way: KILL #" \
		"$(grep -A2 ^detail <<<"$err" | nameless)"
	json_is '.runs[0].attempts | map([.outcome, .blockers[0].relation] | join(" "))
		| unique | join(",")' 'timeout users'
	grep -q '^waiting for process .* on users$' <<<"$err" || explain 'nobody waited for'
}

@test "a batch behind LOCK TABLES names whose it is: performance schema" {
	shows schema
	batch_behind WRITE SHARED_NO_READ_WRITE
}

@test "a batch behind LOCK TABLES names whose it is: plugin" {
	shows plugin
	batch_behind WRITE SHARED_NO_READ_WRITE
	holder_runs 'UNLOCK TABLES'
	fresh mariadb
	batch_behind READ SHARED_READ_ONLY
}

@test "a batch behind LOCK TABLES names whose it may be" {
	shows nothing
	batch_behind WRITE 'perhaps a lock'
}

@test "an UPDATE behind LOCK TABLES names whose it is" {
	shows plugin
	users
	rm migrations/20260102000000_*
	pair 20260102000001_fill 'UPDATE users SET a = id;' 'SELECT 1;'
	locks users
	migrate up --lock-wait 1s
	exits 128
	err_has 'of user root has SHARED_NO_READ_WRITE on users'
	err_has 'hint: or end what is in the way: KILL '
}

@test "says who keeps it from writing to the ledger, and waits" {
	shows plugin
	users
	pair 20260103000000_rows 'INSERT INTO users (id) VALUES (7);' 'DELETE FROM users;'
	holder 'SELECT 1'
	for table in git_migrations git_migrate_runs; do
		holder_runs "LOCK TABLES $table READ"
		git migrate up -n 1 >out 2>err &
		local run=$!
		until_true grep -q "^waiting for process .* on $table\$" err
		holder_runs 'UNLOCK TABLES'
		wait $run
	done
	same states '20260101000000 applied
20260101000001 applied
20260102000000 applied
20260103000000 applied' "$(states)"
}

@test "who may not see who has locked the ledger is told by which right" {
	shows nothing
	users
	server "CREATE USER poor@127.0.0.1; GRANT ALL ON \`${URL##*/}\`.* TO poor@127.0.0.1"
	git config migrate-target.dev.url "${URL/root@/poor@}"
	locks git_migrations
	migrate up --wait 1s
	server 'DROP USER poor@127.0.0.1'
	exits 128
	err_has "others kept it locked for 1.0 s
detail: a session that this role may not see has perhaps a lock on git_migrations
hint: to see what it does, let somebody who may say: GRANT PROCESS ON *.* TO USER"
	err_lacks KILL
}
