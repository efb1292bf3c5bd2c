#include "core/db/sqlite/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Folders of scratch databases. The program that made one holds a lock on a
 * file in it for as long as it lives, however it dies: a folder whose file
 * nobody has locked is left over.
 */

#define PREFIX "git-migrate-"
#define OWNER "owner"
/* Without that file it is being made just now, or it was a file system that
   knows no locks. */
#define OLD_SECONDS (24 * 60 * 60)

static void remove_folder(const char *folder)
{
	static const char *const names[] = { "scratch.db", "scratch.db-wal",
					     "scratch.db-shm",
					     "scratch.db-journal", OWNER };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = talloc_asprintf(NULL, "%s/%s", folder, names[i]);

		unlink(path);
		talloc_free(path);
	}
	rmdir(folder);
}

static bool is_old(const struct stat *st)
{
	return time(NULL) - st->st_mtime > OLD_SECONDS;
}

/* Whether it is ours to remove, and nobody's to use. *owner keeps out whoever
   else looks at it now. */
static bool is_left_over(const char *folder, int *owner)
{
	char *path;
	struct stat st;

	*owner = -1;
	if (lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		return false;
	path = talloc_asprintf(NULL, "%s/" OWNER, folder);
	*owner = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	talloc_free(path);
	if (*owner < 0)
		return errno == ENOENT && is_old(&st);
	return flock(*owner, LOCK_EX | LOCK_NB) == 0;
}

static bool is_name(const char *name)
{
	size_t length = strlen(PREFIX "XXXXXX");

	return !strncmp(name, PREFIX, strlen(PREFIX)) &&
	       strlen(name) == length && !strchr(name + strlen(PREFIX), '-');
}

void sqlite_folder_clean(const char *parent)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		char *folder;
		int owner;

		if (!is_name(entry->d_name))
			continue;
		folder = talloc_asprintf(NULL, "%s/%s", parent, entry->d_name);
		if (is_left_over(folder, &owner))
			remove_folder(folder);
		if (owner >= 0)
			close(owner);
		talloc_free(folder);
	}
	if (dir)
		closedir(dir);
}

/* Somebody may have taken the file for a left-over one just before it was
   locked; then the lock is on what is there no more. */
static int own(const char *folder)
{
	char *path = talloc_asprintf(NULL, "%s/" OWNER, folder);
	int owner = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	talloc_free(path);
	if (owner < 0)
		return -1;
	if ((flock(owner, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    fstat(owner, &st) == 0 && st.st_nlink)
		return owner;
	close(owner);
	return -1;
}

char *sqlite_folder_make(TALLOC_CTX *mem, const char *parent, int *owner,
			 struct error *err)
{
	char *folder = NULL;

	for (int tries = 0; tries < 10; tries++) {
		talloc_free(folder);
		folder = talloc_asprintf(mem, "%s/" PREFIX "XXXXXX", parent);
		if (!mkdtemp(folder))
			break;
		*owner = own(folder);
		if (*owner >= 0)
			return folder;
	}
	error_set(err, ERROR_FAILED,
		  "unable to create a scratch database in '%s': %s", parent,
		  strerror(errno));
	return NULL;
}

void sqlite_folder_remove(const char *folder, int owner)
{
	remove_folder(folder);
	if (owner >= 0)
		close(owner);
}
