#include "git/switch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

/*
 * git switch writes the files, then the index, then HEAD. Killed before the
 * index, it leaves files of the other commit that are changes to the next one,
 * which it refuses to write over.
 */

struct change {
	const char *path;
	const char *mine, *theirs; /* blobs in HEAD and in the other commit;
				      NULL: not there */
	bool done;		   /* the file is theirs, or on the way to it */
	UT_hash_handle hh;
};

struct mending {
	TALLOC_CTX *mem;
	struct repo *repo;
	struct change *list, *by_path;
	size_t count;
	struct blobs *blobs;
};

/* --- locks ---------------------------------------------------------------- */

static int see_to_locks(TALLOC_CTX *mem, struct repo *repo,
			const struct destination *to, bool over,
			struct error *err)
{
	char *lock = switch_locked(mem, repo, to);

	if (lock && over && switch_has_left(repo, lock)) {
		unlink(lock);
		lock = switch_locked(mem, repo, to);
	}
	/* a git that is at work may be writing these files */
	if (lock)
		lock = switch_wait_for_locks(mem, repo, to,
					     SWITCH_LOCK_WAIT_MS);
	return lock ? switch_refuse_lock(mem, lock, "switch", err) : 0;
}

/* --- what differs --------------------------------------------------------- */

static bool is_file(const char *mode)
{
	return !strncmp(mode, "100", 3);
}

static bool is_nothing(const char *mode)
{
	return !strncmp(mode, "000000", 6);
}

/* ":100644 100644 OLD NEW M"; links and submodules are git's own to mend. */
static void take(struct mending *m, char *entry, const char *path)
{
	const size_t hex = m->repo->hex_length;
	struct change *c = &m->list[m->count];
	char *mine = entry + 15, *theirs = mine + hex + 1;

	if ((!is_file(entry + 1) && !is_nothing(entry + 1)) ||
	    (!is_file(entry + 8) && !is_nothing(entry + 8)))
		return;
	mine[hex] = theirs[hex] = '\0';
	*c = (struct change){
		.path = path,
		.mine = is_nothing(entry + 1) ? NULL : mine,
		.theirs = is_nothing(entry + 8) ? NULL : theirs,
	};
	m->count++;
}

static int read_changes(struct mending *m, const char *other, struct error *err)
{
	char *text, *end;
	size_t length, entries = 0;

	if (git_must(m->mem, m->repo,
		     GIT_ARGS("diff-tree", "-r", "-z", "--raw", "--no-renames",
			      "--no-abbrev", m->repo->head, other),
		     NULL, 0, &text, &length, "compare two commits", err) < 0)
		return -1;
	end = text + length;
	for (char *t = text; t < end; t += strlen(t) + 1)
		entries++;
	m->list = talloc_array(m->mem, struct change,
			       (unsigned)entries / 2 + 1);
	while (text < end) {
		char *path = text + strlen(text) + 1;

		take(m, text, path);
		text = path + strlen(path) + 1;
	}
	for (size_t i = 0; i < m->count; i++)
		HASH_ADD_KEYPTR(hh, m->by_path, m->list[i].path,
				strlen(m->list[i].path), &m->list[i]);
	return 0;
}

/* Where the index is not HEAD's, git or a person has been there already. */
static int leave_staged(struct mending *m, struct error *err)
{
	char *text, *end;
	size_t length;

	if (git_must(m->mem, m->repo,
		     GIT_ARGS("diff-index", "--cached", "-z", "--name-only",
			      "--no-renames", m->repo->head),
		     NULL, 0, &text, &length, "compare the index", err) < 0)
		return -1;
	for (end = text + length; text < end; text += strlen(text) + 1) {
		struct change *c;

		HASH_FIND_STR(m->by_path, text, c);
		if (c)
			HASH_DEL(m->by_path, c);
	}
	return 0;
}

/* --- what is there -------------------------------------------------------- */

/* Written up to some byte, when it was cut off. */
static bool is_beginning(struct mending *m, const char *path, const char *blob)
{
	struct error ignored = { 0 };
	TALLOC_CTX *turn = talloc_new(m->mem);
	char *whole, *part;
	size_t length, have;
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool is = false;

	if (fd >= 0 &&
	    (m->blobs ||
	     blobs_open(m->mem, m->repo, &m->blobs, &ignored) == 0) &&
	    blobs_read(turn, m->blobs, blob, &whole, &length, &ignored) == 0 &&
	    process_read_all(turn, fd, &part, &have, &ignored) == 0)
		is = have < length && !memcmp(whole, part, have);
	if (fd >= 0)
		close(fd);
	error_release(&ignored);
	talloc_free(turn);
	return is;
}

static int hash_of(struct mending *m, const char *path, char **blob,
		   struct error *err)
{
	char *complaint;
	int status = git_run(m->mem, m->repo,
			     GIT_ARGS("hash-object", "--", path), NULL, 0, blob,
			     NULL, &complaint, err);

	if (status < 0)
		return -1;
	if (status)
		*blob = NULL;
	else
		chomp(*blob);
	return 0;
}

/* Only what nobody but git can have made of it counts as done. */
static int judge(struct mending *m, struct change *c, struct error *err)
{
	char *path = talloc_asprintf(m->mem, "%s/%s", m->repo->top, c->path);
	struct stat st;
	char *blob;

	if (lstat(path, &st) < 0) {
		c->done = c->mine != NULL;
		return 0;
	}
	if (!S_ISREG(st.st_mode) || !c->theirs)
		return 0;
	if (hash_of(m, c->path, &blob, err) < 0)
		return -1;
	c->done = blob && (!c->mine || strcmp(blob, c->mine) != 0) &&
		  (!strcmp(blob, c->theirs) ||
		   is_beginning(m, path, c->theirs));
	return 0;
}

/* --- putting it back ------------------------------------------------------ */

static int put_back(struct mending *m, struct error *err)
{
	char *list = talloc_strdup(m->mem, ""), *out;
	size_t length = 0;

	for (struct change *c = m->by_path; c; c = c->hh.next) {
		size_t n = strlen(c->path) + 1;

		if (!c->done)
			continue;
		if (!c->mine) {
			unlink(talloc_asprintf(m->mem, "%s/%s", m->repo->top,
					       c->path));
			continue;
		}
		list = talloc_realloc(m->mem, list, char,
				      (unsigned)(length + n));
		memcpy(list + length, c->path, n);
		length += n;
	}
	if (!length)
		return 0;
	return git_must(m->mem, m->repo,
			GIT_ARGS("checkout-index", "-f", "-z", "--stdin"), list,
			length, &out, NULL, "put files back", err);
}

static int mend_files(TALLOC_CTX *mem, struct repo *repo, const char *other,
		      struct error *err)
{
	struct mending m = { .mem = mem, .repo = repo };
	int result = read_changes(&m, other, err);

	if (result == 0)
		result = leave_staged(&m, err);
	for (struct change *c = m.by_path; c && result == 0; c = c->hh.next)
		result = judge(&m, c, err);
	if (result == 0)
		result = put_back(&m, err);
	HASH_CLEAR(hh, m.by_path);
	return result;
}

int repo_mend_switch(struct repo *repo, const struct destination *to, bool over,
		     struct error *err)
{
	TALLOC_CTX *mem;
	int result;

	if (repo_is_at(repo, to))
		return 0;
	mem = talloc_new(NULL);
	result = see_to_locks(mem, repo, to, over, err) < 0 ||
				 mend_files(mem, repo, to->commit, err) < 0
			 ? -1
			 : 0;
	talloc_free(mem);
	return result;
}

int repo_undo_switch(struct repo *repo, const struct destination *to, bool over,
		     struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *lock = switch_locked(mem, repo, to);
	int result;

	if (lock && over && switch_has_left(repo, lock))
		unlink(lock);
	result = mend_files(mem, repo, to->commit, err);
	talloc_free(mem);
	return result;
}
