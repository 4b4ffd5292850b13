/* A folder as DATA: IDX files with the MNIST names, or CIFAR-10 batches. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset_parts.h"

enum { PATH_SIZE = 4096, FILES_MOST = 64 };

void xhat_name_cifar_classes(xhat_dataset *data)
{
    static const char *const names[10] = {
        "airplane", "automobile", "bird",  "cat",  "deer",
        "dog",      "frog",       "horse", "ship", "truck"};
    for (size_t k = 0; k < data->classes; k++) {
        char *name = xhat_copy_string(data->allocator,
                                      names[atoi(data->class_names[k])]);
        if (name == NULL)
            return; /* the number stays: it is a name as well */
        xhat_release(data->allocator, data->class_names[k]);
        data->class_names[k] = name;
    }
}

/* The files of a folder that make a data set, in order. */
typedef struct folder_files {
    xhat_arrays file[FILES_MOST];
    size_t count;
} folder_files;

static void close_files(folder_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        xhat_arrays_free(&files->file[i]);
}

static xhat_status open_file(folder_files *files, const char *path,
                             const xhat_dataset *data, xhat_error *error)
{
    if (files->count == FILES_MOST)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: more than %d files of data", path, FILES_MOST);
    xhat_status status = xhat_arrays_read(&files->file[files->count], path,
                                          data->allocator, error);
    files->count += status == XHAT_OK;
    return status;
}

/* folder/name or folder/name.gz, whichever is there, into path. */
static bool find_idx(char path[PATH_SIZE], const char *folder, const char *name)
{
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    if (access(path, F_OK) == 0)
        return true;
    snprintf(path, PATH_SIZE, "%s/%s.gz", folder, name);
    return access(path, F_OK) == 0;
}

static xhat_status open_idx_pair(folder_files *files, const char *folder,
                                 const char *prefix, xhat_part *p,
                                 const xhat_dataset *data, xhat_error *error)
{
    char path[PATH_SIZE], name[64];
    const char *const kinds[2] = {"images-idx3", "labels-idx1"};
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s-%s-ubyte", prefix, kinds[i]);
        if (!find_idx(path, folder, name))
            return xhat_fail(error, XHAT_CANNOT_READ,
                             "%s: there is no %s[.gz] in it", folder, name);
        xhat_status status = open_file(files, path, data, error);
        if (status != XHAT_OK)
            return status;
        xhat_arrays *file = &files->file[files->count - 1];
        if (file->count != 1)
            return xhat_fail(error, XHAT_BAD_FORMAT, "%s: not an IDX file (%s)",
                             path, file->format);
        *(i == 0 ? &p->x : &p->y) = &file->items[0];
    }
    if (p->x->rank < 1 || p->x->shape[0] != xhat_array_count(p->y))
        return xhat_fail(error, XHAT_SHAPE_MISMATCH,
                         "%s: %zu %s images but %zu labels", folder,
                         p->x->shape[0], prefix, xhat_array_count(p->y));
    return XHAT_OK;
}

static xhat_status from_idx_folder(xhat_dataset *data, folder_files *files,
                                   const char *folder,
                                   const xhat_data_options *options,
                                   xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_part parts[2] = {{0}};
    bool has_test = find_idx(path, folder, "t10k-images-idx3-ubyte");
    xhat_status status =
        open_idx_pair(files, folder, "train", &parts[0], data, error);
    if (status == XHAT_OK && has_test)
        status = open_idx_pair(files, folder, "t10k", &parts[1], data, error);
    if (status != XHAT_OK)
        return status;
    snprintf(data->format, sizeof data->format, "idx");
    return xhat_parts_join(data, parts, has_test ? 2 : 1, has_test, folder,
                           options, error);
}

static int is_cifar_batch(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return strncmp(entry->d_name, "data_batch", 10) == 0 && length > 4 &&
           strcmp(entry->d_name + length - 4, ".bin") == 0;
}

static xhat_status open_cifar(folder_files *files, const char *path,
                              xhat_part *p, const xhat_dataset *data,
                              xhat_error *error)
{
    xhat_status status = open_file(files, path, data, error);
    if (status != XHAT_OK)
        return status;
    const xhat_arrays *file = &files->file[files->count - 1];
    *p = (xhat_part){xhat_arrays_find(file, "x"), xhat_arrays_find(file, "y")};
    if (p->x == NULL || p->y == NULL)
        return xhat_fail(error, XHAT_BAD_FORMAT,
                         "%s: not a CIFAR-10 batch but %s", path, file->format);
    return XHAT_OK;
}

static xhat_status from_cifar_folder(xhat_dataset *data, folder_files *files,
                                     const char *folder,
                                     struct dirent **batches, size_t count,
                                     const xhat_data_options *options,
                                     xhat_error *error)
{
    char path[PATH_SIZE];
    xhat_part parts[FILES_MOST];
    xhat_status status = XHAT_OK;
    size_t made = 0;
    for (; made < count && made < FILES_MOST - 1 && status == XHAT_OK; made++) {
        snprintf(path, sizeof path, "%s/%s", folder, batches[made]->d_name);
        status = open_cifar(files, path, &parts[made], data, error);
    }
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    bool has_test = access(path, F_OK) == 0;
    if (status == XHAT_OK && has_test)
        status = open_cifar(files, path, &parts[made++], data, error);
    if (status != XHAT_OK)
        return status;
    status =
        xhat_parts_join(data, parts, made, has_test, folder, options, error);
    if (status == XHAT_OK)
        xhat_name_cifar_classes(data);
    snprintf(data->format, sizeof data->format, "cifar10");
    return status;
}

xhat_status xhat_dataset_from_folder(xhat_dataset *data, const char *folder,
                                     const xhat_data_options *options,
                                     xhat_error *error)
{
    char path[PATH_SIZE];
    struct dirent **batches = NULL;
    int count = scandir(folder, &batches, is_cifar_batch, alphasort);
    if (count < 0)
        return xhat_fail(error, XHAT_CANNOT_READ, "%s: cannot be listed",
                         folder);
    xhat_status status;
    folder_files *files =
        xhat_allocate_zeroed(data->allocator, 1, sizeof *files);
    if (files == NULL)
        status =
            xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for %s", folder);
    else if (count > 0)
        status = from_cifar_folder(data, files, folder, batches, (size_t)count,
                                   options, error);
    else if (find_idx(path, folder, "train-images-idx3-ubyte") ||
             find_idx(path, folder, "train-labels-idx1-ubyte"))
        status = from_idx_folder(data, files, folder, options, error);
    else
        status = xhat_fail(error, XHAT_CANNOT_READ,
                           "%s: neither train-images-idx3-ubyte[.gz] nor "
                           "data_batch_1.bin is in this folder",
                           folder);
    if (files != NULL)
        close_files(files);
    xhat_release(data->allocator, files);
    for (int i = 0; i < count; i++)
        free(batches[i]);
    free(batches);
    return status;
}
