#include "core/db/postgres/internal.h"

#include <string.h>

#include "core/db/postgres/analysis.h"
#include "lazy/pgquery.h"

/* What a parsed statement changes, see core/sql/change.h. */
struct look_at {
	struct changes *changes;
	const char *text; /* of the statement */
	size_t length;
};

static const char *keep(const struct look_at *l, const char *text)
{
	return text && *text ? talloc_strdup(l->changes, text) : NULL;
}

static struct sql_name name_of(const struct look_at *l,
			       const PgQuery__RangeVar *var)
{
	if (!var)
		return (struct sql_name){ NULL, NULL };
	return (struct sql_name){ keep(l, var->schemaname),
				  keep(l, var->relname) };
}

/* schema.name, without the last `less` words */
static struct sql_name name_in(const struct look_at *l,
			       PgQuery__Node *const *words, size_t count,
			       size_t less)
{
	struct sql_name name = { NULL, NULL };

	count = count > less ? count - less : 0;
	if (count && words[count - 1]->node_case == PG_QUERY__NODE__NODE_STRING)
		name.name = keep(l, words[count - 1]->string->sval);
	if (count > 1 &&
	    words[count - 2]->node_case == PG_QUERY__NODE__NODE_STRING)
		name.schema = keep(l, words[count - 2]->string->sval);
	return name;
}

/* A type's name as SQL, without what is in parentheses behind it. */
static char *type_text(const struct look_at *l, const PgQuery__TypeName *type)
{
	char *text = talloc_strdup(l->changes, "");

	for (size_t i = 0; type && i < type->n_names; i++) {
		const char *word = type->names[i]->string->sval;
		bool builtin = !i && type->n_names > 1 &&
			       !strcmp(word, "pg_catalog");

		if (!builtin)
			text = talloc_asprintf_append(
				text, "%s%s", *text ? "." : "",
				pg_quote_name(l->changes, word));
	}
	for (size_t i = 0; type && i < type->n_array_bounds; i++)
		text = talloc_strdup_append(text, "[]");
	return text;
}

static char *add_type(const struct look_at *l, char *args,
		      const PgQuery__TypeName *type)
{
	return talloc_asprintf_append(args, "%s%s", args[1] ? ", " : "",
				      type_text(l, type));
}

/* "(integer, text)": what names a function among others of its name */
static char *parameters(const struct look_at *l, PgQuery__Node *const *list,
			size_t count)
{
	char *args = talloc_strdup(l->changes, "(");

	for (size_t i = 0; i < count; i++) {
		const PgQuery__FunctionParameter *p =
			list[i]->function_parameter;

		if (p->mode !=
			    PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT &&
		    p->mode !=
			    PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE)
			args = add_type(l, args, p->arg_type);
	}
	return talloc_strdup_append(args, ")");
}

static char *arguments(const struct look_at *l,
		       const PgQuery__ObjectWithArgs *object)
{
	char *args = talloc_strdup(l->changes, "(");

	if (object->args_unspecified)
		return NULL;
	for (size_t i = 0; i < object->n_objargs; i++)
		if (object->objargs[i]->node_case ==
		    PG_QUERY__NODE__NODE_TYPE_NAME)
			args = add_type(l, args, object->objargs[i]->type_name);
	return talloc_strdup_append(args, ")");
}

static struct change *add(const struct look_at *l, enum change_kind kind,
			  const char *object)
{
	struct change *c = changes_add(l->changes, kind);

	c->object = object;
	return c;
}

static void other(const struct look_at *l, const struct sql_name *table)
{
	char kind[SQL_KIND_SIZE];
	struct change *c = add(l, CHANGE_OTHER, NULL);

	sql_kind_into(kind, l->text, l->length, SQL_POSTGRESQL);
	c->object = talloc_strdup(l->changes, kind);
	if (table)
		c->table = *table;
}

/* --- names of objects ----------------------------------------------------- */

static const char *object_word(PgQuery__ObjectType type)
{
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
		return "TABLE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
		return "VIEW";
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
		return "MATERIALIZED VIEW";
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
		return "INDEX";
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return "SEQUENCE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
		return "FUNCTION";
	case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
		return "PROCEDURE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE:
		return "TYPE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN:
		return "DOMAIN";
	case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA:
		return "SCHEMA";
	case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION:
		return "EXTENSION";
	case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
		return "TRIGGER";
	case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
		return "POLICY";
	case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
		return "RULE";
	case PG_QUERY__OBJECT_TYPE__OBJECT_STATISTIC_EXT:
		return "STATISTICS";
	case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
		return "COLUMN";
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
		return "CONSTRAINT";
	default:
		return NULL;
	}
}

static bool is_of_table(const char *object)
{
	return !strcmp(object, "TRIGGER") || !strcmp(object, "POLICY") ||
	       !strcmp(object, "RULE") || !strcmp(object, "CONSTRAINT");
}

/* What an object is called in DROP and COMMENT. */
static void take_object(const struct look_at *l, struct change *c,
			const PgQuery__Node *node)
{
	PgQuery__Node *const one[] = { (PgQuery__Node *)(uintptr_t)node };

	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_LIST:
		if (is_of_table(c->object)) {
			c->table = name_in(l, node->list->items,
					   node->list->n_items, 1);
			c->name = name_in(l, node->list->items,
					  node->list->n_items, 0);
			c->name.schema = NULL;
		} else if (!strcmp(c->object, "COLUMN")) {
			c->table = name_in(l, node->list->items,
					   node->list->n_items, 1);
			c->column = name_in(l, node->list->items,
					    node->list->n_items, 0)
					    .name;
		} else {
			c->name = name_in(l, node->list->items,
					  node->list->n_items, 0);
		}
		break;
	case PG_QUERY__NODE__NODE_STRING:
		c->name = name_in(l, one, 1, 0);
		break;
	case PG_QUERY__NODE__NODE_TYPE_NAME:
		c->name = name_in(l, node->type_name->names,
				  node->type_name->n_names, 0);
		break;
	case PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS:
		c->name = name_in(l, node->object_with_args->objname,
				  node->object_with_args->n_objname, 0);
		c->args = arguments(l, node->object_with_args);
		break;
	default:
		break;
	}
	if (!strcmp(c->object, "TABLE"))
		c->table = c->name;
}

/* --- CREATE --------------------------------------------------------------- */

static struct change *created(const struct look_at *l, const char *object,
			      struct sql_name name)
{
	struct change *c = add(l, CHANGE_CREATE, object);

	c->name = name;
	if (!strcmp(object, "TABLE"))
		c->table = name;
	return c;
}

static bool is_temporary(const PgQuery__RangeVar *var)
{
	return var && var->relpersistence && *var->relpersistence == 't';
}

static void create_relation(const struct look_at *l, const char *object,
			    const PgQuery__RangeVar *var, bool lenient)
{
	if (is_temporary(var)) {
		add(l, CHANGE_NONE, object);
		return;
	}
	created(l, object, name_of(l, var))->lenient = lenient;
}

/* As the server names an index that has no name, or NULL. */
static char *index_name(const struct look_at *l,
			const PgQuery__IndexStmt *index)
{
	char *name = talloc_strdup(l->changes, index->relation->relname);

	for (size_t i = 0; i < index->n_index_params; i++) {
		const PgQuery__IndexElem *e =
			index->index_params[i]->index_elem;

		if (!e->name || !*e->name)
			return NULL;
		name = talloc_asprintf_append(name, "_%s", e->name);
	}
	for (size_t i = 0; i < index->n_index_including_params; i++)
		name = talloc_asprintf_append(
			name, "_%s",
			index->index_including_params[i]->index_elem->name);
	name = talloc_strdup_append(name, "_idx");
	return strlen(name) < 64 ? name : NULL;
}

static void create_index(const struct look_at *l,
			 const PgQuery__IndexStmt *index)
{
	struct sql_name table = name_of(l, index->relation);
	struct sql_name name = { table.schema, keep(l, index->idxname) };
	struct change *c;

	if (!name.name)
		name.name = index_name(l, index);
	c = created(l, "INDEX", name);
	c->table = table;
	c->lenient = index->if_not_exists;
	c->concurrent = index->concurrent;
}

static void create_trigger(const struct look_at *l,
			   const PgQuery__CreateTrigStmt *trigger)
{
	struct change *c =
		created(l, "TRIGGER",
			(struct sql_name){ NULL, keep(l, trigger->trigname) });

	c->table = name_of(l, trigger->relation);
	c->replaces = trigger->replace;
}

static void create_function(const struct look_at *l,
			    const PgQuery__CreateFunctionStmt *f)
{
	struct change *c = created(l,
				   f->is_procedure ? "PROCEDURE" : "FUNCTION",
				   name_in(l, f->funcname, f->n_funcname, 0));

	c->args = parameters(l, f->parameters, f->n_parameters);
	c->replaces = f->replace;
}

static void create_policy(const struct look_at *l,
			  const PgQuery__CreatePolicyStmt *policy)
{
	struct change *c = created(
		l, "POLICY",
		(struct sql_name){ NULL, keep(l, policy->policy_name) });

	c->table = name_of(l, policy->table);
}

static void create_rule(const struct look_at *l, const PgQuery__RuleStmt *rule)
{
	struct change *c = created(
		l, "RULE", (struct sql_name){ NULL, keep(l, rule->rulename) });

	c->table = name_of(l, rule->relation);
	c->replaces = rule->replace;
}

static void create_named(const struct look_at *l, const char *object,
			 const char *name, bool lenient)
{
	created(l, object, (struct sql_name){ NULL, keep(l, name) })->lenient =
		lenient;
}

static bool look_at_create(const struct look_at *l, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATE_STMT:
		create_relation(l, "TABLE", node->create_stmt->relation,
				node->create_stmt->if_not_exists);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
		create_relation(
			l, object_word(node->create_table_as_stmt->objtype),
			node->create_table_as_stmt->into->rel,
			node->create_table_as_stmt->if_not_exists);
		return true;
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		if (!node->select_stmt->into_clause)
			return false;
		create_relation(l, "TABLE", node->select_stmt->into_clause->rel,
				false);
		return true;
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		create_index(l, node->index_stmt);
		return true;
	case PG_QUERY__NODE__NODE_VIEW_STMT:
		create_relation(l, "VIEW", node->view_stmt->view, false);
		l->changes->list[l->changes->count - 1].replaces =
			node->view_stmt->replace;
		return true;
	case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
		create_trigger(l, node->create_trig_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
		create_function(l, node->create_function_stmt);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
		create_relation(l, "SEQUENCE", node->create_seq_stmt->sequence,
				node->create_seq_stmt->if_not_exists);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
		created(l, "TYPE",
			name_in(l, node->create_enum_stmt->type_name,
				node->create_enum_stmt->n_type_name, 0));
		return true;
	case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
		created(l, "TYPE",
			name_in(l, node->create_range_stmt->type_name,
				node->create_range_stmt->n_type_name, 0));
		return true;
	case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
		create_relation(l, "TYPE", node->composite_type_stmt->typevar,
				false);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
		created(l, "DOMAIN",
			name_in(l, node->create_domain_stmt->domainname,
				node->create_domain_stmt->n_domainname, 0));
		return true;
	case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
		if (node->create_schema_stmt->n_schema_elts ||
		    !*node->create_schema_stmt->schemaname)
			return false;
		create_named(l, "SCHEMA", node->create_schema_stmt->schemaname,
			     node->create_schema_stmt->if_not_exists);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
		create_named(l, "EXTENSION",
			     node->create_extension_stmt->extname,
			     node->create_extension_stmt->if_not_exists);
		return true;
	case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
		create_policy(l, node->create_policy_stmt);
		return true;
	case PG_QUERY__NODE__NODE_RULE_STMT:
		create_rule(l, node->rule_stmt);
		return true;
	default:
		return false;
	}
}

/* --- DROP, RENAME, COMMENT ------------------------------------------------ */

static bool look_at_drop(const struct look_at *l, const PgQuery__DropStmt *drop)
{
	const char *object = object_word(drop->remove_type);

	if (!object || !strcmp(object, "STATISTICS"))
		return false;
	for (size_t i = 0; i < drop->n_objects; i++) {
		struct change *c = add(l, CHANGE_DROP, object);

		take_object(l, c, drop->objects[i]);
		c->lenient = drop->missing_ok;
		c->concurrent = drop->concurrent;
		c->cascade = drop->behavior ==
			     PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
	}
	return true;
}

static bool look_at_rename(const struct look_at *l,
			   const PgQuery__RenameStmt *rename)
{
	const char *object = object_word(rename->rename_type);
	struct change *c;

	if (!object)
		return false;
	c = add(l, CHANGE_RENAME, object);
	c->lenient = rename->missing_ok;
	c->to = keep(l, rename->newname);
	if (!strcmp(object, "COLUMN")) {
		c->kind = CHANGE_RENAME_COLUMN;
		c->table = name_of(l, rename->relation);
		c->column = keep(l, rename->subname);
	} else if (is_of_table(object)) {
		if (!strcmp(object, "CONSTRAINT"))
			c->kind = CHANGE_RENAME_CONSTRAINT;
		c->table = name_of(l, rename->relation);
		c->name.name = keep(l, rename->subname);
	} else if (rename->relation) {
		c->name = name_of(l, rename->relation);
	} else if (rename->object) {
		take_object(l, c, rename->object);
	} else {
		c->name.name = keep(l, rename->subname);
	}
	if (!strcmp(object, "TABLE"))
		c->table = c->name;
	return true;
}

static bool look_at_comment(const struct look_at *l,
			    const PgQuery__CommentStmt *comment)
{
	const char *object = object_word(comment->objtype);
	struct change *c;

	if (!object)
		return false;
	c = add(l, CHANGE_COMMENT, object);
	take_object(l, c, comment->object);
	c->inverse = changes_comment_head(l->changes, l->text, l->length,
					  SQL_POSTGRESQL);
	return true;
}

static bool look_at_grant(const struct look_at *l,
			  const PgQuery__GrantStmt *grant)
{
	struct change *c;

	if (grant->targtype != PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_OBJECT)
		return false;
	c = add(l, CHANGE_GRANT, "PRIVILEGES");
	c->inverse = changes_grant_inverse(l->changes, l->text, l->length,
					   SQL_POSTGRESQL);
	if (grant->n_objects == 1 &&
	    grant->objects[0]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
		c->name = c->table = name_of(l, grant->objects[0]->range_var);
	if (c->table.name)
		c->object = "TABLE";
	return true;
}

/* --- ALTER TABLE ---------------------------------------------------------- */

/* As the server names a constraint that has no name, or NULL. */
static char *constraint_name(const struct look_at *l,
			     const struct sql_name *table,
			     const PgQuery__Constraint *c, const char *suffix,
			     PgQuery__Node *const *columns, size_t count)
{
	char *name = talloc_strdup(l->changes, table->name);

	(void)c;
	for (size_t i = 0; i < count; i++)
		name = talloc_asprintf_append(name, "_%s",
					      columns[i]->string->sval);
	name = talloc_asprintf_append(name, "_%s", suffix);
	return strlen(name) < 64 ? name : NULL;
}

static void add_constraint(const struct look_at *l, struct sql_name table,
			   const PgQuery__Constraint *def)
{
	struct change *c = add(l, CHANGE_ADD_CONSTRAINT, "CONSTRAINT");

	c->table = table;
	c->name.name = keep(l, def->conname);
	c->not_valid = def->skip_validation;
	switch (def->contype) {
	case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
		c->aspect = "PRIMARY KEY";
		if (!c->name.name)
			c->name.name = constraint_name(l, &table, def, "pkey",
						       NULL, 0);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
		c->aspect = "UNIQUE";
		if (!c->name.name)
			c->name.name = constraint_name(l, &table, def, "key",
						       def->keys, def->n_keys);
		break;
	case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
		c->aspect = "FOREIGN KEY";
		if (!c->name.name)
			c->name.name = constraint_name(l, &table, def, "fkey",
						       def->fk_attrs,
						       def->n_fk_attrs);
		break;
	default:
		c->aspect = "CHECK";
		break;
	}
	/* ADD CONSTRAINT ... USING INDEX takes an index away that was there */
	if (def->indexname && *def->indexname)
		c->args = keep(l, def->indexname);
}

static struct change *alter_column(const struct look_at *l,
				   struct sql_name table, const char *column,
				   const char *aspect)
{
	struct change *c = add(l, CHANGE_ALTER_COLUMN, "COLUMN");

	c->table = table;
	c->column = keep(l, column);
	c->aspect = aspect;
	return c;
}

static void inverse(const struct look_at *l, struct sql_name table,
		    const char *action, const char *name)
{
	struct change *c = add(l, CHANGE_OTHER, "ALTER TABLE");
	char *full = pg_quote_name(l->changes, table.name);

	if (table.schema)
		full = talloc_asprintf(l->changes, "%s.%s",
				       pg_quote_name(l->changes, table.schema),
				       full);
	c->table = table;
	c->inverse = talloc_asprintf(
		l->changes, "ALTER TABLE %s %s%s%s", full, action,
		name && *name ? " " : "",
		name && *name ? pg_quote_name(l->changes, name) : "");
}

static void look_at_action(const struct look_at *l, struct sql_name table,
			   const PgQuery__AlterTableCmd *cmd)
{
	struct change *c;

	switch (cmd->subtype) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn:
		c = add(l, CHANGE_ADD_COLUMN, "COLUMN");
		c->table = table;
		c->column = keep(l, cmd->def->column_def->colname);
		c->lenient = cmd->missing_ok;
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
		c = add(l, CHANGE_DROP_COLUMN, "COLUMN");
		c->table = table;
		c->column = keep(l, cmd->name);
		c->lenient = cmd->missing_ok;
		c->cascade = cmd->behavior ==
			     PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault:
		alter_column(l, table, cmd->name, "DEFAULT");
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull:
		alter_column(l, table, cmd->name, "NOT NULL");
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
		alter_column(l, table, cmd->name, "TYPE");
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
		add_constraint(l, table, cmd->def->constraint);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
		c = add(l, CHANGE_DROP_CONSTRAINT, "CONSTRAINT");
		if (cmd->subtype ==
		    PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint)
			c->kind = CHANGE_VALIDATE;
		c->table = table;
		c->name.name = keep(l, cmd->name);
		c->lenient = cmd->missing_ok;
		c->cascade = cmd->behavior ==
			     PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
		inverse(l, table, "DISABLE ROW LEVEL SECURITY", NULL);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity:
		inverse(l, table, "ENABLE ROW LEVEL SECURITY", NULL);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity:
		inverse(l, table, "NO FORCE ROW LEVEL SECURITY", NULL);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity:
		inverse(l, table, "FORCE ROW LEVEL SECURITY", NULL);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
		inverse(l, table, "ENABLE TRIGGER", cmd->name);
		break;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
		inverse(l, table, "DISABLE TRIGGER", cmd->name);
		break;
	default:
		other(l, &table);
		break;
	}
}

static bool look_at_alter(const struct look_at *l,
			  const PgQuery__AlterTableStmt *alter)
{
	struct sql_name table = name_of(l, alter->relation);

	if (alter->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
		return false;
	for (size_t i = 0; i < alter->n_cmds; i++)
		look_at_action(l, table, alter->cmds[i]->alter_table_cmd);
	return true;
}

/* ALTER TYPE ... RENAME VALUE; a new value cannot be taken away again. */
static bool look_at_enum(const struct look_at *l,
			 const PgQuery__AlterEnumStmt *alter)
{
	struct sql_name name;
	struct change *c;
	char *values[2];

	if (!alter->old_val || !*alter->old_val)
		return false;
	name = name_in(l, alter->type_name, alter->n_type_name, 0);
	c = add(l, CHANGE_OTHER, "ALTER TYPE");
	values[0] = talloc_asprintf(
		l->changes, "%s%s",
		name.schema ? pg_quote_name(l->changes, name.schema) : "",
		name.schema ? "." : "");
	values[1] = pg_quote_name(l->changes, name.name);
	if (strchr(alter->new_val, '\'') || strchr(alter->old_val, '\''))
		return true;
	c->inverse = talloc_asprintf(
		l->changes, "ALTER TYPE %s%s RENAME VALUE '%s' TO '%s'",
		values[0], values[1], alter->new_val, alter->old_val);
	return true;
}

/* --- a statement ---------------------------------------------------------- */

static bool look_at_other(const struct look_at *l, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		/* a function may do anything */
		if (memchr(l->text, '(', l->length))
			return false;
		add(l, CHANGE_NONE, NULL);
		return true;
	case PG_QUERY__NODE__NODE_DROP_STMT:
		return look_at_drop(l, node->drop_stmt);
	case PG_QUERY__NODE__NODE_RENAME_STMT:
		return look_at_rename(l, node->rename_stmt);
	case PG_QUERY__NODE__NODE_COMMENT_STMT:
		return look_at_comment(l, node->comment_stmt);
	case PG_QUERY__NODE__NODE_GRANT_STMT:
		return look_at_grant(l, node->grant_stmt);
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		return look_at_alter(l, node->alter_table_stmt);
	case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
		return look_at_enum(l, node->alter_enum_stmt);
	case PG_QUERY__NODE__NODE_INSERT_STMT:
		changes_read_rows(l->changes, l->text, l->length,
				  SQL_POSTGRESQL);
		return true;
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
	case PG_QUERY__NODE__NODE_DELETE_STMT:
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
		changes_read_rows(l->changes, l->text, l->length,
				  SQL_POSTGRESQL);
		return true;
	case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
	case PG_QUERY__NODE__NODE_VACUUM_STMT:
	case PG_QUERY__NODE__NODE_REINDEX_STMT:
	case PG_QUERY__NODE__NODE_CLUSTER_STMT:
	case PG_QUERY__NODE__NODE_LOCK_STMT:
	case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
	case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
	case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
	case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
	case PG_QUERY__NODE__NODE_NOTIFY_STMT:
		add(l, CHANGE_NONE, NULL);
		return true;
	default:
		return false;
	}
}

int pg_changes(struct changes *changes, const struct script *script, size_t n,
	       struct error *err)
{
	const struct statement *s = &script->statements[n];
	TALLOC_CTX *turn;
	PgQuery__ParseResult *tree;
	struct look_at l = { changes, script->text + s->offset, s->length };

	if (lazy_pgquery_load(err) < 0)
		return -1;
	turn = talloc_new(NULL);
	tree = pg_parse(turn, talloc_strndup(turn, l.text, l.length));
	if (!tree || tree->n_stmts != 1)
		other(&l, NULL);
	else if (!look_at_create(&l, tree->stmts[0]->stmt) &&
		 !look_at_other(&l, tree->stmts[0]->stmt))
		other(&l, NULL);
	talloc_free(turn);
	return 0;
}
