/* model.safetensors: the tensors under the names PyTorch gives them, and one
 * metadata entry "xhat", a JSON document of all else that a model is:
 *
 *     {"version": "0.1.0", "sizes": [4, 16, 3], "norm": "batch", "eps": 1e-05,
 *      "loss": "softmax",
 *      "input_mean": [..], "input_scale": [..], "label": "species",
 *      "classes": ["setosa", ..],
 *      "columns": {"count": 5, "label": 5, "numbers": [1, 2, 3, 4],
 *                  "names": ["length", ..]}}
 *
 * input_mean and input_scale are single numbers when all features share one,
 * as the pixels of images do.  "keep_bias" is there when the affine layers kept
 * their bias before a batch norm, "dropout" (the share kept) when there was
 * any; with the loss "squared" there are target_mean and target_scale and no
 * classes.  "columns" is there when the model was trained on a table, its names
 * when that had a header, its "categories" (null for a number) when some were
 * text, "label_columns" when the label took several; "missing" ("drop" or
 * "mean") when rows could lack values. */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "net/model_parts.h"
#include "net/net_parts.h"

static void put_scaling(xhat_json *json, const char *key, const double *values,
                        size_t count)
{
    size_t same = 1;
    while (same < count && values[same] == values[0])
        same++;
    if (same == count)
        xhat_json_number(json, key, values[0]);
    else
        xhat_json_array(json, key, values, 1, &count);
}

static void put_columns(xhat_json *json, const xhat_model *model)
{
    const xhat_columns *columns = &model->columns;
    if (columns->number == NULL)
        return;
    xhat_json_open(json, "columns", '{');
    xhat_json_integer(json, "count", (int64_t)columns->count);
    xhat_json_integer(json, "label", (int64_t)columns->label);
    if (columns->label_count > 1)
        xhat_json_integer(json, "label_columns", (int64_t)columns->label_count);
    xhat_json_open(json, "numbers", '[');
    for (size_t j = 0; j < model->features; j++)
        xhat_json_integer(json, NULL, (int64_t)columns->number[j]);
    xhat_json_close(json);
    if (columns->name != NULL) {
        xhat_json_open(json, "names", '[');
        for (size_t j = 0; j < model->features; j++)
            xhat_json_string(json, NULL, columns->name[j]);
        xhat_json_close(json);
    }
    if (columns->category != NULL) {
        xhat_json_open(json, "categories", '[');
        for (size_t j = 0; j < model->features; j++)
            if (columns->category[j] != NULL)
                xhat_json_string(json, NULL, columns->category[j]);
            else
                xhat_json_null(json, NULL);
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

void xhat_model_put_document(xhat_text *text, const xhat_model *model)
{
    const xhat_net *net = model->net;
    xhat_json json = xhat_json_on(text, 0);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "version", xhat_version());
    xhat_json_open(&json, "sizes", '[');
    xhat_json_integer(&json, NULL, (int64_t)net->features);
    for (size_t i = 0; i < net->block_count; i++)
        xhat_json_integer(&json, NULL, (int64_t)net->blocks[i].affine.out);
    xhat_json_integer(&json, NULL, (int64_t)net->classes);
    xhat_json_close(&json);
    xhat_json_string(&json, "norm", xhat_net_norm_name(net->spec.norm));
    xhat_json_number(&json, "eps", net->spec.eps);
    if (net->spec.keep_bias)
        xhat_json_bool(&json, "keep_bias", true);
    if (net->spec.dropout < 1)
        xhat_json_number(&json, "dropout", net->spec.dropout);
    xhat_json_string(&json, "loss", xhat_loss_name(net->spec.loss));
    if (net->spec.loss == XHAT_LOSS_SQUARED) {
        xhat_json_number(&json, "target_mean", model->target_mean);
        xhat_json_number(&json, "target_scale", model->target_scale);
    }
    put_scaling(&json, "input_mean", model->mean, model->features);
    put_scaling(&json, "input_scale", model->scale, model->features);
    xhat_json_string(&json, "label", model->label_name);
    xhat_json_open(&json, "classes", '[');
    for (size_t k = 0; model->class_names != NULL && k < model->classes; k++)
        xhat_json_string(&json, NULL, model->class_names[k]);
    xhat_json_close(&json);
    if (model->missing != XHAT_MISSING_REFUSE)
        xhat_json_string(&json, "missing", xhat_missing_name(model->missing));
    put_columns(&json, model);
    xhat_json_close(&json);
}

xhat_status xhat_model_write(const xhat_model *model, const char *path,
                             bool force, xhat_error *error)
{
    const xhat_net *net = model->net;
    const char *const keys[] = {"format", "xhat"};
    xhat_text document = xhat_text_on(model->allocator);
    xhat_array *arrays = xhat_allocate_zeroed(
        model->allocator, net->tensor_count, sizeof *arrays);
    xhat_status status = XHAT_OK;
    xhat_model_put_document(&document, model);
    if (arrays == NULL || document.failed) {
        status =
            xhat_fail(error, XHAT_OUT_OF_MEMORY, "no memory to write %s", path);
    } else {
        for (size_t i = 0; i < net->tensor_count; i++) {
            xhat_tensor *tensor = &net->tensors[i];
            arrays[i] = (xhat_array){
                .name = tensor->name,
                .element = tensor->element,
                .rank = tensor->rank,
                .shape = {tensor->shape[0], tensor->shape[1]},
                .data = tensor->value,
            };
        }
        status = xhat_safetensors_write(
            path, force, arrays, net->tensor_count, keys,
            (const char *const[]){"pt", document.data}, 2, error);
    }
    xhat_release(model->allocator, arrays);
    xhat_text_free(&document);
    return status;
}
