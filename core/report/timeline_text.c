#include "core/report/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* A character of the plot; what it looks like depends on the terminal. */
enum glyph {
	BLANK,
	WAITS,
	PERHAPS,
	HOLDS,
	LINE,
	TICK,
	GLYPHS,
};

static const char *const glyphs[2][GLYPHS] = {
	{ " ", ".", "-", "#", "-", "+" },
	{ " ", "░", "▒", "█", "─", "┬" },
};

struct drawing {
	const struct timeline *timeline;
	bool utf8;
	int label, plot; /* columns */
	char *out;
	TALLOC_CTX *turn;
};

/* --- lines ---------------------------------------------------------------- */

static void trim(struct drawing *d)
{
	size_t length = strlen(d->out);

	while (length && d->out[length - 1] == ' ')
		d->out[--length] = '\0';
}

static void put_label(struct drawing *d, const char *label)
{
	char *cut = text_cut(d->turn, label, d->label, d->utf8 ? "…" : "~");

	d->out = talloc_asprintf_append(d->out, "%s%*s", cut,
					d->label - text_width(cut) + 1, "");
}

/* The end is written anew, as trimming moves it. */
static void end_line(struct drawing *d)
{
	trim(d);
	d->out = talloc_strdup_append(d->out, "\n");
	talloc_free_children(d->turn);
}

static void put_glyphs(struct drawing *d, const unsigned char *cells)
{
	char *line = talloc_strdup(d->turn, "");

	for (int i = 0; i < d->plot; i++)
		line = talloc_strdup_append_buffer(line,
						   glyphs[d->utf8][cells[i]]);
	d->out = talloc_strdup_append(d->out, line);
	end_line(d);
}

/* --- bars ----------------------------------------------------------------- */

static int column(const struct drawing *d, double ms)
{
	return (int)(timeline_place(d->timeline, ms) * d->plot + 0.5);
}

/*
 * A lock that is held is seen, however short, and so is a wait before it. The
 * bound is drawn only where there is a column of it.
 */
static void draw_bar(const struct drawing *d, unsigned char *cells,
		     const struct timeline_bar *bar)
{
	static const enum glyph parts[] = { WAITS, PERHAPS, HOLDS };
	int from = column(d, bar->from_ms), until = column(d, bar->until_ms);

	if (until == from && bar->part != TIMELINE_PERHAPS)
		until++;
	if (until > d->plot) {
		from -= until - d->plot;
		until = d->plot;
	}
	for (int i = from; i < until; i++)
		cells[i] = (unsigned char)parts[bar->part];
}

static char *row_label(TALLOC_CTX *mem, const struct timeline_row *row)
{
	const struct fact_victim *v = row->victim;
	char *label, *shown;

	if (row->lock) {
		size_t n = strlen(row->lock->mode);

		if (n > 4 && !strcmp(row->lock->mode + n - 4, "Lock"))
			n -= 4;
		label = talloc_asprintf(mem, "%s %.*s", row->lock->relation,
					(int)n, row->lock->mode);
	} else {
		label = talloc_asprintf(mem, "waits: %" PRId64 "%s%s", v->pid,
					v->application ? " " : "",
					v->application ? v->application : "");
	}
	shown = text_visible(mem, label, false);
	talloc_free(label);
	return shown;
}

static void draw_row(struct drawing *d, const struct timeline_row *row)
{
	unsigned char *cells = talloc_zero_array(d->turn, unsigned char,
						 (unsigned)d->plot);

	put_label(d, row_label(d->turn, row));
	for (int i = 0; i < row->bar_count; i++)
		draw_bar(d, cells, &row->bars[i]);
	put_glyphs(d, cells);
}

/* --- the axis, and the statements on it ----------------------------------- */

/* Text over blanks, unless something stands there already; at the end it is
   moved in. */
static int put_over(char *line, int plot, int at, int least, const char *text)
{
	int length = (int)strlen(text);

	if (at + length > plot)
		at = plot - length;
	if (at < least)
		return least;
	memcpy(line + at, text, (size_t)length);
	return at + length + 1;
}

static void draw_times(struct drawing *d)
{
	const struct timeline *t = d->timeline;
	char *line = talloc_asprintf(d->turn, "%*s", d->plot, "");
	int least = 0;

	put_label(d, "");
	for (int i = 0; i < t->tick_count; i++) {
		double at = timeline_tick(t, i);

		least = put_over(line, d->plot, column(d, at), least,
				 timeline_tick_text(d->turn, t, at));
	}
	d->out = talloc_strdup_append(d->out, line);
	end_line(d);
}

static void draw_axis(struct drawing *d)
{
	const struct timeline *t = d->timeline;
	unsigned char *cells = talloc_zero_array(d->turn, unsigned char,
						 (unsigned)d->plot);

	put_label(d, "");
	memset(cells, LINE, (size_t)d->plot);
	for (int i = 0; i < t->tick_count; i++) {
		int at = column(d, timeline_tick(t, i));

		cells[at < d->plot ? at : d->plot - 1] = TICK;
	}
	put_glyphs(d, cells);
}

/* Each is marked by its number where it begins, as far as there is room. */
static void draw_steps(struct drawing *d)
{
	const struct timeline *t = d->timeline;
	char *line = talloc_asprintf(d->turn, "%*s", d->plot, "");
	int least = 0;

	if (!t->step_count)
		return;
	put_label(d, "statements");
	for (size_t i = 0; i < t->step_count; i++)
		least = put_over(line, d->plot, column(d, t->steps[i].from_ms),
				 least,
				 talloc_asprintf(d->turn, "%d",
						 t->steps[i].statement->index));
	d->out = talloc_strdup_append(d->out, line);
	end_line(d);
}

/* --- the whole ------------------------------------------------------------ */

static bool has_part(const struct timeline *t, enum timeline_part part)
{
	for (size_t i = 0; i < t->row_count; i++)
		for (int k = 0; k < t->rows[i].bar_count; k++)
			if (t->rows[i].bars[k].part == part)
				return true;
	return false;
}

static void put_legend(struct drawing *d)
{
	static const struct {
		enum timeline_part part;
		enum glyph glyph;
		const char *means;
	} parts[] = {
		{ TIMELINE_WAITED, WAITS, "waits" },
		{ TIMELINE_PERHAPS, PERHAPS, "perhaps" },
		{ TIMELINE_HELD, HOLDS, "holds" },
	};

	put_label(d, "");
	for (size_t i = 0; i < 3; i++)
		if (has_part(d->timeline, parts[i].part))
			d->out = talloc_asprintf_append(
				d->out, "%s %s   ",
				glyphs[d->utf8][parts[i].glyph],
				parts[i].means);
	end_line(d);
}

static void put_more(struct drawing *d, size_t count, const char *what)
{
	if (!count)
		return;
	d->out = talloc_asprintf_append(d->out, "and %zu more %s%s\n", count,
					what, count == 1 ? "" : "s");
}

static int widest_label(const struct drawing *d)
{
	int widest = d->timeline->step_count ? 10 : 0; /* "statements" */

	for (size_t i = 0; i < d->timeline->row_count; i++) {
		int width =
			text_width(row_label(d->turn, &d->timeline->rows[i]));

		if (width > widest)
			widest = width;
	}
	talloc_free_children(d->turn);
	return widest;
}

char *timeline_text(TALLOC_CTX *mem, const struct timeline *t, int width,
		    bool utf8)
{
	struct drawing d = {
		.timeline = t,
		.utf8 = utf8,
		.out = talloc_strdup(mem, ""),
		.turn = talloc_new(NULL),
	};
	size_t i = 0;

	if (width < 20)
		width = 20;
	d.label = widest_label(&d);
	if (d.label > 2 * width / 5)
		d.label = 2 * width / 5;
	d.plot = width - d.label - 1;
	draw_times(&d);
	draw_axis(&d);
	draw_steps(&d);
	for (; i < t->row_count && t->rows[i].lock; i++)
		draw_row(&d, &t->rows[i]);
	put_more(&d, t->more_locks, "lock");
	for (; i < t->row_count; i++)
		draw_row(&d, &t->rows[i]);
	put_more(&d, t->more_victims, "session");
	put_legend(&d);
	talloc_free(d.turn);
	return d.out;
}
