#include "core/db/mysql/internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * A server goes on with a COMMIT whose client is gone, and nobody sees what it
 * does until it is done: only when the lost session has ended does the ledger
 * tell for certain.
 */

#define CONNECT_S 3
#define PATIENCE_US 5000000
#define PAUSE_MS 100

static int take_there(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

/* A server that was started again numbers its connections anew. */
static int is_there(struct my *again, const struct my *lost, bool *there,
		    struct error *err)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		 "SELECT 1 FROM information_schema.PROCESSLIST "
		 "WHERE ID = %lu AND ID <> CONNECTION_ID()",
		 lost->main.id);
	*there = false;
	return my_run(&again->main, sql, strlen(sql), take_there, there, NULL,
		      err);
}

int my_inquire(TALLOC_CTX *mem, struct db *db, struct db **out, bool *over,
	       struct error *err)
{
	struct my *lost = my_of(db), *again;
	int64_t *until = talloc(mem, int64_t);
	const struct db_options options = {
		.read_only = true,
		.hasty = true,
		.tick = db_deadline_tick,
		.tick_data = until,
	};
	struct my_url url = lost->url;
	bool there = true;

	*until = clock_mono_us() + PATIENCE_US;
	url.connect_timeout = CONNECT_S;
	if (my_open_url(mem, &url, &options, &again, err) < 0)
		return -1;
	*until = clock_mono_us() + PATIENCE_US;
	while (is_there(again, lost, &there, err) == 0 && there &&
	       clock_mono_us() < *until - 2 * PAUSE_MS * 1000)
		poll(NULL, 0, PAUSE_MS);
	if (err->code)
		return -1;
	*until = clock_mono_us() + PATIENCE_US;
	*over = !there;
	*out = &again->db;
	return 0;
}
