#include "git/switch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"

/* --- what is locked ------------------------------------------------------- */

char *switch_index_path(TALLOC_CTX *mem, const struct repo *repo)
{
	const char *given = getenv("GIT_INDEX_FILE");

	return given ? talloc_strdup(mem, given)
		     : talloc_asprintf(mem, "%s/index", repo->git_dir);
}

static char *index_lock(TALLOC_CTX *mem, const struct repo *repo)
{
	return talloc_asprintf(mem, "%s.lock", switch_index_path(mem, repo));
}

static bool will_be_made(TALLOC_CTX *mem, struct repo *repo, const char *branch)
{
	struct error ignored = { 0 };
	char *commit = NULL,
	     *ref = talloc_asprintf(mem, "refs/heads/%s", branch);
	int result = repo_resolve(mem, repo, ref, &commit, &ignored);
	bool missing = result < 0 && ignored.code == ERROR_NOT_FOUND;

	error_release(&ignored);
	return missing;
}

char *switch_locked(TALLOC_CTX *mem, struct repo *repo,
		    const struct destination *to)
{
	char *locks[4];
	size_t n = 0;

	locks[n++] = index_lock(mem, repo);
	locks[n++] = talloc_asprintf(mem, "%s/HEAD.lock", repo->git_dir);
	if (to->branch && will_be_made(mem, repo, to->branch)) {
		locks[n++] = talloc_asprintf(mem, "%s/refs/heads/%s.lock",
					     repo->common_dir, to->branch);
		/* it gets an upstream */
		locks[n++] = talloc_asprintf(mem, "%s/config.lock",
					     repo->common_dir);
	}
	for (size_t i = 0; i < n; i++)
		if (access(locks[i], F_OK) == 0)
			return locks[i];
	return NULL;
}

char *switch_wait_for_locks(TALLOC_CTX *mem, struct repo *repo,
			    const struct destination *to, int wait_ms)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t until = clock_mono_us() + (int64_t)wait_ms * 1000;
	char *lock;

	while ((lock = switch_locked(mem, repo, to)) != NULL &&
	       clock_mono_us() < until)
		nanosleep(&pause, NULL);
	return lock;
}

char *switch_wait_for_index(TALLOC_CTX *mem, struct repo *repo)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t until = clock_mono_us() + SWITCH_LOCK_WAIT_MS * 1000;
	char *lock = index_lock(mem, repo);

	while (access(lock, F_OK) == 0) {
		if (clock_mono_us() > until)
			return lock;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

int switch_refuse_lock(TALLOC_CTX *mem, const char *lock, const char *what,
		       struct error *err)
{
	struct stat st;
	struct timespec now;
	double ms = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	if (lstat(lock, &st) == 0)
		ms = (double)(now.tv_sec - st.st_mtim.tv_sec) * 1e3 +
		     (double)(now.tv_nsec - st.st_mtim.tv_nsec) / 1e6;
	error_set(err, ERROR_BUSY,
		  "git would not %s: another git is at work, or has left its "
		  "lock %s ago: '%s'",
		  what, text_duration(mem, ms < 0 ? 0 : ms), lock);
	return error_hint(err, "if no git is at work here: rm '%s'", lock);
}

/* --- whose it is ---------------------------------------------------------- */

/*
 * A lock has no name in it, and its time does not tell a git switch that was
 * killed from somebody who commits since. But git tells its steps (trace2) in a
 * file: when the last that it told is one in which it has the index locked, a
 * lock that is as old as that file's last change is its own, because git makes
 * no lock where one is. Both times are the file system's.
 */

/* In a folder that is gone afterwards: what a hook of git switch has left
   running then finds nothing to write to. */
static char *trace_folder(TALLOC_CTX *mem, const struct repo *repo)
{
	return talloc_asprintf(mem, "%s/migrate/git-switch", repo->git_dir);
}

static char *trace_path(TALLOC_CTX *mem, const struct repo *repo)
{
	return talloc_asprintf(mem, "%s/migrate/git-switch/steps",
			       repo->git_dir);
}

/* Such a daemon would be git switch's child, and tell its steps for days. */
static bool starts_daemon(TALLOC_CTX *mem, struct repo *repo)
{
	struct error ignored = { 0 };
	char *out, *complaint;
	int status = git_run(mem, repo,
			     GIT_ARGS("config", "--get", "core.fsmonitor"),
			     NULL, 0, &out, NULL, &complaint, &ignored);

	error_release(&ignored);
	return status != 1;
}

const char *switch_trace_begin(TALLOC_CTX *mem, struct repo *repo)
{
	switch_trace_end(repo);
	if (getenv("GIT_TRACE2_PERF") || starts_daemon(mem, repo) ||
	    mkdir(trace_folder(mem, repo), 0777) < 0)
		return NULL;
	return talloc_asprintf(mem, "GIT_TRACE2_PERF=%s",
			       trace_path(mem, repo));
}

void switch_trace_end(struct repo *repo)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	unlink(trace_path(mem, repo));
	rmdir(trace_folder(mem, repo));
	talloc_free(mem);
}

enum column {
	DEPTH,
	THREAD,
	EVENT,
	REPO,
	TIME,
	SINCE,
	CATEGORY,
	TEXT,
	COLUMNS
};

/* "d0 | main | region_enter | r1 | 0.0007 | | unpack_trees | ..label:update" */
static bool split(char *line, char *columns[COLUMNS])
{
	size_t n = 0;

	for (char *at = line; at && n < COLUMNS; n++) {
		char *bar = n < TEXT ? strchr(at, '|') : NULL;
		size_t length;

		if (bar)
			*bar = '\0';
		at += strspn(at, " .");
		length = strlen(at);
		while (length && at[length - 1] == ' ')
			at[--length] = '\0';
		columns[n] = at;
		at = bar ? bar + 1 : NULL;
	}
	return n == COLUMNS;
}

/* git switch refreshes the index and reads the trees into it under its lock. */
static bool is_under_lock(char *columns[COLUMNS])
{
	return !strcmp(columns[EVENT], "region_enter") &&
	       (!strcmp(columns[CATEGORY], "unpack_trees") ||
		(!strcmp(columns[CATEGORY], "index") &&
		 !strcmp(columns[TEXT], "label:refresh")));
}

/* Once the index is written, or git is about to end, the lock may be gone. */
static bool may_unlock(char *columns[COLUMNS])
{
	static const char *const ends[] = { "signal", "error", "exit",
					    "atexit" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(columns[EVENT], ends[i]))
			return true;
	return !strcmp(columns[EVENT], "region_leave") &&
	       !strncmp(columns[TEXT], "label:do_write_index",
			strlen("label:do_write_index"));
}

/* What another process has told last, a filter of git's, may have been told
   after git was killed. */
static bool ends_locked(char *steps)
{
	char *line, *columns[COLUMNS];
	const char *depth = NULL;
	bool locked = false, over = false, last = false;

	while ((line = strsep(&steps, "\n")) != NULL) {
		if (!*line)
			continue;
		last = steps && split(line, columns);
		if (last && !depth)
			depth = columns[DEPTH];
		last = last && !strcmp(columns[DEPTH], depth);
		if (!last)
			continue;
		locked = locked || is_under_lock(columns);
		over = over || may_unlock(columns);
	}
	return locked && !over && last;
}

static bool is_before(struct statx_timestamp a, struct statx_timestamp b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec
				    : a.tv_nsec <= b.tv_nsec;
}

bool switch_has_left(struct repo *repo, const char *lock)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	struct statx made, told;
	char *steps = NULL;
	size_t length;
	int fd = open(trace_path(mem, repo), O_RDONLY | O_CLOEXEC);
	bool has = fd >= 0 && !strcmp(lock, index_lock(mem, repo)) &&
		   statx(AT_FDCWD, lock, AT_SYMLINK_NOFOLLOW, STATX_BTIME,
			 &made) == 0 &&
		   (made.stx_mask & STATX_BTIME) &&
		   statx(fd, "", AT_EMPTY_PATH, STATX_MTIME, &told) == 0 &&
		   is_before(made.stx_btime, told.stx_mtime) &&
		   process_read_all(mem, fd, &steps, &length, &ignored) == 0 &&
		   ends_locked(steps);

	if (fd >= 0)
		close(fd);
	error_release(&ignored);
	talloc_free(mem);
	return has;
}
