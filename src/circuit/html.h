/* The circuit as HTML: the parts of a page, for any circuit of a run.
 *
 * Each part is whole without scripts and reads from top to bottom.  A script
 * renders the same parts again, through the same functions, after an edit.
 * HTML lets the end tags of table cells and rows out: a page is lighter so. */
#ifndef XHAT_CIRCUIT_HTML_H
#define XHAT_CIRCUIT_HTML_H

#include "dependence.h"
#include "picture.h"
#include "quiz.h"

/* What the reader looks at. */
typedef struct xhat_html_view {
    int step;       /* 1 .. G: gates forward; G+1 .. 2G: gates G .. 1 backward;
                 2G+1: the end; 0: none in particular */
    xhat_side side; /* the number that is looked at */
    int value;
    size_t at;
    int mistake;           /* of the catalogue, that is tried; -1: none */
    const xhat_quiz *quiz; /* NULL: every number is shown */
} xhat_html_view;

typedef enum xhat_html_part {
    XHAT_HTML_GIVEN,     /* the inputs, with a field for each number */
    XHAT_HTML_DRAWING,   /* the circuit */
    XHAT_HTML_NUMBER,    /* the number that is looked at, worked out */
    XHAT_HTML_FORWARD,   /* a card for each gate */
    XHAT_HTML_BACKWARD,  /* a card for each step back, and one for the end */
    XHAT_HTML_AGREEMENT, /* the ways to the same gradient, and a plot */
    XHAT_HTML_MISTAKE,   /* a menu of mistakes, and which checks catch one */
    XHAT_HTML_PARTS
} xhat_html_part;

/* The number to look at when nobody chose one: the first of the input's
 * gradient. */
xhat_html_view xhat_html_view_of(const xhat_picture *picture);

/* Appends a part.  Errors: XHAT_OUT_OF_MEMORY; look at text->failed too. */
XHAT_NODISCARD xhat_status xhat_render_html(xhat_text *text,
                                            const xhat_picture *picture,
                                            const xhat_html_view *view,
                                            xhat_html_part part,
                                            xhat_error *error);

/* ---- what the parts share: html_table.c ---------------------------------- */

/* Rows and columns of a table that are shown, at most. */
enum { XHAT_HTML_ROWS = 6, XHAT_HTML_COLUMNS = 5 };

typedef struct xhat_html {
    xhat_text *text;
    const xhat_picture *picture;
    const xhat_run *run;
    const xhat_circuit *circuit;
    const xhat_axes *axes;
    const xhat_html_view *view;
    xhat_dependence dependence;
} xhat_html;

/* A table of numbers. */
typedef struct xhat_html_array {
    const char *role; /* "upstream"; NULL: none */
    const char *name; /* its key, or what it is */
    xhat_field field;
    bool keyed; /* it is side `side` of `value`: a number can be chosen */
    xhat_side side;
    int value;
    bool asked; /* a quiz asks here for the numbers that it does not show */
} xhat_html_array;

void xhat_html_put_array(xhat_html *html, const xhat_html_array *array);

/* One side of a value of the run, by its key. */
void xhat_html_put_side(xhat_html *html, const char *role, xhat_side side,
                        int value, bool asked);

/* An operator between tables. */
void xhat_html_put_sign(xhat_html *html, const char *sign);

/* The same, with a field for each number. */
void xhat_html_put_fields(xhat_html *html, xhat_side side, int value);

/* An element that uses number `at` of an array of this extent. */
size_t xhat_html_element(const xhat_html *html, xhat_extent extent, size_t at);

/* html_number.c, html_agreement.c, html_mistake.c.  Errors:
 * XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_html_put_number(xhat_html *html,
                                                xhat_error *error);
XHAT_NODISCARD xhat_status xhat_html_put_agreement(xhat_html *html,
                                                   xhat_error *error);
XHAT_NODISCARD xhat_status xhat_html_put_mistake(xhat_html *html,
                                                 xhat_error *error);

#endif
