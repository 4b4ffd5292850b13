/* xhat info: what this build is, what it runs on, and a self-test. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/json.h"
#include "base/threads.h"
#include "kernels/kernels.h"
#include "output.h"
#include "circuit_page.h"
#include "xhat/circuit.h"
#include "xhat/xhat.h"

#if XHAT_HAVE_NET
#include "xhat/net.h"
#endif

/* ---- the self-test ------------------------------------------------------- */

enum { ROWS = 5, COLUMNS = 3 };

static const double test_x[ROWS * COLUMNS] = {-4, 1,  7, 2, 1, 9, 4, 5,
                                              3,  10, 5, 2, 1, 8, -6};
static const double test_dout[ROWS * COLUMNS] = {
    0.5, -1, 2, 1, 0.25, 0, -1, 3, 1, 0, 1, -2, 4, 0.5, 1};
static const double test_gamma[COLUMNS] = {1.5, -2, 0.5};
static const double test_beta[COLUMNS] = {0, 1, -1};

/* dx of the kernels in use */
static xhat_status fused_dx(double *dx, xhat_error *error)
{
    double out[ROWS * COLUMNS], mean[COLUMNS], low[COLUMNS], invstd[COLUMNS];
    xhat_status status = xhat_batchnorm_forward_f64(
        ROWS, COLUMNS, 1, test_x, test_gamma, test_beta, 1e-5, out, mean, low,
        invstd, error);
    if (status != XHAT_OK)
        return status;
    return xhat_batchnorm_backward_f64(ROWS, COLUMNS, 1, test_x, test_dout,
                                       test_gamma, 1e-5, mean, low, invstd, dx,
                                       NULL, NULL, error);
}

/* the largest difference between the kernels' dx and the circuit's, relative to
 * the largest dx; NaN when something failed */
static double self_test(void)
{
    double dx[ROWS * COLUMNS], worst = 0, largest = 0;
    xhat_axes axes = xhat_axes_batch(ROWS, COLUMNS, 1);
    xhat_run *run = NULL;
    xhat_error error;
    if (fused_dx(dx, &error) != XHAT_OK ||
        xhat_run_create(&run, xhat_circuit_batchnorm(), &axes, 1e-5, NULL,
                        &error) != XHAT_OK ||
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_X, test_x, &error) !=
            XHAT_OK ||
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_GAMMA, test_gamma,
                     &error) != XHAT_OK ||
        xhat_run_set(run, XHAT_SIDE_VALUE, XHAT_VALUE_BETA, test_beta,
                     &error) != XHAT_OK ||
        xhat_run_set(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_OUT, test_dout,
                     &error) != XHAT_OK ||
        xhat_run_forward(run, &error) != XHAT_OK ||
        xhat_run_backward(run, &error) != XHAT_OK) {
        worst = NAN;
    } else {
        const double *expected =
            xhat_run_field(run, XHAT_SIDE_GRADIENT, XHAT_VALUE_X).data;
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            worst = fmax(worst, fabs(dx[i] - expected[i]));
            largest = fmax(largest, fabs(expected[i]));
        }
        worst /= largest;
    }
    xhat_run_destroy(run);
    return worst;
}

/* ---- the report ---------------------------------------------------------- */

typedef struct facts {
    char cpu[80], features[80], blas[256];
    const xhat_isa *isa;
    const char *why;
    double error;
    bool passed;
    int threads; /* that a command would use */
} facts;

static int gather(const cli_invocation *invocation, facts *f)
{
    static const char *const names[] = {"AVX2", "AVX-512", "NEON"};
    unsigned features = xhat_cpu_features();
    xhat_error error = {0};
    int length = 0;
    *f = (facts){.blas = "none"};
    xhat_cpu_name(f->cpu, sizeof f->cpu);
    for (int i = 0; i < 3; i++)
        if (features & (1u << i))
            length += snprintf(f->features + length,
                               sizeof f->features - (size_t)length, "%s%s",
                               length > 0 ? " " : "", names[i]);
    if (xhat_isa_choose(&f->isa, &error) != XHAT_OK)
        return cli_fail_error(&error);
    const char *forced = getenv("XHAT_ISA");
    f->why = forced != NULL && *forced != '\0'
                 ? "forced by XHAT_ISA"
                 : "the newest of this build that the CPU can run";
#if XHAT_HAVE_NET
    xhat_net_describe_blas(f->blas, sizeof f->blas);
#endif
    int result = cli_threads(invocation, &f->threads);
    if (result != CLI_DONE)
        return result;
    f->error = self_test();
    f->passed = f->error <= 1e-12; /* false for NaN */
    return CLI_DONE;
}

/* "BLAS       " and these words, in lines of 80 columns. */
static void put_blas(xhat_text *text, const char *words)
{
    enum { LEFT = 11, ROOM = 80 - LEFT };
    const char *name = "BLAS";
    while (*words != '\0') {
        size_t end = strlen(words);
        while (end > ROOM) {
            size_t cut = end;
            while (cut > 0 && words[--cut] != ' ')
                ;
            if (cut == 0)
                break; /* one long word */
            end = cut;
        }
        xhat_text_add(text, "%-*s%.*s\n", LEFT, name, (int)end, words);
        words += end;
        words += *words == ' ';
        name = "";
    }
}

static void as_text(xhat_text *text, const facts *f)
{
    xhat_text_add(text, "xhat %s\n\n", xhat_version());
    xhat_text_add(text, "CPU        %s\n", *f->cpu ? f->cpu : "unknown");
    xhat_text_add(text, "features   %s\n",
                  *f->features ? f->features : "none that xhat asks for");
    xhat_text_add(text, "kernels    %s: %s\n           built:", f->isa->name,
                  f->why);
    for (int i = 0; xhat_isa_at(i) != NULL; i++)
        xhat_text_add(text, " %s", xhat_isa_at(i)->name);
    xhat_text_add(text, "\nthreads    %d (%s)\n", f->threads,
                  xhat_threads_built_in() ? "OpenMP" : "built without OpenMP");
    xhat_text_add(text, "compiler   %s, %s\n", __VERSION__, XHAT_BUILD_TYPE);
    xhat_text_add(text, "zlib       %s\n",
                  XHAT_HAVE_ZLIB ? "yes"
                                 : "no: compressed files cannot be read");
    xhat_text_add(text, "jansson    %s\n",
                  XHAT_HAVE_JSON ? "yes" : "no: safetensors cannot be read");
    put_blas(text, XHAT_HAVE_NET ? f->blas : "no: nets cannot be trained");
    xhat_text_add(text, "page       %s\n",
                  xhat_page_has_module()
                      ? "computes again (WebAssembly)"
                      : "static: clang, lld or wasi-libc was missing");
    xhat_text_add(text, "MPI        not part of this version\n\n");
    xhat_text_add(text,
                  "self-test  %s: dx of the kernels differs from the "
                  "circuit's by %.1e\n",
                  f->passed ? "passed" : "FAILED", f->error);
}

static void as_json(xhat_text *text, const facts *f)
{
    xhat_json json = xhat_json_on(text, 2);
    xhat_json_open(&json, NULL, '{');
    xhat_json_string(&json, "version", xhat_version());
    xhat_json_string(&json, "cpu", f->cpu);
    xhat_json_string(&json, "features", f->features);
    xhat_json_string(&json, "isa", f->isa->name);
    xhat_json_string(&json, "isa_why", f->why);
    xhat_json_open(&json, "isa_built", '(');
    for (int i = 0; xhat_isa_at(i) != NULL; i++)
        xhat_json_string(&json, NULL, xhat_isa_at(i)->name);
    xhat_json_close(&json);
    xhat_json_integer(&json, "threads", f->threads);
    xhat_json_bool(&json, "openmp", xhat_threads_built_in());
    xhat_json_string(&json, "compiler", __VERSION__);
    xhat_json_string(&json, "build_type", XHAT_BUILD_TYPE);
    xhat_json_bool(&json, "zlib", XHAT_HAVE_ZLIB);
    xhat_json_bool(&json, "jansson", XHAT_HAVE_JSON);
    xhat_json_bool(&json, "net", XHAT_HAVE_NET);
    xhat_json_bool(&json, "page_module", xhat_page_has_module());
    xhat_json_string(&json, "blas", f->blas);
    xhat_json_bool(&json, "self_test", f->passed);
    xhat_json_number(&json, "self_test_error", f->error);
    xhat_json_close(&json);
}

static int run(const cli_invocation *invocation)
{
    facts f;
    xhat_text text = xhat_text_on(NULL);
    int result = gather(invocation, &f);
    if (result != CLI_DONE)
        return result;
    if (cli_given(invocation, "json"))
        as_json(&text, &f);
    else
        as_text(&text, &f);
    result = text.failed
                 ? cli_fail(CLI_BUG, "out of memory")
                 : cli_write_text(invocation, NULL, text.data, text.length);
    xhat_text_free(&text);
    return result == CLI_DONE && !f.passed ? CLI_BUG : result;
}

const cli_command cli_command_info = {
    .name = "info",
    .summary = "this build, this machine, and a self-test",
    .operands = "",
    .examples = "    xhat info\n    xhat info --json\n",
    .least_operands = 0,
    .most_operands = 0,
    .tables = {NULL},
    .run = run,
};
