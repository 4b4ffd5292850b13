/* IDX, gzipped or not, and CIFAR-10. */
#include "files_fixture.h"

#include <unistd.h>

static xhat_status read_bytes(xhat_arrays *arrays, const char *data,
                              size_t size, xhat_error *error)
{
    return xhat_arrays_read_memory(arrays, data, size, "i", NULL, error);
}

static void every_idx_type_is_read(void **state)
{
    (void)state;
    static const struct {
        unsigned char type;
        xhat_element element;
        const char *data; /* 1 and -2 (255, 254 when unsigned), big-endian */
        double a, b;
    } cases[] = {
        {0x08, XHAT_ELEMENT_U8, "\xff\xfe", 255, 254},
        {0x09, XHAT_ELEMENT_I8, "\x01\xfe", 1, -2},
        {0x0b, XHAT_ELEMENT_I16, "\x00\x01\xff\xfe", 1, -2},
        {0x0c, XHAT_ELEMENT_I32, "\x00\x00\x00\x01\xff\xff\xff\xfe", 1, -2},
        {0x0d, XHAT_ELEMENT_F32, "\x3f\x80\x00\x00\xc0\x00\x00\x00", 1, -2},
        {0x0e, XHAT_ELEMENT_F64, "\x3f\xf0\0\0\0\0\0\0\xc0\x00\0\0\0\0\0\0", 1,
         -2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[32] = {0, 0, (char)cases[i].type, 1, 0, 0, 0, 2};
        size_t size = 2 * xhat_element_size(cases[i].element);
        xhat_arrays arrays;
        memcpy(file + 8, cases[i].data, size);
        assert_ok(read_bytes(&arrays, file, 8 + size, error));
        assert_string_equal(arrays.format, "idx");
        assert_int_equal(arrays.items[0].element, cases[i].element);
        assert_close(xhat_array_f64_at(&arrays.items[0], 0), cases[i].a, 0, 0);
        assert_close(xhat_array_f64_at(&arrays.items[0], 1), cases[i].b, 0, 0);
        xhat_arrays_free(&arrays);
    }
}

static void a_gzipped_idx_is_the_same(void **state)
{
    (void)state;
    if (!XHAT_HAVE_ZLIB)
        skip();
    xhat_arrays arrays;
    const sample *s = sample_named("idx_gz");
    assert_ok(
        xhat_arrays_read_memory(&arrays, s->data, s->size, "i", NULL, error));
    assert_string_equal(arrays.format, "idx");
    assert_int_equal(arrays.items[0].shape[0], 2);
    assert_int_equal(arrays.items[0].shape[1], 3);
    assert_memory_equal(arrays.items[0].data, "\1\2\3\4\5\6", 6);
    xhat_arrays_free(&arrays);
}

static void both_numbers_are_said(void **state)
{
    (void)state;
    xhat_arrays arrays;
    assert_fails(
        read_bytes(&arrays, "\0\0\x08\x02\0\0\0\2\0\0\0\3abcde", 17, error),
        XHAT_BAD_FORMAT, "promises 2x3 uint8 (6 bytes), but it holds 5 bytes");
    assert_fails(
        read_bytes(&arrays, "\0\0\x08\x02\0\0\0\2\0\0\0\3abcdefg", 19, error),
        XHAT_BAD_FORMAT, "but it holds 7 bytes");
    assert_fails(read_bytes(&arrays, "\0\0\x08\x09", 4, error), XHAT_BAD_FORMAT,
                 "rank 9");
    assert_fails(read_bytes(&arrays, "\0\0\x08\x02\0\0\0", 7, error),
                 XHAT_BAD_FORMAT, "cut off");
}

/* gzip with one stored block: no compressor needed */
static size_t put_gzip(unsigned char *to, const char *data, size_t size,
                       uint32_t crc)
{
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0,
                                             0,    0,    0, 0, 3};
    unsigned char *at = to;
    memcpy(at, header, 10);
    at += 10;
    *at++ = 1; /* the last block, stored */
    *at++ = (unsigned char)size;
    *at++ = 0;
    *at++ = (unsigned char)~size;
    *at++ = 0xff;
    memcpy(at, data, size);
    at += size;
    for (int i = 0; i < 4; i++)
        *at++ = (unsigned char)(crc >> 8 * i);
    for (int i = 0; i < 4; i++)
        *at++ = (unsigned char)(size >> 8 * i);
    return (size_t)(at - to);
}

static void gzip_files_are_checked(void **state)
{
    (void)state;
    if (!XHAT_HAVE_ZLIB)
        skip();
    enum { CRC_OF_12 = 0x55214233 }; /* of "1,2\n" */
    xhat_arrays arrays;
    unsigned char file[128];
    size_t size = put_gzip(file, "1,2\n", 4, CRC_OF_12);
    assert_ok(read_bytes(&arrays, (char *)file, size, error));
    assert_string_equal(arrays.format, "csv");
    xhat_arrays_free(&arrays);

    size_t both = size + put_gzip(file + size, "1,2\n", 4, CRC_OF_12);
    assert_ok(read_bytes(&arrays, (char *)file, both, error));
    assert_int_equal(arrays.items[0].shape[0], 2);
    xhat_arrays_free(&arrays);

    assert_fails(read_bytes(&arrays, (char *)file, size + 1, error),
                 XHAT_BAD_FORMAT, "end 1 bytes too early");
    assert_fails(read_bytes(&arrays, (char *)file, size - 1, error),
                 XHAT_BAD_FORMAT, "truncated");
    put_gzip(file, "1,2\n", 4, CRC_OF_12 ^ 1);
    assert_fails(read_bytes(&arrays, (char *)file, size, error),
                 XHAT_BAD_FORMAT, "incorrect data check");
    size = put_gzip(file, "", 0, 0);
    assert_fails(read_bytes(&arrays, (char *)file, size, error),
                 XHAT_BAD_FORMAT, "the compressed file is empty");
}

/* An IDX header of 4 GiB in a small gzip file. */
static void a_lying_gzipped_header_takes_no_memory(void **state)
{
    (void)state;
    if (!XHAT_HAVE_ZLIB)
        skip();
    char idx[100] = {0,          0,          8,          1,
                     (char)0xff, (char)0xff, (char)0xff, (char)0xff};
    unsigned char file[200];
    xhat_arrays arrays;
    size_t size = put_gzip(file, idx, sizeof idx, 0);
    assert_fails(read_bytes(&arrays, (char *)file, size, error),
                 XHAT_BAD_FORMAT,
                 "promises 4294967303 bytes: more than its 123 compressed");
    idx[4] = idx[5] = idx[6] = 0;
    idx[7] = 10;
    size = put_gzip(file, idx, sizeof idx, 0);
    assert_fails(read_bytes(&arrays, (char *)file, size, error),
                 XHAT_BAD_FORMAT, "more than the 18 bytes");
}

enum { RECORD = 3073 };

static void cifar_is_split_into_images_and_labels(void **state)
{
    (void)state;
    static char file[2 * RECORD];
    xhat_arrays arrays;
    for (int i = 0; i < 2 * RECORD; i++)
        file[i] = (char)(i % 251);
    file[0] = 7;
    file[RECORD] = 9;
    assert_ok(read_bytes(&arrays, file, sizeof file, error));
    assert_string_equal(arrays.format, "cifar10");
    const xhat_array *images = xhat_arrays_find(&arrays, "x");
    const xhat_array *labels = xhat_arrays_find(&arrays, "y");
    assert_int_equal(images->rank, 4);
    assert_int_equal(images->shape[0], 2);
    assert_int_equal(xhat_array_count(images), 2 * (RECORD - 1));
    assert_memory_equal(images->data, file + 1, RECORD - 1);
    assert_memory_equal((char *)images->data + RECORD - 1, file + RECORD + 1,
                        RECORD - 1);
    assert_memory_equal(labels->data, "\7\11", 2);
    xhat_arrays_free(&arrays);

    file[RECORD] = 10;
    assert_fails(read_bytes(&arrays, file, sizeof file, error), XHAT_BAD_FORMAT,
                 "not a file of arrays");
    assert_fails(read_bytes(&arrays, file, RECORD - 1, error), XHAT_BAD_FORMAT,
                 "not a file of arrays");
}

static void a_text_of_that_size_is_a_text(void **state)
{
    (void)state;
    static char file[RECORD + 1];
    xhat_arrays arrays;
    memset(file, '1', RECORD);
    file[0] = '\t';
    file[RECORD - 1] = '\n';
    for (int i = 2; i < RECORD - 1; i += 2)
        file[i] = '\n';
    assert_fails(read_bytes(&arrays, file, RECORD, error), XHAT_BAD_FORMAT,
                 "i:1:1: \"\" is not a number");
}

/* the sum of a file's elements, or -1 when the file is not there */
static double sum_of(const char *path, size_t rows)
{
    xhat_arrays arrays;
    double sum = 0;
    if (access(path, R_OK) != 0) {
        print_message("%s is not there: skipped\n", path);
        return -1;
    }
    assert_ok(xhat_arrays_read(&arrays, path, NULL, error));
    assert_int_equal(arrays.items[0].shape[0], rows);
    for (size_t i = 0; i < xhat_array_count(&arrays.items[0]); i++)
        sum += xhat_array_f64_at(&arrays.items[0], i);
    xhat_arrays_free(&arrays);
    return sum;
}

/* ten classes, equally often */
static void fashion_labels_are_balanced(void **state)
{
    (void)state;
    if (!XHAT_HAVE_ZLIB)
        skip();
    double sum = sum_of("/usr/share/datasets/fashion-mnist/"
                        "train-labels-idx1-ubyte.gz",
                        60000);
    if (sum < 0)
        skip();
    assert_close(sum, 6000 * 45, 0, 0);
}

static void cifar_pixels_add_up(void **state)
{
    (void)state;
    double sum = sum_of(SHARED_DATA "/cifar10/cifar10_first4000.bin", 4000);
    if (sum < 0)
        skip();
    assert_close(sum, 1481085868, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_idx_type_is_read),
        cmocka_unit_test(a_gzipped_idx_is_the_same),
        cmocka_unit_test(both_numbers_are_said),
        cmocka_unit_test(gzip_files_are_checked),
        cmocka_unit_test(a_lying_gzipped_header_takes_no_memory),
        cmocka_unit_test(cifar_is_split_into_images_and_labels),
        cmocka_unit_test(a_text_of_that_size_is_a_text),
        cmocka_unit_test(fashion_labels_are_balanced),
        cmocka_unit_test(cifar_pixels_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
