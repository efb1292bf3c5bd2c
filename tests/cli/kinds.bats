#!/usr/bin/env bats
# Each kind of repository that git knows, once: what reads commits, the index,
# refs and blobs. `make test-kinds` runs all tests of those in all kinds.

# The library of the tests reads REPOSITORY_KIND.
# shellcheck disable=SC2034
load ../lib/common
load ../lib/hooks

A=20260101000001
B=20260101000002
C=20260101000003

# begins KIND   hooked, in one.
begins() {
	REPOSITORY_KIND=$1
	hooked
}

# The index that the hooks read, the history, and the way there and back.
round() {
	same branch main "$(git symbolic-ref --short HEAD)"
	table_pair $B b
	git add "migrations/${B}_create_b.up.sql"
	committing
	exits 1
	err_has 'half a pair'
	git add -A
	committing
	exits 0
	echo '-- more' >>"migrations/${A}_create_a.up.sql"
	git rm -q "migrations/${B}_create_b.down.sql"
	committing -a
	exits 1
	err_has "migrations/${A}_create_a.up.sql: the script is not as 'origin/main' has it"
	err_has "migrations/${B}_create_b.up.sql: half a pair"
	git checkout -q HEAD -- migrations
	ok up
	ok status --json
	json_is '.migrations[] | .version + " " + .state + " " + .commit' \
		"$A applied $(git rev-parse HEAD~)
$B applied $(git rev-parse HEAD)"
	theirs ${C}_theirs
	git switch -q --no-track -c topic origin/main
	err_lacks error
	ok sync
	same tables $'a\ntheirs' "$(tables)"
	ok switch main
	same tables $'a\nb' "$(tables)"
	migrate check --range origin/main..HEAD
	exits 1
	err_has "git migrate renumber $B"
	ok renumber
	ok prove --all
	ok notes push
	git commit -q --amend --no-edit
	ok status
	same states '' "$(states | grep -v ' applied$')"
}

@test "SHA-256 names" {
	begins sha256
	round
	same length 64 "$(git rev-parse HEAD | tr -d '\n' | wc -c)"
}

@test "a sparse index, a folder of which is not there" {
	begins sparse
	git ls-files --sparse | grep -qx outside/
	round
	git ls-files --sparse | grep -qx outside/
	[[ ! -e outside ]]
}

@test "a split index" {
	begins split
	round
	[[ -n $(git rev-parse --shared-index-path) ]]
}

@test "a linked work tree with settings of its own" {
	begins linked
	[[ -f .git && -n $(git config --worktree migrate-target.dev.url) ]]
	round
}

@test "a submodule" {
	begins submodule
	[[ $(git rev-parse --show-superproject-working-tree) == "$BATS_TEST_TMPDIR" ]]
	round
}

@test "a bare repository with a work tree in the environment" {
	begins bare
	[[ ! -e .git && $(git config core.bare) == true && -n $GIT_WORK_TREE ]]
	round
}

@test "another user's repository" {
	begins owned
	GIT_CONFIG_GLOBAL=/dev/null try git status
	exits 128
	err_has 'dubious ownership'
	GIT_CONFIG_GLOBAL=/dev/null try git-migrate status
	exits 128
	err_has 'dubious ownership'
	round
}

@test "refs in tables, where git has them" {
	REPOSITORY_KIND=reftable
	fresh sqlite
	if [[ $(git rev-parse --show-ref-format 2>/dev/null) != reftable ]]; then
		# an older git refuses to open them, and says why
		git config core.repositoryFormatVersion 1
		git config extensions.refStorage reftable
		migrate status
		exits 128
		err_has refstorage
		return
	fi
	begins reftable
	round
}

# What upstream has, and no more of it than the clone brings.
brought() { # KIND
	REPOSITORY_KIND=$1
	fresh sqlite
	local url=$URL version
	for version in $A $B $C; do
		table_pair "$version" "t$version"
		commit "step $version"
	done
	upstream "$REPO.git"
	git push -q origin HEAD:main
	clone "$REPO.git" "$REPO.clone"
	cd "$REPO.clone"
	git config migrate.target dev
	git config migrate-target.dev.url "$url"
}

@test "a shallow clone" {
	begins shallow
	[[ $(git rev-parse --is-shallow-repository) == true ]]
	round
	brought shallow
	same commits 1 "$(git rev-list --count HEAD)"
	ok up
	ok status --json
	json_is '.migrations | map(.commit) | unique | join(" ")' \
		"$(git rev-parse HEAD)"
	migrate sync HEAD~
	exits 128
	err_has "no commit 'HEAD~'"
	git fetch -q --deepen 1
	ok sync HEAD~
	same tables $'t'$A$'\nt'$B "$(tables)"
}

missing_blobs() {
	git rev-list --objects --missing=print HEAD | grep -c '^?'
}

@test "a clone without blobs" {
	begins partial
	round
	brought partial
	git config core.hooksPath /dev/null
	git rm -q "migrations/${C}_"*
	git commit -q -m 'without the last'
	ok up
	same tables $'t'$A$'\nt'$B "$(tables)"
	cd .. && rm -rf "$REPO.clone"
	git clone -q --no-checkout --filter=blob:none "file://$REPO.git" "$REPO.clone"
	cd "$REPO.clone"
	URL=sqlite:$PWD/.git/dev.db
	git config migrate-target.dev.url "$URL"
	local before
	before=$(missing_blobs)
	[[ $before -ge 6 ]]
	ok sync HEAD~
	same tables $'t'$A$'\nt'$B "$(tables)"
	[[ $(missing_blobs) -lt $before ]] || explain 'nothing was fetched'
	mv "$REPO.git" "$REPO.away"
	migrate sync HEAD
	exits 128
	same tables $'t'$A$'\nt'$B "$(tables)"
	mv "$REPO.away" "$REPO.git"
	ok sync HEAD
	same tables $'t'$A$'\nt'$B$'\nt'$C "$(tables)"
}
