#include "core/thread/markdown.h"

#include <ctype.h>
#include <string.h>

#define HIDDEN "***"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* --- user info in an address --------------------------------------------- */

/*
 * How much after "://" is user info, its @ included. A password that nobody
 * encoded may hold a slash: what looks like user:password goes to the last @.
 */
static size_t user_info(const char *s)
{
	size_t all = strcspn(s, " \t\r\n<>\"`"),
	       first = strcspn(s, "/?# \t\r\n");
	const char *at, *colon;

	if (first > all)
		first = all;
	at = memrchr(s, '@', first);
	if (at)
		return (size_t)(at - s) + 1;
	colon = memchr(s, ':', first);
	at = memrchr(s, '@', all);
	if (!at || !colon ||
	    strspn(colon + 1, "0123456789") == first - (size_t)(colon + 1 - s))
		return 0;
	return (size_t)(at - s) + 1;
}

/* --- a word that names a secret, and its value --------------------------- */

static const char *const words[] = {
	"password",	 "passwd",	  "passphrase",	   "pwd",
	"identified by", "secret",	  "token",	   "api_key",
	"apikey",	 "access_key",	  "authorization", "bearer",
	"private_key",	 "client_secret",
};

static size_t secret_word(const char *s)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);

		if (!strncasecmp(s, words[i], n) && !is_word(s[n]))
			return n;
	}
	return 0;
}

/* The length of a quoted value: '…', "…", E'…', $tag$…$tag$; 0: not quoted. */
static size_t quoted(const char *s)
{
	size_t start = is_word(*s) && s[1] == '\'' ? 1 : 0, n;
	const char *close;
	char quote = s[start];

	if (quote == '$') {
		n = 1 + strcspn(s + 1, "$ \t\r\n");
		if (s[n] != '$')
			return 0;
		close = memmem(s + n + 1, strlen(s + n + 1), s, n + 1);
		return close ? (size_t)(close - s) + n + 1 : strlen(s);
	}
	if (quote != '\'' && quote != '"')
		return 0;
	for (n = start + 1; s[n]; n++) {
		if (s[n] == '\\' && start && s[n + 1])
			n++;
		else if (s[n] == quote && s[n + 1] == quote)
			n++;
		else if (s[n] == quote)
			return n + 1;
	}
	return n;
}

/*
 * How much of what follows a secret's word is its value; *gap is what stands
 * between. Without a sign between only a quoted value counts, so that one can
 * write about a password column.
 */
static size_t secret_value(const char *s, size_t *gap)
{
	size_t space = strspn(s, " \t"), n;
	bool sign = s[space] == '=' || s[space] == ':';

	/* "password": "x" as JSON has it */
	if (!sign && !space && *s == '"') {
		space = 1 + strspn(s + 1, " \t");
		sign = s[space] == ':';
	}
	*gap = space;
	if (sign) {
		*gap += s[space + 1] == '>' || s[space + 1] == '=' ? 2 : 1;
		*gap += strspn(s + *gap, " \t");
	}
	/* taken out before: what follows it is no part of it */
	if (!strncmp(s + *gap, HIDDEN, strlen(HIDDEN)))
		return strlen(HIDDEN);
	n = quoted(s + *gap);
	if (!n && sign) {
		n = strcspn(s + *gap, " \t\r\n,;&)}");
		if (!strncasecmp(s + *gap, "bearer ", 7) ||
		    !strncasecmp(s + *gap, "basic ", 6))
			n += 1 + strcspn(s + *gap + n + 1, " \t\r\n,;&)}");
	}
	return n;
}

/* --- tokens by their looks ----------------------------------------------- */

static const struct {
	const char *prefix;
	size_t least; /* characters after it */
} tokens[] = {
	{ "ghp_", 16 },	    { "gho_", 16 },  { "ghu_", 16 },
	{ "ghs_", 16 },	    { "ghr_", 16 },  { "github_pat_", 16 },
	{ "glpat-", 16 },   { "gldt-", 16 }, { "glptt-", 16 },
	{ "lin_api_", 16 }, { "xoxa-", 10 }, { "xoxb-", 10 },
	{ "xoxp-", 10 },    { "xoxs-", 10 }, { "sk_live_", 10 },
	{ "AKIA", 16 },	    { "ASIA", 16 },  { "eyJ", 30 },
};

static size_t token(const char *s)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		size_t n = strlen(tokens[i].prefix), m = 0;

		if (strncmp(s, tokens[i].prefix, n))
			continue;
		while (is_word(s[n + m]) || s[n + m] == '-' ||
		       (s[n + m] == '.' && is_word(s[n + m + 1])))
			m++;
		if (m >= tokens[i].least)
			return n + m;
	}
	return 0;
}

/* A private key in PEM, to its end. */
static size_t private_key(const char *s)
{
	const char *end;
	size_t line;

	if (strncmp(s, "-----BEGIN ", 11))
		return 0;
	line = strcspn(s, "\r\n");
	if (!memmem(s, line, "PRIVATE KEY", 11))
		return 0;
	end = strstr(s + line, "-----END ");
	return end ? (size_t)(end - s) + strcspn(end, "\r\n") : strlen(s);
}

char *markdown_redact(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_strdup(mem, "");
	const char *s = text, *from = text;

	while (*s) {
		size_t n = 0, gap = 0;
		bool begins = s == text || !is_word(s[-1]);

		if (!strncmp(s, "://", 3)) {
			gap = 3;
			n = user_info(s + gap);
		} else if ((begins && (n = token(s))) || (n = private_key(s))) {
			gap = 0;
		} else if ((gap = secret_word(s))) {
			size_t between;

			n = secret_value(s + gap, &between);
			gap += n ? between : 0;
		}
		if (!n) {
			s += gap ? gap : 1;
			continue;
		}
		out = talloc_strndup_append_buffer(out, from,
						   (size_t)(s - from) + gap);
		out = talloc_strdup_append_buffer(out, HIDDEN);
		s += gap + n;
		if (s[-1] == '@' && gap == 3)
			out = talloc_strdup_append_buffer(out, "@");
		from = s;
	}
	return talloc_strdup_append_buffer(out, from);
}
