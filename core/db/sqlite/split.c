#include "core/db/sqlite/internal.h"

#include <string.h>
#include <strings.h>

#include "core/sql/loss.h"
#include "core/sql/reader.h"

/* The kinds of a script are few: each text is kept once. */
struct kinds {
	const char **list;
	size_t count;
};

static const char *keep_kind(struct script *script, struct kinds *kinds,
			     const char *kind)
{
	size_t n = kinds->count;

	/* from the newest: scripts repeat what they have just done */
	while (n-- && kinds->count - n < 100)
		if (!strcmp(kinds->list[n], kind))
			return kinds->list[n];
	kinds->list = talloc_realloc(NULL, kinds->list, const char *,
				     (unsigned)kinds->count + 1);
	return kinds->list[kinds->count++] = talloc_strdup(script, kind);
}

/* The setting's name in PRAGMA [schema.]name; true when it is given a value. */
static bool pragma_sets(const char *text, size_t length, const char **name,
			size_t *name_length)
{
	struct reader r;

	reader_start(&r, text, length, SQL_SQLITE);
	reader_accept(&r, "PRAGMA");
	do {
		*name = text + r.token.offset;
		*name_length = r.token.length;
		reader_advance(&r);
	} while (reader_accept_character(&r, '.'));
	return reader_is_character(&r, '=') || reader_is_character(&r, '(');
}

static bool is_in(const char *name, size_t length, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == length &&
		    !strncasecmp(name, *list, length))
			return true;
	return false;
}

/*
 * Measured: VACUUM, another journal mode, PRAGMA synchronous and a checkpoint
 * are refused in a transaction; DETACH is, once the transaction has used the
 * database. ATTACH and all other pragmas are not.
 */
static bool refuses_transaction(const char *kind, const char *text,
				size_t length)
{
	static const char *const setters[] = { "journal_mode", "synchronous",
					       NULL };
	static const char *const always[] = { "wal_checkpoint", NULL };
	const char *name;
	size_t n;
	bool sets;

	if (!strcmp(kind, "VACUUM") || !strcmp(kind, "DETACH"))
		return true;
	if (strcmp(kind, "PRAGMA") != 0)
		return false;
	sets = pragma_sets(text, length, &name, &n);
	return (sets && is_in(name, n, setters)) || is_in(name, n, always);
}

/* Pragmas that people put around BEGIN and COMMIT when a table is rebuilt:
   the first one does nothing in a transaction, and we do what it would. */
static bool is_key_pragma(const struct script *script,
			  const struct statement *s)
{
	static const char *const names[] = { "foreign_keys",
					     "defer_foreign_keys",
					     "foreign_key_check", NULL };
	const char *name;
	size_t n;

	if (strcmp(s->kind, "PRAGMA") != 0)
		return false;
	pragma_sets(script->text + s->offset, s->length, &name, &n);
	return is_in(name, n, names);
}

static void remove_statement(struct script *script, size_t n)
{
	struct statement *s = script->statements + n;

	script->statement_count--;
	memmove(s, s + 1,
		(script->statement_count - n) * sizeof(struct statement));
}

/* PRAGMA foreign_keys = OFF; BEGIN; ... COMMIT; PRAGMA foreign_keys = ON; */
static void take_wrapper_off(struct script *script)
{
	size_t first = 0, last = script->statement_count;

	while (first < last &&
	       is_key_pragma(script, &script->statements[first]))
		first++;
	while (last > first &&
	       is_key_pragma(script, &script->statements[last - 1]))
		last--;
	if (last - first < 2 || !script->statements[first].begins ||
	    !script->statements[last - 1].commits)
		return;
	for (size_t i = first + 1; i < last - 1; i++)
		if (script->statements[i].control ||
		    script->statements[i].no_transaction)
			return;
	remove_statement(script, last - 1);
	remove_statement(script, first);
	script->wrapped = true;
}

static int add_statement(struct script *script, struct kinds *kinds,
			 const struct sql_extent *extent, struct error *err)
{
	const char *text = script->text + extent->offset;
	size_t n = script->statement_count;
	char kind[SQL_KIND_SIZE];
	struct statement *s;

	/* room doubles: it is full whenever the count is a power of two */
	if (!(n & (n - 1))) {
		s = talloc_realloc(script, script->statements, struct statement,
				   n ? 2 * (unsigned)n : 1);
		if (!s) {
			error_set(err, ERROR_FAILED,
				  "the script has too many statements");
			return error_at(err, script->path, 0, 0);
		}
		script->statements = s;
	}
	s = &script->statements[script->statement_count++];
	*s = (struct statement){ .offset = extent->offset,
				 .length = extent->length,
				 .analysed = true };
	s->kind = keep_kind(
		script, kinds,
		sql_kind_into(kind, text, extent->length, SQL_SQLITE));
	sql_control(s, text, SQL_SQLITE);
	s->no_transaction = refuses_transaction(s->kind, text, extent->length);
	/* some settings are not taken inside a transaction, without a word */
	s->alone = s->no_transaction || !strcmp(s->kind, "PRAGMA");
	loss_read(script, s, text, SQL_SQLITE);
	return 0;
}

int sqlite_split(struct script *script, struct error *err)
{
	struct sql_extent extent = { 0 };
	struct kinds kinds = { 0 };
	int result = 0;

	script->statement_count = 0;
	while (result == 0 &&
	       sql_next_statement(script->text, script->length, extent.next,
				  SQL_SQLITE, &extent))
		result = add_statement(script, &kinds, &extent, err);
	talloc_free(kinds.list);
	if (result < 0)
		return -1;
	if (!script_directive(script, DIRECTIVE_NO_TRANSACTION))
		take_wrapper_off(script);
	script_settle(script);
	return 0;
}
