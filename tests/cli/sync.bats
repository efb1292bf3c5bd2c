#!/usr/bin/env bats
# git migrate sync

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003
D=20260101000004

# numbered FIRST LAST STEP PREFIX   pairs of two tables that build on each
# other: each refers to the one before it in its own series.
numbered() {
	local n version before=base
	for ((n = $1; n <= $2; n += $3)); do
		version=$((20260101000000 + n))
		pair "${version}_$4_$n" \
			"CREATE TABLE $4_$n (id integer PRIMARY KEY, up integer REFERENCES $before (id));" \
			"DROP TABLE $4_$n;"
		before=$4_$n
	done
}

# main and topic, which part by 20 migrations each way, their versions mixed.
parted() {
	table_pair 20260101000000 base
	commit base
	git branch topic
	numbered 1 39 2 m
	commit 'on main'
	git switch -q topic
	numbered 2 40 2 t
	commit 'on topic'
}

ledger() {
	sql "SELECT version, name, up_blob FROM git_migrations ORDER BY version"
}

twenty() {
	parted
	ok up
	local topic_ledger topic_tables
	topic_ledger=$(ledger) topic_tables=$(tables)
	git switch -q main
	ok sync
	same 'pending or missing' '' "$(states | grep -v ' applied$')"
	same tables "$({ echo base; seq -f m_%g 1 2 39; } | sort)" \
		"$(tables | sort)"
	same reverts 20 "$(grep -c '^reverted' <<<"$out")"
	same applies 20 "$(grep -c '^applied' <<<"$out")"
	ok sync topic
	same ledger "$topic_ledger" "$(ledger)"
	same tables "$topic_tables" "$(tables)"
	ok sync topic
	out_is ''
	err_has "nothing to do: 'dev' has what commit"
}
@test "goes from one branch to another that parted by 20 migrations each way" {
	both twenty
}

shown() {
	table_pair $A a
	commit
	git branch other
	table_pair $C c
	commit
	ok up
	sql "INSERT INTO c VALUES (1), (2), (3)"
	git switch -q other
	table_pair $B b
	commit
	ok sync -n
	out_is "would revert ${C}_create_c  (not in the work tree)
would apply ${B}_create_b
would lose data: ${C}_create_c.down.sql (as recorded):1: drops table c, which has 3 rows"
	same states "$A applied
$B out-of-order
$C missing" "$(states)"
	ok sync --dry-run --json main~0
	json_is '[.runs, .would, .revert, .apply, .rename, .losses] | map(length) | join(" ")' \
		'0 0 0 0 0 0'
	ok sync -n --json HEAD
	json_is .commit "$(git rev-parse HEAD)"
	json_is '.revert[] | "\(.version) \(.reason)"' "$C lacking"
	json_is '.apply[] | "\(.version) \(.reason)"' "$B new"
	json_is '.losses[] | "\(.what) \(.rows)"' 'drops table c 3'
	json_is '.would | map(.direction) | join(" ")' 'down up'
	ok sync
	err_has "'dev' gets the migrations of the work tree:
  revert ${C}_create_c  (not in the work tree)
  apply ${B}_create_b
  loses data: ${C}_create_c.down.sql (as recorded):1: drops table c, which has 3 rows"
	out_has "reverted ${C}_create_c"
	out_has "applied ${B}_create_b"
	same tables $'a\nb' "$(tables)"
}
@test "shows what it will do, and with -n does nothing" { both shown; }

changed() {
	table_pair $A a
	pair ${B}_b 'CREATE TABLE b (id integer PRIMARY KEY);' 'DROP TABLE b;'
	pair ${C}_c 'ALTER TABLE b ADD COLUMN c integer;' \
		'ALTER TABLE b DROP COLUMN c;'
	commit
	ok up
	pair ${B}_b 'CREATE TABLE b (id integer PRIMARY KEY, more integer);' \
		'DROP TABLE b;'
	commit
	ok sync -n
	out_has "would revert ${C}_c  (an older one changes)
would revert ${B}_b  (its up script is another one there)
would apply ${B}_b  (its up script is another one there)
would apply ${C}_c  (an older one changes)"
	sql "INSERT INTO a VALUES (1)"
	ok sync
	sql 'SELECT id, more, c FROM b'
	same 'rows of what stays' 1 "$(sql 'SELECT count(*) FROM a')"
	same states "$A applied
$B applied
$C applied" "$(states)"
}
@test "runs again what changed, and what stands on it" { both changed; }

kept_down() {
	table_pair $A a
	commit
	ok up
	echo 'DROP TABLE IF EXISTS a;' >migrations/${A}_create_a.down.sql
	commit
	ok sync
	err_has '1 down script has changed since the up was applied'
	err_has "nothing to do"
	ok sync HEAD~
	err_lacks 'down script'
}
@test "a down script alone is no reason to run anything" { both kept_down; }

renumbered() {
	table_pair $A a
	table_pair $B b
	commit
	ok up
	sql "INSERT INTO b VALUES (7)"
	git mv migrations/${B}_create_b.up.sql migrations/${D}_make_b.up.sql
	git mv migrations/${B}_create_b.down.sql migrations/${D}_make_b.down.sql
	commit 'rebased by somebody else'
	ok sync -n
	out_is "would rename ${B}_create_b to ${D}_make_b in the ledger"
	ok sync
	out_is "renamed ${B}_create_b to ${D}_make_b in the ledger"
	same states "$A applied
$D applied" "$(states)"
	same rows 7 "$(sql 'SELECT id FROM b')"
	same commit "$(git rev-parse HEAD)" \
		"$(sql "SELECT commit_id FROM git_migrations WHERE version = $D")"
	ok log $D --json
	json_is '.runs[] | .version + "_" + .name' ${D}_make_b
	ok down
	same tables a "$(tables)"
}
@test "the same scripts under another version run nothing" { both renumbered; }

gone() {
	table_pair $A a
	commit
	git switch -q -c topic
	table_pair $B b
	commit
	ok up
	local commit
	commit=$(git rev-parse HEAD)
	git switch -q main
	git branch -q -D topic
	git reflog expire --expire=now --all
	git gc -q --prune=now
	git cat-file -e "$commit" || explain "the commit is gone"
	ok sync
	out_has "reverted ${B}_create_b"
	same tables a "$(tables)"
}
@test "reverts what a deleted branch brought, whose commit gc keeps" { both gone; }

@test "a squashed branch is the same migration" {
	fresh sqlite
	table_pair $A a
	commit
	git switch -q -c topic
	table_pair $B b
	commit
	ok up
	git switch -q main
	git merge -q --squash topic
	git commit -q -m squashed
	git branch -q -D topic
	ok sync
	err_is "nothing to do: 'dev' has what the work tree has"
}

@test "commits that are kept for one that contains them are dropped when many" {
	fresh sqlite
	local n
	for n in {10..30}; do
		table_pair "202601010000$n" "t$n"
		commit
		ok up -q
	done
	[[ $(git for-each-ref refs/migrate/applied/dev/ | wc -l) -le 17 ]]
	git for-each-ref --format='%(objectname)' refs/migrate/applied/dev/ |
		grep -qx "$(git rev-parse HEAD)"
}

failing() {
	table_pair $A a
	commit
	git branch other
	pair ${B}_b 'CREATE TABLE b (id integer PRIMARY KEY);' 'DROP TABLE missing;'
	table_pair $C c
	commit
	ok up
	git switch -q other
	migrate sync
	exits 128
	err_has "unable to revert migration '${B}_b'"
	err_has '1 done and committed before it'
	same tables $'a\nb' "$(tables)"
	ok sync main
	same tables $'a\nb\nc' "$(tables)"
}
@test "a down script that fails ends it, and what is done stands" { both failing; }

@test "a failing up script names the way on" {
	fresh sqlite
	table_pair $A a
	pair ${B}_b 'CREATE TABLE a (id integer);' 'DROP TABLE a;'
	commit
	migrate sync HEAD
	exits 128
	err_has 'hint: mend the script, then: git migrate sync HEAD'
}

protected() {
	table_pair $A a
	commit
	git branch other
	table_pair $B b
	commit
	ok up
	git config migrate-target.dev.protected true
	migrate sync other
	exits 1
	err_has "migration '${B}_create_b' destroys data on the protected target 'dev', and nobody has confirmed that"
	err_has "hint: if that is meant: git migrate sync other --confirm $B"
	same tables $'a\nb' "$(tables)"
	ok sync other -n
	out_has "would ask for --confirm $B"
	ok -c migrate.requireBackup=never sync other --confirm $B
	same tables a "$(tables)"
}
@test "a protected target asks for what it asks of down" { both protected; }

hold() {
	table_pair $A a
	pair ${B}_b $'-- migrate: hold "deploy first"\nCREATE TABLE b (id integer);' \
		'DROP TABLE b;'
	commit
	git config migrate-target.dev.protected true
	migrate -c migrate.requireProof=false sync
	exits 1
	err_has "migration '${B}_b' is on hold: deploy first"
	err_has "git migrate up --release $B"
	same tables a "$(tables)"
	git config migrate-target.dev.protected false
	ok sync
	same tables $'a\nb' "$(tables)"
}
@test "only a protected target is held by a hold" { both hold; }

unfinished() {
	table_pair $A a
	pair ${B}_b $'-- migrate: no-transaction\nCREATE TABLE b (id integer);\nCREATE TABLE a (id integer);' \
		'DROP TABLE b;'
	commit
	migrate sync
	exits 128
	git rm -q -r migrations/${B}_*
	commit
	migrate sync
	exits 1
	err_has "migration '${B}_b' is unfinished"
	err_has "git migrate repair $B"
	git revert --no-edit HEAD >/dev/null
	migrate sync
	exits 128
	err_has "unable to apply migration '${B}_b'"
	sql 'DROP TABLE a'
	ok sync
	same states "$A applied
$B applied" "$(states)"
}
@test "goes on with what stopped half way, where it belongs" { both unfinished; }

@test "takes what is uncommitted as up does, and a commit as it is" {
	fresh sqlite
	table_pair $A a
	commit
	table_pair $B b
	ok up
	ok sync
	err_is "nothing to do: 'dev' has what the work tree has"
	ok sync HEAD
	same tables a "$(tables)"
	same file 'DROP TABLE b;' "$(<migrations/${B}_create_b.down.sql)"
}

@test "works in a bare repository" {
	fresh sqlite
	table_pair $A a
	commit
	git tag one
	table_pair $B b
	commit
	git clone -q --bare "$(here)" ../bare
	cd ../bare
	git config migrate.target dev
	git config migrate-target.dev.url "$URL"
	ok sync
	same tables $'a\nb' "$(tables)"
	ok sync one
	same tables a "$(tables)"
}

@test "a branch of any name is a name" {
	fresh sqlite
	table_pair $A a
	commit
	# shellcheck disable=SC2016
	local name='x$(touch${IFS}pwned);"quoted'\'"'-ü"
	git switch -q -c "$name"
	table_pair $B b
	commit
	ok sync "$name"
	same branch "$name" "$(sql "SELECT branch FROM git_migrations WHERE version = $B")"
	[[ ! -e pwned ]]
	migrate sync -- --upload-pack=x
	exits 128
	err_has "no commit '--upload-pack=x'"
	migrate sync $'no\nsuch\e[31m'
	exits 128
	[[ $err != *$'\e'* ]]
}

# The query breaks with migration 41 of 64.
bisected() {
	local n version step
	pair 20260101000001_orders \
		'CREATE TABLE orders (id integer PRIMARY KEY, total integer);' \
		'DROP TABLE orders;'
	commit 'step 1'
	for ((n = 2; n <= 64; n++)); do
		version=$((20260101000000 + n))
		if [[ $n -eq 41 ]]; then
			pair ${version}_rename \
				'ALTER TABLE orders RENAME COLUMN total TO amount;' \
				'ALTER TABLE orders RENAME COLUMN amount TO total;'
		else
			table_pair $version t_$n
		fi
		commit "step $n"
	done
	ok up -q
	step="git migrate sync -q || exit 125
		. '$MIGRATE_TOP/tests/lib/database.bash'
		ENGINE=$ENGINE URL='$URL'
		sql 'SELECT total FROM orders'"
	git bisect start HEAD HEAD~63 >/dev/null
	try git bisect run bash -c "$step"
	exits 0
	same 'the first bad commit' 'step 41' \
		"$(git log -1 --format=%s refs/bisect/bad)"
	git bisect reset >/dev/null 2>&1
	ok sync -q
	same states '' "$(states | grep -v ' applied$')"
}
@test "git bisect run finds the migration that broke a query" { both bisected; }

# Where the server has another grammar than the parser, or there is no parser,
# only the server can tell.
no_sql() {
	[[ $ENGINE != postgresql || $(sql 'SHOW server_version_num') == 15* ]] ||
		return 0
	table_pair 20260101000000 base
	commit
	git branch topic
	table_pair $A a
	commit
	ok up
	git switch -q topic
	pair ${B}_b $'SELECT 1 FROM base; -- ä\n/* äö */ CREATE TABEL b (id integer);' \
		'DROP TABLE b;'
	commit
	local near='near "TABEL": syntax error'
	[[ $ENGINE == sqlite ]] || near='syntax error at or near "TABEL"'
	for way in sync 'sync --dry-run'; do
		# shellcheck disable=SC2086
		migrate $way
		exits 128
		out_is ''
		err_is "error: migrations/${B}_b.up.sql:2:17: unable to apply migration '${B}_b': $near
    2 | /* äö */ CREATE TABEL b (id integer);
      |                 ^
hint: nothing is reverted; mend the script, then: git migrate sync"
	done
	same tables $'a\nbase' "$(tables)"
	pair ${B}_b 'CREATE TABLE b (id integer, CHECK (id > 0);' 'DROP TABLE b;'
	commit
	migrate sync
	exits 128
	err_has "migrations/${B}_b.up.sql:1:43: unable to apply"
	same tables $'a\nbase' "$(tables)"
	pair ${B}_b 'CREATE TABLE b (id integer);
INSERT INTO nowhere VALUES (1);' 'DROP TABLE b;'
	commit
	# what only a database can tell
	migrate sync
	exits 128
	out_has "reverted ${A}_create_a"
}
@test "a script that cannot be read is told before anything is reverted (sqlite, postgresql)" {
	ENGINES=${ENGINES/mariadb/} both no_sql
}

unreadable_down() {
	[[ $ENGINE != postgresql || $(sql 'SHOW server_version_num') == 15* ]] ||
		return 0
	table_pair 20260101000000 base
	commit
	git branch topic
	pair ${A}_a 'CREATE TABLE a (id integer);' 'DORP TABLE a;'
	table_pair $B b
	commit
	ok up
	git switch -q topic
	migrate sync
	exits 128
	err_has 'error: '
	err_has "unable to revert migration '${A}_a': "
	err_has 'hint: nothing is reverted; to revert it with a mended down script: git migrate down --from-file -n 2'
	same tables $'a\nb\nbase' "$(tables)"
	git switch -q main
	sed -i s/DORP/DROP/ migrations/${A}_a.down.sql
	ok down --from-file -n 2
	same tables base "$(tables)"
}
@test "a recorded script that cannot be read is told before others are reverted (sqlite, postgresql)" {
	ENGINES=${ENGINES/mariadb/} both unreadable_down
}
