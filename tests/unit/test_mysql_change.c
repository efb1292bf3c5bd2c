#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/db/mysql/change.h"

/* By what it can be known whether a statement was carried out. */

static const char *const kinds[] = {
	[MY_UNCERTAIN] = "uncertain", [MY_REPEATABLE] = "repeatable",
	[MY_OBJECTS] = "objects",     [MY_DEFINITION] = "definition",
	[MY_EMPTIED] = "emptied",     [MY_ANOTHER] = "another",
	[MY_EXCHANGED] = "exchanged", [MY_RENAMED] = "renamed",
};
static const char *const objects[] = {
	[MY_TABLE] = "table",	      [MY_COLUMN] = "column",
	[MY_INDEX] = "index",	      [MY_CONSTRAINT] = "constraint",
	[MY_PARTITION] = "partition", [MY_TRIGGER] = "trigger",
	[MY_EVENT] = "event",	      [MY_PROCEDURE] = "procedure",
	[MY_FUNCTION] = "function",   [MY_SCHEMA] = "schema",
};

/* "objects +column t.a -table s.b ..." */
static char *describe(TALLOC_CTX *mem, const char *text)
{
	struct my_change change;
	char *out;

	my_change_read(mem, sql_kind(mem, text, strlen(text), SQL_MYSQL), text,
		       strlen(text), &change);
	out = talloc_strdup(mem, kinds[change.kind]);
	if (change.kind == MY_UNCERTAIN || change.kind == MY_REPEATABLE)
		return out;
	for (size_t i = 0; i < change.object_count; i++) {
		const struct my_object *o = &change.objects[i];

		out = talloc_asprintf_append(
			out, " %c%s ", o->after ? '+' : '-', objects[o->kind]);
		if (o->schema)
			out = talloc_asprintf_append(out, "%s.", o->schema);
		if (o->table)
			out = talloc_asprintf_append(out, "%s.", o->table);
		out = talloc_strdup_append(out, o->name);
	}
	return talloc_strdup_append(out, change.more ? " ..." : "");
}

static void tells(const char *text, const char *expected)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	assert_string_equal(describe(mem, text), expected);
	talloc_free(mem);
}

static void what_comes_and_goes(void **state)
{
	(void)state;
	tells("create table a (b int)", "objects +table a");
	tells("CREATE TABLE IF NOT EXISTS s.`a b` LIKE c",
	      "objects +table s.a b");
	tells("create table a as select * from b", "objects +table a");
	tells("create definer=`me`@`h` sql security invoker view v as select 1",
	      "objects +table v");
	tells("create sequence q start 1", "objects +table q");
	tells("create unique index i using btree on t (a)",
	      "objects +index t.i");
	tells("create index if not exists i on s.t (a)",
	      "objects +index s.t.i");
	tells("create trigger g before insert on t for each row set @a = 1",
	      "objects +trigger g");
	tells("create definer=root@localhost procedure p() select 1",
	      "objects +procedure p");
	tells("create function f() returns int return 1",
	      "objects +function f");
	tells("create event e on schedule every 1 day do select 1",
	      "objects +event e");
	tells("create database if not exists d", "objects +schema d");
	tells("drop table if exists a, s.b", "objects -table a -table s.b");
	tells("drop view v cascade", "objects -table v");
	tells("drop index i on t", "objects -index t.i");
	tells("drop trigger if exists s.g", "objects -trigger s.g");
	tells("drop function f", "objects -function f");
	tells("drop schema d", "objects -schema d");
}

static void what_an_alter_table_leaves(void **state)
{
	(void)state;
	tells("alter table t add a int", "objects +column t.a");
	tells("alter ignore table if exists s.t wait 5 add column if not "
	      "exists a int after b, add (c int, d int)",
	      "objects +column s.t.a ...");
	tells("alter table t add key i (a, b), add unique u (c), add index (d)",
	      "objects +index t.i +index t.u ...");
	tells("alter table t add constraint c foreign key (a) references b (d)",
	      "objects +constraint t.c");
	tells("alter table t add constraint primary key (a)",
	      "objects +index t.PRIMARY");
	tells("alter table t add foreign key (a) references b (d)",
	      "definition ...");
	tells("alter table t add partition (partition p values less than (1), "
	      "partition q values less than (2))",
	      "objects +partition t.p +partition t.q");
	tells("alter table t drop a, drop column if exists b, drop key i, "
	      "drop foreign key f, drop primary key, drop check c",
	      "objects -column t.a -column t.b -index t.i -constraint t.f "
	      "-index t.PRIMARY -constraint t.c");
	tells("alter table t drop partition p, q",
	      "objects -partition t.p -partition t.q");
	tells("alter table t change a b int, rename column c to d, rename key "
	      "e to f",
	      "objects -column t.a +column t.b -column t.c +column t.d "
	      "-index t.e +index t.f");
	tells("alter table s.t rename to u, add a int",
	      "objects -table s.t +table u");
	tells("alter table t reorganize partition p, q into (partition r "
	      "values less than (3))",
	      "definition ...");
	/* a primary key in another's place shows in the definition alone */
	tells("alter table t drop primary key, add primary key (b)",
	      "definition ...");
	tells("alter table t drop primary key, add a int, add primary key (a)",
	      "objects +column t.a ...");
	/* what was in the column is lost, and nothing shows it */
	tells("alter table t drop a, add a int", "uncertain");
	tells("alter table t rename column a to b, rename column b to a",
	      "uncertain");
	tells("alter table t rename column a to b, add a int",
	      "objects +column t.b ...");
}

static void what_shows_in_no_definition(void **state)
{
	(void)state;
	tells("truncate t", "emptied +table t");
	tells("truncate table s.t", "emptied +table s.t");
	tells("alter table t truncate partition p", "another +table t");
	tells("alter table t exchange partition p with table s.u without "
	      "validation",
	      "exchanged +table t +table s.u");
	tells("alter table t discard tablespace", "uncertain");
	tells("alter table t import tablespace", "uncertain");
	tells("rename table a to b, if exists s.c wait 3 to d",
	      "renamed -table a +table b -table s.c +table d");
	tells("create or replace table t (a int)", "another +table t");
	tells("create or replace sequence q", "another +table q");
	tells("create or replace database d", "uncertain");
	tells("create event e on schedule at now() do select 1", "uncertain");
	tells("rename user a to b", "uncertain");
	tells("call p()", "uncertain");
	tells("insert into a values (1)", "uncertain");
}

static void what_may_be_said_twice(void **state)
{
	(void)state;
	tells("create or replace view v as select 1", "repeatable");
	tells("create or replace procedure p() select 1", "repeatable");
	tells("alter table t modify a bigint, alter b set default 1, "
	      "engine=innodb comment 'x'",
	      "repeatable");
	tells("alter table t change a a bigint", "repeatable");
	tells("alter table t convert to character set utf8mb4", "repeatable");
	tells("alter table t modify a bigint, add b int",
	      "objects +column t.b");
	tells("set password = ''", "repeatable");
	tells("set statement max_statement_time = 1 for insert into a "
	      "values (1)",
	      "uncertain");
	tells("analyze table a", "repeatable");
	tells("analyze update a set b = b + 1", "uncertain");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_and_goes),
		cmocka_unit_test(what_an_alter_table_leaves),
		cmocka_unit_test(what_shows_in_no_definition),
		cmocka_unit_test(what_may_be_said_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
