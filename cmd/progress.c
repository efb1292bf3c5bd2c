#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

/* One line that is written over and over, on a terminal only. */
static struct {
	bool shown, quiet;
	char *what;
	int64_t since_us;
	bool said_waiting;
} line;

void progress_begin(const struct cmd *cmd, const char *what)
{
	progress_end();
	line.what = text_visible(NULL, what, false);
	line.since_us = clock_mono_us();
	line.quiet = cmd->quiet;
	line.said_waiting = false;
}

void progress_end(void)
{
	if (line.shown)
		fputs("\r\033[K", stderr);
	line.shown = false;
	talloc_free(line.what);
	line.what = NULL;
}

int progress_tick(const char *waiting_for, void *data)
{
	double ms = (double)(clock_mono_us() - line.since_us) / 1000;
	char *elapsed;

	(void)data;
	if (cmd_is_interrupted())
		return 1;
	if (line.quiet)
		return 0;
	if (!isatty(2)) {
		if (waiting_for && !line.said_waiting)
			fprintf(stderr, "waiting for %s\n", waiting_for);
		line.said_waiting |= waiting_for != NULL;
		return 0;
	}
	if (!line.what && !waiting_for)
		return 0;
	elapsed = text_duration(NULL, ms);
	fprintf(stderr, "\r\033[K%s%s%s  %s", line.what ? line.what : "",
		waiting_for ? ": waiting for " : "",
		waiting_for ? waiting_for : "", elapsed);
	fflush(stderr);
	line.shown = true;
	talloc_free(elapsed);
	return 0;
}
