#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "number.h"

xhat_json xhat_json_on(xhat_text *text, int indent)
{
    return (xhat_json){.text = text, .indent = indent};
}

/* One UTF-8 character, or the replacement character for a byte that begins
 * none (JSON is UTF-8, file names need not be); how many bytes were used. */
static size_t put_character(xhat_text *text, const char *string)
{
    unsigned char first = (unsigned char)*string;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    bool valid = first >= 0xc2 && first <= 0xf4;
    for (size_t i = 1; valid && i < length; i++)
        valid = ((unsigned char)string[i] & 0xc0) == 0x80;
    xhat_text_put_bytes(text, valid ? string : "\xef\xbf\xbd",
                        valid ? length : 3);
    return valid ? length : 1;
}

static void put_string(xhat_text *text, const char *string)
{
    xhat_text_put(text, "\"");
    for (; *string != '\0'; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            xhat_text_add(text, "\\%c", c);
        else if (c < ' ')
            xhat_text_add(text, "\\u%04x", c);
        else if (c < 0x80)
            xhat_text_put_bytes(text, string, 1);
        else
            string += put_character(text, string) - 1;
    }
    xhat_text_put(text, "\"");
}

static void new_line(xhat_json *json)
{
    xhat_text_put(json->text, "\n");
    xhat_text_repeat(json->text, ' ', json->indent * json->depth);
}

/* the comma, the line break and the key before a value */
static void start(xhat_json *json, const char *key)
{
    if (json->depth > 0) {
        bool empty = json->level[json->depth - 1].empty;
        bool flat = json->indent == 0 || json->level[json->depth - 1].flat;
        json->level[json->depth - 1].empty = false;
        if (!empty)
            xhat_text_put(json->text, flat ? ", " : ",");
        if (!flat)
            new_line(json);
    }
    if (key != NULL) {
        put_string(json->text, key);
        xhat_text_put(json->text, ": ");
    }
}

void xhat_json_open(xhat_json *json, const char *key, char bracket)
{
    assert(json->depth < XHAT_JSON_DEPTH);
    start(json, key);
    bool flat = bracket == '(' ||
                (json->depth > 0 && json->level[json->depth - 1].flat);
    xhat_text_put(json->text, bracket == '{' ? "{" : "[");
    json->level[json->depth].close = bracket == '{' ? '}' : ']';
    json->level[json->depth].flat = flat;
    json->level[json->depth].empty = true;
    json->depth++;
}

void xhat_json_close(xhat_json *json)
{
    assert(json->depth > 0);
    json->depth--;
    if (!json->level[json->depth].empty && !json->level[json->depth].flat &&
        json->indent > 0)
        new_line(json);
    xhat_text_put_bytes(json->text, &json->level[json->depth].close, 1);
    if (json->depth == 0)
        xhat_text_put(json->text, "\n");
}

void xhat_json_string(xhat_json *json, const char *key, const char *value)
{
    start(json, key);
    put_string(json->text, value);
}

void xhat_json_number(xhat_json *json, const char *key, double value)
{
    char number[XHAT_NUMBER_SIZE];
    start(json, key);
    xhat_number_from_f64(value, number);
    if (isfinite(value))
        xhat_text_put(json->text, number);
    else
        put_string(json->text, number);
}

void xhat_json_integer(xhat_json *json, const char *key, int64_t value)
{
    start(json, key);
    xhat_text_add(json->text, "%" PRId64, value);
}

void xhat_json_bool(xhat_json *json, const char *key, bool value)
{
    start(json, key);
    xhat_text_put(json->text, value ? "true" : "false");
}

void xhat_json_null(xhat_json *json, const char *key)
{
    start(json, key);
    xhat_text_put(json->text, "null");
}

void xhat_json_array(xhat_json *json, const char *key, const double *values,
                     int rank, const size_t *dims)
{
    if (rank == 0) {
        xhat_json_number(json, key, values[0]);
        return;
    }
    size_t stride = 1;
    for (int i = 1; i < rank; i++)
        stride *= dims[i];
    xhat_json_open(json, key, rank == 1 ? '(' : '[');
    for (size_t i = 0; i < dims[0]; i++)
        xhat_json_array(json, NULL, values + i * stride, rank - 1, dims + 1);
    xhat_json_close(json);
}
