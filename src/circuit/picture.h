/* What the renderers draw: a finished run, with what is known about it; and
 * the small pieces they share.  None of them knows of batch normalization:
 * whatever circuit the run is of, that is drawn. */
#ifndef XHAT_CIRCUIT_PICTURE_H
#define XHAT_CIRCUIT_PICTURE_H

#include "base/text.h"
#include "xhat/circuit.h"

enum { XHAT_PICTURE_RANK_MAX = 8 };

typedef struct xhat_picture {
    const xhat_run *run;
    const char *norm;   /* "batch" */
    const char *source; /* where x is from, such as a file's name, or NULL */
    const char *note;   /* what a reader should know, or NULL: "demo, ..." */
    int rank;
    size_t shape[XHAT_PICTURE_RANK_MAX]; /* of the input, as the user has it */
    const xhat_verification *verification;
    double closed_form; /* largest error against it; NaN: not compared */
    /* [value]: the gradients that the closed form gives, and their largest
     * error against the circuit's; NULL and -1 where it gives none */
    const double *closed[XHAT_CIRCUIT_VALUES_MAX];
    double closed_error[XHAT_CIRCUIT_VALUES_MAX];
} xhat_picture;

/* ---- renderers: each appends a whole document to `text` ------------------ */

typedef struct xhat_text_style {
    int width; /* columns, at least 80 */
    bool color;
    bool ascii; /* no box-drawing characters */
} xhat_text_style;

void xhat_render_text(xhat_text *text, const xhat_picture *picture,
                      xhat_text_style style);
void xhat_render_json(xhat_text *text, const xhat_picture *picture);
void xhat_render_dot(xhat_text *text, const xhat_picture *picture);
void xhat_render_svg(xhat_text *text, const xhat_picture *picture);

/* Gate `gate` (an index) worked out in words and numbers for one element of
 * a full array, forward and backward. */
void xhat_render_gate(xhat_text *text, const xhat_picture *picture, int gate,
                      size_t element, xhat_text_style style);

/* The input's gradient at one element as the sum of the ways it came, in words
 * and numbers. */
void xhat_render_ways(xhat_text *text, const xhat_picture *picture,
                      size_t element, xhat_text_style style);

/* The wiring of the circuit alone, in characters: part of xhat_render_text. */
void xhat_render_wiring(xhat_text *text, const xhat_picture *picture,
                        xhat_text_style style);

/* ---- shared pieces ------------------------------------------------------- */

enum { XHAT_SHAPE_TEXT_SIZE = 200, XHAT_SHORT_SIZE = 32 };

/* The axes of a value: its rank, and its lengths into shape[]. */
int xhat_picture_shape(const xhat_picture *picture, xhat_extent extent,
                       size_t shape[XHAT_PICTURE_RANK_MAX]);

/* "(4,2)", and "()" for a single number. */
char *xhat_picture_shape_text(const xhat_picture *picture, xhat_extent extent,
                              char text[XHAT_SHAPE_TEXT_SIZE]);

/* The indices of number `k` into index[]; returns how many: the rank. */
int xhat_picture_index(const xhat_picture *picture, xhat_extent extent,
                       size_t k, size_t index[XHAT_PICTURE_RANK_MAX]);

/* "dev_from_mean[0,1]": number `k` of what is called `name`. */
enum { XHAT_PLACE_TEXT_SIZE = 240 };
char *xhat_picture_place(const xhat_picture *picture, const char *name,
                         xhat_extent extent, size_t k,
                         char text[XHAT_PLACE_TEXT_SIZE]);

/* Where NaN and Inf begin and how far they reach, in sentences, a line each;
 * nothing if the whole run is finite. */
void xhat_picture_nonfinite(xhat_text *words, const xhat_picture *picture);

/* Lines that are wider than `width` columns go on below, `indent` blanks in;
 * they are broken at blanks, and a word wider than that is left whole. */
void xhat_put_wrapped(xhat_text *text, const char *lines, size_t width,
                      int indent);

/* Five significant digits, and so many; -0 is 0. */
char *xhat_short_number(double value, char text[XHAT_SHORT_SIZE]);
char *xhat_rounded_number(double value, int digits, char text[XHAT_SHORT_SIZE]);

/* A field as rows and columns that a person can read: (outer) x (channels *
 * inner), one row for what is per channel; what does not fit is left out. */
typedef struct xhat_grid {
    const double *data;
    size_t rows, columns;             /* of the field */
    size_t shown_rows, shown_columns; /* the first so many */
    int digits;                       /* significant; 5 unless changed */
    const unsigned char *blank;       /* numbers to write as "?"; NULL: none */
} xhat_grid;

xhat_grid xhat_grid_of(const xhat_axes *axes, xhat_field field,
                       size_t most_rows, size_t most_columns);

/* The cell's text; one past the shown columns is "..". */
char *xhat_grid_cell(const xhat_grid *grid, size_t row, size_t column,
                     char text[XHAT_SHORT_SIZE]);

/* Why a value is not computed or takes no gradient, in words that follow
 * "is"; NULL for one that is and does. */
const char *xhat_picture_state(const xhat_run *run, int value);

/* How many gates hand a gradient to the value; into gates[] which. */
int xhat_picture_users(const xhat_picture *picture, int value,
                       int gates[XHAT_CIRCUIT_GATES_MAX]);

#endif
