#include "core/report/page.h"

#include <string.h>

void page_table(struct html *html, const char *title,
		const struct page_column *columns, size_t count)
{
	html_putf(html, "<h3>%s</h3>\n<table>\n<thead><tr>", title);
	for (size_t i = 0; i < count; i++)
		html_putf(html, "<th scope=\"col\"%s>%s</th>",
			  columns[i].class && !strcmp(columns[i].class, "num")
				  ? " class=\"num\""
				  : "",
			  columns[i].heading);
	html_put(html, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct html *html)
{
	html_put(html, "</tbody>\n</table>\n");
}

static bool is_code(const struct page_column *column)
{
	return column->class && !strcmp(column->class, "code");
}

/* Its heading goes with it, for where there is no room for columns. */
void page_cell(struct html *html, const struct page_column *column,
	       bool is_empty)
{
	const char *class = is_code(column) ? NULL : column->class;

	html_putf(html, "<td data-label=\"%s\"", column->heading);
	if (class || is_empty)
		html_putf(html, " class=\"%s%s%s\"", class ? class : "",
			  class && is_empty ? " " : "",
			  is_empty ? "empty" : "");
	html_put(html, is_code(column) ? "><code>" : "><span>");
}

void page_cell_end(struct html *html, const struct page_column *column)
{
	html_put(html, is_code(column) ? "</code></td>" : "</span></td>");
}

void page_text_cell(struct html *html, const struct page_column *column,
		    const char *text)
{
	page_cell(html, column, !text || !*text);
	html_text(html, text ? text : "");
	page_cell_end(html, column);
}

void page_more(struct html *html, size_t count, size_t shown)
{
	if (count > shown)
		html_putf(html, "<p class=\"more\">and %zu more</p>\n",
			  count - shown);
}
