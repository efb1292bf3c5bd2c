#include "core/db/sqlite/internal.h"

#include <string.h>

#include "core/sql/reader.h"

static bool is_internal(const char *name)
{
	return !strncmp(name, "sqlite_", 7) || db_is_own_table(name);
}

/* The name as it is kept; NULL: it is none of the person's. */
static const char *note(struct touched *t, const char *schema, const char *name,
			enum touch touch)
{
	bool read = touch == TOUCH_READ;
	char *full;

	if (!name || !*name || is_internal(name))
		return NULL;
	full = schema && strcmp(schema, "main") != 0
		       ? talloc_asprintf(t, "%s.%s", schema, name)
		       : talloc_strdup(t, name);
	for (size_t i = 0; i < t->count; i++)
		if (!strcmp(t->names[i].name, full)) {
			if (t->names[i].touch < touch)
				t->names[i].touch = touch;
			t->names[i].read |= read;
			talloc_free(full);
			return t->names[i].name;
		}
	t->names = talloc_realloc(t, t->names, struct touched_name,
				  (unsigned)t->count + 1);
	t->names[t->count++] = (struct touched_name){ full, touch, read };
	return full;
}

static void note_rows(struct touched *t, const char *schema, const char *name,
		      int action)
{
	const char *kept = note(t, schema, name, TOUCH_WRITTEN);

	for (size_t i = 0; i < t->write_count; i++)
		if (t->writes[i].name == kept && t->writes[i].action == action)
			return;
	if (kept && t->write_count < TOUCHED_WRITES)
		t->writes[t->write_count++] = (struct touched_write){ kept,
								      action };
}

static void note_reindexed(struct touched *t, const char *index)
{
	t->reindexed = talloc_realloc(t, t->reindexed, const char *,
				      (unsigned)t->reindexed_count + 1);
	t->reindexed[t->reindexed_count++] = talloc_strdup(t, index);
}

static void note_definition(struct touched *t, int action, const char *first,
			    const char *second, const char *schema)
{
	switch (action) {
	case SQLITE_CREATE_TABLE:
	case SQLITE_CREATE_VTABLE:
		t->made = note(t, schema, first, TOUCH_WRITTEN);
		break;
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_VTABLE:
		t->dropped = note(t, schema, first, TOUCH_WRITTEN);
		break;
	case SQLITE_CREATE_INDEX:
		t->indexed = note(t, schema, second, TOUCH_WRITTEN);
		break;
	case SQLITE_DROP_INDEX:
		note(t, schema, second, TOUCH_WRITTEN);
		break;
	default: /* SQLITE_ALTER_TABLE: the schema comes first here */
		t->altered = note(t, first, second, TOUCH_WRITTEN);
		break;
	}
}

int touched_note(void *data, int action, const char *first, const char *second,
		 const char *schema, const char *by)
{
	struct touched *t = ((struct sqlite *)data)->touched;

	if (!t)
		return SQLITE_OK;
	t->indirect |= by != NULL;
	switch (action) {
	case SQLITE_READ:
		note(t, schema, first, TOUCH_READ);
		break;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		note_rows(t, schema, first, action);
		break;
	case SQLITE_CREATE_TABLE:
	case SQLITE_DROP_TABLE:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE:
	case SQLITE_CREATE_INDEX:
	case SQLITE_DROP_INDEX:
	case SQLITE_ALTER_TABLE:
		note_definition(t, action, first, second, schema);
		break;
	case SQLITE_REINDEX:
		note_reindexed(t, first);
		break;
	case SQLITE_CREATE_VIEW:
	case SQLITE_DROP_VIEW:
		note(t, schema, first, TOUCH_VIEW);
		break;
	case SQLITE_ANALYZE:
		note(t, schema, first, TOUCH_NAMED);
		break;
	case SQLITE_CREATE_TRIGGER:
	case SQLITE_DROP_TRIGGER:
		note(t, schema, second, TOUCH_NAMED);
		break;
	case SQLITE_PRAGMA:
		t->changes_connection |= second != NULL;
		break;
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
	case SQLITE_CREATE_TEMP_TABLE:
	case SQLITE_CREATE_TEMP_VIEW:
	case SQLITE_CREATE_TEMP_INDEX:
	case SQLITE_CREATE_TEMP_TRIGGER:
		t->changes_connection = true;
		break;
	default:
		break;
	}
	return SQLITE_OK;
}

static bool exists(struct sqlite *s, const char *schema, const char *table)
{
	return sqlite3_table_column_metadata(s->handle, schema, table, NULL,
					     NULL, NULL, NULL, NULL,
					     NULL) == SQLITE_OK;
}

bool sqlite_has_table(struct sqlite *s, const char *name)
{
	const char *dot = strchr(name, '.');
	char *schema;
	bool result;

	if (exists(s, "main", name))
		return true;
	if (!dot)
		return false;
	schema = talloc_strndup(NULL, name, (size_t)(dot - name));
	result = exists(s, schema, dot + 1);
	talloc_free(schema);
	return result;
}

static void note_new_name(struct touched *t, const char *text, size_t length)
{
	struct reader r;

	reader_start(&r, text, length, SQL_SQLITE);
	if (!reader_accept(&r, "ALTER") || !reader_accept(&r, "TABLE"))
		return;
	do
		reader_advance(&r);
	while (reader_accept_character(&r, '.'));
	if (reader_accept(&r, "RENAME") && reader_accept(&r, "TO"))
		t->renamed = note(t, NULL, reader_name(t, &r), TOUCH_WRITTEN);
}

void touched_finish(struct sqlite *s, struct touched *t, const char *text,
		    size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->names[i].touch != TOUCH_READ ||
		    sqlite_has_table(s, t->names[i].name))
			t->names[kept++] = t->names[i];
	t->count = kept;
	note_new_name(t, text, length);
}
