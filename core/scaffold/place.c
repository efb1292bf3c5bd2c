#include "core/scaffold/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/migration.h"

#define VERSION_LAST INT64_C(99999999999999)

struct place {
	const char *dir; /* from the top */
	int fd;		 /* of the folder */
};

static int64_t version_of(const struct tm *tm)
{
	int64_t date = (tm->tm_year + 1900) * 10000 + (tm->tm_mon + 1) * 100 +
		       tm->tm_mday;

	return date * 1000000 + tm->tm_hour * 10000 + tm->tm_min * 100 +
	       tm->tm_sec;
}

int64_t version_at(int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return version_of(&tm);
}

int64_t version_next(int64_t version)
{
	int date = (int)(version / 1000000), clock = (int)(version % 1000000);
	struct tm tm = {
		.tm_year = date / 10000 - 1900,
		.tm_mon = date / 100 % 100 - 1,
		.tm_mday = date % 100,
		.tm_hour = clock / 10000,
		.tm_min = clock / 100 % 100,
		.tm_sec = clock % 100,
	};
	struct tm same = tm;
	time_t seconds = timegm(&same);

	if (version_of(&same) == version && date >= 10000000) {
		int64_t next;

		seconds++;
		gmtime_r(&seconds, &tm);
		next = version_of(&tm);
		if (next <= VERSION_LAST)
			return next;
	}
	return version >= VERSION_LAST ? -1 : version + 1;
}

int version_refuse_last(int64_t version, struct error *err)
{
	char digits[VERSION_LENGTH + 1];

	version_format(version, digits);
	error_set(err, ERROR_FAILED,
		  "there is no version after %s, which is the newest", digits);
	return error_hint(err,
			  "give that one the version of now: git migrate "
			  "renumber %s",
			  digits);
}

static int close_place(struct place *place)
{
	close(place->fd); /* and with it goes the lock */
	return 0;
}

static int make_folders(const char *top, const char *dir)
{
	char *path = talloc_asprintf(NULL, "%s/%s", top, dir);
	int result = 0;

	for (char *slash = path + strlen(top) + 1; result == 0; slash++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			result = -1;
		if (!slash)
			break;
		*slash = '/';
	}
	talloc_free(path);
	return result;
}

int place_open(TALLOC_CTX *mem, const char *top, const char *dir,
	       struct place **out, struct error *err)
{
	char *path = talloc_asprintf(NULL, "%s/%s", top, dir);
	struct place *place = talloc_zero(mem, struct place);

	place->dir = talloc_strdup(place, dir);
	place->fd = -1;
	if (make_folders(top, dir) == 0)
		place->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	talloc_free(path);
	if (place->fd < 0) {
		talloc_free(place);
		return error_set(err, ERROR_FAILED,
				 "unable to open the folder '%s': %s", dir,
				 strerror(errno));
	}
	talloc_set_destructor(place, close_place);
	/* a file system without locks leaves the race as it is */
	while (flock(place->fd, LOCK_EX) < 0 && errno == EINTR)
		;
	*out = place;
	return 0;
}

struct writing {
	struct place *place;
	char **paths; /* from the top */
	size_t count;
	struct error *err;
};

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int write_file(struct writing *w, const char *name, const char *text)
{
	char *path = talloc_asprintf(w->paths, "%s/%s", w->place->dir, name);
	int fd = openat(w->place->fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int problem = 0;

	if (fd >= 0) {
		w->paths[w->count++] = path;
		if (file_write_all(fd, text) < 0)
			problem = errno;
		if (close(fd) < 0 && !problem)
			problem = errno;
	} else {
		problem = errno;
	}
	if (!problem)
		return 0;
	return error_set(w->err, ERROR_FAILED, "unable to write '%s': %s", path,
			 strerror(problem));
}

static void remove_files(struct writing *w)
{
	while (w->count)
		unlinkat(w->place->fd, base_name(w->paths[--w->count]), 0);
}

static int write_pair(struct writing *w, int64_t version,
		      const struct scaffold_pair *pair)
{
	static const enum direction order[] = { DIRECTION_DOWN, DIRECTION_UP };
	char digits[VERSION_LENGTH + 1];

	version_format(version, digits);
	for (int i = 0; i < 2; i++) {
		char *name = talloc_asprintf(w->paths, "%s_%s.%s.sql", digits,
					     pair->name,
					     direction_name(order[i]));

		if (write_file(w, name, pair->text[order[i]]) < 0)
			return -1;
	}
	return 0;
}

int place_write(TALLOC_CTX *mem, struct place *place,
		const struct scaffold *scaffold, int64_t now, int64_t newest,
		char ***paths, size_t *count, struct error *err)
{
	struct writing w = { .place = place, .err = err };
	int64_t version = newest >= now ? version_next(newest) : now;
	int64_t last = newest;
	int result = 0;

	w.paths = talloc_array(mem, char *, 2 * (unsigned)scaffold->count + 1);
	for (size_t i = 0; i < scaffold->count && result == 0; i++) {
		if (version < 0)
			result = version_refuse_last(last, err);
		else
			result = write_pair(&w, version, &scaffold->pairs[i]);
		if (version >= 0) {
			last = version;
			version = version_next(version);
		}
	}
	if (result < 0) {
		remove_files(&w);
		talloc_free(w.paths);
		return -1;
	}
	*paths = w.paths;
	*count = w.count;
	return 0;
}
