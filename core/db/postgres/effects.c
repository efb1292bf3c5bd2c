#include "core/db/postgres/held.h"

#include <stdlib.h>
#include <string.h>

/*
 * What a statement did to the relations that it has locked, from what the
 * catalog and the session's own counters say of them before and after it: a
 * relation whose file is another one was rewritten, and one that was read from
 * start to end has counted that. Nothing here is known of any statement.
 */

struct pg_effect {
	unsigned oid, table, file;
	char kind;
	bool was_there; /* in what was learned before */
	unsigned old_file;
	bool ours; /* what the catalog says of it is of this transaction */
	struct pg_counts counts, since;
};

static int64_t number(const char *value)
{
	return value ? strtoll(value, NULL, 10) : 0;
}

/* The counters never go back within an epoch. */
static int64_t more(int64_t now, int64_t before)
{
	return now > before ? now - before : 0;
}

static void count_up(struct pg_effect *e, const struct pg_counts *before,
		     const char *const *values)
{
	struct pg_counts *now = &e->counts;

	*now = (struct pg_counts){
		.scans = number(values[LOOK_SCANS]),
		.scanned = number(values[LOOK_SCANNED]),
		.inserted = number(values[LOOK_INSERTED]),
		.updated = number(values[LOOK_UPDATED]),
		.deleted = number(values[LOOK_DELETED]),
	};
	e->since = (struct pg_counts){
		.scans = more(now->scans, before->scans),
		.scanned = more(now->scanned, before->scanned),
		.inserted = more(now->inserted, before->inserted),
		.updated = more(now->updated, before->updated),
		.deleted = more(now->deleted, before->deleted),
	};
}

static bool is_noted(const struct pg_look *look, unsigned oid)
{
	for (size_t i = 0; i < look->effect_count; i++)
		if (look->effects[i].oid == oid)
			return true;
	return false;
}

#define FIRST_NORMAL_XID 3

/* The numbers of transactions go round. */
static bool is_ours(const struct pg_look *look, const char *const *values)
{
	unsigned xmin = (unsigned)number(values[LOOK_XMIN]);

	return look->all_ours || (look->xid && xmin >= FIRST_NORMAL_XID &&
				  (int)(xmin - look->xid) >= 0);
}

/* The strongest lock of a relation comes first, and tells it all. */
void pg_effects_note(struct pg_look *look, const char *const *values)
{
	unsigned oid = (unsigned)number(values[LOOK_RELATION]);
	struct pg_relation *r = pg_held_find(look->pg, oid);
	const struct pg_counts none = { 0 };
	struct pg_effect *e;

	if (!values[LOOK_NAME] || is_noted(look, oid))
		return;
	look->effects = talloc_realloc(look->pg, look->effects,
				       struct pg_effect,
				       (unsigned)look->effect_count + 1);
	e = &look->effects[look->effect_count++];
	memset(e, 0, sizeof(*e));
	e->oid = oid;
	e->kind = *values[LOOK_KIND];
	e->table = (unsigned)number(values[LOOK_TABLE]);
	e->file = (unsigned)number(values[LOOK_FILE]);
	e->was_there = r && !r->met;
	e->old_file = r ? r->file : 0;
	e->ours = is_ours(look, values);
	count_up(e, r && r->epoch == look->pg->epoch ? &r->counts : &none,
		 values);
}

static bool is_rewritten(const struct pg_effect *e)
{
	return e->was_there && e->old_file && e->file &&
	       e->old_file != e->file && e->ours;
}

/* An index that ALTER TABLE makes anew may take over the file of the old one.
 */
static bool took_over(struct pg *pg, const struct pg_effect *e)
{
	struct pg_relation *r, *next;

	HASH_ITER (hh, pg->relations, r, next)
		if (r->table == e->table && r->file == e->file &&
		    r->oid != e->oid)
			return true;
	return false;
}

static struct fact_effect *effect_on(struct pg_look *look,
				     const struct pg_relation *r)
{
	return facts_add_effect(look->facts, look->fact, r->name);
}

static void tell_index(struct pg_look *look, const struct pg_effect *e)
{
	struct pg *pg = look->pg;
	const struct pg_relation *on = pg_held_find(pg, e->table);
	bool built = !e->was_there && e->ours && pg->relations_known &&
		     e->file && !took_over(pg, e);

	if (!on || on->own || on->fresh || on->kind == 't')
		return;
	if (is_rewritten(e))
		effect_on(look, on)->indexes_rewritten++;
	else if (built)
		effect_on(look, on)->indexes_built++;
}

/* That a new table is read to build its index is nobody's business. */
static void tell_table(struct pg_look *look, const struct pg_effect *e)
{
	const struct pg_relation *r = pg_held_find(look->pg, e->oid);
	bool is_new = !r || r->fresh ||
		      (!e->was_there && e->ours && look->pg->relations_known);
	const struct pg_counts *c = &e->since;
	bool scanned = c->scans && !is_new;
	bool rewritten = is_rewritten(e) && !is_new;
	struct fact_effect *f;

	if (!r || r->own ||
	    !(rewritten || scanned || c->inserted || c->updated || c->deleted))
		return;
	f = effect_on(look, r);
	f->rewritten |= rewritten;
	f->scans += scanned ? c->scans : 0;
	f->rows_scanned += scanned ? c->scanned : 0;
	f->inserted += c->inserted;
	f->updated += c->updated;
	f->deleted += c->deleted;
}

static void remember(struct pg *pg, const struct pg_effect *e)
{
	struct pg_relation *r = pg_held_find(pg, e->oid);

	if (!r)
		return;
	r->met = false;
	r->file = e->file;
	r->table = e->table;
	r->epoch = pg->epoch;
	r->counts = e->counts;
}

void pg_effects_tell(struct pg_look *look)
{
	for (size_t i = 0; look->facts && i < look->effect_count; i++) {
		const struct pg_effect *e = &look->effects[i];

		if (strchr("iI", e->kind))
			tell_index(look, e);
		else if (strchr("rmpf", e->kind))
			tell_table(look, e);
	}
	for (size_t i = 0; i < look->effect_count; i++)
		remember(look->pg, &look->effects[i]);
	talloc_free(look->effects);
	look->effects = NULL;
	look->effect_count = 0;
}
