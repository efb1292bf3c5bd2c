#include "core/run/runner_internal.h"

/* Rows of the tables that the split could name. */
static void name_tables(const struct script *script, struct facts *facts)
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

static void count_all(struct run_counts *c)
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
		count_now(c->runner, c->counts, c->count);
}

void run_counts_before(struct run_counts *c, struct script *script,
		       bool in_transaction)
{
	const struct db_engine *engine = c->runner->db->engine;

	if (!c->runner->record && !c->runner->count)
		return;
	if (engine->foresee)
		engine->foresee(c->runner->db, script);
	name_tables(script, c->facts);
	c->along = engine->count_along && in_transaction;
	count_all(c);
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
		count_all(c);
}

/* Tables that neither were nor are there (views, indexes) are no tables. */
void run_counts_take_after(struct run_counts *c)
{
	struct facts *facts = c->facts;
	size_t kept = 0;

	if (!c->runner->record && !c->runner->count)
		return;
	if (!c->along)
		count_all(c);
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
