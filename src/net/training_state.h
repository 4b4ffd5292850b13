/* state.safetensors: all that a training needs to go on with the same bits.
 *
 *     net.0.weight    the net's tensors, running statistics among them
 *     first.0.weight  the optimizer's moments, where it has any
 *     second.0.weight
 *
 * and in its metadata, under "xhat_state", a JSON document: where in which
 * epoch the training stands, the sums over that epoch, the best epoch so far,
 * and what it must agree on with the training that goes on from it.  The order
 * of the rows and what is dropped follow from seed and epoch. */
#ifndef XHAT_NET_TRAINING_STATE_H
#define XHAT_NET_TRAINING_STATE_H

#include "net/net_parts.h"

/* Replaces the file as a whole: a kill leaves the old one or the new one.
 * Errors: XHAT_CANNOT_WRITE, XHAT_OUT_OF_MEMORY. */
XHAT_NODISCARD xhat_status xhat_training_save(const xhat_training *training,
                                              const char *path,
                                              xhat_error *error);

/* Puts a training that was just created where the file's stood.
 * *other_threads receives whether the products of its last step had another
 * number of threads than they have now.
 * Errors: XHAT_CANNOT_READ, XHAT_BAD_FORMAT; XHAT_SHAPE_MISMATCH for the state
 * of another training (data, net, batches, seed or optimizer);
 * XHAT_UNSUPPORTED for that of another version, or of other libraries behind
 * the products; XHAT_INVALID_ARGUMENT where it lies beyond options.epochs.
 * After an error the net and the training are not to be used. */
XHAT_NODISCARD xhat_status xhat_training_load(xhat_training *training,
                                              const char *path,
                                              bool *other_threads,
                                              xhat_error *error);

#endif
