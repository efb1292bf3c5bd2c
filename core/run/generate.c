#include "core/run/generate.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- chance that is always the same --------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t chance_of(const struct value_wish *w)
{
	uint64_t h = mix(w->number * 1000 + w->attempt);

	for (const char *c = w->column->name; *c; c++)
		h = mix(h ^ (uint64_t)(unsigned char)*c);
	return h;
}

/* --- what conditions mention ---------------------------------------------- */

struct words {
	TALLOC_CTX *mem;
	char **list;
	size_t count;
};

static void add(struct words *words, char *word)
{
	words->list = talloc_realloc(words->mem, words->list, char *,
				     (unsigned)words->count + 1);
	words->list[words->count++] = word;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* Whether the name stands in the text as a word of its own, in any case. */
static bool mentions(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *c = text; (c = strcasestr(c, name)) != NULL; c++)
		if ((c == text || !is_word(c[-1])) && !is_word(c[length]))
			return true;
	return false;
}

/* The string that begins at *text, which gets what follows it. */
static char *take_string(TALLOC_CTX *mem, const char **text)
{
	const char *c = *text + 1;
	char *word = talloc_strdup(mem, "");

	for (; *c && !(*c == '\'' && c[1] != '\''); c++) {
		c += *c == '\'';
		word = talloc_strndup_append_buffer(word, c, 1);
	}
	*text = *c ? c + 1 : c;
	return word;
}

static void read_condition(const char *text, struct words *strings,
			   struct words *numbers)
{
	const char *begin = text;

	while (*text) {
		char *end;

		if (*text == '\'') {
			char *word = take_string(strings->mem, &text);

			add(strings, word);
			if (isdigit((unsigned char)*word) || *word == '-')
				add(numbers, word);
		} else if (isdigit((unsigned char)*text) &&
			   (text == begin || !is_word(text[-1]))) {
			const char *from = text;

			strtod(text, &end);
			from -= from > begin && from[-1] == '-';
			add(numbers, talloc_strndup(numbers->mem, from,
						    (size_t)(end - from)));
			text = end;
		} else {
			text++;
		}
	}
}

static bool is_about(const struct db_rule *rule, const char *column)
{
	return rule->column ? !strcmp(rule->column, column)
			    : mentions(rule->text, column);
}

static bool has_pattern(const char *text)
{
	return strchr(text, '~') || strcasestr(text, "like") ||
	       strcasestr(text, "regexp") || strcasestr(text, "glob");
}

/* Texts of people, of which one may fit a pattern. */
static void add_shapes(struct words *out, uint64_t number)
{
	static const char *const shapes[][2] = {
		{ "user", "@example.com" },
		{ "https://example.com/", "" },
		{ "+15550100", "" },
		{ "12345", "" },
		{ "word-", "" },
		{ "WORD", "" },
	};
	static const char *const words[] = { "A", "AB", "ABC", "ABCD",
					     "a", "ab", "abc", "abcd" };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		add(out,
		    talloc_asprintf(out->mem, "%s%" PRIu64 "%s", shapes[i][0],
				    number % 100, shapes[i][1]));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		add(out, talloc_strdup(out->mem, words[i]));
}

/* A LIKE pattern, with letters for what it leaves open. */
static char *fill_pattern(char *pattern)
{
	for (char *c = pattern; *c; c++)
		if (*c == '%' || *c == '_' || *c == '*' || *c == '?')
			*c = 'x';
	return pattern;
}

static void add_lengths(struct words *out, const struct words *numbers,
			uint64_t number)
{
	for (size_t i = 0; i < numbers->count; i++) {
		long n = strtol(numbers->list[i], NULL, 10);

		for (long length = n - 1; length <= n + 1; length++) {
			char *text;

			if (length < 0 || length > 10000)
				continue;
			text = talloc_size(out->mem, (size_t)length + 1);
			memset(text, 'a' + (int)(number % 26), (size_t)length);
			text[length] = '\0';
			add(out, text);
		}
	}
}

static void add_neighbours(struct words *out, const struct words *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		char *text = numbers->list[i];

		add(out, text);
		if (strchr(text, '.') || strchr(text, 'e'))
			continue;
		add(out, talloc_asprintf(out->mem, "%lld",
					 strtoll(text, NULL, 10) + 1));
		add(out, talloc_asprintf(out->mem, "%lld",
					 strtoll(text, NULL, 10) - 1));
	}
}

static void add_candidates(const struct value_wish *w, const char *text,
			   struct words *out)
{
	struct words strings = { .mem = out->mem };
	struct words numbers = { .mem = out->mem };
	bool pattern = has_pattern(text);

	read_condition(text, &strings, &numbers);
	switch (w->column->kind) {
	case DATUM_INTEGER:
	case DATUM_NUMBER:
	case DATUM_FLOAT:
	case DATUM_YEAR:
		add_neighbours(out, &numbers);
		break;
	case DATUM_DATE:
	case DATUM_TIME:
	case DATUM_TIMESTAMP:
		for (size_t i = 0; i < strings.count; i++)
			if (isdigit((unsigned char)*strings.list[i]))
				add(out, strings.list[i]);
		break;
	case DATUM_LABEL:
	case DATUM_TEXT:
		for (size_t i = 0; i < strings.count; i++)
			add(out, pattern ? fill_pattern(strings.list[i])
					 : strings.list[i]);
		if (strcasestr(text, "length") || pattern)
			add_lengths(out, &numbers, w->number);
		if (pattern)
			add_shapes(out, w->number + w->attempt);
		break;
	default:
		for (size_t i = 0; i < strings.count; i++)
			add(out, strings.list[i]);
	}
}

static void find_candidates(const struct value_wish *w, struct words *out)
{
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; w->tables[t] && i < w->tables[t]->rule_count;
		     i++)
			if (is_about(&w->tables[t]->rules[i], w->column->name))
				add_candidates(w, w->tables[t]->rules[i].text,
					       out);
}

/* --- values by type ------------------------------------------------------- */

#define PICK(list, n) (list)[(n) % (sizeof(list) / sizeof(*(list)))]

static char *integer(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n)
{
	static const char *const most[] = {
		"127", "32767", "8388607", "2147483647",
		NULL,  NULL,	NULL,	   "9223372036854775807",
	};
	static const char *const least[] = {
		"-128", "-32768", "-8388608", "-2147483648",
		NULL,	NULL,	  NULL,	      "-9223372036854775808",
	};
	int bytes = w->column->bytes;

	if (!w->tame && bytes >= 1 && bytes <= 8 && n % 6 == 4)
		return talloc_strdup(mem, most[bytes - 1]);
	if (!w->tame && bytes >= 1 && bytes <= 8 && n % 6 == 5)
		return talloc_strdup(
			mem, w->column->is_unsigned ? "0" : least[bytes - 1]);
	if (!w->tame && n % 6 == 3 && !w->column->is_unsigned)
		return talloc_strdup(mem, "-1");
	return talloc_asprintf(mem, "%" PRIu64, n % 6 == 0 ? 0 : n / 6 % 100);
}

/* As many digits as it takes, at most. */
static char *number(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n)
{
	const struct db_column *c = w->column;
	int whole = c->precision ? c->precision - c->scale : 9;
	char *text = talloc_strdup(
		mem, n % 5 == 4 && !w->tame && !c->is_unsigned ? "-" : "");

	if (n % 5 == 0)
		return talloc_strdup_append(text, "0");
	if (whole <= 0)
		whole = 0;
	else if (n % 5 < 3 || w->tame)
		whole = whole < 2 ? whole : 2;
	for (int i = 0; i < whole; i++)
		text = talloc_asprintf_append(text, "%d", 9 - i % 9);
	if (!whole)
		text = talloc_strdup_append(text, "0");
	for (int i = 0; i < c->scale && i < 30; i++)
		text = talloc_asprintf_append(text, "%s%d", i ? "" : ".",
					      i % 9 + 1);
	if (!c->precision && n % 5 > 2)
		text = talloc_strdup_append(text, ".125");
	return text;
}

/* At most as many characters as the column takes. */
static char *cut(char *text, int64_t length)
{
	char *c = text;

	for (int64_t n = 0; length && *c && n < length; n++)
		for (c++; (*c & 0xc0) == 0x80; c++)
			;
	if (length)
		*c = '\0';
	return text;
}

static char *longest(TALLOC_CTX *mem, int64_t length)
{
	size_t n = !length || length > 4000 ? 1000 : (size_t)length;
	char *text = talloc_size(mem, n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	text[n] = '\0';
	return text;
}

/* Every other row has one, or each of the first ones another; not when it was
   refused. */
static const char *wished_word(const struct value_wish *w)
{
	uint64_t n = w->distinct ? w->number : w->number / 2;
	const char *word;

	if (!w->word_count || w->attempt ||
	    (w->distinct ? n >= w->word_count : w->number % 2 == 0))
		return NULL;
	word = w->words[n % w->word_count];
	return w->column->length && (int64_t)strlen(word) > w->column->length
		       ? NULL
		       : word;
}

static char *text_value(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n)
{
	static const char *const texts[] = {
		"",
		"a",
		"Stra\u00dfe, \u4e16\u754c \U0001f642",
		"it's \"quoted\" \\ 100%_",
		"a line\nand\tanother",
		"  between spaces  ",
	};
	int64_t length = w->column->length;

	if (wished_word(w))
		return talloc_strdup(mem, wished_word(w));
	if (w->tame || n % 8 == 7)
		return cut(talloc_asprintf(mem, "text %" PRIu64, w->number),
			   length);
	if (n % 8 == 6)
		return longest(mem, length);
	return cut(talloc_strdup(mem, PICK(texts, n % 8)), length);
}

static char *bytes_value(TALLOC_CTX *mem, const struct value_wish *w,
			 uint64_t n)
{
	static const char *const list[] = { "", "00", "00ff1000", "c3a9" };

	return cut(talloc_strdup(mem, PICK(list, n)), 2 * w->column->length);
}

static char *bits(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n)
{
	int64_t length = w->column->length ? w->column->length : 1;
	char *text = talloc_strdup(mem, "");

	for (int64_t i = length; i--;)
		text = talloc_strdup_append(text,
					    i < 64 && (n >> i) & 1 ? "1" : "0");
	return text;
}

static char *uuid(TALLOC_CTX *mem, uint64_t n)
{
	uint64_t a = mix(n), b = mix(a);

	return talloc_asprintf(mem,
			       "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64
			       "-a%03" PRIx64 "-%012" PRIx64,
			       a >> 32, a >> 16 & 0xffff, a & 0xfff,
			       b >> 48 & 0xfff, b & UINT64_C(0xffffffffffff));
}

static char *labels(TALLOC_CTX *mem, const struct db_column *c, uint64_t n)
{
	char *text;

	if (!c->label_count || n % 3 == 0)
		return talloc_strdup(mem, "");
	if (n % 3 == 1)
		return talloc_strdup(mem, c->labels[n / 3 % c->label_count]);
	text = talloc_strdup(mem, c->labels[0]);
	for (size_t i = 1; i < c->label_count; i++)
		text = talloc_asprintf_append(text, ",%s", c->labels[i]);
	return text;
}

static char *by_type(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n);

/* {}, {"a"}, {"a","b",NULL} */
static char *array(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n)
{
	struct db_column element = *w->column;
	struct value_wish inner = *w;
	char *text = talloc_strdup(mem, "{");

	element.kind = element.element;
	element.bytes = 2;
	inner.column = &element;
	for (uint64_t i = 0; i < n % 3; i++) {
		char *value = by_type(mem, &inner, mix(n + i));

		text = talloc_asprintf_append(text, "%s\"", i ? "," : "");
		for (const char *c = value; *c; c++)
			text = talloc_asprintf_append(
				text, "%s%c",
				*c == '"' || *c == '\\' ? "\\" : "", *c);
		text = talloc_strdup_append(text, "\"");
	}
	return talloc_strdup_append(text,
				    n % 3 == 2 && !w->tame ? ",NULL}" : "}");
}

static const char *const dates[] = { "2026-01-15", "2000-02-29", "1999-12-31",
				     "2037-12-31", "1970-01-02", "1900-01-01" };
static const char *const times[] = { "10:30:00", "23:59:59", "00:00:00" };
static const char *const intervals[] = { "1 day",
					 "1 year 2 mons 3 days 04:05:06",
					 "00:00:00", "-1 days" };
static const char *const years[] = { "2026", "1970", "2155" };
static const char *const documents[] = {
	"{\"a\": 1}", "{}", "[]", "{\"k\": \"\xc3\xbc\", \"n\": [1, 2.5, null]}"
};
static const char *const addresses[] = { "192.0.2.1", "198.51.100.7",
					 "2001:db8::1", "10.0.0.0/8" };
static const char *const networks[] = { "192.0.2.0/24", "10.0.0.0/8" };
static const char *const floats[] = { "0", "1.5", "-2.25", "3.141592653589793",
				      "1e10" };
static const char *const others[] = { "",   "a",     "0",    "1",
				      "{}", "(0,0)", "<a/>", "a:1" };

static char *by_type(TALLOC_CTX *mem, const struct value_wish *w, uint64_t n)
{
	const struct db_column *c = w->column;

	switch (c->kind) {
	case DATUM_INTEGER:
		return integer(mem, w, n);
	case DATUM_NUMBER:
		return number(mem, w, n);
	case DATUM_FLOAT:
		return talloc_strdup(mem, PICK(floats, w->tame ? n % 2 : n));
	case DATUM_BOOLEAN:
		return talloc_strdup(mem, n % 2 ? "1" : "0");
	case DATUM_TEXT:
		return text_value(mem, w, n);
	case DATUM_BYTES:
		return bytes_value(mem, w, n);
	case DATUM_BITS:
		return bits(mem, w, n);
	case DATUM_DATE:
		return talloc_strdup(mem, PICK(dates, w->tame ? n % 3 : n));
	case DATUM_TIME:
		return talloc_strdup(mem, PICK(times, n));
	case DATUM_TIMESTAMP:
		return talloc_asprintf(
			mem, "%s %s%s", PICK(dates, w->tame ? n % 3 : n),
			PICK(times, n / 6), n % 4 == 3 ? ".123456" : "");
	case DATUM_INTERVAL:
		return talloc_strdup(mem, PICK(intervals, n));
	case DATUM_YEAR:
		return talloc_strdup(mem, PICK(years, n));
	case DATUM_UUID:
		return uuid(mem, n);
	case DATUM_JSON:
		return talloc_strdup(mem, PICK(documents, n));
	case DATUM_LABEL:
		return talloc_strdup(
			mem,
			c->label_count ? c->labels[n % c->label_count] : "");
	case DATUM_LABELS:
		return labels(mem, c, n);
	case DATUM_ADDRESS:
		return talloc_strdup(mem, PICK(addresses, n));
	case DATUM_NETWORK:
		return talloc_strdup(mem, PICK(networks, n));
	case DATUM_RANGE:
		return talloc_strdup(mem, n % 2 ? "empty" : "(,)");
	case DATUM_ARRAY:
		return array(mem, w, n);
	default:
		return talloc_strdup(mem, PICK(others, n));
	}
}

/* --- no two the same ------------------------------------------------------ */

static char *day(TALLOC_CTX *mem, uint64_t n)
{
	return talloc_asprintf(mem, "%04d-%02d-%02d",
			       (int)(2000 + n / 336 % 37),
			       (int)(n / 28 % 12 + 1), (int)(n % 28 + 1));
}

static char *time_of(TALLOC_CTX *mem, uint64_t n)
{
	return talloc_asprintf(mem, "%02d:%02d:%02d", (int)(n / 3600 % 24),
			       (int)(n / 60 % 60), (int)(n % 60));
}

static char *distinct(TALLOC_CTX *mem, const struct value_wish *w)
{
	const struct db_column *c = w->column;
	uint64_t n = w->number + 97 * (uint64_t)w->attempt;

	switch (c->kind) {
	case DATUM_INTEGER:
		return talloc_asprintf(mem, "%" PRIu64,
				       c->bytes == 1 ? (n + 1) % 128 : n + 1);
	case DATUM_NUMBER:
	case DATUM_FLOAT:
		return talloc_asprintf(mem, "%" PRIu64, n + 1);
	case DATUM_TEXT:
		if (wished_word(w))
			return talloc_strdup(mem, wished_word(w));
		return c->length && c->length < 8
			       ? talloc_asprintf(mem, "%" PRIu64, n)
			       : cut(talloc_asprintf(mem, "%" PRIu64 " text",
						     n),
				     c->length);
	case DATUM_BYTES:
		return talloc_asprintf(mem, "%04x", (unsigned)n & 0xffff);
	case DATUM_DATE:
		return day(mem, n);
	case DATUM_TIMESTAMP:
		return talloc_asprintf(mem, "%s %s", day(mem, n),
				       time_of(mem, n));
	case DATUM_TIME:
		return time_of(mem, n);
	case DATUM_INTERVAL:
		return talloc_asprintf(mem, "%" PRIu64 " hours", n);
	case DATUM_YEAR:
		return talloc_asprintf(mem, "%d", (int)(1970 + n % 150));
	case DATUM_JSON:
		return talloc_asprintf(mem, "{\"n\": %" PRIu64 "}", n);
	case DATUM_ADDRESS:
		return talloc_asprintf(mem, "10.%d.%d.%d", (int)(n >> 16 & 255),
				       (int)(n >> 8 & 255), (int)(n & 255));
	case DATUM_NETWORK:
		return talloc_asprintf(mem, "10.%d.%d.0/24",
				       (int)(n >> 8 & 255), (int)(n & 255));
	case DATUM_RANGE:
		return talloc_asprintf(mem, "[%" PRIu64 ",%" PRIu64 ")", 2 * n,
				       2 * n + 1);
	default:
		return by_type(mem, w, n);
	}
}

/* The second row has NULL wherever it may be, and one in six of the others. */
static bool wants_null(const struct value_wish *w, uint64_t chance)
{
	if (w->column->not_null)
		return false;
	if (!w->attempt)
		return w->number == 1 || (w->number > 1 && chance % 6 == 0);
	/* a type that nobody knows is better left out */
	if (w->attempt >= 40 && w->column->kind == DATUM_OTHER)
		return true;
	return w->attempt >= 100 || chance % 3 == 0;
}

char *generate_value(TALLOC_CTX *mem, const struct value_wish *w)
{
	struct words candidates = { .mem = talloc_new(mem) };
	uint64_t chance = chance_of(w);
	char *value = NULL;

	find_candidates(w, &candidates);
	if (wants_null(w, chance))
		value = NULL;
	else if (candidates.count && (!w->distinct || w->attempt % 2) &&
		 (w->attempt < 2 || chance % 4))
		value = talloc_strdup(
			mem, candidates.list[(chance >> 8) % candidates.count]);
	else if (w->distinct)
		value = distinct(mem, w);
	else
		/* the first row is a plain one */
		value = by_type(mem, w,
				w->number || w->attempt ? chance >> 8 : 7);
	talloc_free(candidates.mem);
	return value;
}
