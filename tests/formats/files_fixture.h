/* What the tests of the formats share: a folder of their own, bytes of files,
 * sample files. */
#ifndef XHAT_TESTS_FILES_FIXTURE_H
#define XHAT_TESTS_FILES_FIXTURE_H

#include "counting.h"
#include "xhat/formats.h"

/* ---- files --------------------------------------------------------------- */

/* cmocka's group setup and teardown: a new empty folder, removed with all its
 * files at the end. */
int folder_setup(void **state);
int folder_teardown(void **state);

/* FOLDER/name; each of the last eight results holds. */
const char *in_folder(const char *name);

/* how many files the folder holds, hidden ones included */
int folder_count(void);

void put_file(const char *path, const void *bytes, size_t size);
void put_text(const char *path, const char *text);

typedef struct bytes {
    unsigned char *data; /* malloc'ed: what reads too far is caught */
    size_t size;
} bytes;

bytes get_file(const char *path);
bytes get_copy(const void *data, size_t size);
void free_bytes(bytes *b);

/* ---- sample files, one of each kind -------------------------------------- */

typedef struct sample {
    const char *name;
    const unsigned char *data;
    size_t size;
    bool checked; /* a checksum covers the data */
} sample;

enum { SAMPLES = 8 };
extern const sample samples[SAMPLES];

/* the sample of that name */
const sample *sample_named(const char *name);

/* a reader of text[] as a file called "batch.csv" */
#define READ_TEXT(arrays, text)                                                \
    xhat_arrays_read_memory((arrays), (text), strlen(text), "batch.csv", NULL, \
                            error)

#endif
