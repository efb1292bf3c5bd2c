#ifndef CORE_DB_PROGRAM_H
#define CORE_DB_PROGRAM_H

#include "core/base/process.h"
#include "core/db/db.h"

/* A server's client programs, for what is too much to do by ourselves. */

/*
 * What the program says of its version, "pg_dump (PostgreSQL) 15.18"; when it
 * is not there, an error that names the Debian package that has it.
 */
int program_version(TALLOC_CTX *mem, const char *name, const char *package,
		    char **version, struct error *err);

/* Starts it with its input and its complaints in pipes. */
int program_start(TALLOC_CTX *mem, const char *const *argv,
		  const char *const *env, bool input, struct process **process,
		  struct error *err);

/*
 * Waits for its end, with db's ticks meanwhile; it is fed with the first
 * `length` bytes of the file `from` (-1: none). When it fails, what it said is
 * the error's detail, and *complaint (may be NULL) gets it, too.
 */
int program_finish(TALLOC_CTX *mem, struct db *db, struct process *process,
		   const char *name, int from, int64_t length, char **complaint,
		   struct error *err);

#endif
