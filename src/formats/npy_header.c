/* The dict at the beginning of an npy file, parsed strictly. */
#include "npy.h"

#include <string.h>

#include "base/error.h"

typedef struct parser {
    const xhat_source *source;
    const char *text, *at, *end;
} parser;

static xhat_status bad_header(const parser *p, const char *expected)
{
    return xhat_source_bad(p->source, "npy header: %s expected at byte %zu",
                           expected, (size_t)(p->at - p->text));
}

static void skip_blanks(parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n'))
        p->at++;
}

/* Takes `word` if it comes next. */
static bool accept(parser *p, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(p);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

/* A string in either kind of quotes, without escapes; false: none here. */
static bool accept_string(parser *p, const char **start, size_t *length)
{
    skip_blanks(p);
    if (p->at == p->end || (*p->at != '\'' && *p->at != '"'))
        return false;
    const char *close = memchr(p->at + 1, *p->at, (size_t)(p->end - p->at) - 1);
    if (close == NULL)
        return false;
    *start = p->at + 1;
    *length = (size_t)(close - *start);
    p->at = close + 1;
    return true;
}

static bool accept_size(parser *p, size_t *size)
{
    skip_blanks(p);
    const char *first = p->at;
    *size = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        if (__builtin_mul_overflow(*size, 10, size) ||
            __builtin_add_overflow(*size, (size_t)(*p->at - '0'), size))
            return false;
    bool any = p->at > first;
    if (any && p->at < p->end && *p->at == 'L') /* as Python 2 wrote it */
        p->at++;
    return any;
}

static const struct {
    char code[3];
    xhat_element element;
} types[] = {
    {"b1", XHAT_ELEMENT_BOOL}, {"u1", XHAT_ELEMENT_U8},
    {"i1", XHAT_ELEMENT_I8},   {"u2", XHAT_ELEMENT_U16},
    {"i2", XHAT_ELEMENT_I16},  {"u4", XHAT_ELEMENT_U32},
    {"i4", XHAT_ELEMENT_I32},  {"u8", XHAT_ELEMENT_U64},
    {"i8", XHAT_ELEMENT_I64},  {"f2", XHAT_ELEMENT_F16},
    {"f4", XHAT_ELEMENT_F32},  {"f8", XHAT_ELEMENT_F64},
};

static xhat_status refuse_type(const parser *p, const char *type, size_t length)
{
    char shown[XHAT_EXCERPT_SIZE];
    const char *kind = "elements of a type that is not read";
    switch (length < 2 ? '\0' : type[1]) {
    case 'O':
        kind = "Python objects, and nothing is ever unpickled";
        break;
    case 'U':
    case 'S':
    case 'a':
        kind = "strings, not numbers";
        break;
    case 'c':
        kind = "complex numbers";
        break;
    case 'M':
    case 'm':
        kind = "dates or times";
        break;
    case 'V':
        kind = "records";
        break;
    }
    return xhat_fail(p->source->error, XHAT_UNSUPPORTED, "%s: dtype '%s': %s",
                     p->source->name, xhat_excerpt(shown, type, length), kind);
}

/* "<f8": byte order, kind, bytes */
static xhat_status parse_type(parser *p, xhat_npy_header *header)
{
    const char *type;
    size_t length;
    if (accept(p, "["))
        return xhat_fail(p->source->error, XHAT_UNSUPPORTED,
                         "%s: a structured dtype (records with fields): save "
                         "each field as an array",
                         p->source->name);
    if (!accept_string(p, &type, &length))
        return bad_header(p, "a dtype");
    if (length != 3 || strchr("<>|=", type[0]) == NULL)
        return refuse_type(p, type, length);
    header->swapped = type[0] == '>';
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (memcmp(types[i].code, type + 1, 2) == 0) {
            header->element = types[i].element;
            return XHAT_OK;
        }
    return refuse_type(p, type, length);
}

static xhat_status parse_order(parser *p, xhat_npy_header *header)
{
    header->fortran = accept(p, "True");
    if (!header->fortran && !accept(p, "False"))
        return bad_header(p, "True or False");
    return XHAT_OK;
}

/* "()", "(3,)", "(3, 4)" */
static xhat_status parse_shape(parser *p, xhat_npy_header *header)
{
    bool comma = true;
    header->rank = 0;
    if (!accept(p, "("))
        return bad_header(p, "a shape");
    while (!accept(p, ")")) {
        size_t size;
        if (!comma || !accept_size(p, &size))
            return bad_header(p, "a size below 2^64");
        if (header->rank == XHAT_RANK_MAX)
            return xhat_source_bad(p->source,
                                   "has more than %d axes: that is not read",
                                   XHAT_RANK_MAX);
        header->shape[header->rank++] = size;
        comma = accept(p, ",");
    }
    if (header->rank == 1 && !comma)
        return bad_header(p, "a comma before the parenthesis");
    return XHAT_OK;
}

static const struct {
    const char *key;
    xhat_status (*parse)(parser *p, xhat_npy_header *header);
} entries[] = {
    {"descr", parse_type},
    {"fortran_order", parse_order},
    {"shape", parse_shape},
};

enum { ENTRIES = sizeof entries / sizeof *entries };

xhat_status xhat_npy_header_parse(xhat_npy_header *header,
                                  const xhat_source *source, const char *text,
                                  size_t length)
{
    parser p = {source, text, text, text + length};
    unsigned seen = 0;
    if (!accept(&p, "{"))
        return bad_header(&p, "'{'");
    while (!accept(&p, "}")) {
        const char *key;
        size_t key_length;
        int i = 0;
        if (!accept_string(&p, &key, &key_length))
            return bad_header(&p, "a key");
        while (i < ENTRIES && (strlen(entries[i].key) != key_length ||
                               memcmp(entries[i].key, key, key_length) != 0))
            i++;
        if (i == ENTRIES || (seen & 1u << i))
            return bad_header(&p, "descr, fortran_order and shape, once each,");
        seen |= 1u << i;
        if (!accept(&p, ":"))
            return bad_header(&p, "':'");
        xhat_status status = entries[i].parse(&p, header);
        if (status != XHAT_OK)
            return status;
        if (!accept(&p, ",") && (p.at == p.end || *p.at != '}'))
            return bad_header(&p, "',' or '}'");
    }
    if (seen != (1u << ENTRIES) - 1)
        return bad_header(&p, "descr, fortran_order and shape, once each,");
    skip_blanks(&p);
    return p.at == p.end ? XHAT_OK : bad_header(&p, "the end");
}
