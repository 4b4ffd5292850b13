/* Which kernels run on this CPU: a table, newest first. */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "kernels.h"

/* each tier's tables, defined in isa/<name>.c */
#define DECLARE(name)                                                          \
    extern const xhat_kernels xhat_kernels_##name##_f32,                       \
        xhat_kernels_##name##_f64
#define TIER(name, needs)                                                      \
    {                                                                          \
#name, needs,                                                          \
        {                                                                      \
            &xhat_kernels_##name##_f32, &xhat_kernels_##name##_f64             \
        }                                                                      \
    }

DECLARE(generic);
#if defined(__x86_64__)
DECLARE(avx2);
DECLARE(avx512);
#elif defined(__aarch64__)
DECLARE(neon);
#endif

static const xhat_isa tiers[] = {
#if defined(__x86_64__)
    TIER(avx512, XHAT_CPU_AVX512),
    TIER(avx2, XHAT_CPU_AVX2),
#elif defined(__aarch64__)
    TIER(neon, XHAT_CPU_NEON),
#endif
    TIER(generic, 0),
};

enum { TIERS = sizeof tiers / sizeof *tiers };

/* the tiers that XHAT_ISA may name, in this build or not */
static const char *const known[] = {"generic", "avx2", "avx512", "neon"};

const xhat_isa *xhat_isa_at(int index)
{
    return index >= 0 && index < TIERS ? &tiers[index] : NULL;
}

static xhat_status refuse(const char *forced, xhat_error *error)
{
    const char *why = "is not a kernel tier";
    char built[64] = "";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], forced) == 0)
            why = "is a kernel tier that this build does not have";
    for (int i = 0; i < TIERS; i++) {
        if (strcmp(tiers[i].name, forced) == 0)
            why = "needs instructions that this CPU does not have";
        strncat(built, i > 0 ? ", " : "", sizeof built - strlen(built) - 1);
        strncat(built, tiers[i].name, sizeof built - strlen(built) - 1);
    }
    return xhat_fail(error, XHAT_UNSUPPORTED, "XHAT_ISA=%s %s (built: %s)",
                     forced, why, built);
}

xhat_status xhat_isa_choose(const xhat_isa **isa, xhat_error *error)
{
    const char *forced = getenv("XHAT_ISA");
    unsigned features = xhat_cpu_features();
    if (forced != NULL && *forced == '\0')
        forced = NULL;
    for (int i = 0; i < TIERS; i++)
        if ((tiers[i].needs & ~features) == 0 &&
            (forced == NULL || strcmp(tiers[i].name, forced) == 0)) {
            *isa = &tiers[i];
            return XHAT_OK;
        }
    return refuse(forced == NULL ? "" : forced, error);
}
