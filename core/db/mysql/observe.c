#include "core/db/mysql/observe.h"

#include <string.h>
#include <sys/socket.h>

#include "core/base/text.h"
#include "core/db/cost.h"

/*
 * A third connection that looks on while a statement runs. Most statements are
 * over before it would be worth one, so it is opened once something has lasted
 * a while, without anybody waiting for that; until then the one beside the
 * script is asked once or twice. It is asked in turn and never waited for; when
 * it is lost, less is known, and the run goes on.
 */

#define EARLY_US 2000	    /* the first look at a statement */
#define WORTH_IT_US 10000   /* a statement, before it is worth a connection */
#define INTERVAL_US 10000   /* between two questions */
#define LONGEST_US 1000000  /* the same, on a server that is slow to answer */
#define TIMES_THE_COST 10   /* an answer's time is a tenth of an interval */
#define PATIENCE_US 5000000 /* with an answer, and with connecting */
/* InnoDB renews what it tells only when nobody has asked for a tenth of a
   second: a wait for rows that is shorter than that may come and go unseen. */
#define ROWS_INTERVAL_US 130000

enum observer_state { CONNECTING, SETTING, IDLE, ASKING, READING, GONE };

struct my_observer {
	struct my_conn conn;
	enum observer_state state;
	int status;	       /* what the library waits for */
	enum my_subject about; /* what is asked */
	char *sql;
	bool named; /* names may be asked for */
	char *gap;  /* what is not known since it is GONE */
	int64_t asked_us, next_us;
	int64_t cost_us; /* of an answer, of late */
};

static const char settings[] =
	"SET NAMES utf8mb4, autocommit = 1, sql_mode = '', "
	"lock_wait_timeout = 1";

/* --- opening it ----------------------------------------------------------- */

/* What hangs in the middle of something must not wait for its end. */
static void hang_up(struct my_observer *o)
{
	if (!o->conn.mysql)
		return;
	if (o->state != IDLE)
		shutdown(mysql_get_socket(o->conn.mysql), SHUT_RDWR);
	my_conn_close(&o->conn);
}

static int close_observer(struct my_observer *o)
{
	hang_up(o);
	return 0;
}

static void lose(struct my *my, const char *why)
{
	struct my_observer *o = my->observer;

	o->gap = talloc_asprintf(
		o, "locks and who waited: the connection that looks on %s",
		why);
	if (my->observed)
		facts_add_gap(my->observed, o->gap);
	hang_up(o);
	o->state = GONE;
}

static void step(struct my *my, int ready);

static void open_observer(struct my *my, int64_t now)
{
	struct my_observer *o = talloc_zero(my, struct my_observer);

	talloc_set_destructor(o, close_observer);
	my->observer = o;
	o->conn.my = my;
	o->asked_us = now;
	o->state = CONNECTING;
	o->status = my_conn_start(&o->conn);
	if (!o->conn.mysql)
		lose(my, "could not be opened");
	else if (!o->status)
		step(my, 0);
}

unsigned long my_observer_id(const struct my *my)
{
	return my->observer ? my->observer->conn.id : 0;
}

/* --- one thing after the other -------------------------------------------- */

static void send_sql(struct my_observer *o, enum observer_state state,
		     const char *sql, int *failed)
{
	o->state = state;
	o->status = mysql_real_query_start(failed, o->conn.mysql, sql,
					   strlen(sql));
}

static bool has_connected(struct my *my, MYSQL *made)
{
	struct error ignored = { 0 };
	bool good = made && my_conn_started(&my->observer->conn, &ignored) == 0;

	error_release(&ignored);
	return good;
}

static int64_t between(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static void take_answer(struct my *my, MYSQL_RES *answer)
{
	struct my_observer *o = my->observer;
	struct my_look *look = my_look_new(NULL, o->about);
	int64_t now = clock_mono_us();
	MYSQL_ROW row;

	look->asked_us = o->asked_us;
	look->answered_us = now;
	while ((row = mysql_fetch_row(answer)))
		my_look_take(my, look, (const char *const *)row,
			     (int)mysql_num_fields(answer));
	mysql_free_result(answer);
	o->state = IDLE;
	o->cost_us = cost_of_late(o->cost_us, now - o->asked_us);
	o->next_us = o->asked_us + between(o->cost_us * TIMES_THE_COST,
					   INTERVAL_US, LONGEST_US);
	if (o->about == MY_LOCKED_ROWS)
		my->cache_us = now;
	my_look_done(my, look);
	talloc_free(look);
}

/* Errors of the library itself are about the connection. */
static bool is_lost(unsigned number)
{
	return number >= 2000 && number < 3000;
}

/* What is not wanted of one question does not keep the other one back. */
static void refuse(struct my *my)
{
	struct my_observer *o = my->observer;

	if (o->about == MY_PROGRAMS) {
		my->sees_programs = false;
		o->state = IDLE;
		return;
	}
	if (o->about == MY_LOCKED_ROWS) {
		my->sees_transactions = false;
		facts_add_gap(my->observed,
			      "who waited for rows: the server does not tell "
			      "this role");
		o->state = IDLE;
		return;
	}
	lose(my, "failed");
}

/* Whatever was waited for is there: on to the next thing, until something has
   to be waited for again. */
static void go_on(struct my *my, MYSQL *made, int failed, MYSQL_RES *answer)
{
	struct my_observer *o = my->observer;

	switch (o->state) {
	case CONNECTING:
		if (!has_connected(my, made)) {
			lose(my, "was refused");
			return;
		}
		send_sql(o, SETTING, settings, &failed);
		if (!o->status)
			go_on(my, NULL, failed, NULL);
		return;
	case SETTING:
		if (failed) {
			lose(my, "failed");
			return;
		}
		o->state = IDLE;
		o->next_us = 0;
		return;
	case ASKING:
		if (failed) {
			if (is_lost(mysql_errno(o->conn.mysql)))
				lose(my, "was lost");
			else
				refuse(my);
			return;
		}
		o->state = READING;
		o->status = mysql_store_result_start(&answer, o->conn.mysql);
		if (!o->status)
			go_on(my, NULL, 0, answer);
		return;
	case READING:
		if (answer)
			take_answer(my, answer);
		else
			lose(my, "was lost");
		return;
	case IDLE:
	case GONE:
		return;
	}
}

/* Goes on with what the library waited for. */
static void step(struct my *my, int ready)
{
	struct my_observer *o = my->observer;
	MYSQL *made = o->conn.mysql;
	MYSQL_RES *answer = NULL;
	int failed = 0;

	if (o->state == CONNECTING && o->status)
		o->status = mysql_real_connect_cont(&made, o->conn.mysql,
						    ready);
	else if (o->state == SETTING || o->state == ASKING)
		o->status = mysql_real_query_cont(&failed, o->conn.mysql,
						  ready);
	else if (o->state == READING)
		o->status = mysql_store_result_cont(&answer, o->conn.mysql,
						    ready);
	if (!o->status)
		go_on(my, made, failed, answer);
}

/* --- asking --------------------------------------------------------------- */

static bool asks_about_rows(const struct my *my, int64_t now)
{
	return my->sees_transactions && !my->redefines &&
	       now - my->cache_us >= ROWS_INTERVAL_US;
}

static void ask(struct my *my, int64_t now)
{
	struct my_observer *o = my->observer;
	int failed = 0;

	o->about = MY_TABLES;
	if (asks_about_rows(my, now))
		o->about = MY_LOCKED_ROWS;
	else if (my->unnamed && my->sees_programs && o->named)
		o->about = MY_PROGRAMS;
	/* in between the others are asked about */
	o->named = o->about == MY_TABLES;
	my->unnamed &= o->about != MY_PROGRAMS;
	talloc_free(o->sql);
	o->sql = my_look_sql(o, my, o->about);
	o->asked_us = now;
	send_sql(o, ASKING, o->sql, &failed);
	if (!o->status)
		go_on(my, NULL, failed, NULL);
}

/* --- while somebody else is waited for ------------------------------------ */

static int least_ms(int timeout_ms, int64_t until_us, int64_t now)
{
	int64_t ms = (until_us - now + 999) / 1000;

	return ms < 0 ? 0 : ms < timeout_ms ? (int)ms : timeout_ms;
}

/* Before there is a connection of its own. */
static void look_early(struct my *my, int64_t now)
{
	if (!my->running || now < my->next_look_us || my->observer)
		return;
	my_look_now(my);
	my->next_look_us = now + 2 * (now - my->statement_us);
}

static void listen_to(struct my_observer *o, struct pollfd *poller)
{
	poller->fd = mysql_get_socket(o->conn.mysql);
	poller->events = 0;
	if (o->status & MYSQL_WAIT_READ)
		poller->events |= POLLIN;
	if (o->status & MYSQL_WAIT_WRITE)
		poller->events |= POLLOUT;
	if (o->status & MYSQL_WAIT_EXCEPT)
		poller->events |= POLLPRI;
}

void my_observe_wait(struct my *my, struct pollfd *poller, int *timeout_ms)
{
	struct my_observer *o = my->observer;
	int64_t now = clock_mono_us();

	if (!my->observed)
		return;
	look_early(my, now);
	if (!o) {
		int64_t at = my->statement_us + WORTH_IT_US;

		if (my->running && now >= at)
			open_observer(my, now);
		else if (my->running)
			*timeout_ms = least_ms(
				*timeout_ms,
				my->next_look_us < at ? my->next_look_us : at,
				now);
		o = my->observer;
	}
	if (o && o->state == GONE && my->running &&
	    now > my->statement_us + WORTH_IT_US)
		facts_add_gap(my->observed, o->gap);
	if (!o || o->state == GONE)
		return;
	if (o->state == IDLE && now >= o->next_us)
		ask(my, now);
	if (o->state == IDLE)
		*timeout_ms = least_ms(*timeout_ms, o->next_us, now);
	if (o->state == IDLE || o->state == GONE)
		return;
	if (now - o->asked_us > PATIENCE_US)
		lose(my, "did not answer");
	else
		listen_to(o, poller);
}

void my_observe_go_on(struct my *my, const struct pollfd *poller)
{
	struct my_observer *o = my->observer;
	int ready = 0;

	if (!o || o->state == GONE || !poller->revents)
		return;
	if (poller->revents & (POLLIN | POLLHUP | POLLERR))
		ready |= o->status & MYSQL_WAIT_READ;
	if (poller->revents & (POLLOUT | POLLHUP | POLLERR))
		ready |= o->status & MYSQL_WAIT_WRITE;
	if (poller->revents & POLLPRI)
		ready |= MYSQL_WAIT_EXCEPT;
	step(my, ready);
}

/* --- through the connection beside the script ----------------------------- */

struct taking {
	struct my *my;
	struct my_look *look;
};

static int take_row(const char *const *values, int count, void *data)
{
	struct taking *t = data;

	my_look_take(t->my, t->look, values, count);
	return 0;
}

void my_look_now(struct my *my)
{
	struct error ignored = { 0 };
	struct my_look *look;
	struct taking taking = { .my = my };
	char *sql;

	if (!my->observed || !my->side.mysql || my->side.lost ||
	    my->locks == MY_LOCKS_NONE)
		return;
	taking.look = look = my_look_new(NULL, MY_OURS);
	sql = my_look_sql(look, my, MY_OURS);
	look->asked_us = clock_mono_us();
	if (my_run(&my->side, sql, strlen(sql), take_row, &taking, NULL,
		   &ignored) == 0) {
		look->answered_us = clock_mono_us();
		my->look_cost_us = cost_of_late(
			my->look_cost_us, look->answered_us - look->asked_us);
		my_look_done(my, look);
	}
	error_release(&ignored);
	talloc_free(look);
}

/* --- one statement -------------------------------------------------------- */

static const char *const gaps[] = {
	[MY_LOCKS_NONE] =
		"which locks were held: the server does not show them, only "
		"who waits (INSTALL SONAME 'metadata_lock_info', or "
		"performance_schema with its instrument "
		"wait/lock/metadata/sql/mdl)",
	[MY_LOCKS_SCHEMA] = NULL,
};

static void learn(struct my *my, const struct statement *s)
{
	if (!my->side.mysql || my->side.lost)
		return;
	my_locks_way(my, &my->side);
	my_ask_rights(my, &my->side);
	if (s->relation_count && my->locks == MY_LOCKS_NONE)
		facts_add_gap(my->observed, gaps[MY_LOCKS_NONE]);
	if (s->relation_count && !my->sees_transactions)
		facts_add_gap(my->observed,
			      "who waited: this role lacks the PROCESS "
			      "privilege");
}

static void begin_transaction(struct my *my, struct facts *facts, int64_t now)
{
	my_held_forget(my);
	my->observed = facts;
	my->first_statement = facts->statement_count - 1;
	my->begun_us = my->looked_us = now;
	my->tables_looked_us = my->rows_looked_us = now;
	my->caught_up = true;
	my->ending_us = 0;
}

void my_observe_begin(struct my *my, const struct script *script, size_t n,
		      struct facts *facts)
{
	const struct statement *s = &script->statements[n];
	int64_t now = clock_mono_us();

	if (my->db.options.unobserved)
		return;
	if (my->observed != facts)
		begin_transaction(my, facts, now);
	my->statement = (int)n + 1;
	my->redefines = s->need.queues;
	my->copies = my->in_place = false;
	learn(my, s);
	my_waits_begin(my);
	my_effects_before(my, script, n);
	my_counts_before(my, script, s);
	my_waits_time(my, script, s);
	my->statement_us = clock_mono_us();
	my->next_look_us = my->statement_us + EARLY_US;
	if (my->caught_up)
		my->earliest_us = my->statement_us;
	my->caught_up = false;
	my->running = true;
	if (my->observer)
		my->observer->next_us = my->next_look_us;
}

bool my_is_repetition(const struct my *my)
{
	const struct facts *facts = my->observed;
	const struct fact_statement *a, *b;

	if (facts->statement_count < my->first_statement + 2)
		return false;
	a = &facts->statements[facts->statement_count - 1];
	b = a - 1;
	if (strcmp(a->kind, b->kind) != 0 ||
	    a->relation_count != b->relation_count)
		return false;
	for (size_t i = 0; i < a->relation_count; i++)
		if (strcmp(a->relations[i], b->relations[i]) != 0)
			return false;
	return true;
}

#define CHEAP_US 5000
#define PART_OF_THE_TIME 50

static bool is_worth_a_look(const struct my *my, int64_t ended_us)
{
	int64_t lasted = ended_us - my->statement_us;

	if (my->look_cost_us > CHEAP_US &&
	    lasted / PART_OF_THE_TIME < my->look_cost_us)
		return false;
	return lasted > WORTH_IT_US || !my_is_repetition(my);
}

/* In a transaction what was locked still is. */
static void look_behind(struct my *my, int64_t ended_us)
{
	if (!is_worth_a_look(my, ended_us))
		return;
	my_look_now(my);
	my->caught_up = my->looked_us >= ended_us;
}

void my_observe_statement(struct my *my, const struct script *script, size_t n,
			  struct fact_statement *fact, bool outside)
{
	int64_t ended = clock_mono_us();

	my->running = false;
	if (!my->observed)
		return;
	if (my->db.options.phase && my->redefines)
		my->db.options.phase(NULL, -1);
	if (!outside)
		look_behind(my, ended);
	my_waits_stop(my);
	my_counts_after(my);
	my_waits_read(my);
	if (outside)
		my_effects_after(my, script, n, fact);
	my_counts_tell(my, &script->statements[n], fact);
	my_held_tell(my, outside, ended);
	my_waits_tell(my, fact, ended);
	my_held_sweep(my);
	my->observed->observed_ms += (double)(clock_mono_us() - ended) / 1000;
	if (outside)
		my_observe_end(my, ended);
}

/* --- the end of a transaction --------------------------------------------- */

void my_observe_end(struct my *my, int64_t ended_us)
{
	if (!my->observed)
		return;
	my_victims_end(my, ended_us);
	my_held_forget(my);
	my->observed = NULL;
	my->running = false;
	my->ending_us = 0;
}
