#include "core/db/postgres/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static bool is_uri(const char *url)
{
	return !strncmp(url, "postgres://", 11) ||
	       !strncmp(url, "postgresql://", 13);
}

/* Whether libpq knows the word before the first equals sign. */
bool pg_accepts(const char *url)
{
	const char *word = url + strspn(url, " \t\r\n");
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz_");
	const char *after = word + length + strspn(word + length, " \t\r\n");
	struct error ignored = { 0 };
	PQconninfoOption *options;
	char *probe;

	if (is_uri(url))
		return true;
	if (!length || *after != '=')
		return false;
	if (lazy_pq_load(&ignored) < 0) {
		/* no other engine takes such strings; opening says why not */
		error_release(&ignored);
		return true;
	}
	probe = talloc_asprintf(NULL, "%.*s=''", (int)length, word);
	options = PQconninfoParse(probe, NULL);
	talloc_free(probe);
	if (!options)
		return false;
	PQconninfoFree(options);
	return true;
}

static int hint_format(const char *url, struct error *err)
{
	if (is_uri(url))
		error_hint(err, "in a password, write @ as %%40, : as %%3A, "
				"/ as %%2F, ? as %%3F and %% as %%25");
	else
		error_hint(err, "write it as \"host=... dbname=...\", a value "
				"with spaces in single quotes");
	return -1;
}

static int unreadable(const char *url, struct error *err)
{
	char *shown = url_redact(NULL, url);

	error_set(err, ERROR_FAILED,
		  "unable to read the connection string '%s'", shown);
	talloc_free(shown);
	return hint_format(url, err);
}

/*
 * Where a character of a password was not encoded, its rest stands in another
 * part of the URL, which messages would repeat.
 */
static bool is_garbled(const char *key, const char *value)
{
	if (!strcmp(key, "host") || !strcmp(key, "hostaddr"))
		return strchr(value, '@') && *value != '@';
	if (!strcmp(key, "port"))
		return value[strspn(value, "0123456789,")] != '\0';
	return false;
}

/* An @ after the authority: the password had a slash. */
static bool is_cut_short(const char *url)
{
	const char *path;

	if (!is_uri(url))
		return false;
	path = strstr(url, "://") + 3;
	path += strcspn(path, "/?#");
	return memchr(path, '@', strcspn(path, "?")) != NULL;
}

int pg_url_parse(TALLOC_CTX *mem, const char *url, struct pg_url *parsed,
		 struct error *err)
{
	PQconninfoOption *options;
	int room = 1;
	bool fine = true;

	memset(parsed, 0, sizeof(*parsed));
	if (is_cut_short(url))
		return unreadable(url, err);
	/* its message may repeat a part of the password */
	options = PQconninfoParse(url, NULL);
	if (!options)
		return unreadable(url, err);
	for (PQconninfoOption *o = options; o->keyword; o++)
		room += o->val != NULL;
	parsed->keys = talloc_zero_array(mem, const char *, (unsigned)room);
	parsed->values = talloc_zero_array(mem, const char *, (unsigned)room);
	for (PQconninfoOption *o = options; o->keyword; o++) {
		if (!o->val)
			continue;
		fine = fine && !is_garbled(o->keyword, o->val);
		parsed->keys[parsed->count] = talloc_strdup(parsed->keys,
							    o->keyword);
		parsed->values[parsed->count++] = talloc_strdup(parsed->values,
								o->val);
	}
	PQconninfoFree(options);
	if (fine)
		return 0;
	error_set(err, ERROR_FAILED,
		  "unable to read the connection string: "
		  "what stands for the host or the port cannot be one");
	return hint_format(url, err);
}

const char *pg_url_get(const struct pg_url *url, const char *key)
{
	for (int i = 0; i < url->count; i++)
		if (!strcmp(url->keys[i], key))
			return url->values[i];
	return NULL;
}

struct pg_url pg_url_with(TALLOC_CTX *mem, const struct pg_url *url,
			  const char *key, const char *value)
{
	struct pg_url copy = { 0 };
	unsigned room = (unsigned)url->count + 2;

	copy.keys = talloc_zero_array(mem, const char *, room);
	copy.values = talloc_zero_array(mem, const char *, room);
	for (int i = 0; i < url->count; i++) {
		if (!strcmp(url->keys[i], key))
			continue;
		copy.keys[copy.count] = talloc_strdup(copy.keys, url->keys[i]);
		copy.values[copy.count++] = talloc_strdup(copy.values,
							  url->values[i]);
	}
	if (value) {
		copy.keys[copy.count] = talloc_strdup(copy.keys, key);
		copy.values[copy.count++] = talloc_strdup(copy.values, value);
	}
	return copy;
}

/* Sockets (a path, or @ for an abstract one) and loopback addresses. */
static bool is_this_machine(const char *host, size_t length)
{
	static const char *const local[] = { "localhost", "127.0.0.1", "::1",
					     "" };

	if (length && (*host == '/' || *host == '@'))
		return true;
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (strlen(local[i]) == length &&
		    !strncmp(host, local[i], length))
			return true;
	return false;
}

static bool leaves_this_machine(const char *hosts)
{
	while (hosts) {
		size_t length = strcspn(hosts, ",");

		if (!is_this_machine(hosts, length))
			return true;
		hosts = hosts[length] ? hosts + length + 1 : NULL;
	}
	return false;
}

/* Without a host in the URL it is the person's own that is asked. */
const char *pg_environment_secret(const char *url)
{
	const char *password = getenv("PGPASSWORD");
	struct error ignored = { 0 };
	struct pg_url parsed;
	TALLOC_CTX *mem;
	bool sent = false;

	if (!password || !*password)
		return NULL;
	mem = talloc_new(NULL);
	if (lazy_pq_load(&ignored) == 0 &&
	    pg_url_parse(mem, url, &parsed, &ignored) == 0)
		sent = !pg_url_get(&parsed, "password") &&
		       (leaves_this_machine(pg_url_get(&parsed, "host")) ||
			leaves_this_machine(pg_url_get(&parsed, "hostaddr")));
	error_release(&ignored);
	talloc_free(mem);
	return sent ? "PGPASSWORD" : NULL;
}

/* What the URL leaves open comes from the environment, as in libpq. */
static const char *or_default(const struct pg_url *url, const char *key,
			      const char *variable, const char *fallback)
{
	const char *value = pg_url_get(url, key);

	if (!value || !*value)
		value = getenv(variable);
	return value && *value ? value : fallback;
}

char *pg_place(TALLOC_CTX *mem, const char *url, const char *top)
{
	struct error ignored = { 0 };
	const char *service, *host, *port, *name;
	struct pg_url parsed;

	(void)top;
	if (lazy_pq_load(&ignored) < 0 ||
	    pg_url_parse(mem, url, &parsed, &ignored) < 0) {
		error_release(&ignored);
		return NULL;
	}
	service = or_default(&parsed, "service", "PGSERVICE", "");
	host = or_default(&parsed, "hostaddr", "PGHOSTADDR", NULL);
	if (!host)
		host = or_default(&parsed, "host", "PGHOST", "");
	if (!leaves_this_machine(host))
		host = "";
	port = or_default(&parsed, "port", "PGPORT", "5432");
	name = or_default(&parsed, "dbname", "PGDATABASE", NULL);
	if (!name)
		name = or_default(&parsed, "user", "PGUSER", "");
	return talloc_asprintf(mem, "%s|%s|%s|%s", service, host, port, name);
}
