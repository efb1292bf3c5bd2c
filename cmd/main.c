#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/near.h"

static const struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} subcommands[] = {
	{ "init", cmd_init, "set a repository up" },
	{ "new", cmd_new, "scaffold a pair of scripts from a template" },
	{ "derive", cmd_derive, "write a down script from its up script" },
	{ "status", cmd_status, "show the state of each migration" },
	{ "up", cmd_up, "apply migrations, measured" },
	{ "down", cmd_down, "revert migrations" },
	{ "redo", cmd_redo, "revert and apply again" },
	{ "sync", cmd_sync, "make a target match a commit" },
	{ "switch", cmd_switch, "switch branches, and the database along" },
	{ "renumber", cmd_renumber, "give migrations new versions" },
	{ "repair", cmd_repair, "see to a script that stopped half way" },
	{ "check", cmd_check, "check what commits bring" },
	{ "log", cmd_log, "show the runs on a target" },
	{ "backup", cmd_backup, "take and verify backups of a target" },
	{ "prove", cmd_prove, "prove that rollbacks restore the schema" },
	{ "comment", cmd_comment, "compose the write-up of a migration" },
	{ "post", cmd_post, "post the write-up to the thread" },
	{ "notes", cmd_notes, "exchange comments and proofs with a remote" },
	{ "hook", cmd_hook, "install git hooks, and what they call" },
};

#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(*subcommands))

static int usage(FILE *out)
{
	fputs("usage: git migrate [-h | --version] <command> [<args>]\n\n",
	      out);
	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
		fprintf(out, "    %-9s %s\n", subcommands[i].name,
			subcommands[i].summary);
	fputs("\n'git migrate <command> -h' lists a command's options,\n"
	      "'git migrate <command> --help' opens its manual page,\n"
	      "'git migrate --help' the one of all.\n",
	      out);
	return 129;
}

static int unknown(const char *name)
{
	struct near near = { .word = name };

	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
		near_try(&near, subcommands[i].name);
	fprintf(stderr, "error: '%s' is not a command of git migrate\n", name);
	if (!near.name)
		return usage(stderr);
	fprintf(stderr,
		"hint: did you mean: git migrate %s\n"
		"hint: or see them all: git migrate -h\n",
		near.name);
	return 129;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name)
		return usage(stderr);
	if (!strcmp(name, "-h") || !strcmp(name, "--help"))
		return usage(stdout);
	if (!strcmp(name, "--version")) {
		puts("git-migrate version " GIT_MIGRATE_VERSION);
		return 0;
	}
	if (!strcmp(name, "--list-commands")) {
		for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
			puts(subcommands[i].name);
		return 0;
	}
	for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
		if (!strcmp(subcommands[i].name, name))
			return subcommands[i].run(argc - 2, argv + 2);
	return unknown(name);
}
