#!/bin/sh
# postgres.sh   a private PostgreSQL server for tests and benchmarks.
#
#	postgres.sh run COMMAND...   starts one, runs the command, stops it
#	postgres.sh start [DIR]      starts one and prints `export ...` lines
#	postgres.sh stop DIR         stops it and removes DIR
#	postgres.sh bindir           where the server's programs are
#
# Sourced, in sh or bash, with or without `set -eu`:
#
#	postgres_start [DIR]         starts one and exports where it is
#	postgres_stop [DIR]          stops it (POSTGRES_DIR when none is named)
#	postgres_fresh_database      a new empty database: POSTGRES_URL
#
# What is exported: PGHOST (the folder of its socket), PGPORT (that of
# 127.0.0.1, too), PGUSER, PGDATABASE, POSTGRES_DIR, POSTGRES_BINDIR, and
# POSTGRES_SERVER, the URL without a database.
#
# The server runs as its own user when the caller is root, trusts everyone on
# this machine, and keeps its default settings, fsync with them. From the
# environment: POSTGRES_CONF, lines for postgresql.conf; POSTGRES_PASSWORD, the
# password of `postgres`, for which connections over TCP are then asked;
# POSTGRES_BINDIR, another server than the newest.

postgres_fail() {
	echo "error: $*" >&2
	return 1
}

postgres_bindir() (
	newest=0
	bindir=${POSTGRES_BINDIR:-}
	[ -n "$bindir" ] || for dir in /usr/lib/postgresql/*/bin; do
		version=${dir#/usr/lib/postgresql/}
		version=${version%%[!0-9]*}
		if [ -x "$dir/initdb" ] && [ "${version:-0}" -gt "$newest" ]; then
			newest=$version
			bindir=$dir
		fi
	done
	[ -n "$bindir" ] || bindir=$(pg_config --bindir 2>/dev/null) || :
	[ -x "$bindir/initdb" ] || bindir=$(
		initdb=$(command -v initdb) && dirname "$initdb"
	) || :
	[ -x "$bindir/initdb" ] ||
		postgres_fail 'no PostgreSQL server is installed' || exit 1
	echo "$bindir"
)

# The user that the server runs as; empty when that is the caller.
postgres_user() (
	[ "$(id -u)" = 0 ] || exit 0
	for user in postgres nobody; do
		if id -u "$user" >/dev/null 2>&1; then
			echo "$user"
			exit 0
		fi
	done
	postgres_fail 'PostgreSQL does not run as root, and there is no other user'
)

# postgres_as USER COMMAND...
postgres_as() (
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

# postgres_folder USER [DIR]   prints an empty folder that is the user's
postgres_folder() (
	user=$1 dir=${2:-}
	if [ -n "$dir" ]; then
		mkdir -p "$dir" && dir=$(cd "$dir" && pwd) || exit 1
		[ -z "$(ls -A "$dir")" ] ||
			postgres_fail "the folder '$dir' is not empty" || exit 1
	else
		dir=$(mktemp -d "${TMPDIR:-/tmp}/postgres.XXXXXX") || exit 1
	fi
	[ -z "$user" ] || chown "$user" "$dir" || exit 1
	chmod 700 "$dir" || exit 1
	if ! postgres_as "$user" test -w "$dir" 2>/dev/null; then
		rmdir "$dir"
		postgres_fail "the folder '$dir' is out of reach of user '$user'"
		exit 1
	fi
	echo "$dir"
)

# postgres_socket USER DIR   prints the folder for the socket: an address of
# one has at most 107 bytes
postgres_socket() (
	dir=$2
	if [ ${#dir} -gt 80 ]; then
		dir=$(mktemp -d /tmp/postgres.XXXXXX) || exit 1
		[ -z "$1" ] || chown "$1" "$dir" || exit 1
	fi
	echo "$dir"
)

postgres_initdb() ( # USER BINDIR DIR
	umask 077
	set -- "$1" "$2/initdb" -D "$3/data" -U postgres -E UTF8 \
		--locale=C.UTF-8 --no-sync --no-instructions --auth-local=trust
	if [ -z "${POSTGRES_PASSWORD:-}" ]; then
		postgres_as "$@" --auth-host=trust
		exit
	fi
	file=${4%/data}/password
	printf '%s\n' "$POSTGRES_PASSWORD" >"$file"
	[ -z "$1" ] || chown "$1" "$file"
	postgres_as "$@" --auth-host=scram-sha-256 --pwfile="$file"
)

# postgres_launch USER BINDIR DIR PORT   whether it runs
postgres_launch() (
	# a session of its own: Ctrl-C in the terminal is not for the server;
	# and `exec`, so that no shell in between keeps the caller's pipe open
	(
		exec </dev/null >"$3/log" 2>&1
		postgres_as "$1" setsid "$2/postgres" -D "$3/data" -p "$4"
	) &
	pid=$!
	tries=0
	# line 8 of its pid file is its state
	until case $(sed -n 8p "$3/data/postmaster.pid" 2>/dev/null) in
		ready*) true ;; *) false ;; esac do
		kill -0 "$pid" 2>/dev/null || exit 1
		tries=$((tries + 1))
		[ $tries -lt 3000 ] || exit 1
		sleep 0.02
	done
)

# postgres_try_ports USER BINDIR DIR   prints the port on which it then runs
postgres_try_ports() (
	# below the ports that outgoing connections are given
	for _ in 1 2 3 4 5 6 7 8 9; do
		port=$(($(od -An -N2 -tu2 /dev/urandom) % 12000 + 20000))
		if postgres_launch "$1" "$2" "$3" "$port"; then
			echo "$port"
			exit 0
		fi
		grep -q 'could not bind' "$3/log" || break
	done
	cat "$3/log" >&2
	postgres_fail 'the PostgreSQL server did not start'
)

# Does what postgres_start says and prints what to export.
postgres_create() (
	bindir=$(postgres_bindir) && user=$(postgres_user) &&
		dir=$(postgres_folder "$user" "${1:-}") &&
		socket=$(postgres_socket "$user" "$dir") || exit 1
	if ! postgres_initdb "$user" "$bindir" "$dir" >"$dir/log" 2>&1; then
		cat "$dir/log" >&2
		rm -rf "$dir" "$socket"
		postgres_fail 'initdb failed'
		exit 1
	fi
	cat >>"$dir/data/postgresql.conf" <<-END
		unix_socket_directories = '$socket'
		listen_addresses = '127.0.0.1'
		${POSTGRES_CONF:-}
	END
	if ! port=$(postgres_try_ports "$user" "$bindir" "$dir"); then
		rm -rf "$dir" "$socket"
		exit 1
	fi
	echo "export POSTGRES_DIR='$dir' PGHOST='$socket' PGPORT=$port"
	echo "export PGUSER=postgres PGDATABASE=postgres"
	echo "export POSTGRES_SERVER=postgresql://postgres@127.0.0.1:$port"
	echo "export POSTGRES_BINDIR='$bindir'"
)

# shellcheck disable=SC2120
postgres_start() {
	postgres_exports=$(postgres_create "$@") || return 1
	eval "$postgres_exports"
}

postgres_stop() (
	dir=${1:-${POSTGRES_DIR:-}}
	[ -f "$dir/data/PG_VERSION" ] ||
		postgres_fail "no server was started in '$dir'" || exit 1
	pid=$(sed -n 1p "$dir/data/postmaster.pid" 2>/dev/null) || pid=
	socket=$(sed -n 5p "$dir/data/postmaster.pid" 2>/dev/null) || socket=
	if [ -n "$pid" ]; then
		# nothing of it is kept: no need to write anything out
		kill -QUIT "$pid" 2>/dev/null || :
		tries=0
		while kill -0 "$pid" 2>/dev/null; do
			tries=$((tries + 1))
			[ $tries -lt 500 ] || kill -KILL "$pid" || :
			sleep 0.02
		done
	fi
	case $socket in /tmp/postgres.??????) rm -rf "$socket" ;; esac
	rm -rf "$dir"
)

# The name is made of randomness: many processes do this at once.
postgres_fresh_database() {
	POSTGRES_DATABASE=test_$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
	PGOPTIONS='' psql -X -q -d postgres \
		-c "CREATE DATABASE $POSTGRES_DATABASE TEMPLATE template0" ||
		return 1
	export POSTGRES_URL="$POSTGRES_SERVER/$POSTGRES_DATABASE"
}

postgres_run() (
	[ $# -gt 0 ] || postgres_fail 'run what?' || exit 2
	# shellcheck disable=SC2119
	postgres_start || exit 1
	trap postgres_stop EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	"$@"
)

case ${0##*/} in
postgres.sh)
	command=${1:-}
	[ $# -eq 0 ] || shift
	case $command in
	run) postgres_run "$@" ;;
	start) postgres_create "$@" ;;
	stop) postgres_stop "$@" ;;
	bindir) postgres_bindir ;;
	*)
		echo 'usage: postgres.sh run|start|stop|bindir ...' >&2
		exit 2
		;;
	esac
	;;
esac
