#!/usr/bin/env bats
# A SQLite database that is not there

load ../lib/common

A=20260101000001
B=20260101000002

setup() {
	fresh sqlite
	FILE=${URL#sqlite:}
}

# absent COMMAND...   leaves no file, however it ends.
absent() {
	migrate "$@"
	[[ $status -ne 139 && $status -ne 134 ]] || explain "it crashed"
	# shellcheck disable=SC2144
	[[ ! -e $FILE && ! -e $FILE-journal && ! -e $FILE-wal ]] ||
		explain "git migrate $* has left '$FILE'"
}

@test "is not made by what has nothing to do" {
	git commit -q --allow-empty -m empty
	git branch other
	absent up
	exits 0
	err_is "nothing to do: 'dev' is up to date"
	absent sync
	exits 0
	absent sync other
	exits 0
	absent switch other
	exits 0
	same branch other "$(git symbolic-ref --short HEAD)"
	absent switch --detach HEAD
	exits 0
}

@test "is not made by what only reads" {
	table_pair $A a
	commit
	git branch other
	local command
	for command in status 'status --json' log 'up --dry-run' 'sync -n' \
		'switch -n other' check prove "comment $A" "post $A" \
		"down" "repair" backup "renumber $A" 'derive' 'new -T blank x'; do
		# shellcheck disable=SC2086
		absent $command
	done
}

@test "is not made by what fails before it writes" {
	table_pair $A a
	commit
	git switch -q -c other
	pair ${B}_bad '-- migrate: no-such-thing
CREATE TABLE b (id integer);' 'DROP TABLE b;'
	commit
	absent up
	exits 128
	absent sync
	exits 128
	git switch -q -
	absent switch other
	exits 128
	absent switch nowhere
	exits 128
	touch "$(in_git index.lock)"
	absent switch other
	exits 128
	rm "$(in_git index.lock)"
	absent up --to 20300101000000
	exits 128
	printf '%s\n' '-- migrate: hold "wait"' 'CREATE TABLE a (id integer);' \
		>migrations/${A}_create_a.up.sql
	absent up
	err_has 'on hold'
	setting migrate-target.dev.protected true
	absent up
	absent sync
	exits 1
}

@test "is made by the first that writes" {
	table_pair $A a
	commit
	ok up --no-lock
	same tables a "$(tables)"
	rm "$FILE"
	ok sync
	same tables a "$(tables)"
	rm "$FILE"
	git switch -q -c other
	table_pair $B b
	commit
	git switch -q -
	ok switch other
	same tables $'a\nb' "$(tables)"
	rm "$FILE"
	pair 20260101000003_bad 'SELECT * FROM nowhere;' 'SELECT 1;'
	migrate up
	exits 128
	same tables $'a\nb' "$(tables)"
}

@test "is made once by several at once" {
	local n
	for n in 1 2 3 4 5; do table_pair $((A + n)) "t$n"; done
	commit
	for n in 1 2 3 4 5 6; do git-migrate up -q & done
	wait
	same tables $'t1\nt2\nt3\nt4\nt5' "$(tables)"
	same rows 5 "$(sql 'SELECT count(*) FROM git_migrations')"
}

@test "in a folder where it cannot be is told before anything is done" {
	[[ $(id -u) -ne 0 ]] || skip 'root may write anywhere'
	table_pair $A a
	commit
	mkdir closed
	chmod 555 closed
	migrate up --target "sqlite:closed/dev.db"
	exits 128
	err_has "unable to create database 'dev.db': you may not write to the folder '"
}
