#include "core/db/sqlite/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * SQLite's usual interface to the system, https://www.sqlite.org/vfs.html, but
 * for two things about a rollback journal that is kept: see
 * sqlite_keep_journal().
 *
 * It is opened anew for each transaction, and as SQLite may be creating it, it
 * flushes its folder each time. That is needed once. We do it when the journal
 * is new; as long as it is the same file it is opened without a word of
 * creating.
 *
 * And that it is emptied is not flushed. What SQLite writes to it next it
 * flushes before it touches the database.
 */
static sqlite3_vfs *usual;
static sqlite3_vfs ours;
/* The journal whose folder we have flushed; without a mask there is none. The
   number of a file that is gone may be another one's soon, its birth is not. */
static struct statx flushed;

static const sqlite3_io_methods *usual_methods; /* of a journal */
static sqlite3_io_methods our_methods;
static char *kept;		/* the path of the journal that is emptied */
static sqlite3_file *unflushed; /* that it is empty, and nothing else */

/* --- its folder ----------------------------------------------------------- */

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

/* --- that it is emptied --------------------------------------------------- */

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	int result = usual_methods->xTruncate(file, size);

	unflushed = result == SQLITE_OK && !size ? file : NULL;
	return result;
}

static int write_file(sqlite3_file *file, const void *data, int length,
		      sqlite3_int64 offset)
{
	unflushed = NULL;
	return usual_methods->xWrite(file, data, length, offset);
}

static int sync_file(sqlite3_file *file, int flags)
{
	bool needless = file == unflushed && kept;

	unflushed = NULL;
	return needless ? SQLITE_OK : usual_methods->xSync(file, flags);
}

static void watch(sqlite3_file *file, const char *path)
{
	unflushed = NULL;
	if (!kept || strcmp(path, kept) != 0)
		return;
	if (!usual_methods) {
		usual_methods = file->pMethods;
		our_methods = *usual_methods;
		our_methods.xTruncate = truncate_file;
		our_methods.xWrite = write_file;
		our_methods.xSync = sync_file;
	}
	if (file->pMethods == usual_methods)
		file->pMethods = &our_methods;
}

void sqlite_system_empties(const char *database)
{
	talloc_free(kept);
	kept = database ? talloc_asprintf(NULL, "%s-journal", database) : NULL;
}

/* --- opening it ----------------------------------------------------------- */

static int open_journal(const char *path, sqlite3_file *file, int flags,
			int *got)
{
	int result;

	if (is_flushed(path)) {
		result = usual->xOpen(usual, path, file,
				      flags & ~SQLITE_OPEN_CREATE, got);
		if (result == SQLITE_OK)
			return result;
	}
	result = usual->xOpen(usual, path, file, flags, got);
	if (result == SQLITE_OK)
		flush_folder(path);
	return result;
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
		     int flags, int *got)
{
	int result;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_MAIN_JOURNAL && flags & SQLITE_OPEN_CREATE))
		return usual->xOpen(usual, path, file, flags, got);
	result = open_journal(path, file, flags, got);
	if (result == SQLITE_OK)
		watch(file, path);
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
