#!/bin/sh
# mariadb.sh   a private MariaDB server for tests and benchmarks.
#
#	mariadb.sh run COMMAND...   starts one, runs the command, stops it
#	mariadb.sh start [DIR]      starts one and prints `export ...` lines
#	mariadb.sh stop DIR         stops it and removes DIR
#	mariadb.sh restart DIR      kills it and starts it again with its data
#
# Sourced, in sh or bash, with or without `set -eu`:
#
#	mariadb_start [DIR]         starts one and exports where it is
#	mariadb_stop [DIR]          stops it (MARIADB_DIR when none is named)
#
# What is exported: MARIADB_DIR, MARIADB_SOCKET, MARIADB_PORT (of 127.0.0.1) and
# MARIADB_SERVER, the URL without a database. Its user is root without a
# password, from this machine alone.
#
# The server runs as its own user when the caller is root, and keeps its default
# settings, those of durability with them. From the environment: MARIADB_CONF,
# lines for the section [mariadbd] of its option file.

mariadb_fail() {
	echo "error: $*" >&2
	return 1
}

mariadb_program() (
	for name; do
		for dir in '' /usr/sbin/ /usr/libexec/ /usr/bin/; do
			command -v "$dir$name" && exit 0
		done
	done
	mariadb_fail 'no MariaDB server is installed'
)

# The user that the server runs as; empty when that is the caller.
mariadb_user() (
	[ "$(id -u)" = 0 ] || exit 0
	for user in mysql nobody; do
		if id -u "$user" >/dev/null 2>&1; then
			echo "$user"
			exit 0
		fi
	done
	mariadb_fail 'MariaDB does not run as root, and there is no other user'
)

# mariadb_as USER COMMAND...
mariadb_as() (
	user=$1
	shift
	cd /
	[ -n "$user" ] || exec "$@"
	if command -v setpriv >/dev/null 2>&1; then
		exec setpriv --reuid="$user" --regid="$(id -g "$user")" \
			--clear-groups "$@"
	fi
	exec runuser -u "$user" -- "$@"
)

# mariadb_folder USER [DIR]   prints an empty folder that is the user's. Its
# name is short: the address of a socket has at most 107 bytes.
mariadb_folder() (
	user=$1 dir=${2:-}
	if [ -n "$dir" ]; then
		mkdir -p "$dir" && dir=$(cd "$dir" && pwd) || exit 1
		[ -z "$(ls -A "$dir")" ] ||
			mariadb_fail "the folder '$dir' is not empty" || exit 1
	else
		dir=$(mktemp -d /tmp/mariadb.XXXXXX) || exit 1
	fi
	[ -z "$user" ] || chown "$user" "$dir" || exit 1
	chmod 700 "$dir" || exit 1
	echo "$dir"
)

mariadb_configure() { # DIR PORT
	cat >"$1/my.cnf" <<-END
		[mariadbd]
		datadir = $1/data
		socket = $1/socket
		pid_file = $1/pid
		tmpdir = $1
		port = $2
		bind_address = 127.0.0.1
		skip_name_resolve
		${MARIADB_CONF:-}
	END
}

mariadb_install() ( # USER DIR
	install=$(mariadb_program mariadb-install-db mysql_install_db) || exit 1
	mariadb_as "$1" "$install" --defaults-file="$2/my.cnf" --skip-test-db \
		--auth-root-authentication-method=normal --datadir="$2/data"
)

# mariadb_launch USER DIR   whether it runs
mariadb_launch() (
	server=$(mariadb_program mariadbd mysqld) || exit 1
	rm -f "$2/socket"
	# a session of its own: Ctrl-C in the terminal is not for the server;
	# and `exec`, so that no shell in between keeps the caller's pipe open
	(
		exec </dev/null >"$2/log" 2>&1
		mariadb_as "$1" setsid "$server" --defaults-file="$2/my.cnf"
	) &
	pid=$!
	tries=0
	until grep -q 'ready for connections' "$2/log" && [ -S "$2/socket" ]; do
		kill -0 "$pid" 2>/dev/null || exit 1
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || exit 1
		sleep 0.02
	done
)

# mariadb_try_ports USER DIR   prints the port on which it then runs
mariadb_try_ports() (
	# below the ports that outgoing connections are given
	for _ in 1 2 3 4 5 6 7 8 9; do
		port=$(($(od -An -N2 -tu2 /dev/urandom) % 12000 + 20000))
		mariadb_configure "$2" "$port"
		if mariadb_launch "$1" "$2"; then
			echo "$port"
			exit 0
		fi
		grep -q 'Address already in use' "$2/log" || break
	done
	cat "$2/log" >&2
	mariadb_fail 'the MariaDB server did not start'
)

# Does what mariadb_start says and prints what to export.
mariadb_create() (
	user=$(mariadb_user) && dir=$(mariadb_folder "$user" "${1:-}") || exit 1
	mariadb_configure "$dir" 0
	if ! mariadb_install "$user" "$dir" >"$dir/log" 2>&1; then
		cat "$dir/log" >&2
		rm -rf "$dir"
		mariadb_fail 'mariadb-install-db failed'
		exit 1
	fi
	if ! port=$(mariadb_try_ports "$user" "$dir"); then
		rm -rf "$dir"
		exit 1
	fi
	echo "export MARIADB_DIR='$dir' MARIADB_SOCKET='$dir/socket'"
	echo "export MARIADB_PORT=$port"
	echo "export MARIADB_SERVER=mariadb://root@127.0.0.1:$port"
)

# shellcheck disable=SC2120
mariadb_start() {
	mariadb_exports=$(mariadb_create "$@") || return 1
	eval "$mariadb_exports"
}

mariadb_kill() ( # DIR
	pid=$(cat "$1/pid" 2>/dev/null) || exit 0
	kill -KILL "$pid" 2>/dev/null || :
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.02
	done
)

mariadb_stop() (
	dir=${1:-${MARIADB_DIR:-}}
	[ -f "$dir/my.cnf" ] ||
		mariadb_fail "no server was started in '$dir'" || exit 1
	# nothing of it is kept: no need to write anything out
	mariadb_kill "$dir"
	rm -rf "$dir"
)

# A server that crashes, and comes back with what it had written.
mariadb_restart() (
	user=$(mariadb_user) || exit 1
	mariadb_kill "$1"
	mariadb_launch "$user" "$1"
)

mariadb_run() (
	[ $# -gt 0 ] || mariadb_fail 'run what?' || exit 2
	# shellcheck disable=SC2119
	mariadb_start || exit 1
	trap mariadb_stop EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	"$@"
)

case ${0##*/} in
mariadb.sh)
	command=${1:-}
	[ $# -eq 0 ] || shift
	case $command in
	run) mariadb_run "$@" ;;
	start) mariadb_create "$@" ;;
	stop) mariadb_stop "$@" ;;
	restart) mariadb_restart "$@" ;;
	*)
		echo 'usage: mariadb.sh run|start|stop|restart ...' >&2
		exit 2
		;;
	esac
	;;
esac
