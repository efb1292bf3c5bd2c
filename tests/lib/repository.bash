# shellcheck shell=bash
# repository.bash   makes the repositories of the tests, in one of the kinds that
# git knows: $REPOSITORY_KIND, or a plain one. Sourced by common.bash and by the
# fault tests.
#
#	sha256     its object names have 64 digits
#	shallow    a clone of depth 1
#	partial    a clone without blobs, whose upstreams are asked for them
#	sparse     a sparse index, with a folder that is not checked out
#	split      a split index
#	linked     a linked work tree, with a configuration of its own
#	submodule  a submodule of the folder around it
#	bare       a bare repository, and GIT_DIR and GIT_WORK_TREE in the
#	           environment
#	owned      another user's, allowed by safe.directory=*
#	reftable   its refs are in tables, where git has that

# shellcheck disable=SC2034 # kinds.sh reads it
KINDS=(plain sha256 shallow partial sparse split linked submodule bare owned
	reftable)

# seed PATH   a bare repository with three commits, from which those are cloned
# that cannot begin with nothing. No blob but those of the last commit is needed.
seed() {
	local n tree=$1.tree
	git init -q "$tree"
	mkdir -p "$tree/outside/deep"
	for n in 1 2 3; do
		echo "$n" >"$tree/outside/deep/file"
		git -C "$tree" add -A
		git -C "$tree" commit -q -m "Before $n"
	done
	git clone -q --bare "$tree" "$1"
	git -C "$1" remote remove origin
	git -C "$1" config uploadpack.allowFilter true
	rm -rf "$tree"
}

# no_origin   takes away where it was cloned from, as in a new repository.
no_origin() {
	git remote remove origin
	git config --remove-section branch.main 2>/dev/null || true
}

# also SECTION.KEY VALUE   for this and all repositories of the test.
also() {
	if [[ $GIT_CONFIG_GLOBAL != */gitconfig-of-kind ]]; then
		cp "$GIT_CONFIG_GLOBAL" "$KIND_FOLDER/gitconfig-of-kind"
		export GIT_CONFIG_GLOBAL=$KIND_FOLDER/gitconfig-of-kind
	fi
	git config --global "$1" "$2"
}

kind_shallow() {
	seed "$1.seed"
	git clone -q --depth 1 "file://$1.seed" "$1"
	cd "$1" || return
	no_origin
}

kind_partial() {
	seed "$1.seed"
	git clone -q --filter=blob:none "file://$1.seed" "$1"
	cd "$1" || return
	no_origin
	git config extensions.partialClone origin
}

kind_sparse() {
	seed "$1.seed"
	git clone -q --no-checkout "file://$1.seed" "$1"
	cd "$1" || return
	no_origin
	git sparse-checkout set --cone --sparse-index migrations
	git checkout -q main
}

kind_linked() {
	local empty
	git init -q "$1.main"
	empty=$(git -C "$1.main" commit-tree -m empty \
		"$(git -C "$1.main" write-tree)")
	git -C "$1.main" config extensions.worktreeConfig true
	git -C "$1.main" symbolic-ref HEAD refs/heads/trunk
	git -C "$1.main" worktree add -q --detach "$1" "$empty"
	cd "$1" || return
	git symbolic-ref HEAD refs/heads/main
}

kind_submodule() {
	local around=${1%/*}
	seed "$1.seed"
	git init -q "$around"
	git -C "$around" -c protocol.file.allow=always \
		submodule --quiet add "$1.seed" "${1##*/}"
	git -C "$around" commit -q -m 'Add a submodule'
	cd "$1" || return
	no_origin
}

kind_bare() {
	git init -q --bare "$1.bare"
	mkdir "$1"
	cd "$1" || return
}

# Only root may give a repository away; git's own tests have a word for others.
kind_owned() {
	also safe.directory '*'
	git init -q "$1"
	if [[ $EUID -eq 0 ]]; then
		chown -R 65534 "$1"
	else
		export GIT_TEST_ASSUME_DIFFERENT_OWNER=1
	fi
	cd "$1" || return
}

# repository PATH   a new one without migrations, on branch main, and most often
# without a commit; the shell stands in it.
repository() {
	KIND_FOLDER=${1%/*}
	case ${REPOSITORY_KIND:=plain} in
	sha256) export GIT_DEFAULT_HASH=sha256 ;;
	reftable) export GIT_DEFAULT_REF_FORMAT=reftable ;;
	split) also core.splitIndex true ;;
	shallow | partial | sparse | linked | submodule | bare | owned)
		[[ $REPOSITORY_KIND != bare ]] || git_out_of_environment
		"kind_$REPOSITORY_KIND" "$1"
		return
		;;
	esac
	git init -q "$1"
	cd "$1" || return
}

# upstream PATH   a bare repository that the one we stand in can push to, as its
# remote origin.
upstream() {
	if [[ -d $REPO.seed ]]; then
		git clone -q --bare "$REPO.seed" "$1"
		git -C "$1" remote remove origin
	else
		git init -q --bare --object-format="$(
			git rev-parse --show-object-format
		)" "$1"
	fi
	git remote add origin "$1"
	[[ $REPOSITORY_KIND != partial ]] || promised "$1"
}

# promised PATH   blobs that are not here come from there when they are read.
promised() {
	git -C "$1" config uploadpack.allowFilter true
	git config remote.origin.promisor true
	git config remote.origin.partialCloneFilter blob:none
}

# clone FROM TO   one of that kind, where clones can be.
clone() {
	case $REPOSITORY_KIND in
	shallow) git clone -q --depth 1 --no-single-branch "file://$1" "$2" ;;
	partial)
		git -C "$1" config uploadpack.allowFilter true
		git clone -q --filter=blob:none "file://$1" "$2"
		;;
	sparse) git clone -q --sparse "$1" "$2" &&
		git -C "$2" sparse-checkout set --cone --sparse-index migrations ;;
	*) git clone -q "$1" "$2" ;;
	esac
}

# here   the one we stand in, as something to clone.
here() {
	echo "${GIT_DIR:-.}"
}

# in_cone FOLDER   in a sparse work tree, the folder is there, too.
in_cone() {
	[[ $REPOSITORY_KIND != sparse ]] || git sparse-checkout add --skip-checks -- "$1"
}

# in_git NAME   the path of a file of the git directory, of this work tree; as
# git-migrate writes it.
in_git() {
	local path
	path=$(git rev-parse --path-format=absolute --git-path "$1")
	echo "${path#"$(git rev-parse --show-toplevel)"/}"
}

# in_common NAME   the same of a file that all its work trees share.
in_common() {
	echo "$(git rev-parse --path-format=absolute --git-common-dir)/$1"
}

# setting KEY VALUE   where this kind has its settings.
setting() {
	local scope=--local
	[[ $REPOSITORY_KIND != linked ]] || scope=--worktree
	git config "$scope" "$1" "$2"
}

# Of the kind `bare`: what stands in the environment says which repository it is
# wherever one stands, so it stands there only in the folder that is meant.
cd() {
	builtin cd "$@" || return
	[[ ${REPOSITORY_KIND:-} == bare ]] || return 0
	local folder=$PWD
	while [[ -n $folder && ! -d $folder.bare ]]; do
		folder=${folder%/*}
	done
	if [[ -n $folder ]]; then
		export GIT_DIR=$folder.bare GIT_WORK_TREE=$folder
	else
		unset GIT_DIR GIT_WORK_TREE
	fi
}

# Only where it is needed: a signal for a function in the background does not reach
# the program.
git_out_of_environment() {
	git() {
		case $1 in
		-C | clone | init) env -u GIT_DIR -u GIT_WORK_TREE git "$@" ;;
		*) command git "$@" ;;
		esac
	}
}
