# How every file of xhat is compiled.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")

# -ffp-contract=off: a fused multiply-add rounds once where the formula rounds
# twice, and not every CPU has one: allowing it would break "the same bits".
add_compile_options(-Wall -Wextra -Wshadow -Wpointer-arith -Wvla
                    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
                    $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
                    -ffp-contract=off -fno-math-errno)
if(XHAT_WERROR)
  add_compile_options(-Werror)
endif()
if(XHAT_SANITIZE)
  add_compile_options(-fsanitize=${XHAT_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${XHAT_SANITIZE})
endif()
