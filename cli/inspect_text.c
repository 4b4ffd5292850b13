#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "inspect_file.h"

static int name_width(const char *const *names, size_t count, int most)
{
    int width = 5;
    for (size_t i = 0; i < count; i++)
        if ((int)strlen(names[i]) > width)
            width = (int)strlen(names[i]);
    return width > most ? most : width;
}

static void print_head(int width, const char *shape, bool others)
{
    printf("%-*s %-7s %9s %10s %10s %10s%s\n", width, "name", "type", shape,
           "min", "mean", "max", others ? "    nan  inf" : "");
}

static void print_row(int width, const char *name, const char *type,
                      const char *shape, const cli_range *range, bool others)
{
    double values[3] = {range->least, range->mean, range->most};
    printf("%-*.*s %-7s %9s", width, width, *name != '\0' ? name : "-", type,
           shape);
    for (int i = 0; i < 3; i++)
        if (isnan(values[i]))
            printf(" %10s", "-");
        else
            printf(" %10.4g", values[i]);
    if (others)
        printf(" %6zu %4zu", range->nan, range->infinite);
    putchar('\n');
}

static int print_arrays(const cli_inspected *it)
{
    const xhat_arrays *arrays = &it->arrays;
    size_t not_finite = cli_count_values(arrays).not_finite;
    const char **names = calloc(arrays->count + 1, sizeof *names);
    if (names == NULL)
        return cli_fail(CLI_BUG, "out of memory");
    for (size_t i = 0; i < arrays->count; i++)
        names[i] = arrays->items[i].name;
    int width = name_width(names, arrays->count, not_finite > 0 ? 17 : 22);
    printf("%s: %s, %zu array%s%s%s\n", it->operand, arrays->format,
           arrays->count, arrays->count == 1 ? "" : "s",
           arrays->note[0] != '\0' ? ", " : "", arrays->note);
    if (it->is_run)
        cli_print_run(it->operand);
    if (cli_holds_weights(arrays))
        cli_print_model(arrays);
    print_head(width, "shape", not_finite > 0);
    for (size_t i = 0; i < arrays->count; i++) {
        const xhat_array *array = &arrays->items[i];
        char shape[CLI_SHAPE_SIZE] = "1";
        if (array->rank > 0)
            cli_shape(array, shape);
        cli_range range = cli_range_of_array(array);
        print_row(width, array->name, xhat_element_name(array->element), shape,
                  &range, not_finite > 0);
    }
    free(names);
    return CLI_DONE;
}

static int print_table(const cli_inspected *it)
{
    const xhat_table *table = &it->table;
    const char **names = calloc(table->columns + 1, sizeof *names);
    if (names == NULL)
        return cli_fail(CLI_BUG, "out of memory");
    for (size_t j = 0; j < table->columns; j++)
        names[j] = table->column[j].name;
    int width = name_width(names, table->columns, 22);
    printf("%s: table, %zu rows, %zu columns, %s\n", it->operand, table->rows,
           table->columns, table->note);
    print_head(width, "missing", false);
    for (size_t j = 0; j < table->columns; j++) {
        const xhat_column *column = &table->column[j];
        char missing[24], different[32];
        snprintf(missing, sizeof missing, "%zu", column->missing);
        if (column->numeric) {
            cli_range range = cli_range_of_column(table, column);
            print_row(width, column->name, "number", missing, &range, false);
            continue;
        }
        snprintf(different, sizeof different, "%zu different texts",
                 cli_count_different(table, j));
        printf("%-*.*s %-7s %9s %32s\n", width, width, column->name, "text",
               missing, different);
    }
    free(names);
    return CLI_DONE;
}

int cli_inspect_text(const cli_inspected *it)
{
    return it->is_table ? print_table(it) : print_arrays(it);
}
