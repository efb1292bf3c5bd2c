#include "core/report/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/text.h"

struct html *html_new(TALLOC_CTX *mem)
{
	struct html *html = talloc_zero(mem, struct html);

	html->room = 4096;
	html->text = talloc_zero_size(html, html->room);
	return html;
}

static void put_bytes(struct html *html, const char *bytes, size_t length)
{
	if (html->length + length >= html->room) {
		html->room = 2 * (html->length + length + 1);
		html->text = talloc_realloc_size(html, html->text, html->room);
	}
	memcpy(html->text + html->length, bytes, length);
	html->length += length;
	html->text[html->length] = '\0';
}

void html_put(struct html *html, const char *markup)
{
	put_bytes(html, markup, strlen(markup));
}

void html_putf(struct html *html, const char *fmt, ...)
{
	va_list ap;
	char *markup;

	va_start(ap, fmt);
	markup = talloc_vasprintf(NULL, fmt, ap);
	va_end(ap);
	html_put(html, markup);
	talloc_free(markup);
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_text(struct html *html, const char *text, bool keep_lines)
{
	char *shown = text_visible(NULL, text, keep_lines), *at = shown;

	while (*at) {
		size_t plain = strcspn(at, "&<>\"'");

		put_bytes(html, at, plain);
		at += plain;
		if (*at)
			html_put(html, entity(*at++));
	}
	talloc_free(shown);
}

void html_text(struct html *html, const char *text)
{
	put_text(html, text, false);
}

void html_lines(struct html *html, const char *text)
{
	put_text(html, text, true);
}

void html_textf(struct html *html, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = talloc_vasprintf(NULL, fmt, ap);
	va_end(ap);
	html_text(html, text);
	talloc_free(text);
}
