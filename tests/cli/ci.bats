#!/usr/bin/env bats
# The files for GitHub Actions, GitLab CI and pre-commit: what they run is run.

load ../lib/common
load ../lib/hooks

# shellcheck disable=SC2034 # hooked() reads it
A=20260101000001
B=20260101000002
CI=$MIGRATE_TOP/templates/ci

# last_script FILE   the last block of lines of a YAML file.
last_script() {
	awk '
		/[|]$/ { text = ""; match($0, /^ */); inside = 1; next }
		inside { text = text $0 "\n" }
		END { printf "%s", text }' "$1"
}

# checked_out   topic as CI has it: a clone without branches of its own.
checked_out() {
	git push -q --no-verify origin HEAD:topic
	git clone -q "file://$REPO.git" "$REPO.ci"
	cd "$REPO.ci" || return
	git checkout -q --detach origin/topic
}

github() { # BASE_BRANCH BEFORE
	BASE_BRANCH=$1 BEFORE=$2 try bash -e -c \
		"$(last_script "$CI/github-actions.yml")"
}

gitlab() { # TARGET BEFORE
	CI_MERGE_REQUEST_TARGET_BRANCH_NAME=$1 CI_COMMIT_BEFORE_SHA=$2 \
		try sh -e -c "$(last_script "$CI/gitlab-ci.yml")"
}

half() {
	table_pair $B b
	rm "migrations/${B}_create_b.down.sql"
	commit 'Half'
}

each() { # FUNCTION...
	local system
	for system in github gitlab; do
		echo "# $system"
		cd "$BATS_TEST_TMPDIR" || return
		"$@" "$system"
		cd "$BATS_TEST_TMPDIR" || return
		rm -rf "$REPO" "$REPO.git" "$REPO.ci"
	done
}

refuses() {
	hooked
	half
	checked_out
	"$1" main ''
	exits 1
	err_has 'half a pair'
	"$1" '' "$(git rev-parse HEAD^)"
	exits 1
	err_has 'half a pair'
	"$1" '' 0000000000000000000000000000000000000000
	exits 0
	out_is 'a new branch: nothing to compare it with'
}

@test "a broken pair fails the job" {
	each refuses
}

passes() {
	hooked
	table_pair $B b
	commit 'Whole'
	checked_out
	"$1" main ''
	exits 0
}

@test "a whole one passes" {
	each passes
}

wants_proof() {
	hooked
	git config -f .gitmigrate migrate.protectedBranch main
	table_pair $B b
	commit 'Whole'
	checked_out
	"$1" main ''
	exits 1
	err_has 'no valid proof'
	cd "$REPO" || return
	ok prove $B
	git push -q origin refs/notes/migrate-proofs
	cd "$REPO.ci" || return
	"$1" main ''
	exits 0
}

@test "proofs are fetched where they are asked for" {
	each wants_proof
}

odd_name() {
	local name
	# shellcheck disable=SC2016
	name='odd"$(touch${IFS}pwned);`touch${IFS}pwned`'
	hooked
	git push -q --no-verify origin "HEAD:refs/heads/$name"
	half
	checked_out
	"$1" "$name" ''
	exits 1
	err_has 'half a pair'
	[[ ! -e pwned ]]
}

@test "the name of a branch is data" {
	each odd_name
}

@test "no expression of GitHub stands in a script" {
	local scripts
	# shellcheck disable=SC2016
	scripts=$(awk '/run: [|]/ { inside = 1; next }
		/^      - / { inside = 0 } inside' "$CI/github-actions.yml")
	[[ -n $scripts && $scripts != *'${{'* ]]
}

@test "what pre-commit is told to run are hooks that there are" {
	local entry name stages known count=0
	known=$(git-migrate hook list --json 2>/dev/null ||
		(fresh sqlite && git-migrate hook list --json))
	known=$(jq -r '.hooks[].name' <<<"$known")
	while read -r entry name; do
		[[ $entry == 'entry:' ]] || continue
		name=${name#git migrate hook }
		count=$((count + 1))
		grep -qx "$name" <<<"$known" || explain "unknown: $name"
		stages=$(grep -A8 "entry: git migrate hook $name\$" \
			"$MIGRATE_TOP/.pre-commit-hooks.yaml" |
			grep -m1 stages:)
		[[ $stages == *"$name"* ]] || explain "stage of $name: $stages"
	done < <(sed 's/^ *//' "$MIGRATE_TOP/.pre-commit-hooks.yaml")
	[[ $count -eq 7 ]]
}
