#include "core/renumber_journal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"

#define FORMAT 1

void renumber_journal_take(TALLOC_CTX *mem, const struct renumbering *list,
			   size_t count, struct renumber_journal *journal)
{
	journal->steps = talloc_zero_array(mem, struct renumber_step,
					   (unsigned)count + 1);
	journal->count = count;
	for (size_t i = 0; i < count; i++) {
		struct renumber_step *step = &journal->steps[i];
		const struct migration *m = list[i].m;

		step->from = m->version;
		step->to = list[i].to;
		step->name = m->name;
		for (int d = 0; d < 2; d++) {
			step->path[d] = m->half[d].path;
			step->tracked[d] = !(m->half[d].flags & HALF_UNTRACKED);
		}
	}
}

/* --- as a file ------------------------------------------------------------ */

static json_t *step_json(const struct renumber_step *step)
{
	char from[VERSION_LENGTH + 1], to[VERSION_LENGTH + 1];

	return json_pack("{s:s, s:s, s:s, s:s?, s:b, s:s?, s:b}", "from",
			 version_format(step->from, from), "to",
			 version_format(step->to, to), "name", step->name, "up",
			 step->path[0], "up_tracked", step->tracked[0], "down",
			 step->path[1], "down_tracked", step->tracked[1]);
}

static const char *text(TALLOC_CTX *mem, const json_t *json, const char *key)
{
	return talloc_strdup(mem,
			     json_string_value(json_object_get(json, key)));
}

static bool take_step(TALLOC_CTX *mem, const json_t *json,
		      struct renumber_step *step)
{
	const char *from = text(mem, json, "from"), *to = text(mem, json, "to");

	step->name = text(mem, json, "name");
	step->path[0] = text(mem, json, "up");
	step->path[1] = text(mem, json, "down");
	step->tracked[0] = json_is_true(json_object_get(json, "up_tracked"));
	step->tracked[1] = json_is_true(json_object_get(json, "down_tracked"));
	return from && to && step->name &&
	       version_parse(from, &step->from) == 0 &&
	       version_parse(to, &step->to) == 0;
}

static bool take(struct renumber_journal *j, const json_t *json)
{
	const json_t *steps = json_object_get(json, "steps");
	size_t count = json_array_size(steps);

	j->steps = talloc_zero_array(j, struct renumber_step,
				     (unsigned)count + 1);
	for (; j->count < count; j->count++)
		if (!take_step(j, json_array_get(steps, j->count),
			       &j->steps[j->count]))
			return false;
	return json_integer_value(json_object_get(json, "format")) == FORMAT &&
	       count;
}

int renumber_journal_read(TALLOC_CTX *mem, const char *path,
			  struct renumber_journal **journal, struct error *err)
{
	struct renumber_journal *j;
	json_t *json;
	bool well;

	*journal = NULL;
	if (access(path, F_OK) < 0)
		return 0;
	json = json_load_file(path, 0, NULL);
	j = talloc_zero(mem, struct renumber_journal);
	well = json && take(j, json);
	json_decref(json);
	if (well) {
		*journal = j;
		return 0;
	}
	talloc_free(j);
	error_set(err, ERROR_FAILED, "unable to read '%s'", path);
	return error_hint(err,
			  "see what was renamed, and complete it by hand: git "
			  "status; then remove the file: rm '%s'",
			  path);
}

int renumber_journal_write(const struct renumber_journal *journal,
			   const char *path, struct error *err)
{
	json_t *steps = json_array(), *json;
	char *data;
	int result = 0;

	for (size_t i = 0; i < journal->count; i++)
		if (json_array_append_new(steps,
					  step_json(&journal->steps[i])) < 0)
			result = -1;
	json = json_pack("{s:i, s:o}", "format", FORMAT, "steps", steps);
	data = result == 0 ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!data)
		return error_set(err, ERROR_FAILED,
				 "unable to note down what is to be renamed: "
				 "the name of a script is not UTF-8");
	result = file_replace(path, data);
	free(data);
	if (result < 0)
		return error_set(err, ERROR_FAILED, "unable to write '%s': %s",
				 path, strerror(errno));
	return 0;
}

/* --- what was planned ----------------------------------------------------- */

static const struct migration *find(const struct set *set, int64_t version,
				    const char *name)
{
	const struct migration *end = set->list + set->count;
	const struct migration *m = set_find(set, version);

	for (; m && m < end && m->version == version; m++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

void renumber_journal_plan(TALLOC_CTX *mem,
			   const struct renumber_journal *journal,
			   const struct set *after, struct set **before,
			   struct renumbering **list, size_t *count)
{
	struct renumbering *back = talloc_array(mem, struct renumbering,
						(unsigned)journal->count + 1);
	size_t n = 0;

	for (size_t i = 0; i < journal->count; i++) {
		const struct renumber_step *step = &journal->steps[i];
		const struct migration *m = find(after, step->to, step->name);

		if (m)
			back[n++] = (struct renumbering){ m, step->from };
	}
	*before = renumber_set(mem, after, back, n);
	*list = talloc_array(mem, struct renumbering, (unsigned)n + 1);
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct migration *m = find(*before, back[i].to,
						 back[i].m->name);

		if (m)
			(*list)[(*count)++] =
				(struct renumbering){ m, back[i].m->version };
	}
}
