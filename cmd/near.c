#include "cmd/near.h"

#include <string.h>

#define MOST 31 /* characters of a name */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Characters that are too many, missing, wrong, or exchanged with the next:
   the length of the way through the table, of which three rows are needed. */
static size_t count_slips(const char *a, size_t m, const char *b, size_t n)
{
	size_t rows[3][MOST + 1];

	for (size_t k = 0; k <= n; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= m; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			row[k] = least(above[k] + 1, row[k - 1] + 1);
			row[k] = least(row[k],
				       above[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1])
				row[k] = least(row[k], before[k - 2] + 1);
		}
	}
	return rows[m % 3][n];
}

void near_try(struct near *near, const char *name)
{
	size_t length = near->length ? near->length : strlen(near->word);
	size_t name_length = strlen(name), slips;

	if (length < 2 || length > MOST || name_length > MOST)
		return;
	slips = strncmp(name, near->word, length) == 0
			? 1
			: count_slips(near->word, length, name, name_length);
	if (slips > 1 + length / 5 || slips >= length ||
	    (near->name && slips >= near->slips))
		return;
	near->name = name;
	near->slips = slips;
}
