#include "core/thread/tracker.h"

#include <string.h>

/* To add a tracker, add its table here. */
static const struct tracker *const trackers[] = {
	&tracker_github,
	&tracker_gitea,
};

#define COUNT (sizeof(trackers) / sizeof(*trackers))

const struct tracker *tracker_named(const char *kind)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcasecmp(trackers[i]->kind, kind) ||
		    (trackers[i]->alias &&
		     !strcasecmp(trackers[i]->alias, kind)))
			return trackers[i];
	return NULL;
}

const struct tracker *tracker_at_home(const char *host)
{
	for (size_t i = 0; i < COUNT; i++)
		if (trackers[i]->is_home(host))
			return trackers[i];
	return NULL;
}

char *tracker_kinds(TALLOC_CTX *mem)
{
	char *out = talloc_strdup(mem, "");

	for (size_t i = 0; i < COUNT; i++)
		out = talloc_asprintf_append_buffer(
			out, "%s%s%s%s", i ? ", " : "", trackers[i]->kind,
			trackers[i]->alias ? ", " : "",
			trackers[i]->alias ? trackers[i]->alias : "");
	return out;
}
