# shellcheck shell=bash
# common.bash   what the bats files share. Each test gets a fresh repository
# and a fresh database:
#
#	load ../lib/common
#
#	@test "applies what is pending" {
#		fresh sqlite
#		...
#
# Helpers that are asserted about leave $status, $out and $err behind.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lib/database.bash
. "$MIGRATE_TOP/tests/lib/database.bash"
# shellcheck source=tests/lib/repository.bash
. "$MIGRATE_TOP/tests/lib/repository.bash"
ENGINES=${ENGINES:-sqlite postgresql mariadb}
DATABASES=()

# fresh ENGINE   a new empty repository with a new empty database as its
# target `dev`; the shell stands in it. Sets $REPO, $ENGINE, $URL.
fresh() {
	ENGINE=$1
	FRESH_COUNT=$((${FRESH_COUNT:-0} + 1))
	REPO=$BATS_TEST_TMPDIR/$ENGINE-$FRESH_COUNT
	repository "$REPO" || return 1
	local name=t${BATS_TEST_NUMBER}_$$_$FRESH_COUNT
	fresh_database "$(git rev-parse --absolute-git-dir)/dev.db" "$name"
	[[ $ENGINE == sqlite ]] || DATABASES+=("$ENGINE $name")
	setting migrate.target dev
	setting migrate-target.dev.url "$URL"
}

# What fresh() made on the servers; for a teardown() of a file's own, too.
drop_databases() {
	local database
	for database in "${DATABASES[@]}"; do
		ENGINE=${database% *}
		drop_database "${database#* }"
	done
}

teardown() {
	drop_databases
}

# both BODY   calls the function BODY once an engine, each in a fresh place.
both() {
	local engine
	for engine in $ENGINES; do
		echo "# engine: $engine"
		fresh "$engine"
		"$@"
	done
}

# atomic BODY   the same on the engines that can roll DDL back.
atomic() {
	ENGINES=${ENGINES/mariadb/} both "$@"
}

# pair VERSION_NAME UP DOWN   writes a pair into migrations/.
pair() {
	mkdir -p migrations
	printf '%s\n' "$2" >"migrations/$1.up.sql"
	printf '%s\n' "$3" >"migrations/$1.down.sql"
}

# table_pair VERSION NAME   a pair that creates and drops table NAME.
table_pair() {
	pair "$1_create_$2" "CREATE TABLE $2 (id integer PRIMARY KEY);" \
		"DROP TABLE $2;"
}

# commit [SUBJECT]   commits all there is, without hooks.
commit() {
	git add -A
	git commit -q --no-verify -m "${1:-Change}"
}

# try COMMAND...   runs it without ending the test; $status, $out, $err.
try() {
	status=0
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null ||
		status=$?
	out=$(<"$BATS_TEST_TMPDIR/out")
	err=$(<"$BATS_TEST_TMPDIR/err")
}

# migrate [-c KEY=VALUE | -C FOLDER]... ...   `git migrate`, tried.
migrate() {
	local first=()
	while [[ ${1:-} == -[cC] ]]; do
		first+=("$1" "$2")
		shift 2
	done
	try git "${first[@]}" migrate "$@"
}

# ok ...   `git migrate`, which must succeed.
ok() {
	migrate "$@"
	exits 0
}

# up_starts ...   `git migrate up` in the background: $RUN; up_ends takes what it
# said, as try() does.
up_starts() {
	git-migrate up "$@" >"$BATS_TEST_TMPDIR/run-out" \
		2>"$BATS_TEST_TMPDIR/run-err" </dev/null 3>&- &
	RUN=$!
}

up_ends() {
	status=0
	wait "$RUN" || status=$?
	RUN=
	out=$(<"$BATS_TEST_TMPDIR/run-out")
	err=$(<"$BATS_TEST_TMPDIR/run-err")
}

explain() {
	printf '%s\n' "$@"
	printf -- '-- exit status %s\n-- stdout:\n%s\n-- stderr:\n%s\n' \
		"$status" "$out" "$err"
	return 1
}

# exits STATUS   what was tried last ended so.
exits() {
	[[ $status -eq $1 ]] || explain "expected exit status $1"
}

# same WHAT EXPECTED ACTUAL
same() {
	[[ $2 == "$3" ]] && return
	printf '%s differs:\n' "$1"
	diff -u <(printf '%s\n' "$2") <(printf '%s\n' "$3") | tail -n +3
	explain ''
}

# The exact text, without the last newline.
out_is() { same 'standard output' "$1" "$out"; }
err_is() { same 'standard error' "$1" "$err"; }

out_has() { [[ $out == *"$1"* ]] || explain "no '$1' in standard output"; }
err_has() { [[ $err == *"$1"* ]] || explain "no '$1' in standard error"; }
out_lacks() { [[ $out != *"$1"* ]] || explain "'$1' in standard output"; }
err_lacks() { [[ $err != *"$1"* ]] || explain "'$1' in standard error"; }

# json FILTER   jq's answer about the last standard output, which must be one
# JSON document.
json() {
	jq -r -s "if length == 1 then .[0] else error(\"\(length) documents\") end
		| $1" <<<"$out"
}

# json_is FILTER EXPECTED
json_is() {
	same "$1" "$2" "$(json "$1")"
}

# states   "VERSION STATE" of each migration, as `status --json` says.
states() {
	git migrate status --json | jq -r '.migrations[] | .version + " " + .state'
}

# another_run   has a run on SQLite at work, until another_run_ends.
another_run() {
	coproc python3 -c 'import fcntl, struct, sys
file = open(sys.argv[1], "r+b")
fcntl.fcntl(file, fcntl.F_OFD_SETLK,
            struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 1 << 62, 1, 0))
print("held", flush=True)
sys.stdin.read()' "${URL#sqlite:}"
	read -r -u "${COPROC[0]}"
}
another_run_ends() {
	eval "exec ${COPROC[1]}>&-"
}

# behind_another_run COMMAND STATEMENTS   starts the command, has it wait for a
# run on SQLite, whose work is STATEMENTS, and sets $ended to how it ended.
behind_another_run() {
	local pid
	another_run
	: >err # what an earlier one has said is not its word
	# shellcheck disable=SC2086 # it has words
	git-migrate $1 >out 2>err &
	pid=$!
	until grep -qx 'waiting for another run' err; do
		kill -0 $pid
	done
	sql "$2"
	another_run_ends
	ended=0
	wait $pid || ended=$?
	export ended
}
