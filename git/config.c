#include "git/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "key\nvalue\0"; a key alone is true. */
static int take_settings(struct config *config, enum config_scope scope,
			 const char *text, size_t length, const char *origin,
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
		int result = config_set(config, scope, key,
					value ? value + 1 : NULL, origin, line,
					err);

		talloc_free(key);
		if (result < 0)
			return -1;
		text = next;
	}
	return 0;
}

/* A line may open a section and set a key after it. */
static bool begins_with_name(const char *line, const char *name, size_t length)
{
	const char *close;

	line += strspn(line, " \t");
	if (*line == '[' && (close = strpbrk(line, "]\n")) && *close == ']')
		line = close + 1 + strspn(close + 1, " \t");
	return !strncasecmp(line, name, length) &&
	       (!line[length] || strchr(" \t=\r\n#;", line[length]));
}

/* Where reading has come to: git lists keys in the order of the file. */
struct reader {
	const char *text;
	int line;
};

/* The line that sets the key: the next one with the last part of its name. */
static int line_of(const char *key, void *data)
{
	struct reader *r = data;
	const char *text = r->text, *name = strrchr(key, '.');
	int line = r->line;

	if (!name)
		return 0;
	for (name++; *text; line++) {
		bool found = begins_with_name(text, name, strlen(name));
		size_t length = strcspn(text, "\n");

		text += length + (text[length] == '\n');
		if (!found)
			continue;
		r->text = text;
		r->line = line + 1;
		return line;
	}
	return 0;
}

static bool is_nowhere(struct repo *repo)
{
	const char *head = NULL;

	if (repo->bare || private_of(repo)->unshared)
		head = repo_known(repo, KNOWN_SHARED);
	return head && !*head;
}

/* From the index or else HEAD, in one go; *text is NULL when in neither. */
static int read_committed(TALLOC_CTX *mem, struct repo *repo, char **text,
			  size_t *length, struct error *err)
{
	const char *names = repo->bare ? "HEAD:" SHARED_FILE "\n"
				       : ":" SHARED_FILE "\nHEAD:" SHARED_FILE
					 "\n";
	char *at, *size;

	*text = NULL;
	if (repo->bare && !repo->head)
		return 0;
	if (is_nowhere(repo))
		return 0;
	if (git_must(mem, repo, GIT_ARGS("cat-file", "--batch"), names,
		     strlen(names), &at, NULL, "read '" SHARED_FILE "'",
		     err) < 0)
		return -1;
	while (*at) {
		char *end = at + strcspn(at, "\n");

		size = memchr(at, ' ', (size_t)(end - at));
		if (size && !strncmp(size, " blob ", 6)) {
			*length = strtoull(size + 6, NULL, 10);
			*text = end + 1;
			(*text)[*length] = '\0';
			return 0;
		}
		at = end + (*end == '\n');
	}
	return 0;
}

/* The text of .gitmigrate: the file, else what is in the index or in HEAD. */
static int read_shared(TALLOC_CTX *mem, struct repo *repo, char **text,
		       size_t *length, struct error *err)
{
	char *path;
	struct stat st;
	int fd, result;

	if (!repo->top)
		return read_committed(mem, repo, text, length, err);
	path = talloc_asprintf(mem, "%s/" SHARED_FILE, repo->top);
	/* it comes with a clone: no link out of it, no pipe to wait for */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return read_committed(mem, repo, text, length, err);
	if (fd < 0 && errno != ELOOP)
		return error_set(err, ERROR_FAILED, "unable to read '%s': %s",
				 SHARED_FILE, strerror(errno));
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		result = error_set(err, ERROR_FAILED,
				   "'%s' is not a regular file", SHARED_FILE);
	else
		result = process_read_all(mem, fd, text, length, err);
	if (fd >= 0)
		close(fd);
	return result;
}

/* git says "bad config line 3 in file -" or "in standard input". */
static int syntax_error(const char *complaint, const char *file,
			struct error *err)
{
	const char *at = strstr(complaint, "config line ");
	int line = 0;

	if (at)
		sscanf(at, "config line %d", &line);
	error_set(err, ERROR_FAILED, "bad line in '%s'", file);
	return error_at(err, file, line, 0);
}

/* `file` is what people call it. */
static int take_shared(TALLOC_CTX *mem, struct repo *repo, const char *text,
		       size_t length, const char *file, struct config *config,
		       struct error *err)
{
	char *settings, *complaint;
	size_t settings_length;
	struct reader reader;
	int status;

	if (!text)
		return 0;
	status = git_run(
		mem, repo,
		GIT_ARGS("config", "-z", "--list", "--no-includes", "-f", "-"),
		text, length, &settings, &settings_length, &complaint, err);
	if (status < 0)
		return -1;
	if (status)
		return syntax_error(complaint, file, err);
	reader = (struct reader){ text, 1 };
	return take_settings(config, CONFIG_SHARED, settings, settings_length,
			     file, line_of, &reader, err);
}

static int read_settings(struct repo_private *p, struct error *err)
{
	if (p->settings)
		return 0;
	if (process_read_all(p, p->config->out, &p->settings,
			     &p->settings_length, err) < 0)
		return -1;
	if (process_finish(p->config))
		return error_set(err, ERROR_FAILED,
				 "unable to read git's configuration: see "
				 "'git config --list'");
	return 0;
}

static int take_own(TALLOC_CTX *mem, struct repo *repo, struct config *config,
		    struct error *err)
{
	struct repo_private *p = private_of(repo);

	if (read_settings(p, err) < 0)
		return -1;
	return take_settings(
		config, CONFIG_GIT,
		talloc_memdup(mem, p->settings, p->settings_length + 1),
		p->settings_length, "git config", NULL, NULL, err);
}

int repo_config(struct repo *repo, struct config *config, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *text = NULL;
	size_t length = 0;
	int result = read_shared(mem, repo, &text, &length, err);

	if (result == 0)
		result = take_shared(mem, repo, text, length, SHARED_FILE,
				     config, err);
	if (result == 0)
		result = take_own(mem, repo, config, err);
	talloc_free(mem);
	return result;
}

/* "ID blob SIZE" and the text, of one name after the other. */
static char *next_answer(char **at, char **text, size_t *length)
{
	char *header = *at, *end = header + strcspn(header, "\n");
	char *kind = memchr(header, ' ', (size_t)(end - header));

	*text = NULL;
	*at = end + (*end == '\n');
	*end = '\0';
	if (!kind || strncmp(kind, " blob ", 6) != 0)
		return NULL;
	*length = strtoull(kind + 6, NULL, 10);
	*text = *at;
	*at += *length + 1;
	(*text)[*length] = '\0';
	*kind = '\0';
	return header;
}

/* Where HEAD has the same one, *same says so. */
static int read_shared_at(TALLOC_CTX *mem, struct repo *repo,
			  const char *commit, char **text, size_t *length,
			  bool *same, struct error *err)
{
	char *names = talloc_asprintf(
		mem, "HEAD:" SHARED_FILE "\n%s:" SHARED_FILE "\n", commit);
	char *at, *here, *there, *unused;
	size_t unused_length;

	if (git_must(mem, repo, GIT_ARGS("cat-file", "--batch"), names,
		     strlen(names), &at, NULL, "read '" SHARED_FILE "'",
		     err) < 0)
		return -1;
	here = next_answer(&at, &unused, &unused_length);
	there = next_answer(&at, text, length);
	*same = here && there ? !strcmp(here, there) : here == there;
	return 0;
}

int repo_config_at(struct repo *repo, const char *commit, struct config *config,
		   struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *text = NULL;
	char *file = talloc_asprintf(mem, "%.10s:" SHARED_FILE, commit);
	size_t length = 0;
	bool same = false;
	int result = read_shared_at(mem, repo, commit, &text, &length, &same,
				    err);

	if (result == 0 && same)
		result = repo_config(repo, config, err);
	else if (result == 0 &&
		 take_shared(mem, repo, text, length, file, config, err) == 0)
		result = take_own(mem, repo, config, err);
	else
		result = -1;
	talloc_free(mem);
	return result;
}
