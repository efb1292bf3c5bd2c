#!/usr/bin/env bats

load ../lib/common

A=20260101000001

passes() {
	pair ${A}_a 'CREATE TABLE a (id integer);
INSERT INTO a VALUES (1), (2);
-- migrate: verify
SELECT count(*) = 2 FROM a;' 'DROP TABLE a;'
	commit
	ok up
	same states "$A applied" "$(states)"
}
@test "a script whose verification is true is applied" { both passes; }

fails() {
	pair ${A}_a "CREATE TABLE a (id integer);
INSERT INTO a VALUES (1), (2);
-- migrate: verify
$1" 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has "error: migrations/20260101000001_a.up.sql:4:1: unable to apply migration '20260101000001_a': the verification failed"
	err_has "$2"
	err_has 'hint: nothing of it is left in the database'
	same states "$A pending" "$(states)"
}
wrong_count() {
	fails 'SELECT count(*), max(id) FROM a;' 'the SELECT returned: 2, 2'
}
@test "more than one column is no verification" { atomic wrong_count; }
not_true() { fails 'SELECT 1 FROM a WHERE id = 3;' 'the SELECT returned no row'; }
@test "no row is not true" { atomic not_true; }
two_rows() {
	fails 'SELECT id FROM a ORDER BY id;' \
		'the SELECT returned more than one row, the first: 1'
}
@test "two rows are not one true value" { atomic two_rows; }
null_row() { fails 'SELECT NULL;' 'the SELECT returned: NULL'; }
@test "NULL is not true" { atomic null_row; }
@test "false is not true (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	fails 'SELECT count(*) = 3 FROM a;' 'the SELECT returned: f'
}
@test "false is not true (sqlite)" {
	[[ $ENGINES == *sqlite* ]] || skip 'another engine'
	fresh sqlite
	fails 'SELECT count(*) = 3 FROM a;' 'the SELECT returned: 0'
}

outside() {
	pair ${A}_a '-- migrate: no-transaction
CREATE TABLE a (id integer);
-- migrate: verify
SELECT count(*) = 1 FROM a;
CREATE TABLE b (id integer);' 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has 'hint: 1 of 3 statements are done and stay done'
	sql 'INSERT INTO a VALUES (1)' >/dev/null
	ok up
	same states "$A applied" "$(states)"
}
@test "outside of a transaction it stops the script, and is asked again" {
	both outside
}

refused() {
	pair ${A}_a '-- migrate: verify
CREATE TABLE a (id integer);' 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_is "error: migrations/20260101000001_a.up.sql:1:1: directive 'verify' stands before CREATE TABLE
hint: write it before a SELECT that returns one value: true when all is well"
}
@test "stands before a SELECT only" { both refused; }
