#!/usr/bin/env bats
# How large the batches of a statement are made, and how they pause.

load ../lib/common
load ../lib/batch

# shellcheck disable=SC2034 # for the library
A=20260101000001 B=20260101000002

# 1,600 rows and one pause of a second in all: the first batch is a sixteenth of
# that, and none has to be longer than a few milliseconds.
gentle() {
	local took
	tables_with 1600
	batched '-- migrate: batch rows=1600 pause=1s
UPDATE a SET b = c;'
	took=$SECONDS
	ok up --json
	json_is '.runs[0].statements[0] | .rows == 1600 and .batches > 2' true
	[[ $((SECONDS - took)) -lt 30 ]] || explain "it paused for each batch"
	same rows '1600|1' "$(touches)"
}
@test "makes batches small that pause, and shares the pause among them" {
	both gentle
}

# Each answer takes 20 ms, whatever was asked: with 100 rows a batch that were
# 200 batches.
far() {
	local server=${URL#*://} port far
	server=${server#*@127.0.0.1:}
	tables_with 20000
	batched '-- migrate: batch rows=10000 pause=1ms
UPDATE a SET b = c;'
	exec 9< <(exec python3 "$MIGRATE_TOP/tests/lib/far.py" "${server%%/*}" 10)
	far=$!
	read -r port <&9
	exec 9<&-
	git config migrate-target.dev.url "${URL/:${server%%\/*}\//:$port/}"
	migrate up --json
	kill "$far"
	exits 0
	json_is '.runs[0].statements[0] | .rows == 20000 and .batches < 100' true
}
@test "does not make batches of nothing where answers take long" {
	ENGINES=${ENGINES/sqlite/} both far
}

small_batches() {
	tables_with 20000
	git config migrate.batchTarget 1ms
	batched '-- migrate: batch rows=10000 pause=0
UPDATE a SET b = c;'
	ok up --json
	json_is '.runs[0].statements[0].batches > 3' true
	same rows '20000|1' "$(touches)"
	git config migrate.batchTarget soon
	migrate up
	exits 128
	err_is "error: bad duration 'soon' for 'migrate.batchtarget' in git config"
}
@test "makes batches smaller that take longer than they should" {
	both small_batches
}
