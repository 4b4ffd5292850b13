/* Inverted dropout: a kept unit is divided by the share kept, so that nothing
 * is to be done in evaluation.
 * Source: Srivastava et al. 2014. */
#include "base/random.h"
#include "net/net_parts.h"

enum { WORDS = 4 }; /* a draw of random words decides as many units */

void xhat_dropout_forward(const xhat_dropout *dropout, size_t layer,
                          size_t rows, size_t width, real *a)
{
    uint64_t stream = xhat_net_stream(XHAT_STREAM_DROPOUT, layer);
    uint64_t draws = (width + WORDS - 1) / WORDS; /* a sample */
    const double below = dropout->keep * 0x1p32;
    const real scale = (real)(1 / dropout->keep);
    for (size_t r = 0; r < rows; r++) {
        uint64_t index =
            (dropout->epoch * dropout->samples + dropout->sample[r]) * draws;
        real *row = a + r * width;
        for (size_t j = 0; j < width; j += WORDS, index++) {
            uint32_t words[WORDS];
            xhat_random_words(dropout->seed, stream, index, words);
            for (size_t k = 0; k < WORDS && j + k < width; k++)
                row[j + k] = words[k] < below ? row[j + k] * scale : 0;
        }
    }
}

void xhat_dropout_backward(double keep, size_t count, const real *out,
                           real *gradient)
{
    const real scale = (real)(1 / keep);
    for (size_t i = 0; i < count; i++)
        gradient[i] = out[i] > 0 ? gradient[i] * scale : 0;
}
