#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdbool.h>

/*
 * One error, as the last parameter of whatever can fail. It is untouched on
 * success. core and git fill it, cmd prints it once and turns its code into
 * the exit status.
 *
 *	struct error err = { 0 };
 *	if (ledger_read(db, &rows, &err) < 0)
 *		return cmd_fail(&err);
 *
 * Every setter returns -1, so that `return error_set(...)` reads well.
 */

/* Only what a caller branches on; the number is not the exit status. */
enum error_code {
	ERROR_NONE = 0,
	ERROR_FAILED,	  /* input or environment is bad: exit 128 */
	ERROR_REFUSED,	  /* the answer is no, a person can lift it: exit 1 */
	ERROR_USAGE,	  /* the command line is wrong: exit 129 */
	ERROR_NOT_FOUND,  /* asked for something that is not there: exit 128 */
	ERROR_SQL,	  /* the database refused a statement: exit 128 */
	ERROR_CONNECTION, /* the database or tracker is out of reach: 128 */
	ERROR_BUSY, /* others hold a lock past --wait or --lock-wait: 128 */
	ERROR_INTERRUPTED, /* the person pressed Ctrl-C: exit 130 */
	/* as ERROR_SQL, but somebody else had what the statement needs: it may
	   work the next time */
	ERROR_LOCK_TIMEOUT,
	ERROR_DEADLOCK,
	/* nothing keeps other runs out any more, while the connection of the
	   script is well: exit 128 */
	ERROR_LOCK_LOST
};

struct error {
	enum error_code code;
	char *message; /* lower case, no full stop, the failure first */
	char *detail;  /* what the server adds; may have several lines */
	char *hint;    /* lines that each name a next command to type */
	char sqlstate[6];
	bool denied; /* this role may not do it, or nobody now: no script is at
			fault */
	char *file;  /* relative to the top of the work tree, or NULL */
	int line;    /* from 1; 0 when unknown */
	int column;  /* from 1, in characters; 0 when unknown */
	char *excerpt; /* the lines that stand there, numbered, or NULL */
};

/*
 * The setters are macros around functions, so that callers, and tools that
 * follow their paths, see that the value is always -1.
 */
#define error_set(...) ERROR_RETURN(error_set_, __VA_ARGS__)
#define error_detail(...) ERROR_RETURN(error_detail_, __VA_ARGS__)
/* Adds one hint line to those already there. */
#define error_hint(...) ERROR_RETURN(error_hint_, __VA_ARGS__)
#define error_at(...) ERROR_RETURN(error_at_, __VA_ARGS__)
/* Puts "context: " before the message. */
#define error_prefix(...) ERROR_RETURN(error_prefix_, __VA_ARGS__)
#define ERROR_RETURN(setter, ...)                                              \
	__extension__({                                                        \
		setter(__VA_ARGS__);                                           \
		-1;                                                            \
	})

void error_set_(struct error *err, enum error_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void error_detail_(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void error_hint_(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void error_at_(struct error *err, const char *file, int line, int column);
void error_prefix_(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Frees the strings and makes the error empty again. */
void error_release(struct error *err);

#endif
