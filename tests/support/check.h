/* cmocka with the headers it wants before it, and comparisons of numbers. */
#ifndef XHAT_TESTS_CHECK_H
#define XHAT_TESTS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xhat/status.h"

/* |a - b| <= relative * max(|a|, |b|) + absolute; both NaN agree */
static inline int check_close(double a, double b, double relative,
                              double absolute)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (a == b)
        return 1;
    return fabs(a - b) <= relative * fmax(fabs(a), fabs(b)) + absolute;
}

#define assert_close(a, b, relative, absolute)                                 \
    do {                                                                       \
        double a_ = (a), b_ = (b);                                             \
        if (!check_close(a_, b_, relative, absolute))                          \
            fail_msg("%s = %.17g but %s = %.17g", #a, a_, #b, b_);             \
    } while (0)

#define assert_ok(call)                                                        \
    do {                                                                       \
        xhat_error error_ = {0};                                               \
        xhat_error *error = &error_;                                           \
        xhat_status status_ = (call);                                          \
        if (status_ != XHAT_OK)                                                \
            fail_msg("%s: %s: %s", #call, xhat_status_name(status_),           \
                     error_.message);                                          \
    } while (0)

/* the call fails with `status` and a message that holds `text`; inside the
 * call, pass `error` */
#define assert_fails(call, status, text)                                       \
    do {                                                                       \
        xhat_error error_ = {0};                                               \
        xhat_error *error = &error_;                                           \
        assert_int_equal((call), (status));                                    \
        if (strstr(error_.message, (text)) == NULL)                            \
            fail_msg("\"%s\" does not say \"%s\"", error_.message, (text));    \
    } while (0)

#endif
