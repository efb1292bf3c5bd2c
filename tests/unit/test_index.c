#include "tests/unit/git_bed.h"

#include <stdlib.h>
#include <string.h>

#include "git/index.h"
#include "git/listing.h"

/* All of a set: "1u FLAGS BLOB" a half. */
static char *text_of(TALLOC_CTX *mem, const struct set *set)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < set->count; i++)
		for (int d = 0; d < 2; d++) {
			const struct half *h = &set->list[i].half[d];

			if (h->path)
				text = talloc_asprintf_append(
					text, "%s %u %s\n", h->path, h->flags,
					h->blob);
		}
	return text;
}

/* What a way of looking says, or how it fails. */
static char *answer(struct test *t, int result, struct set *set)
{
	char *text;

	if (result == 0)
		return text_of(t->mem, set);
	text = talloc_asprintf(t->mem, "%s: %s", t->err.file ? t->err.file : "",
			       t->err.message);
	error_release(&t->err);
	return text;
}

/* Whether the file is read without git's help, see index.h. */
static bool is_read(struct test *t, const char *dir)
{
	char *path = talloc_asprintf(t->mem, "%s/index", t->repo->git_dir);

	return index_read(t->mem, path, dir, ".gitmigrate",
			  t->repo->hex_length / 2) != NULL;
}

static void both_say_the_same_in(struct test *t, const char *dir)
{
	struct set *quick = NULL, *asked = NULL;
	int result = repo_set_worktree(t->mem, t->repo, dir, false, &quick,
				       &t->err);
	char *first = answer(t, result, quick), *second;

	result = worktree_as_git_says(t->mem, t->repo, dir, &asked, &t->err);
	second = answer(t, result, asked);
	assert_string_equal(first, second);
}

static void both_say_the_same(struct test *t)
{
	both_say_the_same_in(t, "migrations");
}

/* Files that are older than the index, so that nothing has to be hashed. */
#define OLD                                                                    \
	"pair 1; pair 2; commit one; pair 3; commit two; "                     \
	"touch -d '1 hour ago' migrations/*; git update-index -q --refresh; "

static void an_unchanged_folder_is_told_without_git(void **state)
{
	struct test *t = *state;
	struct looking *looking;
	struct looked found;
	struct index *index;
	DIR *folder;

	sh(t, OLD);
	enter(t, ".");
	index = index_read(t->mem, ".git/index", "migrations", ".gitmigrate",
			   20);
	assert_non_null(index);
	assert_int_equal(index->count, 6);
	assert_string_equal(index->entries[0].path,
			    "migrations/20260101000001_x.down.sql");
	assert_non_null(index->tree);
	folder = opendir("migrations");
	looking = looking_begin(t->mem, folder);
	looking_at(looking, index);
	found = looking_end(looking);
	assert_non_null(found.answers);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(found.answers[i], LOOK_SAME);
	assert_int_equal(found.names.count, 6);
	assert_true(found.same);
	closedir(folder);
	both_say_the_same(t);
}

static void every_change_is_seen(void **state)
{
	static const char *const changes[] = {
		"touch migrations/20260101000002_x.up.sql",
		"echo more >>migrations/20260101000002_x.up.sql",
		"f=migrations/20260101000002_x.up.sql; tr 2 3 <$f >x; cat x "
		">$f",
		"f=migrations/20260101000002_x.up.sql; tr 2 3 <$f >x; mv x $f; "
		"touch -d '1 hour ago' $f",
		"chmod +x migrations/20260101000002_x.up.sql",
		"rm migrations/20260101000002_x.up.sql",
		"rm -r migrations",
		"pair 4",
		"pair 4; git add -N migrations",
		"pair 4; git add migrations",
		"echo '*4_x*' >.gitignore; pair 4",
		"pair 2 other; git add migrations",
		"pair 2 other; git add migrations; pair 2",
		"pair 2 other; git add migrations; pair 2 third",
		"git rm -q --cached migrations/20260101000002_x.up.sql",
		"git rm -q migrations/20260101000002_x.up.sql",
		"git mv migrations/20260101000002_x.up.sql "
		"migrations/20260101000005_x.up.sql",
		"f=migrations/20260101000002_x.up.sql; rm $f; ln -s x $f",
		"f=migrations/20260101000002_x.up.sql; rm $f; mkdir $f",
		"mv migrations m; ln -s m migrations",
		"echo x >migrations/notes.txt; mkdir migrations/sub",
		"echo x >migrations/bad.up.sql",
		"git reset -q --soft HEAD~1",
		"git reset -q HEAD~1",
		"git update-index --assume-unchanged "
		"migrations/20260101000002_x.up.sql; pair 2 other",
		"git update-index --skip-worktree "
		"migrations/20260101000002_x.up.sql; pair 2 other",
		"git update-index --skip-worktree "
		"migrations/20260101000002_x.up.sql; "
		"rm migrations/20260101000002_x.up.sql",
		"git checkout -q -b side; pair 2 a; commit a; "
		"git checkout -q main; pair 2 b; commit b; "
		"git merge -q side >/dev/null 2>&1 || :",
		"git checkout -q --orphan new",
		"echo x >elsewhere; git add elsewhere",
		"echo x >elsewhere; git add elsewhere; pair 2 other",
		"git rm -qr migrations; git commit -qm none",
		"git rm -qr migrations; git commit -qm none; pair 4",
		"git config core.autocrlf true; "
		"f=migrations/20260101000002_x.up.sql; printf 'up 2 \\r\\n' "
		">$f",
		"for i in 4 5 6 7 8 9; do pair $i; done; commit more; "
		"for i in 4 5 6 7 8 9; do pair $i other; done",
	};
	struct test *t = *state;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		char *script = talloc_asprintf(
			t->mem,
			"rm -rf ../c; git init -q ../c; cd ../c; " OLD "%s",
			changes[i]);

		sh(t, script);
		enter(t, "../c");
		both_say_the_same(t);
	}
}

/* As a fresh checkout is: each file may have changed in the same second. */
static void a_racy_change_is_seen(void **state)
{
	struct test *t = *state;

	sh(t, "pair 1; pair 2; commit one; "
	      "f=migrations/20260101000002_x.up.sql; m=$(stat -c %y $f); "
	      "echo 'up 3 ' >$f; touch -d \"$m\" $f");
	enter(t, ".");
	both_say_the_same(t);
}

static void more_changes_than_are_worth_it(void **state)
{
	struct test *t = *state;

	sh(t, "mkdir migrations; i=100; while [ $i -lt 350 ]; do "
	      "echo up >migrations/20260101000${i}_x.up.sql; i=$((i + 1)); "
	      "done; commit many; touch -d '1 hour ago' migrations/*");
	enter(t, ".");
	both_say_the_same(t);
	sh(t, "git update-index -q --refresh");
	both_say_the_same(t);
}

static void other_forms_of_index(void **state)
{
	static const struct {
		const char *script;
		bool read;
	} forms[] = {
		{ "git update-index --index-version 4", true },
		{ "git update-index --index-version 3", true },
		{ "git update-index --split-index", false },
		{ "git update-index --untracked-cache", true },
		{ "mkdir other; echo x >other/x; commit three; "
		  "git sparse-checkout set --cone --sparse-index migrations",
		  false },
		{ "git config index.threads 2; git config index.version 4; "
		  "git update-index --force-write-index",
		  true },
	};
	struct test *t = *state;

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		sh(t, talloc_asprintf(t->mem,
				      "rm -rf ../c; git init -q ../c; "
				      "cd ../c; " OLD "%s",
				      forms[i].script));
		enter(t, "../c");
		assert_int_equal(is_read(t, "migrations"), forms[i].read);
		both_say_the_same(t);
		sh(t, "pair 2 other; pair 4");
		both_say_the_same(t);
	}
}

static void other_places(void **state)
{
	struct test *t = *state;

	sh(t, OLD "git worktree add -q ../linked -b side; "
		  "git init -q ../outer; cd ../outer; "
		  "git -c protocol.file.allow=always submodule --quiet add "
		  "../r sub 2>/dev/null");
	enter(t, "../linked");
	both_say_the_same(t);
	enter(t, "../outer/sub");
	assert_true(is_read(t, "migrations"));
	both_say_the_same(t);
	enter(t, "..");
	both_say_the_same(t);
	both_say_the_same_in(t, "sub/migrations");
	sh(t, "git init -q --object-format=sha256 ../long; cd ../long; " OLD);
	enter(t, "../long");
	assert_true(is_read(t, "migrations"));
	both_say_the_same(t);
	sh(t, "pair 2 other");
	both_say_the_same(t);
}

static void folders_below_folders(void **state)
{
	struct test *t = *state;

	sh(t, OLD "mkdir -p db/a db/b/migrations; cp -p migrations/* db/b/; "
		  "cp -p migrations/* db/b/migrations/; commit three; "
		  "git update-index -q --refresh");
	enter(t, ".");
	assert_true(is_read(t, "db/b/migrations"));
	both_say_the_same_in(t, "db/b/migrations");
	both_say_the_same_in(t, "db/b");
	both_say_the_same_in(t, "db");
	both_say_the_same_in(t, "db/none");
	sh(t, "rm db/b/migrations/20260101000002_x.up.sql");
	both_say_the_same_in(t, "db/b/migrations");
}

static void the_index_that_git_was_given(void **state)
{
	struct test *t = *state;

	sh(t, OLD "pair 4; cp .git/index other; "
		  "GIT_INDEX_FILE=other git add migrations");
	setenv("GIT_INDEX_FILE", "other", 1);
	enter(t, ".");
	both_say_the_same(t);
	setenv("GIT_INDEX_FILE", "nowhere", 1);
	both_say_the_same(t);
	unsetenv("GIT_INDEX_FILE");
}

static void broken_files_are_left_to_git(void **state)
{
	struct test *t = *state;
	size_t size;

	sh(t, OLD "cp .git/index whole");
	enter(t, ".");
	size = strtoul(sh(t, "stat -c %s whole"), NULL, 10);
	for (size_t cut = 0; cut < size; cut += 7) {
		sh(t, talloc_asprintf(t->mem, "head -c %zu whole >cut", cut));
		assert_null(index_read(t->mem, "cut", "migrations",
				       ".gitmigrate", 20));
	}
	sh(t, "sed 's/TREE/nope/' whole >cut");
	assert_null(index_read(t->mem, "cut", "migrations", ".gitmigrate", 20));
	assert_null(
		index_read(t->mem, "missing", "migrations", ".gitmigrate", 20));
}

#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, gitbed_set_up, gitbed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unchanged_folder_is_told_without_git),
		TEST(every_change_is_seen),
		TEST(a_racy_change_is_seen),
		TEST(more_changes_than_are_worth_it),
		TEST(other_forms_of_index),
		TEST(other_places),
		TEST(folders_below_folders),
		TEST(the_index_that_git_was_given),
		TEST(broken_files_are_left_to_git),
	};

	return gitbed_run(tests);
}
