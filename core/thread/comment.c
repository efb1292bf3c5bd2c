#include "core/thread/comment.h"

#include <ctype.h>
#include <string.h>

#include "core/thread/markdown.h"
#include "core/thread/marker.h"
#include "core/thread/measured.h"

/* --- headline and commit ------------------------------------------------- */

char *comment_title(TALLOC_CTX *mem, const char *name)
{
	char *title = talloc_strdup(mem, name);

	for (char *s = title; *s; s++)
		if (*s == '_')
			*s = ' ';
	*title = (char)toupper((unsigned char)*title);
	return title;
}

static const char *outcome_sign(enum comment_outcome outcome)
{
	switch (outcome) {
	case COMMENT_FAILED:
		return "❌";
	case COMMENT_REVERTED:
		return "↩️";
	case COMMENT_UNFINISHED:
		return "⚠️";
	case COMMENT_NOT_APPLIED:
		return "📝";
	case COMMENT_APPLIED:
		break;
	}
	return "✅";
}

static char *headline(TALLOC_CTX *mem, const struct comment_input *in)
{
	const char *sign = outcome_sign(in->outcome);
	char *name = comment_title(mem, in->name);
	char *title = markdown_line(mem, in->title ? in->title : name);

	if (!in->texts.task)
		return talloc_asprintf(mem, "%s **%s**", sign, title);
	return talloc_asprintf(mem, "%s **Task %s**: %s", sign,
			       markdown_line(mem, in->texts.task), title);
}

static char *commit(TALLOC_CTX *mem, const struct comment_input *in)
{
	const char *source = in->source ? in->source : "commit";
	char *id = in->commit ? markdown_code(mem, in->commit) : NULL;

	if (!id)
		return talloc_strdup(mem, "not committed");
	if (!strcmp(source, "inexact"))
		return talloc_asprintf(mem,
				       "%s, or an earlier one (shallow "
				       "clone)",
				       id);
	if (!strcmp(source, "modified"))
		return talloc_asprintf(mem, "not committed (changed since %s)",
				       id);
	return strcmp(source, "uncommitted")
		       ? id
		       : talloc_strdup(mem, "not committed");
}

/* Empty for a migration that is applied: the headline says so. */
static char *outcome(TALLOC_CTX *mem, const struct comment_input *in)
{
	switch (in->outcome) {
	case COMMENT_FAILED:
		return talloc_strdup(mem,
				     "**Outcome**: failed, nothing is applied");
	case COMMENT_REVERTED:
		return talloc_strdup(mem, "**Outcome**: reverted");
	case COMMENT_UNFINISHED:
		return talloc_asprintf(
			mem, "**Outcome**: unfinished, %d of %d statements ran",
			in->done, in->total);
	case COMMENT_NOT_APPLIED:
		return talloc_strdup(mem, "**Outcome**: not applied yet");
	case COMMENT_APPLIED:
		break;
	}
	return talloc_strdup(mem, "");
}

/* --- what people wrote --------------------------------------------------- */

/* Whether a paragraph stands there already: it was read back from a thread. */
static bool has_paragraph(const char *text, const char *paragraph)
{
	size_t n = strlen(paragraph);

	for (const char *at = strstr(text, paragraph); at;
	     at = strstr(at + 1, paragraph))
		if ((at == text || at[-1] == '\n') && (!at[n] || at[n] == '\n'))
			return true;
	return false;
}

/* -m texts, and the `note` lines of the scripts. */
static char *notes(TALLOC_CTX *mem, const struct comment_input *in)
{
	const struct script *scripts[] = { in->up_script, in->down_script };
	char *out = markdown_paragraphs(mem, in->texts.notes,
					in->texts.note_count);

	for (int n = 0; n < 2; n++) {
		const struct script *s = scripts[n];

		for (size_t i = 0; s && i < s->directive_count; i++) {
			const struct directive *d = &s->directives[i];
			char *line;

			if (d->kind != DIRECTIVE_NOTE || !d->text)
				continue;
			line = markdown_line(mem, d->text);
			if (*line && !has_paragraph(out, line))
				out = markdown_paragraph(out, line);
		}
	}
	return out;
}

static char *patterns(TALLOC_CTX *mem, const struct comment_input *in)
{
	return markdown_items(mem, in->texts.patterns, in->texts.pattern_count);
}

static char *gotchas(TALLOC_CTX *mem, const struct comment_input *in)
{
	return markdown_items(mem, in->texts.gotchas, in->texts.gotcha_count);
}

static char *next(TALLOC_CTX *mem, const struct comment_input *in)
{
	return markdown_items(mem, in->texts.next, in->texts.next_count);
}

static char *backup(TALLOC_CTX *mem, const struct comment_input *in)
{
	return in->backup ? markdown_line(mem, in->backup)
			  : talloc_strdup(mem, NOT_MEASURED);
}

/* --- the template -------------------------------------------------------- */

static const struct word {
	const char *name;
	char *(*make)(TALLOC_CTX *mem, const struct comment_input *in);
} words[] = {
	{ "headline", headline },
	{ "commit", commit },
	{ "outcome", outcome },
	{ "notes", notes },
	{ "type", measured_type },
	{ "tables", measured_tables },
	{ "row_counts", measured_rows },
	{ "lock_time", measured_locks },
	{ "rollback_tested", measured_rollback },
	{ "backup", backup },
	{ "transaction_scope", measured_transaction },
	{ "rollback_plan", measured_rollback_plan },
	{ "testing", measured_testing },
	{ "patterns", patterns },
	{ "gotchas", gotchas },
	{ "duration", measured_duration },
	{ "lock_duration", measured_lock_duration },
	{ "data_volume", measured_volume },
	{ "next", next },
};

static const struct word *find_word(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].name) == length &&
		    !memcmp(words[i].name, name, length))
			return &words[i];
	return NULL;
}

/*
 * One line of the template, appended to out without its line end. *gone: it
 * had nothing but words that are empty. Returns -1 with the unknown word.
 */
static int fill_line(char **out, const struct comment_input *in,
		     const char *line, size_t length, bool *gone,
		     const char **unknown, size_t *unknown_length)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	size_t before = strlen(*out);
	bool any = false;

	while (length) {
		const char *open = memmem(line, length, "{{", 2);
		size_t n = open ? (size_t)(open - line) : length;
		const char *close = open ? memmem(open, length - n, "}}", 2)
					 : NULL;
		const struct word *word;

		if (!close)
			n = length;
		*out = talloc_strndup_append_buffer(*out, line, n);
		if (!close)
			break;
		*unknown = open + 2;
		*unknown_length = (size_t)(close - open - 2);
		word = find_word(*unknown, *unknown_length);
		if (!word) {
			talloc_free(scope);
			return -1;
		}
		any = true;
		*out = talloc_strdup_append_buffer(*out, word->make(scope, in));
		length -= (size_t)(close + 2 - line);
		line = close + 2;
	}
	*gone = any && strlen(*out) == before;
	talloc_free(scope);
	return 0;
}

static int fill(char **out, const struct comment_input *in, const char *text,
		const char *path, struct error *err)
{
	int number = 1;

	for (; *text; number++) {
		size_t n = strcspn(text, "\n"), length = strlen(*out), m = 0;
		bool gone = false, blank = n == strspn(text, " \t\r");
		const char *unknown = NULL;

		if (memmem(text, n, "<!--", 4)) {
			error_set(err, ERROR_FAILED,
				  "the comment template has an HTML comment");
			return error_at(err, path, number, 1);
		}
		/* what a line that went leaves behind is one blank line */
		if (blank && (length < 2 || (*out)[length - 2] == '\n')) {
			gone = true;
		} else if (fill_line(out, in, text, n, &gone, &unknown, &m) <
			   0) {
			error_set(err, ERROR_FAILED,
				  "the comment template has an unknown word "
				  "'{{%.*s}}'",
				  (int)m, unknown);
			return error_at(err, path, number, 1);
		}
		if (!gone)
			*out = talloc_strdup_append_buffer(*out, "\n");
		text += n + (text[n] == '\n');
	}
	return 0;
}

int comment_compose(TALLOC_CTX *mem, const struct comment_input *input,
		    const char *template_text, const char *path, char **body,
		    char **marker, struct error *err)
{
	char *out = talloc_strdup(mem, "");
	size_t length;

	if (fill(&out, input, template_text, path, err) < 0) {
		talloc_free(out);
		return -1;
	}
	length = strlen(out);
	while (length && isspace((unsigned char)out[length - 1]))
		out[--length] = '\0';
	*marker = marker_new(mem, input->version, input->name, input->target);
	*body = talloc_asprintf(mem, "%s\n\n%s", out, *marker);
	talloc_free(out);
	return 0;
}

json_t *comment_json(int64_t version, const char *target, const char *marker,
		     const char *body)
{
	char digits[VERSION_LENGTH + 1];

	return json_pack("{s:s, s:s, s:s, s:s}", "version",
			 version_format(version, digits), "target", target,
			 "marker", marker, "body", body);
}
