# shellcheck shell=bash
# hooks.bash   what the tests of hooks share.
# The variables of common.bash, and $A, are its.
# shellcheck disable=SC2154

# hooked   a fresh repository with an upstream that has a first pair, and with
# our hooks; the shell stands in it.
hooked() {
	fresh sqlite
	git migrate hook install >/dev/null
	table_pair "$A" a
	commit 'Create a'
	share
}

# share   HEAD becomes what the upstream, origin/main, has.
share() {
	local bare=$REPO.git
	[[ -d $bare ]] || upstream "$bare"
	git push -q --no-verify origin HEAD:main
	git branch -q --set-upstream-to=origin/main
}

# theirs NAME...   somebody else's commit on the upstream with such pairs.
theirs() {
	local other=$REPO.theirs version
	rm -rf "$other"
	git clone -q "$REPO.git" "$other"
	for version; do
		(cd "$other" && table_pair "${version%%_*}" "${version#*_}")
	done
	(cd "$other" && commit "Theirs" && git push -q origin HEAD:main)
	git fetch -q origin
}

# committing ...   `git commit`, tried.
committing() {
	try git commit -q -m x "$@"
}
