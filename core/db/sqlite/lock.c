#include "core/db/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

/*
 * SQLite's own locks last for a transaction; a run is made of many. So a run
 * holds a lock of its own on the file, on a byte far behind all that SQLite
 * locks or writes, https://www.sqlite.org/src/doc/trunk/src/os.h. It is a lock
 * of the open file, which ends with the process, however that ends. The file
 * is closed after SQLite has closed it: closing it earlier would take SQLite's
 * own locks away, https://www.sqlite.org/howtocorrupt.html.
 */
#define LOCKED_BYTE ((off_t)1 << 62)

static int set_lock(struct sqlite *s, short type)
{
	struct flock lock = { .l_type = type,
			      .l_whence = SEEK_SET,
			      .l_start = LOCKED_BYTE,
			      .l_len = 1 };

	return fcntl(s->lock_file, F_OFD_SETLK, &lock);
}

static int open_file(struct sqlite *s, struct error *err)
{
	if (s->lock_file >= 0)
		return 0;
	s->lock_file = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (s->lock_file >= 0)
		return 0;
	return error_set(err, ERROR_CONNECTION,
			 "unable to lock database '%s': %s", s->db.database,
			 strerror(errno));
}

static int busy(struct sqlite *s, struct error *err)
{
	if (s->interrupted) {
		s->interrupted = false;
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	}
	error_set(err, ERROR_BUSY, "another run on '%s' is not done yet",
		  s->db.label);
	return error_hint(err, "wait longer for it: --wait DURATION");
}

int sqlite_lock(struct db *db, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	int result;

	if (sqlite_make(s, err) < 0 || open_file(s, err) < 0)
		return -1;
	s->waiting_for = "another run";
	for (int tries = 0; (result = set_lock(s, F_WRLCK)) < 0; tries++)
		if ((errno != EAGAIN && errno != EACCES) ||
		    !sqlite_wait(s, tries))
			break;
	s->waiting_for = s->lock_words;
	if (result == 0) {
		sqlite_keep_journal(s);
		return 0;
	}
	if (errno == EAGAIN || errno == EACCES || s->interrupted)
		return busy(s, err);
	return error_set(err, ERROR_CONNECTION,
			 "unable to lock database '%s': %s", s->db.database,
			 strerror(errno));
}

int sqlite_unlock(struct db *db, struct error *err)
{
	struct sqlite *s = sqlite_of(db);

	(void)err;
	sqlite_let_journal_go(s);
	if (s->lock_file >= 0)
		set_lock(s, F_UNLCK);
	return 0;
}

/* Which process has it the system does not say of such a lock. */
int sqlite_lock_holder(TALLOC_CTX *mem, struct db *db, struct db_holder *holder,
		       struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	struct flock lock = { .l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = LOCKED_BYTE,
			      .l_len = 1 };

	(void)err;
	/* where the lock was asked for it is ours, or nobody cares */
	if (s->lock_file >= 0)
		return 0;
	if (s->look_file < 0)
		s->look_file = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->look_file >= 0 && fcntl(s->look_file, F_OFD_GETLK, &lock) == 0 &&
	    lock.l_type != F_UNLCK)
		holder->text = talloc_strdup(mem, "another process");
	return 0;
}
