#include "core/db/postgres/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define OLDEST 100000
/* What libpq waits for is up to the kernel, minutes; it is told apart from
   connect_timeout, which only its blocking functions keep. */
#define PATIENCE_S 30

static int64_t patience_us(struct pg *pg)
{
	PQconninfoOption *options = PQconninfo(pg->conn);
	int ms = pg->db.options.connect_ms;
	int seconds = 0;

	for (PQconninfoOption *o = options; o && o->keyword; o++)
		if (!strcmp(o->keyword, "connect_timeout") && o->val)
			seconds = atoi(o->val);
	PQconninfoFree(options);
	if (seconds > 0)
		return seconds * INT64_C(1000000);
	return (ms > 0 ? ms : PATIENCE_S * 1000) * INT64_C(1000);
}

/* 1 when it is time to go on, 0 to wait longer, -1 on failure. */
static int await_socket(struct pg *pg, PostgresPollingStatusType want,
			int64_t deadline_us, struct error *err)
{
	struct pollfd poller = {
		.fd = PQsocket(pg->conn),
		.events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
	};
	int ready = poll(&poller, 1, 100);

	if (ready > 0)
		return 1;
	if (ready < 0 && errno != EINTR)
		return error_set(err, ERROR_FAILED, "unable to wait: %s",
				 strerror(errno));
	if (pg_tick(pg))
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	if (clock_mono_us() > deadline_us)
		return error_set(err, ERROR_CONNECTION,
				 "unable to connect to '%s': no answer",
				 pg->db.label);
	return 0;
}

static int finish_connecting(struct pg *pg, struct error *err)
{
	const char *password = pg_url_get(&pg->url, "password");
	int64_t deadline = clock_mono_us() + patience_us(pg);
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	while (PQstatus(pg->conn) != CONNECTION_BAD) {
		int go_on = await_socket(pg, want, deadline, err);

		if (go_on < 0)
			return -1;
		if (!go_on)
			continue;
		want = PQconnectPoll(pg->conn);
		if (want == PGRES_POLLING_OK)
			return 0;
		if (want == PGRES_POLLING_FAILED)
			break;
	}
	pg_failure_connect(pg->conn, pg->db.label, password, err);
	if (PQconnectionNeedsPassword(pg->conn) && !err->hint)
		error_hint(err,
			   "put the password into ~/.pgpass or PGPASSWORD");
	return -1;
}

static const char *database_of(const struct pg *pg)
{
	const char *name = PQdb(pg->conn);

	if (!name || !*name)
		name = pg_url_get(&pg->url, "dbname");
	return name ? name : "";
}

static void set_names(struct pg *pg)
{
	char *shown = text_visible(pg, database_of(pg), false);

	talloc_free(pg->db.database);
	talloc_free(pg->db.label);
	pg->db.database = talloc_strdup(pg, database_of(pg));
	pg->db.label = talloc_asprintf(pg, "postgresql:%s", shown);
	talloc_free(shown);
}

/* "15.20 (Debian 15.20-0+deb12u1)" is 15.20 */
static void set_version(struct pg *pg)
{
	const char *version = PQparameterStatus(pg->conn, "server_version");

	talloc_free(pg->db.server_version);
	pg->db.server_version = talloc_strndup(pg, version ? version : "",
					       version ? strcspn(version, " ")
						       : 0);
	pg->db.major = PQserverVersion(pg->conn) / 10000;
}

int pg_connect(struct pg *pg, struct error *err)
{
	struct pg_url url = pg_url_with(NULL, &pg->url, "client_encoding",
					"UTF8");
	int count = url.count;
	int result;

	url.keys = talloc_realloc(NULL, url.keys, const char *,
				  (unsigned)count + 2);
	url.values = talloc_realloc(NULL, url.values, const char *,
				    (unsigned)count + 2);
	url.keys[count] = "fallback_application_name";
	url.values[count] = "git-migrate";
	url.keys[count + 1] = url.values[count + 1] = NULL;
	pg->conn = PQconnectStartParams(url.keys, url.values, 0);
	talloc_free(url.keys);
	talloc_free(url.values);
	if (!pg->conn)
		return error_set(err, ERROR_FAILED, "out of memory");
	set_names(pg);
	PQsetNoticeReceiver(pg->conn, pg_notice, pg);
	result = finish_connecting(pg, err);
	if (result == 0 && PQserverVersion(pg->conn) < OLDEST)
		result = error_set(
			err, ERROR_FAILED,
			"the server of '%s' is PostgreSQL %s; 10 is "
			"the oldest that works",
			pg->db.label,
			PQparameterStatus(pg->conn, "server_version"));
	if (result < 0) {
		pg_disconnect(pg);
		return -1;
	}
	set_version(pg);
	pg->connected_us = clock_mono_us();
	PQsetnonblocking(pg->conn, 1);
	PQenterPipelineMode(pg->conn);
	return 0;
}

void pg_disconnect(struct pg *pg)
{
	pg_cancel_end(pg, 0);
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->lost = pg->db.lost = false;
	pg->step_head = pg->step_tail = 0;
	pg->transaction = PG_IDLE;
	pg->inside = false;
	pg->tainted = pg->temporary = pg->deep = false;
	pg->script = NULL;
	pg_ahead_forget(pg);
	pg->untriggered = pg->made_more = pg->lock_missed = false;
	pg->direct = false;
	pg_limits_forget(pg);
	pg_leave_alone(pg);
	pg->locked = false;
	talloc_free(pg->schema);
	pg->schema = NULL;
	pg_forget_kept(pg);
	pg->observed = NULL;
	pg->counts_tried = pg->counts = false;
	pg->clock_offset_us = 0;
	pg_held_release(pg);
	pg_held_forget(pg);
}

static int close_pg(struct pg *pg)
{
	pg_disconnect(pg);
	if (pg->maintenance)
		pg_scratch_drop(pg);
	return 0;
}

int pg_open_url(TALLOC_CTX *mem, const struct pg_url *url,
		const struct db_options *options, struct pg **out,
		struct error *err)
{
	struct pg *pg = talloc_zero(mem, struct pg);

	pg->db.engine = &db_engine_postgres;
	pg->db.options = *options;
	pg->url = pg_url_with(pg, url, "", NULL);
	pg_limits_forget(pg);
	talloc_set_destructor(pg, close_pg);
	if (pg_connect(pg, err) < 0) {
		talloc_free(pg);
		return -1;
	}
	*out = pg;
	return 0;
}

int pg_open(TALLOC_CTX *mem, const char *url, const struct db_options *options,
	    struct db **db, struct error *err)
{
	struct pg_url parsed;
	TALLOC_CTX *turn;
	struct pg *pg;
	int result;

	if (lazy_pq_load(err) < 0)
		return -1;
	turn = talloc_new(NULL);
	result = pg_url_parse(turn, url, &parsed, err);
	if (result == 0)
		result = pg_open_url(mem, &parsed, options, &pg, err);
	if (result == 0)
		*db = &pg->db;
	talloc_free(turn);
	return result;
}
