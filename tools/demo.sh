#!/bin/sh
# demo.sh BUILD   the whole story in a temporary directory: a repository, a
# database with 450,000 users, a migration written, proven, applied, measured
# and written up. With DATABASE_URL set to a PostgreSQL it happens in a new
# database beside that one, which is dropped at the end.
set -eu
build=$(cd "$1" && pwd)
users=450000

dir=$(mktemp -d "${TMPDIR:-/tmp}/git-migrate-demo.XXXXXX")
database=
finish() {
	status=$?
	cd /
	if [ -n "$database" ]; then
		psql -X -q -d "$server" -c "DROP DATABASE IF EXISTS $database" \
			>/dev/null 2>&1 || :
	fi
	rm -rf "$dir"
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# Nothing of the person's own git configuration, nothing left in it.
for name in $(env | sed -n 's/^\(GIT_[A-Z0-9_]*\)=.*/\1/p'); do
	unset "$name"
done
exec 2>&1 # so that what is said stays where it was said
export HOME="$dir" XDG_CONFIG_HOME="$dir/.config" PATH="$dir/bin:$PATH"
# In a folder of its own: beside it in the build is a folder named git.
mkdir "$dir/bin"
ln -s "$build/git-migrate" "$dir/bin"
export GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat GIT_EDITOR=true LESS=
git config --global user.name 'Demo Person'
git config --global user.email demo@example.com
git config --global init.defaultBranch main
git config --global core.commentChar auto

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
	bold='' plain=''
fi
say() {
	printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}
run() {
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	eval "$*"
}

case ${DATABASE_URL:-} in
'' | sqlite:*)
	unset DATABASE_URL
	fill='sqlite3 dev.db'
	numbers="WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
	SELECT i + 1 FROM n WHERE i < $users) SELECT i"
	;;
*)
	server=$DATABASE_URL
	name=git_migrate_demo_$$
	psql -X -q -v ON_ERROR_STOP=1 -d "$server" \
		-c "CREATE DATABASE $name" || {
		echo "error: the demo needs a database of its own, and this" \
			"role may not create one beside DATABASE_URL" >&2
		exit 1
	}
	database=$name
	# a later dbname wins, in a URI as in a list of key=value
	case $server in
	*://*\?*) DATABASE_URL="$server&dbname=$database" ;;
	*://*) DATABASE_URL="$server?dbname=$database" ;;
	*=*) DATABASE_URL="$server dbname=$database" ;;
	*) DATABASE_URL="dbname=$database" ;;
	esac
	export DATABASE_URL
	# shellcheck disable=SC2016
	fill='psql -X -q -d "$DATABASE_URL"'
	numbers="SELECT i"
	from="FROM generate_series(1, $users) AS n (i)"
	;;
esac
: "${from:=FROM n}"

say 'a git repository that keeps its migrations beside its code'
mkdir "$dir/shop"
cd "$dir/shop"
run git init -q
printf 'dev.db*\n' >.gitignore
run git migrate init --no-target

say 'the table that production has had for years, with 450,000 users in it'
mkdir -p migrations
cat >migrations/20240105090000_create_users.up.sql <<-END
	CREATE TABLE users (
	    id integer PRIMARY KEY,
	    email text NOT NULL UNIQUE,
	    name text NOT NULL
	);
END
echo 'DROP TABLE users;' >migrations/20240105090000_create_users.down.sql
run 'cat migrations/*_create_users.up.sql'
run 'git add -A && git commit -q -m "Create users"'
run git migrate up
cat >../fill.sql <<-END
	INSERT INTO users (id, email, name)
	$numbers, 'user' || i || '@example.com', 'User ' || i
	$from;
END
run "$fill <../fill.sql"

say 'today: a new column, scaffolded with its rollback first'
run 'git migrate new add_email_verified_to_users --type boolean --default false'
run 'tail -n +1 migrations/*_add_email_verified_to_users.*.sql'

say 'does the rollback really undo it? up, down, up on a scratch database'
run git migrate prove

say 'committed: from now on the commit is the version'
run 'git add -A && git commit -q -m "Add email_verified to users"'
run git migrate status

say 'applied, and measured while it ran'
run git migrate up
run git migrate status

say 'what the next person will want to read, filled in from what was measured'
run "git migrate comment --gotcha 'Old rows read as not verified'"

say 'posted into the thread that travels with the repository: git notes'
run "git migrate post"
run git log --notes=migrate -1
