#include "core/run/patience.h"

#include <string.h>

#define LOOK_AGAIN_MS 50
#define FIRST_PAUSE_MS 20
#define MOST_PAUSE_MS 1000
#define MOST_TIMEOUT_MS 2000

struct patience *patience_new(TALLOC_CTX *mem, int timeout_ms, int limit_ms,
			      int64_t now_us)
{
	struct patience *p = talloc_zero(mem, struct patience);

	p->timeout_ms = timeout_ms;
	p->limit_ms = limit_ms;
	p->began_us = now_us;
	return p;
}

static void remember(struct patience *p, const char *const *transactions,
		     size_t count)
{
	talloc_free(p->first);
	p->first = talloc_array(p, const char *, (unsigned)count);
	p->first_count = count;
	for (size_t i = 0; i < count; i++)
		p->first[i] = talloc_strdup(p->first, transactions[i]);
	p->looked = true;
}

static bool was_there_first(const struct patience *p, const char *transaction)
{
	for (size_t i = 0; i < p->first_count; i++)
		if (!strcmp(p->first[i], transaction))
			return true;
	return false;
}

static int left_ms(const struct patience *p, int64_t now_us)
{
	int64_t left = p->limit_ms - (now_us - p->began_us) / 1000;

	return left > 0 ? (int)left : 0;
}

static int at_most(int ms, int most)
{
	return ms < most ? ms : most;
}

/* Twice as long after every second failure. */
static int timeout_now(const struct patience *p)
{
	int most = at_most(MOST_TIMEOUT_MS, p->limit_ms / 4);
	int ms = p->timeout_ms;

	for (int i = 1; i < p->failures && ms < most; i += 2)
		ms *= 2;
	if (most < p->timeout_ms)
		most = p->timeout_ms;
	return at_most(ms, most);
}

struct patience_step patience_looked(struct patience *p,
				     const char *const *transactions,
				     size_t count, int64_t now_us)
{
	struct patience_step ask = { PATIENCE_ASK, timeout_now(p) };
	struct patience_step wait = { PATIENCE_WAIT, LOOK_AGAIN_MS };

	if (!p->looked)
		remember(p, transactions, count);
	for (size_t i = 0; i < count; i++) {
		if (!was_there_first(p, transactions[i]))
			continue;
		wait.ms = at_most(wait.ms, left_ms(p, now_us));
		if (!wait.ms)
			wait.action = PATIENCE_GIVE_UP;
		return wait;
	}
	return ask;
}

struct patience_step patience_failed(struct patience *p, double chance,
				     int64_t now_us)
{
	struct patience_step step = { PATIENCE_WAIT, FIRST_PAUSE_MS };
	int left = left_ms(p, now_us);

	p->looked = false;
	for (int i = 0; i < p->failures && step.ms < MOST_PAUSE_MS; i++)
		step.ms *= 2;
	p->failures++;
	step.ms = at_most(step.ms, MOST_PAUSE_MS);
	step.ms = at_most((int)(step.ms * (0.5 + chance / 2)), left);
	if (!left)
		step.action = PATIENCE_GIVE_UP;
	return step;
}
