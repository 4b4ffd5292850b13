#include "sweep_grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "options.h"

/* ---- one axis ------------------------------------------------------------ */

static int add_value(cli_axis *axis, const char *text, size_t length)
{
    const char *name = axis->option->name;
    if (length == 0)
        return cli_fail(CLI_USAGE, "--grid %s: a value is empty", name);
    if (length >= CLI_GRID_TEXT)
        return cli_fail(CLI_USAGE,
                        "--grid %s: \"%.*s\" is longer than %d "
                        "characters",
                        name, (int)length, text, CLI_GRID_TEXT - 1);
    if (axis->count == CLI_GRID_VALUES)
        return cli_fail(CLI_USAGE, "--grid %s: more than %d values", name,
                        CLI_GRID_VALUES);
    char *to = axis->text[axis->count];
    snprintf(to, CLI_GRID_TEXT, "%.*s", (int)length, text);
    for (size_t i = 0; i < axis->count; i++)
        if (strcmp(axis->text[i], to) == 0)
            return cli_fail(CLI_USAGE, "--grid %s: %s stands there twice", name,
                            to);
    axis->count++;
    return CLI_DONE;
}

/* "5,10,50" or, where there is a semicolon, "256,128;100x5" */
static int read_list(cli_axis *axis, const char *list)
{
    const char *between = strchr(list, ';') != NULL ? ";" : ",";
    for (;;) {
        size_t length = strcspn(list, between);
        int result = add_value(axis, list, length);
        if (result != CLI_DONE)
            return result;
        if (list[length] == '\0')
            return CLI_DONE;
        list += length + 1;
    }
}

static bool is_whole(const char *text, size_t length)
{
    return strspn(text, "0123456789") >= length;
}

typedef struct range {
    double first, last;
    int64_t count;
    bool log, whole; /* whole: both ends are written as whole numbers */
} range;

/* The "20log" or "4" or nothing behind a range. */
static bool read_count(range *r, const char *text)
{
    char digits[24];
    size_t length = strspn(text, "0123456789");
    if (*text == '\0') {
        r->count = r->whole ? (int64_t)(r->last - r->first) + 1 : 0;
        return r->count > 0;
    }
    if (length == 0 || length >= sizeof digits)
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)length, text);
    r->log = strcmp(text + length, "log") == 0;
    return xhat_number_parse_integer(digits, &r->count) && r->count >= 2 &&
           (r->log || text[length] == '\0' ||
            strcmp(text + length, "lin") == 0);
}

/* "1e-4..1:20log"; the two dots are at `dots`. */
static int read_range(cli_axis *axis, const char *text, const char *dots)
{
    const char *name = axis->option->name, *end = dots + 2;
    size_t length = strcspn(end, ":");
    range r = {.whole = is_whole(text, (size_t)(dots - text)) &&
                        is_whole(end, length)};
    if (!xhat_number_parse(text, (size_t)(dots - text), &r.first) ||
        !xhat_number_parse(end, length, &r.last) || !(r.last > r.first) ||
        !isfinite(r.first) || !isfinite(r.last) ||
        !read_count(&r, end + length + (end[length] == ':')))
        return cli_fail(CLI_USAGE,
                        "--grid %s: \"%s\" is no range such as 1e-4..1:20log, "
                        "0.1..0.5:5 or 1..5",
                        name, text);
    if (r.log && !(r.first > 0))
        return cli_fail(CLI_USAGE, "--grid %s: a log range begins above 0",
                        name);
    if (r.count > CLI_GRID_VALUES)
        return cli_fail(CLI_USAGE, "--grid %s: more than %d values", name,
                        CLI_GRID_VALUES);
    axis->log = r.log;
    for (int64_t i = 0; i < r.count; i++) {
        double share = (double)i / (double)(r.count - 1 + (r.count == 1));
        double value = r.log ? r.first * pow(r.last / r.first, share)
                             : r.first + (r.last - r.first) * share;
        char digits[CLI_GRID_TEXT];
        /* six digits tell values apart and keep names short */
        snprintf(digits, sizeof digits, r.whole ? "%.0f" : "%.6g", value);
        int result = add_value(axis, digits, strlen(digits));
        if (result != CLI_DONE)
            return result;
    }
    return CLI_DONE;
}

/* Are all values numbers, and so far apart that a log axis shows them best? */
static void look_at_numbers(cli_axis *axis)
{
    double least = INFINITY, most = -INFINITY;
    axis->numeric = true;
    for (size_t i = 0; i < axis->count && axis->numeric; i++) {
        axis->numeric = xhat_number_parse(axis->text[i], strlen(axis->text[i]),
                                          &axis->number[i]);
        least = fmin(least, axis->number[i]);
        most = fmax(most, axis->number[i]);
    }
    if (axis->numeric && least > 0 && most >= 10 * least)
        axis->log = true;
}

static int read_axis(cli_grid *grid, const cli_command *command,
                     const char *text)
{
    size_t length = strcspn(text, "=");
    const cli_option *option = cli_find_option(command, text, length);
    if (text[length] != '=')
        return cli_fail(CLI_USAGE,
                        "--grid \"%s\" is not OPTION=VALUES, such as "
                        "lr=0.1,0.01 or weight-scale=1e-4..1:20log",
                        text);
    if (option == NULL)
        return cli_fail(CLI_USAGE, "--grid: there is no option --%.*s",
                        (int)length, text);
    if (option->argument == NULL || strcmp(option->name, "grid") == 0 ||
        strcmp(option->name, "output") == 0 ||
        strcmp(option->name, "preset") == 0)
        return cli_fail(CLI_USAGE, "--grid: --%s has no values to try",
                        option->name);
    if (cli_grid_axis(grid, option->name) != NULL)
        return cli_fail(CLI_USAGE, "--grid: %s stands there twice",
                        option->name);
    if (grid->count == CLI_GRID_AXES)
        return cli_fail(CLI_USAGE, "--grid: more than %d options",
                        CLI_GRID_AXES);
    cli_axis *axis = &grid->axes[grid->count];
    *axis = (cli_axis){.option = option};
    const char *values = text + length + 1, *dots = strstr(values, "..");
    int result =
        dots != NULL ? read_range(axis, values, dots) : read_list(axis, values);
    if (result == CLI_DONE) {
        look_at_numbers(axis);
        grid->count++;
    }
    return result;
}

/* ---- the grid ------------------------------------------------------------ */

int cli_grid_read(cli_grid *grid, const cli_invocation *invocation)
{
    grid->count = 0;
    for (int i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, "grid") != 0)
            continue;
        int result =
            read_axis(grid, invocation->command, invocation->values[i].text);
        if (result != CLI_DONE)
            return result;
    }
    if (grid->count == 0)
        return cli_fail(CLI_USAGE,
                        "%s: nothing to vary; give --grid "
                        "OPTION=VALUES or --preset NAME",
                        invocation->command->name);
    if (cli_grid_points(grid) > CLI_GRID_POINTS)
        return cli_fail(CLI_USAGE, "--grid: %zu trainings are more than %d",
                        cli_grid_points(grid), CLI_GRID_POINTS);
    return CLI_DONE;
}

size_t cli_grid_points(const cli_grid *grid)
{
    size_t points = 1;
    for (size_t a = 0; a < grid->count; a++)
        points *= grid->axes[a].count;
    return points;
}

void cli_grid_place(const cli_grid *grid, size_t i, size_t at[CLI_GRID_AXES])
{
    for (size_t a = grid->count; a-- > 0;) {
        at[a] = i % grid->axes[a].count;
        i /= grid->axes[a].count;
    }
}

void cli_grid_name(const cli_grid *grid, size_t i, char *text, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_=";
    size_t at[CLI_GRID_AXES], used = 0;
    cli_grid_place(grid, i, at);
    text[0] = '\0';
    for (size_t a = 0; a < grid->count && used < size; a++) {
        size_t begin = used + (a > 0);
        used += (size_t)snprintf(text + used, size - used, "%s%s=%s",
                                 a > 0 ? "," : "", grid->axes[a].option->name,
                                 grid->axes[a].text[at[a]]);
        for (size_t k = begin; k < used && k < size - 1; k++)
            if (strchr(plain, text[k]) == NULL)
                text[k] = '_';
    }
}

const cli_axis *cli_grid_axis(const cli_grid *grid, const char *name)
{
    for (size_t a = 0; a < grid->count; a++)
        if (strcmp(grid->axes[a].option->name, name) == 0)
            return &grid->axes[a];
    return NULL;
}
