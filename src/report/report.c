#include "report/report.h"

#include <stdio.h>

#include "base/error.h"
#include "report/health_panels.h"
#include "report/report_tables.h"

/* ---- pictures ------------------------------------------------------------ */

static xhat_status put_curves(xhat_run_page *r, xhat_error *error)
{
    xhat_curve curves[XHAT_CURVES_MOST];
    for (size_t i = 0; i < r->count; i++)
        curves[i] = (xhat_curve){r->runs[i].name, &r->runs[i].history,
                                 xhat_run_record_loss(&r->runs[i])};
    xhat_status status = xhat_curves_check(curves, r->count, error);
    if (status != XHAT_OK)
        return status;
    xhat_text_put(r->page, "<h2>Curves</h2>\n<div class=\"figures\">\n");
    for (xhat_measure what = XHAT_MEASURE_LOSS;
         what <= XHAT_MEASURE_RATE && status == XHAT_OK; what++) {
        xhat_curve_panel panel;
        status = xhat_curve_panel_make(&panel, curves, r->count, what, error);
        if (status == XHAT_OK && panel.chart.count > 0)
            xhat_figure_draw(r->page, NULL, &panel.chart, 1, 1, false);
        xhat_curve_panel_free(&panel);
    }
    xhat_text_put(r->page, "</div>\n");
    return status;
}

static xhat_status put_health(xhat_run_page *r, const xhat_run_record *run,
                              xhat_error *error)
{
    xhat_health_panels panels;
    xhat_status status = xhat_health_panels_make(&panels, &run->history, error);
    if (status != XHAT_OK)
        return status;
    if (panels.count > 0) {
        xhat_text_put(r->page, "<h2>Health of the hidden layers: ");
        xhat_text_put_xml(r->page, run->name);
        xhat_text_put(r->page, "</h2>\n");
        if (panels.shown < panels.layers)
            xhat_text_add(r->page,
                          "<p class=\"note\">%zu of %zu layers are drawn.</p>"
                          "\n",
                          panels.shown, panels.layers);
        xhat_text_put(r->page, "<div class=\"figures\">\n");
        for (size_t i = 0; i < panels.count; i++)
            xhat_figure_draw(r->page, NULL, &panels.charts[i], 1, 1, false);
        xhat_text_put(r->page, "</div>\n");
    }
    xhat_health_panels_free(&panels);
    return XHAT_OK;
}

/* ---- the page ------------------------------------------------------------ */

static xhat_status put_page(xhat_run_page *r, const char *title,
                            xhat_error *error)
{
    xhat_page_begin(r->page, title);
    xhat_report_put_summary(r);
    xhat_status status = put_curves(r, error);
    for (size_t i = 0; i < r->count && status == XHAT_OK; i++)
        status = put_health(r, &r->runs[i], error);
    if (status != XHAT_OK)
        return status;
    for (size_t i = 0; i < r->count; i++)
        xhat_report_put_confusion(r, &r->runs[i]);
    xhat_text_put(r->page, "<h2>What was run</h2>\n");
    xhat_report_put_object(r, "options",
                           r->count > 1 ? "Options; \xe2\x89\xa0 marks those "
                                          "that differ"
                                        : "Options");
    xhat_report_put_object(r, "data", "Data");
    xhat_report_put_object(r, "versions", "Versions");
    for (size_t i = 0; i < r->count; i++)
        xhat_report_put_epochs(r, &r->runs[i]);
    xhat_page_end(r->page);
    return r->page->failed ? xhat_fail(error, XHAT_OUT_OF_MEMORY,
                                       "no memory for the report")
                           : XHAT_OK;
}

xhat_status xhat_report_make(xhat_text *page, const char *title,
                             const char *const *folders,
                             const char *const *names, size_t count,
                             xhat_error *error)
{
    xhat_run_page r = {.page = page};
    xhat_status status = XHAT_OK;
    if (count == 0 || count > XHAT_CURVES_MOST)
        return xhat_fail(error, XHAT_INVALID_ARGUMENT,
                         "%zu runs in one report: 1 to %d can be told apart",
                         count, XHAT_CURVES_MOST);
    for (size_t i = 0; i < count && status == XHAT_OK; i++) {
        status = xhat_run_record_read(&r.runs[i], folders[i], names[i], error);
        r.count += status == XHAT_OK;
    }
    if (status == XHAT_OK)
        status = put_page(&r, title, error);
    for (size_t i = 0; i < r.count; i++)
        xhat_run_record_free(&r.runs[i]);
    return status;
}

xhat_status xhat_report_write(const char *folder, const char *title,
                              const char *const *folders,
                              const char *const *names, size_t count,
                              xhat_error *error)
{
    char path[4096 + 32];
    xhat_text page = xhat_text_on(NULL);
    xhat_status status =
        xhat_report_make(&page, title, folders, names, count, error);
    snprintf(path, sizeof path, "%s/report.html", folder);
    if (status == XHAT_OK)
        status = xhat_file_write(path, true, page.data, page.length, error);
    xhat_text_free(&page);
    return status;
}

xhat_loss_kind xhat_report_loss(const char *folder)
{
    xhat_run_record record;
    xhat_error error = {0};
    if (xhat_run_record_read(&record, folder, "", &error) != XHAT_OK)
        return XHAT_LOSS_SOFTMAX;
    xhat_loss_kind loss = xhat_run_record_loss(&record);
    xhat_run_record_free(&record);
    return loss;
}
