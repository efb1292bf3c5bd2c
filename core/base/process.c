#include "core/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK ((size_t)64 * 1024)

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int process_destroy(struct process *process)
{
	process_finish(process);
	return 0;
}

/* 0, 1 and 2 belong to the child's own streams, even when ours are closed. */
static int away_from_standard(int *fd)
{
	int moved;

	if (*fd > 2)
		return 0;
	moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		return -1;
	close(*fd);
	*fd = moved;
	return 0;
}

static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	if (away_from_standard(&ends[0]) < 0 ||
	    away_from_standard(&ends[1]) < 0) {
		int saved = errno;

		close_end(&ends[0]);
		close_end(&ends[1]);
		errno = saved;
		return -1;
	}
	return 0;
}

/* Whether a list of "NAME=value" and "NAME" says something about entry. */
static bool is_overridden(const char *entry, const char *const *env)
{
	size_t name = strcspn(entry, "=");

	for (; *env; env++)
		if (!strncmp(*env, entry, name) &&
		    ((*env)[name] == '=' || !(*env)[name]))
			return true;
	return false;
}

static char **child_environment(TALLOC_CTX *mem, const char *const *env)
{
	size_t room = 1, n = 0;
	char **list;

	if (!env)
		return environ;
	for (char **e = environ; *e; e++)
		room++;
	for (const char *const *e = env; *e; e++)
		room++;
	list = talloc_array(mem, char *, (unsigned)room);
	for (char **e = environ; *e; e++)
		if (!is_overridden(*e, env))
			list[n++] = *e;
	for (const char *const *e = env; *e; e++)
		if (strchr(*e, '='))
			list[n++] = (char *)(uintptr_t)*e;
	list[n] = NULL;
	return list;
}

/* The child's ends of the pipes; -1 where there is none. */
struct ends {
	int in, out, err;
};

static int open_pipes(struct process *process, struct ends *theirs,
		      unsigned flags)
{
	int ends[2];

	if (flags & PROCESS_IN) {
		if (make_pipe(ends) < 0)
			return -1;
		theirs->in = ends[0];
		process->in = ends[1];
	}
	if (flags & PROCESS_OUT) {
		if (make_pipe(ends) < 0)
			return -1;
		process->out = ends[0];
		theirs->out = ends[1];
	}
	if (flags & PROCESS_ERR) {
		if (make_pipe(ends) < 0)
			return -1;
		process->err = ends[0];
		theirs->err = ends[1];
	}
	return 0;
}

static int place(posix_spawn_file_actions_t *actions, int fd, int where,
		 int mode)
{
	if (fd >= 0)
		return posix_spawn_file_actions_adddup2(actions, fd, where);
	return posix_spawn_file_actions_addopen(actions, where, "/dev/null",
						mode, 0);
}

static int plan_streams(posix_spawn_file_actions_t *actions,
			const struct ends *theirs, const char *cwd,
			unsigned flags)
{
	int rc = 0;

	if (!(flags & PROCESS_TTY) || theirs->in >= 0)
		rc = place(actions, theirs->in, 0, O_RDONLY);
	if (!rc && (!(flags & PROCESS_TTY) || theirs->out >= 0))
		rc = place(actions, theirs->out, 1, O_WRONLY);
	if (!rc && (theirs->err >= 0 || (flags & PROCESS_QUIET)))
		rc = place(actions, theirs->err, 2, O_WRONLY);
	if (!rc && cwd)
		rc = posix_spawn_file_actions_addchdir_np(actions, cwd);
	return rc;
}

/* posix_spawn() is vfork() underneath: it costs the same however large this
   process is. Returns an errno. */
static int spawn(struct process *process, const struct ends *theirs,
		 const char *const *argv, const char *cwd, char **env,
		 unsigned flags)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	pid_t pid = -1;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&attributes)) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	/* a child ends when nobody reads it, whatever we do about SIGPIPE */
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigaddset(&signals, SIGPIPE);
	if (flags & PROCESS_TTY) {
		/* who waits for an editor ignores Ctrl-C, the editor does not
		 */
		sigaddset(&signals, SIGINT);
		sigaddset(&signals, SIGQUIT);
	}
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	rc = plan_streams(&actions, theirs, cwd, flags);
	if (!rc)
		rc = posix_spawnp(&pid, argv[0], &actions, &attributes,
				  (char *const *)(uintptr_t)argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!rc)
		process->pid = pid;
	return rc;
}

int process_start(TALLOC_CTX *mem, const char *const *argv, const char *cwd,
		  const char *const *env, unsigned flags,
		  struct process **process, struct error *err)
{
	struct process *p = talloc(mem, struct process);
	struct ends theirs = { -1, -1, -1 };
	int rc;

	*p = (struct process){ .in = -1, .out = -1, .err = -1, .pid = -1 };
	talloc_set_destructor(p, process_destroy);
	rc = open_pipes(p, &theirs, flags) < 0
		     ? errno
		     : spawn(p, &theirs, argv, cwd, child_environment(p, env),
			     flags);
	close_end(&theirs.in);
	close_end(&theirs.out);
	close_end(&theirs.err);
	if (!rc) {
		*process = p;
		return 0;
	}
	talloc_free(p);
	if (cwd && access(cwd, X_OK) < 0)
		return error_set(err, ERROR_FAILED,
				 "unable to enter the folder '%s': %s", cwd,
				 strerror(errno));
	return error_set(err, ERROR_FAILED, "unable to run '%s': %s", argv[0],
			 strerror(rc));
}

int process_finish(struct process *process)
{
	int status = 0;
	pid_t pid;

	close_end(&process->in);
	close_end(&process->out);
	close_end(&process->err);
	if (process->pid < 0)
		return 0;
	do
		pid = waitpid(process->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	process->pid = -1;
	if (pid < 0)
		return 128;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

void process_stop(struct process *process)
{
	if (process->pid > 0)
		kill(process->pid, SIGTERM);
	process_finish(process);
}

/*
 * write() without SIGPIPE when the reader is gone and without changing what
 * this process as a whole does about that signal.
 */
static ssize_t write_safely(int fd, const char *data, size_t length)
{
	const struct timespec now = { 0, 0 };
	sigset_t broken, before, pending;
	ssize_t n;
	int saved;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &broken, &before);
	n = write(fd, data, length);
	saved = errno;
	/* the signal also comes with a short count, when the reader goes away
	   in the middle */
	if (n < (ssize_t)length && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&broken, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

int process_write(struct process *process, const char *data, size_t length)
{
	while (length) {
		ssize_t n = write_safely(process->in, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

/* What was read so far, always with room for more and for a NUL. */
struct sink {
	char *text;
	size_t length, room;
};

static int sink_grow(TALLOC_CTX *mem, struct sink *sink)
{
	size_t room = sink->room ? 2 * sink->room : CHUNK;
	char *text;

	if (sink->room - sink->length > CHUNK / 2)
		return 0;
	text = talloc_realloc_size(mem, sink->text, room);
	if (!text)
		return -1;
	sink->text = text;
	sink->room = room;
	return 0;
}

/* 1 after reading something, 0 at the end, -1 with errno. */
static int sink_read(TALLOC_CTX *mem, struct sink *sink, int fd)
{
	ssize_t n;

	if (sink_grow(mem, sink) < 0) {
		errno = ENOMEM;
		return -1;
	}
	do
		n = read(fd, sink->text + sink->length,
			 sink->room - sink->length - 1);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		sink->length += (size_t)n;
	return n > 0 ? 1 : (int)n;
}

/* The text without the spare room, when that is worth a copy. */
static char *sink_take(TALLOC_CTX *mem, struct sink *sink, size_t *length)
{
	if (!sink->text)
		sink->text = talloc_size(mem, 1);
	sink->text[sink->length] = '\0';
	if (length)
		*length = sink->length;
	return talloc_realloc_size(mem, sink->text, sink->length + 1);
}

int process_read_all(TALLOC_CTX *mem, int fd, char **text, size_t *length,
		     struct error *err)
{
	struct sink sink = { 0 };
	int rc;

	while ((rc = sink_read(mem, &sink, fd)) > 0)
		;
	if (rc < 0) {
		int saved = errno;

		talloc_free(sink.text);
		return error_set(err, ERROR_FAILED,
				 "unable to read from a process: %s",
				 strerror(saved));
	}
	*text = sink_take(mem, &sink, length);
	return 0;
}

/* The three streams of a process that is run to its end. */
struct exchange {
	struct process *process;
	const char *input;
	size_t left; /* of the input */
	struct sink out, err;
};

static int send_some(struct exchange *x)
{
	ssize_t n = write_safely(x->process->in, x->input,
				 x->left < CHUNK ? x->left : CHUNK);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != EPIPE)
		return -1;
	if (n >= 0) {
		x->input += n;
		x->left -= (size_t)n;
	}
	if (n < 0 || !x->left)
		close_end(&x->process->in);
	return 0;
}

static int receive_some(TALLOC_CTX *mem, struct sink *sink, int *fd)
{
	int rc = sink_read(mem, sink, *fd);

	if (rc == 0)
		close_end(fd);
	return rc < 0 ? -1 : 0;
}

/* Feeds and drains at the same time: doing one after the other stops for good
   once both pipes are full. */
static int exchange(TALLOC_CTX *mem, struct exchange *x)
{
	struct process *p = x->process;

	if (p->in >= 0 && x->left)
		fcntl(p->in, F_SETFL, O_NONBLOCK);
	else
		close_end(&p->in);
	while (p->in >= 0 || p->out >= 0 || p->err >= 0) {
		struct pollfd fds[3] = {
			{ .fd = p->in, .events = POLLOUT },
			{ .fd = p->out, .events = POLLIN },
			{ .fd = p->err, .events = POLLIN },
		};

		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if ((fds[0].revents && send_some(x) < 0) ||
		    (fds[1].revents &&
		     receive_some(mem, &x->out, &p->out) < 0) ||
		    (fds[2].revents && receive_some(mem, &x->err, &p->err) < 0))
			return -1;
	}
	return 0;
}

int process_run(TALLOC_CTX *mem, const char *const *argv, const char *cwd,
		const char *const *env, const char *input, size_t input_length,
		char **out, size_t *out_length, char **complaint,
		struct error *err)
{
	struct exchange x = { .input = input, .left = input_length };
	unsigned flags = PROCESS_OUT |
			 (complaint ? (unsigned)PROCESS_ERR : PROCESS_QUIET) |
			 (input_length ? (unsigned)PROCESS_IN : 0);
	int status;

	if (process_start(mem, argv, cwd, env, flags, &x.process, err) < 0)
		return -1;
	if (exchange(mem, &x) < 0) {
		error_set(err, ERROR_FAILED, "unable to talk to '%s': %s",
			  argv[0], strerror(errno));
		process_stop(x.process);
		talloc_free(x.process);
		talloc_free(x.out.text);
		talloc_free(x.err.text);
		return -1;
	}
	status = process_finish(x.process);
	talloc_free(x.process);
	*out = sink_take(mem, &x.out, out_length);
	if (complaint)
		*complaint = sink_take(mem, &x.err, NULL);
	else
		talloc_free(x.err.text);
	return status;
}

/* --- a process that takes its time ---------------------------------------- */

/* What goes into it: a file, through a buffer. */
struct feed {
	int fd;
	int64_t left;
	char *buffer;
	size_t offset, length; /* of what is read and not yet written */
};

static int feed_some(struct process *process, struct feed *feed)
{
	ssize_t n;

	if (!feed->length && feed->left > 0) {
		size_t want = feed->left < (int64_t)CHUNK ? (size_t)feed->left
							  : CHUNK;

		n = read(feed->fd, feed->buffer, want);
		if (n < 0)
			return errno == EINTR ? 0 : -1;
		feed->left = n ? feed->left - n : 0;
		feed->offset = 0;
		feed->length = (size_t)n;
	}
	n = feed->length
		    ? write_safely(process->in, feed->buffer + feed->offset,
				   feed->length)
		    : 0;
	if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EPIPE)
		return -1;
	if (n > 0) {
		feed->offset += (size_t)n;
		feed->length -= (size_t)n;
	}
	/* one that reads no more says why on its standard error */
	if ((n < 0 && errno == EPIPE) || (!feed->length && !feed->left))
		close_end(&process->in);
	return 0;
}

static int attend(TALLOC_CTX *mem, struct process *p, struct feed *feed,
		  struct sink *err, int (*tick)(void *data), void *data)
{
	while (p->in >= 0 || p->err >= 0) {
		struct pollfd fds[2] = {
			{ .fd = p->in, .events = POLLOUT },
			{ .fd = p->err, .events = POLLIN },
		};

		if (poll(fds, 2, 100) < 0 && errno != EINTR)
			return -1;
		if (tick && tick(data))
			return 1;
		if ((fds[0].revents && feed_some(p, feed) < 0) ||
		    (fds[1].revents && receive_some(mem, err, &p->err) < 0))
			return -1;
	}
	return 0;
}

int process_attend(TALLOC_CTX *mem, struct process *process, int from,
		   int64_t length, int (*tick)(void *data), void *data,
		   char **complaint, struct error *err)
{
	struct feed feed = { .fd = from, .left = length };
	struct sink said = { 0 };
	int result;

	feed.buffer = talloc_size(mem, CHUNK);
	if (process->in >= 0)
		fcntl(process->in, F_SETFL, O_NONBLOCK);
	result = attend(mem, process, &feed, &said, tick, data);
	talloc_free(feed.buffer);
	*complaint = sink_take(mem, &said, NULL);
	if (result == 0)
		return process_finish(process);
	if (result < 0)
		error_set(err, ERROR_FAILED, "unable to talk to a process: %s",
			  strerror(errno));
	else
		error_set(err, ERROR_INTERRUPTED, "interrupted");
	process_stop(process);
	return -1;
}
