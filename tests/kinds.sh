#!/usr/bin/env bash
# kinds.sh BUILD [KIND...]   runs the tests of what works on commits, branches,
# hooks and notes in each kind of repository (see tests/lib/repository.bash), or
# in the given ones, on SQLite: what kind of repository it is, no database knows.
# ENGINES may name others. No test is skipped in any; a kind that the installed
# git does not have is named.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
build=$1
shift
# shellcheck source=tests/lib/repository.bash
. "$top/tests/lib/repository.bash"
[[ $# -gt 0 ]] || set -- "${KINDS[@]}"
files=("$top"/tests/cli/{check,hook*,names,notes,renumber*,switch,sync}.bats)

has_reftable() {
	local folder works=1
	folder=$(mktemp -d)
	! command git init -q --ref-format=reftable "$folder/r" 2>/dev/null ||
		works=0
	rm -rf "$folder"
	return "$works"
}

failed=()
for kind; do
	if [[ $kind == reftable ]] && ! has_reftable; then
		echo "kind reftable: $(command git version) has none"
		continue
	fi
	echo "kind $kind:"
	if ! REPOSITORY_KIND=$kind ENGINES=${ENGINES:-sqlite} \
		bash "$top/tests/run.sh" "$build" "${files[@]}"; then
		failed+=("$kind")
	fi
done
[[ ${#failed[@]} -eq 0 ]] || { echo "failed: ${failed[*]}" >&2; exit 1; }
