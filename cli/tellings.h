/* One batch through the telling that --method names: the fused kernels, the
 * closed form, or the staged circuit.  What comes out has the same names from
 * all three. */
#ifndef XHAT_CLI_TELLINGS_H
#define XHAT_CLI_TELLINGS_H

#include "results.h"

/* out mean var inverted_stddev, and running_mean running_var when they were
 * given and this is training; staged adds every gate's array.  The caller
 * frees *results, also after a failure. */
int cli_tell_forward(const cli_norm *norm, const xhat_array *x,
                     cli_results *results);

/* dx dgamma dbeta; staged adds every gate's arrays, forward and backward.
 * dout has the shape of x. */
int cli_tell_backward(const cli_norm *norm, const xhat_array *x,
                      const xhat_array *dout, cli_results *results);

/* The tellings behind the choice; staged with dout = NULL is forward alone. */
int cli_plan_forward(const cli_norm *norm, const xhat_array *x,
                     cli_results *results);
int cli_plan_backward(const cli_norm *norm, const xhat_array *x,
                      const xhat_array *dout, cli_results *results);
int cli_layer_forward(const cli_norm *norm, const xhat_array *x,
                      cli_results *results);
int cli_layer_backward(const cli_norm *norm, const xhat_array *x,
                       const xhat_array *dout, cli_results *results);
int cli_staged(const cli_norm *norm, const xhat_array *x,
               const xhat_array *dout, cli_results *results);

#endif
