#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "inspect_file.h"

/* ---- ranges -------------------------------------------------------------- */

typedef double (*number_at)(const void *numbers, size_t i);

static double array_at(const void *array, size_t i)
{
    return xhat_array_f64_at(array, i);
}

typedef struct table_column {
    const xhat_table *table;
    const xhat_column *column;
} table_column;

static double cell_at(const void *of, size_t row)
{
    const table_column *c = of;
    return xhat_table_number(c->table, row, c->column);
}

static cli_range range_of(const void *numbers, size_t count, number_at at)
{
    cli_range range = {.count = count,
                       .least = INFINITY,
                       .most = -INFINITY,
                       .mean = NAN,
                       .deviation = NAN};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double value = at(numbers, i);
        range.nan += isnan(value) != 0;
        range.infinite += isinf(value) != 0;
        if (!isfinite(value))
            continue;
        range.least = fmin(range.least, value);
        range.most = fmax(range.most, value);
        sum += value;
    }
    double finite = (double)(count - range.nan - range.infinite);
    if (finite == 0) {
        range.least = range.most = NAN;
        return range;
    }
    range.mean = sum / finite;
    for (size_t i = 0; i < count; i++) {
        double off = at(numbers, i) - range.mean;
        squares += isfinite(off) ? off * off : 0;
    }
    range.deviation = sqrt(squares / finite);
    return range;
}

cli_range cli_range_of_array(const xhat_array *array)
{
    return range_of(array, xhat_array_count(array), array_at);
}

cli_range cli_range_of_column(const xhat_table *table,
                              const xhat_column *column)
{
    return range_of(&(table_column){table, column}, table->rows, cell_at);
}

bool cli_is_statistic(const char *name)
{
    static const char *const kinds[] = {
        "running_mean", "running_var", "num_batches_tracked", "input_mean",
        "input_scale",  "target_mean", "target_scale",        "eps"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(dot != NULL ? dot + 1 : name, kinds[i]) == 0)
            return true;
    return false;
}

/* ---- counts -------------------------------------------------------------- */

cli_totals cli_count_values(const xhat_arrays *arrays)
{
    cli_totals t = {0};
    for (size_t i = 0; i < arrays->count; i++) {
        const xhat_array *array = &arrays->items[i];
        cli_range range = cli_range_of_array(array);
        *(cli_is_statistic(array->name) ? &t.statistics : &t.parameters) +=
            range.count;
        t.not_finite += range.nan + range.infinite;
    }
    return t;
}

bool cli_holds_weights(const xhat_arrays *arrays)
{
    return strcmp(arrays->format, "safetensors") == 0 ||
           strcmp(arrays->format, "onnx") == 0;
}

/* ---- texts --------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t cli_count_different(const xhat_table *table, size_t column)
{
    size_t different = 0;
    char **sorted = malloc((table->rows + 1) * sizeof *sorted);
    if (sorted == NULL)
        return 0;
    memcpy(sorted, table->column[column].texts, table->rows * sizeof *sorted);
    qsort(sorted, table->rows, sizeof *sorted, compare_texts);
    for (size_t i = 0; i < table->rows; i++)
        different += i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0;
    free(sorted);
    return different;
}
