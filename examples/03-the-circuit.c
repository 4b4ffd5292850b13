/* The circuit: every gate's output and every gradient can be read. */
#include <stdio.h>

#include <xhat/circuit.h>

int main(void)
{
    const double x[] = {-4, 1, 2, 1, 4, 5, 10, 5}, gamma[] = {10, 4};
    const double beta[] = {1, -1}, dout[] = {1, 2, -1, 0, 3, 1, 1, 3};
    const xhat_circuit *circuit = xhat_circuit_batchnorm();
    xhat_axes axes = xhat_axes_batch(4, 2, 1);
    xhat_error error;
    xhat_run *run;

    if (xhat_run_create(&run, circuit, &axes, 0, NULL, &error) != XHAT_OK ||
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, x, &error) ||
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, gamma, &error) ||
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, beta, &error) ||
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, dout, &error) ||
        xhat_run_forward(run, &error) || xhat_run_backward(run, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int value = 0; value < circuit->value_count; value++)
        for (int side = XHAT_SIDE_VALUE; side <= XHAT_SIDE_GRADIENT; side++) {
            xhat_field field = xhat_run_field(run, (xhat_side)side, value);
            printf("%-18s", xhat_circuit_key(circuit, (xhat_side)side, value));
            for (size_t i = 0; i < xhat_axes_count(&axes, field.extent); i++)
                printf(" %6.4g", field.data[i]);
            printf("\n");
        }
    xhat_run_destroy(run);
    return 0;
}
