#include "git/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/text.h"

/* A file as one of git's listings has it. */
struct listed {
	const char *path;
	char *blob;
	unsigned flags; /* enum half_flag */
	bool deleted;
};

struct listing {
	struct listed *list;
	size_t count, room;
};

static struct listed *append(TALLOC_CTX *mem, struct listing *l)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 256;
		l->list = talloc_realloc(mem, l->list, struct listed,
					 (unsigned)l->room);
	}
	memset(&l->list[l->count], 0, sizeof(*l->list));
	return &l->list[l->count++];
}

static bool ends_as_script(const char *name)
{
	size_t end = strlen(name);

	return (end > 7 && !strcmp(name + end - 7, ".up.sql")) ||
	       (end > 9 && !strcmp(name + end - 9, ".down.sql"));
}

/* Whether the path is a script's, directly in the folder. */
static bool is_script(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	return !strncmp(path, dir, length) && path[length] == '/' &&
	       !strchr(path + length + 1, '/') && ends_as_script(path);
}

static int odd_file(const char *path, const char *what, struct error *err)
{
	char *shown = text_visible(NULL, path, false);

	error_set(err, ERROR_FAILED, "a script must be a file, and this is %s",
		  what);
	error_at(err, shown, 0, 0);
	talloc_free(shown);
	return -1;
}

static int check_mode(const char *mode, const char *path, struct error *err)
{
	if (!strncmp(mode, "120000", 6))
		return odd_file(path, "a symbolic link", err);
	if (!strncmp(mode, "160000", 6))
		return odd_file(path, "a submodule", err);
	return 0;
}

/* The folder with a slash, which matches what is in it and nothing else. */
static char *inside(TALLOC_CTX *mem, const char *dir)
{
	return talloc_asprintf(mem, "%s/", dir);
}

static int fill_set(TALLOC_CTX *mem, const struct listing *l, struct set **out,
		    struct error *err)
{
	struct set *set = set_new(mem);

	for (size_t i = 0; i < l->count; i++) {
		const struct listed *f = &l->list[i];

		if (!f->deleted &&
		    set_add(set, f->path, f->blob, f->flags, err) < 0) {
			talloc_free(set);
			return -1;
		}
	}
	set_sort(set);
	*out = set;
	return 0;
}

/* "MODE TYPE OBJECT\tPATH\0" */
static int read_tree(TALLOC_CTX *mem, char *text, size_t length,
		     const char *dir, struct listing *l, struct error *err)
{
	char *end = text + length;

	for (char *next; text < end; text = next) {
		char *tab = strchr(text, '\t');
		struct listed *f;

		next = text + strlen(text) + 1;
		if (!tab || !is_script(tab + 1, dir))
			continue;
		*tab = '\0';
		if (check_mode(text, tab + 1, err) < 0)
			return -1;
		f = append(mem, l);
		f->path = tab + 1;
		f->blob = strrchr(text, ' ') + 1;
	}
	return 0;
}

int repo_set_commit(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		    const char *dir, struct set **set, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct listing l = { 0 };
	char *text;
	size_t length;
	int result = git_must(turn, repo,
			      GIT_ARGS("ls-tree", "-z", "--full-tree", commit,
				       "--", inside(turn, dir)),
			      NULL, 0, &text, &length,
			      "list a commit's scripts", err);

	if (result == 0)
		result = read_tree(turn, text, length, dir, &l, err);
	if (result == 0)
		result = fill_set(mem, &l, set, err);
	talloc_free(turn);
	return result;
}

static int unmerged(const char *path, struct error *err)
{
	error_set(err, ERROR_FAILED, "the script has a merge conflict");
	error_at(err, path, 0, 0);
	return error_hint(err, "settle it, then: git add '%s'", path);
}

/* "MODE OBJECT STAGE\tPATH\0", ordered by path */
static int read_index(TALLOC_CTX *mem, char *text, size_t length,
		      const char *dir, struct listing *l, struct error *err)
{
	char *end = text + length;

	for (char *next; text < end; text = next) {
		char *tab = strchr(text, '\t');
		struct listed *f;

		next = text + strlen(text) + 1;
		if (!tab || !is_script(tab + 1, dir))
			continue;
		if (tab[-1] != '0')
			return unmerged(tab + 1, err);
		if (check_mode(text, tab + 1, err) < 0)
			return -1;
		tab[-2] = '\0';
		f = append(mem, l);
		f->path = tab + 1;
		f->blob = strchr(text, ' ') + 1;
	}
	return 0;
}

int repo_set_index(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		   struct set **set, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct listing l = { 0 };
	char *text;
	size_t length;
	int result = git_must(
		turn, repo,
		GIT_ARGS("ls-files", "-z", "-s", "--", inside(turn, dir)), NULL,
		0, &text, &length, "read the index", err);

	if (result == 0)
		result = read_index(turn, text, length, dir, &l, err);
	if (result == 0)
		result = fill_set(mem, &l, set, err);
	talloc_free(turn);
	return result;
}

int repo_index_changed(struct repo *repo, const char *dir, bool *changed,
		       struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *out, *complaint = NULL;
	int status = 1;

	if (repo->head)
		status = git_run(mem, repo,
				 GIT_ARGS("diff-index", "--cached", "--quiet",
					  "HEAD", "--", inside(mem, dir)),
				 NULL, 0, &out, NULL, &complaint, err);
	*changed = status == 1;
	if (status > 1)
		status = git_failed(err, "compare the index with HEAD",
				    complaint);
	talloc_free(mem);
	return status < 0 ? -1 : 0;
}

/* The index does not have the text: it has to be read and hashed. */
#define TEXT_IS_HERE (HALF_UNTRACKED | HALF_MODIFIED)

/* Only the text of a regular file goes through a clean filter. */
static int check_file(struct repo *repo, const char *path, struct error *err)
{
	char *full = talloc_asprintf(NULL, "%s/%s", repo->top, path);
	struct stat st;
	int result = 0;

	if (lstat(full, &st) < 0)
		result = error_set(err, ERROR_FAILED, "unable to read '%s': %s",
				   path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		result = odd_file(path,
				  S_ISLNK(st.st_mode) ? "a symbolic link"
						      : "something else",
				  err);
	talloc_free(full);
	return result;
}

/* The ids that the changed and the untracked texts would have in git. */
static int hash_files(TALLOC_CTX *mem, struct repo *repo, bool keep,
		      struct listing *l, struct error *err)
{
	char *input = NULL, *out;
	size_t length = 0;
	FILE *names = open_memstream(&input, &length);
	int result = 0;

	for (size_t i = 0; i < l->count && result == 0; i++) {
		struct listed *f = &l->list[i];

		if (f->deleted || !(f->flags & TEXT_IS_HERE))
			continue;
		result = check_file(repo, f->path, err);
		fprintf(names, "%s\n", f->path);
	}
	fclose(names);
	if (result == 0 && length)
		result = git_must(
			mem, repo,
			keep ? GIT_ARGS("hash-object", "-w", "--stdin-paths")
			     : GIT_ARGS("hash-object", "--stdin-paths"),
			input, length, &out, NULL, "read the scripts", err);
	for (size_t i = 0; i < l->count && result == 0 && length; i++) {
		struct listed *f = &l->list[i];
		char *id;

		if (f->deleted || !(f->flags & TEXT_IS_HERE))
			continue;
		id = strsep(&out, "\n");
		if (f->blob && !strcmp(f->blob, id))
			f->flags &= ~(unsigned)HALF_MODIFIED;
		f->blob = id;
	}
	free(input);
	return result;
}

/* hash-object reads its paths by lines, so names are checked before. */
static int check_names(const struct listing *l, struct error *err)
{
	struct set *scratch = set_new(NULL);
	int result = 0;

	for (size_t i = 0; i < l->count && result == 0; i++)
		if (l->list[i].flags & TEXT_IS_HERE)
			result = set_add(scratch, l->list[i].path, NULL, 0,
					 err);
	talloc_free(scratch);
	return result < 0 ? -1 : 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->path,
		      ((const struct listed *)b)->path);
}

/* Among the first `count` entries, which came from the index, in order. */
static struct listed *find_cached(const struct listing *l, size_t count,
				  const char *path)
{
	struct listed key = { .path = path };

	return count ? bsearch(&key, l->list, count, sizeof(key), by_path)
		     : NULL;
}

/* ":MODE MODE OLD NEW STATUS\0PATH\0" of diff-index and diff-files */
static void mark_changes(struct listing *l, char *text, size_t length,
			 void (*mark)(struct listed *f, char status))
{
	char *end = text + length;

	while (text < end) {
		char status = text[strlen(text) - 1];
		char *path = text + strlen(text) + 1;
		struct listed *f = find_cached(l, l->count, path);

		text = path + strlen(path) + 1;
		if (f)
			mark(f, status);
	}
}

static void mark_staged(struct listed *f, char status)
{
	f->flags |= HALF_STAGED | (status == 'A' ? HALF_NEW : 0u);
}

/* Files whose times differ come along; their hash tells that they are the
   same. */
static void mark_modified(struct listed *f, char status)
{
	if (status == 'D')
		f->deleted = true;
	else
		f->flags |= HALF_MODIFIED;
}

static int read_changes(TALLOC_CTX *mem, struct process *process,
			struct listing *l,
			void (*mark)(struct listed *f, char status),
			struct error *err)
{
	char *text;
	size_t length;

	if (process_read_all(mem, process->out, &text, &length, err) < 0)
		return -1;
	if (process_finish(process))
		return git_failed(err, "compare the scripts with the index",
				  NULL);
	mark_changes(l, text, length, mark);
	return 0;
}

/*
 * Scripts in the folder that the index does not know, also those that are
 * ignored: passing over one of them silently is worse than naming it.
 */
static void collect_untracked(TALLOC_CTX *mem, DIR *folder, const char *dir,
			      struct listing *l)
{
	size_t cached = l->count;
	struct dirent *entry;

	while ((entry = readdir(folder)) != NULL) {
		char *path = talloc_asprintf(mem, "%s/%s", dir, entry->d_name);

		if (is_script(path, dir) && !find_cached(l, cached, path)) {
			struct listed *f = append(mem, l);

			f->path = path;
			f->flags = HALF_UNTRACKED | HALF_NEW;
			continue;
		}
		talloc_free(path);
	}
}

/* FNV-1a; sums of it tell whether two lists hold the same names. */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return hash;
}

/*
 * Nearly always the folder holds just what the index knows; then nothing has
 * to be looked up. Both sides are summed up while git looks for changes.
 */
struct names_sum {
	uint64_t sum;
	size_t count;
};

static struct names_sum sum_folder(DIR *folder)
{
	struct names_sum names = { 0, 0 };
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL)
		if (ends_as_script(entry->d_name)) {
			names.sum += hash_name(entry->d_name);
			names.count++;
		}
	return names;
}

static struct names_sum sum_cached(const struct listing *l, const char *dir)
{
	struct names_sum names = { 0, 0 };
	size_t prefix = strlen(dir) + 1;

	for (size_t i = 0; i < l->count; i++) {
		names.sum += hash_name(l->list[i].path + prefix);
		names.count++;
	}
	return names;
}

/* Files that are gone from the folder are in the index's sum. */
static bool is_same_sum(struct names_sum folder, struct names_sum cached,
			const struct listing *l, const char *dir)
{
	size_t prefix = strlen(dir) + 1;

	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].deleted) {
			cached.sum -= hash_name(l->list[i].path + prefix);
			cached.count--;
		}
	return folder.sum == cached.sum && folder.count == cached.count;
}

static int open_folder(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		       DIR **folder, struct error *err)
{
	char *full = talloc_asprintf(mem, "%s/%s", repo->top, dir);

	*folder = opendir(full);
	if (*folder || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_set(err, ERROR_FAILED,
			 "unable to read the folder '%s': %s", dir,
			 strerror(errno));
}

struct worktree {
	struct repo *repo;
	const char *dir;
	struct process *index, *modified, *staged; /* staged: NULL, no HEAD */
};

int worktree_begin(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		   struct worktree **out, struct error *err)
{
	struct worktree *w = talloc_zero(mem, struct worktree);
	char *folder = inside(w, dir);
	const unsigned flags = PROCESS_OUT | PROCESS_QUIET;

	w->repo = repo;
	w->dir = talloc_strdup(w, dir);
	if (git_start(w, repo,
		      GIT_ARGS("diff-files", "--raw", "-z", "--no-renames",
			       "--", folder),
		      flags, &w->modified, err) < 0 ||
	    git_start(w, repo, GIT_ARGS("ls-files", "-z", "-s", "--", folder),
		      flags, &w->index, err) < 0 ||
	    (repo->head &&
	     git_start(w, repo,
		       GIT_ARGS("diff-index", "--cached", "--raw", "-z",
				"--no-renames", "HEAD", "--", folder),
		       flags, &w->staged, err) < 0)) {
		talloc_free(w);
		return -1;
	}
	*out = w;
	return 0;
}

static int read_worktree(struct worktree *w, struct listing *l,
			 struct error *err)
{
	struct names_sum cached, here;
	DIR *folder;
	char *text;
	size_t length;
	int result;

	if (process_read_all(w, w->index->out, &text, &length, err) < 0)
		return -1;
	if (process_finish(w->index))
		return git_failed(err, "read the index", NULL);
	if (read_index(w, text, length, w->dir, l, err) < 0)
		return -1;
	if (w->staged) {
		if (read_changes(w, w->staged, l, mark_staged, err) < 0)
			return -1;
	} else {
		for (size_t i = 0; i < l->count; i++)
			mark_staged(&l->list[i], 'A');
	}
	/* the slowest of the three is still looking: work meanwhile */
	if (open_folder(w, w->repo, w->dir, &folder, err) < 0)
		return -1;
	cached = sum_cached(l, w->dir);
	here = sum_folder(folder);
	result = read_changes(w, w->modified, l, mark_modified, err);
	if (result == 0 && folder && !is_same_sum(here, cached, l, w->dir)) {
		rewinddir(folder);
		collect_untracked(w, folder, w->dir, l);
	}
	if (folder)
		closedir(folder);
	return result;
}

int worktree_end(TALLOC_CTX *mem, struct worktree *w, bool keep,
		 struct set **set, struct error *err)
{
	struct listing l = { 0 };
	int result = read_worktree(w, &l, err);

	if (result == 0)
		result = check_names(&l, err);
	if (result == 0)
		result = hash_files(w, w->repo, keep, &l, err);
	if (result == 0)
		result = fill_set(mem, &l, set, err);
	talloc_free(w);
	return result;
}

int repo_set_worktree(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		      bool keep, struct set **set, struct error *err)
{
	struct worktree *w;

	if (worktree_begin(mem, repo, dir, &w, err) < 0)
		return -1;
	return worktree_end(mem, w, keep, set, err);
}

/* Paths only; anything after a tab, or the whole entry. */
static void newest_in(char *text, size_t length, const char *dir,
		      int64_t *newest)
{
	char *end = text + length;

	for (; text < end; text += strlen(text) + 1) {
		const char *slash = strrchr(text, '/'), *name;
		struct error ignored = { 0 };
		enum direction direction;
		int64_t version;
		size_t n;

		if (is_script(text, dir) &&
		    script_name_parse(slash + 1, &version, &name, &n,
				      &direction, &ignored) == 1 &&
		    version > *newest)
			*newest = version;
		error_release(&ignored);
	}
}

int repo_newest_version(struct repo *repo, const char *dir, int64_t *newest,
			struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *folder = inside(mem, dir);
	const char *const here[] = { "git", "ls-files", "-z",	"-c",
				     "-o",  "--",	folder, NULL };
	const char *const head[] = { "git",	    "ls-tree",	   "-z",
				     "--name-only", "--full-tree", "HEAD",
				     "--",	    folder,	   NULL };
	const char *const upstream[] = {
		"git",	       "ls-tree", "-z",	  "--name-only", "--full-tree",
		"@{upstream}", "--",	  folder, NULL
	};
	const char *const *commands[] = { here, head, upstream };
	struct process *running[3] = { NULL, NULL, NULL };
	int result = 0;

	*newest = 0;
	for (int i = repo->top ? 0 : 1; i < 3 && result == 0; i++)
		if (i == 0 || repo->head)
			result = git_start(mem, repo, commands[i],
					   PROCESS_OUT | PROCESS_QUIET,
					   &running[i], err);
	/* no upstream branch: its listing is empty */
	for (int i = 0; i < 3 && result == 0; i++) {
		char *text;
		size_t length;

		if (!running[i])
			continue;
		result = process_read_all(mem, running[i]->out, &text, &length,
					  err);
		if (result == 0)
			newest_in(text, length, dir, newest);
	}
	talloc_free(mem);
	return result;
}
