#include "core/db/mysql/internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/mysql/need.h"

/*
 * Who holds metadata locks on the tables that a statement will ask for. Where
 * the server shows them (performance_schema.metadata_locks with its instrument
 * on, as MySQL has it, or the plugin METADATA_LOCK_INFO), that is exact. As
 * MariaDB is installed it shows nothing: there LOCK TABLES ... NOWAIT tells
 * whether the tables are free, without ever waiting, so that nobody waits
 * behind it; and open transactions tell who may have them.
 */

#define MOST_BLOCKERS 50
#define DENIED_TO_ALL 1044
#define DENIED_COMMAND 1142
#define DENIED_SPECIAL 1227
#define LOCK_TIMEOUT 1205
#define DENIED_SYNTAX 1064

struct asked {
	const char *database, *table;
	bool exclusive;
};

struct look {
	TALLOC_CTX *mem; /* of what is given out */
	TALLOC_CTX *turn;
	struct my *my;
	struct my_conn *side;
	struct asked *asked;
	size_t asked_count;
	struct fact_blocker *list;
	size_t count;
	struct my_seen *seen;
	char *now;  /* the server's time */
	bool fresh; /* whoever is there is not to be waited for */
	/* it is known to wait, for what only strong locks keep it from */
	bool weak, write;
};

/* --- what is asked -------------------------------------------------------- */

static void ask(struct look *look, const char *relation, int need)
{
	char *database, *table;
	struct asked *a;

	if (need < MY_NO_WRITE)
		return;
	my_split_name(look->turn, relation, &database, &table);
	look->asked = talloc_realloc(look->turn, look->asked, struct asked,
				     (unsigned)look->asked_count + 1);
	a = &look->asked[look->asked_count++];
	a->database = database ? database : look->my->db.database;
	a->table = table;
	a->exclusive = need == MY_EXCLUSIVE;
}

static void collect(struct look *look, const struct script *script,
		    size_t first, size_t count)
{
	for (size_t n = first; n < first + count; n++) {
		const struct statement *s = &script->statements[n];

		for (size_t i = 0; i < s->relation_count; i++)
			ask(look, s->relations[i],
			    i ? s->need.others : s->need.first);
	}
}

/* --- one transaction after the other -------------------------------------- */

static bool is_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/*
 * Transactions of one connection that follow each other are told apart by when
 * they began, which the server knows to the second. Within one it is the same
 * one for certain only as long as its connection does nothing else.
 */
static unsigned number_of(struct look *look, int64_t id, const char *started,
			  const char *query)
{
	struct my *my = look->my;

	for (size_t i = 0; !look->fresh && i < my->seen_count; i++) {
		const struct my_seen *s = &my->seen[i];

		if (s->id != id || !is_text(s->started, started))
			continue;
		if (is_text(s->query, query) ||
		    (started && my->seen_at &&
		     strcmp(started, my->seen_at) < 0))
			return s->number;
	}
	return ++my->seen_number;
}

static const char *copy(TALLOC_CTX *mem, const char *text)
{
	return text && *text ? talloc_strdup(mem, text) : NULL;
}

static unsigned note_seen(struct look *look, int64_t id, const char *started,
			  const char *query)
{
	struct my_seen *s;

	look->seen = talloc_realloc(look->my, look->seen, struct my_seen,
				    (unsigned)look->count + 1);
	s = &look->seen[look->count];
	s->id = id;
	s->number = number_of(look, id, started, query);
	s->started = talloc_strdup(look->seen, started);
	s->query = talloc_strdup(look->seen, query);
	return s->number;
}

/* The look is over: the next one is compared with it. */
static void keep_seen(struct look *look)
{
	struct my *my = look->my;

	talloc_free(my->seen);
	talloc_free(my->seen_at);
	my->seen = look->seen;
	my->seen_count = look->seen ? look->count : 0;
	my->seen_at = talloc_strdup(my, look->now);
}

/* --- who is there --------------------------------------------------------- */

enum column {
	COLUMN_ID,
	COLUMN_STARTED,
	COLUMN_QUERY_ID,
	COLUMN_USER,
	COLUMN_PROGRAM,
	COLUMN_AGE,
	COLUMN_STATE,
	COLUMN_QUERY,
	COLUMN_NOW,
	COLUMN_DATABASE,
	COLUMN_TABLE,
	COLUMN_MODE,
};

static struct fact_blocker *find(const struct look *look, int64_t id)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->list[i].pid == id)
			return &look->list[i];
	return NULL;
}

static char *relation(const struct look *look, const char *const *values)
{
	if (!values[COLUMN_TABLE] || !values[COLUMN_DATABASE])
		return NULL;
	if (!strcmp(values[COLUMN_DATABASE], look->my->db.database))
		return talloc_strdup(look->mem, values[COLUMN_TABLE]);
	return talloc_asprintf(look->mem, "%s.%s", values[COLUMN_DATABASE],
			       values[COLUMN_TABLE]);
}

/* A connection of one's own may be ended by anybody. */
static bool may_kill(const struct my *my, const char *user)
{
	const char *own = my->main.mysql ? my->main.mysql->user : NULL;

	return my->may_kill || (own && user && !strcmp(own, user));
}

/* One entry a connection, with the first of its locks. */
static int take_row(const char *const *values, int count, void *data)
{
	struct look *look = data;
	TALLOC_CTX *mem = look->mem;
	int64_t id = strtoll(values[COLUMN_ID], NULL, 10);
	const char *mode = values[COLUMN_MODE];
	struct fact_blocker *b;
	unsigned number;

	(void)count;
	if (mode && !strncmp(mode, "MDL_", 4))
		mode += 4;
	if (!look->now && values[COLUMN_NOW])
		look->now = talloc_strdup(look->turn, values[COLUMN_NOW]);
	if (look->count == MOST_BLOCKERS || find(look, id))
		return 0;
	number = note_seen(look, id, values[COLUMN_STARTED],
			   values[COLUMN_QUERY_ID]);
	look->list = talloc_realloc(mem, look->list, struct fact_blocker,
				    (unsigned)look->count + 1);
	b = &look->list[look->count++];
	*b = (struct fact_blocker){
		.pid = id,
		.user = copy(mem, values[COLUMN_USER]),
		.application = copy(mem, values[COLUMN_PROGRAM]),
		.age_ms = values[COLUMN_AGE] ? strtod(values[COLUMN_AGE], NULL)
					     : -1,
		.state = copy(mem, values[COLUMN_STATE]),
		.query = copy(mem, values[COLUMN_QUERY]),
		.relation = relation(look, values),
		.mode = copy(mem, mode),
		.transaction = talloc_asprintf(mem, "%u", number),
	};
	if (id)
		b->remedy = talloc_asprintf(
			mem, "%sKILL %s",
			may_kill(look->my, b->user)
				? ""
				: "ask who has the right CONNECTION ADMIN for ",
			values[COLUMN_ID]);
	return 0;
}

/* What the role may see of others' transactions and programs. */
void my_ask_rights(struct my *my, struct my_conn *side)
{
	if (my->asked_rights)
		return;
	my->asked_rights = true;
	my_is_there(side, "SELECT 1 FROM information_schema.INNODB_TRX LIMIT 1",
		    &my->sees_transactions);
	my_is_there(side,
		    "SELECT 1 FROM performance_schema.session_connect_attrs "
		    "LIMIT 0",
		    &my->sees_programs);
	my->may_kill = my_is_there(
		side,
		"SELECT 1 FROM information_schema.USER_PRIVILEGES "
		"WHERE PRIVILEGE_TYPE IN ('SUPER', 'CONNECTION ADMIN', "
		"'CONNECTION_ADMIN') AND GRANTEE = CONCAT('\'', "
		"REPLACE(CURRENT_USER(), '@', '\'@\''), '\'') LIMIT 1",
		NULL);
}

/* The columns up to COLUMN_NOW, of p (PROCESSLIST) and x (INNODB_TRX). */
static char *columns(const struct look *look, const char *id)
{
	const struct my *my = look->my;
	bool mariadb = my_is_mariadb(my);
	const char *age = mariadb ? "p.TIME_MS" : "p.TIME * 1000";
	char *text = talloc_asprintf(look->turn, "SELECT %s, ", id);

	if (my->sees_transactions)
		age = talloc_asprintf(
			look->turn,
			"COALESCE(TIMESTAMPDIFF(MICROSECOND, x.trx_started, "
			"NOW(6)) / 1000, %s)",
			age);
	text = talloc_asprintf_append(
		text,
		"%s, %s, p.USER, %s, %s, "
		"CASE WHEN p.COMMAND = 'Sleep' "
		"THEN IF(%s, 'idle in transaction', 'idle') "
		"ELSE COALESCE(NULLIF(p.STATE, ''), p.COMMAND) END, "
		"LEFT(p.INFO, 200), NOW()",
		my->sees_transactions ? "x.trx_started" : "NULL",
		mariadb ? "p.QUERY_ID" : "p.INFO",
		my->sees_programs
			? talloc_asprintf(
				  look->turn,
				  "(SELECT ATTR_VALUE FROM performance_schema."
				  "session_connect_attrs a "
				  "WHERE a.PROCESSLIST_ID = %s "
				  "AND a.ATTR_NAME = 'program_name' LIMIT 1)",
				  id)
			: "NULL",
		age,
		!look->weak		? "TRUE"
		: my->sees_transactions ? "x.trx_started IS NOT NULL"
					: "FALSE");
	return text;
}

static const char *join_transactions(const struct look *look, const char *id)
{
	if (!look->my->sees_transactions)
		return "";
	return talloc_asprintf(look->turn,
			       "LEFT JOIN information_schema.INNODB_TRX x "
			       "ON x.trx_mysql_thread_id = %s ",
			       id);
}

/* As a string constant for the connection beside the main one, which has
   backslashes in them as the server's default is. */
static char *constant(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_strdup(mem, "'");

	for (; *text; text++)
		out = talloc_asprintf_append_buffer(
			out, *text == '\'' || *text == '\\' ? "\\%c" : "%c",
			*text);
	return talloc_strdup_append_buffer(out, "'");
}

/* Those that keep it out. */
static char *modes(const struct look *look, const struct asked *a,
		   const char *mode)
{
	static const char *const readers[] = { "NO_READ_WRITE", "EXCLUSIVE",
					       NULL };
	static const char *const writers[] = { "NO_READ_WRITE", "EXCLUSIVE",
					       "NO_WRITE", "READ_ONLY", NULL };
	/* those who read let those read who keep writers out */
	static const char *const locks[] = { "WRITE%", "EXCLUSIVE", NULL };
	const char *const *ends = !look->weak	? locks
				  : look->write ? writers
						: readers;
	char *text = talloc_strdup(look->turn, "");

	if (a->exclusive)
		return text;
	for (; *ends; ends++)
		text = talloc_asprintf_append(text, "%s%s LIKE '%%%s'",
					      *text ? " OR " : " AND (", mode,
					      *ends);
	return talloc_strdup_append(text, ")");
}

static char *condition(const struct look *look, const char *schema,
		       const char *table, const char *mode)
{
	char *text = talloc_strdup(look->turn, "(0");

	for (size_t i = 0; i < look->asked_count; i++) {
		const struct asked *a = &look->asked[i];

		text = talloc_asprintf_append(
			text, " OR (%s = %s AND %s = %s", schema,
			constant(look->turn, a->database), table,
			constant(look->turn, a->table));
		text = talloc_strdup_append(text, modes(look, a, mode));
		text = talloc_strdup_append(text, ")");
	}
	return talloc_strdup_append(text, ")");
}

/* How the server shows metadata locks. */
struct shown {
	const char *from, *where, *id, *schema, *table, *mode;
};

static const struct shown by_schema = {
	"performance_schema.metadata_locks m "
	"JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID",
	"m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED'",
	"t.PROCESSLIST_ID",
	"m.OBJECT_SCHEMA",
	"m.OBJECT_NAME",
	"m.LOCK_TYPE",
};

static const struct shown by_plugin = {
	"information_schema.METADATA_LOCK_INFO m",
	"m.LOCK_TYPE = 'Table metadata lock'",
	"m.THREAD_ID",
	"m.TABLE_SCHEMA",
	"m.TABLE_NAME",
	"m.LOCK_MODE",
};

static char *in_the_way(const struct look *look, const struct shown *shown)
{
	return talloc_asprintf(
		look->turn, "%s AND %s NOT IN (%lu, %lu, %lu) AND %s",
		shown->where, shown->id, look->my->main.id, look->my->side.id,
		my_observer_id(look->my),
		condition(look, shown->schema, shown->table, shown->mode));
}

/* Whether there is anybody, which costs the least. */
static char *any_query(const struct look *look, const struct shown *shown)
{
	return talloc_asprintf(look->turn, "SELECT 1 FROM %s WHERE %s LIMIT 1",
			       shown->from, in_the_way(look, shown));
}

static char *exact_query(const struct look *look, const struct shown *shown)
{
	return talloc_asprintf(
		look->turn,
		"%s, %s, %s, %s FROM %s "
		"LEFT JOIN information_schema.PROCESSLIST p ON p.ID = %s %s"
		"WHERE %s ORDER BY 6 DESC, 1, LENGTH(%s) DESC",
		columns(look, shown->id), shown->schema, shown->table,
		shown->mode, shown->from, shown->id,
		join_transactions(look, shown->id), in_the_way(look, shown),
		shown->mode);
}

/*
 * InnoDB answers from a cache that it renews only when nobody has asked for a
 * tenth of a second: asked more often, it would tell the same for ever.
 */
#define CACHE_MS 120

int64_t my_cache_expires(const struct my *my)
{
	return my->sees_transactions && my->cache_us
		       ? my->cache_us + CACHE_MS * 1000
		       : 0;
}

static void let_cache_expire(struct my *my)
{
	int64_t left = (my_cache_expires(my) - clock_mono_us()) / 1000;

	if (left > 0)
		poll(NULL, 0, (int)left);
	my->cache_us = clock_mono_us();
}

static int run(struct look *look, const char *sql, struct error *err)
{
	let_cache_expire(look->my);
	if (my_run(look->side, sql, strlen(sql), take_row, look, NULL, err) ==
	    0)
		return 0;
	if (look->side->lost || err->code == ERROR_INTERRUPTED)
		return -1;
	/* what may not be seen is not known */
	error_release(err);
	return 0;
}

/* --- where the server shows no locks -------------------------------------- */

enum probe { PROBE_FREE, PROBE_BUSY, PROBE_UNKNOWN };

static char *probe_query(const struct look *look)
{
	char *sql = talloc_strdup(look->turn, "LOCK TABLES ");

	for (size_t i = 0; i < look->asked_count; i++)
		sql = talloc_asprintf_append(
			sql, "%s%s.%s %s", i ? ", " : "",
			my_quote(look->turn, look->asked[i].database),
			my_quote(look->turn, look->asked[i].table),
			look->asked[i].exclusive ? "WRITE" : "READ");
	return talloc_strdup_append(sql, " NOWAIT");
}

/* Both go within a millisecond or so; a table that is not there is free. */
static enum probe probe(struct look *look, struct error *err)
{
	struct my *my = look->my;
	struct error ignored = { 0 };
	int result;

	if (my->no_probe || !my_is_mariadb(my))
		return PROBE_UNKNOWN;
	result = my_run_sql(look->side, probe_query(look), &ignored);
	error_release(&ignored);
	if (result == 0)
		return my_run_sql(look->side, "UNLOCK TABLES", err) < 0
			       ? PROBE_UNKNOWN
			       : PROBE_FREE;
	switch (look->side->failed) {
	case LOCK_TIMEOUT:
		return PROBE_BUSY;
	case DENIED_TO_ALL:
	case DENIED_COMMAND:
	case DENIED_SPECIAL:
	case DENIED_SYNTAX: /* before MariaDB 10.3 */
		my->no_probe = true;
		return PROBE_UNKNOWN;
	default:
		return PROBE_FREE;
	}
}

#define NOT_WAITING "COALESCE(p.STATE, '') NOT LIKE 'Waiting for table%'"

/*
 * Whoever has a transaction open, or does something, in the tables' database;
 * where nobody has, in any. What only strong locks are in the way of may wait
 * for LOCK TABLES of a session that is idle since; whoever waits for a table
 * itself has come too late.
 */
static const char *who_may(const struct look *look, bool here)
{
	if (look->weak)
		return here ? NOT_WAITING
			    : "p.COMMAND <> 'Sleep' "
			      "AND " NOT_WAITING;
	return look->my->sees_transactions
		       ? "p.COMMAND <> 'Sleep' OR x.trx_started IS NOT NULL"
		       : "p.COMMAND <> 'Sleep'";
}

static char *suspects_query(const struct look *look, bool here)
{
	const struct my *my = look->my;
	char *sql = talloc_asprintf(
		look->turn,
		"%s, NULL, NULL, NULL FROM information_schema.PROCESSLIST p %s"
		"WHERE p.ID NOT IN (%lu, %lu, %lu) AND p.COMMAND NOT IN "
		"('Daemon', 'Binlog Dump', 'Slave_IO', 'Slave_SQL') "
		"AND (%s)",
		columns(look, "p.ID"), join_transactions(look, "p.ID"),
		my->main.id, my->side.id, my_observer_id(my),
		who_may(look, here));

	if (here)
		sql = talloc_asprintf_append(
			sql, " AND p.DB = %s",
			constant(look->turn, look->asked[0].database));
	return talloc_strdup_append(sql, " ORDER BY 6 DESC, 1");
}

static const char unseen[] = "a session that this role may not see";

static const char kill_one[] =
	"KILL the one of them that uses the table; INSTALL SONAME "
	"'metadata_lock_info' lets the server show which";

/* A name on the list is not a proof: of more than one only the person can
   tell whom to end. */
static void suspect(struct look *look)
{
	static const char *const nobody[COLUMN_MODE + 1] = { "0" };
	const char *table[COLUMN_MODE + 1] = {
		[COLUMN_DATABASE] = look->asked[0].database,
		[COLUMN_TABLE] = look->asked[0].table,
	};

	if (!look->count) {
		take_row(nobody, COLUMN_MODE + 1, look);
		look->list[0].state = unseen;
	}
	for (size_t i = 0; i < look->count; i++) {
		look->list[i].relation = relation(look, table);
		look->list[i].mode = "perhaps a lock";
		if (look->count > 1)
			look->list[i].remedy = kill_one;
	}
}

static int list_suspects(struct look *look, struct error *err)
{
	if (run(look, suspects_query(look, true), err) < 0 ||
	    (!look->count && run(look, suspects_query(look, false), err) < 0))
		return -1;
	suspect(look);
	return 0;
}

static int look_for_suspects(struct look *look, struct error *err)
{
	struct my *my = look->my;
	int64_t now = clock_mono_us();
	enum probe found = probe(look, err);

	if (look->side->lost) {
		error_release(err);
		return my_failure(look->side, 0, NULL, NULL, err);
	}
	if (found == PROBE_FREE || (found == PROBE_UNKNOWN && !my->timed_out)) {
		my->busy_since_us = 0;
		return 0;
	}
	if (!my->busy_since_us)
		my->busy_since_us = now;
	/* one that has nothing to do with it may stay for hours */
	look->fresh = found == PROBE_UNKNOWN ||
		      now - my->busy_since_us >
			      (int64_t)my->db.wait_limit_ms * 1000 / 4;
	return list_suspects(look, err);
}

/* --- locks of rows -------------------------------------------------------- */

static char *row_query(const struct look *look)
{
	bool mariadb = my_is_mariadb(look->my);

	return talloc_asprintf(
		look->turn,
		"%s, NULL, NULL, NULL FROM %s w "
		"JOIN information_schema.INNODB_TRX r ON r.trx_id = w.%s "
		"JOIN information_schema.INNODB_TRX x ON x.trx_id = w.%s "
		"LEFT JOIN information_schema.PROCESSLIST p "
		"ON p.ID = x.trx_mysql_thread_id "
		"WHERE r.trx_mysql_thread_id = %lu ORDER BY 6 DESC, 1",
		columns(look, "x.trx_mysql_thread_id"),
		mariadb ? "information_schema.INNODB_LOCK_WAITS"
			: "performance_schema.data_lock_waits",
		mariadb ? "requesting_trx_id"
			: "REQUESTING_ENGINE_TRANSACTION_ID",
		mariadb ? "blocking_trx_id" : "BLOCKING_ENGINE_TRANSACTION_ID",
		look->my->main.id);
}

/* All of them hang on what the list hangs on. */
void my_forget_row_blockers(struct my *my)
{
	if (my->row_holders)
		talloc_free(talloc_parent(my->row_holders));
	my->row_holders = NULL;
	my->row_holder_count = 0;
	my->met = false;
}

const char *my_row_blockers(struct my *my, const struct statement *s)
{
	TALLOC_CTX *mem = talloc_new(my);
	struct look look = { .mem = mem, .my = my, .side = &my->side };
	struct error ignored = { 0 };

	look.turn = talloc_new(NULL);
	my_ask_rights(my, look.side);
	if (my->sees_transactions)
		run(&look, row_query(&look), &ignored);
	error_release(&ignored);
	talloc_free(look.turn);
	talloc_free(look.seen);
	for (size_t i = 0; i < look.count; i++) {
		if (s->relation_count)
			look.list[i].relation = talloc_strdup(mem,
							      s->relations[0]);
		look.list[i].mode = "a row lock";
	}
	if (!look.count) {
		talloc_free(mem);
		return NULL;
	}
	my_forget_row_blockers(my);
	my->row_holders = look.list;
	my->row_holder_count = look.count;
	my->met = !my->db.lock_timeout_ms;
	return fact_blocker_text_on(my->row_holders, look.list);
}

void my_keep_blockers(struct my *my, const struct fact_blocker *list,
		      size_t count)
{
	TALLOC_CTX *mem = talloc_new(my);
	struct fact_blocker *kept = talloc_array(mem, struct fact_blocker,
						 (unsigned)count);

	for (size_t i = 0; i < count; i++) {
		fact_blocker_copy(mem, &list[i], &kept[i]);
		kept[i].remedy = talloc_strdup(mem, list[i].remedy);
	}
	my_forget_row_blockers(my);
	my->row_holders = kept;
	my->row_holder_count = count;
	my->met = !my->db.lock_timeout_ms;
}

/* Where it may wait for ever nobody looks before it asks. */
static bool only_recalls(const struct my *my)
{
	return my->met && !my->watch.on;
}

/* After a time-out only those are known who were seen before it. */
static void recall(struct look *look)
{
	struct my *my = look->my;

	if ((!my->timed_out && !only_recalls(my)) || !my->row_holders)
		return;
	look->list = talloc_array(look->mem, struct fact_blocker,
				  (unsigned)my->row_holder_count);
	look->count = my->row_holder_count;
	for (size_t i = 0; i < look->count; i++) {
		fact_blocker_copy(look->list, &my->row_holders[i],
				  &look->list[i]);
		look->list[i].transaction = "";
		look->list[i].remedy = talloc_strdup(look->list,
						     my->row_holders[i].remedy);
	}
	my->met = false;
}

/* --- looking -------------------------------------------------------------- */

static int look_around(struct look *look, struct error *err)
{
	struct my *my = look->my;
	enum my_locks way = my_locks_way(my, look->side);
	const struct shown *shown = way == MY_LOCKS_PLUGIN ? &by_plugin
							   : &by_schema;

	my_ask_rights(my, look->side);
	if (way == MY_LOCKS_NONE)
		return look->weak ? list_suspects(look, err)
				  : look_for_suspects(look, err);
	if (!my_is_there(look->side, any_query(look, shown), NULL))
		return look->side->lost
			       ? my_failure(look->side, 0, NULL, NULL, err)
			       : 0;
	return run(look, exact_query(look, shown), err);
}

int my_holders(TALLOC_CTX *mem, struct my *my, const char *const *tables,
	       size_t table_count, bool write, struct fact_blocker **list,
	       size_t *count, struct error *err)
{
	struct look look = {
		.mem = mem,
		.my = my,
		.weak = true,
		.write = write,
	};
	int result = my_side(my, &look.side, err);

	look.turn = talloc_new(NULL);
	for (size_t i = 0; i < table_count; i++)
		ask(&look, tables[i], MY_NO_WRITE);
	if (result == 0 && look.asked_count)
		result = look_around(&look, err);
	talloc_free(look.seen);
	talloc_free(look.turn);
	*list = look.list;
	*count = look.count;
	return result;
}

int my_blockers(TALLOC_CTX *mem, struct db *db, const struct script *script,
		size_t first, size_t count, struct fact_blocker **blockers,
		size_t *blocker_count, struct error *err)
{
	struct my *my = my_of(db);
	struct look look = { .mem = mem, .my = my };
	struct error ignored = { 0 };
	int result = 0;

	look.turn = talloc_new(NULL);
	if (!only_recalls(my))
		collect(&look, script, first, count);
	if (!look.asked_count)
		recall(&look);
	/* under LOCK TABLES of the script's own it would find itself */
	if (look.asked_count && !my->tables_locked) {
		if (my_side(my, &look.side, &ignored) == 0)
			result = look_around(&look, err);
		error_release(&ignored);
	}
	if (look.seen || look.asked_count)
		keep_seen(&look);
	talloc_free(look.turn);
	*blockers = look.list;
	*blocker_count = look.count;
	return result;
}
