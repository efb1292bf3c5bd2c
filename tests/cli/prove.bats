#!/usr/bin/env bats
# git migrate prove

load ../lib/common

A=20260101000001
B=20260101000002

proven() {
	table_pair $A a
	pair ${B}_col 'ALTER TABLE a ADD COLUMN note text;' 'ALTER TABLE a DROP COLUMN note;'
	commit
	ok prove
	out_has "proven ${A}_create_a"
	out_has "proven ${B}_col"
	same tables '' "$(tables)"
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid'
	echo '-- more' >>migrations/${B}_col.down.sql
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid stale'
	ok prove $B --json
	json_is '.proofs | map(.version) | join(" ")' $B
	json_is '.proofs[0].outcome' proven
	json_is '.proofs[0].differences | length' 0
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid'
	git show -s --format= --notes=migrate-proofs HEAD
	git notes --ref=migrate-proofs show "$(git rev-parse :migrations/${A}_create_a.up.sql)" |
		jq -e '.outcome == "proven"'
}
@test "proves, keeps the proof on the blob, and knows when it is stale" {
	both proven
}

differs() {
	table_pair $A a
	pair ${B}_x $'CREATE TABLE b (id integer);\nCREATE INDEX a_i ON a (id);' 'DROP TABLE b;'
	commit
	migrate prove --all
	exits 1
	out_has "proven ${A}_create_a"
	out_has "differs ${B}_x"
	out_has 'after down: index'
	out_has 'is left over'
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid none'
}
@test "names what a down leaves behind" { both differs; }

fails() {
	pair ${A}_x 'CREATE TABLE a (id integer);' 'DROP TABLE nowhere;'
	table_pair $B b
	commit
	migrate prove --all --json
	exits 1
	json_is '.proofs | map(.outcome) | join(" ")' 'failed proven'
	json_is '.proofs[0].error | test("nowhere")' true
}
@test "a failing down fails its own proof, not the next" { both fails; }

@test "a lost proof of an earlier change is stale, a rebase keeps proofs" {
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit
	ok prove
	git commit -q --amend -m other
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid'
	echo '-- x' >>migrations/${A}_create_a.up.sql
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'none stale'
}

irreversible() {
	pair ${A}_x 'CREATE TABLE a (id integer);' '-- migrate: irreversible "it is gone"'
	commit
	ok prove --json
	json_is '.proofs[0].outcome' irreversible
}
@test "a declared irreversible migration is no failure and no proof" {
	both irreversible
}

@test "not on a protected target's own server" {
	fresh postgresql
	git config migrate-target.dev.protected true
	table_pair $A a
	commit
	migrate prove
	exits 1
	err_is "error: target 'dev' is protected: no scratch database is made on its server
hint: name another server: git config migrate.scratchUrl URL"
	git config migrate.scratchUrl "$URL"
	ok prove
}

@test "scratch databases are gone, also after a failure" {
	fresh postgresql
	pair ${A}_x 'CREATE TABLE a (id integer);' 'DROP TABLE nowhere;'
	migrate prove
	exits 1
	same left '' "$(server "SELECT datname FROM pg_database
		WHERE datname LIKE 'git\_migrate\_scratch\_%\_'")"
}

proves_once() {
	local i
	for i in 1 2 3 4 5 6; do
		pair "2026010100001${i}_t$i" "CREATE TABLE t$i (a integer);" "DROP TABLE t$i;"
	done
	pair 20260101000020_one 'SELECT 1;' 'SELECT 1;'
	pair 20260101000021_two 'SELECT 1;' 'SELECT 1;'
	commit
	ok prove
	same 'commits of notes' 1 "$(git rev-list --count refs/notes/migrate-proofs)"
	ok prove
	out_is ''
	err_is '8 are proven already, and nothing changed'
	ok prove --all --json
	json_is '.proofs | map(.outcome) | unique | join(" ")' proven
	json_is '.proofs | length' 8
	ok prove 20260101000021
	out_has 'proven 20260101000021_two'
	echo '-- more' >>migrations/20260101000021_two.up.sql
	ok prove
	err_is '7 are proven already, and nothing changed'
	out_has 'proven 20260101000021_two'
}
@test "what is proven is not proven again before it changes" { both proves_once; }
