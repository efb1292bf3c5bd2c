#!/usr/bin/env bats

load ../lib/common

# What a role may not do is not the script's fault.

A=20260101000001
B=20260101000002

# A server of this file's own, to be made read-only.
setup_file() {
	[[ $ENGINES == *mariadb* ]] || return 0
	# shellcheck source=tests/lib/mariadb.sh
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	mariadb_start
}
teardown_file() {
	[[ $ENGINES == *mariadb* ]] || return 0
	. "$MIGRATE_TOP/tests/lib/mariadb.sh"
	mariadb_stop
}

# Table a is another's, who may not be had to alter it.
as_poor() {
	table_pair $A a
	commit
	ok up
	local role=poor_${URL##*[/=]}
	case $ENGINE in
	postgresql)
		sql "CREATE ROLE $role LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO $role;
			GRANT CREATE ON SCHEMA public TO $role" >/dev/null
		ROLE=$role
		setting migrate-target.dev.url "${URL%%://*}://$role@${URL#*@}"
		return
		;;
	mariadb)
		sql "CREATE USER poor@'%' IDENTIFIED BY 'Poor-1';
			GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON *.* TO poor@'%'" >/dev/null
		URL=${URL/root@/poor:Poor-1@}
		;;
	esac
	setting migrate-target.dev.url "$URL"
}

may_not() {
	as_poor
	pair ${B}_b 'ALTER TABLE a ADD COLUMN n integer;' 'ALTER TABLE a DROP COLUMN n;'
	commit
	migrate up
	exits 128
	err_has "error: migrations/${B}_b.up.sql:1:"
	err_lacks 'mend'
	err_has 'hint: let this role do that, or connect as another one, then: git migrate up'
}
@test "does not have a script mended for a right that the role lacks (mariadb)" {
	[[ $ENGINES == *mariadb* ]] || skip 'another engine'
	fresh mariadb
	may_not
	pair ${B}_b '-- migrate: no-transaction
CREATE TABLE c (id integer);
ALTER TABLE a ADD COLUMN n integer;' 'DROP TABLE c;'
	commit
	migrate up
	exits 128
	err_has 'hint: 1 of 2 statements are done and stay done
hint: let this role do that, or connect as another one, then: git migrate up'
	err_lacks 'mend'
	mariadb --no-defaults -S "$MARIADB_SOCKET" -u root -e "DROP USER poor@'%'"
}
@test "does not have a script mended for a right that the role lacks (postgresql)" {
	[[ $ENGINES == *postgresql* ]] || skip 'another engine'
	fresh postgresql
	may_not
	err_has 'must be owner of table a'
	sql "DROP OWNED BY $ROLE; DROP ROLE $ROLE" >/dev/null
}

@test "says that a MariaDB server is read-only, before anything is begun" {
	[[ $ENGINES == *mariadb* ]] || skip 'another engine'
	fresh mariadb
	as_poor
	pair ${B}_b 'CREATE TABLE b (id integer);' 'DROP TABLE b;'
	commit
	local root=(mariadb --no-defaults -S "$MARIADB_SOCKET" -u root)
	"${root[@]}" -e 'SET GLOBAL read_only = 1'
	for way in up down; do
		migrate $way
		exits 128
		err_is "error: 'mariadb:${URL##*/}' is read-only
hint: read_only is on there: name the primary in the target's URL when it is a replica, or connect as a user that may write all the same"
	done
	ok log --json
	json_is '.runs | length' 1
	"${root[@]}" -e 'SET GLOBAL read_only = 0'
	ok up
	"${root[@]}" -e "DROP USER poor@'%'"
}

@test "goes on where a read-only MariaDB server lets the user write" {
	[[ $ENGINES == *mariadb* ]] || skip 'another engine'
	fresh mariadb
	table_pair $A a
	commit
	sql 'SET GLOBAL read_only = 1' >/dev/null
	ok up
	ok down
	sql 'SET GLOBAL read_only = 0' >/dev/null
}

@test "what lets a role make scratch databases is enough as it is typed (mariadb)" {
	[[ $ENGINES == *mariadb* ]] || skip 'another engine'
	fresh mariadb
	pair $A 'CREATE TABLE a (id integer PRIMARY KEY);
CREATE VIEW v AS SELECT id FROM a;
CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.id = NEW.id + 1;
CREATE PROCEDURE p() SELECT 1;' 'DROP PROCEDURE p; DROP VIEW v; DROP TABLE a;'
	mv migrations/$A.up.sql migrations/${A}_a.up.sql
	mv migrations/$A.down.sql migrations/${A}_a.down.sql
	commit
	sql "CREATE USER 'p''oor'@'127.0.0.%' IDENTIFIED BY 'Poor-1';
		GRANT ALL ON \`${URL##*/}\`.* TO 'p''oor'@'127.0.0.%'" >/dev/null
	URL=${URL/root@/p%27oor:Poor-1@}
	setting migrate-target.dev.url "$URL"
	local root=(mariadb --no-defaults -S "$MARIADB_SOCKET" -u root) typed
	# shellcheck disable=SC2016
	local grant='GRANT ALL ON `git\_migrate\_scratch\_%`.* TO '"'p\\'oor'@'127.0.0.%'"
	migrate prove
	exits 128
	same hint "hint: let this role make scratch databases: $grant
hint: or name another server: git config migrate.scratchUrl URL" \
		"$(grep ^hint <<<"$err")"
	typed=$(grep -o 'GRANT .*' <<<"$err")
	"${root[@]}" -e "$typed"
	ok prove
	ok up
	"${root[@]}" -e "DROP USER 'p''oor'@'127.0.0.%'"
}
