#ifndef CORE_DB_POSTGRES_ANALYSIS_H
#define CORE_DB_POSTGRES_ANALYSIS_H

#include "core/sql/script.h"
#include "lazy/pgquery.h"

/* What a parsed statement touches and needs. */
struct pg_analysis {
	/* relations that it writes, alters or reads, each once, unquoted, in
	   the order of the text */
	const char **relations;
	size_t relation_count;
	bool no_transaction; /* the server refuses it inside a transaction */
	bool copies_out;     /* COPY to the client */
	bool into;	     /* SELECT INTO */
	struct lock_need need;
	struct loss *losses;
	size_t loss_count;
};

/* The tree of a text, owned by mem; NULL when it cannot be parsed. The library
   is loaded. */
PgQuery__ParseResult *pg_parse(TALLOC_CTX *mem, const char *text);

void pg_analyse(TALLOC_CTX *mem, const PgQuery__Node *statement,
		struct pg_analysis *analysis);

/* loss.c: what the node itself, and not what is in it, destroys or makes. */
void pg_loss(TALLOC_CTX *mem, struct statement *s, const PgQuery__Node *node);

#endif
