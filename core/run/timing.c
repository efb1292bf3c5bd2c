#include "core/run/timing.h"

#include <string.h>

#include "core/base/text.h"
#include "core/db/db.h"
#include "core/run/proof.h"

/* --- whose rows a statement goes through ---------------------------------- */

/* "app.users" and "users" are one table as far as a script goes. */
static bool same_table(const char *a, const char *b)
{
	const char *x = strrchr(a, '.'), *y = strrchr(b, '.');

	if (!strcmp(a, b))
		return true;
	if (x && y)
		return false;
	return !strcmp(x ? x + 1 : a, y ? y + 1 : b);
}

static struct timing_table *find_table(const struct timing *t, const char *name)
{
	for (size_t i = 0; i < t->table_count; i++)
		if (same_table(t->tables[i].name, name))
			return &t->tables[i];
	return NULL;
}

static bool goes_through(const struct fact_effect *e)
{
	return e->rewritten || e->scans || e->indexes_rewritten ||
	       e->indexes_built || e->inserted || e->updated || e->deleted;
}

/* The one that grows most. */
static struct timing_table *larger(struct timing_table *a,
				   struct timing_table *b)
{
	if (!a ||
	    (b && (b->factor < 0 || (a->factor >= 0 && b->factor > a->factor))))
		return b;
	return a;
}

/* Where the engine did not see what became of the relations, rows that were
   changed and indexes that were built still tell. */
static struct timing_table *table_by_name(const struct timing *t,
					  const struct fact_statement *s)
{
	struct timing_table *table = NULL;

	if (s->rows <= 0 && strcmp(s->kind, "CREATE INDEX") != 0)
		return NULL;
	for (size_t i = 0; i < s->relation_count; i++)
		table = larger(table, find_table(t, s->relations[i]));
	return table;
}

static struct timing_table *table_of(const struct timing *t,
				     const struct fact_statement *s)
{
	struct timing_table *table = NULL;

	if (!s->effect_count)
		return table_by_name(t, s);
	for (size_t i = 0; i < s->effect_count; i++)
		if (goes_through(&s->effects[i]))
			table = larger(table,
				       find_table(t, s->effects[i].relation));
	return table;
}

/* --- what is expected ----------------------------------------------------- */

/* What comes to `ms` on the target from statement number `first` on; -1 when
   that cannot be told. *most: whose rows add most. */
static double expect(const struct timing *t, double ms, int first,
		     const struct timing_table **most)
{
	double added = 0, largest = 0;
	bool unknown = false;

	*most = NULL;
	for (size_t i = 0; i < t->facts->statement_count; i++) {
		const struct fact_statement *s = &t->facts->statements[i];
		const struct timing_table *table = table_of(t, s);
		double more;

		if (!table || s->index < first)
			continue;
		if (table->factor < 0) {
			*most = table;
			unknown = true;
			continue;
		}
		more = (s->duration_ms - s->waited_ms) * (table->factor - 1);
		if (more > largest && !unknown)
			*most = table;
		if (more > largest)
			largest = more;
		added += more;
	}
	return unknown ? -1 : ms + added;
}

static void set_factor(struct timing_table *t)
{
	t->factor = 1;
	/* made by the script itself, or no larger there */
	if (t->rows < 0 || t->target_rows <= t->rows ||
	    t->target_rows < TIMING_LEAST_ROWS)
		return;
	t->factor = t->rows < TIMING_LEAST_ROWS
			    ? -1
			    : (double)t->target_rows / (double)t->rows;
}

void timing_scale(struct timing *t)
{
	for (size_t i = 0; i < t->table_count; i++)
		set_factor(&t->tables[i]);
	t->expected_ms = expect(t, t->ms, 0, &t->table);
	for (size_t i = 0; i < t->lock_count; i++) {
		struct timing_lock *l = &t->locks[i];
		const struct fact_lock *f = &t->facts->locks[i];
		const struct timing_table *own = find_table(t, f->relation);

		l->expected_ms = expect(t, l->held_ms, f->statement, &l->table);
		/* the engine tells this of the lock, but not of a statement */
		if (l->table || !own || !(f->rewrite || f->scan) ||
		    own->factor == 1)
			continue;
		l->table = own;
		l->expected_ms = own->factor < 0 ? -1
						 : l->held_ms * own->factor;
	}
}

struct timing *timing_new(TALLOC_CTX *mem, const struct facts *facts)
{
	struct timing *t = talloc_zero(mem, struct timing);

	t->facts = facts;
	t->ms = t->expected_ms = facts->duration_ms;
	t->tables = talloc_zero_array(t, struct timing_table,
				      (unsigned)facts->table_count);
	for (; t->table_count < facts->table_count; t->table_count++) {
		const struct fact_table *f = &facts->tables[t->table_count];
		struct timing_table *table = &t->tables[t->table_count];

		table->name = talloc_strdup(t, f->name);
		table->rows = f->rows_before;
		table->target_rows = -1;
		table->factor = 1;
	}
	for (size_t i = 0; i < facts->statement_count; i++) {
		struct timing_table *table = table_of(t, &facts->statements[i]);

		if (table)
			table->worked = true;
	}
	t->locks = talloc_zero_array(t, struct timing_lock,
				     (unsigned)facts->lock_count);
	for (; t->lock_count < facts->lock_count; t->lock_count++) {
		const struct fact_lock *f = &facts->locks[t->lock_count];
		struct timing_table *own = find_table(t, f->relation);

		t->locks[t->lock_count] = (struct timing_lock){
			.relation = talloc_strdup(t, f->relation),
			.mode = talloc_strdup(t, f->mode),
			.held_ms = f->held_ms,
			.bound_ms = f->bound_ms,
			.expected_ms = f->held_ms,
		};
		if (own && (f->rewrite || f->scan))
			own->worked = true;
	}
	return t;
}

int64_t timing_rows(const struct timing *t, const char *table)
{
	const struct timing_table *found = t ? find_table(t, table) : NULL;

	return found ? found->rows : -1;
}

/* --- asking the target ---------------------------------------------------- */

struct asked {
	struct db_count *counts;
	size_t count;
};

static void ask_for(struct asked *a, const struct timing *t)
{
	for (size_t i = 0; t && i < t->table_count; i++) {
		size_t k = 0;

		if (!t->tables[i].worked || t->tables[i].rows < 0)
			continue;
		while (k < a->count &&
		       strcmp(a->counts[k].table, t->tables[i].name) != 0)
			k++;
		if (k < a->count)
			continue;
		a->counts = talloc_realloc(NULL, a->counts, struct db_count,
					   (unsigned)a->count + 1);
		a->counts[a->count++] = (struct db_count){
			.table = t->tables[i].name,
			.rows = -1,
		};
	}
}

static int count_rows(struct asked *a, struct db *target, struct error *err)
{
	const struct db_engine *engine = target->engine;
	int result = 0;

	if (!a->count)
		return 0;
	if (engine->count_tables)
		result = engine->count_tables(target, a->counts, a->count, 0,
					      err);
	for (size_t i = 0; !engine->count_tables && result == 0 && i < a->count;
	     i++)
		result = engine->count_rows(target, a->counts[i].table, 0,
					    &a->counts[i].rows,
					    &a->counts[i].estimated, err);
	if (result < 0 && err->code == ERROR_INTERRUPTED)
		return -1;
	error_release(err);
	return 0;
}

static void take_answer(const struct asked *a, struct timing *t)
{
	for (size_t i = 0; t && i < t->table_count; i++)
		for (size_t k = 0; t->tables[i].worked && k < a->count; k++)
			if (!strcmp(a->counts[k].table, t->tables[i].name)) {
				t->tables[i].target_rows = a->counts[k].rows;
				t->tables[i].estimated = a->counts[k].estimated;
			}
	if (t)
		timing_scale(t);
}

static void find_slow(struct proof *p)
{
	const struct timing *t = p->timing[DIRECTION_DOWN];
	struct proof_finding *f;

	if (!t || t->expected_ms <= TIMING_SLOW_MS)
		return;
	p->findings = f = talloc_zero(p, struct proof_finding);
	p->finding_count = 1;
	f->rule = "slow-rollback";
	f->severity = "warning";
	f->message = talloc_asprintf(
		p, "the rollback is expected to take %s on the target%s%s",
		text_duration(f, t->expected_ms), t->table ? ", " : "",
		t->table ? timing_table_text(f, t->table) : "");
}

int timing_expect(struct db *target, struct proof **proofs, size_t count,
		  struct error *err)
{
	struct asked asked = { 0 };
	int result;

	for (size_t i = 0; i < count; i++)
		for (int d = 0; d < 2; d++) {
			if (!proofs[i]->facts[d])
				continue;
			proofs[i]->timing[d] = timing_new(proofs[i],
							  proofs[i]->facts[d]);
			ask_for(&asked, proofs[i]->timing[d]);
		}
	result = count_rows(&asked, target, err);
	for (size_t i = 0; result == 0 && i < count; i++) {
		for (int d = 0; d < 2; d++)
			take_answer(&asked, proofs[i]->timing[d]);
		find_slow(proofs[i]);
	}
	talloc_free(asked.counts);
	return result;
}

/* --- in words, and as JSON ------------------------------------------------ */

char *timing_table_text(TALLOC_CTX *mem, const struct timing_table *t)
{
	char *rows = text_thousands(mem, t->rows);
	char *more = text_thousands(mem, t->target_rows);
	const char *about = t->estimated ? "~" : "";

	if (t->factor < 0)
		return talloc_asprintf(
			mem,
			"not enough rows of %s to tell: %s on scratch, "
			"%s%s on the target",
			t->name, rows, about, more);
	return talloc_asprintf(mem,
			       "from %s rows of %s on scratch to %s%s on the "
			       "target: × %.*f",
			       rows, t->name, about, more,
			       t->factor < 10 ? 1 : 0, t->factor);
}

static json_t *ms_json(double ms)
{
	return ms < 0 ? json_null()
		      : json_real((double)(int64_t)(ms * 1000 + 0.5) / 1000);
}

static json_t *rows_json(int64_t rows)
{
	return rows < 0 ? json_null() : json_integer(rows);
}

static json_t *factor_json(const struct timing_table *t)
{
	return !t || t->factor < 0
		       ? json_null()
		       : json_real((double)(int64_t)(t->factor * 10 + 0.5) /
				   10);
}

static json_t *tables_json(const struct timing *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->table_count; i++) {
		const struct timing_table *table = &t->tables[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:o, s:b, s:b, s:o}", "table",
				  table->name, "rows", rows_json(table->rows),
				  "target_rows", rows_json(table->target_rows),
				  "estimated", table->estimated, "worked",
				  table->worked, "factor", factor_json(table)));
	}
	return list;
}

static json_t *locks_json(const struct timing *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->lock_count; i++) {
		const struct timing_lock *l = &t->locks[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "relation",
				  l->relation, "mode", l->mode, "held_ms",
				  ms_json(l->held_ms), "held_bound_ms",
				  ms_json(l->bound_ms), "expected_ms",
				  ms_json(l->expected_ms), "table",
				  l->table ? json_string(l->table->name)
					   : json_null()));
	}
	return list;
}

json_t *timing_json(const struct timing *t)
{
	if (!t)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "ms", ms_json(t->ms),
			 "expected_ms", ms_json(t->expected_ms), "tables",
			 tables_json(t), "locks", locks_json(t));
}

static double number(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

struct timing *timing_read(TALLOC_CTX *mem, const json_t *json)
{
	const json_t *list = json_object_get(json, "tables");
	struct timing *t;

	if (!json_is_object(json))
		return NULL;
	t = talloc_zero(mem, struct timing);
	t->ms = number(json, "ms");
	t->expected_ms = number(json, "expected_ms");
	t->tables = talloc_zero_array(t, struct timing_table,
				      (unsigned)json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *name =
			json_string_value(json_object_get(item, "table"));

		if (name)
			t->tables[t->table_count++] = (struct timing_table){
				.name = talloc_strdup(t, name),
				.rows = (int64_t)number(item, "rows"),
				.target_rows = (int64_t)number(item,
							       "target_rows"),
				.factor = 1,
			};
	}
	return t;
}
