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

@test "a changed script makes its own proof and later ones stale, a rebase none" {
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
	json_is '.migrations | map(.proof) | join(" ")' 'stale stale'
	json_is '.migrations | map(.proof_stale | join(", ")) | join("; ")' \
		'up script changed; earlier migrations changed'
	echo '-- x' >>migrations/${A}_create_a.down.sql
	ok status -v
	err_has "the proof of ${A}_create_a is stale: up script changed, down script changed
the proof of ${B}_create_b is stale: earlier migrations changed"
	git restore migrations
}

other_engine() {
	table_pair $A a
	commit
	ok prove
	# as if another server had proven it
	git notes --ref=migrate-proofs show "$(git rev-parse :migrations/${A}_create_a.up.sql)" |
		jq -c '.engine_major = 9' >"$BATS_TEST_TMPDIR/note"
	git notes --ref=migrate-proofs add -f -F "$BATS_TEST_TMPDIR/note" "$(git rev-parse :migrations/${A}_create_a.up.sql)"
	ok status --json
	json_is '.migrations[0] | .proof + ": " + (.proof_stale | join(", "))' \
		"stale: engine 9 -> $(git migrate prove --json | jq -r '.proofs[0].engine_major')"
}
@test "says when a proof is of another server" { both other_engine; }


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

# --- the full unwind ---------------------------------------------------------

C=20260101000003

unwinds() {
	table_pair $A a
	pair ${B}_col 'ALTER TABLE a ADD COLUMN note text;' 'ALTER TABLE a DROP COLUMN note;'
	pair ${C}_view 'CREATE VIEW v AS SELECT id FROM a;' 'DROP VIEW v;'
	commit
	ok prove --all
	out_has "proven the unwind of 3 of 3, down to $A and up again"
	ok prove --all --json
	json_is '.unwind | [.outcome, .reverted, .total, .oldest, (.steps | length)] | join(" ")' \
		"restored 3 3 $A 0"
	ok prove $C --json
	json_is .unwind null
}
@test "reverts all in a row, and applies all again" { both unwinds; }

breaks_another() {
	table_pair $A a
	pair ${B}_child 'CREATE VIEW v AS SELECT id FROM a;' 'SELECT 1;'
	commit
	migrate prove --all --json
	exits 1
	json_is '.proofs | map(.outcome) | join(" ")' 'proven differs'
	json_is '.unwind.outcome' failed
	json_is '.unwind.steps | map(.direction + " " + .version + " " + (.cause // "-")) | join("; ")' \
		"down $B -; down $A ${B}_child"
	json_is '.unwind.steps[1].error | contains("view v depends on table a")' true
	migrate prove --all
	exits 1
	out_has "failed the unwind of 1 of 2, down to $A and up again"
	out_has "down ${A}_create_a failed, because of ${B}_child"
}
@test "says whose down makes another one fail" {
	fresh postgresql
	breaks_another
}

leaves_behind() {
	table_pair $A a
	pair ${B}_x $'CREATE TABLE b (id integer);\nCREATE TABLE c (id integer);' 'DROP TABLE b;'
	pair ${C}_y 'CREATE TABLE d (id integer);' 'DROP TABLE d;'
	commit
	migrate prove --all --json
	exits 1
	json_is '.proofs | map(.outcome) | join(" ")' 'proven differs proven'
	json_is '.unwind.outcome' failed
	json_is '.unwind.steps | map(.direction + " " + .version + " " + (.cause // "-")) | join("; ")' \
		"down $B -; up $B -"
	json_is '.unwind.steps[0].differences | map(.kind + " " + .name) | unique | join(", ")' \
		'column c.id, table c'
	json_is '.unwind.reverted' 3
}
@test "tells what a down leaves only once on the way" { both leaves_behind; }

stops() {
	table_pair $A a
	pair ${B}_x 'CREATE TABLE b (id integer);' '-- migrate: irreversible "the rows are gone"'
	table_pair $C c
	commit
	ok prove --all --json
	json_is '.unwind | [.outcome, .stopped_at, .why, .reverted] | join(", ")' \
		"stopped, ${B}_x, the rows are gone, 1"
	ok prove --all
	out_has "stopped the unwind of 1 of 3, down to $A and up again
  it ends at ${B}_x, which is irreversible: the rows are gone"
}
@test "an irreversible migration ends the unwind" { both stops; }

# --- idempotence -------------------------------------------------------------

idempotent() {
	pair ${A}_a $'-- migrate: idempotent\nCREATE TABLE IF NOT EXISTS a (id integer);' \
		$'-- migrate: idempotent\nDROP TABLE IF EXISTS a;'
	commit
	ok prove
	pair ${B}_b $'-- migrate: idempotent\nCREATE TABLE b (id integer);' 'DROP TABLE b;'
	commit
	migrate prove --json
	exits 1
	json_is '.proofs[-1] | [.outcome, .failed_stage] | join(" ")' 'failed up twice'
	json_is '.proofs[-1].error | startswith("the script is not idempotent, as it says: unable to apply migration")' true
	pair ${B}_b 'CREATE TABLE b (id integer);' $'-- migrate: idempotent\nDROP TABLE b;'
	commit
	migrate prove --json
	exits 1
	json_is '.proofs[-1] | [.outcome, .failed_stage] | join(" ")' 'failed down twice'
}
@test "a script that says that it is idempotent runs twice" { both idempotent; }

changes_rows_twice() {
	table_pair $A a
	pair ${B}_row $'-- migrate: idempotent\nINSERT INTO a SELECT coalesce(max(id), 0) + 1 FROM a;' 'DELETE FROM a;'
	commit
	migrate prove $B
	exits 1
	out_has "differs ${B}_row"
	out_has '  after up twice: rows of a differs
      expected 1 row
      found    2 rows'
}
@test "rows that a second time adds are no idempotence" { both changes_rows_twice; }

# --- repairs -----------------------------------------------------------------

# mends VERSION_NAME   the proof fails, and passes with what it proposes
mends() {
	migrate prove "${1%%_*}" --json
	exits 1
	json_is '.proofs[0].outcome' differs
	json '.proofs[0].repairs[]' >"$BATS_TEST_TMPDIR/repairs"
	[[ -s $BATS_TEST_TMPDIR/repairs ]] || explain 'nothing is proposed'
	cat "$BATS_TEST_TMPDIR/repairs" >>"migrations/$1.down.sql"
	ok prove "${1%%_*}" --json
	json_is '.proofs[0].outcome' proven
}

mends_left_over() {
	pair ${A}_a 'CREATE TABLE a (id integer);' 'DROP TABLE a;'
	pair ${B}_x $'CREATE TABLE b (id integer PRIMARY KEY);\nCREATE INDEX a_i ON a (id);\nALTER TABLE a ADD COLUMN n integer;\nCREATE VIEW v AS SELECT id FROM b;' 'SELECT 1;'
	commit
	mends ${B}_x
}
@test "proposes what takes away what is left over" { both mends_left_over; }

mends_missing_index() {
	pair ${A}_a $'CREATE TABLE a (id integer, n integer);\nCREATE UNIQUE INDEX a_i ON a (n, id);\nCREATE INDEX a_j ON a (id);' 'DROP TABLE a;'
	if [[ $ENGINE == mariadb ]]; then
		pair ${B}_x $'DROP INDEX a_i ON a;\nDROP INDEX a_j ON a;' 'SELECT 1;'
	else
		pair ${B}_x $'DROP INDEX a_i;\nDROP INDEX a_j;' 'SELECT 1;'
	fi
	commit
	mends ${B}_x
}
@test "proposes an index that is missing" { both mends_missing_index; }

@test "proposes what PostgreSQL's catalog tells of the rest" {
	fresh postgresql
	pair ${A}_a "CREATE TYPE mood AS ENUM ('ok', 'it''s');
		CREATE SCHEMA \"App\";
		CREATE TABLE a (id integer, n integer NOT NULL DEFAULT 3, t text DEFAULT 'it''s', CONSTRAINT c CHECK (id > 0));
		CREATE TABLE \"App\".\"B c\" (\"Id\" integer PRIMARY KEY, note text);
		COMMENT ON TABLE a IS 'it''s
two lines';
		COMMENT ON COLUMN a.n IS 'n';
		CREATE FUNCTION f(i integer) RETURNS integer LANGUAGE sql AS 'SELECT 1
	+ i';
		CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
	RETURN new; END';
		CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION g();
		CREATE VIEW v AS SELECT id, n AS m FROM a WHERE id > 3;
		GRANT SELECT, INSERT ON a TO PUBLIC;" "DROP VIEW v; DROP TABLE a; DROP FUNCTION f(integer); DROP FUNCTION g(); DROP TABLE \"App\".\"B c\"; DROP SCHEMA \"App\"; DROP TYPE mood;"
	pair ${B}_x "DROP VIEW v;
		ALTER TABLE a ALTER COLUMN n DROP NOT NULL, ALTER COLUMN n SET DEFAULT 4, ALTER COLUMN t DROP DEFAULT, DROP CONSTRAINT c;
		DROP TRIGGER tr ON a; DROP FUNCTION g();
		COMMENT ON TABLE a IS NULL; COMMENT ON COLUMN a.n IS 'other';
		CREATE OR REPLACE FUNCTION f(i integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';
		ALTER TABLE \"App\".\"B c\" DROP COLUMN note;
		ALTER TABLE \"App\".\"B c\" ADD CONSTRAINT \"X y\" UNIQUE (\"Id\");
		COMMENT ON TABLE \"App\".\"B c\" IS 'new';
		REVOKE INSERT ON a FROM PUBLIC; GRANT UPDATE ON a TO PUBLIC;
		CREATE SEQUENCE s; CREATE TYPE t2 AS ENUM ('a'); CREATE SCHEMA later;
		DROP TYPE mood;" '-- migrate: data-loss "`B c`.note is lost"
SELECT 1;'
	commit
	mends ${B}_x
}

@test "proposes what SQLite keeps as it was written" {
	fresh sqlite
	pair ${A}_a 'CREATE TABLE a (id integer, "N n" text);
		CREATE VIEW v AS SELECT id FROM a;
		CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET id = 1; DELETE FROM a; END;
		CREATE INDEX i ON a ("N n") WHERE id > 3;' 'DROP TABLE a;'
	pair ${B}_x 'DROP VIEW v; DROP TRIGGER t; DROP INDEX i; CREATE VIEW w AS SELECT 1;' 'SELECT 1;'
	commit
	mends ${B}_x
}

@test "proposes what MariaDB's catalog tells" {
	fresh mariadb
	pair ${A}_a "CREATE TABLE p (id integer PRIMARY KEY);
		CREATE TABLE a (id integer, n integer NOT NULL DEFAULT 3, t varchar(9) DEFAULT 'it''s', p integer, CONSTRAINT k CHECK (id > 0), CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE);" 'DROP TABLE a; DROP TABLE p;'
	pair ${B}_x "ALTER TABLE a MODIFY n integer DEFAULT 4, ALTER COLUMN t DROP DEFAULT;
		ALTER TABLE a DROP CONSTRAINT k; ALTER TABLE a DROP FOREIGN KEY fk;
		CREATE SEQUENCE s;" 'SELECT 1;'
	commit
	mends ${B}_x
}

proposes_nothing() {
	pair ${A}_a $'CREATE TABLE a (id integer, n integer);\nCREATE TABLE b (id integer);' 'DROP TABLE a;'
	pair ${B}_x 'DROP TABLE b;' 'SELECT 1;'
	commit
	migrate prove $B --json
	exits 1
	json_is '.proofs[0].repairs | length' 0
	json_is '.proofs[0].differences | map(.repair) | unique | tostring' '[null]'
}
@test "proposes nothing where rows are lost" { both proposes_nothing; }

shows_repairs() {
	pair ${A}_a 'CREATE TABLE a (id integer);' 'DROP TABLE a;'
	pair ${B}_x 'CREATE TABLE b (id integer);' 'SELECT 1;'
	commit
	migrate prove $B
	exits 1
	out_has '  to mend this, add to the down script:
      DROP TABLE b;'
}
@test "shows what mends a down script" { both shows_repairs; }

# --- a range -----------------------------------------------------------------

range() {
	table_pair $A a
	table_pair $B b
	commit
	git checkout -q -b topic
	table_pair $C c
	commit
	echo '-- more' >>migrations/${A}_create_a.down.sql
	commit
	git checkout -q main
	table_pair 20260101000009 other
	commit
	git checkout -q topic
	ok prove --range main..topic --json
	json_is '.proofs | map(.version) | join(" ")' "$A $C"
	json_is '.unwind | [.outcome, .oldest, .newest, .total] | join(" ")' "restored $A $C 3"
	echo 'DROP TABLE nowhere;' >migrations/${C}_create_c.down.sql
	commit
	migrate prove --range main..
	exits 1
	out_has "failed ${C}_create_c"
	ok prove --range main..main~1
	err_is "main..main~1 brings no migration in 'migrations'"
	migrate prove --range main
	exits 128
	err_is "error: 'main' is not a range
hint: write it as A..B, such as origin/main..HEAD"
	migrate prove --range nowhere..HEAD
	exits 128
	err_is "error: no commit 'nowhere'"
	migrate prove --range main..HEAD $A
	exits 129
}
@test "proves what a branch brings" { both range; }

@test "proves a range in a bare repository, and in a shallow clone that reaches it" {
	fresh sqlite
	table_pair $A a
	commit
	git checkout -q -b topic
	table_pair $B b
	commit
	git clone -q --bare . "$BATS_TEST_TMPDIR/bare.git"
	ok -C "$BATS_TEST_TMPDIR/bare.git" prove --range main..topic --json
	json_is '.proofs | map(.version) | join(" ")' $B
	git clone -q --depth 2 --no-single-branch "file://$REPO" "$BATS_TEST_TMPDIR/shallow"
	ok -C "$BATS_TEST_TMPDIR/shallow" prove --range origin/main..origin/topic --json
	json_is '.proofs | map(.version) | join(" ")' $B
	git clone -q --depth 1 --no-single-branch "file://$REPO" "$BATS_TEST_TMPDIR/shallower"
	migrate -C "$BATS_TEST_TMPDIR/shallower" prove --range origin/main..origin/topic
	exits 128
	err_is "error: the history that is here does not reach back to where 'origin/main..origin/topic' begins
hint: this clone is shallow; fetch the rest: git fetch --unshallow
hint: in CI, check out with the whole history (fetch-depth: 0), or deepen until it is there: git fetch --deepen=100"
	git clone -q --depth 1 -b topic "file://$REPO" "$BATS_TEST_TMPDIR/alone"
	migrate -C "$BATS_TEST_TMPDIR/alone" prove --range origin/main..HEAD
	exits 128
	err_is "error: no commit 'origin/main'
hint: this clone is shallow; fetch what is missing: git fetch --unshallow origin main:refs/remotes/origin/main"
}

# --- leftovers ---------------------------------------------------------------

# scratches   the scratch databases of process $pid that are there; of SQLite
# all, as the folder is the test's own
scratches() {
	case $ENGINE in
	sqlite) (cd "$TMPDIR" && ls -d git-migrate-?????? 2>/dev/null) || : ;;
	postgresql) server "SELECT datname FROM pg_database WHERE datname LIKE 'git_migrate_scratch_${pid}_%'" ;;
	mariadb) server "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'git_migrate_scratch_${pid}_%'" ;;
	esac
}

# A statement that takes a while.
slow() {
	case $ENGINE in
	sqlite) echo "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000000) SELECT count(*) FROM n;" ;;
	postgresql) echo 'SELECT pg_sleep(4);' ;;
	mariadb) echo 'SELECT sleep(4);' ;;
	esac
}

until_true() {
	local tries=0
	until "$@"; do
		tries=$((tries + 1))
		[[ $tries -lt 1000 ]] || explain "in vain: $*"
		read -rt 0.03 <> <(:) || :
	done
}

has_scratch() { [[ $(scratches) ]]; }
has_ended() {
	[[ $ENGINE != postgresql ]] ||
		[[ ! $(server "SELECT 1 FROM pg_stat_activity WHERE datname LIKE 'git_migrate_scratch_${pid}_%' LIMIT 1") ]]
}

killed() {
	local pid first
	export TMPDIR=$BATS_TEST_TMPDIR/tmp-$ENGINE
	mkdir "$TMPDIR"
	pair ${A}_slow "CREATE TABLE a (id integer); $(slow)" 'DROP TABLE a;'
	table_pair $B b
	"$MIGRATE_BUILD/git-migrate" prove $A >/dev/null 2>&1 3>&- &
	pid=$!
	until_true has_scratch
	first=$(scratches)
	# while it lives, another proof leaves its database alone
	mv migrations/${A}_* .
	ok prove $B
	same 'scratch databases' "$first" "$(scratches)"
	kill -KILL $pid
	wait $pid || :
	same 'scratch databases' "$first" "$(scratches)"
	until_true has_ended
	ok prove $B
	same 'scratch databases' '' "$(scratches)"
}
@test "removes what a proof left that was killed, and no other one's" {
	both killed
}

# --- timing ------------------------------------------------------------------

# many N   a SELECT of the numbers to N
many() {
	echo "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i, 0 FROM n"
}

expects() {
	[[ $ENGINE != mariadb ]] || return 0 # no more than 1000 rounds
	pair ${A}_t "CREATE TABLE t (id integer PRIMARY KEY, n integer);
		INSERT INTO t $(many 2000);" 'DROP TABLE t;'
	pair ${B}_fill 'UPDATE t SET n = n + 1;' 'UPDATE t SET n = n - 1;'
	commit
	sql 'CREATE TABLE t (id integer PRIMARY KEY, n integer)'
	sql "INSERT INTO t $(many 20000)"
	sql ANALYZE
	ok prove $B --json
	json_is '.proofs[0].timing | [.up, .down] | map(.tables[0] | [.table, .rows, .target_rows, .worked, .factor] | join(" ")) | join("; ")' \
		't 2000 20000 true 10; t 2000 20000 true 10'
	json_is '.proofs[0].timing.up | .expected_ms > .ms' true
	json_is '.proofs[0].timing.up.locks | length > 0' true
	json_is '.proofs[0].findings | length' 0
	ok prove $B
	out_has ', from 2,000 rows of t on scratch to ~20,000 on the target: × 10'
	out_has "expected on 'dev' "
	sed -i s/2000/200/ migrations/${A}_t.up.sql
	ok prove $B
	out_has 'not enough rows of t to tell: 200 on scratch, ~20,000 on the target'
	ok prove $B --json
	json_is '.proofs[0].timing.up | .expected_ms' null
}
@test "says how long it will take where there are more rows" { both expects; }

@test "a rollback that would take minutes is a finding, which fails when it is to" {
	# long enough for its time to be told on a busy machine, too
	local one="length(md5(repeat('x', 20000))) - 31"
	fresh postgresql
	pair ${A}_t "CREATE TABLE t (id integer PRIMARY KEY, n integer);
		INSERT INTO t $(many 2000);" 'DROP TABLE t;'
	pair ${B}_fill "UPDATE t SET n = n + ($one);" "UPDATE t SET n = n - ($one);"
	commit
	# nobody else is to count them
	sql "CREATE TABLE t (id integer PRIMARY KEY, n integer)
		WITH (autovacuum_enabled = off); INSERT INTO t $(many 1000)"
	sql "ANALYZE t; UPDATE pg_class SET reltuples = 2e9 WHERE relname = 't'"
	ok prove $B --json
	json_is '.proofs[0] | .outcome + " " + (.findings | map(.rule + " " + .severity) | join(", "))' \
		'proven slow-rollback warning'
	json_is '.proofs[0].timing.down.expected_ms > 300000' true
	ok prove $B
	out_has '  warning: the rollback is expected to take '
	out_has ' on the target, from 2,000 rows of t on scratch to ~2,'
	migrate prove $B --strict
	exits 1
	ok prove
	migrate prove --strict --json
	exits 1
	json_is '.proofs[-1].findings | map(.rule) | join(" ")' slow-rollback
	git notes --ref=migrate-proofs show "$(git rev-parse :migrations/${B}_fill.up.sql)" |
		jq -e '.outcome == "proven"'
}

@test "a script that leaves its tables locked is proven (mariadb)" {
	[[ " $ENGINES " == *" mariadb "* ]] || skip "no MariaDB"
	fresh mariadb
	pair 20260101000001_a 'CREATE TABLE a (id integer PRIMARY KEY);
LOCK TABLES a WRITE;
INSERT INTO a VALUES (1);' 'DROP TABLE a;'
	commit
	try timeout 60 git migrate prove
	exits 0
}
