#!/usr/bin/env bats

load ../lib/common
load ../lib/batch

# What is said to be typed next leads out, and not in a circle.

A=20260101000001
B=20260101000002

# The command of the hint that says WHAT, run.
# shellcheck disable=SC2154 # err
follows() { # WHAT
	local line
	line=$(grep -F "hint: $1" <<<"$err" | head -1)
	[[ -n $line ]] || explain "no hint '$1'"
	line=git${line##*: git}
	echo "# $line"
	try bash -c "$line"
}

down_that_cannot_be() {
	pair ${A}_a 'CREATE TABLE a (id integer);' '-- migrate: no-transaction
INSERT INTO a VALUES (1);
DROP TABLE nowhere;
DROP TABLE a;'
	commit
	ok up
	migrate down
	exits 128
	sed -i '/nowhere/d' migrations/${A}_a.down.sql
	commit
	migrate down
	exits 128
	follows 'see what can be done'
	exits 0
	follows 'to go on with the script as it is here'
	exits 0
	same states "$A pending" "$(states)"
	same tables '' "$(tables)"
}
@test "leads to the mended script of an unfinished down" {
	both down_that_cannot_be
}

# What came with a merge is older than one that is half way.
unfinished_before_an_older_one() {
	pair ${B}_b '-- migrate: no-transaction
CREATE TABLE b (id integer);
INSERT INTO nowhere VALUES (1);' 'DROP TABLE b;'
	commit
	migrate up
	exits 128
	sed -i '/nowhere/d' migrations/${B}_b.up.sql
	table_pair $A a
	commit
	migrate up
	exits 1
	err_has "'${A}_create_a' is out of order: ${B}_b is unfinished"
	follows 'to finish that one'
	exits 0
	migrate up
	exits 1
	follows 'to apply it all the same'
	exits 0
	same states "$A applied
$B applied" "$(states)"
}
@test "leads past an unfinished one that is newer" {
	both unfinished_before_an_older_one
}

# What `down` would revert is another one.
down_that_is_not_newest() {
	table_pair $B b
	commit
	git checkout -q -b feature
	pair ${A}_a 'CREATE TABLE a (id integer);' '-- migrate: no-transaction
INSERT INTO a VALUES (1);
DROP TABLE nowhere;
DROP TABLE a;'
	commit
	ok up
	git checkout -q main
	migrate sync
	exits 128
	err_lacks 'git migrate down'
	ok repair
	err_lacks 'git migrate down'
	sql 'CREATE TABLE nowhere (id integer)' >/dev/null
	follows 'to go on'
	exits 0
	same states "$B applied" "$(states)"
}
@test "leads to the migration that is half reverted" {
	both down_that_is_not_newest
}

altered_batch() {
	tables_with 250
	sql 'UPDATE a SET c = 13 WHERE id = 155' >/dev/null
	sql 'DELETE FROM touched' >/dev/null
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c WHERE id > 3;
INSERT INTO d VALUES (1, 1);'
	migrate up
	exits 128
	sed -i 's/id > 3/id > 3 AND c <> 13/' migrations/${B}_b.up.sql
	commit
	migrate up
	exits 1
	err_lacks 'to go on from there'
	follows 'see what can be done'
	exits 0
	err_has 'warning: batches of statement 1 are committed, and it is not the same any more; what ran is blob '
	err_has "hint: to go on once statement 1 is as it was: git migrate up"
	follows 'to do the rest of it as it is now'
	exits 0
	same rows '246|1' "$(touches)"
	same states "$A applied
$B applied" "$(states)"
}
@test "leads on from batches whose statement has changed" { both altered_batch; }

altered_as_json() {
	tables_with 250
	sql 'UPDATE a SET c = 13 WHERE id = 155' >/dev/null
	sql 'DELETE FROM touched' >/dev/null
	batched '-- migrate: batch rows=100 pause=0
UPDATE a SET b = c;'
	migrate up
	exits 128
	ok repair --json
	json_is '.repairs[0].changed' false
	sed -i 's/b = c/b = c + 1/' migrations/${B}_b.up.sql
	ok repair --json
	json_is '.repairs[0].changed' true
	git checkout -q migrations
	sql 'UPDATE a SET c = 14 WHERE id = 155' >/dev/null
	sql 'DELETE FROM touched WHERE id = 155' >/dev/null
	ok repair
	follows 'to go on'
	exits 0
	same rows '250|1' "$(touches)"
}
@test "tells a changed batch as JSON" { both altered_as_json; }

elsewhere() {
	git commit -q --allow-empty --no-verify -m 'First'
	git checkout -q -b feature
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE a (id integer);
INSERT INTO nowhere VALUES (1);
CREATE TABLE b (id integer);" 'DROP TABLE b; DROP TABLE a;'
	commit
	migrate up
	exits 128
	git checkout -q main
	sql 'CREATE TABLE nowhere (id integer)' >/dev/null
	migrate up
	exits 1
	follows 'see what was done and what can be done'
	exits 0
	local way
	way=$(git rev-parse --short=10 feature)
	err_has "hint: its scripts came from branch 'feature'; to have them here: git restore --source=$way -- ':/migrations/${A}_*'
hint: then go on: git migrate up"
	err_lacks 'hint: to go on'
	mkdir sub
	cd sub || return
	follows 'its scripts came from'
	exits 0
	ok up
	same states "$A applied" "$(states)"
}
@test "leads to the scripts of another branch" { both elsewhere; }

never_committed() {
	git commit -q --allow-empty --no-verify -m 'First'
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE a (id integer);
INSERT INTO nowhere VALUES (1);" 'DROP TABLE a;'
	migrate up
	exits 128
	rm -r migrations
	ok repair
	err_has 'warning: its scripts are not here, nor in any commit that is known'
	err_lacks 'go on'
	sql 'DROP TABLE a' >/dev/null
	migrate repair --resume
	exits 1
	follows 'see what else can be done'
	exits 0
	follows 'once you have undone all of it by hand'
	exits 0
	same states '' "$(states)"
}
@test "leads out when the scripts are nowhere" { both never_committed; }
