#include "tests/unit/states_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

struct set *make_set(const char *text)
{
	struct set *set = set_new(NULL);
	char *copy = talloc_strdup(set, text), *rest = copy, *item;
	struct error err = { 0 };

	while ((item = strsep(&rest, " ")) != NULL && *item) {
		unsigned flags = *item == '!' ? HALF_STAGED : 0;
		char *version = strsep(&item, ":") + (flags != 0);
		char *up = strsep(&item, ":"), *down = strsep(&item, ":");
		const char *name = item ? item : "n";

		if (strcmp(up, "-") != 0)
			assert_int_equal(
				set_add(set,
					talloc_asprintf(set,
							"m/2026010100000%s_%s"
							".up.sql",
							version, name),
					up, flags, &err),
				0);
		if (strcmp(down, "-") != 0)
			assert_int_equal(
				set_add(set,
					talloc_asprintf(set,
							"m/2026010100000%s_%s"
							".down.sql",
							version, name),
					down, flags, &err),
				0);
	}
	set_sort(set);
	return set;
}

struct ledger *make_ledger(const char *text)
{
	struct ledger *ledger = talloc_zero(NULL, struct ledger);
	struct set *set = make_set(text);

	ledger->exists = true;
	ledger->rows = talloc_zero_array(ledger, struct ledger_row,
					 (unsigned)set->count + 1);
	for (size_t i = 0; i < set->count; i++) {
		struct ledger_row *row = &ledger->rows[ledger->count++];

		row->version = set->list[i].version;
		row->name = set->list[i].name;
		row->up_blob = set->list[i].half[0].blob;
		row->down_blob = set->list[i].half[1].blob;
		row->done = 3;
		row->total = 7;
	}
	talloc_steal(ledger, set);
	return ledger;
}

struct scene make_scene(const char *here, const char *ledger)
{
	struct scene s = { make_set(here), make_ledger(ledger), NULL };

	s.states = states_join(NULL, s.here, s.ledger);
	return s;
}

void release_scene(struct scene *s)
{
	talloc_free(s->states);
	talloc_free(s->ledger);
	talloc_free(s->here);
}
