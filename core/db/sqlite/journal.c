#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>

struct pragmas {
	bool is_removed, is_emptied; /* the journal, when a transaction ends */
	int synchronous;
};

#define SYNCHRONOUS_FULL 2

static int take_pragmas(void *data, int count, char **values, char **names)
{
	struct pragmas *found = data;

	for (int i = 0; i < count; i++)
		if (!values[i])
			continue;
		else if (strcmp(names[i], "journal_mode") != 0)
			found->synchronous = atoi(values[i]);
		else if (!strcmp(values[i], "delete"))
			found->is_removed = true;
		else
			found->is_emptied = !strcmp(values[i], "truncate");
	return 0;
}

/*
 * A run of many transactions would make and remove the rollback journal once a
 * migration, and flush the folder each time. Where it is removed it is emptied
 * instead, as long as the run lasts, and any other program reads it right,
 * https://www.sqlite.org/pragma.html#pragma_journal_mode. Best effort, as a
 * database in use may not let its mode be changed.
 *
 * That a journal is removed is not flushed to the disk, short of
 * synchronous = EXTRA, so that a power failure right after a commit may undo
 * that commit, whole: https://www.sqlite.org/pragma.html#pragma_synchronous.
 * Neither is, then, that it is emptied: what a commit is worth stays as the
 * database has it. It takes a quarter off the time of small migrations.
 */
void sqlite_keep_journal(struct sqlite *s)
{
	struct pragmas found = { .is_removed = false,
				 .synchronous = SYNCHRONOUS_FULL + 1 };

	sqlite3_exec(s->handle,
		     "PRAGMA main.journal_mode; PRAGMA main.synchronous",
		     take_pragmas, &found, NULL);
	s->keeps_journal = found.is_removed;
	if (!found.is_removed)
		return;
	sqlite3_exec(s->handle, "PRAGMA main.journal_mode = TRUNCATE", NULL,
		     NULL, NULL);
	if (found.synchronous <= SYNCHRONOUS_FULL)
		sqlite_system_empties(sqlite3_db_filename(s->handle, "main"));
}

/* This removes it, too. What a script has made of the mode since stays. */
void sqlite_let_journal_go(struct sqlite *s)
{
	struct pragmas found = { .is_emptied = false };

	if (s->keeps_journal && s->handle)
		sqlite3_exec(s->handle, "PRAGMA main.journal_mode",
			     take_pragmas, &found, NULL);
	if (found.is_emptied)
		sqlite3_exec(s->handle, "PRAGMA main.journal_mode = DELETE",
			     NULL, NULL, NULL);
	if (s->keeps_journal)
		sqlite_system_empties(NULL);
	s->keeps_journal = false;
}
