/* Every truncation, every damaged byte and every failing allocation of a
 * sample of each format: an error or a sane result, and never a leak. */
#define _GNU_SOURCE /* memmem */
#include "files_fixture.h"

static xhat_status read_as(const sample *s, xhat_arrays *arrays,
                           const void *data, size_t size,
                           const xhat_allocator *allocator, xhat_error *error)
{
    *error = (xhat_error){0};
    return xhat_arrays_read_memory(arrays, data, size, s->name, allocator,
                                   error);
}

static bool is_readable(const sample *s)
{
    return (XHAT_HAVE_ZLIB || (strstr(s->name, "_gz") == NULL &&
                               strstr(s->name, "npz_") == NULL)) &&
           (XHAT_HAVE_JSON || strcmp(s->name, "safetensors") != 0);
}

/* a failure says why and hands out nothing; a success has all its elements */
static void check_sane(xhat_status status, xhat_arrays *arrays,
                       const xhat_error *error)
{
    if (status != XHAT_OK) {
        assert_int_equal(error->status, status);
        assert_true(strlen(error->message) > 0);
        assert_int_equal(arrays->count, 0);
        assert_null(arrays->items);
        return;
    }
    for (size_t i = 0; i < arrays->count; i++)
        for (size_t k = 0; k < xhat_array_count(&arrays->items[i]); k++)
            (void)xhat_array_f64_at(&arrays->items[i], k);
    xhat_arrays_free(arrays);
}

static void every_sample_is_read(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        xhat_arrays arrays;
        xhat_error error;
        bytes copy = get_copy(samples[i].data, samples[i].size);
        xhat_status status =
            read_as(&samples[i], &arrays, copy.data, copy.size, NULL, &error);
        if (is_readable(&samples[i]) && status != XHAT_OK)
            fail_msg("%s", error.message);
        if (!is_readable(&samples[i]))
            assert_int_equal(status, XHAT_UNSUPPORTED);
        check_sane(status, &arrays, &error);
        free_bytes(&copy);
    }
}

static void every_truncation_fails(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++)
        for (size_t size = 0; size < samples[i].size; size++) {
            xhat_arrays arrays;
            xhat_error error;
            bytes copy = get_copy(samples[i].data, size);
            xhat_status status = read_as(&samples[i], &arrays, copy.data,
                                         copy.size, NULL, &error);
            bool text = strcmp(samples[i].name, "csv") == 0;
            if (status == XHAT_OK && !text)
                fail_msg("%s: %zu of %zu bytes are read", samples[i].name, size,
                         samples[i].size);
            check_sane(status, &arrays, &error);
            free_bytes(&copy);
        }
}

/* Where a checksum covers the data, damage to any of them is noticed. */
static void every_damaged_byte_is_survived(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        size_t noticed = 0;
        for (size_t at = 0; at < samples[i].size; at++) {
            xhat_arrays arrays;
            xhat_error error;
            bytes copy = get_copy(samples[i].data, samples[i].size);
            copy.data[at] ^= 0xff;
            xhat_status status = read_as(&samples[i], &arrays, copy.data,
                                         copy.size, NULL, &error);
            noticed += status != XHAT_OK;
            check_sane(status, &arrays, &error);
            free_bytes(&copy);
        }
        /* what is left are times, versions and attributes of zip and gzip */
        if (samples[i].checked && is_readable(&samples[i]))
            assert_true(noticed > samples[i].size / 2);
    }
}

static void a_damaged_element_fails_the_checksum(void **state)
{
    (void)state;
    const sample *s = sample_named("npz");
    xhat_arrays arrays;
    bytes copy = get_copy(s->data, s->size);
    const unsigned char ten[] = {0, 0, 0x20, 0x41}; /* 10 in x */
    unsigned char *at = memmem(copy.data, copy.size, ten, sizeof ten);
    assert_non_null(at);
    at[2] ^= 1;
    assert_fails(xhat_arrays_read_memory(&arrays, copy.data, copy.size, "m.npz",
                                         NULL, error),
                 XHAT_BAD_FORMAT, "m.npz: x: damaged: its checksum is wrong");
    free_bytes(&copy);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        xhat_status status = XHAT_OUT_OF_MEMORY;
        size_t k;
        for (k = 1; status == XHAT_OUT_OF_MEMORY; k++) {
            counting c = {.fail_at = k};
            xhat_allocator allocator = counting_on(&c);
            xhat_arrays arrays;
            xhat_error error;
            status = read_as(&samples[i], &arrays, samples[i].data,
                             samples[i].size, &allocator, &error);
            check_sane(status, &arrays, &error);
            assert_int_equal(c.alive, 0);
            assert_int_equal(status == XHAT_OUT_OF_MEMORY, c.calls >= k);
        }
        if (is_readable(&samples[i]))
            assert_true(k > 3); /* some allocations have failed */
    }
}

static void every_failing_allocation_of_a_table_is_reported(void **state)
{
    (void)state;
    static const char text[] = "x,label\n1,a\n2,b\n";
    xhat_status status = XHAT_OUT_OF_MEMORY;
    size_t k;
    for (k = 1; status == XHAT_OUT_OF_MEMORY; k++) {
        counting c = {.fail_at = k};
        xhat_allocator allocator = counting_on(&c);
        xhat_table table;
        status = xhat_table_read_memory(&table, text, sizeof text - 1, "t",
                                        &allocator, NULL);
        if (status == XHAT_OK)
            xhat_table_free(&table);
        assert_int_equal(c.alive, 0);
    }
    assert_int_equal(status, XHAT_OK);
    assert_true(k > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_read),
        cmocka_unit_test(every_truncation_fails),
        cmocka_unit_test(every_damaged_byte_is_survived),
        cmocka_unit_test(a_damaged_element_fails_the_checksum),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(every_failing_allocation_of_a_table_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
