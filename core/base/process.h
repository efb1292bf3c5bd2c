#ifndef CORE_BASE_PROCESS_H
#define CORE_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"

/* Child processes, started without a shell. */

struct process {
	int in, out; /* our ends of its pipes, or -1 */
	int err;     /* our end of its standard error, or -1 */
	int pid;     /* -1 once waited for */
};

enum process_flags {
	PROCESS_IN = 1 << 0,	/* a pipe to its standard input, else empty */
	PROCESS_OUT = 1 << 1,	/* a pipe from its output, else thrown away */
	PROCESS_ERR = 1 << 2,	/* a pipe from its standard error, else ours */
	PROCESS_QUIET = 1 << 3, /* its standard error is thrown away */
	PROCESS_TTY = 1 << 4,	/* inherits standard input and output */
};

/*
 * Starts argv[0] (looked up in PATH) in folder cwd (NULL: here), with the
 * environment of this process plus `env` ("NAME=value" to set, "NAME" to
 * unset; NULL-terminated or NULL). The process hangs on mem: freeing it closes
 * the pipes and waits.
 */
int process_start(TALLOC_CTX *mem, const char *const *argv, const char *cwd,
		  const char *const *env, unsigned flags,
		  struct process **process, struct error *err);

/* Closes what is open and waits; the exit status, or 128 + signal. */
int process_finish(struct process *process);

/* Ends it without waiting for what it still has to say. */
void process_stop(struct process *process);

/*
 * Writes all to its standard input, without SIGPIPE: -1 with errno EPIPE when
 * it no longer reads.
 */
int process_write(struct process *process, const char *data, size_t length);

/*
 * Runs to the end with `input` (may be NULL) on standard input; *out gets
 * standard output, NUL-terminated, *complaint (may be NULL) standard error.
 * Returns the exit status, or -1 with err when it could not be run. Output is
 * limited by talloc to 256 MB.
 */
int process_run(TALLOC_CTX *mem, const char *const *argv, const char *cwd,
		const char *const *env, const char *input, size_t input_length,
		char **out, size_t *out_length, char **complaint,
		struct error *err);

/*
 * Waits for the end of one that was started with PROCESS_ERR, and takes in what
 * it complains about. With PROCESS_IN it is fed with `length` bytes of the file
 * `from`. `tick` (may be NULL) is called about ten times a second; nonzero ends
 * the process. The exit status; -1 with err when it was ended, or the file
 * cannot be read.
 */
int process_attend(TALLOC_CTX *mem, struct process *process, int from,
		   int64_t length, int (*tick)(void *data), void *data,
		   char **complaint, struct error *err);

/* Reads all that is left of a pipe into a NUL-terminated buffer. */
int process_read_all(TALLOC_CTX *mem, int fd, char **text, size_t *length,
		     struct error *err);

#endif
