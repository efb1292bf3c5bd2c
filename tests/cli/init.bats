#!/usr/bin/env bats
# git migrate init, and the pre-commit hook that it installs

load ../lib/common

A=20260101000001

start() {
	git init -q "$BATS_TEST_TMPDIR/r"
	cd "$BATS_TEST_TMPDIR/r"
}

@test "writes what a repository needs, once" {
	start
	ok init
	out_is "wrote .gitmigrate
made migrations/
wrote .gitattributes
wrote .gitignore
installed 8 hooks in .git/hooks"
	same ignored '/dev.db
/dev.db-*' "$(<.gitignore)"
	same url sqlite:dev.db "$(git config -f .gitmigrate migrate-target.dev.url)"
	same target dev "$(git config -f .gitmigrate migrate.target)"
	same attribute 'migrations/x.up.sql: eol: lf' \
		"$(git check-attr eol migrations/x.up.sql)"
	cp .gitmigrate before
	ok init
	out_is ''
	err_is 'nothing to change: everything is set up'
	cmp before .gitmigrate
}

@test "keeps line ends in a folder of any name" {
	start
	local dir file
	for dir in 'db scripts' 'a[b] "c" \d' 'x*y'; do
		git config migrate.dir "$dir"
		ok init --no-target --no-hooks
		err_is 'hint: next: git migrate new NAME'
		file="$dir/1_x.up.sql"
		same "eol in $dir" "eol: lf" \
			"$(git check-attr -z eol "$file" | tr '\0' '\n' | sed -n '2{N;s/\n/: /p;}')"
		ok init --no-target --no-hooks
		out_is ''
	done
	same 'eol elsewhere' 'xzy/1_x.up.sql: eol: unspecified' \
		"$(git check-attr eol xzy/1_x.up.sql)"
}

@test "--target, --no-target and --no-hooks" {
	start
	ok init --no-target --no-hooks
	[[ ! -e .git/hooks/pre-commit ]]
	same target '' "$(git config -f .gitmigrate migrate.target || true)"
	ok init --target production=postgresql://app@db.internal/shop
	out_has 'extended .gitmigrate'
	same url postgresql://app@db.internal/shop \
		"$(git config -f .gitmigrate migrate-target.production.url)"
	migrate init --target secret=postgresql://app:hunter2@db/shop
	exits 128
	err_has 'it has a password'
	err_lacks hunter2
	migrate init --target nonsense
	exits 129
}

@test "leaves what DATABASE_URL says to be the target" {
	start
	# shellcheck disable=SC2030 # each test has its own
	export DATABASE_URL=postgresql://app:hunter2@db.internal/shop
	ok init --no-hooks
	err_is "the target is 'env', from DATABASE_URL: postgresql://app:***@db.internal/shop
hint: to name one for everyone who clones: git migrate init --target NAME=URL
hint: next: git migrate new NAME"
	same targets '' "$(git config -f .gitmigrate --get-regexp target || true)"
	! grep -r hunter2 . || explain 'a password was written'
	DATABASE_URL=sqlite:mine.db ok init --no-hooks
	same ignored '/dev.db
/dev.db-*
/mine.db
/mine.db-*' "$(<.gitignore)"
	DATABASE_URL=sqlite:mine.db ok status
	err_has 'target env (sqlite'
	err_lacks 'hint: the target is'
	ok init --no-hooks --target dev=sqlite:dev.db
	same target dev "$(git config -f .gitmigrate migrate.target)"
	err_lacks "'env'"
}

@test "says which target counts beside DATABASE_URL" {
	local hint="hint: the target is 'dev', which migrate.target names; for what DATABASE_URL says: --target env"
	start
	ok init --no-hooks
	pair ${A}_a 'CREATE TABLE t (id integer);' 'DROP TABLE t;'
	# shellcheck disable=SC2031
	export DATABASE_URL=sqlite:mine.db
	ok up
	same said "$hint" "$(grep '^hint: the target' <<<"$err")"
	[[ -e dev.db && ! -e mine.db ]]
	ok up --target env
	err_lacks 'hint: the target'
	[[ -e mine.db ]]
	ok new create_u --column id:int
	err_has "$hint"
	DATABASE_URL=sqlite:dev.db ok status
	err_lacks 'hint: the target'
	ok init --no-hooks
	err_is 'nothing to change: everything is set up'
}

@test "databases in the work tree are kept out of commits" {
	start
	printf 'x' >.gitignore
	mkdir data
	ok init --target dev=sqlite:data/a.db --target other=sqlite:/tmp/x.db \
		--target remote=postgresql://db/shop
	out_has 'extended .gitignore'
	same ignored 'x
/data/a.db
/data/a.db-*' "$(<.gitignore)"
	touch data/a.db data/a.db-journal
	same untracked '' "$(git status --porcelain data)"
	ok init
	err_is 'nothing to change: everything is set up'
	echo '*.sqlite*' >.gitignore
	ok init --target third=sqlite:t.sqlite
	same ignored '*.sqlite*
/data/a.db
/data/a.db-*' "$(<.gitignore)"
}

@test "a database that is tracked on purpose stays so" {
	start
	touch dev.db
	git add -f dev.db
	ok init
	same ignored '/dev.db-*' "$(<.gitignore)"
}

@test "an existing hook is left alone and the line is printed" {
	start
	printf '#!/bin/sh\nexit 0\n' >.git/hooks/pre-commit
	cp .git/hooks/pre-commit before
	ok init
	cmp before .git/hooks/pre-commit
	err_has "warning: there is a pre-commit hook already"
	err_has 'hint: add this line to it: git migrate hook pre-commit || exit 1'
}

committing() {
	try git commit -q -m x "$@"
}

@test "the hook refuses half a pair, empty, edit and duplicate" {
	start
	ok init
	table_pair $A a
	git add -A
	committing
	exits 0
	rm migrations/${A}_create_a.down.sql
	committing -a
	exits 1
	err_has "migrations/${A}_create_a.up.sql: half a pair: migration '${A}_create_a' has no down script"
	git checkout -q HEAD .
	echo '-- nothing' >migrations/${A}_create_a.up.sql
	committing migrations/${A}_create_a.up.sql
	exits 1
	err_has "error: migrations/${A}_create_a.up.sql"
	git checkout -q HEAD .
	pair 20260101000002_x $'-- migrate: edit "choose"\nSELECT 1;' 'SELECT 1;'
	git add -A
	committing
	exits 1
	err_has choose
	git rm -q -f --cached -r migrations && rm -r migrations && git checkout -q HEAD .
	pair ${A}_other 'SELECT 1;' 'SELECT 1;'
	git add -A
	committing
	exits 1
	err_has "duplicate version $A: 'create_a' and 'other'"
	err_has 'the commit is refused: 1 problem in'
	git rm -q -f --cached migrations/${A}_other.*
	rm migrations/${A}_other.*
	table_pair 20260101000002 b
	pair 20260101000002_other 'SELECT 1;' 'SELECT 1;'
	git add -A
	committing
	exits 1
	err_has 'the commit is refused: 1 problem in'
	git rm -q -f --cached migrations/20260101000002_*
	rm migrations/20260101000002_*
	echo 'text' >unrelated && git add unrelated
	committing
	exits 0
}

@test "the hook reads the index that is committed, not the work tree" {
	start
	ok init
	table_pair $A a
	git add -A
	echo 'broken by "' >migrations/${A}_create_a.up.sql
	printf '' >migrations/${A}_create_a.down.sql
	committing
	exits 0
	committing -a
	exits 1
	git checkout -q .
	table_pair 20260101000002 b
	git add -A
	rm migrations/20260101000002_create_b.down.sql
	printf '' >migrations/20260101000002_create_b.up.sql
	committing
	exits 0
}

@test "a malformed or dangerous script name is refused" {
	start
	ok init
	mkdir -p migrations
	echo 'SELECT 1;' >"migrations/1_x.up.sql"
	git add -A
	committing
	exits 1
	err_has "malformed script name '1_x.up.sql'"
	rm migrations/1_x.up.sql
	echo 'SELECT 1;' >migrations/$A$'_\e[31m'.up.sql
	migrate status
	exits 128
	err_has '^[[31m'
	err_lacks $'\e'
}

@test "a forbidden key in .gitmigrate is named with its line" {
	start
	printf '[migrate]\n\tdir = m\n\tscratchUrl = postgresql://x/y\n' >.gitmigrate
	migrate status
	exits 128
	err_has "error: .gitmigrate:3: the key 'migrate.scratchurl' may not be set in '.gitmigrate'"
}

@test "a file where the folder should be is no folder" {
	fresh sqlite
	touch migrations
	migrate init --no-target
	exits 128
	err_has "error: unable to make the folder 'migrations': a file of that name is there"
	[[ ! -e .gitmigrate ]]
}

@test "the attributes are those of the folder, whatever it is called" {
	local name
	for name in 'my migrations' 'a "b" c' '[x] *y?' 'a\b c' '#x' '!x' 'ä ö' \
		'db/one two' '"q'; do
		fresh sqlite
		git config -f .gitmigrate migrate.dir "$name"
		ok init
		try git check-attr eol -- "$name/1_a.up.sql"
		out_has ': eol: lf'
		try git check-attr eol -- other/1_a.up.sql
		out_has ': eol: unspecified'
		err_is ''
	done
}
