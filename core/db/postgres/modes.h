#ifndef CORE_DB_POSTGRES_MODES_H
#define CORE_DB_POSTGRES_MODES_H

/* The modes of PostgreSQL's relation locks, in the order of their strength. */
enum pg_mode {
	PG_AS,
	PG_RS,
	PG_RX,
	PG_SUE,
	PG_S,
	PG_SRE,
	PG_X,
	PG_AE,
	PG_MODE_COUNT,
};

/* As pg_locks names it: "AccessShareLock". */
const char *pg_mode_name(int mode);
/* By such a name; what is not known is the weakest. */
int pg_mode_number(const char *name);
/* Which modes it keeps out, as bits: 1 << mode. */
unsigned pg_mode_conflicts(int mode);

#endif
