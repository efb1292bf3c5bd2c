#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/thread/rest.h"

static struct config *configure(TALLOC_CTX *mem, const char *const *settings)
{
	struct config *config = config_new(mem);
	struct error err = { 0 };

	for (; settings && *settings; settings += 2)
		assert_int_equal(config_set(config, CONFIG_GIT, settings[0],
					    settings[1], "test", 0, &err),
				 0);
	return config;
}

/* "kind api owner repo number", or the error's message */
static char *locate(TALLOC_CTX *mem, const char *const *settings,
		    const char *url)
{
	struct error err = { 0 };
	struct tracker_place *p;
	char *text;

	if (tracker_locate(mem, configure(mem, settings), url, &p, &err) < 0) {
		text = talloc_strdup(mem, err.message);
		error_release(&err);
		return text;
	}
	return talloc_asprintf(mem, "%s %s %s %s %s %s", p->tracker->kind,
			       p->host, p->api, p->owner, p->repo, p->number);
}

static void finds_the_api_of_an_issue(void **state)
{
	static const char *const settings[] = {
		"migrate-tracker.git.example.kind",
		"gitea",
		"migrate-tracker.git.example:8443.kind",
		"Forgejo",
		"migrate-tracker.ghe.example.kind",
		"github",
		"migrate-tracker.proxy.example.kind",
		"github",
		"migrate-tracker.proxy.example.api",
		"https://API.other.example/gh/",
		"migrate-tracker.127.0.0.1:8080.kind",
		"gitea",
		"migrate-tracker.[::1]:99.kind",
		"gitea",
		NULL,
	};
	static const char *const cases[][2] = {
		{ "https://github.com/o/r/issues/42",
		  "github github.com https://api.github.com o r 42" },
		{ "https://www.github.com/o/r.x_y-z/pull/1/#issuecomment-5",
		  "github github.com https://api.github.com o r.x_y-z 1" },
		{ "HTTPS://GitHub.com:443/o/r/pulls/1?x=y",
		  "github github.com https://api.github.com o r 1" },
		{ "https://acme.ghe.com/o/r/issues/7",
		  "github acme.ghe.com https://api.acme.ghe.com o r 7" },
		{ "https://ghe.example/o/r/issues/7",
		  "github ghe.example https://ghe.example/api/v3 o r 7" },
		{ "https://proxy.example/o/r/issues/7",
		  "github proxy.example https://api.other.example/gh o r 7" },
		{ "https://codeberg.org/o/r/issues/7",
		  "gitea codeberg.org https://codeberg.org/api/v1 o r 7" },
		{ "https://git.example/o/r/issues/7",
		  "gitea git.example https://git.example/api/v1 o r 7" },
		{ "https://git.example/sub/path/o/r/issues/7",
		  "gitea git.example https://git.example/sub/path/api/v1 o r "
		  "7" },
		{ "https://git.example:8443/o/r/issues/7",
		  "gitea git.example:8443 https://git.example:8443/api/v1 o r "
		  "7" },
		{ "http://127.0.0.1:8080/o/r/issues/7",
		  "gitea 127.0.0.1:8080 http://127.0.0.1:8080/api/v1 o r 7" },
		{ "http://[::1]:99/o/r/issues/7",
		  "gitea [::1]:99 http://[::1]:99/api/v1 o r 7" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(locate(mem, settings, cases[i][0]),
				    cases[i][1]);
	talloc_free(mem);
}

static void refuses_what_is_no_issue(void **state)
{
	static const char *const settings[] = {
		"migrate-tracker.git.example.kind",
		"gitea",
		"migrate-tracker.odd.example.kind",
		"bugzilla",
		"migrate-tracker.bad.example.kind",
		"gitea",
		"migrate-tracker.bad.example.api",
		"http://bad.example/api",
		"migrate-tracker.short.example.kind",
		"gitea",
		"migrate-tracker.short.example.api",
		"x",
		"migrate-tracker.dots.example.kind",
		"gitea",
		"migrate-tracker.dots.example.api",
		"https://dots.example/../x",
		NULL,
	};
	static const char *const cases[][2] = {
		{ "notes", "'notes' is no issue's address" },
		{ "https://github.com/o/r",
		  "'https://github.com/o/r' is no issue's address on GitHub" },
		{ "https://github.com/sub/o/r/issues/1",
		  "'https://github.com/sub/o/r/issues/1' is no issue's address "
		  "on GitHub" },
		{ "https://github.com/o/../r/issues/1",
		  "'https://github.com/o/../r/issues/1' is no issue's address "
		  "on GitHub" },
		{ "https://github.com/o/r%2Fx/issues/1",
		  "'https://github.com/o/r%2Fx/issues/1' is no issue's address "
		  "on GitHub" },
		{ "https://github.com/o/r/issues/1/events",
		  "'https://github.com/o/r/issues/1/events' is no issue's "
		  "address on GitHub" },
		{ "https://github.com/o/r/issues/0x1",
		  "'https://github.com/o/r/issues/0x1' is no issue's address "
		  "on GitHub" },
		{ "https://github.com/o//issues/1",
		  "'https://github.com/o//issues/1' is no issue's address on "
		  "GitHub" },
		{ "https://me:secret@github.com/o/r/issues/1",
		  "malformed host in the address "
		  "'https://me:***@github.com/o/r/issues/1'" },
		{ "https://github.com./o/r/issues/1",
		  "malformed host in the address "
		  "'https://github.com./o/r/issues/1'" },
		{ "https://git.example:99999/o/r/issues/1",
		  "malformed host in the address "
		  "'https://git.example:99999/o/r/issues/1'" },
		{ "https://github.com\\@evil.example/o/r/issues/1",
		  "malformed host in the address "
		  "'https://github.com\\@evil.example/o/r/issues/1'" },
		{ "http://git.example/o/r/issues/1",
		  "refusing 'http://git.example/o/r/issues/1': only https is "
		  "safe outside of this machine" },
		{ "http://127.0.0.1.evil.example/o/r/issues/1",
		  "refusing 'http://127.0.0.1.evil.example/o/r/issues/1': only "
		  "https is safe outside of this machine" },
		{ "https://other.example/o/r/issues/1",
		  "nothing says what kind of tracker 'other.example' is" },
		{ "https://git.example:444/o/r/issues/1",
		  "nothing says what kind of tracker 'git.example:444' is" },
		{ "https://a.b.ghe.com/o/r/issues/1",
		  "nothing says what kind of tracker 'a.b.ghe.com' is" },
		{ "https://odd.example/o/r/issues/1",
		  "migrate-tracker.odd.example.kind is 'bugzilla', which is no "
		  "kind of tracker" },
		{ "https://bad.example/o/r/issues/1",
		  "migrate-tracker.bad.example.api is not https" },
		{ "https://short.example/o/r/issues/1",
		  "migrate-tracker.short.example.api is no API's address: "
		  "'x'" },
		{ "https://dots.example/o/r/issues/1",
		  "migrate-tracker.dots.example.api is no API's address: "
		  "'https://dots.example/../x'" },
	};
	TALLOC_CTX *mem = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(locate(mem, settings, cases[i][0]),
				    cases[i][1]);
	talloc_free(mem);
}

static void names_the_line_of_configuration_to_add(void **state)
{
	struct error err = { 0 };
	struct tracker_place *p;
	struct config *config = configure(NULL, NULL);

	(void)state;
	assert_int_equal(tracker_locate(config, config,
					"https://git.example/o/r/issues/1", &p,
					&err),
			 -1);
	assert_int_equal(err.code, ERROR_REFUSED);
	assert_string_equal(err.hint,
			    "git config migrate-tracker.git.example.kind KIND  "
			    " (one of: github, gitea, forgejo)");
	error_release(&err);
	talloc_free(config);
}

static void knows_the_host_of_a_remote(void **state)
{
	static const char *const cases[][2] = {
		{ "https://github.com/o/r.git", "github.com" },
		{ "https://me:pw@Git.Example:8443/o/r", "git.example:8443" },
		{ "http://127.0.0.1:3000/o/r.git", "127.0.0.1:3000" },
		{ "git@github.com:o/r", "github.com" },
		{ "github.com:o/r", "github.com" },
		{ "ssh://git@ssh.github.com:443/o/r", "github.com" },
		{ "ssh://git@git.example:2222/o/r", "git.example" },
		{ "acme@acme.ghe.com:o/r", "acme.ghe.com" },
		{ "ssh://git@[::1]:22/o/r", "[::1]" },
		{ "/srv/git/r.git", NULL },
		{ "C:\\git\\r", NULL },
		{ "../r", NULL },
		{ "file:///srv/git", NULL },
		{ "git://git.example/o/r", NULL },
		{ "ext::sh -c x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *host = tracker_remote_host(NULL, cases[i][0]);

		if (cases[i][1]) {
			assert_non_null(host);
			assert_string_equal(host, cases[i][1]);
		} else {
			assert_null(host);
		}
		talloc_free(host);
	}
}

/* --- tokens -------------------------------------------------------------- */

static const char *const token_variables[] = {
	"GIT_MIGRATE_TOKEN",
	"GIT_MIGRATE_TOKEN_FILE",
	"GH_TOKEN",
	"GITHUB_TOKEN",
	"GH_ENTERPRISE_TOKEN",
	"GITHUB_ENTERPRISE_TOKEN",
	"GITHUB_SERVER_URL",
	"GITEA_TOKEN",
	"GITEA_SERVER_TOKEN",
	"GITEA_SERVER_URL",
	"GITEA_INSTANCE_URL",
};

static int stored(TALLOC_CTX *mem, const char *protocol, const char *host,
		  char **username, char **password, void *data,
		  struct error *err)
{
	(void)data;
	(void)err;
	assert_string_equal(protocol, "https");
	*username = talloc_strdup(mem, "me");
	*password = strcmp(host, "stored.example")
			    ? NULL
			    : talloc_strdup(mem, "stored-token");
	return 0;
}

/* "token source", or the error's message */
static char *token_for(TALLOC_CTX *mem, const char *const *settings,
		       const char *remote, const char *url,
		       const char *const *environment)
{
	struct error err = { 0 };
	struct config *config = configure(mem, settings);
	struct thread_options options = {
		.config = config,
		.remotes = &remote,
		.remote_count = remote ? 1 : 0,
		.credential = { .fill = stored },
	};
	struct tracker_place *place;
	struct token *token;
	char *text;

	for (size_t i = 0;
	     i < sizeof(token_variables) / sizeof(*token_variables); i++)
		unsetenv(token_variables[i]);
	for (; *environment; environment += 2)
		setenv(environment[0], environment[1], 1);
	assert_int_equal(tracker_locate(mem, config, url, &place, &err), 0);
	if (token_find(mem, place, &options, &token, &err) < 0) {
		text = talloc_strdup(mem, err.message);
		error_release(&err);
		return text;
	}
	return talloc_asprintf(mem, "%s %s", token->value, token->source);
}

#define GITHUB "https://github.com/o/r/issues/1"
#define GITEA "https://git.example/o/r/issues/1"
#define GHES "https://ghe.example/o/r/issues/1"
#define STORED "https://stored.example/o/r/issues/1"
#define ENV(...)                                                               \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static void a_token_goes_only_where_it_belongs(void **state)
{
	static const char *const settings[] = {
		"migrate-tracker.git.example.kind",
		"gitea",
		"migrate-tracker.ghe.example.kind",
		"github",
		"migrate-tracker.stored.example.kind",
		"gitea",
		NULL,
	};
	const char *remote = "git@github.com:o/r";
	TALLOC_CTX *mem = talloc_new(NULL);
	const struct {
		const char *remote, *url;
		const char *const *environment;
		const char *expected;
	} cases[] = {
		{ remote, GITHUB,
		  ENV("GIT_MIGRATE_TOKEN", "a", "GH_TOKEN", "b"),
		  "a GIT_MIGRATE_TOKEN" },
		{ remote, GITHUB, ENV("GITHUB_TOKEN", "a", "GH_TOKEN", "b"),
		  "b GH_TOKEN" },
		{ remote, GITHUB,
		  ENV("GITHUB_TOKEN", "a", "GITHUB_SERVER_URL",
		      "https://github.com"),
		  "a GITHUB_TOKEN" },
		{ remote, GITHUB,
		  ENV("GITHUB_TOKEN", "a", "GITHUB_SERVER_URL",
		      "https://git.example"),
		  "there is no token for 'github.com'" },
		{ remote, GITHUB,
		  ENV("GITEA_TOKEN", "a", "GH_ENTERPRISE_TOKEN", "b"),
		  "there is no token for 'github.com'" },
		{ NULL, GITHUB, ENV("GH_TOKEN", "a"),
		  "no token is sent to 'github.com': it is neither the host of "
		  "a git remote nor in your own git configuration" },
		{ NULL, GHES, ENV("GH_TOKEN", "a", "GITHUB_TOKEN", "b"),
		  "there is no token for 'ghe.example'" },
		{ NULL, GHES, ENV("GITHUB_ENTERPRISE_TOKEN", "a"),
		  "a GITHUB_ENTERPRISE_TOKEN" },
		{ NULL, GITEA, ENV("GITEA_TOKEN", "a", "GH_TOKEN", "b"),
		  "there is no token for 'git.example'" },
		{ NULL, GITEA,
		  ENV("GITEA_TOKEN", "a", "GITEA_INSTANCE_URL",
		      "https://git.example/"),
		  "a GITEA_TOKEN" },
		{ NULL, GITEA,
		  ENV("GITEA_TOKEN", "a", "GITEA_INSTANCE_URL",
		      "https://evil.example"),
		  "there is no token for 'git.example'" },
		{ NULL, GITEA,
		  ENV("GITEA_SERVER_TOKEN", "a", "GITEA_SERVER_URL",
		      "https://git.example"),
		  "a GITEA_SERVER_TOKEN" },
		{ NULL, STORED, ENV("GITEA_TOKEN", "a"),
		  "stored-token git credential" },
		{ remote, GITHUB, ENV("GH_TOKEN", "a\r\nX: y"),
		  "the token from GH_TOKEN has a character in it that no token "
		  "has" },
		{ remote, GITHUB, ENV("GIT_MIGRATE_TOKEN_FILE", "/nowhere"),
		  "unable to read GIT_MIGRATE_TOKEN_FILE: No such file or "
		  "directory" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(token_for(mem, settings, cases[i].remote,
					      cases[i].url,
					      cases[i].environment),
				    cases[i].expected);
	talloc_free(mem);
}

static void a_file_from_a_clone_names_no_tracker(void **state)
{
	struct config *config = config_new(NULL);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(config_set(config, CONFIG_SHARED,
				    "migrate-tracker.evil.example.kind",
				    "gitea", ".gitmigrate", 1, &err),
			 -1);
	error_release(&err);
	talloc_free(config);
}

static void reads_the_first_line_of_a_token_file(void **state)
{
	char path[] = "/tmp/test_tracker.XXXXXX";
	int fd = mkstemp(path);
	TALLOC_CTX *mem = talloc_new(NULL);
	FILE *file = fdopen(fd, "w");

	(void)state;
	fputs("from-file\nmore\n", file);
	fclose(file);
	assert_string_equal(token_for(mem, NULL, "git@github.com:o/r", GITHUB,
				      ENV("GIT_MIGRATE_TOKEN_FILE", path)),
			    "from-file GIT_MIGRATE_TOKEN_FILE");
	unlink(path);
	talloc_free(mem);
}

/* --- what http.h has of pure functions ----------------------------------- */

static void follows_only_within_an_origin(void **state)
{
	static const char *const cases[][2] = {
		{ "/x?y=1#z", "https://a.example/x?y=1" },
		{ "x", "https://a.example/p/x" },
		{ "https://A.example:443/x", "https://a.example:443/x" },
		{ "http://a.example/x", NULL },
		{ "https://a.example:444/x", NULL },
		{ "https://b.example/x", NULL },
		{ "//b.example/x", NULL },
		{ "https://me@a.example/x", NULL },
		{ "https://a.example@b.example/x", NULL },
		{ "file:///etc/passwd", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *to = http_resolve(NULL, "https://a.example/p/q",
					cases[i][0]);

		if (!cases[i][1]) {
			assert_null(to);
			continue;
		}
		assert_non_null(to);
		assert_true(http_same_origin(to, cases[i][1]));
		talloc_free(to);
	}
}

static void reads_links_and_waits(void **state)
{
	char *next = http_link(NULL,
			       "<https://a/1>; rel=\"prev\", <https://a/3?x>; "
			       "title=\"a; b\"; rel=\"next\"",
			       "next");

	(void)state;
	assert_string_equal(next, "https://a/3?x");
	talloc_free(next);
	assert_null(http_link(NULL, "<https://a/1>; rel=\"nextish\"", "next"));
	assert_null(http_link(NULL, "<https://a/1", "next"));
	assert_int_equal(http_retry_after("120", 0), 120);
	assert_int_equal(http_retry_after("Thu, 01 Jan 1970 00:01:30 GMT", 30),
			 60);
	assert_int_equal(http_retry_after("soon", 0), -1);
	assert_true(http_is_loopback("127.1.2.3"));
	assert_true(http_is_loopback("LOCALHOST"));
	assert_false(http_is_loopback("127.0.0.1.example"));
	assert_false(http_is_loopback("127.1"));
	assert_false(http_is_loopback("127.0.0.256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_api_of_an_issue),
		cmocka_unit_test(refuses_what_is_no_issue),
		cmocka_unit_test(names_the_line_of_configuration_to_add),
		cmocka_unit_test(knows_the_host_of_a_remote),
		cmocka_unit_test(a_token_goes_only_where_it_belongs),
		cmocka_unit_test(a_file_from_a_clone_names_no_tracker),
		cmocka_unit_test(reads_the_first_line_of_a_token_file),
		cmocka_unit_test(follows_only_within_an_origin),
		cmocka_unit_test(reads_links_and_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
