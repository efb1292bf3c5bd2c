#include "core/db/mysql/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/*
 * The metadata locks of the main connection, looked at from the one beside it
 * while a statement runs and, in a transaction, after it: DDL commits by
 * itself, so that there is nothing left to see behind it. Looks come 2 ms
 * after the statement was sent, and then ever less often; a lock counts from
 * when the statement was sent that was seen to hold it.
 */

#define FIRST_LOOK_US 2000
#define MOST_LOOK_US 200000

static const char from_schema[] =
	"SELECT m.OBJECT_SCHEMA, m.OBJECT_NAME, m.LOCK_TYPE "
	"FROM performance_schema.metadata_locks AS m "
	"JOIN performance_schema.threads AS t "
	"ON t.THREAD_ID = m.OWNER_THREAD_ID "
	"WHERE t.PROCESSLIST_ID = $1 AND m.OBJECT_TYPE = 'TABLE' "
	"AND m.LOCK_STATUS = 'GRANTED'";

static const char from_plugin[] =
	"SELECT TABLE_SCHEMA, TABLE_NAME, LOCK_MODE "
	"FROM information_schema.METADATA_LOCK_INFO "
	"WHERE THREAD_ID = $1 AND LOCK_TYPE = 'Table metadata lock'";

static const char is_plugin_there[] =
	"SELECT 1 FROM information_schema.PLUGINS "
	"WHERE PLUGIN_NAME = 'METADATA_LOCK_INFO' "
	"AND PLUGIN_STATUS = 'ACTIVE'";

static const char is_schema_there[] =
	"SELECT 1 FROM performance_schema.setup_instruments "
	"WHERE NAME = 'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES' "
	"AND @@performance_schema = 1";

static int take_yes(const char *const *values, int count, void *data)
{
	(void)values;
	(void)count;
	*(bool *)data = true;
	return 0;
}

/* What cannot be asked for lack of a right is not there. */
bool my_is_there(struct my_conn *side, const char *sql, bool *may)
{
	struct error ignored = { 0 };
	bool there = false;
	int result = my_run(side, sql, strlen(sql), take_yes, &there, NULL,
			    &ignored);

	if (may)
		*may = result == 0;
	error_release(&ignored);
	return there;
}

enum my_locks my_locks_way(struct my *my, struct my_conn *side)
{
	if (my->locks != MY_LOCKS_UNKNOWN)
		return my->locks;
	if (my_is_there(side, is_schema_there, NULL))
		my->locks = MY_LOCKS_SCHEMA;
	else if (my_is_there(side, is_plugin_there, NULL))
		my->locks = MY_LOCKS_PLUGIN;
	else
		my->locks = MY_LOCKS_NONE;
	return my->locks;
}

/* MDL_SHARED_NO_WRITE of the plugin is SHARED_NO_WRITE elsewhere. */
static int take_lock(const char *const *values, int count, void *data)
{
	struct my *my = data;
	const char *mode = values[2] ? values[2] : "";
	char *relation;

	(void)count;
	if (!values[0] || !values[1] || db_is_own_table(values[1]))
		return 0;
	if (!strncmp(mode, "MDL_", 4))
		mode += 4;
	if (!strcmp(values[0], my->db.database))
		relation = talloc_strdup(NULL, values[1]);
	else
		relation = talloc_asprintf(NULL, "%s.%s", values[0], values[1]);
	/* the copy that an ALTER fills has a name that means nothing */
	if (strncmp(values[1], "#sql", 4) != 0)
		facts_add_lock(my->facts, relation, mode, my->statement_us);
	talloc_free(relation);
	return 0;
}

void my_held_look(struct my *my, bool now)
{
	struct error ignored = { 0 };
	int64_t since = clock_mono_us();
	struct my_conn *side = &my->side;
	const char *params[1];
	char id[24];

	/* it is worth no connection of its own */
	if (!my->facts || !side->mysql || side->lost ||
	    (!now && since < my->next_look_us))
		return;
	if (my_locks_way(my, side) == MY_LOCKS_NONE)
		return;
	snprintf(id, sizeof(id), "%lu", my->main.id);
	params[0] = id;
	if (my_query(side,
		     my->locks == MY_LOCKS_SCHEMA ? from_schema : from_plugin,
		     params, 1, take_lock, my, &ignored) < 0)
		error_release(&ignored);
	since -= my->statement_us;
	if (since < FIRST_LOOK_US)
		since = FIRST_LOOK_US;
	my->next_look_us = clock_mono_us() +
			   (since < MOST_LOOK_US ? since : MOST_LOOK_US);
}
