#ifndef CORE_SQL_SCRIPT_H
#define CORE_SQL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * A script: its text, its directives and, once an engine has split it, its
 * statements. script_parse() looks at comments and strings only, needs no
 * database library and is what the commit hook uses.
 */

enum sql_dialect { SQL_POSTGRESQL, SQL_SQLITE, SQL_MYSQL };

enum directive_kind {
	DIRECTIVE_NO_TRANSACTION,
	DIRECTIVE_HOLD,
	DIRECTIVE_ALLOW,
	DIRECTIVE_DATA_LOSS,
	DIRECTIVE_IRREVERSIBLE,
	DIRECTIVE_EMPTY,
	DIRECTIVE_IDEMPOTENT,
	DIRECTIVE_NOTE,
	DIRECTIVE_EDIT,
	DIRECTIVE_VERIFY,
	DIRECTIVE_BATCH,
};

/* What `batch` asks for. */
struct batch_wish {
	int64_t rows;	 /* of the first batch, and the most of any */
	int pause_ms;	 /* after each batch */
	const char *key; /* the column to go by, as written, or NULL */
};

struct directive {
	enum directive_kind kind;
	struct batch_wish batch;
	const char *word; /* `allow`'s rule, or NULL */
	const char *text; /* what stood in quotes, or NULL */
	int line;	  /* from 1 */
	size_t offset;	  /* of its comment, in bytes */
};

/* Which locks a statement will ask for, as far as its text tells. */
struct lock_need {
	/* how strong: of relations[0], and of the others; the engine's own
	   numbers, 0 where nobody has to be waited for */
	unsigned char first, others;
	unsigned char reach; /* on what else: the engine's own bits */
	/* while it waits for them, others would wait behind it */
	bool queues;
};

struct loss;

struct statement {
	size_t offset; /* of its first token, in bytes */
	size_t length; /* without the closing semicolon */
	/* the rows that stand behind COPY FROM STDIN; offset 0: there are none,
	   not even an empty block */
	size_t data_offset, data_length;
	const char *kind;	/* the command's tag: "ALTER TABLE", "INSERT" */
	const char **relations; /* as written, unquoted, "schema.name"; the
				   engine adds what only the server knows */
	size_t relation_count;
	bool no_transaction;  /* the server refuses it inside a transaction */
	bool alone;	      /* so it may: in a script that runs statement by
				 statement it is no part of a transaction */
	bool control;	      /* BEGIN, COMMIT, ROLLBACK, SAVEPOINT ... */
	bool begins, commits; /* a plain BEGIN; a plain COMMIT or END */
	bool analysed;	      /* false: the parser did not understand it */
	bool verify;	      /* `verify` stands before it: its answer counts */
	struct lock_need need;
	const struct directive *batch; /* it runs range by range, or NULL */
	/* what it destroys, and what it makes that may be destroyed again: see
	   loss.h; empty for a statement that does neither */
	struct loss *losses;
	size_t loss_count;
};

struct script {
	const char *path; /* for messages */
	char *text;	  /* UTF-8 without BOM, NUL-terminated */
	size_t length;
	enum sql_dialect dialect;
	struct directive *directives;
	size_t directive_count;
	bool has_statements;
	bool has_data; /* rows stand behind a COPY FROM STDIN */

	/* set by the engine's split */
	struct statement *statements; /* a whole BEGIN...COMMIT taken off */
	size_t statement_count;
	bool wrapped;	     /* such a wrapper was there */
	bool no_transaction; /* must or asks to run outside one */
};

/*
 * Checks the text (valid UTF-8, no NUL; a byte order mark is dropped) and
 * reads the directives: an unknown one, one in a place where it would not be
 * read (inside a statement), a malformed one and one that this version does
 * not carry out yet are errors at their line. text is talloc memory, taken
 * over when it is a child of mem (talloc_steal), otherwise copied; it need not
 * end in a NUL.
 */
int script_parse(TALLOC_CTX *mem, const char *path, char *text, size_t length,
		 enum sql_dialect dialect, struct script **script,
		 struct error *err);

/* The first directive of a kind, or NULL. */
const struct directive *script_directive(const struct script *script,
					 enum directive_kind kind);

/*
 * An error when the script may not run: no statement without `empty` or
 * (down only) `irreversible`; an `edit` line that is still there.
 */
int script_check_runnable(const struct script *script, bool down,
			  struct error *err);

/*
 * For engines, after they have filled statements: takes a whole BEGIN...COMMIT
 * off, decides no_transaction (a directive, a statement that refuses a
 * transaction, other transaction control inside), and gives each statement the
 * directives that stand before it.
 */
void script_settle(struct script *script);

/*
 * SHA-256 over the texts of statements, one after the other, in hexadecimal
 * digits: what was carried out of a script is known again by it.
 */
#define SCRIPT_DIGEST_LENGTH 64
struct script_digest;
struct script_digest *script_digest_new(TALLOC_CTX *mem);
void script_digest_add(struct script_digest *digest,
		       const struct script *script, size_t n);
/* Of those that were added so far; more may follow. */
void script_digest_text(const struct script_digest *digest,
			char text[SCRIPT_DIGEST_LENGTH + 1]);

/* Shows in err->excerpt what stands at the error's line and column, from the
   beginning of statement number n on. */
void script_excerpt(const struct script *script, size_t n, struct error *err);

/* The lexer under it, for engines and templates too. */
enum sql_token_kind {
	SQL_END,
	SQL_SPACE,
	SQL_COMMENT,
	SQL_WORD,   /* keyword, identifier or number */
	SQL_QUOTED, /* quoted identifier */
	SQL_STRING, /* string or dollar-quoted constant */
	SQL_SEMICOLON,
	SQL_OTHER, /* one character of punctuation or operator */
};

struct sql_token {
	enum sql_token_kind kind;
	size_t offset, length;
};

/* The token at offset; an unterminated string or comment runs to the end. */
struct sql_token sql_next(const char *text, size_t length, size_t offset,
			  enum sql_dialect dialect);

/* The next token that is neither space nor comment. */
struct sql_token sql_next_code(const char *text, size_t length, size_t offset,
			       enum sql_dialect dialect);

/* Whether the token is this keyword, in any case. */
bool sql_is_word(const char *text, struct sql_token token, const char *word);

/*
 * The name in a quoted identifier ("a""b", `a`, [a], 'a'); anything else as it
 * stands, since folding is the engine's.
 */
char *sql_unquote(TALLOC_CTX *mem, const char *written, size_t length);

/* The rows behind PostgreSQL's COPY FROM STDIN, see sql_copy_data(). */
struct sql_copy_data {
	size_t offset, length; /* of the rows, each with its line's end */
	size_t next;	       /* behind the last line */
};

/*
 * The next statement from offset on, where none is under way: from its first
 * token to its last, without the semicolon that ends it (see scan.h). Empty
 * ones are passed over. False at the end of the text.
 */
struct sql_extent {
	size_t offset, length;
	size_t next;		   /* where to go on */
	struct sql_copy_data data; /* next 0: there is none */
};
bool sql_next_statement(const char *text, size_t length, size_t offset,
			enum sql_dialect dialect, struct sql_extent *extent);

/*
 * The command tag of a statement from its leading words ("CREATE INDEX",
 * "ALTER TABLE", "WITH" bodies by their main verb), in capitals; for engines
 * without a parser library and for what a parser does not know.
 */
const char *sql_kind(TALLOC_CTX *mem, const char *text, size_t length,
		     enum sql_dialect dialect);

/* The same into a buffer, for scripts of a million statements. */
#define SQL_KIND_SIZE 64
const char *sql_kind_into(char buffer[SQL_KIND_SIZE], const char *text,
			  size_t length, enum sql_dialect dialect);

/*
 * Fills control, begins and commits of a statement of this text. A BEGIN that
 * asks for more than our own transaction gives (an isolation level, READ ONLY)
 * and a COMMIT AND CHAIN are control, but neither begins nor commits.
 */
void sql_control(struct statement *statement, const char *text,
		 enum sql_dialect dialect);

/* Whether one of the first `count` statements is a plain CREATE TABLE of that
   name: there was none before it, or else it fails. */
bool script_makes_table(const struct script *script, size_t count,
			const char *table);

/* Whether the word stands anywhere in the statement's text, in any case. */
bool statement_mentions(const struct script *script,
			const struct statement *statement, const char *word);

#endif
