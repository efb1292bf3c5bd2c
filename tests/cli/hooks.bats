#!/usr/bin/env bats
# git migrate hook install, uninstall and list: what is there already survives.

# The variables of common.bash are this file's.
# shellcheck disable=SC2154
load ../lib/common

A=20260101000001

start() {
	REPO=$BATS_TEST_TMPDIR/r
	repository "$REPO" || return
	HOOKS=$(in_git hooks) CONFIG=$(in_git config)
	mkdir -p "$HOOKS"
}

# every FOLDER   all files below with their modes, times and texts.
every() {
	(cd "$1" && find . -type f -printf '%p %m %T@ ' -exec sha256sum {} \; \
		-o -type l -printf '%p -> %l\n' | sort)
}

# hook NAME TEXT...   a hook of one's own.
hook() {
	printf '%s\n' "${@:2}" >"$HOOKS/$1"
	chmod +x "$HOOKS/$1"
}

# broken   stages half a pair.
broken() {
	table_pair $A a
	git add migrations
	git rm -q -f --cached "migrations/${A}_create_a.down.sql"
}

committing() {
	try git commit -q -m x
}

# direct ...   the program without git before it, whose PATH is another.
direct() {
	try git-migrate "$@"
}

# An installed git that says it is newer.
newer_git() { # VERSION
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/git" <<-END
		#!/bin/sh
		test "\$1" = version && echo "git version $1" && exit
		exec $(type -P git) "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/git"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "installs, lists and takes away, and leaves no trace" {
	start
	hook mine 'echo mine'
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	ok hook install
	out_has "installed $HOOKS/pre-commit"
	out_has "installed $HOOKS/pre-merge-commit"
	ok hook install
	out_is ''
	err_is 'nothing to change: the hooks are installed'
	ok hook list --json
	json_is '.hooks[] | select(.name == "pre-commit").state' installed
	ok hook list
	out_has 'pre-merge-commit'
	broken
	committing
	exits 1
	err_has 'half a pair'
	ok hook uninstall
	out_has "removed $HOOKS/pre-commit"
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
	ok hook uninstall
	err_is 'nothing to change: no hook of ours is installed'
}

@test "a hook of one's own is left alone, and the line is printed" {
	start
	hook pre-commit '#!/bin/sh' 'exit 0'
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	migrate hook install pre-commit
	exits 1
	err_is "warning: there is a pre-commit hook already, it is left alone: '$HOOKS/pre-commit'
hint: add this line to it: git migrate hook pre-commit || exit 1"
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
	sed -i '1a git migrate hook pre-commit || exit 1' "$HOOKS/pre-commit"
	ok hook install pre-commit
	broken
	committing
	exits 1
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	migrate hook uninstall
	exits 1
	err_has 'calls git-migrate and is not ours, it is left alone'
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
}

@test "--chain runs the one that was there, and uninstall puts it back" {
	start
	hook pre-commit '#!/bin/sh' 'echo mine >&2' 'test ! -e no'
	ln -s "$(command -v true)" "$HOOKS/pre-merge-commit"
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	ok hook install --chain pre-commit pre-merge-commit
	out_is "installed $HOOKS/pre-commit, which runs the one that was there
installed $HOOKS/pre-merge-commit, which runs the one that was there"
	broken
	committing
	exits 1
	err_has mine
	err_has 'half a pair'
	touch no
	committing
	exits 1
	err_is mine
	rm no
	git add migrations
	committing
	exits 0
	ok hook uninstall
	out_is "restored $HOOKS/pre-commit
restored $HOOKS/pre-merge-commit"
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
}

@test "what waits aside already is not written over" {
	start
	hook pre-commit '#!/bin/sh'
	echo precious >"$HOOKS/pre-commit.before-git-migrate"
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	migrate hook install --chain pre-commit
	exits 128
	err_has "'$HOOKS/pre-commit.before-git-migrate' is there already"
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
}

@test "a hook of ours that was changed is not taken away" {
	start
	ok hook install
	echo 'echo more' >>"$HOOKS/pre-commit"
	migrate hook uninstall
	exits 1
	err_has 'the pre-commit hook has been changed since we wrote it'
	[[ -e "$HOOKS/pre-commit" && ! -e "$HOOKS/pre-merge-commit" ]]
}

@test "the hook of an earlier version is replaced" {
	start
	cat >"$HOOKS/pre-commit" <<'END'
#!/bin/sh
# git-migrate hook: checks the migrations that are about to be committed.
# 'git migrate init' wrote this; delete the file to be rid of it.
if ! command -v git-migrate >/dev/null 2>&1; then
	echo "error: this repository checks its migrations with git-migrate," \
		"which is not in PATH" >&2
	echo "hint: install git-migrate, or delete the hook '$0'" >&2
	exit 1
fi
exec git migrate hook pre-commit "$@"
END
	ok hook list --json
	json_is '.hooks[0].state' old
	ok hook install pre-commit
	out_is "installed $HOOKS/pre-commit"
	ok hook list --json
	json_is '.hooks[0].state' installed
}

@test "core.hooksPath and linked work trees" {
	start
	git config core.hooksPath .githooks
	ok hook install
	out_has 'installed .githooks/pre-commit'
	ok hook uninstall
	[[ ! -e .githooks/pre-commit ]]
	git config --unset core.hooksPath
	commit_empty() { git commit -q --allow-empty -m x; }
	commit_empty
	git worktree add -q ../w
	common=$(git rev-parse --path-format=absolute --git-common-dir)
	cd ../w
	ok hook install
	[[ -x $common/hooks/pre-commit ]]
	broken
	committing
	exits 1
	err_has 'half a pair'
	ok hook uninstall
	[[ ! -e $common/hooks/pre-commit ]]
}

@test "a hook that git passes over is not installed" {
	start
	ok hook install
	chmod -x "$HOOKS/pre-commit"
	ok hook list --json
	json_is '.hooks[] | select(.name == "pre-commit") | .state' 'not executable'
	ok hook install pre-commit
	out_is "installed $HOOKS/pre-commit"
	[[ -x "$HOOKS/pre-commit" ]]
	ok hook list --json
	json_is '.hooks[] | select(.name == "pre-commit") | .state' installed
}

# state_with LINE...   what the state of a person's own pre-commit is.
state_with() {
	printf '%s\n' '#!/bin/sh' "$@" >"$HOOKS/pre-commit"
	chmod +x "$HOOKS/pre-commit"
	ok hook list --json
	json '.hooks[] | select(.name == "pre-commit") | .state'
}

@test "our line counts only where it is reached" {
	local line='git migrate hook pre-commit || exit'
	start
	ok hook install
	same plain 'calls us' "$(state_with "$line" 'exit 0')"
	same behind foreign "$(state_with 'exit 0' "$line")"
	same alone foreign "$(state_with 'exit' "$line")"
	same replaced foreign "$(state_with 'exec lint' "$line")"
	same branch 'calls us' "$(state_with 'if lint; then' '	exit 0' 'fi' "$line")"
	same output 'calls us' "$(state_with 'exec 2>&1' "$line")"
	chmod -x "$HOOKS/pre-commit"
	ok hook list --json
	json_is '.hooks[] | select(.name == "pre-commit") | .state' foreign
}

@test "a folder that all repositories share is not written to" {
	start
	mkdir "$BATS_TEST_TMPDIR/all"
	git config core.hooksPath "$BATS_TEST_TMPDIR/all"
	migrate hook install pre-commit
	exits 1
	err_has 'the hooks are in a folder that other repositories use, too'
	err_has 'git migrate hook pre-commit || exit 1'
	[[ -z $(ls "$BATS_TEST_TMPDIR/all") ]]
}

@test "husky: the line for its file is printed, its folder untouched" {
	start
	git config core.hooksPath .husky/_
	mkdir -p .husky/_
	echo '*' >.husky/_/.gitignore
	# shellcheck disable=SC2016
	printf '%s\n' '#!/usr/bin/env sh' \
		'sh -e "$(dirname "$(dirname "$0")")/${0##*/}" "$@"' \
		>.husky/_/pre-commit
	chmod +x .husky/_/pre-commit
	echo 'echo mine >&2' >.husky/pre-commit
	every .husky >"$BATS_TEST_TMPDIR/before"
	migrate hook install --chain pre-commit
	exits 1
	out_is '# .husky/pre-commit
git migrate hook pre-commit || exit 1'
	same husky "$(<"$BATS_TEST_TMPDIR/before")" "$(every .husky)"
	sed 1d <<<"$out" >>.husky/pre-commit
	ok hook install pre-commit
	broken
	committing
	exits 1
	err_has mine
	err_has 'half a pair'
	every .husky >"$BATS_TEST_TMPDIR/before"
	migrate hook uninstall
	same husky "$(<"$BATS_TEST_TMPDIR/before")" "$(every .husky)"
}

@test "lefthook and pre-commit: the snippet is printed, their hook untouched" {
	start
	# shellcheck disable=SC2016
	hook pre-commit '#!/bin/sh' 'exec lefthook run "pre-commit" "$@"'
	hook pre-merge-commit '#!/usr/bin/env bash' \
		'# File generated by pre-commit: https://pre-commit.com'
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	migrate hook install --chain pre-commit pre-merge-commit
	exits 1
	out_has 'pre-commit:
  commands:
    git-migrate:
      run: git migrate hook pre-commit'
	out_has '        entry: git migrate hook pre-merge-commit'
	err_has 'the pre-commit hook is written by lefthook, it is left alone'
	err_has 'the pre-merge-commit hook is written by pre-commit'
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
	ok hook uninstall
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
}

@test "a git that runs hooks of its configuration gets them there" {
	start
	hook pre-commit '#!/bin/sh' 'exit 0'
	newer_git 2.54.0
	cp "$CONFIG" "$BATS_TEST_TMPDIR/config"
	every "$HOOKS" >"$BATS_TEST_TMPDIR/before"
	direct hook install
	exits 0
	out_has "installed hook.git-migrate-pre-commit in git's local configuration"
	same event pre-commit \
		"$(git config --local hook.git-migrate-pre-commit.event)"
	same command 'git migrate hook pre-commit' \
		"$(git config --local hook.git-migrate-pre-commit.command)"
	direct hook list --json
	exits 0
	json_is '.hooks[0] | .state + " " + .config' 'configured local'
	direct hook install
	exits 0
	err_is 'nothing to change: the hooks are installed'
	direct hook uninstall
	exits 0
	cmp "$CONFIG" "$BATS_TEST_TMPDIR/config"
	same hooks "$(<"$BATS_TEST_TMPDIR/before")" "$(every "$HOOKS")"
}

@test "--global-config is for all repositories, with a git that can" {
	start
	cp "$GIT_CONFIG_GLOBAL" "$BATS_TEST_TMPDIR/global"
	export GIT_CONFIG_GLOBAL=$BATS_TEST_TMPDIR/global
	direct hook install --global-config
	exits 128
	err_has 'runs no hooks from its configuration, that came with 2.54'
	newer_git 3.0.1
	cp "$GIT_CONFIG_GLOBAL" "$BATS_TEST_TMPDIR/before"
	direct hook install --global-config
	exits 0
	same command 'git migrate hook pre-commit' \
		"$(git config --global hook.git-migrate-pre-commit.command)"
	direct hook uninstall
	exits 1
	err_has 'git migrate hook uninstall --global-config'
	direct hook uninstall --global-config
	exits 0
	cmp "$GIT_CONFIG_GLOBAL" "$BATS_TEST_TMPDIR/before"
}

@test "a hook says clearly when the program is missing" {
	start
	ok hook install
	for name in "$MIGRATE_TOP"/hooks/*; do
		name=${name##*/}
		echo "# $name"
		PATH=/usr/bin:/bin try sh "$MIGRATE_TOP/hooks/$name"
		[[ $name == pre-* && $name != prepare-* || $name == commit-msg ]] &&
			exits 1 || exits 0
		err_has 'git-migrate'
		err_has 'not in PATH'
		err_has 'hint: install git-migrate, or delete the hook'
	done
}

@test "an unknown hook is named" {
	start
	migrate hook install nonsense
	exits 129
	err_has "error: unknown hook 'nonsense'"
	migrate hook nonsense
	exits 129
}
