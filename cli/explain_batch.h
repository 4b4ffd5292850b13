/* The batch that `xhat explain` shows: read, completed, run through the
 * circuit, verified. */
#ifndef XHAT_CLI_EXPLAIN_BATCH_H
#define XHAT_CLI_EXPLAIN_BATCH_H

#include "circuit/picture.h"
#include "norm_options.h"

typedef struct cli_batch {
    cli_norm norm;
    xhat_arrays file, dout_file;
    xhat_array x, dout; /* float64; the data is the batch's own */
    xhat_run *run;      /* forward and backward are done */
    xhat_verification verification;
    xhat_picture picture;
    double *closed; /* what the picture's closed form points into */
    char note[200];
} cli_batch;

/* From the operands and options: X and DOUT, what the file of X holds by key,
 * or --demo.  The caller frees *batch, also after a failure. */
int cli_batch_read(cli_batch *batch, const cli_invocation *invocation);
void cli_batch_free(cli_batch *batch);

#endif
