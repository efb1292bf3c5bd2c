#include "git/hooks.h"
#include "git/listing.h"
#include "tests/unit/git_bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/process.h"

/* Scripts as "NAME/DIRECTION=BLOB" would be long; paths are enough. */
static void paths_are(const struct set *set, const char *expected)
{
	char *text = talloc_strdup(NULL, "");

	for (size_t i = 0; i < set->count; i++)
		for (int d = 0; d < 2; d++)
			if (set->list[i].half[d].path)
				text = talloc_asprintf_append(
					text, "%d%s ",
					(int)(set->list[i].version % 10),
					d ? "d" : "u");
	assert_string_equal(text, expected);
	talloc_free(text);
}

static void opens_wherever_git_does(void **state)
{
	struct test *t = *state;
	char *real = realpath(".", NULL);

	enter(t, ".");
	assert_string_equal(t->repo->top, real);
	assert_null(t->repo->head);
	assert_string_equal(t->repo->branch, "main");
	sh(t, "pair 1; commit one; mkdir sub");
	enter(t, "sub");
	assert_string_equal(t->repo->top, real);
	assert_string_equal(t->repo->prefix, "sub/");
	assert_string_equal(t->repo->head, sh(t, "git rev-parse HEAD"));
	sh(t, "cd ..; git checkout -q --detach; "
	      "git worktree add -q ../linked -b side; "
	      "git clone -q --bare . ../bare; "
	      "git clone -q --depth 1 \"file://$PWD\" ../shallow 2>/dev/null");
	enter(t, "..");
	assert_null(t->repo->branch);
	enter(t, "../linked");
	assert_string_equal(t->repo->branch, "side");
	assert_string_not_equal(t->repo->git_dir, t->repo->common_dir);
	enter(t, "../bare");
	assert_true(t->repo->bare);
	assert_null(t->repo->top);
	assert_non_null(t->repo->head);
	enter(t, "../shallow");
	assert_true(t->repo->shallow);
	free(real);
}

/* What opening the repository and its index tell of objects, and what git is
   asked for. */
static void knows_what_head_and_the_proofs_are(void **state)
{
	static const char *const states[] = {
		"echo x >.gitmigrate",
		"pair 1; commit one",
		"git checkout -q --detach",
		"git update-ref refs/notes/migrate-proofs HEAD",
		"echo x >other; git add other",
		"git checkout -q main; git commit -qm other",
		"git rm -q .gitmigrate; git commit -qm without",
		"git rm -q --cached -r migrations; git commit -qm none",
		"git update-ref -d refs/notes/migrate-proofs",
	};
	static const char *const names[] = {
		[KNOWN_TREE] = KNOWN_TREE_NAME,
		[KNOWN_PROOFS] = KNOWN_PROOFS_NAME,
		[KNOWN_SHARED] = KNOWN_SHARED_NAME,
	};
	struct test *t = *state;

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		sh(t, states[i]);
		enter(t, ".");
		worktree_index(t->mem, t->repo, KNOWN_FOLDER);
		for (int which = 0; which < KNOWN_COUNT; which++) {
			char *id = sh(t, talloc_asprintf(t->mem,
							 "git rev-parse -q "
							 "--verify '%s' || :",
							 names[which]));
			const char *known = repo_known(t->repo,
						       (enum known)which);

			/* of proofs it is enough that there are some */
			if (which == KNOWN_PROOFS && *id)
				assert_true(*known);
			else
				assert_string_equal(known, id);
		}
	}
}

static void says_when_there_is_no_repository(void **state)
{
	struct test *t = *state;

	assert_int_equal(chdir(".."), 0);
	assert_int_equal(repo_open(t->mem, &t->repo, &t->err), -1);
	assert_int_equal(t->err.code, ERROR_FAILED);
	assert_non_null(strstr(t->err.message, "not a git repository"));
}

static void sha256_names_are_64_long(void **state)
{
	struct test *t = *state;
	struct set *set;

	sh(t, "git init -q --object-format=sha256 ../wide; cd ../wide; "
	      "pair 1; commit one");
	enter(t, "../wide");
	assert_int_equal(t->repo->hex_length, 64);
	good(t, repo_set_commit(t->mem, t->repo, t->repo->head, "migrations",
				&set, &t->err));
	assert_int_equal(strlen(set->list[0].half[0].blob), 64);
}

static void sets_of_commit_index_and_work_tree(void **state)
{
	struct test *t = *state;
	struct set *set;

	sh(t, "pair 1; pair 2; mkdir migrations/old; "
	      "echo x >migrations/old/20260101000009_n.up.sql; commit one; "
	      "echo more >>migrations/20260101000001_x.up.sql; "
	      "rm migrations/20260101000002_x.down.sql; pair 3; git add -A; "
	      "pair 4; pair 1");
	enter(t, ".");
	good(t, repo_set_commit(t->mem, t->repo, t->repo->head, "migrations",
				&set, &t->err));
	paths_are(set, "1u 1d 2u 2d ");
	good(t, repo_set_index(t->mem, t->repo, "migrations", &set, &t->err));
	paths_are(set, "1u 1d 2u 3u 3d ");
	good(t, repo_set_worktree(t->mem, t->repo, "migrations", false, &set,
				  &t->err));
	paths_are(set, "1u 1d 2u 3u 3d 4u 4d ");
	assert_string_equal(
		set->list[0].half[0].blob,
		sh(t, "git hash-object migrations/20260101000001_x.up.sql"));
	assert_true(set->list[0].half[0].flags & HALF_MODIFIED);
	assert_true(set->list[3].half[0].flags & HALF_UNTRACKED);
}

static void line_ends_do_not_change_an_id(void **state)
{
	struct test *t = *state;
	struct set *set, *before;

	sh(t, "pair 1; echo '* text=auto eol=lf' >.gitattributes; commit one");
	enter(t, ".");
	good(t, repo_set_commit(t->mem, t->repo, t->repo->head, "migrations",
				&before, &t->err));
	sh(t, "sed -i 's/$/\\r/' migrations/*.sql");
	good(t, repo_set_worktree(t->mem, t->repo, "migrations", false, &set,
				  &t->err));
	assert_true(migration_same(&set->list[0], &before->list[0]));
}

static void a_kept_text_can_be_read(void **state)
{
	struct test *t = *state;
	struct blobs *blobs;
	struct set *set;
	char *text;
	size_t length;

	sh(t, "pair 1; commit one; pair 2; "
	      "head -c 5000000 /dev/zero >migrations/20260101000002_x.up.sql");
	enter(t, ".");
	good(t, repo_set_worktree(t->mem, t->repo, "migrations", true, &set,
				  &t->err));
	good(t, blobs_open(t->mem, t->repo, &blobs, &t->err));
	good(t, blobs_read(t->mem, blobs, set->list[1].half[0].blob, &text,
			   &length, &t->err));
	assert_int_equal(length, 5000000);
	assert_int_equal(blobs_read(t->mem, blobs,
				    "0123456789012345678901234567890123456789",
				    &text, &length, &t->err),
			 -1);
	assert_int_equal(t->err.code, ERROR_NOT_FOUND);
	error_release(&t->err);
	good(t, blobs_read(t->mem, blobs, set->list[0].half[1].blob, &text,
			   &length, &t->err));
	assert_string_equal(text, "down 1 \n");
}

/* Asks for all halves of a set ahead, and reads up to `count` of them. */
static void read_expected(struct test *t, struct blobs *blobs,
			  const struct set *set, size_t count)
{
	const char *ids[400];
	char *text, wanted[20];
	size_t length;

	assert_true(2 * set->count <= 400);
	for (size_t i = 0; i < 2 * set->count; i++) {
		ids[i] = set->list[i / 2].half[i % 2].blob;
		blobs_expect(blobs, ids[i]);
	}
	for (size_t i = 0; i < count; i++) {
		good(t, blobs_read(t->mem, blobs, ids[i], &text, &length,
				   &t->err));
		snprintf(wanted, sizeof(wanted), "%s %zu \n",
			 i % 2 ? "down" : "up", i / 2 + 1);
		assert_string_equal(text, wanted);
	}
}

static void blobs_can_be_asked_for_ahead(void **state)
{
	struct test *t = *state;
	const char *missing = "0123456789012345678901234567890123456789";
	struct blobs *blobs;
	struct set *set;
	char *text;
	size_t length;

	sh(t, "mkdir migrations; for n in $(seq 200); do "
	      "v=migrations/$((20260101000000 + n))_x; "
	      "echo \"up $n \" >$v.up.sql; echo \"down $n \" >$v.down.sql; "
	      "done; commit all");
	enter(t, ".");
	good(t, repo_set_commit(t->mem, t->repo, t->repo->head, "migrations",
				&set, &t->err));
	assert_int_equal(set->count, 200);
	good(t, blobs_open(t->mem, t->repo, &blobs, &t->err));
	read_expected(t, blobs, set, 400);
	/* something else in between, and all that was asked for is gone */
	read_expected(t, blobs, set, 7);
	good(t, blobs_read(t->mem, blobs, set->list[199].half[0].blob, &text,
			   &length, &t->err));
	assert_string_equal(text, "up 200 \n");
	blobs_expect(blobs, missing);
	read_expected(t, blobs, set, 3);
	blobs_expect(blobs, missing);
	assert_int_equal(
		blobs_read(t->mem, blobs, missing, &text, &length, &t->err),
		-1);
	assert_int_equal(t->err.code, ERROR_NOT_FOUND);
	error_release(&t->err);
	read_expected(t, blobs, set, 400);
}

static void refuses_links_and_conflicts(void **state)
{
	struct test *t = *state;
	struct set *set;

	sh(t, "pair 1; commit one; ln -s x migrations/20260101000002_x.up.sql");
	enter(t, ".");
	assert_int_equal(repo_set_worktree(t->mem, t->repo, "migrations", false,
					   &set, &t->err),
			 -1);
	assert_string_equal(t->err.file, "migrations/20260101000002_x.up.sql");
	error_release(&t->err);
	sh(t, "rm migrations/*2_x.up.sql; git checkout -q -b o; pair 1 o; "
	      "commit o; git checkout -q main; pair 1 m; commit m; "
	      "git merge -q o >/dev/null || true");
	assert_int_equal(
		repo_set_index(t->mem, t->repo, "migrations", &set, &t->err),
		-1);
	assert_non_null(t->err.file);
}

/* The origins of all pairs of HEAD, as "VERSION:SUBJECT" in their order. */
static char *origins(struct test *t)
{
	const struct migration **list;
	struct origin *found;
	struct set *set;
	char *text = talloc_strdup(t->mem, "");

	good(t, repo_open(t->mem, &t->repo, &t->err));
	good(t, repo_set_commit(t->mem, t->repo, t->repo->head, "migrations",
				&set, &t->err));
	list = talloc_array(t->mem, const struct migration *,
			    (unsigned)set->count);
	for (size_t i = 0; i < set->count; i++)
		list[i] = &set->list[i];
	good(t, repo_origins(t->mem, t->repo, t->repo->head, "migrations", list,
			     set->count, &found, &t->err));
	for (size_t i = 0; i < set->count; i++)
		text = talloc_asprintf_append(
			text, "%d:%s%s ", (int)(set->list[i].version % 10),
			found[i].commit
				? repo_subject(t->mem, t->repo, found[i].commit)
				: "none",
			found[i].inexact ? "~" : "");
	return text;
}

static void finds_where_pairs_came_from(void **state)
{
	struct test *t = *state;

	sh(t, "pair 1; commit one; pair 2; commit two; "
	      "echo u >migrations/20260101000003_x.up.sql; commit up; "
	      "echo d >migrations/20260101000003_x.down.sql; commit both; "
	      "pair 2 again; commit changed; echo >f; commit other");
	assert_string_equal(origins(t), "1:one 2:changed 3:both ");
	sh(t, "pair 4; commit four; git revert --no-edit HEAD >/dev/null; "
	      "git revert --no-edit HEAD >/dev/null; "
	      "git commit -q --amend -m again");
	assert_string_equal(origins(t), "1:one 2:changed 3:both 4:again ");
}

static void a_merge_can_be_where_a_pair_came_from(void **state)
{
	struct test *t = *state;

	sh(t, "pair 1; commit one; git checkout -q -b a; "
	      "echo u >migrations/20260101000002_x.up.sql; commit up; "
	      "git checkout -q -b b main; pair 3; "
	      "echo d >migrations/20260101000002_x.down.sql; commit down; "
	      "git checkout -q main; git merge -q --no-ff -m merge-a a; "
	      "git merge -q --no-ff -m merge-b b");
	assert_string_equal(origins(t), "1:one 2:merge-b 3:down ");
}

static void the_boundary_of_a_shallow_clone_is_inexact(void **state)
{
	struct test *t = *state;

	sh(t, "pair 1; commit one; pair 2; commit two; pair 3; commit three; "
	      "git clone -q --depth 2 \"file://$PWD\" ../shallow 2>/dev/null");
	enter(t, "../shallow");
	assert_string_equal(origins(t), "1:two~ 2:two~ 3:three ");
}

static char *add_line(TALLOC_CTX *mem, const char *old, void *data)
{
	return talloc_asprintf(mem, "%s%s\n", old ? old : "", (char *)data);
}

static void write_in_a_child(const char *object, int i)
{
	struct error err = { 0 };
	struct repo *repo;
	char line[8];

	if (fork())
		return;
	snprintf(line, sizeof(line), "w%d", i);
	_exit(repo_open(NULL, &repo, &err) < 0 ||
	      notes_edit(repo, "refs/notes/migrate", object, "note", add_line,
			 line, &err) < 0);
}

static void twenty_writers_lose_nothing(void **state)
{
	struct test *t = *state;
	int status, failed = 0;
	char *head;

	sh(t, "pair 1; commit one");
	head = sh(t, "git rev-parse HEAD");
	for (int i = 0; i < 20; i++)
		write_in_a_child(head, i);
	while (wait(&status) > 0)
		failed += status != 0;
	assert_int_equal(failed, 0);
	assert_string_equal(sh(t, "git notes --ref=migrate show HEAD | "
				  "sort -u | wc -l"),
			    "20");
	assert_string_equal(sh(t, "git log -1 --notes=migrate --format=%N | "
				  "grep -c w"),
			    "20");
}

static void notes_stand_beside_those_of_git(void **state)
{
	struct test *t = *state;
	char *text, *blob;

	/* a tree as git writes it once there are many notes */
	sh(t, "pair 1; commit one; git rev-parse HEAD | sed 's:^..:&/:' | "
	      "{ read path; printf '%s\\n' 'commit refs/notes/migrate' "
	      "'committer T <t@t> 0 +0000' 'data 1' 'x' "
	      "\"M 100644 inline $path\" 'data 7' 'theirs'; } | "
	      "git fast-import --quiet");
	enter(t, ".");
	blob = sh(t, "git rev-parse HEAD:migrations/20260101000001_x.up.sql");
	good(t, notes_read(t->mem, t->repo, "refs/notes/migrate", blob, &text,
			   &t->err));
	assert_null(text);
	good(t, notes_edit(t->repo, "refs/notes/migrate", blob, "note",
			   add_line, (char *)(uintptr_t) "ours", &t->err));
	good(t, notes_read(t->mem, t->repo, "refs/notes/migrate", blob, &text,
			   &t->err));
	assert_string_equal(text, "ours\n");
	assert_string_equal(sh(t, "git notes --ref=migrate show HEAD"),
			    "theirs");
	assert_string_equal(
		sh(t, "git ls-tree -r --name-only refs/notes/migrate | "
		      "grep -c '^../'"),
		"2");
}

/* The pre-commit hook as it is now. */
static struct hook *hook_now(struct test *t)
{
	static const char *const names[] = { "pre-commit", NULL };
	struct hook *hooks;
	size_t count;

	good(t, hooks_look(t->mem, t->repo, names, &hooks, &count, &t->err));
	assert_int_equal(count, 1);
	return hooks;
}

static void a_hook_of_others_is_left_alone(void **state)
{
	struct test *t = *state;
	struct hook *hook;
	bool gone;

	enter(t, ".");
	sh(t, "rm -rf .git/hooks");
	hook = hook_now(t);
	assert_int_equal(hook->state, HOOK_MISSING);
	good(t, hook_write(hook, false, &t->err));
	assert_string_equal(hook->shown, ".git/hooks/pre-commit");
	sh(t, "test -x .git/hooks/pre-commit");
	assert_int_equal(hook_now(t)->state, HOOK_INSTALLED);
	sh(t, "printf '#!/bin/sh\nexit 0\n' >.git/hooks/pre-commit");
	hook = hook_now(t);
	assert_int_equal(hook->state, HOOK_FOREIGN);
	good(t, hook_remove(t->repo, hook, false, &gone, &t->err));
	assert_false(gone);
	good(t, hook_write(hook, true, &t->err));
	hook = hook_now(t);
	assert_int_equal(hook->state, HOOK_CHAINED);
	good(t, hook_remove(t->repo, hook, false, &gone, &t->err));
	assert_true(gone);
	assert_string_equal(sh(t, "cat .git/hooks/*"), "#!/bin/sh\nexit 0");
	sh(t, "mkdir ../mine; git config core.hooksPath \"$PWD/../mine\"");
	assert_int_equal(hook_now(t)->state, HOOK_ELSEWHERE);
	sh(t, "git config core.hooksPath \"$(cd ../mine && pwd)\"");
	assert_int_equal(hook_now(t)->state, HOOK_ELSEWHERE);
	assert_string_equal(sh(t, "ls ../mine"), "");
}

static void remotes_and_credentials(void **state)
{
	struct test *t = *state;
	struct credential c = { .protocol = "https", .host = "h.example" };
	char **urls;
	size_t count;

	sh(t, "git remote add z https://z.example/z; "
	      "git remote add origin https://o.example/o; "
	      "git remote add up https://u.example/u; "
	      "git config branch.main.remote up; git config credential.helper "
	      "'!f() { cat >/dev/null; echo username=me; echo password=pw; }; "
	      "f'");
	enter(t, ".");
	good(t, repo_remotes(t->mem, t->repo, &urls, &count, &t->err));
	assert_int_equal(count, 3);
	assert_string_equal(urls[0], "https://u.example/u");
	assert_string_equal(urls[1], "https://o.example/o");
	good(t, credential_fill(t->mem, t->repo, &c, &t->err));
	assert_string_equal(c.username, "me");
	assert_string_equal(c.password, "pw");
	sh(t, "git config credential.helper ''");
	c.username = c.password = NULL;
	good(t, credential_fill(t->mem, t->repo, &c, &t->err));
	assert_null(c.password);
}

static void the_newest_version_is_seen_everywhere(void **state)
{
	struct test *t = *state;
	int64_t newest;

	sh(t, "pair 1; commit one; git checkout -q -b up; pair 7; commit up; "
	      "git checkout -q main; git branch -q -u up");
	enter(t, ".");
	good(t, repo_newest_version(t->repo, "migrations", INT64_MAX, &newest,
				    &t->err));
	assert_int_equal(newest, 20260101000007);
	sh(t, "pair 8");
	good(t, repo_newest_version(t->repo, "migrations", INT64_MAX, &newest,
				    &t->err));
	assert_int_equal(newest, 20260101000008);
	sh(t, "git checkout -q --detach; rm migrations/*8_x*");
	good(t, repo_open(t->mem, &t->repo, &t->err));
	good(t, repo_newest_version(t->repo, "migrations", INT64_MAX, &newest,
				    &t->err));
	assert_int_equal(newest, 20260101000001);
}

static void a_process_may_talk_while_it_listens(void **state)
{
	static const char *const both[] = { "sh", "-c", "tee /dev/stderr",
					    NULL };
	static const char *const deaf[] = { "true", NULL };
	static const char *const none[] = { "git-migrate-no-such", NULL };
	struct test *t = *state;
	size_t size = (size_t)8 << 20, length;
	char *input = talloc_zero_size(t->mem, size), *out, *complaint;
	struct process *process;
	int result;

	memset(input, 'x', size);
	assert_int_equal(process_run(t->mem, both, NULL, NULL, input, size,
				     &out, &length, &complaint, &t->err),
			 0);
	assert_int_equal(length, size);
	assert_int_equal(strlen(complaint), size);
	assert_int_equal(process_run(t->mem, deaf, NULL, NULL, input, size,
				     &out, &length, NULL, &t->err),
			 0);
	good(t, process_start(t->mem, deaf, NULL, NULL, PROCESS_IN, &process,
			      &t->err));
	result = process_write(process, input, size);
	assert_int_equal(result, -1);
	assert_int_equal(errno, EPIPE);
	talloc_free(process);
	assert_int_equal(process_run(t->mem, none, NULL, NULL, NULL, 0, &out,
				     &length, NULL, &t->err),
			 -1);
	assert_string_equal(t->err.message,
			    "unable to run 'git-migrate-no-such': "
			    "No such file or directory");
}

static void history_that_cannot_be_read_is_an_error(void **state)
{
	struct test *t = *state;
	const struct migration *list[1];
	struct origin *found;
	struct set *set;

	sh(t, "pair 1; commit one; pair 2; commit two; "
	      "git config diff.orderFile /nonexistent");
	assert_string_equal(origins(t), "1:one 2:two ");
	good(t, repo_set_commit(t->mem, t->repo, t->repo->head, "migrations",
				&set, &t->err));
	list[0] = &set->list[0];
	/* what was found out is remembered */
	sh(t, "rm -f .git/migrate/origins "
	      "\".git/objects/$(git rev-parse HEAD~1 | sed 's:^..:&/:')\"");
	assert_int_equal(repo_origins(t->mem, t->repo, t->repo->head,
				      "migrations", list, 1, &found, &t->err),
			 -1);
	assert_string_equal(t->err.message, "unable to walk the history of "
					    "'migrations/'");
}

static void other_repositories_hooks_are_not_written(void **state)
{
	static const struct {
		const char *script;
		enum hook_state state;
	} places[] = {
		{ "git config core.hooksPath ../mine", HOOK_ELSEWHERE },
		{ "git config core.hooksPath .husky/_; mkdir -p .husky/_",
		  HOOK_FOREIGN },
		{ "git config --unset core.hooksPath; rm -rf .git/hooks; "
		  "ln -s \"$(cd ../mine && pwd)\" .git/hooks",
		  HOOK_ELSEWHERE },
		{ "rm .git/hooks; mkdir .git/hooks; "
		  "ln -s nowhere .git/hooks/pre-commit",
		  HOOK_FOREIGN },
	};
	struct test *t = *state;

	sh(t, "mkdir ../mine");
	enter(t, ".");
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		sh(t, places[i].script);
		assert_int_equal(hook_now(t)->state, places[i].state);
	}
	sh(t, "rm .git/hooks/pre-commit; printf '#!/bin/sh\\ngit migrate hook "
	      "pre-commit || exit 1\\n' >.git/hooks/pre-commit; "
	      "chmod +x .git/hooks/pre-commit");
	assert_int_equal(hook_now(t)->state, HOOK_CALLS_US);
}

static void the_shared_file_is_found_and_its_lines_named(void **state)
{
	struct test *t = *state;
	struct config *config = config_new(t->mem);

	sh(t, "printf '[migrate]\\n\\tdir = m\\n' >.gitmigrate; commit one; "
	      "rm .gitmigrate");
	enter(t, ".");
	good(t, repo_config(t->repo, config, &t->err));
	assert_string_equal(config_get(config, "migrate.dir"), "m");
	sh(t, "printf '[migrate-target \"a\"]\\nurl = sqlite:a.db\\n"
	      "[migrate-target \"b\"]\\nurl = postgresql://u:p@h/d\\n' "
	      ">.gitmigrate");
	enter(t, ".");
	assert_int_equal(repo_config(t->repo, config, &t->err), -1);
	assert_int_equal(t->err.line, 4);
	sh(t, "rm .gitmigrate; ln -s /dev/zero .gitmigrate");
	enter(t, ".");
	assert_int_equal(repo_config(t->repo, config, &t->err), -1);
	assert_string_equal(t->err.message,
			    "'.gitmigrate' is not a regular file");
}

static void odd_surroundings_do_not_matter(void **state)
{
	struct test *t = *state;
	struct set *set;
	char **urls;
	size_t count;

	sh(t, "pair 1; commit one; mkdir ../tree; mv migrations ../tree/; "
	      "git config core.worktree \"$(cd ../tree && pwd)\"; "
	      "git config url.https://long.example/.insteadOf s:; "
	      "git remote add origin s:x");
	setenv("GIT_GLOB_PATHSPECS", "1", 1);
	enter(t, ".");
	good(t, repo_set_worktree(t->mem, t->repo, "migrations", false, &set,
				  &t->err));
	unsetenv("GIT_GLOB_PATHSPECS");
	paths_are(set, "1u 1d ");
	good(t, repo_remotes(t->mem, t->repo, &urls, &count, &t->err));
	assert_string_equal(urls[0], "https://long.example/x");
}

#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, gitbed_set_up, gitbed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_wherever_git_does),
		TEST(knows_what_head_and_the_proofs_are),
		TEST(says_when_there_is_no_repository),
		TEST(sha256_names_are_64_long),
		TEST(sets_of_commit_index_and_work_tree),
		TEST(line_ends_do_not_change_an_id),
		TEST(a_kept_text_can_be_read),
		TEST(blobs_can_be_asked_for_ahead),
		TEST(refuses_links_and_conflicts),
		TEST(finds_where_pairs_came_from),
		TEST(a_merge_can_be_where_a_pair_came_from),
		TEST(the_boundary_of_a_shallow_clone_is_inexact),
		TEST(twenty_writers_lose_nothing),
		TEST(notes_stand_beside_those_of_git),
		TEST(a_hook_of_others_is_left_alone),
		TEST(other_repositories_hooks_are_not_written),
		TEST(remotes_and_credentials),
		TEST(the_newest_version_is_seen_everywhere),
		TEST(history_that_cannot_be_read_is_an_error),
		TEST(the_shared_file_is_found_and_its_lines_named),
		TEST(odd_surroundings_do_not_matter),
		TEST(a_process_may_talk_while_it_listens),
	};

	return gitbed_run(tests);
}
