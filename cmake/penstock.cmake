# One library a folder. The link targets hold the direction of the dependencies:
#   base <- doc <- config <- net <- core <- naming, pattern <- engine <- pipeline_file <- admin <- cli
# clients see core; lake sees naming; codecs, transforms, checkpoints, inbox and connectors see core, naming, pattern,
# lake and clients, never the engine.
find_package(Threads REQUIRED)
if(PENSTOCK_TESTS)
  find_package(GTest REQUIRED)
endif()
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)

# The headers that most files include, compiled once for all libraries and once for all tests: a
# third of the time of a cold build. A file includes what it uses all the same; clang-tidy, which
# does without, would say so.
set(PENSTOCK_HEADERS <algorithm> <chrono> <expected> <functional> <map> <memory> <optional> <span>
    <stop_token> <string> <string_view> <vector> <fmt/core.h>)
function(penstock_precompiled target owner)
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${PENSTOCK_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# penstock_library(NAME [DEPS lib...]): all .cpp of this folder that are no test, fuzzer, oracle, main
# or contract fixture.
function(penstock_library name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|main|fixture)\\.cpp$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC ${arg_DEPS} fmt::fmt)
    penstock_precompiled(${name} penstock_base)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${name} INTERFACE ${arg_DEPS} fmt::fmt)
  endif()
  penstock_tests(${name})
  penstock_fuzzers(${name})
endfunction()

# One test program a folder, from its *_test.cpp.
function(penstock_tests name)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cpp)
  if(tests AND PENSTOCK_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARGN} penstock_testing GTest::gtest_main)
    target_compile_options(${name}_test PRIVATE -O0)  # compiled in two thirds of the time
    penstock_precompiled(${name}_test penstock_base_test <gtest/gtest.h>)
    target_compile_definitions(${name}_test PRIVATE PENSTOCK_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_test)
    set_property(GLOBAL APPEND PROPERTY PENSTOCK_TESTS ${name}_test)
  endif()
endfunction()

# One libFuzzer program per *_fuzz.cpp; its corpus is the folder <name>_corpus beside it.
function(penstock_fuzzers name)
  if(NOT PENSTOCK_FUZZ)
    return()
  endif()
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cpp)
  foreach(source ${fuzzers})
    get_filename_component(target ${source} NAME_WE)
    add_executable(${target} ${source})
    target_link_libraries(${target} PRIVATE ${name})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  endforeach()
endfunction()
