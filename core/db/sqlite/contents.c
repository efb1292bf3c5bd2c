#include "core/db/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Rows have no order that matters, so the digest of a table is the sum of its
 * rows' hashes. They guard against damage and mistakes, not against somebody
 * who looks for a collision: for that there is the checksum of the file.
 */

static uint64_t mix(uint64_t h, uint64_t word)
{
	h ^= word;
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 33);
}

static uint64_t mix_bytes(uint64_t h, const char *bytes, size_t length)
{
	uint64_t word;

	h = mix(h, length);
	for (; length >= sizeof(word); length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		h = mix(h, word);
		bytes += sizeof(word);
	}
	word = 0;
	if (length)
		memcpy(&word, bytes, length);
	return mix(h, word);
}

static uint64_t hash_value(uint64_t h, sqlite3_stmt *row, int column)
{
	int type = sqlite3_column_type(row, column);
	double number;
	uint64_t word;

	h = mix(h, (uint64_t)type);
	switch (type) {
	case SQLITE_INTEGER:
		return mix(h, (uint64_t)sqlite3_column_int64(row, column));
	case SQLITE_FLOAT:
		number = sqlite3_column_double(row, column);
		memcpy(&word, &number, sizeof(word));
		return mix(h, word);
	case SQLITE_NULL:
		return h;
	default:
		return mix_bytes(h, sqlite3_column_blob(row, column),
				 (size_t)sqlite3_column_bytes(row, column));
	}
}

static int walk(struct sqlite *s, const char *sql, int64_t *rows, uint64_t *sum,
		struct error *err)
{
	sqlite3_stmt *row;
	int code, count;

	*rows = 0;
	*sum = 0;
	if (sqlite3_prepare_v3(s->handle, sql, -1, 0, &row, NULL) != SQLITE_OK)
		return sqlite_fail(s, err);
	count = sqlite3_column_count(row);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		uint64_t h = 0;

		for (int i = 0; i < count; i++)
			h = hash_value(h, row, i);
		*sum += h;
		++*rows;
	}
	if (code != SQLITE_DONE) {
		sqlite_fail(s, err);
		sqlite3_finalize(row);
		return -1;
	}
	sqlite3_finalize(row);
	return 0;
}

static int add_table(struct sqlite *s, const char *table,
		     struct db_contents *contents, struct error *err)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char *sql = talloc_asprintf(mem, "SELECT * FROM main.%s",
				    sqlite_quote(mem, table));
	char digest[17];
	int64_t rows;
	uint64_t sum;
	int result = walk(s, sql, &rows, &sum, err);

	if (result == 0) {
		snprintf(digest, sizeof(digest), "%016" PRIx64, sum);
		contents_add(contents, table, rows, digest);
	}
	talloc_free(mem);
	return result;
}

struct tables {
	TALLOC_CTX *mem;
	char **list;
	size_t count;
};

static int take_table(const char *const *values, int count, void *data)
{
	struct tables *tables = data;

	(void)count;
	tables->list = talloc_realloc(tables->mem, tables->list, char *,
				      (unsigned)tables->count + 1);
	tables->list[tables->count++] = talloc_strdup(tables->mem, values[0]);
	return 0;
}

/* Those that are kept in the file itself; a virtual one keeps its rows in
   others of these. */
int sqlite_contents(TALLOC_CTX *mem, struct db *db,
		    struct db_contents **contents, struct error *err)
{
	struct sqlite *s = sqlite_of(db);
	struct tables tables = { .mem = talloc_new(NULL) };
	int result = sqlite_query(db,
				  "SELECT name FROM sqlite_schema "
				  "WHERE type = 'table' AND rootpage > 0 "
				  "ORDER BY name",
				  NULL, 0, take_table, &tables, err);

	*contents = contents_new(mem);
	for (size_t i = 0; result == 0 && i < tables.count; i++)
		result = add_table(s, tables.list[i], *contents, err);
	talloc_free(tables.mem);
	contents_sort(*contents);
	return result;
}
