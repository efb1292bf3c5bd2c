#include "core/sql/script.h"

#include <string.h>

#include "core/base/text.h"
#include "core/sql/batch.h"
#include "core/sql/directive.h"
#include "core/sql/reader.h"
#include "core/sql/scan.h"

/* What is known while the text is read from its beginning to its end. */
struct parsing {
	struct script *script;
	struct sql_scan scan;
	size_t place; /* where `line` was counted up to */
	int line;
	size_t pending;	    /* directives since the last statement ended */
	bool any_statement; /* of whatever kind */
	bool begun;	    /* a transaction of the script's own is open */
	size_t next;	    /* where to read on */
};

static void locate(const struct script *script, size_t offset,
		   struct error *err)
{
	int line, column;

	text_position(script->text, script->length, offset, &line, &column);
	error_at(err, script->path, line, column);
}

static int take_over(struct script *script, TALLOC_CTX *mem, char *text,
		     size_t length, struct error *err)
{
	if (talloc_parent(text) == mem) {
		script->text = talloc_steal(script, text);
		if (talloc_get_size(text) <= length)
			script->text = talloc_realloc_size(script, script->text,
							   length + 1);
	} else {
		script->text = talloc_size(script, length + 1);
		if (script->text)
			memcpy(script->text, text, length);
	}
	if (!script->text) {
		error_set(err, ERROR_FAILED,
			  "the script is too large: %zu bytes", length);
		return error_at(err, script->path, 0, 0);
	}
	if (length >= 3 && !memcmp(script->text, "\xef\xbb\xbf", 3)) {
		length -= 3;
		memmove(script->text, script->text + 3, length);
	}
	script->text[length] = '\0';
	script->length = length;
	return 0;
}

static int check_characters(const struct script *script, struct error *err)
{
	size_t bad = utf8_check(script->text, script->length);
	const char *nul = memchr(script->text, '\0', bad);

	if (nul) {
		error_set(err, ERROR_FAILED, "the script has a NUL byte");
		locate(script, (size_t)(nul - script->text), err);
	} else if (bad < script->length) {
		error_set(err, ERROR_FAILED, "the script is not valid UTF-8");
		locate(script, bad, err);
	} else {
		return 0;
	}
	return error_hint(err, "save it as UTF-8 text");
}

static int line_of(struct parsing *p, size_t offset)
{
	const char *text = p->script->text;
	const char *at = text + p->place;

	while ((at = memchr(at, '\n', (size_t)(text + offset - at))) != NULL) {
		p->line++;
		at++;
	}
	p->place = offset;
	return p->line;
}

/* Nothing but blanks before it on its line. */
static bool begins_line(const char *text, size_t offset)
{
	while (offset && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
		offset--;
	return !offset || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

static int misplaced(struct parsing *p, size_t offset, const char *why,
		     struct error *err)
{
	error_set(err, ERROR_FAILED, "the directive %s", why);
	locate(p->script, offset, err);
	return error_hint(err, "write directives on lines of their own, at the "
			       "top of the script or before a statement");
}

static int take_directive(struct parsing *p, struct sql_token token,
			  struct error *err)
{
	struct script *script = p->script;
	const char *comment = script->text + token.offset;
	struct directive *d;
	size_t n = script->directive_count;

	if (p->scan.inside)
		return misplaced(p, token.offset, "stands inside a statement",
				 err);
	if (!begins_line(script->text, token.offset))
		return misplaced(p, token.offset, "does not begin its line",
				 err);
	/* room doubles: it is full whenever the count is a power of two */
	if (!(n & (n - 1)))
		script->directives = talloc_realloc(script, script->directives,
						    struct directive,
						    n ? 2 * (unsigned)n : 1);
	d = &script->directives[n];
	if (directive_parse(script, comment, token.length, d, err) < 0) {
		locate(script, token.offset, err);
		return -1;
	}
	d->line = line_of(p, token.offset);
	d->offset = token.offset;
	script->directive_count++;
	p->pending++;
	return 0;
}

static int take_comment(struct parsing *p, struct sql_token token,
			struct error *err)
{
	const char *comment = p->script->text + token.offset;

	if (*comment != '/')
		return directive_is(comment, token.length)
			       ? take_directive(p, token, err)
			       : 0;
	if (token.length >= 4 && !memcmp(comment + token.length - 2, "*/", 2))
		return 0;
	error_set(err, ERROR_FAILED, "the comment is not closed");
	locate(p->script, token.offset, err);
	return -1;
}

/* A script of BEGIN and COMMIT alone has no statement. */
static bool is_control(const struct script *script, struct sql_token token)
{
	struct statement s = { .length = script->length - token.offset };

	if (token.kind != SQL_WORD)
		return false;
	sql_control(&s, script->text + token.offset, script->dialect);
	return s.control;
}

static int check_verify(const struct script *script, const struct directive *d,
			const char *kind, struct error *err)
{
	if (!strcmp(kind, "SELECT"))
		return 0;
	error_set(err, ERROR_FAILED, "directive 'verify' stands before %s",
		  kind);
	error_at(err, script->path, d->line, 1);
	return error_hint(err, "write it before a SELECT that returns "
			       "one value: true when all is well");
}

/* Whether the statement that begins there can be taken apart. */
static int check_batched(const struct script *script, size_t offset,
			 struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct sql_extent extent = { 0 };
	struct batch_text batch;
	size_t place = 0;
	int result;

	sql_next_statement(script->text, script->length, offset,
			   script->dialect, &extent);
	result = batch_parse(mem, script->text + extent.offset, extent.length,
			     script->dialect, &batch, &place, err);
	if (result < 0)
		locate(script, extent.offset + place, err);
	talloc_free(mem);
	return result;
}

static int check_batch(const struct parsing *p, const struct directive *d,
		       const char *kind, size_t offset, struct error *err)
{
	const struct script *script = p->script;

	if (strcmp(kind, "UPDATE") != 0 && strcmp(kind, "DELETE") != 0 &&
	    strcmp(kind, "INSERT") != 0) {
		error_set(err, ERROR_FAILED,
			  "directive 'batch' stands before %s", kind);
		error_at(err, script->path, d->line, 1);
		return error_hint(err, "write it before an UPDATE, a DELETE or "
				       "an INSERT ... SELECT");
	}
	if (p->begun) {
		error_set(err, ERROR_FAILED,
			  "directive 'batch' stands inside a transaction of "
			  "the script's own");
		error_at(err, script->path, d->line, 1);
		return error_hint(err, "each batch has a transaction of its "
				       "own: write the statement outside of "
				       "BEGIN and COMMIT");
	}
	return check_batched(script, offset, err);
}

/* Directives about one statement, which has to be of the right kind. */
static int check_pending(const struct parsing *p, size_t offset,
			 struct error *err)
{
	const struct script *script = p->script;
	char kind[SQL_KIND_SIZE];
	int result = 0;

	sql_kind_into(kind, script->text + offset, script->length - offset,
		      script->dialect);
	for (size_t i = p->pending; result == 0 && i >= 1; i--) {
		const struct directive *d =
			&script->directives[script->directive_count - i];

		if (d->kind == DIRECTIVE_VERIFY)
			result = check_verify(script, d, kind, err);
		if (d->kind == DIRECTIVE_BATCH)
			result = check_batch(p, d, kind, offset, err);
	}
	return result;
}

/* Whether a transaction of the script's own is open behind this statement. */
static bool is_begun_after(const struct parsing *p, struct sql_token token)
{
	static const char *const ends[] = { "COMMIT", "END", "ABORT",
					    "ROLLBACK", NULL };
	const struct script *script = p->script;
	struct reader r;

	reader_start(&r, script->text + token.offset,
		     script->length - token.offset, script->dialect);
	if (reader_accept(&r, "BEGIN"))
		return true;
	if (reader_accept(&r, "START"))
		return p->begun || reader_is(&r, "TRANSACTION");
	if (!reader_accept_any(&r, ends))
		return p->begun;
	if (!reader_accept(&r, "WORK"))
		reader_accept(&r, "TRANSACTION");
	if (reader_accept(&r, "AND"))
		return p->begun && !reader_is(&r, "NO");
	return p->begun && reader_is(&r, "TO");
}

/* Rows are no SQL: what looks like a comment or a string there is none. */
static int skip_data(struct parsing *p, struct sql_token token,
		     struct error *err)
{
	struct script *script = p->script;
	struct sql_copy_data data;

	if (sql_copy_data(script->text, script->length,
			  token.offset + token.length, &data)) {
		script->has_data = true;
		p->next = data.next;
		return 0;
	}
	error_set(err, ERROR_FAILED, "COPY FROM STDIN has no rows after it");
	locate(script, token.offset, err);
	return error_hint(err, "write the rows on the lines that follow, and "
			       "end them with a line that says \\.");
}

static int take_token(struct parsing *p, struct sql_token token,
		      struct error *err)
{
	if (token.kind == SQL_SPACE)
		return 0;
	if (token.kind == SQL_COMMENT)
		return take_comment(p, token, err);
	if (!p->scan.inside && token.kind != SQL_SEMICOLON) {
		if (p->pending && check_pending(p, token.offset, err) < 0)
			return -1;
		p->any_statement = true;
		p->pending = 0;
		p->begun = is_begun_after(p, token);
		if (!p->script->has_statements)
			p->script->has_statements = !is_control(p->script,
								token);
	}
	if (sql_scan_token(&p->scan, p->script->text, token) && p->scan.copied)
		return skip_data(p, token, err);
	return 0;
}

/* Directives after the last statement would never be read. */
static int check_trailing(struct parsing *p, struct error *err)
{
	struct script *script = p->script;
	const struct directive *d;

	if (!p->pending)
		return 0;
	d = &script->directives[script->directive_count - p->pending];
	if (!p->any_statement) /* those about the script may stand alone */
		d = script_directive(script, DIRECTIVE_BATCH);
	if (!d)
		return 0;
	error_set(err, ERROR_FAILED,
		  "directive '%s' stands after the last statement",
		  directive_word(d->kind));
	error_at(err, script->path, d->line, 1);
	return error_hint(err, "write directives on lines of their own, at the "
			       "top of the script or before a statement");
}

static int read_tokens(struct script *script, struct error *err)
{
	struct parsing p = { .script = script, .line = 1 };
	struct sql_token token;

	sql_scan_init(&p.scan, script->dialect);
	do {
		token = sql_scan_next(&p.scan, script->text, script->length,
				      p.next);
		p.next = token.offset + token.length;
		if (token.kind != SQL_END && take_token(&p, token, err) < 0)
			return -1;
	} while (token.kind != SQL_END);
	return check_trailing(&p, err);
}

int script_parse(TALLOC_CTX *mem, const char *path, char *text, size_t length,
		 enum sql_dialect dialect, struct script **out,
		 struct error *err)
{
	struct script *script = talloc_zero(mem, struct script);

	script->path = talloc_strdup(script, path);
	script->dialect = dialect;
	if (take_over(script, mem, text, length, err) < 0 ||
	    check_characters(script, err) < 0 || read_tokens(script, err) < 0) {
		talloc_free(script);
		return -1;
	}
	*out = script;
	return 0;
}

const struct directive *script_directive(const struct script *script,
					 enum directive_kind kind)
{
	for (size_t i = 0; i < script->directive_count; i++)
		if (script->directives[i].kind == kind)
			return &script->directives[i];
	return NULL;
}

static int refuse(const struct script *script, const struct directive *d,
		  enum error_code code, const char *why, struct error *err)
{
	char *shown = text_visible(NULL, d->text, false);

	error_set(err, code, "directive '%s' %s: %s", directive_word(d->kind),
		  why, shown);
	error_at(err, script->path, d->line, 1);
	talloc_free(shown);
	return -1;
}

int script_check_runnable(const struct script *script, bool down,
			  struct error *err)
{
	const struct directive *edit = script_directive(script, DIRECTIVE_EDIT);
	const struct directive *empty = script_directive(script,
							 DIRECTIVE_EMPTY);
	const struct directive *irreversible =
		script_directive(script, DIRECTIVE_IRREVERSIBLE);

	if (edit) {
		refuse(script, edit, ERROR_REFUSED, "is still there", err);
		return error_hint(err, "do what it says, then take the line "
				       "out");
	}
	if (irreversible && !down) {
		refuse(script, irreversible, ERROR_FAILED,
		       "is for down scripts only", err);
		return error_hint(err, "move the line to the down script");
	}
	if (empty && script->has_statements) {
		refuse(script, empty, ERROR_FAILED,
		       "stands in a script that has statements", err);
		return error_hint(err, "take the line out");
	}
	if (script->has_statements || empty || irreversible)
		return 0;
	error_set(err, ERROR_FAILED, "the script has no statement");
	error_at(err, script->path, 1, 1);
	error_hint(err, "when that is on purpose, say so: "
			"-- migrate: empty \"why\"");
	if (down)
		error_hint(err, "when it cannot be undone: "
				"-- migrate: irreversible \"why\"");
	return -1;
}

/*
 * BEGIN first, COMMIT last, and between them nothing of that sort and nothing
 * that needs to be outside, which the wrapper tells the server to refuse.
 */
static bool is_wrapped(const struct script *script)
{
	size_t last = script->statement_count;

	if (last < 2 || !script->statements[0].begins ||
	    !script->statements[--last].commits)
		return false;
	for (size_t i = 1; i < last; i++)
		if (script->statements[i].control ||
		    script->statements[i].no_transaction)
			return false;
	return true;
}

/* The statement that a directive stands before. */
static struct statement *following(struct script *script,
				   const struct directive *d)
{
	size_t low = 0, high = script->statement_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (script->statements[middle].offset < d->offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < script->statement_count ? &script->statements[low] : NULL;
}

static void bind_directives(struct script *script)
{
	for (size_t i = 0; i < script->directive_count; i++) {
		const struct directive *d = &script->directives[i];
		struct statement *s = NULL;

		if (d->kind == DIRECTIVE_VERIFY || d->kind == DIRECTIVE_BATCH)
			s = following(script, d);
		if (!s)
			continue;
		if (d->kind == DIRECTIVE_VERIFY)
			s->verify = true;
		else
			s->batch = d;
	}
}

void script_settle(struct script *script)
{
	script->no_transaction = script_directive(script,
						  DIRECTIVE_NO_TRANSACTION) ||
				 script_directive(script, DIRECTIVE_BATCH);
	if (!script->no_transaction && is_wrapped(script)) {
		script->wrapped = true;
		script->statement_count -= 2;
		memmove(script->statements, script->statements + 1,
			script->statement_count * sizeof(struct statement));
	}
	for (size_t i = 0; i < script->statement_count; i++)
		if (script->statements[i].control ||
		    script->statements[i].no_transaction)
			script->no_transaction = true;
	bind_directives(script);
}

static bool makes_table(const struct script *script, const struct statement *s,
			const char *table)
{
	static const char *const words[] = { "CREATE", "TABLE", "IF" };
	struct sql_token token = { 0 };

	if (!s->analysed || strcmp(s->kind, "CREATE TABLE") != 0 ||
	    !s->relation_count || strcmp(s->relations[0], table) != 0)
		return false;
	for (int i = 0; i < 3; i++) {
		token = sql_next_code(script->text, s->offset + s->length,
				      i ? token.offset + token.length
					: s->offset,
				      script->dialect);
		if (sql_is_word(script->text, token, words[i]) != (i < 2))
			return false;
	}
	return true;
}

bool script_makes_table(const struct script *script, size_t count,
			const char *table)
{
	for (size_t n = 0; n < count; n++)
		if (makes_table(script, &script->statements[n], table))
			return true;
	return false;
}

bool statement_mentions(const struct script *script, const struct statement *s,
			const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= s->length; i++)
		if (!strncasecmp(script->text + s->offset + i, word, length))
			return true;
	return false;
}
