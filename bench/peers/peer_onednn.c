/* oneDNN, through its C interface (version 3). */
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

enum { ARGUMENTS_MAX = 16 };

static struct {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[ARGUMENTS_MAX];
    int count;
    void *owned[ARGUMENTS_MAX]; /* buffers beside those of the workload */
    int owned_count;
    const peer_case *c;
    bench_workload *w;
    float *var; /* (channels), what forward left or is given */
    dnnl_memory_t result, second; /* out or dx, and dresidual, as they are */
} at;

static void must(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "worker: oneDNN: %s: status %d\n", what, (int)status);
    exit(1);
}

const char *peer_name(void)
{
    static char name[80];
    const dnnl_version_t *v = dnnl_version();
    snprintf(name, sizeof name, "oneDNN %d.%d.%d (%s)", v->major, v->minor,
             v->patch,
             v->cpu_runtime == DNNL_RUNTIME_OMP   ? "OpenMP"
             : v->cpu_runtime == DNNL_RUNTIME_TBB ? "TBB"
             : v->cpu_runtime == DNNL_RUNTIME_SEQ ? "sequential"
                                                  : "SYCL");
    return name;
}

/* ---- memory -------------------------------------------------------------- */

static dnnl_memory_desc_t full_desc(const bench_problem *p, bool blocked)
{
    static const dnnl_format_tag_t tags[][7] = {
        {dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_acb, dnnl_acdb,
         dnnl_acdeb},
        {dnnl_format_tag_undef, dnnl_aBc16b, dnnl_aBcd16b, dnnl_aBcde16b,
         dnnl_format_tag_undef, dnnl_format_tag_undef, dnnl_format_tag_undef}};
    dnnl_dims_t dims;
    dnnl_memory_desc_t desc = NULL;
    for (int i = 0; i < p->shape.rank; i++)
        dims[i] = (dnnl_dim_t)p->shape.size[i];
    if (dnnl_memory_desc_create_with_tag(&desc, p->shape.rank, dims, dnnl_f32,
                                         tags[blocked][p->layout]) !=
        dnnl_success)
        return NULL;
    return desc;
}

static dnnl_memory_desc_t channels_desc(size_t channels)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = {(dnnl_dim_t)channels};
    must(dnnl_memory_desc_create_with_tag(&desc, 1, dims, dnnl_f32, dnnl_a),
         "channels");
    return desc;
}

static void *own(size_t bytes)
{
    void *block = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (block == NULL || at.owned_count == ARGUMENTS_MAX) {
        fprintf(stderr, "worker: out of memory\n");
        exit(1);
    }
    memset(block, 0, bytes);
    at.owned[at.owned_count++] = block;
    return block;
}

/* a memory over `data`, or over a block of its own for NULL */
static dnnl_memory_t memory(const_dnnl_memory_desc_t desc, void *data)
{
    dnnl_memory_t made;
    if (data == NULL)
        data = own(dnnl_memory_desc_get_size(desc));
    must(dnnl_memory_create(&made, desc, at.engine, data), "memory");
    return made;
}

static void argument(int which, dnnl_memory_t made)
{
    at.arguments[at.count++] = (dnnl_exec_arg_t){which, made};
}

static void reorder(dnnl_memory_t from, dnnl_memory_t to)
{
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    const_dnnl_memory_desc_t a, b;
    must(dnnl_memory_get_memory_desc(from, &a), "desc");
    must(dnnl_memory_get_memory_desc(to, &b), "desc");
    must(dnnl_reorder_primitive_desc_create(&desc, a, at.engine, b, at.engine,
                                            NULL),
         "reorder");
    must(dnnl_primitive_create(&primitive, desc), "reorder");
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    must(dnnl_primitive_execute(primitive, at.stream, 2, arguments), "reorder");
    must(dnnl_stream_wait(at.stream), "wait");
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(desc);
}

/* the array of the workload as the primitive wants it: itself, or a blocked
 * copy */
static dnnl_memory_t full(const_dnnl_memory_desc_t plain,
                          const_dnnl_memory_desc_t wanted, void *data,
                          bool input)
{
    if (!at.c->blocked)
        return memory(plain, data);
    dnnl_memory_t made = memory(wanted, NULL);
    if (input) {
        dnnl_memory_t from = memory(plain, data);
        reorder(from, made);
        dnnl_memory_destroy(from);
    }
    return made;
}

/* ---- the primitives ------------------------------------------------------ */

static void execute(void)
{
    must(
        dnnl_primitive_execute(at.primitive, at.stream, at.count, at.arguments),
        "execute");
    must(dnnl_stream_wait(at.stream), "wait");
}

static unsigned flags_of(const peer_case *c)
{
    unsigned flags = dnnl_use_scale | dnnl_use_shift;
    if (c->mode == BENCH_INFERENCE)
        flags |= dnnl_use_global_stats;
    if (c->problem.fusion == BENCH_RELU)
        flags |= dnnl_fuse_norm_relu;
    if (c->problem.fusion == BENCH_ADD_RELU)
        flags |= dnnl_fuse_norm_add_relu;
    return flags;
}

/* mean, variance, gamma, and beta where forward needs it */
static void channel_arguments(bool forward)
{
    bench_workload *w = at.w;
    bool inference = at.c->mode == BENCH_INFERENCE;
    dnnl_memory_desc_t each = channels_desc(w->spec.channels);
    argument(DNNL_ARG_MEAN,
             memory(each, inference ? w->running_mean : w->mean));
    argument(DNNL_ARG_VARIANCE,
             memory(each, inference ? w->running_var : at.var));
    argument(DNNL_ARG_SCALE, memory(each, w->gamma));
    if (forward)
        argument(DNNL_ARG_SHIFT, memory(each, w->beta));
    else {
        argument(DNNL_ARG_DIFF_SCALE, memory(each, w->dgamma));
        argument(DNNL_ARG_DIFF_SHIFT, memory(each, w->dbeta));
    }
    dnnl_memory_desc_destroy(each);
}

static void workspace_argument(dnnl_primitive_desc_t desc, dnnl_memory_t given)
{
    const_dnnl_memory_desc_t space =
        dnnl_primitive_desc_query_md(desc, dnnl_query_workspace_md, 0);
    if (space != NULL && dnnl_memory_desc_get_size(space) > 0)
        argument(DNNL_ARG_WORKSPACE,
                 given != NULL ? given : memory(space, NULL));
}

static dnnl_memory_t find_argument(int which)
{
    for (int i = 0; i < at.count; i++)
        if (at.arguments[i].arg == which)
            return at.arguments[i].memory;
    return NULL;
}

static bool open_forward(dnnl_memory_desc_t plain, dnnl_memory_desc_t wanted,
                         dnnl_primitive_desc_t *desc)
{
    dnnl_prop_kind_t kind = at.c->mode == BENCH_INFERENCE
                                ? dnnl_forward_inference
                                : dnnl_forward_training;
    if (dnnl_batch_normalization_forward_primitive_desc_create(
            desc, at.engine, kind, wanted, wanted, (float)at.w->spec.eps,
            flags_of(at.c), NULL) != dnnl_success)
        return false;
    must(dnnl_primitive_create(&at.primitive, *desc), "forward");
    argument(DNNL_ARG_SRC, full(plain, wanted, at.w->x, true));
    at.result = full(plain, wanted, at.w->out, false);
    argument(DNNL_ARG_DST, at.result);
    channel_arguments(true);
    workspace_argument(*desc, NULL);
    if (at.c->problem.fusion == BENCH_ADD_RELU)
        argument(DNNL_ARG_SRC_1, full(plain, wanted, at.w->residual, true));
    return true;
}

/* after one forward pass: its statistics and workspace are backward's inputs */
static bool open_backward(dnnl_memory_desc_t plain, dnnl_memory_desc_t wanted,
                          dnnl_primitive_desc_t forward)
{
    dnnl_primitive_desc_t desc;
    dnnl_memory_t source = find_argument(DNNL_ARG_SRC);
    dnnl_memory_t space = find_argument(DNNL_ARG_WORKSPACE);
    execute();
    dnnl_primitive_destroy(at.primitive);
    at.primitive = NULL;
    if (dnnl_batch_normalization_backward_primitive_desc_create(
            &desc, at.engine, dnnl_backward, wanted, wanted, wanted,
            (float)at.w->spec.eps, flags_of(at.c), forward,
            NULL) != dnnl_success)
        return false;
    must(dnnl_primitive_create(&at.primitive, desc), "backward");
    for (int i = 0; i < at.count; i++)
        if (at.arguments[i].memory != source && at.arguments[i].memory != space)
            dnnl_memory_destroy(at.arguments[i].memory);
    at.count = 0;
    argument(DNNL_ARG_SRC, source);
    argument(DNNL_ARG_DIFF_DST, full(plain, wanted, at.w->dout, true));
    at.result = full(plain, wanted, at.w->dx, false);
    argument(DNNL_ARG_DIFF_SRC, at.result);
    channel_arguments(false);
    workspace_argument(desc, space);
    if (at.c->problem.fusion == BENCH_ADD_RELU) {
        at.second = full(plain, wanted, at.w->dresidual, false);
        argument(DNNL_ARG_DIFF_SRC_1, at.second);
    }
    dnnl_primitive_desc_destroy(desc);
    return true;
}

bool peer_open(const peer_case *c, bench_workload *w,
               char message[PEER_MESSAGE])
{
    dnnl_primitive_desc_t desc = NULL;
    if (at.engine == NULL) {
        /* where a build for SYCL finds the driver of the CPU */
        setenv("OCL_ICD_FILENAMES", ONEDNN_FOLDER "/lib/libintelocl.so", 0);
        must(dnnl_engine_create(&at.engine, dnnl_cpu, 0), "engine");
        must(dnnl_stream_create(&at.stream, at.engine,
                                dnnl_stream_default_flags),
             "stream");
    }
    at.c = c;
    at.w = w;
    at.count = at.owned_count = 0;
    at.primitive = NULL;
    at.second = NULL;
    snprintf(message, PEER_MESSAGE, "oneDNN has no such thing");
    dnnl_memory_desc_t plain = full_desc(&c->problem, false);
    dnnl_memory_desc_t wanted = full_desc(&c->problem, c->blocked);
    if (c->problem.dtype != XHAT_F32 || plain == NULL || wanted == NULL)
        return false;
    at.var = own(w->spec.channels * sizeof *at.var);
    bool opened = open_forward(plain, wanted, &desc);
    if (opened && c->mode == BENCH_BACKWARD)
        opened = open_backward(plain, wanted, desc);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_desc_destroy(plain);
    dnnl_memory_desc_destroy(wanted);
    return opened;
}

void peer_run(void)
{
    execute();
}

static void fetch_blocked(dnnl_memory_t from, void *to)
{
    dnnl_memory_desc_t plain = full_desc(&at.c->problem, false);
    dnnl_memory_t made = memory(plain, to);
    reorder(from, made);
    dnnl_memory_destroy(made);
    dnnl_memory_desc_destroy(plain);
}

void peer_fetch(void)
{
    if (at.c->mode == BENCH_FORWARD)
        for (size_t c = 0; c < at.w->spec.channels; c++)
            ((float *)at.w->invstd)[c] =
                (float)(1 / sqrt((double)at.var[c] + at.w->spec.eps));
    if (!at.c->blocked)
        return;
    fetch_blocked(at.result,
                  at.c->mode == BENCH_BACKWARD ? at.w->dx : at.w->out);
    if (at.second != NULL)
        fetch_blocked(at.second, at.w->dresidual);
}

void peer_close(void)
{
    dnnl_primitive_destroy(at.primitive);
    for (int i = 0; i < at.count; i++)
        dnnl_memory_destroy(at.arguments[i].memory);
    for (int i = 0; i < at.owned_count; i++)
        free(at.owned[i]);
    at.count = at.owned_count = 0;
}
