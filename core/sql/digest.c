#include <sha2.h>
#include <string.h>

#include "core/sql/script.h"

struct script_digest {
	SHA2_CTX hash;
};

struct script_digest *script_digest_new(TALLOC_CTX *mem)
{
	struct script_digest *digest = talloc_zero(mem, struct script_digest);

	SHA256Init(&digest->hash);
	return digest;
}

void script_digest_add(struct script_digest *digest,
		       const struct script *script, size_t n)
{
	const struct statement *s = &script->statements[n];

	SHA256Update(&digest->hash, (const uint8_t *)script->text + s->offset,
		     s->length);
	SHA256Update(&digest->hash,
		     (const uint8_t *)script->text + s->data_offset,
		     s->data_length);
	/* so that no two lists of texts give the same bytes */
	SHA256Update(&digest->hash, (const uint8_t *)"", 1);
}

void script_digest_text(const struct script_digest *digest,
			char text[SCRIPT_DIGEST_LENGTH + 1])
{
	SHA2_CTX copy = digest->hash;

	SHA256End(&copy, text);
}
