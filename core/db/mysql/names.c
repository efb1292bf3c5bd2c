#include "core/db/mysql/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * What neither a MariaDB 10.11 nor a MySQL 8 takes for a name without quotes:
 * of the words in information_schema.KEYWORDS those that CREATE TABLE refuses,
 * and those that MySQL's manual marks as reserved.
 */
static const char *const reserved[] = {
	"ACCESSIBLE",
	"ADD",
	"ALL",
	"ALTER",
	"ANALYZE",
	"AND",
	"AS",
	"ASC",
	"ASENSITIVE",
	"BEFORE",
	"BETWEEN",
	"BIGINT",
	"BINARY",
	"BLOB",
	"BOTH",
	"BY",
	"CALL",
	"CASCADE",
	"CASE",
	"CHANGE",
	"CHAR",
	"CHARACTER",
	"CHECK",
	"COLLATE",
	"COLUMN",
	"CONDITION",
	"CONSTRAINT",
	"CONTINUE",
	"CONVERT",
	"CREATE",
	"CROSS",
	"CUBE",
	"CUME_DIST",
	"CURRENT_DATE",
	"CURRENT_ROLE",
	"CURRENT_TIME",
	"CURRENT_TIMESTAMP",
	"CURRENT_USER",
	"CURSOR",
	"DATABASES",
	"DAY_HOUR",
	"DAY_MICROSECOND",
	"DAY_MINUTE",
	"DAY_SECOND",
	"DEC",
	"DECIMAL",
	"DECLARE",
	"DEFAULT",
	"DELAYED",
	"DELETE",
	"DELETE_DOMAIN_ID",
	"DENSE_RANK",
	"DESC",
	"DESCRIBE",
	"DETERMINISTIC",
	"DISTINCT",
	"DISTINCTROW",
	"DIV",
	"DO_DOMAIN_IDS",
	"DOUBLE",
	"DROP",
	"DUAL",
	"EACH",
	"ELSE",
	"ELSEIF",
	"EMPTY",
	"ENCLOSED",
	"ESCAPED",
	"EXCEPT",
	"EXISTS",
	"EXIT",
	"EXPLAIN",
	"FALSE",
	"FETCH",
	"FIRST_VALUE",
	"FLOAT",
	"FLOAT4",
	"FLOAT8",
	"FOR",
	"FORCE",
	"FOREIGN",
	"FROM",
	"FULLTEXT",
	"FUNCTION",
	"GENERATED",
	"GET",
	"GRANT",
	"GROUP",
	"GROUPING",
	"GROUPS",
	"HAVING",
	"HIGH_PRIORITY",
	"HOUR_MICROSECOND",
	"HOUR_MINUTE",
	"HOUR_SECOND",
	"IGNORE",
	"IGNORE_DOMAIN_IDS",
	"IN",
	"INDEX",
	"INFILE",
	"INNER",
	"INOUT",
	"INSENSITIVE",
	"INSERT",
	"INT",
	"INT1",
	"INT2",
	"INT3",
	"INT4",
	"INT8",
	"INTEGER",
	"INTERSECT",
	"INTERVAL",
	"INTO",
	"IO_AFTER_GTIDS",
	"IO_BEFORE_GTIDS",
	"IS",
	"ITERATE",
	"JOIN",
	"JSON_TABLE",
	"KEY",
	"KEYS",
	"KILL",
	"LAG",
	"LAST_VALUE",
	"LATERAL",
	"LEAD",
	"LEADING",
	"LEAVE",
	"LEFT",
	"LIBRARY",
	"LIKE",
	"LIMIT",
	"LINEAR",
	"LINES",
	"LOAD",
	"LOCALTIME",
	"LOCALTIMESTAMP",
	"LOCK",
	"LONG",
	"LONGBLOB",
	"LONGTEXT",
	"LOOP",
	"LOW_PRIORITY",
	"MANUAL",
	"MASTER_BIND",
	"MASTER_DEMOTE_TO_REPLICA",
	"MASTER_DEMOTE_TO_SLAVE",
	"MASTER_SSL_VERIFY_SERVER_CERT",
	"MATCH",
	"MAXVALUE",
	"MEDIUMBLOB",
	"MEDIUMINT",
	"MEDIUMTEXT",
	"MIDDLEINT",
	"MINUTE_MICROSECOND",
	"MINUTE_SECOND",
	"MOD",
	"MODIFIES",
	"NATURAL",
	"NO_WRITE_TO_BINLOG",
	"NOT",
	"NTH_VALUE",
	"NTILE",
	"NULL",
	"NUMERIC",
	"OF",
	"OFFSET",
	"ON",
	"OPTIMIZE",
	"OPTIMIZER_COSTS",
	"OPTIONALLY",
	"OR",
	"ORDER",
	"OUT",
	"OUTER",
	"OUTFILE",
	"OVER",
	"PAGE_CHECKSUM",
	"PARALLEL",
	"PARSE_VCOL_EXPR",
	"PARTITION",
	"PERCENT_RANK",
	"PORTION",
	"PRECISION",
	"PRIMARY",
	"PROCEDURE",
	"PURGE",
	"QUALIFY",
	"RANGE",
	"RANK",
	"READ",
	"READ_WRITE",
	"READS",
	"REAL",
	"RECURSIVE",
	"REF_SYSTEM_ID",
	"REFERENCES",
	"REGEXP",
	"RELEASE",
	"RENAME",
	"REPEAT",
	"REPLACE",
	"REQUIRE",
	"RESIGNAL",
	"RESTRICT",
	"RETURN",
	"RETURNING",
	"REVOKE",
	"RIGHT",
	"RLIKE",
	"ROW",
	"ROW_NUMBER",
	"ROWS",
	"SCHEMAS",
	"SECOND_MICROSECOND",
	"SELECT",
	"SENSITIVE",
	"SEPARATOR",
	"SET",
	"SHOW",
	"SIGNAL",
	"SMALLINT",
	"SPATIAL",
	"SPECIFIC",
	"SQL",
	"SQL_BIG_RESULT",
	"SQL_CALC_FOUND_ROWS",
	"SQL_SMALL_RESULT",
	"SQLEXCEPTION",
	"SQLSTATE",
	"SQLWARNING",
	"SSL",
	"STARTING",
	"STATS_AUTO_RECALC",
	"STATS_PERSISTENT",
	"STATS_SAMPLE_PAGES",
	"STORED",
	"STRAIGHT_JOIN",
	"SYSTEM",
	"TABLE",
	"TABLESAMPLE",
	"TERMINATED",
	"THEN",
	"TINYBLOB",
	"TINYINT",
	"TINYTEXT",
	"TO",
	"TRAILING",
	"TRIGGER",
	"TRUE",
	"UNDO",
	"UNION",
	"UNIQUE",
	"UNLOCK",
	"UNSIGNED",
	"UPDATE",
	"USAGE",
	"USE",
	"USING",
	"UTC_DATE",
	"UTC_TIME",
	"UTC_TIMESTAMP",
	"VALUES",
	"VARBINARY",
	"VARCHAR",
	"VARCHARACTER",
	"VARYING",
	"VIRTUAL",
	"WHEN",
	"WHERE",
	"WHILE",
	"WINDOW",
	"WITH",
	"WRITE",
	"XOR",
	"YEAR_MONTH",
	"ZEROFILL",
};

static int by_word(const void *key, const void *element)
{
	return strcasecmp(key, *(const char *const *)element);
}

static bool is_reserved(const char *name)
{
	return bsearch(name, reserved, sizeof(reserved) / sizeof(*reserved),
		       sizeof(*reserved), by_word) != NULL;
}

/* A name of digits alone would be a number. */
static bool is_plain(const char *name)
{
	const unsigned char *c = (const unsigned char *)name;

	if (!isalpha(*c) && *c != '_')
		return false;
	for (; *c; c++)
		if (!isalnum(*c) && *c != '_')
			return false;
	return true;
}

char *my_quote(TALLOC_CTX *mem, const char *name)
{
	char *out = talloc_size(mem, 2 * strlen(name) + 3), *o = out;

	talloc_set_name_const(out, "char");
	*o++ = '`';
	for (; *name; name++) {
		if (*name == '`')
			*o++ = '`';
		*o++ = *name;
	}
	*o++ = '`';
	*o = '\0';
	return out;
}

char *my_quote_name(TALLOC_CTX *mem, const char *name)
{
	return is_plain(name) && !is_reserved(name) ? talloc_strdup(mem, name)
						    : my_quote(mem, name);
}

char *my_fold_name(TALLOC_CTX *mem, const char *written)
{
	return sql_unquote(mem, written, strlen(written));
}

void my_split_name(TALLOC_CTX *mem, const char *relation, char **database,
		   char **name)
{
	const char *dot = strchr(relation, '.');

	*database = dot ? talloc_strndup(mem, relation,
					 (size_t)(dot - relation))
			: NULL;
	*name = talloc_strdup(mem, dot ? dot + 1 : relation);
}

static bool is_own_table(const char *word, size_t length)
{
	char name[32];

	if (length >= sizeof(name) || strncmp(word, "git_", 4) != 0)
		return false;
	memcpy(name, word, length);
	name[length] = '\0';
	return db_is_own_table(name);
}

char *my_qualify(TALLOC_CTX *mem, const char *database, const char *sql)
{
	size_t length = strlen(sql), at = 0, from = 0;
	char *out = talloc_strdup(mem, "");
	char *quoted = my_quote(mem, database);
	struct sql_token token;

	while ((token = sql_next(sql, length, at, SQL_MYSQL)).kind != SQL_END) {
		at = token.offset + token.length;
		if (token.kind != SQL_WORD ||
		    !is_own_table(sql + token.offset, token.length))
			continue;
		out = talloc_strndup_append_buffer(out, sql + from,
						   token.offset - from);
		out = talloc_asprintf_append_buffer(out, "%s.", quoted);
		from = token.offset;
	}
	out = talloc_strdup_append_buffer(out, sql + from);
	talloc_free(quoted);
	return out;
}
