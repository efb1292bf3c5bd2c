# What the tests of git migrate switch share.

on() { # BRANCH TABLES
	same branch "$1" "$(git symbolic-ref --short HEAD)"
	same 'work tree' '' "$(git status --porcelain)"
	same tables "$2" "$(tables)"
	same 'not applied' '' "$(states | grep -v ' applied$')"
	[[ ! -e $(in_git migrate/switch.json) ]] || explain 'the journal is left'
}

# A statement that takes long, and ends when it is told to.
slow() {
	case $ENGINE in
	sqlite) echo 'INSERT INTO c WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL
		SELECT x + 1 FROM n WHERE x < 1000000000) SELECT count(*) FROM n;' ;;
	postgresql) echo 'SELECT pg_sleep(60);' ;;
	mariadb) echo 'DO sleep(60);' ;;
	esac
}
