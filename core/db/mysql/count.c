#include "core/db/mysql/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct size {
	bool found;
	int64_t rows; /* as the statistics say */
};

static int take_size(const char *const *values, int count, void *data)
{
	struct size *size = data;

	(void)count;
	size->found = true;
	size->rows = values[0] ? strtoll(values[0], NULL, 10) : 0;
	return 0;
}

static int take_number(const char *const *values, int count, void *data)
{
	(void)count;
	*(int64_t *)data = values[0] ? strtoll(values[0], NULL, 10) : 0;
	return 0;
}

#define LOCK_TIMEOUT 1205

/*
 * A number is not worth a wait: what somebody has locked is not counted. But of
 * our own tables -1 says that there is none.
 */
static const char *impatient(const struct my *my, const char *table)
{
	return db_is_own_table(table) || !my_is_mariadb(my)
		       ? ""
		       : "SET STATEMENT lock_wait_timeout = 0 FOR ";
}

/* Statistics may be far from the truth, by half and more: the look goes no
   further than the limit either way. */
static int count_up_to(TALLOC_CTX *mem, struct my_conn *conn, const char *set,
		       const char *database, const char *name, int64_t limit,
		       int64_t *rows, struct error *err)
{
	char *sql = talloc_asprintf(
		mem,
		"%sSELECT COUNT(*) FROM (SELECT 1 FROM %s.%s LIMIT %" PRId64
		") AS t",
		set, my_quote(mem, database), my_quote(mem, name), limit + 1);

	return my_run(conn, sql, strlen(sql), take_number, rows, NULL, err);
}

static int find_size(TALLOC_CTX *mem, struct my_conn *conn, const char *set,
		     const char *const *params, struct size *size,
		     struct error *err)
{
	return my_query(
		conn,
		talloc_asprintf(mem,
				"%sSELECT TABLE_ROWS "
				"FROM information_schema.TABLES "
				"WHERE TABLE_SCHEMA = $1 AND TABLE_NAME = $2 "
				"AND TABLE_TYPE IN ('BASE TABLE', "
				"'SYSTEM VERSIONED')",
				set),
		params, 2, take_size, size, err);
}

int my_count_rows(struct db *db, const char *table, int64_t limit,
		  int64_t *rows, bool *estimated, struct error *err)
{
	struct my *my = my_of(db);
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *set = impatient(my, table);
	struct size size = { 0 };
	struct my_conn *conn;
	char *database, *name;
	const char *params[2];
	int result;

	*rows = -1;
	*estimated = false;
	my_split_name(mem, table, &database, &name);
	params[0] = database ? database : db->database;
	params[1] = name;
	result = my_beside_script(my, &conn, err);
	if (result == 0)
		result = find_size(mem, conn, set, params, &size, err);
	if (result == 0 && size.found && size.rows / 2 <= limit)
		result = count_up_to(mem, conn, set, params[0], name, limit,
				     rows, err);
	if (result < 0 && *set && conn->failed == LOCK_TIMEOUT &&
	    err->code == ERROR_LOCK_TIMEOUT) {
		error_release(err);
		size.found = false;
		result = 0;
	}
	if (result == 0 && size.found && (*rows < 0 || *rows > limit)) {
		*estimated = true;
		*rows = size.rows > *rows ? size.rows : *rows;
	}
	talloc_free(mem);
	return result;
}
