#include "core/run/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"

#define CHUNK ((size_t)256 * 1024)

static int file_error(const char *what, const char *path, struct error *err)
{
	return error_set(err, ERROR_FAILED, "unable to %s '%s': %s", what, path,
			 strerror(errno));
}

static void say(const struct backuper *b, const char *what)
{
	if (b->stage)
		b->stage(what, b->data);
}

const char *backup_host(TALLOC_CTX *mem)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) < 0)
		*name = '\0';
	return talloc_strdup(mem, name);
}

/* --- the file ------------------------------------------------------------- */

/* Its length and SHA-256, read from the disk again. */
static int checksum(TALLOC_CTX *mem, struct db *db, const char *path,
		    int64_t *bytes, const char **text, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char hex[SHA256_DIGEST_STRING_LENGTH];
	char *buffer;
	SHA2_CTX hash;
	ssize_t n;

	if (fd < 0)
		return file_error("read", path, err);
	buffer = talloc_size(NULL, CHUNK);
	SHA256Init(&hash);
	*bytes = 0;
	while ((n = read(fd, buffer, CHUNK)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0) {
			SHA256Update(&hash, (uint8_t *)buffer, (size_t)n);
			*bytes += n;
		}
		if (db->options.tick &&
		    db->options.tick(NULL, db->options.tick_data))
			break;
	}
	talloc_free(buffer);
	if (n < 0)
		file_error("read", path, err);
	close(fd);
	if (n < 0)
		return -1;
	if (n > 0)
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	*text = talloc_strdup(mem, SHA256End(&hash, hex));
	return 0;
}

static char *folder_of(TALLOC_CTX *mem, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path
		       ? talloc_strdup(mem, "/")
		       : talloc_strndup(mem, path, (size_t)(slash - path));
}

/* The folder of a path is there; ERROR_REFUSED when the file is, too. */
static int check_path(const char *path, struct error *err)
{
	char *folder = folder_of(NULL, path);
	struct stat st;
	int result = 0;

	if (lstat(path, &st) == 0) {
		error_set(err, ERROR_REFUSED, "'%s' is there already", path);
		result = error_hint(err, "name another file: --to PATH");
	} else if (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode)) {
		result = error_set(err, ERROR_FAILED,
				   "there is no folder '%s' for the backup",
				   folder);
	}
	talloc_free(folder);
	return result;
}

/* Its own name until it is complete; mkstemp() makes it 0600. */
static char *make_temporary(TALLOC_CTX *mem, const char *path,
			    struct error *err)
{
	const char *name = strrchr(path, '/') + 1;
	char *temporary = talloc_asprintf(mem, "%.*s.%s.XXXXXX",
					  (int)(name - path), path, name);
	int fd = mkostemp(temporary, O_CLOEXEC);

	if (fd < 0) {
		file_error("create", temporary, err);
		return NULL;
	}
	close(fd);
	return temporary;
}

static int sync_path(const char *path, int flags, struct error *err)
{
	int fd = open(path, flags | O_CLOEXEC);
	int result = fd < 0 || fsync(fd) < 0 ? -1 : 0;

	if (result < 0)
		file_error("write", path, err);
	if (fd >= 0)
		close(fd);
	return result;
}

/* link() never replaces what is there; where a file system has none, the name
   was free a moment ago. */
static int move_into_place(const char *temporary, const char *path,
			   struct error *err)
{
	char *folder = folder_of(NULL, path);
	int result = link(temporary, path);

	if (result == 0)
		unlink(temporary);
	else if (errno == EEXIST)
		result = check_path(path, err);
	else if (check_path(path, err) == 0)
		result = rename(temporary, path) < 0
				 ? file_error("create", path, err)
				 : 0;
	if (result == 0)
		result = sync_path(folder, O_RDONLY | O_DIRECTORY, err);
	talloc_free(folder);
	return result;
}

/* --- verifying ------------------------------------------------------------ */

/* What is found wrong is an answer, and no accident. */
static int refuse(const char *why, const char *what, struct error *err)
{
	error_set(err, ERROR_REFUSED, "%s", why);
	return error_detail(err, "%s", what);
}

static char *schema_differences(TALLOC_CTX *mem, const struct catalog *expected,
				const struct catalog *found)
{
	size_t count;
	struct difference *list = catalog_compare(mem, expected, found, &count);
	char *lines = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct difference *d = &list[i];
		char *line;

		if (d->order_only)
			continue;
		line = talloc_asprintf(mem, "%s %s %s", d->kind, d->name,
				       !d->after    ? "is missing"
				       : !d->before ? "was not in the database"
						    : "is another one");
		if (d->before && d->after)
			line = talloc_asprintf(mem,
					       "%s: %s, the database "
					       "had: %s",
					       line, d->after, d->before);
		lines = lines ? talloc_asprintf(mem, "%s\n%s", lines, line)
			      : line;
	}
	return lines;
}

/* `catalog` may be NULL: then the fingerprint decides. */
static int compare(TALLOC_CTX *mem, struct db *scratch,
		   const struct backup *backup, const struct catalog *catalog,
		   struct error *err)
{
	struct db_contents *contents;
	struct catalog *found;
	char *lines = NULL, *rows;

	if (scratch->engine->catalog(mem, scratch, &found, err) < 0 ||
	    scratch->engine->contents(mem, scratch, &contents, err) < 0)
		return -1;
	if (catalog)
		lines = schema_differences(mem, catalog, found);
	else if (strcmp(catalog_fingerprint(mem, found), backup->fingerprint) !=
		 0)
		lines = talloc_strdup(mem, "the schema is another one");
	rows = contents_compare(mem, backup->contents, contents);
	if (lines && rows)
		lines = talloc_asprintf(mem, "%s\n%s", lines, rows);
	if (!lines)
		lines = rows;
	if (!lines)
		return 0;
	refuse("it does not hold what the database held", lines, err);
	if (!backup->exact)
		error_hint(err, "the tables were in use, so that what stood in "
				"them could not be looked at in the very same "
				"moment: try again when less is written");
	return -1;
}

static int restore_and_compare(const struct backuper *b, const char *path,
			       const struct backup *backup,
			       const struct catalog *catalog, struct error *err)
{
	const struct db_engine *engine = b->db->engine;
	TALLOC_CTX *mem = talloc_new(NULL);
	struct db *scratch = NULL;
	int result;

	say(b, "restoring");
	result = engine->scratch(mem, b->db, b->scratch_url, &scratch, err);
	if (result == 0)
		result = engine->restore(scratch, path, err);
	if (result == 0) {
		say(b, "comparing");
		result = compare(mem, scratch, backup, catalog, err);
	}
	talloc_free(mem);
	if (result < 0 && err->code == ERROR_REFUSED)
		error_prefix(err, "backup '%s' is not accepted", backup->path);
	return result;
}

static void note_outcome(const struct backuper *b, struct backup *backup,
			 int64_t started_us, const struct error *failure)
{
	char *why = NULL;

	backup->verified_by = talloc_strdup(backup, b->identity);
	backup->verify_ms = (double)(clock_mono_us() - started_us) / 1000;
	backup->verified_at = NULL;
	backup->failure = NULL;
	if (!failure) {
		backup->verified_at = text_time(backup, clock_wall_us());
		return;
	}
	why = talloc_strdup(backup, failure->message);
	if (failure->detail)
		why = talloc_asprintf_append(why, "\n%s", failure->detail);
	backup->failure = why;
}

/* In which of our own statements it came is of no interest. */
static void plain_interruption(struct error *err)
{
	if (err->code != ERROR_INTERRUPTED)
		return;
	error_release(err);
	error_set(err, ERROR_INTERRUPTED, "interrupted");
}

/* --- taking --------------------------------------------------------------- */

/* Everything up to the file under its temporary name. */
static int write_file(const struct backuper *b, struct backup *backup,
		      const char *temporary, struct catalog **catalog,
		      struct error *err)
{
	int64_t started = clock_mono_us();
	struct db_snapshot snapshot = { 0 };

	say(b, "dumping");
	if (b->db->engine->backup(backup, b->db, temporary, &snapshot, err) < 0)
		return -1;
	if (sync_path(temporary, O_RDONLY, err) < 0 ||
	    checksum(backup, b->db, temporary, &backup->bytes,
		     &backup->checksum, err) < 0)
		return -1;
	backup->duration_ms = (double)(clock_mono_us() - started) / 1000;
	backup->program = snapshot.program;
	backup->exact = snapshot.exact;
	backup->contents = snapshot.contents;
	backup->fingerprint = catalog_fingerprint(backup, snapshot.catalog);
	*catalog = snapshot.catalog;
	return 0;
}

static int write_and_record(const struct backuper *b, struct backup *backup,
			    const char *temporary, bool verify,
			    struct error *err)
{
	struct catalog *catalog;
	int64_t started;

	if (write_file(b, backup, temporary, &catalog, err) < 0)
		return -1;
	started = clock_mono_us();
	if (verify) {
		if (restore_and_compare(b, temporary, backup, catalog, err) < 0)
			return -1;
		note_outcome(b, backup, started, NULL);
	}
	if (backups_create(b->db, err) < 0 ||
	    move_into_place(temporary, backup->path, err) < 0)
		return -1;
	if (backups_insert(b->db, backup, err) == 0)
		return 0;
	unlink(backup->path);
	return -1;
}

int backup_take(TALLOC_CTX *mem, const struct backuper *b, const char *path,
		bool verify, struct backup **out, struct error *err)
{
	struct backup *backup = talloc_zero(mem, struct backup);
	char *temporary;

	*out = backup;
	backup->id = clock_wall_us();
	backup->path = talloc_strdup(backup, path);
	backup->host = backup_host(backup);
	backup->started_at = text_time(backup, backup->id);
	backup->taken_by = b->identity;
	backup->tool = b->tool;
	backup->verify_ms = -1;
	if (check_path(path, err) < 0)
		return -1;
	temporary = make_temporary(backup, path, err);
	if (!temporary)
		return -1;
	if (write_and_record(b, backup, temporary, verify, err) == 0)
		return 0;
	unlink(temporary);
	plain_interruption(err);
	return -1;
}

/* --- later ---------------------------------------------------------------- */

static int not_recorded(const struct backuper *b, const char *path,
			struct error *err)
{
	error_set(err, ERROR_REFUSED,
		  "'%s' is no backup that '%s' knows: neither its name nor "
		  "what is in it is recorded there",
		  path, b->db->label);
	return error_hint(err, "see the recorded ones: git migrate backup "
			       "--list");
}

/* Under its name, or else as what it is. */
static struct backup *among(struct backup **list, size_t count,
			    const char *path, const char *sum)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i]->path, path))
			return list[i];
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i]->checksum, sum))
			return list[i];
	return NULL;
}

/* Length and checksum come first: what another hand has changed is not to be
   carried out. */
static int check_file(const struct backup *backup, int64_t bytes,
		      const char *sum, struct error *err)
{
	if (bytes != backup->bytes) {
		error_set(err, ERROR_REFUSED,
			  "it has %lld bytes, and had %lld when it was taken",
			  (long long)bytes, (long long)backup->bytes);
	} else if (strcmp(sum, backup->checksum) != 0) {
		error_set(err, ERROR_REFUSED,
			  "its checksum is not the one that it had when it was "
			  "taken");
	} else {
		return 0;
	}
	return error_prefix(err, "backup '%s' is not accepted", backup->path);
}

int backup_verify(TALLOC_CTX *mem, const struct backuper *b, const char *path,
		  struct backup **out, struct error *err)
{
	int64_t started = clock_mono_us(), bytes;
	struct backup **list, *backup;
	struct error late = { 0 };
	const char *sum;
	size_t count;
	int result;

	*out = NULL;
	if (checksum(mem, b->db, path, &bytes, &sum, err) < 0 ||
	    backups_read(mem, b->db, &list, &count, err) < 0)
		return -1;
	backup = *out = among(list, count, path, sum);
	if (!backup)
		return not_recorded(b, path, err);
	result = check_file(backup, bytes, sum, err);
	if (result == 0)
		result = restore_and_compare(b, path, backup, NULL, err);
	/* what kept us from looking says nothing about the backup */
	if (result < 0 && err->code != ERROR_REFUSED) {
		plain_interruption(err);
		return -1;
	}
	note_outcome(b, backup, started, result < 0 ? err : NULL);
	if (backups_update(b->db, backup, result < 0 ? &late : err) < 0)
		result = -1;
	error_release(&late);
	return result;
}
