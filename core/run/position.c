#include "core/run/batch.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Below this a batch costs more around it than in it. */
#define FEWEST_ROWS 100
/* What is left between what a batch should take and what it may. */
#define MARGIN 0.8

int64_t batch_small_size(int64_t most)
{
	int64_t least = most < FEWEST_ROWS ? most : FEWEST_ROWS;

	return most / 16 < least ? least : most / 16;
}

int64_t batch_next_size(int64_t size, int64_t most, double took_ms,
			double target_ms)
{
	int64_t least = most < FEWEST_ROWS ? most : FEWEST_ROWS;
	double aim;

	if (target_ms <= 0)
		return size;
	aim = (double)size * MARGIN * target_ms /
	      (took_ms > 0.1 ? took_ms : 0.1);
	/* one odd batch shall not decide alone */
	if (aim > 2 * (double)size)
		aim = 2 * (double)size;
	if (aim < (double)size / 4)
		aim = (double)size / 4;
	if (aim > (double)most)
		return most;
	return aim < (double)least ? least : (int64_t)aim;
}

static json_t *list_json(const char *const *list, int count)
{
	json_t *json = json_array();

	for (int i = 0; list && i < count; i++)
		json_array_append_new(json, json_string(list[i]));
	return list ? json : (json_decref(json), json_null());
}

char *batch_position_text(TALLOC_CTX *mem, const struct batch_position *p)
{
	json_t *json = json_pack(
		"{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "statement",
		p->digest, "key", list_json(p->names, p->count), "after",
		list_json(p->after, p->count), "last",
		list_json(p->last, p->count), "size", (json_int_t)p->size,
		"walked", (json_int_t)p->walked, "rows", (json_int_t)p->rows,
		"batches", (json_int_t)p->batches, "total",
		(json_int_t)p->total);
	char *dumped = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	char *text = talloc_strdup(mem, dumped);

	free(dumped);
	json_decref(json);
	return text;
}

/* As many strings as the key has columns, or NULL. */
static const char **read_list(TALLOC_CTX *mem, const json_t *json, int count)
{
	const char **list;

	if ((int)json_array_size(json) != count)
		return NULL;
	list = talloc_array(mem, const char *, (unsigned)count);
	for (int i = 0; i < count; i++) {
		const char *text =
			json_string_value(json_array_get(json, (size_t)i));

		list[i] = talloc_strdup(list, text ? text : "");
	}
	return list;
}

static int64_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

struct batch_position *batch_position_parse(TALLOC_CTX *mem, const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	const json_t *key = json_object_get(json, "key");
	const char *digest =
		json_string_value(json_object_get(json, "statement"));
	struct batch_position *p = NULL;

	if (digest && json_array_size(key)) {
		p = talloc_zero(mem, struct batch_position);
		snprintf(p->digest, sizeof(p->digest), "%s", digest);
		p->count = (int)json_array_size(key);
		p->names = read_list(p, key, p->count);
		p->after = read_list(p, json_object_get(json, "after"),
				     p->count);
		p->last = read_list(p, json_object_get(json, "last"), p->count);
		p->size = number(json, "size");
		p->walked = number(json, "walked");
		p->rows = number(json, "rows");
		p->batches = number(json, "batches");
		p->total = number(json, "total");
	}
	json_decref(json);
	if (p && p->after && p->last && p->size > 0)
		return p;
	talloc_free(p);
	return NULL;
}
