#include "core/db/mysql/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/db/program.h"

/*
 * mariadb-dump begins a transaction of its own, and no other can be given to
 * it. For the few milliseconds until it has, READ locks on all tables keep what
 * stands in them as it is, so that the transaction in which we look at the rows
 * sees the same. They are asked for 50 ms at a time; when they are not had for
 * seconds, both begin as close to each other as they can.
 *
 * Events are dumped last, behind a line of ours, and are not restored for a
 * look: the server would carry them out.
 */

#define EVENTS_LINE "-- git-migrate: events\n"
#define LOCK_PATIENCE_US 5000000
#define START_PATIENCE_US 30000000

struct dump {
	TALLOC_CTX *mem;
	struct my *my, *beside;
	const char *program, *path;
	bool mariadb; /* the program is MariaDB's, not MySQL's */
	struct db_snapshot *snapshot;
	struct error *err;
};

/* --- the client programs -------------------------------------------------- */

/* MariaDB's and MySQL's share names; each knows its own server best. */
static int find_program(struct dump *d, const char *mariadb, const char *mysql,
			char **version)
{
	bool ours = my_is_mariadb(d->my);
	struct error ignored = { 0 };

	d->program = ours ? mariadb : mysql;
	if (program_version(d->mem, d->program,
			    ours ? "mariadb-client" : "mysql-client", version,
			    d->err) == 0)
		goto found;
	d->program = ours ? mysql : mariadb;
	if (program_version(d->mem, d->program, "mariadb-client", version,
			    &ignored) < 0) {
		error_release(&ignored);
		return -1;
	}
	error_release(d->err);
found:
	d->mariadb = strstr(*version, "MariaDB") != NULL;
	return 0;
}

struct arguments {
	TALLOC_CTX *mem;
	const char **list;
	size_t count;
};

static void add(struct arguments *a, const char *argument)
{
	a->list = talloc_realloc(a->mem, a->list, const char *,
				 (unsigned)a->count + 2);
	a->list[a->count++] = argument;
	a->list[a->count] = NULL;
}

static void add_option(struct arguments *a, const char *name, const char *value)
{
	if (value && *value)
		add(a, talloc_asprintf(a->mem, "--%s=%s", name, value));
}

static void add_tls(struct arguments *a, const struct dump *d)
{
	const MYSQL *mysql = d->my->main.mysql;
	bool used = mysql_get_ssl_cipher(d->my->main.mysql) != NULL;
	bool checked = d->my->url.tls >= MY_TLS_VERIFY_CA;

	if (d->mariadb) {
		add(a, used ? "--ssl" : "--skip-ssl");
		if (used)
			add(a, checked ? "--ssl-verify-server-cert"
				       : "--skip-ssl-verify-server-cert");
	} else {
		add(a, !used	 ? "--ssl-mode=DISABLED"
		       : checked ? "--ssl-mode=VERIFY_IDENTITY"
				 : "--ssl-mode=REQUIRED");
	}
	if (!used)
		return;
	add_option(a, "ssl-ca", mysql->options.ssl_ca);
	add_option(a, "ssl-cert", mysql->options.ssl_cert);
	add_option(a, "ssl-key", mysql->options.ssl_key);
}

/* To the same server by the same way as our own connection, whatever option
   files say to other programs. */
static void add_connection(struct arguments *a, const struct dump *d)
{
	const MYSQL *mysql = d->my->main.mysql;

	add(a, d->program);
	add(a, "--no-defaults");
	add_option(a, "user", mysql->user);
	if (mysql->unix_socket) {
		add_option(a, "socket", mysql->unix_socket);
	} else {
		add(a, "--protocol=TCP");
		add_option(a, "host", mysql->host);
		add(a, talloc_asprintf(a->mem, "--port=%u", mysql->port));
	}
	add_tls(a, d);
	add(a, "--default-character-set=utf8mb4");
}

static const char **environment(TALLOC_CTX *mem, const struct my *my)
{
	const char *password = my->main.mysql->passwd;
	const char **env = talloc_zero_array(mem, const char *, 3);

	env[0] = password && *password
			 ? talloc_asprintf(mem, "MYSQL_PWD=%s", password)
			 : "MYSQL_PWD";
	env[1] = "LC_ALL=C";
	return env;
}

static int start(struct dump *d, const struct arguments *a, bool input,
		 struct process **process)
{
	return program_start(d->mem, a->list, environment(d->mem, d->my), input,
			     process, d->err);
}

/* --- the same moment ------------------------------------------------------ */

static int take_table(const char *const *values, int count, void *data)
{
	struct arguments *tables = data;

	(void)count;
	add(tables, talloc_asprintf(tables->mem, "%s READ",
				    my_quote(tables->mem, values[0])));
	return 0;
}

static char *lock_sql(struct dump *d)
{
	static const char ask[] =
		"SELECT TABLE_NAME FROM information_schema.TABLES "
		"WHERE TABLE_SCHEMA = DATABASE() "
		"AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";
	struct arguments tables = { .mem = d->mem };
	char *sql = NULL;

	if (my_run(&d->beside->side, ask, sizeof(ask) - 1, take_table, &tables,
		   NULL, d->err) < 0)
		return NULL;
	for (size_t i = 0; i < tables.count; i++)
		sql = sql ? talloc_asprintf_append_buffer(sql, ", %s",
							  tables.list[i])
			  : talloc_asprintf(d->mem, "LOCK TABLES %s",
					    tables.list[i]);
	if (!sql)
		return talloc_strdup(d->mem, "");
	return sql;
}

/* Whoever comes after us waits as long as we do: so we ask for a moment only,
   and again a little later. MySQL knows no shorter one than a second. */
static int limit_waiting(struct dump *d, bool on)
{
	const char *sql = my_is_mariadb(d->my)
				  ? (on ? "SET max_statement_time = 0.05"
					: "SET max_statement_time = 0")
				  : (on ? "SET lock_wait_timeout = 1"
					: "SET lock_wait_timeout = DEFAULT");

	return my_run_sql(&d->beside->side, sql, d->err);
}

static int try_lock(struct dump *d, const char *sql, bool *locked)
{
	int64_t until = clock_mono_us() + LOCK_PATIENCE_US;

	do {
		struct error why = { 0 };

		*locked = my_run_sql(&d->beside->side, sql, &why) == 0;
		if (why.code == ERROR_CONNECTION || my_tick(d->my)) {
			*d->err = why;
			return why.code == ERROR_CONNECTION
				       ? -1
				       : error_set(d->err, ERROR_INTERRUPTED,
						   "interrupted");
		}
		/* who may not lock needs no second try */
		if (!strncmp(why.sqlstate, "42", 2))
			until = 0;
		error_release(&why);
		if (!*locked)
			poll(NULL, 0, 50);
	} while (!*locked && clock_mono_us() < until);
	return 0;
}

static int lock_tables(struct dump *d, bool *locked)
{
	char *sql = lock_sql(d);

	*locked = true;
	if (!sql)
		return -1;
	if (!*sql)
		return 0;
	if (limit_waiting(d, true) < 0 || try_lock(d, sql, locked) < 0)
		return -1;
	return limit_waiting(d, false);
}

/* It flushes its first block once its transaction has begun, or all at the end.
 */
static int await_beginning(struct dump *d, const struct process *process)
{
	int64_t until = clock_mono_us() + START_PATIENCE_US;
	struct pollfd end = { .fd = process->err, .events = POLLIN };
	struct stat st;

	while (clock_mono_us() < until) {
		if (stat(d->path, &st) < 0 || st.st_size > 0)
			return 0;
		/* it has something to complain about, or is done */
		if (poll(&end, 1, 2) > 0)
			return 0;
		if (my_tick(d->my))
			return error_set(d->err, ERROR_INTERRUPTED,
					 "interrupted");
	}
	return 0;
}

/* --- out ------------------------------------------------------------------ */

static int start_dump(struct dump *d, struct process **process)
{
	struct arguments a = { .mem = d->mem };

	add_connection(&a, d);
	add(&a, "--single-transaction");
	add(&a, "--quick");
	add(&a, "--routines");
	add(&a, "--triggers");
	add(&a, "--hex-blob");
	add(&a, "--no-tablespaces");
	if (!d->mariadb) {
		add(&a, "--set-gtid-purged=OFF");
		add(&a, "--column-statistics=0");
	}
	add_option(&a, "result-file", d->path);
	add(&a, d->my->db.database);
	return start(d, &a, false, process);
}

/* The locks are held for as long as this takes, and no longer. */
static int begin_both(struct dump *d, struct process **process)
{
	static const char snapshot[] =
		"START TRANSACTION WITH CONSISTENT SNAPSHOT";
	struct error late = { 0 };
	bool locked;
	int result;

	if (my_contents_settings(d->beside, d->err) < 0 ||
	    my_run_sql(&d->beside->main,
		       "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		       d->err) < 0 ||
	    lock_tables(d, &locked) < 0)
		return -1;
	d->snapshot->exact = locked;
	result = my_run_sql(&d->beside->main, snapshot, d->err);
	if (result == 0)
		result = start_dump(d, process);
	if (result == 0)
		result = await_beginning(d, *process);
	if (my_run_sql(&d->beside->side, "UNLOCK TABLES",
		       result < 0 ? &late : d->err) < 0)
		result = -1;
	error_release(&late);
	return result;
}

static int look(struct dump *d)
{
	struct catalog **catalog = &d->snapshot->catalog;
	TALLOC_CTX *mem = talloc_parent(d->mem);

	if (my_catalog(mem, &d->beside->db, catalog, d->err) < 0)
		return -1;
	/* not restored for a look; and never in a dump */
	catalog_remove(*catalog, "event");
	catalog_remove(*catalog, "privileges");
	return my_contents_now(mem, d->beside, &d->snapshot->contents, d->err);
}

static int take_count(const char *const *values, int count, void *data)
{
	(void)count;
	*(bool *)data = strcmp(values[0], "0") != 0;
	return 0;
}

static int append(const char *path, const char *from, const char *line,
		  struct error *err)
{
	char *buffer = talloc_size(NULL, 65536);
	int out = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n = snprintf(buffer, 65536, "%s", line);

	while (out >= 0 && in >= 0 && n > 0) {
		if (write(out, buffer, (size_t)n) != n)
			n = -1;
		else
			n = read(in, buffer, 65536);
	}
	if (out < 0 || in < 0 || n < 0)
		error_set(err, ERROR_FAILED, "unable to write '%s': %s", path,
			  strerror(errno));
	if (out >= 0)
		close(out);
	if (in >= 0)
		close(in);
	talloc_free(buffer);
	return out < 0 || in < 0 || n < 0 ? -1 : 0;
}

static int dump_events(struct dump *d)
{
	static const char ask[] = "SELECT COUNT(*) FROM information_schema."
				  "EVENTS WHERE EVENT_SCHEMA = DATABASE()";
	struct arguments a = { .mem = d->mem };
	struct process *process;
	char *path = talloc_asprintf(d->mem, "%s.events", d->path);
	bool any = false;
	int result, fd;

	if (my_run(&d->beside->side, ask, sizeof(ask) - 1, take_count, &any,
		   NULL, d->err) < 0)
		return -1;
	if (!any)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(d->err, ERROR_FAILED,
				 "unable to create '%s': %s", path,
				 strerror(errno));
	close(fd);
	add_connection(&a, d);
	add(&a, "--single-transaction");
	add(&a, "--events");
	add(&a, "--skip-triggers");
	add(&a, "--no-create-info");
	add(&a, "--no-data");
	add(&a, "--no-tablespaces");
	add_option(&a, "result-file", path);
	add(&a, d->my->db.database);
	result = start(d, &a, false, &process);
	if (result == 0)
		result = program_finish(d->mem, &d->my->db, process, d->program,
					-1, 0, NULL, d->err);
	if (result == 0)
		result = append(d->path, path, EVENTS_LINE, d->err);
	unlink(path);
	return result;
}

static int dump_and_look(struct dump *d)
{
	struct process *process = NULL;
	struct my_conn *side;
	char *version;

	if (find_program(d, "mariadb-dump", "mysqldump", &version) < 0 ||
	    my_side(d->beside, &side, d->err) < 0)
		return -1;
	d->snapshot->program = talloc_strdup(talloc_parent(d->mem), version);
	if (begin_both(d, &process) < 0 || look(d) < 0) {
		if (process)
			process_stop(process);
		return -1;
	}
	if (program_finish(d->mem, &d->my->db, process, d->program, -1, 0, NULL,
			   d->err) < 0)
		return error_prefix(d->err, "unable to back up '%s'",
				    d->my->db.label);
	return dump_events(d);
}

int my_backup(TALLOC_CTX *mem, struct db *db, const char *path,
	      struct db_snapshot *snapshot, struct error *err)
{
	struct my *my = my_of(db);
	struct dump dump = { .mem = talloc_new(mem),
			     .my = my,
			     .path = path,
			     .snapshot = snapshot,
			     .err = err };
	int result = my_open_url(NULL, &my->url, &db->options, &dump.beside,
				 err);

	if (result == 0) {
		result = dump_and_look(&dump);
		talloc_free(dump.beside);
	}
	talloc_free(dump.mem);
	return result;
}

/* --- back ----------------------------------------------------------------- */

/* Where the line of the events begins, or the end; -1 with errno. */
static int64_t length_without_events(int fd)
{
	const size_t line = strlen(EVENTS_LINE), room = 1 << 16;
	char *buffer = talloc_size(NULL, room + line);
	int64_t offset = 0, found = -1;
	size_t kept = 0;
	ssize_t n;

	while ((n = read(fd, buffer + kept, room)) > 0) {
		size_t length = kept + (size_t)n;
		char *at = memmem(buffer, length, "\n" EVENTS_LINE, line + 1);

		/* rows cannot hold it: their newlines are escaped */
		if (at) {
			found = offset + (at + 1 - buffer);
			break;
		}
		kept = length < line ? length : line;
		memmove(buffer, buffer + length - kept, kept);
		offset += (int64_t)(length - kept);
	}
	talloc_free(buffer);
	if (n < 0)
		return -1;
	return n > 0 ? found : offset + (int64_t)kept;
}

static int feed(struct dump *d, int fd)
{
	struct arguments a = { .mem = d->mem };
	int64_t length = length_without_events(fd);
	struct process *process;
	char *version;

	if (length < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_set(d->err, ERROR_FAILED,
				 "unable to read '%s': %s", d->path,
				 strerror(errno));
	if (find_program(d, "mariadb", "mysql", &version) < 0)
		return -1;
	add_connection(&a, d);
	add(&a, "--batch");
	add_option(&a, "database", d->my->db.database);
	if (start(d, &a, true, &process) < 0)
		return -1;
	return program_finish(d->mem, &d->my->db, process, d->program, fd,
			      length, NULL, d->err);
}

int my_restore_backup(struct db *scratch, const char *path, struct error *err)
{
	struct dump dump = { .mem = talloc_new(NULL),
			     .my = my_of(scratch),
			     .path = path,
			     .err = err };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? error_set(err, ERROR_FAILED,
					"unable to read '%s': %s", path,
					strerror(errno))
			    : feed(&dump, fd);

	if (fd >= 0)
		close(fd);
	talloc_free(dump.mem);
	if (result < 0 && err->code == ERROR_FAILED && err->detail) {
		char *detail = talloc_strdup(NULL, err->detail);

		error_release(err);
		error_set(err, ERROR_REFUSED, "it cannot be restored");
		error_detail(err, "%s", detail);
		talloc_free(detail);
	}
	return result;
}
