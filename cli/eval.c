/* xhat eval: how good a model is on labeled rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "net_input.h"

static const cli_option options[] = {
    {"confusion", 0, NULL, "how often each class was taken for which"},
    {"per-class", 0, NULL, "precision and recall of each class"},
    {"label", 0, "COLUMN",
     "of a CSV: name, number from 1, or -1 for the last "
     "(default: that of the training)"},
    {"missing", 0, "drop|mean",
     "rows that lack a value: drop leaves them out, mean fills in the mean of "
     "the training (default: as in the training)"},
    {NULL, 0, NULL, NULL}};

typedef struct judgment {
    const char *run, *source, *part;
    const xhat_model *model;
    xhat_evaluation evaluation;
    size_t *confusion; /* (classes, classes): true, given; NULL: of numbers */
    double seconds;    /* that the net took */
} judgment;

typedef struct class_counts {
    size_t rows, given, correct; /* of the class; taken for it; both */
} class_counts;

static class_counts counts_of(const judgment *j, size_t k)
{
    size_t classes = j->model->classes;
    class_counts counts = {.correct = j->confusion[k * classes + k]};
    for (size_t other = 0; other < classes; other++) {
        counts.rows += j->confusion[k * classes + other];
        counts.given += j->confusion[other * classes + k];
    }
    return counts;
}

/* ---- text ---------------------------------------------------------------- */

static int name_width(const xhat_model *model)
{
    int width = 5;
    for (size_t k = 0; k < model->classes; k++)
        if ((int)strlen(model->class_names[k]) > width)
            width = (int)strlen(model->class_names[k]);
    return width > 24 ? 24 : width;
}

static void print_percent(size_t part, size_t whole)
{
    if (whole == 0)
        printf("%11s", "-");
    else
        printf("%10.2f%%", 100 * (double)part / (double)whole);
}

static void print_per_class(const judgment *j)
{
    int width = name_width(j->model);
    printf("\n%-*s%10s%11s%11s\n", width, "class", "rows", "recall",
           "precision");
    for (size_t k = 0; k < j->model->classes; k++) {
        class_counts counts = counts_of(j, k);
        printf("%-*.*s%10zu", width, width, j->model->class_names[k],
               counts.rows);
        print_percent(counts.correct, counts.rows);
        print_percent(counts.correct, counts.given);
        putchar('\n');
    }
}

/* Rows are the true classes; columns, in the same order, what they were taken
 * for. */
static void print_confusion(const judgment *j)
{
    size_t classes = j->model->classes, most = 0;
    for (size_t i = 0; i < classes * classes; i++)
        if (j->confusion[i] > most)
            most = j->confusion[i];
    int width = name_width(j->model);
    int cell = snprintf(NULL, 0, "%zu", most) + 2;
    printf("\n%-*s  taken for (in the order of the rows)\n", width, "true");
    for (size_t k = 0; k < classes; k++) {
        printf("%-*.*s", width, width, j->model->class_names[k]);
        for (size_t other = 0; other < classes; other++)
            printf("%*zu", cell, j->confusion[k * classes + other]);
        putchar('\n');
    }
}

/* printf might write the sign of a NaN */
static void print_number(const char *name, const char *format, double value)
{
    printf("%-10s", name);
    if (isnan(value))
        printf("nan");
    else
        printf(format, value);
    putchar('\n');
}

static void print_text(const cli_invocation *invocation, const judgment *j)
{
    double low, high;
    const xhat_evaluation *e = &j->evaluation;
    xhat_wilson_interval(e->correct, e->rows, &low, &high);
    printf("%s of %s, %zu row%s\n", j->part, cli_source_name(j->source),
           e->rows, e->rows == 1 ? "" : "s");
    if (j->confusion == NULL) {
        print_number("rmse", "%.6g", e->rmse);
        print_number("r2", "%.4f", e->r2);
    } else {
        printf("accuracy  %.2f%%  (95%% interval %.2f%% to %.2f%%)\n",
               100 * e->accuracy, 100 * low, 100 * high);
    }
    print_number("loss", "%.4f", e->loss);
    cli_note(invocation, "%zu rows in %.3g s: %.0f rows/s", e->rows, j->seconds,
             (double)e->rows / j->seconds); /* differs each time */
    if (cli_given(invocation, "per-class"))
        print_per_class(j);
    if (cli_given(invocation, "confusion"))
        print_confusion(j);
}

/* ---- JSON ---------------------------------------------------------------- */

static void put_per_class(xhat_json *json, const judgment *j)
{
    xhat_json_open(json, "per_class", '[');
    for (size_t k = 0; k < j->model->classes; k++) {
        class_counts c = counts_of(j, k);
        xhat_json_open(json, NULL, '{');
        xhat_json_string(json, "class", j->model->class_names[k]);
        xhat_json_integer(json, "n", (int64_t)c.rows);
        if (c.rows > 0)
            xhat_json_number(json, "recall",
                             (double)c.correct / (double)c.rows);
        else
            xhat_json_null(json, "recall");
        if (c.given > 0)
            xhat_json_number(json, "precision",
                             (double)c.correct / (double)c.given);
        else
            xhat_json_null(json, "precision");
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

static void put_confusion(xhat_json *json, const judgment *j)
{
    size_t classes = j->model->classes;
    xhat_json_open(json, "confusion", '[');
    for (size_t k = 0; k < classes; k++) {
        xhat_json_open(json, NULL, '(');
        for (size_t other = 0; other < classes; other++)
            xhat_json_integer(json, NULL,
                              (int64_t)j->confusion[k * classes + other]);
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

static void put_accuracy(xhat_json *json, const judgment *j)
{
    double low, high;
    const xhat_evaluation *e = &j->evaluation;
    xhat_wilson_interval(e->correct, e->rows, &low, &high);
    xhat_json_integer(json, "correct", (int64_t)e->correct);
    xhat_json_number(json, "accuracy", e->accuracy);
    xhat_json_open(json, "accuracy_95", '(');
    xhat_json_number(json, NULL, low);
    xhat_json_number(json, NULL, high);
    xhat_json_close(json);
    xhat_json_open(json, "classes", '(');
    for (size_t k = 0; k < j->model->classes; k++)
        xhat_json_string(json, NULL, j->model->class_names[k]);
    xhat_json_close(json);
}

static void put_json(xhat_text *text, const cli_invocation *invocation,
                     const judgment *j)
{
    const xhat_evaluation *e = &j->evaluation;
    xhat_json json = xhat_json_on(text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "run", j->run);
    xhat_json_string(&json, "data", j->source);
    xhat_json_string(&json, "part", j->part);
    xhat_json_integer(&json, "n", (int64_t)e->rows);
    if (j->confusion == NULL) {
        xhat_json_number(&json, "rmse", e->rmse);
        xhat_json_number(&json, "r2", e->r2);
    } else {
        put_accuracy(&json, j);
    }
    xhat_json_number(&json, "loss", e->loss);
    xhat_json_number(&json, "rows_per_second", (double)e->rows / j->seconds);
    if (cli_given(invocation, "per-class"))
        put_per_class(&json, j);
    if (cli_given(invocation, "confusion"))
        put_confusion(&json, j);
    xhat_json_close(&json);
}

/* ---- the command --------------------------------------------------------- */

static int print(const cli_invocation *invocation, const judgment *j)
{
    if (!cli_given(invocation, "json")) {
        print_text(invocation, j);
        return CLI_DONE;
    }
    xhat_text text = xhat_text_on(NULL);
    put_json(&text, invocation, j);
    bool failed = text.failed;
    if (!failed)
        fwrite(text.data, 1, text.length, stdout);
    xhat_text_free(&text);
    return failed ? cli_fail(CLI_BUG, "out of memory") : CLI_DONE;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int judge(const cli_invocation *invocation, xhat_model *model,
                 const xhat_dataset *data)
{
    xhat_error error = {0};
    judgment j = {.run = invocation->operands[0],
                  .source = invocation->operands[1],
                  .model = model};
    xhat_rows rows = cli_rows_to_judge(data, &j.part);
    size_t classes = model->classes;
    bool numbers = model->class_names == NULL;
    if (numbers && (cli_given(invocation, "confusion") ||
                    cli_given(invocation, "per-class")))
        return cli_fail(CLI_USAGE,
                        "%s predicts numbers: there are no classes "
                        "to confuse",
                        j.run);
    if (!numbers)
        j.confusion = calloc(classes * classes, sizeof(size_t));
    if (!numbers && j.confusion == NULL)
        return cli_fail(CLI_BUG, "no memory for %zu x %zu counts", classes,
                        classes);
    int result = CLI_DONE;
    double began = seconds_now();
    if (xhat_evaluate(model, &rows, &j.evaluation, j.confusion, &error) !=
        XHAT_OK)
        result = cli_fail_error(&error);
    j.seconds = seconds_now() - began;
    if (result == CLI_DONE)
        result = print(invocation, &j);
    free(j.confusion);
    return result;
}

static int run(const cli_invocation *invocation)
{
    xhat_model model;
    xhat_dataset data;
    int result = cli_model_open(invocation, invocation->operands[0], &model);
    if (result != CLI_DONE)
        return result;
    result = cli_dataset_for_model(invocation, invocation->operands[1], &model,
                                   false, &data);
    if (result == CLI_DONE) {
        result = judge(invocation, &model, &data);
        xhat_dataset_free(&data);
    }
    xhat_model_free(&model);
    return result;
}

const cli_command cli_command_eval = {
    .name = "eval",
    .summary = "how good a trained net is: accuracy, loss, rmse",
    .operands = "RUN DATA",
    .examples =
        "    xhat eval runs/fashion-mnist-1 /usr/share/datasets/fashion-mnist\n"
        "    xhat eval runs/iris-1 new.csv --per-class --confusion\n",
    .details =
        "RUN is a run folder or a model.safetensors.  Judged is the test set "
        "of DATA\nwhere it has one, else all its rows.  A net trained with the "
        "squared loss is\njudged by rmse, in the units of the label, and "
        "r2.\n",
    .least_operands = 2,
    .most_operands = 2,
    .tables = {options},
    .run = run,
};
