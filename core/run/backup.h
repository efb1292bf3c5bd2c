#ifndef CORE_RUN_BACKUP_H
#define CORE_RUN_BACKUP_H

#include "core/backups.h"

/*
 * Takes backups, and finds out whether they are any good: a backup is restored
 * into a scratch database, whose catalog and rows must be those that stood in
 * the target at its moment.
 */
struct backuper {
	struct db *db;
	const char *scratch_url; /* or NULL */
	const char *identity;	 /* who does it */
	const char *tool;	 /* version of this program */
	/* What is about to be done: "dumping", "restoring". May be NULL. */
	void (*stage)(const char *what, void *data);
	void *data;
};

/*
 * Writes the file (0600, under another name until it is complete and on the
 * disk), verifies it when that is wanted, and records it. When any of that
 * fails there is neither file nor record; a backup that is not accepted is
 * ERROR_REFUSED. `path` is absolute.
 */
int backup_take(TALLOC_CTX *mem, const struct backuper *b, const char *path,
		bool verify, struct backup **backup, struct error *err);

/*
 * Verifies the file against what is recorded under its name, or else of the
 * backup with the same checksum, and records the outcome; ERROR_REFUSED when it
 * is not accepted. *backup is NULL when there is no record.
 */
int backup_verify(TALLOC_CTX *mem, const struct backuper *b, const char *path,
		  struct backup **backup, struct error *err);

/* The name of this machine. */
const char *backup_host(TALLOC_CTX *mem);

#endif
