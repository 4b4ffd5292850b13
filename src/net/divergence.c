#include "net/divergence.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"

xhat_status xhat_diverged_in_step(const xhat_training *training, size_t rows,
                                  xhat_error *error)
{
    char tensor[64] = "the loss";
    xhat_net_find_not_finite(training->model->net, rows, training->buffer.x,
                             tensor, sizeof tensor);
    return xhat_fail(error, XHAT_NOT_FINITE,
                     "the loss is not finite at step %zu (epoch %zu, batch "
                     "%zu); first not finite: %s; try a smaller --lr",
                     training->step + 1, training->epoch + 1,
                     training->batch + 1, tensor);
}

static xhat_status diverged_after(const xhat_training *training,
                                  const char *name, xhat_error *error)
{
    size_t epoch =
        training->epoch + (training->batch < training->batches ? 1 : 0);
    return xhat_fail(error, XHAT_NOT_FINITE,
                     "the net is not finite after step %zu (epoch %zu); first "
                     "not finite: %s; try a smaller --lr",
                     training->step, epoch, name);
}

xhat_status xhat_check_parameters(const xhat_training *training,
                                  xhat_error *error)
{
    const xhat_net *net = training->model->net;
    for (size_t t = 0; t < net->tensor_count; t++) {
        const xhat_tensor *tensor = &net->tensors[t];
        const real *value = tensor->value;
        for (size_t i = 0; tensor->element == REAL_ELEMENT && i < tensor->count;
             i++)
            if (!isfinite(value[i]))
                return diverged_after(training, tensor->name, error);
    }
    return XHAT_OK;
}

/* The last batch once more, as evaluation sees it: where in the net, if
 * anywhere, finite weights make what is not. */
static xhat_status probe(const xhat_training *training, char *name, size_t size,
                         xhat_error *error)
{
    xhat_net *net = training->model->net;
    size_t rows =
        xhat_batch_rows(training->split->train.count,
                        training->options.batch_size, training->batches - 1);
    xhat_status status = xhat_net_prepare(net, rows, error);
    if (status == XHAT_OK)
        status = xhat_net_forward(net, rows, false, training->buffer.x, error);
    if (status == XHAT_OK)
        xhat_net_find_not_finite(net, rows, training->buffer.x, name, size);
    return status;
}

/* The loss of a step is that of the weights before it.  What the last step of
 * an epoch made of them shows in the tensors, in the losses evaluated since or,
 * with nothing to evaluate, in the last batch. */
xhat_status xhat_check_epoch(const xhat_training *training,
                             const xhat_epoch *epoch, xhat_error *error)
{
    const xhat_split *split = training->split;
    bool validated = split->validation.count > 0,
         tested = split->test.count > 0;
    char name[64] = "";
    xhat_status status = xhat_check_parameters(training, error);
    if (status != XHAT_OK)
        return status;
    if (validated && !isfinite(epoch->validation_loss))
        snprintf(name, sizeof name, "the validation loss");
    else if (tested && !isfinite(epoch->test_loss))
        snprintf(name, sizeof name, "the test loss");
    else if (validated || tested)
        return XHAT_OK;
    status = probe(training, name, sizeof name, error);
    if (status != XHAT_OK || name[0] == '\0')
        return status;
    return diverged_after(training, name, error);
}
