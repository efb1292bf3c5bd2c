#ifndef GIT_NOTES_INTERNAL_H
#define GIT_NOTES_INTERNAL_H

#include <unistd.h>

#include "git/internal.h"

/* What notes.c and notes_share.c share. */

/* The object a note belongs to, into object: its path without the fan-out's
   slashes. False: the path is no note's. */
bool note_object(const char *path, char *object, size_t hex_length);

/* The commit a notes ref points to; *tip is NULL when there is no such ref. */
int notes_tip(TALLOC_CTX *mem, struct repo *repo, const char *ref, char **tip,
	      struct error *err);

/* "Name <mail>"; a machine without an identity may still keep notes. */
char *note_author(TALLOC_CTX *mem, struct repo *repo);

/* By chance, as random() without a seed would keep those who wait in step. */
useconds_t notes_pause_us(void);

/* Whether git says of a ref that somebody else moves it just now, or has moved
   it; a hook of the remote that refuses may speak of locks, too. */
bool notes_lost_a_race(const char *complaint);

/*
 * Makes `ours` and the commit `theirs` one, in the local ref: *report says what
 * became of it, with strings of mem.
 */
int notes_merge(TALLOC_CTX *mem, struct repo *repo, const char *ref,
		const char *theirs, struct notes_report *report,
		struct error *err);

#endif
