#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

static int cannot_write(struct cmd *cmd, const char *path, const char *why)
{
	return error_set(&cmd->err, ERROR_FAILED, "unable to write '%s': %s",
			 path, why);
}

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "it is a directory";
	return "it is not a plain file";
}

/* What is behind a symbolic link is replaced, and the link stays. */
static int find_place(struct cmd *cmd, const char *path, char **place)
{
	struct stat st;
	char *real;

	*place = talloc_strdup(cmd->mem, path);
	if (stat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : cannot_write(cmd, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cannot_write(cmd, path, kind_of(st.st_mode));
	real = realpath(path, NULL);
	if (real)
		*place = talloc_strdup(cmd->mem, real);
	free(real);
	return 0;
}

int cmd_write_file(struct cmd *cmd, const char *path, const char *text)
{
	char *place, *new;
	int fd, failure = 0;

	if (find_place(cmd, path, &place) < 0)
		return -1;
	new = talloc_asprintf(cmd->mem, "%s.%d.tmp", place, (int)getpid());
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return cannot_write(cmd, path, strerror(errno));
	if (file_write_all(fd, text) < 0)
		failure = errno;
	if (close(fd) < 0 && !failure)
		failure = errno;
	if (!failure && rename(new, place) < 0)
		failure = errno;
	if (!failure)
		return 0;
	unlink(new);
	return cannot_write(cmd, path, strerror(failure));
}
