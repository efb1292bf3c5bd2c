#ifndef CORE_DB_MYSQL_OBSERVE_H
#define CORE_DB_MYSQL_OBSERVE_H

#include "core/db/mysql/internal.h"

/*
 * What is measured of a statement, between its files:
 *
 *	observe.c	a connection that looks on while it runs
 *	look.c		what is asked, and the answers
 *	held.c		which tables we have locked
 *	waits.c		how long we waited ourselves
 *	victims.c	who waits for us
 *	numbers.c	what InnoDB knows tables by
 *	effects.c	... and what was rebuilt by that, and how
 *	counts.c	what was read from start to end
 *	modes.c		modes of metadata locks
 */

/* --- modes.c -------------------------------------------------------------- */

#define MY_MODE_UNKNOWN (-1)

/* The number of "SHARED_READ", also with the plugin's "MDL_" before it; or
   MY_MODE_UNKNOWN. */
int my_mode_number(const char *name);
const char *my_mode_name(int mode);
/* The modes, as bits, that one waits for while somebody has them; and those
   that it waits behind while somebody waits for them. */
unsigned my_mode_conflicts(int mode);
unsigned my_mode_yields(int mode);
/* One that ALTER TABLE begins with, to make it stronger and weaker. */
bool my_mode_may_change(int mode);

/* --- look.c --------------------------------------------------------------- */

/* A lock of a table that somebody has or waits for, or (no table) what a
   session does. */
struct my_sighting {
	int64_t id; /* of the connection */
	int64_t blocker;
	const char *relation; /* as people write it, or NULL */
	int mode;
	const char *mode_name; /* or NULL */
	bool granted;
	const char *state; /* "", or what its statement does */
	int64_t age_us;	   /* of its statement; -1: not known */
	int64_t query;	   /* the number of its statement; 0: not known */
	const char *user, *text, *database; /* or NULL */
	double done; /* of what it does, 0 to 1; -1: not known */
};

enum my_subject {
	MY_OURS,	/* the locks of the main connection */
	MY_TABLES,	/* ... what it does, and who waits for tables */
	MY_LOCKED_ROWS, /* who waits for rows */
	MY_PROGRAMS,	/* what those that were seen waiting are called */
};

/* What was so at some time between asking and the answer. */
struct my_look {
	int64_t asked_us, answered_us;
	enum my_subject about;
	struct my_sighting *list;
	size_t count;
};

static inline bool is_about_rows(const struct my_look *look)
{
	return look->about == MY_LOCKED_ROWS;
}

struct my_look *my_look_new(TALLOC_CTX *mem, enum my_subject about);
/* The question, as text that hangs on mem. */
char *my_look_sql(TALLOC_CTX *mem, const struct my *my, enum my_subject about);
/* One row of the answer. */
void my_look_take(struct my *my, struct my_look *look,
		  const char *const *values, int count);
/* The answer is complete: all of it goes where it belongs. */
void my_look_done(struct my *my, struct my_look *look);
/* What the main connection does, or NULL. */
const struct my_sighting *my_look_own(const struct my *my,
				      const struct my_look *look);
bool my_is_waiting(const char *state);

/* --- held.c --------------------------------------------------------------- */

/* A lock of ours, as it was seen: not before the first of these times, at the
   two in the middle, and not any more at the last; 0: it still is. */
struct my_sight {
	char *relation;
	int mode;
	const char *mode_name;
	int64_t before_us, first_us, last_us, after_us;
	int statement;	 /* that it was first seen in */
	int64_t told_us; /* where it begins in the facts; 0: not told */
};

void my_held_take(struct my *my, const struct my_look *look);
/* The statement is over: what was seen goes to the facts; `outside`: it let go
   of all of it. */
void my_held_tell(struct my *my, bool outside, int64_t ended_us);
/* What is over has been told. */
void my_held_sweep(struct my *my);
void my_held_forget(struct my *my);

/* --- waits.c -------------------------------------------------------------- */

void my_waits_begin(struct my *my);
void my_waits_take(struct my *my, const struct my_look *look);
/* The server times the parts of the statement that comes, if it can. */
void my_waits_time(struct my *my, const struct script *script,
		   const struct statement *s);
/* It is over: what comes is not timed; and asks how long they took. */
void my_waits_stop(struct my *my);
void my_waits_read(struct my *my);
/* Then: what it waited, in all and for its locks, and its parts. */
void my_waits_tell(struct my *my, struct fact_statement *fact,
		   int64_t ended_us);
/* Whether the server has timed this as one of its parts. */
bool my_waits_saw(const struct my *my, const char *part);

/* --- victims.c ------------------------------------------------------------ */

void my_victims_take(struct my *my, struct my_look *look);
/* Those not done with, as a list for IN, never empty: that wait for rows, or
   whose application is not known. */
char *my_victims_ids(TALLOC_CTX *mem, const struct my *my, bool rows);
void my_victims_name(struct my *my, int64_t id, const char *application);
/* The locks are let go: so are all who waited for them. */
void my_victims_end(struct my *my, int64_t ended_us);

/* --- numbers.c ------------------------------------------------------------ */

struct my_index {
	size_t relation; /* of struct my_numbers */
	char *part;	 /* "#P#p0" of a partition, or "" */
	int64_t table, space, number;
	char *name;
	bool clustered; /* the table itself */
};

/* A table, or a part of one. */
struct my_part_of {
	size_t relation;
	char *part;
	int64_t table, space;
};

struct my_numbers {
	char **relations;
	size_t relation_count;
	char **files; /* what InnoDB calls them */
	struct my_part_of *parts;
	size_t part_count;
	struct my_index *list;
	size_t count;
};

/* Where the relation is; behind the last one when it is not there. */
size_t my_numbers_find(const struct my_numbers *all, const char *relation);
bool my_numbers_know(const struct my_numbers *all, const char *relation);
/* Before they are read: that this one is to be among them. */
void my_numbers_want(struct my_numbers *all, const char *relation);
int my_numbers_read(struct my *my, struct my_numbers *all, struct error *err);

/* --- effects.c ------------------------------------------------------------ */

/* Before and after a statement that commits by itself. */
void my_effects_before(struct my *my, const struct script *script, size_t n);
void my_effects_after(struct my *my, const struct script *script, size_t n,
		      struct fact_statement *fact);

/* --- counts.c ------------------------------------------------------------- */

void my_counts_before(struct my *my, const struct script *script,
		      const struct statement *s);
/* Nothing else was asked since the statement. */
void my_counts_after(struct my *my);
void my_counts_tell(struct my *my, const struct statement *s,
		    struct fact_statement *fact);

/* --- observe.c ------------------------------------------------------------ */

/* It is like the one before it, and so are its locks. */
bool my_is_repetition(const struct my *my);

/* One look through the connection beside the script, waited for. */
void my_look_now(struct my *my);

#endif
