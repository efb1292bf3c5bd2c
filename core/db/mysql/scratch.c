#include "core/db/mysql/internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/text.h"

/*
 * A scratch database is made and dropped from the connection beside its main
 * one, which holds GET_LOCK() of its name as long as it is wanted. A database
 * of this name pattern whose lock nobody holds is left over from a run that
 * was killed.
 */

#define PREFIX "git_migrate_scratch_"
#define LOCK_PREFIX "git_migrate_scratch."

static void make_name(char name[64])
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint32_t)clock_mono_us();
	snprintf(name, 64, PREFIX "%d_%08x", (int)getpid(), random);
}

static int run_about(struct my_conn *c, const char *what, const char *name,
		     const char *how, struct error *err)
{
	char *quoted = my_quote(NULL, name);
	char *sql = talloc_asprintf(quoted, "%s %s%s", what, quoted, how);
	int result = my_run_sql(c, sql, err);

	talloc_free(quoted);
	return result;
}

/* --- dropping ------------------------------------------------------------- */

struct grants {
	char **list;
	size_t count;
};

static int take_grant(const char *const *values, int count, void *data)
{
	struct grants *grants = data;

	(void)count;
	grants->list = talloc_realloc(NULL, grants->list, char *,
				      (unsigned)grants->count + 1);
	grants->list[grants->count++] = talloc_strdup(grants->list, values[0]);
	return 0;
}

/* What was granted in a database outlives it. Best effort: who may not read
   who was granted what has granted nothing. */
static const char *const grants_sql[] = {
	"SELECT concat('REVOKE ALL PRIVILEGES ON `', g.TABLE_SCHEMA, '`.`', "
	"replace(g.TABLE_NAME, '`', '``'), '` FROM ', g.GRANTEE) "
	"FROM (SELECT TABLE_SCHEMA, TABLE_NAME, GRANTEE "
	"FROM information_schema.TABLE_PRIVILEGES UNION "
	"SELECT TABLE_SCHEMA, TABLE_NAME, GRANTEE "
	"FROM information_schema.COLUMN_PRIVILEGES) AS g "
	"WHERE g.TABLE_SCHEMA = $1",
	"SELECT concat('REVOKE ALL PRIVILEGES ON ', g.Routine_type, ' `', "
	"g.Db, '`.`', replace(g.Routine_name, '`', '``'), '` FROM ', "
	"quote(g.User), '@', quote(g.Host)) "
	"FROM mysql.procs_priv AS g WHERE g.Db = $1",
};

static void revoke_all(struct my_conn *c, const char *name)
{
	struct grants grants = { 0 };
	struct error ignored = { 0 };
	const char *params[] = { name };

	for (size_t i = 0; i < sizeof(grants_sql) / sizeof(*grants_sql); i++)
		if (my_query(c, grants_sql[i], params, 1, take_grant, &grants,
			     &ignored) < 0)
			error_release(&ignored);
	for (size_t i = 0; i < grants.count; i++)
		if (my_run_sql(c, grants.list[i], &ignored) < 0)
			error_release(&ignored);
	talloc_free(grants.list);
}

static int drop_database(struct my_conn *c, const char *name, struct error *err)
{
	revoke_all(c, name);
	return run_about(c, "DROP DATABASE IF EXISTS", name, "", err);
}

void my_scratch_drop(struct my *my)
{
	struct error ignored = { 0 };
	struct my_conn *side;

	/* not even Ctrl-C leaves it behind */
	my->db.options.tick = NULL;
	my->interrupted = false;
	for (int tries = 0; tries < 2; tries++) {
		error_release(&ignored);
		if (my_side(my, &side, &ignored) == 0 &&
		    drop_database(side, my->db.database, &ignored) == 0)
			break;
	}
	error_release(&ignored);
}

/* --- leftovers ------------------------------------------------------------ */

static void drop_leftovers(struct my_conn *c)
{
	static const char sql[] =
		"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA "
		"WHERE SCHEMA_NAME LIKE 'git\\_migrate\\_scratch\\_%' "
		"AND IS_FREE_LOCK(concat('" LOCK_PREFIX
		"', sha1(SCHEMA_NAME))) = 1 LIMIT 32";
	struct grants names = { 0 };
	struct error ignored = { 0 };

	if (my_run(c, sql, sizeof(sql) - 1, take_grant, &names, NULL,
		   &ignored) < 0)
		error_release(&ignored);
	/* another one's databases are no reason to stop */
	for (size_t i = 0; i < names.count; i++)
		if (drop_database(c, names.list[i], &ignored) < 0)
			error_release(&ignored);
	talloc_free(names.list);
}

/* --- making --------------------------------------------------------------- */

static int take_how(const char *const *values, int count, void *data)
{
	char **how = data;

	(void)count;
	*how = talloc_asprintf(NULL, " CHARACTER SET %s COLLATE %s", values[0],
			       values[1]);
	return 0;
}

static int describe(struct my *from, char **how, struct error *err)
{
	static const char sql[] =
		"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME "
		"FROM information_schema.SCHEMATA "
		"WHERE SCHEMA_NAME = DATABASE()";

	return my_run(&from->main, sql, sizeof(sql) - 1, take_how, how, NULL,
		      err);
}

static int take_role(const char *const *values, int count, void *data)
{
	char **role = data;

	(void)count;
	*role = talloc_strdup(NULL, values[0]);
	return 0;
}

/* As GRANT takes it, whatever the connection calls itself. */
static char *find_role(struct my_conn *c)
{
	static const char sql[] =
		"SELECT concat(quote(left(r.n, char_length(r.n) - "
		"char_length(r.h) - 1)),"
		" '@', quote(r.h)) FROM (SELECT CURRENT_USER() AS n, "
		"substring_index(CURRENT_USER(), '@', -1) AS h) AS r";
	struct error ignored = { 0 };
	char *role = NULL;

	if (my_run(c, sql, sizeof(sql) - 1, take_role, &role, NULL, &ignored) <
	    0)
		error_release(&ignored);
	return role;
}

/* What is usually said of a database that a role may not use is about one that
   is there. */
static void explain_denied(struct my_conn *c, struct error *err)
{
	char *role = find_role(c);

	talloc_free(err->hint);
	err->hint = NULL;
	error_hint(err,
		   "let this role make scratch databases: GRANT ALL ON "
		   "`git\\_migrate\\_scratch\\_%%`.* TO %s",
		   role ? role : "USER");
	error_hint(err, "or name another server: git config migrate.scratchUrl "
			"URL");
	talloc_free(role);
}

static int create(struct my_conn *c, const char *name, const char *how,
		  struct error *err)
{
	bool taken;

	/* the name is held before the database is there */
	if (my_try_lock(c, LOCK_PREFIX, name, &taken, err) < 0)
		return -1;
	if (run_about(c, "CREATE DATABASE", name, how, err) == 0)
		return 0;
	error_prefix(err, "unable to create a scratch database");
	if (err->denied)
		explain_denied(c, err);
	return -1;
}

/* Connects to the database that maker has made, and takes both over. */
static struct my *enter(TALLOC_CTX *mem, struct my *from, struct my *maker,
			const char *name, struct error *err)
{
	struct my_url url = maker->url;
	struct error ignored = { 0 };
	const char *target = from->not_to_touch ? from->not_to_touch
						: from->db.database;
	struct my *my;

	url.database = name;
	if (my_open_url(mem, &url, &maker->db.options, &my, err) < 0) {
		drop_database(&maker->main, name, &ignored);
		error_release(&ignored);
		return NULL;
	}
	my->scratch = true;
	my->not_to_touch = talloc_strdup(my, target);
	/* the one that holds the name */
	if (my_side_adopt(my, maker, err) == 0)
		return my;
	talloc_free(my);
	return NULL;
}

static struct my *make(TALLOC_CTX *mem, struct my *from,
		       const struct my_url *where, struct error *err)
{
	struct db_options options = from->db.options;
	struct my *maker, *my = NULL;
	char name[64], *how = NULL;

	make_name(name);
	options.read_only = false;
	if (describe(from, &how, err) < 0 ||
	    my_open_url(NULL, where, &options, &maker, err) < 0) {
		talloc_free(how);
		return NULL;
	}
	drop_leftovers(&maker->main);
	if (create(&maker->main, name, how, err) == 0)
		my = enter(mem, from, maker, name, err);
	talloc_free(how);
	talloc_free(maker);
	return my;
}

int my_scratch(TALLOC_CTX *mem, struct db *target, const char *scratch_url,
	       struct db **scratch, struct error *err)
{
	struct my *from = my_of(target), *my = NULL;
	TALLOC_CTX *turn = talloc_new(NULL);
	struct my_url url = from->url;

	if (!scratch_url || my_url_parse(turn, scratch_url, &url, err) == 0) {
		if (!url.database)
			url.database = "information_schema";
		my = make(mem, from, &url, err);
	}
	talloc_free(turn);
	if (!my)
		return -1;
	*scratch = &my->db;
	return 0;
}

int my_scratch_copy(TALLOC_CTX *mem, struct db *db, struct db **scratch,
		    struct error *err)
{
	struct my *from = my_of(db);
	struct my *my = make(mem, from, &from->url, err);

	if (!my)
		return -1;
	if (my_copy(from, my, err) < 0) {
		talloc_free(my);
		return -1;
	}
	*scratch = &my->db;
	return 0;
}
