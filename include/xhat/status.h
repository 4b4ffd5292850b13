/* What every part of xhat shares: statuses, the error message, the allocator.
 *
 * A function that can fail returns an xhat_status, which must not be ignored,
 * and takes an `xhat_error *` as its last argument.  NULL is allowed there;
 * otherwise the message names the argument, its value and its shape.
 *
 *     xhat_error error;
 *     if (xhat_plan_create(&plan, &spec, NULL, &error) != XHAT_OK)
 *         fprintf(stderr, "%s\n", error.message);
 *
 * On a bad argument no output is touched.
 */
#ifndef XHAT_STATUS_H
#define XHAT_STATUS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define XHAT_API       __attribute__((visibility("default")))
#define XHAT_NODISCARD __attribute__((warn_unused_result))
#else
#define XHAT_API
#define XHAT_NODISCARD
#endif

/* The values are pinned: they do not change between versions. */
typedef enum xhat_status {
    XHAT_OK = 0,
    XHAT_INVALID_ARGUMENT = 1, /* a value outside its range, a NULL pointer  */
    XHAT_SHAPE_MISMATCH = 2,   /* shapes that do not fit each other          */
    XHAT_OUT_OF_MEMORY = 3,    /* an allocation failed or its size overflows */
    XHAT_UNSUPPORTED = 4,      /* not in this build, or not on this CPU      */
    XHAT_NOT_FINITE = 5,       /* a computation left the finite numbers      */
    XHAT_CANNOT_READ = 6,      /* a file that cannot be opened or read       */
    XHAT_BAD_FORMAT = 7,       /* a file whose content is wrong              */
    XHAT_CANNOT_WRITE = 8,     /* a file that cannot be written              */
    XHAT_ALREADY_EXISTS = 9,   /* an output that would be overwritten        */
    XHAT_INTERRUPTED = 10      /* the caller asked to stop                   */
} xhat_status;

enum { XHAT_MESSAGE_SIZE = 512 };

/* Filled when a function fails, untouched when it succeeds. */
typedef struct xhat_error {
    xhat_status status;
    char message[XHAT_MESSAGE_SIZE]; /* one line, ASCII or UTF-8, ends in \0 */
} xhat_error;

/* Where the library takes memory from.  NULL stands for the C library's.
 * `allocate` returns `size` bytes aligned to `alignment` (a power of two), or
 * NULL.  Both may be called from several threads at once if the library is.
 * The allocator must outlive every object that was made with it. */
typedef struct xhat_allocator {
    void *(*allocate)(void *context, size_t alignment, size_t size);
    void (*release)(void *context, void *block);
    void *context;
} xhat_allocator;

/* The name of a status, such as "shape mismatch".  Never NULL; constant;
 * thread-safe. */
XHAT_API const char *xhat_status_name(xhat_status status);

/* The library's version, such as "0.1.0".  Constant; thread-safe. */
XHAT_API const char *xhat_version(void);

#ifdef __cplusplus
}
#endif
#endif
