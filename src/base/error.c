#include "error.h"

#include <stdarg.h>
#include <stdio.h>

xhat_status xhat_fail(xhat_error *error, xhat_status status, const char *format,
                      ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

const char *xhat_status_name(xhat_status status)
{
    switch (status) {
    case XHAT_OK:
        return "ok";
    case XHAT_INVALID_ARGUMENT:
        return "invalid argument";
    case XHAT_SHAPE_MISMATCH:
        return "shape mismatch";
    case XHAT_OUT_OF_MEMORY:
        return "out of memory";
    case XHAT_UNSUPPORTED:
        return "unsupported";
    case XHAT_NOT_FINITE:
        return "not finite";
    case XHAT_CANNOT_READ:
        return "cannot read";
    case XHAT_BAD_FORMAT:
        return "bad format";
    case XHAT_CANNOT_WRITE:
        return "cannot write";
    case XHAT_ALREADY_EXISTS:
        return "already exists";
    case XHAT_INTERRUPTED:
        return "interrupted";
    }
    return "unknown status";
}

const char *xhat_version(void)
{
    return XHAT_VERSION;
}
