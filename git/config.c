#include "git/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHARED_FILE ".gitmigrate"

/* "key\nvalue\0"; a key alone is true. */
static int take_settings(struct config *config, enum config_scope scope,
			 const char *text, size_t length,
			 int (*find_line)(const char *key, void *data),
			 void *data, struct error *err)
{
	const char *end = text + length;

	while (text < end) {
		const char *next = text + strlen(text) + 1;
		const char *value = strchr(text, '\n');
		char *key = value ? talloc_strndup(NULL, text,
						   (size_t)(value - text))
				  : talloc_strdup(NULL, text);
		int line = find_line ? find_line(key, data) : 0;
		int result = config_set(
			config, scope, key, value ? value + 1 : NULL,
			scope == CONFIG_SHARED ? SHARED_FILE : "git config",
			line, err);

		talloc_free(key);
		if (result < 0)
			return -1;
		text = next;
	}
	return 0;
}

static bool begins_with_name(const char *line, const char *name, size_t length)
{
	line += strspn(line, " \t");
	return !strncasecmp(line, name, length) &&
	       (!line[length] || strchr(" \t=\r\n#;", line[length]));
}

/* The line of the file that sets the key: the last part of its name. */
static int line_of(const char *key, void *data)
{
	const char *text = data, *name = strrchr(key, '.');
	int line = 1;

	if (!name)
		return 0;
	for (name++; *text; line++) {
		size_t length = strcspn(text, "\n");

		if (begins_with_name(text, name, strlen(name)))
			return line;
		text += length + (text[length] == '\n');
	}
	return 0;
}

/* The text of .gitmigrate: the file, else what is in the index or in HEAD. */
static int read_shared(TALLOC_CTX *mem, struct repo *repo, char **text,
		       size_t *length, struct error *err)
{
	char *path, *complaint;
	FILE *file;
	int fd;

	*text = NULL;
	if (!repo->top) {
		if (repo->head &&
		    git_run(mem, repo,
			    GIT_ARGS("cat-file", "blob", "HEAD:" SHARED_FILE),
			    NULL, 0, text, length, &complaint, err) != 0)
			*text = NULL;
		return err->code ? -1 : 0;
	}
	path = talloc_asprintf(mem, "%s/" SHARED_FILE, repo->top);
	file = fopen(path, "re");
	if (!file && errno != ENOENT)
		return error_set(err, ERROR_FAILED, "unable to read '%s': %s",
				 SHARED_FILE, strerror(errno));
	if (!file)
		return 0;
	fd = dup(fileno(file));
	fclose(file);
	if (process_read_all(mem, fd, text, length, err) < 0) {
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

/* git says "bad config line 3 in file -" or "in standard input". */
static int syntax_error(const char *complaint, struct error *err)
{
	const char *at = strstr(complaint, "config line ");
	int line = 0;

	if (at)
		sscanf(at, "config line %d", &line);
	error_set(err, ERROR_FAILED, "bad line in '%s'", SHARED_FILE);
	return error_at(err, SHARED_FILE, line, 0);
}

static int take_shared(TALLOC_CTX *mem, struct repo *repo,
		       struct config *config, struct error *err)
{
	char *text, *settings, *complaint;
	size_t length, settings_length;
	int status;

	if (read_shared(mem, repo, &text, &length, err) < 0)
		return -1;
	if (!text)
		return 0;
	status = git_run(mem, repo,
			 GIT_ARGS("config", "-z", "--list", "--no-includes",
				  "-f", "-"),
			 text, length, &settings, &settings_length, &complaint,
			 err);
	if (status < 0)
		return -1;
	if (status)
		return syntax_error(complaint, err);
	return take_settings(config, CONFIG_SHARED, settings, settings_length,
			     line_of, text, err);
}

int repo_config(struct repo *repo, struct config *config, struct error *err)
{
	struct repo_private *p = private_of(repo);
	TALLOC_CTX *mem = talloc_new(NULL);
	char *text;
	size_t length;
	int result = take_shared(mem, repo, config, err);

	if (result == 0)
		result = process_read_all(mem, p->config->out, &text, &length,
					  err);
	if (result == 0 && process_finish(p->config))
		result = error_set(err, ERROR_FAILED,
				   "unable to read git's configuration: see "
				   "'git config --list'");
	if (result == 0)
		result = take_settings(config, CONFIG_GIT, text, length, NULL,
				       NULL, err);
	talloc_free(mem);
	return result;
}
