#!/usr/bin/env bats
# git migrate status and log

load ../lib/common

A=20260101000001
B=20260101000002

@test "shows nothing and writes nothing in a new repository" {
	fresh sqlite
	ok status
	out_is ''
	err_has "no migrations in 'migrations' and none applied"
	[[ ! -e .git/dev.db ]]
	ok status --json
	json_is .engine sqlite
	json_is .head null
	json_is '.migrations | length' 0
}

a_line_each() {
	table_pair $A a
	commit
	ok up
	table_pair $B b
	ok status
	out_has "$A applied"
	out_has "$B uncommitted"
	migrate status --exit-code
	exits 1
	ok up
	ok status --exit-code
	ok status --json
	json_is .target dev
	json_is .engine "$ENGINE"
	json_is .head "$(git rev-parse HEAD)"
	json_is '.migrations[0].commit' "$(git rev-parse HEAD)"
	json_is '.migrations[0].applied_by' 'Test Person <test@example.com>'
	json_is '.migrations[0].proof' none
	json_is '.migrations[0] | keys | join(" ")' \
		'applied_at applied_by commit down_blob flags name proof proof_stale state up_blob version'
}
@test "one line a migration, and JSON" { both a_line_each; }

@test "--at looks at a commit, a bare repository at HEAD" {
	fresh sqlite
	table_pair $A a
	commit
	table_pair $B b
	commit
	ok status --at HEAD~1 --json
	json_is '.migrations | map(.version) | join(" ")' $A
	json_is .head "$(git rev-parse HEAD~1)"
	migrate status --at nowhere
	exits 128
	git clone -q --bare . "$BATS_TEST_TMPDIR/bare.git"
	cd "$BATS_TEST_TMPDIR/bare.git"
	ok status --target "sqlite:$BATS_TEST_TMPDIR/bare.db" --json
	json_is '.migrations | map(.version) | join(" ")' "$A $B"
	ok up --target "sqlite:$BATS_TEST_TMPDIR/bare.db"
	out_has "applied ${B}_create_b"
}

@test "the pending ones know their commit" {
	fresh sqlite
	table_pair $A a
	commit
	table_pair $B b
	commit
	ok status --json
	json_is '.migrations | map(.commit) | join(" ")' \
		"$(git rev-parse HEAD~1) $(git rev-parse HEAD)"
}

@test "log shows the runs, newest first" {
	fresh sqlite
	ok log
	err_is "no runs on 'dev'"
	table_pair $A a
	commit
	ok up
	ok down
	ok log --json
	json_is '.runs | map(.direction) | join(" ")' 'down up'
	ok log -n 1 --json
	json_is '.runs | map(.direction) | join(" ")' down
	ok log $A
	out_has "reverted ${A}_create_a"
	ok log
	out_has "${A}_create_a"
}

@test "worktree, submodule, detached HEAD, subfolder, git -c" {
	fresh sqlite
	table_pair $A a
	commit
	git worktree add -q -b side "$BATS_TEST_TMPDIR/side"
	cd "$BATS_TEST_TMPDIR/side"
	table_pair $B b
	commit
	ok -c migrate-target.dev.url=sqlite:side.db up
	[[ -e side.db ]]
	mkdir -p deep/er && cd deep/er
	try git -c migrate.target=sqlite:side.db migrate status --json
	exits 0
	json_is '.migrations | map(.state) | join(" ")' 'applied applied'
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=migrate.target \
		GIT_CONFIG_VALUE_0=sqlite:side.db try git migrate status --json
	json_is .target 'sqlite:side.db'
	cd "$REPO"
	git checkout -q --detach
	ok up
	same branch '' "$(sql 'SELECT branch FROM git_migrations')"
	git init -q "$BATS_TEST_TMPDIR/super"
	cd "$BATS_TEST_TMPDIR/super"
	git -c protocol.file.allow=always submodule --quiet add "$REPO" sub
	cd sub
	ok status --target sqlite:sub.db
}

@test "tables of names in any script end and line up, in any locale" {
	local name=Täble日本 locale
	fresh sqlite
	pair "${A}_x" "CREATE TABLE \"$name\" (a);" "DROP TABLE \"$name\";"
	pair "${B}_größer" 'CREATE TABLE b (a);' 'DROP TABLE b;'
	ok up
	for locale in C C.UTF-8 de_DE.ISO-8859-1 nowhere; do
		try env LC_ALL="$locale" timeout 60 git migrate status
		exits 0
		out_has größer
		try env LC_ALL="$locale" timeout 60 git migrate log
		exits 0
		out_has "$name 0"
	done
}

@test "a version that is none, and a word too much, are wrong usage everywhere" {
	fresh sqlite
	migrate log 123
	exits 129
	migrate prove 1
	exits 129
	err_has "'1' is not a version of 14 digits"
	migrate up --to 1
	exits 129
	migrate hook pre-commit extra
	exits 129
	err_has "unexpected argument 'extra'"
}

@test "what a team shares is read from the index, then from HEAD, where the file is gone" {
	fresh sqlite
	table_pair $A a
	printf '[migrate]\n\tproofRows = 20000\n' >.gitmigrate
	commit
	migrate status
	exits 128
	rm .gitmigrate
	migrate status
	exits 128
	err_has "only less than the default may be set there"
	git rm -q --cached .gitmigrate
	migrate status
	exits 128
	git commit -qm 'Share nothing'
	ok status
	printf '[migrate]\n\tproofRows = 20000\n' >.gitmigrate
	git add .gitmigrate
	rm .gitmigrate
	migrate status
	exits 128
}

@test "what is remembered of a target follows the ledger, shorter and longer" {
	local seen
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit
	ok up
	ok status
	seen=$(git rev-parse --git-common-dir)/migrate/seen
	[[ $(cat "$seen"/* | grep -c '^2') == 2 ]]
	sql "DELETE FROM git_migrations WHERE version = $B; DROP TABLE b"
	ok status
	[[ $(cat "$seen"/* | grep -c '^2') == 1 ]]
	ok up
	ok status
	[[ $(cat "$seen"/* | grep -c '^2') == 2 ]]
	sql "UPDATE git_migrations SET name = 'z' WHERE version = $A"
	ok status
	grep -q "^$A .* z\$" "$seen"/*
	[[ $(cat "$seen"/* | grep -c '^2') == 2 ]]
}

# Who may not read the ledger must not be told that nothing is applied.
may_not_read() {
	local role=reader_$$ owner=$URL command
	table_pair $A a
	commit
	ok up
	case $ENGINE in
	postgresql) server "CREATE ROLE $role LOGIN" ;;
	mariadb)
		role+=@127.0.0.1
		server "CREATE USER $role; GRANT SELECT ON \`${URL##*/}\`.a TO $role"
		;;
	esac
	git config migrate-target.dev.url "${URL%%://*}://${role%@*}@${URL#*@}"
	for command in status log repair up down; do
		migrate $command
		exits 128
		err_has "error: unable to read the ledger of '$ENGINE:${URL##*/}': "
		err_has 'hint: let this role read it, or connect as another one: GRANT SELECT ON each of git_migrate_meta, git_migrations, git_migrate_runs, git_migrate_progress'
		err_lacks 'CREATE TABLE'
	done
	git config migrate-target.dev.url "$owner"
	same states "$A applied" "$(states)"
	case $ENGINE in
	postgresql) server "DROP ROLE $role" ;;
	mariadb) server "DROP USER $role" ;;
	esac
}
@test "who may not read the ledger is told so (postgresql, mariadb)" {
	ENGINES=${ENGINES/sqlite/} both may_not_read
}

@test "what the program itself ran is a line in an error (postgresql)" {
	fresh postgresql
	table_pair $A a
	commit
	local role=poor_$$
	server "CREATE ROLE $role LOGIN"
	sql 'REVOKE CREATE ON SCHEMA public FROM PUBLIC'
	git config migrate-target.dev.url "${URL/postgres@/$role@}"
	migrate up
	server "DROP ROLE $role"
	exits 128
	same complaint "error: unable to create the ledger in 'postgresql:${URL##*/}': permission denied for schema public
detail: while the program itself ran: CREATE TABLE IF NOT EXISTS git_migrations ( version bigint NOT NULL PRIMARY KEY,...
hint: let this role create tables there, or connect as another one" "$err"
}
