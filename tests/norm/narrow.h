/* Narrow rows, which the kernels take several of as one. */
#ifndef XHAT_TESTS_NORM_NARROW_H
#define XHAT_TESTS_NORM_NARROW_H

/* A test: rows that follow each other have the elements, bit for bit, and about
 * the sums of the same rows with a gap behind each, which are taken one by one;
 * in every tier, past the caches and not, with guards behind the output. */
void narrow_rows_in_every_tier(void **state);

#endif
