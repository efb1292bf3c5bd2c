#include "cmd/writeup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/process.h"
#include "core/thread/texts.h"

/* What people wrote for a comment, in files beside the repository. */

static char *folder(struct writeup *w)
{
	return talloc_asprintf(w->cmd.mem, "%s/migrate/comments",
			       w->cmd.repo->common_dir);
}

/* A target may be called anything; the file's name is plain. */
static char *path_of(struct writeup *w, const struct written *one)
{
	char digits[VERSION_LENGTH + 1];
	char *path =
		talloc_asprintf(w->cmd.mem, "%s/%s@", folder(w),
				version_format(one->input.version, digits));

	for (const char *s = one->input.target; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x80 && (isalnum(c) || strchr("._-", c)))
			path = talloc_asprintf_append(path, "%c", c);
		else
			path = talloc_asprintf_append(path, "%%%02X", c);
	}
	return talloc_asprintf_append(path, ".json");
}

int writeup_kept(struct writeup *w, struct written *one)
{
	struct cmd *cmd = &w->cmd;
	char *path = path_of(w, one);
	json_error_t why;
	json_t *json, *posted;
	int rc;

	if (access(path, F_OK) < 0)
		return 0;
	json = json_load_file(path, 0, &why);
	if (!json)
		return error_set(&cmd->err, ERROR_FAILED,
				 "unable to read '%s': %s", path, why.text);
	rc = texts_from_json(cmd->mem, json, &one->input.texts, &cmd->err);
	posted = json_object_get(json, "posted");
	if (!rc && posted)
		rc = texts_from_json(cmd->mem, posted, &one->posted, &cmd->err);
	json_decref(json);
	if (rc < 0)
		error_prefix(&cmd->err, "'%s'", path);
	return rc;
}

static int make_folder(struct writeup *w)
{
	char *path = folder(w), *slash = strrchr(path, '/');

	*slash = '\0';
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return -1;
	*slash = '/';
	return mkdir(path, 0777) < 0 && errno != EEXIST ? -1 : 0;
}

int writeup_keep_posted(struct writeup *w, struct written *one)
{
	if (texts_equal(&one->posted, &one->input.texts))
		return 0;
	one->posted = one->input.texts;
	return writeup_keep(w, one);
}

int writeup_keep(struct writeup *w, const struct written *one)
{
	struct cmd *cmd = &w->cmd;
	char *path = path_of(w, one);
	char *new = talloc_asprintf(cmd->mem, "%s.%d", path, (int)getpid());
	json_t *json = texts_json(&one->input.texts);
	bool done;

	json_object_set_new(json, "posted", texts_json(&one->posted));
	done = make_folder(w) == 0 &&
	       json_dump_file(json, new, JSON_INDENT(1)) == 0 &&
	       rename(new, path) == 0;

	json_decref(json);
	if (done)
		return 0;
	error_set(&cmd->err, ERROR_FAILED, "unable to write '%s': %s", path,
		  strerror(errno));
	unlink(new);
	return -1;
}

void writeup_renumber(const char *common_dir, int64_t from, int64_t to)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *path = talloc_asprintf(mem, "%s/migrate/comments", common_dir);
	char was[VERSION_LENGTH + 1], now[VERSION_LENGTH + 1];
	DIR *dir = opendir(path);
	struct dirent *entry;

	version_format(from, was);
	version_format(to, now);
	while (dir && (entry = readdir(dir)) != NULL)
		if (!strncmp(entry->d_name, was, VERSION_LENGTH) &&
		    entry->d_name[VERSION_LENGTH] == '@')
			renameat(dirfd(dir), entry->d_name, dirfd(dir),
				 talloc_asprintf(mem, "%s%s", now,
						 entry->d_name +
							 VERSION_LENGTH));
	if (dir)
		closedir(dir);
	talloc_free(mem);
}

/* --- the editor ---------------------------------------------------------- */

static int write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");
	bool bad;

	if (!file)
		return -1;
	bad = fputs(text, file) < 0;
	return fclose(file) || bad ? -1 : 0;
}

static int read_file(struct writeup *w, const char *path, char **text)
{
	size_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return error_set(&w->cmd.err, ERROR_FAILED,
				 "unable to read '%s': %s", path,
				 strerror(errno));
	rc = process_read_all(w->cmd.mem, fd, text, &length, &w->cmd.err);
	close(fd);
	return rc;
}

int writeup_edit(struct writeup *w, struct written *one)
{
	struct cmd *cmd = &w->cmd;
	char *path = talloc_asprintf(cmd->mem, "%s/MIGRATE_EDITMSG.md",
				     cmd->repo->git_dir);
	char *text = texts_to_edit(cmd->mem, &one->input.texts, one->label);
	int rc;

	if (write_file(path, text) < 0)
		return error_set(&cmd->err, ERROR_FAILED,
				 "unable to write '%s': %s", path,
				 strerror(errno));
	rc = repo_edit_file(cmd->repo, path, &cmd->err);
	if (!rc)
		rc = read_file(w, path, &text);
	unlink(path);
	if (!rc)
		texts_from_edit(cmd->mem, text, &one->input.texts);
	return rc;
}
