#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

bool cli_ends_in(const char *path, const char *ending)
{
    size_t length = strlen(path), end = strlen(ending);
    return length >= end && strcasecmp(path + length - end, ending) == 0;
}

int cli_write_text(const cli_invocation *invocation, const char *path,
                   const char *text, size_t length)
{
    xhat_error error = {0};
    if (xhat_file_write(path == NULL ? "-" : path,
                        cli_given(invocation, "force"), text, length,
                        &error) != XHAT_OK)
        return cli_fail_error(&error);
    return CLI_DONE;
}

int cli_write_made(const cli_invocation *invocation, const char *path,
                   xhat_text *text)
{
    int result = text->failed ? cli_fail(CLI_BUG, "out of memory")
                              : cli_write_text(invocation, path, text->data,
                                               text->length);
    xhat_text_free(text);
    return result;
}

/* an object: each array under its name, nested as NumPy prints it */
static int write_json(const cli_invocation *invocation, const char *path,
                      const xhat_array *arrays, size_t count)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    int result = CLI_DONE;
    xhat_json_open(&json, NULL, '{');
    for (size_t i = 0; i < count && result == CLI_DONE; i++) {
        size_t n = xhat_array_count(&arrays[i]);
        double *values = malloc((n > 0 ? n : 1) * sizeof *values);
        if (values == NULL) {
            result = cli_fail(CLI_BUG, "out of memory");
            break;
        }
        xhat_array_to_f64(&arrays[i], values);
        xhat_json_array(&json, arrays[i].name, values, arrays[i].rank,
                        arrays[i].shape);
        free(values);
    }
    xhat_json_close(&json);
    if (result == CLI_DONE && text.failed)
        result = cli_fail(CLI_BUG, "out of memory");
    if (result == CLI_DONE)
        result = cli_write_text(invocation, path, text.data, text.length);
    xhat_text_free(&text);
    return result;
}

/* the name of what a format that holds one array leaves out */
static void note_left_out(const cli_invocation *invocation, const char *path,
                          const xhat_array *arrays, size_t count)
{
    for (size_t i = 1; i < count; i++)
        cli_note(invocation,
                 "%s holds one array: %s is left out (write an .npz for all)",
                 path, arrays[i].name);
}

static bool is_json(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 || cli_ends_in(path, ".json");
}

static bool is_table(const char *path)
{
    return cli_ends_in(path, ".csv") || cli_ends_in(path, ".tsv");
}

int cli_check_ending(const char *path)
{
    if (is_json(path) || is_table(path) || cli_ends_in(path, ".npz") ||
        cli_ends_in(path, ".npy"))
        return CLI_DONE;
    return cli_fail(CLI_USAGE,
                    "%s: the ending says the format: .npz, .npy, .csv, .tsv "
                    "or .json",
                    path);
}

int cli_write_arrays(const cli_invocation *invocation, const char *path,
                     const xhat_array *arrays, size_t count)
{
    bool force = cli_given(invocation, "force");
    xhat_error error = {0};
    xhat_status status;
    if (is_json(path))
        return write_json(invocation, path, arrays, count);
    if (is_table(path) && arrays[0].rank > 2)
        return cli_fail(CLI_USAGE,
                        "%s: %s has rank %d, which a table cannot hold: write "
                        "an .npy or .npz",
                        path, arrays[0].name, arrays[0].rank);
    if (!cli_ends_in(path, ".npz"))
        note_left_out(invocation, path, arrays, count);
    if (is_table(path))
        status = xhat_csv_write(path, force, arrays,
                                cli_ends_in(path, ".tsv") ? '\t' : ',', &error);
    else if (cli_ends_in(path, ".npy"))
        status = xhat_npy_write(path, force, arrays, &error);
    else
        status = xhat_npz_write(path, force, arrays, count, &error);
    if (status != XHAT_OK)
        return cli_fail_error(&error);
    return cli_given(invocation, "json")
               ? write_json(invocation, NULL, arrays, count)
               : CLI_DONE;
}
