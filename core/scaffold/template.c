#include "core/scaffold/template.h"

#include <string.h>

#include "core/base/text.h"

static const char *const kind_names[] = {
	[VALUE_FLAG] = "flag",	     [VALUE_SQL] = "sql",
	[VALUE_DEFAULT] = "default", [VALUE_NAME] = "name",
	[VALUE_NAMES] = "names",     [VALUE_KEYS] = "keys",
	[VALUE_COLUMNS] = "columns",
};

/* How usage shows what an option takes. */
static const char *const kind_arguments[] = {
	[VALUE_FLAG] = NULL,
	[VALUE_SQL] = "SQL",
	[VALUE_DEFAULT] = "SQL",
	[VALUE_NAME] = "NAME",
	[VALUE_NAMES] = "NAME",
	[VALUE_KEYS] = "NAME",
	[VALUE_COLUMNS] = "NAME[:TYPE]",
};

#define KIND_COUNT (sizeof(kind_names) / sizeof(*kind_names))

/* The next word of *text, which is cut there; NULL at its end. */
static char *take_word(char **text)
{
	char *word = *text + strspn(*text, " \t");
	size_t n = strcspn(word, " \t");

	if (!n)
		return NULL;
	*text = word + n;
	if (**text)
		*(*text)++ = '\0';
	return word;
}

static int take_parameter(TALLOC_CTX *mem, struct template *t, char *text,
			  bool required, struct error *err)
{
	char *name = take_word(&text), *kind = take_word(&text);
	char *equals = take_word(&text);
	struct parameter *p;
	size_t k = 0;

	while (k < KIND_COUNT && (!kind || strcmp(kind, kind_names[k]) != 0))
		k++;
	if (k == KIND_COUNT || (equals && strcmp(equals, "=") != 0))
		return error_set(err, ERROR_FAILED,
				 "a parameter needs a name and a kind");
	t->parameters = talloc_realloc(mem, t->parameters, struct parameter,
				       (unsigned)t->parameter_count + 1);
	p = &t->parameters[t->parameter_count++];
	*p = (struct parameter){
		.name = name,
		.kind = (enum value_kind)k,
		.required = required,
		.fallback = equals ? text + strspn(text, " \t") : NULL,
	};
	return 0;
}

static int take_pattern(TALLOC_CTX *mem, struct template *t, const char *later,
			char *text, struct error *err)
{
	char *pattern = take_word(&text), *word = take_word(&text);
	struct name_pattern *p;
	char *subject = take_word(&text);

	if (!pattern || (word && (!subject || (strcmp(word, "if") != 0 &&
					       strcmp(word, "with") != 0))))
		return error_set(err, ERROR_FAILED, "malformed pattern");
	t->patterns = talloc_realloc(mem, t->patterns, struct name_pattern,
				     (unsigned)t->pattern_count + 1);
	p = &t->patterns[t->pattern_count++];
	*p = (struct name_pattern){
		.text = pattern,
		.condition = word && *word == 'i' ? subject : NULL,
		.flag = word && *word == 'w' ? subject : NULL,
		.later = later,
	};
	return 0;
}

static int take_later(TALLOC_CTX *mem, struct template *t, char *text,
		      struct error *err)
{
	const char *other = take_word(&text);

	return take_pattern(mem, t, other, text, err);
}

static int take_rule(TALLOC_CTX *mem, struct template *t, char *text,
		     struct error *err)
{
	char *name = take_word(&text);
	char *dot = name ? strchr(name, '.') : NULL;
	struct word_rule *rule;

	if (!dot)
		return error_set(err, ERROR_FAILED,
				 "words needs a field and its words");
	*dot = '\0';
	t->rules = talloc_realloc(mem, t->rules, struct word_rule,
				  (unsigned)t->rule_count + 1);
	rule = &t->rules[t->rule_count++];
	rule->name = name;
	rule->field = dot + 1;
	rule->words = talloc_asprintf(mem, " %s ", text);
	return 0;
}

static int take_line(TALLOC_CTX *mem, struct template *t, char *line,
		     struct error *err)
{
	char *colon = strchr(line, ':');
	char *text;

	if (!*line || *line == '#')
		return 0;
	if (!colon)
		return error_set(err, ERROR_FAILED, "a line without 'key:'");
	*colon = '\0';
	text = colon + 1 + strspn(colon + 1, " \t");
	if (!strcmp(line, "summary"))
		t->summary = text;
	else if (!strcmp(line, "asks"))
		t->asks = text;
	else if (!strcmp(line, "name"))
		return take_pattern(mem, t, NULL, text, err);
	else if (!strcmp(line, "later"))
		return take_later(mem, t, text, err);
	else if (!strcmp(line, "requires") || !strcmp(line, "takes"))
		return take_parameter(mem, t, text, *line == 'r', err);
	else if (!strcmp(line, "words"))
		return take_rule(mem, t, text, err);
	else
		return error_set(err, ERROR_FAILED, "unknown key '%s'", line);
	return 0;
}

static int read_description(TALLOC_CTX *mem, struct template *t,
			    struct overlay_file *file, struct error *err)
{
	char *rest = file->text, *line;
	int number = 0;

	t->path = file->path;
	t->source = file->source;
	t->summary = "";
	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t length = strlen(line);

		if (length && line[length - 1] == '\r')
			line[length - 1] = '\0';
		number++;
		if (take_line(mem, t, line, err) < 0)
			return error_at(err, file->path, number, 0);
	}
	return 0;
}

int templates_read(TALLOC_CTX *mem, const struct overlay *overlay,
		   struct templates **out, struct error *err)
{
	struct templates *templates = talloc_zero(mem, struct templates);
	char **names;
	size_t count;

	overlay_list(templates, overlay, "templates/sql", &names, &count);
	templates->list = talloc_zero_array(templates, struct template,
					    (unsigned)count + 1);
	for (size_t i = 0; i < count; i++) {
		struct template *t = &templates->list[templates->count];
		char *path = talloc_asprintf(
			templates, "templates/sql/%s/template", names[i]);
		struct overlay_file *file;

		if (overlay_read(templates, overlay, path, &file, err) < 0)
			return -1;
		if (!file)
			continue;
		t->name = names[i];
		if (read_description(templates, t, file, err) < 0)
			return -1;
		templates->count++;
	}
	*out = templates;
	return 0;
}

const struct template *templates_find(const struct templates *templates,
				      const char *name)
{
	for (size_t i = 0; i < templates->count; i++)
		if (!strcmp(templates->list[i].name, name))
			return &templates->list[i];
	return NULL;
}

const struct parameter *template_parameter(const struct template *t,
					   const char *name)
{
	for (size_t i = 0; i < t->parameter_count; i++)
		if (!strcmp(t->parameters[i].name, name))
			return &t->parameters[i];
	return NULL;
}

char *template_usage(TALLOC_CTX *mem, const struct template *t)
{
	char *text = talloc_strdup(mem, "");

	for (size_t i = 0; i < t->parameter_count; i++) {
		const struct parameter *p = &t->parameters[i];
		const char *argument = kind_arguments[p->kind];
		bool needed = p->required && !p->fallback;

		text = talloc_asprintf_append_buffer(
			text, "%s%s--%s%s%s%s%s", i ? " " : "",
			needed ? "" : "[", p->name, argument ? " " : "",
			argument ? argument : "", needed ? "" : "]",
			value_kind_is_list(p->kind) ? "..." : "");
	}
	return text;
}

/* --- names --- */

#define HOLE_LIMIT 8

struct hole {
	const char *parameter, *text;
	size_t parameter_length, length;
};

/* A parameter takes as much as it can, so that the last "_to_" divides. */
static bool match(struct hole *holes, size_t *count, const char *pattern,
		  const char *name)
{
	const char *close;
	size_t mark = *count;

	while (*pattern && *pattern != '{')
		if (*pattern++ != *name++)
			return false;
	if (!*pattern)
		return !*name;
	close = strchr(pattern, '}');
	if (!close || mark == HOLE_LIMIT)
		return false;
	for (size_t n = strlen(name); n > 0; n--) {
		holes[mark] = (struct hole){ pattern + 1, name,
					     (size_t)(close - pattern - 1), n };
		*count = mark + 1;
		if (match(holes, count, close + 1, name + n))
			return true;
	}
	return false;
}

bool pattern_match(TALLOC_CTX *mem, const char *pattern, const char *name,
		   const char ***values, size_t *count)
{
	struct hole holes[HOLE_LIMIT];
	size_t n = 0;

	if (!match(holes, &n, pattern, name))
		return false;
	if (!values)
		return true;
	*values = talloc_array(mem, const char *, 2 * (unsigned)n + 1);
	*count = 2 * n;
	for (size_t i = 0; i < n; i++) {
		(*values)[2 * i] = talloc_strndup(*values, holes[i].parameter,
						  holes[i].parameter_length);
		(*values)[2 * i + 1] = talloc_strndup(*values, holes[i].text,
						      holes[i].length);
	}
	return true;
}

size_t pattern_weight(const char *pattern)
{
	size_t begins = strcspn(pattern, "{"), all = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '{')
			pattern += strcspn(pattern, "}");
		else
			all++;
	}
	return begins * 1000 + all;
}
