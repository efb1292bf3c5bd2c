#include "core/thread/join.h"

#include <string.h>

#include "core/base/text.h"
#include "core/thread/measured.h"
#include "core/thread/texts.h"

#define ROLLBACK "- Rollback tested: "
#define TESTING "- Testing: "

/* The line that begins so, with its end; NULL, and no length: there is none. */
static const char *line_of(const char *body, const char *head, size_t *length)
{
	size_t n = strlen(head);

	*length = 0;
	for (; *body; body += strcspn(body, "\n"), body += *body == '\n') {
		if (strncmp(body, head, n) != 0)
			continue;
		n = strcspn(body, "\n");
		*length = n + (body[n] == '\n');
		return body;
	}
	return NULL;
}

/* As measured_rollback() writes it for one who has no proof. */
static bool says(const char *body, const char *what)
{
	size_t n;
	const char *line = line_of(body, ROLLBACK, &n);

	return line && !strncmp(line + strlen(ROLLBACK), what, strlen(what));
}

static char *take_line(TALLOC_CTX *mem, char *body, const char *from,
		       const char *head)
{
	size_t old, new;
	const char *to = line_of(body, head, &old);
	const char *line = line_of(from, head, &new);

	if (!to || !line)
		return body;
	return talloc_asprintf(mem, "%.*s%.*s%s", (int)(to - body), body,
			       (int)new, line, to + old);
}

static char *take_rollback(TALLOC_CTX *mem, char *body, const char *from)
{
	body = take_line(mem, body, from, ROLLBACK);
	return take_line(mem, body, from, TESTING);
}

/* "; scripts `…` and `…`)", as measured_scripts() writes them; "" for none. */
static char *scripts_in(TALLOC_CTX *mem, const char *body)
{
	size_t n;
	const char *line = line_of(body, ROLLBACK, &n), *end;
	const char *at = line ? memmem(line, n, "; scripts `", 11) : NULL;

	if (!at)
		return talloc_strdup(mem, "");
	end = line + n;
	while (end > at && end[-1] != '`')
		end--;
	return talloc_strndup(mem, at, (size_t)(end - at));
}

/* Of comments that do not name them both, nothing is known. */
static bool other_scripts(TALLOC_CTX *mem, const char *a, const char *b)
{
	const char *one = scripts_in(mem, a), *other = scripts_in(mem, b);

	return *one && *other && strcmp(one, other) != 0;
}

/* When it was proven, as it says; 0 when it does not. */
static int64_t proven_at(TALLOC_CTX *mem, const char *body)
{
	static const size_t length = sizeof("2026-02-13T11:00:00.000Z") - 1;
	size_t n;
	const char *line = line_of(body, ROLLBACK, &n);

	for (size_t i = 0; line && i + length <= n; i++) {
		int64_t at = 0;

		if (line[i + length - 1] == 'Z')
			at = text_time_parse(
				talloc_strndup(mem, line + i, length));
		if (at)
			return at;
	}
	return 0;
}

char *comment_keep_proof(TALLOC_CTX *mem, const struct comment_input *in,
			 char *body, const char *existing)
{
	const char *scripts = measured_scripts(mem, in);
	const struct proof *p = in->proof;

	if (says(body, "YES ") || !says(existing, "YES ") || !*scripts ||
	    strcmp(scripts, scripts_in(mem, existing)) != 0 ||
	    (p &&
	     (!p->at || proven_at(mem, existing) <= text_time_parse(p->at))))
		return body;
	return take_rollback(mem, body, existing);
}

/* Another task than the one in the headline is noted in a paragraph. */
static void keep_task(TALLOC_CTX *mem, const char *base_task,
		      const struct comment_texts *earlier,
		      struct comment_texts *joined)
{
	const char *task = earlier->task;

	if (!task || (joined->task && !strcmp(task, joined->task)) ||
	    (base_task && !strcmp(task, base_task)))
		return;
	texts_add(mem, &joined->notes, &joined->note_count,
		  talloc_asprintf(mem, "Task: %s", task));
}

char *comment_join(TALLOC_CTX *mem, const char *base, const char *later,
		   const char *earlier)
{
	struct comment_texts before, now, other, joined;
	char *out;

	texts_from_body(mem, later, &now);
	texts_from_body(mem, earlier, &other);
	texts_from_body(mem, base ? base : "", &before);
	if (!texts_into_body(mem, earlier, &other))
		return NULL;
	texts_join(mem, &before, &now, &other, &joined);
	joined.task = now.task;
	keep_task(mem, before.task, &other, &joined);
	out = texts_into_body(mem, later, &joined);
	if (out && says(out, "NO (not proven; ") && says(earlier, "YES ") &&
	    !other_scripts(mem, out, earlier))
		out = take_rollback(mem, out, earlier);
	return out;
}
