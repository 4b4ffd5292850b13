#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

enum { FIRST_CAPACITY = 1 << 16, READ_MOST = 1 << 30 }; /* bytes */

xhat_status xhat_source_no_memory(const xhat_source *source)
{
    return xhat_fail(source->error, XHAT_OUT_OF_MEMORY, "%s: out of memory",
                     source->name);
}

xhat_status xhat_source_bad(const xhat_source *source, const char *format, ...)
{
    char message[XHAT_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return xhat_fail(source->error, XHAT_BAD_FORMAT, "%s: %s", source->name,
                     message);
}

/* Bytes of the UTF-8 character at text[left]; 0 when it is none, or a control
 * character. */
static size_t character_length(const char *text, size_t left)
{
    unsigned char first = (unsigned char)*text;
    size_t length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < ' ' || (first >= 0x7f && first < 0xc2) || first > 0xf4 ||
        length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

char *xhat_excerpt(char to[XHAT_EXCERPT_SIZE], const char *text, size_t length)
{
    const size_t most = length <= 40 ? length : 37; /* and "..." */
    size_t used = 0;
    while (used < most) {
        size_t bytes = character_length(text + used, length - used);
        if (used + bytes > most)
            break;
        if (bytes == 0)
            to[used++] = '?';
        else
            memcpy(to + used, text + used, bytes);
        used += bytes;
    }
    strcpy(to + used, length > 40 ? "..." : "");
    return to;
}

static xhat_status cannot_read(const xhat_source *source)
{
    return xhat_fail(source->error, XHAT_CANNOT_READ, "cannot read %s: %s",
                     source->name, strerror(errno));
}

/* Moves `used` bytes into a block of twice the capacity; false: no memory. */
static bool grow(const xhat_source *source, unsigned char **block,
                 size_t *capacity, size_t used)
{
    unsigned char *larger = xhat_allocate(source->allocator, *capacity, 2);
    if (larger == NULL)
        return false;
    memcpy(larger, *block, used);
    xhat_release(source->allocator, *block);
    *block = larger;
    *capacity *= 2;
    return true;
}

/* Everything up to the end of the descriptor.  The size that the system gives
 * for a regular file is a hint: one byte more finds the end without growing. */
static xhat_status read_all(xhat_source *source, int descriptor)
{
    struct stat status;
    size_t capacity = FIRST_CAPACITY, used = 0;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size > 0)
        capacity = (size_t)status.st_size + 1;

    unsigned char *block = xhat_allocate(source->allocator, capacity, 1);
    if (block == NULL)
        return xhat_source_no_memory(source);
    for (;;) {
        if (used == capacity && !grow(source, &block, &capacity, used)) {
            xhat_release(source->allocator, block);
            return xhat_source_no_memory(source);
        }
        size_t room = capacity - used;
        ssize_t got =
            read(descriptor, block + used, room < READ_MOST ? room : READ_MOST);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            xhat_status failed = cannot_read(source);
            xhat_release(source->allocator, block);
            return failed;
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    source->bytes = block;
    source->size = used;
    return XHAT_OK;
}

xhat_status xhat_source_read(xhat_source *source, const char *path,
                             const xhat_allocator *allocator, xhat_error *error)
{
    bool standard = strcmp(path, "-") == 0;
    *source = (xhat_source){.name = standard ? "standard input" : path,
                            .allocator = allocator,
                            .error = error};
    int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return cannot_read(source);
    xhat_status status = read_all(source, descriptor);
    if (!standard)
        close(descriptor);
    return status;
}

void xhat_source_free(xhat_source *source)
{
    xhat_release(source->allocator, (void *)source->bytes);
    source->bytes = NULL;
    source->size = 0;
}

void xhat_source_forget(xhat_source *source, const void *end)
{
    enum { STEP = 1 << 22 }; /* bytes: a call to the system is not free */
    const unsigned char *from = source->bytes + source->forgotten;
    if (source->allocator != NULL || (const unsigned char *)end - from < STEP)
        return;
    /* whole pages of a private, anonymous mapping: they read as zeros then */
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)from + page - 1) / page * page;
    uintptr_t last = (uintptr_t)end / page * page;
    (void)!madvise((void *)first, last - first, MADV_DONTNEED);
    source->forgotten = last - (uintptr_t)source->bytes;
}
