#include "core/base/error.h"

#include <stdarg.h>
#include <string.h>
#include <talloc.h>

static char *format(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0)));

static char *format(const char *fmt, va_list ap)
{
	return talloc_vasprintf(NULL, fmt, ap);
}

void error_set_(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	error_release(err);
	err->code = code;
	va_start(ap, fmt);
	err->message = format(fmt, ap);
	va_end(ap);
}

void error_detail_(struct error *err, const char *fmt, ...)
{
	va_list ap;

	talloc_free(err->detail);
	va_start(ap, fmt);
	err->detail = format(fmt, ap);
	va_end(ap);
}

void error_hint_(struct error *err, const char *fmt, ...)
{
	char *line;
	va_list ap;

	va_start(ap, fmt);
	line = format(fmt, ap);
	va_end(ap);
	if (!err->hint) {
		err->hint = line;
		return;
	}
	err->hint = talloc_asprintf_append(err->hint, "\n%s", line);
	talloc_free(line);
}

void error_at_(struct error *err, const char *file, int line, int column)
{
	talloc_free(err->file);
	err->file = file ? talloc_strdup(NULL, file) : NULL;
	err->line = line;
	err->column = column;
}

void error_prefix_(struct error *err, const char *fmt, ...)
{
	char *prefix, *message;
	va_list ap;

	va_start(ap, fmt);
	prefix = format(fmt, ap);
	va_end(ap);
	message = talloc_asprintf(NULL, "%s: %s", prefix,
				  err->message ? err->message : "");
	talloc_free(prefix);
	talloc_free(err->message);
	err->message = message;
}

void error_release(struct error *err)
{
	talloc_free(err->message);
	talloc_free(err->detail);
	talloc_free(err->hint);
	talloc_free(err->file);
	talloc_free(err->excerpt);
	memset(err, 0, sizeof(*err));
}
