#include "cmd/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/run/backup.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
/* More than that is more than anybody reads. */
#define MOST_LOSSES 100

/* --- the command, once more ----------------------------------------------- */

static char *add_word(char *text, const char *word)
{
	return talloc_asprintf_append(
		text, " %s",
		text_shell(text, strstr(word, "://") ? url_redact(text, word)
						     : word));
}

char *consent_command(TALLOC_CTX *mem, const char *name, int argc, char **argv)
{
	char *text = talloc_asprintf(mem, "git migrate %s", name);

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--dry-run") != 0)
			text = add_word(text, argv[i]);
	return text;
}

static char *backup_command(const struct session *s)
{
	const struct cmd *cmd = &s->cmd;
	char *text = talloc_strdup(cmd->mem, "git migrate backup --verify");

	return cmd->target_option
		       ? add_word(talloc_strdup_append(text, " --target"),
				  cmd->target_option)
		       : text;
}

/* --- what is asked for ---------------------------------------------------- */

static char *age_text(TALLOC_CTX *mem, int64_t ms)
{
	if (ms >= 2 * DAY_MS && ms % DAY_MS == 0)
		return talloc_asprintf(mem, "%lld days",
				       (long long)(ms / DAY_MS));
	if (ms % HOUR_MS == 0)
		return talloc_asprintf(mem, "%lld h",
				       (long long)(ms / HOUR_MS));
	return text_duration(mem, (double)ms);
}

static int read_rule(struct cmd *cmd, struct consent *c)
{
	static const struct {
		const char *name;
		enum consent_rule rule;
	} rules[] = {
		{ "never", CONSENT_NEVER },
		{ "destructive", CONSENT_DESTRUCTIVE },
		{ "always", CONSENT_ALWAYS },
	};
	const char *value = config_get(cmd->config, "migrate.requirebackup");

	c->rule = CONSENT_DESTRUCTIVE;
	for (size_t i = 0; value && i < sizeof(rules) / sizeof(*rules); i++)
		if (!strcmp(value, rules[i].name)) {
			c->rule = rules[i].rule;
			value = NULL;
		}
	if (value) {
		error_set(&cmd->err, ERROR_FAILED,
			  "bad value '%s' for 'migrate.requireBackup'", value);
		return error_hint(&cmd->err, "write destructive, always or "
					     "never");
	}
	return config_span(cmd->config, "migrate.backupmaxage",
			   BACKUP_MAX_AGE_MS, &c->max_age_ms, &cmd->err);
}

static int look(struct session *s, const struct plan *const *plans,
		size_t count, bool downs, struct consent *c)
{
	struct cmd *cmd = &s->cmd;

	*c = (struct consent){ .now_us = clock_wall_us(),
			       .host = backup_host(cmd->mem) };
	if (read_rule(cmd, c) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (consent_add(cmd->mem, c, &s->runner, plans[i], &cmd->err) <
		    0)
			return -1;
	if (downs &&
	    consent_add_downs(cmd->mem, c, &s->runner, plans[0], &cmd->err) < 0)
		return -1;
	return consent_backup(cmd->mem, c, cmd->db, &cmd->err);
}

static bool is_in(const int64_t *list, size_t count, int64_t version)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == version)
			return true;
	return false;
}

/* --- saying no ------------------------------------------------------------ */

/* "migration 'x'" or "3 migrations" */
static char *subject(TALLOC_CTX *mem, const struct consent *c, size_t versions)
{
	return versions == 1 ? talloc_asprintf(mem, "migration '%s' destroys",
					       c->losses[0].label)
			     : talloc_asprintf(mem, "%zu migrations destroy",
					       versions);
}

static void list_losses(TALLOC_CTX *mem, const struct consent *c, char **lines)
{
	*lines = talloc_strdup(mem, "");
	for (size_t i = 0; i < c->loss_count && i < MOST_LOSSES; i++)
		*lines = talloc_asprintf_append_buffer(
			*lines, "%s%s: %s", i ? "\n" : "", c->losses[i].place,
			c->losses[i].what);
	if (c->loss_count > MOST_LOSSES)
		*lines = talloc_asprintf_append(*lines, "\n... and %zu more",
						c->loss_count - MOST_LOSSES);
}

static void hint_backup(struct session *s, const struct consent *c)
{
	struct error *err = &s->cmd.err;

	error_hint(err, "take one first: %s", backup_command(s));
	if (c->near)
		error_hint(err, "or verify the one of %.19s: %s --from '%s'",
			   c->near->started_at, backup_command(s),
			   c->near->path);
}

static int refuse_without_backup(struct session *s, const struct consent *c)
{
	struct cmd *cmd = &s->cmd;

	error_set(&cmd->err, ERROR_REFUSED,
		  "target '%s' is protected, and no verified backup of it is "
		  "younger than %s",
		  cmd_target_name(cmd), age_text(cmd->mem, c->max_age_ms));
	hint_backup(s, c);
	return -1;
}

static int refuse(struct session *s, const struct consent *c,
		  const int64_t *versions, size_t count, size_t all)
{
	struct cmd *cmd = &s->cmd;
	char *command = talloc_strdup(cmd->mem, s->command), *lines;
	char version[VERSION_LENGTH + 1];

	error_set(&cmd->err, ERROR_REFUSED,
		  "%s data on the protected target '%s', and %s%s%s",
		  subject(cmd->mem, c, all), cmd_target_name(cmd),
		  count ? "nobody has confirmed that" : "",
		  count && c->needs_backup ? ", and " : "",
		  c->needs_backup
			  ? talloc_asprintf(cmd->mem,
					    "no verified backup of it is "
					    "younger than %s",
					    age_text(cmd->mem, c->max_age_ms))
			  : "");
	list_losses(cmd->mem, c, &lines);
	error_detail(&cmd->err, "%s", lines);
	if (c->needs_backup)
		hint_backup(s, c);
	for (size_t i = 0; i < count; i++)
		command = talloc_asprintf_append(
			command, " --confirm %s",
			version_format(versions[i], version));
	if (count)
		error_hint(&cmd->err, "if that is meant: %s", command);
	return -1;
}

/* --- asking --------------------------------------------------------------- */

static bool ask(struct session *s, const struct consent *c, size_t versions)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	char answer[16] = "", *lines, *shown;

	list_losses(mem, c, &lines);
	shown = text_visible(mem, lines, true);
	fflush(stdout);
	fprintf(stderr, "%s data on the protected target '%s':\n%s\n",
		subject(mem, c, versions), cmd_target_name(&s->cmd), shown);
	fputs("Go on? [y/N] ", stderr);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', stderr);
	talloc_free(mem);
	return !strcasecmp(answer, "y\n") || !strcasecmp(answer, "yes\n");
}

static void confirmed(struct session *s, const int64_t *versions, size_t count,
		      const char *how)
{
	struct cmd *cmd = &s->cmd;

	s->confirmed = talloc_memdup(cmd->mem, versions,
				     (count + 1) * sizeof(*versions));
	s->confirmed_count = count;
	s->confirmed_by = talloc_asprintf(
		cmd->mem, "%s (%s)",
		text_visible(cmd->mem, repo_identity(cmd->mem, cmd->repo),
			     false),
		how);
}

void consent_mark(const struct session *s, struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		plan->items[i].confirmed_by = is_in(s->confirmed,
						    s->confirmed_count,
						    plan->items[i].version)
						      ? s->confirmed_by
						      : NULL;
}

static int decide(struct session *s, const struct consent *c)
{
	struct cmd *cmd = &s->cmd;
	int64_t *versions, *missing;
	size_t count = consent_versions(cmd->mem, c, &versions), left = 0;

	missing = talloc_array(cmd->mem, int64_t, (unsigned)count + 1);
	for (size_t i = 0; i < count; i++)
		if (!is_in(s->confirm.list, s->confirm.count, versions[i]) &&
		    !is_in(s->confirmed, s->confirmed_count, versions[i]))
			missing[left++] = versions[i];
	if (!count)
		return c->needs_backup ? refuse_without_backup(s, c) : 0;
	if (c->needs_backup)
		return refuse(s, c, missing, left, count);
	if (!left) {
		if (!s->confirmed_count)
			confirmed(s, versions, count, "--confirm");
		return 0;
	}
	if (cmd->json || !isatty(0) || !isatty(2))
		return refuse(s, c, missing, left, count);
	if (!ask(s, c, count))
		return error_set(&cmd->err, ERROR_REFUSED,
				 "not confirmed: nothing was run");
	confirmed(s, versions, count, "at the terminal");
	return 0;
}

int consent_ask(struct session *s, struct plan *const *plans, size_t count,
		bool downs)
{
	struct consent consent;

	if (!s->cmd.target.protected_)
		return 0;
	if (look(s, (const struct plan *const *)plans, count, downs, &consent) <
		    0 ||
	    decide(s, &consent) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		consent_mark(s, plans[i]);
	return 0;
}

int consent_preview(struct session *s, const struct plan *plan, bool downs)
{
	struct cmd *cmd = &s->cmd;
	char version[VERSION_LENGTH + 1], *shown, *lines;
	struct consent c;
	int64_t *versions;
	size_t count;

	if (!cmd->target.protected_)
		return 0;
	if (look(s, &plan, 1, downs, &c) < 0)
		return -1;
	if (cmd->json)
		return 0;
	count = consent_versions(cmd->mem, &c, &versions);
	if (c.needs_backup)
		printf("would ask for a verified backup younger than %s: %s\n",
		       age_text(cmd->mem, c.max_age_ms), backup_command(s));
	for (size_t i = 0; i < count; i++)
		printf("would ask for --confirm %s\n",
		       version_format(versions[i], version));
	list_losses(cmd->mem, &c, &lines);
	shown = text_visible(cmd->mem, lines, true);
	for (char *rest = shown, *line; *shown && (line = strsep(&rest, "\n"));)
		printf("  %s\n", line);
	return 0;
}
