# git-migrate. `make` builds, `make demo` shows it, `make test` tests it; the
# last two install what they need (Debian packages).

PREFIX ?= /usr/local
DESTDIR ?=
B ?= build
CC ?= cc
CFLAGS ?= -O2 -g
VERSION := $(shell cat VERSION)

# Linked: small and needed by nearly every command. Loaded when first needed:
# libpq, sqlite3, libcurl, libpg_query (see tools/lazy.sh).
LINKED = talloc jansson libmd smartcols
LOADED = libpq sqlite3 libcurl
GIT_HAS_PKGS = $(shell pkg-config --exists $(LINKED) $(LOADED) cmocka 2>/dev/null && echo yes)

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Wwrite-strings -Wconversion
ifeq ($(DEVELOPER),1)
WARNINGS += -Werror
endif
ALL_CFLAGS = -std=gnu11 $(WARNINGS) -I. -I$B/gen \
	-DGIT_MIGRATE_VERSION='"$(VERSION)"' -D_GNU_SOURCE \
	$(shell pkg-config --cflags $(LINKED) $(LOADED) 2>/dev/null) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS)
LIBS = $(shell pkg-config --libs $(LINKED) 2>/dev/null) -ldl -lm

LAZY = $(patsubst tools/lazy/%.syms,%,$(wildcard tools/lazy/*.syms))
LAZY_H = $(LAZY:%=$B/gen/lazy/%.h)
LAZY_O = $(LAZY:%=$B/gen/lazy/%.o)
SOURCES := $(sort $(wildcard cmd/*.c core/*.c core/*/*.c core/*/*/*.c git/*.c))
OBJECTS = $(SOURCES:%.c=$B/%.o)
LIB_OBJECTS = $(filter-out $B/cmd/%,$(OBJECTS)) $(LAZY_O) $B/gen/embed.o
EMBEDDED := $(sort $(shell find templates hooks core -type f \( -path 'templates/*' -o -path 'hooks/*' -o -name '*.sql' \)))

all: $B/git-migrate

$B/git-migrate: $(OBJECTS) $(LAZY_O) $B/gen/embed.o
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$B/%.o: %.c | $(LAZY_H)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/gen/lazy/%.h: tools/lazy/%.syms tools/lazy.sh
	@mkdir -p $(@D)
	sh tools/lazy.sh header $* $< >$@.tmp && mv $@.tmp $@

$B/gen/lazy/%.c: tools/lazy/%.syms tools/lazy.sh
	@mkdir -p $(@D)
	sh tools/lazy.sh source $* $< >$@.tmp && mv $@.tmp $@

$B/gen/lazy/%.o: $B/gen/lazy/%.c $B/gen/lazy/%.h
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$B/gen/embed.c: tools/embed.sh $(EMBEDDED)
	@mkdir -p $(@D)
	sh tools/embed.sh $(EMBEDDED) >$@.tmp && mv $@.tmp $@

$B/gen/embed.o: $B/gen/embed.c
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# every object and program also depends on what it is made of
$B/gen/embed.o: $(EMBEDDED)

clean:
	rm -rf $B

.PHONY: all clean
.SECONDARY:
-include $(OBJECTS:.o=.d)
