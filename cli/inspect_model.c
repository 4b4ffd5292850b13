/* What a model and a run say of themselves. */
#include <stdio.h>
#include <string.h>

#include "inspect_file.h"

#if XHAT_HAVE_JSON
#include <jansson.h>
#endif

#if XHAT_HAVE_JSON

static void print_names(const char *title, const json_t *names)
{
    int room = 80 - 12;
    size_t count = json_array_size(names), i = 0;
    printf("%-12s", title);
    for (; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        int length = name == NULL ? 0 : (int)strlen(name) + 2;
        if (length > room - 16)
            break;
        printf("%s%s", i > 0 ? ", " : "", name == NULL ? "" : name);
        room -= length;
    }
    if (i < count)
        printf("%s... %zu in all", i > 0 ? ", " : "", count);
    putchar('\n');
}

static void print_sizes(const json_t *document)
{
    const json_t *sizes = json_object_get(document, "sizes");
    const char *norm = json_string_value(json_object_get(document, "norm"));
    printf("%-12s", "net");
    for (size_t i = 0; i < json_array_size(sizes); i++)
        printf("%s%lld", i > 0 ? "-" : "",
               (long long)json_integer_value(json_array_get(sizes, i)));
    printf(", %s%s\n", norm == NULL || strcmp(norm, "none") == 0 ? "no" : norm,
           " norm");
}

/* What model.safetensors says of itself: see src/net/model_write.c. */
static void print_document(const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    if (document == NULL)
        return;
    const char *loss = json_string_value(json_object_get(document, "loss"));
    const char *label = json_string_value(json_object_get(document, "label"));
    const char *missing =
        json_string_value(json_object_get(document, "missing"));
    const json_t *dropout = json_object_get(document, "dropout");
    const json_t *names =
        json_object_get(json_object_get(document, "columns"), "names");
    print_sizes(document);
    if (loss != NULL)
        printf("%-12s%s\n", "loss", loss);
    if (json_is_number(dropout))
        printf("%-12skeeps %g of the units in training\n", "dropout",
               json_number_value(dropout));
    if (names != NULL)
        print_names("columns", names);
    if (label != NULL && label[0] != '\0')
        printf("%-12s%s\n", "label", label);
    if (json_array_size(json_object_get(document, "classes")) > 0)
        print_names("classes", json_object_get(document, "classes"));
    if (missing != NULL)
        printf("%-12s%s\n", "missing",
               strcmp(missing, "mean") == 0 ? "filled in with the mean"
                                            : "rows are dropped");
    json_decref(document);
}

static void print_number(const json_t *epoch, const char *key, const char *name,
                         double times, const char *unit)
{
    const json_t *number = json_object_get(epoch, key);
    if (json_is_number(number))
        printf(", %s %.4g%s", name, times * json_number_value(number), unit);
}

void cli_print_run(const char *folder)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/run.json", folder);
    json_t *run = json_load_file(path, 0, NULL);
    const json_t *result = json_object_get(run, "result");
    const json_t *epoch = json_object_get(result, "last_epoch");
    const char *data = json_string_value(
        json_object_get(json_object_get(run, "options"), "data"));
    const char *status = json_string_value(json_object_get(result, "status"));
    if (data != NULL)
        printf("%-12s%s\n", "data", data);
    if (status != NULL)
        printf("%-12s%s", "run", status);
    if (status != NULL && epoch != NULL) {
        printf(", %lld epochs",
               (long long)json_integer_value(json_object_get(epoch, "epoch")));
        print_number(epoch, "train_loss", "loss", 1, "");
        print_number(epoch, "validation_accuracy", "validation", 100, "%");
        print_number(epoch, "test_accuracy", "test", 100, "%");
    }
    if (status != NULL)
        putchar('\n');
    json_decref(run);
}

#else

void cli_print_run(const char *folder)
{
    (void)folder;
}

static void print_document(const char *text)
{
    (void)text; /* a build without jansson reads no JSON */
}

#endif

static void print_graph(const xhat_arrays *arrays)
{
    static const char *const keys[] = {"opset", "inputs", "outputs", "nodes"};
    for (int i = 0; i < 4; i++) {
        char key[16];
        snprintf(key, sizeof key, "onnx.%s", keys[i]);
        const char *value = xhat_arrays_metadata(arrays, key);
        if (value == NULL)
            continue;
        printf("%-12s", keys[i]);
        for (int column = 12; *value != '\0'; value++, column++) {
            const char *blank = strchr(value, ' ');
            int word =
                (int)(blank != NULL ? blank - value : (long)strlen(value));
            if (column > 12 && value[-1] == ' ' && column + word > 79)
                column = 12 * (printf("\n%12s", "") > 0);
            putchar(*value);
        }
        putchar('\n');
    }
}

void cli_print_model(const xhat_arrays *arrays)
{
    cli_totals t = cli_count_values(arrays);
    const char *document = xhat_arrays_metadata(arrays, "xhat");
    if (document != NULL)
        print_document(document);
    print_graph(arrays);
    printf("%-12s%zu\n", "parameters", t.parameters);
    if (t.statistics > 0)
        printf("%-12s%zu, not counted as parameters\n", "statistics",
               t.statistics);
    if (t.not_finite > 0)
        printf("%-12s%zu values are NaN or infinite\n", "warning",
               t.not_finite);
    putchar('\n');
}
