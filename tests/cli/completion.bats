#!/usr/bin/env bats
load ../lib/common

GIT_COMPLETION=/usr/share/bash-completion/completions/git

# complete WORD...   what would be offered for the last word, sorted, in $out.
# A shell of its own, as git's completion is not written for `set -e`.
complete_line() {
	try bash -c '
		. "$1"
		. "$2"
		shift 2
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		COMPREPLY=()
		case $1 in
		git) __git_wrap__git_main ;;
		*) __git_wrap_git_migrate ;;
		esac
		printf "%s\n" "${COMPREPLY[@]}" | sed "s/ *\$//" | sort
	' bash "$GIT_COMPLETION" "$MIGRATE_TOP/completion/git-migrate.bash" "$@"
	exits 0
}

setup() {
	[[ -f $GIT_COMPLETION ]] || skip "git's bash completion is not installed"
	fresh sqlite
	table_pair 20240101000000 a
	table_pair 20240102000000 b
	commit
}

@test "completes the subcommands" {
	complete_line git migrate ''
	out_is "$(git migrate --list-commands | sort)"
	complete_line git migrate red
	out_is redo
}

@test "completes the options that the program itself lists" {
	complete_line git migrate status --exit
	out_is --exit-code
	complete_line git migrate up --rel
	out_is --release=
}

@test "completes versions from the migrations folder" {
	complete_line git migrate up --to ''
	out_is $'20240101000000\n20240102000000'
	complete_line git migrate derive 20240102
	out_is 20240102000000
	complete_line git migrate new --to 20240102
	out_is ''
	complete_line git migrate prove 20240102
	out_is 20240102000000
	complete_line git migrate log --html ''
	out_is ''
}

@test "completes the hooks and what is done with them" {
	complete_line git migrate hook in
	out_is install
	complete_line git migrate hook install pre-
	out_is "$(git migrate hook list --json |
		jq -r '.hooks[].name | select(startswith("pre-"))' | sort)"
}

@test "completes both ends of a range" {
	git branch topic
	complete_line git migrate prove --range mai
	out_is main..
	complete_line git migrate prove --range main..to
	out_is main..topic
}

@test "completes versions when the folder is named by .gitmigrate" {
	git config -f .gitmigrate migrate.dir db/steps
	mkdir db
	git mv migrations db/steps
	complete_line git migrate up --to 20240101
	out_is 20240101000000
}

@test "completes targets of the configuration and of .gitmigrate" {
	git config -f .gitmigrate migrate-target.production.url \
		postgresql://app@db.internal/shop
	complete_line git migrate status --target ''
	out_is $'dev\nproduction'
	complete_line git migrate status --target=prod
	out_is production
}

@test "completes templates" {
	complete_line git migrate new --template add-co
	out_is add-column
	complete_line git migrate new -T drop-
	out_is $'drop-column\ndrop-index\ndrop-table'
}

@test "completes commits after --at" {
	git branch feature
	complete_line git migrate status --at fea
	out_is feature
}

@test "completes what sync and switch go to" {
	git branch feature
	git tag feat
	complete_line git migrate sync fea
	out_is $'feat\nfeature'
	complete_line git migrate switch fea
	out_is feature
}

@test "completes what to do with notes, and remotes" {
	git remote add upstream ../other
	complete_line git migrate notes ''
	out_is $'fetch\nmerge\npush'
	complete_line git migrate notes push up
	out_is upstream
}

@test "completes git-migrate typed with its dash" {
	complete_line git-migrate sta
	out_is status
	complete_line git-migrate status --exit
	out_is --exit-code
}

@test "offers nothing outside a repository and says nothing" {
	cd "$BATS_TEST_TMPDIR"
	complete_line git migrate up --to ''
	out_is ''
	err_is ''
}
