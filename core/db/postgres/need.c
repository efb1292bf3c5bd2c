#include "core/db/postgres/need.h"

#include <string.h>

#include "core/db/postgres/modes.h"

static struct lock_need need(int first, int others, int reach)
{
	struct lock_need n = {
		.first = (unsigned char)first,
		.others = (unsigned char)others,
		.reach = (unsigned char)reach,
	};

	return n;
}

static void at_least(unsigned char *mode, int wanted)
{
	if (*mode < wanted)
		*mode = (unsigned char)wanted;
}

static bool is_foreign_key(const PgQuery__Node *node)
{
	return node && node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
	       node->constraint->contype ==
		       PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN;
}

/* As a constraint, or as a column that has one. */
static bool has_foreign_key(const PgQuery__Node *node)
{
	const PgQuery__ColumnDef *column;

	if (!node || node->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
		return is_foreign_key(node);
	column = node->column_def;
	for (size_t i = 0; i < column->n_constraints; i++)
		if (is_foreign_key(column->constraints[i]))
			return true;
	return false;
}

static struct lock_need need_create(const PgQuery__CreateStmt *create)
{
	struct lock_need n = need(0, 0, 0);

	if (create->n_inh_relations)
		n.others = PG_SUE;
	if (create->partbound)
		n = need(0, PG_AE, PG_REACH_DEFAULT);
	for (size_t i = 0; i < create->n_table_elts; i++)
		if (has_foreign_key(create->table_elts[i]))
			at_least(&n.others, PG_SRE);
	for (size_t i = 0; i < create->n_constraints; i++)
		if (has_foreign_key(create->constraints[i]))
			at_least(&n.others, PG_SRE);
	return n;
}

/* --- ALTER TABLE ---------------------------------------------------------- */

static int mode_of_change(const PgQuery__AlterTableCmd *cmd)
{
	switch (cmd->subtype) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropCluster:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartitionFinalize:
		return PG_SUE;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint:
		return is_foreign_key(cmd->def) ? PG_SRE : PG_AE;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigAll:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigUser:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser:
		return PG_SRE;
	default:
		return PG_AE;
	}
}

static int reach_of_change(const PgQuery__AlterTableCmd *cmd)
{
	switch (cmd->subtype) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
		return PG_REACH_TREE | PG_REACH_KEYS;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
		return PG_REACH_DEFAULT | PG_REACH_KEYS;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
		return PG_REACH_DEFAULT;
	default:
		return PG_REACH_TREE;
	}
}

/* What it asks of a table that it names beside its own. */
static int mode_of_other(const PgQuery__AlterTableCmd *cmd)
{
	switch (cmd->subtype) {
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
	case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition:
		return PG_AE;
	case PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit:
		return PG_SUE;
	default:
		return has_foreign_key(cmd->def) ? PG_SRE : 0;
	}
}

static struct lock_need need_alter(const PgQuery__AlterTableStmt *alter)
{
	struct lock_need n = need(0, 0, 0);

	/* it locks the index alone, which whoever uses it has for a moment */
	if (alter->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
		return n;
	for (size_t i = 0; i < alter->n_cmds; i++) {
		const PgQuery__AlterTableCmd *cmd;

		if (alter->cmds[i]->node_case !=
		    PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
			continue;
		cmd = alter->cmds[i]->alter_table_cmd;
		at_least(&n.first, mode_of_change(cmd));
		at_least(&n.others, mode_of_other(cmd));
		n.reach |= (unsigned char)reach_of_change(cmd);
	}
	return n;
}

/* --- the others ----------------------------------------------------------- */

static struct lock_need need_drop(const PgQuery__DropStmt *drop)
{
	struct lock_need n = need(PG_AE, PG_AE, PG_REACH_KEYS | PG_REACH_TREE);

	switch (drop->remove_type) {
	case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
	case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
		return n;
	case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
	case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
	case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
	case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
		return need(PG_AE, PG_AE, 0);
	default:
		n = need(0, 0, 0);
		/* of a type, a schema or a function: whatever uses it */
		n.queues = drop->behavior ==
			   PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
		return n;
	}
}

static struct lock_need need_rename(const PgQuery__RenameStmt *rename)
{
	if (!rename->relation ||
	    rename->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
		return need(0, 0, 0);
	return need(PG_AE, 0, PG_REACH_TREE);
}

static struct lock_need need_truncate(const PgQuery__TruncateStmt *truncate)
{
	int reach = PG_REACH_TREE;

	if (truncate->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
		reach |= PG_REACH_KEYS;
	return need(PG_AE, PG_AE, reach);
}

/* LOCK's modes are numbered from 1. */
static struct lock_need need_lock(const PgQuery__LockStmt *lock)
{
	int mode = lock->mode - 1;

	if (mode < 0 || mode >= PG_MODE_COUNT)
		mode = PG_AE;
	return need(mode, mode, PG_REACH_TREE);
}

static struct lock_need need_unknown(void)
{
	struct lock_need n = need(0, 0, 0);

	n.queues = true;
	return n;
}

static struct lock_need need_of(const PgQuery__Node *node)
{
	switch (node->node_case) {
	case PG_QUERY__NODE__NODE_INSERT_STMT:
	case PG_QUERY__NODE__NODE_UPDATE_STMT:
	case PG_QUERY__NODE__NODE_DELETE_STMT:
	case PG_QUERY__NODE__NODE_MERGE_STMT:
	case PG_QUERY__NODE__NODE_COPY_STMT:
		return need(PG_RX, 0, 0);
	case PG_QUERY__NODE__NODE_CREATE_STMT:
		return need_create(node->create_stmt);
	case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
		return need_alter(node->alter_table_stmt);
	case PG_QUERY__NODE__NODE_INDEX_STMT:
		return need(PG_S, 0, PG_REACH_TREE);
	case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
		return need(PG_SRE, PG_SRE, PG_REACH_TREE);
	case PG_QUERY__NODE__NODE_VIEW_STMT:
		return need(node->view_stmt->replace ? PG_AE : 0, 0, 0);
	case PG_QUERY__NODE__NODE_RULE_STMT:
	case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
	case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
	case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
	case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
	case PG_QUERY__NODE__NODE_CLUSTER_STMT:
	/* its index, which all who use the table have locked */
	case PG_QUERY__NODE__NODE_REINDEX_STMT:
		return need(PG_AE, 0, 0);
	case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
		return need(PG_SRE, 0, 0);
	case PG_QUERY__NODE__NODE_DROP_STMT:
		return need_drop(node->drop_stmt);
	case PG_QUERY__NODE__NODE_RENAME_STMT:
		return need_rename(node->rename_stmt);
	case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
		return need_truncate(node->truncate_stmt);
	case PG_QUERY__NODE__NODE_LOCK_STMT:
		return need_lock(node->lock_stmt);
	case PG_QUERY__NODE__NODE_COMMENT_STMT:
	case PG_QUERY__NODE__NODE_CREATE_STATS_STMT:
	case PG_QUERY__NODE__NODE_VACUUM_STMT:
		return need(PG_SUE, 0, 0);
	case PG_QUERY__NODE__NODE_DO_STMT:
	case PG_QUERY__NODE__NODE_CALL_STMT:
	case PG_QUERY__NODE__NODE_EXECUTE_STMT:
	case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
		return need_unknown();
	default:
		return need(0, 0, 0);
	}
}

/* Writers and readers do not wait behind what is weaker than this. */
static void settle(struct lock_need *n)
{
	n->queues = n->queues || n->first >= PG_S || n->others >= PG_S;
}

struct lock_need pg_need(const PgQuery__Node *statement)
{
	struct lock_need n = need_of(statement);

	settle(&n);
	return n;
}

/* --- tables of the script's own ------------------------------------------- */

static bool makes_table(const struct statement *s)
{
	return s->analysed && s->relation_count &&
	       (!strncmp(s->kind, "CREATE TABLE", 12) ||
		!strcmp(s->kind, "CREATE MATERIALIZED VIEW") ||
		!strcmp(s->kind, "CREATE VIEW") ||
		!strcmp(s->kind, "SELECT INTO"));
}

/* Looking back from each of a million statements would take forever. */
#define MOST_LOOKED_BACK 1000

static bool made_before(const struct script *script, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (makes_table(&script->statements[i]) &&
		    !strcmp(script->statements[i].relations[0], name))
			return true;
	return false;
}

static bool others_made_before(const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];

	for (size_t i = 1; i < s->relation_count; i++)
		if (!made_before(script, n, s->relations[i]))
			return false;
	return true;
}

void pg_need_settle(struct script *script)
{
	size_t count = script->statement_count;

	if (count > MOST_LOOKED_BACK)
		count = MOST_LOOKED_BACK;
	for (size_t n = 0; n < count; n++) {
		struct statement *s = &script->statements[n];

		if ((!s->need.first && !s->need.others) || !s->relation_count)
			continue;
		if (made_before(script, n, s->relations[0]))
			s->need.first = 0;
		if (others_made_before(script, n))
			s->need.others = 0;
		s->need.queues = false;
		settle(&s->need);
	}
}
