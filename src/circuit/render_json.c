#include <math.h>

#include "base/json.h"
#include "nonfinite.h"
#include "picture.h"

static void put_field(xhat_json *json, const char *key,
                      const xhat_picture *picture, xhat_field field)
{
    size_t shape[XHAT_PICTURE_RANK_MAX];
    if (field.data == NULL) {
        xhat_json_null(json, key);
        return;
    }
    if (field.extent == XHAT_EXTENT_SINGLE) {
        xhat_json_number(json, key, field.data[0]);
        return;
    }
    int rank = xhat_picture_shape(picture, field.extent, shape);
    xhat_json_array(json, key, field.data, rank, shape);
}

static void put_shape(xhat_json *json, const xhat_picture *picture,
                      xhat_extent extent)
{
    size_t shape[XHAT_PICTURE_RANK_MAX];
    int rank = xhat_picture_shape(picture, extent, shape);
    xhat_json_open(json, "shape", '(');
    for (int i = 0; i < rank; i++)
        xhat_json_integer(json, NULL, (int64_t)shape[i]);
    xhat_json_close(json);
}

/* an error, or null where nothing could be compared */
static void put_error(xhat_json *json, const char *key, double error)
{
    if (error >= 0)
        xhat_json_number(json, key, error);
    else
        xhat_json_null(json, key);
}

static void put_gate(xhat_json *json, const xhat_picture *picture, int index)
{
    const xhat_run *run = picture->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_circuit_gate *gate = &circuit->gates[index];
    xhat_json_open(json, NULL, '{');
    xhat_json_integer(json, "gate", index + 1);
    xhat_json_string(json, "name", circuit->values[gate->output].name);
    xhat_json_string(json, "formula", gate->formula);
    put_shape(json, picture, circuit->values[gate->output].extent);
    put_field(json, "value", picture,
              xhat_run_field(run, XHAT_SIDE_VALUE, gate->output));
    put_field(json, "upstream", picture,
              xhat_run_field(run, XHAT_SIDE_GRADIENT, gate->output));
    xhat_json_open(json, "local", '{');
    for (int p = 0; p < gate->operand_count; p++)
        put_field(json, circuit->values[gate->operands[p]].name, picture,
                  xhat_run_local(run, index, p));
    xhat_json_close(json);
    xhat_json_open(json, "downstream", '{');
    for (int p = 0; p < gate->operand_count; p++)
        put_field(json, circuit->values[gate->operands[p]].name, picture,
                  xhat_run_downstream(run, index, p));
    xhat_json_close(json);
    put_error(json, "complex_step_error",
              picture->verification ? picture->verification->gate[index] : -1);
    xhat_json_close(json);
}

/* Where NaN and Inf begin: an empty list for a finite run. */
static void put_nonfinite(xhat_json *json, const xhat_picture *picture)
{
    const xhat_circuit *circuit = xhat_run_circuit(picture->run);
    xhat_nonfinite origins[XHAT_NONFINITE_MAX];
    int count = xhat_nonfinite_origins(picture->run, origins);
    xhat_json_open(json, "not_finite", '[');
    for (int i = 0; i < count; i++) {
        const xhat_nonfinite *origin = &origins[i];
        xhat_field field =
            xhat_run_field(picture->run, origin->side, origin->value);
        size_t index[XHAT_PICTURE_RANK_MAX];
        int rank =
            xhat_picture_index(picture, field.extent, origin->first, index);
        xhat_json_open(json, NULL, '{');
        xhat_json_string(
            json, "array",
            xhat_circuit_key(circuit, origin->side, origin->value));
        if (origin->gate > 0)
            xhat_json_integer(json, "gate", origin->gate);
        else
            xhat_json_null(json, "gate");
        xhat_json_open(json, "at", '(');
        for (int axis = 0; axis < rank; axis++)
            xhat_json_integer(json, NULL, (int64_t)index[axis]);
        xhat_json_close(json);
        xhat_json_number(json, "value", field.data[origin->first]);
        xhat_json_integer(json, "count", (int64_t)origin->count);
        xhat_json_integer(json, "of", (int64_t)origin->of);
        xhat_json_close(json);
    }
    xhat_json_close(json);
}

void xhat_render_json(xhat_text *text, const xhat_picture *picture)
{
    const xhat_run *run = picture->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const xhat_verification *found = picture->verification;
    xhat_json json = xhat_json_on(text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "norm", picture->norm);
    put_shape(&json, picture, XHAT_EXTENT_FULL);
    xhat_json_number(&json, "eps", xhat_run_eps(run));
    xhat_json_open(&json, "gates", '[');
    for (int g = 0; g < circuit->gate_count; g++)
        put_gate(&json, picture, g);
    xhat_json_close(&json);
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < circuit->value_count; v++)
            if (circuit->values[v].maker < 0 || v == circuit->output)
                put_field(&json, xhat_circuit_key(circuit, (xhat_side)side, v),
                          picture, xhat_run_field(run, (xhat_side)side, v));
    xhat_json_open(&json, "agreement", '{');
    put_error(&json, "closed_form",
              isnan(picture->closed_form) ? -1 : picture->closed_form);
    put_error(&json, "complex_step", found ? found->complex_step : -1);
    put_error(&json, "central_difference",
              found ? found->central_difference : -1);
    xhat_json_close(&json);
    put_nonfinite(&json, picture);
    xhat_json_close(&json);
}
