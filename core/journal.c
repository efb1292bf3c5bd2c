#include "core/journal.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"

#define FORMAT 1

int journal_take(struct journal *journal, const struct ledger *ledger,
		 struct error *err)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_row *row = &ledger->rows[i];
		char version[VERSION_LENGTH + 1];

		if (row->state == APPLIED)
			continue;
		version_format(row->version, version);
		error_set(err, ERROR_REFUSED, "migration '%s_%s' is unfinished",
			  version, row->name);
		return error_hint(err, "see to it first: git migrate repair %s",
				  version);
	}
	journal->rows = ledger->rows;
	journal->row_count = ledger->count;
	return 0;
}

struct set *journal_set(TALLOC_CTX *mem, const struct journal *journal,
			const char *dir)
{
	struct set *set = set_new(mem);
	struct error ignored = { 0 };

	for (size_t i = 0; i < journal->row_count; i++) {
		const struct ledger_row *row = &journal->rows[i];
		char version[VERSION_LENGTH + 1];
		char *stem = talloc_asprintf(
			NULL, "%s/%s_%s", dir,
			version_format(row->version, version), row->name);

		for (int d = 0; d < 2; d++)
			set_add(set,
				talloc_asprintf(
					stem, "%s.%s.sql", stem,
					direction_name((enum direction)d)),
				d == DIRECTION_UP ? row->up_blob
						  : row->down_blob,
				0, &ignored);
		talloc_free(stem);
	}
	error_release(&ignored);
	set_sort(set);
	return set;
}

/* --- as text -------------------------------------------------------------- */

static json_t *row_json(const struct ledger_row *row)
{
	char version[VERSION_LENGTH + 1];

	return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "version",
			 version_format(row->version, version), "name",
			 row->name, "up_blob", row->up_blob, "down_blob",
			 row->down_blob, "commit", row->commit);
}

static json_t *journal_json(const struct journal *j)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < j->row_count; i++)
		json_array_append_new(rows, row_json(&j->rows[i]));
	return json_pack(
		"{s:i, s:s, s:s, s:s?, s:s, s:s?, s:s, s:s, s:b, s:i, s:o}",
		"format", FORMAT, "target", j->target, "database", j->database,
		"place", j->place, "from_commit", j->from_commit, "from_branch",
		j->from_branch, "to_commit", j->to_commit, "to_name",
		j->to_name, "to_detached", j->to_detached, "heading",
		(int)j->heading, "applied", rows);
}

static const char *text(TALLOC_CTX *mem, const json_t *json, const char *key)
{
	return talloc_strdup(mem,
			     json_string_value(json_object_get(json, key)));
}

static bool take_rows(struct journal *j, const json_t *rows)
{
	size_t count = json_array_size(rows);

	j->rows = talloc_zero_array(j, struct ledger_row, (unsigned)count + 1);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(rows, i);
		struct ledger_row *row = &j->rows[j->row_count++];
		const char *version = text(j, one, "version");

		row->name = text(j, one, "name");
		row->up_blob = text(j, one, "up_blob");
		row->down_blob = text(j, one, "down_blob");
		row->commit = text(j, one, "commit");
		if (!version || version_parse(version, &row->version) < 0 ||
		    !row->name || !row->up_blob || !row->down_blob)
			return false;
	}
	return true;
}

static bool take(struct journal *j, const json_t *json)
{
	j->target = text(j, json, "target");
	j->database = text(j, json, "database");
	j->place = text(j, json, "place");
	j->from_commit = text(j, json, "from_commit");
	j->from_branch = text(j, json, "from_branch");
	j->to_commit = text(j, json, "to_commit");
	j->to_name = text(j, json, "to_name");
	j->to_detached = json_is_true(json_object_get(json, "to_detached"));
	j->heading = (enum heading)json_integer_value(
		json_object_get(json, "heading"));
	return json_integer_value(json_object_get(json, "format")) == FORMAT &&
	       j->target && j->database && j->from_commit && j->to_commit &&
	       j->to_name && take_rows(j, json_object_get(json, "applied"));
}

/* --- as a file ------------------------------------------------------------ */

int journal_read(TALLOC_CTX *mem, const char *path, struct journal **journal,
		 struct error *err)
{
	struct journal *j;
	json_t *json;
	bool well;

	*journal = NULL;
	if (access(path, F_OK) < 0)
		return 0;
	json = json_load_file(path, 0, NULL);
	j = talloc_zero(mem, struct journal);
	well = json && take(j, json);
	json_decref(json);
	if (well) {
		*journal = j;
		return 0;
	}
	talloc_free(j);
	error_set(err, ERROR_FAILED, "unable to read '%s'", path);
	return error_hint(err, "make the database match what is checked out, "
			       "and remove the file: git migrate sync");
}

static int unable(const char *path, struct error *err)
{
	return error_set(err, ERROR_FAILED, "unable to write '%s': %s", path,
			 strerror(errno));
}

int journal_write(const struct journal *journal, const char *path,
		  struct error *err)
{
	json_t *json = journal_json(journal);
	char *data = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int result;

	if (!data) {
		json_decref(json);
		return error_set(err, ERROR_FAILED,
				 "unable to note down a switch: the name of a "
				 "branch or database is not UTF-8");
	}
	result = file_replace(path, data);
	free(data);
	json_decref(json);
	return result < 0 ? unable(path, err) : 0;
}

int journal_remove(const char *path, struct error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(err, ERROR_FAILED, "unable to remove '%s': %s",
				 path, strerror(errno));
	return 0;
}
