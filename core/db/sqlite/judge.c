#include "core/db/sqlite/internal.h"

#include <string.h>

/*
 * What is not part of a transaction here changes no row and no definition:
 * carried out a second time it does no harm.
 */
int sqlite_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
		 size_t n, const char *witness, enum db_verdict *verdict,
		 char **what, struct error *err)
{
	static const char *const harmless[] = {
		"VACUUM", "PRAGMA", "ATTACH", "DETACH", "ANALYZE", "REINDEX"
	};
	const struct statement *s = &script->statements[n];

	(void)mem;
	(void)db;
	(void)witness;
	(void)err;
	*what = NULL;
	*verdict = s->control ? DB_DONE : DB_UNKNOWN;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (!strcmp(s->kind, harmless[i]))
			*verdict = DB_UNDONE;
	return 0;
}
