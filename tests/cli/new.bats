#!/usr/bin/env bats
# git migrate new

load ../lib/common
load ../lib/scaffold

# --- names and versions -------------------------------------------------------

demo() {
	new add_email_verified_to_users --type boolean --default false
	same 'what was made' "${up%.up.sql}.down.sql
$up" "$out"
	[[ $up == migrations/[0-9]*_add_email_verified_to_users.up.sql ]]
	local instant='' inplace=''
	[[ $ENGINE != mariadb ]] || instant=', ALGORITHM=INSTANT' \
		inplace=', ALGORITHM=INPLACE, LOCK=NONE'
	says "$up" "ALTER TABLE users ADD COLUMN email_verified boolean DEFAULT false$instant;"
	says "$down" "ALTER TABLE users DROP COLUMN email_verified$inplace;"
	says "$down" '-- migrate: data-loss "users.email_verified is lost"'
	lacks_edits
	err_is "hint: next: git migrate prove $(versions)"
}
@test "adds a column, the down script first" { both demo; }

@test "a name may be any words" {
	fresh sqlite
	new 'Füge e-mail' hinzu
	[[ $up == migrations/*_fuge_e_mail_hinzu.up.sql ]]
	new AddHTTPHostToServers --type text
	says "$up" 'ALTER TABLE servers ADD COLUMN http_host text;'
}

@test "refuses a path and terminal escapes as a name" {
	fresh sqlite
	local hint='hint: a name is made of letters, digits and underscores, such as add_email_to_users'
	migrate new ../evil
	exits 128
	err_is "error: the name '../evil' has a slash: a name is no path
$hint"
	migrate new $'x\e[31m'
	exits 128
	err_is "error: the name 'x^[[31m' has control characters
$hint"
	migrate new '!!'
	exits 128
	err_has 'has no letter or digit in it that can be kept'
	[[ ! -e migrations ]]
}

@test "versions are later than all that are known, a series takes a row of them" {
	fresh sqlite
	table_pair 20991231235958 a
	new x
	[[ $up == migrations/20991231235959_x.up.sql ]]
	commit
	rm -r migrations
	new x
	[[ $up == migrations/21000101000000_x.up.sql ]]
	new add_a_to_b --not-null
	same 'the series' 'migrations/21000101000001_add_a_to_b_expand.down.sql
migrations/21000101000001_add_a_to_b_expand.up.sql
migrations/21000101000002_add_a_to_b_backfill.down.sql
migrations/21000101000002_add_a_to_b_backfill.up.sql
migrations/21000101000003_add_a_to_b_constrain.down.sql
migrations/21000101000003_add_a_to_b_constrain.up.sql' "$out"
}

@test "many at once never take the same version" {
	fresh sqlite
	local i
	for i in {1..8}; do
		git migrate new -q "thing $i" &
	done
	wait
	same versions 8 "$(find migrations -name '*.up.sql' -printf '%f\n' |
		cut -c 1-14 | sort -u | wc -l)"
	ok status
}

@test "nothing is half done and nothing written over" {
	fresh sqlite
	table_pair 20991231235958 a
	mkdir migrations/20991231235959_x.up.sql
	migrate new x
	exits 128
	err_is "error: unable to write 'migrations/20991231235959_x.up.sql': File exists"
	same files '20991231235958_create_a.down.sql
20991231235958_create_a.up.sql
20991231235959_x.up.sql' "$(ls migrations)"
}

@test "prints paths as they are called from where it runs" {
	fresh sqlite
	mkdir -p a/b
	(
		cd a/b
		new x
		[[ $up == ../../migrations/*_x.up.sql && -f $up ]]
	)
	cd migrations
	new y
	[[ $up != */* && -f $up ]]
}

@test "needs a work tree" {
	git init -q --bare "$BATS_TEST_TMPDIR/bare"
	cd "$BATS_TEST_TMPDIR/bare"
	migrate new x
	exits 128
	err_is 'error: new needs a work tree, and this repository is bare'
}

# --- templates ----------------------------------------------------------------

columns() {
	base
	proves add_city_to_users --type text
	proves add_city_to_users --type "varchar(20)" --default "'it''s'"
	proves add_seen_to_users --type timestamp --default CURRENT_TIMESTAMP
	proves add_order_to_users --type integer
	proves add_column_x --template add-column --table users --column 'two words' --type text
}
@test "add-column runs up and down" { both columns; }

required() {
	base
	proves add_status_to_users --not-null --type text --default "'new'"
	local fill="'n' || name"
	[[ $ENGINE != mariadb ]] || fill="concat('n', name)"
	proves add_status_to_users --not-null --type text --fill "$fill"
	proves add_seen_to_orders --not-null --type timestamp --default CURRENT_TIMESTAMP
	proves x --template add-required-column --table orders --column y --type integer --fill id
}
@test "add-required-column runs up and down" { both required; }

drops() {
	base
	proves remove_note_from_users
	proves remove_name_from_users
	proves remove_boss_from_users
	proves remove_memo_from_orders
	proves remove_user_id_from_orders --fill 'id / 10'
	proves drop_age_from_users
}
@test "drop-column brings back definition, indexes and constraints" { both drops; }

tables() {
	base
	proves create_cities --column 'id:integer PRIMARY KEY' \
		--column 'user_id:integer REFERENCES users (id)' --column 'group:text'
	new drop_orders
	lacks_edits
	ok prove "$(versions)"
}
@test "create-table and drop-table run up and down" { both tables; }

indexes() {
	base
	proves add_index_on_memo_to_orders
	proves add_index_on_name_and_age_to_users
	if [[ $ENGINE != mariadb ]]; then
		proves add_unique_index_on_email_to_users --where 'age > 3'
		proves x --template add-index --table users --column 'lower(email)' --column 'age DESC'
	fi
	proves drop_index_users_note
	proves remove_index_on_name_from_users
	new remove_index_on_name_from_users
	grep -q 'users_name\b' "$up"
}
@test "add-index and drop-index run up and down" { both indexes; }

@test "PostgreSQL builds and drops indexes while others write" {
	fresh postgresql
	new add_index_on_a_to_t --table app.t
	says "$up" 'CREATE INDEX CONCURRENTLY idx_t_a ON app.t (a);'
	says "$down" 'DROP INDEX CONCURRENTLY app.idx_t_a;'
}

@test "no template has an invalid index dropped by hand" {
	fresh postgresql
	local name file
	for name in add_index_on_a_to_t add_unique_on_a_to_t drop_index_t_a; do
		new $name --table t
		file=$up
		[[ $name != drop_* ]] || file=$down
		says "$file" '-- A build that fails leaves an invalid index behind: it is dropped at once, or'
		grep -q 'by the next .git migrate.*, which builds it again' "$file"
		! grep -q -- '-- *DROP INDEX' "$file" ||
			explain "by hand: $(<"$file")"
	done
}

@test "PostgreSQL names what is in the way of a drop" {
	fresh postgresql
	base
	new remove_email_from_users
	says "$up" '-- migrate: edit "view mails needs the column: write what becomes of it"'
	rm "${made[@]}"
	new drop_users
	says "$up" 'ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;'
	says "$up" '-- migrate: edit "view mails needs the table: write what becomes of it"'
	rm "${made[@]}"
	new drop_index_users_pkey
	says "$up" '-- migrate: edit "users_pkey belongs to constraint users_pkey: drop that instead"'
}

unknown() {
	base
	new remove_city_from_users
	err_has "hint: target 'dev' could not help: it knows nothing of 'users.city'"
	says "$down" '-- migrate: edit "write the type of city, which no target could tell"'
	rm "${made[@]}"
	new remove_index_on_city_from_users
	err_has "hint: target 'dev' could not help: it knows nothing of 'users.city'"
	rm "${made[@]}"
	new drop_index_users_city
	err_has "hint: target 'dev' could not help: it has no index 'users_city'"
}
@test "says what the target does not know" { both unknown; }

named_badly() {
	base
	local view=$'CREATE VIEW "v\nDROP TABLE users; --" AS SELECT name FROM users'
	[[ $ENGINE != mariadb ]] || view=${view//\"/\`}
	sql "$view"
	new remove_name_from_users
	grep -qF 'v\nDROP TABLE users' "$up"
	! grep -q '^DROP TABLE users; --' "$up" || explain "$(<"$up")"
}
@test "a name with a line break in it does not end a comment" { both named_badly; }

@test "SQLite keeps numbers, triggers and children when a table is made anew" {
	fresh sqlite
	pair "${BASE}_base" "CREATE TABLE p (id integer PRIMARY KEY AUTOINCREMENT, a text UNIQUE);
CREATE TABLE c (p_id integer REFERENCES p ON DELETE CASCADE);
CREATE TRIGGER tidy AFTER DELETE ON c BEGIN DELETE FROM p WHERE id = old.p_id; END;
CREATE TRIGGER loud AFTER UPDATE ON p BEGIN SELECT 1; END;
INSERT INTO p VALUES (1, 'x'), (9, 'y');
INSERT INTO c VALUES (1);
DELETE FROM p WHERE id = 9;" 'DROP TABLE c; DROP TABLE p;'
	commit
	ok up
	new add_b_to_p --not-null --type int --default 1
	ok prove
	ok up --release "$(versions | sed -n 2p)"
	same rows '1|x|1' "$(sql 'SELECT * FROM p')"
	same children 1 "$(sql 'SELECT * FROM c')"
	same 'the next number' 10 "$(sql "INSERT INTO p (a) VALUES ('z') RETURNING id")"
	same triggers 'loud
tidy' "$(sql "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1")"
	same 'what c points to' p "$(sql "SELECT \"table\" FROM pragma_foreign_key_list('c')")"
}

series() {
	base
	new add_status_to_users --not-null --type text --default "'new'"
	commit
	ok up
	err_has 'deploy the code that writes users.status in every INSERT and UPDATE'
	ok status --json
	json_is '.migrations | map(.state) | join(" ")' 'applied applied pending pending'
	ok up --release "$(versions | sed -n 2p)"
	sql "INSERT INTO users (id, email) VALUES (3, 'c')"
	same status new "$(sql 'SELECT DISTINCT status FROM users')"
	! sql "INSERT INTO users (id, email, status) VALUES (4, 'd', NULL)" ||
		explain 'NULL was taken'
}
@test "one up never runs all phases of a series" { both series; }

# --- what only a person can know ---------------------------------------------

edits() {
	base
	new add_x_to_users
	says "$up" '-- migrate: edit "write the type of x"'
	err_has "hint: do what the '-- migrate: edit' line says, and take it out"
	migrate up
	exits 1
	err_has "$up:"
	err_has 'is still there: write the type of x'
	git add -A
	try git migrate hook pre-commit
	exits 1
	err_has 'is still there: write the type of x'
	sed -i -e '/migrate: edit/d' -e 's/<type>/text/' "$up"
	git add -A
	try git migrate hook pre-commit
	exits 0
	ok up
}
@test "up and the hook refuse an edit line until it is gone" { both edits; }

blank() {
	ok new tidy_up --json
	json_is .template blank
	json_is '.created | length' 2
	json_is '.notes | length' 0
	ok new rename_users_to_people --json
	json_is .template blank
	json_is '.notes[0]' "there is no template 'rename-table' yet"
	err_has "hint: there is no template 'rename-table' yet: the pair is blank"
	migrate up
	exits 1
	err_has 'write the change'
}
@test "a name that fits no template makes a blank pair" { both blank; }

unreachable() {
	git config migrate-target.far.url "$1"
	new add_x_to_y --target far --type text
	err_lacks could
	new remove_x_from_y --target far
	err_has "hint: target 'far' could not help: "
	says "$down" '-- migrate: edit "write the type of x, which no target could tell"'
	new drop_y --target far
	says "$down" '-- migrate: edit "write the definition of y, which no target could tell"'
	new remove_x_from_y --target far --type text --default "'x'"
	says "$down" "ALTER TABLE y ADD COLUMN x text DEFAULT 'x';"
}
@test "works without a target, and says what that leaves to do" {
	fresh sqlite
	unreachable sqlite:nowhere/at/all.db
	[[ ! -e nowhere ]]
	unreachable postgresql://me:s3cret@127.0.0.1:1/x
	err_lacks s3cret
}

# --- the command line ---------------------------------------------------------

@test "says what a template takes" {
	fresh sqlite
	migrate new drop_users --type text
	exits 129
	err_is "error: template 'drop-table' takes no --type
hint: it takes --table NAME"
	migrate new tweak --template add-column
	exits 129
	err_is "error: template 'add-column' needs --table, and the name 'tweak' does not tell it
hint: it takes --table NAME --column NAME [--type SQL] [--default SQL]"
	migrate new add_x_to_y --type text --default pending
	exits 129
	err_is "error: --default 'pending' is neither a constant nor an expression
hint: write a string with SQL's quotes: --default \"'pending'\""
	migrate new x --template nope
	exits 129
	err_has "error: there is no template 'nope'"
	[[ ! -e migrations ]]
}

@test "lists the templates" {
	fresh sqlite
	ok new --list-templates
	out_has 'add-required-column   adds a NOT NULL column in three pairs: expand, backfill, constrain'
	ok new --list-templates --json
	json_is '.templates | map(.name) | index("blank") != null' true
	json_is '.templates[] | select(.name == "add-index") | .parameters[0].name' table
}

# --- templates of one's own ---------------------------------------------------

@test "a template is a folder of files, in the repository or the own configuration" {
	fresh sqlite
	local t=.gitmigrate.d/templates/sql
	mkdir -p $t/tag $t/blank
	printf '%s\n' 'summary: tags a table' 'name: tag_{table}' 'requires: table name' \
		'takes: word sql = 1' >$t/tag/template
	echo 'INSERT INTO tags VALUES ({{word}}); -- {{raw:table}}' >$t/tag/1-put.up.sql
	echo 'DELETE FROM tags;' >$t/tag/1-put.down.sql
	echo 'SELECT 1;' >$t/tag/2-look.sqlite.up.sql
	echo 'SELECT 2;' >$t/tag/2-look.down.sql
	echo '-- migrate: empty "ours"' >$t/blank/up.sql
	new tag_users --set word=7
	same 'the first up' 'INSERT INTO tags VALUES (7); -- users' "$(<"$up")"
	[[ ${#made[@]} -eq 4 ]]
	new tidy_up
	same 'the blank up' '-- migrate: empty "ours"' "$(<"$up")"
	mkdir -p "$HOME/xdg/git-migrate/templates/sql/blank"
	echo '-- migrate: empty "mine"' >"$HOME/xdg/git-migrate/templates/sql/blank/up.sql"
	XDG_CONFIG_HOME=$HOME/xdg new tidy_up
	same 'the blank up' '-- migrate: empty "mine"' "$(<"$up")"
	rm -r "$HOME/xdg"
}

@test "a bad template is named with its line" {
	fresh sqlite
	local t=.gitmigrate.d/templates/sql/bad
	mkdir -p $t
	printf 'summary: bad\nnonsense: x\n' >$t/template
	migrate new x
	exits 128
	err_has "/$t/template:2: unknown key 'nonsense'"
	echo 'summary: bad' >$t/template
	printf 'SELECT 1;\nSELECT {{x}};\n' >$t/up.sql
	echo 'SELECT 1;' >$t/down.sql
	migrate new x --template bad
	exits 128
	err_has "/$t/up.sql:2:8: no value for 'x' in the template"
	echo '-- migrate: hold' >$t/up.sql
	migrate new x --template bad
	exits 128
	err_has 'in the script it makes'
	rm $t/up.sql
	migrate new x --template bad
	exits 128
	err_is "error: template 'bad' has half a pair for sqlite"
	[[ ! -e migrations ]]
}

@test "a query that comes with a clone is not run" {
	fresh sqlite
	mkdir -p .gitmigrate.d/templates/facts
	echo "SELECT 'known', 'yes'" >.gitmigrate.d/templates/facts/definition.sqlite.sql
	migrate new drop_users
	exits 128
	err_has 'comes with the repository and may not ask the target'
}

# --- what is pending ----------------------------------------------------------

after_what_is_pending() {
	new create_users --column 'id:integer primary key' --column name:text
	ok up
	new add_flag_to_users --type boolean --default true
	new add_ts_to_users --type timestamp --default CURRENT_TIMESTAMP
	new drop_users
	lacks_edits
	ok prove
	ok up -n 2
	sql 'INSERT INTO users (id) VALUES (1)'
	same values 1 \
		"$(sql 'SELECT count(*) FROM users WHERE flag AND ts IS NOT NULL')"
	ok up --release "$(versions)"
	ok down
	same values 0 \
		"$(sql 'SELECT count(*) FROM users WHERE flag AND ts IS NOT NULL')"
}
@test "a definition is that after what is pending" { both after_what_is_pending; }

two_series() {
	new create_users --column 'id:integer primary key'
	ok up
	new add_a_to_users --template add-required-column --type integer --default 1
	new add_b_to_users --template add-required-column --type integer --default 2
	ok status --json
	while read -r version; do
		set -- "$@" --release "$version"
	done < <(json '.migrations[].version')
	ok up "$@"
	sql 'INSERT INTO users (id, a, b) VALUES (1, 2, 3)'
	[[ $(sql 'SELECT a, b FROM users') == '2|3' ]]
}
@test "a second series of pairs knows the first" { both two_series; }

unknown_after_pending() {
	new create_users --column 'id:integer primary key'
	ok up
	pair 20990101000000_more "-- migrate: edit \"what?\"
ALTER TABLE users ADD COLUMN more text;" 'ALTER TABLE users DROP COLUMN more;'
	new drop_users
	err_has "could not help: pending migrations change 'users', and what comes of it cannot be told: "
	grep -q 'migrate: edit' "$down"
	rm -f migrations/2099* "$up" "$down"
	sql 'ALTER TABLE users ADD COLUMN by_hand text'
	pair 20990101000000_more 'ALTER TABLE users ADD COLUMN more text;' \
		'ALTER TABLE users DROP COLUMN more;'
	new drop_users
	err_has "the applied scripts that are here make another "
	grep -q 'migrate: edit' "$down"
	# what is about other tables is no matter
	rm -f migrations/2099* "$up" "$down"
	pair 20990101000000_more 'CREATE TABLE users_more (a integer);' \
		'DROP TABLE users_more;'
	new drop_users
	err_lacks 'could not help'
	grep -q by_hand "$down"
}
@test "says when the definition after what is pending is not known" { both unknown_after_pending; }

@test "a word that cannot be kept is told, and so is how it was given" {
	fresh sqlite
	new 'Ünïcode näme 日本'
	err_has "warning: a name is made of a-z, 0-9 and _: '日本' is left out of it"
	[[ $up == *_unicode_name.up.sql ]]
	new 'Ünïcode – “näme”'
	err_lacks warning
	migrate new --set foo=1 x
	exits 129
	err_has "the name 'x' fits no template that takes --set foo"
	migrate new drop_x --table 'a"b'
	exits 129
	err_has "--table 'a\"b' is no name"
	err_has 'hint: write it as in SQL; one with other characters in quotes'
	new drop_x --table '"a""b"'
	says "$up" 'DROP TABLE "a""b";'
}
