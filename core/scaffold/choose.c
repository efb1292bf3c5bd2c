#include "core/scaffold/choose.h"

#include <string.h>

#include "core/base/text.h"

struct choosing {
	TALLOC_CTX *mem;
	const struct templates *templates;
	const char *name;
	const struct given *given;
	size_t given_count;
	bool asked_for; /* the template was named */
	struct error *err;
};

static bool is_given(const struct choosing *c, const char *name)
{
	for (size_t i = 0; i < c->given_count; i++)
		if (!strcmp(c->given[i].name, name))
			return true;
	return false;
}

static bool takes_all(const struct choosing *c, const struct template *t)
{
	for (size_t i = 0; i < c->given_count; i++)
		if (!template_parameter(t, c->given[i].name))
			return false;
	return true;
}

/* The pattern of t that fits the name best, or NULL. */
static const struct name_pattern *best_pattern(const struct choosing *c,
					       const struct template *t)
{
	const struct name_pattern *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < t->pattern_count; i++) {
		const struct name_pattern *p = &t->patterns[i];
		size_t weight = 2 * pattern_weight(p->text) + !!p->condition;

		if ((p->condition && !c->asked_for &&
		     !is_given(c, p->condition)) ||
		    (p->later && templates_find(c->templates, p->later)) ||
		    (best && weight <= most) ||
		    !pattern_match(NULL, p->text, c->name, NULL, NULL))
			continue;
		best = p;
		most = weight;
	}
	return best;
}

/* The template whose pattern fits best; `strict`: and takes what was given. */
static const struct template *by_name(const struct choosing *c, bool strict,
				      const char **later)
{
	const struct template *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < c->templates->count; i++) {
		const struct template *t = &c->templates->list[i];
		const struct name_pattern *p = best_pattern(c, t);
		size_t weight = p ? 2 * pattern_weight(p->text) + !!p->condition
				  : 0;

		if (!p || (strict && !takes_all(c, t)) ||
		    (best && weight <= most))
			continue;
		best = t;
		most = weight;
		*later = p->later;
	}
	return best;
}

static char *list_names(const struct choosing *c)
{
	char *text = talloc_strdup(c->mem, "");

	for (size_t i = 0; i < c->templates->count; i++)
		text = talloc_asprintf_append_buffer(
			text, "%s%s", i ? ", " : "",
			c->templates->list[i].name);
	return text;
}

static int unknown_template(const struct choosing *c, const char *name)
{
	char *shown = text_visible(c->mem, name, false);

	error_set(c->err, ERROR_USAGE, "there is no template '%s'", shown);
	error_hint(c->err, "the templates are %s", list_names(c));
	return error_hint(c->err, "see what they take: git migrate new "
				  "--list-templates");
}

static int say_usage(const struct choosing *c, const struct template *t)
{
	if (!t->parameter_count)
		return error_hint(c->err, "it takes nothing");
	return error_hint(c->err, "it takes %s", template_usage(c->mem, t));
}

/* What no template takes can only have come with --set. */
static char *as_typed(const struct choosing *c, const char *name)
{
	char *shown = text_visible(c->mem, name, false);
	bool known = false;

	for (size_t i = 0; i < c->templates->count && !known; i++)
		known = template_parameter(&c->templates->list[i], name);
	return talloc_asprintf(c->mem, "--%s%s", known ? "" : "set ", shown);
}

static int check_given(const struct choosing *c, const struct template *t)
{
	for (size_t i = 0; i < c->given_count; i++) {
		const struct parameter *p =
			template_parameter(t, c->given[i].name);
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= !strcmp(c->given[k].name, c->given[i].name);
		if (p && (!again || value_kind_is_list(p->kind)))
			continue;
		error_set(c->err, ERROR_USAGE, "template '%s' takes %s%s",
			  t->name, p ? "only one " : "no ",
			  as_typed(c, c->given[i].name));
		return say_usage(c, t);
	}
	return 0;
}

static const struct template *
pick(const struct choosing *c, const char *template_name, const char **later)
{
	const struct template *t;

	*later = NULL;
	if (template_name) {
		t = templates_find(c->templates, template_name);
		if (!t)
			unknown_template(c, template_name);
		return t;
	}
	t = by_name(c, true, later);
	if (!t)
		t = by_name(c, false, later);
	if (!t && c->given_count) {
		error_set(c->err, ERROR_USAGE,
			  "the name '%s' fits no template that takes %s",
			  c->name, as_typed(c, c->given[0].name));
		error_hint(c->err, "name one with --template: %s",
			   list_names(c));
		return NULL;
	}
	if (t)
		return t;
	t = templates_find(c->templates, "blank");
	if (!t)
		unknown_template(c, "blank");
	return t;
}

static int add_list(const struct choosing *c, struct values *values,
		    const struct parameter *p, const char *text)
{
	const char *and;

	while (value_kind_is_list(p->kind) &&
	       (and = strstr(text, "_and_")) != NULL && and > text && and[5]) {
		char *item = talloc_strndup(c->mem, text, (size_t)(and-text));

		if (values_add(values, p->name, p->kind, item, c->err) < 0)
			return -1;
		text = and+5;
	}
	return values_add(values, p->name, p->kind, text, c->err);
}

/* What the name tells and nobody gave. */
static int add_inferred(const struct choosing *c, const struct template *t,
			struct values *values)
{
	const struct name_pattern *p = best_pattern(c, t);
	const char **texts;
	size_t count;

	if (!p || !pattern_match(c->mem, p->text, c->name, &texts, &count))
		return 0;
	if (p->flag && template_parameter(t, p->flag) && !is_given(c, p->flag))
		values_add_text(values, p->flag, "yes");
	for (size_t i = 0; i < count; i += 2) {
		const struct parameter *parameter =
			template_parameter(t, texts[i]);

		if (parameter && !is_given(c, texts[i]) &&
		    add_list(c, values, parameter, texts[i + 1]) < 0)
			return -1;
	}
	return 0;
}

static int check_required(const struct choosing *c, const struct template *t,
			  const struct values *values)
{
	for (size_t i = 0; i < t->parameter_count; i++) {
		const struct parameter *p = &t->parameters[i];

		if (!p->required || p->fallback || values_find(values, p->name))
			continue;
		error_set(c->err, ERROR_USAGE,
			  "template '%s' needs --%s, and the name '%s' does "
			  "not tell it",
			  t->name, p->name, c->name);
		return say_usage(c, t);
	}
	return 0;
}

int choose(TALLOC_CTX *mem, const struct templates *templates,
	   const struct db_engine *engine, const char *name,
	   const char *template_name, const struct given *given,
	   size_t given_count, struct choice *choice, struct error *err)
{
	struct choosing c = {
		mem, templates, name, given, given_count, template_name != NULL,
		err,
	};
	const struct template *t = pick(&c, template_name, &choice->later);

	if (!t || check_given(&c, t) < 0)
		return -1;
	choice->template = t;
	choice->values = values_new(mem, engine);
	values_add_text(choice->values, "engine", engine->name);
	values_set_field(choice->values, "engine", engine->name, "yes");
	if (engine->family)
		values_set_field(choice->values, "engine", engine->family,
				 "yes");
	for (size_t i = 0; i < given_count; i++)
		if (values_add(choice->values, given[i].name,
			       template_parameter(t, given[i].name)->kind,
			       given[i].text, err) < 0)
			return -1;
	if (add_inferred(&c, t, choice->values) < 0)
		return -1;
	return check_required(&c, t, choice->values);
}
