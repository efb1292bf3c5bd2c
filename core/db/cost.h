#ifndef CORE_DB_COST_H
#define CORE_DB_COST_H

#include <stdint.h>

/* What looking on costs at its best of late, from 0: on a busy machine one look
   that was slow makes no rule, and one that was not does. */
static inline int64_t cost_of_late(int64_t before_us, int64_t now_us)
{
	return now_us < before_us ? now_us
				  : before_us + (now_us - before_us) / 8;
}

#endif
