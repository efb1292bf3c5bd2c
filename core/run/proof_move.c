#include <stdlib.h>
#include <string.h>

#include "core/run/proof.h"

static bool has(const json_t *json, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text && value && !strcmp(text, value);
}

static bool is_of(const json_t *json, const struct migration *m,
		  const char *history)
{
	char version[VERSION_LENGTH + 1];

	return has(json, "version", version_format(m->version, version)) &&
	       has(json, "up_blob", m->half[DIRECTION_UP].blob) &&
	       has(json, "down_blob", m->half[DIRECTION_DOWN].blob) &&
	       has(json, "history", history);
}

static char *moved_line(TALLOC_CTX *mem, json_t *json,
			const struct migration *now, const char *history)
{
	char version[VERSION_LENGTH + 1], *text, *line;

	json_object_set_new(json, "version",
			    json_string(version_format(now->version, version)));
	json_object_set_new(json, "name", json_string(now->name));
	json_object_set_new(json, "history", json_string(history));
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS |
					JSON_REAL_PRECISION(15));
	line = talloc_strdup(mem, text);
	free(text);
	return line;
}

char *proof_note_move(TALLOC_CTX *mem, const char *old,
		      const struct proof_move *move)
{
	char *note = talloc_strdup(mem, "");

	while (old && *old) {
		size_t length = strcspn(old, "\n");
		json_t *json = json_loadb(old, length, 0, NULL);

		if (json && is_of(json, move->was, move->was_history))
			note = talloc_asprintf_append_buffer(
				note, "%s\n",
				moved_line(note, json, move->now,
					   move->now_history));
		else if (length)
			note = talloc_asprintf_append_buffer(note, "%.*s\n",
							     (int)length, old);
		json_decref(json);
		old += length + (old[length] == '\n');
	}
	return note;
}
