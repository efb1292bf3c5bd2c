#include "core/db/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/db/postgres/analysis.h"
#include "core/db/postgres/need.h"
#include "core/sql/loss.h"
#include "core/sql/reader.h"

/*
 * A script of ordinary size is parsed once, by the server's own grammar, which
 * also says where statements begin and end. A large one, and one with syntax
 * that this grammar does not know (it is that of one PostgreSQL version), is
 * cut by the lexer and parsed statement by statement; what cannot be parsed is
 * left to the server to judge.
 */

#define WHOLE_SIZE (256 * 1024)
#define PIECE_SIZE (1024 * 1024)
#define INSERT_SIZE (64 * 1024) /* VALUES cost far more than other text */

struct splitter {
	struct script *script;
	const char *kinds[64];
	size_t kind_count;
	size_t room;
	/* the last INSERT ... VALUES, up to that word */
	size_t head, head_length;
};

/* A script of a million statements has but a few kinds. */
static const char *intern_kind(struct splitter *sp, const char *kind)
{
	for (size_t i = 0; i < sp->kind_count; i++)
		if (!strcmp(sp->kinds[i], kind))
			return sp->kinds[i];
	kind = talloc_strdup(sp->script, kind);
	if (sp->kind_count < sizeof(sp->kinds) / sizeof(*sp->kinds))
		sp->kinds[sp->kind_count++] = kind;
	return kind;
}

static struct statement *add_statement(struct splitter *sp, size_t offset,
				       size_t length)
{
	struct script *script = sp->script;
	char kind[SQL_KIND_SIZE];
	struct statement *s;

	if (script->statement_count == sp->room) {
		sp->room = sp->room ? 2 * sp->room : 8;
		script->statements = talloc_realloc(script, script->statements,
						    struct statement,
						    (unsigned)sp->room);
	}
	s = &script->statements[script->statement_count++];
	memset(s, 0, sizeof(*s));
	s->offset = offset;
	s->length = length;
	s->kind = intern_kind(sp, sql_kind_into(kind, script->text + offset,
						length, SQL_POSTGRESQL));
	sql_control(s, script->text + offset, SQL_POSTGRESQL);
	return s;
}

static int refuse(const struct splitter *sp, size_t offset, struct error *err)
{
	int line, column;

	text_position(sp->script->text, sp->script->length, offset, &line,
		      &column);
	return error_at(err, sp->script->path, line, column);
}

static int refuse_copy(const struct splitter *sp, const struct statement *s,
		       struct error *err)
{
	error_set(err, ERROR_FAILED,
		  "COPY to the client has no place in a script");
	error_hint(err, "take it out, or name a file on the server");
	return refuse(sp, s->offset, err);
}

static void take_analysis(struct splitter *sp, struct statement *s,
			  const struct pg_analysis *analysis)
{
	s->analysed = true;
	s->no_transaction = analysis->no_transaction;
	s->relations = analysis->relations;
	s->relation_count = analysis->relation_count;
	s->need = analysis->need;
	s->losses = analysis->losses;
	s->loss_count = analysis->loss_count;
	if (analysis->into)
		s->kind = intern_kind(sp, "SELECT INTO");
}

/* --- with the parser ------------------------------------------------------ */

static void *alloc_message(void *mem, size_t size)
{
	return talloc_size(mem, size);
}

static void free_message(void *mem, void *pointer)
{
	(void)mem;
	talloc_free(pointer);
}

PgQuery__ParseResult *pg_parse(TALLOC_CTX *mem, const char *text)
{
	ProtobufCAllocator allocator = { alloc_message, free_message, mem };
	PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
	PgQuery__ParseResult *tree = NULL;

	if (!result.error)
		tree = pg_query__parse_result__unpack(
			&allocator, result.parse_tree.len,
			(uint8_t *)result.parse_tree.data);
	pg_query_free_protobuf_parse_result(result);
	return tree;
}

static int add_parsed(struct splitter *sp, size_t base, size_t length,
		      const PgQuery__RawStmt *raw, struct error *err)
{
	const char *text = sp->script->text;
	size_t from = base + (size_t)raw->stmt_location;
	size_t end = raw->stmt_len ? from + (size_t)raw->stmt_len
				   : base + length;
	struct pg_analysis analysis;
	struct statement *s;

	from = sql_next_code(text, end, from, SQL_POSTGRESQL).offset;
	while (end > from && strchr(" \t\r\n\f\v", text[end - 1]))
		end--;
	s = add_statement(sp, from, end - from);
	pg_analyse(sp->script, raw->stmt, &analysis);
	take_analysis(sp, s, &analysis);
	return analysis.copies_out ? refuse_copy(sp, s, err) : 0;
}

/* 1 when the text was parsed and its statements added, 0 when it cannot be. */
static int add_text(struct splitter *sp, size_t base, size_t length,
		    struct error *err)
{
	TALLOC_CTX *mem = talloc_pool(NULL, 16 * 1024);
	char *copy = NULL;
	PgQuery__ParseResult *tree;
	int result = 0;

	if (length < sp->script->length)
		copy = talloc_strndup(NULL, sp->script->text + base, length);
	tree = pg_parse(mem, copy ? copy : sp->script->text);
	for (size_t i = 0; tree && result == 0 && i < tree->n_stmts; i++)
		result = add_parsed(sp, base, length, tree->stmts[i], err);
	talloc_free(copy);
	talloc_free(mem);
	if (result < 0)
		return -1;
	return tree != NULL;
}

/* --- with the lexer ------------------------------------------------------- */

/* CREATE INDEX CONCURRENTLY and the like, in a syntax that is not known. */
static bool seems_to_refuse(const struct statement *s, const char *text)
{
	struct reader r;

	if (!strcmp(s->kind, "VACUUM") || !strcmp(s->kind, "REPACK"))
		return true;
	reader_start(&r, text, s->length, SQL_POSTGRESQL);
	for (int words = 0; words < 8 && !reader_at_end(&r); words++) {
		if (reader_is(&r, "CONCURRENTLY"))
			return strcmp(s->kind, "REFRESH MATERIALIZED VIEW") !=
			       0;
		reader_advance(&r);
	}
	return false;
}

static bool seems_to_copy_out(const struct statement *s, const char *text)
{
	struct reader r;

	if (strcmp(s->kind, "COPY") != 0)
		return false;
	reader_start(&r, text, s->length, SQL_POSTGRESQL);
	while (!reader_at_end(&r)) {
		if (reader_is_character(&r, '(')) {
			reader_skip_group(&r);
		} else if (reader_accept(&r, "TO")) {
			return reader_is(&r, "STDOUT");
		} else {
			reader_advance(&r);
		}
	}
	return false;
}

/* No SQL has a backslash outside of quotes; what psql reads begins with one. */
static int check_backslash(const struct splitter *sp, const struct statement *s,
			   struct error *err)
{
	const char *text = sp->script->text;
	size_t at = s->offset, end = s->offset + s->length;
	struct sql_token token;
	int length;

	while ((token = sql_next_code(text, end, at, SQL_POSTGRESQL)).kind !=
	       SQL_END) {
		at = token.offset + token.length;
		if (token.kind != SQL_OTHER || text[token.offset] != '\\')
			continue;
		length = (int)strcspn(text + token.offset, " \t\r\n;");
		error_set(err, ERROR_FAILED,
			  "'%.*s' is a command of psql and not SQL",
			  length < 20 ? length : 20, text + token.offset);
		error_hint(err, "take it out: a script is read by the server, "
				"not by psql");
		return refuse(sp, token.offset, err);
	}
	return 0;
}

static int add_unparsed(struct splitter *sp, const struct sql_extent *extent,
			struct error *err)
{
	const char *text = sp->script->text + extent->offset;
	struct statement *s = add_statement(sp, extent->offset, extent->length);

	s->no_transaction = seems_to_refuse(s, text);
	s->need.queues = true;
	loss_guess(sp->script, s, text);
	if (seems_to_copy_out(s, text))
		return refuse_copy(sp, s, err);
	return check_backslash(sp, s, err);
}

/* The length of INSERT INTO ... VALUES up to and with that word, or 0. */
static size_t insert_head(const char *text, size_t length)
{
	struct reader r;

	reader_start(&r, text, length, SQL_POSTGRESQL);
	if (!reader_accept(&r, "INSERT"))
		return 0;
	while (!reader_at_end(&r)) {
		size_t end = r.token.offset + r.token.length;

		if (reader_is_character(&r, '('))
			reader_skip_group(&r);
		else if (reader_accept(&r, "VALUES"))
			return end;
		else if (reader_is(&r, "SELECT"))
			return 0;
		else
			reader_advance(&r);
	}
	return 0;
}

static bool mentions(const char *text, size_t length, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= length; i++)
		if ((text[i] | 0x20) == (*word | 0x20) &&
		    !strncasecmp(text + i, word, n))
			return true;
	return false;
}

/* What stands behind the rows is not in the analysis of the head. */
static void add_conflict(struct splitter *sp, struct statement *s)
{
	const char *text = sp->script->text + s->offset;

	if (s->relation_count && mentions(text, s->length, "CONFLICT") &&
	    mentions(text, s->length, "UPDATE"))
		loss_add(sp->script, s, LOSS_UPDATED, s->relations[0],
			 s->relations[0], NULL);
}

/*
 * INSERTs that differ in their rows alone have one analysis, and so has one
 * whose rows are too many for the parser: that of its head with one row.
 */
static bool add_insert(struct splitter *sp, const struct sql_extent *extent,
		       size_t head)
{
	struct script *script = sp->script;
	const char *text = script->text + extent->offset;
	size_t last = script->statement_count;
	PgQuery__ParseResult *tree;
	struct pg_analysis analysis;
	struct statement *s;
	TALLOC_CTX *mem;
	bool known;

	if (last && head == sp->head_length &&
	    !memcmp(text, script->text + sp->head, head)) {
		s = add_statement(sp, extent->offset, extent->length);
		s->analysed = true;
		s->relations = script->statements[last - 1].relations;
		s->relation_count = script->statements[last - 1].relation_count;
		s->need = script->statements[last - 1].need;
		add_conflict(sp, s);
		return true;
	}
	mem = talloc_new(NULL);
	tree = pg_parse(mem,
			talloc_asprintf(mem, "%.*s (NULL)", (int)head, text));
	known = tree && tree->n_stmts == 1;
	if (known) {
		s = add_statement(sp, extent->offset, extent->length);
		pg_analyse(script, tree->stmts[0]->stmt, &analysis);
		take_analysis(sp, s, &analysis);
		sp->head = extent->offset;
		sp->head_length = head;
		add_conflict(sp, s);
	}
	talloc_free(mem);
	return known;
}

static int add_piece(struct splitter *sp, const struct sql_extent *extent,
		     struct error *err)
{
	const char *text = sp->script->text + extent->offset;
	bool large = sp->script->length > WHOLE_SIZE;
	size_t head = large ? insert_head(text, extent->length) : 0;
	int parsed = 0;

	if (head &&
	    (extent->length > INSERT_SIZE ||
	     !mentions(text, extent->length, "SELECT")) &&
	    add_insert(sp, extent, head))
		return 0;
	sp->head_length = 0;
	if (extent->length <= (head ? INSERT_SIZE : PIECE_SIZE))
		parsed = add_text(sp, extent->offset, extent->length, err);
	if (parsed)
		return parsed < 0 ? -1 : 0;
	return add_unparsed(sp, extent, err);
}

static void add_data(struct script *script, const struct sql_copy_data *data)
{
	struct statement *s;

	if (!script->statement_count)
		return;
	s = &script->statements[script->statement_count - 1];
	s->data_offset = data->offset;
	s->data_length = data->length;
}

/* A procedure, and a DO that says so, may commit by itself. */
static bool may_end_transaction(const struct script *script,
				const struct statement *s)
{
	const char *text = script->text + s->offset;

	if (s->no_transaction || !s->analysed || !strcmp(s->kind, "CALL"))
		return true;
	if (strcmp(s->kind, "DO") != 0)
		return false;
	return mentions(text, s->length, "COMMIT") ||
	       mentions(text, s->length, "ROLLBACK");
}

int pg_split(struct script *script, struct error *err)
{
	struct splitter sp = { .script = script };
	struct sql_extent extent;
	size_t at = 0;
	int result = 0;

	if (lazy_pgquery_load(err) < 0)
		return -1;
	script->statements = NULL;
	script->statement_count = 0;
	if (script->length <= WHOLE_SIZE && !script->has_data)
		result = add_text(&sp, 0, script->length, err);
	if (result < 0)
		return -1;
	while (result == 0 && sql_next_statement(script->text, script->length,
						 at, SQL_POSTGRESQL, &extent)) {
		if (add_piece(&sp, &extent, err) < 0)
			return -1;
		if (extent.data.next)
			add_data(script, &extent.data);
		at = extent.next;
	}
	for (size_t i = 0; i < script->statement_count; i++)
		script->statements[i].alone =
			may_end_transaction(script, &script->statements[i]);
	script_settle(script);
	pg_need_settle(script);
	return 0;
}
