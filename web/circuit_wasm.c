/* The circuit for a page: what web/js calls.
 *
 *     page_create(...); page_input(...) for each input; page_run();
 *     page_render(part) for each part
 *
 * One batch at a time.  Functions that can fail return 0 when they do;
 * page_message() then says why.  Pointers are offsets into the memory of the
 * module and stay good until the next call of page_create or of the function
 * that gave them. */
#include <stdlib.h>
#include <string.h>

#include "circuit/html.h"
#include "closed_gradients.h"

/* Gate evaluations that verification may take: a few milliseconds. */
enum { BUDGET = 60000 };

#define EXPORT(name) __attribute__((export_name(#name), used)) name

static struct {
    xhat_run *run;
    xhat_picture picture;
    xhat_verification verification;
    xhat_html_view view;
    double *closed;
    char *note, *source;
    double *room; /* where the page puts numbers that it gives */
    xhat_text text;
    xhat_error error;
} page;

static int is_ok(xhat_status status)
{
    return status == XHAT_OK;
}

/* Room for `count` numbers to give. */
double *EXPORT(page_room)(size_t count)
{
    free(page.room);
    page.room = malloc((count > 0 ? count : 1) * sizeof *page.room);
    return page.room;
}

/* Two texts in the room, each of which ends in a NUL, as the note and the
 * source of the batches that follow; "" for none. */
void EXPORT(page_words)(void)
{
    const char *note = (const char *)page.room;
    free(page.note);
    free(page.source);
    page.note = strdup(note);
    page.source = strdup(note + strlen(note) + 1);
}

static const char *unless_empty(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

/* A batch of the shape room[rank], seen as outer x channels x inner. */
int EXPORT(page_create)(int rank, size_t outer, size_t channels, size_t inner,
                        double eps)
{
    xhat_axes axes = xhat_axes_batch(outer, channels, inner);
    xhat_run_destroy(page.run);
    page.run = NULL;
    page.picture = (xhat_picture){.norm = "batch",
                                  .note = unless_empty(page.note),
                                  .source = unless_empty(page.source),
                                  .rank = rank,
                                  .verification = &page.verification};
    for (int i = 0; i < rank; i++)
        page.picture.shape[i] = (size_t)page.room[i];
    return is_ok(xhat_run_create(&page.run, xhat_circuit_batchnorm(), &axes,
                                 eps, NULL, &page.error));
}

/* The numbers in the room as an input; held: they replace what the gate of
 * the value would compute, and no gradient passes. */
int EXPORT(page_input)(int side, int value, int held)
{
    return is_ok(held ? xhat_run_hold(page.run, value, page.room, &page.error)
                      : xhat_run_set(page.run, (xhat_side)side, value,
                                     page.room, &page.error));
}

int EXPORT(page_run)(void)
{
    page.picture.run = page.run;
    free(page.closed);
    page.closed = NULL;
    return is_ok(xhat_run_forward(page.run, &page.error)) &&
           is_ok(xhat_run_backward(page.run, &page.error)) &&
           is_ok(xhat_run_verify(page.run, BUDGET, &page.verification,
                                 &page.error)) &&
           is_ok(
               xhat_closed_gradients(&page.picture, &page.closed, &page.error));
}

/* What the reader looks at. */
void EXPORT(page_look)(int step, int side, int value, size_t at, int mistake)
{
    page.view = (xhat_html_view){.step = step,
                                 .side = (xhat_side)side,
                                 .value = value,
                                 .at = at,
                                 .mistake = mistake};
}

static const char *finish(xhat_status status)
{
    if (status == XHAT_OK && page.text.failed)
        strcpy(page.error.message, "no memory for a page");
    return status == XHAT_OK && !page.text.failed
               ? (page.text.data != NULL ? page.text.data : "")
               : NULL;
}

static void begin(void)
{
    xhat_text_free(&page.text);
    page.text = xhat_text_on(NULL);
}

/* UTF-8 that ends in a NUL: a part of the page, a drawing, a document. */
const char *EXPORT(page_render)(int part)
{
    begin();
    return finish(xhat_render_html(&page.text, &page.picture, &page.view,
                                   (xhat_html_part)part, &page.error));
}

const char *EXPORT(page_svg)(void)
{
    begin();
    xhat_render_svg(&page.text, &page.picture);
    return finish(XHAT_OK);
}

const char *EXPORT(page_json)(void)
{
    begin();
    xhat_render_json(&page.text, &page.picture);
    return finish(XHAT_OK);
}

const char *EXPORT(page_message)(void)
{
    return page.error.message;
}

/* ---- arrays by name ------------------------------------------------------ */

int EXPORT(page_value_count)(void)
{
    return xhat_circuit_batchnorm()->value_count;
}

const char *EXPORT(page_key)(int side, int value)
{
    return xhat_circuit_key(xhat_circuit_batchnorm(), (xhat_side)side, value);
}

/* The numbers of one side of a value, or NULL where the run has none. */
const double *EXPORT(page_array)(int side, int value)
{
    return xhat_run_field(page.run, (xhat_side)side, value).data;
}

size_t EXPORT(page_count)(int side, int value)
{
    return xhat_axes_count(
        xhat_run_axes(page.run),
        xhat_run_field(page.run, (xhat_side)side, value).extent);
}

/* Its shape into shape[8]; returns the rank. */
int EXPORT(page_shape)(int side, int value, size_t *shape)
{
    return xhat_picture_shape(
        &page.picture, xhat_run_field(page.run, (xhat_side)side, value).extent,
        shape);
}
