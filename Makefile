# git-migrate
#
#	make            builds build/git-migrate
#	make demo       installs what is missing, builds, tells the whole story
#	make test       installs what is missing, builds, runs every test
#	make install    PREFIX and DESTDIR as everywhere
#
# More: check-asan lint format format-check faults bench man uninstall clean.
# T='tests/cli/up.bats ...' narrows `make test` and `make check-asan`.

PREFIX ?= /usr/local
DESTDIR ?=
B ?= build
CFLAGS ?= -O2 -g
VERSION := $(shell cat VERSION)

# Linked: small, and needed by nearly every command. Loaded when first needed
# (tools/lazy.sh), so only their headers matter here: libpq, sqlite3,
# libmariadb, libcurl and libpg_query; the last one and uthash have no .pc file.
LINKED = talloc jansson libmd smartcols
LOADED = libpq sqlite3 libmariadb libcurl

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wwrite-strings -Wconversion
ifeq ($(DEVELOPER),1)
WARNINGS += -Werror
endif
PKG_CFLAGS := $(shell pkg-config --cflags $(LINKED) $(LOADED) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(LINKED) 2>/dev/null)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) -I. -I$B/gen \
	-DGIT_MIGRATE_VERSION='"$(VERSION)"' -D_GNU_SOURCE \
	$(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LIBS = $(PKG_LIBS) -ldl -lm

LAZY = $(patsubst tools/lazy/%.syms,%,$(wildcard tools/lazy/*.syms))
LAZY_H = $(LAZY:%=$B/gen/lazy/%.h)
LAZY_O = $(LAZY:%=$B/gen/lazy/%.o)
SOURCES := $(sort $(wildcard cmd/*.c core/*.c core/*/*.c core/*/*/*.c git/*.c))
OBJECTS = $(SOURCES:%.c=$B/%.o) $(LAZY_O) $B/gen/embed.o
LIB_OBJECTS = $(filter-out $B/cmd/%,$(OBJECTS))
EMBEDDED := $(sort $(shell find templates hooks core -type f \
	\( -path 'templates/*' -o -path 'hooks/*' -o -name '*.sql' \) \
	! -path 'templates/ci/*' 2>/dev/null))

UNIT := $(sort $(wildcard tests/unit/*.c))
UNIT_TESTS = $(patsubst tests/unit/%.c,$B/tests/unit/%,\
	$(filter tests/unit/test_%,$(UNIT)))
UNIT_SHARED = $(patsubst %.c,$B/%.o,$(filter-out tests/unit/test_%,$(UNIT)))
BENCH_C := $(sort $(wildcard tests/bench/*.c))
BENCH = $(BENCH_C:%.c=$B/%)
MAN = $(patsubst man/%.scd,$B/man/%,$(sort $(wildcard man/*.scd)))

# `make -j` is the caller's; where a target builds for itself, use the machine
SUBMAKE = $(MAKE) $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

all: $B/git-migrate

$B/git-migrate: $(OBJECTS) $B/made-of
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(LIBS)

$B/%.o: %.c $B/flags | $B/dependencies $(LAZY_H)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/gen/lazy/%.h: tools/lazy/%.syms tools/lazy.sh
	@mkdir -p $(@D)
	sh tools/lazy.sh header $* $< >$@.tmp && mv $@.tmp $@

$B/gen/lazy/%.c: tools/lazy/%.syms tools/lazy.sh
	@mkdir -p $(@D)
	sh tools/lazy.sh source $* $< >$@.tmp && mv $@.tmp $@

$B/gen/lazy/%.o: $B/gen/lazy/%.c $B/gen/lazy/%.h $B/flags | $B/dependencies
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/gen/embed.c: tools/embed.sh $(EMBEDDED) $B/made-of
	@mkdir -p $(@D)
	sh tools/embed.sh $(EMBEDDED) >$@.tmp && mv $@.tmp $@

$B/gen/embed.o: $B/gen/embed.c $(EMBEDDED) $B/flags | $B/dependencies
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Files that change only when what they say changes: another compiler or flag
# compiles everything again, a source that went away links again.
define SAY
@mkdir -p $(@D)
@new=$@.$$$$; printf '%s\n' "$$SAID" >$$new; \
	if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi
endef
$B/flags: export SAID = $(CC) $(filter-out -Werror,$(ALL_CFLAGS))
$B/flags: FORCE
	$(SAY)
$B/made-of: export SAID = $(LDFLAGS) $(LIBS) $(OBJECTS) $(EMBEDDED)
$B/made-of: FORCE
	$(SAY)

$B/dependencies: tools/install-deps.sh
	@mkdir -p $(@D)
	@CC='$(CC)' sh tools/install-deps.sh --check build
	@touch $@

# --- tests --------------------------------------------------------------------

$B/tests/unit/%: $B/tests/unit/%.o $(UNIT_SHARED) $(LIB_OBJECTS) $B/made-of
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(UNIT_SHARED) $(LIB_OBJECTS) \
		$(LIBS) -lcmocka

test-programs: all man $(UNIT_TESTS)

test:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory test-programs
	@bash tests/run.sh $B $(T)

SANITIZE = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined \
	-fsanitize=address,undefined

check-asan:
	@$(MAKE) --no-print-directory B=$B/asan CFLAGS='$(SANITIZE)' test

faults:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/faults/kill.sh $B 50
	@bash tests/faults/concurrent.sh $B 20 50
	@python3 tests/faults/mixed.py $B 50
	@bash tests/faults/switch.sh $B 30

# The tests of commits, branches, hooks and notes in each kind of repository:
# about ten minutes. K='shallow bare' narrows it.
test-kinds:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/kinds.sh $B $(K)

# What a run tells of its locks, against what others see: two to three minutes.
check-locks:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/locks/run.sh $B $(T)

$B/tests/bench/%: tests/bench/%.c $B/flags | $B/dependencies
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
		$(if $(findstring sqlite,$@),-lsqlite3) \
		$(if $(findstring postgres,$@),-lpq) \
		$(if $(findstring mariadb,$@),-lmariadb)

bench-programs: all $(BENCH)

bench:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory bench-programs
	@bash tests/bench/run.sh $B

# About eight minutes: what an application meets while `up` waits for a lock.
bench-locks:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory bench-programs
	@bash tests/bench/run.sh $B locks.py
	@bash tests/bench/run.sh $B locks_mariadb.py

# A backfill of 2,000,000 rows beside an application, in three ways.
bench-batch:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/bench/run.sh $B batch.py

# What a run measures, against what others meet; and what that costs.
bench-observe:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory bench-programs
	@bash tests/bench/run.sh $B observe.py
	@bash tests/bench/run.sh $B observe_mariadb.py

# Backups of 1,000,000 rows, against the plain clients.
bench-backup:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/bench/run.sh $B backup.py

# What the pre-commit hook costs in a repository with 10,000 pairs.
bench-hook:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/bench/run.sh $B hook.py

# A history of 80,000 commits: finding those of scripts, against `git log`.
bench-history:
	@CC='$(CC)' sh tools/install-deps.sh build test
	@$(SUBMAKE) --no-print-directory all
	@bash tests/bench/run.sh $B history.py

demo:
	@CC='$(CC)' sh tools/install-deps.sh build demo
	@$(SUBMAKE) --no-print-directory all
	@sh tools/demo.sh $B

# --- the code itself ----------------------------------------------------------

C_FILES = $(shell git ls-files '*.c' '*.h')

lint:
	@sh tools/install-deps.sh build test lint
	@bash tools/lint.sh $B

format:
	clang-format -i $(C_FILES)

format-check:
	@sh tools/install-deps.sh lint
	@clang-format --dry-run -Werror $(C_FILES) && echo 'format: fine'

# the objects alone, for the compilers' warnings
objects: $(OBJECTS) $(UNIT:%.c=$B/%.o) $(BENCH)

print-flags: export SAID = $(filter-out -Werror,$(ALL_CFLAGS))
print-flags:
	@printf '%s\n' "$$SAID"

# --- installing ---------------------------------------------------------------

man: $(MAN)

$B/man/%: man/%.scd
	@mkdir -p $(@D)
	scdoc <$< >$@.tmp && mv $@.tmp $@

BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man/man1
DOCDIR = $(DESTDIR)$(PREFIX)/share/doc/git-migrate
CI_FILES = $(wildcard templates/ci/*.yml)
COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions

install: all man
	install -d $(BINDIR) $(MANDIR) $(DOCDIR)/ci $(COMPLETIONS)
	install -m 755 $B/git-migrate $(BINDIR)/git-migrate
	install -m 644 $(MAN) $(MANDIR)/
	install -m 644 doc/facts.schema.json $(DOCDIR)/facts.schema.json
	install -m 644 $(CI_FILES) $(DOCDIR)/ci/
	install -m 644 completion/git-migrate.bash $(COMPLETIONS)/git-migrate

uninstall:
	rm -f $(BINDIR)/git-migrate $(COMPLETIONS)/git-migrate \
		$(DOCDIR)/facts.schema.json \
		$(addprefix $(DOCDIR)/ci/,$(notdir $(CI_FILES))) \
		$(addprefix $(MANDIR)/,$(notdir $(MAN)))

clean:
	rm -rf $B

.PHONY: all demo test test-programs check-asan test-kinds faults check-locks bench bench-locks \
	bench-batch bench-backup bench-hook bench-history bench-observe bench-programs \
	lint format format-check objects print-flags man install uninstall clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d) $(UNIT:%.c=$B/%.d) $(BENCH_C:%.c=$B/%.d)
