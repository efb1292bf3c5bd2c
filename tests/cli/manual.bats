#!/usr/bin/env bats
# The manual pages say what the program does: the same options, and examples
# that run.

load ../lib/common

PAGES=$MIGRATE_TOP/man

commands() {
	git-migrate --list-commands
}

# The options of a page, as --git-completion-helper writes them.
page_options() { # PAGE
	sed -n '/^# OPTIONS/,/^# [^O]/p' "$1" |
		sed -nE 's/^(\*-[a-zA-Z]\*, )?\*(--[a-z-]+)\*( _.*)?$/\2\3/p' |
		sed -E 's/ _.*/=/' | sort
}

# Numbers, ids and blanks differ from run to run.
same_every_time() {
	sed -E 's/\b[0-9a-f]{10,40}\b/#/g; s/[0-9]+([.,:T-][0-9]+)*/#/g;
		s/\b# (ms|s|min)\b/# ms/g; s/[[:space:]]+/ /g; s/ $//'
}

# The example blocks of a page: commands behind "$ ", each with its output.
page_examples() { # PAGE
	sed -n '/^# EXAMPLES/,/^# [^E]/p' "$1" | sed -n '/^```$/,/^```$/p' |
		grep -v '^```$'
}

# Runs COMMAND; when the page shows output, it must be that.
run_example() { # COMMAND OUTPUT
	echo "\$ $1"
	try bash -c "$1"
	exits 0
	[[ -z $2 ]] || same "$1" "$(same_every_time <<<"$2")" \
		"$(same_every_time <<<"$out")"
}

run_examples() { # PAGE
	local line command='' output=''
	while IFS= read -r line; do
		if [[ $line != '$ '* ]]; then
			output+=${output:+$'\n'}$line
			continue
		fi
		[[ -z $command ]] || run_example "$command" "$output"
		command=${line#\$ } output=''
	done < <(page_examples "$1")
	[[ -z $command ]] || run_example "$command" "$output"
}

# What the pages' examples start from.
example_repository() {
	fresh sqlite
	git config --remove-section migrate
	git config --remove-section migrate-target.dev
	echo 'dev.db*' >.gitignore
	pair 20260101090000_create_users \
		'CREATE TABLE users (id integer PRIMARY KEY, email text);' \
		'DROP TABLE users;'
	pair 20260213120000_add_email_verified_to_users \
		'ALTER TABLE users ADD COLUMN email_verified boolean DEFAULT false;' \
		'ALTER TABLE users DROP COLUMN email_verified;'
	commit 'Add email_verified to users'
}

@test "every command has a manual page, and every page a command" {
	same pages "$(commands | sort)" "$(cd "$PAGES" &&
		printf '%s\n' git-migrate-*.1.scd |
		sed -E 's/git-migrate-(.*)\.1\.scd/\1/' | sort)"
}

@test "the overview names every command with its summary" {
	local name
	for name in $(commands); do
		grep -q "^\*git-migrate-$name\*(1)$" "$PAGES/git-migrate.1.scd" ||
			{ echo "not in the overview: $name"; return 1; }
	done
}

@test "each page describes exactly the options that its command has" {
	local name
	for name in $(commands); do
		echo "# $name"
		diff <(git-migrate "$name" --git-completion-helper |
			tr ' ' '\n' | sort) \
			<(page_options "$PAGES/git-migrate-$name.1.scd")
	done
}

@test "each command prints its options on -h and exits with 129" {
	local name option
	for name in $(commands); do
		try git-migrate "$name" -h
		exits 129
		err_is ''
		out_has "usage: git migrate $name"
		for option in $(git-migrate "$name" --git-completion-helper); do
			out_has "${option%=}"
		done
	done
}

@test "the examples of each page run, and print what the page shows" {
	local page
	for page in "$PAGES"/*.scd; do
		echo "# ${page##*/}"
		example_repository
		run_examples "$page"
	done
}

@test "git migrate --help finds the installed page" {
	command -v man >/dev/null || skip 'man is not installed'
	mkdir -p "$BATS_TEST_TMPDIR/man/man1"
	cp "$MIGRATE_BUILD"/man/*.1 "$BATS_TEST_TMPDIR/man/man1"
	MANPATH=$BATS_TEST_TMPDIR/man try git migrate --help
	exits 0
	out_has 'travel the same road as code'
}

@test "each command opens its own page on --help" {
	command -v man >/dev/null || skip 'man is not installed'
	mkdir -p "$BATS_TEST_TMPDIR/man/man1"
	cp "$MIGRATE_BUILD"/man/*.1 "$BATS_TEST_TMPDIR/man/man1"
	local name
	for name in $(commands); do
		MANPATH=$BATS_TEST_TMPDIR/man try git migrate "$name" --help
		exits 0
		out_has "git-migrate-$name - "
	done
	# a value is none, and neither is what stands behind --
	try git migrate comment -m --help --no-such-option
	exits 129
	err_has "unknown option '--no-such-option'"
}

@test "a command that is none names the one that was meant" {
	migrate statsu
	exits 129
	err_is "error: 'statsu' is not a command of git migrate
hint: did you mean: git migrate status
hint: or see them all: git migrate -h"
	out_is ''
	local meant
	for meant in 'stat status' 'dwon down' 'swicth switch' 'ups up' 'renumer renumber'; do
		migrate "${meant% *}"
		exits 129
		err_has "hint: did you mean: git migrate ${meant#* }"$'\n'
	done
	for meant in apply x wq rollback "$(printf 'status%.0s' {1..20})"; do
		migrate "$meant"
		exits 129
		err_has "error: '$meant' is not a command of git migrate"
		err_has 'usage: git migrate '
		err_lacks 'did you mean'
	done
}

@test "an option that is none names the one that was meant" {
	migrate up --dryrun
	exits 129
	err_has "error: unknown option '--dryrun'
hint: did you mean: --dry-run
usage: git migrate up "
	migrate up --lock-wiat=5s
	exits 129
	err_has "error: unknown option '--lock-wiat=5s'
hint: did you mean: --lock-wait
usage: "
	migrate up --no-such-option
	exits 129
	err_lacks 'did you mean'
}
