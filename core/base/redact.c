#include "core/base/text.h"

#include <ctype.h>
#include <string.h>

/* Parameters that hold no secret; any other may be a misspelt password. */
static const char *const public_keys[] = {
	"host",
	"hostaddr",
	"port",
	"dbname",
	"user",
	"service",
	"sslmode",
	"ssl-mode",
	"ssl_mode",
	"socket",
	"connect_timeout",
	"application_name",
	"per_page",
	"page",
	"since",
};

static bool is_public(const char *key, size_t len, const char *value)
{
	/* libpq takes a whole URL as the database's name */
	if (strstr(value, "://"))
		return false;
	for (size_t i = 0; i < sizeof(public_keys) / sizeof(*public_keys); i++)
		if (strlen(public_keys[i]) == len &&
		    !strncasecmp(public_keys[i], key, len))
			return true;
	return false;
}

/* user:password@ of an authority; the last @ ends it, as a password may hold
   one that nobody encoded. */
static char *redact_authority(char *out, const char *authority, size_t len)
{
	const char *at = memrchr(authority, '@', len);
	const char *colon;

	if (!at)
		return talloc_strndup_append_buffer(out, authority, len);
	colon = memchr(authority, ':', (size_t)(at - authority));
	if (!colon)
		return talloc_strndup_append_buffer(out, authority, len);
	out = talloc_strndup_append_buffer(out, authority,
					   (size_t)(colon - authority));
	out = talloc_strdup_append_buffer(out, ":***");
	return talloc_strndup_append_buffer(out, at,
					    (size_t)(authority + len - at));
}

static char *redact_query(char *out, const char *query)
{
	while (*query) {
		size_t len = strcspn(query, "&");
		const char *equals = memchr(query, '=', len);

		if (equals &&
		    !is_public(query, (size_t)(equals - query), equals))
			out = talloc_asprintf_append_buffer(
				out, "%.*s=***", (int)(equals - query), query);
		else
			out = talloc_strndup_append_buffer(out, query, len);
		query += len;
		if (*query) {
			out = talloc_strdup_append_buffer(out, "&");
			query++;
		}
	}
	return out;
}

static char *redact_url(TALLOC_CTX *mem, const char *url, const char *after)
{
	/* an unencoded / or ? may be part of a password: the authority goes
	   at least to the last @ */
	const char *last_at = strrchr(after, '@');
	const char *end = after + strcspn(after, "/?#");
	char *out = talloc_strndup(mem, url, (size_t)(after - url));

	if (last_at && last_at > end)
		end = last_at + strcspn(last_at, "/?#");
	out = redact_authority(out, after, (size_t)(end - after));
	if (*end && *end != '?') {
		size_t path = strcspn(end, "?");

		out = talloc_strndup_append_buffer(out, end, path);
		end += path;
	}
	if (*end == '?') {
		out = talloc_strdup_append_buffer(out, "?");
		out = redact_query(out, end + 1);
	}
	return out;
}

/* key = 'value' pairs as libpq reads them */
static char *redact_pairs(TALLOC_CTX *mem, const char *text)
{
	char *out = talloc_strdup(mem, "");

	while (*text) {
		const char *key, *value, *end;
		size_t length;

		text += strspn(text, " \t\r\n");
		key = text;
		length = strcspn(key, "= \t\r\n");
		value = key + length;
		value += strspn(value, " \t\r\n");
		if (!length || *value != '=') {
			talloc_free(out);
			return talloc_strdup(mem, "(unreadable URL)");
		}
		value++;
		value += strspn(value, " \t\r\n");
		end = value;
		if (*end == '\'') {
			for (end++; *end && *end != '\''; end++)
				if (*end == '\\' && end[1])
					end++;
			if (*end)
				end++;
		} else {
			while (*end && !isspace((unsigned char)*end))
				end += *end == '\\' && end[1] ? 2 : 1;
		}
		out = talloc_asprintf_append_buffer(
			out, "%s%.*s=", *out ? " " : "", (int)length, key);
		if (is_public(key, length, value))
			out = talloc_strndup_append_buffer(
				out, value, (size_t)(end - value));
		else
			out = talloc_strdup_append_buffer(out, "***");
		text = end;
		text += strspn(text, " \t\r\n");
	}
	return out;
}

char *url_redact(TALLOC_CTX *mem, const char *url)
{
	const char *scheme = strstr(url, "://");
	char *raw, *shown;

	if (!strncmp(url, "sqlite:", 7) && !scheme)
		raw = talloc_strdup(mem, url);
	else if (scheme && scheme > url &&
		 strspn(url, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-") ==
			 (size_t)(scheme - url))
		raw = redact_url(mem, url, scheme + 3);
	else if (strchr(url, '='))
		raw = redact_pairs(mem, url);
	else if (strpbrk(url, "@"))
		raw = talloc_strdup(mem, "(unreadable URL)");
	else
		raw = talloc_strdup(mem, url);
	shown = text_visible(mem, raw, false);
	talloc_free(raw);
	return shown;
}
