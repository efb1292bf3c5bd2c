#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/base/embed.h"

/*
 * Which schema the ledger is in. A migration may change the search path of the
 * database or the role, so that the next session would not see the ledger under
 * its bare name. It is, in this order:
 *
 * - the first one on the search path;
 * - unless the connection itself says what the search path is (and by that,
 *   which of several ledgers is meant, or that a new one is), the only one in
 *   any other schema;
 * - none yet, and it will be made in the current schema.
 *
 * A temporary table is none. Nor do we write into one, or run what it records,
 * that belongs to somebody who could not do the same without us: its owner has
 * to be ourselves, a role that we are granted, the owner of the database or the
 * schema, or a superuser. (A superuser has all roles, and trusts none for it.)
 */

struct places {
	struct pg *pg;
	char *current, *found, *owner, *pid;
	char *names; /* of those that are not on the search path */
	size_t count;
	bool at_sight, on_path, chosen, trusted;
};

static bool is_true(const char *value)
{
	return value && *value == 't';
}

static int take_place(const char *const *values, int count, void *data)
{
	struct places *p = data;

	(void)count;
	if (!p->current)
		p->current = talloc_strdup(p, values[0] ? values[0] : "");
	if (!p->pid)
		p->pid = talloc_strdup(p, values[7]);
	if (!values[1] || p->on_path)
		return 0;
	if (p->count++ == 0) {
		p->found = talloc_strdup(p, values[1]);
		p->owner = talloc_strdup(p, values[6] ? values[6] : "");
		p->on_path = is_true(values[2]);
		p->at_sight = is_true(values[3]);
		p->chosen = is_true(values[4]);
		p->trusted = is_true(values[5]);
	}
	p->names = p->names
			   ? talloc_asprintf_append(p->names, ", %s", values[1])
			   : talloc_strdup(p, values[1]);
	return 0;
}

static int send_look(struct places *p, struct error *err)
{
	const struct pg_statement look = {
		.sql = embed_text("core/db/postgres/schema.sql"),
		.row = take_place,
		.data = p,
	};

	return pg_send(p->pg, &look, err);
}

static int several(const struct places *p, struct error *err)
{
	error_set(err, ERROR_REFUSED,
		  "'%s' has a ledger in several schemas, none of them on the "
		  "search path: %s",
		  p->pg->db.label, p->names);
	return error_hint(err, "say in the target's URL which one is meant: "
			       "?options=-csearch_path%%3DSCHEMA");
}

static int untrusted(const struct places *p, struct error *err)
{
	char *table = pg_quote(NULL, p->found);

	error_set(err, ERROR_REFUSED,
		  "the ledger of '%s' in the schema '%s' belongs to '%s', who "
		  "could make us run anything",
		  p->pg->db.label, p->found, p->owner);
	error_hint(err,
		   "run as that role, or when it is yours: ALTER TABLE "
		   "%s.git_migrations OWNER TO CURRENT_USER",
		   table);
	talloc_free(table);
	return -1;
}

static int decide(const struct places *p, struct error *err)
{
	const char *schema = p->current;

	if (pg_pooler_check(p->pg, p->pid, err) < 0)
		return -1;
	if (p->count && (p->on_path || !p->chosen)) {
		if (!p->on_path && p->count > 1)
			return several(p, err);
		if (!p->trusted && !p->pg->db.options.read_only)
			return untrusted(p, err);
		schema = p->found;
	}
	/* what is kept was sent with bare names */
	pg_forget_kept(p->pg);
	p->pg->schema = talloc_strdup(p->pg, schema ? schema : "");
	return 0;
}

int pg_find_schema(struct pg *pg, struct error *err)
{
	struct places *p;
	int result;

	if (pg->schema)
		return 0;
	p = talloc_zero(NULL, struct places);
	p->pg = pg;
	result = send_look(p, err);
	if (result == 0)
		result = pg_sync(pg, err);
	if (result == 0)
		result = decide(p, err);
	talloc_free(p);
	return result;
}

/* The rows of a statement that named the ledger bare. */
struct sighted {
	const struct places *places;
	db_row_fn row;
	void *data;
};

static int take_sighted(const char *const *values, int count, void *data)
{
	const struct sighted *s = data;

	return s->row && s->places->at_sight ? s->row(values, count, s->data)
					     : 0;
}

int pg_find_schema_along(struct pg *pg, const struct pg_statement *statement,
			 bool *done, struct error *err)
{
	struct places *p = talloc_zero(NULL, struct places);
	struct sighted sighted = { p, statement->row, statement->data };
	struct pg_statement bare = *statement;
	struct error failure = { 0 }, refusal = { 0 };
	int result;

	p->pg = pg;
	*done = true;
	bare.row = take_sighted;
	bare.data = &sighted;
	result = send_look(p, err);
	if (result == 0)
		result = pg_send(pg, &bare, err);
	if (result == 0)
		result = pg_sync(pg, &failure);
	if (p->current && decide(p, &refusal) < 0) {
		error_release(&failure);
		*err = refusal;
		result = -1;
	} else if (p->count && !p->at_sight && !pg->lost) {
		error_release(&failure);
		*done = false;
		result = 0;
	} else if (failure.code) {
		*err = failure;
	}
	talloc_free(p);
	return result;
}
