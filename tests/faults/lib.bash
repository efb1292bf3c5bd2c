# shellcheck shell=bash
# lib.bash   what the fault tests share: a repository full of pairs, and the
# question whether ledger and catalog agree. Usable inside `make test` (then
# $POSTGRES_SERVER and $MARIADB_SERVER are there) and alone (then servers are
# started).

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/lib/database.bash
. "$top/tests/lib/database.bash"
# shellcheck source=tests/lib/repository.bash
. "$top/tests/lib/repository.bash"

faults_begin() { # BUILD
	work=$(mktemp -d "${TMPDIR:-/tmp}/git-migrate-faults.XXXXXX")
	mkdir "$work/bin"
	ln -s "$(cd "$1" && pwd)/git-migrate" "$work/bin"
	PATH=$work/bin:$PATH
	trap faults_end EXIT
	trap 'exit 130' INT TERM HUP
	export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig
	git config --global user.name 'Test Person'
	git config --global user.email test@example.com
	git config --global init.defaultBranch main
	if [[ -z ${POSTGRES_SERVER:-} && ${ENGINES:-} != sqlite ]]; then
		# shellcheck source=tests/lib/postgres.sh
		. "$top/tests/lib/postgres.sh"
		# shellcheck source=tests/lib/mariadb.sh
		. "$top/tests/lib/mariadb.sh"
		postgres_start
		mariadb_start
		own_server=yes
		unset PGHOST PGPORT PGUSER PGDATABASE
	fi
}

faults_end() {
	if [[ -n ${own_server:-} ]]; then
		postgres_stop
		mariadb_stop
	elif [[ -n ${database:-} && -n ${ENGINE:-} ]]; then
		drop_database "$database" || true
	fi
	rm -rf "$work"
}

# faults_repository COUNT   a repository of COUNT pairs, one commit; each makes
# a table, an index and a row in `journal`.
faults_repository() {
	local n version
	rm -rf "$work/repo"
	git init -q "$work/repo"
	cd "$work/repo" || return
	mkdir migrations
	for ((n = 1; n <= $1; n++)); do
		version=$((20240101000000 + n))
		{
			[[ $n -gt 1 ]] ||
				echo 'CREATE TABLE journal (version bigint);'
			echo "CREATE TABLE t_$version (id integer, a varchar(9));"
			echo "CREATE INDEX i_$version ON t_$version (a);"
			echo "INSERT INTO journal VALUES ($version);"
		} >"migrations/${version}_step_$n.up.sql"
		{
			echo "DELETE FROM journal WHERE version = $version;"
			echo "DROP TABLE t_$version;"
			[[ $n -gt 1 ]] || echo 'DROP TABLE journal;'
		} >"migrations/${version}_step_$n.down.sql"
	done
	git add -A
	git commit -qm "Add $1 pairs"
	database=faults_$$
}

faults_fresh() {
	fresh_database "$work/faults.db" "$database"
	git config migrate.target dev
	git config migrate-target.dev.url "$URL"
}

has_table() { # NAME
	[[ $(tables_like "$1") == "$1" ]]
}

tables_like() {
	case $ENGINE in
	sqlite) sql "SELECT name FROM sqlite_schema WHERE name LIKE '$1'" ;;
	mariadb)
		sql "SELECT table_name FROM information_schema.tables
			WHERE table_schema = database() AND table_name LIKE '$1'"
		;;
	*) sql "SELECT relname FROM pg_class WHERE relname LIKE '$1'" ;;
	esac
}

# How many migrations the ledger has as applied.
applied() {
	if has_table git_migrations; then
		sql "SELECT count(*) FROM git_migrations WHERE state = 'applied'"
	else
		echo 0
	fi
}

# Prints whatever is in one of ledger, runs, tables, indexes and journal but
# not in all of them; all of it read in one statement, which is one snapshot.
disagreements() {
	local relations text=text journal='SELECT NULL WHERE false'
	[[ $ENGINE != mariadb ]] || text=char
	if ! has_table git_migrations; then
		tables_like 't\_%'
		return
	fi
	if has_table journal; then
		journal="SELECT CAST(version AS $text) FROM journal"
	fi
	case $ENGINE in
	sqlite)
		relations="SELECT substr(name, 1, 2), substr(name, 3) FROM sqlite_schema
			WHERE type IN ('table', 'index')
			AND name GLOB '[it]_2024*'"
		;;
	mariadb)
		relations="SELECT substr(table_name, 1, 2), substr(table_name, 3)
			FROM information_schema.tables WHERE table_schema = database()
			AND table_name LIKE 't\_2024%'
			UNION ALL SELECT substr(index_name, 1, 2), substr(index_name, 3)
			FROM information_schema.statistics
			WHERE table_schema = database() AND index_name LIKE 'i\_2024%'"
		;;
	*)
		relations="SELECT substr(relname, 1, 2), substr(relname, 3) FROM pg_class
			WHERE relname ~ '^[it]_2024'"
		;;
	esac
	sql "WITH relations (sort, version) AS ($relations),
		journalled (version) AS ($journal),
		seen (sort, version) AS (
			SELECT sort, version FROM relations
			UNION ALL SELECT 'journal', version FROM journalled
			UNION ALL SELECT 'run', CAST(version AS $text)
				FROM git_migrate_runs WHERE outcome = 'ok'
			UNION ALL SELECT state, CAST(version AS $text)
				FROM git_migrations)
		SELECT version, count(*), max(sort), min(sort) FROM seen
		GROUP BY version
		HAVING count(*) <> 5 OR count(DISTINCT sort) <> 5
			OR sum(CASE WHEN sort = 'applied' THEN 1 ELSE 0 END) <> 1
		ORDER BY 1"
}
