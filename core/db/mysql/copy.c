#include "core/db/mysql/internal.h"

#include <string.h>

/*
 * A copy of a scratch database, made of what the server says that its objects
 * were created with. The rows go from table to table inside the server.
 */

struct copying {
	TALLOC_CTX *mem;
	struct my *from, *to;
	struct error *err;
};

struct object {
	const char *name, *kind;
	const char *text;      /* that creates it */
	const char *mode;      /* sql_mode it was created with, or NULL */
	const char *collation; /* collation_connection, or NULL */
};

struct objects {
	TALLOC_CTX *mem;
	struct object *list;
	size_t count;
};

static int take_object(const char *const *values, int count, void *data)
{
	struct objects *objects = data;
	struct object *o;

	objects->list = talloc_realloc(objects->mem, objects->list,
				       struct object,
				       (unsigned)objects->count + 1);
	o = &objects->list[objects->count++];
	*o = (struct object){ 0 };
	o->name = talloc_strdup(objects->mem, values[0]);
	o->kind = talloc_strdup(objects->mem, values[1]);
	if (count > 2) {
		o->mode = talloc_strdup(objects->mem, values[2]);
		o->collation = talloc_strdup(objects->mem, values[3]);
	}
	return 0;
}

static int list(struct copying *c, const char *sql, struct objects *objects)
{
	*objects = (struct objects){ .mem = c->mem };
	return my_run(&c->from->side, sql, strlen(sql), take_object, objects,
		      NULL, c->err);
}

/* --- creating ------------------------------------------------------------- */

struct text_column {
	TALLOC_CTX *mem;
	int column;
	char *text;
};

static int take_text(const char *const *values, int count, void *data)
{
	struct text_column *take = data;

	if (take->column < count)
		take->text = talloc_strdup(take->mem, values[take->column]);
	return 0;
}

/* Which column of SHOW CREATE has the text. */
static int text_column(const char *kind)
{
	if (!strcmp(kind, "EVENT"))
		return 3;
	return !strcmp(kind, "PROCEDURE") || !strcmp(kind, "FUNCTION") ||
			       !strcmp(kind, "TRIGGER")
		       ? 2
		       : 1;
}

static int read_text(struct copying *c, struct object *o)
{
	char *sql = talloc_asprintf(c->mem, "SHOW CREATE %s %s", o->kind,
				    my_quote(c->mem, o->name));
	struct text_column take = { c->mem, text_column(o->kind), NULL };

	if (my_run(&c->from->side, sql, strlen(sql), take_text, &take, NULL,
		   c->err) < 0)
		return -1;
	o->text = take.text;
	return o->text ? 0
		       : error_set(c->err, ERROR_SQL,
				   "the server does not show how %s '%s' was "
				   "created",
				   o->kind, o->name);
}

static int create(struct copying *c, struct object *o)
{
	const char *params[] = { o->mode, o->collation };

	if (!o->text && read_text(c, o) < 0)
		return -1;
	if (o->mode && my_query(&c->to->main,
				"SET sql_mode = $1, collation_connection = $2",
				params, 2, NULL, NULL, c->err) < 0)
		return -1;
	return my_run_sql(&c->to->main, o->text, c->err);
}

static int create_all(struct copying *c, const char *sql)
{
	struct objects objects;

	if (list(c, sql, &objects) < 0)
		return -1;
	for (size_t i = 0; i < objects.count; i++)
		if (create(c, &objects.list[i]) < 0)
			return -1;
	return 0;
}

/* A view that needs another one comes after it: the list is gone through as
   long as that brings something. */
static int create_views(struct copying *c)
{
	struct objects views;
	size_t left, before;

	if (list(c,
		 "SELECT TABLE_NAME, 'VIEW' FROM information_schema.VIEWS "
		 "WHERE TABLE_SCHEMA = DATABASE()",
		 &views) < 0)
		return -1;
	for (left = views.count, before = left + 1; left && left < before;) {
		size_t kept = 0;

		before = left;
		for (size_t i = 0; i < left; i++) {
			error_release(c->err);
			if (create(c, &views.list[i]) < 0)
				views.list[kept++] = views.list[i];
		}
		left = kept;
	}
	return left ? -1 : 0;
}

/* --- rows ----------------------------------------------------------------- */

static int copy_rows(struct copying *c, const struct object *table,
		     const char *columns)
{
	char *sql = talloc_asprintf(
		c->mem, "INSERT INTO %s (%s) SELECT %s FROM %s.%s",
		my_quote(c->mem, table->name), columns, columns,
		my_quote(c->mem, c->from->db.database),
		my_quote(c->mem, table->name));

	return my_run_sql(&c->to->main, sql, c->err);
}

/* Each table with those of its columns that are not computed. */
static int copy_tables(struct copying *c)
{
	struct objects tables;

	if (list(c,
		 "SELECT c.TABLE_NAME, group_concat(concat('`', "
		 "replace(c.COLUMN_NAME, '`', '``'), '`')) "
		 "FROM information_schema.COLUMNS AS c "
		 "JOIN information_schema.TABLES AS t "
		 "USING (TABLE_SCHEMA, TABLE_NAME) "
		 "WHERE c.TABLE_SCHEMA = DATABASE() "
		 "AND t.TABLE_SCHEMA = DATABASE() "
		 "AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') "
		 "AND coalesce(c.GENERATION_EXPRESSION, '') = '' "
		 "GROUP BY c.TABLE_NAME",
		 &tables) < 0)
		return -1;
	for (size_t i = 0; i < tables.count; i++)
		if (copy_rows(c, &tables.list[i], tables.list[i].kind) < 0)
			return -1;
	return 0;
}

/* SETVAL() takes nothing but a number. */
static int set_sequence(struct copying *c, const struct object *o)
{
	char *name = my_quote(c->mem, o->name);
	char *sql = talloc_asprintf(
		c->mem, "SELECT next_not_cached_value FROM %s", name);
	struct text_column take = { c->mem, 0, NULL };

	if (my_run(&c->from->side, sql, strlen(sql), take_text, &take, NULL,
		   c->err) < 0)
		return -1;
	sql = talloc_asprintf(c->mem, "SELECT SETVAL(%s, %s, 0)", name,
			      take.text);
	return my_run_sql(&c->to->main, sql, c->err);
}

static int copy_sequences(struct copying *c)
{
	struct objects sequences;

	if (list(c,
		 "SELECT TABLE_NAME, 'SEQUENCE' "
		 "FROM information_schema.TABLES "
		 "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SEQUENCE'",
		 &sequences) < 0)
		return -1;
	for (size_t i = 0; i < sequences.count; i++)
		if (create(c, &sequences.list[i]) < 0 ||
		    set_sequence(c, &sequences.list[i]) < 0)
			return -1;
	return 0;
}

/* --- all ------------------------------------------------------------------ */

static const char settings[] = "SET foreign_key_checks = 0, unique_checks = 0, "
			       "sql_mode = 'NO_AUTO_VALUE_ON_ZERO'";

static const char tables[] =
	"SELECT TABLE_NAME, 'TABLE' FROM information_schema.TABLES "
	"WHERE TABLE_SCHEMA = DATABASE() "
	"AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";
static const char routines[] =
	"SELECT ROUTINE_NAME, ROUTINE_TYPE, SQL_MODE, COLLATION_CONNECTION "
	"FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()";
static const char triggers[] =
	"SELECT TRIGGER_NAME, 'TRIGGER', SQL_MODE, COLLATION_CONNECTION "
	"FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() "
	"ORDER BY ACTION_ORDER";
static const char events[] =
	"SELECT EVENT_NAME, 'EVENT', SQL_MODE, COLLATION_CONNECTION "
	"FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";

int my_copy(struct my *from, struct my *to, struct error *err)
{
	struct copying c = {
		.mem = talloc_new(NULL), .from = from, .to = to, .err = err
	};
	struct my_conn *side;
	int result = 0;

	if (my_side(from, &side, err) < 0 ||
	    my_run_sql(&to->main, settings, err) < 0 ||
	    copy_sequences(&c) < 0 || create_all(&c, tables) < 0 ||
	    copy_tables(&c) < 0 || create_all(&c, routines) < 0 ||
	    create_views(&c) < 0 || create_all(&c, triggers) < 0 ||
	    create_all(&c, events) < 0)
		result = error_prefix(err, "unable to copy a scratch database");
	if (result == 0)
		result = my_conn_reset(&to->main, err);
	talloc_free(c.mem);
	return result;
}
