#include "train_report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/run_folder.h"

const char *cli_run_status_name(cli_run_status status)
{
    static const char *const names[] = {"running", "finished", "interrupted",
                                        "diverged"};
    return names[status];
}

/* ---- progress ------------------------------------------------------------ */

void cli_run_clear_line(const cli_run *run)
{
    if (cli_shows_progress(run->setup->invocation))
        fputs("\r\033[K", stderr);
}

/* The line on the terminal, drawn over itself ten times a second. */
static void draw_line(cli_run *run, const xhat_progress *p)
{
    double now = cli_seconds();
    if (!cli_shows_progress(run->setup->invocation) || now - run->shown < 0.1)
        return;
    run->shown = now;
    char line[512];
    size_t room = (size_t)cli_width();
    double left = round(p->seconds_left);
    char accuracy[16] = "";
    if (!isnan(p->accuracy)) /* numbers have none */
        snprintf(accuracy, sizeof accuracy, "  %.1f%%", 100 * p->accuracy);
    /* cut: a line that wraps cannot be drawn over */
    snprintf(line, room < sizeof line ? room : sizeof line,
             "%s  epoch %zu/%zu  %zu/%zu  loss %.3f%s  %.0f rows/s  "
             "%.0f:%02.0f left",
             run->name, p->epoch, p->epochs, p->batch, p->batches, p->loss,
             accuracy, p->rows_per_second, floor(left / 60), fmod(left, 60));
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
}

enum { LINE_SIZE = 160 };

/* Appends a part to the line. */
static void add_part(char line[LINE_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_part(char line[LINE_SIZE], const char *format, ...)
{
    size_t used = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, LINE_SIZE - used, format, arguments);
    va_end(arguments);
}

static void add_accuracy(char line[LINE_SIZE], const char *name,
                         double accuracy)
{
    if (!isnan(accuracy))
        add_part(line, "  %s %.1f%%", name, 100 * accuracy);
}

static void add_loss(char line[LINE_SIZE], const char *name, double loss)
{
    if (!isnan(loss))
        add_part(line, "  %s %.3g", name, loss);
}

/* The plain line an epoch leaves. */
static void say_epoch(const cli_run *run, const xhat_epoch *epoch,
                      size_t epochs)
{
    char line[LINE_SIZE] = "";
    if (run->setup->quiet)
        return;
    cli_run_clear_line(run);
    add_part(line, "%s  epoch %zu/%zu  loss %.3g", run->name, epoch->epoch,
             epochs, epoch->train_loss);
    if (isnan(epoch->train_accuracy)) {
        add_loss(line, "val", epoch->validation_loss);
        add_loss(line, "test", epoch->test_loss);
    }
    add_accuracy(line, "train", epoch->train_accuracy);
    add_accuracy(line, "val", epoch->validation_accuracy);
    add_accuracy(line, "test", epoch->test_accuracy);
    add_part(line, "  %.1f s", epoch->seconds);
    fprintf(stderr, "%s\n", line);
}

/* ---- events -------------------------------------------------------------- */

static void print_line(xhat_text *line)
{
    if (!line->failed) {
        fwrite(line->data, 1, line->length, stdout);
        if (line->length > 0 && line->data[line->length - 1] != '\n')
            putchar('\n');
        fflush(stdout);
    }
    xhat_text_free(line);
}

static void event_of_epoch(const cli_run *run, const xhat_epoch *epoch)
{
    xhat_text line = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&line, 0);
    xhat_epoch copy = *epoch;
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "event", "epoch");
    xhat_json_string(&json, "run", run->folder);
    xhat_epoch_put_json(&json, &copy);
    xhat_json_close(&json);
    print_line(&line);
}

void cli_run_event(const cli_run *run, const char *event,
                   const xhat_dataset *data, const xhat_model *model)
{
    char net[512];
    xhat_text line = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&line, 0);
    if (!run->setup->json) {
        xhat_text_free(&line);
        return;
    }
    xhat_net_describe(model->net, net, sizeof net);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "event", event);
    xhat_json_string(&json, "run", run->folder);
    xhat_json_string(&json, "norm", xhat_net_norm_name(run->spec.norm));
    xhat_json_string(&json, "net", net);
    xhat_json_integer(&json, "parameters",
                      (int64_t)xhat_net_parameter_count(model->net));
    xhat_json_string(&json, "data", run->setup->source);
    xhat_json_integer(&json, "rows", (int64_t)data->rows);
    xhat_json_string(&json, "status", cli_run_status_name(run->status));
    if (run->message[0] != '\0')
        xhat_json_string(&json, "message", run->message);
    xhat_json_close(&json);
    print_line(&line);
}

xhat_status cli_run_write_model(const cli_run *run, const char *file,
                                xhat_error *error)
{
    char path[CLI_PATH_SIZE + 48];
    snprintf(path, sizeof path, "%s/%s", run->folder, file);
    return xhat_model_write(run->model, path, true, error);
}

xhat_status cli_run_report(void *context, const xhat_progress *progress,
                           xhat_error *error)
{
    cli_run *run = context;
    const xhat_epoch *epoch = progress->finished;
    run->step = (progress->epoch - 1) * progress->batches + progress->batch;
    /* of a run that goes on, epochs that are behind it no more */
    xhat_history_cut(&run->history, progress->epoch - 1);
    if (epoch == NULL) {
        if (run->watch != NULL)
            run->watch(run->watch_context, progress);
        else
            draw_line(run, progress);
        return cli_interrupted() ? XHAT_INTERRUPTED : XHAT_OK;
    }
    say_epoch(run, epoch, progress->epochs);
    if (run->setup->json)
        event_of_epoch(run, epoch);
    xhat_status status = xhat_history_add(&run->history, epoch, error);
    if (status == XHAT_OK && epoch->best)
        status = cli_run_write_model(run, "best.safetensors", error);
    if (status == XHAT_OK)
        status = cli_run_write_model(run, "model.safetensors", error);
    if (status == XHAT_OK)
        status = xhat_history_write(&run->history, run->folder, error);
    if (status == XHAT_OK && cli_interrupted())
        return XHAT_INTERRUPTED;
    return status;
}

/* ---- the table ----------------------------------------------------------- */

static void print_percent(double share)
{
    if (isnan(share))
        printf("%12s", "-");
    else
        printf("%11.2f%%", 100 * share);
}

static void print_number(double value)
{
    if (isnan(value))
        printf("%12s", "-");
    else
        printf("%12.4f", value);
}

static void print_row(const cli_run *run)
{
    printf("%-14s", run->name);
    if (run->history.count == 0) {
        printf("  %s before the first epoch ended\n",
               cli_run_status_name(run->status));
        return;
    }
    const xhat_epoch *last = &run->history.epochs[run->history.count - 1];
    printf("%10.4f", last->train_loss);
    if (isnan(last->train_accuracy)) { /* numbers */
        print_number(last->validation_loss);
        print_number(last->test_loss);
    } else {
        print_percent(last->train_accuracy);
        print_percent(last->validation_accuracy);
        print_percent(last->test_accuracy);
    }
    printf("%9.1f s\n", last->seconds);
    if (run->status != CLI_RUN_FINISHED)
        printf("  (%s after step %zu, in epoch %zu)\n",
               cli_run_status_name(run->status), run->step, last->epoch + 1);
}

void cli_run_table(const cli_run *runs, int count)
{
    if (runs[0].setup->net.loss == XHAT_LOSS_SQUARED)
        printf("%-14s%10s%12s%12s%11s\n", "", "train loss", "val loss",
               "test loss", "time");
    else
        printf("%-14s%10s%12s%12s%12s%11s\n", "", "train loss", "train acc",
               "val acc", "test acc", "time");
    for (int i = 0; i < count; i++)
        print_row(&runs[i]);
}
