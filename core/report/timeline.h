#ifndef CORE_REPORT_TIMELINE_H
#define CORE_REPORT_TIMELINE_H

#include "core/run/facts.h"

/*
 * The locks of a run, those who waited for them, and its statements on one
 * axis of time. The layout is made once; text and SVG only draw it. Times are
 * milliseconds since the run began.
 */

enum timeline_part {
	TIMELINE_WAITED,
	TIMELINE_PERHAPS, /* within the bound: held, or still waiting */
	TIMELINE_HELD,
};

struct timeline_bar {
	enum timeline_part part;
	double from_ms, until_ms;
};

struct timeline_row {
	/* one of them, borrowed from the facts */
	const struct fact_lock *lock;
	const struct fact_victim *victim;
	struct timeline_bar bars[3]; /* in the order of time */
	int bar_count;
};

struct timeline_step {
	const struct fact_statement *statement;
	double from_ms, until_ms;
};

struct timeline {
	double from_ms, until_ms; /* what the axis shows; never empty */
	double tick_ms;		  /* between two of its marks */
	int tick_count;
	/* first locks, then victims, each as they began */
	struct timeline_row *rows;
	size_t row_count;
	size_t more_locks, more_victims; /* not among the rows */
	struct timeline_step *steps;	 /* those whose begin is known */
	size_t step_count;
};

/*
 * At most so many locks and victims: those that were held, or have waited,
 * longest. ticks: how many marks there is room for. NULL when nothing can be
 * placed. The facts have to live as long.
 */
struct timeline *timeline_new(TALLOC_CTX *mem, const struct facts *facts,
			      size_t most_locks, size_t most_victims,
			      int ticks);

/* Where a time is on the axis, 0 to 1. */
double timeline_place(const struct timeline *timeline, double ms);
/* The time of a mark, the first being number 0. */
double timeline_tick(const struct timeline *timeline, int number);
/* The time of a mark of the axis, as far as marks differ: "1.2 s". */
char *timeline_tick_text(TALLOC_CTX *mem, const struct timeline *timeline,
			 double ms);

/*
 * Drawn with characters, in lines of at most `width` columns that end in a line
 * end; ASCII unless utf8. Names are safe for a terminal.
 */
char *timeline_text(TALLOC_CTX *mem, const struct timeline *timeline, int width,
		    bool utf8);

#endif
