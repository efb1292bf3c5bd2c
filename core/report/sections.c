#include "core/report/page.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/report/phrases.h"

/* The JSON of a run has all of them. */
#define MOST_ROWS 500

static size_t at_most(size_t count)
{
	return count < MOST_ROWS ? count : MOST_ROWS;
}

const char *page_outcome(TALLOC_CTX *mem, const struct facts *f)
{
	const char *by = f->repair ? strstr(f->repair, " by ") : NULL;

	if (by)
		return talloc_strndup(mem, f->repair, (size_t)(by - f->repair));
	if (f->unknown)
		return "unknown";
	if (!f->ok)
		return "failed";
	return f->direction == DIRECTION_UP ? "applied" : "reverted";
}

char *page_time(TALLOC_CTX *mem, int64_t us)
{
	char *text = text_time(mem, us);

	return talloc_asprintf(mem, "%.10s %.8s UTC", text, text + 11);
}

/* --- locks and who waited for them ---------------------------------------- */

static void put_mode(struct html *html, const struct page_column *column,
		     const char *mode)
{
	page_cell(html, column, false);
	html_putf(html,
		  "<span class=\"mode\"><span class=\"swatch s%d\"></span>",
		  (int)lock_strength(mode));
	html_text(html, mode);
	html_put(html, "</span>");
	page_cell_end(html, column);
}

void page_locks(struct html *html, const struct facts *facts)
{
	static const struct page_column c[] = {
		{ "Lock on", "code" },	{ "Mode", NULL },  { "Strength", NULL },
		{ "Taken at", "num" },	{ "Held", "num" }, { "Waited", "num" },
		{ "Statement", "num" }, { "Table", NULL },
	};
	size_t count = at_most(facts->lock_count);
	TALLOC_CTX *turn;

	if (!count)
		return;
	turn = talloc_new(NULL);
	page_table(html, "Locks", c, 8);
	for (size_t i = 0; i < count; i++) {
		const struct fact_lock *l = &facts->locks[i];

		html_put(html, "<tr>");
		page_text_cell(html, &c[0], l->relation);
		put_mode(html, &c[1], l->mode);
		page_text_cell(html, &c[2],
			       phrase_strength(lock_strength(l->mode)));
		page_text_cell(html, &c[3],
			       l->from_ms < 0
				       ? "not known"
				       : text_duration(turn, l->from_ms));
		page_text_cell(html, &c[4], phrase_held(turn, l));
		page_text_cell(html, &c[5],
			       l->waited_ms < 0 ? "not known"
						: phrase_waited(turn, l));
		page_text_cell(
			html, &c[6],
			l->statement ? talloc_asprintf(turn, "%d", l->statement)
				     : NULL);
		page_text_cell(html, &c[7], phrase_done(l));
		html_put(html, "</tr>\n");
		talloc_free_children(turn);
	}
	page_table_end(html);
	page_more(html, facts->lock_count, count);
	talloc_free(turn);
}

static const char *waited_for(TALLOC_CTX *mem, const struct fact_victim *v)
{
	if (v->relation && v->mode)
		return talloc_asprintf(mem, "%s on %s", v->mode, v->relation);
	return v->relation ? v->relation : v->mode;
}

void page_victims(struct html *html, const struct facts *facts)
{
	static const struct page_column c[] = {
		{ "Session", "num" },	 { "User", NULL },
		{ "Application", NULL }, { "Waited for", NULL },
		{ "From", "num" },	 { "Waited", "num" },
		{ "Outcome", NULL },	 { "Query", "code" },
	};
	size_t count = at_most(facts->victim_count);
	size_t seen = (size_t)facts->victims_seen;
	TALLOC_CTX *turn;

	if (!count)
		return;
	turn = talloc_new(NULL);
	page_table(html, "Who was kept waiting", c, 8);
	for (size_t i = 0; i < count; i++) {
		const struct fact_victim *v = &facts->victims[i];

		html_put(html, "<tr>");
		page_text_cell(html, &c[0],
			       talloc_asprintf(turn, "%" PRId64, v->pid));
		page_text_cell(html, &c[1], v->user);
		page_text_cell(html, &c[2], v->application);
		page_text_cell(html, &c[3], waited_for(turn, v));
		page_text_cell(html, &c[4], text_duration(turn, v->from_ms));
		page_text_cell(html, &c[5], phrase_victim_waited(turn, v));
		page_text_cell(html, &c[6], v->outcome);
		page_text_cell(html, &c[7], v->query);
		html_put(html, "</tr>\n");
		talloc_free_children(turn);
	}
	page_table_end(html);
	page_more(html, seen > facts->victim_count ? seen : facts->victim_count,
		  count);
	talloc_free(turn);
}

/* --- statements ----------------------------------------------------------- */

static char *relations_text(TALLOC_CTX *mem, const struct fact_statement *s)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < s->relation_count; i++)
		text = talloc_asprintf_append(text, "%s%s", i ? ", " : "",
					      s->relations[i]);
	return text;
}

static void put_effects(struct html *html, const struct page_column *column,
			TALLOC_CTX *turn, const struct fact_statement *s)
{
	const char *how = phrase_statement(turn, s);
	bool is_empty = !*how && !s->effect_count && !s->batched;

	page_cell(html, column, is_empty);
	html_text(html, how);
	if (s->batched)
		html_textf(html, "%s%d batch%s, the longest %s, paused %s",
			   *how ? ", " : "", s->batches,
			   s->batches == 1 ? "" : "es",
			   text_duration(turn, s->longest_ms),
			   text_duration(turn, s->throttled_ms));
	for (size_t i = 0; i < s->effect_count; i++) {
		html_put(html,
			 i || *how || s->batched ? "<br/><code>" : "<code>");
		html_text(html, s->effects[i].relation);
		html_put(html, "</code>: ");
		html_text(html, phrase_effect(turn, &s->effects[i]));
	}
	page_cell_end(html, column);
}

void page_statements(struct html *html, const struct facts *facts)
{
	static const struct page_column c[] = {
		{ "No.", "num" },	 { "Statement", NULL },
		{ "Relations", "code" }, { "Began at", "num" },
		{ "Duration", "num" },	 { "Rows", "num" },
		{ "Effects", NULL },
	};
	size_t count = at_most(facts->statement_count);
	TALLOC_CTX *turn;

	if (!count)
		return;
	turn = talloc_new(NULL);
	page_table(html, "Statements", c, 7);
	for (size_t i = 0; i < count; i++) {
		const struct fact_statement *s = &facts->statements[i];

		html_put(html, "<tr>");
		page_text_cell(html, &c[0],
			       talloc_asprintf(turn, "%d", s->index));
		page_text_cell(html, &c[1],
			       s->count > 1 ? talloc_asprintf(turn, "%s × %d",
							      s->kind, s->count)
					    : s->kind);
		page_text_cell(html, &c[2], relations_text(turn, s));
		page_text_cell(html, &c[3],
			       s->from_ms < 0
				       ? NULL
				       : text_duration(turn, s->from_ms));
		page_text_cell(html, &c[4],
			       text_duration(turn, s->duration_ms));
		page_text_cell(html, &c[5],
			       s->rows < 0 ? NULL
					   : text_thousands(turn, s->rows));
		put_effects(html, &c[6], turn, s);
		html_put(html, "</tr>\n");
		talloc_free_children(turn);
	}
	page_table_end(html);
	page_more(html, facts->statement_count, count);
	talloc_free(turn);
}

/* --- rows of tables ------------------------------------------------------- */

static const char *rows_text(TALLOC_CTX *mem, int64_t rows, bool estimated)
{
	if (rows < 0)
		return "none";
	return talloc_asprintf(mem, "%s%s", estimated ? "~" : "",
			       text_thousands(mem, rows));
}

void page_rows(struct html *html, const struct facts *facts)
{
	static const struct page_column c[] = {
		{ "Table", "code" },
		{ "Rows before", "num" },
		{ "Rows after", "num" },
	};
	size_t count = at_most(facts->table_count);
	TALLOC_CTX *turn;

	if (!count)
		return;
	turn = talloc_new(NULL);
	page_table(html, "Tables", c, 3);
	for (size_t i = 0; i < count; i++) {
		const struct fact_table *t = &facts->tables[i];
		bool is_counted = t->rows_before >= 0 || t->rows_after >= 0;

		html_put(html, "<tr>");
		page_text_cell(html, &c[0], t->name);
		page_text_cell(html, &c[1],
			       is_counted ? rows_text(turn, t->rows_before,
						      t->estimated)
					  : "not counted");
		page_text_cell(html, &c[2],
			       is_counted ? rows_text(turn, t->rows_after,
						      t->estimated)
					  : "not counted");
		html_put(html, "</tr>\n");
		talloc_free_children(turn);
	}
	page_table_end(html);
	page_more(html, facts->table_count, count);
	talloc_free(turn);
}

/* --- attempts, and what was not seen -------------------------------------- */

static void put_blockers(struct html *html, const struct page_column *column,
			 TALLOC_CTX *turn, const struct fact_attempt *a)
{
	page_cell(html, column, !a->blocker_count);
	for (size_t i = 0; i < a->blocker_count; i++) {
		html_put(html, i ? "<br/>" : "");
		html_text(html, fact_blocker_line(turn, &a->blockers[i]));
	}
	page_cell_end(html, column);
}

void page_attempts(struct html *html, const struct facts *facts)
{
	static const struct page_column c[] = {
		{ "Attempt", "num" }, { "Began at", "num" },
		{ "Waited", "num" },  { "Lock time-out", "num" },
		{ "Outcome", NULL },  { "In the way", NULL },
	};
	TALLOC_CTX *turn;

	if (!facts->attempt_count)
		return;
	turn = talloc_new(NULL);
	page_table(html, "Attempts to get the locks", c, 6);
	for (size_t i = 0; i < facts->attempt_count; i++) {
		const struct fact_attempt *a = &facts->attempts[i];

		html_put(html, "<tr>");
		page_text_cell(html, &c[0],
			       talloc_asprintf(turn, "%d", a->number));
		page_text_cell(html, &c[1], text_duration(turn, a->started_ms));
		page_text_cell(html, &c[2], text_duration(turn, a->waited_ms));
		page_text_cell(html, &c[3],
			       a->timeout_ms > 0
				       ? text_duration(turn, a->timeout_ms)
				       : "did not ask");
		page_text_cell(html, &c[4], a->outcome);
		put_blockers(html, &c[5], turn, a);
		html_put(html, "</tr>\n");
		talloc_free_children(turn);
	}
	page_table_end(html);
	talloc_free(turn);
}

void page_gaps(struct html *html, const struct facts *facts)
{
	size_t count = at_most(facts->gap_count);

	if (!count)
		return;
	html_put(html, "<h3>Not seen</h3>\n<ul>\n");
	for (size_t i = 0; i < count; i++) {
		html_put(html, "<li>");
		html_text(html, facts->gaps[i]);
		html_put(html, "</li>\n");
	}
	html_put(html, "</ul>\n");
	page_more(html, facts->gap_count, count);
}
