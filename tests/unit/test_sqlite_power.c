/*
 * What a power failure leaves of a SQLite database: all that was written since
 * a file was last flushed may be missing, from any write on, or one write of
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/lazy.h"
#include "lazy/sqlite.h"
#include "tests/unit/sqlite_bed.h"

/* --- taking down all that goes to the disk -------------------------------- */

enum what { WRITE, TRUNCATE, FLUSH, MAKE, REMOVE, COMMITTED };
enum which { DATABASE, JOURNAL, FILES };

struct step {
	enum what what;
	enum which which;
	int64_t at; /* where, or the new size */
	int length;
	unsigned char *data;
};

static struct {
	bool on;
	struct step *list;
	size_t count;
	int flushes;
} disk;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs recorder;
static const sqlite3_io_methods *real[FILES];
static sqlite3_io_methods recording[FILES];

static struct step *add(enum what what, enum which which)
{
	disk.list = talloc_realloc(NULL, disk.list, struct step,
				   (unsigned)disk.count + 1);
	disk.list[disk.count] = (struct step){ .what = what, .which = which };
	return &disk.list[disk.count++];
}

static int record_write(enum which which, sqlite3_file *file, const void *data,
			int length, sqlite3_int64 at)
{
	struct step *step;

	if (disk.on) {
		step = add(WRITE, which);
		step->at = at;
		step->length = length;
		step->data = talloc_memdup(disk.list, data, (size_t)length);
	}
	return real[which]->xWrite(file, data, length, at);
}

static int record_truncate(enum which which, sqlite3_file *file,
			   sqlite3_int64 size)
{
	if (disk.on)
		add(TRUNCATE, which)->at = size;
	return real[which]->xTruncate(file, size);
}

static int record_flush(enum which which, sqlite3_file *file, int flags)
{
	if (disk.on)
		add(FLUSH, which);
	disk.flushes++;
	return real[which]->xSync(file, flags);
}

/* SQLite does not say which of its files it is. */
#define METHODS(which, suffix)                                                 \
	static int write_##suffix(sqlite3_file *file, const void *data,        \
				  int length, sqlite3_int64 at)                \
	{                                                                      \
		return record_write(which, file, data, length, at);            \
	}                                                                      \
	static int truncate_##suffix(sqlite3_file *file, sqlite3_int64 size)   \
	{                                                                      \
		return record_truncate(which, file, size);                     \
	}                                                                      \
	static int flush_##suffix(sqlite3_file *file, int flags)               \
	{                                                                      \
		return record_flush(which, file, flags);                       \
	}                                                                      \
	static void record_##suffix(sqlite3_file *file)                        \
	{                                                                      \
		real[which] = file->pMethods;                                  \
		recording[which] = *file->pMethods;                            \
		recording[which].xWrite = write_##suffix;                      \
		recording[which].xTruncate = truncate_##suffix;                \
		recording[which].xSync = flush_##suffix;                       \
		file->pMethods = &recording[which];                            \
	}

METHODS(DATABASE, database)
METHODS(JOURNAL, journal)

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
		     int flags, int *got)
{
	bool is_new = path && access(path, F_OK) < 0;
	int result = system_vfs->xOpen(system_vfs, path, file, flags, got);

	(void)vfs;
	if (result != SQLITE_OK)
		return result;
	if (flags & SQLITE_OPEN_MAIN_DB)
		record_database(file);
	if (flags & SQLITE_OPEN_MAIN_JOURNAL) {
		record_journal(file);
		if (disk.on && is_new)
			add(MAKE, JOURNAL);
	}
	return result;
}

static int remove_file(sqlite3_vfs *vfs, const char *path, int flush)
{
	(void)vfs;
	if (disk.on && strstr(path, "-journal"))
		add(REMOVE, JOURNAL);
	return system_vfs->xDelete(system_vfs, path, flush);
}

static int set_up_recorder(void **state)
{
	struct error err = { 0 };

	(void)state;
	if (lazy_sqlite_load(&err) < 0)
		return -1;
	system_vfs = sqlite3_vfs_find(NULL);
	recorder = *system_vfs;
	recorder.zName = "recorder";
	recorder.xOpen = open_file;
	recorder.xDelete = remove_file;
	return sqlite3_vfs_register(&recorder, 1);
}

static void start_recording(void)
{
	TALLOC_FREE(disk.list);
	disk.count = 0;
	disk.on = true;
}

/* --- what a power failure leaves ------------------------------------------ */

struct image {
	unsigned char *data;
	int64_t size;
	bool is_there;
};

static void grow(struct image *image, int64_t size)
{
	if (size > image->size) {
		image->data = talloc_realloc(NULL, image->data, unsigned char,
					     (unsigned)size);
		memset(image->data + image->size, 0,
		       (size_t)(size - image->size));
	}
	image->size = size;
}

static void apply(struct image *image, const struct step *step)
{
	switch (step->what) {
	case WRITE:
		if (step->at + step->length > image->size)
			grow(image, step->at + step->length);
		memcpy(image->data + step->at, step->data,
		       (size_t)step->length);
		break;
	case TRUNCATE:
		grow(image, step->at);
		break;
	case MAKE:
		image->is_there = true;
		image->size = 0;
		break;
	case REMOVE:
		image->is_there = false;
		break;
	default:
		break;
	}
}

/* How many steps of the file before `end` were not flushed. */
static size_t count_unflushed(enum which which, size_t end)
{
	size_t count = 0;

	for (size_t i = 0; i < end; i++)
		if (disk.list[i].which == which &&
		    disk.list[i].what != COMMITTED)
			count = disk.list[i].what == FLUSH ||
						disk.list[i].what == MAKE
					? 0
					: count + 1;
	return count;
}

/*
 * As the file is when of the `unflushed` last steps before `end` only the first
 * `kept` are on the disk, less number `lost`: a write only, as what a file
 * system notes of a file comes in its order.
 */
static void make_image(struct image *image, const struct image *first,
		       enum which which, size_t end, size_t kept, size_t lost)
{
	size_t unflushed = count_unflushed(which, end), all = 0, n = 0;

	image->size = 0;
	grow(image, first->size);
	if (first->size)
		memcpy(image->data, first->data, (size_t)first->size);
	image->is_there = first->is_there;
	for (size_t i = 0; i < end; i++)
		all += disk.list[i].which == which &&
		       disk.list[i].what != COMMITTED;
	for (size_t i = 0; i < end; i++) {
		const struct step *step = &disk.list[i];
		size_t late;

		if (step->which != which || step->what == COMMITTED)
			continue;
		late = n + unflushed >= all ? n + unflushed - all + 1 : 0;
		n++;
		if (late > kept ||
		    (late && late == lost && step->what == WRITE))
			continue;
		apply(image, step);
	}
}

static void read_image(struct image *image, const char *path)
{
	FILE *file = fopen(path, "rb");

	image->is_there = file != NULL;
	if (!file)
		return;
	fseek(file, 0, SEEK_END);
	grow(image, ftell(file));
	rewind(file);
	assert_int_equal(fread(image->data, 1, (size_t)image->size, file),
			 image->size);
	fclose(file);
}

static void write_image(const struct image *image, const char *path)
{
	FILE *file;

	unlink(path);
	if (!image->is_there)
		return;
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(image->data, 1, (size_t)image->size, file),
			 image->size);
	fclose(file);
}

static int take_number(void *data, int count, char **values, char **names)
{
	(void)count;
	(void)names;
	*(int *)data = values[0] && strcmp(values[0], "ok") != 0
			       ? atoi(values[0])
			       : -1;
	return 0;
}

/* The one number that it answers with; -1: ok. */
static int ask(sqlite3 *handle, const char *sql)
{
	int number = -2;

	assert_int_equal(sqlite3_exec(handle, sql, take_number, &number, NULL),
			 SQLITE_OK);
	return number;
}

/* How many of the transactions are there: each of them whole. */
static int recover(struct bed *p)
{
	sqlite3 *handle;
	int count;

	assert_int_equal(sqlite3_open_v2(bed_path(p, "left.db"), &handle,
					 SQLITE_OPEN_READWRITE, "unix"),
			 SQLITE_OK);
	assert_int_equal(ask(handle, "PRAGMA integrity_check"), -1);
	count = ask(handle, "SELECT count(*) FROM t");
	assert_int_equal(ask(handle, "SELECT count(*) FROM sqlite_schema "
				     "WHERE name LIKE 'made_'"),
			 count);
	assert_int_equal(ask(handle,
			     "SELECT total(n) FROM (SELECT count(*) AS n "
			     "FROM filler GROUP BY turn HAVING n = "
			     "40)"),
			 40 * count);
	sqlite3_close_v2(handle);
	return count;
}

struct failure {
	struct bed *p;
	const struct image *first;
	struct image now[FILES];
	int committed, undone, tried;
};

static void try_one(struct failure *f)
{
	int count;

	write_image(&f->now[DATABASE], bed_path(f->p, "left.db"));
	write_image(&f->now[JOURNAL], bed_path(f->p, "left.db-journal"));
	count = recover(f->p);
	assert_in_range(count, f->committed ? f->committed - 1 : 0,
			f->committed + 1);
	f->undone += count < f->committed;
	f->tried++;
}

/* At that moment, with all that the disk may have of it by then. */
static void fail_at(struct failure *f, size_t end)
{
	size_t of_database = count_unflushed(DATABASE, end);
	size_t of_journal = count_unflushed(JOURNAL, end);

	for (size_t d = 0; d <= of_database; d++)
		for (size_t j = 0; j <= of_journal; j++)
			for (size_t lost = 0; lost <= (j ? j - 1 : 0); lost++) {
				make_image(&f->now[DATABASE],
					   &f->first[DATABASE], DATABASE, end,
					   d, 0);
				make_image(&f->now[JOURNAL], &f->first[JOURNAL],
					   JOURNAL, end, j, lost);
				try_one(f);
			}
}

static void run_recorded(struct bed *p, struct db *db, int transactions)
{
	for (int n = 1; n <= transactions; n++) {
		char *text = talloc_asprintf(
			p,
			"CREATE TABLE made%d (a);"
			"INSERT INTO t VALUES (%d);"
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT "
			"i + 1 FROM n LIMIT 40) INSERT INTO filler SELECT %d, "
			"printf('%%.200c', 'x') FROM n",
			n, n, n);

		bed_runs(p, db, text);
		add(COMMITTED, FILES);
	}
}

static void prepare(struct bed *p, struct db **db)
{
	*db = bed_open(p, "a.db");
	bed_prepare(p, *db,
		    "CREATE TABLE t (a); CREATE TABLE filler (turn, text)");
	assert_int_equal(sqlite->lock(*db, &p->err), 0);
}

static void survives_a_power_failure_at_any_moment(void **state)
{
	struct bed *p = *state;
	struct image first[FILES] = { 0 };
	struct failure f = { .p = p, .first = first };
	struct db *db;

	prepare(p, &db);
	read_image(&first[DATABASE], bed_path(p, "a.db"));
	start_recording();
	run_recorded(p, db, 3);
	disk.on = false;
	for (size_t end = 0; end <= disk.count; end++) {
		if (end && disk.list[end - 1].what == COMMITTED)
			f.committed++;
		fail_at(&f, end);
	}
	assert_int_equal(f.committed, 3);
	assert_true(f.tried > 500);
	/* as is so where a journal is removed, unless synchronous = EXTRA */
	assert_true(f.undone > 0);
	assert_int_equal(sqlite->unlock(db, &p->err), 0);
}

/* --- what a commit flushes ------------------------------------------------ */

static int flushes_of(struct bed *p, struct db *db, const char *text)
{
	int before = disk.flushes;

	bed_runs(p, db, text);
	return disk.flushes - before;
}

static void flushes_as_much_as_the_setting_asks_for(void **state)
{
	struct bed *p = *state;
	struct db *db;

	prepare(p, &db);
	bed_runs(p, db, "INSERT INTO t VALUES (1)");
	/* the journal, the same with its length, the database */
	assert_int_equal(flushes_of(p, db, "INSERT INTO t VALUES (2)"), 3);
	/* ... and that the journal is empty */
	assert_int_equal(flushes_of(p, db,
				    "PRAGMA synchronous = EXTRA;"
				    "INSERT INTO t VALUES (3)"),
			 4);
	/* that was the script's own */
	assert_int_equal(flushes_of(p, db, "INSERT INTO t VALUES (4)"), 3);
	/* the journal, the database */
	assert_int_equal(flushes_of(p, db,
				    "PRAGMA synchronous = NORMAL;"
				    "INSERT INTO t VALUES (5)"),
			 2);
	assert_int_equal(sqlite->unlock(db, &p->err), 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(survives_a_power_failure_at_any_moment),
		TEST(flushes_as_much_as_the_setting_asks_for),
	};

	return cmocka_run_group_tests_name("sqlite power", tests,
					   set_up_recorder, NULL);
}
