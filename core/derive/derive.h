#ifndef CORE_DERIVE_DERIVE_H
#define CORE_DERIVE_DERIVE_H

#include "core/db/db.h"
#include "core/sql/change.h"

/*
 * The down script for an up script: the inverse of each change, in reverse
 * order. What the text alone does not tell (the definition of what is dropped
 * or altered) is asked of a catalog that has it as it is before the up script.
 * What cannot be brought back is declared by `data-loss` lines; what cannot be
 * derived becomes an `edit` line, never a guess.
 */

/* What a catalog says: names and texts, several of one name in their order. */
struct derive_fact {
	const char *name, *text;
};

struct derive_facts {
	struct derive_fact *list;
	size_t count;
};

struct derive_catalog {
	/*
	 * The answer to templates/facts/WORD.ENGINE.sql about a change, on mem;
	 * -1 when nobody can be asked.
	 */
	int (*ask)(TALLOC_CTX *mem, const char *word, const struct change *c,
		   struct derive_facts *facts, void *data);
	/* As struct db_engine's, of the change's table. */
	int (*definition)(TALLOC_CTX *mem, const struct change *c,
			  char ***statements, size_t *count, void *data);
	void *data;
};

struct derivation {
	char *text; /* the down script */
	size_t statements, edits, losses;
};

/*
 * `up` has been split. `label` names the migration, `source` where the
 * definitions come from ("target 'dev'"). An error only when the up script
 * cannot be looked at.
 */
int derive(TALLOC_CTX *mem, const struct db_engine *engine,
	   const struct script *up, const char *label, const char *source,
	   const struct derive_catalog *catalog, struct derivation **out,
	   struct error *err);

/* --- between the files of core/derive ------------------------------------- */

/* What follows for a change from the others. */
struct derive_mark {
	size_t statement; /* number, from 0 */
	bool skip;	  /* another one's inverse undoes it, too */
	bool own;	  /* RENAME: of what the script has made */
	bool stale;	  /* the catalog has its table under another name */
	const struct change *copied; /* DROP TABLE: the INSERT that saved its
					rows before */
};

/* Fills marks[], one for each change; `statement` is set already. */
void derive_mark(TALLOC_CTX *mem, const struct changes *changes,
		 struct derive_mark *marks);

struct derive_out;
struct deriving {
	TALLOC_CTX *mem;
	const struct db_engine *engine;
	const struct derive_catalog *catalog;
	const struct script *up;
	const struct changes *changes;
	struct derive_mark *marks;
	struct derive_out *out;
	size_t at;  /* the change that is undone */
	bool asked; /* the catalog told something */
};

/* What goes into the script, in order. */
void derive_say(struct deriving *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A statement for the end, when all is there again: a foreign key. */
void derive_late(struct deriving *d, const char *statement);
void derive_edit(struct deriving *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void derive_loss(struct deriving *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* "app.users" as SQL, and for people. */
char *derive_name(const struct deriving *d, const struct sql_name *name);
char *derive_plain(const struct deriving *d, const struct sql_name *name);
char *derive_quote(const struct deriving *d, const char *name);

/* Asks about the change that is undone. -1, with an edit line that says what
   is to be done, when there is no answer. */
int derive_ask(struct deriving *d, const char *word,
	       struct derive_facts *facts);
const char *derive_fact(const struct derive_facts *facts, const char *name);

/* The inverse of each kind. */
void derive_create(struct deriving *d, const struct change *c);
void derive_drop(struct deriving *d, const struct change *c);
void derive_rename(struct deriving *d, const struct change *c);
void derive_add_column(struct deriving *d, const struct change *c);
void derive_drop_column(struct deriving *d, const struct change *c);
void derive_alter_column(struct deriving *d, const struct change *c);
void derive_add_constraint(struct deriving *d, const struct change *c);
void derive_drop_constraint(struct deriving *d, const struct change *c);
void derive_comment(struct deriving *d, const struct change *c);
void derive_grant(struct deriving *d, const struct change *c);
void derive_insert(struct deriving *d, const struct change *c);

#endif
