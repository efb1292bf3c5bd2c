#ifndef CORE_SCAFFOLD_PLACE_H
#define CORE_SCAFFOLD_PLACE_H

#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"
#include "core/scaffold/scaffold.h"

/* Where new scripts go: their versions and their files. */

/* The time (microseconds since 1970) as a version: YYYYMMDDHHMMSS in UTC. */
int64_t version_at(int64_t us);

/*
 * The version after one: a second later when it is a date and time, else the
 * next number. -1 when there is none.
 */
int64_t version_next(int64_t version);
/* What has such a version is nobody's date, and nothing is put behind it: there
   is no room. What others have made is no reason not to go on before it. */
#define VERSION_END 99999999990000
/* The error when there is none after that version. */
int version_refuse_last(int64_t version, struct error *err);

/*
 * The folder, made when it is missing, and held against another process that
 * makes versions in it until the handle is freed.
 */
struct place;
int place_open(TALLOC_CTX *mem, const char *top, const char *dir,
	       struct place **place, struct error *err);

/*
 * Writes the pairs, the down script of each first, with versions from `now`
 * (a version) on that are later than `newest` (-1: there is none). All or
 * nothing: no file is written over, and when one cannot be written those
 * before it are removed. *paths, from the top, in the order written.
 */
int place_write(TALLOC_CTX *mem, struct place *place,
		const struct scaffold *scaffold, int64_t now, int64_t newest,
		char ***paths, size_t *count, struct error *err);

#endif
