#ifndef CMD_TABLE_H
#define CMD_TABLE_H

/*
 * Tables on the terminal (libsmartcols): columns fit, and on a terminal that
 * is too narrow the last one is cut. Strings are copied.
 */
struct table;

struct table *table_new(const char *const *headings, int count);
/* One row; a NULL cell is empty. Control characters are made visible. */
void table_row(struct table *table, const char *const *cells,
	       const char *color);
/* Prints to standard output and frees. */
void table_print(struct table *table);
/* The same without colour, each line moved in by two blanks. */
void table_print_under(struct table *table);

#endif
