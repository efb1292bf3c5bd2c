#include <string.h>

#include "core/db/postgres/analysis.h"
#include "core/db/postgres/internal.h"

#define DETACH_SINCE 14 /* the version of the server */

enum pg_half pg_half_of(const struct statement *s)
{
	if (!s->no_transaction)
		return PG_HALF_NOT;
	if (!strcmp(s->kind, "DROP INDEX"))
		return PG_HALF_DROP;
	/* no other ALTER TABLE refuses a transaction */
	return strcmp(s->kind, "ALTER TABLE") ? PG_HALF_NOT : PG_HALF_DETACH;
}

/* --- the statement -------------------------------------------------------- */

static char *name_of_range(TALLOC_CTX *mem, const PgQuery__RangeVar *var)
{
	if (!*var->schemaname)
		return pg_quote(mem, var->relname);
	return talloc_asprintf(mem, "%s.%s", pg_quote(mem, var->schemaname),
			       pg_quote(mem, var->relname));
}

/* The words of a list, joined by dots. */
static char *name_of_list(TALLOC_CTX *mem, const PgQuery__Node *node)
{
	char *name = NULL;

	if (node->node_case != PG_QUERY__NODE__NODE_LIST)
		return NULL;
	for (size_t i = 0; i < node->list->n_items; i++) {
		const PgQuery__Node *word = node->list->items[i];

		if (word->node_case != PG_QUERY__NODE__NODE_STRING)
			return NULL;
		name = talloc_asprintf(mem, "%s%s%s", name ? name : "",
				       name ? "." : "",
				       pg_quote(mem, word->string->sval));
	}
	return name;
}

static const PgQuery__PartitionCmd *
detaching(const PgQuery__AlterTableStmt *alter)
{
	const PgQuery__Node *cmd = alter->n_cmds == 1 ? alter->cmds[0] : NULL;
	const PgQuery__Node *def =
		cmd && cmd->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD
			? cmd->alter_table_cmd->def
			: NULL;

	return def && def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD
		       ? def->partition_cmd
		       : NULL;
}

/* The index, or the table and its partition; false: it cannot be told. */
static bool read_names(TALLOC_CTX *mem, const struct script *script,
		       const struct statement *s, const char *names[2])
{
	const PgQuery__ParseResult *tree = pg_parse(
		mem, talloc_strndup(mem, script->text + s->offset, s->length));
	const PgQuery__Node *node = tree && tree->n_stmts == 1
					    ? tree->stmts[0]->stmt
					    : NULL;
	const PgQuery__PartitionCmd *cmd;

	names[0] = names[1] = NULL;
	if (!node)
		return false;
	if (node->node_case == PG_QUERY__NODE__NODE_DROP_STMT &&
	    node->drop_stmt->n_objects == 1)
		names[0] = name_of_list(mem, node->drop_stmt->objects[0]);
	if (node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
		return names[0] != NULL;
	cmd = detaching(node->alter_table_stmt);
	if (!cmd || !cmd->name || !node->alter_table_stmt->relation)
		return false;
	names[0] = name_of_range(mem, node->alter_table_stmt->relation);
	names[1] = name_of_range(mem, cmd->name);
	return true;
}

/* --- before it, and after ------------------------------------------------- */

struct half_row {
	TALLOC_CTX *mem;
	char *values[3]; /* NULL: no row */
};

static int take_row(const char *const *values, int count, void *data)
{
	struct half_row *row = data;

	for (int i = 0; i < count && i < 3; i++)
		row->values[i] = values[i] ? talloc_strdup(row->mem, values[i])
					   : NULL;
	return 0;
}

/*
 * "OID", for a name may mean another one under another search path, or
 * "TABLE:PARTITION"; with a word behind it when it is not what the statement
 * finds as a rule.
 */
#define NOT_THERE "none"  /* or no partition of it */
#define ALREADY "already" /* invalid, or its detaching is pending */

#define DROP_BEFORE                                                            \
	"SELECT coalesce((SELECT i.indexrelid::text || CASE WHEN "             \
	"i.indisvalid "                                                        \
	"THEN '' ELSE ':" ALREADY "' END FROM pg_catalog.pg_index i "          \
	"WHERE i.indexrelid = pg_catalog.to_regclass($1)), '" NOT_THERE "')"
#define DETACH_BEFORE                                                          \
	"SELECT t.p || ':' || t.c || CASE WHEN i.inhrelid IS NULL "            \
	"THEN ':" NOT_THERE "' WHEN i.inhdetachpending THEN ':" ALREADY "' "   \
	"ELSE '' END FROM (SELECT "                                            \
	"pg_catalog.to_regclass($1)::pg_catalog.oid AS p, "                    \
	"pg_catalog.to_regclass($2)::pg_catalog.oid AS c) t "                  \
	"LEFT JOIN pg_catalog.pg_inherits i ON i.inhparent = t.p "             \
	"AND i.inhrelid = t.c"

int pg_half_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
		    const struct statement *s, char **text, struct error *err)
{
	bool drop = pg_half_of(s) == PG_HALF_DROP;
	struct half_row row = { .mem = mem };
	const char *names[2];

	if ((!drop && pg_of(db)->db.major < DETACH_SINCE) ||
	    !read_names(mem, script, s, names))
		return 0;
	if (pg_session_query(db, drop ? DROP_BEFORE : DETACH_BEFORE, names,
			     drop ? 1 : 2, take_row, &row, err) < 0)
		return -1;
	*text = row.values[0];
	return 0;
}

#define QUALIFIED(alias)                                                       \
	"pg_catalog.quote_ident((SELECT n.nspname "                            \
	"FROM pg_catalog.pg_namespace n "                                      \
	"WHERE n.oid = " alias ".relnamespace)) || '.' || "                    \
	"pg_catalog.quote_ident(" alias ".relname)"

/* Whether it is begun, in words, and what finishes it; no row: it is done. */
#define DROP_AFTER                                                             \
	"SELECT NOT i.indisvalid, "                                            \
	"'invalid index ' || i.indexrelid::pg_catalog.regclass::text, "        \
	"'DROP INDEX CONCURRENTLY ' || " QUALIFIED(                            \
		"c") " FROM pg_catalog.pg_index i "                            \
		     "JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "     \
		     "WHERE c.oid::text = $1"
#define DETACH_AFTER                                                           \
	"SELECT i.inhdetachpending, 'pending detach of partition ' || "        \
	"i.inhrelid::pg_catalog.regclass::text || ' from ' || "                \
	"i.inhparent::pg_catalog.regclass::text, 'ALTER TABLE ' "              \
	"|| " QUALIFIED("p") " || ' DETACH PARTITION ' || " QUALIFIED(         \
		"c") " || ' FINALIZE' FROM pg_catalog.pg_inherits i "          \
		     "JOIN pg_catalog.pg_class p ON p.oid = i.inhparent "      \
		     "JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid "       \
		     "WHERE i.inhparent::text = $1 AND i.inhrelid::text = $2"

static int look(struct db *db, enum pg_half half, const char *witness,
		struct half_row *row, struct error *err)
{
	char *words = talloc_strdup(row->mem, witness), *rest = words;
	const char *params[] = { strsep(&rest, ":"), strsep(&rest, ":") };

	if (half == PG_HALF_DROP)
		return pg_session_query(db, DROP_AFTER, params, 1, take_row,
					row, err);
	return pg_session_query(db, DETACH_AFTER, params, 2, take_row, row,
				err);
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), of_end = strlen(end);

	return length >= of_end && !strcmp(text + length - of_end, end);
}

/* What was not there is not missed, or is an error once more. */
int pg_half_judge(TALLOC_CTX *mem, struct db *db, enum pg_half half,
		  const char *witness, enum db_verdict *verdict, char **what,
		  struct error *err)
{
	struct half_row row = { .mem = mem };

	*verdict = witness ? DB_UNDONE : DB_UNKNOWN;
	if (!witness || ends_in(witness, NOT_THERE))
		return 0;
	if (look(db, half, witness, &row, err) < 0)
		return -1;
	if (!row.values[0]) {
		*verdict = DB_DONE;
	} else if (*row.values[0] == 't' && !ends_in(witness, ALREADY)) {
		*verdict = DB_HALF;
		*what = row.values[1];
	}
	return 0;
}

int pg_half_finish(struct db *db, enum pg_half half, const char *witness,
		   struct error *err)
{
	struct half_row row = { .mem = talloc_new(NULL) };
	int result = witness ? look(db, half, witness, &row, err) : 0;

	if (result == 0 && row.values[2])
		result = pg_run_patiently(pg_of(db), row.values[2], err);
	if (result < 0 && row.values[1])
		error_prefix(err, "unable to finish with the %s",
			     row.values[1]);
	talloc_free(row.mem);
	return result;
}
