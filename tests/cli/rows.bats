#!/usr/bin/env bats
# What a run tells of the rows of its tables.

load ../lib/common

counts() {
	sql 'CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (2)'
	pair 20260101000001_new 'CREATE TABLE n (id integer);
CREATE INDEX n_id ON n (id);' 'DROP TABLE n;'
	pair 20260101000002_same 'CREATE TABLE IF NOT EXISTS a (id integer);
CREATE TABLE m (id integer);' '-- migrate: empty "a test"'
	pair 20260101000003_copy 'CREATE TABLE c AS SELECT id FROM a;' 'DROP TABLE c;'
	pair 20260101000004_fill 'CREATE TABLE f (id integer);
INSERT INTO f SELECT id FROM a;' 'DROP TABLE f;'
	commit
	ok up --json
	# PostgreSQL tells of tables, too, that are only read
	json_is '[.runs[] | [.tables[] | select(.name != "a" or .rows_before != 2)
		| [.name, .rows_before, .rows_after] | map(tostring) | join(" ")]
		| sort | join(", ")] | join("; ")' 'n null 0; m null 0; c null 2; f null 2'
	json_is '[.runs[1].tables[] | select(.name == "a")] | length' 1
	ok log --json
	json_is '[.runs[] | [.tables[] | select(.name != "a")
		| [.name, .rows_before, .rows_after] | map(tostring) | join(" ")]
		| join(", ")] | reverse | join("; ")' \
		'n null 0; m null 0; c null 2; f null 2'
}
@test "counts rows where a table was made and where it was there" {
	both counts
}

@test "counts the rows of a table that is made with a query's (mariadb)" {
	[[ " $ENGINES " == *" mariadb "* ]] || skip "no MariaDB"
	fresh mariadb
	sql 'CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (2)'
	pair 20260101000001_copy 'CREATE TABLE c (id integer) SELECT id FROM a;' 'DROP TABLE c;'
	ok up --json
	json_is '.runs[0].tables[] | select(.name == "c") | .rows_after' 2
}
