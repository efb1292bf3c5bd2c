#include "core/db/mysql/internal.h"

#include <sha2.h>
#include <string.h>

/*
 * What became of a statement that commits by itself and whose end nobody saw.
 * DDL is atomic (MariaDB 10.6, MySQL 8.0): when one of the objects that it is
 * about is not what it was, it was carried out. But each table of a DROP or
 * RENAME of several is an object of its own,
 * https://mariadb.com/kb/en/atomic-ddl/.
 *
 * The witness has a digest for each relation, and one for what has no table's
 * name: routines, triggers or events; each ends with a semicolon.
 */

#define NO_SUCH_TABLE 1146
#define DIGEST_SIZE 16 /* digits: enough to see a difference */

static bool is_one_of(const char *kind, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (!strcmp(kind, *kinds))
			return true;
	return false;
}

/* Once more does no harm. */
static bool is_harmless(const char *kind)
{
	static const char *const kinds[] = {
		"SET",
		"USE",
		"LOCK TABLE",
		"LOCK TABLES",
		"UNLOCK TABLES",
		"FLUSH",
		"ANALYZE",
		"ANALYZE TABLE",
		"OPTIMIZE",
		"OPTIMIZE TABLE",
		"CHECK",
		"CHECK TABLE",
		"REPAIR",
		"REPAIR TABLE",
		"TRUNCATE",
		"TRUNCATE TABLE",
		"GRANT",
		"REVOKE",
		NULL,
	};

	return is_one_of(kind, kinds);
}

static bool is_definition(const char *kind)
{
	return !strncmp(kind, "CREATE ", 7) || !strncmp(kind, "ALTER ", 6) ||
	       !strncmp(kind, "DROP ", 5) || !strncmp(kind, "RENAME ", 7);
}

/* What in the database has no table's name, of the statement's kind. */
static const char *list_of(const char *kind)
{
	if (strstr(kind, "TRIGGER"))
		return "SELECT TRIGGER_NAME, CREATED, ACTION_STATEMENT "
		       "FROM information_schema.TRIGGERS "
		       "WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1";
	if (strstr(kind, "EVENT"))
		return "SELECT EVENT_NAME, LAST_ALTERED, EVENT_DEFINITION "
		       "FROM information_schema.EVENTS "
		       "WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1";
	if (strstr(kind, "PROCEDURE") || strstr(kind, "FUNCTION"))
		return "SELECT ROUTINE_TYPE, ROUTINE_NAME, LAST_ALTERED, "
		       "ROUTINE_DEFINITION "
		       "FROM information_schema.ROUTINES "
		       "WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1, 2";
	return NULL;
}

/* Other sessions' inserts move the counter. */
static void add_text(SHA2_CTX *hash, const char *text)
{
	static const char counter[] = " AUTO_INCREMENT=";
	const char *at = strstr(text, counter);

	if (at) {
		SHA256Update(hash, (const uint8_t *)text, (size_t)(at - text));
		text = at + strlen(counter);
		text += strspn(text, "0123456789");
	}
	SHA256Update(hash, (const uint8_t *)text, strlen(text) + 1);
}

static int take_texts(const char *const *values, int count, void *data)
{
	for (int i = 0; i < count; i++)
		add_text(data, values[i] ? values[i] : "");
	return 0;
}

/* Adds the digest of an answer; of a table that is not there, "none". */
static int add_digest(struct my_conn *c, const char *sql, char **text,
		      struct error *err)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX hash;

	SHA256Init(&hash);
	if (my_run(c, sql, strlen(sql), take_texts, &hash, NULL, err) < 0) {
		if (c->failed != NO_SUCH_TABLE)
			return -1;
		error_release(err);
		*text = talloc_strdup_append(*text, "none;");
		return 0;
	}
	SHA256End(&hash, hex);
	hex[DIGEST_SIZE] = '\0';
	*text = talloc_asprintf_append(*text, "%s;", hex);
	return 0;
}

static char *show_create(TALLOC_CTX *mem, const struct my *my,
			 const char *relation)
{
	char *database, *name;

	my_split_name(mem, relation, &database, &name);
	return talloc_asprintf(
		mem, "SHOW CREATE TABLE %s.%s",
		my_quote(mem, database ? database : my->db.database),
		my_quote(mem, name));
}

int my_witness(TALLOC_CTX *mem, struct db *db, const struct script *script,
	       size_t n, char **out, struct error *err)
{
	struct my *my = my_of(db);
	const struct statement *s = &script->statements[n];
	const char *list = list_of(s->kind);
	char *text = talloc_strdup(mem, "");
	struct my_conn *conn = &my->main;
	int result = 0;

	*out = NULL;
	/* what the ledger says next must still be ours to say */
	if (my_lock_check(my, err) < 0)
		return -1;
	if (!is_definition(s->kind))
		return 0;
	/* under LOCK TABLES the other connection would wait for this one */
	if (!my->tables_locked && my_side(my, &conn, err) < 0)
		return -1;
	for (size_t i = 0; result == 0 && i < s->relation_count; i++)
		result = add_digest(conn, show_create(mem, my, s->relations[i]),
				    &text, err);
	if (result == 0 && list)
		result = add_digest(conn, list, &text, err);
	if (result < 0 && !conn->lost) { /* then it cannot tell */
		error_release(err);
		return 0;
	}
	*out = *text ? text : NULL;
	return result;
}

/* How many of the digests differ, of how many. */
static void compare(const char *before, const char *now, int *changed,
		    int *count)
{
	*changed = *count = 0;
	while (*before && *now) {
		size_t a = strcspn(before, ";"), b = strcspn(now, ";");

		*changed += a != b || memcmp(before, now, a) != 0;
		++*count;
		before += a + (before[a] == ';');
		now += b + (now[b] == ';');
	}
}

static bool is_about_each(const char *kind)
{
	static const char *const kinds[] = { "DROP TABLE", "DROP TABLES",
					     "DROP VIEW", "RENAME TABLE",
					     NULL };

	return is_one_of(kind, kinds);
}

int my_judge(TALLOC_CTX *mem, struct db *db, const struct script *script,
	     size_t n, const char *witness, enum db_verdict *verdict,
	     char **what, struct error *err)
{
	const struct statement *s = &script->statements[n];
	int changed, count;
	char *now;

	*what = NULL;
	*verdict = s->control		  ? DB_DONE
		   : is_harmless(s->kind) ? DB_UNDONE
					  : DB_UNKNOWN;
	if (*verdict != DB_UNKNOWN || !witness)
		return 0;
	if (my_witness(mem, db, script, n, &now, err) < 0)
		return -1;
	if (!now)
		return 0;
	compare(witness, now, &changed, &count);
	if (!changed)
		*verdict = DB_UNDONE;
	else if (!is_about_each(s->kind) || changed == count)
		*verdict = DB_DONE;
	return 0;
}
