#include "core/db/mysql/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/text.h"

/* After the scheme, or NULL when it is another one. */
static const char *after_scheme(const char *url, const char *scheme)
{
	size_t length = strlen(scheme);

	return strncmp(url, scheme, length) == 0 ? url + length : NULL;
}

bool my_accepts_mariadb(const char *url)
{
	return after_scheme(url, "mariadb://") != NULL;
}

bool my_accepts_mysql(const char *url)
{
	return after_scheme(url, "mysql://") != NULL;
}

static int unreadable(const char *url, const char *why, struct error *err)
{
	char *shown = url_redact(NULL, url);

	error_set(err, ERROR_FAILED, "unable to read the URL '%s': %s", shown,
		  why);
	talloc_free(shown);
	return error_hint(err, "in a password, write @ as %%40, : as %%3A, "
			       "/ as %%2F, ? as %%3F and %% as %%25");
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *found;

	found = c ? strchr(digits, c | 0x20) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* NULL for a percent sign that introduces no byte of a text. */
static char *decode(TALLOC_CTX *mem, const char *text, size_t length)
{
	char *out = talloc_array(mem, char, (unsigned)length + 1);
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		int high, low;

		if (text[i] != '%') {
			out[used++] = text[i];
			continue;
		}
		high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
		low = high < 0 ? -1 : hex_digit(text[i + 2]);
		if (low < 0 || high * 16 + low == 0) {
			talloc_free(out);
			return NULL;
		}
		out[used++] = (char)(high * 16 + low);
		i += 2;
	}
	out[used] = '\0';
	return out;
}

/* --- parameters ----------------------------------------------------------- */

static int read_tls(const char *mode, struct my_url *url, struct error *err)
{
	static const struct {
		const char *name;
		enum my_tls tls;
	} modes[] = {
		{ "disabled", MY_TLS_DISABLED },
		{ "disable", MY_TLS_DISABLED },
		{ "preferred", MY_TLS_PREFERRED },
		{ "prefer", MY_TLS_PREFERRED },
		{ "required", MY_TLS_REQUIRED },
		{ "require", MY_TLS_REQUIRED },
		{ "verify_ca", MY_TLS_VERIFY_CA },
		{ "verify-ca", MY_TLS_VERIFY_CA },
		{ "verify_identity", MY_TLS_VERIFY_IDENTITY },
		{ "verify-identity", MY_TLS_VERIFY_IDENTITY },
		{ "verify-full", MY_TLS_VERIFY_IDENTITY },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcasecmp(mode, modes[i].name)) {
			url->tls = modes[i].tls;
			return 0;
		}
	error_set(err, ERROR_FAILED, "the URL's ssl-mode is none");
	return error_hint(err, "write disabled, preferred, required, "
			       "verify-ca or verify-identity");
}

/* ssl-mode, ssl_mode and sslmode are one. */
static bool is_key(const char *key, const char *name)
{
	for (; *name; name++) {
		if (*name == '-') {
			if (*key == '-' || *key == '_')
				key++;
			continue;
		}
		if ((*key | 0x20) != *name)
			return false;
		key++;
	}
	return !*key;
}

static int read_number(const char *text, unsigned most, unsigned *number,
		       struct error *err)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value > most)
		return error_set(err, ERROR_FAILED,
				 "what stands for a number in the URL is none");
	*number = (unsigned)value;
	return 0;
}

/*
 * What says where to connect and how is heeded, a word about TLS that is not
 * known is refused, and all else is for the application's own driver.
 */
static int read_parameter(const char *key, const char *value,
			  struct my_url *url, struct error *err)
{
	const struct {
		const char *key;
		const char **text;
	} texts[] = {
		{ "user", &url->user },
		{ "password", &url->password },
		{ "socket", &url->socket },
		{ "unix-socket", &url->socket },
		{ "default-file", &url->default_file },
		{ "default-group", &url->default_group },
		{ "ssl-ca", &url->tls_ca },
		{ "ssl-cert", &url->tls_cert },
		{ "ssl-key", &url->tls_key },
	};
	unsigned seconds = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (is_key(key, texts[i].key)) {
			*texts[i].text = value;
			return 0;
		}
	if (is_key(key, "ssl-mode"))
		return read_tls(value, url, err);
	if (is_key(key, "connect-timeout")) {
		if (read_number(value, 86400, &seconds, err) < 0)
			return -1;
		url->connect_timeout = (int)seconds;
		return 0;
	}
	if (strncasecmp(key, "ssl", 3) != 0 && strncasecmp(key, "tls", 3) != 0)
		return 0;
	error_set(err, ERROR_FAILED, "the URL has an unknown TLS parameter");
	return error_hint(err, "known are ssl-mode, ssl-ca, ssl-cert and "
			       "ssl-key");
}

static int read_parameters(TALLOC_CTX *mem, const char *url, const char *query,
			   struct my_url *parsed, struct error *err)
{
	while (*query) {
		size_t length = strcspn(query, "&");
		size_t name = strcspn(query, "=&");
		char *key = decode(mem, query, name);
		char *value = decode(mem, query + name + (name < length),
				     length - name - (name < length));

		if (!key || !value)
			return unreadable(url, "a % introduces no character",
					  err);
		if (read_parameter(key, value, parsed, err) < 0)
			return -1;
		query += length;
		query += *query == '&';
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

/* host, host:port, [v6]:port; empty ones are left to the option files. */
static int read_host(TALLOC_CTX *mem, const char *host, size_t length,
		     struct my_url *parsed, struct error *err)
{
	const char *colon = memrchr(host, ':', length);
	const char *bracket = memrchr(host, ']', length);
	size_t end = length;
	char *port;

	if (colon && (!bracket || colon > bracket)) {
		end = (size_t)(colon - host);
		port = talloc_strndup(mem, colon + 1, length - end - 1);
		if (*port && read_number(port, 65535, &parsed->port, err) < 0)
			return -1;
	}
	if (bracket && *host == '[') {
		host++;
		end = (size_t)(bracket - host);
	}
	if (!end)
		return 0;
	parsed->host = decode(mem, host, end);
	return parsed->host ? 0
			    : error_set(err, ERROR_FAILED,
					"the URL's host cannot be one");
}

static int read_authority(TALLOC_CTX *mem, const char *url, const char *text,
			  size_t length, struct my_url *parsed,
			  struct error *err)
{
	const char *at = memrchr(text, '@', length);
	const char *colon;
	size_t user;

	if (!at)
		return read_host(mem, text, length, parsed, err);
	user = (size_t)(at - text);
	colon = memchr(text, ':', user);
	if (colon) {
		parsed->password = decode(mem, colon + 1,
					  (size_t)(at - colon - 1));
		if (!parsed->password)
			return unreadable(url, "a % introduces no character",
					  err);
		user = (size_t)(colon - text);
	}
	if (user)
		parsed->user = decode(mem, text, user);
	if (user && !parsed->user)
		return unreadable(url, "a % introduces no character", err);
	return read_host(mem, at + 1, length - (size_t)(at + 1 - text), parsed,
			 err);
}

int my_url_parse(TALLOC_CTX *mem, const char *url, struct my_url *parsed,
		 struct error *err)
{
	const char *rest, *path, *query;
	size_t authority, name;

	memset(parsed, 0, sizeof(*parsed));
	parsed->mariadb = my_accepts_mariadb(url);
	rest = strstr(url, "://") + 3;
	authority = strcspn(rest, "/?#");
	path = rest + authority;
	query = strchr(path, '?');
	name = strcspn(path, "?");
	/* an @ after the authority: the password had a slash */
	if (memchr(path, '@', name))
		return unreadable(url, "an @ stands in the database's name",
				  err);
	if (read_authority(mem, url, rest, authority, parsed, err) < 0)
		return -1;
	if (name > 1) {
		parsed->database = decode(mem, path + 1, name - 1);
		if (!parsed->database || *path != '/')
			return unreadable(url, "the database's name is odd",
					  err);
	}
	return query ? read_parameters(mem, url, query + 1, parsed, err) : 0;
}

/* --- secrets of the environment ------------------------------------------- */

bool my_url_leaves_machine(const struct my_url *url)
{
	static const char *const local[] = { "localhost", "127.0.0.1", "::1" };

	if (!url->host)
		return false;
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (!strcasecmp(url->host, local[i]))
			return false;
	return true;
}

/* Option files keep a password for no host in particular. */
static bool has_option_file(void)
{
	const char *home = getenv("HOME");
	char *path = talloc_asprintf(NULL, "%s/.my.cnf", home ? home : "");
	bool there = home && access(path, R_OK) == 0;

	talloc_free(path);
	return there;
}

const char *my_environment_secret(const char *url)
{
	const char *password = getenv("MYSQL_PWD"), *secret = NULL;
	struct error ignored = { 0 };
	TALLOC_CTX *mem = talloc_new(NULL);
	struct my_url parsed;

	if (my_url_parse(mem, url, &parsed, &ignored) == 0 &&
	    !parsed.password && my_url_leaves_machine(&parsed)) {
		if (has_option_file())
			secret = "what ~/.my.cnf has";
		else if (password && *password)
			secret = "MYSQL_PWD";
	}
	error_release(&ignored);
	talloc_free(mem);
	return secret;
}

char *my_place(TALLOC_CTX *mem, const char *url, const char *top)
{
	struct error ignored = { 0 };
	struct my_url parsed;

	(void)top;
	if (my_url_parse(mem, url, &parsed, &ignored) < 0) {
		error_release(&ignored);
		return NULL;
	}
	return talloc_asprintf(mem, "%s|%s|%u|%s",
			       my_url_leaves_machine(&parsed) ? parsed.host
							      : "",
			       parsed.socket ? parsed.socket : "",
			       parsed.port ? parsed.port : 3306,
			       parsed.database ? parsed.database : "");
}
