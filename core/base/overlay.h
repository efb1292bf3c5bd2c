#ifndef CORE_BASE_OVERLAY_H
#define CORE_BASE_OVERLAY_H

#include <stddef.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * The compiled-in files of templates/ and what lies over them: a file of the
 * same path in the person's own folder comes first
 * ($XDG_CONFIG_HOME/git-migrate/, else ~/.config/git-migrate/), then one in
 * the repository's .gitmigrate.d/. Both may also have files of their own.
 */
enum overlay_source {
	OVERLAY_OWN,	/* the person's */
	OVERLAY_SHARED, /* arrives with a clone: not to be trusted */
	OVERLAY_BUILT_IN,
};

struct overlay;

/* top: of the work tree, or NULL when there is none. */
struct overlay *overlay_new(TALLOC_CTX *mem, const char *top);

struct overlay_file {
	char *path; /* as errors name it */
	char *text; /* NUL-terminated */
	size_t length;
	enum overlay_source source;
};

/*
 * The file that counts for a path such as "templates/comment.md", owned by
 * mem; NULL in *file when there is none. A file that is there and cannot be
 * read, or is larger than a megabyte, is an error.
 */
int overlay_read(TALLOC_CTX *mem, const struct overlay *overlay,
		 const char *path, struct overlay_file **file,
		 struct error *err);

/*
 * The names of what lies directly in a folder ("templates/sql"), in any of
 * the three places, sorted, each once.
 */
void overlay_list(TALLOC_CTX *mem, const struct overlay *overlay,
		  const char *folder, char ***names, size_t *count);

#endif
