#include <math.h>
#include <stdio.h>

#include "case.h"
#include "html.h"
#include "magnitude.h"
#include "mistakes.h"

/* What a broken circuit is put to, and what each check makes of it.
 *
 * A check sees a mistake or it does not: that the batch cannot show it, or
 * that forward and backward are wrong in the same way, is worth seeing. */

enum {
    MOVED_MAX = 24,     /* elements that a gradient check moves */
    ELEMENTS_MAX = 1024 /* of a batch that is moved so often */
};

static const double ARRAY_TOLERANCE = 1e-9, NUMERIC_TOLERANCE = 1e-5;

typedef struct broken {
    xhat_html *html;
    int mistake;
    xhat_run *run; /* with the mistake in it, done forward and backward */
    xhat_magnitudes sizes; /* of the right run */
} broken;

static const double *data_of(const xhat_run *run, xhat_side side, int value)
{
    return xhat_run_field(run, side, value).data;
}

/* ---- the menu ------------------------------------------------------------ */

static void put_options(xhat_html *html, xhat_telling telling,
                        const char *label)
{
    xhat_text_add(html->text, "<optgroup label=\"%s\">", label);
    for (int i = 0; i < xhat_mistake_count(); i++) {
        const xhat_mistake *mistake = xhat_mistake_at(i);
        if (mistake->telling != telling || !xhat_mistake_keeps_shapes(i) ||
            !xhat_mistake_applies(i, html->run))
            continue;
        xhat_text_add(html->text, "<option value=%d%s>", i,
                      html->view->mistake == i ? " selected" : "");
        if (telling != XHAT_TELLING_CLOSED_FORM)
            xhat_text_add(html->text, "gate %d: ", mistake->gate);
        xhat_text_put_xml(html->text, mistake->title);
    }
    xhat_text_put(html->text, "</optgroup>");
}

static void put_menu(xhat_html *html)
{
    xhat_text_add(html->text,
                  "<p><label>The mistake <select id=mistake><option value=-1>"
                  "none: all is right</option>");
    put_options(html, XHAT_TELLING_FORWARD, "forward");
    put_options(html, XHAT_TELLING_BACKWARD, "backward");
    put_options(html, XHAT_TELLING_CLOSED_FORM, "closed form");
    xhat_text_put(html->text, "</select></label></p>");
}

/* ---- verdicts ------------------------------------------------------------ */

static void put_verdict(broken *b, const char *check, bool caught,
                        const char *seen)
{
    xhat_text_add(b->html->text, "<tr><th scope=row>%s<td class=%s>%s<td>",
                  check, caught ? "caught" : "passed",
                  caught ? "✗ catches it" : "✓ sees nothing");
    xhat_text_put_xml(b->html->text, seen);
}

/* The largest error of one array relative to the size of its terms. */
static double error_of(const broken *b, xhat_side side, int value)
{
    xhat_field right = xhat_run_field(b->html->run, side, value);
    const double *wrong = data_of(b->run, side, value);
    const double *size = b->sizes.computed[side][value];
    size_t count = xhat_axes_count(b->html->axes, right.extent);
    double worst = 0;
    if (right.data == NULL || wrong == NULL || size == NULL)
        return 0;
    for (size_t k = 0; k < count; k++) {
        double off = fabs(wrong[k] - right.data[k]);
        double error = off == 0 ? 0 : off / size[k];
        if (error > worst || isnan(error))
            worst = isnan(error) ? INFINITY : error;
    }
    return worst;
}

/* Compares arrays with the circuit's, one side of the values. */
static bool compare_side(broken *b, xhat_side side, const char *check)
{
    char seen[400];
    int length = 0, wrong = 0;
    for (int v = 0; v < b->html->circuit->value_count; v++) {
        if (!(error_of(b, side, v) > ARRAY_TOLERANCE))
            continue;
        length += snprintf(seen + length, sizeof seen - (size_t)length, "%s%s",
                           wrong++ > 0 ? ", " : "not right: ",
                           xhat_circuit_key(b->html->circuit, side, v));
    }
    put_verdict(b, check, wrong > 0, wrong > 0 ? seen : "every array is right");
    return wrong > 0;
}

/* The arrays of the broken run, as somebody's own. */
static int claim_all(const broken *b, xhat_claim claims[XHAT_CLAIMS_MAX])
{
    const xhat_circuit *circuit = b->html->circuit;
    int count = 0;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count; v++) {
            xhat_field field = xhat_run_field(b->run, (xhat_side)side, v);
            bool given = xhat_run_given(b->html->run, (xhat_side)side, v).data;
            if (field.data != NULL && !given)
                claims[count++] = (xhat_claim){.side = (xhat_side)side,
                                               .value = v,
                                               .data = field.data,
                                               .tolerance = ARRAY_TOLERANCE,
                                               .extent = field.extent};
        }
    return count;
}

/* Is the claim off from what its gate makes of the other claims? */
static bool is_off(const broken *b, const xhat_run *replay,
                   const xhat_claim *claim)
{
    xhat_field computed = xhat_run_computed(replay, claim->side, claim->value);
    const double *size = b->sizes.computed[claim->side][claim->value];
    size_t count = xhat_axes_count(b->html->axes, computed.extent);
    for (size_t k = 0; computed.data != NULL && size != NULL && k < count;
         k++) {
        double off = fabs(claim->data[k] - computed.data[k]);
        if (off > ARRAY_TOLERANCE * fmax(size[k], fabs(claim->data[k])))
            return true;
    }
    return false;
}

/* "var: gate 4", "ddev_from_mean: gates 3 and 7" */
static int put_gates_of(const broken *b, const xhat_claim *claim, char *to,
                        size_t size)
{
    const xhat_circuit *circuit = b->html->circuit;
    const char *key = xhat_circuit_key(circuit, claim->side, claim->value);
    int users[XHAT_CIRCUIT_GATES_MAX];
    if (claim->side == XHAT_SIDE_VALUE)
        return snprintf(to, size, "%s: gate %d", key,
                        circuit->values[claim->value].maker + 1);
    int count = xhat_picture_users(b->html->picture, claim->value, users);
    if (count == 1)
        return snprintf(to, size, "%s: step %d", key, users[0] + 1);
    return snprintf(to, size, "%s: where steps %d and %d add up", key,
                    users[count - 1] + 1, users[0] + 1);
}

/* Each gate run again from their own upstream, as `xhat check` does. */
static xhat_status put_replay(broken *b, xhat_error *error)
{
    const xhat_run *right = b->html->run;
    bool eval = xhat_run_state(right, XHAT_VALUE_MEAN) == XHAT_STATE_HELD;
    xhat_claim claims[XHAT_CLAIMS_MAX];
    xhat_case own = {.axes = *b->html->axes,
                     .eps = xhat_run_eps(right),
                     .x = data_of(right, XHAT_SIDE_VALUE, XHAT_VALUE_X),
                     .gamma = data_of(right, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA),
                     .beta = data_of(right, XHAT_SIDE_VALUE, XHAT_VALUE_BETA),
                     .dout = data_of(right, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT),
                     .claims = claims};
    if (eval) {
        own.held[0] = data_of(right, XHAT_SIDE_VALUE, XHAT_VALUE_MEAN);
        own.held[1] = data_of(right, XHAT_SIDE_VALUE, XHAT_VALUE_VAR);
    }
    own.claim_count = claim_all(b, claims);
    xhat_run *replay = NULL;
    xhat_status status = xhat_case_replay(&replay, &own, right, NULL, 0, error);
    if (status != XHAT_OK)
        return status;
    char seen[400] = "each does its work on what it was handed";
    size_t length = 0, wrong = 0;
    for (int i = 0; i < own.claim_count; i++) {
        if (!is_off(b, replay, &claims[i]) || length > sizeof seen - 100)
            continue;
        length += (size_t)snprintf(seen + length, sizeof seen - length, "%s",
                                   wrong++ > 0 ? "; " : "wrong by itself is ");
        length += (size_t)put_gates_of(b, &claims[i], seen + length,
                                       sizeof seen - length);
    }
    put_verdict(b, "each gate run again from its own upstream (xhat check)",
                wrong > 0, seen);
    xhat_run_destroy(replay);
    return XHAT_OK;
}

/* sum of dx * factor over each statistic, relative to the sum of its terms'
 * sizes; the largest */
static double largest_sum(const broken *b, const double *dx,
                          const double *factor)
{
    const xhat_axes *axes = b->html->axes;
    size_t statistics = xhat_axes_count(axes, XHAT_EXTENT_PER_STATISTIC);
    size_t full = xhat_axes_count(axes, XHAT_EXTENT_FULL);
    double worst = 0;
    for (size_t s = 0; s < statistics; s++) {
        double sum = 0, size = 0;
        for (size_t e = 0; e < full; e++) {
            if (xhat_axes_place(axes, XHAT_EXTENT_PER_STATISTIC, e) != s)
                continue;
            double term = dx[e] * (factor != NULL ? factor[e] : 1);
            sum += term;
            size += fabs(term);
        }
        double share = size > 0 ? fabs(sum) / size : 0;
        worst = share > worst ? share : worst;
    }
    return worst;
}

/* The two invariants.  dx is orthogonal to x_norm up to eps: as far as the
 * right one is. */
static void put_invariants(broken *b)
{
    const xhat_circuit *circuit = b->html->circuit;
    const double *dx = data_of(b->run, XHAT_SIDE_GRADIENT, circuit->input);
    const double *right =
        data_of(b->html->run, XHAT_SIDE_GRADIENT, circuit->input);
    const double *x_norm =
        data_of(b->html->run, XHAT_SIDE_VALUE, XHAT_VALUE_X_NORM);
    char seen[200];
    if (xhat_run_state(b->html->run, XHAT_VALUE_MEAN) != XHAT_STATE_LIVE)
        return; /* both hold in training alone */
    double sum = largest_sum(b, dx, NULL), most = largest_sum(b, right, NULL);
    bool caught = !(sum <= most + NUMERIC_TOLERANCE);
    snprintf(seen, sizeof seen,
             caught ? "it leaves %.2g of the size of its terms" : "it is 0",
             sum);
    put_verdict(b, "the sum of dx over a feature", caught, seen);
    double dot = largest_sum(b, dx, x_norm);
    double usual = largest_sum(b, right, x_norm);
    caught = !(fabs(dot - usual) <= NUMERIC_TOLERANCE);
    snprintf(seen, sizeof seen,
             caught ? "it leaves %.2g of the size of its terms, where %.2g is"
                      " due to eps"
                    : "it is 0, but for eps",
             dot, usual);
    put_verdict(b, "the sum of dx times x_norm over a feature", caught, seen);
}

/* ---- a gradient check ---------------------------------------------------- */

/* The loss of the broken circuit for another x. */
static xhat_status loss_of(const broken *b, const double *x, double *loss,
                           xhat_error *error)
{
    const xhat_run *run = b->html->run;
    const xhat_circuit *circuit = b->html->circuit;
    xhat_run *moved = NULL, *wrong = NULL;
    xhat_status status = xhat_run_create(&moved, circuit, b->html->axes,
                                         xhat_run_eps(run), NULL, error);
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count && status == XHAT_OK; v++) {
            const double *data = xhat_run_given(run, (xhat_side)side, v).data;
            bool input = side == XHAT_SIDE_VALUE && v == circuit->input;
            if (data == NULL)
                continue;
            if (xhat_run_state(run, v) == XHAT_STATE_HELD)
                status = xhat_run_hold(moved, v, data, error);
            else
                status = xhat_run_set(moved, (xhat_side)side, v,
                                      input ? x : data, error);
        }
    if (status == XHAT_OK)
        status = xhat_mistake_run(&wrong, moved, &b->mistake, 1, NULL, error);
    if (status == XHAT_OK) {
        const double *out = data_of(wrong, XHAT_SIDE_VALUE, circuit->output);
        const double *dout = data_of(run, XHAT_SIDE_GRADIENT, circuit->output);
        *loss = 0;
        for (size_t e = 0; e < xhat_axes_count(b->html->axes, XHAT_EXTENT_FULL);
             e++)
            *loss += dout[e] * out[e];
    }
    xhat_run_destroy(wrong);
    xhat_run_destroy(moved);
    return status;
}

/* Central differences of the broken forward against the broken dx, over some
 * evenly spaced elements: what a gradient check does that knows nothing of
 * the right answer.  The largest relative error. */
static xhat_status check_gradient(const broken *b, double *x, double *worst,
                                  xhat_error *error)
{
    const xhat_circuit *circuit = b->html->circuit;
    size_t full = xhat_axes_count(b->html->axes, XHAT_EXTENT_FULL);
    const double *dx = data_of(b->run, XHAT_SIDE_GRADIENT, circuit->input);
    const double *size = b->sizes.computed[XHAT_SIDE_GRADIENT][circuit->input];
    size_t moves = full < MOVED_MAX ? full : MOVED_MAX;
    *worst = 0;
    for (size_t i = 0; i < moves; i++) {
        size_t e = i * full / moves;
        double kept = x[e], forth, back;
        double h = 1e-5 * fmax(1, fabs(kept));
        x[e] = kept + h;
        xhat_status status = loss_of(b, x, &forth, error);
        x[e] = kept - h;
        if (status == XHAT_OK)
            status = loss_of(b, x, &back, error);
        x[e] = kept;
        if (status != XHAT_OK)
            return status;
        double off = fabs((forth - back) / (2 * h) - dx[e]);
        double relative = off == 0 ? 0 : off / fmax(size[e], fabs(dx[e]));
        if (relative > *worst)
            *worst = relative;
    }
    return XHAT_OK;
}

static xhat_status put_gradient_check(broken *b, xhat_error *error)
{
    size_t full = xhat_axes_count(b->html->axes, XHAT_EXTENT_FULL);
    const double *given =
        data_of(b->html->run, XHAT_SIDE_VALUE, b->html->circuit->input);
    double x[ELEMENTS_MAX], worst;
    char seen[200];
    if (full > ELEMENTS_MAX)
        return XHAT_OK;
    for (size_t e = 0; e < full; e++)
        x[e] = given[e];
    xhat_status status = check_gradient(b, x, &worst, error);
    if (status != XHAT_OK)
        return status;
    bool caught = !(worst <= NUMERIC_TOLERANCE);
    snprintf(seen, sizeof seen,
             caught ? "dx is not the slope of this forward pass: it is off by"
                      " %.2g of the size of its terms"
                    : "dx is the slope of this forward pass, right or wrong",
             worst);
    put_verdict(b, "a gradient check: central differences of its own forward",
                caught, seen);
    return XHAT_OK;
}

/* ---- the part ------------------------------------------------------------ */

static xhat_status put_verdicts(broken *b, xhat_error *error)
{
    const xhat_mistake *mistake = xhat_mistake_at(b->mistake);
    xhat_text *text = b->html->text;
    xhat_text_put(text, "<p>What it does: ");
    xhat_text_put_xml(text, mistake->text);
    xhat_text_put(text, ".</p><p>Right in NumPy: <code>");
    xhat_text_put_xml(text, mistake->fix);
    xhat_text_put(text, "</code></p><div class=scroll><table class=verdicts>"
                        "<caption>Which checks catch it, on this batch"
                        "</caption>");
    bool forward = compare_side(b, XHAT_SIDE_VALUE,
                                "the arrays of forward against the circuit's");
    bool backward = compare_side(b, XHAT_SIDE_GRADIENT,
                                 "the gradients against the circuit's");
    xhat_status status = put_replay(b, error);
    put_invariants(b);
    if (status == XHAT_OK)
        status = put_gradient_check(b, error);
    xhat_text_put(text, "</table></div>");
    if (!forward && !backward)
        xhat_text_put(text, "<p class=notice>This batch cannot show the"
                            " mistake: every array comes out right. Edit it"
                            " until it does.</p>");
    return status;
}

xhat_status xhat_html_put_mistake(xhat_html *html, xhat_error *error)
{
    broken b = {.html = html, .mistake = html->view->mistake};
    put_menu(html);
    if (b.mistake < 0 || b.mistake >= xhat_mistake_count() ||
        !xhat_mistake_keeps_shapes(b.mistake) ||
        !xhat_mistake_applies(b.mistake, html->run))
        return XHAT_OK;
    xhat_status status = xhat_magnitudes_of(&b.sizes, html->run, error);
    if (status == XHAT_OK)
        status =
            xhat_mistake_run(&b.run, html->run, &b.mistake, 1, NULL, error);
    if (status == XHAT_OK)
        status = put_verdicts(&b, error);
    xhat_run_destroy(b.run);
    xhat_magnitudes_free(&b.sizes);
    return status;
}
