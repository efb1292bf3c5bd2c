#include "core/db/sqlite/internal.h"

#include "core/base/text.h"

/*
 * When SQLite's own locks on the file are taken and let go, by the clock. It
 * asks the operating system for them through a table of functions that belongs
 * to the open file, https://www.sqlite.org/c3ref/io_methods.html; ours has the
 * same functions, but for those of the locks, which also look at the clock.
 *
 * RESERVED, and WAL_WRITE_LOCK in WAL mode, keep other writers out. EXCLUSIVE
 * keeps readers out as well, from the time that changes no longer fit into
 * memory or are committed; while it is waited for, PENDING keeps those out who
 * come later. In WAL mode readers never wait.
 */

/* The first byte of those that are locked in shared memory,
   https://www.sqlite.org/walformat.html#locks */
#define WAL_WRITE_BYTE 0

static struct lock_clock *clock_of(sqlite3_file *file)
{
	return (struct lock_clock *)(uintptr_t)file->pMethods;
}

static bool is_held(const struct lock_span *span)
{
	return span->got_us && !span->until_us;
}

static struct lock_span got(int64_t asked_us)
{
	return (struct lock_span){ .asked_us = asked_us,
				   .got_us = clock_mono_us() };
}

static void let_go(struct lock_span *span, int64_t releasing_us)
{
	if (!is_held(span))
		return;
	span->releasing_us = releasing_us;
	span->until_us = clock_mono_us();
}

static void got_exclusive(struct lock_clock *c, int64_t asked)
{
	c->exclusive = got(asked);
	if (is_held(&c->pending)) {
		c->exclusive.waited_us = asked - c->pending.asked_us;
		let_go(&c->pending, asked);
	}
}

static void refused_exclusive(struct lock_clock *c, sqlite3_file *file,
			      int64_t asked)
{
	int level = 0;

	c->real->xFileControl(file, SQLITE_FCNTL_LOCKSTATE, &level);
	if (level == SQLITE_LOCK_PENDING && !is_held(&c->pending))
		c->pending = got(asked);
}

static int on_lock(sqlite3_file *file, int level)
{
	struct lock_clock *c = clock_of(file);
	int64_t asked;
	int code;

	if (level < SQLITE_LOCK_RESERVED)
		return c->real->xLock(file, level);
	asked = clock_mono_us();
	code = c->real->xLock(file, level);
	if (level == SQLITE_LOCK_RESERVED && code == SQLITE_OK) {
		c->write = got(asked);
		c->write.waited_us = c->napped_us;
		c->wal = false;
	} else if (level == SQLITE_LOCK_EXCLUSIVE && code == SQLITE_OK) {
		got_exclusive(c, asked);
	} else if (level == SQLITE_LOCK_EXCLUSIVE) {
		refused_exclusive(c, file, asked);
	}
	return code;
}

static int on_unlock(sqlite3_file *file, int level)
{
	struct lock_clock *c = clock_of(file);
	int64_t releasing;
	int code;

	if (!is_held(&c->write) && !is_held(&c->exclusive) &&
	    !is_held(&c->pending))
		return c->real->xUnlock(file, level);
	releasing = clock_mono_us();
	code = c->real->xUnlock(file, level);
	let_go(&c->pending, releasing);
	let_go(&c->exclusive, releasing);
	if (!c->wal)
		let_go(&c->write, releasing);
	return code;
}

static int on_shared_lock(sqlite3_file *file, int offset, int count, int flags)
{
	struct lock_clock *c = clock_of(file);
	int64_t before;
	int code;

	if (offset != WAL_WRITE_BYTE || !(flags & SQLITE_SHM_EXCLUSIVE))
		return c->real->xShmLock(file, offset, count, flags);
	before = clock_mono_us();
	code = c->real->xShmLock(file, offset, count, flags);
	if (code == SQLITE_OK && (flags & SQLITE_SHM_LOCK)) {
		c->write = got(before);
		c->write.waited_us = c->napped_us;
		c->wal = true;
	} else if (code == SQLITE_OK && c->wal) {
		let_go(&c->write, before);
	}
	return code;
}

void sqlite_grip_start(struct sqlite *s)
{
	struct lock_clock *c = &s->clock;
	sqlite3_file *file = NULL;

	*c = (struct lock_clock){ .real = NULL };
	if (s->db.options.unobserved ||
	    sqlite3_file_control(s->handle, "main", SQLITE_FCNTL_FILE_POINTER,
				 &file) != SQLITE_OK ||
	    !file || !file->pMethods || file->pMethods->iVersion < 3)
		return;
	c->real = file->pMethods;
	c->methods = *c->real;
	c->methods.iVersion = 3; /* what the table has room for */
	c->methods.xLock = on_lock;
	c->methods.xUnlock = on_unlock;
	c->methods.xShmLock = on_shared_lock;
	file->pMethods = &c->methods;
}

void sqlite_grip_forget(struct sqlite *s)
{
	struct lock_clock *c = &s->clock;

	c->write = c->pending = c->exclusive = (struct lock_span){ 0 };
	c->napped_us = 0;
	s->rewrote = s->scanned = false;
	s->seen_before = -1;
}

/* --- what the facts say of it --------------------------------------------- */

static double ms(int64_t us)
{
	return us > 0 ? (double)us / 1000 : 0;
}

/* Of those that have ended the whole is known. */
static void finish(const struct sqlite *s, const struct lock_span *span,
		   struct fact_lock *l)
{
	l->held_ms = ms(span->until_us - span->asked_us);
	l->bound_ms += ms(span->until_us - span->releasing_us);
	l->rewrite = s->rewrote;
	l->scan = s->scanned;
}

static void tell(struct sqlite *s, struct lock_span *span, const char *mode,
		 int64_t statement_us, int statement)
{
	struct facts *facts = s->facts;
	struct fact_lock *l;

	if (!span->got_us || (span->told && span->told > facts->lock_count))
		return;
	if (!span->told) {
		l = facts_add_lock(facts, s->db.database, mode, span->asked_us);
		if (!l)
			return;
		l->bound_ms = ms(span->got_us - span->asked_us);
		l->waited_ms = ms(span->waited_us);
		/* BEGIN and COMMIT are no statements of the script */
		l->statement = span->asked_us >= statement_us ? statement : 0;
		span->told = facts->lock_count;
	}
	l = &facts->locks[span->told - 1];
	if (span->until_us && l->held_ms < 0)
		finish(s, span, l);
}

void sqlite_grip_tell(struct sqlite *s, int64_t statement_us, int statement)
{
	struct lock_clock *c = &s->clock;

	if (!s->facts)
		return;
	if (!c->real)
		facts_add_gap(s->facts, "SQLite's locks: its file does not "
					"tell of them");
	tell(s, &c->write, c->wal ? "WAL_WRITE_LOCK" : "RESERVED", statement_us,
	     statement);
	tell(s, &c->pending, "PENDING", statement_us, statement);
	tell(s, &c->exclusive, "EXCLUSIVE", statement_us, statement);
}
