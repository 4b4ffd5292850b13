/* Writes JSON into a text, keeping commas and nesting.
 *
 *     xhat_json json = xhat_json_on(&text, 2);        indented by 2
 *     xhat_json_open(&json, NULL, '{');
 *     xhat_json_string(&json, "norm", "batch");
 *     xhat_json_open(&json, "shape", '[');
 *     xhat_json_integer(&json, NULL, 4);        NULL: no key, in an array
 *     xhat_json_close(&json);
 *     xhat_json_close(&json);
 *
 * An array opened with '(' is a '[' kept on one line.  A number that is not
 * finite is written as the string "nan", "inf" or "-inf": JSON has none. */
#ifndef XHAT_BASE_JSON_H
#define XHAT_BASE_JSON_H

#include <stdint.h>

#include "text.h"

enum { XHAT_JSON_DEPTH = 16 };

typedef struct xhat_json {
    xhat_text *text;
    int indent; /* spaces a level; 0: everything on one line */
    int depth;
    struct {
        char close;
        bool flat, empty;
    } level[XHAT_JSON_DEPTH];
} xhat_json;

xhat_json xhat_json_on(xhat_text *text, int indent);
void xhat_json_open(xhat_json *json, const char *key, char bracket);
void xhat_json_close(xhat_json *json);
void xhat_json_string(xhat_json *json, const char *key, const char *value);
void xhat_json_number(xhat_json *json, const char *key, double value);
void xhat_json_integer(xhat_json *json, const char *key, int64_t value);
void xhat_json_bool(xhat_json *json, const char *key, bool value);
void xhat_json_null(xhat_json *json, const char *key);

/* values[] of shape dims[rank] as nested arrays, numbers with all digits */
void xhat_json_array(xhat_json *json, const char *key, const double *values,
                     int rank, const size_t *dims);

#endif
