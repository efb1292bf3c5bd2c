#include "tests/unit/git_bed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/process.h"

/* Real repositories in a folder of their own, and nobody's git settings. */
char *gitbed_place;

/* Runs a shell script in the gitbed_place; its output without the last line
 * end. */
char *sh(TALLOC_CTX *mem, const char *script)
{
	static const char helpers[] =
		"set -eu; pair() { mkdir -p migrations; "
		"echo \"up $1 ${2-}\" >migrations/2026010100000$1_x.up.sql; "
		"echo \"down $1 ${2-}\" "
		">migrations/2026010100000$1_x.down.sql; "
		"}; commit() { git add -A; git commit -qm \"$1\"; }; ";
	char *text = talloc_asprintf(mem, "%s%s", helpers, script);
	const char *const argv[] = { "sh", "-c", text, NULL };
	struct error err = { 0 };
	char *out, *complaint;
	size_t length;
	int status = process_run(mem, argv, NULL, NULL, NULL, 0, &out, &length,
				 &complaint, &err);

	if (status)
		fail_msg("%s\n%s", script,
			 err.message ? err.message : complaint);
	if (length && out[length - 1] == '\n')
		out[length - 1] = '\0';
	return out;
}

/* A new empty folder to stand in. */
int gitbed_set_up(void **state)
{
	struct test *t = talloc_zero(NULL, struct test);

	t->mem = t;
	if (chdir(gitbed_place) < 0)
		return -1;
	sh(t, "rm -rf t; mkdir t; cd t; git init -q r");
	if (chdir("t/r") < 0)
		return -1;
	*state = t;
	return 0;
}

int gitbed_tear_down(void **state)
{
	struct test *t = *state;

	error_release(&t->err);
	talloc_free(t);
	return chdir(gitbed_place);
}

void good(struct test *t, int result)
{
	if (result < 0)
		fail_msg("%s: %s", t->err.message,
			 t->err.detail ? t->err.detail : "");
}

void enter(struct test *t, const char *folder)
{
	if (chdir(folder) < 0)
		fail_msg("no folder '%s'", folder);
	good(t, repo_open(t->mem, &t->repo, &t->err));
}

/* Whatever the person's own git is set to, and whatever repository we are
   started from, the tests neither see nor change it. */
static void leave_the_world(void)
{
	static const char *const variables[] = {
		"GIT_DIR",	  "GIT_WORK_TREE",    "GIT_INDEX_FILE",
		"GIT_COMMON_DIR", "GIT_PREFIX",	      "GIT_OBJECT_DIRECTORY",
		"GIT_NAMESPACE",  "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS",
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", gitbed_place, 1);
	setenv("XDG_CONFIG_HOME", gitbed_place, 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CEILING_DIRECTORIES", gitbed_place, 1);
	setenv("GIT_AUTHOR_NAME", "A Tester", 1);
	setenv("GIT_AUTHOR_EMAIL", "tester@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "A Tester", 1);
	setenv("GIT_COMMITTER_EMAIL", "tester@example.org", 1);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", "init.defaultBranch", 1);
	setenv("GIT_CONFIG_VALUE_0", "main", 1);
}

int gitbed_run_(const char *name, const struct CMUnitTest *tests, size_t count)
{
	const char *tmp = getenv("TMPDIR");
	char *given = talloc_asprintf(NULL, "%s/git-room.XXXXXX",
				      tmp ? tmp : "/tmp");
	int failed;

	if (!mkdtemp(given))
		return 1;
	gitbed_place = realpath(given, NULL);
	leave_the_world();
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	if (chdir("/") == 0) {
		const char *const argv[] = { "rm", "-rf", gitbed_place, NULL };
		struct error err = { 0 };
		struct process *process;

		if (process_start(NULL, argv, NULL, NULL, 0, &process, &err) ==
		    0)
			talloc_free(process);
	}
	free(gitbed_place);
	talloc_free(given);
	return failed;
}
