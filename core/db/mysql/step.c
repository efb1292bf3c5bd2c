#include "core/db/mysql/internal.h"

#include <string.h>

#include "core/base/text.h"

/*
 * The transaction is in the session as the script has made it. What the ledger
 * says in it is plain ASCII, so that the script's character set does not
 * matter.
 */
int my_begin_step(struct db *db, const struct script *script, size_t n,
		  struct error *err)
{
	struct my *my = my_of(db);

	if (my_start_script(my, script, n, err) < 0)
		return -1;
	my->script = script;
	/* what is asked in it waits no longer than the statement */
	if (my_limits_set(my, script, &script->statements[n], err) < 0)
		return -1;
	if (my_run_sql(&my->main, "START TRANSACTION", err) < 0)
		return -1;
	my->transaction = MY_STEP;
	my->step = n;
	return 0;
}

int my_end_step(struct db *db, struct error *err)
{
	return my_session_commit(db, err);
}

bool my_inside(struct db *db)
{
	return my_in_transaction(&my_of(db)->main);
}

/* --- what no transaction takes back --------------------------------------- */

static bool writes_rows(const char *kind)
{
	static const char *const kinds[] = { "INSERT", "UPDATE", "DELETE",
					     "REPLACE", "LOAD" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static int take_yes(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

/* MyISAM, Aria and the like. */
static int is_outside(struct my *my, TALLOC_CTX *mem, const char *relation,
		      bool *outside, struct error *err)
{
	struct my_conn *conn;
	char *database, *name;
	const char *params[2];

	my_split_name(mem, relation, &database, &name);
	params[0] = database ? database : my->db.database;
	params[1] = name;
	if (my_beside_script(my, &conn, err) < 0)
		return -1;
	return my_query(conn,
			"SELECT 1 FROM information_schema.TABLES AS t "
			"JOIN information_schema.ENGINES AS e USING (ENGINE) "
			"WHERE t.TABLE_SCHEMA = $1 AND t.TABLE_NAME = $2 "
			"AND e.TRANSACTIONS <> 'YES'",
			params, 2, take_yes, outside, err);
}

static bool is_known(const char *const *known, size_t count, const char *name)
{
	while (count--)
		if (!strcmp(known[count], name))
			return true;
	return false;
}

int my_escapes(struct db *db, const struct script *script, size_t first,
	       size_t count, bool *escapes, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const char **known = NULL;
	size_t known_count = 0;
	int result = 0;

	*escapes = false;
	for (size_t n = first; n < first + count; n++) {
		const struct statement *s = &script->statements[n];

		for (size_t i = 0; writes_rows(s->kind) && result == 0 &&
				   !*escapes && i < s->relation_count;
		     i++) {
			if (is_known(known, known_count, s->relations[i]))
				continue;
			known = talloc_realloc(mem, known, const char *,
					       (unsigned)known_count + 1);
			known[known_count++] = s->relations[i];
			result = is_outside(my_of(db), mem, s->relations[i],
					    escapes, err);
		}
	}
	talloc_free(mem);
	return result;
}
