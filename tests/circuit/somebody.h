/* Batch norm as somebody wrote it: gate by gate, with plain loops, and with one
 * mistake of a list, or none. */
#ifndef XHAT_TESTS_SOMEBODY_H
#define XHAT_TESTS_SOMEBODY_H

#include "circuit_fixture.h"

enum { N = 5, D = 3, VALUES = 12 };
static const double EPS = 1e-3;

typedef enum mistake {
    NONE,
    MEAN_BY_N_MINUS_1,
    VAR_BY_N_MINUS_1,
    EPS_OUTSIDE,
    EPS_FORGOTTEN,
    X_FOR_DEV,
    NO_GAMMA,
    NO_BETA,
    NO_GAMMA_BACK,
    DGAMMA_WITHOUT_X_NORM,
    DGAMMA_OF_X,
    DGAMMA_OF_DEV,
    DGAMMA_OF_OUT,
    X_FOR_DEV_BACK,
    DIVIDE_BY_S_ONCE,
    DIVIDE_BY_VAR,
    ROOT_WITHOUT_HALF,
    ROOT_BY_SQUARE,
    ROOT_BY_HALF_SQUARE,
    ROOT_BACK_NO_EPS,
    VAR_BACK_WITHOUT_1_N,
    SQUARE_WITHOUT_2,
    NO_SQUARE_BRANCH,
    NO_PRODUCT_BRANCH,
    DMEAN_SIGN,
    NO_MEAN_BRANCH,
    MEAN_BACK_WITHOUT_1_N,
    DX_OF_ITS_OWN
} mistake;

/* [side][value][number]: somebody's arrays */
typedef double arrays[2][VALUES][N * D];

#define VALUE(name)    (a[0][XHAT_VALUE_##name])
#define GRADIENT(name) (a[1][XHAT_VALUE_##name])

static void somebodys_forward(arrays a, mistake wrong)
{
    for (int c = 0; c < D; c++) {
        double sum = 0, squares = 0;
        for (int n = 0; n < N; n++)
            sum += VALUE(X)[n * D + c];
        VALUE(MEAN)[c] = sum / (wrong == MEAN_BY_N_MINUS_1 ? N - 1 : N);
        for (int n = 0; n < N; n++) {
            double d = VALUE(X)[n * D + c] - VALUE(MEAN)[c];
            VALUE(DEV_FROM_MEAN)[n * D + c] = d;
            squares += VALUE(DEV_FROM_MEAN_SQ)[n * D + c] = d * d;
        }
        VALUE(VAR)[c] = squares / (wrong == VAR_BY_N_MINUS_1 ? N - 1 : N);
        VALUE(STDDEV)
        [c] = wrong == EPS_OUTSIDE     ? sqrt(VALUE(VAR)[c]) + EPS
              : wrong == EPS_FORGOTTEN ? sqrt(VALUE(VAR)[c])
                                       : sqrt(VALUE(VAR)[c] + EPS);
        VALUE(INVERTED_STDDEV)[c] = 1 / VALUE(STDDEV)[c];
        for (int k = c; k < N * D; k += D) {
            VALUE(X_NORM)
            [k] = VALUE(INVERTED_STDDEV)[c] *
                  (wrong == X_FOR_DEV ? VALUE(X) : VALUE(DEV_FROM_MEAN))[k];
            VALUE(SCALED_X)
            [k] = VALUE(X_NORM)[k] * (wrong == NO_GAMMA ? 1 : VALUE(GAMMA)[c]);
            VALUE(OUT)
            [k] = VALUE(SCALED_X)[k] + (wrong == NO_BETA ? 0 : VALUE(BETA)[c]);
        }
    }
}

/* Gates 9 to 4 of one feature. */
static void somebodys_upper_gates(arrays a, mistake wrong, int c)
{
    double dr = 0, s = VALUE(STDDEV)[c];
    GRADIENT(BETA)[c] = GRADIENT(GAMMA)[c] = 0;
    for (int k = c; k < N * D; k += D) {
        double dout = GRADIENT(OUT)[k];
        GRADIENT(BETA)[c] += dout;
        GRADIENT(SCALED_X)[k] = dout;
        GRADIENT(GAMMA)
        [c] += dout * (wrong == DGAMMA_WITHOUT_X_NORM ? 1
                       : wrong == DGAMMA_OF_X         ? VALUE(X)[k]
                       : wrong == DGAMMA_OF_DEV       ? VALUE(DEV_FROM_MEAN)[k]
                       : wrong == DGAMMA_OF_OUT       ? VALUE(OUT)[k]
                                                      : VALUE(X_NORM)[k]);
        GRADIENT(X_NORM)
        [k] = dout * (wrong == NO_GAMMA_BACK ? 1 : VALUE(GAMMA)[c]);
        dr += GRADIENT(X_NORM)[k] *
              (wrong == X_FOR_DEV_BACK ? VALUE(X) : VALUE(DEV_FROM_MEAN))[k];
    }
    GRADIENT(INVERTED_STDDEV)[c] = dr;
    GRADIENT(STDDEV)
    [c] = -dr / (wrong == DIVIDE_BY_S_ONCE ? s
                 : wrong == DIVIDE_BY_VAR  ? VALUE(VAR)[c]
                                           : s * s);
    GRADIENT(VAR)
    [c] = GRADIENT(STDDEV)[c] / (wrong == ROOT_WITHOUT_HALF     ? s
                                 : wrong == ROOT_BY_SQUARE      ? s * s
                                 : wrong == ROOT_BY_HALF_SQUARE ? 2 * s * s
                                 : wrong == ROOT_BACK_NO_EPS
                                     ? 2 * sqrt(VALUE(VAR)[c])
                                     : 2 * s);
}

static void somebodys_backward(arrays a, mistake wrong)
{
    for (int c = 0; c < D; c++) {
        somebodys_upper_gates(a, wrong, c);
        double sum = 0;
        for (int k = c; k < N * D; k += D) {
            double dq =
                GRADIENT(VAR)[c] / (wrong == VAR_BACK_WITHOUT_1_N ? 1 : N);
            double product = GRADIENT(X_NORM)[k] * VALUE(INVERTED_STDDEV)[c];
            double square = (wrong == SQUARE_WITHOUT_2 ? 1 : 2) *
                            VALUE(DEV_FROM_MEAN)[k] * dq;
            GRADIENT(DEV_FROM_MEAN_SQ)[k] = dq;
            GRADIENT(DEV_FROM_MEAN)
            [k] = (wrong == NO_PRODUCT_BRANCH ? 0 : product) +
                  (wrong == NO_SQUARE_BRANCH ? 0 : square);
            sum += GRADIENT(DEV_FROM_MEAN)[k];
        }
        GRADIENT(MEAN)[c] = wrong == DMEAN_SIGN ? sum : -sum;
        for (int k = c; k < N * D; k += D) {
            double part =
                GRADIENT(MEAN)[c] / (wrong == MEAN_BACK_WITHOUT_1_N ? 1 : N);
            GRADIENT(X)
            [k] = GRADIENT(DEV_FROM_MEAN)[k] +
                  (wrong == NO_MEAN_BRANCH ? 0 : part) +
                  (wrong == DX_OF_ITS_OWN ? 0.1 * k * k : 0);
        }
    }
}

static void fill(arrays a, mistake wrong)
{
    memset(a, 0, sizeof(arrays));
    for (int k = 0; k < N * D; k++) {
        VALUE(X)[k] = 3 * fixture_number(1, (size_t)k) + 1;
        GRADIENT(OUT)[k] = fixture_number(2, (size_t)k);
    }
    for (int c = 0; c < D; c++) {
        VALUE(GAMMA)[c] = 1.5 + fixture_number(3, (size_t)c);
        VALUE(BETA)[c] = 2 + fixture_number(4, (size_t)c);
    }
    somebodys_forward(a, wrong);
    somebodys_backward(a, wrong);
}

#endif
