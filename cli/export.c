/* xhat export: a trained net for other programs. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "net_input.h"
#include "output.h"

static const cli_option options[] = {
    {"output", 'o', "FILE", "what to write: .onnx or .safetensors"},
    {"fold-norm", 0, NULL,
     "make batch norm part of the affine layers: the same function, fewer "
     "steps"},
    {"standardize", 0, NULL,
     "take raw rows: the scaling of the inputs comes first (in safetensors: "
     "inside the first layer)"},
    {NULL, 0, NULL, NULL}};

static bool is_scaled(const xhat_model *model)
{
    for (size_t j = 0; j < model->features; j++)
        if (model->mean[j] != 0 || model->scale[j] != 1)
            return true;
    return false;
}

/* What was written, in the words of the options. */
static void print_json(const cli_invocation *invocation,
                       const xhat_model *model, const char *path)
{
    char net[512];
    xhat_text text = xhat_text_on(NULL);
    xhat_json json = xhat_json_on(&text, 2);
    xhat_net_describe(model->net, net, sizeof net);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "file", path);
    xhat_json_string(&json, "format",
                     cli_ends_in(path, ".onnx") ? "onnx" : "safetensors");
    xhat_json_string(&json, "net", net);
    xhat_json_integer(&json, "parameters",
                      (int64_t)xhat_net_parameter_count(model->net));
    xhat_json_bool(&json, "folded", cli_given(invocation, "fold-norm"));
    xhat_json_bool(&json, "standardizes", cli_given(invocation, "standardize"));
    xhat_json_close(&json);
    if (!text.failed)
        fwrite(text.data, 1, text.length, stdout);
    xhat_text_free(&text);
}

static int write_model(const cli_invocation *invocation,
                       const xhat_model *model, const char *path)
{
    xhat_error error = {0};
    bool force = cli_given(invocation, "force");
    bool standardize = cli_given(invocation, "standardize");
    xhat_status status =
        cli_ends_in(path, ".onnx")
            ? xhat_model_write_onnx(model, standardize, path, force, &error)
            : xhat_model_write(model, path, force, &error);
    if (status != XHAT_OK)
        return cli_fail_error(&error);
    if (cli_given(invocation, "json"))
        print_json(invocation, model, path);
    if (!standardize && is_scaled(model))
        cli_note(invocation,
                 "%s takes (x - input_mean) * input_scale, which its metadata "
                 "hold; --standardize makes it take raw rows",
                 path);
    return CLI_DONE;
}

static int export_model(const cli_invocation *invocation,
                        const xhat_model *model, const char *path)
{
    xhat_model converted;
    xhat_error error = {0};
    xhat_conversion conversion = {
        .fold_norm = cli_given(invocation, "fold-norm"),
        .absorb_scaling =
            cli_given(invocation, "standardize") && !cli_ends_in(path, ".onnx"),
    };
    if (!conversion.fold_norm && !conversion.absorb_scaling)
        return write_model(invocation, model, path);
    if (xhat_model_convert(&converted, model, &conversion, &error) != XHAT_OK)
        return error.status == XHAT_UNSUPPORTED
                   ? cli_fail(CLI_USAGE, "--standardize: %s; write .onnx",
                              error.message)
                   : cli_fail_error(&error);
    int result = write_model(invocation, &converted, path);
    xhat_model_free(&converted);
    return result;
}

static int run(const cli_invocation *invocation)
{
    xhat_model model;
    const char *path = cli_text(invocation, "output");
    if (path == NULL)
        return cli_fail(CLI_USAGE, "export: -o says where to, and by its "
                                   "ending what: .onnx or .safetensors");
    if (!cli_ends_in(path, ".onnx") && !cli_ends_in(path, ".safetensors"))
        return cli_fail(CLI_USAGE,
                        "%s: the ending says the format: .onnx or .safetensors",
                        path);
    int result = cli_model_open(invocation, invocation->operands[0], &model);
    if (result != CLI_DONE)
        return result;
    result = export_model(invocation, &model, path);
    xhat_model_free(&model);
    return result;
}

const cli_command cli_command_export = {
    .name = "export",
    .summary = "a trained net for other programs: ONNX, safetensors",
    .operands = "RUN",
    .examples = "    xhat export runs/iris-1 -o iris.onnx --standardize\n"
                "    xhat export runs/iris-1 -o iris.safetensors --fold-norm\n",
    .details =
        "RUN is a run folder or a model.safetensors.  ONNX is of opset 15: x "
        "(batch,\nfeatures) to scores and probabilities, or to a prediction "
        "in the label's units.\nThe tensors of a safetensors file are those "
        "of the state_dict of PyTorch's\nnn.Sequential for the same net: "
        "Linear, "
        "BatchNorm1d or LayerNorm, ReLU, Dropout.\nA folded net has no "
        "BatchNorm1d and no Dropout.\n",
    .least_operands = 1,
    .most_operands = 1,
    .tables = {options},
    .run = run,
};
