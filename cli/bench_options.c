/* The options of `xhat bench`. */
#include "bench_options.h"

#include <math.h>
#include <string.h>

#include "xhat/formats.h"

const cli_option cli_bench_options[] = {
    {"shape", 0, "LIST",
     "N x C x spatial sizes, such as 256x1024 or "
     "32x64x56x56, several with commas between; \"few\" "
     "(default) and \"all\" are lists"},
    {"shape-file", 0, "FILE",
     "a CSV with the columns mb ic ih iw (and id, ndims), as oneDNN lists "
     "batch-norm shapes; its shapes of one value a channel are left out"},
    {"layout", 0, "LIST",
     "nc ncl nchw ncdhw nlc nhwc ndhwc: how a shape lies "
     "in memory (default: every one of its rank)"},
    {"method", 0, "LIST", "fused, closed, staged (default fused)"},
    {"mode", 0, "LIST", "forward, backward, inference (default all three)"},
    {"fusion", 0, "LIST",
     "plain, relu, add-relu: what follows in the same pass (default plain)"},
    {"dtype", 0, "f32|f64", "default f32"},
    {"cache", 0, "LIST",
     "hot, cold: what the caches hold before a call "
     "(default both)"},
    {"seconds", 0, "S", "about as long for a shape and cache (default 0.5)"},
    {"passes", 0, "N", "take the arrays anew so many times (default 3)"},
    {"compare", 0, "OLD.json",
     "exit 1 when a case is slower than in an older "
     "--json by more than the noise of both runs"},
    {NULL, 0, NULL, NULL}};

/* The option's words, each one of words[], as bits; *bits keeps its default
 * when the option was not given. */
static int read_words(const cli_invocation *invocation, const char *name,
                      const char *const *words, unsigned *bits)
{
    const char *text = cli_text(invocation, name);
    char list[160] = "";
    for (int i = 0; words[i] != NULL; i++) {
        strncat(list, i > 0 ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    for (unsigned found = 0; text != NULL; *bits = found) {
        size_t length = strcspn(text, ",");
        int i = 0;
        while (words[i] != NULL && (strlen(words[i]) != length ||
                                    strncmp(words[i], text, length) != 0))
            i++;
        if (words[i] == NULL)
            return cli_fail(CLI_USAGE, "--%s: \"%.*s\" is none of %s", name,
                            (int)length, text, list);
        found |= 1u << i;
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    return CLI_DONE;
}

/* ---- shapes -------------------------------------------------------------- */

/* the cell as a size; `usual` where the table has no such column; 0 when it is
 * none */
static size_t size_at(const xhat_table *table, const char *name, size_t row,
                      size_t usual)
{
    for (size_t k = 0; k < table->columns; k++) {
        const xhat_column *column = &table->column[k];
        if (strcmp(column->name, name) != 0)
            continue;
        double value =
            column->numeric ? xhat_table_number(table, row, column) : NAN;
        return value >= 1 && value < 1e9 && value == floor(value)
                   ? (size_t)value
                   : 0;
    }
    return usual;
}

/* N x C x the last ndims - 2 of depth, height and width; rank 0 when a cell is
 * no size */
static bench_shape shape_at(const xhat_table *table, size_t row)
{
    size_t rank = size_at(table, "ndims", row, 4);
    const size_t sizes[] = {
        size_at(table, "mb", row, 0), size_at(table, "ic", row, 0),
        size_at(table, "id", row, 1), size_at(table, "ih", row, 0),
        size_at(table, "iw", row, 0)};
    bench_shape shape = {0};
    if (rank < 2 || rank > BENCH_RANK_MAX)
        return shape;
    for (size_t i = 0; i < BENCH_RANK_MAX; i++)
        if (i < 2 || i >= 2 + (BENCH_RANK_MAX - rank))
            shape.size[shape.rank++] = sizes[i];
    for (int i = 0; i < shape.rank; i++)
        if (shape.size[i] == 0)
            return (bench_shape){0};
    return shape;
}

static bool one_value_a_channel(const bench_shape *shape)
{
    size_t count = shape->size[0];
    for (int i = 2; i < shape->rank; i++)
        count *= shape->size[i];
    return count == 1;
}

static int read_shape_file(cli_bench *bench, const char *path)
{
    xhat_table table;
    xhat_error error = {0};
    int result = CLI_DONE;
    if (xhat_table_read(&table, path, NULL, &error) != XHAT_OK)
        return cli_fail_error(&error);
    for (size_t row = 0; row < table.rows && result == CLI_DONE; row++) {
        bench_shape shape = shape_at(&table, row);
        if (shape.rank == 0)
            result = cli_fail(CLI_INPUT,
                              "%s:%zu: is no shape: mb, ic, ih and iw (id) "
                              "must be whole numbers of at least 1, ndims 2 "
                              "to 5",
                              path, table.line[row]);
        else if (!one_value_a_channel(&shape) &&
                 bench_shape_add(&bench->shapes, shape, &error) != XHAT_OK)
            result = cli_fail_error(&error);
    }
    if (result == CLI_DONE && bench->shapes.count == 0)
        result = cli_fail(CLI_INPUT, "%s: holds no shapes", path);
    xhat_table_free(&table);
    return result;
}

/* every --shape given counts, not the last alone */
static int read_shapes(cli_bench *bench, const cli_invocation *invocation)
{
    xhat_error error = {0};
    const char *file = cli_text(invocation, "shape-file");
    bool given = file != NULL;
    if (given && read_shape_file(bench, file) != CLI_DONE)
        return CLI_INPUT;
    for (int i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, "shape") != 0)
            continue;
        given = true;
        if (bench_shapes_parse(&bench->shapes, invocation->values[i].text,
                               &error) != XHAT_OK)
            return cli_fail(CLI_USAGE, "--shape: %s", error.message);
    }
    if (!given && bench_shapes_parse(&bench->shapes, "few", &error) != XHAT_OK)
        return cli_fail_error(&error);
    return CLI_DONE;
}

/* each shape needs a layout of its rank */
static int check_layouts(const cli_bench *bench)
{
    char text[BENCH_SHAPE_TEXT];
    for (size_t i = 0; i < bench->shapes.count && bench->layouts != 0; i++) {
        const bench_shape *shape = &bench->shapes.shapes[i];
        bool fits = false;
        for (int layout = XHAT_NC; layout <= XHAT_NDHWC; layout++)
            fits =
                fits || ((bench->layouts & (1u << layout)) != 0 &&
                         xhat_layout_rank((xhat_layout)layout) == shape->rank);
        if (!fits)
            return cli_fail(CLI_USAGE,
                            "--layout: no layout given is for the %d axes of "
                            "%s",
                            shape->rank, bench_shape_text(shape, text));
    }
    return CLI_DONE;
}

int cli_bench_read(cli_bench *bench, const cli_invocation *invocation)
{
    static const char *const layouts[] = {"nc",  "ncl",  "nchw",  "ncdhw",
                                          "nlc", "nhwc", "ndhwc", NULL};
    static const char *const dtypes[] = {"f32", "f64", NULL};
    static const char *const caches[] = {"hot", "cold", NULL};
    int dtype = XHAT_F32, result;
    int64_t passes = 3;
    *bench =
        (cli_bench){.compare = cli_text(invocation, "compare"),
                    .fusions = 1u << BENCH_PLAIN,
                    .settings = {.methods = 1u << BENCH_FUSED,
                                 .modes = (1u << BENCH_MODES) - 1,
                                 .caches = 1u << BENCH_HOT | 1u << BENCH_COLD,
                                 .seconds = 0.5}};
    bench_settings *s = &bench->settings;
    if ((result = read_shapes(bench, invocation)) == CLI_DONE &&
        (result = read_words(invocation, "layout", layouts, &bench->layouts)) ==
            CLI_DONE &&
        (result = read_words(invocation, "method", bench_method_names,
                             &s->methods)) == CLI_DONE &&
        (result = read_words(invocation, "mode", bench_mode_names,
                             &s->modes)) == CLI_DONE &&
        (result = read_words(invocation, "fusion", bench_fusion_names,
                             &bench->fusions)) == CLI_DONE &&
        (result = read_words(invocation, "cache", caches, &s->caches)) ==
            CLI_DONE &&
        (result = cli_choice(invocation, "dtype", dtypes, &dtype)) ==
            CLI_DONE &&
        (result = cli_number(invocation, "seconds", 0.001, 3600,
                             &s->seconds)) == CLI_DONE &&
        (result = cli_integer(invocation, "passes", 1, BENCH_PASSES_MAX,
                              &passes)) == CLI_DONE &&
        (result = cli_threads(invocation, &bench->threads)) == CLI_DONE)
        result = check_layouts(bench);
    bench->dtype = (xhat_dtype)dtype;
    s->passes = (int)passes;
    return result;
}

void cli_bench_free(cli_bench *bench)
{
    bench_shapes_free(&bench->shapes);
}
