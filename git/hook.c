#include "git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/embed.h"

/* In every hook of ours, of any version. */
#define MARKER "# git-migrate hook"

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && path[length] == '/';
}

/* Where git would look for the hook: absolute, and as people say it. */
static int hook_path(TALLOC_CTX *mem, struct repo *repo, const char *name,
		     char **absolute, char **shown, struct error *err)
{
	char *file = talloc_asprintf(mem, "hooks/%s", name);

	if (git_must(mem, repo, GIT_ARGS("rev-parse", "--git-path", file), NULL,
		     0, shown, NULL, "find the hooks", err) < 0)
		return -1;
	chomp(*shown);
	*absolute = **shown == '/'
			    ? *shown
			    : talloc_asprintf(mem, "%s/%s",
					      private_of(repo)->cwd, *shown);
	return 0;
}

static enum hook_state look_at(const char *path)
{
	char head[1024] = "";
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return errno == ENOENT ? HOOK_WRITTEN : HOOK_FOREIGN;
	n = fread(head, 1, sizeof(head) - 1, file);
	fclose(file);
	head[n] = '\0';
	return strstr(head, MARKER) ? HOOK_ALREADY_OURS : HOOK_FOREIGN;
}

static int write_hook(const char *path, const char *shown, const char *text,
		      struct error *err)
{
	char *folder = talloc_strdup(NULL, path);
	int fd;
	bool good;

	*strrchr(folder, '/') = '\0';
	mkdir(folder, 0777);
	talloc_free(folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0777);
	good = fd >= 0 &&
	       write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0 && close(fd))
		good = false;
	if (good)
		return 0;
	return error_set(err, ERROR_FAILED, "unable to write the hook '%s': %s",
			 shown, strerror(errno));
}

int hook_install(struct repo *repo, const char *name, enum hook_state *state,
		 char **path, struct error *err)
{
	char *absolute, *file = talloc_asprintf(repo, "hooks/%s", name);
	const char *text = embed_text(file);

	if (!text)
		return error_set(err, ERROR_NOT_FOUND, "no hook '%s'", name);
	if (hook_path(repo, repo, name, &absolute, path, err) < 0)
		return -1;
	*state = look_at(absolute);
	if (*state != HOOK_WRITTEN)
		return 0;
	/* hooks of all repositories are not this one's to write */
	if (!is_below(absolute, repo->common_dir) &&
	    !(repo->top && is_below(absolute, repo->top))) {
		*state = HOOK_FOREIGN;
		return 0;
	}
	return write_hook(absolute, *path, text, err);
}
