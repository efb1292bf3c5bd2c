#include "core/run/limits.h"

#include "core/base/text.h"

static bool is_over(int64_t since_us, int limit_ms, int64_t now_us)
{
	return limit_ms && since_us &&
	       now_us - since_us >= (int64_t)limit_ms * 1000;
}

static int tick(const char *waiting_for, void *data)
{
	struct limits *limits = data;
	int64_t now = clock_mono_us();

	if (is_over(limits->run_since_us, limits->run_ms, now))
		limits->reached = LIMIT_RUN;
	else if (is_over(limits->statement_since_us, limits->statement_ms, now))
		limits->reached = LIMIT_STATEMENT;
	if (limits->reached != LIMIT_NONE)
		return 1;
	return limits->tick ? limits->tick(waiting_for, limits->tick_data) : 0;
}

void limits_begin(struct limits *limits, struct db *db, int run_ms,
		  int statement_ms, int64_t run_since_us)
{
	bool kept = db_can(db, DB_STATEMENT_TIMEOUT);

	*limits = (struct limits){
		.db = db,
		.run_ms = run_ms,
		.statement_ms = kept ? 0 : statement_ms,
		.run_since_us = run_since_us,
		.tick = db->options.tick,
		.tick_data = db->options.tick_data,
	};
	db->statement_timeout_ms = statement_ms;
	db->options.tick = tick;
	db->options.tick_data = limits;
}

void limits_end(struct limits *limits)
{
	limits->run_ms = limits->statement_ms = 0;
	limits->reached = LIMIT_NONE;
	limits->db->statement_timeout_ms = 0;
}

static char *limit_text(const struct limits *limits)
{
	return text_duration(NULL, limits->reached == LIMIT_RUN
					   ? limits->run_ms
					   : limits->statement_ms);
}

void limits_explain(const struct limits *limits, struct error *err)
{
	char *limit;

	if (!limits || limits->reached == LIMIT_NONE ||
	    err->code != ERROR_INTERRUPTED)
		return;
	limit = limit_text(limits);
	err->code = limits->reached == LIMIT_RUN ? ERROR_FAILED : ERROR_SQL;
	talloc_free(err->message);
	err->message = talloc_asprintf(
		NULL, "%s took longer than %s",
		limits->reached == LIMIT_RUN ? "the run" : "the statement",
		limit);
	if (limits->db->lost)
		err->message = talloc_asprintf_append(
			err->message, ", and '%s' does not answer",
			limits->db->label);
	talloc_free(limit);
	error_hint(err, "give it more time: %s DURATION",
		   limits->reached == LIMIT_RUN ? "--abort-after"
						: "--statement-timeout");
}

bool limits_are_over(const struct limits *limits)
{
	return limits &&
	       is_over(limits->run_since_us, limits->run_ms, clock_mono_us());
}

int limits_check(struct limits *limits, struct error *err)
{
	if (!limits_are_over(limits))
		return 0;
	limits->reached = LIMIT_RUN;
	error_set(err, ERROR_INTERRUPTED, "interrupted");
	limits_explain(limits, err);
	return -1;
}

int limits_execute(struct limits *limits, struct db *db,
		   const struct script *script, size_t n, struct facts *facts,
		   struct error *err)
{
	int result;

	if (limits)
		limits->statement_since_us = clock_mono_us();
	result = db->engine->execute(db, script, n, facts, err);
	if (limits)
		limits->statement_since_us = 0;
	return result;
}
