#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"

/* Where nobody sees a line change, how often another one is worth it. */
#define LINE_EVERY_US 10000000
#define BAR_WIDTH 20
/* On a terminal: as often as an eye can follow, over what may be a slow line.
 */
#define DRAW_EVERY_US 100000
/* With less room than this, a line cut short tells nothing. */
#define NARROWEST 10
/* Of what is being done, this much stays beside how far it is: "applying " and
   a date. */
#define LEAST_WHAT 20

/* One line that is written over and over, on a terminal only. */
static struct {
	bool shown, quiet;
	char *what;
	int64_t since_us;
	bool said_waiting;
	char *batches; /* how far they are, in words, or NULL */
	int64_t said_batches_us;
	char *phase; /* of the statement that runs, in words, or NULL */
	char *drawn; /* what the terminal was given last */
	int64_t drawn_us;
} line;

void progress_begin(const struct cmd *cmd, const char *what)
{
	progress_end();
	line.what = text_visible(NULL, what, false);
	line.since_us = line.said_batches_us = clock_mono_us();
	line.quiet = cmd->quiet;
	line.said_waiting = false;
}

void progress_wipe(void)
{
	if (line.shown)
		fputs("\r\033[K", stderr);
	line.shown = false;
}

void progress_end(void)
{
	progress_wipe();
	talloc_free(line.what);
	talloc_free(line.batches);
	talloc_free(line.phase);
	line.what = line.batches = line.phase = NULL;
}

void progress_phase(const char *phase, double done)
{
	talloc_free(line.phase);
	line.phase = phase ? text_visible(NULL, phase, false) : NULL;
	if (phase && done >= 0 && done <= 1)
		line.phase = talloc_asprintf_append(line.phase, " %d%%",
						    (int)(done * 100));
}

/* Asked anew for each line: a window is made larger and smaller. */
static int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int width = 0;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width <= 0 && columns)
		width = atoi(columns);
	return width > 0 ? width : 80;
}

/*
 * What is being done, and how far it is. The reader knows the one and looks for
 * the other, so the one is cut first.
 */
static char *join(TALLOC_CTX *mem, const char *how_far, int room)
{
	const char *what = line.what ? line.what : "";
	int left = room - text_width(how_far);

	if (left < LEAST_WHAT)
		left = LEAST_WHAT;
	return text_cut(mem,
			talloc_asprintf(mem, "%s%s",
					text_cut(mem, what, left, "..."),
					how_far),
			room, "...");
}

/*
 * In one row, or the next line could not be written over it. The time it takes
 * stays longest; the last column stays free, where some terminals go on to the
 * next row.
 */
static char *fit(const char *how_far)
{
	int64_t us = clock_mono_us() - line.since_us;
	char *elapsed = text_duration(NULL, (double)us / 1000), *text;
	int width = terminal_width() - 1,
	    room = width - text_width(elapsed) - 2;

	if (room >= NARROWEST)
		text = talloc_asprintf(NULL, "%s  %s",
				       join(elapsed, how_far, room), elapsed);
	else
		text = talloc_strdup(
			NULL, text_width(elapsed) <= width ? elapsed : "");
	talloc_free(elapsed);
	return text;
}

static void show(char *text, int64_t now)
{
	if (line.shown && line.drawn && !strcmp(text, line.drawn)) {
		talloc_free(text);
		return;
	}
	talloc_free(line.drawn);
	line.drawn = text;
	line.drawn_us = now;
	line.shown = true;
	fprintf(stderr, "\r\033[K%s", text);
	fflush(stderr);
}

static void draw(const char *waiting_for)
{
	int64_t now = clock_mono_us();
	char *how_far;

	if (line.drawn && now - line.drawn_us < DRAW_EVERY_US)
		return;
	how_far = talloc_asprintf(
		NULL, "%s%s%s%s%s%s", line.batches ? ": " : "",
		line.batches ? line.batches : "", line.phase ? ": " : "",
		line.phase ? line.phase : "",
		waiting_for ? ": waiting for " : "",
		waiting_for ? waiting_for : "");
	show(fit(how_far), now);
	talloc_free(how_far);
}

static void tell(const char *waiting_for)
{
	if (!isatty(2)) {
		if (waiting_for && !line.said_waiting)
			fprintf(stderr, "waiting for %s\n", waiting_for);
		line.said_waiting |= waiting_for != NULL;
		return;
	}
	if (line.what || waiting_for)
		draw(waiting_for);
}

int progress_tick(const char *waiting_for, void *data)
{
	char *shown;

	(void)data;
	if (cmd_is_interrupted())
		return 1;
	if (line.quiet)
		return 0;
	/* who is in the way has a name that somebody else gave it */
	shown = waiting_for ? text_visible(NULL, waiting_for, false) : NULL;
	tell(shown);
	talloc_free(shown);
	return 0;
}

static void add_bar(char **text, const struct batch_report *r)
{
	double part = (double)r->walked / (double)r->total;
	int full;

	if (r->total <= 0)
		return;
	if (part > 1) /* the total is an estimate */
		part = 1;
	full = (int)(part * BAR_WIDTH);
	*text = talloc_asprintf_append(*text, "%d%% [%.*s%.*s] ",
				       (int)(part * 100), full,
				       "####################", BAR_WIDTH - full,
				       "....................");
}

/* "20% [####......] of ~2,000,000 rows, 81,000/s, 19 s left" */
static char *batches_text(const struct batch_report *r)
{
	char *text = talloc_strdup(NULL, "");
	double rate = r->elapsed_ms > 0
			      ? (double)r->walked_now * 1000 / r->elapsed_ms
			      : 0;

	add_bar(&text, r);
	text = talloc_asprintf_append(
		text, r->total > 0 ? "of ~%s rows" : "%s rows",
		text_thousands(text, r->total > 0 ? r->total : r->walked));
	if (rate >= 1)
		text = talloc_asprintf_append(
			text, ", %s/s", text_thousands(text, (int64_t)rate));
	if (rate >= 1 && r->total > r->walked)
		text = talloc_asprintf_append(
			text, ", %s left",
			text_duration(text, (double)(r->total - r->walked) *
						    1000 / rate));
	return text;
}

void progress_batch(const struct batch_report *report)
{
	int64_t now = clock_mono_us();

	if (line.quiet || !line.what)
		return;
	talloc_free(line.batches);
	line.batches = batches_text(report);
	if (isatty(2)) {
		draw(NULL);
	} else if (now - line.said_batches_us >= LINE_EVERY_US) {
		line.said_batches_us = now;
		fprintf(stderr, "%s: %s\n", line.what, line.batches);
	}
}
