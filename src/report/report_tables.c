/* The tables of a page about runs. */
#include "report/report_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

enum { CONFUSION_MOST = 40 }; /* classes whose table can still be read */

/* ---- values of run.json -------------------------------------------------- */

/* "adam", 0.001, "256, 128": a JSON value as people write it */
static void put_value(xhat_text *page, const json_t *value)
{
    if (value == NULL) {
        xhat_text_put(page, "&ndash;");
        return;
    }
    if (json_is_string(value)) {
        xhat_text_put_xml(page, json_string_value(value));
        return;
    }
    size_t count = json_array_size(value);
    for (size_t i = 0; i < count && i < CONFUSION_MOST; i++) {
        xhat_text_put(page, i > 0 ? ", " : "");
        put_value(page, json_array_get(value, i));
    }
    if (json_is_array(value)) {
        if (count == 0)
            xhat_text_put(page, "none");
        else if (count > CONFUSION_MOST)
            xhat_text_add(page, ", ... (%zu)", count);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    if (text != NULL)
        xhat_text_put_xml(page, text);
    free(text);
}

static const json_t *member(const xhat_run_record *run, const char *object,
                            const char *key)
{
    return json_object_get(xhat_run_record_at(run, object), key);
}

/* "batch_size" -> "batch size" */
static void put_key(xhat_text *page, const char *key)
{
    char name[80];
    snprintf(name, sizeof name, "%s", key);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    xhat_text_put_xml(page, name);
}

static void put_row(xhat_run_page *r, const char *object, const char *key)
{
    bool differs = false;
    for (size_t i = 1; i < r->count; i++)
        differs = differs || !json_equal(member(&r->runs[0], object, key),
                                         member(&r->runs[i], object, key));
    xhat_text_add(r->page, "<tr%s><th>", differs ? " class=\"differs\"" : "");
    put_key(r->page, key);
    xhat_text_put(r->page, "</th>");
    for (size_t i = 0; i < r->count; i++) {
        xhat_text_put(r->page, "<td>");
        put_value(r->page, member(&r->runs[i], object, key));
        xhat_text_put(r->page, "</td>");
    }
    xhat_text_put(r->page, "</tr>\n");
}

static void put_head(xhat_run_page *r, const char *caption)
{
    xhat_text_add(r->page,
                  "<div class=\"wide\"><table><caption>%s</caption>\n"
                  "<thead><tr><th></th>",
                  caption);
    for (size_t i = 0; i < r->count; i++) {
        xhat_text_put(r->page, "<th>");
        xhat_text_put_xml(r->page, r->runs[i].name);
        xhat_text_put(r->page, "</th>");
    }
    xhat_text_put(r->page, "</tr></thead>\n");
}

void xhat_report_put_object(xhat_run_page *r, const char *object,
                            const char *caption)
{
    const char *key;
    json_t *value;
    bool any = false;
    for (size_t i = 0; i < r->count; i++)
        json_object_foreach((json_t *)xhat_run_record_at(&r->runs[i], object),
                            key, value)
        {
            bool seen = json_is_object(value);
            for (size_t j = 0; j < i; j++)
                seen = seen || member(&r->runs[j], object, key) != NULL;
            if (seen)
                continue;
            if (!any)
                put_head(r, caption);
            any = true;
            put_row(r, object, key);
        }
    if (any)
        xhat_text_put(r->page, "</table></div>\n");
}

/* ---- how it ended -------------------------------------------------------- */

/* The last epoch that was the best so far, or NULL. */
static const xhat_epoch *best_epoch(const xhat_history *history)
{
    for (size_t i = history->count; i-- > 0;)
        if (history->epochs[i].best)
            return &history->epochs[i];
    return NULL;
}

/* Its accuracy; of numbers, which have none, its loss. */
static void put_best(xhat_text *page, const xhat_epoch *best)
{
    if (best == NULL)
        xhat_text_put(page, "<td class=\"n\">&ndash;</td>");
    else if (!isnan(best->validation_accuracy))
        xhat_text_add(page, "<td class=\"n\">%.2f %% (epoch %zu)</td>",
                      100 * best->validation_accuracy, best->epoch);
    else
        xhat_text_add(page, "<td class=\"n\">loss %.4g (epoch %zu)</td>",
                      best->validation_loss, best->epoch);
}

static void put_ending(xhat_run_page *r, const xhat_run_record *run)
{
    xhat_text *page = r->page;
    const xhat_epoch *last = &run->history.epochs[run->history.count - 1];
    xhat_text_put(page, "<tr><th>");
    xhat_text_put_xml(page, run->name);
    xhat_text_put(page, "</th><td>");
    put_value(page, xhat_run_record_at(run, "result.status"));
    xhat_text_add(page, "</td><td class=\"n\">%zu</td>", last->epoch);
    xhat_page_number(page, last->train_loss, "%.4f");
    xhat_page_number(page, last->validation_loss, "%.4f");
    xhat_page_number(page, 100 * last->train_accuracy, "%.2f %%");
    xhat_page_number(page, 100 * last->validation_accuracy, "%.2f %%");
    xhat_page_number(page, 100 * last->test_accuracy, "%.2f %%");
    put_best(page, best_epoch(&run->history));
    xhat_page_number(page, last->seconds, "%.1f s");
    xhat_text_put(page, "</tr>\n");
    const json_t *message = xhat_run_record_at(run, "result.message");
    if (message != NULL) {
        xhat_text_put(page, "<tr><td></td><td colspan=\"9\" class=\"note\">");
        put_value(page, message);
        xhat_text_put(page, "</td></tr>\n");
    }
}

void xhat_report_put_summary(xhat_run_page *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const json_t *net = xhat_run_record_at(&r->runs[i], "net");
        if (net == NULL)
            continue;
        xhat_text_put(r->page, "<p><b>");
        xhat_text_put_xml(r->page, r->runs[i].name);
        xhat_text_put(r->page, "</b>: ");
        put_value(r->page, net);
        xhat_text_put(r->page, "; ");
        put_value(r->page, xhat_run_record_at(&r->runs[i], "parameters"));
        xhat_text_put(r->page, " parameters</p>\n");
    }
    xhat_text_put(
        r->page,
        "<div class=\"wide\"><table><caption>How it ended. Training figures "
        "are means over the last epoch&rsquo;s batches as they were trained "
        "on.</caption>\n<thead><tr><th></th><th></th><th class=\"n\">epochs"
        "</th><th class=\"n\">training loss</th><th class=\"n\">validation "
        "loss</th><th class=\"n\">training</th><th "
        "class=\"n\">validation</th><th class=\"n\">test</th>"
        "<th class=\"n\">best validation</th><th class=\"n\">time</th></tr>"
        "</thead>\n");
    for (size_t i = 0; i < r->count; i++)
        put_ending(r, &r->runs[i]);
    xhat_text_put(r->page, "</table></div>\n");
}

/* ---- confusion ----------------------------------------------------------- */

static void put_confusion_row(xhat_text *page, const json_t *row, size_t hit)
{
    double total = 0;
    size_t count = json_array_size(row);
    for (size_t k = 0; k < count; k++)
        total += json_number_value(json_array_get(row, k));
    for (size_t k = 0; k < count; k++) {
        double n = json_number_value(json_array_get(row, k));
        xhat_text_add(page, "<td%s style=\"--share:%.2f\">%.0f</td>",
                      k == hit ? " class=\"hit\"" : "",
                      total > 0 ? n / total : 0, n);
    }
    xhat_page_number(
        page,
        total > 0 ? 100 * json_number_value(json_array_get(row, hit)) / total
                  : NAN,
        "%.1f %%");
}

void xhat_report_put_confusion(xhat_run_page *r, const xhat_run_record *run)
{
    const json_t *counts = xhat_run_record_at(run, "confusion.counts");
    const json_t *classes = xhat_run_record_at(run, "data.classes");
    size_t count = json_array_size(counts);
    if (count < 2 || count > CONFUSION_MOST)
        return;
    xhat_text_put(r->page, "<h2>Confusion: ");
    xhat_text_put_xml(r->page, run->name);
    xhat_text_put(r->page, "</h2>\n<div class=\"wide\"><table "
                           "class=\"confusion\"><caption>A row for each true "
                           "class, a column for what its rows were taken for; "
                           "on the ");
    put_value(r->page, xhat_run_record_at(run, "confusion.part"));
    xhat_text_put(r->page, ".</caption>\n<thead><tr><th></th>");
    for (size_t k = 0; k < count; k++) {
        xhat_text_put(r->page, "<th class=\"n\">");
        put_value(r->page, json_array_get(classes, k));
        xhat_text_put(r->page, "</th>");
    }
    xhat_text_put(r->page, "<th class=\"n\">right</th></tr></thead>\n");
    for (size_t k = 0; k < count; k++) {
        xhat_text_put(r->page, "<tr><th>");
        put_value(r->page, json_array_get(classes, k));
        xhat_text_put(r->page, "</th>");
        put_confusion_row(r->page, json_array_get(counts, k), k);
        xhat_text_put(r->page, "</tr>\n");
    }
    xhat_text_put(r->page, "</table></div>\n");
}

/* ---- the numbers --------------------------------------------------------- */

void xhat_report_put_epochs(xhat_run_page *r, const xhat_run_record *run)
{
    xhat_text_put(r->page, "<details><summary>The numbers: ");
    xhat_text_put_xml(r->page, run->name);
    xhat_text_put(r->page,
                  "</summary>\n<div class=\"wide\"><table><thead><tr>"
                  "<th class=\"n\">epoch</th><th class=\"n\">training loss</th>"
                  "<th class=\"n\">training</th><th class=\"n\">validation "
                  "loss</th><th class=\"n\">validation</th><th class=\"n\">"
                  "test loss</th><th class=\"n\">test</th><th class=\"n\">"
                  "learning rate</th><th class=\"n\">time</th></tr></thead>\n");
    for (size_t i = 0; i < run->history.count; i++) {
        const xhat_epoch *epoch = &run->history.epochs[i];
        xhat_text_add(r->page, "<tr><td class=\"n\">%zu</td>", epoch->epoch);
        xhat_page_number(r->page, epoch->train_loss, "%.5g");
        xhat_page_number(r->page, 100 * epoch->train_accuracy, "%.2f %%");
        xhat_page_number(r->page, epoch->validation_loss, "%.5g");
        xhat_page_number(r->page, 100 * epoch->validation_accuracy, "%.2f %%");
        xhat_page_number(r->page, epoch->test_loss, "%.5g");
        xhat_page_number(r->page, 100 * epoch->test_accuracy, "%.2f %%");
        xhat_page_number(r->page, epoch->lr, "%.4g");
        xhat_page_number(r->page, epoch->seconds, "%.1f s");
        xhat_text_put(r->page, "</tr>\n");
    }
    xhat_text_put(r->page, "</table></div></details>\n");
}
