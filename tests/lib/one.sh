#!/usr/bin/env bash
# one.sh FILE   runs one test file and prints TAP, for prove. A file without a
# test fails, and what a failed test said is shown, which prove would hide.
set -uo pipefail
file=$1
log=$MIGRATE_LOG/$(basename "$file").tap
TMPDIR+=/$(basename "$file")
mkdir -p "$TMPDIR"

case $file in
*.bats) run=(bats --tap "$file") ;;
*) run=("$file") ;;
esac
CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$TEST_TIMEOUT" "${run[@]}" \
	>"$log" 2>"$log.err" </dev/null
status=$?
cat "$log"
if ! grep -q '^ok ' "$log" && ! grep -q '^not ok ' "$log"; then
	echo "# $file: no test ran (exit status $status)" >&2
	[[ $status -ne 0 ]] || status=1
fi
if [[ $status -ne 0 ]]; then
	{
		echo
		echo "# $file: exit status $status"
		grep -vE '^(ok|1\.\.)' "$log"
		cat "$log.err"
	} >&2
fi
exit "$status"
