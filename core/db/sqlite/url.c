#include "core/db/sqlite/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place; -1 for a percent sign that introduces no byte of a file name. */
static int percent_decode(char *text)
{
	char *out = text;

	for (; *text; text++) {
		int high, low;

		if (*text != '%') {
			*out++ = *text;
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || high * 16 + low == 0)
			return -1;
		*out++ = (char)(high * 16 + low);
		text += 2;
	}
	*out = '\0';
	return 0;
}

/*
 * ?mode=ro is heeded, what would make it another database is refused, and
 * all else is for the application's own driver (?_journal_mode=WAL).
 */
static int read_parameter(const char *parameter, bool *read_only,
			  struct error *err)
{
	static const char *const refused[] = { "vfs",	 "immutable", "nolock",
					       "key",	 "hexkey",    "cipher",
					       "textkey" };
	size_t name = strcspn(parameter, "=");
	const char *value = parameter + name + (parameter[name] == '=');

	if (name == 4 && !strncmp(parameter, "mode", 4)) {
		if (!strcmp(value, "ro"))
			*read_only = true;
		else if (strcmp(value, "rw") != 0 && strcmp(value, "rwc") != 0)
			return error_set(err, ERROR_FAILED,
					 "a SQLite database cannot be opened "
					 "with mode=%s",
					 value);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		if (strlen(refused[i]) == name &&
		    !strncmp(parameter, refused[i], name))
			return error_set(err, ERROR_FAILED,
					 "the parameter '%s' of a SQLite URL "
					 "is not supported",
					 refused[i]);
	return 0;
}

static int read_parameters(char *query, bool *read_only, struct error *err)
{
	char *parameter;

	while ((parameter = strsep(&query, "&")) != NULL)
		if (read_parameter(parameter, read_only, err) < 0)
			return -1;
	return 0;
}

static int read_authority_form(char *text, bool *read_only, struct error *err)
{
	char *query = strchr(text, '?');

	if (query) {
		*query++ = '\0';
		if (read_parameters(query, read_only, err) < 0)
			return -1;
	}
	if (percent_decode(text) == 0)
		return 0;
	error_set(err, ERROR_FAILED,
		  "the SQLite URL has a malformed %%-escape");
	return error_hint(err, "write it as sqlite:PATH, where nothing is "
			       "escaped");
}

/* Forms of other tools' URLs that here would just be odd names of files. */
static int check_plain_form(const char *text, struct error *err)
{
	bool uri = !strncmp(text, "file:", 5);
	const char *query = strchr(text, '?');

	if (!uri && !(query && strchr(query, '=')))
		return 0;
	error_set(err, ERROR_FAILED, "sqlite:PATH takes no %s",
		  uri ? "'file:' URI" : "parameters");
	return error_hint(err, "write sqlite:PATH, or with parameters "
			       "sqlite://PATH?mode=ro");
}

int sqlite_url(TALLOC_CTX *mem, const char *url, const char *top, char **path,
	       char **shown, bool *read_only, struct error *err)
{
	char *text = talloc_strdup(mem, url + strlen("sqlite:"));
	const char *name;

	*read_only = false;
	if (!strncmp(text, "//", 2)) {
		memmove(text, text + 2, strlen(text + 2) + 1);
		if (read_authority_form(text, read_only, err) < 0)
			return -1;
	} else if (check_plain_form(text, err) < 0) {
		return -1;
	}
	name = strrchr(text, '/');
	name = name ? name + 1 : text;
	if (!*text || !strcmp(name, ":memory:")) {
		error_set(err, ERROR_FAILED,
			  "a SQLite database in memory would be gone before "
			  "the next command");
		return error_hint(err, "use a file: sqlite:PATH");
	}
	*shown = text_visible(mem, text, false);
	*path = *text == '/' || !top ? text
				     : talloc_asprintf(mem, "%s/%s", top, text);
	return 0;
}

/* A file that is not there yet is in a folder that may be. */
char *sqlite_place(TALLOC_CTX *mem, const char *url, const char *top)
{
	struct error ignored = { 0 };
	char *path, *shown, *real, *slash, *place;
	bool read_only;

	if (sqlite_url(mem, url, top, &path, &shown, &read_only, &ignored) <
	    0) {
		error_release(&ignored);
		return NULL;
	}
	real = realpath(path, NULL);
	slash = strrchr(path, '/');
	if (real || !slash) {
		place = talloc_strdup(mem, real ? real : path);
	} else {
		*slash = '\0';
		real = realpath(slash == path ? "/" : path, NULL);
		place = talloc_asprintf(mem, "%s/%s", real ? real : path,
					slash + 1);
	}
	free(real);
	return place;
}
