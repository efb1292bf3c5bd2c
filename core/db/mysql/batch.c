#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/sql/reader.h"

int my_ask(struct db *db, const char *sql, db_row_fn row, void *data,
	   struct error *err)
{
	struct my *my = my_of(db);
	int result;

	my->checked_us = 0;
	if (db->lock_timeout_ms)
		my_forget_row_blockers(my);
	/* it may wait for the statement's table before that itself does */
	my_watch_begin(my, my->script, my->step);
	result = my_run(&my->main, sql, strlen(sql), row, data, NULL, err);
	my_watch_end(my);
	my->timed_out = result < 0 && err->code == ERROR_LOCK_TIMEOUT;
	return result;
}

/* --- the key -------------------------------------------------------------- */

/*
 * How a value is written so that it means the same whatever the session has
 * set, and is compared as it is ordered: an ENUM by its number, a text by the
 * column's own collation, which a literal gives way to.
 */
static const struct {
	const char *types; /* each between blanks */
	const char *before, *after;
} literals[] = {
	{ " tinyint smallint mediumint int bigint decimal ", "CAST(",
	  " AS CHAR)" },
	{ " float double ", "CAST(CAST(", " AS DOUBLE) AS CHAR)" },
	{ " enum set bit year ", "CAST(", " + 0 AS CHAR)" },
	{ " char varchar tinytext text mediumtext longtext ",
	  "CONCAT('_utf8mb4 X', QUOTE(HEX(CONVERT(", " USING utf8mb4))))" },
	{ " binary varbinary tinyblob blob mediumblob longblob ",
	  "CONCAT('X', QUOTE(HEX(", ")))" },
	{ "", "QUOTE(CAST(", " AS CHAR))" },
};

static char *literal_of(TALLOC_CTX *mem, const char *quoted, const char *type)
{
	char *word = talloc_asprintf(NULL, " %s ", type);
	size_t i = 0;

	while (*literals[i].types && !strstr(literals[i].types, word))
		i++;
	talloc_free(word);
	return talloc_asprintf(mem, "%s%s%s", literals[i].before, quoted,
			       literals[i].after);
}

struct found {
	TALLOC_CTX *mem;
	struct db_key *key;
};

static int take_column(const char *const *values, int count, void *data)
{
	struct found *found = data;
	struct db_key *key = found->key;
	TALLOC_CTX *mem = found->mem;
	unsigned room = (unsigned)key->count + 1;

	(void)count;
	key->is_table = true;
	if (!values[0])
		return 0;
	key->names = talloc_realloc(mem, key->names, const char *, room);
	key->columns = talloc_realloc(mem, key->columns, const char *, room);
	key->literals = talloc_realloc(mem, key->literals, const char *, room);
	key->names[key->count] = talloc_strdup(mem, values[0]);
	key->columns[key->count] = my_quote(mem, values[0]);
	key->literals[key->count] = literal_of(mem, key->columns[key->count],
					       values[1]);
	key->count++;
	key->nullable |= *values[2] == 'Y';
	key->indexed &= *values[3] == '1';
	return 0;
}

static void read_name(TALLOC_CTX *mem, const char *written, char **database,
		      char **table)
{
	struct reader r;

	*database = NULL;
	reader_start(&r, written, strlen(written), SQL_MYSQL);
	*table = reader_name(mem, &r);
	reader_advance(&r);
	if (!reader_accept_character(&r, '.'))
		return;
	*database = *table;
	*table = reader_name(mem, &r);
}

#define OF_TABLE(x)                                                            \
	x ".TABLE_SCHEMA = t.TABLE_SCHEMA AND " x ".TABLE_NAME = t.TABLE_NAME"
#define TABLE                                                                  \
	"FROM (SELECT TABLE_SCHEMA, TABLE_NAME "                               \
	"FROM information_schema.TABLES "                                      \
	"WHERE TABLE_SCHEMA = COALESCE($1, DATABASE()) AND TABLE_NAME = $2) "  \
	"t "

static const char primary[] =
	"SELECT s.COLUMN_NAME, c.DATA_TYPE, c.IS_NULLABLE, 1 " TABLE
	"LEFT JOIN information_schema.STATISTICS s "
	"ON " OF_TABLE("s") " AND s.INDEX_NAME = 'PRIMARY' "
			    "LEFT JOIN information_schema.COLUMNS c "
			    "ON " OF_TABLE(
				    "c") " AND c.COLUMN_NAME = s.COLUMN_NAME "
					 "ORDER BY s.SEQ_IN_INDEX";

static const char named[] =
	"SELECT c.COLUMN_NAME, c.DATA_TYPE, c.IS_NULLABLE, EXISTS ("
	"SELECT 1 FROM information_schema.STATISTICS s "
	"WHERE " OF_TABLE(
		"s") " AND s.SEQ_IN_INDEX = 1 "
		     "AND s.COLUMN_NAME = c.COLUMN_NAME AND s.SUB_PART IS NULL "
		     "AND s.INDEX_TYPE = 'BTREE') " TABLE
		     "LEFT JOIN information_schema.COLUMNS c "
		     "ON " OF_TABLE("c") " AND c.COLUMN_NAME = $3";

int my_key(TALLOC_CTX *mem, struct db *db, const char *table,
	   const char *column, struct db_key *key, struct error *err)
{
	struct found found = { mem, key };
	const char *params[3] = { [2] = column };
	char *database, *name;

	read_name(mem, table, &database, &name);
	params[0] = database;
	params[1] = name;
	*key = (struct db_key){ .indexed = true };
	return my_query(&my_of(db)->main, column ? named : primary, params,
			column ? 3 : 2, take_column, &found, err);
}

/* --- the load ------------------------------------------------------------- */

static int take_waiting(const char *const *values, int count, void *data)
{
	(void)count;
	((struct db_load *)data)->waiting += values[0] ? atoi(values[0]) : 0;
	return 0;
}

/* The column of SHOW REPLICA STATUS; MariaDB's of all sources has two more in
   front of it. Who has stopped, or lost its source, is NULL seconds behind. */
#define SECONDS_BEHIND 32
#define MORE_OF_ALL 2

static void add_lag(struct db_load *load, const char *const *values)
{
	int64_t ms;

	if (!values[SECONDS_BEHIND]) {
		load->stopped = true;
		return;
	}
	ms = strtoll(values[SECONDS_BEHIND], NULL, 10) * 1000;
	if (ms > load->lag_ms)
		load->lag_ms = ms;
}

static int take_lag(const char *const *values, int count, void *data)
{
	if (count > SECONDS_BEHIND)
		add_lag(data, values);
	return 0;
}

static int take_lag_of_all(const char *const *values, int count, void *data)
{
	return take_lag(values + MORE_OF_ALL, count - MORE_OF_ALL, data);
}

/*
 * A primary does not know how far its replicas are: SHOW REPLICA HOSTS names
 * them, and its dump threads tell what was sent, not what was applied. A server
 * that is a replica itself knows how far it is behind. Each of these needs
 * rights that not everyone has, and not every server knows each.
 */
int my_load(struct db *db, struct db_load *load, struct error *err)
{
	static const struct {
		const char *sql;
		db_row_fn take;
	} questions[] = {
		{ "SELECT COUNT(*) FROM information_schema.INNODB_TRX "
		  "WHERE trx_wait_started < NOW() - INTERVAL 1 SECOND",
		  take_waiting },
		{ "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
		  "WHERE STATE LIKE 'Waiting for%lock' AND TIME >= 1",
		  take_waiting },
		{ "SHOW ALL SLAVES STATUS", take_lag_of_all },
		{ "SHOW REPLICA STATUS", take_lag },
	};
	bool mariadb = my_is_mariadb(my_of(db));
	struct my_conn *side;

	*load = (struct db_load){ .lag_ms = -1 };
	if (my_side(my_of(db), &side, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		if (questions[i].take == (mariadb ? take_lag : take_lag_of_all))
			continue;
		if (my_run(side, questions[i].sql, strlen(questions[i].sql),
			   questions[i].take, load, NULL, err) < 0) {
			if (side->lost || err->code == ERROR_INTERRUPTED)
				return -1;
			error_release(err);
		}
	}
	return 0;
}
