#include "git/listing.h"

#include <string.h>
#include <strings.h>

#include "core/base/text.h"

struct listed *listing_append(TALLOC_CTX *mem, struct listing *l)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 256;
		l->list = talloc_realloc(mem, l->list, struct listed,
					 (unsigned)l->room);
	}
	memset(&l->list[l->count], 0, sizeof(*l->list));
	return &l->list[l->count++];
}

bool ends_as_script(const char *name)
{
	return is_script_end(name, strlen(name));
}

bool ends_as_sql(const char *name)
{
	size_t length = strlen(name);

	return length >= 4 && !strcasecmp(name + length - 4, ".sql");
}

bool is_script(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	return !strncmp(path, dir, length) && path[length] == '/' &&
	       !strchr(path + length + 1, '/') && ends_as_script(path);
}

int odd_file(const char *path, const char *what, struct error *err)
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

char *inside_folder(TALLOC_CTX *mem, const char *dir)
{
	return talloc_asprintf(mem, "%s/", dir);
}

int listing_fill_set(TALLOC_CTX *mem, const struct listing *l, struct set **out,
		     struct error *err)
{
	struct set *set = l->lenient ? talloc_steal(mem, l->lenient)
				     : set_new(mem);

	for (size_t i = 0; i < l->count; i++) {
		const struct listed *f = &l->list[i];

		if (f->deleted ||
		    set_add(set, f->path, f->blob, f->flags, err) >= 0)
			continue;
		if (l->lenient) {
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
		if (check_mode(text, tab + 1, err) < 0) {
			if (!l->lenient)
				return -1;
			set_note_problem(l->lenient, err);
			continue;
		}
		f = listing_append(mem, l);
		f->path = tab + 1;
		f->blob = strrchr(text, ' ') + 1;
	}
	return 0;
}

static int set_of_commit(TALLOC_CTX *mem, struct repo *repo, const char *commit,
			 const char *dir, bool lenient, struct set **set,
			 struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	struct listing l = { .lenient = lenient ? set_new(turn) : NULL };
	char *text;
	size_t length;
	int result = git_must(turn, repo,
			      GIT_ARGS("ls-tree", "-z", "--full-tree", commit,
				       "--", inside_folder(turn, dir)),
			      NULL, 0, &text, &length,
			      "list a commit's scripts", err);

	if (result == 0)
		result = read_tree(turn, text, length, dir, &l, err);
	if (result == 0)
		result = listing_fill_set(mem, &l, set, err);
	talloc_free(turn);
	return result;
}

int repo_set_commit(TALLOC_CTX *mem, struct repo *repo, const char *commit,
		    const char *dir, struct set **set, struct error *err)
{
	return set_of_commit(mem, repo, commit, dir, false, set, err);
}

int repo_set_commit_lenient(TALLOC_CTX *mem, struct repo *repo,
			    const char *commit, const char *dir,
			    struct set **set, struct error *err)
{
	return set_of_commit(mem, repo, commit, dir, true, set, err);
}

static int unmerged(const char *path, struct error *err)
{
	error_set(err, ERROR_FAILED, "the script has a merge conflict");
	error_at(err, path, 0, 0);
	return error_hint(err, "settle it, then: git add '%s'", path);
}

/* "MODE OBJECT STAGE\tPATH\0", ordered by path */
int listing_read_index(TALLOC_CTX *mem, char *text, size_t length,
		       const char *dir, struct listing *l, struct error *err)
{
	char *end = text + length;
	const char *last = ""; /* that something was wrong with */

	for (char *next; text < end; text = next) {
		char *tab = strchr(text, '\t');
		struct listed *f;

		next = text + strlen(text) + 1;
		if (!tab || !is_script(tab + 1, dir) || !strcmp(tab + 1, last))
			continue;
		if (tab[-1] != '0' ? unmerged(tab + 1, err) < 0
				   : check_mode(text, tab + 1, err) < 0) {
			if (!l->lenient)
				return -1;
			set_note_problem(l->lenient, err);
			last = tab + 1;
			continue;
		}
		tab[-2] = '\0';
		f = listing_append(mem, l);
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
	int result = git_must(turn, repo,
			      GIT_ARGS("ls-files", "-z", "-s", "--",
				       inside_folder(turn, dir)),
			      NULL, 0, &text, &length, "read the index", err);

	if (result == 0)
		result = listing_read_index(turn, text, length, dir, &l, err);
	if (result == 0)
		result = listing_fill_set(mem, &l, set, err);
	talloc_free(turn);
	return result;
}

/* Paths only; anything after a tab, or the whole entry. */
static void newest_in(char *text, size_t length, const char *dir, int64_t below,
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
		    version > *newest && version < below)
			*newest = version;
		error_release(&ignored);
	}
}

int repo_newest_version(struct repo *repo, const char *dir, int64_t below,
			int64_t *newest, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *folder = inside_folder(mem, dir);
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
			newest_in(text, length, dir, below, newest);
	}
	talloc_free(mem);
	return result;
}

int repo_would_add(struct repo *repo, const char *path, bool *would,
		   struct error *err)
{
	/* check-ignore refuses to take anything literally; it reads no other
	   variable of ours */
	static const char *const env[] = { "GIT_LITERAL_PATHSPECS", "LC_ALL=C",
					   NULL };
	TALLOC_CTX *mem = talloc_new(NULL);
	char *out, *complaint = NULL;
	int ignored = process_run(
		mem,
		GIT_ARGS("-C", repo->top, "check-ignore", "-q", "--", path),
		repo->top, env, NULL, 0, &out, NULL, &complaint, err);
	int tracked = 1;

	if (ignored == 1)
		tracked = git_run(
			mem, repo,
			GIT_ARGS("ls-files", "--error-unmatch", "--", path),
			NULL, 0, &out, NULL, &complaint, err);
	*would = ignored == 1 && tracked == 1;
	if (ignored > 1)
		ignored = git_failed(err, "see what git ignores", complaint);
	talloc_free(mem);
	return ignored < 0 || tracked < 0 ? -1 : 0;
}
