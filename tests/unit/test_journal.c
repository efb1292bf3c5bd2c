#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/journal.h"
#include "tests/unit/states_bed.h"

static char folder[200], path[sizeof(folder) + 16];

static int make_folder(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/journal.XXXXXX",
		 parent ? parent : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/switch.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct journal sample(struct ledger *ledger)
{
	struct journal j = {
		.target = "dev",
		.database = "sqlite:dev.db",
		.place = "/srv/shop/dev.db",
		.from_commit = "aaaa",
		.to_commit = "bbbb",
		.to_name = "x\"\\ü",
		.heading = HEADING_TO,
	};
	struct error err = { 0 };

	assert_int_equal(journal_take(&j, ledger, &err), 0);
	return j;
}

static void reads_back_what_it_wrote(void **state)
{
	struct ledger *ledger = make_ledger("1:u1:d1:a 2:u2:d2:b");
	struct journal j = sample(ledger), *read;
	struct error err = { 0 };

	(void)state;
	ledger->rows[1].commit = "cccc";
	assert_int_equal(journal_write(&j, path, &err), 0);
	assert_int_equal(journal_read(ledger, path, &read, &err), 0);
	assert_string_equal(read->target, "dev");
	assert_string_equal(read->database, "sqlite:dev.db");
	assert_string_equal(read->place, "/srv/shop/dev.db");
	assert_string_equal(read->from_commit, "aaaa");
	assert_null(read->from_branch);
	assert_string_equal(read->to_commit, "bbbb");
	assert_string_equal(read->to_name, "x\"\\ü");
	assert_false(read->to_detached);
	assert_int_equal(read->heading, HEADING_TO);
	assert_int_equal(read->row_count, 2);
	assert_int_equal(read->rows[1].version, 20260101000002);
	assert_string_equal(read->rows[1].name, "b");
	assert_string_equal(read->rows[1].up_blob, "u2");
	assert_string_equal(read->rows[1].down_blob, "d2");
	assert_null(read->rows[0].commit);
	assert_string_equal(read->rows[1].commit, "cccc");
	assert_int_equal(journal_remove(path, &err), 0);
	assert_int_equal(journal_read(ledger, path, &read, &err), 0);
	assert_null(read);
	talloc_free(ledger);
}

static void the_set_is_what_was_applied(void **state)
{
	struct ledger *ledger = make_ledger("1:u1:d1:a 2:u2:d2:b");
	struct journal j = sample(ledger);
	struct set *set = journal_set(ledger, &j, "db/steps");

	(void)state;
	assert_int_equal(set->count, 2);
	assert_string_equal(set->list[1].half[DIRECTION_UP].path,
			    "db/steps/20260101000002_b.up.sql");
	assert_string_equal(set->list[1].half[DIRECTION_DOWN].blob, "d2");
	talloc_free(ledger);
}

static void refuses_what_has_no_way_back(void **state)
{
	struct ledger *ledger = make_ledger("1:u1:d1:a 2:u2:d2:b");
	struct journal j = { 0 };
	struct error err = { 0 };

	(void)state;
	ledger->rows[1].state = UNFINISHED;
	assert_int_equal(journal_take(&j, ledger, &err), -1);
	assert_int_equal(err.code, ERROR_REFUSED);
	assert_string_equal(err.message,
			    "migration '20260101000002_b' is unfinished");
	error_release(&err);
	talloc_free(ledger);
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void says_when_it_cannot_be_read(void **state)
{
	struct ledger *ledger = make_ledger("1:u1:d1:a");
	struct journal j = sample(ledger), *read;
	struct error err = { 0 };

	(void)state;
	write_text("{\"format\":1,\"target\":\"dev\"");
	assert_int_equal(journal_read(ledger, path, &read, &err), -1);
	assert_non_null(strstr(err.hint, "git migrate sync"));
	error_release(&err);
	write_text("{\"format\":2}");
	assert_int_equal(journal_read(ledger, path, &read, &err), -1);
	error_release(&err);
	j.to_name = "\xe9";
	assert_int_equal(journal_write(&j, path, &err), -1);
	error_release(&err);
	talloc_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_it_wrote),
		cmocka_unit_test(the_set_is_what_was_applied),
		cmocka_unit_test(refuses_what_has_no_way_back),
		cmocka_unit_test(says_when_it_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
