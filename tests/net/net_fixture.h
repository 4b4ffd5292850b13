/* Data, splits and models for the tests of nets. */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include "counting.h"
#include "folder.h"

#include "net/net_parts.h"
#include "xhat/net.h"

/* ---- data ---------------------------------------------------------------- */

typedef struct fixture {
    xhat_dataset data;
    xhat_split split;
    xhat_model model;
} fixture;

/* A generator's data, a tenth for validation, and a net of two layers. */
static inline void fixture_open(fixture *f, const char *generator,
                                xhat_net_norm norm)
{
    static const size_t hidden[2] = {24, 16};
    xhat_net_spec spec = xhat_net_spec_default();
    spec.hidden = hidden;
    spec.hidden_count = 2;
    spec.norm = norm;
    spec.threads = 1;
    assert_ok(xhat_dataset_read(&f->data, generator, &(xhat_data_options){0},
                                NULL, error));
    assert_ok(xhat_split_make(&f->split, &f->data, 0.1, 0, error));
    assert_ok(
        xhat_model_create(&f->model, &spec, &f->split.train, NULL, error));
}

static inline void fixture_close(fixture *f)
{
    xhat_model_free(&f->model);
    xhat_split_free(&f->split);
    xhat_dataset_free(&f->data);
}

static inline xhat_training_options fixture_options(size_t epochs)
{
    xhat_training_options options = xhat_training_options_default(XHAT_ADAM);
    options.epochs = epochs;
    options.batch_size = 64;
    options.lr = 0.01;
    return options;
}

#endif
