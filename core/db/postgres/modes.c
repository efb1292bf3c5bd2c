#include "core/db/postgres/modes.h"

#include <string.h>

#define BIT(mode) (1u << (mode))
#define ALL (BIT(PG_MODE_COUNT) - 1)

static const struct {
	const char *name;
	unsigned conflicts;
} modes[PG_MODE_COUNT] = {
	[PG_AS] = { "AccessShareLock", BIT(PG_AE) },
	[PG_RS] = { "RowShareLock", BIT(PG_X) | BIT(PG_AE) },
	[PG_RX] = { "RowExclusiveLock",
		    BIT(PG_S) | BIT(PG_SRE) | BIT(PG_X) | BIT(PG_AE) },
	[PG_SUE] = { "ShareUpdateExclusiveLock",
		     BIT(PG_SUE) | BIT(PG_S) | BIT(PG_SRE) | BIT(PG_X) |
			     BIT(PG_AE) },
	[PG_S] = { "ShareLock", BIT(PG_RX) | BIT(PG_SUE) | BIT(PG_SRE) |
					BIT(PG_X) | BIT(PG_AE) },
	[PG_SRE] = { "ShareRowExclusiveLock",
		     ALL & ~(BIT(PG_AS) | BIT(PG_RS)) },
	[PG_X] = { "ExclusiveLock", ALL & ~BIT(PG_AS) },
	[PG_AE] = { "AccessExclusiveLock", ALL },
};

const char *pg_mode_name(int mode)
{
	return modes[mode].name;
}

int pg_mode_number(const char *name)
{
	int mode = PG_MODE_COUNT - 1;

	while (mode > 0 && strcmp(modes[mode].name, name) != 0)
		mode--;
	return mode;
}

unsigned pg_mode_conflicts(int mode)
{
	return modes[mode].conflicts;
}
