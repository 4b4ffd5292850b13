/* How every function in xhat reports a failure:
 *
 *     if (gamma_length != channels)
 *         return xhat_fail(error, XHAT_SHAPE_MISMATCH,
 *                          "gamma has %zu values but x has %zu channels",
 *                          gamma_length, channels);
 */
#ifndef XHAT_BASE_ERROR_H
#define XHAT_BASE_ERROR_H

#include "xhat/status.h"

/* Writes the message (cut to XHAT_MESSAGE_SIZE) into *error unless error is
 * NULL, and returns `status`. */
xhat_status xhat_fail(xhat_error *error, xhat_status status, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

#endif
