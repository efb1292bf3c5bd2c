#include "core/db/postgres/analysis.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/sql/loss.h"

/* What a node of the tree destroys, wherever it stands: a WITH may delete. */

struct losing {
	TALLOC_CTX *mem;
	struct statement *s;
};

static char *relation_name(TALLOC_CTX *mem, const PgQuery__RangeVar *var)
{
	return var->schemaname && *var->schemaname
		       ? talloc_asprintf(mem, "%s.%s", var->schemaname,
					 var->relname)
		       : talloc_strdup(mem, var->relname);
}

static void add(struct losing *l, enum loss_kind kind, const char *name)
{
	loss_add(l->mem, l->s, kind, name, name, NULL);
}

static void add_relation(struct losing *l, enum loss_kind kind,
			 const PgQuery__RangeVar *var)
{
	char *name;

	if (!var)
		return;
	name = relation_name(NULL, var);
	add(l, kind, name);
	talloc_free(name);
}

static void add_unknown(struct losing *l, const char *what)
{
	loss_add(l->mem, l->s, LOSS_UNKNOWN, NULL, what, NULL);
}

static void add_made(struct losing *l, const PgQuery__RangeVar *var)
{
	bool temporary = var && var->relpersistence &&
			 *var->relpersistence == 't';

	add_relation(l, temporary ? LOSS_MAKES_TEMPORARY : LOSS_MAKES, var);
}

/* --- DROP ----------------------------------------------------------------- */

static const char *word(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_STRING
		       ? node->string->sval
		       : "?";
}

/* A name with dots: a list of words, or of a type's. */
static char *object_name(TALLOC_CTX *mem, const PgQuery__Node *node)
{
	PgQuery__Node *const *words = NULL;
	char *name = NULL;
	size_t count = 0;

	if (node->node_case == PG_QUERY__NODE__NODE_STRING)
		return talloc_strdup(mem, node->string->sval);
	if (node->node_case == PG_QUERY__NODE__NODE_LIST) {
		words = node->list->items;
		count = node->list->n_items;
	} else if (node->node_case == PG_QUERY__NODE__NODE_TYPE_NAME) {
		words = node->type_name->names;
		count = node->type_name->n_names;
	}
	for (size_t i = 0; i < count; i++)
		name = name ? talloc_asprintf_append(name, ".%s",
						     word(words[i]))
			    : talloc_strdup(mem, word(words[i]));
	return name ? name : talloc_strdup(mem, "?");
}

/* Whether CASCADE can reach a column from there. */
static bool cascades_to_columns(PgQuery__ObjectType type)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
	case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
	case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
	case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION:
		return false;
	default:
		return true;
	}
}

static bool dropped_kind(PgQuery__ObjectType type, enum loss_kind *kind)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
		*kind = LOSS_TABLE;
		return true;
	case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
		*kind = LOSS_SCHEMA;
		return true;
	case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
	case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION:
		*kind = LOSS_TYPE;
		return true;
	default:
		return false;
	}
}

static void read_drop(struct losing *l, const PgQuery__DropStmt *drop)
{
	enum loss_kind kind;

	if (dropped_kind(drop->remove_type, &kind)) {
		for (size_t i = 0; i < drop->n_objects; i++) {
			char *name = object_name(NULL, drop->objects[i]);

			/* none of them is a new table, whatever its name */
			loss_add(l->mem, l->s, kind,
				 kind == LOSS_TABLE ? name : NULL, name, NULL);
			talloc_free(name);
		}
	} else if (drop->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE &&
		   cascades_to_columns(drop->remove_type)) {
		add_unknown(l, "CASCADE");
	}
}

/* --- ALTER TABLE ---------------------------------------------------------- */

/* "int8", "varchar(50)", "numeric(10,2)"; NULL for what is more than that. */
static char *type_text(TALLOC_CTX *mem, const PgQuery__ColumnDef *column)
{
	const PgQuery__TypeName *type = column ? column->type_name : NULL;
	char *text;

	if (!type || !type->n_names || type->n_array_bounds || type->setof ||
	    column->raw_default || column->coll_clause)
		return NULL;
	text = talloc_strdup(mem, word(type->names[type->n_names - 1]));
	for (size_t i = 0; i < type->n_typmods; i++) {
		const PgQuery__Node *node = type->typmods[i];

		if (node->node_case != PG_QUERY__NODE__NODE_A_CONST ||
		    node->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
			return NULL;
		text = talloc_asprintf_append(text, "%s%d", i ? "," : "(",
					      node->a_const->ival->ival);
	}
	return type->n_typmods ? talloc_strdup_append(text, ")") : text;
}

static void read_command(struct losing *l, const char *table,
			 const PgQuery__AlterTableCmd *cmd)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	const PgQuery__Node *def = cmd->def;

	if (cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn ||
	    cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumnRecurse)
		loss_add(l->mem, l->s, LOSS_COLUMN, table, cmd->name, NULL);
	if (cmd->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType)
		loss_add(l->mem, l->s, LOSS_NARROWED, table, cmd->name,
			 def && def->node_case ==
						 PG_QUERY__NODE__NODE_COLUMN_DEF
				 ? type_text(mem, def->column_def)
				 : NULL);
	talloc_free(mem);
}

static void read_alter(struct losing *l, const PgQuery__AlterTableStmt *alter)
{
	char *table;

	if (!alter->relation)
		return;
	table = relation_name(NULL, alter->relation);
	for (size_t i = 0; i < alter->n_cmds; i++)
		if (alter->cmds[i]->node_case ==
		    PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
			read_command(l, table, alter->cmds[i]->alter_table_cmd);
	talloc_free(table);
}

static void read_rename(struct losing *l, const PgQuery__RenameStmt *rename)
{
	TALLOC_CTX *mem;
	char *from, *to;

	if (rename->rename_type != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE ||
	    !rename->relation)
		return;
	mem = talloc_new(NULL);
	from = relation_name(mem, rename->relation);
	to = talloc_strdup(mem, rename->newname);
	if (rename->relation->schemaname && *rename->relation->schemaname)
		to = talloc_asprintf(mem, "%s.%s", rename->relation->schemaname,
				     to);
	loss_add(l->mem, l->s, LOSS_RENAMES, from, from, to);
	talloc_free(mem);
}

/* --- rows ----------------------------------------------------------------- */

static void read_merge(struct losing *l, const PgQuery__MergeStmt *merge)
{
	for (size_t i = 0; i < merge->n_merge_when_clauses; i++) {
		const PgQuery__Node *when = merge->merge_when_clauses[i];

		if (when->node_case != PG_QUERY__NODE__NODE_MERGE_WHEN_CLAUSE)
			continue;
		if (when->merge_when_clause->command_type ==
		    PG_QUERY__CMD_TYPE__CMD_UPDATE)
			add_relation(l, LOSS_UPDATED, merge->relation);
		if (when->merge_when_clause->command_type ==
		    PG_QUERY__CMD_TYPE__CMD_DELETE)
			add_relation(l, LOSS_DELETED, merge->relation);
	}
}

static void read_truncate(struct losing *l, const PgQuery__TruncateStmt *t)
{
	for (size_t i = 0; i < t->n_relations; i++)
		if (t->relations[i]->node_case ==
		    PG_QUERY__NODE__NODE_RANGE_VAR)
			add_relation(l, LOSS_TRUNCATED,
				     t->relations[i]->range_var);
	if (t->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
		add_unknown(l, "TRUNCATE ... CASCADE");
}

/* The text of a DO block is all that can be known of it. */
static void read_do(struct losing *l, const PgQuery__DoStmt *block)
{
	for (size_t i = 0; i < block->n_args; i++) {
		const PgQuery__Node *arg = block->args[i];
		struct statement part = { .kind = "DO" };
		const char *text;

		if (arg->node_case != PG_QUERY__NODE__NODE_DEF_ELEM ||
		    strcmp(arg->def_elem->defname, "as") != 0 ||
		    !arg->def_elem->arg)
			continue;
		text = word(arg->def_elem->arg);
		part.length = strlen(text);
		loss_guess(l->mem, &part, text);
		if (part.loss_count)
			add_unknown(l, "DO");
		talloc_free(part.losses);
	}
}

/* --- all ------------------------------------------------------------------ */

static void read_rows(struct losing *l, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_DELETE_STMT:
		add_relation(l, LOSS_DELETED, node->delete_stmt->relation);
		break;
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
		add_relation(l, LOSS_UPDATED, node->update_stmt->relation);
		break;
	case PG_QUERY__NODE__NODE_INSERT_STMT:
		if (node->insert_stmt->on_conflict_clause &&
		    node->insert_stmt->on_conflict_clause->action ==
			    PG_QUERY__ON_CONFLICT_ACTION__ONCONFLICT_UPDATE)
			add_relation(l, LOSS_UPDATED,
				     node->insert_stmt->relation);
		break;
	case PG_QUERY__NODE__NODE_MERGE_STMT:
		read_merge(l, node->merge_stmt);
		break;
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
		read_truncate(l, node->truncate_stmt);
		break;
	case PG_QUERY__NODE__NODE_DO_STMT:
		read_do(l, node->do_stmt);
		break;
	case PG_QUERY__NODE__NODE_CALL_STMT:
		add_unknown(l, "CALL");
		break;
	default:
		break;
	}
}

static void read_made(struct losing *l, const PgQuery__Node *node)
{
	const PgQuery__IntoClause *into = NULL;

	if (node->node_case == PG_QUERY__NODE__NODE_CREATE_STMT &&
	    !node->create_stmt->if_not_exists)
		add_made(l, node->create_stmt->relation);
	if (node->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT &&
	    !node->create_table_as_stmt->if_not_exists)
		into = node->create_table_as_stmt->into;
	if (node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT)
		into = node->select_stmt->into_clause;
	if (into)
		add_made(l, into->rel);
}

void pg_loss(TALLOC_CTX *mem, struct statement *s, const PgQuery__Node *node)
{
	struct losing l = { mem, s };

	read_rows(&l, node);
	read_made(&l, node);
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_DROP_STMT:
		read_drop(&l, node->drop_stmt);
		break;
	case PG_QUERY__NODE__NODE_DROPDB_STMT:
		add(&l, LOSS_DATABASE, node->dropdb_stmt->dbname);
		break;
	case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
		add_unknown(&l, "DROP OWNED");
		break;
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		read_alter(&l, node->alter_table_stmt);
		break;
	case PG_QUERY__NODE__NODE_RENAME_STMT:
		read_rename(&l, node->rename_stmt);
		break;
	default:
		break;
	}
}
