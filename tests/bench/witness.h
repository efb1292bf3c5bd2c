#ifndef TESTS_BENCH_WITNESS_H
#define TESTS_BENCH_WITNESS_H

#include <stdio.h>
#include <time.h>

/* What the witnesses of each server measure with. */

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_ms(double ms)
{
	struct timespec t = { (time_t)(ms / 1000),
			      (long)(ms * 1e6) % 1000000000 };

	if (ms > 0)
		nanosleep(&t, NULL);
}

/* Asks is_free() a thousand times a second, for so long and until it is free
   again, and prints each stretch of time in which it was not: its length and
   how much longer it may have been, in milliseconds. */
static void tell_busy(int (*is_free)(void *connection, const char *what),
		      void *connection, const char *what, double seconds)
{
	double end = now_ms() + seconds * 1000, last_free = 0, first = 0,
	       last = 0;

	puts("ready");
	fflush(stdout);
	while (now_ms() < end || first > 0) {
		double asked = now_ms();
		int is = is_free(connection, what);
		double answered = now_ms();

		if (!is) {
			if (first <= 0)
				first = answered;
			last = asked;
		} else {
			if (first > 0) {
				printf("%.3f %.3f\n", last - first,
				       answered - last_free - (last - first));
				fflush(stdout);
			}
			first = 0;
			last_free = asked;
		}
		pause_ms(1);
	}
}

#endif
