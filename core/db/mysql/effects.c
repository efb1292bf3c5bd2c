#include <string.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * What a statement that commits by itself did to its tables, from the numbers
 * that InnoDB knows them by before and after it: a table with another number,
 * or in another file, was rebuilt, and an index with a new one was built. With
 * what the server did meanwhile that tells by which algorithm a table was
 * changed. Nothing here is known of any statement.
 */

/* It may cost as much as this, or this part of what the statement took. */
#define CHEAP_US 5000
#define PART_OF_THE_TIME 50

/* --- looking -------------------------------------------------------------- */

static const char dear[] = "whether tables were rebuilt by each statement: "
			   "there are too many to look for them each time";
static const char denied[] = "whether tables were rebuilt, and how they were "
			     "changed: this role lacks the PROCESS privilege";

/* Of two and more the fastest one tells what it costs; others have met a busy
   machine. */
static void note_cost(struct my *my, int64_t us)
{
	if (!my->numbers_least_us || us < my->numbers_least_us) {
		my->numbers_cost_us = my->numbers_least_us ? us : 0;
		my->numbers_least_us = us;
	} else {
		my->numbers_cost_us = my->numbers_least_us;
	}
	my->observed->observed_ms += (double)us / 1000;
}

/* False: they cannot be seen. */
static bool look(struct my *my, struct my_numbers *all)
{
	struct error ignored = { 0 };
	int64_t before = clock_mono_us();
	int result = my_numbers_read(my, all, &ignored);

	note_cost(my, clock_mono_us() - before);
	if (result < 0 && !my->side.lost) {
		my->no_numbers = true;
		facts_add_gap(my->observed, denied);
	}
	error_release(&ignored);
	return result == 0;
}

static bool may_look(const struct my *my)
{
	return my->observed && my->side.mysql && !my->side.lost;
}

static bool is_too_dear(const struct my *my, int64_t lasted_us)
{
	return my->numbers_cost_us > CHEAP_US &&
	       lasted_us / PART_OF_THE_TIME < my->numbers_cost_us;
}

static bool knows_all(const struct my_numbers *all, const struct statement *s)
{
	for (size_t i = 0; i < s->relation_count; i++)
		if (!my_numbers_know(all, s->relations[i]))
			return false;
	return true;
}

/* The next script has its own, perhaps where this one was. */
static void forget_all(struct my *my, const struct script *script)
{
	talloc_free(my->numbers);
	my->numbers = NULL;
	my->numbers_of = script;
}

/* One look for all that the rest of the script will ask for: what is so after
   a statement is so before the next one. */
void my_effects_before(struct my *my, const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];
	struct my_numbers *all;

	if (!n || my->numbers_of != script)
		forget_all(my, script);
	if (!may_look(my) || !s->need.queues || !s->relation_count)
		return;
	if (my->no_numbers) {
		facts_add_gap(my->observed, denied);
		return;
	}
	if (knows_all(my->numbers, s))
		return;
	if (is_too_dear(my, 0)) {
		facts_add_gap(my->observed, dear);
		return;
	}
	all = talloc_zero(my, struct my_numbers);
	for (size_t i = n; i < script->statement_count; i++)
		for (size_t k = 0; k < script->statements[i].relation_count;
		     k++)
			my_numbers_want(all,
					script->statements[i].relations[k]);
	forget_all(my, script);
	if (look(my, all))
		my->numbers = all;
	else
		talloc_free(all);
}

/* --- comparing ------------------------------------------------------------ */

struct my_difference {
	bool there;		    /* before and after it */
	bool rebuilt;		    /* it, or a part of it that was there */
	bool parts_differ;	    /* parts have come or gone */
	int built, rewritten, gone; /* indexes */
};

static const struct my_index *find_index(const struct my_numbers *all,
					 size_t relation,
					 const struct my_index *like,
					 bool by_name)
{
	for (size_t i = 0; all && i < all->count; i++) {
		const struct my_index *x = &all->list[i];

		if (x->relation == relation && !strcmp(x->part, like->part) &&
		    x->clustered == like->clustered &&
		    (like->clustered || (by_name ? !strcmp(x->name, like->name)
						 : x->number == like->number)))
			return x;
	}
	return NULL;
}

static void compare_one(struct my_difference *d, const struct my_index *now,
			const struct my_numbers *before, size_t relation)
{
	const struct my_index *then = find_index(before, relation, now, true);

	if (now->clustered) {
		d->there |= then != NULL;
		d->parts_differ |= then == NULL;
		d->rebuilt |= then && (then->table != now->table ||
				       then->space != now->space);
		return;
	}
	/* it may have been given another name */
	if (find_index(before, relation, now, false))
		return;
	if (then)
		d->rewritten++;
	else
		d->built++;
}

static struct my_difference compare(const struct my_numbers *before,
				    const struct my_numbers *after,
				    const char *name)
{
	size_t then = my_numbers_find(before, name);
	size_t now = my_numbers_find(after, name);
	struct my_difference d = { .there = false };

	for (size_t i = 0; i < after->count; i++)
		if (after->list[i].relation == now)
			compare_one(&d, &after->list[i], before, then);
	for (size_t i = 0; i < before->count; i++) {
		const struct my_index *x = &before->list[i];

		if (x->relation != then || find_index(after, now, x, false))
			continue;
		d.parts_differ |= x->clustered;
		d.gone += !x->clustered;
	}
	return d;
}

/* --- and what the facts say of it ----------------------------------------- */

static bool alters(const struct statement *s)
{
	static const char *const kinds[] = { "ALTER TABLE", "CREATE INDEX",
					     "DROP INDEX", "OPTIMIZE" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(s->kind, kinds[i]))
			return true;
	return false;
}

/* The part in which the rows are copied from one table to the other; and the
   one in which the storage engine does what is to be done. */
#define COPIES "copy to tmp table"
#define IN_PLACE "altering table"

static const char *algorithm(const struct my *my, const struct my_difference *d)
{
	if (my_waits_saw(my, COPIES) || my->copies)
		return "COPY";
	if (!d || !d->there || d->parts_differ)
		return NULL;
	if (!d->rebuilt)
		return d->built || d->gone || d->rewritten ? "NOCOPY"
							   : "INSTANT";
	return my_waits_saw(my, IN_PLACE) || my->in_place ? "INPLACE" : NULL;
}

/* That a new table got its indexes is nobody's business. */
static void tell(struct my *my, const struct statement *s, const char *name,
		 const struct my_difference *d, struct fact_statement *fact)
{
	struct fact_effect *e;

	if (!d->there || !strncmp(s->kind, "CREATE TABLE", 12) ||
	    !(d->rebuilt || d->built || d->rewritten))
		return;
	e = facts_add_effect(my->observed, fact, name);
	e->rewritten |= d->rebuilt;
	e->indexes_rewritten += d->rewritten;
	e->indexes_built += d->built;
}

/* Of what cannot be seen a copy is known all the same. */
static void tell_copy(struct my *my, const struct statement *s,
		      struct fact_statement *fact)
{
	if (!s->relation_count || !alters(s))
		return;
	fact->algorithm = algorithm(my, NULL);
	if (fact->algorithm)
		facts_add_effect(my->observed, fact, s->relations[0])
			->rewritten = true;
}

static void tell_all(struct my *my, const struct statement *s,
		     const struct my_numbers *after,
		     struct fact_statement *fact)
{
	for (size_t i = 0; i < s->relation_count; i++) {
		struct my_difference d = compare(my->numbers, after,
						 s->relations[i]);

		tell(my, s, s->relations[i], &d, fact);
		if (!i && alters(s))
			fact->algorithm = algorithm(my, &d);
	}
	if (!fact->algorithm && !fact->effect_count)
		tell_copy(my, s, fact);
}

/* What is not looked at now is not known next time. */
static void forget(struct my_numbers *all, const struct statement *s)
{
	for (size_t i = 0; i < s->relation_count; i++) {
		size_t n = my_numbers_find(all, s->relations[i]);

		if (n < all->relation_count)
			all->relations[n] = talloc_strdup(all, "");
	}
}

void my_effects_after(struct my *my, const struct script *script, size_t n,
		      struct fact_statement *fact)
{
	const struct statement *s = &script->statements[n];
	struct my_numbers *after;

	if (!may_look(my))
		return;
	if (!s->need.queues) {
		if (s->alone && my->numbers)
			forget(my->numbers, s);
		return;
	}
	if (!my->numbers || !knows_all(my->numbers, s)) {
		tell_copy(my, s, fact);
		return;
	}
	if (is_too_dear(my, (int64_t)(fact->duration_ms * 1000))) {
		facts_add_gap(my->observed, dear);
		forget(my->numbers, s);
		tell_copy(my, s, fact);
		return;
	}
	after = talloc_zero(my, struct my_numbers);
	for (size_t i = 0; i < my->numbers->relation_count; i++)
		my_numbers_want(after, my->numbers->relations[i]);
	if (!look(my, after)) {
		talloc_free(after);
		tell_copy(my, s, fact);
		return;
	}
	tell_all(my, s, after, fact);
	talloc_free(my->numbers);
	my->numbers = after;
}
