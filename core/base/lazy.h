#ifndef CORE_BASE_LAZY_H
#define CORE_BASE_LAZY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/*
 * Libraries that are loaded when first needed. A library is listed in a .syms
 * file; tools/lazy.sh makes build/gen/lazy/NAME.h from it. A file that uses it
 * includes "lazy/NAME.h" instead of the library's header and calls
 * lazy_NAME_load() once before anything else of it.
 */
struct lazy_symbol {
	const char *name;
	void **slot;
	bool optional;
};

/* Loads once; later calls are free. ERROR_FAILED names the missing package. */
int lazy_load(void **handle, const char *soname,
	      const struct lazy_symbol *symbols, size_t n, struct error *err);

#endif
