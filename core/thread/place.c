#include "core/thread/tracker.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/thread/rest.h"

/* --- the address --------------------------------------------------------- */

static bool is_host_name(const char *host, size_t n)
{
	if (!n || host[0] == '.' || host[0] == '-' || host[n - 1] == '.' ||
	    memmem(host, n, "..", 2))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)host[i] >= 0x80 ||
		    (!isalnum((unsigned char)host[i]) && host[i] != '.' &&
		     host[i] != '-' && host[i] != '_'))
			return false;
	return true;
}

/* "[…]" of an IPv6 address */
static size_t bracketed(const char *s)
{
	size_t n;

	if (*s != '[')
		return 0;
	n = 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
	return n > 3 && s[n] == ']' ? n + 1 : 0;
}

/*
 * "host[:port]" of length n in lower case, without the port that the scheme
 * implies; NULL when it is malformed or has user info.
 */
static char *host_and_port(TALLOC_CTX *mem, const char *s, size_t n,
			   const char *own_port)
{
	size_t name = bracketed(s);
	const char *port;
	char *host;

	if (name > n)
		return NULL;
	if (!name) {
		port = memchr(s, ':', n);
		name = port ? (size_t)(port - s) : n;
		if (!is_host_name(s, name))
			return NULL;
	}
	host = talloc_strndup(mem, s, name);
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (name == n)
		return host;
	port = s + name + 1;
	n -= name + 1;
	if (s[name] != ':' || !n || n > 5 || *port == '0' ||
	    strspn(port, "0123456789") < n || atoi(port) > 65535)
		return NULL;
	if (strlen(own_port) == n && !memcmp(port, own_port, n))
		return host;
	return talloc_asprintf_append(host, ":%.*s", (int)n, port);
}

/* The host without its port. */
static char *bare(TALLOC_CTX *mem, const char *host)
{
	size_t n = bracketed(host);

	return talloc_strndup(mem, host, n ? n : strcspn(host, ":"));
}

static const char *without_www(const char *host)
{
	return strcmp(host, "www.github.com") ? host : "github.com";
}

/* What follows "https://" or "http://", or NULL. */
static const char *after_scheme(const char *url, bool *https)
{
	*https = !strncasecmp(url, "https://", 8);
	if (*https)
		return url + 8;
	return strncasecmp(url, "http://", 7) ? NULL : url + 7;
}

/*
 * Fills url, origin and host; *path is a copy of what follows the host up to a
 * query or fragment.
 */
static int take_address(struct tracker_place *p, const char *url, char **path,
			struct error *err)
{
	bool https;
	const char *rest = after_scheme(url, &https);
	char *host;
	size_t n;

	if (!rest) {
		error_set(err, ERROR_FAILED, "'%s' is no issue's address",
			  url_redact(p, url));
		return error_hint(
			err, "it looks like "
			     "https://HOST/OWNER/REPOSITORY/issues/NUMBER");
	}
	n = strcspn(rest, "/?#");
	host = host_and_port(p, rest, n, https ? "443" : "80");
	if (!host)
		return error_set(err, ERROR_FAILED,
				 "malformed host in the address '%s'",
				 url_redact(p, url));
	p->host = without_www(host);
	if (!https && !http_is_loopback(bare(p, p->host)))
		return error_set(err, ERROR_FAILED,
				 "refusing '%s': only https is safe outside "
				 "of this machine",
				 url_redact(p, url));
	p->origin = talloc_asprintf(p, "%s://%s", https ? "https" : "http",
				    p->host);
	*path = talloc_strndup(p, rest + n, strcspn(rest + n, "?#"));
	p->url = talloc_asprintf(p, "%s%s", p->origin, *path);
	return 0;
}

/* Names that mean themselves in a path: nothing to encode, no "..". */
static bool is_path_name(const char *s, size_t n)
{
	if (!n || n > 100 || (*s == '.' && (n == 1 || (n == 2 && s[1] == '.'))))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80 ||
		    (!isalnum((unsigned char)s[i]) && !strchr("._-~", s[i])))
			return false;
	return true;
}

static bool is_issue_word(const char *s)
{
	return !strcmp(s, "issues") || !strcmp(s, "pulls") ||
	       !strcmp(s, "pull");
}

static bool is_issue_number(const char *s)
{
	size_t n = strlen(s);

	return n && n <= 18 && *s != '0' && strspn(s, "0123456789") == n;
}

int place_take_issue(struct tracker_place *place, const char *path,
		     bool with_prefix)
{
	const char *names[20];
	size_t count = 0, prefix = 0;

	while (*path == '/' && path[1]) {
		size_t n = strcspn(path + 1, "/");

		if (count == sizeof(names) / sizeof(*names) ||
		    !is_path_name(path + 1, n))
			return -1;
		names[count++] = talloc_strndup(place, path + 1, n);
		prefix += count > 4 ? strlen(names[count - 5]) + 1 : 0;
		path += n + 1;
	}
	if (count < 4 || (count > 4 && !with_prefix) ||
	    !is_issue_word(names[count - 2]) ||
	    !is_issue_number(names[count - 1]))
		return -1;
	place->number = names[count - 1];
	place->repo = names[count - 3];
	place->owner = names[count - 4];
	place->prefix = talloc_strndup(
		place, place->url + strlen(place->origin), prefix);
	return 0;
}

/* --- configuration ------------------------------------------------------- */

/* What the person's own configuration says about a host, or NULL. */
static const char *own_setting(const struct config *config, const char *host,
			       const char *what)
{
	char *key = talloc_asprintf(NULL, "migrate-tracker.%s.%s", host, what);
	const char *value = config_get(config, key);

	if (value && (!*value || !config_is_own(config, key)))
		value = NULL;
	talloc_free(key);
	return value;
}

static int find_tracker(struct tracker_place *p, const struct config *config,
			struct error *err)
{
	const char *kind = own_setting(config, p->host, "kind");

	if (kind) {
		p->tracker = tracker_named(kind);
		if (p->tracker)
			return 0;
		error_set(err, ERROR_FAILED,
			  "migrate-tracker.%s.kind is '%s', which is no kind "
			  "of tracker",
			  p->host, text_visible(p, kind, false));
		return error_hint(err, "there are: %s", tracker_kinds(p));
	}
	p->tracker = tracker_at_home(p->host);
	if (p->tracker)
		return 0;
	error_set(err, ERROR_REFUSED,
		  "nothing says what kind of tracker '%s' is", p->host);
	return error_hint(err,
			  "git config migrate-tracker.%s.kind KIND   "
			  "(one of: %s)",
			  p->host, tracker_kinds(p));
}

/* The API's base from the configuration: an address without query. */
static int take_api(struct tracker_place *p, const char *api, struct error *err)
{
	bool https;
	const char *rest = after_scheme(api, &https);
	size_t n = rest ? strcspn(rest, "/") : 0;
	char *base, *host = NULL;

	if (rest)
		host = host_and_port(p, rest, n, https ? "443" : "80");
	if (!host || strpbrk(rest, "?#@ \\%") || strstr(rest, "/.."))
		return error_set(err, ERROR_FAILED,
				 "migrate-tracker.%s.api is no API's address: "
				 "'%s'",
				 p->host, url_redact(p, api));
	if (!https && !http_is_loopback(bare(p, host)))
		return error_set(err, ERROR_FAILED,
				 "migrate-tracker.%s.api is not https",
				 p->host);
	base = talloc_asprintf(p, "%s://%s%s", https ? "https" : "http", host,
			       rest + n);
	for (n = strlen(base); base[n - 1] == '/'; n--)
		base[n - 1] = '\0';
	p->api = base;
	p->own_api = true;
	return 0;
}

int tracker_locate(TALLOC_CTX *mem, const struct config *config,
		   const char *url, struct tracker_place **place,
		   struct error *err)
{
	struct tracker_place *p = talloc_zero(mem, struct tracker_place);
	const char *api;
	char *path = NULL;

	if (take_address(p, url, &path, err) < 0 ||
	    find_tracker(p, config, err) < 0)
		goto fail;
	api = own_setting(config, p->host, "api");
	if (api && take_api(p, api, err) < 0)
		goto fail;
	if (p->tracker->locate(p, path) < 0) {
		error_set(err, ERROR_FAILED, "'%s' is no issue's address on %s",
			  url_redact(p, url), p->tracker->name);
		error_hint(err,
			   "it looks like %s/OWNER/REPOSITORY/issues/"
			   "NUMBER",
			   p->origin);
		goto fail;
	}
	*place = p;
	return 0;
fail:
	talloc_free(p);
	return -1;
}

/* --- trust --------------------------------------------------------------- */

/* The host of "user@host:path", git's short form of an ssh address. */
static char *short_form_host(TALLOC_CTX *mem, const char *url)
{
	size_t n = strcspn(url, "/");
	const char *colon = memchr(url, ':', n), *at;

	if (!colon)
		return NULL;
	at = memrchr(url, '@', (size_t)(colon - url));
	at = at ? at + 1 : url;
	/* a drive has one letter, a remote helper two colons */
	if (colon - at < 2 || colon[1] == ':')
		return NULL;
	return host_and_port(mem, at, (size_t)(colon - at), "22");
}

static char *remote_host(TALLOC_CTX *mem, const char *url)
{
	const char *scheme = strstr(url, "://"), *rest, *at;
	char *host;
	size_t n;

	if (!scheme)
		return short_form_host(mem, url);
	rest = scheme + 3;
	n = strcspn(rest, "/?#");
	at = memrchr(rest, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - rest);
		rest = at + 1;
	}
	if (!strncasecmp(url, "https://", 8))
		return host_and_port(mem, rest, n, "443");
	if (!strncasecmp(url, "http://", 7))
		return host_and_port(mem, rest, n, "80");
	if (strncasecmp(url, "ssh://", 6) != 0)
		return NULL;
	/* the port of ssh says nothing about the one of https */
	host = host_and_port(mem, rest, n, "22");
	return host ? bare(mem, host) : NULL;
}

char *tracker_remote_host(TALLOC_CTX *mem, const char *url)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	const char *host = remote_host(scope, url);
	char *copy = NULL;

	if (host && !strcmp(host, "ssh.github.com"))
		host = "github.com";
	if (host)
		copy = talloc_strdup(mem, host);
	talloc_free(scope);
	return copy;
}

int tracker_check_trust(const struct config *config,
			const struct tracker_place *place,
			const char *const *remotes, size_t remote_count,
			struct error *err)
{
	if (own_setting(config, place->host, "kind") || place->own_api)
		return 0;
	for (size_t i = 0; i < remote_count; i++) {
		char *host = tracker_remote_host(NULL, remotes[i]);
		bool same = host && !strcmp(without_www(host), place->host);

		talloc_free(host);
		if (same)
			return 0;
	}
	error_set(err, ERROR_REFUSED,
		  "no token is sent to '%s': it is neither the host of a git "
		  "remote nor in your own git configuration",
		  place->host);
	return error_hint(err,
			  "if you trust it: git config "
			  "migrate-tracker.%s.kind %s",
			  place->host, place->tracker->kind);
}
