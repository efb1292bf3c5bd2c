#ifndef CORE_RUN_FACTS_H
#define CORE_RUN_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "core/migration.h"

/*
 * What one run measured. Engines and the executor fill it; the ledger,
 * comments, JSON and the terminal only render it. All memory hangs on the
 * struct facts itself.
 */

struct fact_statement {
	int index; /* from 1, in the script */
	int count; /* 1, or how many like statements this one stands for */
	const char *kind;
	const char **relations;
	size_t relation_count;
	int64_t rows; /* affected; -1 when the statement has no such count */
	double duration_ms;
};

struct fact_table {
	const char *name;
	int64_t rows_before, rows_after; /* -1: no such table or not counted */
	bool estimated;			 /* from statistics, shown with ~ */
};

struct fact_lock {
	const char *relation; /* as people write it; SQLite: the database */
	const char *mode;     /* "AccessExclusiveLock"; SQLite: "RESERVED" or
				 "WAL_WRITE_LOCK" (writers wait), "EXCLUSIVE"
				 (readers too) */
	int64_t since_us;     /* clock_mono_us() when its statement was sent */
	double held_ms;	      /* to the commit's reply; -1 while still held */
};

struct facts {
	int64_t version;
	const char *name;
	enum direction direction;
	bool ok;
	int64_t started_us; /* clock_wall_us() */
	double duration_ms; /* from the first statement to the commit's reply */
	double lock_ms;	    /* the longest of the locks */
	struct fact_statement *statements;
	size_t statement_count;
	int statements_seen; /* also those that were taken together */
	struct fact_table *tables;
	size_t table_count;
	struct fact_lock *locks;
	size_t lock_count;
	const char *error;  /* why it failed, or NULL */
	const char *repair; /* what a person decided instead of running it, and
			       who, or NULL */
};

struct facts *facts_new(TALLOC_CTX *mem, int64_t version, const char *name,
			enum direction direction);

/*
 * In a script of a million INSERTs, statements of one kind on the same
 * relations that follow each other are taken together after the first
 * thousand.
 */
struct fact_statement *facts_add_statement(struct facts *facts);
/* The table's entry, made when it is new (rows -1). */
struct fact_table *facts_table(struct facts *facts, const char *name);
/* Adds the lock unless that relation and mode are already there. */
void facts_add_lock(struct facts *facts, const char *relation, const char *mode,
		    int64_t since_us);
/* The transaction is over: closes all locks at this clock_mono_us(). */
void facts_release_locks(struct facts *facts, int64_t now_us);

/* The facts as compact JSON: what the ledger keeps. */
char *facts_text(TALLOC_CTX *mem, const struct facts *facts);
/* One element of "runs" in the JSON of up, down and log; new reference. */
json_t *facts_json(const struct facts *facts);
/* The inverse, for facts read back from the ledger. */
struct facts *facts_from_json(TALLOC_CTX *mem, const json_t *json,
			      struct error *err);

#endif
