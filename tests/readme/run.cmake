cmake_minimum_required(VERSION 3.21)
file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")
execute_process(COMMAND "${COMPILER}" -std=c++20 -O2 "-I${CHECKOUT}/include" "-I${EIGEN}" "${CHECKOUT}/examples/first/main.cpp"
                        -pthread -o first WORKING_DIRECTORY "${SCRATCH}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${SCRATCH}/first" "${CHECKOUT}/tests/data/train-128-images-idx3-ubyte"
                WORKING_DIRECTORY "${SCRATCH}" OUTPUT_VARIABLE output ERROR_VARIABLE log COMMAND_ERROR_IS_FATAL ANY)
if(NOT output MATCHES "^KL: [0-9.]+ nats\n$" OR NOT log MATCHES "epoch 20/20 " OR NOT EXISTS "${SCRATCH}/mnist.safetensors")
  message(FATAL_ERROR "README's program printed:\n${log}${output}")
endif()
