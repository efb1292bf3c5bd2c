#include "core/run/attempts.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"

/* So many of a run are kept: the first half of them, and the last ones. */
#define MOST_ATTEMPTS 32

struct fact_attempt *facts_add_attempt(struct facts *facts)
{
	size_t count = facts->attempt_count;
	int number = count ? facts->attempts[count - 1].number + 1 : 1;
	struct fact_attempt *a;

	if (!count)
		facts->attempts = talloc_array(facts, struct fact_attempt,
					       MOST_ATTEMPTS);
	a = facts->attempts;
	if (count == MOST_ATTEMPTS) {
		size_t half = MOST_ATTEMPTS / 2;

		talloc_free(a[half].blockers);
		memmove(a + half, a + half + 1, (half - 1) * sizeof(*a));
		facts->attempt_count = --count;
	}
	a += count;
	memset(a, 0, sizeof(*a));
	a->number = number;
	a->outcome = "ok";
	facts->attempt_count++;
	return a;
}

static const char *copy(TALLOC_CTX *mem, const char *text)
{
	return text ? talloc_strdup(mem, text) : NULL;
}

void fact_blocker_copy(TALLOC_CTX *mem, const struct fact_blocker *from,
		       struct fact_blocker *to)
{
	memset(to, 0, sizeof(*to));
	to->pid = from->pid;
	to->user = copy(mem, from->user);
	to->application = copy(mem, from->application);
	to->age_ms = from->age_ms;
	to->state = copy(mem, from->state);
	to->query = copy(mem, from->query);
	to->relation = copy(mem, from->relation);
	to->mode = copy(mem, from->mode);
}

void facts_start_again(struct facts *facts, const struct facts *then)
{
	facts->statement_count = then->statement_count;
	facts->statements_seen = then->statements_seen;
	facts->lock_count = then->lock_count;
	facts->lock_ms = then->lock_ms;
	facts->observed_ms = then->observed_ms;
}

static char *add(char *text, const char *what)
{
	return talloc_asprintf_append_buffer(text, "%s%s", *text ? ", " : "",
					     what);
}

char *fact_blocker_text(TALLOC_CTX *mem, const struct fact_blocker *b)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *about = talloc_strdup(turn, ""), *text;

	if (b->application && *b->application)
		about = add(about, b->application);
	if (b->state && b->pid)
		about = add(about, b->state);
	if (b->age_ms >= 0)
		about = add(about,
			    talloc_asprintf(turn, "open for %s",
					    text_duration(turn, b->age_ms)));
	if (b->pid)
		text = talloc_asprintf(turn, "process %" PRId64, b->pid);
	else
		text = talloc_strdup(turn,
				     b->state ? b->state : "a transaction");
	if (*about)
		text = talloc_asprintf_append_buffer(text, " (%s)", about);
	text = text_visible(mem, text, false);
	talloc_free(turn);
	return text;
}

char *fact_blocker_text_on(TALLOC_CTX *mem, const struct fact_blocker *b)
{
	char *text = fact_blocker_text(mem, b);

	if (!b->relation)
		return text;
	return talloc_asprintf_append(text, " on %s",
				      text_visible(text, b->relation, false));
}

#define QUERY_SHOWN 120

char *fact_blocker_line(TALLOC_CTX *mem, const struct fact_blocker *b)
{
	char *line = fact_blocker_text(mem, b);

	if (b->user)
		line = talloc_asprintf_append_buffer(
			line, " of user %s",
			text_visible(line, b->user, false));
	if (b->relation && b->mode)
		line = talloc_asprintf_append_buffer(
			line, " has %s on %s", b->mode,
			text_visible(line, b->relation, false));
	if (b->query) {
		char *query = text_visible(line, b->query, false);
		size_t length = strlen(query);
		bool cut = length > QUERY_SHOWN;

		/* in the middle of no character */
		for (length = QUERY_SHOWN;
		     cut && length > 0 &&
		     ((unsigned char)query[length] & 0xc0) == 0x80;)
			length--;
		if (cut)
			query[length] = '\0';
		return talloc_asprintf_append_buffer(line, ": %s%s", query,
						     cut ? "..." : "");
	}
	/* what may be seen has a state, also when it does nothing */
	if (!b->pid || b->state)
		return line;
	return talloc_strdup_append_buffer(
		line, ": this role may not see what it does");
}

/* --- JSON ----------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *ms_json(double ms)
{
	return ms < 0 ? json_null()
		      : json_real((double)(int64_t)(ms * 1000 + 0.5) / 1000);
}

static json_t *blocker_json(const struct fact_blocker *b)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "pid",
			 b->pid ? json_integer(b->pid) : json_null(), "user",
			 text_or_null(b->user), "application",
			 text_or_null(b->application), "age_ms",
			 ms_json(b->age_ms), "state", text_or_null(b->state),
			 "query", text_or_null(b->query), "relation",
			 text_or_null(b->relation), "mode",
			 text_or_null(b->mode));
}

json_t *attempts_json(const struct facts *facts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < facts->attempt_count; i++) {
		const struct fact_attempt *a = &facts->attempts[i];
		json_t *blockers = json_array();

		for (size_t k = 0; k < a->blocker_count; k++)
			json_array_append_new(blockers,
					      blocker_json(&a->blockers[k]));
		json_array_append_new(
			list, json_pack("{s:i, s:o, s:o, s:i, s:s, s:o}",
					"number", a->number, "started_ms",
					ms_json(a->started_ms), "waited_ms",
					ms_json(a->waited_ms), "timeout_ms",
					a->timeout_ms, "outcome", a->outcome,
					"blockers", blockers));
	}
	return list;
}

static const char *text_from(TALLOC_CTX *mem, const json_t *item,
			     const char *key)
{
	return copy(mem, json_string_value(json_object_get(item, key)));
}

static double ms_from(const json_t *item, const char *key)
{
	const json_t *value = json_object_get(item, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

static void read_blocker(TALLOC_CTX *mem, const json_t *item,
			 struct fact_blocker *b)
{
	memset(b, 0, sizeof(*b));
	b->pid = json_integer_value(json_object_get(item, "pid"));
	b->user = text_from(mem, item, "user");
	b->application = text_from(mem, item, "application");
	b->age_ms = ms_from(item, "age_ms");
	b->state = text_from(mem, item, "state");
	b->query = text_from(mem, item, "query");
	b->relation = text_from(mem, item, "relation");
	b->mode = text_from(mem, item, "mode");
}

void attempts_from_json(struct facts *facts, const json_t *list)
{
	size_t i, k;
	json_t *item, *each;

	json_array_foreach (list, i, item) {
		struct fact_attempt *a = facts_add_attempt(facts);
		const json_t *blockers = json_object_get(item, "blockers");
		const char *outcome = text_from(facts, item, "outcome");

		a->number = (int)json_integer_value(
			json_object_get(item, "number"));
		a->started_ms = ms_from(item, "started_ms");
		a->waited_ms = ms_from(item, "waited_ms");
		a->timeout_ms = (int)json_integer_value(
			json_object_get(item, "timeout_ms"));
		a->outcome = outcome ? outcome : "";
		a->blocker_count = json_array_size(blockers);
		a->blockers = talloc_array(facts, struct fact_blocker,
					   (unsigned)a->blocker_count);
		json_array_foreach (blockers, k, each)
			read_blocker(a->blockers, each, &a->blockers[k]);
	}
}
