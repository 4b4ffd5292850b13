/* Numbers as text and back, the same in every locale.  Thread-safe. */
#ifndef XHAT_BASE_NUMBER_H
#define XHAT_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XHAT_NUMBER_SIZE = 32 }; /* room for any number below, with its NUL */

/* The shortest text that reads back as the same double (or float): "0.1",
 * "-4", "1e-05", "inf", "nan".  Returns text. */
char *xhat_number_from_f64(double value, char text[XHAT_NUMBER_SIZE]);
char *xhat_number_from_f32(float value, char text[XHAT_NUMBER_SIZE]);

/* Strict: the whole of text[0 .. length) is one decimal number ("1e-3x",
 * "1,5", "0x10", "" and " 1" are not); inf, infinity and nan, signed or not,
 * in any case, are.  An overflow gives an infinity.  False when it is not a
 * number; *value is then untouched. */
bool xhat_number_parse(const char *text, size_t length, double *value);

/* Strict decimal integer, signed or not; false too when it does not fit. */
bool xhat_number_parse_integer(const char *text, int64_t *value);

#endif
