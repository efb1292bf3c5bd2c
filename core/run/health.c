#include "core/run/health.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/http.h"
#include "core/base/process.h"
#include "core/base/text.h"

#define PAUSE_MS 500
#define TICK_MS 100
#define MOST_ANSWER 400

static bool is_url(const char *check)
{
	return !strncmp(check, "http://", 7) || !strncmp(check, "https://", 8);
}

static int tick(const struct health *health, const char *waiting_for)
{
	return health->tick ? health->tick(waiting_for, health->tick_data) : 0;
}

static int tick_http(void *data)
{
	return tick(data, NULL);
}

/* 1: well; 0: not, and *why says it (on mem); -1: an error. */
static int ask_url(TALLOC_CTX *mem, const struct health *health, char **why,
		   struct error *err)
{
	const struct http_options options = {
		.connect_ms = 5000,
		.total_ms = 10000,
		.plain = true,
		.tick = tick_http,
		.tick_data = (void *)(uintptr_t)health
	};
	const struct http_request request = { .method = "GET",
					      .url = health->check,
					      .limit = 65536 };
	struct http_response *response;
	struct error failure = { 0 };
	struct http *http;

	if (http_open(mem, &options, &http, err) < 0)
		return -1;
	if (http_send(mem, http, &request, &response, NULL, &failure) < 0) {
		if (failure.code == ERROR_INTERRUPTED) {
			*err = failure;
			return -1;
		}
		*why = talloc_strdup(mem, failure.message);
		error_release(&failure);
		return 0;
	}
	*why = talloc_asprintf(mem, "HTTP status %d", response->status);
	return response->status >= 200 && response->status < 300;
}

/* The last line that was said, for people. */
static char *last_line(TALLOC_CTX *mem, char *text)
{
	size_t length = strlen(text);
	char *line;

	while (length && strchr("\r\n \t", text[length - 1]))
		text[--length] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (strlen(line) > MOST_ANSWER)
		line[MOST_ANSWER] = '\0';
	return text_visible(mem, line, false);
}

static int ask_command(TALLOC_CTX *mem, const struct health *health,
		       const char *version, const char *name, char **why,
		       struct error *err)
{
	const char *const argv[] = { "sh", "-c", health->check, NULL };
	const char *env[] = {
		talloc_asprintf(mem, "GIT_MIGRATE_VERSION=%s", version),
		talloc_asprintf(mem, "GIT_MIGRATE_NAME=%s", name), NULL
	};
	char *out, *complaint = NULL, *said;
	int status = process_run(mem, argv, health->folder, env, NULL, 0, &out,
				 NULL, &complaint, err);

	if (status < 0)
		return -1;
	said = last_line(mem, complaint && *complaint ? complaint : out);
	*why = talloc_asprintf(mem, "exit status %d%s%s", status,
			       *said ? ": " : "", said);
	return status == 0;
}

static int interrupted(struct error *err)
{
	return error_set(err, ERROR_INTERRUPTED, "interrupted");
}

/* False when the person asked to stop. */
static bool rest(const struct health *health, int64_t until_us)
{
	int64_t end = clock_mono_us() + PAUSE_MS * 1000;

	if (end > until_us)
		end = until_us;
	while (clock_mono_us() < end) {
		poll(NULL, 0, TICK_MS);
		if (tick(health, "the health check to succeed"))
			return false;
	}
	return true;
}

int health_check(const struct health *health, const char *version,
		 const char *name, struct error *err)
{
	int64_t until = clock_mono_us() + (int64_t)health->watch_ms * 1000;

	for (;;) {
		TALLOC_CTX *mem = talloc_new(NULL);
		char *why = NULL;
		bool late;
		int well = is_url(health->check)
				   ? ask_url(mem, health, &why, err)
				   : ask_command(mem, health, version, name,
						 &why, err);

		late = clock_mono_us() >= until;
		if (well == 0 && late) {
			error_set(err, ERROR_REFUSED,
				  "the health check failed after migration "
				  "'%s_%s'",
				  version, name);
			error_detail(err, "%s", why);
			well = -1;
		}
		talloc_free(mem);
		if (well)
			return well > 0 ? 0 : -1;
		if (!rest(health, until))
			return interrupted(err);
	}
}
