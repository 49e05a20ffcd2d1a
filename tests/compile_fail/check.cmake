# Compiles SOURCE without code generation, and checks that it compiles (EXPECTATION=compiles), or that it does not and
# says what its first line expects (EXPECTATION=fails). EXPECTATION=precompile compiles the header UMBRELLA beforehand.
cmake_minimum_required(VERSION 3.21)

separate_arguments(flags UNIX_COMMAND "${FLAGS}")
string(REPLACE "|" ";" includes "${INCLUDES}")
list(REMOVE_DUPLICATES includes)
list(TRANSFORM includes PREPEND "-I")

if(EXPECTATION STREQUAL "precompile")
  execute_process(COMMAND "${COMPILER}" ${flags} -std=c++20 ${includes} -x c++-header "${UMBRELLA}" -o "${UMBRELLA}.gch"
                  COMMAND_ERROR_IS_FATAL ANY)
  return()
endif()

file(READ "${SOURCE}" text)
set(beforehand -include "${UMBRELLA}")
if(text MATCHES "\n// flags: ([^\n]+)\n") # The umbrella was compiled without them.
  separate_arguments(own_flags UNIX_COMMAND "${CMAKE_MATCH_1}")
  list(APPEND flags ${own_flags})
  set(beforehand "")
endif()

set(ENV{LC_ALL} C) # Messages in English, quotes in ASCII.
execute_process(
  COMMAND "${COMPILER}" ${flags} -std=c++20 ${includes} ${beforehand} -fsyntax-only "${SOURCE}"
  RESULT_VARIABLE result
  OUTPUT_VARIABLE message
  ERROR_VARIABLE message)

if(EXPECTATION STREQUAL "compiles")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile, and does not:\n${message}")
  endif()
  return()
endif()

if(NOT text MATCHES "^// expect: ([^\n]+)\n")
  message(FATAL_ERROR "${SOURCE}: the first line must be `// expect: REGEX`")
endif()
set(expected "${CMAKE_MATCH_1}")
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} must not compile, and does")
endif()
# Compilers quote the offending source, and the first line is never part of it; but an unmatched message is shown whole.
if(NOT message MATCHES "${expected}")
  message(FATAL_ERROR "${SOURCE} does not compile, as it should, but its message does not match\n  ${expected}\n${message}")
endif()
message(STATUS "Matched: ${CMAKE_MATCH_0}")
