#include "core/db/postgres/internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/embed.h"
#include "core/base/text.h"

/*
 * A scratch database is made and dropped from a second connection, which stays
 * open as long as the scratch database is wanted: it holds the session lock
 * pg_advisory_lock(PG_LOCK_SCRATCH, hashtext(name)). A database of this name
 * pattern whose lock nobody holds is left over from a run that was killed.
 */

#define PREFIX "git_migrate_scratch_"

static void make_name(char name[64])
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint32_t)clock_mono_us();
	snprintf(name, 64, PREFIX "%d_%08x", (int)getpid(), random);
}

static int take_text(const char *const *values, int count, void *data)
{
	char **text = data;

	(void)count;
	talloc_free(*text);
	*text = values[0] ? talloc_strdup(NULL, values[0]) : NULL;
	return 0;
}

/* A second connection to where the first one leads. */
static int open_beside(TALLOC_CTX *mem, const struct pg *from,
		       struct pg **maintenance, struct error *err)
{
	return pg_open_url(mem, &from->url, &from->db.options, maintenance,
			   err);
}

static int open_server(TALLOC_CTX *mem, const char *url,
		       const struct db_options *options, struct pg **server,
		       struct error *err)
{
	struct pg_url parsed;
	TALLOC_CTX *turn = talloc_new(NULL);
	int result = pg_url_parse(turn, url, &parsed, err);

	if (result == 0)
		result = pg_open_url(mem, &parsed, options, server, err);
	talloc_free(turn);
	return result;
}

/* --- leftovers --------------------------------------------------------------
 */

struct leftovers {
	char *names[32];
	size_t count;
};

static int take_leftover(const char *const *values, int count, void *data)
{
	struct leftovers *leftovers = data;

	(void)count;
	if (leftovers->count < sizeof(leftovers->names) / sizeof(char *))
		leftovers->names[leftovers->count++] = talloc_strdup(NULL,
								     values[0]);
	return 0;
}

static int drop_database(struct pg *maintenance, const char *name,
			 struct error *err);

/* Best effort: another program's databases are no reason to stop. */
static void drop_leftovers(struct pg *maintenance)
{
	struct error ignored = { 0 };
	struct leftovers leftovers = { .count = 0 };
	const struct pg_statement statement = {
		.sql = embed_text("core/db/postgres/leftovers.sql"),
		.row = take_leftover,
		.data = &leftovers,
	};

	if (pg_run(maintenance, &statement, &ignored) < 0)
		error_release(&ignored);
	for (size_t i = 0; i < leftovers.count; i++) {
		if (drop_database(maintenance, leftovers.names[i], &ignored) <
		    0)
			error_release(&ignored);
		talloc_free(leftovers.names[i]);
	}
}

/* --- making and dropping
 * ------------------------------------------------------ */

static int drop_database(struct pg *maintenance, const char *name,
			 struct error *err)
{
	char *quoted = pg_quote(NULL, name), *sql;
	const char *params[] = { name };
	const struct pg_statement end_sessions = {
		.sql = "SELECT pg_catalog.pg_terminate_backend(pid) "
		       "FROM pg_catalog.pg_stat_activity WHERE datname = $1",
		.params = params,
		.param_count = 1,
	};
	bool force = maintenance->db.major >= 13;
	int result = 0;

	if (!force)
		result = pg_run(maintenance, &end_sessions, err);
	sql = talloc_asprintf(quoted, "DROP DATABASE IF EXISTS %s%s", quoted,
			      force ? " WITH (FORCE)" : "");
	if (result == 0)
		result = pg_run_sql(maintenance, sql, err);
	talloc_free(quoted);
	return result;
}

void pg_scratch_drop(struct pg *pg)
{
	struct error ignored = { 0 };
	struct pg *maintenance = pg->maintenance, *again;

	/* not even Ctrl-C leaves it behind */
	maintenance->db.options.tick = NULL;
	maintenance->interrupted = false;
	if (drop_database(maintenance, pg->db.database, &ignored) == 0)
		return;
	error_release(&ignored);
	if (maintenance->lost &&
	    open_beside(NULL, maintenance, &again, &ignored) == 0) {
		drop_database(again, pg->db.database, &ignored);
		talloc_free(again);
	}
	error_release(&ignored);
}

/* Holds the name before the database is there. */
static int hold_name(struct pg *maintenance, const char *name,
		     struct error *err)
{
	char ours[16];
	const char *params[] = { ours, name };
	const struct pg_statement statement = {
		.sql = "SELECT pg_catalog.pg_try_advisory_lock($1::integer, "
		       "pg_catalog.hashtext($2))",
		.params = params,
		.param_count = 2,
	};

	snprintf(ours, sizeof(ours), "%d", PG_LOCK_SCRATCH);
	return pg_run(maintenance, &statement, err);
}

static int create(struct pg *maintenance, const char *name, const char *how,
		  struct error *err)
{
	char *quoted = pg_quote(NULL, name);
	char *sql = talloc_asprintf(quoted, "CREATE DATABASE %s %s", quoted,
				    how);
	int result = pg_run_sql(maintenance, sql, err);

	talloc_free(quoted);
	if (result < 0) {
		error_prefix(err, "unable to create a scratch database");
		if (!strcmp(err->sqlstate, "42501"))
			error_hint(err, "let the user do it (ALTER ROLE ... "
					"CREATEDB), or name another server: "
					"git config migrate.scratchUrl URL");
	}
	return result;
}

/* The same encoding, locale and settings as the target's database. */
static int describe(struct pg *target, char **how, char **options,
		    struct error *err)
{
	int version = PQserverVersion(target->conn);
	const struct pg_statement locale = {
		.sql = version >= 170000
			       ? embed_text("core/db/postgres/locale-17.sql")
		       : version >= 150000
			       ? embed_text("core/db/postgres/locale-15.sql")
			       : embed_text("core/db/postgres/locale.sql"),
		.row = take_text,
		.data = how,
	};
	const struct pg_statement settings = {
		.sql = embed_text("core/db/postgres/settings.sql"),
		.row = take_text,
		.data = options,
	};

	if (pg_run(target, &locale, err) < 0)
		return -1;
	return pg_run(target, &settings, err);
}

static struct pg_url scratch_url_of(TALLOC_CTX *mem, const struct pg_url *base,
				    const char *name, const char *options)
{
	const char *own = pg_url_get(base, "options");
	struct pg_url renamed = pg_url_with(mem, base, "dbname", name), url;
	char *all;

	if (!own)
		own = getenv("PGOPTIONS");
	all = talloc_asprintf(mem, "%s%s-c synchronous_commit=off %s",
			      own ? own : "", own ? " " : "",
			      options ? options : "");
	url = pg_url_with(mem, &renamed, "options", all);
	talloc_free(all);
	return url;
}

/* Connects to the database that maintenance has made, and takes it over. */
static int enter(TALLOC_CTX *mem, struct pg *maintenance,
		 const struct db_options *like, const char *name,
		 const struct pg_url *url, struct db **scratch,
		 struct error *err)
{
	struct db_options options = *like;
	struct pg *pg;

	options.read_only = false;
	if (pg_open_url(mem, url, &options, &pg, err) < 0) {
		struct error ignored = { 0 };

		drop_database(maintenance, name, &ignored);
		error_release(&ignored);
		return -1;
	}
	pg->maintenance = talloc_steal(pg, maintenance);
	*scratch = &pg->db;
	return 0;
}

/* Another server may not have the locale. */
static int create_like(struct pg *maintenance, const char *name,
		       const char *how, bool elsewhere, struct error *err)
{
	if (create(maintenance, name, how, err) == 0)
		return 0;
	if (!elsewhere || (strcmp(err->sqlstate, "42809") != 0 &&
			   strcmp(err->sqlstate, "22023") != 0 &&
			   strcmp(err->sqlstate, "42704") != 0))
		return -1;
	error_release(err);
	return create(maintenance, name, "TEMPLATE template0", err);
}

int pg_scratch(TALLOC_CTX *mem, struct db *target, const char *scratch_url,
	       struct db **scratch, struct error *err)
{
	struct pg *from = pg_of(target), *maintenance;
	TALLOC_CTX *turn = talloc_new(NULL);
	char name[64], *how = NULL, *options = NULL;
	struct pg_url url;
	int result = scratch_url
			     ? open_server(turn, scratch_url, &target->options,
					   &maintenance, err)
			     : open_beside(turn, from, &maintenance, err);

	if (result == 0)
		result = describe(from, &how, &options, err);
	if (result == 0) {
		make_name(name);
		drop_leftovers(maintenance);
		result = hold_name(maintenance, name, err);
	}
	if (result == 0)
		result = create_like(maintenance, name, how, scratch_url, err);
	if (result == 0) {
		url = scratch_url_of(turn, &maintenance->url, name, options);
		result = enter(mem, maintenance, &target->options, name, &url,
			       scratch, err);
	}
	talloc_free(how);
	talloc_free(options);
	talloc_free(turn);
	return result;
}

/* --- copies
 * ------------------------------------------------------------------- */

/* A session takes a moment to end after its connection was closed. */
static int create_copy(struct pg *maintenance, const char *name,
		       const char *from, struct error *err)
{
	char *quoted = pg_quote(NULL, from);
	char *how = talloc_asprintf(quoted, "TEMPLATE %s", quoted);
	const char *params[] = { from };
	char *left = NULL;
	const struct pg_statement sessions = {
		.sql = "SELECT pid FROM pg_catalog.pg_stat_activity "
		       "WHERE datname = $1 LIMIT 1",
		.params = params,
		.param_count = 1,
		.row = take_text,
		.data = &left,
	};
	int result = 0;

	for (int i = 0; i < 200; i++) {
		talloc_free(left);
		left = NULL;
		result = pg_run(maintenance, &sessions, err);
		if (result < 0 || !left)
			break;
		poll(NULL, 0, 5);
	}
	talloc_free(left);
	if (result == 0)
		result = create(maintenance, name, how, err);
	talloc_free(quoted);
	return result;
}

int pg_scratch_copy(TALLOC_CTX *mem, struct db *db, struct db **scratch,
		    struct error *err)
{
	struct pg *from = pg_of(db), *maintenance;
	struct error late = { 0 };
	TALLOC_CTX *turn = talloc_new(NULL);
	char name[64];
	struct pg_url url;
	int result = open_beside(turn,
				 from->maintenance ? from->maintenance : from,
				 &maintenance, err);

	make_name(name);
	if (result == 0)
		result = hold_name(maintenance, name, err);
	if (result == 0) {
		char *source = talloc_strdup(turn, from->db.database);

		/* a template must have no session */
		pg_disconnect(from);
		result = create_copy(maintenance, name, source, err);
		if (pg_connect(from, result == 0 ? err : &late) < 0)
			result = -1;
		error_release(&late);
	}
	if (result == 0) {
		url = pg_url_with(turn, &from->url, "dbname", name);
		result = enter(mem, maintenance, &db->options, name, &url,
			       scratch, err);
	}
	talloc_free(turn);
	return result;
}
