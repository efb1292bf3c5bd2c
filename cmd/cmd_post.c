#include "cmd/writeup.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/thread/markdown.h"
#include "core/thread/marker.h"
#include "core/thread/tracker.h"
#include "git/http.h"

static const char *const usage[] = {
	"git migrate post [VERSION]... [--thread URL|notes] [--dry-run] "
	"[--json]",
	NULL,
};

struct post {
	struct writeup w;
	const char *thread_option;
	bool dry_run;

	const char *where;     /* "notes" or the issue's address */
	struct thread *thread; /* open, when it is an issue */
	struct tracker_place *place;
	json_t *list; /* with --json: what was done */
};

/* What the callbacks below get: one comment on its way. */
struct sending {
	struct post *p;
	const struct written *one;
	struct error err;
	enum thread_action action;
};

static const char *const action_names[] = {
	[THREAD_CREATED] = "created",
	[THREAD_EDITED] = "edited",
	[THREAD_UNCHANGED] = "unchanged",
};

/* --- saying what was done ------------------------------------------------ */

/* where: what to print; url: NULL for a note. */
static void report(struct post *p, const struct written *one, const char *where,
		   const char *url, enum thread_action action)
{
	char digits[VERSION_LENGTH + 1];

	if (p->list)
		json_array_append_new(
			p->list,
			json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s}", "version",
				  version_format(one->input.version, digits),
				  "target", one->input.target, "thread",
				  p->where, "url", url, "commit", one->commit,
				  "action", action_names[action]));
	else
		cmd_line("%s", where);
	cmd_say(&p->w.cmd, "%s: %s", one->label, action_names[action]);
	fflush(stdout);
}

static void show_dry(const struct post *p, const struct written *one,
		     const char *body)
{
	cmd_say(&p->w.cmd, "would post %s to %s", one->label,
		p->place ? p->place->url : "the note of its commit");
	printf("%s\n", body);
}

/* --- the thread in notes ------------------------------------------------- */

static char *edit_note(TALLOC_CTX *mem, const char *old, void *data)
{
	struct sending *s = data;
	const char *marker = s->one->marker;
	char *existing = old ? note_find(mem, old, marker) : NULL;
	char *now = text_time(mem, clock_wall_us()), *body, *new;

	error_release(&s->err);
	if (writeup_compose_over(mem, &s->p->w, s->one, existing, &body,
				 &s->err) < 0)
		return NULL;
	new = note_put(mem, old, body, marker, now);
	s->action = old && !strcmp(old, new) ? THREAD_UNCHANGED
		    : existing		     ? THREAD_EDITED
					     : THREAD_CREATED;
	return new;
}

static int post_note(struct post *p, const struct written *one)
{
	struct cmd *cmd = &p->w.cmd;
	struct sending s = { .p = p, .one = one };
	char *where;

	if (!one->commit) {
		error_set(&cmd->err, ERROR_REFUSED,
			  "migration '%s' is in no commit that is here, so "
			  "that there is none to note it on",
			  one->label);
		return error_hint(&cmd->err, "commit it, or post to an issue: "
					     "git migrate post --thread URL");
	}
	if (notes_edit(cmd->repo, NOTES_REF, one->commit,
		       "Notes added by 'git migrate post'", edit_note, &s,
		       &cmd->err) < 0)
		return -1;
	if (s.err.code) {
		cmd->err = s.err;
		return -1;
	}
	where = talloc_asprintf(cmd->mem, "%s %s", NOTES_REF, one->commit);
	report(p, one, where, NULL, s.action);
	return 0;
}

static int dry_note(struct post *p, const struct written *one)
{
	struct cmd *cmd = &p->w.cmd;
	char *note = NULL, *existing, *body;

	if (one->commit && notes_read(cmd->mem, cmd->repo, NOTES_REF,
				      one->commit, &note, &cmd->err) < 0)
		return -1;
	existing = note ? note_find(cmd->mem, note, one->marker) : NULL;
	if (writeup_compose_over(cmd->mem, &p->w, one, existing, &body,
				 &cmd->err) < 0)
		return -1;
	show_dry(p, one, body);
	return 0;
}

/* --- an issue ------------------------------------------------------------ */

static int compose(TALLOC_CTX *mem, const char *existing, char **body,
		   void *data, struct error *err)
{
	struct sending *s = data;

	return writeup_compose_over(mem, &s->p->w, s->one, existing, body, err);
}

static int post_issue(struct post *p, const struct written *one)
{
	struct cmd *cmd = &p->w.cmd;
	struct sending s = { .p = p, .one = one };
	struct thread_posted posted;
	char *what = talloc_asprintf(cmd->mem, "posting %s", one->label);
	int rc;

	progress_begin(cmd, what);
	rc = thread_post(cmd->mem, p->thread, one->marker, compose, &s, &posted,
			 &cmd->err);
	progress_end();
	if (rc < 0)
		return -1;
	report(p, one, posted.url, posted.url, posted.action);
	if (posted.merged)
		cmd_warning("%d more of this comment stood in the thread; "
			    "they point at %s now",
			    posted.merged, posted.url);
	if (posted.foreign)
		cmd_warning("another author's comment has the marker of %s and "
			    "was left alone: %s",
			    one->label, posted.foreign);
	return 0;
}

static int dry_issue(struct post *p, const struct written *one)
{
	struct cmd *cmd = &p->w.cmd;
	char *body;

	if (writeup_compose_over(cmd->mem, &p->w, one, NULL, &body, &cmd->err) <
	    0)
		return -1;
	show_dry(p, one,
		 markdown_limit(cmd->mem, body, one->marker,
				p->place->tracker->limit));
	return 0;
}

static int fill_credential(TALLOC_CTX *mem, const char *protocol,
			   const char *host, char **username, char **password,
			   void *data, struct error *err)
{
	struct post *p = data;
	struct credential c = { .protocol = protocol, .host = host };

	if (credential_fill(mem, p->w.cmd.repo, &c, err) < 0)
		return -1;
	*username = c.username;
	*password = c.password;
	return 0;
}

static void report_credential(const char *protocol, const char *host,
			      const char *username, const char *password,
			      bool worked, void *data)
{
	struct post *p = data;
	struct credential c = { .protocol = protocol, .host = host };
	TALLOC_CTX *mem = talloc_new(NULL);

	c.username = talloc_strdup(mem, username);
	c.password = talloc_strdup(mem, password);
	credential_report(p->w.cmd.repo, &c, worked);
	explicit_bzero(c.password, strlen(c.password));
	talloc_free(mem);
}

static int on_tick(void *data)
{
	return progress_tick(NULL, data);
}

static void on_say(const char *what, void *data)
{
	struct post *p = data;

	progress_end();
	cmd_say(&p->w.cmd, "%s", what);
	progress_begin(&p->w.cmd, "waiting");
}

static int open_issue(struct post *p)
{
	struct cmd *cmd = &p->w.cmd;
	struct http_settings http;
	struct thread_options options = {
		.config = cmd->config,
		.credential = { fill_credential, report_credential, p },
		.http.tick = on_tick,
		.say = on_say,
		.say_data = p,
	};
	char **remotes;

	if (tracker_locate(cmd->mem, cmd->config, p->where, &p->place,
			   &cmd->err) < 0 ||
	    repo_remotes(cmd->mem, cmd->repo, &remotes, &options.remote_count,
			 &cmd->err) < 0)
		return -1;
	options.remotes = (const char *const *)remotes;
	if (p->dry_run)
		return tracker_check_trust(cmd->config, p->place,
					   options.remotes,
					   options.remote_count, &cmd->err);
	if (repo_http_settings(cmd->mem, cmd->repo, p->place->api, &http,
			       &cmd->err) < 0)
		return -1;
	options.http.proxy = http.proxy;
	options.http.ca_info = http.ca_info;
	return thread_open(cmd->mem, p->where, &options, &p->thread, &cmd->err);
}

/*
 * Proofs are notes, which a clone does not bring along: without them the
 * comment would say NO where another clone said YES.
 */
static void hint_proofs(const struct post *p)
{
	const struct cmd *cmd = &p->w.cmd;
	TALLOC_CTX *mem = talloc_new(NULL);
	struct error ignored = { 0 };
	char **remotes;
	size_t count;

	if (proofs_are_empty(p->w.proofs) &&
	    repo_remotes(mem, cmd->repo, &remotes, &count, &ignored) == 0 &&
	    count)
		cmd_hint(cmd, "there is no proof here; fetch those of others: "
			      "git migrate notes fetch");
	error_release(&ignored);
	talloc_free(mem);
}

/* --- the command --------------------------------------------------------- */

static int post_all(struct post *p, int argc, char **argv)
{
	struct cmd *cmd = &p->w.cmd;
	int64_t *versions;
	size_t count;
	bool notes;

	cmd_catch_signals();
	if (writeup_open(&p->w) < 0 ||
	    writeup_choose(&p->w, argc, argv, &versions, &count) < 0)
		return -1;
	p->where = p->thread_option ? p->thread_option : writeup_thread(&p->w);
	notes = !strcmp(p->where, "notes");
	hint_proofs(p);
	if (!notes && open_issue(p) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct written one;
		int rc;

		if (writeup_gather(&p->w, versions[i], &one) < 0)
			return -1;
		if (p->dry_run)
			rc = notes ? dry_note(p, &one) : dry_issue(p, &one);
		else
			rc = notes ? post_note(p, &one) : post_issue(p, &one);
		if (rc < 0 ||
		    (!p->dry_run && writeup_keep_posted(&p->w, &one) < 0))
			return -1;
	}
	if (notes && !p->dry_run)
		cmd_hint(cmd, "see it: git log --notes=migrate; "
			      "share it: git migrate notes push");
	return 0;
}

int cmd_post(int argc, char **argv)
{
	struct post p = { .w.cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_TEXT, 0, "thread", "URL|notes",
		  "the issue, instead of the configured one",
		  &p.thread_option },
		{ OPTION_FLAG, 'n', "dry-run", NULL,
		  "print the text, send nothing", &p.dry_run },
		CMD_TARGET(p.w.cmd),
		CMD_JSON(p.w.cmd),
		CMD_COMMON(p.w.cmd),
		CMD_END,
	};
	int status, rc;

	if (options_parse(p.w.cmd.mem, options, usage, &argc, argv, &status) <
	    0)
		return cmd_done(&p.w.cmd, status);
	if (p.w.cmd.json && p.dry_run)
		return cmd_done(&p.w.cmd,
				options_usage(options, usage,
					      "--json does not go with "
					      "--dry-run"));
	if (p.w.cmd.json)
		p.list = json_array();
	rc = post_all(&p, argc, argv);
	/* what was posted before a failure was posted */
	if (p.list)
		cmd_print_json(json_pack("{s:o}", "posted", p.list));
	return rc < 0 ? cmd_fail(&p.w.cmd) : cmd_done(&p.w.cmd, 0);
}
