#include "core/db/sqlite/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int take_mode(void *data, int count, char **values, char **names)
{
	(void)names;
	*(bool *)data = count == 1 && values[0] &&
			strcmp(values[0], "delete") == 0;
	return 0;
}

/*
 * A run of many transactions would make and remove the rollback journal once a
 * migration, and flush the folder each time. Where it is removed it is emptied
 * instead, as long as the run lasts: that is as durable, takes a third off the
 * time of small migrations, and any other program reads it right,
 * https://www.sqlite.org/pragma.html#pragma_journal_mode. Best effort, as a
 * database in use may not let its mode be changed.
 */
void sqlite_keep_journal(struct sqlite *s)
{
	bool is_removed = false;

	sqlite3_exec(s->handle, "PRAGMA main.journal_mode", take_mode,
		     &is_removed, NULL);
	if (is_removed)
		sqlite3_exec(s->handle,
			     "PRAGMA main.journal_mode = PERSIST; "
			     "PRAGMA main.journal_size_limit = 1048576",
			     NULL, NULL, NULL);
	s->keeps_journal = is_removed;
}

/* This removes it, too. */
void sqlite_let_journal_go(struct sqlite *s)
{
	if (s->keeps_journal && s->handle)
		sqlite3_exec(s->handle,
			     "PRAGMA main.journal_mode = DELETE; "
			     "PRAGMA main.journal_size_limit = -1",
			     NULL, NULL, NULL);
	s->keeps_journal = false;
}

/*
 * SQLite opens a kept journal anew for each transaction, and as it may be
 * creating it, flushes its folder each time, https://www.sqlite.org/vfs.html.
 * That is needed once. We do it when the journal is new; as long as it is the
 * same file it is opened without a word of creating, and nothing else of the
 * usual interface to the system is changed.
 */
static sqlite3_vfs *usual;
static sqlite3_vfs ours;
/* The journal whose folder we have flushed; without a mask there is none. The
   number of a file that is gone may be another one's soon, its birth is not. */
static struct statx flushed;

static bool look_at(const char *path, struct statx *st)
{
	memset(st, 0, sizeof(*st));
	return statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, st) == 0;
}

static bool is_flushed(const char *path)
{
	struct statx st;

	return flushed.stx_mask && look_at(path, &st) &&
	       st.stx_ino == flushed.stx_ino &&
	       st.stx_dev_major == flushed.stx_dev_major &&
	       st.stx_dev_minor == flushed.stx_dev_minor &&
	       st.stx_btime.tv_sec == flushed.stx_btime.tv_sec &&
	       st.stx_btime.tv_nsec == flushed.stx_btime.tv_nsec;
}

static void flush_folder(const char *path)
{
	char *folder = talloc_strdup(NULL, path);
	char *slash = strrchr(folder, '/');
	int fd;

	if (slash)
		slash[slash == folder] = '\0';
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || !look_at(path, &flushed))
		flushed.stx_mask = 0;
	if (fd >= 0)
		close(fd);
	talloc_free(folder);
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
		     int flags, int *got)
{
	bool journal = flags & SQLITE_OPEN_MAIN_JOURNAL &&
		       flags & SQLITE_OPEN_CREATE;
	int result;

	(void)vfs;
	if (journal && is_flushed(path) &&
	    usual->xOpen(usual, path, file, flags & ~SQLITE_OPEN_CREATE, got) ==
		    SQLITE_OK)
		return SQLITE_OK;
	result = usual->xOpen(usual, path, file, flags, got);
	if (journal && result == SQLITE_OK)
		flush_folder(path);
	return result;
}

const char *sqlite_system(void)
{
	if (!usual) {
		usual = sqlite3_vfs_find(NULL);
		ours = *usual;
		ours.zName = "git-migrate";
		ours.pNext = NULL;
		ours.xOpen = open_file;
		sqlite3_vfs_register(&ours, 0);
	}
	return ours.zName;
}
