/* xhat inspect: what a run, a model or a file of arrays holds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/source.h"
#include "input.h"
#include "inspect_file.h"

/* ---- reading ------------------------------------------------------------- */

/* A file of arrays, else a table whose columns may hold text. */
static xhat_status read_bytes(cli_inspected *it, const xhat_source *source,
                              xhat_error *error)
{
    xhat_error table_error;
    xhat_status status = xhat_arrays_read_memory(
        &it->arrays, source->bytes, source->size, source->name, NULL, error);
    bool is_table =
        status == XHAT_OK && (strcmp(it->arrays.format, "csv") == 0 ||
                              strcmp(it->arrays.format, "tsv") == 0);
    if (status == XHAT_OK && !is_table)
        return status;
    if (is_table)
        xhat_arrays_free(&it->arrays);
    if (xhat_table_read_memory(&it->table, source->bytes, source->size,
                               source->name, NULL, &table_error) != XHAT_OK)
        return is_table ? XHAT_CANNOT_READ : status;
    it->is_table = true;
    return XHAT_OK;
}

static int read_file(cli_inspected *it, const char *path)
{
    xhat_source source;
    xhat_error error = {0};
    if (xhat_source_read(&source, path, NULL, &error) != XHAT_OK)
        return cli_fail_error(&error);
    if (strcmp(path, "-") == 0)
        source.name = "standard input";
    xhat_status status = read_bytes(it, &source, &error);
    xhat_source_free(&source);
    return status == XHAT_OK ? CLI_DONE : cli_fail_error(&error);
}

static int read_matrix(cli_inspected *it, const char *text)
{
    xhat_error error = {0};
    return xhat_arrays_read_inline(&it->arrays, text, NULL, &error) == XHAT_OK
               ? CLI_DONE
               : cli_fail_error(&error);
}

/* A run is inspected through its model. */
static int read_operand(cli_inspected *it, const char *operand)
{
    struct stat info;
    if (cli_is_inline(operand))
        return read_matrix(it, operand);
    snprintf(it->path, sizeof it->path, "%s", operand);
    if (strcmp(operand, "-") == 0 || stat(operand, &info) != 0 ||
        !S_ISDIR(info.st_mode))
        return read_file(it, it->path);
    snprintf(it->path, sizeof it->path, "%s/model.safetensors", operand);
    if (access(it->path, F_OK) != 0)
        return cli_fail(CLI_INPUT,
                        "%s holds no run: there is no model.safetensors in it",
                        operand);
    it->is_run = true;
    return read_file(it, it->path);
}

static int run(const cli_invocation *invocation)
{
    cli_inspected it = {.operand = invocation->operands[0]};
    int result = read_operand(&it, it.operand);
    if (result == CLI_DONE)
        result = cli_given(invocation, "json") ? cli_inspect_json(&it)
                                               : cli_inspect_text(&it);
    xhat_arrays_free(&it.arrays);
    xhat_table_free(&it.table);
    return result;
}

const cli_command cli_command_inspect = {
    .name = "inspect",
    .summary = "what a run, a model or a file of arrays holds",
    .operands = "FILE",
    .examples = "    xhat inspect runs/iris-1\n"
                "    xhat inspect net.onnx\n"
                "    xhat inspect batch.npz --json\n"
                "    xhat inspect table.csv\n",
    .details =
        "FILE is a run folder, or a file that xhat reads: safetensors, ONNX, "
        "npz, npy,\nCSV, IDX, CIFAR-10.  Each array with its type, shape and "
        "range; of a model what\nit is, its parameters, and its running "
        "statistics apart from these; of a table\nits columns.\n",
    .least_operands = 1,
    .most_operands = 1,
    .tables = {NULL},
    .run = run,
};
