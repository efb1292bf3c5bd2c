#!/usr/bin/env bash
# run.sh BUILD [FILE...]   runs the tests: cmocka programs and bats files, all
# of them or the given ones (tests/unit/test_X.c, tests/cli/X.bats), under one
# prove, with a PostgreSQL and a MariaDB server of their own and nothing of the
# person's environment or git configuration. From the environment: JOBS (2 at a
# time), ENGINES ("sqlite postgresql mariadb"; sqlite alone needs no server),
# REPOSITORY_KIND (see tests/lib/repository.bash) and TEST_TIMEOUT (seconds a
# file, 600).
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)

# Start again with nothing but what is named here.
if [[ ${MIGRATE_TESTS:-} != clean ]]; then
	exec env -i MIGRATE_TESTS=clean PATH="$PATH" TMPDIR="${TMPDIR:-/tmp}" \
		JOBS="${JOBS:-2}" ENGINES="${ENGINES:-}" TEST_TIMEOUT="${TEST_TIMEOUT:-600}" \
		REPOSITORY_KIND="${REPOSITORY_KIND:-plain}" \
		bash "$0" "$@"
fi

build=$(cd "$1" && pwd)
shift
cd "$top"

work=$(mktemp -d "$TMPDIR/git-migrate-tests.XXXXXX")
chmod 711 "$work" # PostgreSQL may run as another user
finish() {
	[[ -z ${POSTGRES_DIR:-} ]] || postgres_stop || true
	[[ -z ${MARIADB_DIR:-} ]] || mariadb_stop || true
	chmod -R u+w "$work" 2>/dev/null || true
	rm -rf "$work"
}
# shellcheck source=tests/lib/postgres.sh
. tests/lib/postgres.sh
# shellcheck source=tests/lib/mariadb.sh
. tests/lib/mariadb.sh
trap finish EXIT
trap 'exit 130' INT TERM HUP

mkdir "$work/home" "$work/tmp" "$work/log"
export TMPDIR=$work/tmp HOME=$work/home XDG_CONFIG_HOME=$work/home/.config
export LC_ALL=C.UTF-8 TZ=UTC TERM=dumb
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig
export GIT_TERMINAL_PROMPT=0 GIT_CEILING_DIRECTORIES=$work
export MIGRATE_TOP=$top MIGRATE_BUILD=$build MIGRATE_LOG=$work/log
# In a folder of its own: beside it in the build is a folder named git.
mkdir "$work/bin"
ln -s "$build/git-migrate" "$work/bin"
export PATH=$work/bin:$PATH
# Sanitizers: a finding must not look like an exit status of ours.
export ASAN_OPTIONS=exitcode=99:fast_unwind_on_malloc=0
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$top/tests/lib/lsan.supp:print_suppressions=0
cat >"$GIT_CONFIG_GLOBAL" <<-END
	[user]
		name = Test Person
		email = test@example.com
	[init]
		defaultBranch = main
	[core]
		editor = false
	[gc]
		auto = 0
END

programs=() files=()
if [[ $# -eq 0 ]]; then
	set -- tests/unit/test_*.c tests/cli/*.bats
fi
for file; do
	[[ -f $file ]] || { echo "error: no test file '$file'" >&2; exit 1; }
	case $file in
	*.c) programs+=("$build/tests/unit/$(basename "$file" .c)") ;;
	*) files+=("$file") ;;
	esac
done

if [[ ${#files[@]} -gt 0 ]]; then
	# the longest first, so that all processors are busy to the end
	mapfile -t files < <(ls -S -- "${files[@]}")
fi

# Servers that need not survive a power cut. Tests name them in full: nothing of
# them stands in PG* variables, where it would hide a URL that is wrong.
servers() {
	POSTGRES_CONF='fsync = off
full_page_writes = off
max_prepared_transactions = 10
max_connections = 200' postgres_start
	unset PGHOST PGPORT PGUSER PGDATABASE
	MARIADB_CONF='character_set_server = utf8mb4
innodb_flush_log_at_trx_commit = 0
innodb_flush_method = nosync
innodb_log_file_size = 16M
innodb_buffer_pool_size = 64M
plugin_load_add = metadata_lock_info
max_connections = 200' mariadb_start
}
[[ $ENGINES == sqlite ]] || servers

prove -j "$JOBS" --exec 'bash tests/lib/one.sh' "${programs[@]}" "${files[@]}"
