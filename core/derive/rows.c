#include <string.h>
#include <strings.h>

#include "core/derive/derive.h"

#define KEY_LIMIT 8

struct keys {
	const char *names[KEY_LIMIT];
	size_t at[KEY_LIMIT]; /* in the rows */
	size_t count;
};

/* Which of the row's values it is; false: none. */
static bool find_value(const struct change *c, const struct derive_facts *facts,
		       const char *column, size_t *at)
{
	size_t n = 0;

	for (size_t i = 0; i < c->column_count; i++)
		if (!strcasecmp(c->columns[i], column)) {
			*at = i;
			return i < c->width;
		}
	for (size_t i = 0; !c->column_count && i < facts->count; i++) {
		if (strcmp(facts->list[i].name, "column") != 0)
			continue;
		if (!strcasecmp(facts->list[i].text, column)) {
			*at = n;
			return n < c->width;
		}
		n++;
	}
	return false;
}

static bool find_keys(const struct change *c, const struct derive_facts *facts,
		      struct keys *keys)
{
	for (size_t i = 0; i < facts->count; i++) {
		if (strcmp(facts->list[i].name, "key") != 0)
			continue;
		if (keys->count == KEY_LIMIT ||
		    !find_value(c, facts, facts->list[i].text,
				&keys->at[keys->count]))
			return false;
		keys->names[keys->count++] = facts->list[i].text;
	}
	return keys->count > 0;
}

static bool are_literals(const struct change *c, const struct keys *keys)
{
	for (size_t i = 0; i < c->row_count; i++)
		for (size_t k = 0; k < keys->count; k++) {
			const char *text = c->rows[i][keys->at[k]];

			if (!text || !strcasecmp(text, "NULL"))
				return false;
		}
	return c->row_count > 0;
}

/* key IN (1, 2), or (a = 1 AND b = 2 OR ...) */
static char *condition(const struct deriving *d, const struct change *c,
		       const struct keys *keys)
{
	char *text = talloc_strdup(d->mem, "");

	if (keys->count == 1) {
		for (size_t i = 0; i < c->row_count; i++)
			text = talloc_asprintf_append(text, "%s%s",
						      i ? ", " : "",
						      c->rows[i][keys->at[0]]);
		return talloc_asprintf(d->mem, "%s IN (%s)",
				       derive_quote(d, keys->names[0]), text);
	}
	for (size_t i = 0; i < c->row_count; i++)
		for (size_t k = 0; k < keys->count; k++)
			text = talloc_asprintf_append(
				text, "%s%s = %s",
				k   ? " AND "
				: i ? "\n    OR "
				    : "",
				derive_quote(d, keys->names[k]),
				c->rows[i][keys->at[k]]);
	return text;
}

void derive_insert(struct deriving *d, const struct change *c)
{
	struct derive_facts facts = { NULL, 0 };
	struct keys keys = { .count = 0 };

	if (c->rows && derive_ask(d, "key", &facts) < 0)
		return;
	if (!c->rows || !find_keys(c, &facts, &keys) ||
	    !are_literals(c, &keys)) {
		derive_edit(d,
			    "delete the rows that the up script puts into %s, "
			    "and no others",
			    derive_plain(d, &c->table));
		return;
	}
	derive_say(d, "DELETE FROM %s WHERE %s", derive_name(d, &c->table),
		   condition(d, c, &keys));
}
