/* A file appears whole or not at all, and an old one stays until then. */
#include "files_fixture.h"
#include "formats/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_holds(const char *path, const char *text)
{
    bytes b = get_file(path);
    assert_int_equal(b.size, strlen(text));
    assert_memory_equal(b.data, text, b.size);
    free_bytes(&b);
}

static xhat_status put_string(const char *path, bool force, const char *text,
                              xhat_error *error)
{
    return xhat_file_write(path, force, text, strlen(text), error);
}

static void a_file_appears_at_commit(void **state)
{
    (void)state;
    xhat_output_file file;
    const char *path = in_folder("new");
    assert_ok(xhat_output_open(&file, path, false, error));
    fprintf(file.stream, "%d ", 12);
    xhat_output_put(&file, "cats", 4);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(folder_count(), 1);
    assert_ok(xhat_output_commit(&file, error));
    check_holds(path, "12 cats");
    assert_int_equal(folder_count(), 1);
    remove(path);
}

static void nothing_remains_of_an_abandoned_file(void **state)
{
    (void)state;
    xhat_output_file file;
    const char *path = in_folder("old");
    put_text(path, "old");
    assert_ok(xhat_output_open(&file, path, true, error));
    xhat_output_put(&file, "new", 3);
    xhat_output_abandon(&file);
    xhat_output_abandon(&file);
    check_holds(path, "old");
    assert_int_equal(folder_count(), 1);
    remove(path);
}

static void nothing_is_overwritten_without_force(void **state)
{
    (void)state;
    char expected[600];
    const char *path = in_folder("out.npz");
    put_text(path, "old");
    snprintf(expected, sizeof expected, "%s exists", path);
    assert_fails(put_string(path, false, "new", error), XHAT_ALREADY_EXISTS,
                 expected);
    check_holds(path, "old");
    assert_ok(put_string(path, true, "new", error));
    check_holds(path, "new");
    assert_int_equal(folder_count(), 1);
    remove(path);
}

static void a_file_that_came_meanwhile_is_kept(void **state)
{
    (void)state;
    xhat_output_file file;
    const char *path = in_folder("race");
    assert_ok(xhat_output_open(&file, path, false, error));
    put_text(path, "theirs");
    assert_fails(xhat_output_commit(&file, error), XHAT_ALREADY_EXISTS,
                 "exists");
    check_holds(path, "theirs");
    assert_int_equal(folder_count(), 1);
    remove(path);
}

static void permissions_follow_the_umask_or_the_old_file(void **state)
{
    (void)state;
    struct stat status;
    const char *path = in_folder("mode");
    mode_t old = umask(027);
    assert_ok(put_string(path, false, "x", error));
    umask(old);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(chmod(path, 0600), 0);
    assert_ok(put_string(path, true, "y", error));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    remove(path);
}

static void a_symbolic_link_stays_one(void **state)
{
    (void)state;
    struct stat status;
    const char *target = in_folder("target"), *link = in_folder("link");
    put_text(target, "old");
    assert_int_equal(symlink("target", link), 0);
    assert_fails(put_string(link, false, "new", error), XHAT_ALREADY_EXISTS,
                 "link exists");
    assert_ok(put_string(link, true, "new", error));
    check_holds(target, "new");
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    remove(target);
    assert_fails(put_string(link, true, "new", error), XHAT_CANNOT_WRITE,
                 "symbolic link to nothing");
    remove(link);
    assert_int_equal(folder_count(), 0);
}

static void what_cannot_be_written_says_why(void **state)
{
    (void)state;
    assert_fails(put_string("/tmp", true, "x", error), XHAT_CANNOT_WRITE,
                 "cannot write /tmp: Is a directory");
    assert_fails(put_string(in_folder("no/file"), false, "x", error),
                 XHAT_CANNOT_WRITE, "No such file or directory");
    put_text(in_folder("plain"), "");
    assert_fails(put_string(in_folder("plain/file"), false, "x", error),
                 XHAT_CANNOT_WRITE, "Not a directory");
    assert_fails(put_string("", false, "x", error), XHAT_CANNOT_WRITE,
                 "No such file or directory");
    if (geteuid() != 0) { /* who may write everywhere */
        const char *closed = in_folder("closed");
        assert_int_equal(mkdir(closed, 0555), 0);
        assert_fails(put_string(in_folder("closed/file"), false, "x", error),
                     XHAT_CANNOT_WRITE, "Permission denied");
        rmdir(closed);
    }
    remove(in_folder("plain"));
}

static void devices_are_written_in_place(void **state)
{
    (void)state;
    struct stat status;
    assert_ok(put_string("/dev/null", false, "x", error));
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    if (access("/dev/full", W_OK) == 0)
        assert_fails(put_string("/dev/full", false, "x", error),
                     XHAT_CANNOT_WRITE, "No space left on device");
}

/* A limit on the size of files stands for a full disk. */
static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    static char large[1 << 20];
    const char *path = in_folder("full");
    struct rlimit before, small;
    put_text(path, "old");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    for (size_t size = 99999; size <= sizeof large; size = 10 * size + 7) {
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        xhat_error error = {0};
        xhat_status status = xhat_file_write(path, true, large, size, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        if (size < 100000) {
            assert_int_equal(status, XHAT_OK);
            put_text(path, "old");
            continue;
        }
        assert_int_equal(status, XHAT_CANNOT_WRITE);
        assert_non_null(strstr(error.message, strerror(EFBIG)));
        check_holds(path, "old");
    }
    assert_int_equal(folder_count(), 1);
    remove(path);
}

/* in a process of its own: what it writes to "-" comes through a pipe */
static void standard_output_is_left_open(void **state)
{
    (void)state;
    int ends[2], exit_status;
    char got[32] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        bool ok = put_string("-", false, "one ", NULL) == XHAT_OK &&
                  put_string("-", true, "two", NULL) == XHAT_OK;
        _exit(ok ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &exit_status, 0), child);
    assert_int_equal(exit_status, 0);
    assert_int_equal(read(ends[0], got, sizeof got - 1), 7);
    assert_string_equal(got, "one two");
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_at_commit),
        cmocka_unit_test(nothing_remains_of_an_abandoned_file),
        cmocka_unit_test(nothing_is_overwritten_without_force),
        cmocka_unit_test(a_file_that_came_meanwhile_is_kept),
        cmocka_unit_test(permissions_follow_the_umask_or_the_old_file),
        cmocka_unit_test(a_symbolic_link_stays_one),
        cmocka_unit_test(what_cannot_be_written_says_why),
        cmocka_unit_test(devices_are_written_in_place),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(standard_output_is_left_open),
    };
    return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
