#include "cmd/table.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct table {
	struct libscols_table *table;
	int count;
};

struct table *table_new(const char *const *headings, int count)
{
	struct table *t = talloc_zero(NULL, struct table);

	t->count = count;
	t->table = scols_new_table();
	scols_table_enable_noencoding(t->table, 1);
	for (int i = 0; i < count; i++)
		scols_table_new_column(t->table, headings[i], 0, 0);
	/* what is wider than the terminal is for the terminal to wrap */
	scols_table_set_termforce(t->table, SCOLS_TERMFORCE_NEVER);
	return t;
}

void table_row(struct table *t, const char *const *cells, const char *color)
{
	struct libscols_line *line = scols_table_new_line(t->table, NULL);

	for (int i = 0; i < t->count; i++) {
		char *shown = cells[i] ? text_visible(NULL, cells[i], false)
				       : NULL;

		scols_line_set_data(line, (size_t)i, shown ? shown : "");
		talloc_free(shown);
	}
	if (color && *color) {
		scols_table_enable_colors(t->table, 1);
		scols_cell_set_color(scols_line_get_cell(line, 1), color);
	}
}

/*
 * libsmartcols asks the C library how wide a character is, and in a locale that
 * does not know the character never comes to the end of its column. A program
 * starts in "C", and what is printed is UTF-8 whatever the person's locale is.
 */
static locale_t utf8_locale(void)
{
	static const char *const names[] = { "C.UTF-8", "en_US.UTF-8" };
	locale_t locale = (locale_t)0;

	for (size_t i = 0; !locale && i < sizeof(names) / sizeof(*names); i++)
		locale = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
	return locale;
}

/* Runs `print` in a locale in which every name has its width. */
static void in_utf8(struct table *t, void (*print)(struct table *t))
{
	locale_t utf8 = utf8_locale(), before = (locale_t)0;

	if (utf8)
		before = uselocale(utf8);
	else /* it then prints \xNN for what it does not know */
		scols_table_enable_noencoding(t->table, 0);
	print(t);
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	scols_unref_table(t->table);
	talloc_free(t);
}

static void print_plainly(struct table *t)
{
	scols_print_table(t->table);
}

static void print_under(struct table *t)
{
	char *text = NULL, *rest, *line;

	if (scols_print_table_to_string(t->table, &text) != 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t length = strlen(line);

		while (length && line[length - 1] == ' ')
			length--;
		if (length)
			printf("  %.*s\n", (int)length, line);
	}
	free(text);
}

void table_print(struct table *t)
{
	in_utf8(t, print_plainly);
}

void table_print_under(struct table *t)
{
	in_utf8(t, print_under);
}
