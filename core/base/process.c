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

extern char **environ;

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int process_finish(struct process *p)
{
	int status = 0;
	pid_t got;

	close_end(&p->in);
	close_end(&p->out);
	close_end(&p->err);
	if (p->pid < 0)
		return 0;
	do
		got = waitpid(p->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	p->pid = -1;
	if (got < 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

static int finish_it(struct process *p)
{
	process_finish(p);
	return 0;
}

/* The length of NAME in "NAME=value" or "NAME". */
static size_t name_length(const char *entry)
{
	return strcspn(entry, "=");
}

static bool overridden(const char *entry, const char *const *env)
{
	size_t length = name_length(entry);

	for (; *env; env++)
		if (name_length(*env) == length &&
		    !strncmp(*env, entry, length))
			return true;
	return false;
}

static char **make_environment(TALLOC_CTX *mem, const char *const *env)
{
	size_t n = 0, more = 0, used = 0;
	char **list;

	if (!env)
		return environ;
	while (environ[n])
		n++;
	while (env[more])
		more++;
	list = talloc_array(mem, char *, (unsigned)(n + more) + 1);
	for (size_t i = 0; i < n; i++)
		if (!overridden(environ[i], env))
			list[used++] = environ[i];
	for (size_t i = 0; i < more; i++)
		if (strchr(env[i], '='))
			list[used++] = talloc_strdup(list, env[i]);
	list[used] = NULL;
	return list;
}

/* One pipe: the child's end goes to fd `as`, ours to *ours. */
static int add_pipe(posix_spawn_file_actions_t *actions, bool child_reads,
		    int as, int *ours, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*ours = ends[child_reads ? 1 : 0];
	*theirs = ends[child_reads ? 0 : 1];
	return posix_spawn_file_actions_adddup2(actions, *theirs, as);
}

static int set_up_files(posix_spawn_file_actions_t *actions, const char *cwd,
			unsigned flags, struct process *p, int theirs[3])
{
	int bad = 0;

	if (cwd)
		bad |= posix_spawn_file_actions_addchdir_np(actions, cwd);
	if (flags & PROCESS_IN)
		bad |= add_pipe(actions, true, 0, &p->in, &theirs[0]);
	else if (!(flags & PROCESS_TTY))
		bad |= posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
							O_RDONLY, 0);
	if (flags & PROCESS_OUT)
		bad |= add_pipe(actions, false, 1, &p->out, &theirs[1]);
	if (flags & PROCESS_ERR)
		bad |= add_pipe(actions, false, 2, &p->err, &theirs[2]);
	else if (flags & PROCESS_QUIET)
		bad |= posix_spawn_file_actions_addopen(actions, 2, "/dev/null",
							O_WRONLY, 0);
	return bad;
}

/* The child starts with the signals of a program, not with our handlers'
   blocked or ignored ones. */
static void set_up_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
}

int process_start(TALLOC_CTX *mem, const char *const *argv, const char *cwd,
		  const char *const *env, unsigned flags,
		  struct process **process, struct error *err)
{
	struct process *p = talloc_zero(mem, struct process);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int theirs[3] = { -1, -1, -1 };
	int failed;
	pid_t pid = -1;

	p->in = p->out = p->err = p->pid = -1;
	talloc_set_destructor(p, finish_it);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	set_up_signals(&attributes);
	failed = set_up_files(&actions, cwd, flags, p, theirs) ? errno : 0;
	if (!failed)
		failed = posix_spawnp(&pid, argv[0], &actions, &attributes,
				      (char *const *)(uintptr_t)argv,
				      make_environment(p, env));
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	for (int i = 0; i < 3; i++)
		close_end(&theirs[i]);
	if (failed) {
		talloc_free(p);
		return error_set(err, ERROR_FAILED, "unable to run '%s': %s",
				 argv[0], strerror(failed));
	}
	p->pid = pid;
	*process = p;
	return 0;
}

/* A buffer that grows as a pipe is read. */
struct sink {
	char *text;
	size_t used, room;
};

/* 1: read some; 0: the end; -1: an error. */
static int sink_read(TALLOC_CTX *mem, struct sink *sink, int fd)
{
	ssize_t n;

	if (sink->room - sink->used < 4096) {
		sink->room = sink->room ? 2 * sink->room : 16384;
		sink->text = talloc_realloc_size(mem, sink->text,
						 sink->room + 1);
		if (!sink->text) {
			errno = ENOMEM;
			return -1;
		}
	}
	n = read(fd, sink->text + sink->used, sink->room - sink->used);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	sink->used += (size_t)n;
	return n > 0;
}

static char *sink_text(TALLOC_CTX *mem, struct sink *sink)
{
	if (!sink->text)
		return talloc_strdup(mem, "");
	sink->text[sink->used] = '\0';
	return sink->text;
}

int process_read_all(TALLOC_CTX *mem, int fd, char **text, size_t *length,
		     struct error *err)
{
	struct sink sink = { 0 };
	int more;

	do
		more = sink_read(mem, &sink, fd);
	while (more > 0);
	if (more < 0)
		return error_set(err, ERROR_FAILED,
				 "unable to read from a process: %s",
				 strerror(errno));
	*text = sink_text(mem, &sink);
	*length = sink.used;
	return 0;
}

/* Writes what the pipe takes now; the pipe is closed at the end. */
static void feed(struct process *p, const char **input, size_t *length)
{
	ssize_t n = write(p->in, *input, *length);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		*input += n;
		*length -= (size_t)n;
	}
	/* a process that wants no more says so with EPIPE */
	if (n < 0 || !*length)
		close_end(&p->in);
}

static int exchange(TALLOC_CTX *mem, struct process *p, const char *input,
		    size_t input_length, struct sink *out, struct sink *complaint)
{
	while (p->out >= 0 || p->err >= 0 || p->in >= 0) {
		struct pollfd fds[3] = {
			{ .fd = p->in, .events = POLLOUT },
			{ .fd = p->out, .events = POLLIN },
			{ .fd = p->err, .events = POLLIN },
		};
		int more;

		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (fds[0].revents)
			feed(p, &input, &input_length);
		if (fds[1].revents) {
			more = sink_read(mem, out, p->out);
			if (more < 0)
				return -1;
			if (!more)
				close_end(&p->out);
		}
		if (fds[2].revents && sink_read(mem, complaint, p->err) <= 0)
			close_end(&p->err);
	}
	return 0;
}

int process_run(TALLOC_CTX *mem, const char *const *argv, const char *cwd,
		const char *const *env, const char *input, size_t input_length,
		char **out, size_t *out_length, char **complaint,
		struct error *err)
{
	struct sink output = { 0 }, errors = { 0 };
	struct process *p;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int result;

	if (process_start(mem, argv, cwd, env,
			  (input ? PROCESS_IN : 0u) | PROCESS_OUT |
				  (complaint ? PROCESS_ERR : PROCESS_QUIET),
			  &p, err) < 0)
		return -1;
	if (input && !input_length)
		close_end(&p->in);
	if (p->in >= 0)
		fcntl(p->in, F_SETFL, O_NONBLOCK);
	sigaction(SIGPIPE, &ignore, &before);
	result = exchange(mem, p, input, input_length, &output, &errors);
	sigaction(SIGPIPE, &before, NULL);
	if (result < 0)
		error_set(err, ERROR_FAILED, "unable to talk to '%s': %s",
			  argv[0], strerror(errno));
	else
		result = process_finish(p);
	talloc_free(p);
	if (result < 0)
		return -1;
	*out = sink_text(mem, &output);
	if (out_length)
		*out_length = output.used;
	if (complaint)
		*complaint = sink_text(mem, &errors);
	return result;
}
