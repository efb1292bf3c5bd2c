#include "core/db/postgres/index.h"

#include <ctype.h>
#include <string.h>

#include "core/db/postgres/analysis.h"

/* --- the statement -------------------------------------------------------- */

static const PgQuery__Node *only_statement(TALLOC_CTX *mem, const char *text)
{
	const PgQuery__ParseResult *tree = pg_parse(mem, text);

	return tree && tree->n_stmts == 1 ? tree->stmts[0]->stmt : NULL;
}

static char *quote_range(TALLOC_CTX *mem, const PgQuery__RangeVar *var)
{
	if (!*var->schemaname)
		return pg_quote(mem, var->relname);
	return talloc_asprintf(mem, "%s.%s", pg_quote(mem, var->schemaname),
			       pg_quote(mem, var->relname));
}

static const PgQuery__IndexElem *element(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_INDEX_ELEM
		       ? node->index_elem
		       : NULL;
}

static const char *last_word(PgQuery__Node *const *words, size_t count)
{
	if (!count ||
	    words[count - 1]->node_case != PG_QUERY__NODE__NODE_STRING)
		return NULL;
	return words[count - 1]->string->sval;
}

/* The column of an element, in parentheses or not; NULL: an expression. */
static const char *column_of(const PgQuery__IndexElem *e)
{
	if (*e->name)
		return e->name;
	if (!e->expr || e->expr->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
		return NULL;
	return last_word(e->expr->column_ref->fields,
			 e->expr->column_ref->n_fields);
}

/* What the server calls that column of the index, where that is plain. */
static const char *title_of(const PgQuery__IndexElem *e)
{
	if (e->expr && e->expr->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
		return last_word(e->expr->func_call->funcname,
				 e->expr->func_call->n_funcname);
	return column_of(e);
}

#define LONGEST_NAME 63

static bool add_titles(char **name, const char **titles, size_t *title_count,
		       PgQuery__Node *const *elements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const PgQuery__IndexElem *e = element(elements[i]);
		const char *title = e ? title_of(e) : NULL;

		if (!title)
			return false;
		for (size_t k = 0; k < *title_count; k++)
			if (!strcmp(titles[k], title))
				return false; /* it would add a number */
		titles[(*title_count)++] = title;
		*name = talloc_asprintf_append(*name, "_%s", title);
	}
	return true;
}

/* As the server's ChooseIndexName(), but for names that it has to shorten. */
static char *choose_name(TALLOC_CTX *mem, const PgQuery__IndexStmt *create)
{
	size_t count = create->n_index_params +
		       create->n_index_including_params;
	const char **titles = talloc_array(mem, const char *, (unsigned)count);
	char *name = talloc_strdup(mem, create->relation->relname);
	size_t n = 0;

	if (!add_titles(&name, titles, &n, create->index_params,
			create->n_index_params) ||
	    !add_titles(&name, titles, &n, create->index_including_params,
			create->n_index_including_params))
		return NULL;
	name = talloc_strdup_append(name, "_idx");
	/* the number behind it makes it longer */
	return strlen(name) + 3 > LONGEST_NAME ? NULL : name;
}

static bool read_reindex(struct pg_index_search *search,
			 const PgQuery__ReindexStmt *reindex)
{
	switch (reindex->kind) {
	case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX:
		search->reach = "index";
		break;
	case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE:
		search->reach = "table";
		break;
	case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA:
		search->reach = "schema";
		break;
	default:
		search->reach = "database";
	}
	search->object = reindex->relation
				 ? quote_range(search->mem, reindex->relation)
				 : talloc_strdup(search->mem, reindex->name);
	return true;
}

bool pg_index_search(TALLOC_CTX *mem, const struct script *script,
		     const struct statement *s, struct pg_index_search *search)
{
	const PgQuery__Node *node = NULL;

	*search = (struct pg_index_search){ .mem = mem };
	if (!strcmp(s->kind, "CREATE INDEX") || !strcmp(s->kind, "REINDEX"))
		node = only_statement(
			mem, talloc_strndup(mem, script->text + s->offset,
					    s->length));
	if (!node)
		return false;
	if (node->node_case == PG_QUERY__NODE__NODE_REINDEX_STMT)
		return read_reindex(search, node->reindex_stmt);
	if (node->node_case != PG_QUERY__NODE__NODE_INDEX_STMT ||
	    !node->index_stmt->relation)
		return false;
	search->create = node->index_stmt;
	search->object = quote_range(mem, search->create->relation);
	search->chosen = choose_name(mem, search->create);
	return true;
}

/* --- before it ------------------------------------------------------------ */

#define OF_TABLE                                                               \
	"SELECT t.oid || ':' || coalesce(("                                    \
	"SELECT pg_catalog.string_agg(i.indexrelid::text, ',') "               \
	"FROM pg_catalog.pg_index i WHERE i.indrelid = t.oid), '') "           \
	"FROM (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid AS oid) t"
#define INVALID                                                                \
	"SELECT coalesce(pg_catalog.string_agg(indexrelid::text, ','), '') "   \
	"FROM pg_catalog.pg_index WHERE NOT indisvalid"

struct pg_statement pg_index_ask_before(struct pg_index_search *search)
{
	search->params[0] = search->object;
	return (struct pg_statement){
		.sql = search->create ? OF_TABLE : INVALID,
		.params = search->params,
		.param_count = search->create ? 1 : 0,
	};
}

/* "TABLE:OID,OID" or "OID,OID" */
static void take_before(struct pg_index_search *search, const char *before)
{
	const char *colon = strchr(before, ':');

	search->before = colon ? colon + 1 : before;
	search->table = colon ? talloc_strndup(search->mem, before,
					       (size_t)(colon - before))
			      : NULL;
}

/* --- after it ------------------------------------------------------------- */

enum fit { FIT_NO, FIT_MAYBE, FIT_YES };

static bool same_elements(PgQuery__Node *const *a, size_t a_count,
			  PgQuery__Node *const *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		const PgQuery__IndexElem *one = element(a[i]);
		const PgQuery__IndexElem *other = element(b[i]);
		const char *column = one ? column_of(one) : NULL;
		const char *by = other ? column_of(other) : NULL;

		if (!column != !by || (column && strcmp(column, by) != 0))
			return false;
	}
	return true;
}

/* Whether an index may be what the statement says: expressions are not
   compared, since the server writes them in its own way. */
static enum fit compare(const PgQuery__IndexStmt *a,
			const PgQuery__IndexStmt *b)
{
	if (a->unique != b->unique || !a->where_clause != !b->where_clause ||
	    strcmp(a->access_method, b->access_method) != 0 ||
	    !same_elements(a->index_params, a->n_index_params, b->index_params,
			   b->n_index_params) ||
	    !same_elements(
		    a->index_including_params, a->n_index_including_params,
		    b->index_including_params, b->n_index_including_params))
		return FIT_NO;
	return a->where_clause ? FIT_MAYBE : FIT_YES;
}

static enum fit compare_definition(const struct pg_index_search *search,
				   const char *definition)
{
	const PgQuery__Node *node =
		definition ? only_statement(search->mem, definition) : NULL;

	if (!node || node->node_case != PG_QUERY__NODE__NODE_INDEX_STMT)
		return FIT_MAYBE;
	return compare(search->create, node->index_stmt);
}

/* The name that the server would choose, or that with a number. */
static bool is_chosen(const struct pg_index_search *search, const char *name)
{
	size_t length = strlen(search->chosen);

	if (strncmp(name, search->chosen, length) != 0)
		return false;
	for (name += length; isdigit((unsigned char)*name); name++)
		;
	return !*name;
}

/* Whether a new index of the table is the one that was asked for. */
static enum fit fits(const struct pg_index_search *search, const char *name,
		     const char *definition)
{
	enum fit fit = compare_definition(search, definition);

	/* the name is that of the statement */
	if (*search->create->idxname)
		return fit == FIT_NO ? FIT_MAYBE : FIT_YES;
	if (fit != FIT_NO && search->chosen && !is_chosen(search, name))
		return FIT_NO;
	return fit == FIT_YES && !search->chosen ? FIT_MAYBE : fit;
}

static void add_invalid(struct pg_index_search *search,
			const char *const *values)
{
	struct pg_index *index;

	search->invalid = talloc_realloc(search->mem, search->invalid,
					 struct pg_index,
					 (unsigned)search->invalid_count + 1);
	index = &search->invalid[search->invalid_count++];
	index->name = talloc_strdup(search->mem, values[1]);
	index->qualified = talloc_strdup(search->mem, values[2]);
}

/* table, name, qualified name, valid, under work, bare name, definition */
static int take_index(const char *const *values, int count, void *data)
{
	struct pg_index_search *search = data;
	enum fit fit = FIT_YES;

	(void)count;
	if (search->create &&
	    (!values[0] ||
	     (search->table && strcmp(values[0], search->table)))) {
		search->unclear = true; /* it is another table, or gone */
		return 0;
	}
	if (!values[1])
		return 0;
	if (search->create)
		fit = fits(search, values[5], values[6]);
	if (fit == FIT_NO)
		return 0;
	if (fit == FIT_MAYBE || (*values[3] != 't' && *values[4] == 't'))
		search->unclear = true;
	else if (*values[3] == 't')
		search->valid_count++;
	else
		add_invalid(search, values);
	/* one statement makes one index */
	if (search->create && search->valid_count + search->invalid_count > 1)
		search->unclear = true;
	return 0;
}

#define COLUMNS                                                                \
	"i.indexrelid::pg_catalog.regclass::text, "                            \
	"pg_catalog.quote_ident(n.nspname) || '.' || "                         \
	"pg_catalog.quote_ident(c.relname), i.indisvalid, "
#define INDEXES                                                                \
	"pg_catalog.pg_index i "                                               \
	"JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "                  \
	"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
#define NOT_BEFORE                                                             \
	"i.indexrelid::text <> ALL (pg_catalog.string_to_array($2, ',')) "
/*
 * Who builds or rebuilds an index concurrently keeps this lock on its table
 * for as long as that takes; so does VACUUM. Which index it is, is shown to
 * those who may see it.
 */
#define UNDER_WORK(more)                                                       \
	"EXISTS (SELECT FROM pg_catalog.pg_locks l %s "                        \
	"WHERE l.locktype = 'relation' AND l.granted "                         \
	"AND l.mode = 'ShareUpdateExclusiveLock' "                             \
	"AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d "        \
	"WHERE d.datname = pg_catalog.current_database()) "                    \
	"AND l.relation IN (i.indrelid, i.indexrelid) "                        \
	"AND l.pid <> pg_catalog.pg_backend_pid() "                            \
	"AND l.pid NOT IN (SELECT v.pid "                                      \
	"FROM pg_catalog.pg_stat_progress_vacuum v) "                          \
	"AND (p.index_relid IS NULL OR p.index_relid = i.indexrelid" more "))"
#define PROGRESS                                                               \
	"LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.pid = "     \
	"l.pid"
/* before PostgreSQL 12 */
#define NO_PROGRESS "CROSS JOIN (SELECT NULL::pg_catalog.oid AS index_relid) p"

#define NEW_OF_TABLE                                                           \
	"SELECT t.oid, " COLUMNS UNDER_WORK(                                   \
		"") ", c.relname, "                                            \
		    "pg_catalog.pg_get_indexdef(i.indexrelid) "                \
		    "FROM (SELECT pg_catalog.to_regclass($1)::pg_catalog.oid " \
		    "AS oid) t "                                               \
		    "LEFT JOIN (" INDEXES                                      \
		    ") ON i.indrelid = t.oid AND " NOT_BEFORE                  \
		    "AND ($3::text = '' OR c.relname = "                       \
		    "$3::text::pg_catalog.name)"

/* A table, or those of a partitioned one; the same for indexes. */
#define IS_NAMED(oid)                                                          \
	"(" oid " = pg_catalog.to_regclass($1) OR " oid " IN (SELECT relid "   \
	"FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)))) "
#define SUFFIX "'_cc(new|old)[0-9]*$'"
#define STEM "pg_catalog.regexp_replace(c.relname::text, " SUFFIX ", '')"
#define NEW_OF_REINDEX                                                                                                 \
	"SELECT NULL, " COLUMNS UNDER_WORK(                                                                            \
		" OR p.command LIKE 'REINDEX%%'") ", c.relname, NULL "                                                 \
						  "FROM " INDEXES                                                      \
						  "WHERE NOT i.indisvalid "                                            \
						  "AND c.relname ~ " SUFFIX                                            \
						  " AND " NOT_BEFORE                                                   \
						  "AND CASE $3 WHEN "                                                  \
						  "'database' THEN true "                                              \
						  "WHEN 'schema' THEN EXISTS "                                         \
						  "(SELECT FROM "                                                      \
						  "pg_catalog.pg_class h "                                             \
						  "JOIN "                                                              \
						  "pg_catalog.pg_namespace s "                                         \
						  "ON s.oid = h.relnamespace "                                         \
						  "WHERE s.nspname = $1 AND "                                          \
						  "i.indrelid IN (h.oid, "                                             \
						  "h.reltoastrelid)) "                                                 \
						  "WHEN 'table' THEN EXISTS "                                          \
						  "(SELECT FROM "                                                      \
						  "pg_catalog.pg_class h "                                             \
						  "WHERE i.indrelid IN "                                               \
						  "(h.oid, h.reltoastrelid) "                                          \
						  "AND " IS_NAMED(                                                     \
							  "h.oid") ") "                                                \
								   "ELSE "                                             \
								   "EXISTS "                                           \
								   "(SELECT "                                          \
								   "FROM "                                             \
								   "pg_"                                               \
								   "catalog."                                          \
								   "pg_index "                                         \
								   "o "                                                \
								   "JOIN "                                             \
								   "pg_"                                               \
								   "catalog."                                          \
								   "pg_class "                                         \
								   "m ON "                                             \
								   "m.oid = "                                          \
								   "o."                                                \
								   "indexreli"                                         \
								   "d "                                                \
								   "WHERE "                                            \
								   "o."                                                \
								   "indrelid "                                         \
								   "= "                                                \
								   "i."                                                \
								   "indrelid "                                         \
								   "AND "                                              \
								   "(m."                                               \
								   "relname::"                                         \
								   "text "                                             \
								   "= " STEM /* a long name was cut off before that */ \
								   " OR "                                              \
								   "(pg_"                                              \
								   "catalog."                                          \
								   "octet_"                                            \
								   "length(c."                                         \
								   "relname::"                                         \
								   "text) > "                                          \
								   "59 "                                               \
								   "AND "                                              \
								   "pg_"                                               \
								   "catalog."                                          \
								   "starts_"                                           \
								   "with(m."                                           \
								   "relname::"                                         \
								   "text,"                                             \
								   " " STEM                                            \
								   "))) "                                              \
								   "AND"                                               \
								   " " IS_NAMED(                                       \
									   "o"                                         \
									   "."                                         \
									   "i"                                         \
									   "n"                                         \
									   "d"                                         \
									   "e"                                         \
									   "x"                                         \
									   "r"                                         \
									   "e"                                         \
									   "l"                                         \
									   "i"                                         \
									   "d") ") END"

struct pg_statement pg_index_find(struct pg_index_search *search,
				  const struct pg *pg, const char *before)
{
	const char *progress = pg->db.major < 12 ? NO_PROGRESS : PROGRESS;

	take_before(search, before);
	search->params[0] = search->object;
	search->params[1] = search->before;
	search->params[2] = search->create ? search->create->idxname
					   : search->reach;
	return (struct pg_statement){
		.sql = search->create ? talloc_asprintf(search->mem,
							NEW_OF_TABLE, progress)
		       : pg->db.major < 12 /* no CONCURRENTLY there */
			       ? "SELECT WHERE $1 || $2 || $3 IS NULL"
			       : talloc_asprintf(search->mem, NEW_OF_REINDEX,
						 progress),
		.params = search->params,
		.param_count = 3,
		.row = take_index,
		.data = search,
	};
}

/* --- away with it --------------------------------------------------------- */

int pg_index_drop(struct pg *pg, const struct pg_index_search *search,
		  int (*run)(struct pg *pg, const char *sql, struct error *err),
		  struct error *err)
{
	for (size_t i = 0; i < search->invalid_count; i++)
		if (run(pg,
			talloc_asprintf(search->mem,
					"DROP INDEX CONCURRENTLY %s",
					search->invalid[i].qualified),
			err) < 0)
			return -1;
	return 0;
}

char *pg_index_names(TALLOC_CTX *mem, const struct pg_index_search *search)
{
	char *names = talloc_strdup(mem, "");

	for (size_t i = 0; i < search->invalid_count; i++)
		names = talloc_asprintf_append(names, "%s%s", i ? ", " : "",
					       search->invalid[i].name);
	return names;
}
