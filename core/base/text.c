#include "core/base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The length of the valid sequence at text, or 0; cp gets the character. */
static size_t decode(const char *text, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	if (s[0] >= 0xf0)
		n = 4;
	else if (s[0] >= 0xe0)
		n = 3;
	else
		n = 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	*cp = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

size_t utf8_check(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint32_t cp;
		size_t n;

		if (!((unsigned char)text[i] & 0x80)) {
			i++;
			continue;
		}
		n = decode(text + i, len - i, &cp);
		if (!n)
			return i;
		i += n;
	}
	return len;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* Sets the highest bit of a byte for one above 0x7e, and where one is below
   0x20 that of it or of one after it. */
static uint64_t odd_bytes(uint64_t bytes)
{
	return (bytes | (bytes + EACH_BYTE) | (bytes - 0x20 * EACH_BYTE)) &
	       0x80 * EACH_BYTE;
}

bool text_is_plain(const char *text, size_t len)
{
	uint64_t part = 0x20 * EACH_BYTE, odd = 0;

	if (len < sizeof(part)) {
		memcpy(&part, text, len);
		return !odd_bytes(part);
	}
	for (size_t i = 0; i < len - sizeof(part); i += sizeof(part)) {
		memcpy(&part, text + i, sizeof(part));
		odd |= odd_bytes(part);
	}
	memcpy(&part, text + len - sizeof(part), sizeof(part));
	return !(odd | odd_bytes(part));
}

size_t utf8_length(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			n++;
	return n;
}

/* Characters that change how the text around them is shown. */
static bool is_trick(uint32_t cp)
{
	return (cp >= 0x80 && cp < 0xa0) || cp == 0x61c || cp == 0x200e ||
	       cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff ||
	       (cp >= 0xfff9 && cp <= 0xfffb) || cp == 0xfffe || cp == 0xffff;
}

char *text_visible(TALLOC_CTX *mem, const char *text, bool keep_lines)
{
	size_t len = strlen(text), used = 0;
	/* the longest replacement, "<U+FEFF>" for 3 bytes, or 4 for one */
	char *out = talloc_size(mem, 4 * len + 1);

	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		uint32_t cp;
		size_t n = decode(text + i, len - i, &cp);

		if (!n) {
			used += (size_t)sprintf(out + used, "\\x%02X", c);
			n = 1;
		} else if (c == '\n' || c == '\t') {
			if (keep_lines)
				out[used++] = (char)c;
			else
				used += (size_t)sprintf(out + used, "\\%c",
							c == '\n' ? 'n' : 't');
		} else if (c < 0x20 || c == 0x7f) {
			out[used++] = '^';
			out[used++] = (char)(c ^ 0x40);
		} else if (is_trick(cp)) {
			used += (size_t)sprintf(out + used, "<U+%04X>", cp);
		} else {
			memcpy(out + used, text + i, n);
			used += n;
		}
		i += n;
	}
	out[used] = '\0';
	return talloc_realloc_size(mem, out, used + 1);
}

void text_position(const char *text, size_t len, size_t offset, int *line,
		   int *column)
{
	size_t start = 0;

	if (offset > len)
		offset = len;
	*line = 1;
	for (const char *nl = memchr(text, '\n', offset); nl;
	     nl = memchr(text + start, '\n', offset - start)) {
		start = (size_t)(nl - text) + 1;
		(*line)++;
	}
	*column = (int)utf8_length(text + start, offset - start) + 1;
}

char *text_thousands(TALLOC_CTX *mem, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%lld",
			   n < 0 ? -(long long)n : (long long)n);
	char *out = talloc_strdup(mem, n < 0 ? "-" : "");

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			out = talloc_strdup_append_buffer(out, ",");
		out = talloc_strndup_append_buffer(out, digits + i, 1);
	}
	return out;
}

char *text_size(TALLOC_CTX *mem, int64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double size = (double)bytes;
	size_t unit = 0;

	if (bytes < 1000)
		return talloc_asprintf(mem, "%d bytes", (int)bytes);
	for (size /= 1000; size >= 999.5 && unit < 3; unit++)
		size /= 1000;
	return talloc_asprintf(mem, size < 9.95 ? "%.1f %s" : "%.0f %s", size,
			       units[unit]);
}

/* Enough of Unicode's East Asian widths for the names of tables. */
static int character_width(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
		int width;
	} ranges[] = {
		{ 0x300, 0x36f, 0 },	 { 0x200b, 0x200d, 0 },
		{ 0x20d0, 0x20f0, 0 },	 { 0xfe00, 0xfe0f, 0 },
		{ 0x1100, 0x115f, 2 },	 { 0x2e80, 0xa4cf, 2 },
		{ 0xac00, 0xd7a3, 2 },	 { 0xf900, 0xfaff, 2 },
		{ 0xfe30, 0xfe6f, 2 },	 { 0xff00, 0xff60, 2 },
		{ 0xffe0, 0xffe6, 2 },	 { 0x1f300, 0x1faff, 2 },
		{ 0x20000, 0x3fffd, 2 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return ranges[i].width;
	return 1;
}

/* How many bytes fit into so many columns, and how many of those they take. */
static size_t fitting(const char *text, int width, int *taken)
{
	size_t len = strlen(text), i = 0;

	*taken = 0;
	while (i < len) {
		uint32_t cp;
		size_t n = decode(text + i, len - i, &cp);
		int columns = n ? character_width(cp) : 1;

		if (columns > width - *taken)
			break;
		*taken += columns;
		i += n ? n : 1;
	}
	return i;
}

int text_width(const char *text)
{
	int taken;

	fitting(text, INT_MAX, &taken);
	return taken;
}

char *text_cut(TALLOC_CTX *mem, const char *text, int width, const char *end)
{
	int taken;
	size_t n;

	if (text_width(text) <= width)
		return talloc_strdup(mem, text);
	n = fitting(text, width - text_width(end), &taken);
	return talloc_asprintf(mem, "%.*s%s", (int)n, text, end);
}

char *text_shell(TALLOC_CTX *mem, const char *word)
{
	char *text;

	if (*word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_-./:=,@%+")])
		return talloc_strdup(mem, word);
	text = talloc_strdup(mem, "'");
	for (const char *c = word; *c; c++)
		text = *c == '\'' ? talloc_strdup_append(text, "'\\''")
				  : talloc_strndup_append(text, c, 1);
	return talloc_strdup_append(text, "'");
}

char *text_duration(TALLOC_CTX *mem, double ms)
{
	long seconds;

	if (ms < 0)
		return talloc_strdup(mem, "unknown");
	if (ms < 9.95)
		return talloc_asprintf(mem, "%.1f ms", ms);
	if (ms < 999.5)
		return talloc_asprintf(mem, "%.0f ms", ms);
	if (ms < 59950)
		return talloc_asprintf(mem, "%.1f s", ms / 1000);
	seconds = (long)(ms / 1000 + 0.5);
	if (seconds < 3600)
		return talloc_asprintf(mem, "%ld min %02ld s", seconds / 60,
				       seconds % 60);
	return talloc_asprintf(mem, "%ld h %02ld min", seconds / 3600,
			       seconds / 60 % 60);
}

int64_t text_span_parse(const char *text)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {
		{ "", 1000 },	   { "s", 1000 },    { "ms", 1 },
		{ "m", 60000 },	   { "min", 60000 }, { "h", 3600000 },
		{ "d", 86400000 },
	};
	char *end;
	double n = strtod(text, &end);

	if (end == text || !(n >= 0))
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(end, units[i].unit))
			return n * units[i].ms < 9e15
				       ? (int64_t)(n * units[i].ms)
				       : INT64_C(9000000000000000);
	return -1;
}

int text_duration_parse(const char *text)
{
	int64_t ms = strchr(text, 'd') ? -1 : text_span_parse(text);

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

char *text_time(TALLOC_CTX *mem, int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return talloc_asprintf(mem, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
			       tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
			       tm.tm_hour, tm.tm_min, tm.tm_sec,
			       (int)(us / 1000 % 1000));
}

int64_t text_time_parse(const char *text)
{
	struct tm tm = { 0 };
	int ms = 0;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year,
		   &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   &ms) < 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000000 + ms * 1000;
}

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}
