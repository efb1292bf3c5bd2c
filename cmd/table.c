#include "cmd/table.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
		scols_table_new_column(
			t->table, headings[i], 0,
			i == count - 1 && isatty(1) ? SCOLS_FL_TRUNC : 0);
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

void table_print(struct table *t)
{
	scols_print_table(t->table);
	scols_unref_table(t->table);
	talloc_free(t);
}
