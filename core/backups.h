#ifndef CORE_BACKUPS_H
#define CORE_BACKUPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "core/db/db.h"

/*
 * The backups of a target, as its table git_migrate_backups has them: where
 * each is, what stood in the database at its moment, and whether it was
 * verified. Times are RFC 3339 in UTC, as in the ledger.
 */
struct backup {
	int64_t id;	  /* microseconds since 1970: sorts by time */
	const char *path; /* absolute */
	const char *host; /* on which machine */
	int64_t bytes;
	double duration_ms;
	const char *checksum; /* SHA-256 of the file, hexadecimal */
	const char *started_at, *taken_by;
	const char *program, *tool;
	bool exact; /* what is recorded is of the very moment of the file */
	const char *fingerprint; /* of the catalog, see catalog.h */
	struct db_contents *contents;
	/* the last time; NULL: not yet, or what it found was not right */
	const char *verified_at;
	const char *verified_by; /* NULL: not yet */
	double verify_ms;	 /* -1: not yet */
	const char *failure;	 /* what it found, or NULL */
};

/* Newest first; an empty list when there is no table. */
int backups_read(TALLOC_CTX *mem, struct db *db, struct backup ***list,
		 size_t *count, struct error *err);

/* Makes the table where it is missing, and the ledger, in transactions of
   their own. */
int backups_create(struct db *db, struct error *err);

/* Each in a transaction of its own. */
int backups_insert(struct db *db, const struct backup *backup,
		   struct error *err);
/* Takes over verified_at, verified_by, verify_ms and failure. */
int backups_update(struct db *db, const struct backup *backup,
		   struct error *err);

/* One element of "backups" in JSON; new reference. */
json_t *backup_json(const struct backup *backup);

#endif
