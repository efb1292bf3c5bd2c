#!/bin/sh
# install-deps.sh [--check] WHAT...   makes sure that what is needed is there.
#
# WHAT: build (the program), demo, test, lint. Looks first and is done in a
# moment when nothing is missing; otherwise installs the Debian packages as
# root or with a sudo that does not ask, else prints the line to run. --check
# only looks and names what is missing.
set -u

packages='' names=''
lack() { # PACKAGE WHAT
	case " $packages " in
	*" $1 "*) ;;
	*) packages="$packages $1" ;;
	esac
	names="$names
  $2 (Debian package: $1)"
}

program() { # NAME PACKAGE
	command -v "$1" >/dev/null 2>&1 || lack "$2" "the program $1"
}

module() { # NAME PACKAGE   a library with a .pc file
	pkg-config --exists "$1" 2>/dev/null || lack "$2" "the library $1"
}

compiles() { # HEADER...
	for header; do
		printf '#include <%s>\n' "$header"
	done | ${CC:-cc} -fsyntax-only -xc - 2>/dev/null
}

header() { # NAME PACKAGE LIBRARY   a library without a .pc file
	compiles "$1" || lack "$2" "the library $3 ($1)"
}

need_build() {
	program "${CC:-cc}" gcc
	compiles stdio.h || lack libc6-dev 'the C library (stdio.h)'
	program pkg-config pkg-config
	module talloc libtalloc-dev
	module jansson libjansson-dev
	module libmd libmd-dev
	module smartcols libsmartcols-dev
	module libpq libpq-dev
	module sqlite3 libsqlite3-dev
	module libmariadb libmariadb-dev
	module libcurl libcurl4-openssl-dev
	module libprotobuf-c libprotobuf-c-dev
	compiles pg_query.h uthash.h && return
	header pg_query.h libpg-query-dev libpg_query
	header uthash.h uthash-dev uthash
}

need_demo() {
	program git git
	case ${DATABASE_URL:-} in
	'' | sqlite:*) program sqlite3 sqlite3 ;;
	*) program psql postgresql-client ;;
	esac
}

need_test() {
	program git git
	program prove perl
	program bats bats
	program sqlite3 sqlite3
	program python3 python3
	program jq jq
	program scdoc scdoc
	program mariadb mariadb-client
	program mariadb-dump mariadb-client
	program pg_dump postgresql-client
	PATH=$PATH:/usr/sbin program mariadbd mariadb-server
	PATH=$PATH:/usr/sbin program pgbouncer pgbouncer
	compiles stdarg.h stddef.h stdint.h setjmp.h cmocka.h ||
		lack libcmocka-dev 'the library cmocka (cmocka.h)'
	for initdb in "$(command -v initdb)" /usr/lib/postgresql/*/bin/initdb; do
		[ -x "$initdb" ] && return
	done
	lack postgresql 'the PostgreSQL server'
}

need_lint() {
	program clang clang
	program clang-tidy clang-tidy
	program clang-format clang-format
	program shellcheck shellcheck
}

look() {
	packages='' names=''
	for what; do
		case $what in
		build) need_build ;;
		demo) need_demo ;;
		test) need_test ;;
		lint) need_lint ;;
		esac
	done
	[ -z "$packages" ]
}

check=no
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
look "$@" && exit 0
if [ $check = yes ]; then
	printf 'error: these are missing:%s\n' "$names" >&2
	printf 'hint: sh tools/install-deps.sh %s\n' "$*" >&2
	exit 1
fi

if ! command -v apt-get >/dev/null 2>&1; then
	printf 'error: these are missing:%s\n' "$names" >&2
	exit 1
fi
line="apt-get update && apt-get install -y --no-install-recommends$packages"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif sudo -n true 2>/dev/null; then
	sudo=sudo
else
	printf 'error: these are missing:%s\n' "$names" >&2
	if command -v sudo >/dev/null 2>&1; then
		printf "hint: sudo sh -c '%s'\n" "$line" >&2
	else
		printf "hint: su -c '%s'\n" "$line" >&2
	fi
	exit 1
fi
printf 'installing%s\n' "$packages" >&2
$sudo env DEBIAN_FRONTEND=noninteractive sh -c "$line" >&2 </dev/null || exit 1
look "$@" && exit 0
printf 'error: these are still missing:%s\n' "$names" >&2
exit 1
