#include "core/db/postgres/internal.h"

#include <poll.h>
#include <stdio.h>

#include "core/base/text.h"

/*
 * A server goes on with a COMMIT whose client is gone, and nobody sees what it
 * does until it is done: only when the lost session has ended does the ledger
 * tell for certain.
 */

#define CONNECT_S "3"
#define PATIENCE_US 5000000
#define PAUSE_MS 100

static int take_there(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

/* A process number comes again, but not with the time the session began. A
   pooler keeps the process, so there it is over when it is idle. */
static int is_there(struct pg *again, const struct pg *lost, bool *there,
		    struct error *err)
{
	char pid[16], age[40];
	const char *params[] = { pid, age, lost->direct ? "t" : "f" };
	const struct pg_statement statement = {
		.sql = "SELECT true FROM pg_catalog.pg_stat_activity "
		       "WHERE pid = $1::integer "
		       "AND (backend_start IS NULL OR backend_start <= "
		       "pg_catalog.clock_timestamp() + '1 second'::interval "
		       "- $2::float8 * '1 second'::interval) "
		       "AND ($3::boolean OR state IS DISTINCT FROM 'idle')",
		.params = params,
		.param_count = 3,
		.row = take_there,
		.data = there,
	};

	snprintf(pid, sizeof(pid), "%d", lost->backend_pid);
	snprintf(age, sizeof(age), "%.6f",
		 (double)(clock_mono_us() - lost->connected_us) / 1e6);
	*there = false;
	return pg_run(again, &statement, err);
}

int pg_inquire(TALLOC_CTX *mem, struct db *db, struct db **out, bool *over,
	       struct error *err)
{
	struct pg *lost = pg_of(db), *again;
	int64_t *until = talloc(mem, int64_t);
	const struct db_options options = {
		.read_only = true,
		.hasty = true,
		.tick = db_deadline_tick,
		.tick_data = until,
	};
	const struct pg_url url = pg_url_with(mem, &lost->url,
					      "connect_timeout", CONNECT_S);
	bool there = true;

	/* the role may have but so many connections */
	pg_leave_alone(lost);
	*until = clock_mono_us() + 2 * PATIENCE_US;
	if (pg_open_url(mem, &url, &options, &again, err) < 0)
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
