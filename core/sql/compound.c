#include "core/sql/scan.h"

#include <string.h>

/*
 * MySQL's statements: DELIMITER, and compound ones, which have semicolons of
 * their own. The words that open and close those stand in other places too
 * (IF(), REPEAT(), CASE with a value), so it matters where a statement begins.
 */

static bool is_one_of(const char *text, struct sql_token token,
		      const char *const *words)
{
	for (; *words; words++)
		if (sql_is_word(text, token, *words))
			return true;
	return false;
}

/* --- DELIMITER ------------------------------------------------------------ */

static bool begins_line(const char *text, size_t offset)
{
	while (offset && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
		offset--;
	return !offset || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

/* Takes the line over; false when it names nothing that can end a statement. */
static bool take_delimiter(struct sql_scan *scan, const char *text,
			   size_t length, struct sql_token *token)
{
	const char *end = memchr(text + token->offset, '\n',
				 length - token->offset);
	const char *from = text + token->offset + token->length, *to;

	end = end ? end : text + length;
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	for (to = from; to < end && !strchr(" \t\r", *to); to++)
		if (*to == '\\')
			return false;
	if (to == from || to - from >= SQL_DELIMITER_SIZE)
		return false;
	memset(scan->delimiter, 0, sizeof(scan->delimiter));
	if (to - from != 1 || *from != ';')
		memcpy(scan->delimiter, from, (size_t)(to - from));
	token->kind = SQL_COMMENT;
	token->length = (size_t)(end - text) - token->offset;
	return true;
}

struct sql_token sql_scan_next(struct sql_scan *scan, const char *text,
			       size_t length, size_t offset)
{
	struct sql_token token = sql_next(text, length, offset, scan->dialect);
	size_t mark = strlen(scan->delimiter);
	const char *found;

	if (scan->dialect != SQL_MYSQL || token.kind == SQL_END)
		return token;
	if (mark && length - offset >= mark &&
	    !memcmp(text + offset, scan->delimiter, mark))
		return (struct sql_token){ SQL_SEMICOLON, offset, mark };
	if (!scan->inside && sql_is_word(text, token, "DELIMITER") &&
	    begins_line(text, offset) &&
	    take_delimiter(scan, text, length, &token))
		return token;
	/* END$$ is read as one word */
	if (mark && token.kind == SQL_WORD) {
		found = memmem(text + offset,
			       token.length + mark <= length - offset
				       ? token.length + mark - 1
				       : length - offset,
			       scan->delimiter, mark);
		if (found)
			token.length = (size_t)(found - (text + offset));
	}
	return token;
}

/* --- compound statements -------------------------------------------------- */

/* What says that a body can follow, or that none does. */
static void scan_head(struct sql_scan *scan, const char *text,
		      struct sql_token token)
{
	static const char *const openers[] = { "IF",	 "CASE",  "LOOP", "FOR",
					       "REPEAT", "WHILE", NULL };
	static const char *const bodies[] = { "PROCEDURE", "FUNCTION",
					      "TRIGGER",   "EVENT",
					      "PACKAGE",   NULL };
	static const char *const others[] = {
		"TABLE", "VIEW",    "INDEX",  "DATABASE", "SCHEMA",	"USER",
		"ROLE",	 "LOGFILE", "SERVER", "SEQUENCE", "TABLESPACE", NULL,
	};

	if (scan->state == SCAN_CREATE) {
		if (is_one_of(text, token, bodies))
			scan->state = SCAN_ROUTINE;
		else if (is_one_of(text, token, others))
			scan->state = SCAN_OTHER;
	} else if (sql_is_word(text, token, "CREATE") ||
		   sql_is_word(text, token, "ALTER")) {
		scan->state = SCAN_CREATE;
	} else if (sql_is_word(text, token, "BEGIN")) {
		scan->state = SCAN_BEGIN;
	} else if (is_one_of(text, token, openers)) {
		scan->state = SCAN_ROUTINE;
		scan->depth = 1;
	} else {
		scan->state = SCAN_OTHER;
	}
}

static bool is_expression(const struct sql_scan *scan)
{
	return scan->depth < 64 && (scan->expressions >> scan->depth & 1);
}

static void go_deeper(struct sql_scan *scan, bool expression)
{
	if (++scan->depth >= 64)
		return;
	scan->expressions &= ~(UINT64_C(1) << scan->depth);
	scan->expressions |= (uint64_t)expression << scan->depth;
}

/* In what stands before the body: may it begin behind this word? */
static bool may_precede_body(const char *text, struct sql_token token)
{
	static const char *const words[] = { "ROW",	"DO",	"DETERMINISTIC",
					     "SQL",	"DATA", "INVOKER",
					     "DEFINER", NULL };

	return is_one_of(text, token, words);
}

static void scan_word(struct sql_scan *scan, const char *text,
		      struct sql_token token, bool begins, bool ended)
{
	static const char *const blocks[] = { "IF", "WHILE", "FOR", NULL };
	static const char *const lists[] = { "LOOP", "REPEAT", NULL };
	static const char *const heads[] = { "THEN", "ELSE", "DO", NULL };
	static const char *const closed[] = { "IF",    "CASE",	 "LOOP", "FOR",
					      "WHILE", "REPEAT", NULL };

	if (ended && is_one_of(text, token, closed))
		return;
	if (sql_is_word(text, token, "END")) {
		scan->depth -= scan->depth > 0;
		scan->ended = true;
	} else if (sql_is_word(text, token, "BEGIN")) {
		go_deeper(scan, false);
		scan->begins = true;
	} else if (sql_is_word(text, token, "CASE")) {
		go_deeper(scan, !begins);
	} else if (begins && is_one_of(text, token, blocks)) {
		go_deeper(scan, false);
	} else if (begins && is_one_of(text, token, lists)) {
		go_deeper(scan, false);
		scan->begins = true;
	} else if (is_one_of(text, token, heads)) {
		scan->begins = !is_expression(scan);
	} else if (!scan->depth) {
		scan->begins = may_precede_body(text, token);
	}
}

static void scan_compound(struct sql_scan *scan, const char *text,
			  struct sql_token token)
{
	bool begins = scan->begins, ended = scan->ended;
	char c = text[token.offset];

	scan->begins = scan->ended = false;
	if (token.kind == SQL_WORD)
		scan_word(scan, text, token, begins, ended);
	else if (token.kind == SQL_OTHER)
		/* a label; the end of the parameters */
		scan->begins = c == ':' || (c == ')' && !scan->depth);
	else if (token.kind == SQL_STRING)
		scan->begins = !scan->depth;
}

/* Whether it is what DELIMITER named, or no DELIMITER is in force. */
static bool is_delimiter(const struct sql_scan *scan, const char *text,
			 struct sql_token token)
{
	size_t mark = strlen(scan->delimiter);

	return !mark || (token.length == mark &&
			 !memcmp(text + token.offset, scan->delimiter, mark));
}

bool sql_scan_mysql(struct sql_scan *scan, const char *text,
		    struct sql_token token)
{
	if (token.kind == SQL_SEMICOLON) {
		if (is_delimiter(scan, text, token) && *scan->delimiter)
			return true;
		if (scan->state != SCAN_ROUTINE ||
		    (!scan->depth && !*scan->delimiter))
			return true;
		scan->begins = true;
		scan->ended = false;
		return false;
	}
	if (scan->state == SCAN_FIRST || scan->state == SCAN_CREATE) {
		scan_head(scan, text, token);
	} else if (scan->state == SCAN_BEGIN) {
		scan->state = SCAN_OTHER;
		if (sql_is_word(text, token, "NOT")) {
			scan->state = SCAN_ROUTINE;
			scan->depth = 1;
		}
	} else if (scan->state == SCAN_ROUTINE) {
		scan_compound(scan, text, token);
	}
	return false;
}
