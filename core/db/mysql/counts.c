#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * What a statement read from start to end, from the session's own counters
 * before and after it. They say how often and how many rows, and not of which
 * table: so it is told only of a statement that made one such scan, and names
 * the one table that this can have been.
 */

#define QUESTION                                                               \
	"SELECT VARIABLE_NAME, VARIABLE_VALUE "                                \
	"FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME IN "       \
	"('Handler_read_rnd_next', 'Select_scan', 'Update_scan', "             \
	"'Delete_scan')"
#define COUNTERS 4
/* Of like ones that follow each other, those after such a short one are left
   out. */
#define SHORT_MS 5

static int take_count(const char *const *values, int count, void *data)
{
	struct my_counts *counts = data;
	int64_t value;

	if (count != 2 || !values[0] || !values[1])
		return 0;
	value = strtoll(values[1], NULL, 10);
	counts->seen++;
	if (!strcasecmp(values[0], "Handler_read_rnd_next"))
		counts->rows = value;
	else if (!strcasecmp(values[0], "Select_scan"))
		counts->selects = value;
	else
		counts->changes += value;
	return 0;
}

static bool read_counts(struct my *my, struct my_counts *counts)
{
	struct error ignored = { 0 };
	bool good;

	*counts = (struct my_counts){ .seen = 0 };
	good = my_run(&my->main, QUESTION, strlen(QUESTION), take_count, counts,
		      NULL, &ignored) == 0 &&
	       counts->seen == COUNTERS;
	error_release(&ignored);
	return good;
}

/* Asking is counted, too: once is enough to know how. */
static bool calibrate(struct my *my)
{
	struct my_counts again;

	if (!read_counts(my, &my->counts) || !read_counts(my, &again))
		return false;
	my->asking.rows = again.rows - my->counts.rows;
	my->asking.selects = again.selects - my->counts.selects;
	my->counts = again;
	my->calibrated = true;
	return true;
}

static bool is_one_of(const char *kind, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (!strcmp(kind, *kinds))
			return true;
	return false;
}

/* A question in between would be what these tell of. */
static bool asks_about_the_last(const struct script *script)
{
	static const char *const words[] = { "row_count", "found_rows",
					     "diagnostics", "warning",
					     "error_count" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasestr(script->text, words[i]))
			return true;
	return false;
}

static bool is_worth_counting(const struct my *my, const struct script *script,
			      const struct statement *s)
{
	static const char *const kinds[] = {
		"ALTER TABLE", "DELETE", "INSERT", "REPLACE", "UPDATE", NULL,
	};
	const struct facts *facts = my->observed;

	if (my->no_counts || !s->relation_count || !is_one_of(s->kind, kinds))
		return false;
	if (asks_about_the_last(script))
		return false;
	return !my_is_repetition(my) ||
	       facts->statements[facts->statement_count - 2].duration_ms >
		       SHORT_MS;
}

void my_counts_before(struct my *my, const struct script *script,
		      const struct statement *s)
{
	int64_t before = clock_mono_us();

	my->counting = false;
	if (!is_worth_counting(my, script, s))
		return;
	my->counting = my->calibrated ? read_counts(my, &my->counts)
				      : calibrate(my);
	my->no_counts = !my->counting;
	my->observed->observed_ms += (double)(clock_mono_us() - before) / 1000;
}

void my_counts_after(struct my *my)
{
	struct my_counts now;

	if (!my->counting)
		return;
	my->counting = read_counts(my, &now);
	my->counts.rows = now.rows - my->counts.rows - my->asking.rows;
	my->counts.selects = now.selects - my->counts.selects -
			     my->asking.selects;
	my->counts.changes = now.changes - my->counts.changes;
}

/* Which of its tables it read, or NULL. */
static const char *table_read(const struct my *my, const struct statement *s,
			      const struct fact_statement *fact)
{
	const struct my_counts *c = &my->counts;
	bool copied = fact->algorithm && !strcmp(fact->algorithm, "COPY");

	if (copied)
		return !c->selects && !c->changes ? s->relations[0] : NULL;
	if (c->selects + c->changes != 1)
		return NULL;
	if (c->changes)
		return s->relation_count == 1 ? s->relations[0] : NULL;
	/* what is inserted comes from another one */
	return s->relation_count == 2 && strcmp(s->kind, "UPDATE") != 0 &&
			       strcmp(s->kind, "DELETE") != 0
		       ? s->relations[1]
		       : NULL;
}

/* The last one is the end of the table. */
void my_counts_tell(struct my *my, const struct statement *s,
		    struct fact_statement *fact)
{
	const char *table;
	struct fact_effect *e;

	if (!my->counting)
		return;
	my->counting = false;
	table = my->counts.rows > 1 ? table_read(my, s, fact) : NULL;
	if (!table)
		return;
	e = facts_add_effect(my->observed, fact, table);
	e->scans++;
	e->rows_scanned += my->counts.rows - 1;
}
