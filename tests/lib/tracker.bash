# shellcheck shell=bash
# tracker.bash   the checking tracker (tracker.py) for bats files:
#
#	tracker [ARGUMENT...]   starts one; sets $TRACKER (its folder) and $PORT
#	tracker_ends            in teardown: ends all, which must have had
#	                        nothing to complain about

TRACKERS=() TRACKER_PIDS=()

tracker() {
	TRACKER=$BATS_TEST_TMPDIR/tracker-${#TRACKERS[@]}
	mkdir "$TRACKER"
	mkfifo "$TRACKER/ready"
	# bats waits for whoever holds its descriptor 3
	python3 "$MIGRATE_TOP/tests/lib/tracker.py" "$TRACKER" "$@" \
		>"$TRACKER/ready" 3>&- &
	TRACKER_PIDS+=($!)
	TRACKERS+=("$TRACKER")
	read -r PORT <"$TRACKER/ready"
	HOST=127.0.0.1:$PORT
}

# use_tracker KIND   the repository's thread is issue 42 of that tracker.
use_tracker() {
	KIND=$1
	ISSUE=http://$HOST/acme/shop/issues/42
	git config migrate.thread "$ISSUE"
	git config "migrate-tracker.$HOST.kind" "$KIND"
	[[ $KIND != github ]] ||
		git config "migrate-tracker.$HOST.api" "http://$HOST"
	with_token
}

with_token() {
	export GIT_MIGRATE_TOKEN=alice-token
}

# fault JSON   what the next fitting request meets (see tracker.py).
fault() {
	printf '%s\n' "$1" >"$TRACKER/faults"
}

# comments FILTER   jq's answer about the array of all comments.
comments() {
	jq -r -s "$1" "$TRACKER/comments"
}

# requests METHOD   how many came in.
requests() {
	jq -s "map(select(.method == \"$1\")) | length" "$TRACKER/log" 2>/dev/null ||
		echo 0
}

tracker_ends() {
	local pid folder
	for pid in "${TRACKER_PIDS[@]}"; do
		kill "$pid"
		wait "$pid" || true
	done
	for folder in "${TRACKERS[@]}"; do
		[[ ! -s $folder/violations ]] ||
			{ cat "$folder/violations"; return 1; }
	done
}
