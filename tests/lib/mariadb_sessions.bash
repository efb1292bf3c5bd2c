# shellcheck shell=bash
# mariadb_sessions.bash   for tests with a MariaDB server of their own: what it
# shows of locks, and other sessions on it.

# shows plugin|schema|both|nothing
shows() {
	server "UPDATE performance_schema.setup_instruments
		SET ENABLED = '$([[ $1 == schema || $1 == both ]] && echo YES || echo NO)'
		WHERE NAME = 'wait/lock/metadata/sql/mdl'"
	server "$([[ $1 == plugin || $1 == both ]] && echo INSTALL || echo UNINSTALL)
		SONAME 'metadata_lock_info'" 2>/dev/null || :
}

# holder STATEMENT   another session that has run the statement in a
# transaction, which stays open.
holder() {
	coproc HOLDER {
		exec mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -N -n \
			"${URL##*/}" 2>&1
	}
	# shellcheck disable=SC2153
	exec {HOLDER_IN}>&"${HOLDER[1]}" {HOLDER_OUT}<&"${HOLDER[0]}"
	holder_runs 'START TRANSACTION'
	holder_runs "$1"
}

# holder_runs STATEMENT   and waits until it has.
holder_runs() {
	local word
	printf '%s\n' "$1;" "SELECT 'ready';" >&"$HOLDER_IN"
	while read -r word <&"$HOLDER_OUT" && [[ $word != ready ]]; do :; done
}

holder_ends() { # COMMIT|ROLLBACK
	[[ -n ${HOLDER_IN:-} ]] || return 0
	echo "$1;" >&"$HOLDER_IN"
	exec {HOLDER_IN}>&- {HOLDER_OUT}<&-
	HOLDER_IN=
}

# until_true COMMAND...   polls.
until_true() {
	local tries
	for ((tries = 0; tries < 2000; tries++)); do
		! "$@" || return 0
		sleep 0.01
	done
	return 1
}

# in_list CONDITION   whether a session is so.
in_list() {
	[[ $(server "SELECT count(*) FROM information_schema.PROCESSLIST
		WHERE DB = '${URL##*/}' AND $1") != 0 ]]
}
