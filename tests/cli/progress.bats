#!/usr/bin/env bats
# What is seen while something runs, and that nobody need look.
load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

# on COLUMNS[,COLUMNS] DRAWN ...   `git migrate` on a terminal, interrupted after
# so many progress lines.
on() {
	try python3 "$MIGRATE_TOP/tests/lib/terminal.py" "$1" "$2" \
		git migrate "${@:3}"
}

# slow NAME   a pair whose script takes until it is interrupted.
slow() {
	case $ENGINE in
	sqlite) pair "${A}_$1" 'CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1
		UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;' '' ;;
	postgresql) pair "${A}_$1" 'SELECT pg_sleep(60);' '' ;;
	mariadb) pair "${A}_$1" 'SELECT SLEEP(60);' '' ;;
	esac
	echo '-- migrate: empty "nothing"' >"migrations/${A}_$1.down.sql"
}

# widest [FROM]   of the lines drawn, from the one with that number on.
widest() {
	tail -n "+${1:-1}" <<<"$out" | awk '/^[0-9]+ [0-9]+ / && $1 > most {
		most = $1 } END { print most + 0 }'
}

LONG=$(printf 'long_%.0s' {1..30})name

fits() {
	slow "$LONG"
	on 60 3 up
	exits 130
	[[ $(widest) -eq 59 ]] || explain 'not as wide as the terminal'
	out_has "applying ${A}_long_long_"
	[[ $out =~ \.\.\..*'  '[0-9.]+' ms'$'\n' ]] || explain 'no time at the end'
}
@test "a progress line is cut to one row of the terminal" { both fits; }

wide() {
	slow "$(printf '表%.0s' {1..40})"
	on 50 2 up
	exits 130
	[[ $(widest) -gt 45 && $(widest) -lt 50 ]] ||
		explain "not as wide as the terminal: $(widest)"
}
@test "characters that take two columns are counted so" {
	fresh sqlite
	wide
}

@test "the width is asked anew when the window has changed" {
	fresh sqlite
	slow "$LONG"
	on 100,40 4 up
	exits 130
	[[ $(widest) -eq 99 && $(widest 3) -eq 39 ]] || explain 'not followed'
	on 30,80 4 up
	exits 130
	[[ $(widest) -eq 79 ]] || explain 'not followed'
}

@test "a terminal too narrow for words shows the time alone" {
	fresh sqlite
	slow "$LONG"
	on 12 2 up
	exits 130
	[[ $(widest) -gt 0 && $(widest) -lt 12 ]] || explain 'not narrow'
	out_lacks 'applying'
}

at_most_ten_a_second() {
	slow a
	on 80 12 up
	exits 130
	local ms
	ms=$(awk '/^[0-9]+ [0-9]+ / { n++ } n == 12 { print $2; exit }' <<<"$out")
	[[ $ms -ge 900 ]] || explain "12 lines in $ms ms"
}
@test "a progress line is drawn at most ten times a second" {
	both at_most_ten_a_second
}

batches() {
	pair ${A}_a "CREATE TABLE t (id integer PRIMARY KEY, a integer);
INSERT INTO t (id) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9);" \
		'DROP TABLE t;'
	ok up
	pair 20260101000002_b "-- migrate: batch rows=1 pause=150ms
UPDATE t SET a = 1;" '-- migrate: empty "stays"'
	on 40 100 up
	exits 0
	[[ $(widest) -lt 40 ]] || explain "wider than the terminal: $(widest)"
	[[ $(grep -c 'applying 20260101...: [0-9]*%' <<<"$out") -ge 5 ]] ||
		explain 'nobody can tell how far it is'
}
@test "a bar of batches is cut to one row, too" { both batches; }

goes_on_unread() {
	local unread
	table_pair $A a
	table_pair $B b
	table_pair $C c
	exec {unread}> >(exec true)
	wait $!
	unread() { git migrate "$@" >&"$unread"; }
	try unread up
	exits 141
	err_is "warning: nobody reads standard output any more: the run went on without
hint: see all that it did: git migrate log"
	same states "$A applied
$B applied
$C applied" "$(states)"
	try unread log
	exits 141
	err_is ''
	exec {unread}>&-
}
@test "a run goes on to its end when its reader is gone, and says so" {
	both goes_on_unread
}
