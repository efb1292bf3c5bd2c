#include "core/scaffold/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/text.h"

/* Letters of U+00C0 to U+017F without their accents; '_' for what is none. */
static const char plain_letters[] = "AAAAAAACEEEEIIII"
				    "DNOOOOO_OUUUUYTs"
				    "aaaaaaaceeeeiiii"
				    "dnooooo_ouuuuyty"
				    "AaAaAaCcCcCcCcDd"
				    "DdEeEeEeEeEeGgGg"
				    "GgGgHhHhIiIiIiIi"
				    "IiIiJjKkkLlLlLlL"
				    "lLlNnNnNnnNnOoOo"
				    "OoOoRrRrRrSsSsSs"
				    "SsTtTtTtUuUuUuUu"
				    "UuUuWwYyYZzZzZzs";

/* The same where one letter becomes two: what follows it. */
static const struct {
	uint32_t letter;
	char second;
} second_letters[] = {
	{ 0xc6, 'e' },	{ 0xde, 'h' },	{ 0xdf, 's' },
	{ 0xe6, 'e' },	{ 0xfe, 'h' },	{ 0x132, 'j' },
	{ 0x133, 'j' }, { 0x152, 'e' }, { 0x153, 'e' },
};

/* The character at *text, which is valid UTF-8, and past it. */
static uint32_t take_character(const unsigned char **text)
{
	uint32_t c = *(*text)++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	if (more)
		c &= 0x3fu >> more;
	while (more--)
		c = c << 6 | (*(*text)++ & 0x3fu);
	return c;
}

/* ASCII letters and digits, "_" for everything else, "" for an accent. */
static void in_ascii(uint32_t c, char out[3])
{
	memset(out, 0, 3);
	if (c >= 0x300 && c <= 0x36f)
		return;
	out[0] = '_';
	if (c >= 0xc0 && c <= 0x17f)
		out[0] = plain_letters[c - 0xc0];
	else if (c < 0x80 && (c - '0' < 10 || (c | 0x20) - 'a' < 26))
		out[0] = (char)c;
	for (size_t i = 0; i < sizeof(second_letters) / sizeof(*second_letters);
	     i++)
		if (second_letters[i].letter == c)
			out[1] = second_letters[i].second;
}

static char *transliterate(TALLOC_CTX *mem, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	char *out = talloc_strdup(mem, "");

	while (*at) {
		char piece[3];

		in_ascii(take_character(&at), piece);
		out = talloc_strdup_append_buffer(out, piece);
	}
	return out;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Whether a word begins at text[i]: aB, and the B of ABc. */
static bool begins_word(const char *text, size_t i)
{
	if (!i || !is_upper(text[i]))
		return false;
	return is_lower(text[i - 1]) ||
	       (is_upper(text[i - 1]) && text[i + 1] >= 'a' &&
		text[i + 1] <= 'z');
}

static char *snake(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_array(mem, char, 2 * (unsigned)strlen(text) + 1);
	size_t n = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '_' || begins_word(text, i))
			if (n && out[n - 1] != '_')
				out[n++] = '_';
		if (text[i] != '_')
			out[n++] = is_upper(text[i]) ? (char)(text[i] | 0x20)
						     : text[i];
	}
	while (n && out[n - 1] == '_')
		n--;
	out[n] = '\0';
	return out;
}

char *name_word(TALLOC_CTX *mem, const char *text)
{
	char *ascii = transliterate(NULL, text);
	char *word = snake(mem, ascii);

	talloc_free(ascii);
	return word;
}

static const char *refusal(const char *text)
{
	size_t length = strlen(text);

	if (utf8_check(text, length) < length)
		return "is not valid UTF-8";
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
		    (text[i] == '\xc2' && (unsigned char)text[i + 1] < 0xa0))
			return "has control characters";
	if (strpbrk(text, "/\\"))
		return "has a slash: a name is no path";
	return NULL;
}

static int refuse(const char *text, const char *why, struct error *err)
{
	char *shown = text_visible(NULL, text, false);

	error_set(err, ERROR_FAILED, "the name '%s' %s", shown, why);
	talloc_free(shown);
	return error_hint(err, "a name is made of letters, digits and "
			       "underscores, such as add_email_to_users");
}

int name_make(TALLOC_CTX *mem, const char *const *words, size_t count,
	      char **name, struct error *err)
{
	char *text = talloc_strdup(NULL, "");
	const char *why;
	int result = 0;

	for (size_t i = 0; i < count; i++)
		text = talloc_asprintf_append_buffer(text, "%s%s", i ? " " : "",
						     words[i]);
	why = refusal(text);
	*name = why ? NULL : name_word(mem, text);
	if (!why && !**name)
		why = "has no letter or digit in it that can be kept";
	if (!why && strlen(*name) > NAME_MAX_LENGTH)
		why = "is longer than 100 characters";
	if (why)
		result = refuse(text, why, err);
	talloc_free(text);
	return result;
}

/* Spaces, signs and punctuation beyond ASCII separate words, as its own do. */
static bool is_letter(uint32_t c)
{
	return c >= 0xc0 && c != 0xd7 && c != 0xf7 &&
	       !(c >= 0x2000 && c <= 0x2bff) && !(c >= 0x3000 && c <= 0x3003);
}

char *name_lost(TALLOC_CTX *mem, const char *const *words, size_t count)
{
	char *lost = talloc_strdup(mem, "");

	for (size_t i = 0; i < count; i++) {
		const unsigned char *at = (const unsigned char *)words[i];

		while (*at) {
			const char *from = (const char *)at;
			uint32_t c = take_character(&at);
			char piece[3], *letter;

			in_ascii(c, piece);
			if (*piece != '_' || !is_letter(c))
				continue;
			letter = talloc_strndup(
				lost, from, (size_t)((const char *)at - from));
			if (!strstr(lost, letter))
				lost = talloc_strdup_append_buffer(lost,
								   letter);
		}
	}
	if (*lost)
		return lost;
	talloc_free(lost);
	return NULL;
}
