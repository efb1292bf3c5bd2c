#!/usr/bin/env bats
# git migrate prove, on rows

load ../lib/common

A=20260101000001
B=20260101000002
C=20260101000003

# users TYPE_OF_NOTE DOWN   a table, and a pair that takes a column out of it
users() {
	pair ${A}_users "CREATE TABLE users (id integer PRIMARY KEY, note $1);" \
		'DROP TABLE users;'
	pair ${B}_tidy 'ALTER TABLE users DROP COLUMN note;' "$2"
	commit
}

applied() { # VERSION...
	git migrate up --to "$1" >/dev/null
}

loses_values() {
	users 'varchar(20)' 'ALTER TABLE users ADD COLUMN note varchar(20);'
	migrate prove
	exits 1
	out_has "differs ${B}_tidy"
	out_has 'on 10 generated rows'
	out_has "after down: 9 of 10 rows of users: column note not restored (id 1 was 'text 0', is NULL; "
	err_is 'hint: if that loss is meant, say so in the script that brings it: -- migrate: data-loss "users.note is lost"
hint: mend the scripts, then: git migrate prove'
	migrate prove --json
	exits 1
	json_is '.proofs[1].data | [.source, .tables[].name, .tables[].rows, (.empty | length)] | map(tostring) | join(" ")' \
		'generated users 10 0'
	json_is '.proofs[1].row_differences[0] | [.stage, .kind, .table, .column, .rows, .of, .declared, .unsteady] | map(tostring) | join(" ")' \
		'down changed users note 9 10 null false'
	json_is '.proofs[1].row_differences[0].examples | length' 3
	json_is '.proofs[1].row_differences[0].examples[0] | [.key, .expected, .found] | join(" ")' \
		"id 1 'text 0' NULL"
}
@test "a column that comes back without its values fails, and says which rows" {
	both loses_values
}

# the rows that an earlier migration has brought
loses_what_migrations_brought() {
	pair ${A}_users "CREATE TABLE users (id integer PRIMARY KEY, note varchar(20)); INSERT INTO users VALUES (1, 'x'), (2, NULL);" \
		'DROP TABLE users;'
	pair ${B}_tidy 'ALTER TABLE users DROP COLUMN note;' \
		'ALTER TABLE users ADD COLUMN note varchar(20);'
	commit
	migrate prove
	exits 1
	out_has "differs ${B}_tidy"
	out_has "after down: 1 of 2 rows of users: column note not restored (id 1 was 'x', is NULL"
	# nothing to lose where there is no row
	pair ${A}_users 'CREATE TABLE users (id integer PRIMARY KEY, note varchar(20));' \
		'DROP TABLE users;'
	commit
	ok prove --no-rows
	out_has "proven ${B}_tidy"
}
@test "a down that loses what earlier migrations brought fails" {
	both loses_what_migrations_brought
}

looks_for_a_key() {
	pair ${A}_settings 'CREATE TABLE settings (name varchar(40) PRIMARY KEY, value varchar(40));' \
		'DROP TABLE settings;'
	pair ${B}_rename "UPDATE settings SET name = 'mail''s host' WHERE name = 'smtp''s host';" \
		"UPDATE settings SET name = 'smtp' WHERE name = 'mail''s host';"
	commit
	migrate prove
	exits 1
	out_has "differs ${B}_rename"
	out_has "after down: 1 of 10 rows of settings"
	echo "UPDATE settings SET name = 'smtp''s host' WHERE name = 'mail''s host';" \
		>migrations/${B}_rename.down.sql
	ok prove
	out_has "proven ${B}_rename"
}
@test "some rows have what the scripts look for" { both looks_for_a_key; }

declares() {
	users 'varchar(20)' $'-- migrate: data-loss "users.note is lost"\nALTER TABLE users ADD COLUMN note varchar(20);'
	ok prove
	out_has "proven ${B}_tidy"
	out_has ', as declared: users.note is lost'
	ok prove --json
	json_is '.proofs[1].row_differences[0].declared' 'users.note is lost'
	ok status --json
	json_is '.migrations | map(.proof) | join(" ")' 'valid valid'
	ok comment $B
	out_has ', on 10 generated rows, with what is declared as lost'
}
@test "a declared loss is documented, and passes" { both declares; }

declares_another() {
	pair ${A}_users 'CREATE TABLE users (id integer PRIMARY KEY, a integer, b integer);' \
		'DROP TABLE users;'
	pair ${B}_tidy $'ALTER TABLE users DROP COLUMN a;\nALTER TABLE users DROP COLUMN b;' \
		$'-- migrate: data-loss "users.a"\nALTER TABLE users ADD COLUMN a integer;\nALTER TABLE users ADD COLUMN b integer;'
	commit
	migrate prove --json
	exits 1
	json_is '.proofs[1].row_differences | map(.column + " " + (.declared // "no")) | sort | join(", ")' \
		'a users.a, b no'
	# words that name nothing are about what the scripts destroy
	sed -i 's/"users.a"/"what was written"/' migrations/${B}_tidy.down.sql
	ok prove --json
	json_is '.proofs[-1].row_differences | map(.declared) | unique | join(", ")' \
		'what was written'
	# and what names the table, about all of it
	sed -i 's/"what was written"/"the old columns of users"/' migrations/${B}_tidy.down.sql
	ok prove
}
@test "one declared loss does not excuse another" { both declares_another; }

restores() {
	users 'varchar(20)' 'ALTER TABLE users ADD COLUMN note varchar(20);'
	pair ${B}_tidy $'CREATE TABLE kept AS SELECT id, note FROM users;\nALTER TABLE users DROP COLUMN note;' \
		$'ALTER TABLE users ADD COLUMN note varchar(20);\nUPDATE users SET note = (SELECT k.note FROM kept AS k WHERE k.id = users.id);\nDROP TABLE kept;'
	commit
	ok prove --json
	json_is '.proofs[1] | [.outcome, .data.source, (.row_differences | length)] | map(tostring) | join(" ")' \
		'proven generated 0'
}
@test "a column that comes back with its values passes" { both restores; }

wrong_table() {
	pair ${A}_two $'CREATE TABLE one (id integer PRIMARY KEY, n integer);\nCREATE TABLE two (id integer PRIMARY KEY);' \
		$'DROP TABLE two;\nDROP TABLE one;'
	pair ${B}_x 'CREATE INDEX one_n ON one (n);' \
		"DROP INDEX one_n$([[ $ENGINE != mariadb ]] || echo ' ON one');
DELETE FROM two WHERE id > 4;"
	commit
	migrate prove
	exits 1
	out_has 'after down: 6 of 10 rows of two are gone (id 5; id 6; id 7; ...)'
}
@test "a down that deletes rows of another table is found out" {
	both wrong_table
}

extra_rows() {
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, n integer);' 'DROP TABLE a;'
	pair ${B}_x 'INSERT INTO a (id, n) VALUES (1001, 1);' 'UPDATE a SET n = 1 WHERE id = 1001;'
	commit
	migrate prove
	exits 1
	out_has 'after down: 1 row of a is too many (id 1001)'
}
@test "rows that a down leaves behind are found out" { both extra_rows; }

without_key() {
	pair ${A}_a 'CREATE TABLE a (x integer NOT NULL, y integer NOT NULL);' 'DROP TABLE a;'
	pair ${B}_x 'UPDATE a SET y = y + 1;' '-- migrate: empty "none"'
	commit
	migrate prove
	exits 1
	out_has '10 of 10 rows of a: column y not restored (was '
}
@test "rows without a key are compared, too" { both without_key; }

chains() {
	pair ${A}_tables 'CREATE TABLE regions (id integer PRIMARY KEY, name varchar(30) NOT NULL UNIQUE);
CREATE TABLE users (id integer PRIMARY KEY, region_id integer NOT NULL REFERENCES regions (id), boss_id integer REFERENCES users (id));
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id), total decimal(8, 2) NOT NULL CHECK (total > 0));' \
		'DROP TABLE orders; DROP TABLE users; DROP TABLE regions;'
	pair ${B}_x 'ALTER TABLE orders ADD COLUMN note varchar(10);' \
		'ALTER TABLE orders DROP COLUMN note;'
	commit
	ok prove --json
	json_is '.proofs[1].data.tables | map(.name) | sort | join(" ")' 'orders regions users'
	json_is '.proofs[1].data.empty | length' 0
	json_is '[.proofs[1].data.tables[] | select(.rows < 8)] | length' 0
	json_is '.proofs[1].outcome' proven
}
@test "what a table refers to has rows before it" { both chains; }

cycles() {
	local second='ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b (id);'
	local first='CREATE TABLE a (id integer PRIMARY KEY, b_id integer);'
	local last='ALTER TABLE a DROP CONSTRAINT a_b; DROP TABLE b; DROP TABLE a;'
	if [[ $ENGINE == sqlite ]]; then
		first='CREATE TABLE a (id integer PRIMARY KEY, b_id integer REFERENCES b (id));'
		second='' last='DROP TABLE b; DROP TABLE a;'
	fi
	pair ${A}_tables "$first
CREATE TABLE b (id integer PRIMARY KEY, a_id integer NOT NULL REFERENCES a (id));
$second" "$last"
	pair ${B}_x 'ALTER TABLE a ADD COLUMN note varchar(10);' \
		'ALTER TABLE a DROP COLUMN note;'
	commit
	ok prove --json
	json_is '.proofs[1].data.tables | map(.name + " " + (.rows | tostring)) | sort | join(" ")' \
		'a 10 b 10'
}
@test "tables that refer to each other get rows where NULL allows it" {
	both cycles
}

not_met() {
	pair ${A}_a "CREATE TABLE odd (id integer PRIMARY KEY, n integer NOT NULL,
	CONSTRAINT never CHECK (n * n = 2));" 'DROP TABLE odd;'
	pair ${B}_x 'ALTER TABLE odd ADD COLUMN note varchar(10);' \
		'ALTER TABLE odd DROP COLUMN note;'
	commit
	ok prove
	out_has "proven ${B}_x"
	out_has 'no rows could be made for: odd (check constraint '
	out_lacks 'generated rows'
	ok prove $B --json
	json_is '.proofs[0].data | [.source, .tables[0].rows, .empty[0].name] | map(tostring) | join(" ")' \
		'none 0 odd'
	json_is '.proofs[0].data.empty[0].reason | test("check constraint")' true
}
@test "a table that no row could be made for is named" { both not_met; }

checks() {
	pair ${A}_a "CREATE TABLE a (id integer PRIMARY KEY,
	status varchar(10) NOT NULL CHECK (status IN ('new', 'paid', 'gone')),
	code varchar(12) NOT NULL CHECK (length(code) >= 3),
	age integer CHECK (age >= 18 AND age < 120),
	low integer NOT NULL, high integer NOT NULL, CHECK (low < high));" \
		'DROP TABLE a;'
	pair ${B}_x 'ALTER TABLE a ADD COLUMN note varchar(10);' \
		'ALTER TABLE a DROP COLUMN note;'
	commit
	ok prove --json
	json_is '.proofs[1].data | [.source, (.tables[0].rows >= 5)] | map(tostring) | join(" ")' \
		'generated true'
}
@test "simple conditions are met" { both checks; }

makes_up() { # CREATE [DROP]   all ten rows
	pair ${A}_a "$1" "DROP TABLE a; ${2:-}"
	pair ${B}_x 'CREATE INDEX a_n ON a (n);' \
		"DROP INDEX a_n$([[ $ENGINE != mariadb ]] || echo ' ON a');"
	commit
	ok prove --json
	json_is '.proofs[1] | [.outcome, .data.source, .data.tables[0].rows] | map(tostring) | join(" ")' \
		'proven generated 10'
	json_is '.proofs[1] | .data.empty + .row_differences | length' 0
}

@test "rows are made up of all types of PostgreSQL" {
	fresh postgresql
	makes_up "CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN small AS integer CHECK (VALUE < 100);
CREATE DOMAIN mail AS text CHECK (VALUE ~ '^[^@]+@[^@]+\$');
CREATE TYPE pairs AS (x integer, y text);
CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer,
	m mood NOT NULL, ar text[], ms mood[], j jsonb NOT NULL, b bytea, i inet,
	s small NOT NULL, e mail NOT NULL UNIQUE, f double precision,
	t timestamptz DEFAULT now(), iv interval, u uuid DEFAULT gen_random_uuid(),
	r int4range, ts tsvector, pt point, cp pairs, x xml, bits bit(3), vb varbit(9),
	g integer GENERATED ALWAYS AS (n % 7) STORED, c char(4), nm numeric(5, 2),
	nn numeric, mo money, ci cidr, ma macaddr, CHECK (n > 0 OR n IS NULL));" \
		'DROP DOMAIN mail; DROP DOMAIN small; DROP TYPE pairs; DROP TYPE mood;'
}

@test "rows are made up of all types of MariaDB" {
	fresh mariadb
	makes_up "CREATE TABLE a (id integer AUTO_INCREMENT PRIMARY KEY, n integer,
	e enum('x', 'y''z', 'a,b') NOT NULL, s set('p', 'q'), j json NOT NULL,
	d date NOT NULL, dt datetime(6) NOT NULL, tm time NOT NULL, y year NOT NULL,
	ts timestamp NOT NULL DEFAULT current_timestamp, b blob NOT NULL,
	vb varbinary(4) NOT NULL, bi bit(9) NOT NULL, f float NOT NULL, db double,
	l varchar(10) CHARACTER SET latin1 NOT NULL, t text, p point,
	g integer AS (n * 2) STORED, v integer AS (n + 1) VIRTUAL,
	u bigint unsigned NOT NULL, dc decimal(30, 10) NOT NULL, bo boolean NOT NULL,
	un uuid NOT NULL, i6 inet6 NOT NULL, UNIQUE (l, d));"
}

@test "rows are made up of all kinds of SQLite" {
	fresh sqlite
	makes_up "CREATE TABLE a (k TEXT, n INTEGER, b BLOB NOT NULL, r REAL NOT NULL, x,
	d date NOT NULL, dc decimal(5, 2) NOT NULL, j json NOT NULL CHECK (json_valid(j)),
	bo boolean NOT NULL, e text NOT NULL CHECK (e LIKE '%@%.%'),
	g INTEGER AS (n * 2), PRIMARY KEY (k, n)) WITHOUT ROWID;"
	fresh sqlite
	makes_up 'CREATE TABLE a (k TEXT UNIQUE, n INTEGER, b BLOB, i INT NOT NULL, a ANY) STRICT;'
}

refuses_rows() {
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, n integer);' 'DROP TABLE a;'
	pair ${B}_x $'-- migrate: verify\nSELECT count(*) = 0 FROM a;\nALTER TABLE a ADD COLUMN note varchar(10);' \
		'ALTER TABLE a DROP COLUMN note;'
	commit
	ok prove
	out_has "proven ${B}_x"
	out_has 'proven on empty tables: the up script did not take the rows that were made up ('
	ok prove $B --json
	json_is '.proofs[0].data.source' none
	json_is '.proofs[0].data.refused | test("the verification failed")' true
}
@test "rows that the up script refuses are left out, and that is said" {
	both refuses_rows
}

tame() {
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, email varchar(40), age integer);' 'DROP TABLE a;'
	if [[ $ENGINE == mariadb ]]; then
		pair ${B}_x 'ALTER TABLE a ADD UNIQUE INDEX a_email (email), MODIFY age integer NOT NULL, ADD CONSTRAINT c CHECK (age > 3);' \
			'ALTER TABLE a DROP CONSTRAINT c, MODIFY age integer, DROP INDEX a_email;'
	elif [[ $ENGINE == sqlite ]]; then
		pair ${B}_x 'CREATE UNIQUE INDEX a_email ON a (email);' 'DROP INDEX a_email;'
	else
		pair ${B}_x 'ALTER TABLE a ADD UNIQUE (email), ALTER age SET NOT NULL, ADD CONSTRAINT c CHECK (age > 3);' \
			'ALTER TABLE a DROP CONSTRAINT c, ALTER age DROP NOT NULL, DROP CONSTRAINT a_email_key;'
	fi
	commit
	ok prove --json
	json_is '.proofs[1] | [.outcome, .data.source, .data.refused, (.data.tables[0].rows > 0)] | map(tostring) | join(" ")' \
		'proven generated null true'
}
@test "what a new constraint asks for is looked for" { both tame; }

down_fails() {
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL);' 'DROP TABLE a;'
	pair ${B}_x 'ALTER TABLE a DROP COLUMN n;' \
		'ALTER TABLE a ADD COLUMN n integer NOT NULL;'
	commit
	migrate prove --json
	exits 1
	json_is '.proofs[1] | [.outcome, .failed_stage, .data.source] | join(" ")' \
		'failed down generated'
}
@test "a down that only runs on empty tables fails" {
	ENGINES=postgresql both down_fails
}

unsteady() {
	local default='DEFAULT (random())'
	[[ $ENGINE != postgresql ]] || default='DEFAULT random()'
	[[ $ENGINE != mariadb ]] || default='DEFAULT (rand())'
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, n integer);' 'DROP TABLE a;'
	if [[ $ENGINE == sqlite ]]; then
		pair ${B}_x $'ALTER TABLE a ADD COLUMN r double precision;\nUPDATE a SET r = random();' \
			'ALTER TABLE a DROP COLUMN r;'
	else
		pair ${B}_x "ALTER TABLE a ADD COLUMN r double precision $default;" \
			'ALTER TABLE a DROP COLUMN r;'
	fi
	commit
	ok prove
	out_has "after up again: 10 of 10 rows of a: column r is another (id 1 was "
	out_has ', as it is each time (allowed)'
	ok prove $B --json
	json_is '.proofs[0].row_differences[0] | [.stage, .column, .unsteady] | map(tostring) | join(" ")' \
		'up again r true'
	# beside a declared loss, another run tells
	pair ${C}_y "$(cat migrations/${B}_x.up.sql | sed 's/\br\b/s/g')
ALTER TABLE a DROP COLUMN n;" $'-- migrate: data-loss "a.n"\nALTER TABLE a ADD COLUMN n integer;\nALTER TABLE a DROP COLUMN s;'
	ok prove $C --json
	json_is '.proofs[0].row_differences | map(.stage + " " + .column + " " + (.unsteady | tostring)) | join(", ")' \
		'down n false, up again s true'
}
@test "what is another value each time is reported, and passes" {
	both unsteady
}

counters() {
	local id='integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY'
	[[ $ENGINE != sqlite ]] || id='integer PRIMARY KEY AUTOINCREMENT'
	[[ $ENGINE != mariadb ]] || id='integer PRIMARY KEY AUTO_INCREMENT'
	pair ${A}_a "CREATE TABLE a (id $id, n integer);" 'DROP TABLE a;'
	pair ${B}_x 'INSERT INTO a (n) VALUES (4711);' 'DELETE FROM a WHERE n = 4711;'
	commit
	ok prove --json
	json_is '.proofs[1] | [.outcome, .data.tables[0].rows] | map(tostring) | join(" ")' \
		'proven 10'
	json_is '.proofs[1].row_differences | map(.stage + " " + .kind + " " + (.unsteady | tostring)) | unique | join(", ")' \
		'up again extra true, up again gone true'
}
@test "numbers that a counter has passed over do not count" { both counters; }

generates() {
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL);' 'DROP TABLE a;'
	pair ${B}_x 'CREATE INDEX a_n ON a (n);' \
		"DROP INDEX a_n$([[ $ENGINE != mariadb ]] || echo ' ON a');"
	commit
	ok prove --generate 250 --json
	json_is '.proofs[1].data.tables[0].rows' 250
	ok prove --generate 250 --json
	json_is '.proofs | length' 2
	ok prove $B --no-rows --json
	json_is '.proofs[0].data | [.source, (.tables | length)] | map(tostring) | join(" ")' \
		'none 0'
	migrate prove --no-rows --sample 3
	exits 129
	err_has 'error: --generate, --sample, --from-backup and --no-rows exclude each other'
}
@test "as many rows as one asks for, or none" { both generates; }

all_of_them() {
	users 'varchar(20)' $'-- migrate: data-loss "users.note"\nALTER TABLE users ADD COLUMN note varchar(20);'
	pair ${C}_seed "INSERT INTO users (id) VALUES (77);" 'DELETE FROM users WHERE id = 77;'
	pair 20260101000004_more 'CREATE TABLE more (id integer PRIMARY KEY);' \
		'DROP TABLE more;'
	pair 20260101000005_col 'ALTER TABLE more ADD COLUMN x integer;' \
		'ALTER TABLE more DROP COLUMN x;'
	commit
	ok prove --all --json
	json_is '.proofs | map(.outcome) | unique | join(" ")' proven
	json_is '.proofs | map(.data.source) | join(" ")' \
		'none generated generated none generated'
	json_is '.unwind.outcome' restored
	same tables '' "$(tables)"
}
@test "each of many pairs gets its own rows" { both all_of_them; }

# --- sampled ----------------------------------------------------------------

fill_target() {
	case $ENGINE in
	sqlite | mariadb)
		sql 'INSERT INTO regions WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL
			SELECT i + 1 FROM n WHERE i < 50) SELECT i, i FROM n'
		sql "INSERT INTO users $([[ $ENGINE != sqlite ]] || echo '(id, region_id, note)')
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL
			SELECT i + 1 FROM n WHERE i < 1000) SELECT i, i % 50 + 1, 'note' FROM n"
		sql "INSERT INTO users SELECT id + 1000 * $((1)), region_id, note FROM users"
		;;
	postgresql)
		sql 'INSERT INTO regions SELECT i, i FROM generate_series(1, 50) i'
		sql "INSERT INTO users SELECT i, i % 50 + 1, 'note' FROM generate_series(1, 2000) i"
		;;
	esac
	# old and new ones, and a gap
	sql "INSERT INTO users SELECT id + 98000, region_id, 'new' FROM users WHERE id > 1000"
	sql "INSERT INTO users SELECT id + 50000, region_id, 'more' FROM users WHERE id BETWEEN 101 AND 2000"
	sql "INSERT INTO users SELECT id + 200000, region_id, 'more' FROM users WHERE id <= 60000"
	sql "INSERT INTO users SELECT id + 500000, region_id, 'more' FROM users WHERE id < 60000"
}

samples() {
	pair ${A}_tables 'CREATE TABLE regions (id integer PRIMARY KEY, name varchar(30));
CREATE TABLE users (id integer PRIMARY KEY, region_id integer NOT NULL REFERENCES regions (id), note varchar(20));' \
		'DROP TABLE users; DROP TABLE regions;'
	pair ${B}_tidy 'ALTER TABLE users DROP COLUMN note;' \
		'ALTER TABLE users ADD COLUMN note varchar(20);'
	commit
	applied $A
	fill_target
	local count
	count=$(sql 'SELECT count(*) FROM users')
	[[ $count -ge 10000 ]]
	migrate prove --sample 20 --json
	exits 1
	json_is '.proofs[0].data | [.source, (.tables[] | select(.name == "users").rows)] | map(tostring) | join(" ")' \
		'sample 20'
	json_is '.proofs[0].row_differences[0] | [.table, .column, .rows, .of] | map(tostring) | join(" ")' \
		'users note 20 20'
	json_is '.proofs[0].row_differences[0].examples | map(.key)[0]' 'id 1'
	json_is '.proofs[0].data.tables | map(.name) | join(" ")' 'regions users'
	same rows "$count" "$(sql 'SELECT count(*) FROM users')"
	migrate prove --sample 20 ${A}
	exits 1
	err_has "error: unable to take rows from "
	err_has "it does not stand where '${A}_tables' starts from: '${A}_tables' is applied already"
	# what is pending on the pending one is proven on the same rows
	sed -i '1i -- migrate: data-loss "users.note"' migrations/${B}_tidy.down.sql
	pair ${C}_x 'ALTER TABLE users ADD COLUMN y integer;' 'ALTER TABLE users DROP COLUMN y;'
	ok prove --sample 20 --json
	json_is '.proofs | map(.data.source + " " + (.data.tables[] | select(.name == "users").rows | tostring)) | join(", ")' \
		'sample 20, sample 20'
	git rm -q --cached -r migrations
	same rows "$count" "$(sql 'SELECT count(*) FROM users')"
}
@test "rows of the target, spread over its key, and what they refer to" {
	both samples
}

@test "a role that may only read is enough for a sample" {
	fresh postgresql
	pair ${A}_a 'CREATE TABLE a (id integer PRIMARY KEY, n integer);' 'DROP TABLE a;'
	pair ${B}_x 'CREATE INDEX a_n ON a (n);' 'DROP INDEX a_n;'
	commit
	applied $A
	sql 'INSERT INTO a SELECT i, i FROM generate_series(1, 10000) i'
	local role=reader_$$ host=${POSTGRES_SERVER#*@}
	sql "CREATE ROLE $role LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO $role"
	git config migrate-target.dev.url "postgresql://$role@$host/${URL##*/}"
	git config migrate.scratchUrl "$POSTGRES_SERVER/postgres"
	migrate prove --sample 100 --json
	sql "DROP OWNED BY $role; DROP ROLE $role"
	exits 0
	json_is '.proofs[0].data | [.source, .tables[0].rows] | map(tostring) | join(" ")' 'sample 100'
}

@test "an owner who is no superuser loads rows past triggers and cycles" {
	fresh postgresql
	local role=owner_$$ host=${POSTGRES_SERVER#*@} name=${URL##*/}
	sql "CREATE ROLE $role LOGIN CREATEDB; ALTER DATABASE $name OWNER TO $role; GRANT ALL ON SCHEMA public TO $role"
	URL=postgresql://$role@$host/$name
	git config migrate-target.dev.url "$URL"
	pair ${A}_a "CREATE TABLE x (id integer PRIMARY KEY, y_id integer);
CREATE TABLE y (id integer PRIMARY KEY, x_id integer NOT NULL REFERENCES x (id));
ALTER TABLE x ADD CONSTRAINT xy FOREIGN KEY (y_id) REFERENCES y (id);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE 'no'; END \$\$;
CREATE TRIGGER \"re;fuse\" BEFORE INSERT ON x FOR EACH ROW EXECUTE FUNCTION refuse();" \
		'ALTER TABLE x DROP CONSTRAINT xy; DROP TABLE y; DROP TABLE x; DROP FUNCTION refuse();'
	pair ${B}_x 'ALTER TABLE x ADD COLUMN z integer;' 'ALTER TABLE x DROP COLUMN z;'
	commit
	applied $A
	sql "ALTER TABLE x DISABLE TRIGGER USER; INSERT INTO x SELECT i FROM generate_series(1, 20) i;
		INSERT INTO y SELECT i, i FROM generate_series(1, 20) i; UPDATE x SET y_id = id;
		ALTER TABLE x ENABLE TRIGGER USER"
	migrate prove --sample 5 --json
	URL=$POSTGRES_SERVER/$name
	sql "REASSIGN OWNED BY $role TO postgres; DROP OWNED BY $role; DROP ROLE $role"
	exits 0
	json_is '.proofs[0] | [.outcome, .data.source] | join(" ")' 'proven sample'
	json_is '.proofs[0].data.tables | map(.name + " " + (.rows | tostring)) | join(", ")' 'x 5, y 5'
}

sampled_types() {
	pair ${A}_a "$1" 'DROP TABLE a;'
	pair ${B}_x 'CREATE INDEX a_n ON a (n);' \
		"DROP INDEX a_n$([[ $ENGINE != mariadb ]] || echo ' ON a');"
	commit
	applied $A
	local statement
	for statement in "${@:2}"; do
		sql "$statement"
	done
	ok prove --sample 10 --json
	json_is '.proofs[0] | [.outcome, .data.source, (.row_differences | length)] | map(tostring) | join(" ")' \
		'proven sample 0'
	json_is '.proofs[0].data.tables[] | select(.name == "a").rows' \
		"$(sql 'SELECT count(*) FROM a')"
}

@test "values of all types come along from PostgreSQL" {
	fresh postgresql
	sampled_types "CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN small AS integer CHECK (VALUE < 100);
CREATE TABLE a (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer,
	m mood, ar text[], ms mood[], j jsonb, b bytea, i inet, s small,
	f double precision, t timestamptz, iv interval, u uuid, r int4range,
	g integer GENERATED ALWAYS AS (n * 2) STORED, bits bit(3), c char(4));
CREATE TABLE seen (id serial, n integer);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
	\$\$ BEGIN INSERT INTO seen (n) VALUES (NEW.n); RETURN NEW; END \$\$;
CREATE TRIGGER see AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION see();" \
		"INSERT INTO a (n, m, ar, ms, j, b, i, s, f, t, iv, u, r, bits, c) VALUES
	(1, 'happy', ARRAY['a,b', NULL, '\"'], '{sad,happy}', '{\"k\": [1, null]}', '\\x0001ff', '10.0.0.1/8', 3,
	 0.1, now(), '1 mon -2 days', gen_random_uuid(), '[1,5)', '101', 'ab'),
	(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', '-infinity', NULL, NULL, 'empty', NULL, NULL),
	(3, 'sad', '{}', '{}', '\"\\\\n\"', '\\x5c6e', '::1', 99, 1e-300, 'epoch', '00:00:01', NULL, NULL, NULL, E'\\\\.')"
}

@test "values of all types come along from MariaDB" {
	fresh mariadb
	sampled_types "CREATE TABLE a (id integer AUTO_INCREMENT PRIMARY KEY, n integer,
	e enum('x', 'y''z', 'a,b'), s set('p', 'q'), j json, d date, dt datetime(6),
	ts timestamp NULL, b blob, vb varbinary(4), bi bit(9), f float, db double,
	l varchar(10) CHARACTER SET latin1, t text, y year, g integer AS (n * 2) STORED,
	v integer AS (n + 1) VIRTUAL, u bigint unsigned, dc decimal(30, 10), p point);
CREATE TABLE seen (n integer);
CREATE TRIGGER see AFTER INSERT ON a FOR EACH ROW INSERT INTO seen VALUES (NEW.n);" \
		"SET sql_mode = ''; INSERT INTO a (n, e, s, j, d, dt, ts, b, vb, bi, f, db, l, t, y, u, dc, p) VALUES
	(1, 'y''z', 'p,q', '{\"a\": \"\\\\\\\\n\"}', '0000-00-00', '2026-01-02 03:04:05.678901', '2026-01-01 00:00:00',
	 x'000102ff', x'5c27', b'100000001', 0.1, 0.1, 'é', 'it''s \\\\ ü', 2026, 18446744073709551615, 1.5, POINT(1, 2)),
	(2, NULL, NULL, NULL, NULL, '0000-00-00 00:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(3, 'a,b', '', '[]', '2026-02-28', NULL, NULL, x'', x'00', b'0', 1e30, 1e-300, '', '', 1901, 0, -1, NULL)"
}

@test "values of all kinds come along from SQLite" {
	fresh sqlite
	sampled_types "CREATE TABLE a (k TEXT, n INTEGER, b BLOB, r REAL, x,
	g INTEGER AS (n * 2), PRIMARY KEY (k, n)) WITHOUT ROWID;
CREATE TABLE seen (n);
CREATE TRIGGER see AFTER INSERT ON a BEGIN INSERT INTO seen VALUES (NEW.n); END;" \
		"INSERT INTO a (k, n, b, r, x) VALUES ('a', 1, x'00ff00', 0.1, 1), ('b', 2, 'text', 1e300, x''),
	('it''s', 3, NULL, 3, CAST(x'610062' AS TEXT)), ('', 4, 5, -1, 2.0)"
}

@test "a partitioned table is one table" {
	fresh postgresql
	pair ${A}_a "CREATE TABLE a (id integer, day date NOT NULL, n integer, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE a_2 PARTITION OF a FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');" 'DROP TABLE a;'
	pair ${B}_x 'ALTER TABLE a DROP COLUMN n;' 'ALTER TABLE a ADD COLUMN n integer;'
	commit
	migrate prove $B --json
	exits 1
	json_is '.proofs[0] | [.data.source, .data.tables[0].name, (.data.tables | length), .row_differences[0].column] | map(tostring) | join(" ")' \
		'generated a 1 n'
	applied $A
	sql "INSERT INTO a SELECT i, DATE '2026-01-01' + i % 50, i FROM generate_series(1, 1000) i"
	migrate prove --sample 10 --json
	exits 1
	json_is '.proofs[0] | [.data.tables[0].name, .data.tables[0].rows, .row_differences[0].rows] | map(tostring) | join(" ")' \
		'a 10 10'
}

@test "counters go on behind the rows of a sample" {
	fresh postgresql
	pair ${A}_a 'CREATE TABLE a (id serial PRIMARY KEY, n integer);' 'DROP TABLE a;'
	pair ${B}_x 'INSERT INTO a (n) VALUES (-4711);' 'DELETE FROM a WHERE n = -4711;'
	commit
	applied $A
	sql 'INSERT INTO a (n) SELECT i FROM generate_series(1, 500) i'
	ok prove --sample 10
	out_has "proven ${B}_x"
}

# --- backups ----------------------------------------------------------------

from_backup() {
	users 'varchar(20)' 'ALTER TABLE users ADD COLUMN note varchar(20);'
	pair ${C}_later 'ALTER TABLE users ADD COLUMN z integer;' \
		'ALTER TABLE users DROP COLUMN z;'
	commit
	applied $A
	sql "INSERT INTO users (id, note) VALUES (1, 'one'), (2, NULL), (3, 'three')"
	git migrate backup --to "$PWD/before$([[ $ENGINE != sqlite ]] || echo .db)" >/dev/null
	local file
	file=$(echo "$PWD"/before*)
	migrate prove $B --from-backup "$file"
	exits 1
	out_has "after down: 2 of 3 rows of users: column note not restored (id 1 was 'one', is NULL; id 3 was 'three', is NULL)"
	out_has 'on 3 rows of the backup'
	# what the backup lacks is replayed on top
	migrate prove $C --from-backup "$file" --json
	exits 0
	json_is '.proofs[0] | [.outcome, .data.source, .data.tables[0].rows] | map(tostring) | join(" ")' \
		'proven backup 3'
	migrate prove $A --from-backup "$file"
	exits 1
	err_is "error: the backup '$file' is from after '${A}_users', which is to be proven on it
hint: name one from before it: git migrate backup --list
hint: or prove with rows that are made up: git migrate prove --generate 10"
	same tables users "$(tables)"
	migrate prove $B --from-backup nowhere
	exits 128
	err_is "error: unable to read 'nowhere': No such file or directory"
}
@test "from a backup of the target" { both from_backup; }
