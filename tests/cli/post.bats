#!/usr/bin/env bats
# git migrate post

load ../lib/common
load ../lib/tracker

V=20260213120000
MARKER="<!-- git-migrate:v1 version=$V name=create_users target=dev -->"

setup() {
	fresh sqlite
	pair ${V}_create_users 'CREATE TABLE users (id integer PRIMARY KEY);
INSERT INTO users VALUES (1), (2);' 'DROP TABLE users;'
	commit 'Add users'
	ok up -q
}

teardown() {
	tracker_ends
}

# A fresh clone with the same target.
clone() {
	git clone -q "$REPO" "$BATS_TEST_TMPDIR/clone-$1"
	cd "$BATS_TEST_TMPDIR/clone-$1"
	git config migrate.target dev
	git config migrate-target.dev.url "$URL"
}

# --- the thread in notes ------------------------------------------------------

@test "posts into the note of the commit by default" {
	ok post
	out_is "refs/notes/migrate $(git rev-parse HEAD)"
	err_is "${V}_create_users: created
hint: see it: git log --notes=migrate; share it: git migrate notes push"
	try git log --notes=migrate -1
	out_has '    ✅ **Create users**'
	out_has '- Row counts: `users`: new, 2 rows'
	out_has "    $MARKER"
}

@test "posting again edits the note, and changes nothing when nothing changed" {
	git notes --ref=migrate add -m 'By hand.'
	ok post -q
	before=$(git rev-parse refs/notes/migrate)
	ok post
	err_has 'unchanged'
	same 'the ref' "$before" "$(git rev-parse refs/notes/migrate)"
	ok comment --pattern 'A pattern'
	ok post
	err_has 'edited'
	note=$(git notes --ref=migrate show)
	[[ $note == 'By hand.'* ]]
	[[ $note == *'- A pattern'* ]]
	[[ $(grep -c "^$MARKER\$" <<<"$note") -eq 1 ]]
}

@test "another clone edits the note without losing what people wrote" {
	ok comment --pattern 'From the first'
	ok post -q
	clone 1
	git fetch -q origin refs/notes/migrate:refs/notes/migrate
	ok comment --gotcha 'From the second'
	out_has 'From the first'
	ok post
	err_has 'hint: there is no proof here; fetch those of others: git migrate notes fetch'
	err_has 'edited'
	note=$(git notes --ref=migrate show)
	[[ $note == *'- From the first'*'- From the second'* ]]
	[[ $(grep -c "^$MARKER\$" <<<"$note") -eq 1 ]]
}

@test "a comment stays proven when who posts it again lacks the proof" {
	local first
	ok prove --all
	ok post -q
	first=$(git notes --ref=migrate show | grep -E '^- (Rollback tested|Testing):')
	[[ $first == '- Rollback tested: YES ('*'; scripts `'* ]]
	clone 1
	git fetch -q origin refs/notes/migrate:refs/notes/migrate
	ok comment --gotcha 'From the second'
	ok post
	err_has 'edited'
	note=$(git notes --ref=migrate show)
	[[ $note == *'- From the second'* ]]
	same proof "$first" \
		"$(grep -E '^- (Rollback tested|Testing):' <<<"$note")"
	# one that is proven here is said to be so since then
	ok prove --all
	ok post
	note=$(git notes --ref=migrate show)
	[[ $note == *'Rollback tested: YES ('* ]]
	[[ $note != *"$first"* ]]
}

@test "posting again keeps what others have written since" {
	local note
	ok comment --gotcha 'from ann' --gotcha 'to go'
	ok post -q
	note=$(git notes --ref=migrate show | sed 's/^- from ann$/&\n- from bob/')
	git notes --ref=migrate add -f -m "$note"
	ok post
	err_has 'unchanged'
	GIT_EDITOR="sed -i '/to go/d'" ok comment --edit
	ok post -q
	same gotchas $'- from ann\n- from bob' \
		"$(git notes --ref=migrate show | grep -e '^- from' -e 'to go')"
}

@test "refuses a note for what is not committed" {
	pair 20260213120001_create_pets 'CREATE TABLE pets (id integer);' 'DROP TABLE pets;'
	ok up -q
	migrate post
	exits 1
	err_is "error: migration '20260213120001_create_pets' is in no commit that is here, so that there is none to note it on
hint: commit it, or post to an issue: git migrate post --thread URL"
	commit
	ok post
	out_is "refs/notes/migrate $(git rev-parse HEAD)"
}

@test "prints what it would post" {
	ok post --dry-run
	out_has '✅ **Create users**'
	err_is "would post ${V}_create_users to the note of its commit"
	[[ -z $(git for-each-ref refs/notes/migrate) ]]
	ok comment
	comment=$out
	ok post -n -q
	out_is "$comment"
	migrate post --dry-run --json
	exits 129
}

# --- trackers -----------------------------------------------------------------

stands_once() { # KIND
	tracker --comments 150 --plant "$MARKER"
	use_tracker "$1"
	ok comment --pattern 'From the first'
	ok post
	out_is "$ISSUE#issuecomment-1151"
	err_is "${V}_create_users: created
warning: another author's comment has the marker of ${V}_create_users and was left alone: $ISSUE#issuecomment-1008"
	for n in 1 2; do
		clone $n
		use_tracker "$1"
		ok comment --gotcha "From clone $n"
		ok post
		out_is "$ISSUE#issuecomment-1151"
		err_has 'edited'
		ok post
		err_has 'unchanged'
	done
	same 'the comments with the marker' 'mallory mallory alice' "$(comments \
		"map(select(.body | contains(\"$MARKER\")) | .user) | join(\" \")")"
	same 'the edits' 2 "$(comments '.[-1].edits')"
	body=$(comments '.[-1].body')
	[[ $body == *'- From the first'*'- From clone 2'* ]]
	same 'what mallory wrote' $'Planted\n\n'"$MARKER" "$(comments '.[7].body')"
	same POSTs 1 "$(requests POST)"
}

@test "on GitHub a comment stands once, posted from three clones" {
	stands_once github
}

@test "on Gitea a comment stands once, posted from three clones" {
	stands_once gitea
}

@test "a lost reply posts nothing twice" {
	tracker
	use_tracker github
	fault '{"method": "POST", "do": "store-reset"}'
	ok post
	out_is "$ISSUE#issuecomment-1001"
	same comments 1 "$(comments length)"
	same POSTs 1 "$(requests POST)"
}

@test "two machines that post at once leave one comment" {
	tracker
	use_tracker gitea
	fault '{"method": "POST", "do": "twin"}'
	ok post
	out_is "$ISSUE#issuecomment-1001"
	err_has "warning: 1 more of this comment stood in the thread; they point at $ISSUE#issuecomment-1001 now"
	same 'comments with the marker' 1 \
		"$(comments "map(select(.body | contains(\"$MARKER\"))) | length")"
}

@test "several go out one after the other, a second apart" {
	tracker
	use_tracker github
	pair 20260213120001_create_pets 'CREATE TABLE pets (id integer);' 'DROP TABLE pets;'
	commit
	ok up -q
	ok post $V 20260213120001 --json
	json_is '.posted | map(.action) | join(" ")' 'created created'
	json_is '.posted[1].url' "$ISSUE#issuecomment-1002"
	json_is '.posted[0].thread' "$ISSUE"
	gap=$(jq -s 'map(select(.method == "POST").at) | .[1] - .[0] >= 0.95' "$TRACKER/log")
	same 'a second between' true "$gap"
}

@test "follows a redirect within the origin, with method and body" {
	tracker
	use_tracker github
	fault '{"method": "POST", "do": "redirect", "status": 301, "to": "/moved{path}"}'
	ok post
	same comments 1 "$(comments length)"
	[[ $(comments '.[0].body') == *"$MARKER" ]]
}

@test "no token goes to another origin" {
	tracker
	other=$PORT elsewhere=$TRACKER
	tracker
	use_tracker github
	fault "{\"times\": 9, \"do\": \"redirect\", \"status\": 307, \"to\": \"http://127.0.0.1:$other{path}\"}"
	migrate post
	exits 128
	err_is "error: unable to learn whose token it is, for '$ISSUE': 'http://$HOST/user' redirects (307) to another origin: 'http://127.0.0.1:$other/user'; nothing was sent there"
	[[ ! -e $elsewhere/log ]]
}

@test "no token goes to a host that nobody named" {
	tracker
	with_token
	printf '[migrate]\n\tthread = http://%s/acme/shop/issues/42\n' "$HOST" >.gitmigrate
	migrate post
	exits 1
	err_is "error: nothing says what kind of tracker '$HOST' is
hint: git config migrate-tracker.$HOST.kind KIND   (one of: github, gitea, forgejo)"
	migrate post --thread https://github.com/acme/shop/issues/42
	exits 1
	err_is "error: no token is sent to 'github.com': it is neither the host of a git remote nor in your own git configuration
hint: if you trust it: git config migrate-tracker.github.com.kind github"
	migrate post --dry-run --thread https://github.com/acme/shop/issues/42
	exits 1
	[[ ! -e $TRACKER/log ]]
	git config "migrate-tracker.$HOST.kind" gitea
	ok post
	same comments 1 "$(comments length)"
}

@test "a file from a clone cannot name a tracker" {
	tracker
	with_token
	printf '[migrate-tracker "%s"]\n\tkind = gitea\n' "$HOST" >.gitmigrate
	migrate post --thread "http://$HOST/acme/shop/issues/42"
	exits 128
	err_has '.gitmigrate:2'
	[[ ! -e $TRACKER/log ]]
}

@test "the token of one tracker is not used for another" {
	tracker
	use_tracker github
	unset GIT_MIGRATE_TOKEN
	GH_TOKEN=alice-token GITHUB_TOKEN=alice-token GITEA_TOKEN=alice-token migrate post
	exits 128
	err_is "error: there is no token for '$HOST'
hint: put one into GIT_MIGRATE_TOKEN, or store it: git credential approve
hint: keep the thread in git notes instead: git migrate post --thread notes"
	GH_ENTERPRISE_TOKEN=alice-token ok post
	[[ ! -e $TRACKER/log ]] || same comments 1 "$(comments length)"
}

@test "takes the token that git credential keeps" {
	tracker
	use_tracker gitea
	unset GIT_MIGRATE_TOKEN
	git config credential.helper "store --file=$BATS_TEST_TMPDIR/stored"
	printf 'protocol=http\nhost=%s\nusername=alice\npassword=alice-token\n\n' "$HOST" |
		git credential approve
	ok post
	same comments 1 "$(comments length)"
	printf 'protocol=http\nhost=%s\nusername=alice\npassword=alice-token\n\n' "$HOST" |
		git credential reject
	printf 'protocol=http\nhost=%s\nusername=alice\npassword=old-token\n\n' "$HOST" |
		git credential approve
	migrate post
	exits 1
	err_has 'answered 401'
	[[ ! -s $BATS_TEST_TMPDIR/stored ]]
}


@test "says what the tracker said, and what may be wrong" {
	tracker
	use_tracker github
	migrate post --thread "http://$HOST/acme/shop/issues/7"
	exits 128
	err_is "error: unable to read the thread 'http://$HOST/acme/shop/issues/7': GitHub answered 404: Not Found
hint: there is no such issue, or the token from GIT_MIGRATE_TOKEN may not see it: private repositories answer 404 too"
	GIT_MIGRATE_TOKEN=reader-token migrate post
	exits 1
	err_is "error: unable to post to '$ISSUE': GitHub answered 403: Resource not accessible by token
hint: the token from GIT_MIGRATE_TOKEN may not do that: it must be allowed to write issues; or the conversation is locked"
	GIT_MIGRATE_TOKEN=secret-nonsense migrate post
	exits 1
	err_lacks secret-nonsense
	err_has 'answered 401: Bad credentials'
	migrate post --thread "http://$HOST/acme/silent/issues/1"
	exits 128
	err_has 'answered 410: Issues are disabled for this repo'
}

@test "a page instead of an answer is no success" {
	tracker
	use_tracker gitea
	fault '{"method": "POST", "do": "status", "status": 200, "type": "text/html", "text": "<html>Sign in"}'
	migrate post
	exits 128
	err_is "error: unable to post to '$ISSUE': Gitea answered 200, but 201 was expected
hint: is the API really at 'http://$HOST/api/v1'? otherwise: git config migrate-tracker.$HOST.api URL
hint: it may still arrive; this is safe to repeat: git migrate post"
	same comments 0 "$(comments length)"
}

@test "refuses what is no issue's address" {
	for url in https://github.com/o/r http://git.example/o/r/issues/1 \
		https://me:secret@github.com/o/r/issues/1 nonsense; do
		migrate post --thread "$url"
		exits 128
		err_lacks secret
	done
}

@test "a tracker that cannot be reached is an error" {
	tracker
	use_tracker gitea
	git config "migrate-tracker.127.0.0.1:1.kind" gitea
	migrate post --thread http://127.0.0.1:1/o/r/issues/1
	exits 128
	err_has "unable to reach 'http://127.0.0.1:1/api/v1/user'"
}
