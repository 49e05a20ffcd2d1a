# Runs FIRST and SECOND, which check their own units against each other, and compares what they print.
cmake_minimum_required(VERSION 3.21)

foreach(program FIRST SECOND)
  execute_process(COMMAND "${${program}}" OUTPUT_VARIABLE of_${program} RESULT_VARIABLE result)
  message(STATUS "${program}:\n${of_${program}}")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${program} found different bits, or failed (${result})")
  endif()
endforeach()
if(NOT of_FIRST STREQUAL of_SECOND)
  message(FATAL_ERROR "The bits depend on the unit from which the linker takes the functions")
endif()
