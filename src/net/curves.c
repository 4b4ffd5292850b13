/* Curves of runs as one SVG: loss on the left, accuracy on the right, against
 * the epoch.
 *
 * A run has a color and a marker of its own, so that print and color-blind
 * eyes tell runs apart; training is dashed, held-out rows (validation, else
 * test) are solid.  Every line is named at its end instead of in a legend. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "xhat/net.h"

enum { RUNS_MOST = 8, LINES_MOST = 2 * RUNS_MOST };

/* pixels */
enum {
    HEIGHT = 430,
    PLOT_TOP = 84,
    PLOT_HEIGHT = 284,
    PLOT_WIDTH = 278,
    PANEL_LEFT = 58,
    LABEL_LEFT = 24, /* from the plot's right edge to the names */
    LABEL_STEP = 15
};

/* Okabe and Ito's colors, told apart by all kinds of eyes; on a dark ground
 * lighter ones of the same hue. */
static const struct {
    const char *light, *dark;
} colors[RUNS_MOST] = {
    {"#0072b2", "#56b4e9"}, {"#c04a00", "#ff9d5c"}, {"#007a5a", "#3fd6ab"},
    {"#a8437f", "#f0a3d0"}, {"#7a6500", "#f0e442"}, {"#555555", "#bbbbbb"},
    {"#5b3cc4", "#b3a1ff"}, {"#8c2d04", "#ffb3a1"},
};

typedef enum quantity { LOSS, ACCURACY } quantity;
typedef enum part { TRAIN, HELD_OUT } part;

/* ---- values -------------------------------------------------------------- */

/* Does the run have validation rows?  Then those are the held-out ones. */
static bool has_validation(const xhat_history *history)
{
    return history->count > 0 && !isnan(history->epochs[0].validation_loss);
}

static double value_of(const xhat_history *history, size_t i, quantity what,
                       part which)
{
    const xhat_epoch *epoch = &history->epochs[i];
    if (which == TRAIN)
        return what == LOSS ? epoch->train_loss : 100 * epoch->train_accuracy;
    if (has_validation(history))
        return what == LOSS ? epoch->validation_loss
                            : 100 * epoch->validation_accuracy;
    return what == LOSS ? epoch->test_loss : 100 * epoch->test_accuracy;
}

static const char *part_name(const xhat_history *history, part which)
{
    if (which == TRAIN)
        return "train";
    return has_validation(history) ? "validation" : "test";
}

/* ---- axes ---------------------------------------------------------------- */

typedef struct axis {
    double least, most, step; /* ticks from least on, a step apart */
} axis;

typedef struct chart {
    int left;
    quantity what;
    axis x, y;
} chart;

/* 1, 2 or 5 times a power of ten, for about `ticks` of them in `span` */
static double tick_step(double span, int ticks)
{
    double rough = span / ticks, power = pow(10, floor(log10(rough)));
    double digit = rough / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static axis axis_over(double least, double most, int ticks)
{
    if (!(most > least))
        most = least + 1;
    double step = tick_step(most - least, ticks);
    return (axis){step * floor(least / step), step * ceil(most / step), step};
}

/* Loss begins at 0, accuracy where it begins and ends at 100 at most. */
static axis value_axis(const xhat_curve *curves, size_t count, quantity what)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < curves[c].history->count; i++)
            for (part which = TRAIN; which <= HELD_OUT; which++) {
                double value = value_of(curves[c].history, i, what, which);
                if (!isfinite(value))
                    continue;
                least = fmin(least, value);
                most = fmax(most, value);
            }
    if (!isfinite(least))
        least = 0, most = 1;
    axis made = axis_over(what == LOSS ? 0 : least, most, 5);
    if (what == ACCURACY)
        made.most = fmin(made.most, 100);
    return made;
}

static axis epoch_axis(const xhat_curve *curves, size_t count)
{
    size_t first = SIZE_MAX, last = 0;
    for (size_t c = 0; c < count; c++) {
        const xhat_history *history = curves[c].history;
        if (history->epochs[0].epoch < first)
            first = history->epochs[0].epoch;
        if (history->epochs[history->count - 1].epoch > last)
            last = history->epochs[history->count - 1].epoch;
    }
    if (last == first)
        return (axis){(double)first - 1, (double)first + 1, 1};
    double step = fmax(1, tick_step((double)(last - first), 6));
    return (axis){(double)first, (double)last, step};
}

static double place_x(const chart *panel, double epoch)
{
    double share = (epoch - panel->x.least) / (panel->x.most - panel->x.least);
    return panel->left + PLOT_WIDTH * share;
}

static double place_y(const chart *panel, double value)
{
    double share = (value - panel->y.least) / (panel->y.most - panel->y.least);
    return PLOT_TOP + PLOT_HEIGHT * (1 - share);
}

static void draw_axes(xhat_text *svg, const chart *panel)
{
    int right = panel->left + PLOT_WIDTH, bottom = PLOT_TOP + PLOT_HEIGHT;
    const axis *x = &panel->x, *y = &panel->y;
    for (int i = 0; y->least + i * y->step <= y->most + 1e-9 * y->step; i++) {
        double value = y->least + i * y->step, at = place_y(panel, value);
        xhat_text_add(svg,
                      "<path class=\"grid\" d=\"M%d %.1fH%d\"/>"
                      "<text class=\"tick end\" x=\"%d\" y=\"%.1f\">%.6g"
                      "</text>\n",
                      panel->left, at, right, panel->left - 8, at + 4, value);
    }
    /* whole multiples of the step, and the first epoch */
    for (double value = x->least; value <= x->most + 1e-9;
         value = x->step * (floor(value / x->step) + 1)) {
        double at = place_x(panel, value);
        if (value > x->least && value - x->least < 0.5 * x->step)
            continue;
        xhat_text_add(svg,
                      "<path class=\"axis\" d=\"M%.1f %dv5\"/>"
                      "<text class=\"tick middle\" x=\"%.1f\" y=\"%d\">%.6g"
                      "</text>\n",
                      at, bottom, at, bottom + 19, value);
    }
    xhat_text_add(svg, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", panel->left,
                  bottom, right);
    xhat_text_add(svg,
                  "<text class=\"name middle\" x=\"%d\" y=\"%d\">epoch"
                  "</text>\n",
                  panel->left + PLOT_WIDTH / 2, bottom + 40);
    xhat_text_add(svg, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>\n",
                  panel->left - 40, PLOT_TOP - 18,
                  panel->what == LOSS ? "loss (mean cross-entropy, nats)"
                                      : "accuracy (% of rows)");
}

/* ---- lines --------------------------------------------------------------- */

/* The marker of run r around (x, y). */
static void draw_marker(xhat_text *svg, size_t r, double x, double y,
                        const char *kind)
{
    static const char *const shapes[4] = {
        "m-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",
        "m-3.3-3.3h6.6v6.6h-6.6z", "m0-4.4l4.2 7.4h-8.4z",
        "m0-4.6l4.6 4.6l-4.6 4.6l-4.6-4.6z"};
    xhat_text_add(svg, "<path class=\"%s run%zu\" d=\"M%.1f %.1f%s\"/>\n", kind,
                  r, x, y, shapes[r % 4]);
}

static void draw_line(xhat_text *svg, const chart *panel, size_t r,
                      const xhat_history *history, part which)
{
    bool drawing = false;
    xhat_text_add(svg, "<path class=\"line run%zu%s\" d=\"", r,
                  which == TRAIN ? " train" : "");
    for (size_t i = 0; i < history->count; i++) {
        double value = value_of(history, i, panel->what, which);
        if (!isfinite(value)) {
            drawing = false;
            continue;
        }
        xhat_text_add(svg, "%s%.1f %.1f", drawing ? "L" : "M",
                      place_x(panel, (double)history->epochs[i].epoch),
                      place_y(panel, value));
        drawing = true;
    }
    xhat_text_put(svg, "\"/>\n");
    /* some twelve markers a line, the last epoch always among them */
    size_t every = (history->count + 11) / 12;
    for (size_t i = 0; i < history->count; i++) {
        double value = value_of(history, i, panel->what, which);
        if ((history->count - 1 - i) % every == 0 && isfinite(value))
            draw_marker(
                svg, r, place_x(panel, (double)history->epochs[i].epoch),
                place_y(panel, value), which == TRAIN ? "hollow" : "full");
    }
}

/* ---- names at the ends of the lines -------------------------------------- */

typedef struct label {
    size_t run;
    part which;
    double x, at, y, value; /* the line's end; where the text goes; the value */
} label;

static size_t collect_labels(const chart *panel, const xhat_curve *curves,
                             size_t count, label *labels)
{
    size_t made = 0;
    for (size_t c = 0; c < count; c++)
        for (part which = TRAIN; which <= HELD_OUT; which++) {
            const xhat_history *history = curves[c].history;
            size_t last = history->count - 1;
            double value = value_of(history, last, panel->what, which);
            if (!isfinite(value))
                continue;
            double x = place_x(panel, (double)history->epochs[last].epoch);
            double y = place_y(panel, value);
            size_t i = made++; /* sorted by height, insertion sort */
            for (; i > 0 && labels[i - 1].at > y; i--)
                labels[i] = labels[i - 1];
            labels[i] = (label){c, which, x, y, y, value};
        }
    return made;
}

/* Moves labels apart: down where they touch, then up from the bottom. */
static void spread_labels(label *labels, size_t count)
{
    for (size_t i = 1; i < count; i++)
        labels[i].y = fmax(labels[i].y, labels[i - 1].y + LABEL_STEP);
    double floor_y = PLOT_TOP + PLOT_HEIGHT;
    for (size_t i = count; i-- > 0;) {
        labels[i].y = fmin(labels[i].y, floor_y);
        floor_y = labels[i].y - LABEL_STEP;
    }
}

static void draw_labels(xhat_text *svg, const chart *panel,
                        const xhat_curve *curves, size_t count)
{
    label labels[LINES_MOST];
    size_t made = collect_labels(panel, curves, count, labels);
    double x = panel->left + PLOT_WIDTH + LABEL_LEFT;
    spread_labels(labels, made);
    for (size_t i = 0; i < made; i++) {
        const label *l = &labels[i];
        xhat_text_add(svg,
                      "<path class=\"leader run%zu\" d=\"M%.1f %.1fL%.1f "
                      "%.1f\"/>",
                      l->run, l->x + 6, l->at, x - 4, l->y);
        xhat_text_add(svg,
                      "<text class=\"label run%zu\" x=\"%.1f\" y=\"%.1f"
                      "\">",
                      l->run, x, l->y + 4);
        xhat_text_put_xml(svg, curves[l->run].name);
        xhat_text_add(svg, " %s ", part_name(curves[l->run].history, l->which));
        xhat_text_add(svg, panel->what == LOSS ? "%#.3g" : "%.1f%%", l->value);
        xhat_text_put(svg, "</text>\n");
    }
}

/* Pixels that the longest name may take: a guess from its length, because an
 * SVG is drawn with whatever font there is. */
static int label_width(const xhat_curve *curves, size_t count)
{
    const double a_character = 7.1;
    size_t longest = 0;
    for (size_t c = 0; c < count; c++)
        if (strlen(curves[c].name) > longest)
            longest = strlen(curves[c].name);
    return (int)(a_character * (double)(longest + sizeof " validation 0.123"));
}

/* ---- the picture --------------------------------------------------------- */

static void draw_style(xhat_text *svg, size_t count)
{
    xhat_text_put(
        svg, "<style>\n"
             "text{font:13px system-ui,\"DejaVu Sans\",sans-serif;fill:#222}\n"
             ".title{font-size:17px;font-weight:600}\n"
             ".tick{font-size:12px;fill:#555}.label{font-size:12px}\n"
             ".middle{text-anchor:middle}.end{text-anchor:end}\n"
             ".ground{fill:#fff}.grid{stroke:#e2e2e2}.axis{stroke:#777}\n"
             ".line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
             ".train{stroke-dasharray:6 4;stroke-width:1.6}\n"
             ".leader{fill:none;stroke-width:.8;opacity:.6}\n"
             ".hollow{stroke-width:1.4}\n");
    for (size_t r = 0; r < count; r++)
        xhat_text_add(svg,
                      ".run%zu{stroke:%s}.full.run%zu{fill:%s}.hollow.run%zu"
                      "{fill:#fff}text.run%zu{fill:%s;stroke:none}\n",
                      r, colors[r].light, r, colors[r].light, r, r,
                      colors[r].light);
    xhat_text_put(svg, "@media(prefers-color-scheme:dark){\n"
                       "text{fill:#eee}.tick{fill:#aaa}.ground{fill:#16181d}"
                       ".grid{stroke:#33363d}.axis{stroke:#888}\n");
    for (size_t r = 0; r < count; r++)
        xhat_text_add(svg,
                      ".run%zu{stroke:%s}.full.run%zu{fill:%s}.hollow.run%zu"
                      "{fill:#16181d}text.run%zu{fill:%s}\n",
                      r, colors[r].dark, r, colors[r].dark, r, r,
                      colors[r].dark);
    xhat_text_put(svg, "}\n</style>\n");
}

static void draw_panel(xhat_text *svg, const chart *panel,
                       const xhat_curve *curves, size_t count)
{
    draw_axes(svg, panel);
    for (size_t c = 0; c < count; c++)
        for (part which = TRAIN; which <= HELD_OUT; which++)
            draw_line(svg, panel, c, curves[c].history, which);
    draw_labels(svg, panel, curves, count);
}

static void draw(xhat_text *svg, const xhat_curve *curves, size_t count,
                 const char *title)
{
    int step =
        PANEL_LEFT + PLOT_WIDTH + LABEL_LEFT + label_width(curves, count);
    int width = 2 * step;
    xhat_text_add(svg,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d "
                  "%d\" width=\"%d\" height=\"%d\" role=\"img\">\n<title>",
                  width, HEIGHT, width, HEIGHT);
    xhat_text_put_xml(svg, title);
    xhat_text_put(svg, "</title>\n");
    draw_style(svg, count);
    xhat_text_add(svg,
                  "<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n"
                  "<text class=\"title\" x=\"18\" y=\"30\">",
                  width, HEIGHT);
    xhat_text_put_xml(svg, title);
    xhat_text_put(svg, "</text>\n");
    for (quantity what = LOSS; what <= ACCURACY; what++) {
        chart panel = {
            .left = PANEL_LEFT + (int)what * step,
            .what = what,
            .x = epoch_axis(curves, count),
            .y = value_axis(curves, count, what),
        };
        draw_panel(svg, &panel, curves, count);
    }
    xhat_text_put(svg, "</svg>\n");
}

xhat_status xhat_curves_draw(const xhat_curve *curves, size_t count,
                             const char *title, char **svg, size_t *length,
                             xhat_error *error)
{
    if (count == 0 || count > RUNS_MOST)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%zu runs in one picture: 1 to %d can be told apart",
                         count, RUNS_MOST);
    for (size_t c = 0; c < count; c++)
        if (curves[c].history->count == 0)
            return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                             "the run %s has no epochs to draw",
                             curves[c].name);
    xhat_text text = xhat_text_on(NULL);
    draw(&text, curves, count, title);
    if (text.failed) {
        xhat_text_free(&text);
        return xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory for a picture");
    }
    *svg = text.data;
    *length = text.length;
    return XHAT_OK;
}

void xhat_curves_free(char *svg)
{
    xhat_release(NULL, svg);
}
