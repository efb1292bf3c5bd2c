#include "core/db/postgres/held.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/postgres/modes.h"

/*
 * A look at what the transaction has locked, sent behind a statement. It comes
 * after each of nearly all migrations, and what it costs the server is most of
 * what measuring costs: so nothing is computed there, for each row, that can be
 * told from one, or here.
 */

#define RELATIONS                                                              \
	"SELECT l.locktype, l.relation, l.mode, n.nspname, c.relname, "        \
	"c.relkind, NOT c.relhassubclass "                                     \
	"AND pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) = 0, "         \
	"c.relfilenode, i.indrelid, "
/* Since version 15 a session can be asked to send its counters away, so that it
   is known where they begin. */
#define COUNTERS                                                               \
	"pg_catalog.pg_stat_get_xact_numscans(c.oid), "                        \
	"pg_catalog.pg_stat_get_xact_tuples_returned(c.oid), "                 \
	"pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), "                 \
	"pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), "                  \
	"pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid), "
#define NO_COUNTERS "NULL, NULL, NULL, NULL, NULL, "
#define NUMBERS "c.xmin, l.transactionid, "
/* Once: each transaction has a lock on its own virtual number. */
#define ONCE "CASE WHEN l.locktype = 'virtualxid' THEN "
#define TRACKS ONCE "pg_catalog.current_setting('track_counts') END, "
#define WAL ONCE PG_WAL " END, "
#define NO_WAL "NULL, "
#define AT                                                                     \
	ONCE "pg_catalog.date_part('epoch', "                                  \
	     "pg_catalog.statement_timestamp() - "                             \
	     "pg_catalog.transaction_timestamp()) END, "
#define COST                                                                   \
	"pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - "        \
	"pg_catalog.statement_timestamp()) "
#define FROM_LOCKS                                                             \
	"FROM pg_catalog.pg_locks l "                                          \
	"LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation "               \
	"LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "       \
	"LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid "             \
	"WHERE l.pid = pg_catalog.pg_backend_pid() "                           \
	"AND l.granted AND (l.locktype = 'relation' "                          \
	"AND l.relation >= " PG_FIRST_NORMAL_OID " "                           \
	"OR l.locktype = 'advisory' AND l.classid = "                          \
	"'1734964333'::pg_catalog.oid "                                        \
	"AND l.objsubid = 2 "                                                  \
	"OR l.locktype = 'virtualxid' OR l.locktype = 'transactionid')"

static const char with_counters[] =
	RELATIONS COUNTERS NUMBERS TRACKS WAL AT COST FROM_LOCKS;
static const char without_counters[] =
	RELATIONS NO_COUNTERS NUMBERS TRACKS NO_WAL AT COST FROM_LOCKS;

static const char *look_sql(const struct pg *pg)
{
	return pg->counts ? with_counters : without_counters;
}

static const char put_aside[] =
	"SELECT pg_catalog.set_config('git_migrate.timeout', "
	"pg_catalog.current_setting('statement_timeout'), true), "
	"pg_catalog.set_config('git_migrate.encoding', "
	"pg_catalog.current_setting('client_encoding'), true), "
	"pg_catalog.set_config('statement_timeout', '0', true), "
	"pg_catalog.set_config('client_encoding', 'UTF8', true)";

static const char put_back[] =
	"SELECT pg_catalog.set_config('client_encoding', "
	"pg_catalog.current_setting('git_migrate.encoding'), true), "
	"pg_catalog.set_config('statement_timeout', "
	"pg_catalog.current_setting('git_migrate.timeout'), true)";

static int send_beside(struct pg *pg, const char *sql, struct error *err)
{
	const struct pg_statement statement = {
		.sql = sql,
		.keep = true,
		.looks = true,
	};

	return pg->own_settings && pg->transaction != PG_CLOSING
		       ? pg_send(pg, &statement, err)
		       : 0;
}

/* --- its rows ------------------------------------------------------------- */

static int take_row(const char *const *values, int count, void *data)
{
	struct pg_look *look = data;
	const char **row;

	if (!look->turn)
		look->turn = talloc_new(look->pg);
	if (!(look->row_count & (look->row_count - 1)))
		look->rows = talloc_realloc(
			look->turn, look->rows, const char **,
			(unsigned)(look->row_count ? 2 * look->row_count : 1));
	row = talloc_zero_array(look->turn, const char *, LOOK_COLUMNS);
	for (int i = 0; i < count && i < LOOK_COLUMNS; i++)
		row[i] = values[i] ? talloc_strdup(row, values[i]) : NULL;
	look->rows[look->row_count++] = row;
	return 0;
}

int64_t pg_wal_position(const char *text)
{
	char *end;
	int64_t high = strtoll(text, &end, 16);

	return *end == '/' ? high << 32 | strtoll(end + 1, NULL, 16) : -1;
}

static void take_once(struct pg_look *look, const char *const *row)
{
	look->tracks = row[LOOK_TRACKS] && !strcmp(row[LOOK_TRACKS], "on");
	look->wal = row[LOOK_WAL] ? pg_wal_position(row[LOOK_WAL]) : -1;
	if (row[LOOK_AT])
		look->at_us = (int64_t)(strtod(row[LOOK_AT], NULL) * 1e6);
}

/* Of subtransactions, too: theirs are later. */
static void take_number(struct pg_look *look, const char *const *row)
{
	unsigned xid = (unsigned)strtoul(row[LOOK_XID], NULL, 10);

	if (!look->xid || (int)(xid - look->xid) < 0)
		look->xid = xid;
}

/* All but the relations, which are what is left. */
void pg_look_read(struct pg_look *look)
{
	size_t relations = 0;

	for (size_t i = 0; i < look->row_count; i++) {
		const char **row = look->rows[i];
		double cost_us = strtod(row[LOOK_COST], NULL) * 1e6;

		if (cost_us > look->cost_us)
			look->cost_us = cost_us;
		if (!strcmp(row[LOOK_LOCKTYPE], "virtualxid"))
			take_once(look, row);
		else if (!strcmp(row[LOOK_LOCKTYPE], "transactionid"))
			take_number(look, row);
		else if (!strcmp(row[LOOK_LOCKTYPE], "advisory"))
			look->lock_seen = true;
		else
			look->rows[relations++] = row;
	}
	look->row_count = relations;
}

/* The strongest lock of a relation comes first. */
static int by_strength(const void *a, const void *b)
{
	const char *const *x = *(const char **const *)a;
	const char *const *y = *(const char **const *)b;
	int mode = pg_mode_number(y[LOOK_MODE]) - pg_mode_number(x[LOOK_MODE]);
	unsigned long r = strtoul(x[LOOK_RELATION], NULL, 10);
	unsigned long s = strtoul(y[LOOK_RELATION], NULL, 10);

	return mode ? mode : (r > s) - (r < s);
}

/* --- sent, and waited for ------------------------------------------------- */

int pg_look_send(struct pg *pg, struct pg_look *look, struct error *err)
{
	const struct pg_statement statement = {
		.sql = look_sql(pg),
		.keep = true,
		.looks = true,
		.row = take_row,
		.data = look,
		.outcome = &look->looked,
	};

	pg->unlooked_us = 0;
	pg->put_off = false;
	look->before_us = pg->looked_us;
	pg->looked_us = clock_mono_us();
	look->pending = true;
	look->wal = -1;
	if (send_beside(pg, put_aside, err) < 0 ||
	    pg_send(pg, &statement, err) < 0 ||
	    send_beside(pg, put_back, err) < 0)
		return -1;
	return 0;
}

void pg_look_drop(struct pg_look *look)
{
	talloc_free(look->turn);
	look->turn = NULL;
	look->rows = NULL;
	look->row_count = 0;
	look->pending = false;
}

void pg_look_tell(struct pg *pg, struct pg_look *look)
{
	if (look->row_count)
		qsort(look->rows, look->row_count, sizeof(*look->rows),
		      by_strength);
	pg_held_tell(look, look->rows, look->row_count);
	pg_look_drop(look);
	pg->look_cost_us = (int64_t)look->cost_us;
	look->facts->observed_ms += look->cost_us / 1000;
	if (pg->wal >= 0 && look->wal >= pg->wal)
		look->fact->wal_bytes = look->wal - pg->wal;
	pg->wal = look->wal;
}

int pg_look_settle(struct pg *pg, struct error *err)
{
	struct pg_look *look = &pg->look;

	if (!look->pending)
		return 0;
	if (!look->looked.done && pg_await(pg, &look->looked, err) < 0) {
		pg_look_drop(look);
		return -1;
	}
	pg_look_read(look);
	pg_look_tell(pg, look);
	return pg->locked && !look->lock_seen ? pg_lock_again(pg, err) : 0;
}
