#include "core/base/overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/embed.h"

#define FILE_LIMIT ((size_t)1 << 20)

struct overlay {
	char *roots[2]; /* by enum overlay_source; NULL: none */
};

static char *own_root(TALLOC_CTX *mem)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (config && *config == '/')
		return talloc_asprintf(mem, "%s/git-migrate", config);
	if (home && *home)
		return talloc_asprintf(mem, "%s/.config/git-migrate", home);
	return NULL;
}

struct overlay *overlay_new(TALLOC_CTX *mem, const char *top)
{
	struct overlay *overlay = talloc_zero(mem, struct overlay);

	overlay->roots[OVERLAY_OWN] = own_root(overlay);
	if (top)
		overlay->roots[OVERLAY_SHARED] =
			talloc_asprintf(overlay, "%s/.gitmigrate.d", top);
	return overlay;
}

static int unreadable(const char *path, const char *why, struct error *err)
{
	return error_set(err, ERROR_FAILED, "unable to read '%s': %s", path,
			 why);
}

static int read_fd(struct overlay_file *file, int fd, struct error *err)
{
	file->text = talloc_array(file, char, FILE_LIMIT + 1);
	while (file->length <= FILE_LIMIT) {
		ssize_t n = read(fd, file->text + file->length,
				 FILE_LIMIT + 1 - file->length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return unreadable(file->path, strerror(errno), err);
		if (n == 0)
			break;
		file->length += (size_t)n;
	}
	if (file->length > FILE_LIMIT)
		return unreadable(file->path, "it is larger than a megabyte",
				  err);
	file->text = talloc_realloc(file, file->text, char,
				    (unsigned)file->length + 1);
	file->text[file->length] = '\0';
	if (memchr(file->text, '\0', file->length))
		return unreadable(file->path, "it has a NUL byte", err);
	return 0;
}

/* 1 when the file is there, 0 when it is not. */
static int read_file(struct overlay_file *file, const char *path,
		     enum overlay_source source, struct error *err)
{
	/* a pipe of that name must not be waited for, and a link that came
	   with a clone must not fetch a secret of the person's */
	int fd = open(path,
		      O_RDONLY | O_CLOEXEC | O_NONBLOCK |
			      (source == OVERLAY_SHARED ? O_NOFOLLOW : 0));
	struct stat st;
	int result;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	file->path = talloc_strdup(file, path);
	if (fd < 0)
		return unreadable(path, strerror(errno), err);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		result = unreadable(path, "it is no file", err);
	else
		result = read_fd(file, fd, err);
	close(fd);
	return result < 0 ? -1 : 1;
}

int overlay_read(TALLOC_CTX *mem, const struct overlay *overlay,
		 const char *path, struct overlay_file **out, struct error *err)
{
	struct overlay_file *file = talloc_zero(mem, struct overlay_file);
	const char *text = embed_text(path);

	*out = NULL;
	for (int i = OVERLAY_OWN; i <= OVERLAY_SHARED; i++) {
		char *full;
		int found;

		if (!overlay->roots[i])
			continue;
		full = talloc_asprintf(file, "%s/%s", overlay->roots[i], path);
		found = read_file(file, full, (enum overlay_source)i, err);
		talloc_free(full);
		if (found < 0)
			return -1;
		if (found) {
			file->source = (enum overlay_source)i;
			*out = file;
			return 0;
		}
	}
	if (!text) {
		talloc_free(file);
		return 0;
	}
	file->path = talloc_strdup(file, path);
	file->text = talloc_strdup(file, text);
	file->length = strlen(text);
	file->source = OVERLAY_BUILT_IN;
	*out = file;
	return 0;
}

struct names {
	TALLOC_CTX *mem;
	char **list;
	size_t count;
};

static void add_name(struct names *names, const char *name, size_t length)
{
	for (size_t i = 0; i < names->count; i++)
		if (strlen(names->list[i]) == length &&
		    !memcmp(names->list[i], name, length))
			return;
	names->list = talloc_realloc(names->mem, names->list, char *,
				     (unsigned)names->count + 1);
	names->list[names->count++] = talloc_strndup(names->list, name, length);
}

static void list_built_in(struct names *names, const char *folder)
{
	size_t length = strlen(folder);

	for (size_t i = 0; i < embedded_count; i++) {
		const char *path = embedded_files[i].path;

		if (!strncmp(path, folder, length) && path[length] == '/')
			add_name(names, path + length + 1,
				 strcspn(path + length + 1, "/"));
	}
}

static void list_folder(struct names *names, const char *root,
			const char *folder)
{
	char *path = talloc_asprintf(NULL, "%s/%s", root, folder);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			add_name(names, entry->d_name, strlen(entry->d_name));
	if (dir)
		closedir(dir);
	talloc_free(path);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void overlay_list(TALLOC_CTX *mem, const struct overlay *overlay,
		  const char *folder, char ***list, size_t *count)
{
	struct names names = { .mem = mem };

	list_built_in(&names, folder);
	for (int i = OVERLAY_OWN; i <= OVERLAY_SHARED; i++)
		if (overlay->roots[i])
			list_folder(&names, overlay->roots[i], folder);
	if (names.count)
		qsort(names.list, names.count, sizeof(*names.list), compare);
	*list = names.list;
	*count = names.count;
}
