#ifndef CORE_DB_SQLITE_EFFECTS_H
#define CORE_DB_SQLITE_EFFECTS_H

#include "core/db/sqlite/internal.h"

/* One statement, while it is found out what it does. */
struct effects {
	struct sqlite *s;
	struct facts *facts;
	size_t index;	  /* of its entry in facts->statements */
	const char *kind; /* "INSERT" */
	const char *text; /* of what was prepared */
	size_t length;
	const struct touched *touched;

	int64_t changed; /* rows, on this connection, before it */
	bool hooks; /* rows are counted one by one, as in touched->writes */
	int64_t rows[TOUCHED_WRITES], hooked;
	int64_t columns; /* of a table that is to lose one; 0: of none */
};

/* Around its steps. */
void effects_before(struct effects *e);
void effects_after(struct effects *e, sqlite3_stmt *prepared, bool done);
/* Around a transaction, of which a statement of s->facts is the first; and
   after its end. */
void effects_begin(struct sqlite *s);
void effects_end(struct sqlite *s);
/* A script begins. */
void effects_forget(struct sqlite *s);

#endif
