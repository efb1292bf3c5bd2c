#include "core/base/file.h"
#include "git/switch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* renameat2() may be missing in the file system; a link never writes over. */
static int rename_file(const char *from, const char *to)
{
	if (link(from, to) == 0)
		return unlink(from);
	if (errno == EEXIST || access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

static int refuse_lock(TALLOC_CTX *mem, const char *lock, struct error *err)
{
	return switch_refuse_lock(mem, lock, "rename a script", err);
}

/* A lock that comes in between, git says itself. */
static int move_tracked(TALLOC_CTX *mem, struct repo *repo, const char *from,
			const char *to, struct error *err)
{
	char *lock = switch_wait_for_index(mem, repo), *out;

	if (lock)
		return refuse_lock(mem, lock, err);
	return git_must(mem, repo, GIT_ARGS("mv", "--", from, to), NULL, 0,
			&out, NULL, "rename a script", err);
}

int repo_move(struct repo *repo, const char *from, const char *to, bool tracked,
	      struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	int result = 0;

	if (tracked) {
		result = move_tracked(mem, repo, from, to, err);
	} else if (rename_file(talloc_asprintf(mem, "%s/%s", repo->top, from),
			       talloc_asprintf(mem, "%s/%s", repo->top, to)) <
		   0) {
		result = error_set(err, ERROR_FAILED,
				   "unable to rename '%s' to '%s': %s", from,
				   to, strerror(errno));
	}
	talloc_free(mem);
	return result;
}

static int is_indexed(TALLOC_CTX *mem, struct repo *repo, const char *path,
		      bool *is, struct error *err)
{
	char *out;

	if (git_must(mem, repo,
		     GIT_ARGS("--literal-pathspecs", "ls-files", "-z", "--",
			      path),
		     NULL, 0, &out, NULL, "look into the index", err) < 0)
		return -1;
	*is = *out != '\0';
	return 0;
}

static int both_are_there(const char *from, const char *to, struct error *err)
{
	error_set(err, ERROR_REFUSED,
		  "'%s' was to be renamed to '%s', and both are there and "
		  "differ",
		  from, to);
	return error_hint(err, "remove the one that is not meant: rm '%s'", to);
}

/* git was killed when it had renamed the file, and not yet in the index. */
static int move_indexed(TALLOC_CTX *mem, struct repo *repo, const char *from,
			const char *to, const char *from_file,
			const char *to_file, struct error *err)
{
	bool indexed;

	if (is_indexed(mem, repo, from, &indexed, err) < 0)
		return -1;
	if (!indexed)
		return 0;
	if (rename_file(to_file, from_file) < 0)
		return error_set(err, ERROR_FAILED,
				 "unable to rename '%s' to '%s': %s", to, from,
				 strerror(errno));
	return repo_move(repo, from, to, true, err);
}

static int finish_move(TALLOC_CTX *mem, struct repo *repo, const char *from,
		       const char *to, bool tracked, struct error *err)
{
	char *from_file = talloc_asprintf(mem, "%s/%s", repo->top, from);
	char *to_file = talloc_asprintf(mem, "%s/%s", repo->top, to);
	bool is = access(from_file, F_OK) == 0,
	     done = access(to_file, F_OK) == 0;

	if (is && done) {
		if (!file_same(from_file, to_file))
			return both_are_there(from, to, err);
		if (unlink(to_file) < 0)
			return error_set(err, ERROR_FAILED,
					 "unable to remove '%s': %s", to,
					 strerror(errno));
		done = false;
	}
	if (is)
		return repo_move(repo, from, to, tracked, err);
	if (done)
		return tracked ? move_indexed(mem, repo, from, to, from_file,
					      to_file, err)
			       : 0;
	return error_set(err, ERROR_NOT_FOUND, "neither '%s' nor '%s' is here",
			 from, to);
}

int repo_finish_move(struct repo *repo, const char *from, const char *to,
		     bool tracked, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *lock = tracked ? switch_wait_for_index(mem, repo) : NULL;
	int result = lock ? refuse_lock(mem, lock, err)
			  : finish_move(mem, repo, from, to, tracked, err);

	talloc_free(mem);
	return result;
}
