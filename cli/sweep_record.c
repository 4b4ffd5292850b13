/* sweep.json: the command line of a sweep, and what came of its points. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/json.h"
#include "options.h"
#include "output.h"
#include "sweep.h"
#include "xhat/xhat.h"

/* Options that change nothing in the trainings, or are written otherwise. */
static bool is_kept(const char *name)
{
    static const char *const others[] = {"output", "preset", "resume", "force",
                                         "quiet",  "json",   "threads"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0)
            return false;
    return true;
}

/* ---- writing ------------------------------------------------------------- */

static void put_arguments(xhat_json *json, const cli_invocation *invocation)
{
    xhat_json_open(json, "arguments", '(');
    for (int i = 0; i < invocation->value_count; i++) {
        char name[80];
        const char *text = invocation->values[i].text;
        if (!is_kept(invocation->values[i].option->name))
            continue;
        snprintf(name, sizeof name, "--%s", invocation->values[i].option->name);
        xhat_json_string(json, NULL, name);
        if (text != NULL)
            xhat_json_string(json, NULL, text);
    }
    xhat_json_close(json);
}

static void put_number(xhat_json *json, const char *key, double value)
{
    if (!isnan(value))
        xhat_json_number(json, key, value);
}

static void put_point(xhat_json *json, const cli_sweep *sweep, size_t i)
{
    char folder[CLI_POINT_PATH];
    size_t at[CLI_GRID_AXES];
    const xhat_run_summary *point = &sweep->points[i];
    cli_sweep_point_folder(sweep, i, folder);
    cli_grid_place(&sweep->grid, i, at);
    xhat_json_open(json, NULL, '{');
    xhat_json_open(json, "values", '{');
    for (size_t a = 0; a < sweep->grid.count; a++) {
        const cli_axis *axis = &sweep->grid.axes[a];
        if (axis->numeric)
            xhat_json_number(json, axis->option->name, axis->number[at[a]]);
        else
            xhat_json_string(json, axis->option->name, axis->text[at[a]]);
    }
    xhat_json_close(json);
    xhat_json_string(json, "run", folder);
    xhat_json_string(json, "status",
                     point->status[0] != '\0' ? point->status : "waiting");
    if (point->message[0] != '\0')
        xhat_json_string(json, "message", point->message);
    xhat_json_integer(json, "epochs", (int64_t)point->epochs);
    put_number(json, "best_validation_accuracy", point->best_validation);
    put_number(json, "best_train_accuracy", point->best_train);
    put_number(json, "least_validation_loss", point->least_validation_loss);
    put_number(json, "final_train_loss", point->train_loss);
    put_number(json, "final_validation_loss", point->validation_loss);
    put_number(json, "final_test_accuracy", point->test_accuracy);
    put_number(json, "seconds", point->seconds);
    xhat_json_close(json);
}

static void put_sweep(xhat_text *text, const cli_sweep *sweep)
{
    char hash[32];
    xhat_json json = xhat_json_on(text, 2);
    snprintf(hash, sizeof hash, "fnv1a64:%016llx",
             (unsigned long long)sweep->hash);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "version", xhat_version());
    xhat_json_string(&json, "data", sweep->source);
    xhat_json_string(&json, "hash", hash);
    put_arguments(&json, sweep->invocation);
    xhat_json_open(&json, "points", '[');
    for (size_t i = 0; i < sweep->count; i++)
        put_point(&json, sweep, i);
    xhat_json_close(&json);
    xhat_json_close(&json);
}

int cli_sweep_print_json(const cli_sweep *sweep)
{
    xhat_text text = xhat_text_on(NULL);
    put_sweep(&text, sweep);
    return cli_write_made(sweep->invocation, NULL, &text);
}

/* A text that was made, under a name in the folder; frees it. */
static int write_in_folder(const cli_sweep *sweep, const char *file, bool made,
                           xhat_text *text)
{
    char path[CLI_PATH_SIZE + 32];
    xhat_error error = {0};
    int result = CLI_DONE;
    snprintf(path, sizeof path, "%s/%s", sweep->folder, file);
    if (text->failed || !made)
        result = cli_fail(CLI_BUG, "no memory to write %s", path);
    else if (xhat_file_write(path, true, text->data, text->length, &error) !=
             XHAT_OK)
        result = cli_fail_error(&error);
    xhat_text_free(text);
    return result;
}

int cli_sweep_write(const cli_sweep *sweep)
{
    xhat_text json = xhat_text_on(NULL), svg = xhat_text_on(NULL),
              page = xhat_text_on(NULL);
    put_sweep(&json, sweep);
    int result = write_in_folder(sweep, "sweep.json", true, &json);
    if (result == CLI_DONE)
        result = write_in_folder(sweep, "sweep.svg",
                                 cli_sweep_draw(sweep, &svg, true), &svg);
    if (result == CLI_DONE)
        result = write_in_folder(sweep, "report.html",
                                 cli_sweep_page(sweep, &page), &page);
    return result;
}

/* ---- reading ------------------------------------------------------------- */

bool cli_sweep_exists(const char *folder)
{
    char path[CLI_PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/sweep.json", folder);
    return access(path, F_OK) == 0;
}

int cli_sweep_record_read(cli_sweep_record *record, const char *folder,
                          const cli_command *command)
{
    char path[CLI_PATH_SIZE + 32];
    const char *words[2 * CLI_VALUES_MAX + 2];
    int count = 0;
    json_error_t where;
    *record = (cli_sweep_record){0};
    snprintf(path, sizeof path, "%.*s/sweep.json", CLI_PATH_SIZE, folder);
    if (access(path, F_OK) != 0)
        return cli_fail(CLI_INPUT, "%s: there is no such sweep", folder);
    json_t *document = record->document = json_load_file(path, 0, &where);
    if (document == NULL)
        return cli_fail(CLI_INPUT, "%s:%d:%d: %s", path, where.line,
                        where.column, where.text);
    const json_t *arguments = json_object_get(document, "arguments");
    const char *source = json_string_value(json_object_get(document, "data"));
    const char *hash = json_string_value(json_object_get(document, "hash"));
    bool good = json_is_array(arguments) && source != NULL && hash != NULL &&
                json_array_size(arguments) <= 2 * CLI_VALUES_MAX;
    for (size_t i = 0; good && i < json_array_size(arguments); i++) {
        words[count] = json_string_value(json_array_get(arguments, i));
        good = words[count++] != NULL;
    }
    if (!good)
        return cli_fail(CLI_INPUT, "%s does not say how the sweep was begun",
                        path);
    snprintf(record->hash, sizeof record->hash, "%s", hash);
    words[count++] = "--";
    words[count++] = source;
    return cli_parse(&record->invocation, command, count, words);
}

void cli_sweep_record_free(cli_sweep_record *record)
{
    json_decref(record->document);
    record->document = NULL;
}

/* ---- going on ------------------------------------------------------------ */

static int differs(const char *folder, const char *name, const char *before,
                   const char *now)
{
    return cli_fail(CLI_USAGE,
                    "%s was begun %s%s%s%s, this is %s%s%s%s: go on with what "
                    "it was begun with (--resume %s), or name another folder",
                    folder, before != NULL ? "with --" : "without --", name,
                    before != NULL ? " " : "", before != NULL ? before : "",
                    now != NULL ? "with --" : "without --", name,
                    now != NULL ? " " : "", now != NULL ? now : "", folder);
}

/* The first option of `a` that `b` has not or has otherwise; NULL: none. */
static const char *find_difference(const cli_invocation *a,
                                   const cli_invocation *b)
{
    for (int i = 0; i < a->value_count; i++) {
        const char *name = a->values[i].option->name;
        const char *left = cli_text(a, name), *right = cli_text(b, name);
        if (!is_kept(name) || strcmp(name, "grid") == 0)
            continue;
        if (cli_given(b, name) != cli_given(a, name) ||
            (left != NULL && right != NULL && strcmp(left, right) != 0))
            return name;
    }
    return NULL;
}

static bool has_value(const cli_axis *axis, const char *text)
{
    for (size_t i = 0; i < axis->count; i++)
        if (strcmp(axis->text[i], text) == 0)
            return true;
    return false;
}

/* Every option of the grid before is in this one, with all of its values. */
static int check_grid(const cli_sweep *sweep, const cli_grid *before)
{
    const cli_grid *now = &sweep->grid;
    for (size_t a = 0; a < now->count || a < before->count; a++) {
        const cli_axis *axis = a < now->count ? &now->axes[a] : NULL;
        const cli_axis *old = a < before->count ? &before->axes[a] : NULL;
        if (axis == NULL || old == NULL || axis->option != old->option)
            return differs(sweep->folder, "grid",
                           old == NULL ? NULL : old->option->name,
                           axis == NULL ? NULL : axis->option->name);
        for (size_t i = 0; i < old->count; i++)
            if (!has_value(axis, old->text[i]))
                return cli_fail(CLI_USAGE,
                                "%s has %s = %s, which this grid has not: a "
                                "grid may grow, not lose points",
                                sweep->folder, axis->option->name,
                                old->text[i]);
    }
    return CLI_DONE;
}

int cli_sweep_check(const cli_sweep *sweep, const cli_sweep_record *record)
{
    cli_grid before;
    const cli_invocation *now = sweep->invocation, *old = &record->invocation;
    char hash[32];
    const char *name = find_difference(old, now);
    if (name == NULL)
        name = find_difference(now, old);
    if (name != NULL)
        return differs(sweep->folder, name,
                       !cli_given(old, name)         ? NULL
                       : cli_text(old, name) == NULL ? ""
                                                     : cli_text(old, name),
                       !cli_given(now, name)         ? NULL
                       : cli_text(now, name) == NULL ? ""
                                                     : cli_text(now, name));
    int result = cli_grid_read(&before, old);
    if (result == CLI_DONE)
        result = check_grid(sweep, &before);
    snprintf(hash, sizeof hash, "fnv1a64:%016llx",
             (unsigned long long)sweep->hash);
    if (result == CLI_DONE && strcmp(hash, record->hash) != 0)
        result = cli_fail(CLI_INPUT,
                          "%s is not what %s was begun with: its hash is %s, "
                          "that was %s",
                          sweep->source, sweep->folder, hash, record->hash);
    return result;
}
