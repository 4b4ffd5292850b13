/* xhat predict: the classes of new rows, or their numbers, in their order. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/number.h"
#include "net_input.h"

static const cli_option options[] = {
    {"top", 0, "K", "the K likeliest classes of each row (default 1)"},
    {"label", 0, "COLUMN",
     "a column of the CSV to leave out: name, or number from 1"},
    {"missing", 0, "mean",
     "mean: fill in missing values with the mean of the training rows "
     "(default: refuse them, unless the training filled them in)"},
    {NULL, 0, NULL, NULL}};

enum { ROWS_A_TIME = 512 };

typedef struct prediction {
    const xhat_model *model;
    size_t top;
    size_t *order; /* (classes): scratch */
} prediction;

/* order[0 .. top) := the likeliest classes, the likeliest first */
static void choose_top(const prediction *p, const double *probabilities)
{
    size_t classes = p->model->classes;
    for (size_t k = 0; k < classes; k++)
        p->order[k] = k;
    for (size_t place = 0; place < p->top; place++) {
        size_t best = place;
        for (size_t k = place + 1; k < classes; k++)
            if (probabilities[p->order[k]] > probabilities[p->order[best]])
                best = k;
        size_t chosen = p->order[best];
        for (; best > place; best--) /* the others keep their order */
            p->order[best] = p->order[best - 1];
        p->order[place] = chosen;
    }
}

static bool is_number(const prediction *p)
{
    return p->model->class_names == NULL;
}

static void print_row(const prediction *p, const double *probabilities)
{
    char number[XHAT_NUMBER_SIZE];
    if (is_number(p)) {
        puts(xhat_number_from_f32((float)probabilities[0], number));
        return;
    }
    for (size_t i = 0; i < p->top; i++)
        printf("%s%s\t%.6f", i > 0 ? "\t" : "",
               p->model->class_names[p->order[i]], probabilities[p->order[i]]);
    putchar('\n');
}

static void put_row(xhat_json *json, const prediction *p, size_t row,
                    const double *probabilities)
{
    xhat_json_open(json, NULL, '{');
    xhat_json_integer(json, "row", (int64_t)row);
    if (is_number(p)) {
        xhat_json_number(json, "prediction", probabilities[0]);
        xhat_json_close(json);
        return;
    }
    xhat_json_string(json, "class", p->model->class_names[p->order[0]]);
    xhat_json_number(json, "probability", probabilities[p->order[0]]);
    if (p->top > 1) {
        xhat_json_open(json, "top", '[');
        for (size_t i = 0; i < p->top; i++) {
            xhat_json_open(json, NULL, '{');
            xhat_json_string(json, "class", p->model->class_names[p->order[i]]);
            xhat_json_number(json, "probability", probabilities[p->order[i]]);
            xhat_json_close(json);
        }
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

/* All rows, a few hundred at a time, to stdout; json is NULL for plain
 * lines. */
static int print_rows(xhat_model *model, const xhat_rows *rows, prediction *p,
                      double *probabilities, xhat_json *json)
{
    xhat_error error = {0};
    for (size_t first = 0; first < rows->count; first += ROWS_A_TIME) {
        size_t left = rows->count - first;
        size_t count = left < ROWS_A_TIME ? left : ROWS_A_TIME;
        if (xhat_predict(model, rows, first, count, probabilities, &error) !=
            XHAT_OK)
            return cli_fail_error(&error);
        for (size_t r = 0; r < count; r++) {
            const double *row = probabilities + r * model->classes;
            choose_top(p, row);
            if (json == NULL)
                print_row(p, row);
            else
                put_row(json, p, first + r, row);
        }
    }
    return CLI_DONE;
}

static int print_json(xhat_model *model, const xhat_rows *rows, prediction *p,
                      double *probabilities)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 0);
    xhat_json_open(&json, NULL, '[');
    int result = print_rows(model, rows, p, probabilities, &json);
    xhat_json_close(&json);
    if (result == CLI_DONE && text.failed)
        result = cli_fail(CLI_BUG, "out of memory");
    if (result == CLI_DONE)
        fwrite(text.data, 1, text.length, stdout);
    xhat_text_free(&text);
    return result;
}

static int predict(const cli_invocation *invocation, xhat_model *model,
                   const xhat_dataset *data, int64_t top)
{
    const char *part;
    size_t classes = model->classes;
    xhat_rows rows = cli_rows_to_judge(data, &part);
    prediction p = {.model = model,
                    .top = (size_t)top < classes ? (size_t)top : classes};
    p.order = malloc(classes * sizeof *p.order);
    double *probabilities =
        malloc(ROWS_A_TIME * classes * sizeof *probabilities);
    int result;
    cli_note(invocation, "%s of %s, %zu row%s", part,
             cli_source_name(invocation->operands[1]), rows.count,
             rows.count == 1 ? "" : "s");
    if (p.order == NULL || probabilities == NULL)
        result = cli_fail(CLI_BUG, "no memory for %zu classes", classes);
    else if (cli_given(invocation, "json"))
        result = print_json(model, &rows, &p, probabilities);
    else
        result = print_rows(model, &rows, &p, probabilities, NULL);
    free(p.order);
    free(probabilities);
    return result;
}

static int read_options(const cli_invocation *invocation, int64_t *top)
{
    xhat_missing missing = XHAT_MISSING_REFUSE;
    int result = cli_integer(invocation, "top", 1, INT32_MAX, top);
    if (result == CLI_DONE)
        result = cli_missing(invocation, &missing);
    if (result == CLI_DONE && missing == XHAT_MISSING_DROP)
        return cli_fail(
            CLI_USAGE, "--missing drop: predict prints a line for each row and "
                       "leaves none out; --missing mean fills in the mean of "
                       "the training rows");
    return result;
}

static int run(const cli_invocation *invocation)
{
    xhat_model model;
    xhat_dataset data;
    int64_t top = 1;
    int result = read_options(invocation, &top);
    if (result == CLI_DONE)
        result = cli_model_open(invocation, invocation->operands[0], &model);
    if (result != CLI_DONE)
        return result;
    result = cli_dataset_for_model(invocation, invocation->operands[1], &model,
                                   true, &data);
    if (result == CLI_DONE) {
        result = predict(invocation, &model, &data, top);
        xhat_dataset_free(&data);
    }
    xhat_model_free(&model);
    return result;
}

const cli_command cli_command_predict = {
    .name = "predict",
    .summary = "the classes of new rows, or their numbers, in their order",
    .operands = "RUN DATA",
    .examples = "    xhat predict runs/iris-1 new.csv\n"
                "    xhat predict runs/iris-1 - --top 3 < new.csv\n"
                "    xhat predict runs/fashion-mnist-1 images.npy --json\n",
    .details =
        "A line for each row: its class, a tab, its probability; of a net "
        "trained with\nthe squared loss, its number.  DATA needs no labels; a "
        "label column named as in\nthe training is left out by itself.  With a "
        "header, columns are found by the\nnames of the training.  DATA may be "
        "a matrix: \"1,2; 3,4\".  Of a folder or an\n.npz with a test set, "
        "that set is predicted.\n\n"
        "A row that lacks a value is refused with its place, unless --missing "
        "mean fills\nit in; rows are never left out: line N is row N.\n",
    .least_operands = 2,
    .most_operands = 2,
    .tables = {options},
    .run = run,
};
