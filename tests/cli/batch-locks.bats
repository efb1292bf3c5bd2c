#!/usr/bin/env bats
# Batches that meet rows and tables which others have.

load ../lib/common
load ../lib/batch

# shellcheck disable=SC2034 # for tables_with
A=20260101000001 B=20260101000002

teardown() {
	holder_ends
	drop_databases
}

# holder STATEMENT   another session that has run the statement in a
# transaction, which stays open.
holder() {
	local word
	case $ENGINE in
	postgresql)
		coproc HOLDER { PGAPPNAME=shop exec psql -X -q -A -t -d "$URL" 2>&1 3>&-; }
		;;
	mariadb)
		coproc HOLDER {
			exec mariadb --no-defaults -S "$MARIADB_SOCKET" -u root \
				-N -n "${URL##*/}" 2>&1 3>&-
		}
		;;
	esac
	# shellcheck disable=SC2153
	exec {HOLDER_IN}>&"${HOLDER[1]}" {HOLDER_OUT}<&"${HOLDER[0]}"
	printf '%s\n' 'START TRANSACTION;' "$1;" "SELECT 'ready';" >&"$HOLDER_IN"
	while read -r word <&"$HOLDER_OUT" && [[ $word != ready ]]; do :; done
}

holder_ends() {
	[[ -n ${HOLDER_IN:-} ]] || return 0
	echo 'ROLLBACK;' >&"$HOLDER_IN"
	exec {HOLDER_IN}>&- {HOLDER_OUT}<&-
	HOLDER_IN=
}

# until_said TEXT   polls what `up` says, for a minute.
until_said() {
	local end=$((SECONDS + 60))
	until grep -q "$1" err; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# Somebody else's change of another row of the batch, who has six seconds.
innocent() {
	case $ENGINE in
	postgresql) sql "SET lock_timeout = '6s'; UPDATE a SET c = c WHERE id = $1" ;;
	mariadb) sql "SET innodb_lock_wait_timeout = 6; UPDATE a SET c = c WHERE id = $1" ;;
	esac
}

held_row() {
	tables_with 20
	batched '-- migrate: batch rows=10 pause=0
UPDATE a SET b = c;'
	holder 'SELECT * FROM a WHERE id = 8 FOR UPDATE'
	git migrate up --lock-wait 60s --json >out 2>err 3>&- &
	until_said '^waiting for .* on a$'
	innocent 3
	innocent 9
	holder_ends
	wait $!
	out=$(<out)
	export out
	json_is '.runs[0] | [.outcome, .statements[0].rows,
		(.attempts | [length >= 2, .[0].outcome, .[-1].outcome,
		(map(select(.blockers | length > 0) | .blockers[0].mode) | unique | join(","))])]
		| flatten | map(tostring) | join(" ")' 'ok 20 true timeout ok a row lock'
	same rows 20 "$(sql 'SELECT count(*) FROM a WHERE b = c')"
}
@test "a batch does not hold its other rows while it waits for one (postgresql, mariadb)" {
	ENGINES=${ENGINES/sqlite/} both held_row
}

gives_up() {
	tables_with 20
	batched '-- migrate: batch rows=10 pause=0
UPDATE a SET b = c;'
	holder 'SELECT * FROM a WHERE id = 1 FOR UPDATE'
	# it has to end long before the holder would
	try timeout 60 git migrate up --lock-wait 4s --json
	exits 128
	err_has "${B}_b.up.sql:2:1: unable to apply migration '${B}_b': the locks that it needs were not to be had in 4.0 s"
	err_has ' has a row lock on a'
	err_has 'hint: wait longer for them: --lock-wait DURATION'
	err_has 'hint: or end what is in the way: '
	json_is '.runs[0].attempts | [length >= 2, (map(.outcome) | unique | join(","))]
		| map(tostring) | join(" ")' 'true timeout'
	holder_ends
	ok up
	same rows 20 "$(sql 'SELECT count(*) FROM a WHERE b = c')"
}
@test "a batch gives up after --lock-wait, and says who is in the way (postgresql, mariadb)" {
	ENGINES=${ENGINES/sqlite/} both gives_up
}

held_table() {
	tables_with 20
	batched '-- migrate: batch rows=10 pause=0
UPDATE a SET b = c;'
	case $ENGINE in
	postgresql) holder 'LOCK TABLE a IN SHARE MODE' ;;
	mariadb) holder 'LOCK TABLES a READ' ;;
	esac
	try timeout 60 git migrate up --lock-wait 4s
	exits 128
	err_has 'the locks that it needs were not to be had in 4.0 s'
	[[ $ENGINE != postgresql ]] || err_has ' has ShareLock on a'
}
@test "a batch gives up on a locked table, too (postgresql, mariadb)" {
	ENGINES=${ENGINES/sqlite/} both held_table
}
