#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include <stdbool.h>

/* Writes all of the text; negative with errno set when that cannot be done. */
int file_write_all(int fd, const char *text);

/* Puts a file of that text in the place of `path`, whole or not at all, and on
   the disk when it returns; negative with errno set. */
int file_replace(const char *path, const char *text);

/* Whether both can be read and have the same in them. */
bool file_same(const char *a, const char *b);

#endif
