#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/sql/loss.h"

/* A type's name, what stands in its parentheses, and what follows. */
struct type {
	char name[24]; /* "" when it is longer */
	int numbers[2];
	int count;
	bool is_unsigned;
};

static void parse(const char *text, struct type *type)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	const char *rest = text + length;
	char *end;

	memset(type, 0, sizeof(*type));
	if (length < sizeof(type->name))
		for (size_t i = 0; i < length; i++)
			type->name[i] = (char)tolower((unsigned char)text[i]);
	rest += strspn(rest, " ");
	while ((*rest == '(' || *rest == ',') && type->count < 2) {
		type->numbers[type->count++] = (int)strtol(rest + 1, &end, 10);
		rest = end + strspn(end, " ");
	}
	type->is_unsigned = strcasestr(rest, "unsigned") != NULL;
}

/* Each holds all values of those before it; a list ends with NULL. */
static const char *const pg_integers[] = { "int2", "int4", "int8", NULL };
static const char *const pg_floats[] = { "float4", "float8", NULL };
static const char *const my_integers[] = { "tinyint", "smallint", "mediumint",
					   "int",     "bigint",	  NULL };
static const char *const my_floats[] = { "float", "double", NULL };
static const char *const my_texts[] = { "tinytext", "text", "mediumtext",
					"longtext", NULL };
static const char *const my_bytes[] = { "tinyblob", "blob", "mediumblob",
					"longblob", NULL };

static int rank(const char *const *list, const char *name)
{
	for (int i = 0; list[i]; i++)
		if (!strcmp(list[i], name))
			return i;
	return -1;
}

static bool climbs(const char *const *list, const struct type *from,
		   const struct type *to)
{
	int a = rank(list, from->name), b = rank(list, to->name);

	return a >= 0 && a <= b && from->is_unsigned == to->is_unsigned;
}

/* As many digits before the point, and as many behind it. */
static bool holds_digits(const struct type *from, const struct type *to)
{
	if (!from->count || !to->count)
		return false;
	return to->numbers[1] >= from->numbers[1] &&
	       to->numbers[0] - to->numbers[1] >=
		       from->numbers[0] - from->numbers[1] &&
	       from->is_unsigned == to->is_unsigned;
}

static bool pg_widens(const struct type *from, const struct type *to)
{
	bool numeric = !strcmp(to->name, "numeric");
	bool text = !strcmp(to->name, "text") || !strcmp(to->name, "varchar");

	if (climbs(pg_integers, from, to) || climbs(pg_floats, from, to))
		return true;
	if (numeric && !to->count)
		return rank(pg_integers, from->name) >= 0 ||
		       !strcmp(from->name, "numeric");
	if (numeric && !strcmp(from->name, "numeric"))
		return holds_digits(from, to);
	if (!text ||
	    (strcmp(from->name, "text") && strcmp(from->name, "varchar")))
		return false;
	return !to->count ||
	       (from->count && from->numbers[0] <= to->numbers[0]);
}

static void one_name(struct type *type)
{
	if (!strcmp(type->name, "integer"))
		strcpy(type->name, "int");
	if (!strcmp(type->name, "numeric"))
		strcpy(type->name, "decimal");
}

static bool my_widens(struct type *from, struct type *to)
{
	one_name(from);
	one_name(to);
	if (climbs(my_integers, from, to) || climbs(my_texts, from, to) ||
	    climbs(my_bytes, from, to))
		return true;
	if (climbs(my_floats, from, to))
		return !from->count && !to->count;
	if (strcmp(from->name, to->name) != 0)
		return false;
	if (!strcmp(from->name, "decimal"))
		return holds_digits(from, to);
	return (!strcmp(from->name, "varchar") || !strcmp(from->name, "char") ||
		!strcmp(from->name, "varbinary")) &&
	       from->count && to->count && from->numbers[0] <= to->numbers[0];
}

bool loss_type_widens(const char *from, const char *to,
		      enum sql_dialect dialect)
{
	struct type a, b;

	parse(from, &a);
	parse(to, &b);
	if (!*a.name || !*b.name)
		return false;
	return dialect == SQL_POSTGRESQL ? pg_widens(&a, &b)
					 : my_widens(&a, &b);
}
