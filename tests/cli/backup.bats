#!/usr/bin/env bats
# Backups, whether they are any good, and what a protected target asks for.
# shellcheck disable=SC2030,SC2031,SC2034 # tests are subshells, and share $out

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

# A table with rows enough for more than one block of a file.
some_rows() {
	sql 'CREATE TABLE people (id integer PRIMARY KEY, name varchar(200))'
	local pad
	printf -v pad '%0120d' 0
	sql "INSERT INTO people VALUES $(seq 1 800 |
		sed "s/.*/(&, 'person & $pad')/" | paste -s -d ,)"
}

# A verified backup; its path is $file.
taken() {
	ok backup --verify --json
	file=$(json .backup.path)
}

recorded() { # COLUMN   of the newest record
	sql "SELECT $1 FROM git_migrate_backups ORDER BY id DESC LIMIT 1"
}

# What is left to find it out by is what is in the file.
trust_the_file() {
	sql "UPDATE git_migrate_backups SET bytes = $(stat -c %s "$file"),
		checksum = '$(sha256sum "$file" | cut -d' ' -f1)'"
}

no_backup_left() {
	same files '' "$(ls -A .git/migrate/backups 2>/dev/null)"
}

# wrapper NAME LINE...   a program before the real one in PATH, which is $real.
wrapper() {
	local name=$1 real
	shift
	real=$(command -v "$name")
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '%s\n' '#!/bin/bash' "real=$real" "$@" \
		>"$BATS_TEST_TMPDIR/bin/$name"
	chmod +x "$BATS_TEST_TMPDIR/bin/$name"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

dump_program() {
	case $ENGINE in
	postgresql) echo pg_dump ;;
	mariadb) echo mariadb-dump ;;
	esac
}

takes_and_verifies() {
	some_rows
	ok backup --verify --json
	json_is '.backup | [.verified, .snapshot, .failure] | tostring' \
		'[true,"exact",null]'
	json_is '.backup.tables[] | select(.table == "people") | .rows' 800
	file=$(json .backup.path)
	[[ $file == "$PWD"/.git/migrate/backups/dev-*Z.* ]] || explain "$file"
	same mode 600 "$(stat -c %a "$file")"
	same bytes "$(stat -c %s "$file")" "$(json .backup.bytes)"
	same checksum "$(sha256sum "$file" | cut -d' ' -f1)" \
		"$(json .backup.checksum)"
	same files "${file##*/}" "$(ls -A .git/migrate/backups)"
	same person 'Test Person <test@example.com>' "$(recorded taken_by)"
	ok backup --list --json
	json_is '.backups | length' 1
	json_is '.backups[0].path' "$file"
	ok backup --list
	out_has "$file"
	ok backup --verify --from "$file"
	out_has ', 800 rows'
	no_scratch_stays
}
# Those of other tests come and go.
no_scratch_stays() {
	local first now
	first=$(server_databases)
	for _ in {1..100}; do
		now=$(server_databases)
		comm -12 <(sort <<<"$first") <(sort <<<"$now") | grep -q . ||
			return 0
		sleep 0.1
	done
	explain "a scratch database stays: $now"
}
server_databases() {
	case $ENGINE in
	postgresql) server "SELECT datname FROM pg_database
		WHERE datname LIKE 'git_migrate_scratch%'" ;;
	mariadb) server "SHOW DATABASES LIKE 'git\_migrate\_scratch%'" ;;
	esac
}
@test "takes a backup, restores it and compares" {
	both takes_and_verifies
}

is_restored_by_its_own_client() {
	some_rows
	taken
	sql 'DROP TABLE people'
	case $ENGINE in
	sqlite) cp "$file" "${URL#sqlite:}" ;;
	postgresql) pg_restore -d "$URL" --clean --if-exists "$file" ;;
	mariadb) mysql_client "${URL##*/}" "source $file" ;;
	esac
	same rows 800 "$(sql 'SELECT count(*) FROM people')"
}
@test "what it writes is restored by the plain client" {
	both is_restored_by_its_own_client
}

# refused_as WHAT   the file is not accepted, and that is recorded.
refused_as() {
	migrate backup --verify --from "$file"
	exits 1
	err_has "error: backup '$file' is not accepted: $1"
	same verified '' "$(recorded verified_at)"
	[[ $(recorded failure) == *"$1"* ]] || explain "$(recorded failure)"
}

cut_short() {
	some_rows
	taken
	truncate -s -5000 "$file"
	refused_as 'it has '
	trust_the_file
	refused_as 'it '
	out_lacks verified
}
@test "a backup that was cut short is not accepted" { both cut_short; }

flipped() {
	some_rows
	taken
	# in the middle of the rows
	local at
	at=$(($(stat -c %s "$file") / 2))
	byte=$(od -A n -t x1 -j "$at" -N 1 "$file" | tr -d ' ')
	printf '%b' "\\x$(printf %02x $((0x$byte ^ 1)))" |
		dd of="$file" bs=1 seek="$at" conv=notrunc status=none
	refused_as 'its checksum is not the one that it had'
	trust_the_file
	refused_as 'it '
}
@test "a backup with a byte flipped in a data block is not accepted" {
	both flipped
}

# other_backup STATEMENT   the file as it would be after it.
other_backup() {
	case $ENGINE in
	sqlite) sqlite3 "$file" "$1" ;;
	postgresql)
		psql -X -q -d "$URL" -c "$1"
		pg_dump -Fc -f "$file" -d "$URL"
		;;
	mariadb)
		sql "$1"
		mariadb-dump --no-defaults -S "$MARIADB_SOCKET" -u root \
			--result-file="$file" "${URL##*/}"
		;;
	esac
	trust_the_file
}

lacks_a_row() {
	some_rows
	taken
	other_backup 'DELETE FROM people WHERE id = 500'
	refused_as 'it does not hold what the database held'
	err_has 'detail: table people has 799 rows, the database had 800 rows'
}
@test "a backup that lacks a single row is not accepted" { both lacks_a_row; }

has_another_row() {
	some_rows
	taken
	other_backup "UPDATE people SET name = 'another' WHERE id = 500"
	refused_as 'it does not hold what the database held'
	err_has 'detail: table people has 800 rows as the database had, but not the same ones'
}
@test "a backup with one row replaced is not accepted" { both has_another_row; }

has_another_schema() {
	some_rows
	taken
	other_backup 'CREATE INDEX by_name ON people (name)'
	refused_as 'it does not hold what the database held'
	err_has 'detail: the schema is another one'
}
@test "a backup of another schema is not accepted" { both has_another_schema; }

moved() {
	some_rows
	taken
	mv "$file" ./elsewhere
	ok backup --verify --from elsewhere
	echo 'not a backup' >other
	migrate backup --verify --from other
	exits 1
	err_has "other' is no backup that "
	err_has 'hint: see the recorded ones: git migrate backup --list'
}
@test "knows a backup under another name by its checksum" { both moved; }

loses_rows() {
	some_rows
	case $ENGINE in
	postgresql) wrapper pg_dump '[[ $1 == --version ]] && exec "$real" "$@"' \
		'exec "$real" --exclude-table-data=people "$@"' ;;
	mariadb) wrapper mariadb-dump 'exec "$real" "$@" --where="id <> 500"' ;;
	esac
	[[ $ENGINE == postgresql ]] || sed -i \
		's/exec "$real" "$@" --where/[[ $1 == --version ]] \&\& exec "$real" "$@"\n&/' \
		"$BATS_TEST_TMPDIR/bin/mariadb-dump"
	migrate backup --verify
	exits 1
	err_has 'is not accepted: it does not hold what the database held'
	err_has 'the database had 800 rows'
	no_backup_left
	ok backup --list
	err_is "no backups of 'dev'"
}
@test "one that does not hold all rows is not kept at all" {
	ENGINES=${ENGINES/sqlite/} both loses_rows
}

fails() {
	some_rows
	wrapper "$(dump_program)" '[[ $1 == --version ]] && exec "$real" "$@"' \
		'echo "the disk is full" >&2' 'exit 3'
	migrate backup --verify
	exits 128
	err_has "unable to back up"
	err_has 'detail: the disk is full'
	no_backup_left
}
@test "a backup that fails leaves nothing" {
	ENGINES=${ENGINES/sqlite/} both fails
}

is_interrupted() {
	some_rows
	wrapper "$(dump_program)" '[[ $1 == --version ]] && exec "$real" "$@"' \
		'echo "$$" >"$WAITS"' 'exec sleep 1000'
	export WAITS=$PWD/.git/waits
	git-migrate backup >/dev/null 2>.git/said 3>&- &
	local pid=$! tries
	for ((tries = 0; tries < 600; tries++)); do
		[[ -s $WAITS ]] && break
		sleep 0.05
	done
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	out='' err=$(<.git/said)
	exits 130
	no_backup_left
	! kill -0 "$(<"$WAITS")" 2>/dev/null
	PATH=${PATH#*:}
}
@test "one that is interrupted leaves nothing, nor its program" {
	ENGINES=${ENGINES/sqlite/} both is_interrupted
}

@test "finds the records where the ledger is (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	sql 'CREATE SCHEMA app'
	git config migrate-target.dev.url "$URL?options=-csearch_path%3Dapp"
	table_pair $A a
	commit
	ok up
	ok backup --verify
	git config migrate-target.dev.url "$URL"
	ok backup --list --json
	json_is '.backups | length' 1
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	migrate down
	exits 1
	err_lacks backup
	err_has "hint: if that is meant: git migrate down --confirm $A"
}

lacks_the_program() {
	mkdir -p "$BATS_TEST_TMPDIR/few"
	ln -sf "$(command -v git)" "$(command -v git-migrate)" \
		"$BATS_TEST_TMPDIR/few"
	PATH=$BATS_TEST_TMPDIR/few migrate backup
	exits 128
	case $ENGINE in
	postgresql) err_is "error: the program 'pg_dump' is needed and not there
hint: install it (Debian package: postgresql-client)" ;;
	mariadb) err_is "error: the program 'mariadb-dump' is needed and not there
hint: install it (Debian package: mariadb-client)" ;;
	esac
	no_backup_left
}
@test "names the package of a client program that is missing" {
	ENGINES=${ENGINES/sqlite/} both lacks_the_program
}

@test "says when pg_dump is older than the server" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	wrapper pg_dump \
		'[[ $1 == --version ]] && { echo "pg_dump (PostgreSQL) 9.6.1"; exit; }' \
		'echo "pg_dump: error: aborting because of server version mismatch" >&2' \
		'exit 1'
	migrate backup
	exits 128
	err_has ', and pg_dump (PostgreSQL) 9.6.1 is too old for it'
	err_has 'hint: install one that is not older than the server (Debian package: postgresql-client-'
}

keeps_secrets() {
	some_rows
	wrapper "$(dump_program)" "printf '%s\\n' \"\$@\" >>'$PWD/.git/seen'" \
		'exec "$real" "$@"'
	case $ENGINE in
	postgresql)
		URL=${URL/postgres@/postgres:s3cret@}
		;;
	mariadb)
		server "CREATE OR REPLACE USER keeper@'%' IDENTIFIED BY 's3cret'"
		server "CREATE OR REPLACE USER keeper@localhost IDENTIFIED BY 's3cret'"
		server "GRANT ALL ON *.* TO keeper@'%'"
		server "GRANT ALL ON *.* TO keeper@localhost"
		URL=${URL/root@/keeper:s3cret@}
		;;
	esac
	git config migrate-target.dev.url "$URL"
	ok backup --verify
	! grep s3cret .git/seen
	! grep -r s3cret .git/migrate
	[[ $ENGINE != mariadb ]] ||
		server "DROP USER keeper@'%', keeper@localhost"
}
@test "no password is on a command line" {
	ENGINES=${ENGINES/sqlite/} both keeps_secrets
}

while_others_write() {
	some_rows
	(
		trap exit TERM
		for ((i = 1000; i < 100000; i++)); do
			sql "INSERT INTO people VALUES ($i, 'new')" >/dev/null
			sql "UPDATE people SET name = 'touched' WHERE id = 7" >/dev/null
		done
	) 3>&- &
	local writer=$! i
	for i in 1 2; do
		migrate backup --verify --json
		[[ $status -eq 0 ]] || break
	done
	kill "$writer"
	wait "$writer" || :
	exits 0
	json_is .backup.snapshot exact
}
@test "what others write meanwhile does not come in between" {
	both while_others_write
}

goes_where_it_is_sent() {
	some_rows
	mkdir place
	ok backup --to place
	ls place/dev-*Z.* >/dev/null
	ok backup --to place/mine
	same path "$PWD/place/mine" "$(recorded path)"
	migrate backup --to place/mine
	exits 1
	err_is "error: '$PWD/place/mine' is there already
hint: name another file: --to PATH"
	migrate backup --to nowhere/mine
	exits 128
	err_is "error: there is no folder 'nowhere/'"
	migrate backup --from place/mine
	exits 129
	same left 2 "$(find place -type f | wc -l)"
}
@test "goes where --to says, and never over another file" {
	both goes_where_it_is_sent
}

left_out() {
	some_rows
	table_pair $A a
	ok up
	ok prove
	ok backup
	ok prove
	ok backup --verify
	same own '' "$(git migrate status --json | grep backups || :)"
}
@test "its table counts as no part of the schema" { both left_out; }

# --- protected targets -------------------------------------------------------

# A table that was there, and a plan whose second migration drops it.
protected() {
	sql 'CREATE TABLE old (id integer)'
	sql 'INSERT INTO old VALUES (1)'
	table_pair $A a
	pair ${B}_drop_old '-- gone
DROP TABLE old;' 'CREATE TABLE old (id integer);'
	table_pair $C c
	commit
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
}

asks() {
	protected
	migrate up
	exits 1
	err_is "error: migration '${B}_drop_old' destroys data on the protected target 'dev', and nobody has confirmed that, and no verified backup of it is younger than 24 h
detail: migrations/${B}_drop_old.up.sql:2: drops table old
hint: take one first: git migrate backup --verify
hint: if that is meant: git migrate up --confirm $B"
	same tables old "$(tables)"
	ok backup
	migrate up --confirm $B
	exits 1
	err_has "error: migration '${B}_drop_old' destroys data on the protected target 'dev', and no verified backup of it is younger than 24 h"
	err_has "hint: or verify the one of "
	ok backup --verify
	migrate up -t dev
	exits 1
	err_is "error: migration '${B}_drop_old' destroys data on the protected target 'dev', and nobody has confirmed that
detail: migrations/${B}_drop_old.up.sql:2: drops table old
hint: if that is meant: git migrate up -t dev --confirm $B"
	same tables old "$(tables)"
	ok up --confirm $B --json
	json_is '[.runs[].confirmed_by] | tostring' \
		'[null,"Test Person <test@example.com> (--confirm)",null]'
	same tables $'a\nc' "$(tables)"
	ok log $B
	out_has '  confirmed by Test Person <test@example.com> (--confirm)'
}
@test "asks for a backup and a confirmation before anything is run" {
	both asks
}

tells_in_a_dry_run() {
	protected
	ok up --dry-run
	out_has "would ask for a verified backup younger than 24 h: git migrate backup --verify
would ask for --confirm $B
  migrations/${B}_drop_old.up.sql:2: drops table old"
	git config migrate-target.dev.protected false
	ok up --dry-run
	out_lacks 'would ask'
	git config migrate.requireBackup never
	ok up
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	ok down --dry-run
	out_has "would revert ${C}_create_c
  migrations/${C}_create_c.down.sql:1: DROP TABLE"
	out_has "would ask for --confirm $C
  migrations/${C}_create_c.down.sql:1: drops table c"
}
@test "a dry run tells what would be asked for" { both tells_in_a_dry_run; }

asks_nothing() {
	protected
	git config migrate-target.dev.protected false
	git config migrate.requireBackup always
	ok up
	ok redo
	ok down
	json='.runs[].confirmed_by'
	ok log --json
	json_is "[$json] | unique | tostring" '[null]'
}
@test "asks nothing on a target that is not protected" { both asks_nothing; }

asks_down_too() {
	protected
	ok backup --verify
	ok up --confirm $B
	ok backup --verify
	migrate down
	exits 1
	err_has "migrations/${C}_create_c.down.sql:1: drops table c"
	err_has "hint: if that is meant: git migrate down --confirm $C"
	migrate redo
	exits 1
	err_has "hint: if that is meant: git migrate redo --confirm $C"
	same tables $'a\nc' "$(tables)"
	ok redo --confirm $C --json
	json_is '.runs | length' 2
	ok down --confirm $C
	same tables a "$(tables)"
	# what goes and comes back is nothing that stays lost
	ok redo
	migrate down -n 2
	exits 1
	err_has "hint: if that is meant: git migrate down -n 2 --confirm $A"
}
@test "down and redo count what the down scripts destroy" { both asks_down_too; }

asks_in_repair() {
	sql 'CREATE TABLE old (id integer)'
	pair ${A}_a '-- migrate: no-transaction
CREATE TABLE a (id integer);
INSERT INTO nowhere VALUES (1);
DROP TABLE old;' 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	sed -i 's/nowhere/a/' migrations/${A}_a.up.sql
	commit
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	git config migrate.requireBackup never
	migrate up
	exits 1
	err_has "migrations/${A}_a.up.sql:4: drops table old"
	migrate repair --resume
	exits 1
	err_has "hint: if that is meant: git migrate repair --resume --confirm $A"
	ok repair --resume --confirm $A
	same tables a "$(tables)"
}
@test "a script that goes on is asked about what is left of it" {
	both asks_in_repair
}

rules() {
	protected
	git config migrate.requireBackup never
	migrate up
	exits 1
	err_lacks backup
	git config migrate.requireBackup always
	migrate up -n 1
	exits 1
	err_is "error: target 'dev' is protected, and no verified backup of it is younger than 24 h
hint: take one first: git migrate backup --verify"
	git config migrate.requireBackup sometimes
	migrate up
	exits 128
	err_has "bad value 'sometimes' for 'migrate.requireBackup'"
	git config --unset migrate.requireBackup
	git config -f .gitmigrate migrate.requireBackup never
	migrate up -n 1
	exits 128
	err_has "only 'destructive' or 'always' may be set there"
	git config -f .gitmigrate migrate.requireBackup always
	git config -f .gitmigrate migrate.backupMaxAge 2d
	migrate up -n 1
	exits 128
	err_has 'only a shorter time than the default may be set there'
	git config -f .gitmigrate migrate.backupMaxAge 90m
	migrate up -n 1
	exits 1
	err_has 'no verified backup of it is younger than 1 h 30 min'
	git config migrate.backupMaxAge 7d
	migrate up -n 1
	err_has 'no verified backup of it is younger than 7 days'
}
@test "migrate.requireBackup and backupMaxAge say what is asked for" {
	both rules
}

needs_a_good_one() {
	protected
	taken
	ok up -n 1
	mv "$file" ./away
	migrate up -n 1 --confirm $B
	exits 1
	err_has 'no verified backup of it is younger than 24 h'
	mv ./away "$file"
	truncate -s -1 "$file"
	migrate up -n 1 --confirm $B
	exits 1
	migrate backup --verify --from "$file"
	exits 1
	printf x >>"$file"
	migrate up -n 1 --confirm $B
	exits 1
	err_lacks 'or verify'
	taken
	sql "UPDATE git_migrate_backups SET started_at = '2026-01-01T00:00:00.000Z'"
	migrate up -n 1 --confirm $B
	exits 1
	err_has 'no verified backup of it is younger than 24 h'
	taken
	ok up -n 1 --confirm $B
}
@test "a backup that is gone, refused or too old does not count" {
	both needs_a_good_one
}

# at_terminal ANSWER COMMAND...   with a terminal on all three streams.
at_terminal() {
	local answer=$1
	shift
	status=0
	out=$(printf '%s\n' "$answer" | python3 -c \
		'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \
		"$@" | tr -d '\r') || status=$?
	err=
}

asks_a_person() {
	protected
	git config migrate.requireBackup never
	at_terminal n git migrate up
	exits 1
	out_has "migration '${B}_drop_old' destroys data on the protected target 'dev':
migrations/${B}_drop_old.up.sql:2: drops table old
Go on? [y/N] "
	out_has 'error: not confirmed: nothing was run'
	at_terminal '' git migrate up
	exits 1
	same tables old "$(tables)"
	at_terminal y git migrate up
	exits 0
	same tables $'a\nc' "$(tables)"
	ok log $B --json
	json_is '.runs[0].confirmed_by' \
		'Test Person <test@example.com> (at the terminal)'
}
@test "a person at a terminal is asked, and no is the default" {
	set -o pipefail
	both asks_a_person
}

widens() {
	sql 'CREATE TABLE t (id integer, name varchar(20))'
	case $ENGINE in
	postgresql) up='ALTER TABLE t ALTER id TYPE bigint, ALTER name TYPE varchar(30);' \
		narrow='ALTER TABLE t ALTER name TYPE varchar(5);' ;;
	mariadb) up='ALTER TABLE t MODIFY id bigint, MODIFY name varchar(30);' \
		narrow='ALTER TABLE t MODIFY name varchar(5);' ;;
	esac
	pair ${A}_widen "$up" 'SELECT 1;'
	pair ${B}_narrow "$narrow" 'SELECT 1;'
	commit
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	git config migrate.requireBackup never
	ok up -n 1
	migrate up
	exits 1
	err_has "detail: migrations/${B}_narrow.up.sql:1: may narrow t.name"
}
@test "a type that is widened is no loss, one that is narrowed is" {
	ENGINES=${ENGINES/sqlite/} both widens
}

reverts() {
	pair ${A}_add 'CREATE TABLE a (id integer PRIMARY KEY);' 'DROP TABLE old;
DROP TABLE a;'
	sql 'CREATE TABLE old (id integer)'
	commit
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	git config migrate.requireBackup never
	migrate up --health false --watch 0 --rollback-on-failure
	exits 1
	err_has "detail: migrations/${A}_add.down.sql:1: drops table old"
	same tables old "$(tables)"
	migrate up --health false --watch 0 --rollback-on-failure --confirm $A
	exits 1
	err_has 'rolled back: all 1 that this run applied'
	ok log --json
	json_is '[.runs[] | .direction + " " + (.confirmed_by // "-")] | unique | join("; ")' \
		'down Test Person <test@example.com> (--confirm); up Test Person <test@example.com> (--confirm)'
}
@test "what --rollback-on-failure would destroy is asked about before" {
	both reverts
}
