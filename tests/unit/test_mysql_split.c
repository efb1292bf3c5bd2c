#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/db/db.h"

/* Scripts for MariaDB and MySQL, without a server. */

static struct script *split(TALLOC_CTX *mem, const char *text,
			    struct error *err)
{
	struct script *script = NULL;

	if (script_parse(mem, "m.up.sql", talloc_strdup(mem, text),
			 strlen(text), SQL_MYSQL, &script, err) < 0 ||
	    db_engine_mariadb.split(script, err) < 0)
		return NULL;
	return script;
}

/* "KIND relation+relation!" a statement; ! refuses a transaction, / is
   transaction control. */
static char *describe(TALLOC_CTX *mem, const char *text)
{
	struct error err = { 0 };
	struct script *script = split(mem, text, &err);
	char *out = talloc_strdup(mem, "");

	if (!script)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < script->statement_count; i++) {
		const struct statement *s = &script->statements[i];

		out = talloc_asprintf_append(out, "%s%s", i ? "; " : "",
					     s->kind);
		for (size_t k = 0; k < s->relation_count; k++)
			out = talloc_asprintf_append(out, "%c%s", k ? '+' : ' ',
						     s->relations[k]);
		out = talloc_asprintf_append(out, "%s%s",
					     s->no_transaction ? "!" : "",
					     s->control ? "/" : "");
	}
	return out;
}

/* "<text><text>": where statements begin and end */
static char *pieces(TALLOC_CTX *mem, const char *text)
{
	struct error err = { 0 };
	struct script *script = split(mem, text, &err);
	char *out = talloc_strdup(mem, "");

	if (!script)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < script->statement_count; i++)
		out = talloc_asprintf_append(
			out, "<%.*s>", (int)script->statements[i].length,
			script->text + script->statements[i].offset);
	return out;
}

#define CHECK(function, text, expected)                                        \
	do {                                                                   \
		TALLOC_CTX *mem_ = talloc_new(NULL);                           \
		assert_string_equal(function(mem_, text), expected);           \
		talloc_free(mem_);                                             \
	} while (0)
#define splits(text, expected) CHECK(describe, text, expected)
#define cuts(text, expected) CHECK(pieces, text, expected)

static void ends_statements_at_semicolons(void **state)
{
	(void)state;
	cuts("select ';' ; # ;\nselect \"a;\\\";\";; -- ;\nselect `;`/* ; */",
	     "<select ';'><select \"a;\\\";\"><select `;`>");
	cuts("select 1 --1;\nselect 2", "<select 1 --1><select 2>");
	cuts("/*!40101 SET a = ';' */; /*M!100100 SELECT 1; */",
	     "</*!40101 SET a = ';' */></*M!100100 SELECT 1; */>");
}

static void keeps_bodies_in_one_piece(void **state)
{
	(void)state;
	cuts("CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END; SELECT 3",
	     "<CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END><SELECT 3>");
	cuts("create or replace definer = `a`@`%` trigger t before insert on u "
	     "for each row if new.a then set new.b = 1; end if; select 1",
	     "<create or replace definer = `a`@`%` trigger t before insert on "
	     "u for each row if new.a then set new.b = 1; end if><select 1>");
	cuts("CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC BEGIN "
	     "DECLARE x int; SET x = CASE a WHEN 1 THEN IF(a, 1, 2) ELSE "
	     "IF(a, 3, 4) END; CASE x WHEN 1 THEN SET x = 2; ELSE BEGIN END; "
	     "END CASE; l: LOOP LEAVE l; END LOOP; REPEAT SET x = x + 1; "
	     "UNTIL x > 5 END REPEAT; WHILE x DO SET x = 0; END WHILE; "
	     "RETURN REPEAT('a', 3); END; SELECT 1",
	     "<CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC BEGIN "
	     "DECLARE x int; SET x = CASE a WHEN 1 THEN IF(a, 1, 2) ELSE "
	     "IF(a, 3, 4) END; CASE x WHEN 1 THEN SET x = 2; ELSE BEGIN END; "
	     "END CASE; l: LOOP LEAVE l; END LOOP; REPEAT SET x = x + 1; "
	     "UNTIL x > 5 END REPEAT; WHILE x DO SET x = 0; END WHILE; "
	     "RETURN REPEAT('a', 3); END><SELECT 1>");
	cuts("CREATE PROCEDURE IF NOT EXISTS p() SELECT IF(1, 2, 3); SELECT 1",
	     "<CREATE PROCEDURE IF NOT EXISTS p() SELECT IF(1, 2, 3)>"
	     "<SELECT 1>");
	cuts("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; "
	     "END; SELECT 1",
	     "<CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; "
	     "END><SELECT 1>");
	cuts("BEGIN NOT ATOMIC SELECT 1; END; IF 1 THEN SELECT 2; END IF; "
	     "CREATE TABLE `begin` (event int, `if` int); SELECT 1",
	     "<BEGIN NOT ATOMIC SELECT 1; END><IF 1 THEN SELECT 2; END IF>"
	     "<CREATE TABLE `begin` (event int, `if` int)><SELECT 1>");
}

static void takes_delimiters_as_the_client_does(void **state)
{
	(void)state;
	cuts("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\n"
	     "SELECT 2 //\ndelimiter ;\nSELECT 3; SELECT 4",
	     "<CREATE PROCEDURE p() BEGIN SELECT 1; END><SELECT 2><SELECT 3>"
	     "<SELECT 4>");
	cuts("DELIMITER $$\r\nCREATE FUNCTION f() RETURNS int RETURN 1;$$\r\n"
	     "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN "
	     "SET @a = '$$'; END$$\nDELIMITER ;\n",
	     "<CREATE FUNCTION f() RETURNS int RETURN 1;><CREATE TRIGGER g "
	     "BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = '$$'; END>");
	cuts("DELIMITER ;;\n/*!50003 CREATE TRIGGER a BEFORE INSERT ON b FOR "
	     "EACH ROW BEGIN SET @x = 1; END */;;\nDELIMITER ;\n",
	     "</*!50003 CREATE TRIGGER a BEFORE INSERT ON b FOR EACH ROW BEGIN "
	     "SET @x = 1; END */>");
	cuts("DELIMITER //\nDROP TABLE a; DROP TABLE b; //\n",
	     "<DROP TABLE a><DROP TABLE b>");
	cuts("SELECT\ndelimiter //;", "<SELECT\ndelimiter //>");
}

static void knows_what_commits_by_itself(void **state)
{
	(void)state;
	splits("create table t (a int); insert into t values (1)",
	       "CREATE TABLE t!; INSERT t");
	splits("create temporary table t (a int); drop temporary table t",
	       "CREATE TABLE t; DROP TABLE t");
	splits("alter table a.b add c int, add foreign key (c) references d(e)",
	       "ALTER TABLE a.b+d!");
	splits("rename table a to b, c to d; truncate t; grant select on a to "
	       "b",
	       "RENAME TABLE a+b+c+d!; TRUNCATE TABLE t!; GRANT!");
	splits("lock tables a read, b as x write; unlock tables",
	       "LOCK TABLE a+b!; UNLOCK TABLES!");
	splits("set autocommit = 0; set names utf8; set password = 'x'",
	       "SET!; SET; SET!");
	splits("call p(); execute s; begin not atomic select 1; end",
	       "CALL!; EXECUTE!; BEGIN!");
	splits("/*!50001 CREATE ALGORITHM=UNDEFINED */ "
	       "/*!50013 DEFINER=`a`@`b` SQL SECURITY DEFINER */ "
	       "/*!50001 VIEW `v` AS select 1 AS `x` from `t` */",
	       "CREATE VIEW v+t!");
}

static void finds_relations(void **state)
{
	(void)state;
	splits("insert low_priority ignore into `a b`.c select * from d x, e "
	       "join f on true where g = (select extract(day from h) from i)",
	       "INSERT a b.c+d+e+f+i");
	splits("update a, b as c set a.x = 1; update d join e using (f) set "
	       "g=1",
	       "UPDATE a+b; UPDATE d+e");
	splits("delete from a where b in (select c from d); "
	       "delete x from e x join f",
	       "DELETE a+d; DELETE e+f");
	splits("replace into a values (1); load data infile 'x' into table b",
	       "REPLACE a; LOAD b");
	splits("drop table if exists a, b; create unique index i on t (a); "
	       "drop index i on t",
	       "DROP TABLE a+b!; CREATE INDEX t!; DROP INDEX t!");
	splits("create table if not exists a like b; "
	       "create table c as select * from d",
	       "CREATE TABLE a!; CREATE TABLE AS c+d!");
	splits("select trim(leading 'x' from y) from a.b", "SELECT a.b");
}

static void knows_transaction_control(void **state)
{
	(void)state;
	splits("begin; insert into a values (1); commit", "INSERT a");
	splits("start transaction; update a set b = 1; commit work",
	       "UPDATE a");
	splits("begin; create table a (b int); commit",
	       "BEGIN/; CREATE TABLE a!; COMMIT/");
	splits("savepoint a; release savepoint a; rollback to a",
	       "SAVEPOINT/; RELEASE/; ROLLBACK/");
}

static void refuses(const char *text, int line, int column, const char *message)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error err = { 0 };

	assert_null(split(mem, text, &err));
	assert_string_equal(err.message, message);
	assert_int_equal(err.line, line);
	assert_int_equal(err.column, column);
	error_release(&err);
	talloc_free(mem);
}

static void refuses_commands_of_the_client(void **state)
{
	(void)state;
	refuses("select 1;\n\\. more.sql", 2, 1,
		"'\\.' is a command of the mysql client and not SQL");
	refuses("select 1\\G", 1, 9,
		"'\\G' is a command of the mysql client and not SQL");
	refuses("source a.sql", 1, 1,
		"'source' is a command of the mysql client and not SQL");
	refuses("DELIMITER", 1, 1,
		"'DELIMITER' is a command of the mysql client and not SQL");
	splits("select \\N, '\\G', source from system", "SELECT system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_statements_at_semicolons),
		cmocka_unit_test(keeps_bodies_in_one_piece),
		cmocka_unit_test(takes_delimiters_as_the_client_does),
		cmocka_unit_test(knows_what_commits_by_itself),
		cmocka_unit_test(finds_relations),
		cmocka_unit_test(knows_transaction_control),
		cmocka_unit_test(refuses_commands_of_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
