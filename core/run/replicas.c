#include "core/run/replicas.h"

#include "core/base/text.h"

#define CONNECT_MS 5000

struct replica {
	const char *url;
	struct db *db; /* NULL: not open */
	bool asked;    /* it has answered once */
};

struct replicas {
	struct db_options options;
	struct replica *list;
	size_t count;
};

struct replicas *replicas_new(TALLOC_CTX *mem, const char *const *urls,
			      const struct db_options *options)
{
	struct replicas *r;
	size_t count = 0;

	while (urls && urls[count])
		count++;
	if (!count)
		return NULL;
	r = talloc_zero(mem, struct replicas);
	r->options = *options;
	r->options.connect_ms = CONNECT_MS;
	r->options.create = false;
	r->options.read_only = true;
	r->list = talloc_zero_array(r, struct replica, (unsigned)count);
	r->count = count;
	for (size_t i = 0; i < count; i++)
		r->list[i].url = talloc_strdup(r->list, urls[i]);
	return r;
}

static int no_replica(const struct db *db, struct error *err)
{
	error_set(err, ERROR_FAILED,
		  "the replica '%s' does not say how far it is behind",
		  db->label);
	return error_hint(err, "is it a replica, and may this user see its "
			       "state? Look at migrate-target.NAME.replicaUrl");
}

static int ask(struct replicas *r, struct replica *replica,
	       struct db_load *load, struct error *err)
{
	if (!replica->db &&
	    db_open(r, replica->url, &r->options, &replica->db, err) < 0)
		return -1;
	if (!replica->db->engine->load)
		return no_replica(replica->db, err);
	return replica->db->engine->load(replica->db, load, err);
}

/* It is opened again at the next look. */
static void let_go(struct replica *replica, struct error *err)
{
	talloc_free(replica->db);
	replica->db = NULL;
	error_release(err);
}

int replicas_load(struct replicas *r, struct db_load *load, const char **why,
		  struct error *err)
{
	*why = NULL;
	for (size_t i = 0; r && i < r->count; i++) {
		struct replica *replica = &r->list[i];
		struct db_load its = { .lag_ms = -1 };

		if (ask(r, replica, &its, err) < 0) {
			if (!replica->asked || err->code != ERROR_CONNECTION)
				return -1;
			let_go(replica, err);
			*why = "a replica that does not answer";
			continue;
		}
		if (its.lag_ms < 0 && !its.stopped)
			return no_replica(replica->db, err);
		replica->asked = true;
		if (its.stopped)
			*why = "a replica that has stopped";
		else if (load->lag_ms < its.lag_ms)
			load->lag_ms = its.lag_ms;
	}
	return 0;
}
