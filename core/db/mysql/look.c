#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * What is asked while a statement runs. performance_schema shows who waits for
 * which lock, and who has one, but for ever in the mode that it was first asked
 * for, though ALTER TABLE makes it stronger and weaker again; the plugin, only
 * those that somebody has, in the mode that is true; the process list, that
 * somebody waits and by which statement. None of these tables takes a lock of a
 * table, or waits for one.
 */

enum {
	LOOK_ID,
	LOOK_BLOCKER, /* of a row: the connection that has it */
	LOOK_SCHEMA,
	LOOK_TABLE, /* of a row: `schema`.`table` */
	LOOK_MODE,
	LOOK_GRANTED,
	LOOK_STATE,
	LOOK_AGE_MS,
	LOOK_QUERY_ID,
	LOOK_DONE,
	LOOK_USER,
	LOOK_DATABASE,
	LOOK_TEXT,
	LOOK_COLUMNS,
};

struct my_look *my_look_new(TALLOC_CTX *mem, enum my_subject about)
{
	struct my_look *look = talloc_zero(mem, struct my_look);

	look->about = about;
	return look;
}

/* --- the questions -------------------------------------------------------- */

/* From LOOK_STATE on, of p (PROCESSLIST). */
static const char *process(const struct my *my)
{
	return my_is_mariadb(my)
		       ? "p.STATE, p.TIME_MS, p.QUERY_ID, "
			 "IF(p.MAX_STAGE > 0, (p.STAGE - 1 + p.PROGRESS / 100) "
			 "/ p.MAX_STAGE, NULL), p.USER, p.DB, "
			 "LEFT(p.INFO, 4000)"
		       : "p.STATE, NULL, NULL, NULL, p.USER, p.DB, "
			 "LEFT(p.INFO, 4000)";
}

static char *from_processes(TALLOC_CTX *mem, const struct my *my,
			    const char *others)
{
	return talloc_asprintf(
		mem,
		"SELECT p.ID, NULL, NULL, NULL, NULL, NULL, %s "
		"FROM information_schema.PROCESSLIST p WHERE p.ID = %lu%s",
		process(my), my->main.id, others);
}

/* Those that `where` says; `about`: from LOOK_STATE on, and whence. */
static char *from_schema(TALLOC_CTX *mem, const char *about, const char *join,
			 const char *where)
{
	return talloc_asprintf(
		mem,
		"SELECT t.PROCESSLIST_ID, NULL, m.OBJECT_SCHEMA, "
		"m.OBJECT_NAME, m.LOCK_TYPE, m.LOCK_STATUS = 'GRANTED', %s "
		"FROM performance_schema.metadata_locks m "
		"JOIN performance_schema.threads t "
		"ON t.THREAD_ID = m.OWNER_THREAD_ID %s"
		"WHERE m.OBJECT_TYPE = 'TABLE' AND (%s)",
		about, join, where);
}

#define NOTHING_ELSE "NULL, NULL, NULL, NULL, NULL, NULL, NULL"

/* Those of others that are waited for; and ours, where nothing knows them
   better. */
static char *waited_for(TALLOC_CTX *mem, const struct my *my)
{
	const char *where = "m.LOCK_STATUS = 'PENDING'";

	if (!my->plugin)
		where = talloc_asprintf(mem, "%s OR t.PROCESSLIST_ID = %lu",
					where, my->main.id);
	return from_schema(mem, process(my),
			   "LEFT JOIN information_schema.PROCESSLIST p "
			   "ON p.ID = t.PROCESSLIST_ID ",
			   where);
}

/* Ours. */
static char *from_plugin(TALLOC_CTX *mem, const struct my *my)
{
	return talloc_asprintf(
		mem,
		"SELECT m.THREAD_ID, NULL, m.TABLE_SCHEMA, m.TABLE_NAME, "
		"m.LOCK_MODE, 1, " NOTHING_ELSE
		" FROM information_schema.METADATA_LOCK_INFO m "
		"WHERE m.LOCK_TYPE = 'Table metadata lock' "
		"AND m.THREAD_ID = %lu",
		my->main.id);
}

static char *about_ours(TALLOC_CTX *mem, const struct my *my)
{
	if (my->plugin)
		return from_plugin(mem, my);
	return from_schema(
		mem, NOTHING_ELSE, "",
		talloc_asprintf(mem, "t.PROCESSLIST_ID = %lu", my->main.id));
}

/* Those that waited for rows are asked whether they still do the same. */
static char *others(TALLOC_CTX *mem, const struct my *my)
{
	char *ids = my_victims_ids(mem, my, true);

	return talloc_asprintf(mem, "%s OR p.ID IN (%s)",
			       my->locks == MY_LOCKS_SCHEMA
				       ? ""
				       : " OR p.STATE LIKE 'Waiting for "
					 "table%'",
			       ids);
}

static char *about_tables(TALLOC_CTX *mem, const struct my *my)
{
	char *sql = from_processes(mem, my, others(mem, my));

	if (my->locks == MY_LOCKS_SCHEMA)
		sql = talloc_asprintf(mem, "%s UNION ALL %s",
				      waited_for(mem, my), sql);
	return my->plugin ? talloc_asprintf(mem, "%s UNION ALL %s",
					    from_plugin(mem, my), sql)
			  : sql;
}

#define BY_MARIADB                                                             \
	"NULL, l.lock_table, l.lock_mode, 0, %s "                              \
	"FROM information_schema.INNODB_LOCK_WAITS w "                         \
	"JOIN information_schema.INNODB_TRX r "                                \
	"ON r.trx_id = w.requesting_trx_id "                                   \
	"JOIN information_schema.INNODB_TRX b "                                \
	"ON b.trx_id = w.blocking_trx_id "                                     \
	"LEFT JOIN information_schema.INNODB_LOCKS l "                         \
	"ON l.lock_id = w.requested_lock_id "
#define BY_MYSQL                                                               \
	"l.OBJECT_SCHEMA, l.OBJECT_NAME, l.LOCK_MODE, 0, %s "                  \
	"FROM performance_schema.data_lock_waits w "                           \
	"JOIN information_schema.INNODB_TRX r "                                \
	"ON r.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID "                    \
	"JOIN information_schema.INNODB_TRX b "                                \
	"ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID "                      \
	"LEFT JOIN performance_schema.data_locks l "                           \
	"ON l.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID "

static char *about_rows(TALLOC_CTX *mem, const struct my *my)
{
	const char *columns = process(my);
	char *rest = my_is_mariadb(my)
			     ? talloc_asprintf(mem, BY_MARIADB, columns)
			     : talloc_asprintf(mem, BY_MYSQL, columns);

	return talloc_asprintf(
		mem,
		"SELECT r.trx_mysql_thread_id, b.trx_mysql_thread_id, %s"
		"LEFT JOIN information_schema.PROCESSLIST p "
		"ON p.ID = r.trx_mysql_thread_id",
		rest);
}

char *my_look_sql(TALLOC_CTX *mem, const struct my *my, enum my_subject about)
{
	switch (about) {
	case MY_OURS:
		return about_ours(mem, my);
	case MY_TABLES:
		return about_tables(mem, my);
	case MY_LOCKED_ROWS:
		return about_rows(mem, my);
	case MY_PROGRAMS:
		break;
	}
	return talloc_asprintf(
		mem,
		"SELECT PROCESSLIST_ID, ATTR_VALUE "
		"FROM performance_schema.session_connect_attrs "
		"WHERE ATTR_NAME = 'program_name' AND PROCESSLIST_ID IN (%s)",
		my_victims_ids(mem, my, false));
}

/* --- the answers ---------------------------------------------------------- */

/* `schema`.`table`, and in MariaDB comments behind it of what part. */
static void take_apart(TALLOC_CTX *mem, const char *written, char **schema,
		       char **table)
{
	const char *dot = strstr(written, "`.`");
	const char *end = dot ? strchr(dot + 3, '`') : NULL;

	if (*written != '`' || !end)
		return;
	*schema = talloc_strndup(mem, written + 1, (size_t)(dot - written - 1));
	*table = talloc_strndup(mem, dot + 3, (size_t)(end - dot - 3));
}

/* What statistics are kept in is nobody's table, and the copy that an ALTER
   fills has a name that means nothing. */
static bool is_nobodys(const char *schema, const char *table)
{
	return db_is_own_table(table) || !strncmp(table, "#sql", 4) ||
	       (!strcmp(schema, "mysql") && !strncmp(table, "innodb_", 7));
}

static void set_relation(const struct my *my, struct my_look *look,
			 struct my_sighting *s, const char *schema,
			 const char *table)
{
	char *own_schema = NULL, *own_table = NULL;

	if (!schema && table) {
		take_apart(look, table, &own_schema, &own_table);
		schema = own_schema;
		table = own_table;
	}
	if (!schema || !table || is_nobodys(schema, table))
		return;
	s->relation = !strcmp(schema, my->db.database)
			      ? talloc_strdup(look, table)
			      : talloc_asprintf(look, "%s.%s", schema, table);
}

static const char *copy(TALLOC_CTX *mem, const char *text)
{
	return text && *text ? talloc_strdup(mem, text) : NULL;
}

static int64_t number(const char *text)
{
	return text ? strtoll(text, NULL, 10) : 0;
}

void my_look_take(struct my *my, struct my_look *look,
		  const char *const *values, int count)
{
	struct my_sighting *s;

	if (look->about == MY_PROGRAMS && my->observed && count == 2 &&
	    values[0])
		my_victims_name(my, number(values[0]), values[1]);
	if (count != LOOK_COLUMNS || !values[LOOK_ID])
		return;
	look->list = talloc_realloc(look, look->list, struct my_sighting,
				    (unsigned)look->count + 1);
	s = &look->list[look->count++];
	*s = (struct my_sighting){
		.id = number(values[LOOK_ID]),
		.blocker = number(values[LOOK_BLOCKER]),
		.mode = my_mode_number(values[LOOK_MODE]),
		.mode_name = copy(look, values[LOOK_MODE]),
		.granted = number(values[LOOK_GRANTED]) != 0,
		.state = talloc_strdup(
			look, values[LOOK_STATE] ? values[LOOK_STATE] : ""),
		.age_us =
			values[LOOK_AGE_MS]
				? (int64_t)(strtod(values[LOOK_AGE_MS], NULL) *
					    1000)
				: -1,
		.query = number(values[LOOK_QUERY_ID]),
		.user = copy(look, values[LOOK_USER]),
		.database = copy(look, values[LOOK_DATABASE]),
		.text = copy(look, values[LOOK_TEXT]),
		.done = values[LOOK_DONE] ? strtod(values[LOOK_DONE], NULL)
					  : -1,
	};
	if (s->mode_name && !strncmp(s->mode_name, "MDL_", 4))
		s->mode_name += 4;
	set_relation(my, look, s, values[LOOK_SCHEMA], values[LOOK_TABLE]);
}

const struct my_sighting *my_look_own(const struct my *my,
				      const struct my_look *look)
{
	for (size_t i = 0; i < look->count; i++)
		if (look->list[i].id == (int64_t)my->main.id &&
		    *look->list[i].state && !look->list[i].mode_name)
			return &look->list[i];
	return NULL;
}

bool my_is_waiting(const char *state)
{
	return !strncmp(state, "Waiting for ", 12) &&
	       (strstr(state, " lock") || strstr(state, " flush"));
}

/* What ours does while it waits is said by others. */
static void take_phase(struct my *my, const struct my_look *look)
{
	const struct my_sighting *own = my_look_own(my, look);

	if (!own || !my->running || !my->redefines || my_is_waiting(own->state))
		return;
	my->copies |= !strcmp(own->state, "copy to tmp table");
	my->in_place |= !strcmp(own->state, "altering table");
	if (my->db.options.phase)
		my->db.options.phase(own->state, own->done);
}

void my_look_done(struct my *my, struct my_look *look)
{
	/* the answer may be about what was let go before this began */
	if (!my->observed || look->asked_us < my->begun_us ||
	    look->about == MY_PROGRAMS)
		return;
	if (look->about != MY_LOCKED_ROWS)
		my_held_take(my, look);
	if (look->about != MY_OURS) {
		my_victims_take(my, look);
		my_waits_take(my, look);
	}
	if (look->about == MY_LOCKED_ROWS)
		my->rows_looked_us = look->asked_us;
	else
		my->looked_us = look->asked_us;
	if (look->about != MY_TABLES)
		return;
	my->tables_looked_us = look->asked_us;
	take_phase(my, look);
}
