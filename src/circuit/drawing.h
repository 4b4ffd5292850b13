/* The circuit drawn: gates, wires, and the numbers on them.
 *
 * Values flow from left to right, gradients back below them; a + stands where
 * gradients add up.  Any circuit of a run is drawn: columns and rows come from
 * its table.  render_svg.c makes a document of it, render_html.c a figure. */
#ifndef XHAT_CIRCUIT_DRAWING_H
#define XHAT_CIRCUIT_DRAWING_H

#include "layout.h"
#include "picture.h"

/* What a reader looks at; all zero but gate = -1: nothing in particular. */
typedef struct xhat_gaze {
    bool linked;   /* gates lead to their cards, and have names for a reader of
                      the screen */
    int gate;      /* index of the gate that is lit; -1: none */
    bool backward; /* its way back is */
    /* [side][value]: the numbers that are not shown; NULL: all are */
    const unsigned char *const (*blank)[XHAT_CIRCUIT_VALUES_MAX];
} xhat_gaze;

enum { XHAT_DRAWING_LEFT = 30, XHAT_DRAWING_LINE = 15 };

typedef struct xhat_drawing {
    xhat_text *text;
    const xhat_picture *picture;
    const xhat_run *run;
    const xhat_circuit *circuit;
    xhat_gaze gaze;
    xhat_placing layout;
    int half; /* the height of a panel above or below its wire */
    int row_y[XHAT_LAYOUT_ROWS_MAX];
    int column_x[XHAT_CIRCUIT_GATES_MAX + 2]; /* where each column ends */
    int width, height;
} xhat_drawing;

/* Lays the picture out below `top` pixels. */
void xhat_drawing_lay_out(xhat_drawing *drawing, xhat_text *text,
                          const xhat_picture *picture, xhat_gaze gaze, int top);

/* Appends the elements of the drawing, without the <svg> around them. */
void xhat_put_drawing(xhat_drawing *drawing);

/* Arrowheads that the drawing's wires refer to. */
void xhat_put_markers(xhat_text *text);

/* A line of text at (x, y); anchor "start", "middle" or "end". */
void xhat_put_label(xhat_text *text, int x, int y, const char *class,
                    const char *anchor, const char *string);

#endif
