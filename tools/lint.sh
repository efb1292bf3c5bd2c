#!/usr/bin/env bash
# lint.sh BUILD   the compilers with warnings as errors, clang-tidy, shellcheck,
# and the rules of the house that no tool knows. Says all that is wrong before
# it fails.
set -uo pipefail
build=$1
jobs=$(nproc)
failed=0

step() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then
		echo "$name: fine"
	else
		echo "$name: FAILED" >&2
		failed=1
	fi
}

compile() { # COMPILER
	make --no-print-directory -s -j"$jobs" -k B="$build/lint-$1" CC="$1" \
		DEVELOPER=1 objects
}

tidy_one() { # FILE
	local out
	eval "set -- \"\$1\" -- $FLAGS"
	out=$(clang-tidy --quiet "$@" 2>&1) || {
		echo "$out" >&2
		return 1
	}
}

tidy() {
	# the generated headers are in the build folder of clang's own pass
	FLAGS=$(make -s B="$build/lint-clang" CC=clang print-flags)
	export FLAGS
	export -f tidy_one
	git ls-files 'cmd/*.c' 'core/*.c' 'git/*.c' |
		xargs -P "$jobs" -n 1 bash -c 'tidy_one "$1"' bash
}

shells() {
	local bad=0
	git ls-files '*.sh' '*.bash' .ci/run 'hooks/*' | xargs shellcheck || bad=1
	# bats ends a test at the first failure, and sets variables by load
	git ls-files '*.bats' | xargs shellcheck -e SC2154,SC2164 || bad=1
	return "$bad"
}

# An include of PATTERN may stand only in files under ONLY.
only_in() { # PATTERN ONLY...
	local pattern=$1 found
	shift
	found=$(git grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]+$pattern" \
		-- 'cmd/*.[ch]' 'core/*.[ch]' 'git/*.[ch]' "${@/#/:!}")
	[[ -z $found ]] || {
		echo "belongs only in $*:"
		echo "$found"
		return 1
	} >&2
}

arrows() {
	local bad=0
	only_in '"cmd/' cmd || bad=1
	only_in '"git/' cmd git || bad=1
	only_in '["<](lazy/pq|libpq-fe)\.h' core/db/postgres || bad=1
	only_in '["<](lazy/sqlite|sqlite3)\.h' core/db/sqlite || bad=1
	only_in '["<](lazy/mariadb|mysql)\.h' core/db/mysql || bad=1
	only_in '["<](lazy/curl|curl/curl)\.h' core/base/http.c || bad=1
	only_in '["<](lazy/pgquery|pg_query)\.h' core/db/postgres core/sql || bad=1
	only_in '<(libpq-fe|sqlite3|mysql|curl/curl|pg_query)\.h' nowhere || bad=1
	return "$bad"
}

# Nothing outside core/db asks for an engine by name.
engines() {
	local found
	found=$(git grep -nE 'strcmp\([^)]*"(sqlite|postgresql|mariadb|mysql)"|db_engine_(sqlite|postgres|mariadb|mysql)\b' \
		-- 'cmd/*.c' 'git/*.c' 'core/*.c' ':!core/db')
	[[ -z $found ]] || {
		echo "$found"
		return 1
	} >&2
}

lengths() {
	git ls-files '*.c' '*.h' '*.sh' '*.bash' '*.bats' | xargs wc -l |
		awk '$2 != "total" && $1 > 800 {
			print $2 ": " $1 " lines, at most 800"; bad = 1
		} END { exit bad }' >&2
}

unfinished() {
	local found
	found=$(git grep -nwE 'TO''DO|FIX''ME|X''XX' -- . ':!LICENSE')
	[[ -z $found ]] || {
		echo "$found"
		return 1
	} >&2
}

step 'gcc' compile gcc
step 'clang' compile clang
step 'clang-tidy' tidy
step 'shellcheck' shells
step 'arrows between rooms' arrows
step 'engines by name' engines
step 'file lengths' lengths
step 'nothing unfinished' unfinished
exit "$failed"
