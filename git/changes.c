#include "git/changes.h"

#include <endian.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "git/listing.h"

static int compare_path(const void *key, const void *change)
{
	return strcmp(key, ((const struct change *)change)->path);
}

const struct change *changes_find(const struct changes *changes,
				  const char *path)
{
	return changes->count ? bsearch(path, changes->list, changes->count,
					sizeof(*changes->list), compare_path)
			      : NULL;
}

static void add(TALLOC_CTX *mem, struct changes *changes,
		const struct change *change)
{
	if (!(changes->count & (changes->count - 1)))
		changes->list = talloc_realloc(
			mem, changes->list, struct change,
			(unsigned)(changes->count ? 2 * changes->count : 1));
	changes->list[changes->count++] = *change;
}

/* Four bytes as eight digits, all at once: a byte for each half of a byte, and
   "a" comes 39 after what would come after "9". */
static uint64_t digits_of(uint32_t bytes)
{
	uint64_t x = bytes;

	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return x + UINT64_C(0x3030303030303030) +
	       39 * ((x + UINT64_C(0x0606060606060606)) >> 4 &
		     UINT64_C(0x0101010101010101));
}

void id_format(char *text, const unsigned char *id, size_t size)
{
	for (size_t i = 0; i < size; i += 4) {
		uint32_t bytes;
		uint64_t digits;

		memcpy(&bytes, id + i, sizeof(bytes));
		digits = htobe64(digits_of(be32toh(bytes)));
		memcpy(text + 2 * i, &digits, sizeof(digits));
	}
	text[2 * size] = '\0';
}

char *id_text(TALLOC_CTX *mem, const unsigned char *id, size_t size)
{
	char *text = talloc_array(mem, char, (unsigned)(2 * size + 1));

	id_format(text, id, size);
	return text;
}

/* --- git compares --------------------------------------------------------- */

int changes_start_diff(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		       const char *dir, struct process **process,
		       struct error *err)
{
	return git_start(mem, repo,
			 GIT_ARGS("diff-index", "--cached", "--raw", "-z",
				  /* git add -N: the commit does without it */
				  "--ita-invisible-in-index", "--no-renames",
				  "--no-abbrev", commit, "--",
				  inside_folder(mem, dir)),
			 PROCESS_OUT | PROCESS_QUIET, process, err);
}

static bool is_odd(const char *mode)
{
	return !strncmp(mode, "120000", 6) || !strncmp(mode, "160000", 6);
}

/* ":OLDMODE NEWMODE OLDID NEWID STATUS\0PATH\0", see
   https://git-scm.com/docs/git-diff#_raw_output_format */
int changes_read_diff(TALLOC_CTX *mem, const struct repo *repo,
		      struct process *process, const char *dir,
		      struct changes *changes, struct error *err)
{
	char *text, *end;
	size_t length;

	if (process_read_all(mem, process->out, &text, &length, err) < 0)
		return -1;
	if (process_finish(process))
		return error_set(err, ERROR_FAILED,
				 "unable to compare the index with a commit");
	for (end = text + length; text < end;) {
		char *path = text + strlen(text) + 1;
		char *old_id = text + 15;
		char *new_id = old_id + repo->hex_length + 1;
		bool was = strncmp(text + 1, "000000", 6) != 0;
		bool is = strncmp(text + 8, "000000", 6) != 0;
		struct change change = { path, was ? old_id : NULL,
					 is ? new_id : NULL, is_odd(text + 8) };

		new_id[-1] = new_id[repo->hex_length] = '\0';
		if (is_script(path, dir))
			add(mem, changes, &change);
		text = path + strlen(path) + 1;
	}
	return 0;
}

/* --- git reads ------------------------------------------------------------ */

int changes_start_tree(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		       const char *dir, struct process **process,
		       struct error *err)
{
	char *name = talloc_asprintf(mem, "%s:%s", commit, dir);

	return git_start(mem, repo, GIT_ARGS("cat-file", "tree", name),
			 PROCESS_OUT | PROCESS_QUIET, process, err);
}

/* A tree as git keeps it: "MODE NAME\0ID" again and again, by name. */
struct tree {
	const char *at, *end;
	size_t id_size;
	/* the entry that was taken */
	const char *name;
	const unsigned char *id;
};

/* The next one that is no folder. */
static bool take_entry(struct tree *tree)
{
	while (tree->at < tree->end) {
		const char *space = memchr(tree->at, ' ',
					   (size_t)(tree->end - tree->at));
		bool folder = !strncmp(tree->at, "40000 ", 6);

		if (!space)
			return false;
		tree->name = space + 1;
		tree->id = (const unsigned char *)tree->name +
			   strlen(tree->name) + 1;
		tree->at = (const char *)tree->id + tree->id_size;
		if (!folder)
			return tree->at <= tree->end;
	}
	return false;
}

/* Where one of both has a script and the other has not the same. */
static void note(TALLOC_CTX *mem, struct changes *changes, const char *dir,
		 const struct tree *old, const struct index_entry *new,
		 size_t id_size)
{
	struct change change = { 0 };

	if (!ends_as_script(old ? old->name : new->path))
		return;
	change.path = new ? new->path
			  : talloc_asprintf(mem, "%s/%s", dir, old->name);
	if (old)
		change.old_id = id_text(mem, old->id, id_size);
	if (new)
		change.new_id = id_text(mem, new->id, id_size);
	add(mem, changes, &change);
}

/* Both are in the order of their names. */
int changes_read_tree(TALLOC_CTX *mem, struct process *process,
		      const struct index *index, const char *dir,
		      struct changes *changes, struct error *err)
{
	size_t length, size = index->id_size, i = 0, skip = strlen(dir) + 1;
	struct tree tree = { .id_size = size };
	bool more;
	char *text;

	if (process_read_all(mem, process->out, &text, &length, err) < 0)
		return -1;
	if (process_finish(process))
		length = 0;
	tree.at = text;
	tree.end = text + length;
	more = take_entry(&tree);
	while (more || i < index->count) {
		const struct index_entry *entry = i < index->count
							  ? &index->entries[i]
							  : NULL;
		int order = !more    ? 1
			    : !entry ? -1
				     : strcmp(tree.name, entry->path + skip);

		if (order || memcmp(tree.id, entry->id, size) != 0)
			note(mem, changes, dir, order > 0 ? NULL : &tree,
			     order < 0 ? NULL : entry, size);
		if (order <= 0)
			more = take_entry(&tree);
		if (order >= 0)
			i++;
	}
	return 0;
}
