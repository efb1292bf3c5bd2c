#include "git/internal.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEPT "refs/migrate/applied/"
/* More than that are looked through for those that others contain. */
#define MANY_KEPT 16

/* A target may be called anything; a part of a ref's name is plain. */
static char *folder_of(TALLOC_CTX *mem, const char *target)
{
	char *out = talloc_strdup(mem, KEPT);

	for (const char *s = target; *s; s++) {
		unsigned char c = (unsigned char)*s;

		out = (c < 0x80 && isalnum(c)) || c == '-' || c == '_'
			      ? talloc_asprintf_append_buffer(out, "%c", c)
			      : talloc_asprintf_append_buffer(out, "%%%02X", c);
	}
	return talloc_strdup_append_buffer(out, "/");
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		n++;
		text++;
	}
	return n;
}

/* Whatever the new one contains is kept by it. */
static int drop_contained(TALLOC_CTX *mem, struct repo *repo,
			  const char *folder, const char *commit,
			  struct error *err)
{
	char *list, *line, *input = talloc_strdup(mem, "");

	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref", "--format=%(refname)", folder),
		     NULL, 0, &list, NULL, "list the kept commits", err) < 0)
		return -1;
	if (count_lines(list) <= MANY_KEPT)
		return 0;
	if (git_must(mem, repo,
		     GIT_ARGS("for-each-ref", "--format=%(refname)", "--merged",
			      commit, folder),
		     NULL, 0, &list, NULL, "list the kept commits", err) < 0)
		return -1;
	while ((line = strsep(&list, "\n")) != NULL)
		if (*line && strcmp(strrchr(line, '/') + 1, commit) != 0)
			input = talloc_asprintf_append_buffer(
				input, "delete %s\n", line);
	return git_must(mem, repo, GIT_ARGS("update-ref", "--stdin"), input,
			strlen(input), &list, NULL, "drop kept commits", err);
}

/* One that is killed leaves its lock, which nobody else would take away. */
#define STALE_SECONDS 10

static bool drop_stale_lock(TALLOC_CTX *mem, const struct repo *repo,
			    const char *ref)
{
	char *path = talloc_asprintf(mem, "%s/%s.lock", repo->common_dir, ref);
	struct stat st;

	return lstat(path, &st) == 0 &&
	       time(NULL) - st.st_mtime > STALE_SECONDS && unlink(path) == 0;
}

/* It is refused when the ref is there, which is the usual case. */
static int create(TALLOC_CTX *mem, struct repo *repo, const char *ref,
		  const char *commit, char **complaint, struct error *err)
{
	char *nothing = talloc_strdup(mem, commit), *out;

	memset(nothing, '0', strlen(nothing));
	return git_run(mem, repo, GIT_ARGS("update-ref", ref, commit, nothing),
		       NULL, 0, &out, NULL, complaint, err);
}

static int keep(TALLOC_CTX *mem, struct repo *repo, const char *folder,
		const char *commit, struct error *err)
{
	char *ref = talloc_asprintf(mem, "%s%s", folder, commit);
	char *out, *complaint;
	int status = create(mem, repo, ref, commit, &complaint, err);

	if (status > 0 && drop_stale_lock(mem, repo, ref))
		status = create(mem, repo, ref, commit, &complaint, err);
	if (status == 0)
		return drop_contained(mem, repo, folder, commit, err);
	if (status > 0)
		status = git_run(mem, repo,
				 GIT_ARGS("show-ref", "--verify", "-q", ref),
				 NULL, 0, &out, NULL, NULL, err);
	if (status <= 0 || access(repo->common_dir, W_OK) < 0)
		return status < 0 ? -1 : 0;
	return git_failed(err, "keep the applied commits from being collected",
			  complaint);
}

int repo_keep_commit(struct repo *repo, const char *target, const char *commit,
		     struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *folder = folder_of(mem, target);
	char *file = talloc_asprintf(mem, "%s/%s%s", repo->common_dir, folder,
				     commit);
	int result = 0;

	/* mostly it is there, and then as a file of its own */
	if (access(file, F_OK) < 0)
		result = keep(mem, repo, folder, commit, err);
	talloc_free(mem);
	return result;
}
