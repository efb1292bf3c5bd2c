#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * peak COMMAND...   runs it and prints the peak memory, in KiB, of the largest
 * process it was made of. A small parent: the peak of a child starts at what
 * its parent held.
 */
int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (!pid) {
		if (freopen("/dev/null", "w", stdout) &&
		    freopen("/dev/null", "w", stderr))
			execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || status)
		return 1;
	printf("%ld\n", usage.ru_maxrss);
	return 0;
}
