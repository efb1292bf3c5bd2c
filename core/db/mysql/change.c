#include "core/db/mysql/change.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"

struct walk {
	TALLOC_CTX *mem;
	struct reader r;
	struct my_change *change;
	bool renames; /* the table itself */
};

/* --- names ---------------------------------------------------------------- */

static struct my_object *add(struct walk *w, enum my_object_kind kind,
			     bool after)
{
	struct my_change *change = w->change;
	struct my_object *object;

	change->objects = talloc_realloc(w->mem, change->objects,
					 struct my_object,
					 (unsigned)change->object_count + 1);
	object = &change->objects[change->object_count++];
	*object = (struct my_object){ .kind = kind, .after = after };
	return object;
}

static bool at_name(const struct walk *w)
{
	return w->r.token.kind == SQL_WORD || w->r.token.kind == SQL_QUOTED;
}

static char *take_word(struct walk *w)
{
	char *name = at_name(w) ? reader_name(w->mem, &w->r) : NULL;

	reader_advance(&w->r);
	return name;
}

/* name or schema.name; false when none stands here. */
static bool take_name(struct walk *w, const char **schema, const char **name)
{
	*schema = NULL;
	*name = take_word(w);
	if (*name && reader_accept_character(&w->r, '.')) {
		*schema = *name;
		*name = take_word(w);
	}
	return *name != NULL;
}

static bool accept_exists(struct walk *w)
{
	if (!reader_accept(&w->r, "IF"))
		return false;
	reader_accept(&w->r, "NOT");
	reader_accept(&w->r, "EXISTS");
	return true;
}

/* NOWAIT, WAIT 5 */
static void accept_wait(struct walk *w)
{
	if (!reader_accept(&w->r, "NOWAIT") && reader_accept(&w->r, "WAIT"))
		reader_advance(&w->r);
}

/* Past the words up to and with `word`. */
static void skip_to(struct walk *w, const char *word)
{
	while (!reader_at_end(&w->r) && !reader_accept(&w->r, word))
		reader_advance(&w->r);
}

static bool take_object(struct walk *w, enum my_object_kind kind, bool after)
{
	const char *schema, *name;
	struct my_object *object;

	if (!take_name(w, &schema, &name))
		return false;
	object = add(w, kind, after);
	object->schema = schema;
	object->name = name;
	return true;
}

/* Of the table that is altered. */
static bool add_part(struct walk *w, enum my_object_kind kind, const char *name,
		     bool after)
{
	struct my_object *object;

	if (!name)
		return false;
	object = add(w, kind, after);
	object->schema = w->change->table.schema;
	object->table = w->change->table.name;
	object->name = name;
	return true;
}

static bool take_part(struct walk *w, enum my_object_kind kind, bool after)
{
	accept_exists(w);
	return at_name(w) && add_part(w, kind, take_word(w), after);
}

/* --- CREATE and DROP ------------------------------------------------------ */

static const struct {
	const char *word;
	enum my_object_kind kind;
} words[] = {
	{ "TABLE", MY_TABLE },	     { "TABLES", MY_TABLE },
	{ "VIEW", MY_TABLE },	     { "SEQUENCE", MY_TABLE },
	{ "INDEX", MY_INDEX },	     { "TRIGGER", MY_TRIGGER },
	{ "EVENT", MY_EVENT },	     { "PROCEDURE", MY_PROCEDURE },
	{ "FUNCTION", MY_FUNCTION }, { "DATABASE", MY_SCHEMA },
	{ "SCHEMA", MY_SCHEMA },
};

/* What the second word of a kind says; false: something else. */
static bool find_object(const char *kind, const char **word,
			enum my_object_kind *object)
{
	size_t length;

	kind = strchr(kind, ' ');
	if (!kind)
		return false;
	length = strcspn(++kind, " ");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strncmp(kind, words[i].word, length) &&
		    !words[i].word[length]) {
			*word = words[i].word;
			*object = words[i].kind;
			return true;
		}
	return false;
}

/* INDEX name ... ON table */
static bool take_index(struct walk *w, bool after)
{
	const char *name = take_word(w);

	skip_to(w, "ON");
	return take_name(w, &w->change->table.schema, &w->change->table.name) &&
	       add_part(w, MY_INDEX, name, after);
}

/* What runs once, and may be gone after that. */
static bool runs_once(struct walk *w)
{
	skip_to(w, "SCHEDULE");
	return reader_is(&w->r, "AT");
}

static enum my_change_kind kind_of_replace(const char *word,
					   enum my_object_kind object)
{
	if (object == MY_SCHEMA)
		return MY_UNCERTAIN;
	/* rows, or the next number, are lost */
	if (object == MY_TABLE && strcmp(word, "VIEW") != 0)
		return MY_ANOTHER;
	return MY_REPEATABLE;
}

static enum my_change_kind read_create(struct walk *w, const char *kind)
{
	enum my_object_kind object;
	const char *word;
	bool replace;

	if (!find_object(kind, &word, &object))
		return MY_UNCERTAIN;
	reader_advance(&w->r);
	replace = reader_accept(&w->r, "OR");
	skip_to(w, word);
	accept_exists(w);
	if (!(object == MY_INDEX ? take_index(w, true)
				 : take_object(w, object, true)) ||
	    (object == MY_EVENT && runs_once(w)))
		return MY_UNCERTAIN;
	return replace ? kind_of_replace(word, object) : MY_OBJECTS;
}

static enum my_change_kind read_drop(struct walk *w, const char *kind)
{
	enum my_object_kind object;
	const char *word;

	if (!find_object(kind, &word, &object))
		return MY_UNCERTAIN;
	skip_to(w, word);
	w->change->drops = true;
	w->change->all_there = !accept_exists(w);
	if (object == MY_INDEX)
		return take_index(w, false) ? MY_OBJECTS : MY_UNCERTAIN;
	do
		if (!take_object(w, object, false))
			return MY_UNCERTAIN;
	while (reader_accept_character(&w->r, ','));
	return MY_OBJECTS;
}

/* --- other statements about tables ---------------------------------------- */

static enum my_change_kind read_rename(struct walk *w)
{
	reader_advance(&w->r);
	if (!reader_accept(&w->r, "TABLE") && !reader_accept(&w->r, "TABLES"))
		return MY_UNCERTAIN;
	do {
		accept_exists(w);
		if (!take_object(w, MY_TABLE, false))
			return MY_UNCERTAIN;
		accept_wait(w);
		if (!reader_accept(&w->r, "TO") ||
		    !take_object(w, MY_TABLE, true))
			return MY_UNCERTAIN;
	} while (reader_accept_character(&w->r, ','));
	return MY_RENAMED;
}

static enum my_change_kind read_truncate(struct walk *w)
{
	reader_advance(&w->r);
	reader_accept(&w->r, "TABLE");
	return take_object(w, MY_TABLE, true) ? MY_EMPTIED : MY_UNCERTAIN;
}

/* --- the clauses of ALTER TABLE ------------------------------------------- */

/* Said twice, the second time changes nothing. */
static bool is_repeatable(const struct walk *w)
{
	static const char *const list[] = {
		"MODIFY",	  "ALTER",	    "ENGINE",
		"COMMENT",	  "CHARSET",	    "CHARACTER",
		"COLLATE",	  "DEFAULT",	    "ROW_FORMAT",
		"FORCE",	  "ALGORITHM",	    "LOCK",
		"ENABLE",	  "DISABLE",	    "ORDER",
		"REBUILD",	  "OPTIMIZE",	    "ANALYZE",
		"CHECK",	  "REPAIR",	    "STATS_PERSISTENT",
		"AUTO_INCREMENT", "KEY_BLOCK_SIZE", NULL,
	};
	struct reader next = w->r;

	if (reader_accept(&next, "CONVERT"))
		return reader_is(&next, "TO");
	return reader_accept_any(&next, list);
}

/* (PARTITION p VALUES ..., PARTITION q ...) */
static bool take_new_partitions(struct walk *w)
{
	bool any = false;
	int depth = 0;

	accept_exists(w);
	if (!reader_is_character(&w->r, '('))
		return false;
	do {
		if (depth == 1 && reader_accept(&w->r, "PARTITION")) {
			any = take_part(w, MY_PARTITION, true) || any;
			continue;
		}
		depth += reader_is_character(&w->r, '(') -
			 reader_is_character(&w->r, ')');
		reader_advance(&w->r);
	} while (depth > 0 && !reader_at_end(&w->r));
	return any;
}

static bool read_constraint(struct walk *w)
{
	static const char *const kinds[] = { "PRIMARY", "UNIQUE", "FOREIGN",
					     "CHECK", NULL };
	struct reader next;
	const char *name;

	accept_exists(w);
	next = w->r;
	if (reader_accept_any(&next, kinds))
		return reader_is(&w->r, "PRIMARY") &&
		       add_part(w, MY_INDEX, "PRIMARY", true);
	name = take_word(w);
	if (reader_is(&w->r, "PRIMARY"))
		return add_part(w, MY_INDEX, "PRIMARY", true);
	return add_part(w, MY_CONSTRAINT, name, true);
}

/* Whether what is added can be looked for afterwards. */
static bool read_add(struct walk *w)
{
	static const char *const keys[] = { "INDEX",	"KEY",	   "UNIQUE",
					    "FULLTEXT", "SPATIAL", NULL };
	static const char *const others[] = { "FOREIGN", "CHECK", "PERIOD",
					      "SYSTEM", NULL };
	struct reader next = w->r;

	if (reader_accept(&w->r, "COLUMN"))
		return take_part(w, MY_COLUMN, true);
	if (reader_accept(&w->r, "PARTITION"))
		return take_new_partitions(w);
	if (reader_accept(&w->r, "CONSTRAINT"))
		return read_constraint(w);
	if (reader_is(&w->r, "PRIMARY"))
		return add_part(w, MY_INDEX, "PRIMARY", true);
	if (reader_accept_any(&w->r, keys)) {
		reader_accept_any(&w->r, keys);
		accept_exists(w);
		/* without a name the server chooses one */
		return !reader_is(&w->r, "USING") &&
		       take_part(w, MY_INDEX, true);
	}
	return !reader_accept_any(&next, others) &&
	       take_part(w, MY_COLUMN, true);
}

static bool read_dropped(struct walk *w)
{
	static const char *const keys[] = { "INDEX", "KEY", NULL };
	static const char *const rules[] = { "CONSTRAINT", "CHECK", NULL };
	static const char *const others[] = { "PERIOD", "SYSTEM", NULL };
	struct reader next = w->r;

	if (reader_accept(&w->r, "PARTITION")) {
		do
			if (!take_part(w, MY_PARTITION, false))
				return false;
		while (reader_accept_character(&w->r, ','));
		return true;
	}
	if (reader_is(&w->r, "PRIMARY"))
		return add_part(w, MY_INDEX, "PRIMARY", false);
	if (reader_accept_any(&w->r, keys))
		return take_part(w, MY_INDEX, false);
	if (reader_accept(&w->r, "FOREIGN")) {
		reader_accept(&w->r, "KEY");
		return take_part(w, MY_CONSTRAINT, false);
	}
	if (reader_accept_any(&w->r, rules))
		return take_part(w, MY_CONSTRAINT, false);
	if (reader_accept_any(&next, others))
		return false;
	reader_accept(&w->r, "COLUMN");
	return take_part(w, MY_COLUMN, false);
}

/* old [TO] new; under its own name it is only described anew. */
static bool take_two(struct walk *w, enum my_object_kind kind)
{
	const char *old, *new;

	accept_exists(w);
	old = take_word(w);
	reader_accept(&w->r, "TO");
	new = take_word(w);
	if (old && new && !strcasecmp(old, new))
		return true;
	return add_part(w, kind, old, false) && add_part(w, kind, new, true);
}

static bool read_renamed(struct walk *w)
{
	static const char *const keys[] = { "INDEX", "KEY", NULL };
	struct my_object *old;

	if (reader_accept(&w->r, "COLUMN"))
		return take_two(w, MY_COLUMN);
	if (reader_accept_any(&w->r, keys))
		return take_two(w, MY_INDEX);
	if (!reader_accept(&w->r, "TO") && !reader_accept(&w->r, "AS"))
		reader_accept_character(&w->r, '=');
	w->renames = true;
	old = add(w, MY_TABLE, false);
	old->schema = w->change->table.schema;
	old->name = w->change->table.name;
	return take_object(w, MY_TABLE, true);
}

static bool read_clause(struct walk *w)
{
	if (is_repeatable(w))
		return true;
	if (reader_accept(&w->r, "ADD"))
		return read_add(w);
	if (reader_accept(&w->r, "DROP"))
		return read_dropped(w);
	if (reader_accept(&w->r, "RENAME"))
		return read_renamed(w);
	if (!reader_accept(&w->r, "CHANGE"))
		return false;
	reader_accept(&w->r, "COLUMN");
	return take_two(w, MY_COLUMN);
}

static void skip_clause(struct walk *w)
{
	while (!reader_at_end(&w->r) && !reader_is_character(&w->r, ','))
		if (reader_is_character(&w->r, '('))
			reader_skip_group(&w->r);
		else
			reader_advance(&w->r);
}

/* What is about the rows of the table stands alone in a statement. */
static bool read_rows(struct walk *w, enum my_change_kind *kind)
{
	if (reader_is(&w->r, "DISCARD") || reader_is(&w->r, "IMPORT")) {
		*kind = MY_UNCERTAIN;
		return true;
	}
	if (!reader_is(&w->r, "TRUNCATE") && !reader_is(&w->r, "EXCHANGE"))
		return false;
	*kind = reader_is(&w->r, "TRUNCATE") ? MY_ANOTHER : MY_EXCHANGED;
	*add(w, MY_TABLE, true) = w->change->table;
	if (*kind == MY_ANOTHER)
		return true;
	skip_to(w, "TABLE");
	if (!take_object(w, MY_TABLE, true))
		*kind = MY_UNCERTAIN;
	return true;
}

static bool are_opposite(const struct my_object *a, const struct my_object *b)
{
	return a->kind == b->kind && a->after != b->after &&
	       !strcasecmp(a->name, b->name);
}

static void take_out(struct my_change *change, size_t n)
{
	change->object_count--;
	memmove(change->objects + n, change->objects + n + 1,
		(change->object_count - n) * sizeof(*change->objects));
}

/* Takes the first two out that come and go under one name; whether any do. */
static bool settle_opposites(struct my_change *change, bool *rows)
{
	const struct my_object *list = change->objects;

	for (size_t i = 0; i < change->object_count; i++)
		for (size_t k = i + 1; k < change->object_count; k++) {
			if (!are_opposite(&list[i], &list[k]))
				continue;
			/* what was in a column that comes again is lost */
			*rows = *rows || list[i].kind == MY_COLUMN ||
				list[i].kind == MY_PARTITION;
			take_out(change, k);
			take_out(change, i);
			return true;
		}
	return false;
}

/* Of a table under its new name only the names can be looked for. */
static void keep_tables(struct my_change *change)
{
	size_t kept = 0;

	for (size_t i = 0; i < change->object_count; i++)
		if (change->objects[i].kind == MY_TABLE)
			change->objects[kept++] = change->objects[i];
	change->object_count = kept;
}

static enum my_change_kind read_alter_table(struct walk *w)
{
	struct my_change *change = w->change;
	enum my_change_kind kind;
	bool rows = false;

	skip_to(w, "TABLE");
	accept_exists(w);
	if (!take_name(w, &change->table.schema, &change->table.name))
		return MY_UNCERTAIN;
	change->table.after = true;
	accept_wait(w);
	if (read_rows(w, &kind))
		return kind;
	do {
		change->more = !read_clause(w) || change->more;
		skip_clause(w);
	} while (reader_accept_character(&w->r, ','));
	if (w->renames)
		keep_tables(change);
	while (settle_opposites(change, &rows))
		change->more = true;
	if (change->object_count)
		return MY_OBJECTS;
	if (rows)
		return MY_UNCERTAIN;
	return change->more ? MY_DEFINITION : MY_REPEATABLE;
}

/* --- all ------------------------------------------------------------------ */

static bool is_one_of(const char *kind, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (!strcmp(kind, *kinds))
			return true;
	return false;
}

/* SET STATEMENT and ANALYZE carry out what stands behind them. */
static bool is_statement(const struct walk *w)
{
	static const char *const words_of_table[] = {
		"TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG", NULL
	};
	struct reader r = w->r;

	if (reader_accept(&r, "SET"))
		return reader_is(&r, "STATEMENT");
	return reader_accept(&r, "ANALYZE") &&
	       !reader_accept_any(&r, words_of_table);
}

static enum my_change_kind read_statement(struct walk *w, const char *kind)
{
	static const char *const harmless[] = {
		"SET",
		"USE",
		"LOCK TABLE",
		"LOCK TABLES",
		"UNLOCK TABLES",
		"FLUSH",
		"ANALYZE",
		"ANALYZE TABLE",
		"OPTIMIZE",
		"OPTIMIZE TABLE",
		"CHECK",
		"CHECK TABLE",
		"REPAIR",
		"REPAIR TABLE",
		"GRANT",
		"REVOKE",
		"ALTER VIEW",
		"ALTER PROCEDURE",
		"ALTER FUNCTION",
		"ALTER DATABASE",
		"ALTER SCHEMA",
		NULL,
	};

	if (is_one_of(kind, harmless))
		return is_statement(w) ? MY_UNCERTAIN : MY_REPEATABLE;
	if (!strncmp(kind, "CREATE ", 7))
		return read_create(w, kind);
	if (!strncmp(kind, "DROP ", 5))
		return read_drop(w, kind);
	if (!strcmp(kind, "ALTER TABLE"))
		return read_alter_table(w);
	if (!strncmp(kind, "RENAME", 6))
		return read_rename(w);
	if (!strcmp(kind, "TRUNCATE TABLE"))
		return read_truncate(w);
	return MY_UNCERTAIN;
}

void my_change_read(TALLOC_CTX *mem, const char *kind, const char *text,
		    size_t length, struct my_change *change)
{
	struct walk w = { .mem = mem, .change = change };

	*change = (struct my_change){ .kind = MY_UNCERTAIN };
	reader_start(&w.r, text, length, SQL_MYSQL);
	change->kind = read_statement(&w, kind);
}
