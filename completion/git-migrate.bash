# shellcheck shell=bash
# bash completion for git-migrate. git's own completion finds _git_migrate when
# `git migrate` is typed; nothing here opens a database.
# The words of the line ($cur, $prev, $words, $cword) are its variables.
# shellcheck disable=SC2154

_git_migrate_versions ()
{
	local top dir file
	top=$(__git rev-parse --show-toplevel 2>/dev/null) || return
	dir=$(__git config migrate.dir) ||
		dir=$(__git config -f "$top/.gitmigrate" migrate.dir 2>/dev/null) ||
		dir=migrations
	for file in "$top/$dir"/*.up.sql; do
		file=${file##*/}
		case "$file" in
		[0-9]*_*) echo "${file%%_*}" ;;
		esac
	done
}

_git_migrate_targets ()
{
	local top
	top=$(__git rev-parse --show-toplevel 2>/dev/null)
	{
		__git config --name-only --get-regexp '^migrate-target\..*\.url$'
		__git config -f "$top/.gitmigrate" --name-only --get-regexp \
			'^migrate-target\..*\.url$' 2>/dev/null
	} | sed -e 's/^migrate-target\.//' -e 's/\.url$//' | sort -u
}

# What may stand after an option; fails when that is nothing we know.
_git_migrate_value () # OPTION VALUE
{
	case "$1" in
	--target | -t)
		__gitcomp_nl "$(_git_migrate_targets)" "" "$2"
		;;
	--to)
		# backup's are files, and of `new` it is a name
		case ${words[${__git_cmd_idx:-1} + 1]-} in
		backup | new) return 1 ;;
		esac
		__gitcomp_nl "$(_git_migrate_versions)" "" "$2"
		;;
	--release | --confirm)
		__gitcomp_nl "$(_git_migrate_versions)" "" "$2"
		;;
	--template | -T)
		__gitcomp_nl "$(__git migrate new --list-templates |
			sed -n 's/^\([a-z][^ ]*\).*/\1/p')" "" "$2"
		;;
	--at | --upstream)
		__git_complete_refs --cur="$2"
		;;
	--html)
		;; # a file
	--range)
		case $2 in
		*..*) __git_complete_refs --pfx="${2%..*}.." --cur="${2##*..}" ;;
		*) __git_complete_refs --cur="$2" --sfx=".." ;;
		esac
		;;
	--thread)
		__gitcomp_nl "notes" "" "$2"
		;;
	*)
		return 1
		;;
	esac
}

_git_migrate ()
{
	local at=$((${__git_cmd_idx:-1} + 1))
	local command=${words[at]-}

	if [ "$cword" -le "$at" ]; then
		__gitcomp_nl "$(__git migrate --list-commands)"
		return
	fi
	case "$cur" in
	--*=*)
		_git_migrate_value "${cur%%=*}" "${cur#*=}"
		return
		;;
	-*)
		__gitcomp_builtin "migrate_$command"
		return
		;;
	esac
	if _git_migrate_value "$prev" "$cur"; then
		return
	fi
	case "$command" in
	prove | derive | comment | post | log | renumber)
		__gitcomp_nl "$(_git_migrate_versions)"
		;;
	sync)
		__git_complete_refs --cur="$cur"
		;;
	switch)
		__git_complete_refs --cur="$cur" --mode="heads"
		;;
	notes)
		if [ "$cword" -eq $((at + 1)) ]; then
			__gitcomp "push fetch merge"
		else
			__gitcomp_nl "$(__git_remotes)"
		fi
		;;
	hook)
		__gitcomp_nl "$(printf '%s\n' install uninstall list
			__git migrate hook list 2>/dev/null |
			sed -n '2,$s/ .*//p')"
		;;
	esac
}

# `git-migrate` typed with its dash
if declare -f __git_complete >/dev/null 2>&1; then
	__git_complete git-migrate _git_migrate
fi
