#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "inspect_file.h"

static void put_finite(xhat_json *json, const char *key, double value)
{
    if (isfinite(value))
        xhat_json_number(json, key, value);
    else
        xhat_json_null(json, key);
}

static void put_range(xhat_json *json, const cli_range *range)
{
    put_finite(json, "min", range->least);
    put_finite(json, "mean", range->mean);
    put_finite(json, "max", range->most);
    put_finite(json, "deviation", range->deviation);
    xhat_json_integer(json, "nan", (int64_t)range->nan);
    xhat_json_integer(json, "inf", (int64_t)range->infinite);
}

static void put_arrays(xhat_json *json, const xhat_arrays *arrays)
{
    cli_totals t = cli_count_values(arrays);
    if (cli_holds_weights(arrays)) {
        xhat_json_integer(json, "parameters", (int64_t)t.parameters);
        xhat_json_integer(json, "statistics", (int64_t)t.statistics);
    }
    xhat_json_open(json, "metadata", '{');
    for (size_t i = 0; i < arrays->metadata_count; i++)
        xhat_json_string(json, arrays->metadata[i].key,
                         arrays->metadata[i].value);
    xhat_json_close(json);
    xhat_json_open(json, "arrays", '[');
    for (size_t i = 0; i < arrays->count; i++) {
        const xhat_array *array = &arrays->items[i];
        cli_range range = cli_range_of_array(array);
        xhat_json_open(json, NULL, '{');
        xhat_json_string(json, "name", array->name);
        xhat_json_string(json, "dtype", xhat_element_name(array->element));
        xhat_json_open(json, "shape", '(');
        for (int axis = 0; axis < array->rank; axis++)
            xhat_json_integer(json, NULL, (int64_t)array->shape[axis]);
        xhat_json_close(json);
        if (cli_holds_weights(arrays))
            xhat_json_string(json, "role",
                             cli_is_statistic(array->name) ? "statistic"
                                                           : "parameter");
        put_range(json, &range);
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

static void put_columns(xhat_json *json, const xhat_table *table)
{
    xhat_json_integer(json, "rows", (int64_t)table->rows);
    xhat_json_bool(json, "header", table->has_header);
    xhat_json_open(json, "columns", '[');
    for (size_t j = 0; j < table->columns; j++) {
        const xhat_column *column = &table->column[j];
        xhat_json_open(json, NULL, '{');
        xhat_json_string(json, "name", column->name);
        xhat_json_string(json, "type", column->numeric ? "number" : "text");
        xhat_json_integer(json, "missing", (int64_t)column->missing);
        if (column->numeric) {
            cli_range range = cli_range_of_column(table, column);
            put_range(json, &range);
        } else {
            xhat_json_integer(json, "different",
                              (int64_t)cli_count_different(table, j));
        }
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

int cli_inspect_json(const cli_inspected *it)
{
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "file", it->operand);
    xhat_json_string(&json, "format",
                     it->is_table ? "table" : it->arrays.format);
    if (it->is_table)
        put_columns(&json, &it->table);
    else
        put_arrays(&json, &it->arrays);
    xhat_json_close(&json);
    if (!text.failed)
        fwrite(text.data, 1, text.length, stdout);
    bool failed = text.failed;
    xhat_text_free(&text);
    return failed ? cli_fail(CLI_BUG, "out of memory") : CLI_DONE;
}
