#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>
#include <talloc.h>

/*
 * Many small strings that live and die together. A talloc chunk of its own
 * costs about 100 bytes more than the string; sets of ten thousand migrations
 * keep theirs here.
 */
struct arena {
	char *block;
	size_t used, size;
};

struct arena *arena_new(TALLOC_CTX *mem);

/* A copy that lives as long as the arena; NULL gives NULL. */
char *arena_copy(struct arena *arena, const char *text);
char *arena_copy_n(struct arena *arena, const char *text, size_t length);

#endif
