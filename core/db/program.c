#include "core/db/program.h"

#include <string.h>

int program_version(TALLOC_CTX *mem, const char *name, const char *package,
		    char **version, struct error *err)
{
	const char *argv[] = { name, "--version", NULL };
	struct error ignored = { 0 };
	int status = process_run(mem, argv, NULL, NULL, NULL, 0, version, NULL,
				 NULL, &ignored);

	error_release(&ignored);
	if (status == 0) {
		(*version)[strcspn(*version, "\n")] = '\0';
		return 0;
	}
	error_set(err, ERROR_FAILED, "the program '%s' is needed and %s", name,
		  status < 0 ? "not there" : "does not run");
	return error_hint(err, "install it (Debian package: %s)", package);
}

int program_start(TALLOC_CTX *mem, const char *const *argv,
		  const char *const *env, bool input, struct process **process,
		  struct error *err)
{
	return process_start(mem, argv, NULL, env,
			     PROCESS_ERR | (input ? (unsigned)PROCESS_IN : 0),
			     process, err);
}

static int tick(void *data)
{
	struct db *db = data;

	return db->options.tick ? db->options.tick(NULL, db->options.tick_data)
				: 0;
}

/* The first lines are the reason, and the rest what came of it. */
static char *first_lines(TALLOC_CTX *mem, const char *text)
{
	size_t length = 0;

	for (int n = 0; n < 5 && text[length]; n++) {
		length += strcspn(text + length, "\n");
		length += text[length] == '\n';
	}
	while (length && text[length - 1] == '\n')
		length--;
	return talloc_strndup(mem, text, length);
}

int program_finish(TALLOC_CTX *mem, struct db *db, struct process *process,
		   const char *name, int from, int64_t length, char **complaint,
		   struct error *err)
{
	char *said, *shown;
	int status = process_attend(mem, process, from, length, tick, db, &said,
				    err);

	if (complaint)
		*complaint = said;
	if (status <= 0)
		return status;
	if (status == 128 + 2 || status == 128 + 15)
		return error_set(err, ERROR_INTERRUPTED, "interrupted");
	shown = first_lines(mem, said);
	error_set(err, ERROR_FAILED, "'%s' has failed", name);
	if (*shown)
		error_detail(err, "%s", shown);
	return -1;
}
