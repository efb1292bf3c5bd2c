#!/usr/bin/env bats
# git migrate hook pre-push and pre-receive: what enters a protected branch.

load ../lib/common
load ../lib/hooks

# shellcheck disable=SC2034 # hooked() reads it
A=20260101000001
B=20260101000002
C=20260101000003

pushing() {
	try git push -q "$@"
}

# guarded   hooked, with main protected, here and on the server.
guarded() {
	hooked
	git config migrate.protectedBranch 'main release/*'
	git -C "$REPO.git" symbolic-ref HEAD refs/heads/main
	git -C "$REPO.git" config migrate.protectedBranch 'main release/*'
}

# served   the server has the hook, and ours is out of the way.
served() {
	(cd "$REPO.git" && git migrate hook install >/dev/null)
	git migrate hook uninstall pre-push >/dev/null
}

bring() { # VERSION NAME
	table_pair "$@"
	git add -A
	git commit -q --no-verify -m "$2"
}

@test "a new pair needs a proof to enter a protected branch" {
	guarded
	bring $B b
	pushing
	exits 1
	err_has "error: migrations/${B}_create_b.up.sql: migration '${B}_create_b' has no valid proof: its rollback was never proven"
	err_has "hint: prove it: git migrate prove $B"
	err_lacks 'git migrate notes push'
	err_has "the push to 'main' is refused: 1 problem in 'migrations'"
	pushing origin HEAD:topic
	exits 0
	pushing origin HEAD:release/1
	exits 1
	ok prove $B
	pushing
	exits 0
	err_is ''
	echo '-- changed' >>"migrations/${B}_create_b.down.sql"
	git commit -q --no-verify -a -m changed
	pushing
	exits 1
	err_has "the script is not as 'main' has it"
	err_has 'its proof is stale: down script changed'
}

@test "a changed script is put back with what was pushed from" {
	guarded
	git config migrate.requireProof false
	git remote rename --no-progress origin up
	echo '-- changed' >>"migrations/${A}_create_a.up.sql"
	git commit -q --no-verify -a -m changed
	pushing up HEAD:main
	exits 1
	err_has "hint: put it back: git checkout 'up/main' -- 'migrations/${A}_create_a.up.sql'"
	pushing "$REPO.git" HEAD:main
	exits 1
	err_has "hint: put it back: git checkout '$(git rev-parse --short=10 up/main)' -- '"
	served
	pushing up HEAD:main
	exits 1
	err_has "hint: put it back: git checkout 'origin/main' -- '"
}

@test "a protected branch is not deleted" {
	guarded
	git -C "$REPO.git" symbolic-ref HEAD refs/heads/other
	git push -q origin HEAD:refs/heads/release/1 HEAD:refs/heads/topic
	pushing origin :release/1
	exits 1
	err_has "error: the push deletes the protected branch 'release/1'
hint: if it is to go, take it out of migrate.protectedBranch first"
	pushing origin :topic
	exits 0
	served
	git -C "$REPO.git" config receive.denyDeletes false
	pushing origin :release/1
	exits 1
	err_has "remote: error: the push deletes the protected branch 'release/1'"
	git -C "$REPO.git" config migrate.protectedBranch main
	pushing origin :release/1
	exits 0
}

# fed HOOK LINE   the hook, given that line.
fed() {
	# shellcheck disable=SC2016 # the inner shell's
	try sh -c 'printf "%s\n" "$2" | git migrate hook "$1"' sh "$@"
}

@test "lines that git does not write are refused" {
	local id hook
	guarded
	id=$(git rev-parse HEAD)
	for hook in pre-push pre-receive; do
		fed $hook garbage
		exits 128
		err_is "error: unable to read what is pushed: odd line 'garbage'
hint: git gives the lines of githooks(5), $hook"
		fed $hook "a b c d"
		exits 128
		fed $hook ''
		exits 0
	done
	fed pre-push "HEAD $id refs/heads/topic $id"
	exits 0
	fed pre-receive "$id $id refs/heads/topic"
	exits 0
	bring $B b
	pushing origin 'HEAD@{1 second ago}:refs/heads/topic'
	exits 0
	pushing origin ':/^b:refs/heads/main'
	exits 1
	err_has 'no valid proof'
}

@test "without requireProof pairs and history are checked all the same" {
	guarded
	git config migrate.requireProof false
	bring $B b
	pushing
	exits 0
	git rm -q "migrations/${B}_create_b.down.sql"
	git commit -q --no-verify -m half
	pushing
	exits 1
	err_has 'half a pair'
	git rm -q "migrations/${B}_create_b.up.sql"
	git commit -q --no-verify -m none
	pushing
	exits 1
	err_has "migration '${B}_create_b' goes, and 'main' has it"
	pushing --force origin HEAD~2:refs/heads/main
	exits 0
	pushing --force origin HEAD~3:refs/heads/main
	exits 1
	err_has "migration '${B}_create_b' goes, and 'main' has it"
	git -C "$REPO.git" symbolic-ref HEAD refs/heads/other
	# what a shallow clone stands on has to stay there
	git -C "$REPO.git" branch kept main
	git push -q --no-verify origin :main
	git config --unset migrate.protectedBranch
	pushing origin HEAD:main
	exits 0
}

@test "proofs are pushed first, and nobody's are lost" {
	guarded
	bring $B b
	ok prove $B
	pushing
	exits 0
	same proofs "$(git rev-parse refs/notes/migrate-proofs)" \
		"$(git -C "$REPO.git" rev-parse refs/notes/migrate-proofs)"
	git clone -q "$REPO.git" "$REPO.second"
	cd "$REPO.second"
	git migrate hook install >/dev/null
	git config migrate.protectedBranch main
	bring $C c
	ok prove $C
	pushing
	exits 0
	# both made the ref without knowing of the other
	up=$(git rev-parse "HEAD:migrations/${B}_create_b.up.sql")
	git -C "$REPO.git" notes --ref=migrate-proofs show "$up" >/dev/null
	up=$(git rev-parse "HEAD:migrations/${C}_create_c.up.sql")
	git -C "$REPO.git" notes --ref=migrate-proofs show "$up" >/dev/null
	GIT_TRACE=1 pushing origin HEAD:again
	err_lacks 'push --quiet --no-verify'
}

@test "proofs that cannot be sent keep no commit back" {
	guarded
	bring $B b
	ok prove $B
	mkdir -p "$REPO.git/hooks"
	printf '#!/bin/sh\ntest "$1" != refs/notes/migrate-proofs\n' \
		>"$REPO.git/hooks/update"
	chmod +x "$REPO.git/hooks/update"
	pushing
	exits 0
	err_has 'warning: the proofs are not sent'
	err_has 'git migrate notes push'
}

@test "a server that speaks of what it has blocked is no race" {
	guarded
	bring $B b
	ok prove $B
	mkdir -p "$REPO.git/hooks"
	printf '#!/bin/sh\ntest "$1" != refs/notes/migrate-proofs || { echo blocked by policy; exit 1; }\n' \
		>"$REPO.git/hooks/update"
	chmod +x "$REPO.git/hooks/update"
	pushing
	exits 0
	err_has 'warning: the proofs are not sent'
	err_has 'blocked by policy'
	err_lacks 'changed by others'
}

@test "the server refuses by itself, from the quarantine and without a database" {
	guarded
	served
	bring $B b
	pushing
	exits 1
	err_has "remote: error: migrations/${B}_create_b.up.sql: migration '${B}_create_b' has no valid proof"
	pushing origin HEAD:topic
	exits 0
	ok prove $B
	pushing
	exits 1
	err_has "remote: hint: a proof that was made already has to be sent: git migrate notes push"
	ok notes push
	pushing
	exits 0
	bring $C c
	git rm -q "migrations/${C}_create_c.down.sql"
	git commit -q --no-verify -m half
	pushing origin HEAD:refs/heads/release/2
	exits 1
	err_has "migrations/${C}_create_c.up.sql: half a pair"
	[[ -z $(git -C "$REPO.git" for-each-ref refs/heads/release/) ]]
}

@test "proofs that come with the same push count" {
	guarded
	served
	bring $B b
	ok prove $B
	pushing origin HEAD:main refs/notes/migrate-proofs
	exits 0
}

@test "the server is told by .gitmigrate of its HEAD what is protected" {
	guarded
	served
	git -C "$REPO.git" config --unset migrate.protectedBranch
	git config -f .gitmigrate migrate.protectedBranch main
	git add .gitmigrate
	git commit -q -m 'Protect main'
	pushing
	exits 0
	# what the push itself says does not count
	git rm -q .gitmigrate
	bring $B b
	pushing
	exits 1
	err_has 'no valid proof'
}

@test "a new protected branch answers for what no protected one has" {
	guarded
	git config migrate.requireProof false
	table_pair $B b
	rm "migrations/${B}_create_b.down.sql"
	commit 'Half'
	git push -q --no-verify origin HEAD:main
	pushing origin HEAD:refs/heads/release/1 # it is in main already
	exits 0
	table_pair $C c
	rm "migrations/${C}_create_c.down.sql"
	commit 'Half of another'
	pushing origin HEAD:topic # a detour
	exits 0
	pushing origin HEAD:refs/heads/release/2
	exits 1
	err_has "${C}_create_c"
	err_lacks "${B}_create_b"
}

@test "pre-commit's program says in its environment what is pushed" {
	guarded
	bring $B b
	PRE_COMMIT_FROM_REF=$(git rev-parse origin/main) \
		PRE_COMMIT_TO_REF=$(git rev-parse HEAD) \
		PRE_COMMIT_REMOTE_BRANCH=refs/heads/main \
		migrate hook pre-push origin url
	exits 1
	err_has 'no valid proof'
}

@test "an irreversible migration is proven to be one" {
	guarded
	pair ${B}_drop_a 'DROP TABLE a;' '-- migrate: irreversible "gone"'
	git add -A
	git commit -q --no-verify -m drop
	pushing
	exits 1
	ok prove $B
	pushing
	exits 0
}
