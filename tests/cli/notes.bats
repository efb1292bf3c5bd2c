#!/usr/bin/env bats
# git migrate notes, and init --share-notes

load ../lib/common

A=20260101000001
B=20260101000002

# One bare repository, and the clones ann and bob, each with a database of its
# own that has A and B.
people() {
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit
	git clone -q --bare "$(here)" "$REPO.git"
	local name
	for name in ann bob; do
		clone "$REPO.git" "../$name"
		cd "../$name"
		git config user.name "$name"
		git config migrate-target.dev.url "sqlite:$PWD/.git/dev.db"
		git config migrate.target dev
		ok up -q
	done
}

as() { # NAME
	cd "../$1"
}

comments_here() {
	git notes --ref=migrate show HEAD | grep -c '^<!-- git-migrate:v1 version='
}

@test "what two people post at once is there for both" {
	people
	as ann
	ok post $A
	as bob
	ok post $B
	as ann
	ok notes push
	out_is 'refs/notes/migrate: pushed'
	as bob
	ok notes push
	out_is 'refs/notes/migrate: 1 note merged, pushed'
	same 'comments of bob' 2 "$(comments_here)"
	as ann
	ok notes fetch
	out_is 'refs/notes/migrate: 1 note taken over'
	same 'comments of ann' 2 "$(comments_here)"
	same note "$(git notes --ref=migrate show HEAD)" \
		"$(git -C ../bob notes --ref=migrate show HEAD)"
	ok notes fetch
	out_is ''
	err_is 'refs/notes/migrate: nothing new'
	ok notes push
	out_is ''
}

@test "the newer of two versions of a comment stands" {
	people
	as ann
	ok comment $A --gotcha 'from ann'
	ok post $A
	ok notes push
	as bob
	ok notes fetch
	ok comment $A --gotcha 'from bob'
	ok post $A
	ok notes push
	as ann
	ok notes fetch
	[[ $(git notes --ref=migrate show HEAD) == *'from bob'* ]]
	same comments 1 "$(comments_here)"
}

@test "of what two people write into one comment at once nothing is lost" {
	people
	as ann
	ok prove $A
	ok comment $A -m 'words of ann' --gotcha 'from ann' --gotcha 'from both'
	ok post $A
	ok notes push
	as bob
	ok comment $A -m 'words of bob' --gotcha 'from bob' --gotcha 'from both'
	ok post $A
	ok notes push
	out_is "refs/notes/migrate: 1 note merged, pushed
joined the comment of ${A}_create_a on 'dev': both sides had written to it
refs/notes/migrate-proofs: 1 note taken over"
	same comments 1 "$(comments_here)"
	local note
	note=$(git notes --ref=migrate show HEAD)
	[[ $note == *'words of ann'* && $note == *'words of bob'* ]]
	same gotchas $'- from bob\n- from both\n- from ann' \
		"$(grep '^- from' <<<"$note")"
	[[ $note == *'- Rollback tested: YES'* ]]
	as ann
	ok notes fetch
	out_is 'refs/notes/migrate: 1 note taken over'
	same note "$note" "$(git notes --ref=migrate show HEAD)"
	ok notes push --json
	json_is '.refs[0].joined | length' 0
}

@test "proofs are one list of lines" {
	people
	as ann
	ok prove $A
	as bob
	ok prove $B
	ok prove $A
	ok notes push
	as ann
	ok notes push --json
	json_is '.refs[] | "\(.ref) \(.outcome) \(.pushed)"' \
		'refs/notes/migrate-proofs merged true'
	as bob
	ok notes fetch
	local blob
	blob=$(git rev-parse HEAD:migrations/${A}_create_a.up.sql)
	same lines 2 "$(git notes --ref=migrate-proofs show "$blob" | wc -l)"
	same sorted "$(git notes --ref=migrate-proofs show "$blob" | LC_ALL=C sort -u)" \
		"$(git notes --ref=migrate-proofs show "$blob")"
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid'
}

@test "a note that was taken away is gone, unless somebody has changed it" {
	people
	as ann
	ok post $A
	ok notes push
	as bob
	ok notes fetch
	git notes --ref=migrate remove HEAD 2>/dev/null
	ok notes push
	as ann
	ok prove $A
	ok notes push
	try git notes --ref=migrate show HEAD
	exits 1
}

@test "eight who push at once lose nothing" {
	people
	local n pids=()
	for n in {1..8}; do
		git clone -q "$REPO.git" "../p$n"
		git -C "../p$n" notes --ref=migrate add -m \
			"$(printf 'mind %d\n<!-- git-migrate:v1 version=202601010000%02d name=n target=dev -->' "$n" "$n")" HEAD
		git -C "../p$n" notes --ref=migrate-proofs add -m "{\"n\":$n}" HEAD
	done
	for n in {1..8}; do
		git -C "../p$n" migrate notes push -q >"$BATS_TEST_TMPDIR/$n" 2>&1 &
		pids+=($!)
	done
	for n in {1..8}; do
		wait "${pids[n - 1]}" || explain "push $n failed" "$(<"$BATS_TEST_TMPDIR/$n")"
	done
	as ann
	ok notes fetch
	same comments 8 "$(comments_here)"
	same lines 8 "$(git notes --ref=migrate-proofs show HEAD | wc -l)"
}

@test "four who push at once from one clone fail not" {
	people
	as ann
	local n round pids
	for round in {1..5}; do
		git notes --ref=migrate add -f -m "round $round" HEAD 2>/dev/null
		pids=()
		for n in {1..4}; do
			git migrate notes push -q >"$BATS_TEST_TMPDIR/$n" 2>&1 &
			pids+=($!)
		done
		for n in {1..4}; do
			wait "${pids[n - 1]}" ||
				explain "push $n failed" "$(<"$BATS_TEST_TMPDIR/$n")"
		done
	done
	same there 'round 5' \
		"$(git -C "$REPO.git" notes --ref=migrate show HEAD)"
}

@test "other people's notes stay theirs" {
	people
	as ann
	git notes --ref=commits add -m private HEAD
	git notes --ref=migrate add -m mine HEAD
	ok notes push
	same refs refs/notes/migrate \
		"$(git -C "$REPO.git" for-each-ref --format='%(refname)' refs/notes/)"
	as bob
	git notes --ref=migrate add -m 'written by hand' HEAD
	ok notes fetch
	same note $'written by hand\nmine' "$(git notes --ref=migrate show HEAD)"
}

@test "merges what was fetched otherwise" {
	people
	as ann
	ok post $A
	ok notes push
	as bob
	git fetch -q origin '+refs/notes/*:refs/notes/theirs/*'
	ok notes merge refs/notes/theirs/migrate
	out_is 'refs/notes/migrate: 1 note taken over'
	migrate notes merge refs/heads/main
	exits 128
	err_has "'refs/heads/main' is none of our notes"
	migrate notes merge refs/notes/nothing/migrate
	exits 128
	err_has "no ref 'refs/notes/nothing/migrate'"
}

@test "says what is wrong with the remote" {
	people
	as ann
	migrate notes push nowhere
	exits 128
	err_is "error: no remote 'nowhere'
hint: see the remotes: git remote -v"
	migrate notes merge nowhere
	exits 128
	err_is "error: no remote 'nowhere'
hint: see the remotes: git remote -v"
	ok notes merge
	err_is "no notes were fetched from 'origin'"
	migrate notes fetch -- --upload-pack=touch
	exits 128
	ok notes push
	err_is "there are no notes here, and none in 'origin'"
	git notes --ref=migrate add -m mine HEAD
	printf '#!/bin/sh\necho not today >&2\nexit 1\n' >"$REPO.git/hooks/pre-receive"
	chmod +x "$REPO.git/hooks/pre-receive"
	migrate notes push
	exits 128
	err_has 'unable to push the notes'
	err_has 'not today'
	# a word that git itself has for something else
	sed -i 's/not today/blocked by policy/' "$REPO.git/hooks/pre-receive"
	migrate notes push
	exits 128
	err_has 'blocked by policy'
	git remote remove origin
	migrate notes push
	exits 128
	err_has 'there is no remote'
	migrate notes
	exits 129
	migrate notes pull
	exits 129
}

@test "init --share-notes fetches them, and keeps local ones" {
	people
	as ann
	ok post $A
	ok notes push
	as bob
	ok post $B
	git checkout -q -- . && git clean -fdq
	ok init --no-target --no-hooks --share-notes
	out_has 'set remote.origin.fetch=+refs/notes/migrate*:refs/migrate/notes/origin/migrate*'
	out_has 'set notes.rewriteRef=refs/notes/migrate'
	out_has 'set notes.displayRef=refs/notes/migrate'
	ok init --no-target --no-hooks --share-notes
	out_is ''
	git fetch -q
	same 'comments before the merge' 1 "$(comments_here)"
	ok notes merge
	same comments 2 "$(comments_here)"
	git commit -q --amend --no-verify --allow-empty -m amended
	same 'comments of the amended commit' 2 "$(comments_here)"
	[[ $(git log -1) == *'git-migrate:v1'* ]]
}

@test "init --share-notes tells of a setting that loses notes" {
	people
	as bob
	git config --add remote.origin.fetch '+refs/notes/*:refs/notes/*'
	ok init --no-target --no-hooks --share-notes
	err_has "warning: every fetch from 'origin' writes over local notes: remote.origin.fetch is '+refs/notes/*:refs/notes/*'"
	err_has "hint: to keep them: git config --fixed-value --unset remote.origin.fetch '+refs/notes/*:refs/notes/*'"
	git config --fixed-value --unset remote.origin.fetch '+refs/notes/*:refs/notes/*'
	ok init --no-target --no-hooks --share-notes
	err_lacks 'writes over'
}

@test "init --share-notes without a remote says when to come again" {
	fresh sqlite
	ok init --no-target --no-hooks --share-notes
	err_has 'there is no remote yet to share notes with'
	same display refs/notes/migrate "$(git config notes.displayRef)"
}
