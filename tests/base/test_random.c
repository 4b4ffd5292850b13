/* Counter-based random numbers. */
#include "check.h"

#include "base/random.h"

/* the known answer of Philox4x32-10 that Random123 publishes: all counter and
 * key bits set */
static void known_answer(void **state)
{
    (void)state;
    uint32_t words[4];
    xhat_random_words(UINT64_MAX, UINT64_MAX, UINT64_MAX, words);
    assert_int_equal(words[0], 0x408f276d);
    assert_int_equal(words[1], 0x41c83b0e);
    assert_int_equal(words[2], 0xa20bc7c6);
    assert_int_equal(words[3], 0x6d5451fd);
}

static void draws(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    double sum = 0, squares = 0, uniform = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double u = xhat_random_uniform(1, 2, i);
        double n = xhat_random_normal(1, 3, i);
        assert_true(u >= 0 && u < 1);
        uniform += u;
        sum += n;
        squares += n * n;
    }
    assert_close(uniform / COUNT, 0.5, 0, 0.01);
    assert_close(sum / COUNT, 0, 0, 0.03);
    assert_close(squares / COUNT, 1, 0, 0.05);
    /* seed, stream and index all matter */
    double a = xhat_random_uniform(1, 2, 3);
    assert_true(a == xhat_random_uniform(1, 2, 3));
    assert_true(a != xhat_random_uniform(2, 2, 3));
    assert_true(a != xhat_random_uniform(1, 3, 3));
    assert_true(a != xhat_random_uniform(1, 2, 4));
}

static void permutations(void **state)
{
    (void)state;
    size_t p[100], q[100], moved = 0;
    int seen[100] = {0};
    xhat_random_permutation(5, 1, 100, p);
    xhat_random_permutation(6, 1, 100, q);
    for (int i = 0; i < 100; i++) {
        assert_true(p[i] < 100);
        seen[p[i]]++;
        moved += p[i] != (size_t)i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
    assert_memory_not_equal(p, q, sizeof p);
    xhat_random_permutation(5, 1, 0, p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(draws),
        cmocka_unit_test(permutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
