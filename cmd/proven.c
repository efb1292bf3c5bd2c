#include "cmd/proven.h"

#include <string.h>

void proven_init(struct proven *p, struct cmd *cmd, const char *notes,
		 const struct set *set)
{
	*p = (struct proven){ cmd, notes ? notes : PROOFS_REF, set,
			      proof_histories(cmd->mem, set) };
}

int proven_has(struct cmd *cmd, const struct migration *m, bool *has)
{
	const char *up = m->half[DIRECTION_UP].blob;
	char *text = NULL;

	*has = false;
	if (up && notes_read(cmd->mem, cmd->repo, PROOFS_REF, up, &text,
			     &cmd->err) < 0)
		return -1;
	*has = text != NULL;
	return 0;
}

int proven_judge(struct proven *p, const struct migration *m,
		 enum proof_state *state, const struct proof **best)
{
	struct cmd *cmd = p->cmd;
	const char *up = m->half[DIRECTION_UP].blob;
	struct proofs *proofs = proofs_new(cmd->mem);
	char *text = NULL;

	*best = NULL;
	*state = PROOF_NONE;
	if (up &&
	    notes_read(cmd->mem, cmd->repo, p->notes, up, &text, &cmd->err) < 0)
		return -1;
	if (!text)
		return 0;
	proofs_add(proofs, up, text, strlen(text));
	*state = proofs_judge(proofs, m, p->histories[m - p->set->list], NULL,
			      0, best);
	return 0;
}

char *proven_text(TALLOC_CTX *mem, const struct migration *m,
		  const struct proof *proof)
{
	char *label = migration_label(mem, m);

	return talloc_asprintf(mem, "%s, %s %d, %s", label, proof->engine,
			       proof->major, proof->at);
}
