#include "cmd/cmd.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/table.h"
#include "core/base/text.h"
#include "core/report/phrases.h"
#include "core/report/timeline.h"

#define MOST_LOCKS 20
#define MOST_VICTIMS 20
#define MOST_GAPS 10
#define QUERY_COLUMNS 48
#define NARROWEST 40
#define WIDEST 160

/* --- the terminal --------------------------------------------------------- */

static int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int width = columns ? atoi(columns) : 0;

	if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0)
		width = 80;
	return width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
}

static bool is_utf8_terminal(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool is = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");

	if (locale)
		freelocale(locale);
	return is;
}

/* --- tables --------------------------------------------------------------- */

static void print_more(size_t count, size_t shown)
{
	if (count > shown)
		printf("  and %zu more\n", count - shown);
}

static int by_place(const void *a, const void *b)
{
	const char *one = *(const char *const *)a,
		   *two = *(const char *const *)b;

	return (one > two) - (one < two);
}

/*
 * The longest ones, in the order of the facts: pointers into a list of
 * structs, sorted by `by_length` and then by where they point.
 */
static const void **longest(TALLOC_CTX *mem, const void *list, size_t size,
			    size_t *count, size_t most,
			    int (*by_length)(const void *a, const void *b))
{
	const void **items = talloc_array(mem, const void *,
					  (unsigned)*count + 1);

	for (size_t i = 0; i < *count; i++)
		items[i] = (const char *)list + i * size;
	if (*count <= most)
		return items;
	qsort(items, *count, sizeof(*items), by_length);
	*count = most;
	qsort(items, *count, sizeof(*items), by_place);
	return items;
}

static int by_held(const void *a, const void *b)
{
	const struct fact_lock *one = *(const struct fact_lock *const *)a;
	const struct fact_lock *two = *(const struct fact_lock *const *)b;

	if (one->held_ms != two->held_ms)
		return one->held_ms < two->held_ms ? 1 : -1;
	return by_place(a, b);
}

static int by_waited(const void *a, const void *b)
{
	const struct fact_victim *one = *(const struct fact_victim *const *)a;
	const struct fact_victim *two = *(const struct fact_victim *const *)b;

	if (one->waited_ms != two->waited_ms)
		return one->waited_ms < two->waited_ms ? 1 : -1;
	return by_place(a, b);
}

static void print_locks(TALLOC_CTX *mem, const struct facts *facts)
{
	static const char *const headings[] = { "LOCK ON", "MODE",   "TAKEN AT",
						"HELD",	   "WAITED", "TABLE" };
	struct table *table;
	const void **locks;
	size_t count = facts->lock_count;

	if (!count)
		return;
	locks = longest(mem, facts->locks, sizeof(*facts->locks), &count,
			MOST_LOCKS, by_held);
	table = table_new(headings, 6);
	for (size_t i = 0; i < count; i++) {
		const struct fact_lock *l = locks[i];
		const char *waited = phrase_waited(mem, l);
		const char *cells[] = {
			l->relation,
			l->mode,
			l->from_ms < 0 ? "-" : text_duration(mem, l->from_ms),
			phrase_held(mem, l),
			waited ? waited : "-",
			phrase_done(l),
		};

		table_row(table, cells, NULL);
	}
	table_print_under(table);
	print_more(facts->lock_count, count);
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static const char *waited_for(TALLOC_CTX *mem, const struct fact_victim *v)
{
	if (v->relation && v->mode)
		return talloc_asprintf(mem, "%s on %s", v->mode, v->relation);
	return or_dash(v->relation ? v->relation : v->mode);
}

static void print_victims(TALLOC_CTX *mem, const struct facts *facts)
{
	static const char *const headings[] = { "SESSION",     "USER",
						"APPLICATION", "WAITED FOR",
						"WAITED",      "OUTCOME",
						"QUERY" };
	size_t count = facts->victim_count, seen = (size_t)facts->victims_seen;
	struct table *table;
	const void **victims;

	if (!count)
		return;
	victims = longest(mem, facts->victims, sizeof(*facts->victims), &count,
			  MOST_VICTIMS, by_waited);
	table = table_new(headings, 7);
	for (size_t i = 0; i < count; i++) {
		const struct fact_victim *v = victims[i];
		const char *query = or_dash(v->query);
		const char *cells[] = {
			talloc_asprintf(mem, "%" PRId64, v->pid),
			or_dash(v->user),
			or_dash(v->application),
			waited_for(mem, v),
			phrase_victim_waited(mem, v),
			or_dash(v->outcome),
			text_cut(mem, text_visible(mem, query, false),
				 QUERY_COLUMNS, "..."),
		};

		table_row(table, cells, NULL);
	}
	table_print_under(table);
	print_more(seen > facts->victim_count ? seen : facts->victim_count,
		   count);
}

/* --- the timeline, and what is not on it ---------------------------------- */

static void print_timeline(TALLOC_CTX *mem, const struct facts *facts)
{
	int width = terminal_width() - 2;
	struct timeline *timeline = timeline_new(mem, facts, MOST_LOCKS,
						 MOST_VICTIMS, width / 14);
	char *rest, *line;

	if (!timeline)
		return;
	rest = timeline_text(mem, timeline, width, is_utf8_terminal());
	while ((line = strsep(&rest, "\n")) != NULL && rest)
		printf("  %s\n", line);
}

static void print_gaps(TALLOC_CTX *mem, const struct facts *facts)
{
	for (size_t i = 0; i < facts->gap_count && i < MOST_GAPS; i++)
		printf("  not seen: %s\n",
		       text_visible(mem, facts->gaps[i], false));
	print_more(facts->gap_count, MOST_GAPS);
}

void show_locks(TALLOC_CTX *mem, const struct facts *facts)
{
	print_locks(mem, facts);
	print_victims(mem, facts);
	print_timeline(mem, facts);
	print_gaps(mem, facts);
}
