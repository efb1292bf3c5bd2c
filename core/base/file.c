#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

int file_write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* A name is on the disk when its folder is. */
static bool sync_folder(const char *path)
{
	char *folder = talloc_strndup(NULL, path,
				      (size_t)(strrchr(path, '/') - path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool well = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	talloc_free(folder);
	return well;
}

int file_replace(const char *path, const char *text)
{
	char *beside = talloc_asprintf(NULL, "%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool well = fd >= 0 && file_write_all(fd, text) == 0 && fsync(fd) == 0;

	if (fd >= 0 && close(fd) < 0)
		well = false;
	well = well && rename(beside, path) == 0 && sync_folder(path);
	talloc_free(beside);
	return well ? 0 : -1;
}

bool file_same(const char *a, const char *b)
{
	FILE *one = fopen(a, "re"), *other = fopen(b, "re");
	bool same = one && other;
	int c = 0;

	while (same && c != EOF) {
		c = getc(one);
		same = c == getc(other);
	}
	same = same && !ferror(one) && !ferror(other);
	if (one)
		fclose(one);
	if (other)
		fclose(other);
	return same;
}
