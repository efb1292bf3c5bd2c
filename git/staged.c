#include "git/staged.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git/changes.h"
#include "git/listing.h"

/*
 * What differs says it all: a script that does not is in the index as it is in
 * HEAD, or in the other branch.
 */

struct other {
	const char *ref, *name;
	struct process *process;
	struct changes changes;
};

struct staging {
	struct repo *repo;
	const char *dir, *folder;
	struct process *head, *refs;
	struct changes changes;
	bool untouched; /* nothing else is filled */
	struct index *index;
	struct listing listing; /* where the index is of another form */
	struct other *others;
	size_t other_count;
	int64_t *versions;
	size_t version_count;
};

static bool has_version(const struct staging *s, int64_t version)
{
	for (size_t low = 0, high = s->version_count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (s->versions[middle] == version)
			return true;
		if (s->versions[middle] < version)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* -1 when the name does not begin with a version. */
static int64_t version_of(const struct staging *s, const char *path)
{
	char digits[VERSION_LENGTH + 1];
	int64_t version;

	snprintf(digits, sizeof(digits), "%s", path + strlen(s->folder));
	return version_parse(digits, &version) < 0 ? -1 : version;
}

/* What git add -N put there is not in the commit: git shows it as added in the
   work tree. */
static int drop_intended(struct staging *s, struct error *err)
{
	char *text, *end;
	size_t length, kept = 0;

	if (git_must(s, s->repo,
		     GIT_ARGS("diff-files", "-z", "--name-only",
			      "--diff-filter=A", "--", s->folder),
		     NULL, 0, &text, &length,
		     "compare the index with the files", err) < 0)
		return -1;
	for (end = text + length; text < end; text += strlen(text) + 1)
		for (size_t i = 0; i < s->listing.count; i++)
			if (!strcmp(s->listing.list[i].path, text))
				s->listing.list[i].deleted = true;
	for (size_t i = 0; i < s->listing.count; i++)
		if (!s->listing.list[i].deleted)
			s->listing.list[kept++] = s->listing.list[i];
	s->listing.count = kept;
	return 0;
}

/* An index of another form. The problems themselves are told of what is
   touched. */
static int list_index(struct staging *s, struct error *err)
{
	char *text;
	size_t length;

	if (s->index)
		return 0;
	s->listing.lenient = set_new(s);
	if (git_must(s, s->repo,
		     GIT_ARGS("ls-files", "-z", "-s", "--", s->folder), NULL, 0,
		     &text, &length, "read the index", err) < 0)
		return -1;
	return listing_read_index(s, text, length, s->dir, &s->listing, err) < 0
		       ? -1
		       : drop_intended(s, err);
}

/* Whether git itself has noted that the folder is HEAD's. */
static bool is_untouched(struct staging *s)
{
	const char *head;

	if (strcmp(s->dir, KNOWN_FOLDER) != 0 || !s->index || !s->index->tree)
		return false;
	head = repo_known(s->repo, KNOWN_TREE);
	return head &&
	       !strcmp(head, id_text(s, s->index->tree, s->index->id_size));
}

/* An index of another form is left to git. */
static int start(struct staging *s, const char *commit,
		 struct process **process, struct error *err)
{
	return s->index ? changes_start_tree(s, s->repo, commit, s->dir,
					     process, err)
			: changes_start_diff(s, s->repo, commit, s->dir,
					     process, err);
}

int staged_begin(TALLOC_CTX *mem, struct repo *repo, const char *dir,
		 struct staging **staging, struct error *err)
{
	struct staging *s = talloc_zero(mem, struct staging);
	char *branch;

	s->repo = repo;
	s->dir = talloc_strdup(s, dir);
	s->folder = inside_folder(s, dir);
	*staging = s;
	repo_ask_known(repo, KNOWN_TREE);
	if (repo->top)
		s->index = worktree_index(s, repo, s->dir);
	s->untouched = is_untouched(s);
	if (s->untouched)
		return 0;
	branch = repo->branch
			 ? talloc_asprintf(s, "refs/heads/%s", repo->branch)
			 : talloc_strdup(s, "refs/remotes/*/HEAD");
	if (repo->head && start(s, "HEAD", &s->head, err) < 0)
		return -1;
	return git_start(s, repo,
			 GIT_ARGS("for-each-ref",
				  "--format=%(upstream)%0a%(symref)", branch,
				  "refs/remotes/*/HEAD"),
			 PROCESS_OUT | PROCESS_QUIET, &s->refs, err);
}

/* --- the index ------------------------------------------------------------ */

static size_t entry_count(const struct staging *s)
{
	return s->index ? s->index->count : s->listing.count;
}

static const char *entry_path(const struct staging *s, size_t i)
{
	return s->index ? s->index->entries[i].path : s->listing.list[i].path;
}

static char *entry_id(TALLOC_CTX *mem, const struct staging *s, size_t i)
{
	return s->index ? id_text(mem, s->index->entries[i].id,
				  s->index->id_size)
			: talloc_strdup(mem, s->listing.list[i].blob);
}

static int read_changes(struct staging *s, struct process *process,
			struct changes *changes, struct error *err)
{
	return s->index ? changes_read_tree(s, process, s->index, s->dir,
					    changes, err)
			: changes_read_diff(s, s->repo, process, s->dir,
					    changes, err);
}

/* --- the others ----------------------------------------------------------- */

static void add_other(struct staging *s, const char *ref)
{
	struct other *o;

	for (size_t i = 0; i < s->other_count; i++)
		if (!strcmp(s->others[i].ref, ref))
			return;
	s->others = talloc_realloc(s, s->others, struct other,
				   (unsigned)s->other_count + 1);
	o = &s->others[s->other_count++];
	*o = (struct other){ .ref = ref, .name = ref };
	if (!strncmp(ref, "refs/remotes/", 13))
		o->name += 13;
	else if (!strncmp(ref, "refs/heads/", 11))
		o->name += 11;
}

static int begin_others(struct staging *s, struct error *err)
{
	char *text, *line;

	if (process_read_all(s, s->refs->out, &text, NULL, err) < 0)
		return -1;
	while ((line = strsep(&text, "\n")) != NULL)
		if (*line)
			add_other(s, line);
	for (size_t i = 0; i < s->other_count; i++) {
		struct other *o = &s->others[i];

		if (start(s, o->ref, &o->process, err) < 0)
			return -1;
	}
	return 0;
}

/* --- sets ----------------------------------------------------------------- */

static void add_script(struct set *set, const char *path, const char *id)
{
	struct error err = { 0 };

	if (set_add(set, path, id, 0, &err) < 0)
		set_note_problem(set, &err);
}

/* The first script of that version in the index, or where it would be. */
static size_t first_of(const struct staging *s, int64_t version)
{
	char digits[VERSION_LENGTH + 1];
	size_t low = 0, high = entry_count(s), skip = strlen(s->folder);

	version_format(version, digits);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(entry_path(s, middle) + skip, digits,
			    VERSION_LENGTH) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What a place has of a version: the index's, but for what differs (NULL:
   nothing does). */
static void add_version(const struct staging *s, const struct changes *changes,
			int64_t version, struct set *set)
{
	for (size_t i = first_of(s, version); i < entry_count(s); i++) {
		const char *path = entry_path(s, i);
		const struct change *c;

		if (version_of(s, path) != version)
			break;
		c = changes ? changes_find(changes, path) : NULL;
		if (!ends_as_script(path))
			continue;
		if (!c)
			add_script(set, path, entry_id(set, s, i));
		else if (c->old_id)
			add_script(set, path, c->old_id);
	}
}

static struct set *set_of(TALLOC_CTX *mem, const struct staging *s,
			  const struct changes *changes)
{
	struct set *set = set_new(mem);

	for (size_t i = 0; i < s->version_count; i++)
		add_version(s, changes, s->versions[i], set);
	for (size_t i = 0; changes && i < changes->count; i++) {
		const struct change *c = &changes->list[i];

		if (!c->new_id && has_version(s, version_of(s, c->path)))
			add_script(set, c->path, c->old_id);
	}
	set_sort(set);
	return set;
}

/* The newest version that is in the index and not only there, or was lost. */
static int64_t newest_of(const struct staging *s, const struct changes *changes)
{
	int64_t newest = -1;

	for (size_t i = entry_count(s); i-- > 0;) {
		const char *path = entry_path(s, i);
		const struct change *c;

		if (!is_script(path, s->dir))
			continue;
		c = changes_find(changes, path);
		if (c && !c->old_id)
			continue;
		newest = version_of(s, path);
		if (newest >= 0)
			break;
	}
	for (size_t i = 0; i < changes->count; i++) {
		int64_t version = version_of(s, changes->list[i].path);

		if (changes->list[i].old_id && version > newest)
			newest = version;
	}
	return newest;
}

/* Before the first commit all of the index is new. */
static void all_are_new(struct staging *s)
{
	size_t count = entry_count(s);

	s->changes.list = talloc_zero_array(s, struct change,
					    (unsigned)count + 1);
	for (size_t i = 0; i < count; i++) {
		const char *path = entry_path(s, i);

		if (is_script(path, s->dir))
			s->changes.list[s->changes.count++] = (struct change){
				.path = path,
				.new_id = entry_id(s, s, i),
			};
	}
}

/* What is touched; what cannot be a script's name is a problem. */
static void find_versions(struct staging *s, struct set *problems)
{
	size_t kept = 0;

	s->versions = talloc_array(s, int64_t, (unsigned)s->changes.count + 1);
	for (size_t i = 0; i < s->changes.count; i++) {
		const struct change *c = &s->changes.list[i];
		int64_t version = version_of(s, c->path);
		struct error err = { 0 };

		if (c->odd &&
		    odd_file(c->path, "a link or a submodule", &err) < 0)
			set_note_problem(problems, &err);
		if (version >= 0)
			s->versions[s->version_count++] = version;
		else if (c->new_id)
			add_script(problems, c->path, c->new_id);
	}
	qsort(s->versions, s->version_count, sizeof(*s->versions), by_number);
	for (size_t i = 0; i < s->version_count; i++)
		if (!kept || s->versions[i] != s->versions[kept - 1])
			s->versions[kept++] = s->versions[i];
	s->version_count = kept;
}

static int finish(TALLOC_CTX *mem, struct staging *s, struct staged *out,
		  struct error *err)
{
	struct set *problems = set_new(s);

	find_versions(s, problems);
	out->now = set_of(mem, s, NULL);
	for (size_t i = 0; i < problems->problem_count; i++) {
		struct error err_of = { 0 };

		error_set(&err_of, ERROR_FAILED, "%s", problems->problems[i]);
		set_note_problem(out->now, &err_of);
	}
	talloc_free(problems);
	out->before = set_of(mem, s, &s->changes);
	out->versions = talloc_steal(mem, s->versions);
	out->version_count = s->version_count;
	out->others = talloc_zero_array(mem, struct staged_other,
					(unsigned)s->other_count + 1);
	for (size_t i = 0; i < s->other_count; i++) {
		struct other *o = &s->others[i];

		/* an upstream that was never fetched, or has no such folder */
		if (read_changes(s, o->process, &o->changes, err) < 0) {
			error_release(err);
			continue;
		}
		out->others[out->other_count++] = (struct staged_other){
			.name = talloc_strdup(mem, o->name),
			.set = set_of(mem, s, &o->changes),
			.newest = newest_of(s, &o->changes),
		};
	}
	return 0;
}

/* Whether any script differs from HEAD; s->changes says which. */
static int compare(struct staging *s, bool *changed, struct error *err)
{
	if (s->untouched)
		return 0;
	if (begin_others(s, err) < 0 || list_index(s, err) < 0)
		return -1;
	*changed = !s->repo->head;
	if (!s->repo->head) {
		all_are_new(s);
		return 0;
	}
	if (read_changes(s, s->head, &s->changes, err) < 0)
		return -1;
	*changed = s->changes.count > 0;
	return 0;
}

static void stop_all(struct staging *s)
{
	if (s->head)
		process_stop(s->head);
	if (s->refs)
		process_stop(s->refs);
	for (size_t i = 0; i < s->other_count; i++)
		if (s->others[i].process)
			process_stop(s->others[i].process);
}

int staged_end(TALLOC_CTX *mem, struct staging *s, struct staged *staged,
	       struct error *err)
{
	int result;

	*staged = (struct staged){ 0 };
	staged->untouched = s->untouched;
	result = compare(s, &staged->changed, err);
	if (result == 0 && staged->changed)
		result = finish(mem, s, staged, err);
	stop_all(s);
	talloc_free(s);
	return result;
}
