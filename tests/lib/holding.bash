# shellcheck shell=bash
# holding.bash   other sessions (PostgreSQL) that have what a run needs, for
# bats files that have loaded common.bash.

# poll SQL   waits until its answer is true.
poll() {
	local i
	for ((i = 0; i < 1000; i++)); do
		[[ $(sql "$1") != t ]] || return 0
		sleep 0.02
	done
	explain "never true: $1"
}
# stays CONDITION STATEMENT...   another session's transaction, which stays open
# until the condition holds.
stays() {
	local until=$1 args=(-c BEGIN) statement
	shift
	for statement; do args+=(-c "$statement"); done
	args+=(-c "DO \$\$ BEGIN FOR i IN 1 .. 1000 LOOP
		PERFORM pg_stat_clear_snapshot();
		EXIT WHEN $until;
		PERFORM pg_sleep(0.02);
		END LOOP; END \$\$" -c COMMIT)
	psql -X -q -d "$URL" "${args[@]}" >/dev/null 3>&- &
}
