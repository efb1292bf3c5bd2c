#include "core/scaffold/scaffold.h"

#include <stdlib.h>
#include <string.h>

#include "core/migration.h"
#include "core/scaffold/rebuild.h"
#include "core/scaffold/render.h"
#include "core/sql/script.h"

/* PostgreSQL cuts names there. */
#define NAME_BYTES 63

/* One pair's files: [N-PHASE.][ENGINE.]up.sql and down.sql. */
struct step {
	long number;
	const char *phase;   /* NULL: the only pair */
	const char *file[2]; /* by enum direction */
	bool exact[2];	     /* for this engine alone */
};

struct making {
	TALLOC_CTX *mem;
	const struct scaffold_request *request;
	struct choice choice;
	struct rebuild_source *source;
	struct step *steps;
	size_t step_count;
	struct scaffold *out;
	struct error *err;
};

/* --- values --- */

static void apply_rules(struct making *m)
{
	const struct template *t = m->choice.template;

	for (size_t i = 0; i < t->rule_count; i++) {
		const struct word_rule *rule = &t->rules[i];
		const struct value *v = values_find(m->choice.values,
						    rule->name);
		char *text, *rest, *word;

		if (!v)
			continue;
		text = talloc_strdup(m->mem, v->items[0].plain);
		for (char *c = text; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c | 0x20);
		rest = text;
		while ((word = strsep(&rest, " ()")) != NULL)
			if (*word &&
			    strstr(rule->words,
				   talloc_asprintf(m->mem, " %s ", word))) {
				values_set_field(m->choice.values, rule->name,
						 rule->field, "yes");
				break;
			}
	}
}

static void cut_name(char *text)
{
	size_t length = strlen(text);

	if (length <= NAME_BYTES)
		return;
	length = NAME_BYTES;
	while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	text[length] = '\0';
}

static int apply_fallbacks(struct making *m)
{
	const struct template *t = m->choice.template;

	for (size_t i = 0; i < t->parameter_count; i++) {
		const struct parameter *p = &t->parameters[i];
		char *text;

		if (!p->fallback || values_find(m->choice.values, p->name))
			continue;
		if (render(m->mem, t->path, p->fallback, m->choice.values, NULL,
			   &text, m->err) < 0)
			return -1;
		if (p->kind == VALUE_NAME)
			cut_name(text);
		if (!*text && p->required) {
			error_set(m->err, ERROR_USAGE,
				  "template '%s' needs --%s", t->name, p->name);
			return error_hint(m->err, "it takes %s",
					  template_usage(m->mem, t));
		}
		if (*text && values_add(m->choice.values, p->name, p->kind,
					text, m->err) < 0)
			return -1;
	}
	return 0;
}

/* --- files --- */

static struct step *find_step(struct making *m, long number, const char *phase)
{
	for (size_t i = 0; i < m->step_count; i++)
		if (m->steps[i].number == number)
			return &m->steps[i];
	m->steps = talloc_realloc(m->mem, m->steps, struct step,
				  (unsigned)m->step_count + 1);
	m->steps[m->step_count] = (struct step){ .number = number,
						 .phase = phase };
	return &m->steps[m->step_count++];
}

/* Takes "1-expand." off; false when it is malformed. */
static bool take_phase(struct making *m, const char **rest, long *number,
		       const char **phase)
{
	const char *dot = strchr(*rest, '.');
	char *end;

	*number = 0;
	*phase = NULL;
	if (**rest < '0' || **rest > '9')
		return true;
	*number = strtol(*rest, &end, 10);
	if (*end != '-' || !dot || dot < end + 2)
		return false;
	*phase = talloc_strndup(m->mem, end + 1, (size_t)(dot - end - 1));
	*rest = dot + 1;
	return true;
}

static void take_file(struct making *m, const char *file)
{
	const char *engine = db_engine_family(m->request->engine), *rest = file;
	size_t length = strlen(engine);
	enum direction direction;
	const char *phase;
	struct step *step;
	bool exact = false;
	long number;

	if (!take_phase(m, &rest, &number, &phase))
		return;
	if (!strncmp(rest, engine, length) && rest[length] == '.') {
		exact = true;
		rest += length + 1;
	}
	if (!strcmp(rest, "up.sql"))
		direction = DIRECTION_UP;
	else if (!strcmp(rest, "down.sql"))
		direction = DIRECTION_DOWN;
	else
		return;
	step = find_step(m, number, phase);
	if (step->file[direction] && step->exact[direction])
		return;
	step->file[direction] = file;
	step->exact[direction] = exact;
}

static int by_number(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int find_steps(struct making *m)
{
	const char *name = m->choice.template->name;
	char *folder = talloc_asprintf(m->mem, "templates/sql/%s", name);
	char **files;
	size_t count;

	overlay_list(m->mem, m->request->overlay, folder, &files, &count);
	for (size_t i = 0; i < count; i++)
		take_file(m, files[i]);
	for (size_t i = 0; i < m->step_count; i++)
		if (!m->steps[i].file[DIRECTION_UP] ||
		    !m->steps[i].file[DIRECTION_DOWN])
			return error_set(m->err, ERROR_FAILED,
					 "template '%s' has half a pair for "
					 "%s",
					 name, m->request->engine->name);
	if (!m->step_count)
		return error_set(m->err, ERROR_FAILED,
				 "template '%s' has no scripts for %s", name,
				 m->request->engine->name);
	qsort(m->steps, m->step_count, sizeof(*m->steps), by_number);
	return 0;
}

/* --- scripts --- */

/* A script that no command would read is the template's fault. */
static int check_script(struct making *m, const char *path, const char *text,
			bool down)
{
	struct script *script;

	if (script_parse(m->mem, path, (char *)(uintptr_t)text, strlen(text),
			 m->request->engine->dialect, &script, m->err) < 0)
		return error_prefix(m->err, "in the script it makes");
	for (size_t i = 0; i < script->directive_count; i++)
		m->out->edits += script->directives[i].kind == DIRECTIVE_EDIT;
	if (script_directive(script, DIRECTIVE_EDIT))
		return 0;
	return script_check_runnable(script, down, m->err);
}

static int make_script(struct making *m, const struct step *step,
		       enum direction direction, const char **text)
{
	struct render_block block = { "rebuild", rebuild_make, m->source };
	char *path = talloc_asprintf(m->mem, "templates/sql/%s/%s",
				     m->choice.template->name,
				     step->file[direction]);
	struct overlay_file *file;
	char *made;

	if (overlay_read(m->mem, m->request->overlay, path, &file, m->err) < 0)
		return -1;
	if (!file)
		return error_set(m->err, ERROR_FAILED,
				 "'%s' has just gone away", path);
	if (render(m->out, file->path, file->text, m->choice.values, &block,
		   &made, m->err) < 0)
		return -1;
	*text = made;
	return check_script(m, file->path, made, direction == DIRECTION_DOWN);
}

static int make_pairs(struct making *m)
{
	struct scaffold *out = m->out;

	out->pairs = talloc_zero_array(out, struct scaffold_pair,
				       (unsigned)m->step_count);
	for (size_t i = 0; i < m->step_count; i++) {
		const struct step *step = &m->steps[i];
		struct scaffold_pair *pair = &out->pairs[i];

		pair->name = step->phase ? talloc_asprintf(out, "%s_%s",
							   m->request->name,
							   step->phase)
					 : talloc_strdup(out, m->request->name);
		for (int d = DIRECTION_UP; d <= DIRECTION_DOWN; d++)
			if (make_script(m, step, (enum direction)d,
					&pair->text[d]) < 0)
				return -1;
		out->count++;
	}
	return 0;
}

static int make(struct making *m)
{
	const struct scaffold_request *r = m->request;
	struct target_access access = r->access;
	char *problem;

	if (choose(m->mem, r->templates, r->engine, r->name, r->template_name,
		   r->given, r->given_count, &m->choice, m->err) < 0)
		return -1;
	apply_rules(m);
	if (ask(m->mem, r->overlay, m->choice.template, m->choice.values,
		&access, m->source, &problem, m->err) < 0 ||
	    apply_fallbacks(m) < 0 || find_steps(m) < 0 || make_pairs(m) < 0)
		return -1;
	m->out->template_name = talloc_strdup(m->out, m->choice.template->name);
	if (m->choice.later)
		m->out->later = talloc_strdup(m->out, m->choice.later);
	if (!problem)
		problem = m->source->reason;
	if (problem)
		m->out->problem = talloc_strdup(m->out, problem);
	return 0;
}

int scaffold_make(TALLOC_CTX *mem, const struct scaffold_request *request,
		  struct scaffold **scaffold, struct error *err)
{
	struct making m = {
		.mem = talloc_new(mem),
		.request = request,
		.out = talloc_zero(mem, struct scaffold),
		.err = err,
	};
	int result;

	m.source = talloc_zero(m.mem, struct rebuild_source);
	result = make(&m);
	talloc_free(m.mem);
	if (result == 0)
		*scaffold = m.out;
	else
		talloc_free(m.out);
	return result;
}
