#!/usr/bin/env bats
# make install and uninstall, into a folder of the test's own.

load ../lib/common

install_into() { # TARGET
	make -s -C "$MIGRATE_TOP" B="${MIGRATE_BUILD#"$MIGRATE_TOP"/}" \
		DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/opt/x -o all "$1"
}

@test "installs the program, its pages and the completion, and takes them away" {
	install_into install
	cd "$BATS_TEST_TMPDIR/root"
	same files "$({
		echo ./opt/x/bin/git-migrate
		echo ./opt/x/share/bash-completion/completions/git-migrate
		echo ./opt/x/share/man/man1/git-migrate.1
		git-migrate --list-commands |
			sed 's,.*,./opt/x/share/man/man1/git-migrate-&.1,'
	} | sort)" "$(find . -type f | sort)"
	same version "$(git-migrate --version)" "$(opt/x/bin/git-migrate --version)"
	grep -q '^_git_migrate ()' opt/x/share/bash-completion/completions/git-migrate
	install_into uninstall
	same files '' "$(find . -type f)"
}
