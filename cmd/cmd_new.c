#include "cmd/derived.h"

#include <stdio.h>
#include <string.h>

#include "core/base/overlay.h"
#include "core/base/text.h"
#include "core/scaffold/name.h"
#include "core/scaffold/pending.h"
#include "core/scaffold/place.h"
#include "core/scaffold/scaffold.h"

static const char *const usage[] = {
	"git migrate new [--template T] [--table T] [--column C]... NAME",
	"git migrate new --up FILE [--no-prove] NAME",
	"git migrate new --list-templates",
	NULL,
};

/* A person waits: a target that does not answer is not asked. */
#define TARGET_WAIT_MS 3000

struct new
{
	struct cmd cmd;
	struct overlay *overlay;
	struct templates *templates;
	bool list;
	const char *template_name;
	const char *up; /* the file of an up script that is known */
	bool no_prove;
	struct derived derived;
	struct text_list columns, settings; /* --set NAME=VALUE */
	const char *table, *type, *fallback, *fill, *index, *where;
	const char *to, *references, *condition, *using;
	bool unique, not_null;

	struct given *given;
	size_t given_count;
	struct scaffold *scaffold;
	char *lost; /* letters of the name */
	char **paths;
	size_t path_count;
};

/* --- the command line --- */

static void give(struct new *n, const char *name, const char *text)
{
	if (!text)
		return;
	n->given = talloc_realloc(n->cmd.mem, n->given, struct given,
				  (unsigned)n->given_count + 1);
	n->given[n->given_count++] = (struct given){ name, text };
}

static int give_setting(struct new *n, const char *setting)
{
	const char *equals = strchr(setting, '=');
	char *shown;

	if (equals && equals > setting) {
		give(n,
		     talloc_strndup(n->cmd.mem, setting,
				    (size_t)(equals - setting)),
		     equals + 1);
		return 0;
	}
	shown = text_visible(n->cmd.mem, setting, false);
	return error_set(&n->cmd.err, ERROR_USAGE,
			 "--set expects NAME=VALUE, not '%s'", shown);
}

static int collect(struct new *n)
{
	give(n, "table", n->table);
	for (size_t i = 0; i < n->columns.count; i++)
		give(n, "column", n->columns.list[i]);
	give(n, "type", n->type);
	give(n, "default", n->fallback);
	give(n, "fill", n->fill);
	give(n, "index", n->index);
	give(n, "where", n->where);
	give(n, "to", n->to);
	give(n, "references", n->references);
	give(n, "condition", n->condition);
	give(n, "using", n->using);
	give(n, "unique", n->unique ? "yes" : NULL);
	give(n, "not-null", n->not_null ? "yes" : NULL);
	for (size_t i = 0; i < n->settings.count; i++)
		if (give_setting(n, n->settings.list[i]) < 0)
			return -1;
	return 0;
}

/* --- the list of templates --- */

static const char *source_of(const struct template *t)
{
	return t->source == OVERLAY_BUILT_IN ? "built in" : t->path;
}

static json_t *template_json(const struct template *t)
{
	json_t *parameters = json_array(), *names = json_array();

	for (size_t i = 0; i < t->parameter_count; i++) {
		const struct parameter *p = &t->parameters[i];

		json_array_append_new(
			parameters,
			json_pack("{s:s, s:b, s:b}", "name", p->name,
				  "required", p->required && !p->fallback,
				  "list", value_kind_is_list(p->kind)));
	}
	for (size_t i = 0; i < t->pattern_count; i++)
		if (!t->patterns[i].later)
			json_array_append_new(names,
					      json_string(t->patterns[i].text));
	return json_pack("{s:s, s:s, s:o, s:o, s:s}", "name", t->name,
			 "summary", t->summary, "parameters", parameters,
			 "names", names, "source", source_of(t));
}

static void print_template(const struct new *n, const struct template *t)
{
	TALLOC_CTX *mem = talloc_new(NULL);

	printf("%-21s %s\n", text_visible(mem, t->name, false),
	       text_visible(mem, t->summary, false));
	if (t->parameter_count)
		printf("    %s\n",
		       text_visible(mem, template_usage(mem, t), false));
	for (size_t i = 0; n->cmd.verbose && i < t->pattern_count; i++)
		if (!t->patterns[i].later)
			printf("    %s\n",
			       text_visible(mem, t->patterns[i].text, false));
	if (t->source != OVERLAY_BUILT_IN)
		printf("    from %s\n", text_visible(mem, t->path, false));
	talloc_free(mem);
}

static void print_templates(const struct new *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->templates->count; i++) {
		if (n->cmd.json)
			json_array_append_new(
				list, template_json(&n->templates->list[i]));
		else
			print_template(n, &n->templates->list[i]);
	}
	if (n->cmd.json)
		cmd_print_json(json_pack("{s:O}", "templates", list));
	json_decref(list);
}

/* --- making --- */

/* The target as it will be when what is pending has been applied. */
static int open_as_it_will_be(struct new *n, const char *subject,
			      struct db **db)
{
	struct cmd *cmd = &n->cmd;
	struct prover prover = { .read = cmd_read_blob, .read_data = cmd };
	struct ledger *ledger;
	struct set *here;

	if (cmd_open_target(cmd, CMD_READ) < 0)
		return -1;
	*db = cmd->db;
	if (cmd_set_here(cmd, true, &here) < 0 || cmd_ledger(cmd, &ledger) < 0)
		return -1;
	prover.target = cmd->db;
	prover.scratch_url = cmd->target.scratch_url;
	prover.forbidden = !cmd_may_scratch(cmd);
	return pending_open(cmd->mem, &prover, here, ledger, subject, db,
			    &cmd->err);
}

static int open_target(struct db **db, const char *subject, void *data,
		       struct error *err)
{
	struct new *n = data;
	struct error kept = n->cmd.err;
	int result;

	n->cmd.err = (struct error){ 0 };
	n->cmd.wait_ms = n->cmd.connect_ms = TARGET_WAIT_MS;
	result = open_as_it_will_be(n, subject, db);
	*err = n->cmd.err;
	n->cmd.err = kept;
	return result;
}

static int find_engine(struct new *n, const struct db_engine **engine)
{
	struct cmd *cmd = &n->cmd;

	if (config_target(cmd->mem, cmd->config, cmd->target_option,
			  &cmd->target, &cmd->err) < 0)
		return -1;
	cmd_hint_target(cmd);
	*engine = db_engine_for(cmd->target.url, &cmd->err);
	return *engine ? 0 : -1;
}

static int make(struct new *n, int argc, char **argv)
{
	struct cmd *cmd = &n->cmd;
	struct scaffold_request request = {
		.template_name = n->template_name,
		.overlay = n->overlay,
		.templates = n->templates,
		.access = { open_target, n, NULL },
	};
	char *name;

	if (collect(n) < 0 ||
	    name_make(cmd->mem, (const char *const *)argv, (size_t)argc, &name,
		      &cmd->err) < 0 ||
	    find_engine(n, &request.engine) < 0)
		return -1;
	n->lost = name_lost(cmd->mem, (const char *const *)argv, (size_t)argc);
	request.name = name;
	request.given = n->given;
	request.given_count = n->given_count;
	return scaffold_make(cmd->mem, &request, &n->scaffold, &cmd->err);
}

/* The pair of an up script that is known. */
static int make_from_up(struct new *n, int argc, char **argv)
{
	struct cmd *cmd = &n->cmd;
	struct scaffold *s = talloc_zero(cmd->mem, struct scaffold);
	char *name, *text, *copy;
	size_t length;

	if (name_make(cmd->mem, (const char *const *)argv, (size_t)argc, &name,
		      &cmd->err) < 0 ||
	    derived_read(cmd, n->up, &text, &length) < 0)
		return -1;
	copy = talloc_strndup(cmd->mem, text, length);
	if (derived_make(&n->derived, n->up, text, length, name) < 0)
		return -1;
	s->pairs = talloc_zero_array(s, struct scaffold_pair, 1);
	s->count = 1;
	s->pairs[0].name = name;
	s->pairs[0].text[DIRECTION_UP] = copy;
	s->pairs[0].text[DIRECTION_DOWN] = n->derived.script->text;
	s->edits = n->derived.script->edits;
	n->scaffold = s;
	return 0;
}

/* What has a version that nothing comes after may be others'. */
static int newest_version(struct cmd *cmd, int64_t *newest)
{
	char digits[VERSION_LENGTH + 1];

	if (repo_newest_version(cmd->repo, cmd->dir, INT64_MAX, newest,
				&cmd->err) < 0)
		return -1;
	if (*newest < VERSION_END)
		return 0;
	version_format(*newest, digits);
	cmd_warning("no version comes after %s: what is made now comes before "
		    "it",
		    digits);
	cmd_hint(cmd,
		 "if nobody else has that one, give it the version of now: git "
		 "migrate renumber %s",
		 digits);
	return repo_newest_version(cmd->repo, cmd->dir, VERSION_END, newest,
				   &cmd->err);
}

static int place(struct new *n)
{
	struct cmd *cmd = &n->cmd;
	struct place *place;
	int64_t newest;
	int result;

	cmd_catch_signals(); /* a pair is written whole */
	if (place_open(cmd->mem, cmd->repo->top, cmd->dir, &place, &cmd->err) <
	    0)
		return -1;
	result = newest_version(cmd, &newest);
	if (result == 0)
		result = place_write(cmd->mem, place, n->scaffold,
				     version_at(clock_wall_us()), newest,
				     &n->paths, &n->path_count, &cmd->err);
	talloc_free(place);
	return result;
}

/* --- telling --- */

/* A path from the top, as it is called from where we are. */
static char *from_here(TALLOC_CTX *mem, const char *path, const char *prefix)
{
	char *out = talloc_strdup(mem, "");
	const char *slash;

	while ((slash = strchr(prefix, '/')) != NULL &&
	       !strncmp(path, prefix, (size_t)(slash - prefix) + 1)) {
		path += slash - prefix + 1;
		prefix = slash + 1;
	}
	for (; (slash = strchr(prefix, '/')) != NULL; prefix = slash + 1)
		out = talloc_strdup_append_buffer(out, "../");
	return talloc_strdup_append_buffer(out, path);
}

/* It may have failed to open. */
static const char *target_name(const struct new *n)
{
	return n->cmd.target.name ? n->cmd.target.name
				  : url_redact(n->cmd.mem, n->cmd.target.url);
}

static json_t *notes_json(const struct new *n)
{
	json_t *notes = json_array();

	if (n->scaffold->later)
		json_array_append_new(
			notes, json_sprintf("there is no template '%s' yet",
					    n->scaffold->later));
	if (n->lost)
		json_array_append_new(
			notes,
			json_sprintf("'%s' is left out of the name", n->lost));
	if (n->scaffold->problem)
		json_array_append_new(
			notes,
			json_sprintf("target '%s' could not help: %s",
				     target_name(n), n->scaffold->problem));
	return notes;
}

static void print_paths(const struct new *n)
{
	const struct cmd *cmd = &n->cmd;
	json_t *created = json_array();

	for (size_t i = 0; i < n->path_count; i++) {
		char *path = from_here(cmd->mem, n->paths[i],
				       cmd->repo->prefix);

		if (cmd->json)
			json_array_append_new(created, json_string(path));
		else
			puts(path);
	}
	if (cmd->json)
		cmd_print_json(json_pack(
			"{s:O, s:s?, s:i, s:o, s:o}", "created", created,
			"template", n->scaffold->template_name, "edits",
			(int)n->scaffold->edits, "notes", notes_json(n),
			"proof", derived_proof_json(&n->derived)));
	json_decref(created);
}

static void first_version(const struct new *n, char version[VERSION_LENGTH + 1])
{
	memcpy(version, strrchr(n->paths[0], '/') + 1, VERSION_LENGTH);
	version[VERSION_LENGTH] = '\0';
}

static void say_next(const struct new *n)
{
	const struct cmd *cmd = &n->cmd;
	const struct scaffold *s = n->scaffold;
	char version[VERSION_LENGTH + 1] = "";

	if (n->lost)
		cmd_warning("a name is made of a-z, 0-9 and _: '%s' is left "
			    "out of it",
			    n->lost);
	if (s->later)
		cmd_hint(cmd,
			 "there is no template '%s' yet: the pair is "
			 "blank",
			 s->later);
	if (s->problem)
		cmd_hint(cmd, "target '%s' could not help: %s", target_name(n),
			 s->problem);
	if (s->edits == 1)
		cmd_hint(cmd, "do what the '-- migrate: edit' line says, and "
			      "take it out");
	else if (s->edits)
		cmd_hint(cmd,
			 "do what the %zu '-- migrate: edit' lines say, "
			 "and take them out",
			 s->edits);
	first_version(n, version);
	cmd_hint(cmd, "%s: git migrate prove %s", s->edits ? "then" : "next",
		 version);
}

static int run_from_up(struct new *n, int argc, char **argv)
{
	char version[VERSION_LENGTH + 1];
	int64_t number;

	n->derived.cmd = &n->cmd;
	n->derived.version = -1;
	if (make_from_up(n, argc, argv) < 0 || place(n) < 0)
		return -1;
	first_version(n, version);
	if (!n->no_prove && (version_parse(version, &number) < 0 ||
			     derived_prove(&n->derived, number) < 0))
		return -1;
	print_paths(n);
	derived_show(&n->derived, version);
	return 0;
}

static int run(struct new *n, int argc, char **argv)
{
	struct cmd *cmd = &n->cmd;

	if (cmd_open_repo(cmd) < 0)
		return -1;
	n->overlay = overlay_new(cmd->mem, cmd->repo->top);
	if (templates_read(cmd->mem, n->overlay, &n->templates, &cmd->err) < 0)
		return -1;
	if (n->list) {
		print_templates(n);
		return 0;
	}
	if (!cmd->repo->top)
		return error_set(&cmd->err, ERROR_FAILED,
				 "new needs a work tree, and this repository "
				 "is bare");
	if (n->up)
		return run_from_up(n, argc, argv);
	if (make(n, argc, argv) < 0 || place(n) < 0)
		return -1;
	print_paths(n);
	say_next(n);
	return 0;
}

int cmd_new(int argc, char **argv)
{
	struct new n = { .cmd = CMD_INIT };
	const struct option options[] = {
		{ OPTION_TEXT, 'T', "template", "T",
		  "instead of the one that the name tells", &n.template_name },
		{ OPTION_TEXT, 0, "up", "FILE",
		  "the up script (-: standard input); derive the down script",
		  &n.up },
		{ OPTION_FLAG, 0, "no-prove", NULL,
		  "do not prove what was derived", &n.no_prove },
		{ OPTION_TEXT, 0, "table", "NAME", "the table", &n.table },
		{ OPTION_TEXTS, 0, "column", "NAME[:TYPE]",
		  "a column; several for a new table or an index", &n.columns },
		{ OPTION_TEXT, 0, "type", "SQL", "the column's type", &n.type },
		{ OPTION_TEXT, 0, "default", "SQL", "the column's default",
		  &n.fallback },
		{ OPTION_FLAG, 0, "not-null", NULL,
		  "the column must have a value", &n.not_null },
		{ OPTION_TEXT, 0, "fill", "SQL",
		  "the value for rows that have none", &n.fill },
		{ OPTION_TEXT, 0, "index", "NAME", "the index", &n.index },
		{ OPTION_FLAG, 0, "unique", NULL, "no value twice", &n.unique },
		{ OPTION_TEXT, 0, "where", "SQL", "only for these rows",
		  &n.where },
		{ OPTION_TEXT, 0, "to", "NAME", "the column's new name",
		  &n.to },
		{ OPTION_TEXT, 0, "references", "NAME",
		  "the table that a foreign key refers to", &n.references },
		{ OPTION_TEXT, 0, "condition", "SQL",
		  "what each row has to fulfil", &n.condition },
		{ OPTION_TEXT, 0, "using", "SQL", "the value in the new type",
		  &n.using },
		{ OPTION_TEXTS, 0, "set", "NAME=VALUE",
		  "any other parameter of a template", &n.settings },
		{ OPTION_FLAG, 0, "list-templates", NULL,
		  "show the templates and what they take", &n.list },
		CMD_TARGET(n.cmd),
		CMD_JSON(n.cmd),
		CMD_COMMON(n.cmd),
		CMD_END,
	};
	int status;

	if (options_parse(n.cmd.mem, options, usage, &argc, argv, &status) < 0)
		return cmd_done(&n.cmd, status);
	if (n.list ? argc > 0 : argc < 1)
		return cmd_done(
			&n.cmd,
			n.list ? options_usage(options, usage,
					       "unexpected argument '%s'",
					       argv[0])
			       : options_usage(options, usage, "which name?"));
	if (n.up &&
	    (n.template_name || n.list || collect(&n) < 0 || n.given_count))
		return cmd_done(&n.cmd,
				options_usage(options, usage,
					      "--up takes no template and "
					      "nothing that is for one"));
	if (run(&n, argc, argv) < 0)
		return cmd_fail(&n.cmd);
	return cmd_done(&n.cmd, derived_status(&n.derived));
}
