#include "core/base/arena.h"

#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

struct arena *arena_new(TALLOC_CTX *mem)
{
	return talloc_zero(mem, struct arena);
}

char *arena_copy_n(struct arena *arena, const char *text, size_t length)
{
	char *place;

	if (arena->used + length + 1 > arena->size) {
		arena->size = length + 1 > BLOCK_SIZE ? length + 1 : BLOCK_SIZE;
		arena->block = talloc_size(arena, arena->size);
		arena->used = 0;
	}
	place = arena->block + arena->used;
	memcpy(place, text, length);
	place[length] = '\0';
	arena->used += length + 1;
	return place;
}

char *arena_copy(struct arena *arena, const char *text)
{
	return text ? arena_copy_n(arena, text, strlen(text)) : NULL;
}
