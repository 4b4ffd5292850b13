#define _GNU_SOURCE
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number without exponent has a decimal point that a locale may have turned
 * into a comma; the text is ASCII, so the first comma is that point. */
static void use_point(char *text)
{
    char *comma = strchr(text, ',');
    if (comma != NULL)
        *comma = '.';
}

static char *not_finite(double value, char *text)
{
    strcpy(text, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return text;
}

/* strtod in whatever locale the program chose: text holds a point */
static double to_double(const char *text)
{
    char copy[512];
    const char *point = localeconv()->decimal_point;
    const char *dot = strchr(text, '.');
    if (dot == NULL || strcmp(point, ".") == 0)
        return strtod(text, NULL);
    snprintf(copy, sizeof copy, "%.*s%s%s", (int)(dot - text), text, point,
             dot + 1);
    return strtod(copy, NULL);
}

char *xhat_number_from_f64(double value, char text[XHAT_NUMBER_SIZE])
{
    if (!isfinite(value))
        return not_finite(value, text);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, XHAT_NUMBER_SIZE, "%.*g", digits, value);
        use_point(text);
        if (to_double(text) == value)
            break;
    }
    return text;
}

char *xhat_number_from_f32(float value, char text[XHAT_NUMBER_SIZE])
{
    if (!isfinite(value))
        return not_finite(value, text);
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, XHAT_NUMBER_SIZE, "%.*g", digits, (double)value);
        use_point(text);
        if ((float)to_double(text) == value)
            break;
    }
    return text;
}

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

/* [+-] digits [. digits] [e [+-] digits], at least one digit before the e */
static bool is_decimal(const char *text)
{
    text += *text == '+' || *text == '-';
    size_t whole = digits_at(text), part = 0;
    text += whole;
    if (*text == '.') {
        part = digits_at(++text);
        text += part;
    }
    if (whole + part == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-';
        size_t exponent = digits_at(text);
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

static bool is_not_finite_word(const char *text)
{
    text += *text == '+' || *text == '-';
    return strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0 ||
           strcasecmp(text, "nan") == 0;
}

bool xhat_number_parse(const char *text, size_t length, double *value)
{
    char copy[512];
    if (length == 0 || length >= sizeof copy ||
        memchr(text, '\0', length) != NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (!is_decimal(copy) && !is_not_finite_word(copy))
        return false;
    *value = to_double(copy);
    return true;
}

bool xhat_number_parse_integer(const char *text, int64_t *value)
{
    const char *start = text + (*text == '+' || *text == '-');
    if (*start == '\0' || start[digits_at(start)] != '\0')
        return false;
    errno = 0;
    long long parsed = strtoll(text, NULL, 10);
    if (errno == ERANGE)
        return false;
    *value = parsed;
    return true;
}
