#!/usr/bin/env bats
# Every kind of command that makes a commit, with half a pair in it: which hook
# refuses it, or else `check --range` does, and so does a push.
#
#	command                     refused by
#	commit                      pre-commit
#	commit -a                   pre-commit
#	commit PATH                 pre-commit
#	commit --amend              pre-commit
#	commit after a conflict     pre-commit
#	commit --no-verify          the range, pre-push, pre-receive
#	merge, fast forward         the range, pre-push, pre-receive
#	merge --no-ff               pre-merge-commit
#	merge --squash              pre-commit, of the commit after it
#	pull, fast forward          the range, pre-push, pre-receive
#	pull --no-rebase, diverged  pre-merge-commit
#	pull --rebase               the range, pre-push, pre-receive
#	rebase                      the range, pre-push, pre-receive
#	cherry-pick                 the range, pre-push, pre-receive
#	revert                      the range, pre-push, pre-receive
#	am                          the range, pre-push, pre-receive
#	push to a bare server       pre-push, pre-receive

load ../lib/common
load ../lib/hooks

# shellcheck disable=SC2034 # hooked() reads it
A=20260101000001
B=20260101000002
DOWN=migrations/${B}_create_b.down.sql

# broken   half a pair in the work tree.
broken() {
	table_pair $B b
	rm "$DOWN"
}

# whole   a pair, committed with our hooks' consent.
whole() {
	table_pair $B b
	git add -A
	git commit -q -m whole
}

# aside   half a pair on the branch `side`, which the hooks did not see.
aside() {
	git switch -q -c side
	broken
	commit 'Half'
	git switch -q main
}

# diverged   main has a commit that side has not.
diverged() {
	git commit -q --allow-empty -m diverged
}

# The hook has the last word: nothing was committed.
refused_by_hook() { # COMMAND...
	local before
	before=$(git rev-parse HEAD)
	try "$@"
	[[ $status -ne 0 ]] || explain "not refused: $*"
	err_has "half a pair: migration '${B}_create_b'"
	same HEAD "$before" "$(git rev-parse HEAD)"
}

# The command passes, and then the range, a push, and the server's hook refuse.
refused_later() { # COMMAND...
	try "$@"
	exits 0
	migrate check --range origin/main..HEAD
	exits 1
	err_has "half a pair: migration '${B}_create_b'"
	refused_by_push
}

refused_by_push() {
	try git push -q origin HEAD:main
	exits 1
	err_has 'half a pair'
	err_has "the push to 'main' is refused"
	err_lacks 'remote:'
	try git push -q --no-verify origin HEAD:main
	exits 1
	err_has 'remote: error:'
	err_has 'half a pair'
	same server "$(git rev-parse origin/main)" \
		"$(git -C "$REPO.git" rev-parse main)"
}

setup() {
	hooked
	git config migrate.protectedBranch main
	git config migrate.requireProof false
	(cd "$REPO.git" && git config migrate.protectedBranch main &&
		git config migrate.requireProof false &&
		git migrate hook install >/dev/null)
}

@test "commit" {
	broken
	git add -A
	refused_by_hook git commit -q -m x
}

@test "commit -a" {
	whole
	rm "$DOWN"
	refused_by_hook git commit -q -a -m x
}

@test "commit PATH" {
	whole
	rm "$DOWN"
	echo x >other
	git add other
	refused_by_hook git commit -q -m x "$DOWN"
}

@test "commit --amend" {
	git commit -q --allow-empty -m x
	broken
	git add -A
	refused_by_hook git commit -q --amend -m x
}

@test "commit after a conflict" {
	echo one >file
	git add file
	git commit -q -m one
	git switch -q -c side HEAD^
	echo two >file
	broken
	commit 'Half and a conflict'
	git switch -q main
	try git merge -q side -m m
	exits 1
	echo both >file
	git add file
	refused_by_hook git commit -q -m m
}

@test "commit --no-verify" {
	broken
	git add -A
	refused_later git commit -q --no-verify -m x
}

@test "merge, fast forward" {
	aside
	refused_later git merge -q --ff-only side
}

@test "merge --no-ff" {
	aside
	refused_by_hook git merge -q --no-ff -m m side
}

@test "merge --squash" {
	aside
	git merge -q --squash side >/dev/null
	refused_by_hook git commit -q -m squashed
}

@test "pull, fast forward" {
	aside
	refused_later git pull -q --ff-only . side
}

@test "pull --no-rebase, diverged" {
	aside
	diverged
	refused_by_hook git pull -q --no-rebase --no-edit . side
}

@test "pull --rebase" {
	aside
	git switch -q side
	git branch -q --force other main
	git switch -q other
	diverged
	git switch -q side
	refused_later git pull -q --rebase . other
}

@test "rebase" {
	aside
	diverged
	refused_later git rebase -q main side
}

@test "cherry-pick" {
	aside
	diverged
	refused_later git cherry-pick side
}

@test "revert" {
	whole
	git rm -q "$DOWN"
	git commit -q --no-verify -m half
	table_pair $B b # it is mended, and that is taken back
	git add -A
	git commit -q -m mended
	refused_later git revert --no-edit HEAD
}

@test "am" {
	aside
	git format-patch -q -1 --stdout side >"$BATS_TEST_TMPDIR/patch"
	diverged
	refused_later git am -q "$BATS_TEST_TMPDIR/patch"
}

@test "push to a bare server" {
	aside
	git switch -q side
	refused_by_push
}

@test "the table above is these tests" {
	same table "$(sed -n 's/^#\t\([a-z].*[^ ]\)  .*/\1/p' "$BATS_TEST_FILENAME" |
		sed 's/ *$//' | grep -v '^command' | sort)" \
		"$(sed -n 's/^@test "\(.*\)" {/\1/p' "$BATS_TEST_FILENAME" |
			grep -v '^the table' | sort)"
}
