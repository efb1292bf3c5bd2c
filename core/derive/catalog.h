#ifndef CORE_DERIVE_CATALOG_H
#define CORE_DERIVE_CATALOG_H

#include "core/derive/derive.h"
#include "core/scaffold/ask.h"

/* A target as the catalog that derive() asks, opened when it is needed. */
struct derive_target {
	const struct db_engine *engine;
	struct target_access access;
	char *problem; /* on mem: why it could not be asked, or NULL */
	TALLOC_CTX *mem;
	bool failed;
};

struct derive_catalog derive_target_catalog(struct derive_target *target);

#endif
