#include "core/run/declared.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* --- the words of a line -------------------------------------------------- */

struct word {
	char parts[3][80]; /* of a.b.c the last three */
	int count;
};

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* One part of a name; quotes are left out. Returns what follows it. */
static const char *take_part(const char *text, char part[80])
{
	const char *quotes = strchr("\"`[", *text);
	char end = !*text || !quotes ? '\0' : *text == '[' ? ']' : *text;
	size_t length = 0;

	if (end)
		text++;
	while (*text && (end ? *text != end : is_letter(*text))) {
		if (length < 79)
			part[length++] = *text;
		text++;
	}
	part[length] = '\0';
	return end && *text ? text + 1 : text;
}

/* The next word from *text on, with dots between its parts. */
static bool next_word(const char **text, struct word *word)
{
	const char *c = *text;

	while (*c && !is_letter(*c) && !strchr("\"`[", *c))
		c++;
	word->count = 0;
	while (*c) {
		if (word->count == 3) {
			memcpy(word->parts[0], word->parts[1],
			       sizeof(word->parts[0]));
			memcpy(word->parts[1], word->parts[2],
			       sizeof(word->parts[0]));
			word->count = 2;
		}
		c = take_part(c, word->parts[word->count++]);
		if (*c != '.' || !(is_letter(c[1]) || c[1] == '"' ||
				   c[1] == '`' || c[1] == '['))
			break;
		c++;
	}
	*text = c;
	return word->count > 0;
}

/* --- names ---------------------------------------------------------------- */

static const char *bare(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static bool is_column(const struct declared *d, const char *table,
		      const char *name)
{
	for (int i = 0; i < 2; i++)
		for (size_t t = 0; d->images[i] && t < d->images[i]->count;
		     t++) {
			const struct row_table *r = &d->images[i]->tables[t];

			if (strcmp(r->name, table) != 0)
				continue;
			for (size_t c = 0; c < r->column_count; c++)
				if (!strcasecmp(r->columns[c], name))
					return true;
		}
	return false;
}

static bool is_table(const struct declared *d, const char *name)
{
	for (int i = 0; i < 2; i++)
		for (size_t t = 0; d->images[i] && t < d->images[i]->count; t++)
			if (!strcasecmp(bare(d->images[i]->tables[t].name),
					name))
				return true;
	return false;
}

/* --- what a line is about ------------------------------------------------- */

struct about {
	bool anything; /* some table is named */
	bool table;    /* this one */
	bool column;   /* this column, and whose it is */
	bool word;     /* this column, as a word of its own */
	bool others;   /* other columns of the table */
};

static void read_word(const struct declared *d, const struct word *w,
		      const char *table, const char *column, struct about *a)
{
	const char *last = w->parts[w->count - 1];
	const char *before = w->count > 1 ? w->parts[w->count - 2] : NULL;

	a->anything |= is_table(d, last) || (before && is_table(d, before));
	if (!strcasecmp(last, bare(table))) {
		a->table = true;
	} else if (before && !strcasecmp(before, bare(table))) {
		if (column && !strcasecmp(last, column))
			a->column = true;
		else
			a->others = true;
	} else if (!before && column && !strcasecmp(last, column)) {
		a->word = true;
	} else if (!before && is_column(d, table, last)) {
		a->others = true;
	}
}

static struct about read_line(const struct declared *d, const char *text,
			      const char *table, const char *column)
{
	struct about about = { 0 };
	struct word word;

	while (next_word(&text, &word))
		read_word(d, &word, table, column, &about);
	return about;
}

static bool is_about(const struct about *a)
{
	return a->column || (a->table && (a->word || !a->others));
}

/* --- what the scripts destroy --------------------------------------------- */

static bool same_table(const char *written, const char *table)
{
	return written && !strcasecmp(bare(written), bare(table));
}

static bool destroys(const struct loss *l, const char *table,
		     const char *column)
{
	switch (l->kind) {
	case LOSS_DATABASE:
	case LOSS_SCHEMA:
	case LOSS_TYPE:
	case LOSS_UNKNOWN:
		return true;
	case LOSS_TABLE:
	case LOSS_TRUNCATED:
	case LOSS_DELETED:
	case LOSS_UPDATED:
		return same_table(l->name, table);
	case LOSS_COLUMN:
	case LOSS_NARROWED:
		return column && same_table(l->table, table) &&
		       !strcasecmp(l->name, column);
	default:
		return false;
	}
}

static bool pair_destroys(const struct declared *d, const char *table,
			  const char *column)
{
	for (int i = 0; i < 2; i++) {
		const struct script *s = d->scripts[i];

		for (size_t n = 0; s && n < s->statement_count; n++)
			for (size_t k = 0; k < s->statements[n].loss_count; k++)
				if (destroys(&s->statements[n].losses[k], table,
					     column))
					return true;
	}
	return false;
}

const char *declared_loss(const struct declared *d,
			  const struct proof_row_difference *difference)
{
	const char *table = difference->table, *column = difference->column;

	for (int i = 0; i < 2; i++) {
		const struct script *s = d->scripts[i];

		for (size_t n = 0; s && n < s->directive_count; n++) {
			const char *text = s->directives[n].text;
			struct about about;

			if (s->directives[n].kind != DIRECTIVE_DATA_LOSS)
				continue;
			about = read_line(d, text ? text : "", table, column);
			if (is_about(&about) ||
			    (!about.anything &&
			     pair_destroys(d, table, column)))
				return text ? text : "";
		}
	}
	return NULL;
}
