#include "git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Whether a person's own hook has the line that we ask them to add. */
static bool calls_us(const char *line, const char *name)
{
	char *call = talloc_asprintf(NULL, "git migrate hook %s", name);
	const char *comment = strchr(line, '#'), *at = strstr(line, call);
	bool calls = at && !(comment && comment < at);

	talloc_free(call);
	return calls;
}

static enum hook_state look_at(const char *path, const char *name)
{
	struct stat st;
	FILE *file;
	char line[1024];
	bool ours = false;

	/* also a link that leads nowhere is somebody's */
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? HOOK_WRITTEN : HOOK_FOREIGN;
	file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "re")
							   : NULL;
	while (file && !ours && fgets(line, sizeof(line), file))
		ours = !strncmp(line, MARKER, strlen(MARKER)) ||
		       calls_us(line, name);
	if (file)
		fclose(file);
	return ours ? HOOK_ALREADY_OURS : HOOK_FOREIGN;
}

/* The part of the path that is there, links and ".." resolved. */
static char *resolve_existing(TALLOC_CTX *mem, const char *path)
{
	char *part = talloc_strdup(mem, path), *slash, *real, *copy = NULL;

	while (!copy && (slash = strrchr(part, '/')) && slash != part) {
		*slash = '\0';
		real = realpath(part, NULL);
		if (real)
			copy = talloc_strdup(mem, real);
		free(real);
	}
	return copy ? copy : talloc_strdup(mem, "/");
}

/*
 * Whether writing the hook touches this repository alone. husky's folder is
 * written anew by husky; a path with ".." in what is still to be made cannot
 * be judged.
 */
static bool is_ours_to_write(struct repo *repo, const char *path)
{
	char *real = resolve_existing(repo, path);
	bool inside = !strcmp(real, repo->common_dir) ||
		      is_below(real, repo->common_dir) ||
		      (repo->top &&
		       (!strcmp(real, repo->top) || is_below(real, repo->top)));

	inside = inside && !strstr(path + strlen(real), "/../") &&
		 !strstr(path, "/.husky/_/");
	talloc_free(real);
	return inside;
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
}

static int write_hook(const char *path, const char *shown, const char *text,
		      struct error *err)
{
	char *copy = talloc_strdup(NULL, path);
	int fd;
	bool good;

	make_folders(copy);
	talloc_free(copy);
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
	/* GIT_DIR is absolute now, and so is what git says */
	if (repo->top && is_below(*path, repo->top))
		*path += strlen(repo->top) + 1;
	*state = look_at(absolute, name);
	if (*state != HOOK_WRITTEN)
		return 0;
	/* hooks of all repositories are not this one's to write */
	if (!is_ours_to_write(repo, absolute)) {
		*state = HOOK_FOREIGN;
		return 0;
	}
	return write_hook(absolute, *path, text, err);
}
