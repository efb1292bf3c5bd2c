#ifndef CMD_WRITEUP_H
#define CMD_WRITEUP_H

#include "cmd/cmd.h"
#include "core/base/overlay.h"
#include "core/thread/comment.h"

/* What comment and post share: everything that is known of a migration. */
struct writeup {
	struct cmd cmd;
	struct set *here;
	struct ledger *ledger;
	struct proofs *proofs;
	const char **histories;
	struct overlay_file *template_file;
};

#define NOTES_REF "refs/notes/migrate"

/* One migration, ready to be composed. */
struct written {
	struct comment_input input; /* with the texts that were kept */
	/* as they were when they were posted last: tells what was added there
	   by others from what was taken away here */
	struct comment_texts posted;
	char *label; /* "20260213120000_add_email" */
	char *marker;
	const char *commit; /* that is in this repository, or NULL */
};

/* Repository, target, sets, proofs and the template. */
int writeup_open(struct writeup *w);

/* The versions of the command line; without any the newest that is applied. */
int writeup_choose(struct writeup *w, int argc, char **argv, int64_t **versions,
		   size_t *count);

int writeup_gather(struct writeup *w, int64_t version, struct written *one);

int writeup_compose(struct writeup *w, const struct written *one, char **body);
/* The same, where what is empty comes from a comment that stands already. */
int writeup_compose_over(TALLOC_CTX *mem, struct writeup *w,
			 const struct written *one, const char *existing,
			 char **body, struct error *err);

/*
 * A person's texts are kept beside the repository until they are posted, and
 * after it: migrate/comments/ in the common git folder, a file a comment.
 */
int writeup_kept(struct writeup *w, struct written *one);
int writeup_keep(struct writeup *w, const struct written *one);
/* They are posted now. */
int writeup_keep_posted(struct writeup *w, struct written *one);
/* Those of a migration that has another version now are its still. Best
   effort. */
void writeup_renumber(const char *common_dir, int64_t from, int64_t to);
/* Opens them in git's editor. */
int writeup_edit(struct writeup *w, struct written *one);

/* The thread that is configured, "notes" when none is. */
const char *writeup_thread(const struct writeup *w);
/* The comment in the note of its commit, or NULL. */
int writeup_noted(struct writeup *w, const struct written *one, char **body);

#endif
