#include "cpu.h"

#include <string.h>
#include <unistd.h>

size_t xhat_cpu_cache(void)
{
    enum { LEAST = 256 << 10, GUESS = 512 << 10, MOST = 2 << 20 };
    long bytes = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
    bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    if (bytes <= 0)
        return GUESS;
    /* what a virtual machine claims need not be there */
    return bytes < LEAST ? LEAST : bytes > MOST ? MOST : (size_t)bytes;
}

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

enum {
    XCR0_SSE_AVX = 0x06,       /* xmm, ymm                               */
    XCR0_SSE_AVX_AVX512 = 0xe6 /* and the masks, zmm0-15, zmm16-31       */
};

static unsigned saved_registers(void)
{
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low;
}

unsigned xhat_cpu_features(void)
{
    unsigned a, b, c, d, features = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return 0;
    unsigned saved = saved_registers();
    int fma = (c & bit_FMA) != 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if ((saved & XCR0_SSE_AVX) == XCR0_SSE_AVX && fma && (b & bit_AVX2))
        features |= XHAT_CPU_AVX2;
    unsigned wide = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
    if ((saved & XCR0_SSE_AVX_AVX512) == XCR0_SSE_AVX_AVX512 &&
        (features & XHAT_CPU_AVX2) && (b & wide) == wide)
        features |= XHAT_CPU_AVX512;
    return features;
}

void xhat_cpu_name(char *name, int size)
{
    unsigned words[12] = {0}, top, b, c, d;
    char text[sizeof words + 1] = "";
    if (__get_cpuid(0x80000000u, &top, &b, &c, &d) && top >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++)
            __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1],
                        &words[4 * i + 2], &words[4 * i + 3]);
        memcpy(text, words, sizeof words);
    }
    const char *start = text + strspn(text, " ");
    if (size > 0) {
        strncpy(name, start, (size_t)size - 1);
        name[size - 1] = '\0';
        for (size_t end = strlen(name); end > 0 && name[end - 1] == ' ';)
            name[--end] = '\0';
    }
}

#else

unsigned xhat_cpu_features(void)
{
#if defined(__aarch64__)
    return XHAT_CPU_NEON;
#else
    return 0;
#endif
}

void xhat_cpu_name(char *name, int size)
{
    if (size > 0)
        name[0] = '\0';
}

#endif
