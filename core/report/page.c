#include "core/report/page.h"

#include <string.h>

#include "core/base/embed.h"
#include "core/base/text.h"
#include "core/report/phrases.h"
#include "core/report/svg.h"

#define PAGE_TEMPLATE "templates/report/page.html"
#define PAGE_STYLE "templates/report/page.css"

#define MOST_LOCKS 100
#define MOST_VICTIMS 100
#define TICKS 6
/* Of the older runs; all of them are in a table. */
#define MOST_RUNS 10

/* --- what the migration is ------------------------------------------------ */

static void put_pair(struct html *html, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	html_putf(html, "<dt>%s</dt><dd>", name);
	html_text(html, text);
	html_put(html, "</dd>\n");
}

static char *commit_text(TALLOC_CTX *mem, const struct ledger_row *row)
{
	const char *source = row->source ? row->source : "commit";

	if (!row->commit || !strcmp(source, "uncommitted"))
		return talloc_strdup(mem, "not committed");
	if (!strcmp(source, "modified"))
		return talloc_asprintf(mem, "not committed (changed since %s)",
				       row->commit);
	return talloc_asprintf(mem, "%s%s", row->commit,
			       strcmp(source, "inexact")
				       ? ""
				       : ", or an earlier one (shallow clone)");
}

static void put_applied(struct html *html, TALLOC_CTX *mem,
			const struct ledger_row *row)
{
	if (!row) {
		put_pair(html, "Now", "not applied");
		return;
	}
	put_pair(html, "Now", row->state == APPLIED ? "applied" : "unfinished");
	put_pair(html, "Commit", commit_text(mem, row));
	put_pair(html, "Branch", row->branch);
	put_pair(html, "Applied by", row->applied_by);
}

static void put_header(struct html *html, TALLOC_CTX *mem,
		       const struct page *page)
{
	const struct facts *newest = page->runs[0];
	char version[VERSION_LENGTH + 1];

	html_put(html, "<header>\n<h1>");
	html_text(html, newest->name);
	html_putf(html, "</h1>\n<p class=\"version\">%s</p>\n",
		  version_format(newest->version, version));
	html_put(html, "<dl class=\"about\">\n");
	put_pair(html, "Target", page->target);
	put_pair(html, "Engine",
		 talloc_asprintf(mem, "%s %s", page->engine,
				 page->server_version ? page->server_version
						      : ""));
	put_applied(html, mem, page->row);
	html_put(html, "</dl>\n</header>\n");
}

/* --- one run -------------------------------------------------------------- */

static void put_tile(struct html *html, const char *name, const char *value,
		     const char *note)
{
	html_putf(html,
		  "<li><span class=\"tile-name\">%s</span> "
		  "<span class=\"tile-value\">",
		  name);
	html_text(html, value);
	html_put(html, "</span> <span class=\"tile-note\">");
	html_text(html, note ? note : "");
	html_put(html, "</span></li>\n");
}

static double waited_in_all(const struct facts *facts)
{
	double waited = 0;

	for (size_t i = 0; i < facts->attempt_count; i++)
		waited += facts->attempts[i].waited_ms;
	return waited;
}

static void put_victims_tile(struct html *html, TALLOC_CTX *mem,
			     const struct facts *facts)
{
	char *kept = phrase_kept_waiting(mem, facts);
	char *longest = kept ? strrchr(kept, ',') : NULL;

	if (!kept) /* a run of an older version has not looked */
		return;
	put_tile(html, "Kept waiting",
		 talloc_asprintf(mem, "%d session%s", facts->victims_seen,
				 facts->victims_seen == 1 ? "" : "s"),
		 longest ? longest + 2 : kept + strlen("kept 1 session "));
}

static void put_wal_tile(struct html *html, TALLOC_CTX *mem,
			 const struct facts *facts)
{
	int64_t bytes = -1;

	for (size_t i = 0; i < facts->statement_count; i++)
		if (facts->statements[i].wal_bytes >= 0)
			bytes = facts->statements[i].wal_bytes +
				(bytes > 0 ? bytes : 0);
	if (bytes >= 0)
		put_tile(html, "WAL", text_size(mem, bytes),
			 "at most, others write it too");
}

static void put_tiles(struct html *html, TALLOC_CTX *mem,
		      const struct facts *facts)
{
	const struct fact_lock *lock = headline_lock(facts);
	int attempts =
		facts->attempt_count
			? facts->attempts[facts->attempt_count - 1].number
			: 0;

	html_put(html, "<ul class=\"tiles\">\n");
	put_tile(html, "Duration", text_duration(mem, facts->duration_ms),
		 talloc_asprintf(mem, "%d statement%s", facts->statements_seen,
				 facts->statements_seen == 1 ? "" : "s"));
	if (lock)
		put_tile(html, "Strongest lock",
			 text_duration(mem, lock->held_ms),
			 talloc_asprintf(mem, "%s on %s", lock->mode,
					 lock->relation));
	put_victims_tile(html, mem, facts);
	if (attempts)
		put_tile(html, "Waited for locks",
			 text_duration(mem, waited_in_all(facts)),
			 talloc_asprintf(mem, "%d attempt%s", attempts,
					 attempts == 1 ? "" : "s"));
	put_wal_tile(html, mem, facts);
	if (facts->observed_ms > 0)
		put_tile(html, "Cost of looking",
			 text_duration(mem, facts->observed_ms),
			 "not in the other numbers");
	html_put(html, "</ul>\n");
}

/* Only what the drawing has. */
static void put_legend(struct html *html, const struct timeline *t)
{
	bool strengths[4] = { false }, waits = false, victims = false,
	     perhaps = false;

	for (size_t i = 0; i < t->row_count; i++) {
		const struct timeline_row *row = &t->rows[i];

		if (row->lock)
			strengths[lock_strength(row->lock->mode)] = true;
		for (int k = 0; k < row->bar_count; k++) {
			waits |= row->lock &&
				 row->bars[k].part == TIMELINE_WAITED;
			perhaps |= row->bars[k].part == TIMELINE_PERHAPS;
		}
		victims |= row->victim != NULL;
	}
	html_put(html, "<figcaption>\n");
	for (int i = 3; i >= 0; i--)
		if (strengths[i])
			html_putf(html,
				  "<span><span class=\"swatch s%d\"></span>"
				  "%s</span>\n",
				  i, phrase_strength((enum lock_strength)i));
	if (waits)
		html_put(html, "<span><span class=\"swatch wait\"></span>"
			       "waits for the lock</span>\n");
	if (perhaps)
		html_put(html, "<span><span class=\"swatch perhaps\"></span>"
			       "paler: not certain</span>\n");
	if (victims)
		html_put(html, "<span><span class=\"swatch victim\"></span>"
			       "another session waits</span>\n");
	html_put(html, "</figcaption>\n");
}

static void put_timeline(struct html *html, TALLOC_CTX *mem,
			 const struct facts *facts, int id)
{
	struct timeline *t = timeline_new(mem, facts, MOST_LOCKS, MOST_VICTIMS,
					  TICKS);

	if (!facts->lock_count && !t)
		return;
	html_put(html, "<h3>Timeline</h3>\n");
	if (!t) {
		html_put(html, "<p class=\"quiet\">When the locks were taken "
			       "was not recorded.</p>\n");
		return;
	}
	html_put(html, "<figure>\n");
	svg_timeline(html, t, id);
	put_legend(html, t);
	html_put(html, "</figure>\n");
	page_more(html, t->more_locks + t->more_victims, 0);
}

static void put_run_heading(struct html *html, TALLOC_CTX *mem,
			    const struct facts *facts)
{
	html_put(html, "<h2>");
	html_text(html, direction_name(facts->direction));
	html_put(html, ", ");
	html_text(html, page_time(mem, facts->started_us));
	html_putf(html, " <span class=\"outcome %s\">",
		  facts->ok ? "ok" : "failed");
	html_text(html, page_outcome(mem, facts));
	html_put(html, "</span></h2>\n");
	if (facts->repair || facts->confirmed_by) {
		html_put(html, "<dl class=\"about\">\n");
		put_pair(html, "Decided", facts->repair);
		put_pair(html, "Confirmed by", facts->confirmed_by);
		html_put(html, "</dl>\n");
	}
	if (!facts->error)
		return;
	html_put(html, "<p class=\"error\">");
	html_lines(html, facts->error);
	html_put(html, "</p>\n");
}

static void put_run(struct html *html, const struct facts *facts, int number)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	html_putf(html, "<section class=\"run\" id=\"run-%d\">\n", number);
	put_run_heading(html, mem, facts);
	put_tiles(html, mem, facts);
	put_timeline(html, mem, facts, number);
	page_locks(html, facts);
	page_victims(html, facts);
	page_statements(html, facts);
	page_rows(html, facts);
	page_attempts(html, facts);
	page_gaps(html, facts);
	html_put(html, "</section>\n");
	talloc_free(mem);
}

/* --- all runs ------------------------------------------------------------- */

static void put_run_row(struct html *html, const struct page_column *c,
			const struct facts *f, size_t number, bool is_linked)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *kept = phrase_kept_waiting(mem, f);

	html_put(html, "<tr>");
	page_cell(html, &c[0], false);
	if (is_linked)
		html_putf(html, "<a href=\"#run-%zu\">", number);
	html_text(html, page_time(mem, f->started_us));
	html_put(html, is_linked ? "</a>" : "");
	page_cell_end(html, &c[0]);
	page_text_cell(html, &c[1], direction_name(f->direction));
	page_text_cell(html, &c[2], page_outcome(mem, f));
	page_text_cell(html, &c[3],
		       f->repair ? NULL : text_duration(mem, f->duration_ms));
	page_text_cell(html, &c[4],
		       f->lock_count ? text_duration(mem, f->lock_ms) : NULL);
	page_text_cell(html, &c[5], kept ? kept + strlen("kept ") : NULL);
	html_put(html, "</tr>\n");
	talloc_free(mem);
}

static void put_older(struct html *html, const struct page *page)
{
	static const struct page_column c[] = {
		{ "Started", NULL },	   { "Run", NULL },
		{ "Outcome", NULL },	   { "Duration", "num" },
		{ "Longest lock", "num" }, { "Kept waiting", NULL },
	};
	size_t shown = page->count < MOST_RUNS ? page->count : MOST_RUNS;

	if (page->count < 2)
		return;
	html_put(html, "<section class=\"run\">\n");
	page_table(html, "All runs, the newest first", c, 6);
	for (size_t i = 0; i < page->count; i++)
		put_run_row(html, c, page->runs[i], i + 1, i < shown);
	page_table_end(html);
	html_put(html, "</section>\n");
	for (size_t i = 1; i < shown; i++)
		put_run(html, page->runs[i], (int)i + 1);
}

/* --- the template --------------------------------------------------------- */

static void put_body(struct html *html, const struct page *page)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	put_header(html, mem, page);
	put_run(html, page->runs[0], 1);
	put_older(html, page);
	html_put(html, "<footer>Times are milliseconds, seconds or minutes "
		       "since the run began. A number after “at least” or “at "
		       "most” is how exact the one before it is.</footer>");
	talloc_free(mem);
}

static void put_word(struct html *html, const char *word, size_t length,
		     const struct page *page)
{
	const struct facts *newest = page->runs[0];
	char version[VERSION_LENGTH + 1];

	if (!strncmp(word, "title", length))
		html_textf(html, "%s_%s on %s",
			   version_format(newest->version, version),
			   newest->name, page->target);
	else if (!strncmp(word, "style", length))
		html_put(html, embed_text(PAGE_STYLE));
	else if (!strncmp(word, "body", length))
		put_body(html, page);
}

char *page_compose(TALLOC_CTX *mem, const struct page *page)
{
	struct html *html = html_new(NULL);
	const char *at = embed_text(PAGE_TEMPLATE), *open, *close;
	char *text;

	while ((open = strstr(at, "{{")) != NULL &&
	       (close = strstr(open, "}}")) != NULL) {
		html_putf(html, "%.*s", (int)(open - at), at);
		put_word(html, open + 2, (size_t)(close - open - 2), page);
		at = close + 2;
	}
	html_put(html, at);
	text = talloc_steal(mem, html->text);
	talloc_free(html);
	return text;
}
