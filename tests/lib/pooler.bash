# shellcheck shell=bash
# pooler.bash   a pgbouncer in front of the tests' PostgreSQL server, which hands
# out sessions by the transaction. For bats files, after common.bash.

# shellcheck source=tests/lib/postgres.sh
. "$MIGRATE_TOP/tests/lib/postgres.sh"

pooler_config() { # DIR PORT
	local server=${POSTGRES_SERVER#*@}
	cat <<-END
		[databases]
		* = host=${server%:*} port=${server#*:} user=postgres
		[pgbouncer]
		listen_addr = 127.0.0.1
		listen_port = $2
		unix_socket_dir =
		auth_type = any
		pool_mode = ${POOL_MODE:-transaction}
		default_pool_size = 3
		logfile = $1/log
		pidfile = $1/pid
	END
}

pooler_answers() { # PORT
	psql -X -q -A -t -c 'SELECT 1' \
		-d "postgresql://postgres@127.0.0.1:$1/postgres" >/dev/null 2>&1
}

# pooler_try DIR PORT   whether it runs
pooler_try() {
	local user program tries starter
	user=$(postgres_user)
	program=$(PATH=$PATH:/usr/sbin command -v pgbouncer)
	pooler_config "$1" "$2" >"$1/ini"
	[[ -z $user ]] || chown -R "$user" "$1"
	(
		exec </dev/null >"$1/out" 2>&1 3>&-
		postgres_as "$user" "$program" "$1/ini"
	) &
	starter=$!
	for ((tries = 0; tries < 500; tries++)); do
		! pooler_answers "$2" || return 0
		kill -0 "$starter" 2>/dev/null || return 1
		sleep 0.02
	done
	return 1
}

# pooler_start   sets $POOLER, the URL without a database.
pooler_start() {
	local port
	POOLER_DIR=$(mktemp -d /tmp/pooler.XXXXXX)
	for _ in 1 2 3 4 5; do
		port=$(($(od -An -N2 -tu2 /dev/urandom) % 12000 + 20000))
		if pooler_try "$POOLER_DIR" "$port"; then
			export POOLER=postgresql://postgres@127.0.0.1:$port
			return
		fi
	done
	cat "$POOLER_DIR"/log "$POOLER_DIR"/out >&2
	return 1
}

pooler_stop() {
	local pid tries
	[[ -n ${POOLER_DIR:-} ]] || return 0
	if pid=$(cat "$POOLER_DIR/pid" 2>/dev/null); then
		kill "$pid" 2>/dev/null || true
		for ((tries = 0; tries < 500; tries++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.02
		done
	fi
	rm -rf "$POOLER_DIR"
	POOLER_DIR=
}
