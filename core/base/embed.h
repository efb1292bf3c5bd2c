#ifndef CORE_BASE_EMBED_H
#define CORE_BASE_EMBED_H

#include <stddef.h>

/*
 * Files that are compiled in: templates/, hooks/ and every .sql file of core/,
 * under their path in the source tree. The table is made by tools/embed.sh
 * and is sorted by path.
 */
struct embedded {
	const char *path;
	const char *text; /* NUL-terminated */
	const char *end;  /* one past the last byte, where the NUL is */
};

extern const struct embedded embedded_files[];
extern const size_t embedded_count;

/* The text of a compiled-in file, or NULL. */
const char *embed_text(const char *path);

#endif
