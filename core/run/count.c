#include "core/run/runner_internal.h"

#include <string.h>

void run_counts_name(const struct script *script, struct facts *facts)
{
	for (size_t n = 0; n < script->statement_count; n++) {
		const struct statement *s = &script->statements[n];

		for (size_t i = 0; i < s->relation_count; i++)
			facts_table(facts, s->relations[i]);
	}
}

static void count_one(struct runner *runner, struct db_count *count)
{
	struct error ignored = { 0 };

	if (runner->db->engine->count_rows(runner->db, count->table,
					   runner->count_limit, &count->rows,
					   &count->estimated, &ignored) == 0)
		return;
	count->rows = -1;
	error_release(&ignored);
}

static void count_now(struct runner *runner, struct db_count *counts,
		      size_t count)
{
	struct error ignored = { 0 };

	if (!runner->db->engine->count_tables) {
		for (size_t i = 0; i < count; i++)
			count_one(runner, &counts[i]);
	} else if (runner->db->engine->count_tables(runner->db, counts, count,
						    runner->count_limit,
						    &ignored) < 0) {
		error_release(&ignored);
	}
}

/*
 * What puts no row anywhere. A table can also be made of a query's rows,
 * without a word between (MariaDB), or show those of others (MERGE, FEDERATED).
 */
static bool fills_nothing(const struct script *script,
			  const struct statement *s)
{
	static const char *const kinds[] = { "CREATE TABLE", "CREATE INDEX",
					     "CREATE UNIQUE INDEX" };
	static const char *const words[] = { "SELECT", "VALUES", "UNION",
					     "CONNECTION" };
	bool is = false;

	for (size_t i = 0; s->analysed && i < sizeof(kinds) / sizeof(*kinds);
	     i++)
		is |= !strcmp(s->kind, kinds[i]);
	for (size_t i = 0; is && i < sizeof(words) / sizeof(*words); i++)
		is = !statement_mentions(script, s, words[i]);
	return is;
}

/*
 * A script that has made a table and no row, and has succeeded, needs nobody to
 * count: there was no such table, and now it is empty. To open each one anew is
 * most of what many small scripts would cost on MariaDB.
 */
static void find_fresh(struct run_counts *c, const struct plan_item *item)
{
	const struct script *script = item->script;
	const struct facts *facts = c->facts;

	c->fresh_count = facts->table_count;
	c->fresh = talloc_zero_array(c->mem, bool, (unsigned)c->fresh_count);
	for (size_t n = 0; n < script->statement_count; n++)
		if (!fills_nothing(script, &script->statements[n]))
			return;
	for (size_t i = 0; !item->resume && i < facts->table_count; i++)
		c->fresh[i] = script_makes_table(
			script, script->statement_count, facts->tables[i].name);
}

static bool is_fresh(const struct run_counts *c, size_t i)
{
	return i < c->fresh_count && c->fresh[i];
}

/* Those that have to be counted, in a row; the others are put back between. */
static void count_others(struct run_counts *c, int64_t rows_of_fresh)
{
	struct db_count *others = talloc_array(c->mem, struct db_count,
					       (unsigned)c->count);
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++)
		if (!is_fresh(c, i))
			others[count++] = c->counts[i];
	if (count)
		count_now(c->runner, others, count);
	for (size_t i = c->count; i-- > 0;)
		if (is_fresh(c, i))
			c->counts[i].rows = rows_of_fresh;
		else
			c->counts[i] = others[--count];
}

static void count_all(struct run_counts *c, int64_t rows_of_fresh)
{
	const struct facts *facts = c->facts;

	c->count = facts->table_count;
	c->counts = talloc_array(c->mem, struct db_count, (unsigned)c->count);
	for (size_t i = 0; i < c->count; i++)
		c->counts[i] = (struct db_count){
			.table = facts->tables[i].name,
			.rows = -1,
		};
	if (!c->count)
		return;
	if (c->along)
		c->runner->db->engine->count_along(c->runner->db, c->counts,
						   c->count,
						   c->runner->count_limit);
	else
		count_others(c, rows_of_fresh);
}

void run_counts_before(struct run_counts *c, const struct plan_item *item,
		       bool in_transaction)
{
	struct script *script = item->script;
	const struct db_engine *engine = c->runner->db->engine;

	if (!c->runner->record && !c->runner->count)
		return;
	if (engine->foresee)
		engine->foresee(c->runner->db, script);
	run_counts_name(script, c->facts);
	c->along = engine->count_along && in_transaction;
	if (!c->along)
		find_fresh(c, item);
	count_all(c, -1);
	if (!c->along)
		run_counts_take_before(c);
}

void run_counts_take_before(struct run_counts *c)
{
	for (size_t i = 0; i < c->count; i++) {
		c->facts->tables[i].rows_before = c->counts[i].rows;
		c->facts->tables[i].estimated = c->counts[i].estimated;
	}
	c->count = 0;
}

void run_counts_along_commit(struct run_counts *c)
{
	if (c->along)
		count_all(c, 0);
}

bool run_counts_ask_nobody(const struct run_counts *c)
{
	for (size_t i = 0; i < c->facts->table_count; i++)
		if (!is_fresh(c, i))
			return false;
	return !c->along;
}

/* Tables that neither were nor are there (views, indexes) are no tables. */
void run_counts_take_after(struct run_counts *c)
{
	struct facts *facts = c->facts;
	size_t kept = 0;

	if ((!c->runner->record && !c->runner->count) || c->taken)
		return;
	c->taken = true;
	if (!c->along)
		count_all(c, 0);
	for (size_t i = 0; i < c->count; i++) {
		struct fact_table *t = &facts->tables[i];

		t->rows_after = c->counts[i].rows;
		t->estimated |= c->counts[i].estimated;
		if (t->rows_before >= 0 || t->rows_after >= 0)
			facts->tables[kept++] = *t;
	}
	facts->table_count = kept;
	c->count = 0;
}
