#!/usr/bin/env bats
# git migrate renumber

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

# A repository that main was cloned from has A and C; topic here has A and B.
shared() {
	table_pair $A a
	commit
	upstream "$REPO.git"
	git push -q -u origin main
	git remote set-head origin main
	git switch -q -c topic
	table_pair $B b
	commit
	git switch -q main
	table_pair $C c
	commit
	git push -q
	git switch -q topic
}

# The version that NAME has now.
version_of() {
	basename "$(echo migrations/*_"$1".up.sql)" | cut -d_ -f1
}

@test "of two with one version the committed one keeps it" {
	fresh sqlite
	table_pair $A b
	commit
	table_pair $A a
	migrate up
	exits 128
	err_has "duplicate version $A: 'create_a' and 'create_b'"
	err_has "hint: give one of them a later version: git migrate renumber $A"
	ok renumber $A
	same kept $A "$(version_of create_b)"
	[[ $(version_of create_a) -gt $A ]]
	ok up
	same tables $'a\nb' "$(tables)"
}

@test "a version that nothing comes after is named, and renumbered" {
	local last=99999999999999
	fresh sqlite
	table_pair $A a
	table_pair $last z
	commit
	ok new -T blank first
	err_has "warning: no version comes after $last: what is made now comes before it
hint: if nobody else has that one, give it the version of now: git migrate renumber $last"
	[[ $(version_of first) -gt $A && $(version_of first) -lt $last ]]
	ok renumber $A
	[[ $(version_of create_a) -gt $(version_of first) ]]
	[[ $(version_of create_a) -lt $last ]]
	ok renumber $last
	[[ $(version_of create_z) -gt $(version_of create_a) ]]
	[[ $(version_of create_z) -lt $last ]]
	git commit -q --no-verify -m renumbered
	ok new -T blank other
	[[ $(version_of other) -gt $(version_of create_z) ]]
	err_lacks 'no version comes after'
}

@test "a version that nothing comes after, and others have, is passed over" {
	local last=99999999999999
	fresh sqlite
	table_pair $last z
	commit
	upstream "$REPO.git"
	git push -q -u origin main
	git remote set-head origin main
	table_pair $A a
	commit
	ok renumber
	err_is "nothing to do: what 'origin/main' does not have is newer than all it has"
	ok renumber $A
	[[ $(version_of create_a) -lt $last ]]
	ok new -T blank other
	[[ $(version_of other) -gt $(version_of create_a) ]]
}

@test "a version ahead of the time, or of no date, gets that of now" {
	local version now
	for version in 20991231235959 20261399999999 99991231235959; do
		fresh sqlite
		table_pair $version a
		commit
		ok new -T blank behind
		[[ $(version_of behind) -gt $version ]]
		git clean -qf migrations
		ok renumber $version
		now=$(date -u -d '+1 minute' +%Y%m%d%H%M%S)
		[[ $(version_of create_a) -lt $now ]]
	done
}

renumbers() {
	shared
	ok up
	sql "INSERT INTO b VALUES (7)"
	ok prove --all
	ok renumber -n
	[[ $out == "would renumber ${B}_create_b to "*_create_b ]]
	err_is "would do so in the ledger of 'dev', which has 1 of them"
	same status '' "$(git status --porcelain)"
	ok renumber
	local new
	new=$(version_of create_b)
	[[ $new -gt $C ]]
	out_is "renumbered ${B}_create_b to ${new}_create_b"
	err_is "done so in the ledger of 'dev', which has 1 of them
hint: next: git commit"
	same index "R  migrations/${B}_create_b.down.sql -> migrations/${new}_create_b.down.sql
R  migrations/${B}_create_b.up.sql -> migrations/${new}_create_b.up.sql" \
		"$(git status --porcelain)"
	same states "$A applied
$new applied" "$(states)"
	same rows 7 "$(sql 'SELECT id FROM b')"
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid'
	ok log "$new" --json
	json_is '.runs | map(.version) | join(" ")' "$new"
	git commit -q --no-verify -m renumbered
	ok renumber
	err_is "nothing to do: what 'origin/main' does not have is newer than all it has"
	git merge -q main
	ok sync
	out_has "applied ${C}_create_c"
	ok down
	out_has "reverted ${new}_create_b"
}
@test "gives what is older than upstream's a new version, with all that belongs to it" {
	both renumbers
}

@test "a proof does not hold behind other migrations" {
	fresh sqlite
	shared
	git merge -q main
	ok prove --all
	ok renumber
	local new
	new=$(version_of create_b)
	err_is "hint: what comes after other migrations now has to be proven again: git migrate prove $C $new
hint: next: git commit"
	ok status --json
	json_is '.migrations | map(.name + " " + .proof) | join(", ")' \
		'create_a valid, create_c stale, create_b stale'
	ok prove "$C" "$new"
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid valid'
}

@test "keeps the order among what is ours, and takes those that are asked for" {
	fresh sqlite
	shared
	table_pair 20260101000004 d
	table_pair 20260101000005 e
	ok renumber --json
	json_is '.renumbered | map(.name) | join(" ")' 'create_b create_d create_e'
	[[ $(version_of create_b) -lt $(version_of create_d) ]]
	[[ $(version_of create_d) -lt $(version_of create_e) ]]
	local before
	before=$(version_of create_e)
	ok renumber "$(version_of create_d)"
	[[ $(version_of create_d) -gt $before ]]
	same e "$before" "$(version_of create_e)"
}

@test "renames untracked and modified scripts, and two of one version" {
	fresh sqlite
	table_pair $A a
	commit
	upstream "$REPO.git"
	git push -q -u origin main
	table_pair $B b
	git add migrations/${B}_create_b.up.sql
	pair ${A}_twin 'CREATE TABLE t (id integer);' 'DROP TABLE t;'
	echo '-- more' >>migrations/${B}_create_b.up.sql
	ok renumber
	local b
	b=$(version_of create_b)
	same status "?? migrations/$(version_of twin)_twin.down.sql
?? migrations/$(version_of twin)_twin.up.sql
?? migrations/${b}_create_b.down.sql
AM migrations/${b}_create_b.up.sql" "$(git status --porcelain | sort)"
	grep -q more "migrations/${b}_create_b.up.sql"
	[[ ! -e migrations/${A}_twin.up.sql && -e migrations/${A}_create_a.up.sql ]]
}

@test "refuses what others have" {
	fresh sqlite
	shared
	migrate renumber $A
	exits 1
	err_is "error: migration '${A}_create_a' is in 'origin/main': others have it under this version
hint: if only your own branch was pushed there, name the branch that it goes into: git migrate renumber --upstream REF $A"
	git push -q -u origin topic
	ok renumber
	err_has 'nothing to do'
	ok renumber --upstream origin/main
	out_has "renumbered ${B}_create_b"
	migrate renumber 20990101000000
	exits 128
	err_has 'there is no migration 20990101000000 here'
}

@test "refuses what a protected target has, and looks at all of them" {
	fresh sqlite
	shared
	git config migrate-target.live.url sqlite:live.db
	git config migrate-target.second.url sqlite:second.db
	git config migrate-target.away.url postgresql://nobody@127.0.0.1:1/x
	ok up -q --target live
	ok up -q --target second
	git config migrate-target.live.protected true
	migrate renumber
	exits 1
	err_has "migration '${B}_create_b' is applied to 'live', which is protected"
	[[ -e migrations/${B}_create_b.up.sql ]]
	git config migrate-target.live.protected false
	ok renumber
	err_has "warning: not known whether target 'away' has any of them"
	err_has "done so in the ledger of 'live', which has 1 of them"
	err_has "done so in the ledger of 'second', which has 1 of them"
	local target
	for target in live second; do
		ok status --target $target --json
		json_is '.migrations | map(.state) | join(" ")' 'applied applied'
	done
}

@test "refuses what stopped half way" {
	fresh sqlite
	shared
	pair 20260101000009_x $'-- migrate: no-transaction\nCREATE TABLE x (id integer);\nCREATE TABLE a (id integer);' \
		'DROP TABLE x;'
	migrate up
	exits 128
	migrate renumber 20260101000009
	exits 1
	err_has "migration '20260101000009_x' is unfinished on 'dev'"
	err_has 'git migrate repair 20260101000009'
}

@test "renames nothing when a name is taken or a ledger cannot be written" {
	fresh sqlite
	shared
	ok up
	sql "CREATE TRIGGER no BEFORE UPDATE ON git_migrations
		BEGIN SELECT raise(abort, 'not now'); END"
	migrate renumber
	exits 128
	err_has "unable to restamp in the ledger of"
	same status '' "$(git status --porcelain)"
	same states "$A applied
$B applied" "$(states)"
}

@test "what a person wrote for the comment stays with it" {
	fresh sqlite
	shared
	ok up
	ok comment $B --gotcha 'mind the gap'
	ok post $B
	ok renumber
	git commit -q --no-verify -m renumbered
	ok comment "$(version_of create_b)"
	out_has 'mind the gap'
}

@test "without any upstream there is nothing to be older than" {
	fresh sqlite
	table_pair $A a
	commit
	ok renumber
	err_is 'nothing to do: there is no upstream branch whose migrations could be newer'
	ok renumber $A
	out_has "renumbered ${A}_create_a"
}
