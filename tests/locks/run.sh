#!/usr/bin/env bash
# run.sh BUILD [NAME...]   what a run tells of its locks, against what was
# measured before and what others see (locks.py), on a PostgreSQL of its own.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/git-migrate-locks.XXXXXX")
# shellcheck source=tests/lib/postgres.sh
. "$top/tests/lib/postgres.sh"
finish() {
	[[ -z ${POSTGRES_DIR:-} ]] || postgres_stop
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# what autovacuum does would be among what is counted
POSTGRES_CONF='fsync = off
full_page_writes = off
autovacuum = off' postgres_start
unset PGHOST PGPORT PGUSER PGDATABASE
export HOME=$work GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig
git config --global user.name 'Test Person'
git config --global user.email test@example.com
git config --global init.defaultBranch main
# In a folder of its own: beside it in the build is a folder named git.
mkdir "$work/bin"
ln -s "$build/git-migrate" "$work/bin"
export PYTHONDONTWRITEBYTECODE=1
PATH=$work/bin:$PATH python3 "$top/tests/locks/locks.py" "$work" "$@"
