#include "core/db/postgres/analysis.h"

#include <string.h>
#include <strings.h>

#include "core/db/postgres/need.h"

struct name {
	const char *schema; /* or "" */
	const char *name;
};

struct walk {
	TALLOC_CTX *mem;
	struct name *names;
	size_t name_count, name_room;
	const char **ctes;
	size_t cte_count;
	TALLOC_CTX *result;	 /* what is kept hangs on it */
	struct statement losses; /* only these of it are filled */
};

static void add_name(struct walk *walk, const char *schema, const char *name)
{
	struct name *n;

	if (!name || !*name)
		return;
	if (walk->name_count == walk->name_room) {
		walk->name_room = walk->name_room ? 2 * walk->name_room : 8;
		walk->names = talloc_realloc(walk->mem, walk->names,
					     struct name,
					     (unsigned)walk->name_room);
	}
	n = &walk->names[walk->name_count++];
	n->schema = schema ? schema : "";
	n->name = name;
}

static void add_range_var(struct walk *walk, const PgQuery__RangeVar *var)
{
	if (var)
		add_name(walk, var->schemaname, var->relname);
}

static void add_cte(struct walk *walk, const PgQuery__CommonTableExpr *cte)
{
	walk->ctes = talloc_realloc(walk->mem, walk->ctes, const char *,
				    (unsigned)walk->cte_count + 1);
	walk->ctes[walk->cte_count++] = cte->ctename;
}

/* --- the tree ------------------------------------------------------------- */

static void visit(struct walk *walk, const ProtobufCMessage *message);

static const void *member_at(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

/* All messages of a message, by its descriptor. */
static void visit_members(struct walk *walk, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;

	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &d->fields[i];
		const void *member = member_at(message, field->offset);
		size_t count;

		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			visit(walk, *(ProtobufCMessage *const *)member);
			continue;
		}
		count = *(const size_t *)member_at(message,
						   field->quantifier_offset);
		for (size_t k = 0; k < count; k++)
			visit(walk,
			      (*(ProtobufCMessage *const *const *)member)[k]);
	}
}

static void visit_node(struct walk *walk, const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE__NOT_SET:
	/* names of aliases, of what is not run now, and of no relation */
	case PG_QUERY__NODE__NODE_LOCKING_CLAUSE:
	case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
	case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
		return;
	case PG_QUERY__NODE__NODE_RULE_STMT:
		add_range_var(walk, node->rule_stmt->relation);
		return;
	case PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR:
		add_cte(walk, node->common_table_expr);
		break;
	default:
		break;
	}
	pg_loss(walk->result, &walk->losses, node);
	/* whatever it is, the union holds a pointer to a message */
	visit(walk, (const ProtobufCMessage *)node->select_stmt);
}

static void visit(struct walk *walk, const ProtobufCMessage *message)
{
	if (!message)
		return;
	if (!strcmp(message->descriptor->short_name, "Node"))
		visit_node(walk, (const PgQuery__Node *)message);
	else if (!strcmp(message->descriptor->short_name, "RangeVar"))
		add_range_var(walk, (const PgQuery__RangeVar *)message);
	else
		visit_members(walk, message);
}

/* --- names that are lists of words ---------------------------------------- */

static const char *word_of(const PgQuery__Node *node)
{
	return node->node_case == PG_QUERY__NODE__NODE_STRING
		       ? node->string->sval
		       : NULL;
}

/* schema.relation, followed by `more` words that name something of it */
static void add_list(struct walk *walk, const PgQuery__Node *node, size_t more)
{
	const PgQuery__List *list;
	size_t count;

	if (!node || node->node_case != PG_QUERY__NODE__NODE_LIST)
		return;
	list = node->list;
	if (list->n_items <= more)
		return;
	count = list->n_items - more;
	add_name(walk, count > 1 ? word_of(list->items[count - 2]) : NULL,
		 word_of(list->items[count - 1]));
}

/* Whether such an object is named by its relation, and by how much more. */
static bool names_relation(PgQuery__ObjectType type, size_t *more)
{
	*more = 0;
	switch (type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return true;
	case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
	case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
	case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
		*more = 1;
		return true;
	default:
		return false;
	}
}

static void add_dropped(struct walk *walk, const PgQuery__DropStmt *drop)
{
	size_t more;

	if (!names_relation(drop->remove_type, &more))
		return;
	for (size_t i = 0; i < drop->n_objects; i++)
		add_list(walk, drop->objects[i], more);
}

static void add_commented(struct walk *walk, const PgQuery__CommentStmt *c)
{
	size_t more;

	if (names_relation(c->objtype, &more))
		add_list(walk, c->object, more);
}

/* Under its new name it is another relation for whoever counts. */
static void add_renamed(struct walk *walk, const PgQuery__RenameStmt *rename)
{
	size_t more;

	if (rename->relation && names_relation(rename->rename_type, &more) &&
	    !more)
		add_name(walk, rename->relation->schemaname, rename->newname);
}

static void add_moved(struct walk *walk,
		      const PgQuery__AlterObjectSchemaStmt *move)
{
	if (move->relation)
		add_name(walk, move->newschema, move->relation->relname);
}

/* --- what a statement needs ------------------------------------------------
 */

/* The value of an option: without one it is true. */
static bool is_on(const PgQuery__DefElem *option)
{
	const PgQuery__Node *arg = option->arg;

	if (!arg)
		return true;
	if (arg->node_case == PG_QUERY__NODE__NODE_INTEGER)
		return arg->integer->ival != 0;
	if (arg->node_case == PG_QUERY__NODE__NODE_STRING)
		return strcasecmp(arg->string->sval, "false") != 0 &&
		       strcasecmp(arg->string->sval, "off") != 0;
	return true;
}

static bool option_is(PgQuery__Node *const *options, size_t count,
		      const char *name, bool fallback)
{
	bool value = fallback;

	for (size_t i = 0; i < count; i++)
		if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
		    !strcmp(options[i]->def_elem->defname, name))
			value = is_on(options[i]->def_elem);
	return value;
}

static bool has_option(PgQuery__Node *const *options, size_t count,
		       const char *name)
{
	return option_is(options, count, name, true) ==
	       option_is(options, count, name, false);
}

static bool detaches_concurrently(const PgQuery__AlterTableStmt *alter)
{
	for (size_t i = 0; i < alter->n_cmds; i++) {
		const PgQuery__Node *cmd = alter->cmds[i], *def;

		if (cmd->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
			continue;
		def = cmd->alter_table_cmd->def;
		if (def &&
		    def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD &&
		    def->partition_cmd->concurrent)
			return true;
	}
	return false;
}

static bool reindex_refuses(const PgQuery__ReindexStmt *reindex)
{
	switch (reindex->kind) {
	case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA:
	case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SYSTEM:
	case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_DATABASE:
		return true;
	default:
		return option_is(reindex->params, reindex->n_params,
				 "concurrently", false);
	}
}

/* It does unless no slot is made on the publisher. */
static bool subscription_refuses(const PgQuery__CreateSubscriptionStmt *s)
{
	return option_is(s->options, s->n_options, "create_slot",
			 option_is(s->options, s->n_options, "connect", true));
}

static bool refuses_transaction(const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_CREATEDB_STMT:
	case PG_QUERY__NODE__NODE_DROPDB_STMT:
	case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
	case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
	case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT:
	case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT:
		return true;
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		return node->index_stmt->concurrent;
	case PG_QUERY__NODE__NODE_DROP_STMT:
		return node->drop_stmt->concurrent;
	case PG_QUERY__NODE__NODE_REINDEX_STMT:
		return reindex_refuses(node->reindex_stmt);
	case PG_QUERY__NODE__NODE_VACUUM_STMT:
		return node->vacuum_stmt->is_vacuumcmd;
	case PG_QUERY__NODE__NODE_CLUSTER_STMT:
		return !node->cluster_stmt->relation;
	case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT:
		return has_option(node->alter_database_stmt->options,
				  node->alter_database_stmt->n_options,
				  "tablespace");
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		return detaches_concurrently(node->alter_table_stmt);
	case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
		return subscription_refuses(node->create_subscription_stmt);
	case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT:
		return node->alter_subscription_stmt->n_publication > 0 ||
		       node->alter_subscription_stmt->kind ==
			       PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_REFRESH;
	case PG_QUERY__NODE__NODE_DISCARD_STMT:
		return node->discard_stmt->target ==
		       PG_QUERY__DISCARD_MODE__DISCARD_ALL;
	default:
		return false;
	}
}

static bool copies_out(const PgQuery__CopyStmt *copy)
{
	return !copy->is_from && !copy->is_program &&
	       (!copy->filename || !*copy->filename);
}

/* What is made comes before what it is made from. */
static void add_target(struct walk *walk, const PgQuery__Node *node)
{
	const PgQuery__IntoClause *into = NULL;

	if (node->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT)
		into = node->create_table_as_stmt->into;
	if (node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT)
		into = node->select_stmt->into_clause;
	if (into)
		add_range_var(walk, into->rel);
}

static void add_special(struct walk *walk, const PgQuery__Node *node,
			struct pg_analysis *analysis)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_DROP_STMT:
		add_dropped(walk, node->drop_stmt);
		break;
	case PG_QUERY__NODE__NODE_COMMENT_STMT:
		add_commented(walk, node->comment_stmt);
		break;
	case PG_QUERY__NODE__NODE_RENAME_STMT:
		add_renamed(walk, node->rename_stmt);
		break;
	case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
		add_moved(walk, node->alter_object_schema_stmt);
		break;
	case PG_QUERY__NODE__NODE_COPY_STMT:
		analysis->copies_out = copies_out(node->copy_stmt);
		break;
	case PG_QUERY__NODE__NODE_SELECT_STMT:
		analysis->into = node->select_stmt->into_clause != NULL;
		break;
	default:
		break;
	}
}

static bool is_cte(const struct walk *walk, const struct name *name)
{
	for (size_t i = 0; !*name->schema && i < walk->cte_count; i++)
		if (!strcmp(walk->ctes[i], name->name))
			return true;
	return false;
}

static void keep_names(TALLOC_CTX *mem, const struct walk *walk,
		       struct pg_analysis *analysis)
{
	if (!walk->name_count)
		return;
	analysis->relations = talloc_array(mem, const char *,
					   (unsigned)walk->name_count);
	for (size_t i = 0; i < walk->name_count; i++) {
		const struct name *n = &walk->names[i];
		char *full;
		size_t k = 0;

		if (is_cte(walk, n))
			continue;
		full = *n->schema ? talloc_asprintf(analysis->relations,
						    "%s.%s", n->schema, n->name)
				  : talloc_strdup(analysis->relations, n->name);
		while (k < analysis->relation_count &&
		       strcmp(analysis->relations[k], full) != 0)
			k++;
		if (k == analysis->relation_count)
			analysis->relations[analysis->relation_count++] = full;
		else
			talloc_free(full);
	}
}

void pg_analyse(TALLOC_CTX *mem, const PgQuery__Node *node,
		struct pg_analysis *analysis)
{
	struct walk walk = { .mem = talloc_new(NULL), .result = mem };

	memset(analysis, 0, sizeof(*analysis));
	add_target(&walk, node);
	visit_node(&walk, node);
	add_special(&walk, node, analysis);
	analysis->no_transaction = refuses_transaction(node);
	analysis->need = pg_need(node);
	analysis->losses = walk.losses.losses;
	analysis->loss_count = walk.losses.loss_count;
	keep_names(mem, &walk, analysis);
	talloc_free(walk.mem);
}
