#include "core/sql/loss.h"

#include <string.h>
#include <strings.h>

#include "core/sql/reader.h"

void loss_add(TALLOC_CTX *mem, struct statement *s, enum loss_kind kind,
	      const char *table, const char *name, const char *to)
{
	struct loss *l;

	s->losses = talloc_realloc(mem, s->losses, struct loss,
				   (unsigned)s->loss_count + 1);
	l = &s->losses[s->loss_count++];
	l->kind = kind;
	l->table = talloc_strdup(s->losses, table);
	l->name = talloc_strdup(s->losses, name);
	l->to = talloc_strdup(s->losses, to);
}

/* --- reading -------------------------------------------------------------- */

struct reading {
	TALLOC_CTX *mem;
	struct statement *s;
	struct reader r;
};

static bool is_kind(const struct reading *l, const char *kind)
{
	return !strcmp(l->s->kind, kind);
}

static bool at_name(const struct reading *l)
{
	return l->r.token.kind == SQL_WORD || l->r.token.kind == SQL_QUOTED ||
	       (l->r.dialect == SQL_SQLITE && l->r.token.kind == SQL_STRING);
}

/* name or schema.name, on l->mem; "" when none stands here. */
static char *take_name(struct reading *l)
{
	char *name, *second;

	if (!at_name(l))
		return talloc_strdup(l->mem, "");
	name = reader_name(l->mem, &l->r);
	reader_advance(&l->r);
	if (!reader_accept_character(&l->r, '.') || !at_name(l))
		return name;
	second = reader_name(l->mem, &l->r);
	reader_advance(&l->r);
	if (l->r.dialect == SQL_SQLITE && !strcasecmp(name, "main"))
		return second;
	return talloc_asprintf(l->mem, "%s.%s", name, second);
}

static void note(struct reading *l, enum loss_kind kind, const char *table)
{
	loss_add(l->mem, l->s, kind, table, table, NULL);
}

static void accept_exists(struct reading *l)
{
	struct reader ahead = l->r;

	if (!reader_accept(&ahead, "IF"))
		return;
	reader_accept(&ahead, "NOT");
	if (reader_accept(&ahead, "EXISTS"))
		l->r = ahead;
}

/* Past everything up to and with one of the words, outside parentheses. */
static bool skip_to(struct reading *l, const char *const *words)
{
	while (!reader_at_end(&l->r)) {
		if (reader_is_character(&l->r, '('))
			reader_skip_group(&l->r);
		else if (reader_accept_any(&l->r, words))
			return true;
		else
			reader_advance(&l->r);
	}
	return false;
}

static bool skip_to_word(struct reading *l, const char *word)
{
	const char *const words[] = { word, NULL };

	return skip_to(l, words);
}

static bool skip_comma(struct reading *l)
{
	while (!reader_at_end(&l->r)) {
		if (reader_is_character(&l->r, '('))
			reader_skip_group(&l->r);
		else if (reader_accept_character(&l->r, ','))
			return true;
		else
			reader_advance(&l->r);
	}
	return false;
}

/* Whether a word stands anywhere in the text, in any case. */
static bool mentions(const char *text, size_t length, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= length; i++)
		if ((text[i] | 0x20) == (*word | 0x20) &&
		    !strncasecmp(text + i, word, n))
			return true;
	return false;
}

/* --- CREATE, DROP --------------------------------------------------------- */

/* CREATE [OR REPLACE] [TEMPORARY] TABLE [IF NOT EXISTS] name */
static void read_create(struct reading *l)
{
	bool replaces = false, temporary = false, sure;
	char *name;

	while (!reader_at_end(&l->r) && !reader_accept(&l->r, "TABLE")) {
		replaces = replaces || reader_is(&l->r, "REPLACE");
		temporary = temporary || reader_is(&l->r, "TEMPORARY") ||
			    reader_is(&l->r, "TEMP");
		reader_advance(&l->r);
	}
	sure = !reader_is(&l->r, "IF");
	accept_exists(l);
	name = take_name(l);
	if (replaces && !temporary)
		note(l, LOSS_TABLE, name);
	/* one that was there already is not new */
	if (sure)
		note(l, temporary ? LOSS_MAKES_TEMPORARY : LOSS_MAKES, name);
}

/* DROP [TEMPORARY] TABLE[S] [IF EXISTS] a, b */
static void read_drop_table(struct reading *l)
{
	static const char *const words[] = { "TABLE", "TABLES", NULL };

	reader_advance(&l->r);
	if (reader_is(&l->r, "TEMPORARY"))
		return;
	skip_to(l, words);
	do {
		accept_exists(l);
		note(l, LOSS_TABLE, take_name(l));
	} while (reader_accept_character(&l->r, ','));
}

static void read_drop_database(struct reading *l)
{
	static const char *const words[] = { "DATABASE", "SCHEMA", NULL };

	skip_to(l, words);
	accept_exists(l);
	note(l, LOSS_DATABASE, take_name(l));
}

/* --- ALTER TABLE, RENAME TABLE -------------------------------------------- */

static void note_column(struct reading *l, enum loss_kind kind,
			const char *table, const char *to)
{
	char *name;

	reader_accept(&l->r, "COLUMN");
	accept_exists(l);
	name = take_name(l);
	loss_add(l->mem, l->s, kind, table, name, to);
}

static void read_drop_of_table(struct reading *l, const char *table)
{
	static const char *const others[] = {
		"INDEX",   "KEY",   "CONSTRAINT", "FOREIGN",
		"PRIMARY", "CHECK", "PERIOD",	  NULL,
	};
	struct reader ahead = l->r;
	bool word = l->r.token.kind == SQL_WORD;

	if (l->r.dialect == SQL_MYSQL && word) {
		if (reader_accept(&ahead, "PARTITION")) {
			note(l, LOSS_DELETED, table);
			return;
		}
		/* the history of its rows */
		if (reader_accept(&ahead, "SYSTEM") &&
		    reader_is(&ahead, "VERSIONING")) {
			note(l, LOSS_DELETED, table);
			return;
		}
		if (reader_accept_any(&ahead, others))
			return;
	}
	note_column(l, LOSS_COLUMN, table, NULL);
}

/* The words of a type up to what does not belong to it: "varchar(50)",
   "bigint unsigned"; NULL when another character set makes it uncertain. */
static char *take_type(struct reading *l)
{
	struct reading ahead = *l;
	size_t from = l->r.token.offset, end;
	const char *text = l->r.text;
	bool not_null = false;
	char *type;

	reader_advance(&ahead.r);
	if (reader_is_character(&ahead.r, '('))
		reader_skip_group(&ahead.r);
	while (reader_accept(&ahead.r, "UNSIGNED") ||
	       reader_accept(&ahead.r, "ZEROFILL"))
		;
	end = ahead.r.end;
	while (!reader_at_end(&ahead.r) &&
	       !reader_is_character(&ahead.r, ',')) {
		if (reader_is(&ahead.r, "CHARACTER") ||
		    reader_is(&ahead.r, "CHARSET") ||
		    reader_is(&ahead.r, "COLLATE") ||
		    reader_is(&ahead.r, "GENERATED") ||
		    reader_is(&ahead.r, "AS"))
			return NULL;
		if (reader_accept(&ahead.r, "NOT"))
			not_null = not_null || reader_is(&ahead.r, "NULL");
		if (reader_is_character(&ahead.r, '('))
			reader_skip_group(&ahead.r);
		else
			reader_advance(&ahead.r);
	}
	type = talloc_strndup(l->mem, text + from, end - from);
	return not_null ? talloc_asprintf(l->mem, "%s not null", type) : type;
}

static void read_modify(struct reading *l, const char *table, bool renames)
{
	char *name, *type;

	reader_accept(&l->r, "COLUMN");
	accept_exists(l);
	name = take_name(l);
	if (renames)
		take_name(l);
	type = take_type(l);
	loss_add(l->mem, l->s, LOSS_NARROWED, table, name, type);
}

static void read_rename_of_table(struct reading *l, const char *table)
{
	static const char *const others[] = { "COLUMN", "INDEX", "KEY", NULL };
	struct reader ahead = l->r;

	if (reader_accept_any(&ahead, others))
		return;
	/* RENAME [COLUMN] a TO b */
	reader_advance(&ahead);
	if (l->r.dialect == SQL_SQLITE && reader_is(&ahead, "TO"))
		return;
	if (!reader_accept(&l->r, "TO"))
		reader_accept(&l->r, "AS");
	loss_add(l->mem, l->s, LOSS_RENAMES, table, table, take_name(l));
}

static void read_action(struct reading *l, const char *table)
{
	bool mysql = l->r.dialect == SQL_MYSQL;

	if (reader_accept(&l->r, "DROP"))
		read_drop_of_table(l, table);
	else if (reader_accept(&l->r, "RENAME"))
		read_rename_of_table(l, table);
	else if (mysql && reader_accept(&l->r, "MODIFY"))
		read_modify(l, table, false);
	else if (mysql && reader_accept(&l->r, "CHANGE"))
		read_modify(l, table, true);
	else if (mysql &&
		 (reader_is(&l->r, "TRUNCATE") || reader_is(&l->r, "DISCARD")))
		note(l, LOSS_TRUNCATED, table);
	else if (mysql && reader_accept(&l->r, "CONVERT") &&
		 reader_is(&l->r, "TO"))
		loss_add(l->mem, l->s, LOSS_NARROWED, table, "its text", NULL);
}

static void read_alter(struct reading *l)
{
	char *table;

	skip_to_word(l, "TABLE");
	accept_exists(l);
	table = take_name(l);
	do
		read_action(l, table);
	while (skip_comma(l));
}

/* RENAME TABLE a TO b, c TO d */
static void read_rename(struct reading *l)
{
	reader_advance(&l->r);
	reader_advance(&l->r);
	do {
		char *name;

		accept_exists(l);
		name = take_name(l);
		if (!skip_to_word(l, "TO"))
			return;
		loss_add(l->mem, l->s, LOSS_RENAMES, name, name, take_name(l));
	} while (reader_accept_character(&l->r, ','));
}

/* --- rows ----------------------------------------------------------------- */

static const char *const modifiers[] = {
	"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", NULL,
};

/* WITH a AS (...) DELETE ... */
static void skip_with(struct reading *l, const char *verb)
{
	if (reader_is(&l->r, "WITH"))
		skip_to_word(l, verb);
	else
		reader_advance(&l->r);
	while (reader_accept_any(&l->r, modifiers))
		;
}

/* Of a statement about several tables each may be the one. */
static void note_all(struct reading *l, enum loss_kind kind)
{
	for (size_t i = 0; i < l->s->relation_count; i++)
		note(l, kind, l->s->relations[i]);
}

static bool alias_and(struct reading *l, const char *const *ends)
{
	reader_accept(&l->r, "AS");
	if (reader_at_end(&l->r) || reader_accept_any(&l->r, ends))
		return true;
	if (!at_name(l))
		return false;
	reader_advance(&l->r);
	return reader_at_end(&l->r) || reader_accept_any(&l->r, ends);
}

/* UPDATE [OR x] t [[AS] a] SET */
static void read_update(struct reading *l)
{
	static const char *const set[] = { "SET", "INDEXED", "NOT", NULL };
	char *name;

	skip_with(l, "UPDATE");
	if (l->r.dialect == SQL_SQLITE && reader_accept(&l->r, "OR"))
		reader_advance(&l->r);
	name = take_name(l);
	if (l->r.dialect == SQL_SQLITE || alias_and(l, set))
		note(l, LOSS_UPDATED, name);
	else
		note_all(l, LOSS_UPDATED);
}

/* DELETE FROM t [a] [WHERE], DELETE a, b FROM ..., DELETE FROM a USING ... */
static void read_delete(struct reading *l)
{
	static const char *const ends[] = { "WHERE",	 "ORDER",     "LIMIT",
					    "RETURNING", "PARTITION", NULL };
	char *name;

	skip_with(l, "DELETE");
	if (!reader_accept(&l->r, "FROM")) {
		note_all(l, LOSS_DELETED);
		return;
	}
	name = take_name(l);
	if (l->r.dialect == SQL_SQLITE || alias_and(l, ends))
		note(l, LOSS_DELETED, name);
	else
		note_all(l, LOSS_DELETED);
}

static void read_truncate(struct reading *l)
{
	reader_advance(&l->r);
	reader_accept(&l->r, "TABLE");
	note(l, LOSS_TRUNCATED, take_name(l));
}

static void read_replace(struct reading *l)
{
	skip_with(l, "REPLACE");
	reader_accept(&l->r, "INTO");
	note(l, LOSS_UPDATED, take_name(l));
}

/* INSERT OR REPLACE, ... ON CONFLICT DO UPDATE, ON DUPLICATE KEY UPDATE. Most
   have none of these: that is found out without taking them apart. */
static void read_insert(struct reading *l)
{
	bool mysql = l->r.dialect == SQL_MYSQL, updates = false;
	char *name;

	skip_with(l, "INSERT");
	if (reader_accept(&l->r, "OR")) {
		updates = reader_is(&l->r, "REPLACE");
		reader_advance(&l->r);
	}
	if (!updates &&
	    !mentions(l->r.text, l->r.length, mysql ? "DUPLICATE" : "CONFLICT"))
		return;
	reader_accept(&l->r, "INTO");
	name = take_name(l);
	if (!updates && skip_to_word(l, mysql ? "DUPLICATE" : "CONFLICT"))
		updates = skip_to_word(l, "UPDATE");
	if (updates)
		note(l, LOSS_UPDATED, name);
}

/* LOAD DATA ... REPLACE INTO TABLE t */
static void read_load(struct reading *l)
{
	bool replaces = false;

	while (!reader_at_end(&l->r) && !reader_accept(&l->r, "INTO")) {
		replaces = replaces || reader_is(&l->r, "REPLACE");
		reader_advance(&l->r);
	}
	reader_accept(&l->r, "TABLE");
	if (replaces)
		note(l, LOSS_UPDATED, take_name(l));
}

/* --- the whole ------------------------------------------------------------ */

void loss_guess(TALLOC_CTX *mem, struct statement *s, const char *text)
{
	static const char *const words[] = { "DROP",   "TRUNCATE", "DELETE",
					     "UPDATE", "MERGE",	   "REPLACE" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (mentions(text, s->length, words[i])) {
			loss_add(mem, s, LOSS_UNKNOWN, NULL, s->kind, NULL);
			return;
		}
}

/* MySQL: what runs statements that stand in a block, in a string or behind
   other words. */
static bool may_run_others(const struct reading *l)
{
	static const char *const kinds[] = {
		"ANALYZE", "BEGIN",   "CASE",	"EXECUTE", "FOR",  "IF",
		"LOOP",	   "PREPARE", "REPEAT", "WHILE",   "WITH",
	};
	struct reader r = l->r;

	if (reader_accept(&r, "SET"))
		return reader_is(&r, "STATEMENT");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (is_kind(l, kinds[i]))
			return !l->s->control;
	return false;
}

/* ... and what runs those that stand somewhere else. */
static bool is_unreadable(const struct reading *l)
{
	struct reader r = l->r;

	if (is_kind(l, "CALL"))
		return true;
	if (!reader_accept(&r, "PREPARE") &&
	    !(reader_accept(&r, "EXECUTE") && reader_is(&r, "IMMEDIATE")))
		return false;
	return memchr(l->r.text, '@', l->r.length) != NULL;
}

static const struct {
	const char *kind;
	void (*read)(struct reading *l);
} readers[] = {
	{ "INSERT", read_insert },
	{ "UPDATE", read_update },
	{ "DELETE", read_delete },
	{ "REPLACE", read_replace },
	{ "CREATE TABLE", read_create },
	{ "CREATE TABLE AS", read_create },
	{ "CREATE VIRTUAL TABLE", read_create },
	{ "ALTER TABLE", read_alter },
	{ "DROP TABLE", read_drop_table },
	{ "DROP TABLES", read_drop_table },
	{ "DROP DATABASE", read_drop_database },
	{ "DROP SCHEMA", read_drop_database },
	{ "RENAME TABLE", read_rename },
	{ "TRUNCATE TABLE", read_truncate },
	{ "LOAD DATA", read_load },
	{ "LOAD", read_load },
};

void loss_read(TALLOC_CTX *mem, struct statement *s, const char *text,
	       enum sql_dialect dialect)
{
	struct reading l = { .mem = mem, .s = s };

	reader_start(&l.r, text, s->length, dialect);
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		if (is_kind(&l, readers[i].kind)) {
			readers[i].read(&l);
			break;
		}
	if (dialect == SQL_MYSQL && is_unreadable(&l))
		loss_add(mem, s, LOSS_UNKNOWN, NULL, s->kind, NULL);
	else if (dialect == SQL_MYSQL && may_run_others(&l))
		loss_guess(mem, s, text);
}

/* --- in words ------------------------------------------------------------- */

char *loss_text(TALLOC_CTX *mem, const struct loss *l)
{
	switch (l->kind) {
	case LOSS_DATABASE:
		return talloc_asprintf(mem, "drops database %s", l->name);
	case LOSS_SCHEMA:
		return talloc_asprintf(mem, "drops schema %s", l->name);
	case LOSS_TABLE:
		return talloc_asprintf(mem, "drops table %s", l->name);
	case LOSS_TYPE:
		return talloc_asprintf(mem, "drops type %s", l->name);
	case LOSS_COLUMN:
		return talloc_asprintf(mem, "drops column %s.%s", l->table,
				       l->name);
	case LOSS_NARROWED:
		return talloc_asprintf(mem, "may narrow %s.%s", l->table,
				       l->name);
	case LOSS_TRUNCATED:
		return talloc_asprintf(mem, "empties %s", l->name);
	case LOSS_DELETED:
		return talloc_asprintf(mem, "deletes rows of %s", l->name);
	case LOSS_UPDATED:
		return talloc_asprintf(mem, "updates rows of %s", l->name);
	case LOSS_UNKNOWN:
		return talloc_asprintf(mem,
				       "may destroy anything: what %s does "
				       "cannot be told",
				       l->name);
	default:
		return talloc_strdup(mem, "destroys nothing");
	}
}

/* --- what a plan has made itself ------------------------------------------ */

struct made {
	char *name;
	bool temporary;
};

struct loss_made {
	enum sql_dialect dialect;
	struct made *list;
	size_t count;
};

struct loss_made *loss_made_new(TALLOC_CTX *mem, enum sql_dialect dialect)
{
	struct loss_made *made = talloc_zero(mem, struct loss_made);

	made->dialect = dialect;
	return made;
}

static size_t find(const struct loss_made *made, const char *name)
{
	size_t i = made->count;

	while (i--)
		if (made->dialect == SQL_SQLITE
			    ? !strcasecmp(made->list[i].name, name)
			    : !strcmp(made->list[i].name, name))
			return i;
	return made->count;
}

static bool take_out(struct loss_made *made, const char *name, bool *temporary)
{
	size_t i = name ? find(made, name) : made->count;

	if (i == made->count)
		return false;
	*temporary = made->list[i].temporary;
	talloc_free(made->list[i].name);
	made->count--;
	memmove(&made->list[i], &made->list[i + 1],
		(made->count - i) * sizeof(*made->list));
	return true;
}

static void put_in(struct loss_made *made, const char *name, bool temporary)
{
	made->list = talloc_realloc(made, made->list, struct made,
				    (unsigned)made->count + 1);
	made->list[made->count].name = talloc_strdup(made, name);
	made->list[made->count++].temporary = temporary;
}

bool loss_next(struct loss_made *made, const struct loss *loss)
{
	bool temporary;

	switch (loss->kind) {
	case LOSS_MAKES:
	case LOSS_MAKES_TEMPORARY:
		put_in(made, loss->name, loss->kind == LOSS_MAKES_TEMPORARY);
		return false;
	case LOSS_RENAMES:
		if (take_out(made, loss->name, &temporary))
			put_in(made, loss->to, temporary);
		return false;
	case LOSS_TABLE:
		return !take_out(made, loss->name, &temporary);
	case LOSS_DATABASE:
	case LOSS_SCHEMA:
	case LOSS_TYPE:
		return true;
	default:
		return !loss->table || find(made, loss->table) == made->count;
	}
}

void loss_end_script(struct loss_made *made)
{
	size_t kept = 0;

	for (size_t i = 0; i < made->count; i++)
		if (!made->list[i].temporary)
			made->list[kept++] = made->list[i];
	made->count = kept;
}
