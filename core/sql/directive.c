#include "core/sql/directive.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

#define PREFIX "migrate:"

enum takes {
	TAKES_NOTHING,
	TAKES_TEXT,
	TAKES_RULE_AND_TEXT,
	TAKES_BATCH,
};

static const struct {
	const char *word;
	enum takes takes;
} known[] = {
	[DIRECTIVE_NO_TRANSACTION] = { "no-transaction", TAKES_NOTHING },
	[DIRECTIVE_HOLD] = { "hold", TAKES_TEXT },
	[DIRECTIVE_ALLOW] = { "allow", TAKES_RULE_AND_TEXT },
	[DIRECTIVE_DATA_LOSS] = { "data-loss", TAKES_TEXT },
	[DIRECTIVE_IRREVERSIBLE] = { "irreversible", TAKES_TEXT },
	[DIRECTIVE_EMPTY] = { "empty", TAKES_TEXT },
	[DIRECTIVE_IDEMPOTENT] = { "idempotent", TAKES_NOTHING },
	[DIRECTIVE_NOTE] = { "note", TAKES_TEXT },
	[DIRECTIVE_EDIT] = { "edit", TAKES_TEXT },
	[DIRECTIVE_VERIFY] = { "verify", TAKES_NOTHING },
	[DIRECTIVE_BATCH] = { "batch", TAKES_BATCH },
};

#define KNOWN_COUNT (sizeof(known) / sizeof(*known))

/* What is left of the comment. */
struct rest {
	const char *text;
	size_t length;
};

static void drop(struct rest *rest, size_t n)
{
	rest->text += n;
	rest->length -= n;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void skip_blanks(struct rest *rest)
{
	while (rest->length && is_blank(*rest->text))
		drop(rest, 1);
}

/* The comment after its dashes, without blanks on either side. */
static struct rest inside(const char *comment, size_t length)
{
	struct rest rest = { comment, length };

	while (rest.length && (*rest.text == '-' || *rest.text == '#'))
		drop(&rest, 1);
	skip_blanks(&rest);
	while (rest.length && is_blank(rest.text[rest.length - 1]))
		rest.length--;
	return rest;
}

bool directive_is(const char *comment, size_t length)
{
	struct rest rest = inside(comment, length);

	return rest.length >= strlen(PREFIX) &&
	       !strncasecmp(rest.text, PREFIX, strlen(PREFIX));
}

const char *directive_word(enum directive_kind kind)
{
	return known[kind].word;
}

static char *take_word(TALLOC_CTX *mem, struct rest *rest)
{
	size_t n = 0;
	char *word;

	while (n < rest->length && !is_blank(rest->text[n]) &&
	       rest->text[n] != '"')
		n++;
	word = talloc_strndup(mem, rest->text, n);
	drop(rest, n);
	skip_blanks(rest);
	return word;
}

static int unknown(const char *word, struct error *err)
{
	char *shown = text_visible(NULL, word, false);
	char *list = talloc_strdup(NULL, "");

	for (size_t i = 0; i < KNOWN_COUNT; i++)
		list = talloc_asprintf_append_buffer(
			list, "%s%s", *list ? ", " : "", known[i].word);
	if (*word)
		error_set(err, ERROR_FAILED, "unknown directive '%s'", shown);
	else
		error_set(err, ERROR_FAILED, "the directive lacks its word");
	error_hint(err, "the directives are %s", list);
	talloc_free(shown);
	talloc_free(list);
	return -1;
}

static int misused(size_t kind, const char *what, struct error *err)
{
	static const char *const forms[] = {
		[TAKES_NOTHING] = "",
		[TAKES_TEXT] = " \"text\"",
		[TAKES_RULE_AND_TEXT] = " RULE \"text\"",
		[TAKES_BATCH] = " rows=10000 pause=100ms key=COLUMN",
	};

	error_set(err, ERROR_FAILED, "directive '%s' %s", known[kind].word,
		  what);
	return error_hint(err, "write it as: -- migrate: %s%s",
			  known[kind].word, forms[known[kind].takes]);
}

/* The text in quotes, where "" stands for one quote. */
static int take_text(TALLOC_CTX *mem, size_t kind, struct rest *rest,
		     const char **text, struct error *err)
{
	char *out;
	size_t used = 0;
	bool blank = true;

	if (!rest->length || *rest->text != '"')
		return misused(kind, "needs a text in double quotes", err);
	drop(rest, 1);
	out = talloc_size(mem, rest->length + 1);
	talloc_set_name_const(out, "char");
	for (;; drop(rest, 1)) {
		if (!rest->length)
			return misused(kind, "has a text that is not closed",
				       err);
		if (*rest->text == '"') {
			drop(rest, 1);
			if (!rest->length || *rest->text != '"')
				break;
		}
		blank &= is_blank(*rest->text);
		out[used++] = *rest->text;
	}
	out[used] = '\0';
	*text = out;
	skip_blanks(rest);
	return blank ? misused(kind, "has an empty text", err) : 0;
}

static bool is_rule(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyz"
				     "0123456789-") == strlen(word);
}

/* --- batch ---------------------------------------------------------------- */

#define MOST_ROWS 10000000

static int bad_argument(const char *needs, const char *value, struct error *err)
{
	char *shown = text_visible(NULL, value, false);
	char *what = talloc_asprintf(shown, "needs %s, not '%s'", needs, shown);

	misused(DIRECTIVE_BATCH, what, err);
	talloc_free(shown);
	return -1;
}

static int take_rows(const char *value, struct directive *d, struct error *err)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || n < 1 || n > MOST_ROWS)
		return bad_argument("rows from 1 to 10000000", value, err);
	d->batch.rows = n;
	return 0;
}

static int take_pause(const char *value, struct directive *d, struct error *err)
{
	d->batch.pause_ms = text_duration_parse(value);
	if (d->batch.pause_ms < 0)
		return bad_argument("a pause such as 100ms", value, err);
	return 0;
}

/* Up to the next blank, but for those in quotes. */
static char *take_value(TALLOC_CTX *mem, struct rest *rest)
{
	char quote = 0;
	size_t n = 0;
	char *value;

	for (; n < rest->length && (quote || !is_blank(rest->text[n])); n++)
		if (quote ? rest->text[n] == quote
			  : strchr("\"`", rest->text[n]) != NULL)
			quote = quote ? 0 : rest->text[n];
	value = talloc_strndup(mem, rest->text, n);
	drop(rest, n);
	skip_blanks(rest);
	return value;
}

static int take_batch_argument(TALLOC_CTX *mem, struct rest *rest,
			       unsigned *seen, struct directive *d,
			       struct error *err)
{
	static const char *const words[] = { "rows=", "pause=", "key=" };
	unsigned n = 0;
	char *value;

	while (n < 3 && (rest->length < strlen(words[n]) ||
			 strncmp(rest->text, words[n], strlen(words[n])) != 0))
		n++;
	if (n == 3) {
		value = take_value(mem, rest);
		return bad_argument("rows=, pause= or key=", value, err);
	}
	if (*seen & 1u << n)
		return misused(DIRECTIVE_BATCH, "says something twice", err);
	*seen |= 1u << n;
	drop(rest, strlen(words[n]));
	value = take_value(mem, rest);
	if (n == 0)
		return take_rows(value, d, err);
	if (n == 1)
		return take_pause(value, d, err);
	d->batch.key = value;
	return *value ? 0 : bad_argument("the name of a column", value, err);
}

static int take_batch(TALLOC_CTX *mem, struct rest *rest, struct directive *d,
		      struct error *err)
{
	unsigned seen = 0;

	d->batch = (struct batch_wish){ .rows = 10000, .pause_ms = 100 };
	while (rest->length)
		if (take_batch_argument(mem, rest, &seen, d, err) < 0)
			return -1;
	return 0;
}

static int take_arguments(TALLOC_CTX *mem, size_t kind, struct rest *rest,
			  struct directive *d, struct error *err)
{
	if (known[kind].takes == TAKES_BATCH)
		return take_batch(mem, rest, d, err);
	if (known[kind].takes == TAKES_RULE_AND_TEXT) {
		d->word = take_word(mem, rest);
		if (!is_rule(d->word))
			return misused(kind, "needs the name of a rule", err);
	}
	if (known[kind].takes != TAKES_NOTHING &&
	    take_text(mem, kind, rest, &d->text, err) < 0)
		return -1;
	if (!rest->length)
		return 0;
	misused(kind, "has something after its end", err);
	if (d->text)
		error_hint(err, "inside the text write a quote as \"\"");
	return -1;
}

int directive_parse(TALLOC_CTX *mem, const char *comment, size_t length,
		    struct directive *d, struct error *err)
{
	struct rest rest = inside(comment, length);
	size_t kind = 0;
	char *word;
	int result;

	drop(&rest, strlen(PREFIX));
	skip_blanks(&rest);
	word = take_word(NULL, &rest);
	while (kind < KNOWN_COUNT && strcmp(word, known[kind].word) != 0)
		kind++;
	*d = (struct directive){ .kind = (enum directive_kind)kind };
	if (kind == KNOWN_COUNT)
		result = unknown(word, err);
	else
		result = take_arguments(mem, kind, &rest, d, err);
	talloc_free(word);
	return result;
}
