#!/usr/bin/env bats
# git migrate new: templates of renames, types, constraints and backfills

load ../lib/common
load ../lib/scaffold

renames() {
	base
	proves rename_memo_to_remark_in_orders
	local list
	new rename_memo_to_remark_in_orders
	mapfile -t list < <(versions)
	[[ $ENGINE != sqlite ]] || return 0
	ok up --out-of-order --release "${list[0]}"
	sql "INSERT INTO orders (id, user_id, memo) VALUES (30, 1, 'old code')"
	sql "INSERT INTO orders (id, user_id, remark) VALUES (40, 1, 'new code')"
	sql "UPDATE orders SET remark = 'new' WHERE id = 30"
	sql "UPDATE orders SET memo = 'old' WHERE id = 40"
	same 'both columns' '10|x|x
20|y|y
30|new|new
40|old|old' "$(sql 'SELECT id, memo, remark FROM orders ORDER BY id')"
	ok up --out-of-order --release "${list[2]}"
	same 'the new column' '10|x
20|y
30|new
40|old' "$(sql 'SELECT id, remark FROM orders ORDER BY id')"
	ok down
	same 'both again' '10|x|x
20|y|y
30|new|new
40|old|old' "$(sql 'SELECT id, memo, remark FROM orders ORDER BY id')"
}
@test "rename-column runs up and down, and old and new code work meanwhile" { both renames; }
types() {
	base
	proves change_memo_to_integer_in_orders --type 'varchar(99)'
	proves change_type_of_memo_in_orders --type 'char(7)'
	local using="'<' || memo || '>'" back="trim(both '<' from trim(both '>' from memo))"
	[[ $ENGINE != sqlite ]] || back="trim(memo, '<>')"
	if [[ $ENGINE != mariadb ]]; then
		[[ $ENGINE != postgresql ]] || back="trim(both '<>' from memo__new)"
		proves change_type_of_memo_in_orders --type 'varchar(99)' \
			--using "$using" --set back="$back"
	fi
	new change_name_to_x_in_users --type 'varchar(77)'
	[[ $ENGINE == sqlite ]] ||
		grep -q 'migrate: edit ".*for the new name' "${made[@]}"
	rm "${made[@]}"
	local list
	new change_type_of_user_id_in_orders --type bigint
	sed -i '/-- migrate: edit/d' "${made[@]}"
	mapfile -t list < <(versions)
	ok prove "${list[0]}"
}
@test "change-type runs up and down" { both types; }

# as_asked [HOW]   does what the edit lines of what was made ask for: the statement
# in their place, or (`next`, `after`) in the ALTER TABLE below or after it.
as_asked() {
	local file
	for file in "${made[@]}"; do
		HOW=${1:-here} perl -0 -pi -e '
			my $line = qr/^-- migrate: edit ".*take this line out: (.*)"\n/m;
			if ($ENV{HOW} eq "here") { s/$line/$1\n/g; next }
			my @all = /$line/g or next;
			s/$line//g;
			if ($ENV{HOW} eq "next") {
				my $all = join ", ", @all;
				s/^(ALTER TABLE .*?), (?=ALGORITHM)/$1, $all, /m or die;
			} else {
				my ($table) = /^ALTER TABLE (\S+)/m or die;
				$_ .= join "", map "ALTER TABLE $table $_;\n", @all;
			}' "$file"
	done
}

# What goes with a column.
laden() {
	local set='COMMENT ON COLUMN orders.total IS '\''in cents'\'';
ALTER TABLE orders ALTER COLUMN total SET STATISTICS 200;
CREATE STATISTICS orders_stat ON total, user_id FROM orders;
GRANT SELECT (total) ON orders TO PUBLIC;
COMMENT ON CONSTRAINT positive ON orders IS '\''no gifts'\'';
ALTER TABLE orders ADD COLUMN n serial;' prefix='(memo)'
	[[ $ENGINE == postgresql ]] || set='' prefix='(memo(5))'
	base
	pair 20200101000001_laden "ALTER TABLE orders ADD COLUMN total integer;
ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0);
ALTER TABLE orders ADD CONSTRAINT whose UNIQUE (total, user_id);
ALTER TABLE orders ADD CONSTRAINT buyer FOREIGN KEY (total) REFERENCES users (id);
CREATE INDEX orders_total ON orders (total, id);
CREATE INDEX orders_memo ON orders $prefix;
$set" '-- migrate: irreversible "of no interest"'
	commit
	ok up
}

# finishes HOW ARG...   a series made with these is finished as it asks, and
# proven, and what the target has goes up and down with it.
finishes() {
	local how=$1 list releases=() version
	new "${@:2}"
	as_asked "$how"
	[[ $2 != rename_memo_to_remark* ]] ||
		sed -i 's/ INDEX\(.*\)memo\b/ INDEX\1remark/' "${made[5]}"
	lacks_edits
	mapfile -t list < <(versions)
	for version in "${list[@]}"; do
		releases+=(--release "$version")
	done
	ok prove "${list[@]}"
	ok up --out-of-order "${releases[@]}"
	ok down -n "${#list[@]}"
	ok up --out-of-order "${releases[@]}"
	has_all || return
	ok down -n "${#list[@]}"
	has_all || return
	rm "${made[@]}"
}

# has_all   the table has what laden() made; indexes by their names.
has_all() {
	local what name
	if [[ $ENGINE == postgresql ]]; then
		what="SELECT conname FROM pg_constraint
			WHERE conrelid = 'orders'::regclass
			UNION SELECT indexrelid::regclass::text FROM pg_index
			WHERE indrelid = 'orders'::regclass ORDER BY 1"
	else
		what="SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS
			WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'orders'
			UNION SELECT CONSTRAINT_NAME
			FROM information_schema.TABLE_CONSTRAINTS
			WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'orders'"
	fi
	what=$(sql "$what")
	for name in positive whose buyer orders_total orders_memo; do
		[[ $'\n'$what$'\n' == *$'\n'"$name"$'\n'* ]] ||
			explain "no $name among: $what" || return
	done
}

@test "what change-type and rename-column ask for can be done, on PostgreSQL" {
	[[ $ENGINES == *postgresql* ]] || skip 'no PostgreSQL'
	fresh postgresql
	laden
	finishes here change_type_of_total_in_orders --type bigint
	finishes here change_type_of_memo_in_orders --type 'varchar(99)'
	finishes here change_type_of_n_in_orders --type bigint
	finishes here rename_memo_to_remark_in_orders
}

@test "what change-type and rename-column ask for can be done, on MariaDB" {
	[[ $ENGINES == *mariadb* ]] || skip 'no MariaDB'
	fresh mariadb
	laden
	finishes after change_type_of_total_in_orders --type int
	finishes after change_type_of_memo_in_orders --type 'varchar(99)'
	finishes next change_type_of_memo_in_orders --type 'varchar(99)'
	finishes next rename_memo_to_remark_in_orders
}

constraints() {
	base
	sql 'ALTER TABLE orders ADD COLUMN buyer_id integer'
	pair 20200101000001_buyer 'ALTER TABLE orders ADD COLUMN buyer_id integer;' \
		'ALTER TABLE orders DROP COLUMN buyer_id;'
	sql 'ALTER TABLE orders DROP COLUMN buyer_id'
	commit
	ok up
	proves add_fk_on_buyer_id_to_orders --references users
	proves add_unique_on_memo_to_orders
	proves add_unique_on_memo_and_user_id_to_orders
	proves add_check_on_memo_to_orders --condition "memo <> ''"
	proves backfill_note_in_users --fill name
	same 'what was filled' '1|A
2|B' "$(sql 'SELECT id, note FROM users ORDER BY id')"
}
@test "add-foreign-key, add-unique, add-check and backfill run up and down" { both constraints; }

@test "says what a series lacks when no target can tell" {
	fresh sqlite
	git config migrate-target.far.url postgresql://me@127.0.0.1:1/x
	new rename_a_to_b_in_t --target far
	says "${made[1]}" '-- migrate: edit "write the type of a, which no target could tell"'
	says "${made[5]}" '-- migrate: edit "write here what gives b the default, NOT NULL, indexes and constraints that a has, which no target could tell"'
	new change_a_in_t_to_bigint --target far
	says "${made[1]}" 'ALTER TABLE t ADD COLUMN a__new bigint;'
	says "${made[4]}" '-- migrate: edit "write the old type of a, which no target could tell, twice"'
	new add_fk_on_a_to_t --target far
	says "${made[1]}" '-- migrate: edit "write the table that a refers to"'
}
