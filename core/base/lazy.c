#include "core/base/lazy.h"

#include <dlfcn.h>

int lazy_load(void **handle, const char *soname,
	      const struct lazy_symbol *symbols, size_t n, struct error *err)
{
	void *lib;

	if (*handle)
		return 0;
	lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return error_set(err, ERROR_FAILED,
				 "unable to load the library '%s': %s", soname,
				 dlerror());
	for (size_t i = 0; i < n; i++) {
		*symbols[i].slot = dlsym(lib, symbols[i].name);
		if (*symbols[i].slot || symbols[i].optional)
			continue;
		error_set(err, ERROR_FAILED,
			  "the library '%s' has no function '%s'", soname,
			  symbols[i].name);
		dlclose(lib);
		return -1;
	}
	*handle = lib;
	return 0;
}
