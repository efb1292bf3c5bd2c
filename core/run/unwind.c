#include "core/run/prove_internal.h"

#include <string.h>

static const char *const outcome_names[] = { "restored", "stopped", "differs",
					     "failed" };

const char *unwind_outcome_name(enum unwind_outcome outcome)
{
	return outcome_names[outcome];
}

/* --- what is not as it should be ------------------------------------------ */

/* A difference that is there now, and whose down left it. */
struct trace {
	char *kind, *name;
	size_t cause; /* place in the set */
};

struct unwinding {
	struct bench *bench;
	struct unwind *out;
	struct catalog *expected; /* what scratch should be */
	struct trace *traces;
	size_t trace_count;
	size_t every; /* how many steps lie between two comparisons */
	size_t since; /* steps after the last one */
};

/*
 * Reading the whole catalog after each of many steps takes time that grows with
 * the square of their number. Where each down has restored the catalog alone,
 * it does so in a row, too, unless it depends on something else: then this many
 * comparisons on the way are enough to notice, and the way is gone again with
 * one after each step to tell where.
 */
#define COMPARISONS 16

static bool is_hasty(const struct unwinding *u)
{
	return u->every > 1;
}

static const struct trace *find_trace(const struct unwinding *u,
				      const char *kind, const char *name)
{
	for (size_t i = 0; i < u->trace_count; i++)
		if (!strcmp(u->traces[i].kind, kind) &&
		    !strcmp(u->traces[i].name, name))
			return &u->traces[i];
	return NULL;
}

/* Without the names of what it belongs to. */
static const char *last_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] ? dot + 1 : name;
}

/*
 * Whose traces are in the way: the one whose trace the text names, else the
 * one that ran last before this; no one's when there are none.
 */
static const struct trace *blame(const struct unwinding *u, const char *text)
{
	const struct trace *found = NULL;

	for (size_t i = 0; i < u->trace_count; i++) {
		const struct trace *t = &u->traces[i];

		if (text && strstr(text, last_name(t->name)))
			return t;
		if (!found || t->cause < found->cause)
			found = t;
	}
	return found;
}

static struct unwind_step *add_step(struct unwinding *u, size_t at,
				    enum direction direction)
{
	struct unwind *out = u->out;
	struct unwind_step *step;

	out->steps = talloc_realloc(out, out->steps, struct unwind_step,
				    (unsigned)out->step_count + 1);
	step = &out->steps[out->step_count++];
	*step = (struct unwind_step){
		.version = u->bench->set->list[at].version,
		.name = u->bench->set->list[at].name,
		.direction = direction,
	};
	return step;
}

static const char *label(struct unwinding *u, size_t at)
{
	return migration_label(u->out, &u->bench->set->list[at]);
}

/* The differences that are new in this step stay, the others go. */
static size_t take_new(struct unwinding *u, struct proof_difference *list,
		       size_t count, struct trace *now, size_t *now_count,
		       size_t cause)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct trace *t = find_trace(u, list[i].kind,
						   list[i].name);

		if (list[i].order_only)
			continue;
		now[(*now_count)++] = (struct trace){
			talloc_strdup(now, list[i].kind),
			talloc_strdup(now, list[i].name),
			t ? t->cause : cause,
		};
		if (!t)
			list[kept++] = list[i];
	}
	return kept;
}

/* Compares scratch with what it should be, and says what came with this. */
static int compare(struct unwinding *u, size_t at, enum direction direction,
		   struct error *err)
{
	const char *stage = direction == DIRECTION_UP ? "up again" : "down";
	const struct trace *older = blame(u, NULL);
	/* one that restores alone was brought to it by another one */
	size_t cause = u->bench->sound[at] && older ? older->cause : at;
	struct proof_difference *list = NULL;
	struct trace *now;
	size_t count = 0, kept, now_count = 0;
	bool at_end = at == (direction == DIRECTION_UP ? u->bench->last
						       : u->bench->first);
	struct catalog *found;

	if (++u->since < u->every && !at_end)
		return 0;
	u->since = 0;
	if (bench_look(u->bench, u->out, &found, err) < 0)
		return -1;
	prove_compare(u->out, &list, &count, stage, u->expected, found);
	talloc_free(found);
	now = talloc_array(u->out, struct trace, (unsigned)count + 1);
	kept = take_new(u, list, count, now, &now_count, cause);
	talloc_free(u->traces);
	u->traces = now;
	u->trace_count = now_count;
	if (kept) {
		struct unwind_step *step = add_step(u, at, direction);

		step->differences = list;
		step->difference_count = kept;
		step->cause = cause == at ? NULL : label(u, cause);
		u->out->outcome = UNWIND_DIFFERS;
	}
	return 0;
}

static int script_failed(struct unwinding *u, size_t at,
			 enum direction direction, struct error *err)
{
	struct unwind_step *step;
	const struct trace *t;
	char *place;

	if (prove_is_fatal(err))
		return -1;
	step = add_step(u, at, direction);
	step->error = prove_error_text(u->out, err, &place);
	step->place = place;
	t = blame(u, step->error);
	if (t && t->cause != at)
		step->cause = label(u, t->cause);
	u->out->outcome = UNWIND_FAILED;
	return 0;
}

/* --- the way down and up -------------------------------------------------- */

/* The catalog that is expected next; the one before it has served. */
static void expect(struct unwinding *u, struct catalog *next)
{
	if (u->expected != u->bench->known)
		talloc_free(u->expected);
	u->expected = next;
}

static int step_down(struct unwinding *u, size_t at, struct error *err)
{
	struct bench *bench = u->bench;

	bench_report(bench, PROVE_UNWIND, at, NULL);
	if (bench_run(NULL, bench, bench->scratch, &bench->set->list[at],
		      DIRECTION_DOWN, NULL, err) < 0)
		return script_failed(u, at, DIRECTION_DOWN, err);
	u->out->reverted++;
	expect(u, catalog_step_back(bench->mem, bench->steps[at], u->expected));
	return compare(u, at, DIRECTION_DOWN, err);
}

static int step_up(struct unwinding *u, size_t at, struct error *err)
{
	struct bench *bench = u->bench;

	bench_report(bench, PROVE_AGAIN, at, NULL);
	if (bench_run(NULL, bench, bench->scratch, &bench->set->list[at],
		      DIRECTION_UP, NULL, err) < 0)
		return script_failed(u, at, DIRECTION_UP, err);
	expect(u, catalog_step_on(bench->mem, bench->steps[at], u->expected));
	return compare(u, at, DIRECTION_UP, err);
}

static bool is_irreversible(struct unwinding *u, size_t at)
{
	char *why = bench_directive(u->out, u->bench, &u->bench->set->list[at],
				    DIRECTION_DOWN, DIRECTIVE_IRREVERSIBLE);

	if (!why)
		return false;
	u->out->stopped_at = label(u, at);
	u->out->why = why;
	if (u->out->outcome == UNWIND_RESTORED)
		u->out->outcome = UNWIND_STOPPED;
	return true;
}

static bool has_failed(const struct unwinding *u)
{
	return u->out->outcome == UNWIND_FAILED ||
	       (u->out->outcome == UNWIND_DIFFERS && is_hasty(u));
}

/* What never was applied is not reverted, either. */
static int walk(struct unwinding *u, struct error *err)
{
	const struct bench *bench = u->bench;
	size_t at = bench->last + 1;

	for (; at > bench->first && !has_failed(u); at--) {
		if (!bench->applied[at - 1])
			continue;
		if (is_irreversible(u, at - 1))
			break;
		if (step_down(u, at - 1, err) < 0)
			return -1;
	}
	for (; at <= bench->last && !has_failed(u); at++)
		if (bench->applied[at] && step_up(u, at, err) < 0)
			return -1;
	return 0;
}

static size_t steps_between(const struct bench *bench)
{
	for (size_t i = bench->first; i <= bench->last; i++)
		if (!bench->sound[i])
			return 1;
	return (bench->last - bench->first + 1) / COMPARISONS;
}

static int go(struct bench *bench, size_t every, struct unwind **out,
	      struct error *err)
{
	struct unwinding u = {
		.bench = bench,
		.out = talloc_zero(bench->mem, struct unwind),
		.expected = bench->known,
		.every = every,
	};
	int result;

	u.out->newest = bench->set->list[bench->last].version;
	u.out->oldest = bench->set->list[bench->first].version;
	for (size_t i = bench->first; i <= bench->last; i++)
		u.out->total += bench->applied[i];
	result = walk(&u, err);
	expect(&u, NULL);
	talloc_free(u.traces);
	*out = u.out;
	return result;
}

int unwind(struct bench *bench, struct unwind **out, struct error *err)
{
	struct catalog *known = bench->known;
	size_t every = steps_between(bench);

	if (go(bench, every, out, err) < 0)
		return -1;
	if ((*out)->outcome < UNWIND_DIFFERS || every <= 1)
		return 0;
	talloc_free(*out);
	bench->known = NULL; /* what is expected is known still */
	if (bench_start_again(bench, bench->last + 1, err) < 0)
		return -1;
	bench->known = known;
	return go(bench, 1, out, err);
}

/* --- JSON ----------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *step_json(const struct unwind_step *s)
{
	char version[VERSION_LENGTH + 1];

	return json_pack(
		"{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "version",
		version_format(s->version, version), "name", s->name,
		"direction", direction_name(s->direction), "differences",
		proof_differences_json(s->differences, s->difference_count),
		"error", text_or_null(s->error), "place",
		text_or_null(s->place), "cause", text_or_null(s->cause));
}

json_t *unwind_json(const struct unwind *u)
{
	char newest[VERSION_LENGTH + 1], oldest[VERSION_LENGTH + 1];
	json_t *steps = json_array();

	for (size_t i = 0; i < u->step_count; i++)
		json_array_append_new(steps, step_json(&u->steps[i]));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "outcome",
			 unwind_outcome_name(u->outcome), "newest",
			 version_format(u->newest, newest), "oldest",
			 version_format(u->oldest, oldest), "reverted",
			 (json_int_t)u->reverted, "total", (json_int_t)u->total,
			 "stopped_at", text_or_null(u->stopped_at), "why",
			 text_or_null(u->why), "steps", steps);
}
