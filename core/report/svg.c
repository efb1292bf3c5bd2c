#include "core/report/svg.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/report/phrases.h"

/* Pixels from top to bottom. */
#define AXIS_HEIGHT 26
#define STEPS_HEIGHT 40
#define ROW_HEIGHT 38
#define LABEL_BASE 13
#define BAR_TOP 19
#define BAR_HEIGHT 12

/* Shares of the width, in percent: what is shorter is drawn so wide. */
#define LEAST_SHARE 0.4
/* A number needs as much. */
#define NUMBER_SHARE 4.0

#define MOST_STEPS 200
#define MOST_BOUNDARIES 40
#define LABEL_COLUMNS 44
#define LEAST_NAME 12

struct svg {
	struct html *html;
	const struct timeline *timeline;
	int id, height, y;
	size_t steps;
	TALLOC_CTX *turn;
};

static double share(const struct svg *svg, double ms)
{
	return 100 * timeline_place(svg->timeline, ms);
}

/* A bar that is seen, and within the drawing. */
static void bar_shares(const struct svg *svg, double from_ms, double until_ms,
		       double *x, double *width)
{
	*x = share(svg, from_ms);
	*width = share(svg, until_ms) - *x;
	if (*width < LEAST_SHARE)
		*width = LEAST_SHARE;
	if (*x + *width > 100)
		*x = 100 - *width;
}

/* --- the axis ------------------------------------------------------------- */

static void put_tick(struct svg *svg, double ms)
{
	double x = share(svg, ms);
	const char *anchor = x < NUMBER_SHARE	      ? "start"
			     : x > 100 - NUMBER_SHARE ? "end"
						      : "middle";

	html_putf(svg->html,
		  "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"18\" "
		  "y2=\"%d\"/>\n"
		  "<text class=\"tick\" x=\"%.2f%%\" y=\"12\" "
		  "text-anchor=\"%s\">",
		  x, x, svg->height, x, anchor);
	html_text(svg->html, timeline_tick_text(svg->turn, svg->timeline, ms));
	html_put(svg->html, "</text>\n");
}

static void put_axis(struct svg *svg)
{
	for (int i = 0; i < svg->timeline->tick_count; i++)
		put_tick(svg, timeline_tick(svg->timeline, i));
	svg->y = AXIS_HEIGHT;
}

/* --- statements ----------------------------------------------------------- */

static void put_step_title(struct svg *svg, const struct fact_statement *s)
{
	html_put(svg->html, "<title>");
	html_textf(svg->html, "%d: %s", s->index, s->kind ? s->kind : "");
	for (size_t i = 0; i < s->relation_count; i++)
		html_textf(svg->html, "%s%s", i ? ", " : " ", s->relations[i]);
	html_textf(svg->html, ", %s", text_duration(svg->turn, s->duration_ms));
	html_put(svg->html, "</title>\n");
}

static void put_step(struct svg *svg, size_t n)
{
	const struct timeline_step *step = &svg->timeline->steps[n];
	double x, width;

	bar_shares(svg, step->from_ms, step->until_ms, &x, &width);
	html_put(svg->html, "<g>");
	put_step_title(svg, step->statement);
	html_putf(svg->html,
		  "<rect class=\"step%s\" x=\"%.2f%%\" width=\"%.2f%%\" "
		  "y=\"%d\" height=\"14\"/>\n",
		  n % 2 ? " odd" : "", x, width, svg->y + BAR_TOP);
	if (width >= NUMBER_SHARE)
		html_putf(svg->html,
			  "<text class=\"number\" x=\"%.2f%%\" y=\"%d\" "
			  "text-anchor=\"middle\">%d</text>\n",
			  x + width / 2, svg->y + BAR_TOP + 11,
			  step->statement->index);
	html_put(svg->html, "</g>\n");
}

static void put_steps(struct svg *svg)
{
	if (!svg->steps)
		return;
	for (size_t i = 0; svg->steps <= MOST_BOUNDARIES && i < svg->steps;
	     i++) {
		double x = share(svg, svg->timeline->steps[i].from_ms);

		html_putf(svg->html,
			  "<line class=\"boundary\" x1=\"%.2f%%\" "
			  "x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>\n",
			  x, x, svg->y + BAR_TOP, svg->height);
	}
	html_putf(svg->html,
		  "<text class=\"label\" x=\"0\" y=\"%d\">statements</text>\n",
		  svg->y + LABEL_BASE);
	for (size_t i = 0; i < svg->steps; i++)
		put_step(svg, i);
	svg->y += STEPS_HEIGHT;
}

/* --- rows ----------------------------------------------------------------- */

static void put_lock_title(struct svg *svg, const struct fact_lock *l)
{
	const char *waited = phrase_waited(svg->turn, l);
	const char *done = phrase_done(l);

	html_textf(svg->html, "%s on %s: %s, taken at %s, held %s", l->mode,
		   l->relation, phrase_strength(lock_strength(l->mode)),
		   text_duration(svg->turn, l->from_ms),
		   phrase_held(svg->turn, l));
	if (waited)
		html_textf(svg->html, ", waited %s", waited);
	if (l->statement)
		html_textf(svg->html, ", by statement %d", l->statement);
	if (*done)
		html_textf(svg->html, ", %s", done);
}

static void put_victim_title(struct svg *svg, const struct fact_victim *v)
{
	html_textf(svg->html, "session %" PRId64, v->pid);
	if (v->application && *v->application)
		html_textf(svg->html, " (%s)", v->application);
	html_textf(svg->html, " waited %s", phrase_victim_waited(svg->turn, v));
	if (v->mode && v->relation)
		html_textf(svg->html, " for %s on %s", v->mode, v->relation);
	if (v->outcome)
		html_textf(svg->html, ", %s", v->outcome);
	if (v->query)
		html_textf(svg->html, ": %s", v->query);
}

static void put_label(struct svg *svg, const char *label, const char *took)
{
	html_putf(svg->html, "<text class=\"label\" x=\"0\" y=\"%d\">",
		  svg->y + LABEL_BASE);
	html_text(svg->html,
		  text_cut(svg->turn, text_visible(svg->turn, label, false),
			   LABEL_COLUMNS, "…"));
	html_putf(svg->html,
		  "</text>\n<text class=\"took\" x=\"100%%\" y=\"%d\" "
		  "text-anchor=\"end\">",
		  svg->y + LABEL_BASE);
	html_text(svg->html, took);
	html_put(svg->html, "</text>\n");
}

static void put_bar(struct svg *svg, const struct timeline_row *row,
		    const struct timeline_bar *bar)
{
	double x, width;

	bar_shares(svg, bar->from_ms, bar->until_ms, &x, &width);
	html_put(svg->html, "<rect class=\"");
	if (row->victim)
		html_put(svg->html, "victim");
	else
		html_putf(svg->html, "lock s%d",
			  (int)lock_strength(row->lock->mode));
	if (bar->part == TIMELINE_PERHAPS)
		html_put(svg->html, " perhaps");
	html_put(svg->html, "\"");
	/* what is waiting is hatched */
	if (bar->part == TIMELINE_WAITED || row->victim)
		html_putf(svg->html, " style=\"fill:url(#%s-%d)\"",
			  row->victim ? "victim" : "wait", svg->id);
	html_putf(svg->html,
		  " x=\"%.2f%%\" width=\"%.2f%%\" y=\"%d\" height=\"%d\"/>\n",
		  x, width, svg->y + BAR_TOP, BAR_HEIGHT);
}

static const char *row_label(struct svg *svg, const struct timeline_row *row,
			     const char **took)
{
	const struct fact_victim *v = row->victim;

	if (row->lock) {
		const char *mode = text_visible(svg->turn, row->lock->mode,
						false);
		const char *on = text_visible(svg->turn, row->lock->relation,
					      false);
		int room = LABEL_COLUMNS - 3 - text_width(mode);

		*took = text_duration(svg->turn, row->lock->held_ms);
		return talloc_asprintf(
			svg->turn, "%s · %s",
			text_cut(svg->turn, on,
				 room < LEAST_NAME ? LEAST_NAME : room, "…"),
			mode);
	}
	*took = text_duration(svg->turn, v->waited_ms);
	return talloc_asprintf(svg->turn, "waits: %" PRId64 "%s%s", v->pid,
			       v->application && *v->application ? " · " : "",
			       v->application ? v->application : "");
}

static void put_row(struct svg *svg, const struct timeline_row *row)
{
	const char *took, *label = row_label(svg, row, &took);

	html_put(svg->html, "<g><title>");
	if (row->lock)
		put_lock_title(svg, row->lock);
	else
		put_victim_title(svg, row->victim);
	/* the tooltip is for all of the row */
	html_putf(svg->html,
		  "</title>\n<rect class=\"hit\" x=\"0\" y=\"%d\" "
		  "width=\"100%%\" height=\"%d\"/>\n",
		  svg->y, ROW_HEIGHT);
	put_label(svg, label, took);
	for (int i = 0; i < row->bar_count; i++)
		put_bar(svg, row, &row->bars[i]);
	html_put(svg->html, "</g>\n");
	svg->y += ROW_HEIGHT;
	talloc_free_children(svg->turn);
}

/* --- the whole ------------------------------------------------------------ */

static void put_pattern(struct svg *svg, const char *name)
{
	html_putf(svg->html,
		  "<pattern id=\"%s-%d\" width=\"6\" height=\"6\" "
		  "patternUnits=\"userSpaceOnUse\" "
		  "patternTransform=\"rotate(45)\">"
		  "<rect class=\"%s-ground\" width=\"6\" height=\"6\"/>"
		  "<rect class=\"%s-line\" width=\"2\" height=\"6\"/>"
		  "</pattern>\n",
		  name, svg->id, name, name);
}

void svg_timeline(struct html *html, const struct timeline *timeline, int id)
{
	struct svg svg = {
		.html = html,
		.timeline = timeline,
		.id = id,
		.steps = timeline->step_count < MOST_STEPS
				 ? timeline->step_count
				 : MOST_STEPS,
		.turn = talloc_new(NULL),
	};

	svg.height = AXIS_HEIGHT + (svg.steps ? STEPS_HEIGHT : 0) +
		     (int)timeline->row_count * ROW_HEIGHT;
	html_putf(html,
		  "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
		  "width=\"100%%\" height=\"%d\" "
		  "aria-labelledby=\"timeline-%d\">\n"
		  "<title id=\"timeline-%d\">Locks and waits over time"
		  "</title>\n<defs>\n",
		  svg.height, id, id);
	put_pattern(&svg, "wait");
	put_pattern(&svg, "victim");
	html_put(html, "</defs>\n");
	put_axis(&svg);
	put_steps(&svg);
	for (size_t i = 0; i < timeline->row_count; i++)
		put_row(&svg, &timeline->rows[i]);
	html_put(html, "</svg>\n");
	talloc_free(svg.turn);
}
