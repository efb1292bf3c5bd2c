#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/* Text that came from outside, and how it is shown. */

/*
 * The offset of the first byte that is not valid UTF-8 (overlong forms and
 * surrogates count as invalid, RFC 3629), or len when all of it is.
 */
size_t utf8_check(const char *text, size_t len);

/* Whether all of it is printable ASCII, which needs no care anywhere. */
bool text_is_plain(const char *text, size_t len);

/* The number of characters in len bytes of valid UTF-8. */
size_t utf8_length(const char *text, size_t len);

/*
 * A copy with control characters made visible (ESC as ^[, DEL as ^?, bytes
 * that are not UTF-8 as \xNN; C1 controls, what turns the direction of the text
 * around it, and what is no character as <U+NNNN>), safe for a terminal, and of
 * characters that XML may hold. Newline and tab stay when keep_lines is set.
 */
char *text_visible(TALLOC_CTX *mem, const char *text, bool keep_lines);

/* Line and column (both from 1, columns in characters) of a byte offset. */
void text_position(const char *text, size_t len, size_t offset, int *line,
		   int *column);

/* A word as a shell reads it back: in quotes where it needs them. */
char *text_shell(TALLOC_CTX *mem, const char *word);

/* "1,234,567" */
char *text_thousands(TALLOC_CTX *mem, int64_t n);

/* Bytes for people: "512 bytes", "8.2 kB", "1.4 GB". */
char *text_size(TALLOC_CTX *mem, int64_t bytes);

/* The columns that a terminal needs for valid UTF-8: East Asian characters and
   emoji take two, combining marks none. */
int text_width(const char *text);
/* A copy of at most so many columns; what was cut ends in `end`. */
char *text_cut(TALLOC_CTX *mem, const char *text, int width, const char *end);

/* A duration for people: "3.2 ms", "1.4 s", "2 min 05 s". */
char *text_duration(TALLOC_CTX *mem, double ms);
/* Of one that a person writes, in milliseconds: "1500ms", "2m", "1h", "30"
   (seconds); at most INT_MAX, -1 when it is no duration. */
int text_duration_parse(const char *text);
/* The same for long ones, also in days: "24h", "7d". */
int64_t text_span_parse(const char *text);

/* RFC 3339 in UTC with milliseconds, from microseconds since 1970. */
char *text_time(TALLOC_CTX *mem, int64_t us);
/* The inverse; 0 for what is not such a time. */
int64_t text_time_parse(const char *text);

/* Microseconds since 1970 (wall clock), and of a clock that never jumps. */
int64_t clock_wall_us(void);
int64_t clock_mono_us(void);

/*
 * A URL or connection string without its secrets: user info's password, and
 * the values of password, passfile, service keys and sslkey parameters become
 * "***". What cannot be understood comes back as "(unreadable URL)" and never
 * as it was.
 */
char *url_redact(TALLOC_CTX *mem, const char *url);

#endif
