# shellcheck shell=bash
# database.bash   one set of functions for the databases that tests use, sourced
# by common.bash and by the fault tests. $ENGINE says which; $POSTGRES_SERVER and
# $MARIADB_SERVER are the URLs of the tests' own servers (see postgres.sh and
# mariadb.sh).

# fresh_database PATH NAME   a new empty database as $URL: the file PATH, or the
# database NAME on the server.
fresh_database() {
	case $ENGINE in
	sqlite)
		URL=sqlite:$1
		rm -f "$1" "$1"-*
		;;
	postgresql)
		drop_database "$2"
		server "CREATE DATABASE $2"
		URL=$POSTGRES_SERVER/$2
		;;
	mariadb)
		drop_database "$2"
		server "CREATE DATABASE $2"
		URL=$MARIADB_SERVER/$2
		;;
	*)
		echo "no engine '$ENGINE'" >&2
		return 1
		;;
	esac
}

# drop_database NAME   whoever is in it is sent away: a test that failed may have
# left a session behind, for which the clean-up would wait for ever.
drop_database() {
	local id
	case $ENGINE in
	postgresql) server "DROP DATABASE IF EXISTS $1 WITH (FORCE)" ;;
	mariadb)
		for id in $(server "SELECT ID FROM information_schema.PROCESSLIST
				WHERE DB = '$1'"); do
			server "KILL $id" 2>/dev/null || true
		done
		server "DROP DATABASE IF EXISTS $1"
		;;
	esac
}

# server STATEMENT   asks the tests' server, outside any test's database.
server() {
	case $ENGINE in
	mariadb) mysql_client mysql "$1" ;;
	*)
		PGOPTIONS='-c client_min_messages=warning' \
			psql -X -q -A -t -v ON_ERROR_STOP=1 \
			-d "$POSTGRES_SERVER/postgres" -c "$1"
		;;
	esac
}

# mysql_client DATABASE STATEMENT   one row a line, columns by |, NULL as nothing.
mysql_client() {
	mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -N -B -r \
		--default-character-set=utf8mb4 -e "$2" "$1" |
		sed -E ':a; s/(^|\t)NULL(\t|$)/\1\2/; ta; s/\t/|/g'
	return "${PIPESTATUS[0]}"
}

# sql STATEMENT   the plain client's answer: one row a line, columns by |.
sql() {
	case $ENGINE in
	sqlite) sqlite3 -batch -bail -cmd '.timeout 10000' "${URL#sqlite:}" "$1" ;;
	postgresql)
		psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$URL" -c "$1"
		;;
	mariadb) mysql_client "${URL##*/}" "$1" ;;
	esac
}

# tables   the names of all tables but ours.
tables() {
	case $ENGINE in
	sqlite)
		sql "SELECT name FROM sqlite_schema WHERE type = 'table'
			AND name NOT LIKE 'git\_migrat%' ESCAPE '\'
			AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY 1"
		;;
	postgresql)
		sql "SELECT tablename FROM pg_tables WHERE tablename
			NOT LIKE 'git\_migrat%' AND schemaname NOT IN
			('pg_catalog', 'information_schema') ORDER BY 1"
		;;
	mariadb)
		sql "SELECT table_name FROM information_schema.tables
			WHERE table_schema = database()
			AND table_name NOT LIKE 'git\_migrat%' ORDER BY 1"
		;;
	esac
}
