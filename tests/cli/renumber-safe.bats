#!/usr/bin/env bats
# What git migrate renumber must not leave half done

load ../lib/common

# stack NAMES   main has one migration, which is newer than those of topic.
stack() {
	local n=1 name
	table_pair 20260101000001 first
	commit
	upstream "$REPO.git"
	git push -q -u origin main
	git remote set-head origin main
	git switch -q -c topic
	for name; do
		n=$((n + 1))
		table_pair "$(printf '202601010000%02d' $n)" "$name"
	done
	commit
	git switch -q main
	table_pair 20260101000050 newer
	commit
	git push -q
	git switch -q topic
	ok up
	ok prove --all
}

# The versions that the files, the index and the ledger have, each once.
versions_in_files() {
	printf '%s\n' migrations/*.sql | sed 's,.*/\([0-9]*\)_.*,\1,' | sort -u
}

versions_in_index() {
	git ls-files migrations | sed 's,.*/\([0-9]*\)_.*,\1,' | sort -u
}

versions_in_ledger() {
	sql 'SELECT version FROM git_migrations ORDER BY version'
}

# whole COUNT   COUNT whole pairs, which git and the database have, too.
whole() {
	same index "$(versions_in_files)" "$(versions_in_index)"
	same ledger "$(versions_in_files)" "$(versions_in_ledger)"
	same pairs "$1" "$(versions_in_files | wc -l)"
	same files $((2 * $1)) "$(printf '%s\n' migrations/*.sql | wc -l)"
	same changes '' "$(git status --porcelain | grep -v '^R ' || true)"
	[[ ! -e $(in_git migrate/renumber.json) ]] || explain 'its journal is left'
}

# with_git <<SCRIPT   a git that runs SCRIPT before each `git mv`.
with_git() {
	local real
	real=$(type -P git)
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	{
		echo '#!/bin/sh'
		echo "real='$real' count='$BATS_TEST_TMPDIR/count'"
		# shellcheck disable=SC2016
		echo '[ "$1" = mv ] || exec "$real" "$@"
			n=$(($(cat "$count") + 1))
			echo $n >"$count"'
		cat
		# shellcheck disable=SC2016
		echo 'exec "$real" "$@"'
	} >"$BATS_TEST_TMPDIR/bin/git"
	chmod +x "$BATS_TEST_TMPDIR/bin/git"
	echo 0 >"$BATS_TEST_TMPDIR/count"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH try git-migrate renumber
	rm "$BATS_TEST_TMPDIR/bin/git"
	hash -r
}

# In the middle of the second pair: one file of it is renamed already, and of the
# other only the file, or it and the lock of the index.
half_way() {
	with_git <<-'END'
		[ $n -lt 4 ] || {
			[ -z "$more" ] || mv "$3" "$4"
			kill -KILL $PPID
			exit 1
		}
	END
	[[ -e $(in_git migrate/renumber.json) ]] || explain 'it was not cut off'
}

@test "the next one completes a renumber that was killed" {
	local more
	fresh sqlite
	stack b c d
	export more
	for more in '' yes; do
		ok comment 20260101000003 --gotcha "mind the gap$more"
		ok post 20260101000003
		half_way
		migrate status
		err_has "warning: a 'git migrate renumber' was cut off here
hint: to complete it: git migrate renumber"
		migrate renumber -n
		exits 1
		err_has 'error: a renumber was cut off here
hint: to complete it: git migrate renumber'
		ok renumber
		err_has 'a renumber was cut off here, and is completed now'
		out_has 'renumbered 20260101000002_create_b to '
		out_has 'renumbered 20260101000004_create_d to '
		err_has 'hint: next: git commit'
		whole 4
		ok status
		err_lacks 'cut off'
		ok comment "$(basename migrations/*_create_c.up.sql | cut -d_ -f1)"
		out_has "mind the gap$more"
		git reset -q --hard
		ok sync
		whole 4
	done
}

@test "what was asked for with the same versions is done then, others are named" {
	local more=''
	fresh sqlite
	stack b c d
	export more
	half_way
	ok renumber 20260101000002 20260101000050
	err_has 'hint: not renumbered yet: git migrate renumber 20260101000050'
	err_lacks '20260101000002'
	whole 4
}

@test "a person who has put the files back meanwhile loses nothing" {
	local more=yes
	fresh sqlite
	stack b c d
	export more
	half_way
	git reset -q --hard
	ok renumber
	whole 4
}

@test "the lock that git was killed with is named, and no file of two is chosen" {
	local more=yes lock
	fresh sqlite
	stack b c d
	export more
	half_way
	lock=$(in_git index.lock)
	touch "$lock"
	migrate renumber
	exits 128
	err_has 'error: git would not rename a script: another git is at work, or has left its lock '
	err_has "hint: if no git is at work here: rm '"
	err_has 'hint: to complete it: git migrate renumber'
	rm "$lock"
	echo '-- mine' >migrations/20260101000002_create_b.up.sql
	migrate renumber
	exits 1
	err_has "error: 'migrations/20260101000002_create_b.up.sql' was to be renamed to 'migrations/"
	err_has "_create_b.up.sql', and both are there and differ
hint: remove the one that is not meant: rm '"
	rm migrations/20260101000002_create_b.up.sql
	ok renumber
	whole 4
}

# shellcheck disable=SC2030 # it is this test's own
@test "a renumber of another branch is not completed on this one" {
	local more=''
	fresh sqlite
	stack b c d
	export more
	half_way
	git stash -q
	git switch -q main
	migrate renumber
	exits 128
	err_has "error: neither 'migrations/20260101000002_create_b.up.sql' nor 'migrations/"
	err_has "hint: switch to the branch where a renumber was cut off, or forget it: rm '"
	git switch -q topic
	ok renumber
	whole 4
}

killed_at_random() {
	local turn pid span start how
	stack b c d e
	start=$(date +%s%N)
	ok renumber
	span=$((($(date +%s%N) - start) / 1000000))
	for turn in {1..15}; do
		git reset -q --hard
		ok sync
		setsid git-migrate renumber >/dev/null 2>&1 &
		pid=$!
		sleep "$(printf '0.%03d' $((RANDOM % span)))"
		how=$((turn % 2 ? -pid : pid))
		kill -KILL -- $how 2>/dev/null || true
		wait $pid || true
		migrate renumber
		# shellcheck disable=SC2031 # it is this test's own
		if [[ $status -ne 0 ]]; then
			exits 128
			err_has 'hint: if no git is at work here: rm '
			rm "$(in_git index.lock)"
			ok renumber
		fi
		whole 5
	done
}
@test "killed at any moment, the next one completes it" { both killed_at_random; }

@test "a lock of git is named, and nothing is renamed" {
	fresh sqlite
	stack a
	local lock
	lock=$(in_git index.lock)
	touch "$lock"
	migrate renumber
	exits 128
	same err "error: git would not rename a script: another git is at work, or has left its lock # s ago: '$lock'
hint: if no git is at work here: rm '$lock'" "$(sed -E "s/lock [0-9.]+ s/lock # s/; s,$REPO/,," <<<"$err")"
	same versions $'20260101000001\n20260101000002' "$(versions_in_files)"
	rm "$lock"
	whole 2
	# one that goes in time is waited for
	touch "$lock"
	{ until [[ -e $(in_git migrate/renumber.json) ]]; do :; done; rm "$lock"; } &
	ok renumber
	wait $!
	whole 2
}
