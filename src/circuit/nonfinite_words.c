#include <math.h>

#include "nonfinite.h"
#include "picture.h"

/* "2 of 4 elements of x are NaN or Inf, the first x[0,1] = nan." */
static void put_origin(xhat_text *words, const xhat_picture *picture,
                       const xhat_nonfinite *origin)
{
    const xhat_run *run = picture->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    const char *key = xhat_circuit_key(circuit, origin->side, origin->value);
    xhat_field field = xhat_run_field(run, origin->side, origin->value);
    char where[XHAT_PLACE_TEXT_SIZE], number[XHAT_SHORT_SIZE];
    xhat_text_add(
        words, "%zu of %zu elements of %s %s NaN or Inf, the first %s = %s",
        origin->count, origin->of, key, origin->count == 1 ? "is" : "are",
        xhat_picture_place(picture, key, field.extent, origin->first, where),
        xhat_short_number(field.data[origin->first], number));
    if (origin->gate > 0)
        xhat_text_add(words,
                      isnan(field.data[origin->first])
                          ? ": gate %d makes it of finite numbers"
                          : ": gate %d, made of finite numbers, overflows"
                            " float64",
                      origin->gate);
    xhat_text_put(words, ".\n");
}

void xhat_picture_nonfinite(xhat_text *words, const xhat_picture *picture)
{
    const xhat_run *run = picture->run;
    const xhat_circuit *circuit = xhat_run_circuit(run);
    xhat_nonfinite origins[XHAT_NONFINITE_MAX];
    int count = xhat_nonfinite_origins(run, origins);
    if (count == 0)
        return;
    for (int i = 0; i < count; i++)
        put_origin(words, picture, &origins[i]);
    size_t full = xhat_axes_count(xhat_run_axes(run), XHAT_EXTENT_FULL);
    xhat_text_add(
        words,
        "In all %zu of %zu elements of %s and %zu of %zu of %s are NaN or"
        " Inf. A feature with NaN or Inf at any gate is left out of the"
        " comparisons below, even where it is finite again, as 1/Inf = 0 is."
        "\n",
        xhat_nonfinite_count(run, XHAT_SIDE_VALUE, circuit->output), full,
        circuit->values[circuit->output].name,
        xhat_nonfinite_count(run, XHAT_SIDE_GRADIENT, circuit->input), full,
        circuit->values[circuit->input].gradient);
}
