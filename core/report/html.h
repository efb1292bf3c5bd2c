#ifndef CORE_REPORT_HTML_H
#define CORE_REPORT_HTML_H

#include <stddef.h>
#include <talloc.h>

/*
 * HTML that grows. What is written with it is XML as well, so that a parser of
 * either reads it and an SVG can stand within.
 */
struct html {
	char *text; /* ends in a NUL, owned by the struct */
	size_t length, room;
};

struct html *html_new(TALLOC_CTX *mem);

/* Markup, as it is. */
void html_put(struct html *html, const char *markup);
void html_putf(struct html *html, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Text from anywhere, for an element or a quoted attribute: escaped, and what
   is no character, or would change what stands around it, made visible. */
void html_text(struct html *html, const char *text);
void html_textf(struct html *html, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same with its line ends and tabs, for an element that keeps them. */
void html_lines(struct html *html, const char *text);

#endif
