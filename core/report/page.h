#ifndef CORE_REPORT_PAGE_H
#define CORE_REPORT_PAGE_H

#include "core/ledger.h"
#include "core/report/html.h"
#include "core/run/facts.h"

/*
 * The runs of one migration as one HTML page that needs nothing else: no
 * script, no other file. The same input always gives the same page.
 */
struct page {
	const char *target; /* as people call it */
	const char *engine; /* "PostgreSQL" */
	const char *server_version;
	const struct ledger_row *row; /* NULL: it is not applied */
	struct facts *const *runs;    /* the newest first */
	size_t count;		      /* at least one */
};

/* The page's text, on mem. */
char *page_compose(TALLOC_CTX *mem, const struct page *page);

/* --- parts, in core/report/sections.c ------------------------------------- */

/* "applied", "reverted", "failed", "marked as done" */
const char *page_outcome(TALLOC_CTX *mem, const struct facts *facts);
/* "2026-02-13 12:00:00 UTC" */
char *page_time(TALLOC_CTX *mem, int64_t us);

/* The tables of one run; each is left out when it would be empty. */
void page_locks(struct html *html, const struct facts *facts);
void page_victims(struct html *html, const struct facts *facts);
void page_statements(struct html *html, const struct facts *facts);
void page_rows(struct html *html, const struct facts *facts);
void page_attempts(struct html *html, const struct facts *facts);
void page_gaps(struct html *html, const struct facts *facts);

/*
 * A table: its columns, and cells in their order. Between page_cell() and
 * page_cell_end() a cell takes any markup.
 */
struct page_column {
	const char *heading;
	const char *class; /* "num", "code" or NULL */
};

void page_table(struct html *html, const char *title,
		const struct page_column *columns, size_t count);
void page_table_end(struct html *html);
void page_cell(struct html *html, const struct page_column *column,
	       bool is_empty);
void page_cell_end(struct html *html, const struct page_column *column);
/* The text, or an empty cell for NULL and "". */
void page_text_cell(struct html *html, const struct page_column *column,
		    const char *text);
/* "and 12 more", when there are. */
void page_more(struct html *html, size_t count, size_t shown);

#endif
