#include "core/db/mysql/internal.h"

#include <string.h>

#include "core/sql/loss.h"

struct column {
	char *type;
	bool nullable;
};

static int take_column(const char *const *values, int count, void *data)
{
	struct column *column = data;

	(void)count;
	column->type = talloc_strdup(NULL, values[0]);
	column->nullable = !strcmp(values[1], "YES");
	return 0;
}

/* Without a word about it a text gets the character set of its table. */
bool my_widens(struct db *db, const struct loss *loss)
{
	struct my *my = my_of(db);
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	struct column column = { 0 };
	char *database, *name;
	const char *params[3];
	struct my_conn *side;
	bool widens = false;

	my_split_name(mem, loss->table, &database, &name);
	params[0] = database ? database : db->database;
	params[1] = name;
	params[2] = loss->name;
	if (my_side(my, &side, &ignored) == 0 &&
	    my_query(side,
		     "SELECT c.COLUMN_TYPE, c.IS_NULLABLE "
		     "FROM information_schema.COLUMNS AS c "
		     "JOIN information_schema.TABLES AS t "
		     "USING (TABLE_SCHEMA, TABLE_NAME) "
		     "WHERE c.TABLE_SCHEMA = $1 AND c.TABLE_NAME = $2 "
		     "AND c.COLUMN_NAME = $3 AND "
		     "coalesce(c.COLLATION_NAME, t.TABLE_COLLATION) = "
		     "t.TABLE_COLLATION",
		     params, 3, take_column, &column, &ignored) == 0 &&
	    column.type)
		widens = loss_type_widens(column.type, loss->to, SQL_MYSQL) &&
			 !(column.nullable && strstr(loss->to, "not null"));
	error_release(&ignored);
	talloc_free(column.type);
	talloc_free(mem);
	return widens;
}
