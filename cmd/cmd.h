#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <jansson.h>
#include <stdbool.h>
#include <talloc.h>

#include "cmd/options.h"
#include "core/config.h"
#include "core/db/db.h"
#include "core/run/prove.h"
#include "core/run/runner.h"
#include "core/state.h"
#include "git/git.h"

/*
 * How a subcommand is written: cmd/cmd_NAME.c has its option table, its usage
 * and one function `int cmd_NAME(int argc, char **argv)` that returns the exit
 * status; argv starts after the subcommand's name. It parses, opens what it
 * needs with the functions below, calls core and git, and prints. To add one:
 * write the file, add a line to the table in main.c, a page man/
 * git-migrate-NAME.1.scd, and tests/cli/NAME.bats.
 *
 * Data goes to standard output, everything else to standard error.
 */
struct cmd {
	TALLOC_CTX *mem;
	struct error err;
	struct repo *repo;
	struct config *config;
	const char *dir; /* the migrations folder */
	struct target target;
	struct db *db;
	struct blobs *blobs; /* opened when first read from */
	struct worktree *looking;
	bool looks;  /* the work tree will be wanted: look from the start */
	bool stages; /* the same of what a commit brings */
	struct staging *staging;
	/* what cannot be a migration in the work tree is left out with a
	   warning: the command can do without it */
	bool lenient;

	/* common options */
	const char *target_option;
	bool json, quiet;
	int verbose;
	int wait_ms;
	int connect_ms; /* see struct db_options */
};

#define CMD_INIT                                                               \
	{                                                                      \
		.mem = talloc_new(NULL), .wait_ms = 30000                      \
	}

#define CMD_TARGET(cmd)                                                        \
	{                                                                      \
		OPTION_TEXT, 't', "target", "NAME|URL",                        \
			"the database, instead of the configured one",         \
			&(cmd).target_option                                   \
	}
#define CMD_JSON(cmd)                                                          \
	{                                                                      \
		OPTION_FLAG, 0, "json", NULL, "one JSON document", &(cmd).json \
	}
#define CMD_WAIT(cmd)                                                          \
	{                                                                      \
		OPTION_SECONDS, 0, "wait", "DURATION",                         \
			"how long to wait for another run (30s)",              \
			&(cmd).wait_ms                                         \
	}
#define CMD_COMMON(cmd)                                                        \
	{                                                                      \
		OPTION_FLAG, 'q', "quiet", NULL, "only errors and data",       \
		&(cmd).quiet                                                   \
	},                                                                     \
	{                                                                      \
		OPTION_COUNT, 'v', "verbose", NULL, "more detail",             \
			&(cmd).verbose                                         \
	}
#define CMD_END                                                                \
	{                                                                      \
		OPTION_END, 0, NULL, NULL, NULL, NULL                          \
	}

/* Prints cmd->err, frees everything, and returns the exit status. */
int cmd_fail(struct cmd *cmd);
/* Frees everything and returns status. */
int cmd_done(struct cmd *cmd, int status);

/* Each prints "warning: ..." and so on to standard error; say is silent
   with --quiet. */
void cmd_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_hint(const struct cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cmd_say(const struct cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* One line of data on standard output; whatever text comes from elsewhere, it
   stays one line, and a terminal is safe from it. */
void cmd_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints the document, indented, and drops the reference. */
void cmd_print_json(json_t *json);
/* The error as it would be printed, without freeing. */
void cmd_print_error(const struct error *err);

/* Repository, configuration and migrations folder. */
int cmd_open_repo(struct cmd *cmd);
/* The configuration and the folder as a commit's .gitmigrate has them. */
int cmd_config_at(struct cmd *cmd, const char *commit, struct config **config,
		  const char **dir);
/* The target's connection, and what may become of it. */
enum cmd_access {
	CMD_READ,  /* nothing is written; no file counts as an empty database */
	CMD_WRITE, /* it must be there */
	CMD_CREATE, /* a missing SQLite file is made for what is written */
};
int cmd_open_target(struct cmd *cmd, enum cmd_access access);
#define SWITCH_JOURNAL "migrate/switch.json"
#define RENUMBER_JOURNAL "migrate/renumber.json"
/* A file in the git directory of this work tree, in a folder of ours that is
   made when missing. */
char *cmd_own_file(const struct cmd *cmd, const char *name);
/* Says so when a switch or a renumber was cut off here. */
void cmd_warn_cut_off(const struct cmd *cmd);
/* Whether a scratch database may be made for it: not on a protected server. */
bool cmd_may_scratch(const struct cmd *cmd);
/* The target as people and JSON call it: its name, or engine:database. */
const char *cmd_target_name(const struct cmd *cmd);
/* A person with DATABASE_URL may think that it counts: said once, where another
   target is taken without having been named. */
void cmd_hint_target(const struct cmd *cmd);

/*
 * The set that counts here: the work tree (scripts that are not in the index
 * as they are kept as blobs when `keep`), or HEAD in a bare repository.
 */
int cmd_set_here(struct cmd *cmd, bool keep, struct set **set);
/* The same in two steps, so that git looks while the database is opened. */
int cmd_begin_here(struct cmd *cmd);
int cmd_end_here(struct cmd *cmd, bool keep, struct set **set);
/* The second step, and what comes of it and the ledger. */
int cmd_states(struct cmd *cmd, bool keep, const struct ledger *ledger,
	       struct set **here, struct states **states);
/* Reads the ledger of cmd->db, and keeps what it says for hooks, which open no
   database. */
int cmd_ledger(struct cmd *cmd, struct ledger **ledger);
/* Where the target is: a path, or an address without its secrets. */
char *cmd_place(struct cmd *cmd);
/* What was kept of the configured target; NULL: nothing. */
struct seen;
struct seen *cmd_seen(struct cmd *cmd);
/* Whether it is of the database that a target of that name is, as configured
   in this work tree. */
bool cmd_seen_is_here(struct cmd *cmd, const struct seen *seen);
/* Warns of files that no command takes for a script. */
void cmd_warn_misnamed(struct cmd *cmd, char **list, size_t count);

/* For struct runner and struct prover: reads a blob; data is the cmd. */
int cmd_read_blob(TALLOC_CTX *mem, const char *blob, char **text,
		  size_t *length, void *data, struct error *err);
void cmd_expect_blob(const char *blob, void *data);

/* A runner on cmd->db that prints progress. */
int cmd_runner(struct cmd *cmd, struct runner *runner);

/* All proofs of the repository, for proofs_judge(). */
#define PROOFS_REF "refs/notes/migrate-proofs"
int cmd_proofs(struct cmd *cmd, struct proofs **proofs);

/* Refuses a scratch database on the server of a protected target. */
int cmd_check_scratch(struct cmd *cmd);
/* Writes them into PROOFS_REF. */
int cmd_keep_proofs(struct cmd *cmd, struct proof **proofs, size_t count);
void show_proof(const struct cmd *cmd, const struct proof *proof);
/* How to declare the first loss that nobody has declared, if there is one. */
void hint_loss(const struct cmd *cmd, const struct proof *proof);
void show_unwind(const struct cmd *cmd, const struct unwind *unwind);

/* Versions from the command line; an error for what is none. */
int cmd_versions(struct cmd *cmd, int argc, char **argv, int64_t **versions);

/* Ctrl-C and SIGTERM: the running statement is cancelled. */
void cmd_catch_signals(void);
bool cmd_is_interrupted(void);
/* It has been seen to: what comes now is to be carried out. */
void cmd_forget_interruption(void);
/* Whether a migration runs, so that an end at once leaves it half known. */
void cmd_at_stake(bool is);

/* Progress on a terminal: what is being done, and for how long. */
int progress_tick(const char *waiting_for, void *data);
/* What the statement that runs is doing: see struct db_options. */
void progress_phase(const char *phase, double done);
void progress_begin(const struct cmd *cmd, const char *what);
/* How far the batches of what is being done are. */
void progress_batch(const struct batch_report *report);
void progress_end(void);
/* Makes room for another line; the next tick draws it again. */
void progress_wipe(void);

/* Renderers of facts for the terminal, shared by up, down, redo and log. */
void show_run(const struct cmd *cmd, const struct facts *facts);
void show_failed_run(const struct cmd *cmd, const struct facts *facts);
/* Its locks, who waited for them and when, and what was not seen. */
void show_locks(TALLOC_CTX *mem, const struct facts *facts);
/* {"runs": [...]}, new reference */
json_t *runs_json(struct facts *const *runs, size_t count);

/* The file is as it was, or has all of the text; what is there and is no plain
   file is an error. */
int cmd_write_file(struct cmd *cmd, const char *path, const char *text);

/* Colour, when standard output is a terminal and colours are wanted. */
const char *color(const struct cmd *cmd, const char *code);

int cmd_init(int argc, char **argv);
int cmd_new(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_up(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_redo(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_switch(int argc, char **argv);
int cmd_renumber(int argc, char **argv);
int cmd_repair(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_prove(int argc, char **argv);
int cmd_derive(int argc, char **argv);
int cmd_comment(int argc, char **argv);
int cmd_post(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_notes(int argc, char **argv);
int cmd_hook(int argc, char **argv);

#endif
