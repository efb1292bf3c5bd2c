#include "core/db/mysql/internal.h"

#include <string.h>

#include "core/base/text.h"
#include "core/sql/loss.h"
#include "core/sql/scan.h"

/*
 * There is no parser library, so scripts are cut by the lexer, as the mysql
 * client cuts them, and also where that one asks for DELIMITER. The lexer
 * reads strings as the default sql_mode does: with backslash escapes, and with
 * double quotes around strings.
 */

struct splitter {
	struct script *script;
	const char *kinds[64];
	size_t kind_count;
	size_t room;
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

static int refuse(const struct splitter *sp, size_t offset, struct error *err)
{
	int line, column;

	text_position(sp->script->text, sp->script->length, offset, &line,
		      &column);
	return error_at(err, sp->script->path, line, column);
}

/* --- commands of the client ----------------------------------------------- */

static int refuse_command(const struct splitter *sp, size_t offset,
			  struct error *err)
{
	const char *command = sp->script->text + offset;
	int length = (int)strcspn(command, " \t\r\n;");

	error_set(err, ERROR_FAILED,
		  "'%.*s' is a command of the mysql client and not SQL",
		  length < 20 ? length : 20, command);
	error_hint(err, "take it out: a script is read by the server, not by "
			"the client");
	return refuse(sp, offset, err);
}

/* None of these begins a statement of the server. */
static bool is_client_word(const char *text, struct sql_token token)
{
	static const char *const words[] = {
		"delimiter", "edit",	  "ego",    "exit",   "notee",
		"nopager",   "pager",	  "print",  "prompt", "quit",
		"rehash",    "source",	  "status", "system", "tee",
		"warnings",  "nowarning",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sql_is_word(text, token, words[i]))
			return true;
	return false;
}

/* \N is NULL; any other backslash outside of quotes is for the client. */
static int check_token(const struct splitter *sp, struct sql_token token,
		       bool first, struct error *err)
{
	const char *text = sp->script->text;

	if (first && is_client_word(text, token))
		return refuse_command(sp, token.offset, err);
	if (token.kind == SQL_OTHER && text[token.offset] == '\\' &&
	    text[token.offset + 1] != 'N')
		return refuse_command(sp, token.offset, err);
	return 0;
}

/* --- statements ----------------------------------------------------------- */

char *my_without_marks(TALLOC_CTX *mem, const char *text, size_t length)
{
	char *copy = talloc_strndup(mem, text, length);
	struct sql_token token = { SQL_END, 0, 0 };
	size_t at = 0;

	while ((token = sql_next(text, length, at, SQL_MYSQL)).kind !=
	       SQL_END) {
		char *from = copy + token.offset, *mark;

		at = token.offset + token.length;
		if (token.kind != SQL_OTHER || token.length < 5)
			continue;
		mark = from + strcspn(from, "!") + 1;
		mark += strspn(mark, "0123456789");
		memset(from, ' ', (size_t)(mark - from));
		memset(copy + at - 2, ' ', 2);
	}
	return copy;
}

static void add_statement(struct splitter *sp, size_t offset, size_t length)
{
	struct script *script = sp->script;
	const char *text = script->text + offset;
	char *plain = NULL, kind[SQL_KIND_SIZE];
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
	if (memmem(text, length, "/*!", 3) || memmem(text, length, "/*M!", 4))
		text = plain = my_without_marks(NULL, text, length);
	s->kind = intern_kind(sp, sql_kind_into(kind, text, length, SQL_MYSQL));
	sql_control(s, text, SQL_MYSQL);
	my_analyse(script, s, text);
	loss_read(script, s, text, SQL_MYSQL);
	talloc_free(plain);
}

/* A transaction would end LOCK TABLES, and a procedure may end it. */
static void mark_alone(struct script *script)
{
	bool locked = false;

	for (size_t i = 0; i < script->statement_count; i++) {
		struct statement *s = &script->statements[i];

		locked = locked ? strcmp(s->kind, "UNLOCK TABLES") != 0
				: !strncmp(s->kind, "LOCK TABLE", 10);
		s->alone = s->no_transaction || locked ||
			   !strcmp(s->kind, "UNLOCK TABLES") ||
			   !strcmp(s->kind, "CALL");
	}
}

int my_split(struct script *script, struct error *err)
{
	struct splitter sp = { .script = script };
	struct sql_token token = { SQL_END, 0, 0 };
	size_t start = 0, end = 0, at = 0;
	struct sql_scan scan;

	script->statement_count = 0;
	sql_scan_init(&scan, SQL_MYSQL);
	do {
		bool inside = scan.inside;

		token = sql_scan_next(&scan, script->text, script->length, at);
		at = token.offset + token.length;
		if (token.kind == SQL_SPACE || token.kind == SQL_COMMENT)
			continue;
		if (inside && (token.kind == SQL_END ||
			       sql_scan_token(&scan, script->text, token))) {
			add_statement(&sp, start, end - start);
			continue;
		}
		if (!inside) {
			sql_scan_token(&scan, script->text, token);
			start = token.offset;
		}
		end = at;
		if (token.kind != SQL_SEMICOLON &&
		    check_token(&sp, token, !inside, err) < 0)
			return -1;
	} while (token.kind != SQL_END);
	mark_alone(script);
	script_settle(script);
	return 0;
}
