#include "core/run/facts.h"

#include <string.h>

#include "core/base/text.h"
#include "core/run/attempts.h"

struct facts *facts_new(TALLOC_CTX *mem, int64_t version, const char *name,
			enum direction direction)
{
	struct facts *facts = talloc_zero(mem, struct facts);

	facts->version = version;
	facts->name = talloc_strdup(facts, name);
	facts->direction = direction;
	facts->started_us = clock_wall_us();
	return facts;
}

/* Entries up to here are never taken together. */
#define SEPARATE_STATEMENTS 1000

static bool alike(const struct fact_statement *a,
		  const struct fact_statement *b)
{
	if (!a->kind || !b->kind || strcmp(a->kind, b->kind) != 0 ||
	    a->relation_count != b->relation_count || a->batched || b->batched)
		return false;
	for (size_t i = 0; i < a->relation_count; i++)
		if (strcmp(a->relations[i], b->relations[i]) != 0)
			return false;
	return true;
}

/* Once the next one comes, the last entry is complete. */
static void take_together(struct facts *facts)
{
	struct fact_statement *last, *before;

	if (facts->statement_count <= SEPARATE_STATEMENTS)
		return;
	last = &facts->statements[facts->statement_count - 1];
	before = last - 1;
	if (!alike(last, before))
		return;
	before->count += last->count;
	before->duration_ms += last->duration_ms;
	if (last->rows >= 0)
		before->rows = last->rows +
			       (before->rows > 0 ? before->rows : 0);
	facts->statement_count--;
}

struct fact_statement *facts_add_statement(struct facts *facts)
{
	struct fact_statement *s;

	take_together(facts);
	facts->statements =
		talloc_realloc(facts, facts->statements, struct fact_statement,
			       (unsigned)facts->statement_count + 1);
	s = &facts->statements[facts->statement_count++];
	memset(s, 0, sizeof(*s));
	s->index = ++facts->statements_seen;
	s->count = 1;
	s->rows = -1;
	return s;
}

struct fact_statement *facts_join_batch(struct facts *facts)
{
	const struct fact_statement *last =
		&facts->statements[--facts->statement_count];
	struct fact_statement *s =
		&facts->statements[facts->statement_count - 1];

	facts->statements_seen--;
	s->duration_ms += last->duration_ms;
	if (last->rows >= 0)
		s->rows = last->rows + (s->rows > 0 ? s->rows : 0);
	return s;
}

static struct fact_lock *same_lock(struct facts *facts, size_t from, size_t end,
				   const struct fact_lock *lock)
{
	for (size_t i = from; i < end; i++)
		if (!strcmp(facts->locks[i].relation, lock->relation) &&
		    !strcmp(facts->locks[i].mode, lock->mode))
			return &facts->locks[i];
	return NULL;
}

void facts_join_locks(struct facts *facts, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < facts->lock_count; i++) {
		struct fact_lock *l = &facts->locks[i];
		struct fact_lock *same = same_lock(facts, from, kept, l);

		if (!same)
			facts->locks[kept++] = *l;
		else if (same->held_ms < l->held_ms)
			*same = *l;
	}
	if (facts->lock_count > from)
		facts->lock_count = kept;
}

struct fact_table *facts_table(struct facts *facts, const char *name)
{
	struct fact_table *t;

	for (size_t i = 0; i < facts->table_count; i++)
		if (!strcmp(facts->tables[i].name, name))
			return &facts->tables[i];
	facts->tables = talloc_realloc(facts, facts->tables, struct fact_table,
				       (unsigned)facts->table_count + 1);
	t = &facts->tables[facts->table_count++];
	t->name = talloc_strdup(facts, name);
	t->rows_before = t->rows_after = -1;
	t->estimated = false;
	return t;
}

void facts_add_lock(struct facts *facts, const char *relation, const char *mode,
		    int64_t since_us)
{
	struct fact_lock *l;

	for (size_t i = 0; i < facts->lock_count; i++)
		if (!strcmp(facts->locks[i].relation, relation) &&
		    !strcmp(facts->locks[i].mode, mode) &&
		    facts->locks[i].held_ms < 0)
			return;
	facts->locks = talloc_realloc(facts, facts->locks, struct fact_lock,
				      (unsigned)facts->lock_count + 1);
	l = &facts->locks[facts->lock_count++];
	l->relation = talloc_strdup(facts, relation);
	l->mode = talloc_strdup(facts, mode);
	l->since_us = since_us;
	l->held_ms = -1;
}

void facts_release_locks(struct facts *facts, int64_t now_us)
{
	for (size_t i = 0; i < facts->lock_count; i++) {
		struct fact_lock *l = &facts->locks[i];

		if (l->held_ms < 0)
			l->held_ms = (double)(now_us - l->since_us) / 1000;
		if (l->held_ms > facts->lock_ms)
			facts->lock_ms = l->held_ms;
	}
}

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

static void read_batches(struct fact_statement *s, const json_t *item)
{
	const json_t *batches = json_object_get(item, "batches");

	if (!json_is_integer(batches))
		return;
	s->batched = true;
	s->batches = (int)json_integer_value(batches);
	s->longest_ms =
		json_number_value(json_object_get(item, "longest_batch_ms"));
	s->throttled_ms =
		json_number_value(json_object_get(item, "throttled_ms"));
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
		s->duration_ms =
			json_number_value(json_object_get(item, "duration_ms"));
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

		facts_add_lock(facts, relation ? relation : "",
			       mode ? mode : "", 0);
		facts->locks[facts->lock_count - 1].held_ms =
			json_number_value(json_object_get(item, "held_ms"));
	}
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
	facts->duration_ms =
		json_number_value(json_object_get(json, "duration_ms"));
	facts->error = why ? talloc_strdup(facts, why) : NULL;
	facts->repair = repair ? talloc_strdup(facts, repair) : NULL;
	facts->confirmed_by = talloc_strdup(
		facts,
		json_string_value(json_object_get(json, "confirmed_by")));
	read_statements(facts, json_object_get(json, "statements"));
	read_tables(facts, json_object_get(json, "tables"));
	read_locks(facts, json_object_get(json, "locks"));
	facts->lock_ms = json_number_value(json_object_get(json, "lock_ms"));
	attempts_from_json(facts, json_object_get(json, "attempts"));
	return facts;
}
