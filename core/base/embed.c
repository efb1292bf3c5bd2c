#include "core/base/embed.h"

#include <stdlib.h>
#include <string.h>

static int by_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct embedded *)item)->path);
}

const char *embed_text(const char *path)
{
	const struct embedded *found =
		bsearch(path, embedded_files, embedded_count,
			sizeof(*embedded_files), by_path);

	return found ? found->text : NULL;
}
