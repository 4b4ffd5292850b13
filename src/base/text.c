#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

xhat_text xhat_text_on(const xhat_allocator *allocator)
{
    return (xhat_text){.allocator = allocator};
}

void xhat_text_free(xhat_text *text)
{
    xhat_release(text->allocator, text->data);
    *text = xhat_text_on(text->allocator);
}

/* room for `more` bytes and the NUL */
static bool reserve(xhat_text *text, size_t more)
{
    size_t need, capacity = text->capacity;
    if (text->failed || __builtin_add_overflow(text->length, more, &need) ||
        __builtin_add_overflow(need, 1, &need))
        goto failed;
    if (need <= capacity)
        return true;
    if (capacity < 256)
        capacity = 256;
    while (capacity < need)
        capacity += capacity / 2;
    char *data = xhat_allocate(text->allocator, capacity, 1);
    if (data == NULL)
        goto failed;
    if (text->data != NULL)
        memcpy(data, text->data, text->length + 1);
    xhat_release(text->allocator, text->data);
    text->data = data;
    text->capacity = capacity;
    return true;
failed:
    text->failed = true;
    return false;
}

void xhat_text_put_bytes(xhat_text *text, const char *bytes, size_t count)
{
    if (!reserve(text, count))
        return;
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void xhat_text_put(xhat_text *text, const char *string)
{
    xhat_text_put_bytes(text, string, strlen(string));
}

void xhat_text_repeat(xhat_text *text, char character, int count)
{
    for (int i = 0; i < count; i++)
        xhat_text_put_bytes(text, &character, 1);
}

void xhat_text_add(xhat_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void xhat_text_put_xml(xhat_text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        switch (*string) {
        case '&':
            xhat_text_put(text, "&amp;");
            break;
        case '<':
            xhat_text_put(text, "&lt;");
            break;
        case '>':
            xhat_text_put(text, "&gt;");
            break;
        case '"':
            xhat_text_put(text, "&quot;");
            break;
        case '\'':
            xhat_text_put(text, "&#39;");
            break;
        default: {
            bool control = (unsigned char)*string < ' ' && *string != '\n' &&
                           *string != '\t';
            xhat_text_put_bytes(text, control ? "?" : string, 1);
        }
        }
    }
}
