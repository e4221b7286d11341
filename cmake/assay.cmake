# assay_library, assay_test, assay_bench: how a room names its files and what it may include.
# Files are listed, never globbed: a file that is not listed is dead, and the tidy test says so.

# The arrows of the house: ARROWS_<room> lists every room that <room> may include. The tidy test
# reads this table too, and checks each #include against it.
set(ARROWS_base "")
set(ARROWS_history base)
set(ARROWS_checker base history)
set(ARROWS_harness base history)
set(ARROWS_nemesis base history harness)
set(ARROWS_workloads base history checker harness)
set(ARROWS_protocols base)
set(ARROWS_targets base history harness protocols)
set(ARROWS_reports base history checker)
set(ARROWS_cli base history checker harness nemesis workloads protocols targets reports)

add_library(assay_options INTERFACE)
target_compile_features(assay_options INTERFACE cxx_std_20)
target_include_directories(assay_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(assay_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast
  # g++ 12 reports these falsely through inlined std::string and std::variant at -O2.
  -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overread
  -Wno-stringop-overflow)
# For those who work on Assay. Who only installs it must not be stopped by what their optimiser warns of.
option(ASSAY_WARNINGS_ARE_ERRORS "compile with -Werror" OFF)
if(ASSAY_WARNINGS_ARE_ERRORS)
  target_compile_options(assay_options INTERFACE -Werror)
endif()

# A quarter of the time to compile a file here goes into the same few headers.
option(ASSAY_PCH "precompiled headers" ON)
if(ASSAY_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-fpch-preprocess)  # lets ccache see what was precompiled
endif()
set(ASSAY_COMMON_HEADERS <algorithm> <array> <chrono> <cstdint> <functional> <limits> <map> <memory>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)

# A clean build takes half the time when several files are compiled as one. Not for those who work
# on Assay: a file must include what it needs, and one changed file be compiled alone.
option(ASSAY_UNITY "compile the files of a room in batches" OFF)
if(ASSAY_UNITY)
  # Of names that a neighbour in the batch has too.
  target_compile_options(assay_options INTERFACE -Wno-shadow -Wno-subobject-linkage)
endif()

# Batches of up to 32 files: what their headers bring with them is compiled once for all of them.
function(assay_batches target)
  cmake_parse_arguments(ARG "" "" "SOURCES;APART;ALONE" ${ARGN})
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  list(REMOVE_ITEM ARG_SOURCES "" ${ARG_APART} ${ARG_ALONE})
  list(LENGTH ARG_SOURCES count)
  math(EXPR batches "(${count} + 31) / 32")
  set(at 0)
  foreach(source IN LISTS ARG_SOURCES)
    math(EXPR batch "${at} * ${batches} / ${count}")
    math(EXPR at "${at} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${batch})
  endforeach()
  if(ARG_APART)
    set_source_files_properties(${ARG_APART} PROPERTIES UNITY_GROUP apart)
  endif()
endfunction()

# assay_library(ROOM SOURCES … HEADERS … DEPS rooms… LINK libraries… APART sources… ALONE sources…)
# Files with names in their anonymous namespace that others have too: APART in a batch of their own,
# ALONE in none.
function(assay_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPS;LINK;APART;ALONE" ${ARGN})
  if(NOT DEFINED ARROWS_${room})
    message(FATAL_ERROR "room '${room}' is not in the table of arrows (cmake/assay.cmake)")
  endif()
  foreach(dep IN LISTS ARG_DEPS)
    if(NOT dep IN_LIST ARROWS_${room})
      message(FATAL_ERROR "forbidden arrow: ${room} -> ${dep}; '${room}' may include: ${ARROWS_${room}}")
    endif()
  endforeach()
  if(NOT ARG_SOURCES)
    add_library(assay_${room} INTERFACE)
    return()
  endif()
  add_library(assay_${room} STATIC ${ARG_SOURCES} ${ARG_HEADERS})
  list(TRANSFORM ARG_DEPS PREPEND assay_)
  target_link_libraries(assay_${room} PUBLIC assay_options ${ARG_DEPS} ${ARG_LINK})
  if(ASSAY_UNITY)
    assay_batches(assay_${room} SOURCES ${ARG_SOURCES} APART ${ARG_APART} ALONE ${ARG_ALONE})
  endif()
  list(LENGTH ARG_SOURCES files)
  if(ASSAY_PCH AND files GREATER 5)
    target_precompile_headers(assay_${room} PRIVATE ${ASSAY_COMMON_HEADERS})
    if("fmt::fmt" IN_LIST ARG_LINK)
      target_precompile_headers(assay_${room} PRIVATE <fmt/format.h>)
    endif()
  endif()
  # Under sanitizers an optimiser costs half of the build; it pays where tests compute for long.
  if(NOT room MATCHES "^(base|history|checker|protocols)$")
    target_compile_options(assay_${room} PRIVATE $<$<CONFIG:Debug>:-O0>)
  endif()
endfunction()

# What `script/test` builds: the tests of one label, and through them the programs that they run.
foreach(label fast property system)
  add_custom_target(tests_${label})
endforeach()

# assay_test(NAME SOURCES … LINK …): one doctest executable, built and registered with CTest.
# LABEL is `fast` (default; no privileges, seconds), `property` (very many random cases, in the
# release build only), or `system` (a real lab; needs root).
function(assay_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINK;ALONE" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL fast)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE assay_options assay_test_main ${ARG_LINK})
  target_compile_definitions(${name} PRIVATE
    ASSAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ASSAY_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(ASSAY_UNITY)
    assay_batches(${name} SOURCES ${ARG_SOURCES} ALONE ${ARG_ALONE})
    # Reported falsely where strings are inlined into one another.
    target_compile_options(${name} PRIVATE -Wno-array-bounds)
  endif()
  if(ASSAY_PCH)
    target_precompile_headers(${name} REUSE_FROM assay_test_main)
  endif()
  # Sanitizers and optimisation together triple the time that doctest's macros take to compile.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Debug>:-O0>)
  add_dependencies(tests_${ARG_LABEL} ${name})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT}
    SKIP_REGULAR_EXPRESSION "skipped: ")
endfunction()

# assay_property_run(NAME OF test [ARGS …] [ENVIRONMENT …] [TIMEOUT s]): an executable of the fast tests
# once more as a property test, with far more cases.
function(assay_property_run name)
  cmake_parse_arguments(ARG "" "OF;TIMEOUT" "ARGS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  add_test(NAME ${name} COMMAND ${ARG_OF} ${ARG_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS property TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "${ARG_ENVIRONMENT}")
  add_dependencies(tests_property ${ARG_OF})
endfunction()

# assay_bench(NAME SOURCES … LINK …): a program that prints a table; run by script/bench.
function(assay_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_link_libraries(bench_${name} PRIVATE assay_options ${ARG_LINK})
  target_compile_definitions(bench_${name} PRIVATE ASSAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()
