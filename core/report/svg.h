#ifndef CORE_REPORT_SVG_H
#define CORE_REPORT_SVG_H

#include "core/report/html.h"
#include "core/report/timeline.h"

/*
 * The timeline as an <svg> element that is as wide as what is around it: every
 * place along the axis is a share of the width, so that text keeps its size on
 * a phone. Its colours are classes of templates/report/page.css. id: a number
 * that no other drawing of the page has.
 */
void svg_timeline(struct html *html, const struct timeline *timeline, int id);

#endif
