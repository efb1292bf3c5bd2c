#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/run/attempts.h"
#include "core/run/facts.h"

/*
 * The facts are written twice for each script that runs. Put together from
 * parts by the JSON library that takes longer than the database needs for
 * their row.
 */
struct out {
	char *text;
	size_t length, room;
};

static char *reserve(struct out *out, size_t more)
{
	if (out->length + more >= out->room) {
		out->room = 2 * (out->length + more);
		out->text = talloc_realloc_size(NULL, out->text, out->room);
	}
	return out->text + out->length;
}

static void put(struct out *out, const char *text)
{
	size_t length = strlen(text);

	memcpy(reserve(out, length + 1), text, length + 1);
	out->length += length;
}

static char *escape(char *to, unsigned char c)
{
	if (c == '"' || c == '\\') {
		*to++ = '\\';
		*to++ = (char)c;
	} else if (c < 0x20) {
		to += snprintf(to, 7, "\\u%04x", c);
	} else {
		*to++ = (char)c;
	}
	return to;
}

static void put_string(struct out *out, const char *text)
{
	size_t length = strlen(text);
	char *to;

	/* there is no JSON that is not UTF-8 */
	if (utf8_check(text, length) < length) {
		char *visible = text_visible(NULL, text, true);

		put_string(out, visible);
		talloc_free(visible);
		return;
	}
	to = reserve(out, 6 * length + 3);
	*to++ = '"';
	for (const char *c = text; *c; c++)
		to = escape(to, (unsigned char)*c);
	*to++ = '"';
	*to = '\0';
	out->length = (size_t)(to - out->text);
}

/* `before` is all that stands between the last value and this one. */
static void put_text(struct out *out, const char *before, const char *value)
{
	put(out, before);
	put_string(out, value);
}

/* printf() would take as long for all of them as for the rest of the text. */
static void put_digits(struct out *out, uint64_t n, int least)
{
	char digits[24], *to = digits + sizeof(digits);
	size_t length;

	for (; n || least > 0; n /= 10, least--)
		*--to = (char)('0' + n % 10);
	length = (size_t)(digits + sizeof(digits) - to);
	memcpy(reserve(out, length + 1), to, length);
	out->length += length;
	out->text[out->length] = '\0';
}

static void put_number(struct out *out, const char *before, int64_t n)
{
	put(out, before);
	if (n < 0)
		put(out, "-");
	put_digits(out, n < 0 ? -(uint64_t)n : (uint64_t)n, 1);
}

static void put_count(struct out *out, const char *before, int64_t n)
{
	put(out, before);
	if (n < 0)
		put(out, "null");
	else
		put_number(out, "", n);
}

/* Milliseconds to the microsecond, so that it stays readable: 2.0, 1.25 */
static void put_ms(struct out *out, const char *before, double ms)
{
	int64_t us = (int64_t)(ms * 1000 + 0.5);

	put_number(out, before, us / 1000);
	put(out, ".");
	put_digits(out, (uint64_t)(us % 1000), 3);
	for (int i = 0; i < 2 && out->text[out->length - 1] == '0'; i++)
		out->text[--out->length] = '\0';
}

static void put_ms_or_none(struct out *out, const char *before, double ms)
{
	if (ms >= 0) {
		put_ms(out, before, ms);
		return;
	}
	put(out, before);
	put(out, "null");
}

static void put_effect(struct out *out, const struct fact_effect *e)
{
	put_text(out, "{\"relation\":", e->relation);
	put(out, e->rewritten ? ",\"rewrite\":true" : ",\"rewrite\":false");
	put_number(out, ",\"indexes_rewritten\":", e->indexes_rewritten);
	put_number(out, ",\"indexes_built\":", e->indexes_built);
	put_number(out, ",\"scans\":", e->scans);
	put_number(out, ",\"rows_scanned\":", e->rows_scanned);
	put_number(out, ",\"inserted\":", e->inserted);
	put_number(out, ",\"updated\":", e->updated);
	put_number(out, ",\"deleted\":", e->deleted);
	put(out, "}");
}

static void put_observed(struct out *out, const struct fact_statement *s)
{
	if (s->from_ms >= 0)
		put_ms(out, ",\"from_ms\":", s->from_ms);
	if (s->waited_ms > 0 || s->waited_bound_ms > 0) {
		put_ms(out, ",\"waited_ms\":", s->waited_ms);
		put_ms(out, ",\"waited_bound_ms\":", s->waited_bound_ms);
	}
	if (s->wal_bytes >= 0)
		put_number(out, ",\"wal_bytes\":", s->wal_bytes);
	if (s->algorithm)
		put_text(out, ",\"algorithm\":", s->algorithm);
	for (size_t i = 0; i < s->effect_count; i++) {
		put(out, i ? "," : ",\"effects\":[");
		put_effect(out, &s->effects[i]);
	}
	if (s->effect_count)
		put(out, "]");
	for (size_t i = 0; i < s->phase_count; i++) {
		put_text(out, i ? ",{\"phase\":" : ",\"phases\":[{\"phase\":",
			 s->phases[i].name);
		put_ms(out, ",\"ms\":", s->phases[i].ms);
		put(out, "}");
	}
	if (s->phase_count)
		put(out, "]");
}

static void put_statement(struct out *out, const struct fact_statement *s)
{
	put_number(out, "{\"index\":", s->index);
	put_text(out, ",\"kind\":", s->kind ? s->kind : "");
	put(out, ",\"relations\":[");
	for (size_t i = 0; i < s->relation_count; i++)
		put_text(out, i ? "," : "", s->relations[i]);
	put_count(out, "],\"rows\":", s->rows);
	put_ms(out, ",\"duration_ms\":", s->duration_ms);
	if (s->count > 1)
		put_number(out, ",\"count\":", s->count);
	if (s->batched) {
		put_number(out, ",\"batches\":", s->batches);
		put_ms(out, ",\"longest_batch_ms\":", s->longest_ms);
		put_ms(out, ",\"throttled_ms\":", s->throttled_ms);
	}
	put_observed(out, s);
	put(out, "}");
}

static void put_table(struct out *out, const struct fact_table *t)
{
	put_text(out, "{\"name\":", t->name);
	put_count(out, ",\"rows_before\":", t->rows_before);
	put_count(out, ",\"rows_after\":", t->rows_after);
	put(out,
	    t->estimated ? ",\"estimated\":true}" : ",\"estimated\":false}");
}

static void put_lock(struct out *out, const struct fact_lock *l)
{
	double held = l->held_ms;

	if (held < 0)
		held = (double)(clock_mono_us() - l->since_us) / 1000;
	put_text(out, "{\"relation\":", l->relation);
	put_text(out, ",\"mode\":", l->mode);
	put_ms(out, ",\"held_ms\":", held);
	put_ms_or_none(out, ",\"held_bound_ms\":", l->bound_ms);
	put_ms_or_none(out, ",\"waited_ms\":", l->waited_ms);
	put_ms_or_none(out, ",\"from_ms\":", l->from_ms);
	put_number(out, ",\"statement\":", l->statement);
	put(out, l->rewrite ? ",\"rewrite\":true" : ",\"rewrite\":false");
	put(out, l->scan ? ",\"scan\":true}" : ",\"scan\":false}");
}

static void put_text_or_none(struct out *out, const char *before,
			     const char *value)
{
	if (value) {
		put_text(out, before, value);
		return;
	}
	put(out, before);
	put(out, "null");
}

static void put_victim(struct out *out, const struct fact_victim *v)
{
	put_number(out, "{\"pid\":", v->pid);
	put_text_or_none(out, ",\"user\":", v->user);
	put_text_or_none(out, ",\"application\":", v->application);
	put_text_or_none(out, ",\"query\":", v->query);
	put_text_or_none(out, ",\"relation\":", v->relation);
	put_text_or_none(out, ",\"mode\":", v->mode);
	put_ms(out, ",\"from_ms\":", v->from_ms);
	put_ms(out, ",\"waited_ms\":", v->waited_ms);
	put_ms(out, ",\"waited_bound_ms\":", v->bound_ms);
	put_text_or_none(out, ",\"outcome\":", v->outcome);
	put(out, "}");
}

static void put_observer(struct out *out, const struct facts *facts)
{
	put_ms(out, ",\"observer\":{\"spent_ms\":", facts->observed_ms);
	put(out, ",\"gaps\":[");
	for (size_t i = 0; i < facts->gap_count; i++)
		put_text(out, i ? "," : "", facts->gaps[i]);
	put(out, "]}");
}

static void put_lists(struct out *out, const struct facts *facts)
{
	put(out, ",\"statements\":[");
	for (size_t i = 0; i < facts->statement_count; i++) {
		put(out, i ? "," : "");
		put_statement(out, &facts->statements[i]);
	}
	put(out, "],\"tables\":[");
	for (size_t i = 0; i < facts->table_count; i++) {
		put(out, i ? "," : "");
		put_table(out, &facts->tables[i]);
	}
	put(out, "],\"locks\":[");
	for (size_t i = 0; i < facts->lock_count; i++) {
		put(out, i ? "," : "");
		put_lock(out, &facts->locks[i]);
	}
	put(out, "],\"victims\":[");
	for (size_t i = 0; i < facts->victim_count; i++) {
		put(out, i ? "," : "");
		put_victim(out, &facts->victims[i]);
	}
	put(out, "]");
	if ((size_t)facts->victims_seen > facts->victim_count)
		put_number(out, ",\"victims_seen\":", facts->victims_seen);
	if (facts->observed_ms > 0 || facts->gap_count)
		put_observer(out, facts);
}

/* They are rare. */
static void put_attempts(struct out *out, const struct facts *facts)
{
	json_t *list = attempts_json(facts);
	char *text = json_dumps(list, JSON_COMPACT | JSON_REAL_PRECISION(15));

	put(out, ",\"attempts\":");
	put(out, text);
	free(text);
	json_decref(list);
}

char *facts_text(TALLOC_CTX *mem, const struct facts *facts)
{
	char version[VERSION_LENGTH + 1];
	char *started = text_time(NULL, facts->started_us);
	struct out out = { NULL, 0, 0 };

	put_text(&out,
		 "{\"version\":", version_format(facts->version, version));
	put_text(&out, ",\"name\":", facts->name);
	put_text(&out, ",\"direction\":", direction_name(facts->direction));
	put_text(&out, ",\"outcome\":",
		 facts->ok	  ? "ok"
		 : facts->unknown ? "unknown"
				  : "failed");
	put_text(&out, ",\"started_at\":", started);
	put_ms_or_none(&out, ",\"duration_ms\":", facts->duration_ms);
	put_ms(&out, ",\"lock_ms\":", facts->lock_ms);
	put_lists(&out, facts);
	if (facts->attempt_count)
		put_attempts(&out, facts);
	if (facts->error)
		put_text(&out, ",\"error\":", facts->error);
	if (facts->repair)
		put_text(&out, ",\"repair\":", facts->repair);
	if (facts->confirmed_by)
		put_text(&out, ",\"confirmed_by\":", facts->confirmed_by);
	put(&out, "}");
	talloc_free(started);
	return talloc_steal(mem, out.text);
}
