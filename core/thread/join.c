#include "core/thread/join.h"

#include <string.h>

#include "core/thread/texts.h"

#define ROLLBACK "- Rollback tested: "
#define TESTING "- Testing: "

/* The line that begins so, with its end; NULL: there is none. */
static const char *line_of(const char *body, const char *head, size_t *length)
{
	size_t n = strlen(head);

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
	if (out && says(out, "NO (not proven; ") && says(earlier, "YES ")) {
		out = take_line(mem, out, earlier, ROLLBACK);
		out = take_line(mem, out, earlier, TESTING);
	}
	return out;
}
