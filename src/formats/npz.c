/* npz: a zip file whose members NAME.npy are the arrays. */
#include "npy.h"
#include "readers.h"
#include "zip.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static const char ending[] = ".npy";
enum { ENDING = sizeof ending - 1 };

xhat_likeness xhat_npz_likeness(const xhat_source *source)
{
    return source->size >= 4 && (memcmp(source->bytes, "PK\3\4", 4) == 0 ||
                                 memcmp(source->bytes, "PK\5\6", 4) == 0)
               ? XHAT_ALIKE
               : XHAT_UNLIKE;
}

/* Unpacks the member and reads it as the array `name`. */
static xhat_status read_member(xhat_arrays *arrays, const xhat_source *source,
                               const xhat_zip_member *member, const char *name)
{
    char shown[XHAT_MESSAGE_SIZE];
    unsigned char *unpacked = NULL;
    xhat_source inner = *source;
    snprintf(shown, sizeof shown, "%s: %s", source->name, name);
    inner.name = shown;
    inner.bytes = member->packed;
    inner.size = member->size;
    if (member->deflated) {
        unpacked = xhat_allocate(source->allocator, member->size, 1);
        if (unpacked == NULL)
            return xhat_source_no_memory(&inner);
        inner.bytes = unpacked;
    }
    xhat_status status = xhat_zip_unpack(&inner, member, unpacked);
    if (status == XHAT_OK)
        status = xhat_npy_read_as(arrays, &inner, name);
    xhat_release(source->allocator, unpacked);
    return status;
}

static xhat_status read_named(xhat_arrays *arrays, const xhat_source *source,
                              const xhat_zip_member *member)
{
    size_t length = member->name_length - ENDING;
    char *name = xhat_allocate(source->allocator, length + 1, 1);
    if (name == NULL)
        return xhat_source_no_memory(source);
    memcpy(name, member->name, length);
    name[length] = '\0';
    xhat_status status =
        xhat_arrays_find(arrays, name) != NULL
            ? xhat_source_bad(source, "holds two arrays named %s", name)
            : read_member(arrays, source, member, name);
    xhat_release(source->allocator, name);
    return status;
}

xhat_status xhat_npz_read(xhat_arrays *arrays, const xhat_source *source)
{
    xhat_zip_reader reader;
    size_t others = 0;
    xhat_status status = xhat_zip_open(&reader, source);
    while (status == XHAT_OK && reader.left > 0) {
        xhat_zip_member member;
        status = xhat_zip_next(&reader, &member);
        if (status != XHAT_OK)
            break;
        if (member.name_length >= ENDING &&
            memcmp(member.name + member.name_length - ENDING, ending, ENDING) ==
                0)
            status = read_named(arrays, source, &member);
        else
            others++;
    }
    if (status == XHAT_OK && reader.at != reader.end)
        status = xhat_source_bad(source, "zip: the central directory holds "
                                         "more members than it says");
    if (status != XHAT_OK)
        return status;
    if (arrays->count == 0)
        return xhat_source_bad(source,
                               "a zip file without arrays (none of its %zu "
                               "members is a .npy)",
                               others);
    if (others > 0)
        snprintf(arrays->note, sizeof arrays->note,
                 "members left out, being no arrays: %zu", others);
    return XHAT_OK;
}

static xhat_status check_names(const xhat_array *arrays, size_t count,
                               const char *path, xhat_error *error)
{
    enum { NAME_MOST = UINT16_MAX - ENDING };
    for (size_t i = 0; i < count; i++) {
        if (arrays[i].name == NULL || arrays[i].name[0] == '\0')
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "%s: array %zu has no name", path, i);
        if (strlen(arrays[i].name) > NAME_MOST)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "%s: array %zu has a name longer than %d bytes",
                             path, i, NAME_MOST);
        for (size_t j = 0; j < i; j++)
            if (strcmp(arrays[i].name, arrays[j].name) == 0)
                return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                                 "%s: two arrays named %s", path,
                                 arrays[i].name);
    }
    return XHAT_OK;
}

/* False when memory ran out. */
static bool add_member(xhat_zip_writer *zip, const xhat_array *array)
{
    char header[XHAT_NPY_HEADER_SIZE];
    xhat_text name = xhat_text_on(NULL);
    xhat_text_put(&name, array->name);
    xhat_text_put(&name, ending);
    bool named = !name.failed;
    if (named)
        xhat_zip_add(zip, name.data, header,
                     xhat_npy_header_format(header, array), array->data,
                     xhat_array_count(array) *
                         xhat_element_size(array->element));
    xhat_text_free(&name);
    return named;
}

xhat_status xhat_npz_write(const char *path, bool force,
                           const xhat_array *arrays, size_t count,
                           xhat_error *error)
{
    xhat_output_file file;
    bool complete = true;
    xhat_status status = check_names(arrays, count, path, error);
    if (status == XHAT_OK)
        status = xhat_output_open(&file, path, force, error);
    if (status != XHAT_OK)
        return status;
    xhat_zip_writer zip = xhat_zip_writer_on(&file, UINT32_MAX);
    for (size_t i = 0; i < count; i++)
        complete &= add_member(&zip, &arrays[i]);
    complete &= xhat_zip_finish(&zip);
    if (!complete) {
        xhat_output_abandon(&file);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "%s: out of memory", path);
    }
    return xhat_output_commit(&file, error);
}
