# The optional libraries.  Each one that is missing is reported here and by
# `xhat info`; what needs it then says so instead of failing to build.

include(CheckCSourceCompiles)

set(XHAT_HAVE_ZLIB 0)
set(XHAT_HAVE_JSON 0)
set(XHAT_HAVE_NET 0)
set(XHAT_HAVE_ONEDNN 0)
set(net_missing "")

if(XHAT_WITH_OPENMP)
  find_package(OpenMP COMPONENTS C QUIET)
endif()

if(XHAT_WITH_ZLIB)
  find_package(ZLIB QUIET)
  if(ZLIB_FOUND)
    set(XHAT_HAVE_ZLIB 1)
  endif()
endif()

find_package(PkgConfig QUIET)
if(XHAT_WITH_JSON AND PkgConfig_FOUND)
  pkg_check_modules(JANSSON QUIET IMPORTED_TARGET jansson)
  if(JANSSON_FOUND)
    set(XHAT_HAVE_JSON 1)
  endif()
endif()

if(XHAT_WITH_NET)
  if(PkgConfig_FOUND)
    pkg_check_modules(OPENBLAS QUIET IMPORTED_TARGET openblas)
  endif()
  find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
  foreach(library IN ITEMS OPENBLAS JANSSON)
    if(NOT ${library}_FOUND)
      list(APPEND net_missing ${library})
    endif()
  endforeach()
  if(NOT RANDOM123_INCLUDE_DIR)
    list(APPEND net_missing RANDOM123)
  endif()
  if(NOT net_missing)
    set(XHAT_HAVE_NET 1)
  endif()
  if(XHAT_WITH_ONEDNN AND OpenMP_C_FOUND)
    find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.h)
    find_library(ONEDNN_LIBRARY dnnl)
    if(ONEDNN_INCLUDE_DIR AND ONEDNN_LIBRARY)
      # product.c holds it to one thread through OpenMP: one that has threads
      # of another kind would use them all.
      set(CMAKE_REQUIRED_INCLUDES ${ONEDNN_INCLUDE_DIR})
      check_c_source_compiles("
        #include <oneapi/dnnl/dnnl.h>
        #if DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP
        #error its threads are not those of OpenMP
        #endif
        int main(void) { return DNNL_RUNTIME_OMP == 0; }" XHAT_ONEDNN_ON_OPENMP)
      unset(CMAKE_REQUIRED_INCLUDES)
      if(XHAT_ONEDNN_ON_OPENMP)
        set(XHAT_HAVE_ONEDNN 1)
      endif()
    endif()
  endif()
endif()

# One row of the report.
function(xhat_report name have missing)
  if(have)
    message(STATUS "xhat: ${name}: yes")
  else()
    message(STATUS "xhat: ${name}: no ${missing}")
  endif()
endfunction()
xhat_report("threads (OpenMP)" "${OpenMP_C_FOUND}" "")
xhat_report("compressed files (zlib)" ${XHAT_HAVE_ZLIB} "")
xhat_report("safetensors (jansson)" ${XHAT_HAVE_JSON} "")
xhat_report("nets (OpenBLAS, jansson, Random123)" ${XHAT_HAVE_NET}
            "${net_missing}")
xhat_report("faster products on one thread (oneDNN)" ${XHAT_HAVE_ONEDNN} "")
