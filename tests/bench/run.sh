#!/usr/bin/env bash
# run.sh BUILD [FILE]   the benchmarks (bench.py), against a PostgreSQL of their
# own (a MariaDB when the file is named after it) with its own settings: it does
# flush to the disk, as SQLite does.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/git-migrate-bench.XXXXXX")
# shellcheck source=tests/lib/postgres.sh
. "$top/tests/lib/postgres.sh"
# shellcheck source=tests/lib/mariadb.sh
. "$top/tests/lib/mariadb.sh"
finish() {
	[[ -z ${POSTGRES_DIR:-} ]] || postgres_stop
	[[ -z ${MARIADB_DIR:-} ]] || mariadb_stop
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

case ${2:-} in
*observe_mariadb*) MARIADB_CONF='performance_schema = ON' mariadb_start ;;
*mariadb*) mariadb_start ;;
*) postgres_start ;;
esac
unset PGHOST PGPORT PGUSER PGDATABASE
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig
git config --global user.name 'Test Person'
git config --global user.email test@example.com
git config --global init.defaultBranch main
git config --global gc.auto 0
git config --global advice.detachedHead false
# In a folder of its own: beside it in the build is a folder named git.
mkdir "$work/bin"
ln -s "$build/git-migrate" "$work/bin"
PATH=$work/bin:$PATH python3 "$top/tests/bench/${2:-bench.py}" "$build" "$work"
