#!/usr/bin/env bats
# git migrate hook post-checkout, post-merge and post-rewrite: they only report.

load ../lib/common
load ../lib/hooks

# shellcheck disable=SC2034 # hooked() reads it
A=20260101000001
B=20260101000002
C=20260101000003
MISSING="in the database is not on this branch; run 'git migrate sync'"

# branched   topic has one migration more than main, and the database has it.
branched() {
	hooked
	git switch -q -c topic
	table_pair $B b
	commit 'Create b'
	ok up
}

@test "a switch says what the database has too much" {
	branched
	try git switch -q main
	exits 0
	err_is "1 migration $MISSING"
	table_pair $C c
	commit 'Create c'
	git switch -q topic 2>/dev/null
	try git switch -q main
	err_is "1 migration $MISSING"
	git migrate down --quiet
	try git switch -q topic
	err_is "1 migration of this branch is not in the database; run 'git migrate up'"
	ok up
	try git switch -q -c other
	err_is ''
	try git switch -q topic
	err_is ''
}

@test "several are counted" {
	branched
	table_pair $C c
	commit 'Create c'
	ok up
	try git switch -q main
	err_is "2 migrations in the database are not on this branch; run 'git migrate sync'"
}

@test "a changed script is told" {
	branched
	echo '-- more' >>"migrations/${B}_create_b.up.sql"
	commit 'Change'
	git switch -q --detach HEAD^
	try git switch -q topic
	err_is "1 migration in the database is not as on this branch; run 'git migrate sync'"
}

@test "a merge and a pull say what came in" {
	hooked
	ok up
	theirs ${B}_theirs
	try git merge -q --ff-only origin/main
	exits 0
	err_is "1 migration of this branch is not in the database; run 'git migrate up'"
	git reset -q --hard HEAD^
	try git merge -q --squash origin/main
	err_is ''
	git reset -q --hard
	try git pull -q --no-rebase --no-ff --no-edit origin main
	err_is "1 migration of this branch is not in the database; run 'git migrate up'"
}

@test "a rebase is told of when it is over, and only then" {
	branched
	git switch -q --detach main 2>/dev/null
	git commit -q --allow-empty -m base
	git branch -q base
	git switch -q topic
	git commit -q --allow-empty -m more
	table_pair $C c
	commit 'Create c'
	try git rebase -q base
	exits 0
	err_is "1 migration of this branch is not in the database; run 'git migrate up'"
	GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' try git rebase -q -i HEAD~2
	err_lacks 'git migrate'
	git rebase --abort
}

@test "amending away a migration is told" {
	branched
	git rm -q --cached migrations/${B}_*
	rm migrations/${B}_*
	try git commit -q --no-verify --allow-empty --amend -m gone
	exits 0
	err_is "1 migration $MISSING"
}

@test "silent in bisect, for files, and where nothing was seen" {
	branched
	git commit -q --allow-empty -m more
	try git checkout -q main -- migrations
	err_is ''
	git reset -q --hard
	git bisect start -q HEAD main 2>/dev/null >/dev/null
	try git bisect bad
	err_is ''
	git bisect reset -q 2>/dev/null || git bisect reset 2>/dev/null
	git switch -q topic
	rm -r "$(in_common migrate/seen)"
	try git switch -q main
	err_is ''
	git switch -q topic
	ok status
	rm "${URL#sqlite:}"
	try git switch -q main
	err_is ''
}

@test "what is not committed yet is not missing" {
	branched
	table_pair $C c
	ok up
	try git switch -q main
	err_is "1 migration $MISSING"
}

@test "neither a broken database nor broken settings stop it" {
	branched
	echo 'this is no database' >"${URL#sqlite:}"
	try git switch -q main
	exits 0
	err_is "1 migration $MISSING"
	printf '[migrate]\n\tnonsense = x\n' >.gitmigrate
	try git switch -q topic
	exits 0
	err_is ''
	rm .gitmigrate
	setting migrate.target nonsense://x
	try git switch -q main
	exits 0
	err_is ''
	migrate hook post-checkout
	exits 0
}

@test "each work tree has a database of its own" {
	branched
	setting migrate-target.dev.url sqlite:own.db
	echo own.db >"$(in_git info/exclude)"
	ok up
	try git worktree add -q ../w main
	exits 0
	err_is ''
	cd ../w
	setting migrate-target.dev.url sqlite:own.db
	ok up
	try git switch -q --detach topic
	err_is "1 migration of this branch is not in the database; run 'git migrate up'"
}

@test "a chained hook's status is passed on" {
	local hooks
	hooked
	hooks=$(in_git hooks)
	git migrate hook uninstall post-checkout >/dev/null
	printf '#!/bin/sh\nexit 3\n' >"$hooks/post-checkout"
	chmod +x "$hooks/post-checkout"
	git migrate hook install --chain post-checkout >/dev/null
	try "$hooks/post-checkout" HEAD HEAD 1
	exits 3
}

@test "chained hooks get the same input" {
	local name hooks
	hooked
	hooks=$(in_git hooks)
	git migrate hook uninstall >/dev/null
	for name in pre-push post-rewrite; do
		# shellcheck disable=SC2016
		printf '#!/bin/sh\ncat >"$0.got"\n' >"$hooks/$name"
		chmod +x "$hooks/$name"
	done
	git migrate hook install --chain pre-push post-rewrite >/dev/null
	git config migrate.protectedBranch main
	table_pair $B b
	commit 'Create b'
	try git push -q origin HEAD:main
	exits 1
	err_has 'no valid proof'
	same lines "HEAD $(git rev-parse HEAD) refs/heads/main $(git rev-parse origin/main)" \
		"$(<"$hooks/pre-push.before-git-migrate.got")"
	before=$(git rev-parse HEAD)
	git commit -q --no-verify --amend -m other
	same lines "$before $(git rev-parse HEAD)" \
		"$(<"$hooks/post-rewrite.before-git-migrate.got")"
}

@test "a switch that takes the database along needs no report" {
	branched
	ok switch main
	err_lacks 'in the database'
	ok switch topic
	err_lacks 'in the database'
	try git switch -q main
	err_is "1 migration $MISSING"
	ok sync
	try git switch -q topic
	err_is "1 migration of this branch is not in the database; run 'git migrate up'"
}
