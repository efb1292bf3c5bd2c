#ifndef CORE_DB_POSTGRES_NEED_H
#define CORE_DB_POSTGRES_NEED_H

#include "core/sql/script.h"
#include "lazy/pgquery.h"

/*
 * Which locks a statement will ask for, by enum pg_mode: what PostgreSQL 15 and
 * 18 were measured to take, where it is more than a query takes.
 */
struct lock_need pg_need(const PgQuery__Node *statement);

/* On what else than the relations that it names. */
enum pg_reach {
	PG_REACH_TREE = 1 << 0,	   /* their partitions and children */
	PG_REACH_KEYS = 1 << 1,	   /* tables that foreign keys tie to them */
	PG_REACH_DEFAULT = 1 << 2, /* their default partition */
};

/* A table that the script itself has made is nobody else's. */
void pg_need_settle(struct script *script);

#endif
