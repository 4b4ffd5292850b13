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

bool xhat_cpu_is_intel(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_is("intel");
#else
    return false;
#endif
}

size_t xhat_cpu_stream_bytes(size_t threads)
{
#if defined(__x86_64__)
    if (__builtin_cpu_is("amd"))
        return 16 << 20;
#endif
    return threads == 1 && xhat_cpu_is_intel() ? 2 << 20 : 4 << 20;
}

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* The compiler's runtime asks CPUID and XCR0 once, when the program starts: on
 * a virtual machine each CPUID costs microseconds. */
unsigned xhat_cpu_features(void)
{
    unsigned features = 0;
    if (__builtin_cpu_supports("avx2"))
        features |= XHAT_CPU_AVX2;
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
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
