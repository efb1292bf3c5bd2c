#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/arena.h"
#include "git/changes.h"
#include "git/index.h"
#include "git/listing.h"

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

/* hash-object takes a path that begins with a quote for one that git quoted. */
static void put_path(FILE *names, const char *path)
{
	if (*path != '"') {
		fprintf(names, "%s\n", path);
		return;
	}
	fputc('"', names);
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			fputc('\\', names);
		fputc(*path, names);
	}
	fputs("\"\n", names);
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
		put_path(names, f->path);
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
static int check_names(struct listing *l, struct error *err)
{
	struct set *scratch = set_new(NULL);
	int result = 0;

	for (size_t i = 0; i < l->count && result >= 0; i++) {
		struct listed *f = &l->list[i];

		if (!(f->flags & TEXT_IS_HERE) || f->deleted)
			continue;
		result = set_add(scratch, f->path, NULL, 0, err);
		if (result < 0 && l->lenient) {
			set_note_problem(l->lenient, err);
			f->deleted = true;
			result = 0;
		}
	}
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
			struct listed *f = listing_append(mem, l);

			f->path = path;
			f->flags = HALF_UNTRACKED | HALF_NEW;
			continue;
		}
		talloc_free(path);
	}
}

/*
 * Nearly always the folder holds just what the index knows; then nothing has
 * to be looked up. Files that are gone from the folder are in the index.
 */
static bool is_same_folder(struct names_sum here, const struct listing *l,
			   const char *dir)
{
	size_t prefix = strlen(dir) + 1;

	for (size_t i = 0; i < l->count; i++)
		if (!l->list[i].deleted)
			names_sum_take(&here, l->list[i].path + prefix);
	return !here.sum && !here.count;
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
	DIR *folder;		 /* NULL: there is none */
	struct looking *looking; /* NULL: git is to tell all */
	/* either what index.c sees, and HEAD's tree of the folder ... */
	struct index *file;
	struct process *tree; /* NULL: without a HEAD, or not needed */
	bool lenient;
	/* ... or what git sees; staged is NULL without a HEAD */
	struct process *index, *modified, *staged;
	/* the set as HEAD has it, if that can be told, or why it is none */
	bool asked, head;
	struct set *expected;
	struct error odd;
};

static int close_folder(struct worktree *w)
{
	talloc_free(w->looking);
	error_release(&w->odd);
	if (w->folder)
		closedir(w->folder);
	return 0;
}

#define QUIET (PROCESS_OUT | PROCESS_QUIET)

static int start_staged(struct worktree *w, struct error *err)
{
	if (!w->repo->head)
		return 0;
	return git_start(w, w->repo,
			 GIT_ARGS("diff-index", "--cached", "--raw", "-z",
				  "--no-renames", "HEAD", "--",
				  inside_folder(w, w->dir)),
			 QUIET, &w->staged, err);
}

static int start_plumbing(struct worktree *w, struct error *err)
{
	char *folder = inside_folder(w, w->dir);

	if (git_start(w, w->repo,
		      GIT_ARGS("diff-files", "--raw", "-z", "--no-renames",
			       "--", folder),
		      QUIET, &w->modified, err) < 0 ||
	    git_start(w, w->repo,
		      GIT_ARGS("ls-files", "-z", "-s", "--", folder), QUIET,
		      &w->index, err) < 0)
		return -1;
	return start_staged(w, err);
}

/* Behind a symbolic link git sees nothing. */
static bool has_link(const struct repo *repo, const char *dir)
{
	char *path = talloc_asprintf(NULL, "%s/%s", repo->top, dir);
	size_t top = strlen(repo->top);
	bool found = false;
	struct stat st;

	for (char *end = path + strlen(path); !found && end > path + top;
	     end = strrchr(path, '/')) {
		*end = '\0';
		found = lstat(path, &st) < 0 || S_ISLNK(st.st_mode);
	}
	talloc_free(path);
	return found;
}

/* Whether git itself has noted that nothing at all is staged. */
static bool is_all_head(const struct repo_private *p, const struct index *index)
{
	char top[2 * 32 + 1];

	if (!p->head_tree || !index->top)
		return false;
	id_format(top, index->top, index->id_size);
	return !strcmp(top, p->head_tree);
}

/* Then the index tells of HEAD, too. */
static void note_head(struct repo_private *p, const struct index *index,
		      const char *dir)
{
	if (index->tree && !strcmp(dir, KNOWN_FOLDER))
		p->known[KNOWN_TREE] = id_text(p, index->tree, index->id_size);
	if (!index->has_other)
		p->known[KNOWN_SHARED] = "";
}

struct index *worktree_index(TALLOC_CTX *mem, struct repo *repo,
			     const char *dir)
{
	const char *named = getenv("GIT_INDEX_FILE");
	const char *base = repo->git_dir;
	struct repo_private *p = private_of(repo);
	struct index *index;
	char *path;

	if (named && *named) /* relative to the top, where git runs */
		base = repo->top;
	else
		named = "index";
	path = *named == '/' ? talloc_strdup(mem, named)
			     : talloc_asprintf(mem, "%s/%s", base, named);
	index = index_read(mem, path, dir, SHARED_FILE, repo->hex_length / 2);
	p->unshared = index && !index->has_other;
	if (index && is_all_head(p, index))
		note_head(p, index, dir);
	talloc_free(p->tidy_index);
	p->tidy_index = index && !index->has_odd ? talloc_strdup(p, dir) : NULL;
	talloc_free(path);
	return index;
}

static int start_tree(struct worktree *w, struct error *err)
{
	char *tree = talloc_asprintf(w, "HEAD:%s", w->dir);

	if (!w->repo->head || !w->file->tree ||
	    is_all_head(private_of(w->repo), w->file))
		return 0;
	if (!strcmp(w->dir, KNOWN_FOLDER)) {
		repo_ask_known(w->repo, KNOWN_TREE);
		return 0;
	}
	return git_start(w, w->repo,
			 GIT_ARGS("rev-parse", "-q", "--verify",
				  "--end-of-options", tree),
			 QUIET, &w->tree, err);
}

static int start(struct worktree *w, bool ask_git, struct error *err)
{
	if (!ask_git && w->folder && !has_link(w->repo, w->dir)) {
		w->looking = looking_begin(w, w->folder);
		w->file = worktree_index(w, w->repo, w->dir);
		looking_at(w->looking, w->file);
	}
	return w->file ? start_tree(w, err) : start_plumbing(w, err);
}

static int begin(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		 bool ask_git, struct worktree **out, struct error *err)
{
	struct worktree *w = talloc_zero(mem, struct worktree);

	talloc_set_destructor(w, close_folder);
	w->repo = repo;
	w->dir = talloc_strdup(w, dir);
	TALLOC_FREE(private_of(repo)->tidy); /* of an earlier look */
	if (open_folder(w, repo, dir, &w->folder, err) == 0 &&
	    start(w, ask_git, err) == 0) {
		*out = w;
		return 0;
	}
	talloc_free(w);
	return -1;
}

int worktree_begin(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		   struct worktree **w, struct error *err)
{
	return begin(mem, repo, dir, false, w, err);
}

static int read_staged(struct worktree *w, struct listing *l, struct error *err)
{
	if (w->staged)
		return read_changes(w, w->staged, l, mark_staged, err);
	for (size_t i = 0; i < l->count; i++)
		mark_staged(&l->list[i], 'A');
	return 0;
}

static int read_plumbing(struct worktree *w, struct listing *l,
			 struct error *err)
{
	char *text;
	size_t length;

	if (process_read_all(w, w->index->out, &text, &length, err) < 0)
		return -1;
	if (process_finish(w->index))
		return git_failed(err, "read the index", NULL);
	if (listing_read_index(w, text, length, w->dir, l, err) < 0 ||
	    read_staged(w, l, err) < 0)
		return -1;
	return read_changes(w, w->modified, l, mark_modified, err);
}

/* HEAD's tree of the folder; "" where there is none, NULL: not known. */
static const char *head_folder(struct worktree *w)
{
	struct error ignored = { 0 };
	char *text;

	if (!w->tree)
		return repo_known(w->repo, KNOWN_TREE);
	if (process_read_all(w, w->tree->out, &text, NULL, &ignored) < 0 ||
	    process_finish(w->tree))
		text = NULL;
	error_release(&ignored);
	return text ? chomp(text) : NULL;
}

/* Whether the index has the folder as HEAD has it. */
static bool is_head(struct worktree *w)
{
	const char *head;
	char id[2 * 32 + 1];

	if (is_all_head(private_of(w->repo), w->file))
		return true;
	if (!w->file->tree)
		return false;
	head = head_folder(w);
	id_format(id, w->file->tree, w->file->id_size);
	return head && !strcmp(head, id);
}

/* More than that git looks at faster than we have them hashed. */
#define MOST_CHANGED 200

static bool is_usable(const struct worktree *w, const unsigned char *looks)
{
	size_t changed = 0;

	for (size_t i = 0; looks && i < w->file->count; i++)
		changed += looks[i] == LOOK_CHANGED;
	return looks && changed <= MOST_CHANGED;
}

static void take_entries(struct worktree *w, const unsigned char *looks,
			 struct listing *l)
{
	struct arena *ids = arena_new(w);
	char id[2 * 32 + 1];

	for (size_t i = 0; looks && i < w->file->count; i++) {
		const struct index_entry *e = &w->file->entries[i];
		struct listed *f;

		if (!e->is_script)
			continue;
		id_format(id, e->id, w->file->id_size);
		f = listing_append(w, l);
		f->path = e->path;
		f->blob = arena_copy(ids, id);
		f->deleted = looks[i] == LOOK_GONE;
		if (looks[i] == LOOK_CHANGED)
			f->flags |= HALF_MODIFIED;
	}
}

/* What nearly always is true: the folder is as HEAD has it. */
static int fill_unchanged(TALLOC_CTX *mem, const struct worktree *w,
			  struct set **out, struct error *err)
{
	struct set *set = set_new(mem);
	char id[2 * 32 + 1];

	set_reserve(set, w->file->count / 2);
	for (size_t i = 0; i < w->file->count; i++) {
		const struct index_entry *e = &w->file->entries[i];

		id_format(id, e->id, w->file->id_size);
		if (set_add(set, e->path, id, 0, err) >= 0)
			continue;
		if (w->lenient) {
			set_note_problem(set, err);
			continue;
		}
		talloc_free(set);
		return -1;
	}
	set_sort(set);
	*out = set;
	return 0;
}

/* 1 when it told all, 0 when git has to be asked after all. */
static int read_looks(struct worktree *w, const unsigned char *looks, bool head,
		      struct listing *l, struct error *err)
{
	if (!is_usable(w, looks))
		return start_plumbing(w, err);
	take_entries(w, looks, l);
	if (head)
		return 1;
	return start_staged(w, err) < 0 || read_staged(w, l, err) < 0 ? -1 : 1;
}

/* What has changed, and what the index does not know. */
static int read_changed(struct worktree *w, const struct looked *found,
			bool head, struct listing *l, struct error *err)
{
	int result = w->file ? read_looks(w, found->answers, head, l, err) : 0;

	if (result == 0)
		result = read_plumbing(w, l, err);
	if (result < 0)
		return -1;
	if (w->folder && !is_same_folder(found->names, l, w->dir)) {
		rewinddir(w->folder);
		collect_untracked(w, w->folder, w->dir, l);
	}
	return check_names(l, err);
}

/* The look; where git is to tell, at the names alone. */
static struct looked look(struct worktree *w)
{
	struct repo_private *p = private_of(w->repo);
	struct looked found = { 0 };

	if (w->looking)
		found = looking_end(w->looking);
	else if (w->folder)
		found.names = names_sum_folder(w->folder);
	p->tidy = w->looking && !found.names.others ? talloc_strdup(p, w->dir)
						    : NULL;
	return found;
}

bool worktree_is_tidy(const struct repo *repo, const char *dir)
{
	const struct repo_private *p = (const struct repo_private *)repo;

	return p->tidy && !strcmp(p->tidy, dir);
}

void worktree_be_lenient(struct worktree *w)
{
	w->lenient = true;
}

/* Where the folder is not as HEAD has it. */
static int end_changed(TALLOC_CTX *mem, struct worktree *w, bool keep,
		       const struct looked *found, bool head, struct set **set,
		       struct error *err)
{
	struct listing l = { .lenient = w->lenient ? set_new(w) : NULL };

	if (read_changed(w, found, head, &l, err) < 0 ||
	    hash_files(w, w->repo, keep, &l, err) < 0)
		return -1;
	return listing_fill_set(mem, &l, set, err);
}

struct set *worktree_expect(TALLOC_CTX *mem, struct worktree *w)
{
	if (!w->asked)
		w->head = w->file && w->repo->head && is_head(w);
	if (w->head && !w->asked)
		fill_unchanged(mem, w, &w->expected, &w->odd);
	w->asked = true;
	return w->expected;
}

int worktree_end(TALLOC_CTX *mem, struct worktree *w, bool keep,
		 struct set **set, struct error *err)
{
	struct looked found;
	int result = 0;

	worktree_expect(w, w);
	found = look(w);
	if (w->head && found.same) {
		result = w->expected ? 0 : -1;
		*set = talloc_steal(mem, w->expected);
		*err = w->odd;
		w->odd = (struct error){ 0 };
	} else {
		result = end_changed(mem, w, keep, &found, w->head, set, err);
	}
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

int worktree_as_git_says(TALLOC_CTX *mem, struct repo *repo, const char *dir,
			 struct set **set, struct error *err)
{
	struct worktree *w;

	if (begin(mem, repo, dir, true, &w, err) < 0)
		return -1;
	return worktree_end(mem, w, false, set, err);
}
