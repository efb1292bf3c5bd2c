#include "core/db/postgres/observe.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/embed.h"
#include "core/base/text.h"
#include "core/db/cost.h"
#include "core/db/postgres/modes.h"

/*
 * A second connection that looks on while a statement runs: who waits for it,
 * since when it has its locks, and what it waits for itself. Most statements
 * are over before it would be worth one, so it is opened once something has
 * lasted a while, without anybody waiting for that. It is asked in turn and
 * never waited for; when it is lost, less is known, and the run goes on.
 */

#define WORTH_IT_US 10000   /* a statement, before it is looked at */
#define INTERVAL_US 20000   /* between two questions about the others */
#define ENDING_US 1000	    /* the same, while others wait for a commit */
#define LAST_US 5000	    /* with the answer before the end */
#define LONGEST_US 1000000  /* the same, on a server that is slow to answer */
#define TIMES_THE_COST 10   /* an answer's time is a tenth of an interval */
#define PATIENCE_US 5000000 /* with an answer, and with connecting */
/* Ours change most when a statement begins: later on, they are asked about each
   tenth time only. */
#define EARLY_QUESTIONS 10
#define LATER_EVERY 10

enum observer_state { CONNECTING, IDLE, ASKING, GONE };
/* What is sent, one behind the other. */
enum question { SETTINGS, PREPARE_OURS, PREPARE_OTHERS, OURS, OTHERS };
#define MOST_QUESTIONS (OTHERS + 1)
#define MOST_WORDS 16 /* results to look for an error in */

#define HOLDING_SQL "core/db/postgres/holding.sql"
#define WAITING_SQL "core/db/postgres/waiting.sql"

/* A lock of ours, as it was seen. */
struct sight {
	unsigned oid;
	int mode;
	int64_t before_us, first_us, last_us, after_us;
};

/* A part of a command that reports its progress. */
struct phase {
	char *name;
	int64_t from_us;
};

struct pg_observer {
	PGconn *conn;
	enum observer_state state;
	PostgresPollingStatusType want; /* while connecting */
	enum question
		asked[MOST_QUESTIONS]; /* and not yet answered: from `at` */
	int asked_count, at;
	bool is_ready; /* its statements are prepared */
	bool is_stale; /* what was asked is of a transaction before */
	int64_t asked_us, next_us;
	int64_t cost_us; /* of a turn */
	int turns;	 /* since the statement began */

	/* of the statement that runs */
	int64_t holding_us; /* when ours were last asked about */
	struct sight *sights;
	size_t sight_count;
	struct phase *phases;
	size_t phase_count;
};

/* --- opening it ----------------------------------------------------------- */

static struct pg_url same_server(TALLOC_CTX *mem, const struct pg *pg)
{
	const char *address = PQhostaddr(pg->conn);
	struct pg_url url = pg_url_with(mem, &pg->url, "host",
					PQhost(pg->conn));

	url = pg_url_with(mem, &url, "port", PQport(pg->conn));
	if (address && *address)
		url = pg_url_with(mem, &url, "hostaddr", address);
	url = pg_url_with(mem, &url, "client_encoding", "UTF8");
	return pg_url_with(mem, &url, "fallback_application_name",
			   "git-migrate");
}

static void lose(struct pg *pg, const char *why)
{
	struct pg_observer *o = pg->observer;
	char *text = talloc_asprintf(
		NULL, "who waited: the second connection %s", why);

	if (pg->observed)
		facts_add_gap(pg->observed, text);
	talloc_free(text);
	PQfinish(o->conn);
	o->conn = NULL;
	o->state = GONE;
}

static void fail(struct pg *pg, const PGresult *res)
{
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	char *why = talloc_asprintf(NULL, "failed: %s",
				    message ? message : "no answer");

	lose(pg, why);
	talloc_free(why);
}

/* The connection is at its end: the server may have said why. */
static void hear_last_words(struct pg *pg)
{
	struct pg_observer *o = pg->observer;

	for (int i = 0; i < MOST_WORDS && !PQisBusy(o->conn); i++) {
		PGresult *res = PQgetResult(o->conn);
		bool said = PQresultErrorField(res, PG_DIAG_SQLSTATE) != NULL;

		if (said)
			fail(pg, res);
		PQclear(res);
		if (said)
			return;
	}
	lose(pg, "was lost");
}

static int close_observer(struct pg_observer *o)
{
	if (o->conn)
		PQfinish(o->conn);
	return 0;
}

bool pg_observe_close(struct pg *pg)
{
	bool open = pg->observer && pg->observer->conn;

	talloc_free(pg->observer);
	pg->observer = NULL;
	return open;
}

static void ignore_notice(void *data, const PGresult *res)
{
	(void)data;
	(void)res;
}

static void open_observer(struct pg *pg, int64_t now)
{
	struct pg_observer *o = talloc_zero(pg, struct pg_observer);
	TALLOC_CTX *turn = talloc_new(NULL);
	struct pg_url url = same_server(turn, pg);

	talloc_set_destructor(o, close_observer);
	pg->observer = o;
	o->asked_us = now;
	o->want = PGRES_POLLING_WRITING;
	o->conn = PQconnectStartParams(url.keys, url.values, 0);
	talloc_free(turn);
	if (!o->conn || PQstatus(o->conn) == CONNECTION_BAD) {
		lose(pg, "could not be opened");
		return;
	}
	PQsetNoticeReceiver(o->conn, ignore_notice, NULL);
	o->state = CONNECTING;
}

static void go_on_connecting(struct pg *pg)
{
	struct pg_observer *o = pg->observer;

	o->want = PQconnectPoll(o->conn);
	if (o->want == PGRES_POLLING_FAILED) {
		lose(pg, "was refused");
	} else if (o->want == PGRES_POLLING_OK) {
		PQsetnonblocking(o->conn, 1);
		PQenterPipelineMode(o->conn);
		o->state = IDLE;
		o->next_us = 0;
		o->turns = 0;
	}
}

/* --- asking --------------------------------------------------------------- */

static bool is_outside(const struct pg *pg)
{
	return pg->transaction == PG_IDLE && !pg->inside;
}

/* What is in no transaction can be seen by nobody else. */
static bool asks_about_ours(const struct pg *pg)
{
	int n = pg->observer->turns;

	return n < EARLY_QUESTIONS || n % LATER_EVERY == 0 || is_outside(pg);
}

/* To plan them takes ten times as long as to answer them. */
static bool send_preparing(struct pg_observer *o, enum question question)
{
	switch (question) {
	case PREPARE_OURS:
		return PQsendPrepare(o->conn, "holding",
				     embed_text(HOLDING_SQL), 0, NULL);
	case PREPARE_OTHERS:
		return PQsendPrepare(o->conn, "waiting",
				     embed_text(WAITING_SQL), 0, NULL);
	default:
		return PQsendQueryParams(
			o->conn, "SET plan_cache_mode = force_generic_plan", 0,
			NULL, NULL, NULL, NULL, 0);
	}
}

static bool send_question(struct pg *pg, enum question question)
{
	struct pg_observer *o = pg->observer;
	const char *params[3] = { NULL };
	TALLOC_CTX *turn = talloc_new(NULL);
	char *pids = NULL, *relations = NULL;
	bool sent;

	params[0] = talloc_asprintf(turn, "%d", pg->backend_pid);
	if (question == OTHERS)
		pg_victims_list(turn, pg, &pids, &relations);
	params[1] = pids;
	params[2] = relations;
	if (question == OTHERS)
		sent = PQsendQueryPrepared(o->conn, "waiting", 3, params, NULL,
					   NULL, 0);
	else if (question == OURS)
		sent = PQsendQueryPrepared(o->conn, "holding", 1, params, NULL,
					   NULL, 0);
	else
		sent = send_preparing(o, question);
	talloc_free(turn);
	return sent;
}

static void ask(struct pg *pg, int64_t now)
{
	struct pg_observer *o = pg->observer;
	bool sent = true;

	o->asked_count = o->at = 0;
	for (int q = SETTINGS; !o->is_ready && q <= PREPARE_OTHERS; q++)
		o->asked[o->asked_count++] = (enum question)q;
	if (!pg->ending_us && asks_about_ours(pg))
		o->asked[o->asked_count++] = OURS;
	/* last, as the answer is compared with the clock */
	o->asked[o->asked_count++] = OTHERS;
	for (int i = 0; sent && i < o->asked_count; i++)
		sent = send_question(pg, o->asked[i]);
	o->is_ready = true;
	o->is_stale = false;
	o->state = ASKING;
	o->asked_us = now;
	o->turns++;
	if (!sent || !PQpipelineSync(o->conn))
		hear_last_words(pg);
}

static struct sight *find_sight(struct pg_observer *o, unsigned oid, int mode)
{
	struct sight *s;

	for (size_t i = 0; i < o->sight_count; i++)
		if (o->sights[i].oid == oid && o->sights[i].mode == mode)
			return &o->sights[i];
	o->sights = talloc_realloc(o, o->sights, struct sight,
				   (unsigned)o->sight_count + 1);
	s = &o->sights[o->sight_count++];
	memset(s, 0, sizeof(*s));
	s->oid = oid;
	s->mode = mode;
	s->before_us = o->holding_us;
	return s;
}

#define MOST_COLUMNS 16

static const char *const *row_of(const PGresult *res, int row,
				 const char *values[MOST_COLUMNS])
{
	for (int i = 0; i < MOST_COLUMNS; i++)
		values[i] = i >= PQnfields(res) || PQgetisnull(res, row, i)
				    ? NULL
				    : PQgetvalue(res, row, i);
	return values;
}

enum {
	HOLDING_RELATION,
	HOLDING_MODE,
	HOLDING_GRANTED,
	HOLDING_SCHEMA,
	HOLDING_NAME,
	HOLDING_KIND,
	HOLDING_PHASE,
	HOLDING_DONE,
	HOLDING_TOTAL,
};

static void take_phase(struct pg *pg, const char *const *values, int64_t now)
{
	struct pg_observer *o = pg->observer;
	const char *name = values[HOLDING_PHASE];
	double total = values[HOLDING_TOTAL]
			       ? strtod(values[HOLDING_TOTAL], NULL)
			       : 0;
	struct phase *p;

	if (!name)
		return;
	if (pg->db.options.phase)
		pg->db.options.phase(
			name,
			total > 0 && values[HOLDING_DONE]
				? strtod(values[HOLDING_DONE], NULL) / total
				: -1);
	if (o->phase_count && !strcmp(o->phases[o->phase_count - 1].name, name))
		return;
	o->phases = talloc_realloc(o, o->phases, struct phase,
				   (unsigned)o->phase_count + 1);
	p = &o->phases[o->phase_count++];
	p->name = talloc_strdup(o->phases, name);
	p->from_us = now;
}

/* What was asked for was so at some time between asking and the answer. */
static void take_holding(struct pg *pg, const char *const *values, int64_t now)
{
	struct pg_observer *o = pg->observer;
	struct sight *s;
	unsigned oid;

	take_phase(pg, values, now);
	if (!values[HOLDING_RELATION] || *values[HOLDING_GRANTED] != 't')
		return;
	oid = (unsigned)strtoul(values[HOLDING_RELATION], NULL, 10);
	if (values[HOLDING_NAME])
		pg_held_meet(pg, oid, values[HOLDING_SCHEMA],
			     values[HOLDING_NAME], *values[HOLDING_KIND]);
	s = find_sight(o, oid, pg_mode_number(values[HOLDING_MODE]));
	if (!s->first_us)
		s->first_us = now;
	s->last_us = now;
	s->after_us = 0;
}

static void take_others(struct pg *pg, PGresult *res, int64_t now)
{
	struct pg_waiters *list = pg_waiters_new(NULL);

	for (int row = 0; row < PQntuples(res); row++) {
		const char *values[MOST_COLUMNS];

		pg_waiters_take(row_of(res, row, values), PQnfields(res), list);
	}
	pg_victims_take(pg, list, now);
	pg_waits_note_none(pg, pg->observer->asked_us, now);
	talloc_free(list);
}

static void take_ours(struct pg *pg, PGresult *res, int64_t now)
{
	struct pg_observer *o = pg->observer;

	for (int row = 0; row < PQntuples(res); row++) {
		const char *values[MOST_COLUMNS];

		take_holding(pg, row_of(res, row, values), now);
	}
	for (size_t i = 0; i < o->sight_count; i++)
		if (o->sights[i].last_us < now && !o->sights[i].after_us)
			o->sights[i].after_us = now;
	o->holding_us = o->asked_us;
}

static int64_t between(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static void finish_turn(struct pg *pg, int64_t now)
{
	struct pg_observer *o = pg->observer;
	int64_t least = pg->ending_us ? ENDING_US : INTERVAL_US;

	o->state = IDLE;
	o->cost_us = cost_of_late(o->cost_us, now - o->asked_us);
	o->next_us = o->asked_us +
		     between(o->cost_us * TIMES_THE_COST, least, LONGEST_US);
}

static void take_result(struct pg *pg, PGresult *res, int64_t now)
{
	struct pg_observer *o = pg->observer;
	enum question question = o->asked[o->at];

	switch (PQresultStatus(res)) {
	case PGRES_PIPELINE_SYNC:
		finish_turn(pg, now);
		return;
	case PGRES_COMMAND_OK:
		return;
	case PGRES_TUPLES_OK:
		if (!o->is_stale && question == OURS)
			take_ours(pg, res, now);
		else if (!o->is_stale)
			take_others(pg, res, now);
		return;
	default:
		fail(pg, res);
	}
}

static void take_answer(struct pg *pg, int64_t now)
{
	struct pg_observer *o = pg->observer;
	PGresult *res;

	if (!PQconsumeInput(o->conn)) {
		hear_last_words(pg);
		return;
	}
	PQflush(o->conn);
	while (o->state == ASKING && !PQisBusy(o->conn)) {
		res = PQgetResult(o->conn);
		if (res)
			take_result(pg, res, now);
		else if (o->at + 1 < o->asked_count)
			o->at++;
		PQclear(res);
	}
}

/* --- while somebody else is waited for ------------------------------------ */

static int least_ms(int timeout_ms, int64_t until_us, int64_t now)
{
	int64_t ms = (until_us - now + 999) / 1000;

	return ms < 0 ? 0 : ms < timeout_ms ? (int)ms : timeout_ms;
}

void pg_observe_wait(struct pg *pg, struct pollfd *poller, int *timeout_ms)
{
	struct pg_observer *o = pg->observer;
	int64_t now = clock_mono_us();

	if (!pg->observed || pg->db.major < 14 || !pg->direct)
		return;
	if (!o) {
		int64_t at = pg->observed_us + WORTH_IT_US;

		if (now >= at)
			open_observer(pg, now);
		else
			*timeout_ms = least_ms(*timeout_ms, at, now);
		o = pg->observer;
	}
	if (!o || o->state == GONE)
		return;
	/* a commit is of interest to those only that wait for it */
	if (pg->ending_us && o->state == IDLE && !pg_victims_any(pg))
		return;
	if (o->state == IDLE && now >= o->next_us)
		ask(pg, now);
	if (o->state == IDLE)
		*timeout_ms = least_ms(*timeout_ms, o->next_us, now);
	if (o->state != CONNECTING && o->state != ASKING)
		return;
	if (now - o->asked_us > PATIENCE_US) {
		lose(pg, "did not answer");
		return;
	}
	poller->fd = PQsocket(o->conn);
	poller->events = o->state == CONNECTING &&
					 o->want == PGRES_POLLING_WRITING
				 ? POLLOUT
				 : POLLIN;
}

void pg_observe_go_on(struct pg *pg, const struct pollfd *poller)
{
	struct pg_observer *o = pg->observer;

	if (!o || !poller->revents)
		return;
	if (o->state == CONNECTING)
		go_on_connecting(pg);
	else if (o->state == ASKING)
		take_answer(pg, clock_mono_us());
}

/* --- one statement -------------------------------------------------------- */

void pg_observe_begin(struct pg *pg, struct facts *facts)
{
	struct pg_observer *o = pg->observer;

	if (pg->db.options.unobserved)
		return;
	pg->observed = facts;
	pg->observed_us = clock_mono_us();
	pg_waits_begin(pg);
	if (!o)
		return;
	o->holding_us = pg->observed_us;
	o->sight_count = 0;
	talloc_free(o->phases);
	o->phases = NULL;
	o->phase_count = 0;
	o->turns = 0;
	o->next_us = pg->observed_us + WORTH_IT_US;
}

static double ms_between(int64_t from, int64_t to)
{
	return to > from ? (double)(to - from) / 1000 : 0;
}

void pg_observe_phases(struct pg *pg, struct fact_statement *s)
{
	const struct pg_observer *o = pg->observer;
	int64_t now = clock_mono_us();

	if (pg->db.options.phase)
		pg->db.options.phase(NULL, -1);
	if (!o || !o->phase_count)
		return;
	s->phases = talloc_zero_array(pg->observed, struct fact_phase,
				      (unsigned)o->phase_count);
	s->phase_count = o->phase_count;
	for (size_t i = 0; i < o->phase_count; i++) {
		int64_t until = i + 1 < o->phase_count
					? o->phases[i + 1].from_us
					: now;

		s->phases[i].name = talloc_strdup(s->phases, o->phases[i].name);
		s->phases[i].ms = ms_between(o->phases[i].from_us, until);
	}
}

static const struct sight *sight_of(struct pg *pg, const struct fact_lock *l)
{
	const struct pg_observer *o = pg->observer;
	int mode = pg_mode_number(l->mode);

	for (size_t i = 0; o && i < o->sight_count; i++) {
		const struct pg_relation *r = pg_held_find(pg,
							   o->sights[i].oid);

		if (r && o->sights[i].mode == mode &&
		    !strcmp(r->name, l->relation))
			return &o->sights[i];
	}
	return NULL;
}

void pg_observe_lock(struct pg *pg, struct fact_lock *l)
{
	const struct sight *s = sight_of(pg, l);
	double bound;

	if (!s)
		return;
	bound = ms_between(l->since_us, s->first_us);
	if (bound < l->bound_ms)
		l->bound_ms = bound;
}

/* --- a statement in no transaction ---------------------------------------- */

/* One that keeps out all the others that this one does. */
static bool is_covered(const struct pg_observer *o, const struct sight *s)
{
	for (size_t i = 0; i < o->sight_count; i++) {
		const struct sight *other = &o->sights[i];

		if (other != s && other->oid == s->oid &&
		    other->mode > s->mode && other->first_us <= s->first_us &&
		    !(pg_mode_conflicts(s->mode) &
		      ~pg_mode_conflicts(other->mode)))
			return true;
	}
	return false;
}

static bool is_worth_telling(const struct pg_observer *o,
			     const struct pg_relation *r, const struct sight *s)
{
	if (r->own || r->kind == 't' || r->kind == 'S' ||
	    !strncmp(r->name, "pg_toast.", strlen("pg_toast.")))
		return false;
	if (is_covered(o, s))
		return false;
	return (r->kind != 'i' && r->kind != 'I') || s->mode == PG_AE;
}

void pg_observe_outside(struct pg *pg, struct facts *facts,
			const struct fact_statement *s)
{
	const struct pg_observer *o = pg->observer;
	const struct pg_outcome *outcome = &pg->look.outcome;

	for (size_t i = 0; o && i < o->sight_count; i++) {
		const struct sight *seen = &o->sights[i];
		const struct pg_relation *r = pg_held_find(pg, seen->oid);
		int64_t from = between(seen->before_us, outcome->started_us,
				       outcome->arrived_us);
		int64_t until = seen->after_us ? seen->after_us
					       : outcome->arrived_us;
		struct fact_lock *l;

		if (!r || !is_worth_telling(o, r, seen))
			continue;
		l = facts_add_lock(facts, r->name, pg_mode_name(seen->mode),
				   from);
		if (!l)
			continue;
		until = between(until, from, outcome->arrived_us);
		l->statement = s->index;
		l->held_ms = ms_between(from, until);
		l->bound_ms = l->held_ms -
			      ms_between(seen->first_us, seen->last_us);
		if (l->bound_ms < 0)
			l->bound_ms = 0;
		if (l->held_ms > facts->lock_ms)
			facts->lock_ms = l->held_ms;
	}
}

/* --- the end of a transaction --------------------------------------------- */

/* Who has given up since the last look can be told from who is served now. */
void pg_observe_ending(struct pg *pg)
{
	struct pg_observer *o = pg->observer;

	pg->ending_us = clock_mono_us();
	if (pg->observed && o && o->state == IDLE && pg_victims_any(pg))
		ask(pg, pg->ending_us);
}

/* What was asked before the end tells more of who waited for it. */
static void await_last_answer(struct pg *pg)
{
	struct pg_observer *o = pg->observer;
	int64_t until = clock_mono_us() + LAST_US;

	while (o && o->state == ASKING && pg_victims_any(pg)) {
		struct pollfd poller = { .fd = PQsocket(o->conn),
					 .events = POLLIN };
		int ms = least_ms(INT_MAX, until, clock_mono_us());

		if (ms <= 0 || poll(&poller, 1, ms) <= 0)
			return;
		take_answer(pg, clock_mono_us());
	}
}

void pg_observe_end(struct pg *pg, int64_t ended_us)
{
	if (pg->observed && pg->ending_us)
		await_last_answer(pg);
	pg_victims_end(pg, pg->ending_us, ended_us);
	if (pg->observer)
		pg->observer->is_stale = true;
	pg->observed = NULL;
	pg->ending_us = 0;
}
