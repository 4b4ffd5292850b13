/* xhat plot: the curves of runs in one picture. */
#include <stdio.h>
#include <string.h>

#include "report/curves.h"
#include "report/report.h"
#include "net/run_folder.h"
#include "net_input.h"
#include "output.h"

static const cli_option options[] = {
    {"output", 'o', "FILE",
     "a picture, .svg (default: on stdout), or a page about the runs, .html"},
    {NULL, 0, NULL, NULL}};

enum { RUNS_MOST = XHAT_CURVES_MOST, NAME_SIZE = 48 };

/* A run is called by its folder; runs of one name by all of their paths. */
static void name_runs(const cli_invocation *invocation,
                      char names[RUNS_MOST][NAME_SIZE])
{
    int count = invocation->operand_count;
    for (int i = 0; i < count; i++)
        cli_base_name(invocation->operands[i], names[i], NAME_SIZE);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0) {
                snprintf(names[j], NAME_SIZE, "%s", invocation->operands[j]);
                snprintf(names[i], NAME_SIZE, "%s", invocation->operands[i]);
            }
}

static int draw_svg(const cli_invocation *invocation,
                    const xhat_history *histories,
                    char names[RUNS_MOST][NAME_SIZE])
{
    xhat_curve curves[RUNS_MOST];
    size_t count = (size_t)invocation->operand_count, length;
    char *svg;
    xhat_error error = {0};
    for (size_t i = 0; i < count; i++)
        curves[i] = (xhat_curve){names[i], &histories[i],
                                 xhat_report_loss(invocation->operands[i])};
    if (xhat_curves_draw(curves, count, "Training curves", &svg, &length,
                         &error) != XHAT_OK)
        return cli_fail_error(&error);
    int result =
        cli_write_text(invocation, cli_text(invocation, "output"), svg, length);
    xhat_curves_free(svg);
    return result;
}

static int draw_page(const cli_invocation *invocation,
                     char names[RUNS_MOST][NAME_SIZE])
{
    const char *list[RUNS_MOST];
    char title[NAME_SIZE + 32];
    size_t count = (size_t)invocation->operand_count;
    xhat_text page = xhat_text_on(NULL);
    xhat_error error = {0};
    for (size_t i = 0; i < count; i++)
        list[i] = names[i];
    if (count == 1)
        snprintf(title, sizeof title, "The run %.*s", NAME_SIZE - 1, names[0]);
    else
        snprintf(title, sizeof title, "%zu runs", count);
    if (xhat_report_make(&page, title, invocation->operands, list, count,
                         &error) != XHAT_OK) {
        xhat_text_free(&page);
        return cli_fail_error(&error);
    }
    return cli_write_made(invocation, cli_text(invocation, "output"), &page);
}

static int draw(const cli_invocation *invocation, const xhat_history *histories)
{
    char names[RUNS_MOST][NAME_SIZE];
    const char *path = cli_text(invocation, "output");
    name_runs(invocation, names);
    return path != NULL && cli_ends_in(path, ".html")
               ? draw_page(invocation, names)
               : draw_svg(invocation, histories, names);
}

/* The epochs of all runs as one document. */
static int print_json(const cli_invocation *invocation,
                      const xhat_history *histories)
{
    char names[RUNS_MOST][NAME_SIZE];
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 0);
    name_runs(invocation, names);
    xhat_json_open(&json, NULL, '{');
    xhat_json_open(&json, "runs", '[');
    for (int i = 0; i < invocation->operand_count; i++) {
        xhat_json_open(&json, NULL, '{');
        xhat_json_string(&json, "name", names[i]);
        xhat_json_open(&json, "epochs", '[');
        for (size_t k = 0; k < histories[i].count; k++) {
            xhat_json_open(&json, NULL, '{');
            xhat_epoch_put_json(&json, &histories[i].epochs[k]);
            xhat_json_close(&json);
        }
        xhat_json_close(&json);
        xhat_json_close(&json);
    }
    xhat_json_close(&json);
    xhat_json_close(&json);
    int result = text.failed
                     ? cli_fail(CLI_BUG, "out of memory")
                     : cli_write_text(invocation, NULL, text.data, text.length);
    xhat_text_free(&text);
    return result;
}

static int run(const cli_invocation *invocation)
{
    const char *path = cli_text(invocation, "output");
    xhat_history histories[RUNS_MOST] = {{0}};
    xhat_error error = {0};
    int result = CLI_DONE;
    if (path != NULL && strcmp(path, "-") == 0 && cli_given(invocation, "json"))
        return cli_fail(CLI_USAGE, "--json prints a document on standard "
                                   "output: name a file with -o, or leave it "
                                   "out");
    if (path != NULL && strcmp(path, "-") != 0 && !cli_ends_in(path, ".svg") &&
        !cli_ends_in(path, ".html"))
        return cli_fail(CLI_USAGE,
                        "%s: a picture's name ends in .svg, a page's in .html",
                        path);
    for (int i = 0; i < invocation->operand_count && result == CLI_DONE; i++)
        if (xhat_history_read(&histories[i], invocation->operands[i], NULL,
                              &error) != XHAT_OK)
            result = cli_fail_error(&error);
    bool json = cli_given(invocation, "json");
    if (result == CLI_DONE && (path != NULL || !json))
        result = draw(invocation, histories);
    if (result == CLI_DONE && json)
        result = print_json(invocation, histories);
    for (int i = 0; i < invocation->operand_count; i++)
        xhat_history_free(&histories[i]);
    return result;
}

const cli_command cli_command_plot = {
    .name = "plot",
    .summary = "draw the curves of runs, or a page about them",
    .operands = "RUN...",
    .examples = "    xhat plot runs/iris-1 -o iris.svg\n"
                "    xhat plot runs/a runs/a/baseline runs/b -o all.html\n",
    .details = "The picture: loss and accuracy against the epoch, training "
               "dashed, validation\n(or test) solid.  The page adds the "
               "learning rate, the health of the hidden\nlayers, options, "
               "data and versions side by side; it needs no other file.  "
               "--json\nprints the numbers instead; with -o, both are made.\n",
    .least_operands = 1,
    .most_operands = RUNS_MOST,
    .tables = {options},
    .run = run,
};
