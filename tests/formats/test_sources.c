/* Where bytes come from, and what files that are no arrays are told. */
#include "files_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void what_cannot_be_read_says_why(void **state)
{
    (void)state;
    xhat_arrays arrays;
    assert_fails(xhat_arrays_read(&arrays, in_folder("none"), NULL, error),
                 XHAT_CANNOT_READ, "none: No such file or directory");
    assert_fails(xhat_arrays_read(&arrays, "/tmp", NULL, error),
                 XHAT_CANNOT_READ, "cannot read /tmp: Is a directory");
    assert_fails(xhat_arrays_read(&arrays, "/dev/null", NULL, error),
                 XHAT_BAD_FORMAT, "/dev/null: the file is empty");
    if (geteuid() != 0) {
        put_text(in_folder("closed"), "1");
        assert_int_equal(chmod(in_folder("closed"), 0), 0);
        assert_fails(
            xhat_arrays_read(&arrays, in_folder("closed"), NULL, error),
            XHAT_CANNOT_READ, "Permission denied");
    }
}

/* more than a pipe holds and more than the first block, in pieces */
static void pipes_and_standard_input_are_read_to_their_end(void **state)
{
    (void)state;
    enum { ROWS = 50000 };
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        FILE *out = fdopen(ends[1], "w");
        for (int i = 0; i < ROWS; i++)
            fprintf(out, "%d,%d\n", i, -i);
        fclose(out);
        _exit(0);
    }
    close(ends[1]);
    int kept = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    xhat_arrays arrays;
    assert_ok(xhat_arrays_read(&arrays, "-", NULL, error));
    assert_int_equal(arrays.items[0].shape[0], ROWS);
    assert_close(xhat_array_f64_at(&arrays.items[0], 2 * ROWS - 1), 1 - ROWS, 0,
                 0);
    xhat_arrays_free(&arrays);
    assert_fails(xhat_arrays_read(&arrays, "-", NULL, error), XHAT_BAD_FORMAT,
                 "standard input: the file is empty");
    dup2(kept, STDIN_FILENO);
    close(kept);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void strangers_are_named(void **state)
{
    (void)state;
    static char tar[512] = "x.bin";
    memcpy(tar + 257, "ustar", 5);
    static const struct {
        const char *data;
        size_t size;
        const char *message;
    } cases[] = {
        {"\x80\x04\x95\x10", 4, "a Python pickle, and nothing is ever"},
        {tar, sizeof tar, "a tar archive"},
        {"\xff\xfe,\0;\0", 6, "UTF-16 text"},
        {"\x89HDF\r\n\x1a\n", 8, "an HDF5 file"},
        {"\x89PNG\r\n\x1a\n", 8, "a picture"},
        {"\x7f\x45LF\x01", 5, "not a file of arrays"},
        {"\x01\x02", 2, "not a file of arrays"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xhat_arrays arrays;
        assert_fails(xhat_arrays_read_memory(&arrays, cases[i].data,
                                             cases[i].size, "s", NULL, error),
                     XHAT_BAD_FORMAT, cases[i].message);
    }
}

/* the content decides, whatever the name says */
static void names_do_not_matter(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        xhat_arrays arrays;
        const char *path = in_folder("model.png");
        put_file(path, samples[i].data, samples[i].size);
        xhat_status status = xhat_arrays_read(&arrays, path, NULL, NULL);
        assert_true(status == XHAT_OK || status == XHAT_UNSUPPORTED);
        if (status == XHAT_OK)
            assert_int_equal(strncmp(arrays.format, samples[i].name, 3), 0);
        xhat_arrays_free(&arrays);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_says_why),
        cmocka_unit_test(pipes_and_standard_input_are_read_to_their_end),
        cmocka_unit_test(strangers_are_named),
        cmocka_unit_test(names_do_not_matter),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
