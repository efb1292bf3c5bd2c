#ifndef CORE_RUN_FILL_H
#define CORE_RUN_FILL_H

#include "core/db/db.h"
#include "core/run/proof.h"

/*
 * Rows for a scratch database. Both kinds take the tables that `touched` names
 * and those that these refer to, and say in `data` how many rows each has got,
 * or why none.
 */

struct fill {
	struct db *db;
	const char *const *touched; /* ends with NULL; names as in db_tables */
	int64_t rows;		    /* of each table */
	/* generating: the tables as they will be, which may ask for more; or
	   NULL */
	const struct db_tables *later;
	bool tame; /* rows that will do then, and nothing unusual */
	/* texts that some rows should have, for scripts ask for them */
	const char *const *words;
	size_t word_count;
};

/* Makes rows up, in tables that have none. */
int fill_generate(TALLOC_CTX *mem, const struct fill *fill,
		  struct proof_data *data, struct error *err);
/* Takes all rows out of the tables that it has filled. */
int fill_empty(const struct fill *fill, const struct proof_data *data,
	       struct error *err);

/*
 * Rows of another database that has the same tables: of each touched one so
 * many, spread over the whole of its key, and all that they refer to. They are
 * read in one transaction, which only reads, when the sample is taken.
 */
struct sample;
int sample_take(TALLOC_CTX *mem, struct db *from, const char *const *touched,
		int64_t rows, struct sample **sample, struct error *err);
/* Empties the tables of a scratch database, then puts the sample there. data
   may be NULL. */
int sample_load(TALLOC_CTX *mem, const struct sample *sample, struct db *into,
		struct proof_data *data, struct error *err);

/* The numbers of the touched tables and of all that they refer to, parents
   before their children as far as that can be. */
size_t fill_order(TALLOC_CTX *mem, const struct db_tables *tables,
		  const char *const *touched, size_t **order);
/* Adds one to the list. */
struct proof_table *fill_note(TALLOC_CTX *mem, struct proof_data *data,
			      const char *table, int64_t rows,
			      const char *reason);

#endif
