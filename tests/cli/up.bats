#!/usr/bin/env bats
# git migrate up

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

applies_in_order() {
	table_pair $B b
	table_pair $A a
	commit
	ok up
	out_has "applied ${A}_create_a"
	same tables $'a\nb' "$(tables)"
	same states "$A applied
$B applied" "$(states)"
	ok up
	err_is "nothing to do: 'dev' is up to date"
	out_is ''
}
@test "applies what is pending, oldest first, once" { both applies_in_order; }

records_everything() {
	table_pair $A a
	commit first
	ok up --json
	json_is '.runs | length' 1
	json_is '.runs[0].version' $A
	json_is '.runs[0].name' create_a
	json_is '.runs[0].direction' up
	json_is '.runs[0].outcome' ok
	json_is '.runs[0].statements[0].kind' 'CREATE TABLE'
	json_is '.runs[0].statements[0].relations[0]' a
	json_is '.runs[0].tables[0] | "\(.name) \(.rows_before) \(.rows_after) \(.estimated)"' \
		'a null 0 false'
	# there DDL that takes no millisecond is over before its locks are seen
	[[ $ENGINE == mariadb ]] || json_is '.runs[0].lock_ms > 0' true
	[[ $ENGINE == mariadb ]] || json_is '.runs[0].locks | length > 0' true
	json_is '.runs[0].started_at | test("^[0-9-]+T[0-9:.]+Z$")' true
	same row "$A|create_a|$(git rev-parse :migrations/${A}_create_a.up.sql)|$(
		git rev-parse :migrations/${A}_create_a.down.sql)|$(
		git rev-parse HEAD)|commit|main|Test Person <test@example.com>|applied|1|1" \
		"$(sql "SELECT version, name, up_blob, down_blob, commit_id, source,
			branch, applied_by, state, statements_done, statements_total
			FROM git_migrations")"
	same script 'DROP TABLE a;' "$(sql 'SELECT down_script FROM git_migrations')"
	same runs 1 "$(sql 'SELECT count(*) FROM git_migrate_runs')"
}
@test "records version, blobs, commit, branch, person and facts" {
	both records_everything
}

introducing_commit() {
	table_pair $A a
	git add -A && git commit -q -m up --no-verify -- migrations/*.up.sql
	git add -A && git commit -q -m down --no-verify
	local introduced
	introduced=$(git rev-parse HEAD)
	echo x >other && commit other
	ok up
	same commit "$introduced" "$(sql 'SELECT commit_id FROM git_migrations')"
}
@test "records the commit that completed the pair, not the newest" {
	both introducing_commit
}

uncommitted() {
	table_pair $A a
	ok up
	same source '|uncommitted' \
		"$(sql 'SELECT commit_id, source FROM git_migrations')"
	same states "$A applied" "$(states)"
	ok status --json
	json_is '.migrations[0].flags | join(",")' uncommitted,untracked
}
@test "remembers where pairs came from, for one tip, and believes no broken file" {
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit first
	local first kept=.git/migrate/origins trace=$BATS_TEST_TMPDIR/trace
	first=$(git rev-parse HEAD)
	origins() {
		sql "SELECT group_concat(coalesce(commit_id, '-'), ' ')
			FROM git_migrations"
	}
	again() {
		rm -f .git/dev.db
		rm -f "$trace"
		GIT_TRACE=$trace ok up
		same 'the commits' "$1" "$(origins)"
	}
	GIT_TRACE=$trace ok up -n 1
	grep -q 'git log' "$trace"
	again "$first $first"
	grep -q 'git log' "$trace" # for the other one
	again "$first $first"
	! grep -q 'git log' "$trace" || explain 'history was walked again'
	# the same scripts, another history
	git commit -q --amend -m 'first, again'
	local tip
	tip=$(git rev-parse HEAD)
	again "$tip $tip"
	printf 'git-migrate origins 1 %s migrations/\n%064d deadbeef\nx\n\0' \
		"$tip" 0 >$kept
	again "$tip $tip"
	rm $kept
	mkdir $kept
	again "$tip $tip"
	[[ -z $(find .git/migrate -name 'origins.*') ]] || explain 'left over'
}

@test "says that a script was not committed" { both uncommitted; }

@test "refuses an uncommitted migration on a protected target" {
	fresh sqlite
	git config migrate-target.dev.protected true
	git config migrate.requireProof false
	table_pair $A a
	migrate up
	exits 1
	err_is "error: migrations/${A}_create_a.up.sql: target 'dev' is protected, and migration '${A}_create_a' is not committed
hint: commit it: git add 'migrations/${A}_create_a.up.sql' 'migrations/${A}_create_a.down.sql' && git commit"
	same tables '' "$(tables)"
	commit
	echo '-- more' >>migrations/${A}_create_a.up.sql
	migrate up
	exits 1
	err_has 'modified since its commit'
	git checkout -q .
	ok up
}

rolls_back() {
	table_pair $A a
	pair ${B}_broken $'CREATE TABLE b (id integer);\n\nINSERT INTO nowhere VALUES (1);' 'DROP TABLE b;'
	table_pair $C c
	commit
	migrate up
	exits 128
	err_has "error: migrations/${B}_broken.up.sql:3:13: unable to apply migration '${B}_broken': "
	err_has nowhere
	err_has 'hint: 1 done and committed before it, 1 after it not started'
	err_has 'hint: mend the script, then: git migrate up'
	same tables a "$(tables)"
	same states "$A applied
$B pending
$C pending" "$(states)"
	ok log --json
	json_is '.runs | map(.outcome) | join(" ")' 'failed ok'
	pair ${B}_broken 'CREATE TABLE b (id integer);' 'DROP TABLE b;'
	ok up
	same tables $'a\nb\nc' "$(tables)"
}
@test "a failing script is rolled back and leaves no dirty state" {
	atomic rolls_back
}

checks_all_first() {
	table_pair $A a
	pair ${B}_bad $'CREATE TABLE b (id integer);\n-- migrate: nonsense' 'DROP TABLE b;'
	commit
	migrate up
	exits 128
	err_has "error: migrations/${B}_bad.up.sql:2:1: unknown directive 'nonsense'"
	same tables '' "$(tables)"
}
@test "bad input in a later script stops before the first one runs" {
	both checks_all_first
}

out_of_order() {
	table_pair $B b
	commit
	ok up
	table_pair $A a
	commit
	migrate up
	exits 1
	err_is "error: migrations/${A}_create_a.up.sql: migration '${A}_create_a' is out of order: $B is applied already
hint: to apply it all the same: git migrate up --out-of-order
hint: to apply it in order: git migrate down --to 0, then git migrate up"
	same states "$A out-of-order
$B applied" "$(states)"
	ok up --out-of-order
	same states "$A applied
$B applied" "$(states)"
}
@test "out of order is an error that names the way on" { both out_of_order; }

into_order() {
	table_pair $B b
	commit
	ok up
	table_pair $A a
	commit
	ok down --to 0
	same states "$A pending
$B pending" "$(states)"
	ok up
	same states "$A applied
$B applied" "$(states)"
}
@test "what is out of order is put in order by down --to and up" {
	both into_order
}

limits() {
	table_pair $A a
	table_pair $B b
	table_pair $C c
	commit
	ok up -n 1
	same tables a "$(tables)"
	ok up --to $B
	same tables $'a\nb' "$(tables)"
	migrate up --to 20990101000000
	exits 128
	err_is "error: there is no migration 20990101000000 here
hint: see the versions: git migrate status"
	ok up --dry-run
	out_has "would apply ${C}_create_c"
	same tables $'a\nb' "$(tables)"
}
@test "-n, --to and --dry-run" { both limits; }

changed() {
	table_pair $A a
	table_pair $B b
	commit
	ok up
	echo '-- more' >>migrations/${A}_create_a.up.sql
	migrate up
	exits 1
	err_has "error: migrations/${A}_create_a.up.sql: the up script of migration '${A}_create_a' has changed since it was applied"
	err_has 'hint: to revert and apply it again: git migrate redo -n 2'
	same states "$A modified
$B applied" "$(states)"
	ok redo -n 2
	same states "$A applied
$B applied" "$(states)"
}
@test "an applied script that changed is an error, and redo the way out" {
	both changed
}

@test "a renumbered migration is recognised by its blob" {
	fresh sqlite
	table_pair $A a
	commit
	ok up
	git mv migrations/${A}_create_a.up.sql migrations/${B}_create_a.up.sql
	git mv migrations/${A}_create_a.down.sql migrations/${B}_create_a.down.sql
	commit
	migrate up
	exits 1
	err_has "migration '${B}_create_a' was already applied as version $A"
}

@test "a changed down script is a warning, and the recorded one is used" {
	fresh sqlite
	table_pair $A a
	commit
	ok up
	echo 'syntax error' >migrations/${A}_create_a.down.sql
	ok up
	err_is "warning: 1 down script has changed since the up was applied; 'down' uses the recorded text
nothing to do: 'dev' is up to date"
	ok down
	same tables '' "$(tables)"
}

holds() {
	table_pair $A a
	pair ${B}_later $'-- migrate: hold "deploy the readers first"\nCREATE TABLE b (id integer);' 'DROP TABLE b;'
	commit
	ok up
	err_is "stopped before '${B}_later', which is on hold: deploy the readers first
hint: when that is done: git migrate up --release $B"
	same tables a "$(tables)"
	migrate up --to $B
	exits 1
	ok up --release $B
	same tables $'a\nb' "$(tables)"
}
@test "hold stops until it is released" { both holds; }

refuses_scripts() {
	pair ${A}_x "$1" "$2"
	migrate up
	exits "$3"
	err_has "$4"
	same tables '' "$(tables)"
	rm -r migrations
}
@test "refuses empty, edit, unknown and broken scripts" {
	fresh sqlite
	local t="CREATE TABLE a (id integer);" d='DROP TABLE a;'
	refuses_scripts '-- nothing' "$d" 128 "error: migrations/${A}_x.up.sql:1:1: the script has no statement"
	refuses_scripts "$t" '' 128 "error: migrations/${A}_x.down.sql:1:1: the script has no statement"
	refuses_scripts $'-- migrate: edit "choose a type"\n'"$t" "$d" 1 'choose a type'
	refuses_scripts $'-- migrate: verify\n'"$t" "$d" 128 "'verify'"
	refuses_scripts $'CREATE TABLE a (id \xff integer);' "$d" 128 ':1:'
	pair ${A}_x "$t" "$d"
	printf 'CREATE TABLE a (id\0 integer);\n' >migrations/${A}_x.up.sql
	migrate up
	exits 128
	err_has "migrations/${A}_x.up.sql:1:19: "
}

declared_empty() {
	pair ${A}_x '-- migrate: empty "kept for its version"' \
		'-- migrate: irreversible "there is nothing to undo"'
	ok up
	same states "$A applied" "$(states)"
	migrate down
	exits 1
	err_has "migration '${A}_x' is irreversible: there is nothing to undo"
}
@test "a script may be empty when it says so" { both declared_empty; }

wrapped() {
	pair ${A}_x $'\xef\xbb\xbf-- with a byte order mark\r\nBEGIN;\r\nCREATE TABLE a (id integer);\r\nINSERT INTO a VALUES (1);\r\nCOMMIT;\r' \
		$'BEGIN;\nDROP TABLE a;\nCOMMIT;'
	ok up --json
	# where DDL commits by itself, the wrapper stays what it is
	local kinds=CREATE\ TABLE,INSERT
	[[ $ENGINE != mariadb ]] || kinds=BEGIN,$kinds,COMMIT
	json_is '.runs[0].statements | map(.kind) | join(",")' "$kinds"
	json_is '.runs[0].statements[] | select(.kind == "INSERT") | .rows' 1
	json_is '.runs[0].tables[0].rows_after' 1
	same rows 1 "$(sql 'SELECT count(*) FROM a')"
	ok down
	same tables '' "$(tables)"
}
@test "BOM, CRLF and a BEGIN ... COMMIT wrapper" { both wrapped; }

missing_warns() {
	table_pair $A a
	commit
	ok up
	git switch -q -c other
	git rm -q -r migrations && commit
	table_pair $B b
	ok up
	err_has "warning: 1 applied migration is not here; see 'git migrate status'"
	same tables $'a\nb' "$(tables)"
	ok status
	err_has "${A}_create_a is from commit"
	err_has main
}
@test "an applied migration that is not here is only a warning" {
	both missing_warns
}

@test "wrong options and no repository" {
	fresh sqlite
	migrate up --no-such
	exits 129
	err_has "error: unknown option '--no-such'"
	migrate up -h
	exits 129
	out_has 'usage: git migrate up'
	migrate up --to yesterday
	exits 129
	err_has "option '--to' expects a version of 14 digits, not 'yesterday'"
	migrate up -n 0
	exits 129
	err_has "option '-n' expects a number from 1 on, not '0'"
	cd /
	migrate up
	exits 128
	err_has 'not a git repository'
}

@test "Ctrl-C cancels the statement and rolls back" {
	fresh postgresql
	pair ${A}_slow $'CREATE TABLE a (id integer);\nSELECT pg_sleep(30);' 'DROP TABLE a;'
	git-migrate up >out 2>err &
	local pid=$!
	until [[ -n $(sql "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%'
		AND state = 'active' AND pid <> pg_backend_pid()") ]]; do
		kill -0 $pid
	done
	kill -TERM $pid
	local code=0
	wait $pid || code=$?
	same 'exit status' 130 $code
	same tables '' "$(tables)"
	same states "$A uncommitted" "$(states)"
}

# a copy of A's row
other_row="CREATE TEMP TABLE other AS SELECT * FROM git_migrations;
	UPDATE other SET up_blob = 'feed'"

@test "what another checkout did meanwhile puts a migration out of order" {
	fresh sqlite
	table_pair $A a
	commit
	ok up
	table_pair $B b
	commit
	behind_another_run up "$other_row, version = $C;
		INSERT INTO git_migrations SELECT * FROM other"
	same 'exit status' 1 "$ended"
	same complaint "waiting for another run
error: migrations/${B}_create_b.up.sql: migration '${B}_create_b' is out of order: $C is applied already
hint: to apply it all the same: git migrate up --out-of-order
hint: to apply it in order: git migrate down --to $A, then git migrate up" \
		"$(<err)"
	same tables a "$(tables)"
}

@test "what another checkout applied meanwhile under the same version is not taken for ours" {
	fresh sqlite
	table_pair $A a
	commit
	ok up
	table_pair $B b
	commit
	behind_another_run up "$other_row, version = $B;
		INSERT INTO git_migrations SELECT * FROM other"
	same 'exit status' 1 "$ended"
	same complaint "error: migrations/${B}_create_b.up.sql: the up script of migration '${B}_create_b' has changed since it was applied" \
		"$(sed -n 2p err)"
	same tables a "$(tables)"
}

@test "does not apply again what another run reverted meanwhile, nor the next one unasked" {
	fresh sqlite
	table_pair $A a
	table_pair $B b
	commit
	ok up
	table_pair $C c
	commit
	behind_another_run up "DROP TABLE b; DELETE FROM git_migrations
		WHERE version = $B"
	same 'exit status' 1 "$ended"
	same complaint "waiting for another run
error: another run has changed what is pending on 'dev': '${B}_create_b' was not to be applied when this was typed
hint: nothing is applied; to do it as it is now: git migrate up" "$(<err)"
	same tables a "$(tables)"
	behind_another_run 'up -n 1' "$other_row, version = $B,
			name = 'create_b', (up_blob, down_blob) =
			('$(git rev-parse "HEAD:migrations/${B}_create_b.up.sql")',
			'$(git rev-parse "HEAD:migrations/${B}_create_b.down.sql")');
		INSERT INTO git_migrations SELECT * FROM other"
	same 'exit status' 1 "$ended"
	same hint 'hint: nothing is applied; to do it as it is now: git migrate up -n 1' \
		"$(tail -n 1 err)"
	same tables a "$(tables)"
}

odd_names() {
	table_pair $A a
	commit
	git config user.name $'J\xf6rg'
	git checkout -q -b $'odd\xff'
	ok up
	same row 'J\xF6rg <test@example.com>|odd\xFF' \
		"$(sql 'SELECT applied_by, branch FROM git_migrations')"
}
@test "a person and a branch may have names that are not UTF-8" {
	both odd_names
}

own_transaction() {
	pair ${A}_a "CREATE TABLE a (id integer);
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO nowhere VALUES (1);
COMMIT;
DELETE FROM a;" 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has 'hint: 1 of 6 statements are done and stay done
hint: mend the others, then go on with: git migrate up'
	same rows 0 "$(sql 'SELECT count(*) FROM a')"
	same 'done' '1|6' "$(sql 'SELECT statements_done, statements_total
		FROM git_migrations')"
}
@test "tells what of a script with a transaction of its own stays done" {
	both own_transaction
}

left_open() {
	pair ${A}_a "CREATE TABLE a (id integer);
BEGIN;
INSERT INTO a VALUES (1);
SELECT 1;" 'DROP TABLE a;'
	commit
	migrate up --json
	exits 128
	json_is '.runs[0].outcome' failed
	same rows 0 "$(sql 'SELECT count(*) FROM a')"
	ok log --json
	json_is '.runs[0].outcome' failed
}
@test "a script that leaves a transaction open has failed" { both left_open; }

interrupting() {
	local long="SELECT pg_sleep(60)"
	[[ $ENGINE != sqlite ]] || long='WITH RECURSIVE c(x) AS (SELECT 1
		UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c'
	pair ${A}_a "CREATE TABLE a (id integer);
$long;" 'DROP TABLE a;'
	commit
	# every process of the group gets it, and git sends it to us once more
	try timeout -s INT 3 git migrate up
	exits 124
	err_has "${A}_a.up.sql:2:1: unable to apply migration '${A}_a': interrupted"
	err_has 'hint: nothing of it is left in the database'
	ok status --json
	json_is '.migrations[0].state' pending
	ok log --json
	json_is '.runs[0].outcome' failed
}
@test "Ctrl-C comes twice, through git too, and is one" {
	atomic interrupting
}

@test "a migration may change the search path of the database" {
	fresh postgresql
	pair ${A}_a $'CREATE SCHEMA app;
DO $$ BEGIN EXECUTE format(\'ALTER DATABASE %I SET search_path = app\',
	current_database()); END $$;' 'DROP SCHEMA app;'
	commit
	ok up
	table_pair $B b
	commit
	ok up
	same runs "$A,$B" "$(sql "SELECT string_agg(version::text, ',' ORDER BY id)
		FROM public.git_migrate_runs")"
	same place app "$(sql "SELECT schemaname FROM pg_tables
		WHERE tablename = 'b'")"
}

unknown_release() {
	table_pair $A a
	commit
	migrate up --release 20270101000000
	exits 128
	err_is 'error: there is no migration 20270101000000 here to release
hint: see the versions: git migrate status'
	ok up
	migrate up --release 20270101000000
	exits 128
	ok up --release $A
	err_has "${A}_create_a is applied already"
}
@test "says what cannot be released" { both unknown_release; }

by_another_name() {
	table_pair $A a
	git config migrate-target.production.url "$URL"
	git config migrate-target.production.protected true
	git config migrate.requireProof false
	git add migrations
	migrate up
	exits 1
	err_has "target 'dev' is protected, and migration '${A}_create_a' is not committed"
	migrate up --target "$URL"
	exits 1
	err_has "target 'production' is protected"
	commit
	ok up --target "$URL"
}
@test "a database is protected whatever it is called" { both by_another_name; }

shows_the_statement() {
	pair ${A}_a "CREATE TABLE a (id integer);

INSERT INTO a (id)
  SELECT id FROM
  nowhere;" 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has "    3 | INSERT INTO a (id)
    4 |   SELECT id FROM
    5 |   nowhere;
      |   ^"
}
@test "shows the statement that failed, and where" { both shows_the_statement; }

out_of_time() {
	local long='SELECT pg_sleep(60)'
	case $ENGINE in
	sqlite) long='WITH RECURSIVE c(x) AS (SELECT 1
		UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c' ;;
	mariadb) long='SELECT SLEEP(60)' ;;
	esac
	table_pair $A a
	pair ${B}_long "$long;" 'SELECT 1;'
	commit
	migrate up --abort-after 2s --rollback-on-failure
	exits 128
	err_has "unable to apply migration '${B}_long': the run took longer than 2.0 s"
	err_has 'hint: rolled back: all 1 that this run applied'
	err_lacks 'unable to roll back'
	same tables '' "$(tables)"
	same states "$A pending
$B pending" "$(states)"
}
@test "what a run out of time has applied is rolled back all the same" {
	both out_of_time
}

poisoned_ledger() {
	table_pair $A a
	commit
	ok up
	sql "UPDATE git_migrations SET name = 'a"$'\e]0;x\a\n'"hint: type this'"
	ok down --dry-run
	same 'the first line' "would revert ${A}_a^[]0;x^G\\nhint: type this" \
		"${out%%$'\n'*}"
	sql 'DROP TABLE a'
	migrate down
	exits 128
	err_has "unable to revert migration '${A}_a^[]0;x^G\\nhint: type this'"
}
@test "what somebody wrote into the ledger stays one line and harms no terminal" {
	both poisoned_ledger
}

dry_run_json() {
	table_pair $A a
	commit
	pair ${B}_index "CREATE INDEX a_one ON a (id); CREATE INDEX a_two ON a (id);" \
		'DROP TABLE a; CREATE TABLE a (id integer);'
	ok up --dry-run --json
	json_is '.runs | length' 0
	json_is '.would | map(.version + " " + .direction) | join(", ")' "$A up, $B up"
	json_is '.would[0].commit' "$(git rev-parse HEAD)"
	json_is '.would[1].commit' null
	json_is '.would[1].path' "migrations/${B}_index.up.sql"
	json_is '.would[1].statements | map(.kind) | join(", ")' 'CREATE INDEX, CREATE INDEX'
	json_is '.would[1].statements[1].place' "migrations/${B}_index.up.sql:1:31"
	ok up --dry-run
	out_has '  (uncommitted)'
	out_has ': CREATE INDEX a_one'
	out_has ': CREATE INDEX a_two'
	[[ -z $(tables) ]]
	ok up -q
	out_is ''
	err_is ''
	ok up --dry-run --json
	json_is .would '[]'
	ok down --dry-run --json
	json_is '.would | map(.version + " " + .direction) | join(", ")' "$B down"
	json_is '.would[0].statements | map(.kind) | join(", ")' 'DROP TABLE, CREATE TABLE'
	ok redo -q
	out_is ''
	ok down -q
	out_is ''
	err_is ''
}
@test "a dry run tells what it would do as JSON, and quiet is quiet" { both dry_run_json; }

@test "SQLite URLs that would be odd names of files are refused" {
	fresh sqlite
	table_pair $A a
	migrate up --target 'sqlite:file:dev.db?mode=ro'
	exits 128
	err_has "error: sqlite:PATH takes no 'file:' URI"
	err_has 'hint: write sqlite:PATH, or with parameters sqlite://PATH?mode=ro'
	migrate up --target 'sqlite:dev.db?mode=ro'
	exits 128
	err_has 'error: sqlite:PATH takes no parameters'
	migrate status --target sqlite:nosuch/dir/x.db
	exits 128
	err_has "unable to open database 'x.db': its folder is not there"
	ok status --target sqlite:new.db
}

@test "an attached database that is not there is named as such" {
	fresh sqlite
	pair ${A}_x "-- migrate: no-transaction
ATTACH DATABASE 'nosuch/evil.db' AS evil;" 'SELECT 1;'
	migrate up
	exits 128
	err_has "migrations/${A}_x.up.sql:2:"
	err_has 'unable to open database: '
	err_lacks 'dev.db'
	err_lacks 'SQLite writes to the folder'
}

@test "what PostgreSQL warns of while a script runs is told" {
	fresh postgresql
	pair ${A}_x "DO \$\$ BEGIN RAISE WARNING E'LOOK \\033HERE'; RAISE NOTICE 'by the way'; END \$\$;" \
		"DO \$\$ BEGIN RAISE WARNING 'BACK'; END \$\$;"
	ok up
	err_has 'warning: the server says: LOOK ^[HERE'
	err_lacks 'by the way'
	ok redo -v
	err_has 'warning: the server says: NOTICE: by the way'
	err_has 'warning: the server says: BACK'
	pair ${B}_y 'ROLLBACK; CREATE TABLE y (a integer);' 'DROP TABLE y;'
	migrate up
	err_has 'warning: the server says: there is no transaction in progress'
}

# --- proofs on a protected target --------------------------------------------

asks_for_a_proof() {
	table_pair $A a
	table_pair $B b
	commit
	git config migrate-target.dev.protected true
	git config migrate.scratchUrl "$URL"
	migrate up
	exits 1
	err_is "error: target 'dev' is protected, and 2 migrations have no valid proof
detail: ${A}_create_a: it was never proven
detail: ${B}_create_b: it was never proven
hint: prove that the rollback works: git migrate prove $A $B"
	same tables '' "$(tables)"
	ok up --dry-run
	out_has "would ask for a valid proof of 2 migrations: git migrate prove $A $B"
	ok prove $A
	migrate up
	exits 1
	err_is "error: target 'dev' is protected, and migration '${B}_create_b' has no valid proof
detail: ${B}_create_b: it was never proven
hint: prove that the rollback works: git migrate prove $B"
	ok up -n 1
	ok prove
	echo '-- more' >>migrations/${B}_create_b.down.sql
	commit
	migrate up
	exits 1
	err_has "detail: ${B}_create_b: its proof is stale: down script changed"
	ok prove
	ok up
	same tables $'a\nb' "$(tables)"
}
@test "a protected target asks for a valid proof" { both asks_for_a_proof; }

proof_not_wanted() {
	table_pair $A a
	pair ${B}_b 'CREATE TABLE b (id integer);' '-- migrate: irreversible "kept for ever"'
	printf '[migrate]\n\trequireProof = false\n' >.gitmigrate
	commit
	git config migrate-target.dev.protected true
	git config migrate.scratchUrl "$URL"
	migrate up
	exits 128
	err_has "the key 'migrate.requireproof' may not be set in"
	printf '[migrate]\n\trequireProof = true\n\tproofRows = 20000\n' >.gitmigrate
	migrate up
	exits 128
	err_has "only less than the default may be set there"
	rm .gitmigrate
	commit
	git config migrate.requireProof false
	ok up -n 1
	git config --unset migrate.requireProof
	migrate up
	exits 1
	ok prove
	ok up
}
@test "no proof is asked for where a person says so, or it cannot be" {
	both proof_not_wanted
}

few_rows() {
	sql 'CREATE TABLE big (id integer PRIMARY KEY)'
	sql "INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i FROM n"
	pair ${A}_a 'CREATE TABLE IF NOT EXISTS big (id integer PRIMARY KEY);' 'DROP TABLE big;'
	pair ${B}_b 'ALTER TABLE big ADD COLUMN n integer;' 'ALTER TABLE big DROP COLUMN n;'
	commit
	git config migrate-target.dev.protected true
	git config migrate.scratchUrl "$URL"
	ok prove
	ok up -n 1
	git config migrate.proofRows 200
	ok up
	err_has "warning: the proof of '${B}_b' ran on 0 rows of big, which has "
	err_has " on 'dev'
hint: prove it on as many: git migrate prove $B --from-backup FILE"
}
@test "warns of a proof that ran on far fewer rows" { both few_rows; }
