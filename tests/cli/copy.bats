#!/usr/bin/env bats
# COPY FROM STDIN with rows in the script, which only PostgreSQL has.

load ../lib/common

A=20260101000001

setup() {
	[[ $ENGINES == *postgresql* ]] || skip 'no other engine has it'
	fresh postgresql
}

@test "feeds rows that stand behind COPY" {
	pair ${A}_a "CREATE TABLE a (id integer, b text);
COPY a (id, b) FROM STDIN;
1	it's -- no comment
2	/* nor this
3	\\N
\\.
INSERT INTO a VALUES (4, 'd');" 'DROP TABLE a;'
	commit
	ok up --json
	json_is '.runs[0].statements[1] | [.kind, (.rows | tostring),
		.relations[0]] | join(" ")' 'COPY 3 a'
	json_is '.runs[0].locks | map(.relation + " " + .mode) | join(", ")' \
		'a AccessExclusiveLock'
	same rows "1|it's -- no comment
2|/* nor this
3|
4|d" "$(sql 'SELECT * FROM a ORDER BY id')"
	ok prove
	ok down
}

@test "feeds rows outside of a transaction, too" {
	pair ${A}_a "-- migrate: no-transaction
CREATE TABLE a (id integer);
COPY a FROM STDIN (FORMAT csv);
1
2
\\.
CREATE INDEX CONCURRENTLY a_id ON a (id);" 'DROP TABLE a;'
	commit
	ok up
	same rows 2 "$(sql 'SELECT count(*) FROM a')"
}

@test "names the row that the server refuses" {
	pair ${A}_a "CREATE TABLE a (id integer);
COPY a FROM STDIN;
1
two
3
\\.
SELECT 1;" 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_has "error: migrations/20260101000001_a.up.sql:4:1: unable to apply migration '20260101000001_a': invalid input syntax for type integer: \"two\"
    2 | COPY a FROM STDIN;
    3 | 1
    4 | two
      | ^
detail: in: COPY a, line 2, column id: \"two\""
	same states "$A pending" "$(states)"
	same tables '' "$(tables)"
}

@test "refuses rows without an end" {
	pair ${A}_a "COPY a FROM STDIN;
1" 'DROP TABLE a;'
	commit
	migrate up
	exits 128
	err_is "error: migrations/20260101000001_a.up.sql:1:18: COPY FROM STDIN has no rows after it
hint: write the rows on the lines that follow, and end them with a line that says \\."
}

@test "feeds more rows than fit into one message" {
	pair ${A}_a "CREATE TABLE a (id integer, b text);
COPY a FROM STDIN;
$(seq 1 60000 | sed 's/$/\tsome text that makes the row longer/')
\\." 'DROP TABLE a;'
	commit
	ok up
	same rows 60000 "$(sql 'SELECT count(*) FROM a')"
}
