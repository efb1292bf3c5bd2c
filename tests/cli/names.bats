#!/usr/bin/env bats
# Names of files, folders, branches and people, and what commits say, are data.

load ../lib/common
load ../lib/hooks

# shellcheck disable=SC2034 # hooked() reads it
A=20260101000001
B=20260101000002
C=20260101000003
ESCAPE=$'\e[31m\e]0;title\a'
# shellcheck disable=SC2016
ODD='q"u'\''o$(touch pwned)`touch pwned`;&|*?#%s-ü'
# What only comes by update-ref: git branch refuses it.
DASHED=--upload-pack=touch-pwned

# harmless   what was tried last said no control character, and ran nothing.
harmless() {
	[[ $out$err != *[$'\a\e\b\r']* ]] ||
		explain 'a control character' "$(printf '%s' "$out$err" | cat -v)"
	[[ -z $(find "$BATS_TEST_TMPDIR" -name 'pwned*') ]] ||
		explain 'something was run'
}

@test "files whose names are none of a script are named, and nothing else" {
	local name command
	hooked
	for name in "${B}_$ESCAPE" "${B}_new"$'\n'line "$DASHED" -x \
		$'\n' "${B}_latin-"$'\xe9' $'error: no\n'"${C}_x"; do
		echo 'SELECT 1;' >"migrations/$name.up.sql"
		echo 'SELECT 1;' >"migrations/$name.down.sql"
	done
	git add -A
	committing
	exits 1
	harmless
	err_has 'malformed script name'
	err_has '_new\nline.up.sql'
	err_has "'-x.up.sql'"
	git commit -q --no-verify -m odd
	for command in status up sync 'sync -n' 'sync HEAD' 'switch --detach HEAD' \
		renumber "comment $A" log prove \
		'hook post-checkout HEAD HEAD 1' 'check --range origin/main..'; do
		echo "# $command"
		# shellcheck disable=SC2086
		migrate $command
		harmless
		grep -qE '^(error|warning): .*malformed' <<<"$err" ||
			[[ $command == log* || $command == hook* ]] ||
			explain 'the names are not told of'
	done
	try git push -q origin HEAD:topic
	harmless
	exits 0
}

@test "a name with all that a shell knows goes through everything" {
	hooked
	ok up
	table_pair $B b
	mv migrations/${B}_create_b.up.sql "migrations/${B}_$ODD.up.sql"
	mv migrations/${B}_create_b.down.sql "migrations/${B}_$ODD.down.sql"
	git add -A
	committing
	exits 0
	same trailer "${B}_$ODD" \
		"$(git log -1 --format='%(trailers:key=Migration,valueonly)' | head -n 1)"
	ok up
	out_has "applied ${B}_$ODD"
	ok prove $B
	ok comment $B
	ok post $B
	ok sync HEAD~
	out_has "reverted ${B}_$ODD"
	git branch other HEAD~
	ok sync
	ok switch other
	ok switch main
	ok renumber $B
	harmless
	same files 2 "$(find migrations -name "*_q\"u'o*" | wc -l)"
	git config migrate.protectedBranch main
	git add -A
	git commit -q --amend --no-edit
	ok up
	try git push -q origin HEAD:main
	exits 0
	harmless
}

@test "a folder may be called as it likes" {
	local folder
	for folder in "-x" "$ODD" 'a b/-c' '"x\y"'; do
		fresh sqlite
		git config migrate.dir "$folder"
		in_cone "${folder%%/*}"
		git migrate hook install >/dev/null
		table_pair $A a
		mkdir -p -- "$folder"
		mv -- migrations/* "$folder"
		rmdir migrations
		git add -A
		committing
		exits 0
		ok up
		ok status --json
		json_is '.migrations[0] | .state + " " + .commit' \
			"applied $(git rev-parse HEAD)"
		ok comment $A
		git branch other
		mv -- "$folder/${A}_create_a.up.sql" "$folder/${B}_create_b.up.sql"
		mv -- "$folder/${A}_create_a.down.sql" "$folder/${B}_create_b.down.sql"
		git add -A
		git commit -q -m renamed
		ok sync
		ok switch other
		rm -- "$folder/${A}_create_a.down.sql"
		git add -A
		committing
		exits 1
		err_has 'half a pair'
		harmless
	done
}

@test "but not with a control character in it" {
	fresh sqlite
	git config migrate.dir $'two\nlines\e'
	migrate status
	exits 128
	err_is "error: bad folder 'two\\nlines^[' for 'migrate.dir': the name has a control character"
	git config --unset migrate.dir
	git config -f .gitmigrate migrate.dir $'two\nlines\e'
	migrate status
	exits 128
	err_has "the key 'migrate.dir' may not be set in '.gitmigrate': the name has a control character"
	harmless
}

@test "branches of any name, in every command that takes one" {
	hooked
	git update-ref "refs/heads/$DASHED" HEAD
	git branch 'x";$(touch${IFS}pwned);'\''-ü'
	local name
	for name in "$DASHED" 'x";$(touch${IFS}pwned);'\''-ü'; do
		migrate sync -- "refs/heads/$name"
		exits 0
		migrate sync -n -- "$name"
		harmless
		migrate switch -n -- "$name"
		harmless
		migrate check --range "refs/heads/$name..HEAD"
		exits 0
		migrate check --range "$name..$name"
		harmless
		migrate renumber --upstream "$name" -n
		harmless
		git symbolic-ref HEAD "refs/heads/$name"
		ok status
		ok hook post-checkout HEAD HEAD 1
		ok comment $A
		harmless
		table_pair $B b
		git add -A
		committing
		exits 0
		ok up
		ok comment $B
		ok post $B
		ok log
		harmless
		try git push -q origin "HEAD:refs/heads/$name"
		exits 0
		ok down
		git reset -q --hard HEAD~
	done
	harmless
}

@test "what commits and people are called is shown without its escape codes" {
	hooked
	table_pair $B b
	git config user.name "Mallory${ESCAPE}X"
	git add -A
	git commit -q --no-verify -m "subject ${ESCAPE}red" -m "$(printf 'a\rb')"
	local command
	for command in up status "comment $B" "post $B" log "log $B" \
		'sync HEAD~' 'sync -n' 'switch --detach HEAD~' 'check --range main~..main'; do
		echo "# $command"
		# shellcheck disable=SC2086
		migrate $command
		exits 0
		harmless
	done
}
