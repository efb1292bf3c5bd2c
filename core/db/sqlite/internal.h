#ifndef CORE_DB_SQLITE_INTERNAL_H
#define CORE_DB_SQLITE_INTERNAL_H

#include "core/db/db.h"
#include "lazy/sqlite.h"

/* What the files of this folder share. */

struct cached_statement;
struct key_check;
struct key_pairs;
struct touched;

/* From when until when a lock was held, by clock_mono_us(). */
struct lock_span {
	int64_t asked_us, got_us;	/* around the call that got it; 0, 0:
					   it was not got */
	int64_t releasing_us, until_us; /* the same for letting it go */
	int64_t waited_us;		/* before it was got */
	size_t told; /* its place in facts->locks, from 1; 0: not there yet */
};

/* See grip.c. */
struct lock_clock {
	sqlite3_io_methods methods;	/* first: the file points to it */
	const sqlite3_io_methods *real; /* NULL: the clock does not run */
	struct lock_span write, pending, exclusive; /* of the transaction */
	bool wal;
	int64_t napped_us; /* waited since the last one ended */
};

enum table_story { TABLE_MADE, TABLE_GONE };

struct table_note {
	enum table_story what;
	const char *name;
};

struct sqlite {
	struct db db; /* first: it is what the others see */
	sqlite3 *handle;
	const char *path;    /* absolute; ":memory:" stands for a file that is
				not there */
	const char *to_make; /* ... and is made for the first that is written;
				NULL: it is not to be */
	int flags;	     /* for sqlite3_open_v2() */
	int64_t usual_pages; /* of the cache, while few are kept; else 0 */
	const char *folder;  /* of a scratch database, removed with it */
	int owner_file;	     /* see folder.c */
	struct cached_statement *cache;

	int lock_file;		 /* see lock.c; -1: not open */
	int look_file;		 /* ... to look at that lock only */
	bool keeps_journal;	 /* ... as long as that lock is held */
	const char *lock_words;	 /* "the lock on 'dev.db'" */
	const char *waiting_for; /* in words, for the tick */
	int64_t wait_since_us, ticked_us;
	bool interrupted;
	struct lock_clock clock;

	/* what the transaction, or the statement, is measured for; or NULL */
	struct facts *facts;
	bool rewrote, scanned; /* a table, in it */
	int seen_before;       /* statements; -1: it has none yet */
	int64_t written_before;
	/* tables that the script has made, and that it has done away with */
	struct table_note *story;
	size_t story_count;

	/* the transaction that begin() opened */
	bool open;
	const struct script *script; /* or NULL */
	bool enforced;		/* foreign keys are, in this transaction only */
	struct key_check *keys; /* or NULL */
	struct key_pairs *pairs; /* of the schema as last seen, or NULL */
	/* what is to be counted after the commit, where rows is still -1 */
	struct db_count *along;
	size_t along_count;
	int64_t along_limit;

	bool changed; /* a script changed the connection: open it anew */
	struct touched *touched; /* filled by the authorizer while not NULL */
	/* where the server went on beyond the split's end of a statement */
	const struct script *read_script;
	size_t read_up_to;
};

static inline struct sqlite *sqlite_of(struct db *db)
{
	return (struct sqlite *)db;
}

/* --- url.c --- */

/*
 * The file a URL names, relative to `top` unless absolute (*shown: as it was
 * written), and whether it asks for read-only.
 */
int sqlite_url(TALLOC_CTX *mem, const char *url, const char *top, char **path,
	       char **shown, bool *read_only, struct error *err);

/* The file's real path, or as near to it as there is one. */
char *sqlite_place(TALLOC_CTX *mem, const char *url, const char *top);

/* --- connection.c --- */

/* Opens s->path with s->flags and makes it usable; also again. */
int sqlite_connect(struct sqlite *s, struct error *err);
void sqlite_disconnect(struct sqlite *s);
/* Before something is written: makes the file that was not there. */
int sqlite_make(struct sqlite *s, struct error *err);
/* A new one that closes, and removes a scratch folder, when it is freed. */
struct sqlite *sqlite_new(TALLOC_CTX *mem, const struct db_options *options,
			  const char *path, const char *name);
/* Calls the tick when it is time; true: the person gave up. */
bool sqlite_tick(struct sqlite *s);
/* Waits a little for a lock, from tries 0 on; false: no longer. */
bool sqlite_wait(struct sqlite *s, int tries);
/* What the library says went wrong, as our error. */
int sqlite_fail(struct sqlite *s, struct error *err);
/* As many pages as usual from now on, for who does more than to look. */
int sqlite_keep_pages(struct sqlite *s, struct error *err);
/* One statement without parameters and rows, not kept. */
int sqlite_run(struct sqlite *s, const char *sql, struct error *err);

/* --- query.c --- */

int sqlite_query(struct db *db, const char *sql, const char *const *params,
		 int param_count, db_row_fn row, void *data, struct error *err);
int sqlite_queue(struct db *db, const char *sql, const char *const *params,
		 int param_count, struct error *err);
int sqlite_change(struct db *db, const char *sql, const char *const *params,
		  int param_count, int64_t *rows, struct error *err);
/* One number of one row; `fallback` when there is no row or NULL. */
int sqlite_number(struct sqlite *s, const char *sql, const char *param,
		  int64_t fallback, int64_t *number, struct error *err);
void sqlite_drop_cache(struct sqlite *s);

/* --- transaction.c --- */

int sqlite_begin(struct db *db, const struct script *script, struct error *err);
int sqlite_commit(struct db *db, struct error *err);
void sqlite_rollback(struct db *db);
int sqlite_begin_step(struct db *db, const struct script *script, size_t n,
		      struct error *err);
bool sqlite_inside(struct db *db);
/* Brings the connection back to how it was opened. */
int sqlite_restore(struct sqlite *s, struct error *err);

/* --- grip.c --- */

/* For a file that was just opened. */
void sqlite_grip_start(struct sqlite *s);
/* A transaction ends, or begins. */
void sqlite_grip_forget(struct sqlite *s);
/* Puts the locks that were held since into s->facts. What was taken from
   `statement_us` on was so by that statement, the number `statement`. */
void sqlite_grip_tell(struct sqlite *s, int64_t statement_us, int statement);

/* --- lock.c, judge.c --- */

int sqlite_lock(struct db *db, struct error *err);
int sqlite_unlock(struct db *db, struct error *err);
int sqlite_lock_holder(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		       struct error *err);
int sqlite_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
		 size_t n, const char *witness, enum db_verdict *verdict,
		 char **what, struct error *err);

/* --- journal.c --- */

/* Only while nobody else of ours is at the database: the lock is held. */
void sqlite_keep_journal(struct sqlite *s);
void sqlite_let_journal_go(struct sqlite *s);

/* --- system.c --- */

/* The name of the interface to the system that databases are opened with. */
const char *sqlite_system(void);
/*
 * The journal of this database, whose path is SQLite's own, is emptied at the
 * end of a transaction without flushing that to the disk; NULL: none is.
 */
void sqlite_system_empties(const char *database);

/* --- keys.c --- */

/* Looks at foreign keys before a script that might break one: *keys. */
int keys_before(struct sqlite *s, const struct script *script,
		struct key_check **keys, struct error *err);
/* An error when there are violations that were not there before. */
int keys_after(struct sqlite *s, struct key_check *keys, struct error *err);

/* --- split.c --- */

int sqlite_split(struct script *script, struct error *err);

/* --- syntax.c --- */

int sqlite_check_syntax(const struct db *db, const struct script *script,
			size_t *n, struct error *err);

/* --- execute.c, touched.c --- */

int sqlite_execute(struct db *db, const struct script *script, size_t n,
		   struct facts *facts, struct error *err);

/* A part of the rows, or (NULL) all of them. */
int sqlite_execute_part(struct db *db, const struct script *script, size_t n,
			const struct batch_part *part, struct facts *facts,
			struct error *err);

/* --- batch.c --- */

int sqlite_key(TALLOC_CTX *mem, struct db *db, const char *table,
	       const char *column, struct db_key *key, struct error *err);
int sqlite_ask(struct db *db, const char *sql, db_row_fn row, void *data,
	       struct error *err);

enum touch {
	TOUCH_READ,    /* perhaps a table; also a view, a function, a WITH */
	TOUCH_NAMED,   /* a table whose trigger comes or goes */
	TOUCH_WRITTEN, /* rows or definition */
	TOUCH_VIEW,    /* a view that comes or goes, no table */
};

/* More than those are not told apart. */
#define TOUCHED_WRITES 16

struct touched {
	struct touched_name {
		const char *name; /* "schema.table" when it is not in main */
		enum touch touch; /* the strongest */
		bool read;	  /* also */
	} * names;
	size_t count;
	bool changes_connection; /* PRAGMA, ATTACH, something temporary */
	bool indirect;		 /* also a view or a trigger of it */

	/* which rows may change, and how: SQLITE_INSERT ... */
	struct touched_write {
		const char *name;
		int action;
	} writes[TOUCHED_WRITES];
	size_t write_count;

	/* tables that it makes, drops, alters, names anew (to), makes an index
	   for; or NULL */
	const char *made, *dropped, *altered, *renamed, *indexed;
	const char **reindexed; /* indexes that it makes anew */
	size_t reindexed_count;
};

/* --- foresee.c --- */
void sqlite_foresee(struct db *db, struct script *script);

/* The authorizer: notes what a statement touches, and allows everything. */
int touched_note(void *data, int action, const char *first, const char *second,
		 const char *schema, const char *by);
/*
 * After the statement is prepared: leaves out what is read but no table, and
 * adds the name that ALTER TABLE ... RENAME TO gives, which the authorizer is
 * not told.
 */
void touched_finish(struct sqlite *s, struct touched *t, const char *text,
		    size_t length);
/* Whether the name stands for a table that is there, not a view. */
bool sqlite_has_table(struct sqlite *s, const char *name);

/* --- count.c --- */

int sqlite_count_rows(struct db *db, const char *table, int64_t limit,
		      int64_t *rows, bool *estimated, struct error *err);
void sqlite_count_along(struct db *db, struct db_count *counts, size_t count,
			int64_t limit);
/* The transaction is committed. */
void sqlite_count_along_end(struct sqlite *s);

/* --- names.c --- */

char *sqlite_quote(TALLOC_CTX *mem, const char *name);
char *sqlite_quote_name(TALLOC_CTX *mem, const char *name);
char *sqlite_fold_name(TALLOC_CTX *mem, const char *written);

/* --- normal.c, constraint.c --- */

/* Names of tables and columns, in lower case. */
struct known_names;
struct table_column;
struct table_rule;
struct known_names *names_new(TALLOC_CTX *mem);
void names_add(struct known_names *names, const char *name);
/* Every name is in it: for where no string can stand. */
const struct known_names *names_all(void);

/*
 * SQL without what only a person sees in it: white space, comments, the case
 * of words, quotes around a name that needs none, ASC. Double quotes stay
 * around what is in no list of names (NULL: nothing is), because it is then
 * a string to SQLite.
 */
char *sqlite_normal(TALLOC_CTX *mem, const struct known_names *names,
		    const char *text, size_t length);

/* A constraint in one form, whether it stood at its column or not. */
char *sqlite_constraint(TALLOC_CTX *mem, const struct known_names *names,
			const char *column, const struct table_rule *rule);

/* --- catalog.c, definition.c --- */

void sqlite_mend(struct mend *mend, const struct mend_request *request);
int sqlite_catalog(TALLOC_CTX *mem, struct db *db, struct catalog **catalog,
		   struct error *err);
int sqlite_definition(TALLOC_CTX *mem, struct db *db, const char *table,
		      char ***statements, size_t *count, struct error *err);

/* --- scratch.c --- */

int sqlite_scratch(TALLOC_CTX *mem, struct db *target, const char *scratch_url,
		   struct db **scratch, struct error *err);
int sqlite_scratch_copy(TALLOC_CTX *mem, struct db *from, struct db **scratch,
			struct error *err);
/* Copies the pages, with the ticks and the patience of `watched`. */
int sqlite_copy(struct sqlite *watched, sqlite3 *from, sqlite3 *to,
		struct error *err);
/* Folders of scratch databases below `parent`: a new one of our own on mem,
 *owner goes to remove(); clean() removes those that nobody has any more. */
char *sqlite_folder_make(TALLOC_CTX *mem, const char *parent, int *owner,
			 struct error *err);
void sqlite_folder_remove(const char *folder, int owner);
void sqlite_folder_clean(const char *parent);

/* --- backup.c, contents.c --- */

int sqlite_backup(TALLOC_CTX *mem, struct db *db, const char *path,
		  struct db_snapshot *snapshot, struct error *err);
int sqlite_restore_backup(struct db *scratch, const char *path,
			  struct error *err);
int sqlite_contents(TALLOC_CTX *mem, struct db *db,
		    struct db_contents **contents, struct error *err);

/* --- rows.c, tables.c --- */

extern const struct db_rows sqlite_rows;
int sqlite_tables(TALLOC_CTX *mem, struct db *db, struct db_tables **tables,
		  struct error *err);

#endif
