#!/bin/sh
# embed.sh FILE...   a C table of the files' texts on standard output, sorted
# by path; the assembler reads the files, so their size does not matter.
set -eu
LC_ALL=C
export LC_ALL
echo '#include "core/base/embed.h"'
list=$(printf '%s\n' "$@" | sort)
n=0
for file in $list; do
	printf '__asm__(".section .rodata\\n.global embed_%d\\nembed_%d:\\n.incbin \\"%s\\"\\n.global embed_end_%d\\nembed_end_%d:\\n.byte 0\\n.previous\\n");\n' \
		$n $n "$file" $n $n
	printf 'extern const char embed_%d[], embed_end_%d[];\n' $n $n
	n=$((n + 1))
done
echo 'const struct embedded embedded_files[] = {'
n=0
for file in $list; do
	printf '\t{ "%s", embed_%d, embed_end_%d },\n' "$file" $n $n
	n=$((n + 1))
done
echo '};'
echo 'const size_t embedded_count = sizeof(embedded_files) / sizeof(*embedded_files);'
