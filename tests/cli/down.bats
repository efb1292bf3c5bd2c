#!/usr/bin/env bats
# git migrate down and redo

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

three() {
	table_pair $A a
	table_pair $B b
	table_pair $C c
	commit
	ok up
}

reverts() {
	three
	ok down
	out_has "reverted ${C}_create_c"
	same tables $'a\nb' "$(tables)"
	ok down --to $A
	same tables a "$(tables)"
	ok down --to 0
	same tables '' "$(tables)"
	ok down
	err_is "nothing to do: nothing is applied to 'dev'"
	same rows 0 "$(sql 'SELECT count(*) FROM git_migrations')"
	same runs 6 "$(sql 'SELECT count(*) FROM git_migrate_runs')"
}
@test "reverts the newest, or down to a version" { both reverts; }

recorded() {
	three
	git rm -q -r migrations && commit gone
	ok down -n 3 --json
	json_is '.runs | map(.version) | join(" ")' "$C $B $A"
	json_is '.runs | map(.direction) | unique | join(" ")' down
	same tables '' "$(tables)"
}
@test "uses the recorded script, without any file" { both recorded; }

from_file() {
	table_pair $A a
	commit
	ok up
	echo 'DROP TABLE a; CREATE TABLE trace (id integer);' \
		>migrations/${A}_create_a.down.sql
	ok down --from-file
	same tables trace "$(tables)"
}
@test "--from-file uses the script that is here" { both from_file; }

failing() {
	pair ${A}_x 'CREATE TABLE a (id integer);' $'DROP TABLE a;\nDROP TABLE b;'
	commit
	ok up
	migrate down
	exits 128
	err_has "${A}_x.down.sql:2:"
	err_has "unable to revert migration '${A}_x'"
	same tables a "$(tables)"
	same states "$A applied" "$(states)"
}
@test "a failing down is rolled back" { atomic failing; }

redoes() {
	three
	sql "INSERT INTO c VALUES (7)"
	ok redo
	out_has "reverted ${C}_create_c"
	out_has "applied ${C}_create_c"
	same rows 0 "$(sql 'SELECT count(*) FROM c')"
	same rows 3 "$(sql 'SELECT count(*) FROM git_migrations')"
}
@test "redo reverts and applies again" { both redoes; }

@test "redo reads strings as the script does" {
	fresh postgresql
	pair 20260101000001_a "CREATE TABLE a (x text);
SET standard_conforming_strings = off;
INSERT INTO a VALUES ('it\\'s');" 'DROP TABLE a;'
	commit
	ok up
	ok redo
	same rows "it's" "$(sql 'SELECT x FROM a')"
}

@test "redo refuses what could not be applied again" {
	fresh sqlite
	table_pair $A a
	commit
	ok up
	git rm -q -r migrations && commit gone
	migrate redo
	exits 1
	err_is "error: migration '${A}_create_a' is not here: it could not be applied again
hint: to revert it alone: git migrate down"
	same tables a "$(tables)"
}

dry_run() {
	three
	ok down -n 2 --dry-run
	# which table it is, and how it runs, is the engine's matter
	out=$(sed '/outside a transaction/d; s/\(DROP TABLE\) .*/\1/' <<<"$out")
	out_is "would revert ${C}_create_c
  migrations/${C}_create_c.down.sql:1: DROP TABLE
would revert ${B}_create_b
  migrations/${B}_create_b.down.sql:1: DROP TABLE"
	same tables $'a\nb\nc' "$(tables)"
}
@test "--dry-run changes nothing" { both dry_run; }

@test "a protected target takes no uncommitted script, whichever way it runs" {
	fresh sqlite
	three
	git config migrate-target.dev.protected true
	echo '-- more' >>migrations/${C}_create_c.up.sql
	migrate redo
	exits 1
	err_is "error: migrations/${C}_create_c.up.sql: target 'dev' is protected, and migration '${C}_create_c' is modified since its commit
hint: commit it: git add 'migrations/${C}_create_c.up.sql' 'migrations/${C}_create_c.down.sql' && git commit"
	same tables $'a\nb\nc' "$(tables)"
	git checkout -q .
	echo '-- more' >>migrations/${C}_create_c.down.sql
	migrate down --from-file
	exits 1
	err_has "target 'dev' is protected, and migration '${C}_create_c' is modified since its commit"
	same tables $'a\nb\nc' "$(tables)"
	git config migrate.requireBackup never
	ok down --confirm $C
	same tables $'a\nb' "$(tables)"
}

in_a_messy_folder() {
	table_pair $A a
	table_pair $B b
	commit
	ok up
	git checkout -q -b other
	echo '-- theirs' >>"migrations/${B}_create_b.up.sql"
	commit
	git checkout -q -
	echo '-- ours' >>"migrations/${B}_create_b.up.sql"
	commit
	! git merge -q other 2>/dev/null >&2 || return 1
	touch migrations/notes.up.sql
	ok comment $A
	migrate status
	exits 128
	out_has "$A applied"
	err_has 'warning: migrations/20260101000002_create_b.up.sql: the script has a merge conflict'
	err_has "warning: migrations/notes.up.sql: malformed script name"
	err_has "error: this is not all: 2 files in 'migrations' cannot be a migration"
	migrate up
	exits 128
	migrate down --from-file
	exits 128
	ok down
	out_has "reverted ${B}_create_b"
	err_has 'the script has a merge conflict'
	same tables a "$(tables)"
}
@test "reverts from the ledger whatever is in the folder" { both in_a_messy_folder; }

# a copy of A's row
other_row="CREATE TEMP TABLE other AS SELECT * FROM git_migrations
	WHERE version = $A"

@test "does not revert what another run applied after the command was typed" {
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit
	ok up
	local apply="$other_row; UPDATE other SET version = $C, name = 'theirs';
		INSERT INTO git_migrations SELECT * FROM other"
	behind_another_run down "$apply"
	same 'exit status' 1 "$ended"
	same complaint "waiting for another run
error: another run has changed what is newest on 'dev': it was '${B}_create_b' when this was typed, now it is '${C}_theirs'
hint: nothing is reverted; to do it as it is now: git migrate down
hint: all of that: git migrate down --to $A" "$(<err)"
	same tables $'a\nb' "$(tables)"
	sql "DELETE FROM git_migrations WHERE version = $C"
	behind_another_run 'redo -n 2' "$apply"
	same 'exit status' 1 "$ended"
	same hint 'hint: all of that: git migrate redo -n 3' "$(tail -n 1 err)"
	sql "DELETE FROM git_migrations WHERE version = $C"
	behind_another_run "down --to $A" "$apply"
	same 'exit status' 1 "$ended"
	same hint "hint: nothing is reverted; to do it as it is now: git migrate down --to $A" \
		"$(tail -n 1 err)"
	same tables $'a\nb' "$(tables)"
}

@test "does not revert the next one when another run reverted the newest" {
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit
	ok up
	local revert="DROP TABLE b; DELETE FROM git_migrations
		WHERE version = $B"
	behind_another_run down "$revert"
	same 'exit status' 1 "$ended"
	same complaint "error: another run has changed what is newest on 'dev': it was '${B}_create_b' when this was typed, now it is '${A}_create_a'
hint: nothing is reverted; to do it as it is now: git migrate down" \
		"$(sed 1d err)"
	same tables a "$(tables)"
	ok up
	# all of what is left was meant, too
	behind_another_run 'down -n 2' "$revert"
	same 'exit status' 0 "$ended"
	same tables '' "$(tables)"
}

@test "says what to type for a version" {
	fresh sqlite
	migrate down 20260101000001
	exits 129
	err_has "error: unexpected argument '20260101000001': '-n 1' reverts the newest, '--to 20260101000001' all that are newer than that one"
	migrate redo 20260101000001
	exits 129
	err_has "error: unexpected argument '20260101000001'
usage: git migrate redo"
}

unreadable_redo() {
	[[ $ENGINE != postgresql || $(sql 'SHOW server_version_num') == 15* ]] ||
		return 0
	table_pair 20260101000001 a
	commit
	ok up
	pair 20260101000001_create_a 'CREATE TABEL a (id integer);' 'DROP TABLE a;'
	migrate redo
	exits 128
	err_has 'migrations/20260101000001_create_a.up.sql:1:8: unable to apply'
	err_has 'hint: nothing is reverted; mend the script, then: git migrate redo'
	out_is ''
	same tables a "$(tables)"
}
@test "redo reverts nothing when the script cannot be read (sqlite, postgresql)" {
	ENGINES=${ENGINES/mariadb/} both unreadable_redo
}
