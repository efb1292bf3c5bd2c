#include "core/run/proof.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

static const char *const outcome_names[] = { "proven", "differs", "failed",
					     "irreversible" };

const char *proof_outcome_name(enum proof_outcome outcome)
{
	return outcome_names[outcome];
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *time_or_null(double ms)
{
	return ms < 0 ? json_null()
		      : json_real((double)(int64_t)(ms * 1000 + 0.5) / 1000);
}

json_t *proof_differences_json(const struct proof_difference *list,
			       size_t count)
{
	json_t *json = json_array();

	/* of one that was read back only their number is known */
	for (size_t i = 0; list && i < count; i++) {
		const struct proof_difference *d = &list[i];

		json_array_append_new(
			json,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o}", "kind",
				  d->kind, "name", d->name, "stage", d->stage,
				  "expected", text_or_null(d->expected),
				  "found", text_or_null(d->found), "order_only",
				  d->order_only, "repair",
				  text_or_null(d->repair)));
	}
	return json;
}

static json_t *findings_json(const struct proof *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->finding_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "rule",
					p->findings[i].rule, "severity",
					p->findings[i].severity, "message",
					p->findings[i].message));
	return list;
}

static json_t *repairs_json(const struct proof *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->repair_count; i++)
		json_array_append_new(list, json_string(p->repairs[i]));
	return list;
}

/* --- rows ----------------------------------------------------------------- */

static const char *const change_names[] = { "changed", "gone", "extra",
					    "other" };

const char *row_change_name(enum row_change change)
{
	return change_names[change];
}

bool row_difference_counts(const struct proof_row_difference *d)
{
	return !d->declared && !d->unsteady;
}

static char *example_text(TALLOC_CTX *mem, const struct proof_row *e)
{
	char *values = e->expected ? talloc_asprintf(mem, "was %s, is %s",
						     e->expected, e->found)
				   : NULL;

	if (!e->key || !values)
		return values ? values : talloc_strdup(mem, e->key);
	return talloc_asprintf(mem, "%s %s", e->key, values);
}

char *row_difference_text(TALLOC_CTX *mem, const struct proof_row_difference *d)
{
	bool down = !strcmp(d->stage, "down"), one = d->rows == 1;
	char *text;

	switch (d->change) {
	case ROWS_CHANGED:
		text = talloc_asprintf(
			mem, "%lld of %lld rows of %s: column %s %s",
			(long long)d->rows, (long long)d->of, d->table,
			d->column, down ? "not restored" : "is another");
		break;
	case ROWS_GONE:
		text = talloc_asprintf(mem, "%lld of %lld rows of %s %s gone",
				       (long long)d->rows, (long long)d->of,
				       d->table, one ? "is" : "are");
		break;
	case ROWS_EXTRA:
		text = talloc_asprintf(mem, "%lld row%s of %s %s too many",
				       (long long)d->rows, one ? "" : "s",
				       d->table, one ? "is" : "are");
		break;
	default:
		text = talloc_asprintf(mem,
				       "the rows of %s are not the same: %lld, "
				       "and %lld before",
				       d->table, (long long)d->rows,
				       (long long)d->of);
	}
	for (size_t i = 0; i < d->example_count; i++)
		text = talloc_asprintf_append(
			text, "%s%s", i ? "; " : " (",
			example_text(mem, &d->examples[i]));
	if ((size_t)d->rows > d->example_count && d->example_count)
		text = talloc_strdup_append(text, "; ...");
	return talloc_strdup_append(text, d->example_count ? ")" : "");
}

static json_t *examples_json(const struct proof_row_difference *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->example_count; i++)
		json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:o}", "key",
				  text_or_null(d->examples[i].key), "expected",
				  text_or_null(d->examples[i].expected),
				  "found", text_or_null(d->examples[i].found)));
	return list;
}

static json_t *row_differences_json(const struct proof *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->row_difference_count; i++) {
		const struct proof_row_difference *d = &p->row_differences[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:o, "
				  "s:b}",
				  "stage", d->stage, "kind",
				  row_change_name(d->change), "table", d->table,
				  "column", text_or_null(d->column), "rows",
				  (json_int_t)d->rows, "of", (json_int_t)d->of,
				  "examples", examples_json(d), "declared",
				  text_or_null(d->declared), "unsteady",
				  d->unsteady));
	}
	return list;
}

static json_t *data_json(const struct proof_data *data)
{
	json_t *tables = json_array(), *empty = json_array();

	for (size_t i = 0; i < data->table_count; i++) {
		const struct proof_table *t = &data->tables[i];

		json_array_append_new(tables,
				      json_pack("{s:s, s:I}", "name", t->name,
						"rows", (json_int_t)t->rows));
		if (!t->rows)
			json_array_append_new(
				empty,
				json_pack("{s:s, s:o}", "name", t->name,
					  "reason", text_or_null(t->reason)));
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "source",
			 data->source ? data->source : "none", "at",
			 text_or_null(data->at), "tables", tables, "empty",
			 empty, "refused", text_or_null(data->refused));
}

/* --- the whole ------------------------------------------------------------ */

/* What is kept of the key and of where it comes from. */
static json_t *key_json(const struct proof *p)
{
	char version[VERSION_LENGTH + 1];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, "
			 "s:s, s:s}",
			 "version", version_format(p->version, version), "name",
			 p->name, "outcome", proof_outcome_name(p->outcome),
			 "up_blob", p->up_blob, "down_blob", p->down_blob,
			 "engine", p->engine, "engine_major", p->major,
			 "server_version", text_or_null(p->server_version),
			 "schema", text_or_null(p->schema), "history",
			 text_or_null(p->history), "proved_at", p->at, "tool",
			 p->tool);
}

json_t *proof_json(const struct proof *p)
{
	json_t *json = key_json(p), *timing;

	json_object_update_new(
		json, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "up_ms",
				time_or_null(p->up_ms), "down_ms",
				time_or_null(p->down_ms), "again_ms",
				time_or_null(p->again_ms), "differences",
				proof_differences_json(p->differences,
						       p->difference_count),
				"error", text_or_null(p->error), "place",
				text_or_null(p->error_place), "findings",
				findings_json(p)));
	timing = json_pack("{s:o, s:o}", "up",
			   timing_json(p->timing[DIRECTION_UP]), "down",
			   timing_json(p->timing[DIRECTION_DOWN]));
	json_object_set_new(json, "timing", timing);
	json_object_set_new(json, "repairs", repairs_json(p));
	json_object_set_new(json, "data", data_json(&p->data));
	json_object_set_new(json, "row_differences", row_differences_json(p));
	json_object_set_new(json, "failed_stage",
			    text_or_null(p->failed_stage));
	return json;
}

static bool json_same(const json_t *a, const json_t *b, const char *key)
{
	return json_equal(json_object_get(a, key), json_object_get(b, key));
}

static bool same_key(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "version",	    "up_blob",
					    "down_blob",    "engine",
					    "engine_major", "schema" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!json_same(a, b, keys[i]))
			return false;
	return true;
}

char *proof_note(TALLOC_CTX *mem, const char *old, const struct proof *proof)
{
	json_t *json = proof_json(proof);
	char *line = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS |
					      JSON_REAL_PRECISION(15));
	char *note = talloc_strdup(mem, "");

	while (old && *old) {
		size_t length = strcspn(old, "\n");
		json_t *other = json_loadb(old, length, 0, NULL);

		if (length && !(other && same_key(json, other))) {
			note = talloc_strndup_append_buffer(note, old, length);
			note = talloc_strdup_append_buffer(note, "\n");
		}
		json_decref(other);
		old += length + (old[length] == '\n');
	}
	note = talloc_asprintf_append_buffer(note, "%s\n", line);
	free(line);
	json_decref(json);
	return note;
}

const char **proof_histories(TALLOC_CTX *mem, const struct set *set)
{
	const char **list = talloc_array(mem, const char *,
					 (unsigned)set->count + 1);
	struct arena *arena = arena_new(list);
	char hex[SHA256_DIGEST_STRING_LENGTH] = "";

	/* a chain: each link hashes the one before it and one migration */
	for (size_t i = 0; i < set->count; i++) {
		const char *blob = set->list[i].half[DIRECTION_UP].blob;
		char version[VERSION_LENGTH + 1];
		SHA2_CTX hash;

		list[i] = arena_copy(arena, hex);
		SHA256Init(&hash);
		SHA256Update(&hash, (const uint8_t *)hex, strlen(hex));
		version_format(set->list[i].version, version);
		SHA256Update(&hash, (const uint8_t *)version, VERSION_LENGTH);
		if (blob)
			SHA256Update(&hash, (const uint8_t *)blob,
				     strlen(blob));
		SHA256End(&hash, hex);
	}
	return list;
}

struct kept_proof {
	const char *up_blob; /* the key */
	struct proof proof;
	struct kept_proof *next;    /* further ones of the same blob */
	struct kept_proof *sibling; /* ... of the same version */
	UT_hash_handle hh, by_version;
};

struct proofs {
	struct kept_proof *by_blob, *by_version;
	struct arena *strings;
};

static int forget(struct proofs *proofs)
{
	HASH_CLEAR(hh, proofs->by_blob);
	HASH_CLEAR(by_version, proofs->by_version);
	return 0;
}

struct proofs *proofs_new(TALLOC_CTX *mem)
{
	struct proofs *proofs = talloc_zero(mem, struct proofs);

	proofs->strings = arena_new(proofs);
	talloc_set_destructor(proofs, forget);
	return proofs;
}

bool proofs_are_empty(const struct proofs *proofs)
{
	return !proofs->by_blob;
}

static const char *get(struct proofs *proofs, const json_t *json,
		       const char *key)
{
	return arena_copy(proofs->strings,
			  json_string_value(json_object_get(json, key)));
}

static void fill_findings(struct proofs *proofs, struct proof *p,
			  const json_t *list)
{
	size_t count = json_array_size(list);

	if (count)
		p->findings = talloc_zero_array(proofs, struct proof_finding,
						(unsigned)count);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);
		struct proof_finding *f = &p->findings[p->finding_count];

		f->rule = get(proofs, one, "rule");
		f->severity = get(proofs, one, "severity");
		f->message = get(proofs, one, "message");
		p->finding_count += f->rule && f->severity && f->message;
	}
}

static double get_time(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

static int64_t get_number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void fill_data(struct proofs *proofs, struct proof_data *data,
		      const json_t *json)
{
	const json_t *tables = json_object_get(json, "tables");
	const json_t *empty = json_object_get(json, "empty");
	size_t count = json_array_size(tables);

	data->source = get(proofs, json, "source");
	data->at = get(proofs, json, "at");
	data->refused = get(proofs, json, "refused");
	if (count)
		data->tables = talloc_zero_array(proofs, struct proof_table,
						 (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(tables, i);
		struct proof_table *t = &data->tables[data->table_count];

		t->name = get(proofs, one, "name");
		t->rows = get_number(one, "rows");
		for (size_t k = 0; k < json_array_size(empty); k++)
			if (json_same(one, json_array_get(empty, k), "name"))
				t->reason = get(proofs,
						json_array_get(empty, k),
						"reason");
		data->table_count += t->name != NULL;
	}
}

static void fill_examples(struct proofs *proofs, struct proof_row_difference *d,
			  const json_t *list)
{
	const size_t room = sizeof(d->examples) / sizeof(*d->examples);

	for (size_t i = 0; i < json_array_size(list) && i < room; i++) {
		const json_t *one = json_array_get(list, i);

		d->examples[d->example_count++] = (struct proof_row){
			get(proofs, one, "key"),
			get(proofs, one, "expected"),
			get(proofs, one, "found"),
		};
	}
}

static void fill_row_differences(struct proofs *proofs, struct proof *p,
				 const json_t *list)
{
	size_t count = json_array_size(list);

	if (count)
		p->row_differences = talloc_zero_array(
			proofs, struct proof_row_difference, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);
		struct proof_row_difference *d =
			&p->row_differences[p->row_difference_count];
		const char *kind =
			json_string_value(json_object_get(one, "kind"));

		d->stage = get(proofs, one, "stage");
		d->table = get(proofs, one, "table");
		d->column = get(proofs, one, "column");
		d->rows = get_number(one, "rows");
		d->of = get_number(one, "of");
		d->declared = get(proofs, one, "declared");
		d->unsteady = json_is_true(json_object_get(one, "unsteady"));
		for (int k = 0; kind && k <= ROWS_OTHER; k++)
			if (!strcmp(kind, change_names[k]))
				d->change = (enum row_change)k;
		fill_examples(proofs, d, json_object_get(one, "examples"));
		p->row_difference_count += d->stage && d->table;
	}
}

static void fill(struct proofs *proofs, struct proof *p, const json_t *json)
{
	const char *version =
		json_string_value(json_object_get(json, "version"));
	const char *outcome =
		json_string_value(json_object_get(json, "outcome"));

	if (!version || version_parse(version, &p->version) < 0)
		p->version = -1;
	p->outcome = PROOF_FAILED;
	for (int i = 0; outcome && i <= PROOF_IRREVERSIBLE; i++)
		if (!strcmp(outcome, outcome_names[i]))
			p->outcome = (enum proof_outcome)i;
	p->name = get(proofs, json, "name");
	p->up_blob = get(proofs, json, "up_blob");
	p->down_blob = get(proofs, json, "down_blob");
	p->engine = get(proofs, json, "engine");
	p->major =
		(int)json_integer_value(json_object_get(json, "engine_major"));
	p->schema = get(proofs, json, "schema");
	p->history = get(proofs, json, "history");
	p->at = get(proofs, json, "proved_at");
	p->tool = get(proofs, json, "tool");
	p->server_version = get(proofs, json, "server_version");
	p->failed_stage = get(proofs, json, "failed_stage");
	for (int d = 0; d < 2; d++)
		p->timing[d] = timing_read(
			proofs,
			json_object_get(json_object_get(json, "timing"),
					direction_name((enum direction)d)));
	p->error = get(proofs, json, "error");
	p->up_ms = get_time(json, "up_ms");
	p->down_ms = get_time(json, "down_ms");
	p->again_ms = get_time(json, "again_ms");
	fill_findings(proofs, p, json_object_get(json, "findings"));
	fill_data(proofs, &p->data, json_object_get(json, "data"));
	fill_row_differences(proofs, p,
			     json_object_get(json, "row_differences"));
	p->difference_count =
		json_array_size(json_object_get(json, "differences"));
}

static void add_line(struct proofs *proofs, const char *up_blob,
		     const char *line, size_t length)
{
	json_t *json = json_loadb(line, length, 0, NULL);
	struct kept_proof *kept, *first;

	if (!json_is_object(json)) {
		json_decref(json);
		return;
	}
	kept = talloc_zero(proofs, struct kept_proof);
	fill(proofs, &kept->proof, json);
	json_decref(json);
	HASH_FIND(by_version, proofs->by_version, &kept->proof.version,
		  sizeof(kept->proof.version), first);
	if (first) {
		kept->sibling = first->sibling;
		first->sibling = kept;
	} else {
		HASH_ADD(by_version, proofs->by_version, proof.version,
			 sizeof(kept->proof.version), kept);
	}
	HASH_FIND_STR(proofs->by_blob, up_blob, first);
	if (first) {
		kept->next = first->next;
		first->next = kept;
		return;
	}
	kept->up_blob = arena_copy(proofs->strings, up_blob);
	HASH_ADD_KEYPTR(hh, proofs->by_blob, kept->up_blob,
			strlen(kept->up_blob), kept);
}

void proofs_add(struct proofs *proofs, const char *up_blob, const char *text,
		size_t length)
{
	const char *end = text + length;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((nl ? nl : end) - text);

		if (line)
			add_line(proofs, up_blob, text, line);
		text += line + 1;
	}
}

static bool equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool later(const struct proof *a, const struct proof *b)
{
	return !b || strcmp(a->at ? a->at : "", b->at ? b->at : "") > 0;
}

static unsigned changes_of(const struct proof *p, const struct migration *m,
			   const char *history, const char *engine, int major)
{
	unsigned changes = 0;

	if (!equal(p->up_blob, m->half[DIRECTION_UP].blob))
		changes |= PROOF_CHANGED_UP;
	if (!equal(p->down_blob, m->half[DIRECTION_DOWN].blob))
		changes |= PROOF_CHANGED_DOWN;
	if (!equal(p->history, history))
		changes |= PROOF_CHANGED_HISTORY;
	if (engine && !equal(p->engine, engine))
		changes |= PROOF_CHANGED_ENGINE;
	else if (engine && p->major != major)
		changes |= PROOF_CHANGED_MAJOR;
	if (p->version != m->version)
		changes |= PROOF_CHANGED_VERSION;
	return changes;
}

int proof_changes(TALLOC_CTX *mem, const struct proof *p,
		  const struct migration *m, const char *history,
		  const char *engine, int major,
		  const char *texts[PROOF_CHANGES])
{
	unsigned changes = changes_of(p, m, history, engine, major);
	int n = 0;

	if (changes & PROOF_CHANGED_UP)
		texts[n++] = "up script changed";
	if (changes & PROOF_CHANGED_DOWN)
		texts[n++] = "down script changed";
	if (changes & PROOF_CHANGED_HISTORY)
		texts[n++] = "earlier migrations changed";
	if (changes & PROOF_CHANGED_ENGINE)
		texts[n++] = talloc_asprintf(mem, "engine %s -> %s",
					     p->engine ? p->engine : "unknown",
					     engine);
	if (changes & PROOF_CHANGED_MAJOR)
		texts[n++] = talloc_asprintf(mem, "engine %d -> %d", p->major,
					     major);
	if (changes & PROOF_CHANGED_VERSION)
		texts[n++] = "version changed";
	return n;
}

/* The one that decides, among those looked at so far. */
struct judging {
	const struct proof *matching, *other;
	unsigned other_changes;
};

static void consider(struct judging *j, const struct proof *p, unsigned changes)
{
	int more = __builtin_popcount(changes) -
		   __builtin_popcount(j->other_changes);

	if (!changes) {
		if (later(p, j->matching))
			j->matching = p;
	} else if (p->outcome == PROOF_PROVEN &&
		   (!j->other || more < 0 || (!more && later(p, j->other)))) {
		j->other = p;
		j->other_changes = changes;
	}
}

enum proof_state proofs_judge(const struct proofs *proofs,
			      const struct migration *m, const char *history,
			      const char *engine, int major,
			      const struct proof **best)
{
	const char *up = m->half[DIRECTION_UP].blob;
	struct judging j = { 0 };
	struct kept_proof *kept = NULL;

	if (up)
		HASH_FIND_STR(proofs->by_blob, up, kept);
	for (; kept; kept = kept->next)
		consider(&j, &kept->proof,
			 changes_of(&kept->proof, m, history, engine, major));
	HASH_FIND(by_version, proofs->by_version, &m->version,
		  sizeof(m->version), kept);
	for (; kept; kept = kept->sibling)
		consider(&j, &kept->proof,
			 changes_of(&kept->proof, m, history, engine, major));
	if (best)
		*best = j.matching ? j.matching : j.other;
	if (j.matching)
		return j.matching->outcome == PROOF_PROVEN ? PROOF_VALID
							   : PROOF_NONE;
	return j.other ? PROOF_STALE : PROOF_NONE;
}
