#!/usr/bin/env bats
# make install and uninstall, into a folder of the test's own.

load ../lib/common

install_into() { # TARGET
	make -s -C "$MIGRATE_TOP" B="${MIGRATE_BUILD#"$MIGRATE_TOP"/}" \
		DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/opt/x -o all "$1"
}

@test "installs the program, its pages, the schema and the completion, and takes them away" {
	install_into install
	cd "$BATS_TEST_TMPDIR/root"
	same files "$({
		echo ./opt/x/bin/git-migrate
		echo ./opt/x/share/bash-completion/completions/git-migrate
		echo ./opt/x/share/doc/git-migrate/ci/github-actions.yml
		echo ./opt/x/share/doc/git-migrate/ci/gitlab-ci.yml
		echo ./opt/x/share/doc/git-migrate/facts.schema.json
		echo ./opt/x/share/man/man1/git-migrate.1
		git-migrate --list-commands |
			sed 's,.*,./opt/x/share/man/man1/git-migrate-&.1,'
	} | sort)" "$(find . -type f | sort)"
	same version "$(git-migrate --version)" "$(opt/x/bin/git-migrate --version)"
	grep -q '^_git_migrate ()' opt/x/share/bash-completion/completions/git-migrate
	install_into uninstall
	same files '' "$(find . -type f)"
}

# A machine that has nothing, seen through a PATH of its own. $1: user id.
bare_machine() {
	local bin=$BATS_TEST_TMPDIR/bin name
	mkdir -p "$bin"
	for name in sh env sleep; do
		ln -sf "$(command -v "$name")" "$bin/$name"
	done
	printf '#!/bin/sh\necho %s\n' "$1" >"$bin/id"
	printf '#!/bin/sh\nexit 1\n' >"$bin/sudo"
	printf '#!/bin/sh\necho "$@" >>%s\n' "$BATS_TEST_TMPDIR/apt" >"$bin/apt-get"
	chmod +x "$bin"/{id,sudo,apt-get}
}

dependencies() {
	try env PATH="$BATS_TEST_TMPDIR/bin" DATABASE_URL="${1:-}" \
		sh "$MIGRATE_TOP/tools/install-deps.sh" "${@:2}"
}

@test "says nothing when nothing is missing" {
	try sh "$MIGRATE_TOP/tools/install-deps.sh" build test
	exits 0
	out_is ''
	err_is ''
}

@test "--check names what is missing and its package" {
	bare_machine 0
	dependencies '' --check demo
	exits 1
	err_is 'error: these are missing:
  the program git (Debian package: git)
  the program sqlite3 (Debian package: sqlite3)
hint: sh tools/install-deps.sh demo'
	[[ ! -e $BATS_TEST_TMPDIR/apt ]]
}

@test "the demo asks for the client of the database it will use" {
	bare_machine 0
	dependencies postgresql://host/db --check demo
	err_has 'postgresql-client'
	err_lacks 'sqlite3'
}

@test "without the right to install, prints the one line to run" {
	bare_machine 1000
	dependencies '' demo
	exits 1
	err_has "hint: sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends git sqlite3'"
	[[ ! -e $BATS_TEST_TMPDIR/apt ]]
	rm "$BATS_TEST_TMPDIR/bin/sudo"
	dependencies '' demo
	err_has "hint: su -c 'apt-get update && apt-get install -y"
}

@test "as root, installs and looks again" {
	bare_machine 0
	dependencies '' demo
	exits 1
	same apt-get $'update\ninstall -y --no-install-recommends git sqlite3' \
		"$(cat "$BATS_TEST_TMPDIR/apt")"
	err_has 'error: these are still missing:'
}
