#ifndef CORE_DB_POSTGRES_HELD_H
#define CORE_DB_POSTGRES_HELD_H

#include <uthash.h>

#include "core/db/postgres/internal.h"

/* Between held.c, which knows what a transaction has locked, and those that
   tell what it did to that. */

/* Of a relation, in this session since its counters were last sent away. */
struct pg_counts {
	int64_t scans, scanned, inserted, updated, deleted;
};

/* A relation as it was last seen in the catalog. */
struct pg_relation {
	unsigned oid;
	char kind;	/* pg_class.relkind */
	bool own;	/* of the ledger, or temporary: nobody else's */
	bool met;	/* while a statement ran: it may be of its making */
	bool fresh;	/* made in this transaction */
	bool empty;	/* and there is no row in it */
	char *name;	/* as people write it */
	unsigned table; /* of an index: what it is on */
	unsigned file;	/* where its contents are; 0: nowhere, or not known */
	/* what the session's counters were in that epoch */
	unsigned epoch;
	struct pg_counts counts;
	UT_hash_handle hh;
};

/* A row of the look: a relation that is locked. */
enum {
	LOOK_LOCKTYPE,
	LOOK_RELATION,
	LOOK_MODE,
	LOOK_SCHEMA,
	LOOK_NAME,
	LOOK_KIND,
	LOOK_EMPTY,
	LOOK_FILE,
	LOOK_TABLE,
	LOOK_SCANS,
	LOOK_SCANNED,
	LOOK_INSERTED,
	LOOK_UPDATED,
	LOOK_DELETED,
	LOOK_XMIN,   /* who has written its row in pg_class */
	LOOK_XID,    /* of a lock on a transaction's number: that */
	LOOK_TRACKS, /* once: whether the counters count */
	LOOK_WAL,    /* once */
	LOOK_AT,     /* once: when it began, in the transaction, in seconds */
	LOOK_COST,   /* of the look itself, up to here, in seconds */
	LOOK_COLUMNS,
};

/* Typed, as all constants in these statements are: what is not an exact match
   could meet an operator that somebody has put into the search path. */
#define PG_FIRST_NORMAL_OID "'16384'::pg_catalog.oid"
/* How much of the log was written. */
#define PG_WAL "pg_catalog.pg_current_wal_insert_lsn()"
/* That in bytes; -1 when it is no such text. */
int64_t pg_wal_position(const char *text);

struct pg_relation *pg_held_find(struct pg *pg, unsigned oid);

/* All relations that are locked, each as such a row, the strongest lock first:
   what they say goes to the look's facts. */
void pg_held_tell(struct pg_look *look, const char **const *rows, size_t count);

/* --- effects.c: what a statement did to what it has locked ---------------- */

/* Takes note of a row, before held.c learns the relation from it. */
void pg_effects_note(struct pg_look *look, const char *const *values);
/* All rows were noted: what they say goes to the statement's facts. */
void pg_effects_tell(struct pg_look *look);

#endif
