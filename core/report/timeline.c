#include "core/report/timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- rows ----------------------------------------------------------------- */

static void add_bar(struct timeline_row *row, enum timeline_part part,
		    double from_ms, double until_ms)
{
	if (until_ms <= from_ms && part != TIMELINE_HELD)
		return;
	row->bars[row->bar_count++] = (struct timeline_bar){ part, from_ms,
							     until_ms };
}

/*
 * What is not certain of a lock is mostly when it was granted, so the bound
 * stands between waiting and holding.
 */
static struct timeline_row lock_row(const struct fact_lock *l, double end_ms)
{
	struct timeline_row row = { .lock = l };
	double held = l->held_ms < 0 ? end_ms - l->from_ms : l->held_ms;
	double bound = l->bound_ms > 0 ? l->bound_ms : 0;
	double sure;

	held = held > 0 ? held : 0;
	sure = l->from_ms + (bound < held ? bound : held);
	if (l->waited_ms > 0)
		add_bar(&row, TIMELINE_WAITED,
			l->waited_ms < l->from_ms ? l->from_ms - l->waited_ms
						  : 0,
			l->from_ms);
	add_bar(&row, TIMELINE_PERHAPS, l->from_ms, sure);
	add_bar(&row, TIMELINE_HELD, sure, l->from_ms + held);
	return row;
}

static struct timeline_row victim_row(const struct fact_victim *v)
{
	struct timeline_row row = { .victim = v };
	double until = v->from_ms + (v->waited_ms > 0 ? v->waited_ms : 0);

	add_bar(&row, TIMELINE_WAITED, v->from_ms, until);
	add_bar(&row, TIMELINE_PERHAPS, until,
		until + (v->bound_ms > 0 ? v->bound_ms : 0));
	if (!row.bar_count) /* seen, but for no time */
		row.bars[row.bar_count++] = (struct timeline_bar){
			TIMELINE_WAITED, v->from_ms, v->from_ms
		};
	return row;
}

static double begin_of(const struct timeline_row *row)
{
	return row->bars[0].from_ms;
}

static double end_of(const struct timeline_row *row)
{
	return row->bars[row->bar_count - 1].until_ms;
}

static double weight_of(const struct timeline_row *row)
{
	return row->lock ? row->lock->held_ms : row->victim->waited_ms;
}

/* Two that are alike stay in the order of the facts. */
static int in_order(const struct timeline_row *a, const struct timeline_row *b)
{
	if (a->lock)
		return (a->lock > b->lock) - (a->lock < b->lock);
	return (a->victim > b->victim) - (a->victim < b->victim);
}

static int by_weight(const void *a, const void *b)
{
	double one = weight_of(a), two = weight_of(b);

	return one == two ? in_order(a, b) : (one < two) - (one > two);
}

static int by_begin(const void *a, const void *b)
{
	double one = begin_of(a), two = begin_of(b);

	return one == two ? in_order(a, b) : (one > two) - (one < two);
}

/* Of these `count` rows the `most` longest, by time; returns what is left. */
static size_t choose(struct timeline_row *rows, size_t count, size_t most)
{
	size_t kept = count < most ? count : most;

	if (kept < count)
		qsort(rows, count, sizeof(*rows), by_weight);
	qsort(rows, kept, sizeof(*rows), by_begin);
	return kept;
}

static void add_rows(struct timeline *t, const struct facts *facts,
		     size_t most_locks, size_t most_victims)
{
	struct timeline_row *rows = talloc_array(
		t, struct timeline_row,
		(unsigned)(facts->lock_count + facts->victim_count + 1));
	size_t locks = 0, victims;

	for (size_t i = 0; i < facts->lock_count; i++)
		if (facts->locks[i].from_ms >= 0)
			rows[locks++] = lock_row(&facts->locks[i],
						 facts->duration_ms);
	t->rows = rows;
	t->row_count = choose(rows, locks, most_locks);
	t->more_locks = locks - t->row_count;
	rows += t->row_count;
	for (size_t i = 0; i < facts->victim_count; i++)
		rows[i] = victim_row(&facts->victims[i]);
	victims = choose(rows, facts->victim_count, most_victims);
	t->row_count += victims;
	t->more_victims = facts->victim_count - victims;
	if (facts->victims_seen > (int)facts->victim_count)
		t->more_victims += (size_t)facts->victims_seen -
				   facts->victim_count;
}

static void add_steps(struct timeline *t, const struct facts *facts)
{
	t->steps = talloc_array(t, struct timeline_step,
				(unsigned)facts->statement_count + 1);
	for (size_t i = 0; i < facts->statement_count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		if (s->from_ms < 0)
			continue;
		t->steps[t->step_count++] = (struct timeline_step){
			s, s->from_ms,
			s->from_ms + (s->duration_ms > 0 ? s->duration_ms : 0)
		};
	}
}

/* --- the axis ------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, so that at most `ticks` of them fit. */
static double tick_of(double span, int ticks)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double least = span / (ticks > 1 ? ticks : 1);
	double power = pow(10, floor(log10(least)));
	size_t i = 0;

	while (i < 3 && steps[i] * power < least * (1 - 1e-9))
		i++;
	return steps[i] * power;
}

static void widen(struct timeline *t, double from_ms, double until_ms)
{
	if (from_ms < t->from_ms)
		t->from_ms = from_ms;
	if (until_ms > t->until_ms)
		t->until_ms = until_ms;
}

/*
 * From the run's begin, unless it has waited for so long before anything
 * happened that there would be little to see.
 */
static void measure(struct timeline *t, int ticks)
{
	double span;

	t->from_ms = INFINITY;
	t->until_ms = 0;
	for (size_t i = 0; i < t->row_count; i++)
		widen(t, begin_of(&t->rows[i]), end_of(&t->rows[i]));
	for (size_t i = 0; i < t->step_count; i++)
		widen(t, t->steps[i].from_ms, t->steps[i].until_ms);
	if (t->from_ms <= 0.25 * t->until_ms)
		t->from_ms = 0;
	span = t->until_ms - t->from_ms;
	if (span < 0.01)
		span = 0.01;
	t->tick_ms = tick_of(span, ticks);
	if (t->from_ms > 0)
		t->from_ms = floor(t->from_ms / t->tick_ms) * t->tick_ms;
	if (t->until_ms < t->from_ms + span)
		t->until_ms = t->from_ms + span;
	t->tick_count = 1 +
			(int)((t->until_ms - t->from_ms) / t->tick_ms + 1e-9);
}

struct timeline *timeline_new(TALLOC_CTX *mem, const struct facts *facts,
			      size_t most_locks, size_t most_victims, int ticks)
{
	struct timeline *t = talloc_zero(mem, struct timeline);

	add_rows(t, facts, most_locks, most_victims);
	add_steps(t, facts);
	if (!t->row_count) {
		talloc_free(t);
		return NULL;
	}
	measure(t, ticks);
	return t;
}

double timeline_place(const struct timeline *t, double ms)
{
	double place = (ms - t->from_ms) / (t->until_ms - t->from_ms);

	return place < 0 ? 0 : place > 1 ? 1 : place;
}

double timeline_tick(const struct timeline *t, int number)
{
	return t->from_ms + number * t->tick_ms;
}

char *timeline_tick_text(TALLOC_CTX *mem, const struct timeline *t, double ms)
{
	static const struct {
		const char *name;
		double ms, until_ms;
	} units[] = {
		{ "ms", 1, 1000 },
		{ "s", 1000, 120000 },
		{ "min", 60000, 7200000 },
		{ "h", 3600000, INFINITY },
	};
	size_t i = 0;
	int decimals = 0;

	if (ms < t->tick_ms / 2)
		return talloc_strdup(mem, "0");
	while (t->until_ms >= units[i].until_ms)
		i++;
	for (double step = t->tick_ms / units[i].ms;
	     decimals < 3 && fabs(step - round(step)) > 1e-6; step *= 10)
		decimals++;
	return talloc_asprintf(mem, "%.*f %s", decimals, ms / units[i].ms,
			       units[i].name);
}
