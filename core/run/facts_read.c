#include "core/base/text.h"
#include "core/run/attempts.h"
#include "core/run/facts.h"

#include <string.h>

json_t *facts_json(const struct facts *facts)
{
	char *text = facts_text(NULL, facts);
	json_t *json = json_loads(text, 0, NULL);

	talloc_free(text);
	return json;
}

static int64_t count_from(const json_t *value)
{
	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static double ms_from(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

/* -1 when it is not there, as in what older versions have recorded. */
static double ms_or_none(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_number(value) ? json_number_value(value) : -1;
}

static int64_t number_from(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *text_from(TALLOC_CTX *mem, const json_t *object,
			     const char *name)
{
	return talloc_strdup(mem,
			     json_string_value(json_object_get(object, name)));
}

static void read_batches(struct fact_statement *s, const json_t *item)
{
	const json_t *batches = json_object_get(item, "batches");

	if (!json_is_integer(batches))
		return;
	s->batched = true;
	s->batches = (int)json_integer_value(batches);
	s->longest_ms = ms_from(item, "longest_batch_ms");
	s->throttled_ms = ms_from(item, "throttled_ms");
}

static void read_effects(struct facts *facts, struct fact_statement *s,
			 const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		const char *name =
			json_string_value(json_object_get(item, "relation"));
		struct fact_effect *e = facts_add_effect(facts, s,
							 name ? name : "");

		e->rewritten = json_is_true(json_object_get(item, "rewrite"));
		e->indexes_rewritten = (int)number_from(item,
							"indexes_rewritten");
		e->indexes_built = (int)number_from(item, "indexes_built");
		e->scans = number_from(item, "scans");
		e->rows_scanned = number_from(item, "rows_scanned");
		e->inserted = number_from(item, "inserted");
		e->updated = number_from(item, "updated");
		e->deleted = number_from(item, "deleted");
	}
}

static void read_phases(struct facts *facts, struct fact_statement *s,
			const json_t *list)
{
	size_t n = json_array_size(list);

	if (!n)
		return;
	s->phases = talloc_zero_array(facts, struct fact_phase, (unsigned)n);
	s->phase_count = n;
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(list, i);
		const char *name =
			json_string_value(json_object_get(item, "phase"));

		s->phases[i].name = talloc_strdup(facts, name ? name : "");
		s->phases[i].ms = ms_from(item, "ms");
	}
}

static void read_observed(struct facts *facts, struct fact_statement *s,
			  const json_t *item)
{
	s->from_ms = ms_or_none(item, "from_ms");
	s->waited_ms = ms_from(item, "waited_ms");
	s->waited_bound_ms = ms_from(item, "waited_bound_ms");
	s->wal_bytes = count_from(json_object_get(item, "wal_bytes"));
	s->algorithm = text_from(facts, item, "algorithm");
	read_effects(facts, s, json_object_get(item, "effects"));
	read_phases(facts, s, json_object_get(item, "phases"));
}

static void read_statements(struct facts *facts, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		struct fact_statement *s = facts_add_statement(facts);
		const json_t *names = json_object_get(item, "relations");
		const char *kind =
			json_string_value(json_object_get(item, "kind"));
		size_t n = json_array_size(names);

		s->kind = talloc_strdup(facts, kind ? kind : "");
		s->index =
			(int)json_integer_value(json_object_get(item, "index"));
		s->rows = count_from(json_object_get(item, "rows"));
		if (json_is_integer(json_object_get(item, "count")))
			s->count = (int)json_integer_value(
				json_object_get(item, "count"));
		read_batches(s, item);
		read_observed(facts, s, item);
		s->duration_ms = ms_from(item, "duration_ms");
		s->relations = talloc_array(facts, const char *, (unsigned)n);
		for (size_t k = 0; k < n; k++) {
			const char *name =
				json_string_value(json_array_get(names, k));

			s->relations[k] = talloc_strdup(facts,
							name ? name : "");
		}
		s->relation_count = n;
	}
}

static void read_tables(struct facts *facts, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		const char *name =
			json_string_value(json_object_get(item, "name"));
		struct fact_table *t = facts_table(facts, name ? name : "");

		t->rows_before =
			count_from(json_object_get(item, "rows_before"));
		t->rows_after = count_from(json_object_get(item, "rows_after"));
		t->estimated = json_is_true(json_object_get(item, "estimated"));
	}
}

static void read_locks(struct facts *facts, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item) {
		const char *relation =
			json_string_value(json_object_get(item, "relation"));
		const char *mode =
			json_string_value(json_object_get(item, "mode"));

		struct fact_lock *l = facts_add_lock(
			facts, relation ? relation : "", mode ? mode : "", 0);

		if (!l)
			continue;
		l->held_ms = ms_from(item, "held_ms");
		l->bound_ms = ms_or_none(item, "held_bound_ms");
		l->waited_ms = ms_or_none(item, "waited_ms");
		l->from_ms = ms_or_none(item, "from_ms");
		l->statement = (int)number_from(item, "statement");
		l->rewrite = json_is_true(json_object_get(item, "rewrite"));
		l->scan = json_is_true(json_object_get(item, "scan"));
	}
}

static void read_victims(struct facts *facts, const json_t *list)
{
	size_t i;
	json_t *item;

	/* one that was recorded is not looked for among the others */
	json_array_foreach (list, i, item) {
		struct fact_victim *v = facts_add_victim(
			facts, number_from(item, "pid"), (int64_t)i * 1000000);

		if (!v)
			break;
		v->user = text_from(facts, item, "user");
		v->application = text_from(facts, item, "application");
		v->query = text_from(facts, item, "query");
		v->relation = text_from(facts, item, "relation");
		v->mode = text_from(facts, item, "mode");
		v->from_ms = ms_from(item, "from_ms");
		v->waited_ms = ms_from(item, "waited_ms");
		v->bound_ms = ms_from(item, "waited_bound_ms");
		v->outcome = text_from(facts, item, "outcome");
	}
}

static void read_observer(struct facts *facts, const json_t *observer)
{
	const json_t *gaps = json_object_get(observer, "gaps");
	size_t i;
	json_t *item;

	facts->observed_ms = ms_from(observer, "spent_ms");
	json_array_foreach (gaps, i, item)
		if (json_is_string(item))
			facts_add_gap(facts, json_string_value(item));
}

struct facts *facts_from_json(TALLOC_CTX *mem, const json_t *json,
			      struct error *err)
{
	const char *version =
		json_string_value(json_object_get(json, "version"));
	const char *name = json_string_value(json_object_get(json, "name"));
	const char *direction =
		json_string_value(json_object_get(json, "direction"));
	const char *outcome =
		json_string_value(json_object_get(json, "outcome"));
	const char *started =
		json_string_value(json_object_get(json, "started_at"));
	const char *why = json_string_value(json_object_get(json, "error"));
	const char *repair = json_string_value(json_object_get(json, "repair"));
	struct facts *facts;
	int64_t number;

	if (!version || !name || !direction ||
	    version_parse(version, &number)) {
		error_set(err, ERROR_FAILED,
			  "a run in the ledger has unreadable facts");
		return NULL;
	}
	facts = facts_new(mem, number, name,
			  strcmp(direction, "down") ? DIRECTION_UP
						    : DIRECTION_DOWN);
	facts->ok = outcome && !strcmp(outcome, "ok");
	facts->unknown = outcome && !strcmp(outcome, "unknown");
	facts->started_us = started ? text_time_parse(started) : 0;
	facts->duration_ms = ms_or_none(json, "duration_ms");
	facts->error = why ? talloc_strdup(facts, why) : NULL;
	facts->repair = repair ? talloc_strdup(facts, repair) : NULL;
	facts->confirmed_by = text_from(facts, json, "confirmed_by");
	read_statements(facts, json_object_get(json, "statements"));
	read_tables(facts, json_object_get(json, "tables"));
	read_locks(facts, json_object_get(json, "locks"));
	read_victims(facts, json_object_get(json, "victims"));
	if (json_object_get(json, "victims_seen"))
		facts->victims_seen = (int)number_from(json, "victims_seen");
	read_observer(facts, json_object_get(json, "observer"));
	facts->lock_ms = ms_from(json, "lock_ms");
	attempts_from_json(facts, json_object_get(json, "attempts"));
	return facts;
}
