# Tables and scripts for statements that run in batches, of versions $A and $B.
# shellcheck disable=SC2154

# Table a with N rows (b is NULL, c is id), the empty table d, and the table
# `touched`, to which a trigger adds the id of every row of a that is updated.
tables_with() { # N
	pair "${A}_a" 'CREATE TABLE a (id integer PRIMARY KEY, b integer, c integer,
	CHECK (b <> 13));
CREATE TABLE d (id integer PRIMARY KEY, b integer);
CREATE TABLE touched (id integer);' 'DROP TABLE a; DROP TABLE d;'
	commit
	ok up
	local limit=
	[[ $ENGINE != mariadb ]] || limit='SET max_recursive_iterations = 99999;'
	sql "$limit INSERT INTO a (id, c) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL
		SELECT i + 1 FROM n WHERE i < $1) SELECT i, 1000 + i FROM n
		WHERE i <= $1" >/dev/null
	case $ENGINE in
	postgresql)
		sql "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN INSERT INTO touched VALUES (new.id); RETURN NULL; END';
			CREATE TRIGGER touch AFTER UPDATE ON a FOR EACH ROW
			EXECUTE FUNCTION touch()" >/dev/null
		;;
	sqlite)
		sql 'CREATE TRIGGER touch AFTER UPDATE ON a BEGIN
			INSERT INTO touched VALUES (new.id); END' >/dev/null
		;;
	*)
		sql 'CREATE TRIGGER touch AFTER UPDATE ON a FOR EACH ROW
			INSERT INTO touched VALUES (new.id)' >/dev/null
		;;
	esac
}

# Rows that were touched, and how often the one that was touched most.
touches() {
	sql 'SELECT count(*), coalesce(max(n), 0)
		FROM (SELECT count(*) AS n FROM touched GROUP BY id) t'
}

# The second pair: UP, and a down script.
batched() { # UP [DOWN]
	pair "${B}_b" "$1" "${2:-UPDATE a SET b = NULL;}"
	commit
}
