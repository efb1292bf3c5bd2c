#include "core/report/phrases.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"

/* --- modes ---------------------------------------------------------------- */

/* From the weakest on, each engine's by themselves. What is not among them
   keeps others out as much as can be. */
static const struct {
	const char *mode;
	enum lock_strength strength;
} modes[] = {
	{ "AccessShareLock", LOCK_FOR_READING },
	{ "SHARED", LOCK_FOR_READING },
	{ "SHARED_HIGH_PRIO", LOCK_FOR_READING },
	{ "SHARED_READ", LOCK_FOR_READING },
	{ "RowShareLock", LOCK_FOR_WRITING },
	{ "RowExclusiveLock", LOCK_FOR_WRITING },
	{ "ShareUpdateExclusiveLock", LOCK_FOR_WRITING },
	{ "INTENTION_EXCLUSIVE", LOCK_FOR_WRITING },
	{ "SHARED_WRITE", LOCK_FOR_WRITING },
	{ "SHARED_WRITE_LOW_PRIO", LOCK_FOR_WRITING },
	{ "SHARED_UPGRADABLE", LOCK_FOR_WRITING },
	{ "ShareLock", LOCK_OUT_WRITERS },
	{ "ShareRowExclusiveLock", LOCK_OUT_WRITERS },
	{ "ExclusiveLock", LOCK_OUT_WRITERS },
	{ "SHARED_READ_ONLY", LOCK_OUT_WRITERS },
	{ "SHARED_NO_WRITE", LOCK_OUT_WRITERS },
	{ "RESERVED", LOCK_OUT_WRITERS },
	{ "WAL_WRITE_LOCK", LOCK_OUT_WRITERS },
};

#define MODE_COUNT (sizeof(modes) / sizeof(*modes))

static size_t rank_of(const char *mode)
{
	size_t i = 0;

	if (!strncmp(mode, "MDL_", 4))
		mode += 4;
	while (i < MODE_COUNT && strcmp(mode, modes[i].mode) != 0)
		i++;
	return i;
}

enum lock_strength lock_strength(const char *mode)
{
	size_t rank = rank_of(mode);

	return rank < MODE_COUNT ? modes[rank].strength : LOCK_OUT_ALL;
}

const char *phrase_strength(enum lock_strength strength)
{
	switch (strength) {
	case LOCK_FOR_READING:
		return "keeps only the strongest lock out";
	case LOCK_FOR_WRITING:
		return "keeps schema changes out";
	case LOCK_OUT_WRITERS:
		return "keeps writers out";
	case LOCK_OUT_ALL:
		break;
	}
	return "keeps everyone out";
}

bool is_old_table(const struct facts *facts, const char *relation)
{
	for (size_t i = 0; i < facts->table_count; i++)
		if (!strcmp(facts->tables[i].name, relation))
			return facts->tables[i].rows_before >= 0 ||
			       facts->tables[i].rows_after < 0;
	return false;
}

static bool is_table(const struct facts *facts, const char *relation)
{
	for (size_t i = 0; i < facts->table_count; i++)
		if (!strcmp(facts->tables[i].name, relation))
			return true;
	return false;
}

/* Nobody waits for readers' locks, and nobody sees what was made just now. */
static int lightness(const struct facts *facts, const struct fact_lock *l)
{
	return lock_strength(l->mode) == LOCK_FOR_READING
		       ? 2
		       : !is_old_table(facts, l->relation);
}

static int compare(double one, double two)
{
	return (one > two) - (one < two);
}

int lock_order(const struct facts *facts, const struct fact_lock *one,
	       const struct fact_lock *two)
{
	int order = lightness(facts, one) - lightness(facts, two);

	if (!order)
		order = compare((double)rank_of(two->mode),
				(double)rank_of(one->mode));
	if (!order)
		order = is_table(facts, two->relation) -
			is_table(facts, one->relation);
	return order ? order : compare(two->held_ms, one->held_ms);
}

const struct fact_lock *headline_lock(const struct facts *facts)
{
	const struct fact_lock *found = NULL;

	for (size_t i = 0; i < facts->lock_count; i++)
		if (!found || lock_order(facts, &facts->locks[i], found) < 0)
			found = &facts->locks[i];
	return found;
}

/* --- times ---------------------------------------------------------------- */

/* "at least 1.1 s", or NULL when that is no other number than `ms`. */
static char *bound(TALLOC_CTX *mem, double ms, const char *word,
		   double bound_ms)
{
	char *text = text_duration(mem, ms);
	char *other = text_duration(mem, bound_ms);
	bool is_told = bound_ms >= 0 && strcmp(text, other) != 0;
	char *out = is_told ? talloc_asprintf(mem, "%s %s", word, other) : NULL;

	talloc_free(text);
	talloc_free(other);
	return out;
}

static char *with_bound(TALLOC_CTX *mem, double ms, char *bound_text)
{
	char *text = text_duration(mem, ms);

	if (bound_text)
		text = talloc_asprintf_append(text, " (%s)", bound_text);
	talloc_free(bound_text);
	return text;
}

char *phrase_least(TALLOC_CTX *mem, const struct fact_lock *l)
{
	double least = l->held_ms > l->bound_ms ? l->held_ms - l->bound_ms : 0;

	if (l->held_ms < 0 || l->bound_ms < 0)
		return NULL;
	return bound(mem, l->held_ms, "at least", least);
}

char *phrase_held(TALLOC_CTX *mem, const struct fact_lock *l)
{
	return with_bound(mem, l->held_ms, phrase_least(mem, l));
}

char *phrase_waited(TALLOC_CTX *mem, const struct fact_lock *l)
{
	return l->waited_ms < 0 ? NULL : text_duration(mem, l->waited_ms);
}

const char *phrase_done(const struct fact_lock *l)
{
	if (l->rewrite && l->scan)
		return "rewritten, read whole";
	if (l->rewrite)
		return "rewritten";
	return l->scan ? "read whole" : "";
}

char *phrase_victim_waited(TALLOC_CTX *mem, const struct fact_victim *v)
{
	return with_bound(mem, v->waited_ms,
			  bound(mem, v->waited_ms, "at most",
				v->waited_ms + v->bound_ms));
}

/* What is less is written as 0.0 ms. */
#define LEAST_WAIT_MS 0.05

/* --- lists ---------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static char *add(char *out,
						       const char *fmt, ...)
{
	va_list ap;

	if (*out)
		out = talloc_strdup_append_buffer(out, ", ");
	va_start(ap, fmt);
	out = talloc_vasprintf_append_buffer(out, fmt, ap);
	va_end(ap);
	return out;
}

static char *add_indexes(char *out, int count, const char *what)
{
	if (!count)
		return out;
	return add(out, "%d index%s %s", count, count == 1 ? "" : "es", what);
}

static char *add_rows(char *out, int64_t count, const char *what)
{
	char *number;

	if (!count)
		return out;
	number = text_thousands(NULL, count);
	out = add(out, "%s row%s %s", number, count == 1 ? "" : "s", what);
	talloc_free(number);
	return out;
}

static char *add_scans(char *out, const struct fact_effect *e)
{
	char *rows;

	if (!e->scans)
		return out;
	out = add(out, "read whole");
	if (e->scans > 1)
		out = talloc_asprintf_append_buffer(out, " %" PRId64 " times",
						    e->scans);
	rows = text_thousands(NULL, e->rows_scanned);
	out = talloc_asprintf_append_buffer(out, " (%s row%s)", rows,
					    e->rows_scanned == 1 ? "" : "s");
	talloc_free(rows);
	return out;
}

char *phrase_effect(TALLOC_CTX *mem, const struct fact_effect *e)
{
	char *out = talloc_strdup(mem, "");

	if (e->rewritten)
		out = add(out, "rewritten");
	out = add_indexes(out, e->indexes_rewritten, "rewritten");
	out = add_indexes(out, e->indexes_built, "built");
	out = add_scans(out, e);
	out = add_rows(out, e->inserted, "inserted");
	out = add_rows(out, e->updated, "updated");
	return add_rows(out, e->deleted, "deleted");
}

/* NULL: not for as long as would matter to how long it took. */
static char *statement_wait(TALLOC_CTX *mem, const struct fact_statement *s)
{
	double most = s->waited_ms + s->waited_bound_ms;

	if (s->waited_ms >= LEAST_WAIT_MS)
		return with_bound(mem, s->waited_ms,
				  bound(mem, s->waited_ms, "at most", most));
	if (most < LEAST_WAIT_MS || most < s->duration_ms / 10)
		return NULL;
	return talloc_asprintf(mem, "at most %s", text_duration(mem, most));
}

char *phrase_statement(TALLOC_CTX *mem, const struct fact_statement *s)
{
	char *out = talloc_strdup(mem, ""), *part;

	if (s->algorithm)
		out = add(out, "%s", s->algorithm);
	part = statement_wait(mem, s);
	if (part)
		out = add(out, "waited %s", part);
	talloc_free(part);
	if (s->wal_bytes > 0) {
		part = text_size(mem, s->wal_bytes);
		out = add(out, "up to %s of WAL", part);
		talloc_free(part);
	}
	return out;
}

char *phrase_kept_waiting(TALLOC_CTX *mem, const struct facts *facts)
{
	int count = facts->victims_seen;
	double longest = 0;
	char *took, *text;

	if (count < (int)facts->victim_count)
		count = (int)facts->victim_count;
	if (!count)
		return NULL;
	for (size_t i = 0; i < facts->victim_count; i++)
		if (facts->victims[i].waited_ms > longest)
			longest = facts->victims[i].waited_ms;
	took = text_duration(mem, longest);
	text = count == 1 ? talloc_asprintf(mem,
					    "kept 1 session waiting for "
					    "%s",
					    took)
			  : talloc_asprintf(mem,
					    "kept %d sessions waiting, "
					    "the longest %s",
					    count, took);
	talloc_free(took);
	return text;
}
