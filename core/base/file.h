#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

/* Writes all of the text; negative with errno set when that cannot be done. */
int file_write_all(int fd, const char *text);

#endif
