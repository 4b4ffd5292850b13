/* Products against the sum written down: every way that factors are stored,
 * on both sides of the size from which several threads, or another library,
 * take over. */
#include "net_fixture.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "net/net_parts.h"
#include "net/product.h"

static real *draw(size_t count, uint64_t stream)
{
    real *values = malloc(count * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (real)(xhat_random_uniform(1, stream, i) - 0.5);
    return values;
}

static double at(xhat_factor factor, size_t rows, size_t columns, size_t i,
                 size_t j)
{
    return (double)
        factor.values[factor.transposed ? j * rows + i : i * columns + j];
}

/* Some elements of a product of this size, each within float32's rounding. */
static void check_product(size_t rows, size_t columns, size_t inner, bool ta,
                          bool tb, bool add)
{
    enum { LOOKED_AT = 200 };
    real *a = draw(rows * inner, 1), *b = draw(inner * columns, 2);
    real *out = draw(rows * columns, 3), *before = draw(rows * columns, 3);
    xhat_factor left = {a, ta}, right = {b, tb};
    xhat_product(rows, columns, inner, left, right, add, out);
    for (size_t n = 0; n < LOOKED_AT; n++) {
        size_t i = n * 7919 % rows, j = n * 104729 % columns;
        double sum = add ? (double)before[i * columns + j] : 0;
        for (size_t k = 0; k < inner; k++)
            sum +=
                at(left, rows, inner, i, k) * at(right, inner, columns, k, j);
        assert_true(fabs((double)out[i * columns + j] - sum) < 2e-5);
    }
    free(a);
    free(b);
    free(out);
    free(before);
}

static void products_are_sums(void **state)
{
    static const size_t sizes[][3] = {
        {1, 1, 1}, {5, 3, 7}, {50, 100, 784}, {257, 191, 173}, {300, 200, 150}};
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        xhat_net_set_blas_threads(threads);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (int way = 0; way < 8; way++)
                check_product(sizes[s][0], sizes[s][1], sizes[s][2], way & 1,
                              way & 2, way & 4);
    }
    xhat_net_set_blas_threads(1);
}

/* Threads are for nets with a product that keeps them busy. */
static void small_products_want_one_thread(void **state)
{
    static const size_t narrow[] = {100, 100}, wide[] = {100, 512};
    xhat_net_spec spec = xhat_net_spec_default();
    xhat_net *net;
    (void)state;
    spec.features = 784;
    spec.classes = 10;
    spec.hidden_count = 2;
    spec.hidden = narrow;
    assert_int_equal(xhat_net_create(&net, &spec, NULL, NULL), XHAT_OK);
    assert_int_equal(xhat_net_useful_threads(net, 50, 2), 1);
    assert_int_equal(xhat_net_useful_threads(net, 256, 2), 2);
    xhat_net_destroy(net);
    spec.hidden = wide;
    assert_int_equal(xhat_net_create(&net, &spec, NULL, NULL), XHAT_OK);
    assert_int_equal(xhat_net_useful_threads(net, 128, 2), 2);
    assert_int_equal(xhat_net_useful_threads(net, 128, 1), 1);
    xhat_net_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_sums),
        cmocka_unit_test(small_products_want_one_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
