#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"
#include "core/db/mysql/observe.h"

/*
 * The numbers that InnoDB knows tables, their parts and their indexes by.
 */

#define MOST_RELATIONS 50

size_t my_numbers_find(const struct my_numbers *all, const char *name)
{
	size_t i = 0;

	while (i < all->relation_count && strcmp(all->relations[i], name) != 0)
		i++;
	return i;
}

bool my_numbers_know(const struct my_numbers *all, const char *name)
{
	return all && my_numbers_find(all, name) < all->relation_count;
}

void my_numbers_want(struct my_numbers *all, const char *name)
{
	if (my_numbers_know(all, name) || all->relation_count == MOST_RELATIONS)
		return;
	all->relations = talloc_realloc(all, all->relations, char *,
					(unsigned)all->relation_count + 1);
	all->relations[all->relation_count++] = talloc_strdup(all, name);
}

/* What the server makes of a name that it gives to a file. */
static char *file_of(TALLOC_CTX *mem, const char *name)
{
	char *hex = talloc_strdup(mem, "");

	for (; *name; name++)
		hex = talloc_asprintf_append_buffer(hex, "%02x",
						    (unsigned char)*name);
	return talloc_asprintf(mem,
			       "CAST(CONVERT(CONVERT(X'%s' USING utf8mb4) "
			       "USING filename) AS BINARY)",
			       hex);
}

static char *about_files(TALLOC_CTX *mem, const struct my *my,
			 const struct my_numbers *all)
{
	char *sql = talloc_strdup(mem, "SELECT ");

	for (size_t i = 0; i < all->relation_count; i++) {
		char *database, *table;

		my_split_name(mem, all->relations[i], &database, &table);
		sql = talloc_asprintf_append_buffer(
			sql, "%sCONCAT(%s, '/', %s)", i ? ", " : "",
			file_of(mem, database ? database : my->db.database),
			file_of(mem, table));
	}
	return sql;
}

static int take_files(const char *const *values, int count, void *data)
{
	struct my_numbers *all = data;

	all->files = talloc_array(all, char *, (unsigned)count);
	for (int i = 0; i < count; i++)
		all->files[i] = talloc_strdup(all, values[i] ? values[i] : "");
	return 0;
}

/* Plain conditions are met while InnoDB's table is read; anything else would
   write all of it down first. What they let through by chance take_part() does
   not. Names of files are plain ASCII without quotes. */
static char *about_parts(TALLOC_CTX *mem, const struct my *my,
			 const struct my_numbers *all)
{
	char *sql = talloc_asprintf(
		mem,
		"SELECT NAME, TABLE_ID, SPACE FROM information_schema.%s "
		"WHERE 0",
		my_is_mariadb(my) ? "INNODB_SYS_TABLES" : "INNODB_TABLES");

	for (size_t i = 0; i < all->relation_count; i++)
		sql = talloc_asprintf_append_buffer(
			sql, " OR NAME = '%s' OR NAME LIKE '%s#p#%%'",
			all->files[i], all->files[i]);
	return sql;
}

static char *about_indexes(TALLOC_CTX *mem, const struct my *my,
			   const struct my_numbers *all)
{
	char *tables = talloc_strdup(mem, "0");

	for (size_t i = 0; i < all->part_count; i++)
		tables = talloc_asprintf_append_buffer(tables, ", %" PRId64,
						       all->parts[i].table);
	return talloc_asprintf(
		mem,
		"SELECT TABLE_ID, INDEX_ID, NAME, TYPE & 1 "
		"FROM information_schema.%s WHERE TABLE_ID IN (%s)",
		my_is_mariadb(my) ? "INNODB_SYS_INDEXES" : "INNODB_INDEXES",
		tables);
}

static bool has_all(const char *const *values, int count, int wanted)
{
	for (int i = 0; i < count; i++)
		if (!values[i])
			return false;
	return count == wanted;
}

/* A partition's name is behind the table's. */
static bool belongs_to(const char *name, const char *file)
{
	size_t length = strlen(file);

	return length && !strncmp(name, file, length) &&
	       (!name[length] || !strncasecmp(name + length, "#p#", 3));
}

static int take_part(const char *const *values, int count, void *data)
{
	struct my_numbers *all = data;
	struct my_part_of *p;
	size_t i = 0;

	if (!has_all(values, count, 3))
		return 0;
	while (i < all->relation_count && !belongs_to(values[0], all->files[i]))
		i++;
	if (i == all->relation_count)
		return 0;
	all->parts = talloc_realloc(all, all->parts, struct my_part_of,
				    (unsigned)all->part_count + 1);
	p = &all->parts[all->part_count++];
	p->relation = i;
	p->part = talloc_strdup(all, values[0] + strlen(all->files[i]));
	p->table = strtoll(values[1], NULL, 10);
	p->space = strtoll(values[2], NULL, 10);
	return 0;
}

static const struct my_part_of *part_of(const struct my_numbers *all,
					int64_t table)
{
	for (size_t i = 0; i < all->part_count; i++)
		if (all->parts[i].table == table)
			return &all->parts[i];
	return NULL;
}

static int take_index(const char *const *values, int count, void *data)
{
	struct my_numbers *all = data;
	const struct my_part_of *p;
	struct my_index *x;

	if (!has_all(values, count, 4))
		return 0;
	p = part_of(all, strtoll(values[0], NULL, 10));
	if (!p)
		return 0;
	all->list = talloc_realloc(all, all->list, struct my_index,
				   (unsigned)all->count + 1);
	x = &all->list[all->count++];
	*x = (struct my_index){
		.relation = p->relation,
		.part = p->part,
		.table = p->table,
		.space = p->space,
		.number = strtoll(values[1], NULL, 10),
		.name = talloc_strdup(all, values[2]),
		.clustered = *values[3] == '1',
	};
	return 0;
}

int my_numbers_read(struct my *my, struct my_numbers *all, struct error *err)
{
	TALLOC_CTX *turn = talloc_new(NULL);
	char *sql = about_files(turn, my, all);
	int result = my_run(&my->side, sql, strlen(sql), take_files, all, NULL,
			    err);

	if (result == 0 && all->files) {
		sql = about_parts(turn, my, all);
		result = my_run(&my->side, sql, strlen(sql), take_part, all,
				NULL, err);
	}
	if (result == 0 && all->part_count) {
		sql = about_indexes(turn, my, all);
		result = my_run(&my->side, sql, strlen(sql), take_index, all,
				NULL, err);
	}
	talloc_free(turn);
	return result;
}
