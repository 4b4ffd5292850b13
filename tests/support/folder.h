/* A folder for the files of a test. */
#ifndef XHAT_TESTS_FOLDER_H
#define XHAT_TESTS_FOLDER_H

#include "check.h"

#include <dirent.h>
#include <unistd.h>

/* A fresh folder; folder[] receives its name. */
static inline void folder_make(char folder[64])
{
    snprintf(folder, 64, "/tmp/xhat-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

/* Removes it and what is in it. */
static inline void folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        unlink(path);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char inner[512];
        int length =
            snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (length < (int)sizeof inner && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            folder_remove(inner);
    }
    closedir(folder);
    rmdir(path);
}

static inline void file_put(const char *folder, const char *name,
                            const void *bytes, size_t size, char path[256])
{
    assert_true(snprintf(path, 256, "%s/%s", folder, name) < 256);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

#endif
