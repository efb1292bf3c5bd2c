#include "core/db/mysql/change.h"
#include "core/db/mysql/internal.h"

#include <sha2.h>
#include <string.h>

/*
 * What became of a statement that commits by itself and whose end nobody saw.
 * DDL is atomic (MariaDB 10.6, MySQL 8.0), but each table of a DROP or RENAME
 * of several is an object of its own,
 * https://mariadb.com/kb/en/atomic-ddl/: a DROP that fails for one of them has
 * dropped the others.
 *
 * Others may have changed something meanwhile, so only what the statement
 * itself names counts: whether it was there before, and is now. Where that
 * stays the same by name, InnoDB's numbers of tables tell: a table or partition
 * that was truncated, exchanged or made again has another one, and a number
 * goes with the table when that is renamed. To see them takes PROCESS.
 */

#define NO_SUCH_TABLE 1146
#define DIGEST_SIZE 16 /* digits: enough to see a difference */

static void read_change(TALLOC_CTX *mem, const struct script *script, size_t n,
			struct my_change *change)
{
	const struct statement *s = &script->statements[n];
	char *text = my_without_marks(mem, script->text + s->offset, s->length);

	my_change_read(mem, s->kind, text, s->length, change);
	if (change->kind == MY_REPEATABLE)
		return;
	/* a name without its database may mean another one */
	for (size_t i = 0; i < n; i++)
		if (!strcmp(script->statements[i].kind, "USE"))
			change->kind = MY_UNCERTAIN;
}

/* --- what is there -------------------------------------------------------- */

struct look {
	TALLOC_CTX *mem;
	struct my *my;
	struct my_conn *conn;
	char *text; /* what was seen so far */
};

static const char *schema_of(const struct look *l, const struct my_object *o)
{
	return o->schema ? o->schema : l->my->db.database;
}

static const char *sql_of(enum my_object_kind kind)
{
	switch (kind) {
	case MY_TABLE:
		return "SELECT 1 FROM information_schema.TABLES "
		       "WHERE TABLE_SCHEMA = $1 AND TABLE_NAME = $2";
	case MY_COLUMN:
		return "SELECT 1 FROM information_schema.COLUMNS "
		       "WHERE TABLE_SCHEMA = $1 AND COLUMN_NAME = $2 "
		       "AND TABLE_NAME = $3";
	case MY_INDEX:
		return "SELECT 1 FROM information_schema.STATISTICS "
		       "WHERE TABLE_SCHEMA = $1 AND INDEX_NAME = $2 "
		       "AND TABLE_NAME = $3";
	case MY_CONSTRAINT:
		return "SELECT 1 FROM information_schema.TABLE_CONSTRAINTS "
		       "WHERE TABLE_SCHEMA = $1 AND CONSTRAINT_NAME = $2 "
		       "AND TABLE_NAME = $3";
	case MY_PARTITION:
		return "SELECT 1 FROM information_schema.PARTITIONS "
		       "WHERE TABLE_SCHEMA = $1 AND PARTITION_NAME = $2 "
		       "AND TABLE_NAME = $3";
	case MY_TRIGGER:
		return "SELECT 1 FROM information_schema.TRIGGERS "
		       "WHERE TRIGGER_SCHEMA = $1 AND TRIGGER_NAME = $2";
	case MY_EVENT:
		return "SELECT 1 FROM information_schema.EVENTS "
		       "WHERE EVENT_SCHEMA = $1 AND EVENT_NAME = $2";
	case MY_PROCEDURE:
		return "SELECT 1 FROM information_schema.ROUTINES "
		       "WHERE ROUTINE_SCHEMA = $1 AND ROUTINE_NAME = $2 "
		       "AND ROUTINE_TYPE = 'PROCEDURE'";
	case MY_FUNCTION:
		return "SELECT 1 FROM information_schema.ROUTINES "
		       "WHERE ROUTINE_SCHEMA = $1 AND ROUTINE_NAME = $2 "
		       "AND ROUTINE_TYPE = 'FUNCTION'";
	case MY_SCHEMA:
		break;
	}
	return "SELECT 1 FROM information_schema.SCHEMATA "
	       "WHERE SCHEMA_NAME = $1";
}

static int take_any(const char *const *values, int count, void *data)
{
	bool *any = data;

	(void)values;
	(void)count;
	*any = true;
	return 0;
}

static char *quote_table(const struct look *l, const struct my_object *o)
{
	return talloc_asprintf(l->mem, "%s.%s",
			       my_quote(l->mem, schema_of(l, o)),
			       my_quote(l->mem, o->name));
}

/* information_schema is slow to say so of a table that is about to be made;
   whatever else comes, it is asked. */
static bool is_no_table(struct look *l, const struct my_object *o)
{
	struct error ignored = { 0 };
	char *sql;
	int result;

	if (o->kind != MY_TABLE)
		return false;
	sql = talloc_asprintf(l->mem, "SHOW CREATE TABLE %s",
			      quote_table(l, o));
	result = my_run(l->conn, sql, strlen(sql), NULL, NULL, NULL, &ignored);
	error_release(&ignored);
	return result < 0 && l->conn->failed == NO_SUCH_TABLE;
}

static int is_there(struct look *l, const struct my_object *o, bool *there,
		    struct error *err)
{
	const char *params[] = { o->kind == MY_SCHEMA ? o->name
						      : schema_of(l, o),
				 o->name, o->table };

	*there = false;
	if (is_no_table(l, o))
		return 0;
	return my_query(l->conn, sql_of(o->kind), params,
			o->kind == MY_SCHEMA ? 1
			: o->table	     ? 3
					     : 2,
			take_any, there, err);
}

/* "10": the first object is there, and the second is not */
static int see_objects(struct look *l, const struct my_change *change,
		       struct error *err)
{
	for (size_t i = 0; i < change->object_count; i++) {
		bool there;

		if (is_there(l, &change->objects[i], &there, err) < 0)
			return -1;
		l->text = talloc_strdup_append(l->text, there ? "1" : "0");
	}
	return 0;
}

/* --- what makes a table the one that it is -------------------------------- */

static int take_number(const char *const *values, int count, void *data)
{
	struct look *l = data;

	(void)count;
	l->text = talloc_asprintf_append(l->text, "%s%s", *l->text ? "," : "",
					 values[0]);
	return 0;
}

/* Each partition has a number; its name is behind the table's. */
#define NUMBERS(tables)                                                        \
	"SELECT TABLE_ID FROM information_schema." tables                      \
	" WHERE substring_index(substring_index(CAST(NAME AS BINARY), "        \
	"'#P#', 1), '#p#', 1) = "                                              \
	"concat(CAST(CONVERT($1 USING filename) AS BINARY), '/', "             \
	"CAST(CONVERT($2 USING filename) AS BINARY)) ORDER BY NAME"

#define NONE "none"
#define UNNUMBERED "?" /* by what can be seen */

/* "41,42", NONE or UNNUMBERED */
static int find_numbers(struct look *l, const struct my_object *o,
			const char **numbers, struct error *err)
{
	struct look seen = *l;
	const char *params[] = { schema_of(l, o), o->name };
	bool there;

	*numbers = NONE;
	if (is_there(l, o, &there, err) < 0)
		return -1;
	if (!there)
		return 0;
	seen.text = talloc_strdup(l->mem, "");
	if (my_query(l->conn,
		     my_is_mariadb(l->my) ? NUMBERS("INNODB_SYS_TABLES")
					  : NUMBERS("INNODB_TABLES"),
		     params, 2, take_number, &seen, err) < 0) {
		if (l->conn->lost)
			return -1;
		error_release(err);
		*seen.text = '\0';
	}
	*numbers = *seen.text ? seen.text : UNNUMBERED;
	return 0;
}

/* "41 42,43": those of each table */
static int see_numbers(struct look *l, const struct my_change *change,
		       struct error *err)
{
	for (size_t i = 0; i < change->object_count; i++) {
		const char *numbers;

		if (find_numbers(l, &change->objects[i], &numbers, err) < 0)
			return -1;
		l->text = talloc_asprintf_append(l->text, "%s%s", i ? " " : "",
						 numbers);
	}
	return 0;
}

/* --- how a table is defined ----------------------------------------------- */

/* Other sessions' inserts move the counter. */
static void add_text(SHA2_CTX *hash, const char *text)
{
	static const char counter[] = " AUTO_INCREMENT=";
	const char *at = strstr(text, counter);

	if (at) {
		SHA256Update(hash, (const uint8_t *)text, (size_t)(at - text));
		text = at + strlen(counter);
		text += strspn(text, "0123456789");
	}
	SHA256Update(hash, (const uint8_t *)text, strlen(text) + 1);
}

static int take_texts(const char *const *values, int count, void *data)
{
	for (int i = 0; i < count; i++)
		add_text(data, values[i] ? values[i] : "");
	return 0;
}

/* "/" and a digest; of a table that is not there NONE */
static int see_definition(struct look *l, const struct my_object *table,
			  struct error *err)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	char *sql = talloc_asprintf(l->mem, "SHOW CREATE TABLE %s",
				    quote_table(l, table));
	SHA2_CTX hash;

	SHA256Init(&hash);
	if (my_run(l->conn, sql, strlen(sql), take_texts, &hash, NULL, err) <
	    0) {
		if (l->conn->failed != NO_SUCH_TABLE)
			return -1;
		error_release(err);
		l->text = talloc_strdup_append(l->text, "/" NONE);
		return 0;
	}
	SHA256End(&hash, hex);
	hex[DIGEST_SIZE] = '\0';
	l->text = talloc_asprintf_append(l->text, "/%s", hex);
	return 0;
}

/* --- the witness ----------------------------------------------------------- */

static int look(struct look *l, const struct my_change *change,
		struct error *err)
{
	switch (change->kind) {
	case MY_OBJECTS:
		if (see_objects(l, change, err) < 0)
			return -1;
		return change->more && change->table.name
			       ? see_definition(l, &change->table, err)
			       : 0;
	case MY_DEFINITION:
		return see_definition(l, &change->table, err);
	case MY_EMPTIED:
	case MY_ANOTHER:
	case MY_EXCHANGED:
	case MY_RENAMED:
		return see_numbers(l, change, err);
	default:
		return 0;
	}
}

/* What there is now; *text is NULL when that cannot be told. */
static int see(struct look *l, struct my *my, const struct my_change *change,
	       char **text, struct error *err)
{
	*text = NULL;
	l->my = my;
	l->conn = &my->main;
	l->text = talloc_strdup(l->mem, "");
	/* under LOCK TABLES the other connection would wait for this one */
	if (!my->tables_locked && my_side(my, &l->conn, err) < 0)
		return -1;
	if (look(l, change, err) < 0) {
		if (l->conn->lost)
			return -1;
		error_release(err);
		return 0;
	}
	*text = *l->text ? l->text : NULL;
	return 0;
}

int my_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
	       size_t n, char **out, struct error *err)
{
	struct look l = { .mem = mem };
	struct my_change change;

	*out = NULL;
	read_change(mem, script, n, &change);
	if (change.kind == MY_UNCERTAIN || change.kind == MY_REPEATABLE)
		return 0;
	return see(&l, my_of(db), &change, out, err);
}

/* --- the verdict ---------------------------------------------------------- */

/* Whether all objects are as they should be afterwards. */
static bool is_as_wanted(const struct my_change *change, const char *seen)
{
	for (size_t i = 0; i < change->object_count; i++)
		if ((seen[i] == '1') != change->objects[i].after)
			return false;
	return true;
}

/* "a is gone, b was not there", of one that failed in its middle. */
static char *tell_dropped(TALLOC_CTX *mem, const struct my_change *change,
			  const char *before, const char *now)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < change->object_count; i++)
		text = talloc_asprintf_append(
			text, "%s%s %s", i ? ", " : "", change->objects[i].name,
			before[i] == '0' ? "was not there"
			: now[i] == '0'	 ? "is gone"
					 : "is still there");
	return text;
}

static enum db_verdict judge_drop(const struct my_change *change,
				  const char *before, const char *now)
{
	size_t count = change->object_count, gone = 0;

	for (size_t i = 0; i < count; i++) {
		if (before[i] < now[i]) /* somebody has made it since */
			return DB_UNKNOWN;
		gone += before[i] > now[i];
	}
	if (!gone)
		return DB_UNDONE;
	if (!is_as_wanted(change, now) ||
	    (change->all_there && memchr(before, '0', count)))
		return DB_PARTLY;
	return DB_DONE;
}

static enum db_verdict judge_objects(const struct my_change *change,
				     const char *before, const char *now)
{
	size_t count = change->object_count;

	if (strspn(before, "01") != count || strspn(now, "01") != count)
		return DB_UNKNOWN;
	if (change->drops)
		return judge_drop(change, before, now);
	/* they tell nothing; the rest of it shows in the definition */
	if (is_as_wanted(change, before))
		return change->more && strcmp(before, now) ? DB_UNKNOWN
							   : DB_UNDONE;
	if (!memcmp(before, now, count))
		return DB_UNDONE;
	return is_as_wanted(change, now) ? DB_DONE : DB_UNKNOWN;
}

static bool is_numbered(const char *seen)
{
	return !strstr(seen, UNNUMBERED);
}

static bool is_empty(struct look *l, const struct my_object *table)
{
	struct error ignored = { 0 };
	char *sql = talloc_asprintf(l->mem, "SELECT 1 FROM %s LIMIT 1",
				    quote_table(l, table));
	bool any = false;

	if (my_run(l->conn, sql, strlen(sql), take_any, &any, NULL, &ignored) <
	    0) {
		error_release(&ignored);
		return false;
	}
	return !any;
}

/* Others may have made the table again, too: who optimizes it does. */
static enum db_verdict judge_table(struct look *l,
				   const struct my_change *change,
				   const char *before, const char *now)
{
	if (!is_numbered(before) || !is_numbered(now))
		return DB_UNKNOWN;
	if (!strcmp(before, now))
		return DB_UNDONE;
	if (!strcmp(now, NONE))
		return DB_UNKNOWN;
	if (change->kind == MY_EMPTIED)
		return is_empty(l, change->objects) ? DB_DONE : DB_UNKNOWN;
	return strcmp(before, NONE) ? DB_UNKNOWN : DB_DONE;
}

/* Whether a number is one of a list with commas. */
static bool is_among(const char *number, const char *list)
{
	size_t length = strlen(number);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (!strncmp(list, number, length) &&
		    (!list[length] || list[length] == ','))
			return true;
	return false;
}

static enum db_verdict judge_exchange(const char **before, const char **now)
{
	if (!strcmp(before[0], now[0]) && !strcmp(before[1], now[1]))
		return DB_UNDONE;
	return is_among(before[1], now[0]) && is_among(now[1], before[0])
		       ? DB_DONE
		       : DB_UNKNOWN;
}

static bool is_same_table(const struct my_object *a, const struct my_object *b)
{
	return !strcmp(a->name, b->name) &&
	       (!a->schema || !b->schema ? a->schema == b->schema
					 : !strcmp(a->schema, b->schema));
}

static void set_all(const struct my_change *change, const char **seen, size_t n,
		    const char *value)
{
	for (size_t i = 0; i < change->object_count; i++)
		if (is_same_table(&change->objects[i], &change->objects[n]))
			seen[i] = value;
}

static bool are_same(const char **a, const char **b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static enum db_verdict judge_rename(TALLOC_CTX *mem,
				    const struct my_change *change,
				    const char **before, const char **now)
{
	size_t count = change->object_count;
	const char **wanted = talloc_memdup(mem, before,
					    count * sizeof(*before));
	bool undone = are_same(before, now, count), done;

	for (size_t i = 0; i + 1 < count; i += 2) {
		const char *moved = wanted[i];

		set_all(change, wanted, i, NONE);
		set_all(change, wanted, i + 1, moved);
	}
	done = are_same(wanted, now, count);
	/* tables that changed places, and cannot be told apart */
	for (size_t i = 0; done && undone && i < count; i++)
		if (!is_numbered(now[i]))
			return DB_UNKNOWN;
	return undone ? DB_UNDONE : done ? DB_DONE : DB_UNKNOWN;
}

/* The words of a text; NULL when they are not so many. */
static const char **words_of(TALLOC_CTX *mem, const char *text, size_t count)
{
	const char **words = talloc_array(mem, const char *, (unsigned)count);
	size_t n = 0;

	for (; *text && n < count; n++) {
		size_t length = strcspn(text, " ");

		words[n] = talloc_strndup(mem, text, length);
		text += length + (text[length] == ' ');
	}
	return n == count && !*text ? words : NULL;
}

static enum db_verdict judge_tables(struct look *l,
				    const struct my_change *change,
				    const char *before, const char *now)
{
	size_t count = change->object_count;
	const char **first = words_of(l->mem, before, count);
	const char **second = words_of(l->mem, now, count);

	if (!first || !second)
		return DB_UNKNOWN;
	if (change->kind == MY_RENAMED)
		return judge_rename(l->mem, change, first, second);
	if (!is_numbered(before) || !is_numbered(now))
		return DB_UNKNOWN;
	return judge_exchange(first, second);
}

static enum db_verdict judge_change(struct look *l,
				    const struct my_change *change,
				    const char *before, const char *now)
{
	switch (change->kind) {
	case MY_OBJECTS:
		return judge_objects(change, before, now);
	case MY_DEFINITION:
		return strcmp(before, now) ? DB_UNKNOWN : DB_UNDONE;
	case MY_EMPTIED:
	case MY_ANOTHER:
		return judge_table(l, change, before, now);
	case MY_EXCHANGED:
	case MY_RENAMED:
		return judge_tables(l, change, before, now);
	default:
		return DB_UNKNOWN;
	}
}

int my_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
	     size_t n, const char *witness, enum db_verdict *verdict,
	     char **what, struct error *err)
{
	struct look l = { .mem = mem };
	struct my_change change;
	char *now;

	*what = NULL;
	*verdict = DB_DONE;
	if (script->statements[n].control)
		return 0;
	read_change(mem, script, n, &change);
	*verdict = change.kind == MY_REPEATABLE ? DB_UNDONE : DB_UNKNOWN;
	if (change.kind == MY_UNCERTAIN || change.kind == MY_REPEATABLE ||
	    !witness)
		return 0;
	if (see(&l, my_of(db), &change, &now, err) < 0)
		return -1;
	if (now)
		*verdict = judge_change(&l, &change, witness, now);
	if (*verdict == DB_PARTLY)
		*what = tell_dropped(mem, &change, witness, now);
	return 0;
}
