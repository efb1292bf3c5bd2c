#!/usr/bin/env bats
# git migrate check --range: the same in continuous integration.

load ../lib/common
load ../lib/hooks

A=20260101000001
B=20260101000002
C=20260101000003
RANGE=(check --range origin/main..HEAD)

@test "what the branch brings is checked, what was there is not" {
	hooked
	table_pair $B b
	rm "migrations/${B}_create_b.down.sql"
	commit 'Half'
	migrate "${RANGE[@]}"
	exits 1
	err_has "error: migrations/${B}_create_b.up.sql: half a pair"
	err_has "origin/main..HEAD has 1 problem in 'migrations'"
	share
	table_pair $C c
	commit 'Whole'
	ok "${RANGE[@]}"
	err_is ''
	migrate check --range origin/main.. --json
	exits 0
	json_is '.findings | length' 0
}

@test "texts, duplicates, changes and deletions" {
	hooked
	theirs ${B}_theirs
	pair ${B}_mine $'-- migrate: edit "choose"\nSELECT 1;' 'SELECT 1;'
	pair ${C}_x 'SELECT 1;' ''
	echo '-- more' >>"migrations/${A}_create_a.up.sql"
	commit 'Bad'
	migrate "${RANGE[@]}" --json
	exits 1
	json_is '[.findings[] | .severity + " " + .rule] | sort | join(", ")' \
		'error changed, error text, error text, error version-taken'
	json_is '.findings[] | select(.rule == "changed") | .path' \
		"migrations/${A}_create_a.up.sql"
	json_is '.base' "$(git merge-base origin/main HEAD)"
	migrate "${RANGE[@]}"
	err_has "duplicate version $B: 'mine' here, and 'create_theirs' in 'origin/main'"
	git rm -q "migrations/${A}_create_a."*
	commit 'Delete'
	migrate "${RANGE[@]}"
	err_has "migration '${A}_create_a' goes, and 'origin/main' has it"
}

@test "an older stamp than the base's newest is refused here" {
	hooked
	theirs ${C}_theirs
	table_pair $B mine
	commit 'Mine'
	migrate "${RANGE[@]}"
	exits 1
	err_has "error: migrations/${B}_create_mine.up.sql: migration '${B}_create_mine' is older than $C, which 'origin/main' has"
	err_has "git migrate renumber $B"
	git merge -q --no-verify -m merged origin/main
	migrate "${RANGE[@]}"
	exits 1
}

@test "proofs are asked for on a protected branch, or on request" {
	hooked
	table_pair $B b
	commit 'Whole'
	ok "${RANGE[@]}"
	migrate "${RANGE[@]}" --require-proof
	exits 1
	err_has 'no valid proof'
	git config migrate.protectedBranch main
	migrate "${RANGE[@]}"
	exits 1
	git config migrate.requireProof false
	ok "${RANGE[@]}"
	ok prove $B
	ok "${RANGE[@]}" --require-proof
}

@test "a shallow clone answers, or says what it needs" {
	hooked
	git commit -q --allow-empty -m x
	table_pair $B b
	rm "migrations/${B}_create_b.down.sql"
	commit 'Half'
	git push -q --no-verify origin HEAD:topic
	theirs ${C}_theirs
	git clone -q --depth 1 --branch topic "file://$REPO.git" "$REPO.ci"
	cd "$REPO.ci"
	migrate "${RANGE[@]}"
	exits 128
	err_has 'this clone is shallow; fetch what is missing: git fetch'
	migrate check --range HEAD~1..HEAD
	exits 128
	err_has "hint: this clone is shallow; fetch the rest: git fetch --unshallow"
	err_lacks 'origin HEAD'
	git fetch -q --depth 1 origin main:refs/remotes/origin/main
	migrate "${RANGE[@]}"
	exits 128
	err_has "the history that is here does not reach back to where 'origin/main..HEAD' begins"
	err_has 'fetch-depth: 0'
	git fetch -q --deepen 3 origin main topic
	migrate "${RANGE[@]}"
	exits 1
	err_has 'half a pair'
}

@test "a clone without blobs fetches those that it reads" {
	hooked
	table_pair $B b
	pair ${C}_x $'-- migrate: edit "choose"\nSELECT 1;' 'SELECT 1;'
	commit 'Edit'
	git push -q --no-verify origin HEAD:topic
	git -C "$REPO.git" config uploadpack.allowFilter true
	git clone -q --no-checkout --filter=blob:none "file://$REPO.git" "$REPO.ci"
	cd "$REPO.ci"
	migrate check --range origin/main..origin/topic
	exits 1
	err_has choose
}

@test "malformed names and links of the range are findings" {
	hooked
	echo 'SELECT 1;' >migrations/1.up.sql
	ln -s x "migrations/${B}_x.up.sql"
	commit 'Odd'
	migrate "${RANGE[@]}"
	exits 1
	err_has "malformed script name '1.up.sql'"
	err_has 'a script must be a file, and this is a symbolic link'
	share
	git commit -q --allow-empty --no-verify -m x
	ok "${RANGE[@]}"
}

@test "--staged does what the pre-commit hook does" {
	hooked
	table_pair $B b
	git add "migrations/${B}_create_b.up.sql"
	migrate check --staged
	exits 1
	err_has 'half a pair'
	git add -A
	ok check --staged
}

@test "one of both is wanted, and a range is a range" {
	hooked
	migrate check
	exits 129
	migrate check --staged --range a..b
	exits 129
	migrate check --range HEAD
	exits 128
	err_has "'HEAD' is not a range"
	migrate check --range nonsense..HEAD
	exits 128
	err_has "no commit 'nonsense'"
}

# A bare repository knows no work tree.
@test "in a bare repository" {
	hooked
	table_pair $B b
	rm "migrations/${B}_create_b.down.sql"
	commit 'Half'
	git push -q --no-verify origin HEAD:topic
	cd "$REPO.git"
	migrate check --range main..topic
	exits 1
	err_has 'half a pair'
}

@test "a folder that is renamed in the range is no loss" {
	hooked
	[[ $(git config core.sparseCheckout) != true ]] ||
		git sparse-checkout add db
	git mv migrations db
	git config -f .gitmigrate migrate.dir db
	commit 'Rename the folder'
	ok "${RANGE[@]}"
	table_pair $B b
	mv migrations/* db
	rm "db/${B}_create_b.down.sql"
	commit 'Half'
	migrate "${RANGE[@]}"
	exits 1
	err_has "error: db/${B}_create_b.up.sql: half a pair"
}
