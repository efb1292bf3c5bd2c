#include "git/misnamed.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "git/listing.h"

static bool is_misnamed(const char *path, const char *dir)
{
	size_t skip = strlen(dir);
	const char *file = strrchr(path, '/');

	if (strncmp(path, dir, skip) != 0 || path[skip] != '/' ||
	    is_script(path, dir) || !ends_as_sql(path))
		return false;
	/* another tool's files may well be below */
	return file == path + skip ||
	       (ends_as_script(path) &&
		strspn(file + 1, "0123456789") == VERSION_LENGTH);
}

static void take(TALLOC_CTX *mem, char *path, const char *dir, char ***list,
		 size_t *count)
{
	if (!is_misnamed(path, dir))
		return;
	*list = talloc_realloc(mem, *list, char *, (unsigned)*count + 1);
	(*list)[(*count)++] = path;
}

int misnamed_staged(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		    char ***list, size_t *count, struct error *err)
{
	const char *tidy = private_of(repo)->tidy_index;
	char *folder = inside_folder(mem, dir), *text, *end;
	const char *const compared[] = { "git",
					 "diff-index",
					 "--cached",
					 "--ita-invisible-in-index",
					 "--no-renames",
					 "--name-only",
					 "--diff-filter=A",
					 "-z",
					 "HEAD",
					 "--",
					 folder,
					 NULL };
	const char *const all[] = {
		"git", "ls-files", "-z", "--", folder, NULL
	};
	size_t length;

	*list = NULL;
	*count = 0;
	if (tidy && !strcmp(tidy, dir))
		return 0;
	if (git_must(mem, repo, repo->head ? compared : all, NULL, 0, &text,
		     &length, "list the files that are added", err) < 0)
		return -1;
	for (end = text + length; text < end; text += strlen(text) + 1)
		take(mem, text, dir, list, count);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void misnamed_here(TALLOC_CTX *mem, const struct repo *repo, const char *dir,
		   char ***list, size_t *count)
{
	DIR *folder = NULL;
	struct dirent *entry;

	*list = NULL;
	*count = 0;
	if (repo->top && !worktree_is_tidy(repo, dir))
		folder = opendir(talloc_asprintf(mem, "%s/%s", repo->top, dir));
	while (folder && (entry = readdir(folder)) != NULL)
		take(mem, talloc_asprintf(mem, "%s/%s", dir, entry->d_name),
		     dir, list, count);
	if (folder)
		closedir(folder);
	if (*count)
		qsort(*list, *count, sizeof(**list), by_text);
}
