#include <string.h>

#include "core/db/mysql/observe.h"

/*
 * Which metadata locks of a table keep each other out: the two matrices of
 * MDL_lock::MDL_object_lock, for those that somebody has and for those that
 * somebody waits for. SHARED_WRITE_LOW_PRIO is MySQL's alone.
 * https://github.com/MariaDB/server/blob/10.11/sql/mdl.cc
 */

enum {
	S,
	SH,
	SR,
	SW,
	SWLP,
	SU,
	SRO,
	SNW,
	SNRW,
	X,
};

#define BIT(mode) (1U << (mode))
#define ALL (BIT(X + 1) - 1)
#define ALONE (BIT(SNRW) | BIT(X))
#define WRITES (BIT(SW) | BIT(SWLP))

static const struct {
	const char *name;
	unsigned conflicts, yields;
} modes[] = {
	[S] = { "SHARED", BIT(X), BIT(X) },
	[SH] = { "SHARED_HIGH_PRIO", BIT(X), 0 },
	[SR] = { "SHARED_READ", ALONE, ALONE },
	[SW] = { "SHARED_WRITE", BIT(SRO) | BIT(SNW) | ALONE,
		 BIT(SNW) | ALONE },
	[SWLP] = { "SHARED_WRITE_LOW_PRIO", BIT(SRO) | BIT(SNW) | ALONE,
		   BIT(SRO) | BIT(SNW) | ALONE },
	[SU] = { "SHARED_UPGRADABLE", BIT(SU) | BIT(SNW) | ALONE, BIT(X) },
	[SRO] = { "SHARED_READ_ONLY", WRITES | ALONE, ALONE },
	[SNW] = { "SHARED_NO_WRITE", WRITES | BIT(SU) | BIT(SNW) | ALONE,
		  BIT(X) },
	[SNRW] = { "SHARED_NO_READ_WRITE", ALL & ~(BIT(S) | BIT(SH)), BIT(X) },
	[X] = { "EXCLUSIVE", ALL, 0 },
};

int my_mode_number(const char *name)
{
	if (name && !strncmp(name, "MDL_", 4))
		name += 4;
	for (int mode = 0; name && mode <= X; mode++)
		if (!strcmp(name, modes[mode].name))
			return mode;
	return MY_MODE_UNKNOWN;
}

const char *my_mode_name(int mode)
{
	return mode == MY_MODE_UNKNOWN ? NULL : modes[mode].name;
}

/* What nobody has heard of keeps out all, to be on the safe side. */
unsigned my_mode_conflicts(int mode)
{
	return mode == MY_MODE_UNKNOWN ? ALL : modes[mode].conflicts;
}

unsigned my_mode_yields(int mode)
{
	return mode == MY_MODE_UNKNOWN ? ALL : modes[mode].yields;
}

bool my_mode_may_change(int mode)
{
	return mode == SU || mode == SNW || mode == SNRW;
}
