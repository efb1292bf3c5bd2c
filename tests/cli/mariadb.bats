#!/usr/bin/env bats
# What is MariaDB's own: DDL that commits by itself, its scripts, its locks, its
# scratch databases, and the addresses of its servers.
load ../lib/common

A=20260101000001 B=20260101000002 C=20260101000003

setup() {
	fresh mariadb
}

@test "is called what the server says it is" {
	table_pair $A a
	commit
	git config migrate-target.dev.url "mysql${URL#mariadb}"
	ok status --json
	json_is .engine mariadb
	ok status
	err_has 'target dev (mariadb 10.'
}

@test "a failing script of DDL stops half way, and says so" {
	table_pair $A a
	pair ${B}_broken $'CREATE TABLE b (id integer);\n\nINSERT INTO nowhere VALUES (1);' 'DROP TABLE b;'
	table_pair $C c
	commit
	migrate up
	exits 128
	err_has "error: migrations/${B}_broken.up.sql:3:13: unable to apply migration '${B}_broken': Table '${URL##*/}.nowhere' doesn't exist
    3 | INSERT INTO nowhere VALUES (1);
      |             ^
detail: error 1146 (42S02)"
	err_has 'hint: 1 of 2 statements are done and stay done'
	same tables $'a\nb' "$(tables)"
	same states "$A applied
$B unfinished
$C pending" "$(states)"
	same progress '1|2|up' "$(sql "SELECT statements_done, statements_total,
		direction FROM git_migrations WHERE state = 'unfinished'")"
}

@test "a script of INSERT, UPDATE and DELETE is all or nothing" {
	pair ${A}_t 'CREATE TABLE t (id integer PRIMARY KEY, a text);' 'DROP TABLE t;'
	pair ${B}_fill $'INSERT INTO t VALUES (1, \'one\');\nUPDATE t SET a = \'x\';\nINSERT INTO t VALUES (1, \'twice\');' \
		'DELETE FROM t;'
	commit
	migrate up
	exits 128
	err_has "${B}_fill.up.sql:3:1: unable to apply migration '${B}_fill': Duplicate entry '1' for key 'PRIMARY'"
	err_has 'hint: nothing of it is left in the database'
	same rows 0 "$(sql 'SELECT count(*) FROM t')"
	same states "$A applied
$B pending" "$(states)"
}

@test "a DROP of several tables that failed half way is not called undone" {
	pair ${A}_t 'CREATE TABLE t (id integer);' 'DROP TABLE t;'
	pair ${B}_drop 'DROP TABLE t, missing;' 'CREATE TABLE t (id integer);'
	commit
	migrate up
	exits 128
	err_has "hint: 0 of 1 statements are done and stay done
hint: statement 1 is half done: t is gone, missing was not there
hint: mend it to do the rest of it, then: git migrate repair $B --resume
hint: or do the rest by hand, then: git migrate repair $B --skip
hint: see what can be done: git migrate repair $B"
	same states "$A applied
$B unfinished" "$(states)"
	# which it is the second time, too
	migrate up
	exits 1
	err_has "${B}_drop.up.sql:1:1: unable to apply migration '${B}_drop': statement 1 of 1 is half done: t is gone, missing was not there
hint: mend it to do the rest of it, then: git migrate repair $B --resume
hint: or do the rest by hand, then: git migrate repair $B --skip"
	ok repair
	out_has '         it is half done: t is gone, missing was not there'
	err_has "hint: once it is mended to do the rest, to run it and the others: git migrate repair $B --resume
hint: to count it as done, then run the others: git migrate repair $B --skip
hint: once you have done the rest by hand: git migrate repair $B --mark-done
hint: once you have undone all of it by hand: git migrate repair $B --mark-undone"
	ok repair --json
	json_is '.repairs[0] | [.verdict, .remains] | join("|")' \
		'partly-done|t is gone, missing was not there'
	sql 'CREATE TABLE there (id integer)'
	sed -i 's/t, missing/there/' migrations/${B}_drop.up.sql
	commit
	ok repair $B --resume
	same states "$A applied
$B applied" "$(states)"
	same tables '' "$(tables)"
}

@test "a DROP of several tables, of which one is held on to, is half done" {
	pair ${A}_t $'CREATE TABLE t (id integer PRIMARY KEY);\nCREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE c (id integer REFERENCES p (id));' 'DROP TABLE c, p, t;'
	pair ${B}_drop 'DROP TABLE t, p;' 'SELECT 1;'
	commit
	migrate up
	exits 128
	err_has 'hint: statement 1 is half done: t is gone, p is still there'
	sql 'ALTER TABLE c DROP CONSTRAINT c_ibfk_1; DROP TABLE p'
	# somebody has finished it
	ok up
	same states "$A applied
$B applied" "$(states)"
	pair ${C}_drop 'DROP TABLE IF EXISTS c, missing;' 'SELECT 1;'
	commit
	ok up
	same states "$A applied
$B applied
$C applied" "$(states)"
}

@test "a DROP of several tables in a down script is half done" {
	pair ${A}_t 'CREATE TABLE t (id integer);' 'DROP TABLE t, missing;'
	commit
	ok up
	migrate down
	exits 128
	err_has "hint: statement 1 is half done: t is gone, missing was not there
hint: do the rest by hand, then: git migrate repair $A --skip
hint: see what can be done: git migrate repair $A"
	migrate down
	exits 1
	err_has 'statement 1 of 1 is half done: t is gone, missing was not there'
	ok repair --skip
	same states "$A pending" "$(states)"
}

@test "what no transaction takes back is not called undone" {
	pair ${A}_m 'CREATE TABLE m (id integer PRIMARY KEY) ENGINE = MyISAM;' 'DROP TABLE m;'
	pair ${B}_fill $'INSERT INTO m VALUES (1);\nINSERT INTO nowhere VALUES (1);' \
		'DELETE FROM m;'
	commit
	migrate up
	exits 128
	err_has 'hint: 1 of 2 statements are done and stay done'
	sed -i 's/nowhere VALUES (1)/m VALUES (2)/' migrations/${B}_fill.up.sql
	commit
	ok up
	same rows 2 "$(sql 'SELECT count(*) FROM m')"
	pair ${C}_twice 'INSERT INTO m VALUES (3), (1);' 'DELETE FROM m WHERE id = 3;'
	commit
	migrate up
	exits 128
	err_has 'hint: what statement 1 did before it failed may have stayed'
	same rows 3 "$(sql 'SELECT count(*) FROM m')"
	pair ${C}_twice $'-- migrate: batch\nUPDATE m SET id = id + 10;' 'DELETE FROM m;'
	sql "DELETE FROM git_migrations WHERE version = $C"
	sql "DELETE FROM git_migrate_progress"
	commit
	migrate up
	exits 128
	err_has 'a table that it writes to takes no part in transactions'
}

@test "waits for what the server still does for a run that was killed" {
	pair ${A}_big 'CREATE TABLE big (id integer PRIMARY KEY, s varchar(200));
INSERT INTO big SELECT seq, repeat("x", 50) FROM seq_1_to_1000000;' 'DROP TABLE big;'
	commit
	ok up
	pair ${B}_alter 'ALTER TABLE big ADD c integer, ALGORITHM = COPY;
CREATE TABLE u (id integer);' 'DROP TABLE u; ALTER TABLE big DROP c;'
	commit
	local asked="SELECT count(*) FROM information_schema.processlist
		WHERE info LIKE 'ALTER TABLE big%' AND db = database()"
	"$MIGRATE_BUILD/git-migrate" up >first 2>&1 &
	local first=$!
	until [[ $(sql "$asked") == 1 ]]; do kill -0 $first; done
	kill -KILL $first
	wait $first || true
	ok up --json
	json_is '[.runs[0].statements[].index | tostring] | join(" ")' 2
	same columns 1 "$(sql "SELECT count(*) FROM information_schema.columns
		WHERE table_schema = database() AND table_name = 'big'
		AND column_name = 'c'")"
	same states "$A applied
$B applied" "$(states)"
}

@test "goes on when the connection that holds the lock is lost" {
	pair ${A}_a 'CREATE TABLE t (id integer);
INSERT INTO t SELECT 1 + SLEEP(2);
CREATE TABLE u (id integer);' 'DROP TABLE u; DROP TABLE t;'
	commit
	git migrate up >first 2>&1 &
	local first=$!
	until [[ $(sql "SELECT count(*) FROM information_schema.processlist
		WHERE info LIKE 'INSERT INTO t SELECT%' AND db = database()") == 1 ]]; do
		kill -0 $first
	done
	sql "KILL $(sql "SELECT id FROM information_schema.processlist
		WHERE command = 'Sleep' AND db = database()")"
	# the connection that carries the script out holds a lock of its own
	migrate up --wait 0s
	exits 128
	err_has 'another run on'
	wait $first
	same rows 1 "$(sql 'SELECT count(*) FROM t')"
	same states "$A applied" "$(states)"
}

@test "tells where a syntax error is" {
	pair ${A}_x $'CREATE TABLE t (\n    id integer,\n    a integer NOT NUL\n);' 'DROP TABLE t;'
	migrate up
	exits 128
	err_has "${A}_x.up.sql:3:19: unable to apply migration '${A}_x': You have an error in your SQL syntax"
	same tables '' "$(tables)"
}

@test "bodies of routines, with DELIMITER and without" {
	pair ${A}_x "CREATE TABLE t (id integer PRIMARY KEY, a varchar(20));
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW
BEGIN
	IF NEW.a IS NULL THEN SET NEW.a = CASE NEW.id WHEN 1 THEN 'one;' ELSE IF(NEW.id > 5, 'many', 'few') END; END IF;
END;
DELIMITER //
CREATE PROCEDURE fill(most integer)
BEGIN
	DECLARE n integer DEFAULT 1;
	WHILE n <= most DO INSERT INTO t (id) VALUES (n); SET n = n + 1; END WHILE;
END//
DELIMITER ;
CALL fill(2);" "DROP PROCEDURE fill;
DROP TABLE t;"
	ok up --json
	json_is '.runs[0].statements | map(.kind) | join(",")' \
		'CREATE TABLE,CREATE TRIGGER,CREATE PROCEDURE,CALL'
	same rows '1|one;
2|few' "$(sql 'SELECT id, a FROM t ORDER BY id')"
	ok prove
	ok down
	same tables '' "$(tables)"
}

@test "commands of the client are refused by name" {
	# shellcheck disable=SC1003
	pair ${A}_x $'CREATE TABLE t (id integer);\nsource more.sql;' 'DROP TABLE t;'
	migrate up
	exits 128
	err_is "error: migrations/${A}_x.up.sql:2:1: 'source' is a command of the mysql client and not SQL
hint: take it out: a script is read by the server, not by the client"
	pair ${A}_x $'CREATE TABLE t (id integer)\\G' 'DROP TABLE t;'
	migrate up
	exits 128
	err_has ":1:28: '\\G' is a command of the mysql client and not SQL"
	same tables '' "$(tables)"
}

@test "what one script sets does not reach the next one" {
	pair ${A}_x "SET NAMES latin1;
SET SESSION foreign_key_checks = 0, sql_mode = 'ANSI_QUOTES', @n = 7;
CREATE TABLE s (n integer, checks integer, mode text, names text);
LOCK TABLES s WRITE;" 'DROP TABLE s;'
	pair ${B}_é😀 "INSERT INTO s SELECT @n, @@foreign_key_checks, @@sql_mode,
	@@character_set_client;" 'DELETE FROM s;'
	ok up
	same settings "|1|$(sql 'SELECT @@global.sql_mode')|utf8mb4" \
		"$(sql 'SELECT * FROM s')"
	same name é😀 "$(sql "SELECT name FROM git_migrations WHERE version = $B")"
	pair ${C}_ü "SET NAMES latin1;
INSERT INTO s SELECT 0, 0, '', @@character_set_client;" 'DELETE FROM s;'
	ok up
	same names latin1 "$(sql "SELECT names FROM s WHERE n = 0")"
	same name ü "$(sql "SELECT name FROM git_migrations WHERE version = $C")"
	ok down -n 3
}

@test "a script with USE finds its ledger again" {
	server "CREATE DATABASE ${URL##*/}_other"
	DATABASES+=("mariadb ${URL##*/}_other")
	pair ${A}_x "USE ${URL##*/}_other;
CREATE TABLE elsewhere (id integer);" 'SELECT 1;'
	table_pair $B b
	ok up
	same tables b "$(tables)"
	same states "$A applied
$B applied" "$(states)"
}

@test "measures the locks of DDL while it runs" {
	pair ${A}_t 'CREATE TABLE t (id integer);
INSERT INTO t SELECT seq FROM seq_1_to_200000;' 'DROP TABLE t;'
	pair ${B}_x 'ALTER TABLE t ADD COLUMN a integer AS (id + 1) STORED, ALGORITHM=COPY;' \
		'ALTER TABLE t DROP COLUMN a;'
	ok up --json
	json_is '[.runs[1].locks[] | select(.relation == "t") | .mode] |
		any(. == "SHARED_NO_WRITE")' true
	json_is '.runs[1].lock_ms > 0' true
	json_is '.runs[1].tables[0] | [.name, .rows_before, .rows_after] | @csv' \
		'"t",200000,200000'
}

@test "Ctrl-C cancels the statement on the server" {
	pair ${A}_t 'CREATE TABLE t (id integer);' 'DROP TABLE t;'
	pair ${B}_slow $'INSERT INTO t VALUES (1);\nINSERT INTO t SELECT SLEEP(60);' 'DELETE FROM t;'
	commit
	# not before it runs
	until [[ $(sql "SELECT count(*) FROM information_schema.processlist
		WHERE info LIKE 'INSERT INTO t SELECT SLEEP%' AND db = database()") == 1 ]]; do
		sleep 0.1
	done && kill -INT "$(<pid)" &
	try sh -c 'echo $$ >pid; exec git-migrate up'
	wait
	exits 130
	err_has "${B}_slow.up.sql:2:1: unable to apply migration '${B}_slow': interrupted"
	err_has 'hint: nothing of it is left in the database'
	same rows 0 "$(sql 'SELECT count(*) FROM t')"
	same states "$A applied
$B pending" "$(states)"
	same sleepers 0 "$(sql "SELECT count(*) FROM information_schema.processlist
		WHERE info LIKE 'INSERT INTO t SELECT SLEEP%'")"
}

@test "one run waits for another, and says who holds it up" {
	table_pair $A a
	commit
	mkfifo hold
	mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -N --unbuffered "${URL##*/}" <hold >held &
	local pid=$!
	exec 7>hold
	echo "SELECT GET_LOCK(concat('git_migrate.', sha1(DATABASE())), 0);" >&7
	until grep -q 1 held; do kill -0 $pid; done
	migrate up --wait 0s
	exits 128
	err_has "error: another run on 'mariadb:${URL##*/}' is not done yet
detail: held by connection "
	err_has '(user root, from localhost, '
	exec 7>&-
	wait $pid
	ok up
	same tables a "$(tables)"
}

@test "a proof does not reach the target" {
	pair ${A}_x "CREATE TABLE ${URL##*/}.t (id integer);" "DROP TABLE t;"
	migrate prove
	exits 1
	out_has 'the statement names the target, which a scratch database must not reach'
	pair ${A}_x "USE ${URL##*/}; CREATE TABLE t (id integer);" "DROP TABLE t;"
	migrate prove
	exits 1
	out_has 'the statement is about a database, which a scratch database must not reach'
	same tables '' "$(tables)"
}

@test "a scratch database of a killed run is dropped by a later one" {
	local name=git_migrate_scratch_1_$$
	server "CREATE DATABASE $name"
	table_pair $A a
	ok prove
	same databases '' "$(server "SHOW DATABASES LIKE '$name'")"
	same databases '' "$(server "SHOW DATABASES LIKE 'git\\_migrate\\_scratch\\_%\\_$$'")"
}

@test "a proof finds what a down script leaves" {
	pair ${A}_x 'CREATE TABLE t (id integer PRIMARY KEY);
CREATE TABLE u (t integer);' 'DROP TABLE u, t;'
	pair ${B}_fk 'ALTER TABLE u ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES t (id);' \
		'ALTER TABLE u DROP FOREIGN KEY fk;'
	pair ${C}_v 'CREATE VIEW v AS SELECT * FROM t;' 'DROP VIEW v;'
	migrate prove --all
	exits 1
	out_has 'after down: index u.fk is left over
      expected (not there)
      found    btree (t)'
	out_has "proven ${C}_v"
}

@test "passwords come from the URL, an option file or MYSQL_PWD" {
	local database=${URL##*/} port=$MARIADB_PORT
	server "CREATE USER IF NOT EXISTS app_$$@'127.0.0.1' IDENTIFIED BY 'a@b/c'"
	server "GRANT ALL ON $database.* TO app_$$@'127.0.0.1'"
	git config migrate-target.dev.url "mariadb://app_$$@127.0.0.1:$port/$database"
	migrate status
	exits 128
	err_has "error: unable to connect to 'mariadb:$database': Access denied for user"
	err_has 'hint: passwords are read from ~/.my.cnf, MYSQL_PWD or'
	MYSQL_PWD=a@b/c ok status
	# other files run meanwhile: their programs must not read this one
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir "$HOME"
	printf '[client]\npassword = "a@b/c"\n' >"$HOME/.my.cnf"
	ok status
	printf '[other]\npassword = "a@b/c"\nport = %s\n' "$port" >my.cnf
	rm "$HOME/.my.cnf"
	git config migrate-target.dev.url \
		"mysql://app_$$@127.0.0.1/$database?default-file=$PWD/my.cnf&default-group=other"
	ok status
	git config migrate-target.dev.url "mariadb://app_$$:a%40b%2Fc@127.0.0.1:$port/$database"
	ok status
	err_lacks a@b
	git config migrate-target.dev.url "mariadb://root@localhost/$database?socket=$MARIADB_SOCKET"
	ok status
	server "DROP USER app_$$@'127.0.0.1'"
}

@test "a URL that cannot be read gives nothing away" {
	migrate status -t "mariadb://app:s3/cr@et@db.example/shop"
	exits 128
	err_is "error: unable to read the URL 'mariadb://app:***@db.example/shop': an @ stands in the database's name
hint: in a password, write @ as %40, : as %3A, / as %2F, ? as %3F and % as %25"
	migrate status -t "mariadb://db.example/shop?tls=skip-verify"
	exits 128
	err_has 'the URL has an unknown TLS parameter'
	migrate status -t "mariadb://127.0.0.1:$MARIADB_PORT"
	exits 128
	err_has 'names no database'
	migrate status -t "mariadb://root@127.0.0.1:1/shop"
	exits 128
	err_has "unable to connect to 'mariadb:shop': "
	err_has 'hint: is the server running, and at that address?'
}

@test "no password goes to a host that came with a clone" {
	git config --unset migrate-target.dev.url
	printf '[migrate-target "dev"]\n\turl = mariadb://app@db.example/shop\n' >.gitmigrate
	MYSQL_PWD=secret migrate status
	exits 1
	err_has "the address of target 'dev' comes from .gitmigrate, and MYSQL_PWD would be sent to it"
}

@test "asks for TLS where it was asked to" {
	git config migrate-target.dev.url "$URL?ssl-mode=required"
	migrate status
	exits 128
	err_is "error: unable to connect to 'mariadb:${URL##*/}': the server offers no TLS
hint: see the URL's ssl-mode and ssl-ca"
	git config migrate-target.dev.url "$URL?ssl-mode=verify-identity"
	migrate status
	exits 128
	err_has "unable to connect to 'mariadb:${URL##*/}': "
	git config migrate-target.dev.url "$URL?ssl-mode=preferred"
	ok status
}

@test "a lost connection is told from a refused statement" {
	pair ${A}_x "SET @id = CONNECTION_ID();
KILL @id;" 'SELECT 1;'
	migrate up
	exits 128
	err_has "the connection to 'mariadb:${URL##*/}' was lost"
}

@test "a machine without libmariadb loses MariaDB alone" {
	local mariadb=$URL
	mkdir lib
	: >lib/libmariadb.so.3
	table_pair $A a
	commit
	LD_LIBRARY_PATH=$PWD/lib migrate status
	exits 128
	err_has "error: unable to load the library 'libmariadb.so.3': "
	LD_LIBRARY_PATH=$PWD/lib ok up -t sqlite:other.db
	LD_LIBRARY_PATH=$PWD/lib ok new add_b_to_a --type text -t "$mariadb"
	out_has _add_b_to_a.up.sql
}

# poll SQL   waits until its answer is not 0, and prints it.
poll() {
	local i answer
	for ((i = 0; i < 1000; i++)); do
		answer=$(sql "$1")
		[[ ${answer:-0} == 0 ]] || break
		sleep 0.02
	done
	[[ ${answer:-0} != 0 ]] || explain "never true: $1"
	echo "$answer"
}

# begun STATEMENT   a script whose first statement about table t was begun, but
# not carried out: its run was killed while another session had t.
begun() {
	local ours pid i=0
	pair ${A}_a "$1;
CREATE TABLE u (id integer);" 'DROP TABLE u;'
	commit
	mkfifo hold
	mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -N --unbuffered \
		"${URL##*/}" <hold >held 3>&- &
	pid=$!
	exec 7>hold
	# not by INNODB_TRX, whose answer stays the same while it is asked for
	# more often than every tenth of a second
	echo "BEGIN; SELECT count(*) FROM t; SELECT 'held';" >&7
	until grep -qs held held; do
		((++i < 1000)) || explain "the other session has no answer"
		sleep 0.02
	done
	"$(type -P git-migrate)" up >log 2>&1 </dev/null 7>&- 3>&- &
	ours=$!
	# announced, and not asked for while the other transaction lasts
	poll "SELECT count(*) FROM information_schema.TABLES WHERE
		TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'git_migrate_progress'" >/dev/null
	poll 'SELECT count(*) FROM git_migrate_progress WHERE started = 1' >/dev/null
	kill -9 $ours
	wait $ours || true
	echo 'ROLLBACK;' >&7
	exec 7>&-
	wait $pid
	rm hold held
}
is_done() { ok repair && out_has ' it was carried out'; }
is_undone() { ok repair && out_has ' it was not carried out, or does no harm twice'; }
is_unclear() { ok repair && out_has ' whether it was carried out cannot be told'; }

@test "knows a partition that was exchanged" {
	sql 'CREATE TABLE t (id integer PRIMARY KEY) PARTITION BY RANGE (id)
		(PARTITION p VALUES LESS THAN (9), PARTITION q VALUES LESS THAN (99));
		CREATE TABLE s (id integer PRIMARY KEY); INSERT INTO s VALUES (1)'
	begun 'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE s'
	is_undone
	sql 'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE s'
	is_done
	ok up
	same rows '1|0' "$(sql 'SELECT (SELECT count(*) FROM t),
		(SELECT count(*) FROM s)')"
}

@test "knows tables that have changed places" {
	sql 'CREATE TABLE t (id integer); CREATE TABLE t_new (id integer);
		INSERT INTO t_new VALUES (1)'
	begun 'RENAME TABLE t TO x, t_new TO t, x TO t_new'
	is_undone
	sql 'RENAME TABLE t TO x, t_new TO t, x TO t_new'
	is_done
	sql 'RENAME TABLE t TO x'
	is_unclear
	sql 'RENAME TABLE x TO t'
	ok up
	same rows 1 "$(sql 'SELECT count(*) FROM t')"
}

@test "does not empty a table twice" {
	sql 'CREATE TABLE t (id integer); INSERT INTO t VALUES (1)'
	begun 'TRUNCATE TABLE t'
	is_undone
	sql 'TRUNCATE TABLE t'
	is_done
	# rows of now, or of before by somebody's OPTIMIZE TABLE
	sql 'INSERT INTO t VALUES (2)'
	is_unclear
	migrate up
	exits 1
	same rows 1 "$(sql 'SELECT count(*) FROM t')"
}

@test "takes no change of another's for its own" {
	sql 'CREATE TABLE t (id integer)'
	begun 'ALTER TABLE t ADD COLUMN a integer, MODIFY id bigint'
	sql 'ALTER TABLE t ADD COLUMN b integer;
		CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @g = 1'
	is_undone
	ok up
	same columns id,b,a "$(sql "SELECT group_concat(COLUMN_NAME ORDER BY
		ORDINAL_POSITION) FROM information_schema.COLUMNS
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'")"

	fresh mariadb
	sql 'CREATE TABLE t (id integer)'
	begun 'CREATE TRIGGER ours BEFORE INSERT ON t FOR EACH ROW SET @a = 1'
	sql 'CREATE TRIGGER theirs BEFORE INSERT ON t FOR EACH ROW SET @b = 1'
	is_undone
	sql 'CREATE TRIGGER ours BEFORE INSERT ON t FOR EACH ROW SET @a = 1'
	is_done

	fresh mariadb
	sql 'CREATE TABLE t (id integer)'
	begun 'ALTER TABLE t ADD INDEX (id)'
	is_undone
	sql "ALTER TABLE t COMMENT 'theirs'"
	is_unclear
}

@test "does not make a table again that rows are in" {
	sql 'CREATE TABLE t (id integer)'
	begun 'CREATE OR REPLACE TABLE t (id integer)'
	is_undone
	sql 'CREATE OR REPLACE TABLE t (id integer); INSERT INTO t VALUES (1)'
	is_unclear
	migrate up
	exits 1
	same rows 1 "$(sql 'SELECT count(*) FROM t')"
}

@test "asks a person where it may not see which table is which" {
	local name=${URL##*/} root=$URL
	server "CREATE USER $name@'%';
		GRANT ALL ON $name.* TO $name@'%'"
	URL=${URL/root@/$name@}
	git config migrate-target.dev.url "$URL"
	sql 'CREATE TABLE t (id integer); CREATE TABLE t_new (id integer)'
	begun 'RENAME TABLE t TO x, t_new TO t, x TO t_new'
	is_unclear
	URL=$root
	server "DROP USER $name@'%'"
}
