#include <string.h>
#include <strings.h>

#include "core/derive/derive.h"

/* What the script has made so far. */
struct made {
	enum { MADE_OBJECT, MADE_COLUMN, MADE_CONSTRAINT, MADE_NAME } kind;
	const char *object;
	struct sql_name name;
	const char *column;
	size_t by; /* the change */
	bool renamed;
};

struct marking {
	TALLOC_CTX *mem;
	const struct changes *changes;
	struct derive_mark *marks;
	struct made *made;
	size_t count;
};

static void add_made(struct marking *m, struct made made)
{
	m->made = talloc_realloc(m->mem, m->made, struct made,
				 (unsigned)m->count + 1);
	m->made[m->count++] = made;
}

static struct made *find_object(struct marking *m, const char *object,
				const struct sql_name *name)
{
	for (size_t i = m->count; i--;)
		if (m->made[i].kind == MADE_OBJECT &&
		    !strcmp(m->made[i].object, object) &&
		    sql_name_is(&m->made[i].name, name))
			return &m->made[i];
	return NULL;
}

static struct made *find_part(struct marking *m, int kind,
			      const struct sql_name *table, const char *name)
{
	for (size_t i = m->count; name && i--;)
		if ((int)m->made[i].kind == kind &&
		    !strcasecmp(m->made[i].column, name) &&
		    sql_name_is(&m->made[i].name, table))
			return &m->made[i];
	return NULL;
}

/* Both the change and the one that made it need no inverse. */
static void cancel(struct marking *m, size_t i, struct made *made)
{
	m->marks[i].skip = true;
	m->marks[made->by].skip = true;
	*made = (struct made){ .kind = MADE_NAME };
}

static const struct change *find_copy(struct marking *m, size_t last,
				      const struct sql_name *table)
{
	for (size_t i = 0; i < last; i++) {
		const struct change *c = &m->changes->list[i];

		if (c->kind == CHANGE_INSERT && c->source.name &&
		    sql_name_is(&c->source, table) &&
		    find_object(m, "TABLE", &c->table))
			return c;
	}
	return NULL;
}

static void mark_create(struct marking *m, size_t i, const struct change *c,
			const struct made *table)
{
	if (table && !table->renamed && strcmp(c->object, "TABLE") != 0)
		m->marks[i].skip = true;
	add_made(m, (struct made){ MADE_OBJECT, c->object, c->name, NULL, i,
				   false });
}

static void mark_drop(struct marking *m, size_t i, const struct change *c)
{
	struct made *made = find_object(m, c->object, &c->name);

	if (made && !made->renamed)
		cancel(m, i, made);
	else if (!strcmp(c->object, "TABLE"))
		m->marks[i].copied = find_copy(m, i, &c->name);
}

static void mark_rename(struct marking *m, size_t i, const struct change *c)
{
	struct made *made = find_object(m, c->object, &c->name);
	struct sql_name to = { c->name.schema, c->to };

	m->marks[i].own = made != NULL;
	if (made)
		add_made(m, (struct made){ MADE_OBJECT, c->object, to, NULL,
					   made->by, true });
	else
		add_made(m, (struct made){ .kind = MADE_NAME, .name = to });
}

static bool is_stale(const struct marking *m, const struct change *c)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->made[i].kind == MADE_NAME && m->made[i].name.name &&
		    (sql_name_is(&m->made[i].name, &c->table) ||
		     sql_name_is(&m->made[i].name, &c->name)))
			return true;
	return false;
}

/* USING INDEX: the index goes with the constraint. */
static void mark_index_of(struct marking *m, const struct change *c)
{
	const struct sql_name index = { NULL, c->args };
	struct made *made = c->args ? find_object(m, "INDEX", &index) : NULL;

	if (made)
		m->marks[made->by].skip = true;
}

static bool assigns_only_new(struct marking *m, const struct change *c)
{
	for (size_t i = 0; i < c->column_count; i++)
		if (!find_part(m, MADE_COLUMN, &c->table, c->columns[i]))
			return false;
	return c->column_count > 0;
}

static void mark_part(struct marking *m, size_t i, const struct change *c)
{
	struct made *column = find_part(m, MADE_COLUMN, &c->table, c->column);
	struct made *rule = find_part(m, MADE_CONSTRAINT, &c->table,
				      c->name.name);

	switch (c->kind) {
	case CHANGE_ADD_COLUMN:
		add_made(m, (struct made){ MADE_COLUMN, NULL, c->table,
					   c->column, i, false });
		break;
	case CHANGE_RENAME_COLUMN:
		if (column)
			add_made(m, (struct made){ MADE_COLUMN, NULL, c->table,
						   c->to, column->by, true });
		break;
	case CHANGE_DROP_COLUMN:
		if (column && !column->renamed)
			cancel(m, i, column);
		break;
	case CHANGE_ALTER_COLUMN:
		m->marks[i].skip = column && !c->to;
		break;
	case CHANGE_ADD_CONSTRAINT:
		mark_index_of(m, c);
		if (c->name.name)
			add_made(m,
				 (struct made){ MADE_CONSTRAINT, NULL, c->table,
						c->name.name, i, false });
		break;
	case CHANGE_DROP_CONSTRAINT:
		if (rule)
			cancel(m, i, rule);
		break;
	case CHANGE_VALIDATE:
		m->marks[i].skip = rule != NULL;
		break;
	case CHANGE_COMMENT:
		m->marks[i].skip = (c->column && column) ||
				   (!strcmp(c->object, "CONSTRAINT") && rule) ||
				   (c->name.name &&
				    find_object(m, c->object, &c->name));
		break;
	case CHANGE_UPDATE:
		m->marks[i].skip = assigns_only_new(m, c);
		break;
	default:
		break;
	}
}

static void mark_one(struct marking *m, size_t i)
{
	const struct change *c = &m->changes->list[i];
	struct made *table = c->table.name ? find_object(m, "TABLE", &c->table)
					   : NULL;

	m->marks[i].stale = is_stale(m, c);
	if (c->kind == CHANGE_NONE)
		m->marks[i].skip = true;
	else if (c->kind == CHANGE_CREATE)
		mark_create(m, i, c, table);
	else if (c->kind == CHANGE_DROP && table &&
		 strcmp(c->object, "TABLE") != 0)
		m->marks[i].skip = true;
	else if (c->kind == CHANGE_DROP)
		mark_drop(m, i, c);
	else if (c->kind == CHANGE_RENAME &&
		 !(table && strcmp(c->object, "TABLE") != 0))
		mark_rename(m, i, c);
	else if (table)
		m->marks[i].skip = true;
	else
		mark_part(m, i, c);
	/* what is dropped under a name may be made again under it */
	if (c->kind == CHANGE_RENAME && table &&
	    strcmp(c->object, "TABLE") != 0)
		m->marks[i].skip = true;
}

void derive_mark(TALLOC_CTX *mem, const struct changes *changes,
		 struct derive_mark *marks)
{
	struct marking m = { .mem = talloc_new(mem),
			     .changes = changes,
			     .marks = marks };

	for (size_t i = 0; i < changes->count; i++)
		mark_one(&m, i);
	talloc_free(m.mem);
}
