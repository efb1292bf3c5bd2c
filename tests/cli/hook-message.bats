#!/usr/bin/env bats
# git migrate hook prepare-commit-msg and commit-msg: trailers.

load ../lib/common
load ../lib/hooks

A=20260101000001
B=20260101000002

message() {
	git log -1 --format=%B
}

# trailers KEY   their values in HEAD.
trailers() {
	git log -1 --format="%(trailers:key=$1,valueonly)" | sed '/^$/d'
}

@test "a commit names its migrations, and no others" {
	hooked
	table_pair $B b
	git add -A
	committing
	exits 0
	same message "x

Migration: ${B}_create_b" "$(message)"
	echo x >other
	git add other
	committing
	same message x "$(message)"
}

@test "a proof is told of, once it is there" {
	hooked
	table_pair $B b
	git add -A
	committing
	same none '' "$(trailers Rollback-tested)"
	ok prove $B
	git commit -q --amend --no-edit
	same none '' "$(trailers Rollback-tested)" # nothing is brought
	git reset -q --soft HEAD^
	committing
	[[ $(trailers Rollback-tested) =~ ^${B}_create_b,\ sqlite\ 3,\ 2[0-9T:.Z-]+$ ]]
	line=$(trailers Rollback-tested)
	echo '-- changed' >>"migrations/${B}_create_b.down.sql"
	committing -a
	same stale '' "$(trailers Rollback-tested)"
	[[ -n $line ]]
}

@test "amending brings back what an amended message has lost" {
	hooked
	table_pair $B b
	git add -A
	committing
	ok prove $B
	git commit -q --amend -m y
	same lost '' "$(trailers Migration)"
	git commit -q --amend --no-edit
	same back ${B}_create_b "$(trailers Migration)"
	[[ $(trailers Rollback-tested) == "${B}_create_b, "* ]]
	git commit -q --amend --no-edit
	same once ${B}_create_b "$(trailers Migration)"
	git commit -q --allow-empty -m z
	git commit -q --amend --allow-empty --no-edit
	same none '' "$(trailers Migration)"
}

@test "a proof is not typed into being" {
	hooked
	table_pair $B b
	git add -A
	try git commit -q -m "x

Rollback-tested: ${B}_create_b, sqlite 3, 2026-01-01T00:00:00.000Z"
	exits 1
	err_has "error: the trailer 'Rollback-tested: ${B}_create_b, sqlite 3, 2026-01-01T00:00:00.000Z' has no valid proof behind it"
	err_has "hint: prove it: git migrate prove $B"
	try git commit -q -m 'x

rollback-tested: yes'
	exits 1
	err_has 'hint: take the line out'
	ok prove $B
	committing
	exits 0
	git commit -q --amend -m "y

Rollback-tested: $(trailers Rollback-tested)"
	same subject y "$(git log -1 --format=%s)"
}

@test "task and thread stand beside the migrations" {
	hooked
	git config migrate.task bd-12
	git config migrate.thread https://git.example/acme/shop/issues/42
	table_pair $B b
	git add -A
	committing
	same message "x

Migration: ${B}_create_b
Task: bd-12
Thread: https://git.example/acme/shop/issues/42" "$(message)"
	git switch -q -c topic
	git config branch.topic.task bd-13
	git rm -q migrations/${B}_*
	committing
	same none '' "$(trailers Task)"
	table_pair $B c
	git add -A
	committing
	same task bd-13 "$(trailers Task)"
}

@test "an empty message is still no message" {
	hooked
	table_pair $B b
	git add -A
	GIT_EDITOR=true try git commit
	exits 1
	err_has 'the commit has no message, only trailers'
	# shellcheck disable=SC2016
	GIT_EDITOR='sh -c '\''sed -i 1iSubject "$1"'\'' -' try git commit -v
	exits 0
	same message "Subject

Migration: ${B}_create_b" "$(message)"
}

@test "a subject may look like a trailer of ours" {
	hooked
	table_pair $B b
	git add -A
	try git commit -q -m 'Migration: create b'
	exits 0
	same message "Migration: create b

Migration: ${B}_create_b" "$(message)"
	try git commit -q --allow-empty -m 'Thread: end it'
	exits 0
}

@test "trailers that are there already are not written twice" {
	hooked
	table_pair $B b
	git add -A
	try git commit -q -m "x

Migration: ${B}_create_b
Signed-off-by: A <a@example.com>"
	exits 0
	same once "${B}_create_b" "$(trailers Migration)"
	git commit -q --amend -s -m "$(message)"
	same once "${B}_create_b" "$(trailers Migration)"
}

@test "an import of many, and a merge, name none" {
	local n
	hooked
	git switch -q -c topic
	for n in $(seq 10 40); do
		table_pair "202601020000$n" "t$n"
	done
	git add -A
	committing
	same message x "$(message)"
	git switch -q main
	git merge -q --no-ff topic -m merged
	same message merged "$(message)"
}

@test "a branch and a folder with odd names harm nothing" {
	hooked
	# shellcheck disable=SC2016
	git switch -q -c 'odd"$(touch${IFS}pwned);`x`'"'"
	# shellcheck disable=SC2016
	git config migrate.dir 'm $(touch pwned) "x"'
	# shellcheck disable=SC2016
	in_cone 'm $(touch pwned) "x"'
	# shellcheck disable=SC2016
	mkdir 'm $(touch pwned) "x"'
	# shellcheck disable=SC2016
	cp migrations/* 'm $(touch pwned) "x"'
	git config migrate.task $'bd-1\nSigned-off-by: Evil'
	git add -A
	committing
	exits 0
	same message "x

Migration: ${A}_create_a" "$(message)"
	[[ ! -e pwned ]]
}

@test "what cannot be added keeps nobody from committing" {
	hooked
	echo '[migrate' >.gitmigrate
	table_pair $B b
	git add -A
	committing --no-verify
	exits 0
	err_has 'hint: the commit goes on without its trailers'
	same message x "$(message)"
}
