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
		grep -q 'migrate: edit "make for the new name what name has' "${made[@]}"
	rm "${made[@]}"
	local list
	new change_type_of_user_id_in_orders --type bigint
	sed -i '/-- migrate: edit/d' "${made[@]}"
	mapfile -t list < <(versions)
	ok prove "${list[0]}"
}
@test "change-type runs up and down" { both types; }

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
	says "${made[5]}" '-- migrate: edit "give b the default, NOT NULL, indexes and constraints that a has, which no target could tell"'
	new change_a_in_t_to_bigint --target far
	says "${made[1]}" 'ALTER TABLE t ADD COLUMN a__new bigint;'
	says "${made[4]}" '-- migrate: edit "write the old type of a, which no target could tell, twice"'
	new add_fk_on_a_to_t --target far
	says "${made[1]}" '-- migrate: edit "write the table that a refers to"'
}
