#!/bin/sh
# lazy.sh header|source NAME SYMS   glue for a library that is loaded when it is
# first needed. SYMS: "soname FILE", "include HEADER" and then one function a
# line; "optional NAME" for one that an older library may lack.
# The header declares `struct lazy_NAME` and redirects each function to it, so
# that the code that calls them reads as if it were linked; nothing links it.
set -eu
what=$1 name=$2 syms=$3
functions=$(awk '$1 != "soname" && $1 != "include" && $1 !~ /^#/ && NF { print $NF }' "$syms")
case $what in
header)
	echo "/* Made by tools/lazy.sh from $syms. */"
	echo "#ifndef LAZY_$name"
	echo "#define LAZY_$name"
	awk '$1 == "include" { print "#include <" $2 ">" }' "$syms"
	echo '#include "core/base/lazy.h"'
	echo "struct lazy_$name {"
	for f in $functions; do
		printf '\t__typeof__(&%s) %s_;\n' "$f" "$f"
	done
	echo "};"
	echo "extern struct lazy_$name lazy_$name;"
	echo "int lazy_${name}_load(struct error *err);"
	for f in $functions; do
		echo "#undef $f"
		echo "#define $f lazy_$name.${f}_"
	done
	echo "#endif"
	;;
source)
	echo "/* Made by tools/lazy.sh from $syms. */"
	echo '#include "core/base/lazy.h"'
	echo "#include \"lazy/$name.h\""
	echo "struct lazy_$name lazy_$name;"
	echo "static const struct lazy_symbol symbols[] = {"
	awk -v n="$name" '$1 == "soname" || $1 == "include" || $1 ~ /^#/ || !NF { next }
		{ printf "\t{ \"%s\", (void **)(void *)&lazy_%s.%s_, %d },\n", $NF, n, $NF, $1 == "optional" }' "$syms"
	echo "};"
	soname=$(awk '$1 == "soname" { print $2 }' "$syms")
	cat <<-END
	int lazy_${name}_load(struct error *err)
	{
		static void *handle;

		return lazy_load(&handle, "$soname", symbols,
				 sizeof(symbols) / sizeof(*symbols), err);
	}
	END
	;;
esac
