# Gives CHECKER small trees under SCRATCH: one that follows the rules, and one for each rule that breaks it.
cmake_minimum_required(VERSION 3.21)

set(failures "")

# tree(NAME EXPECTED FILE TEXT [FILE TEXT]...): EXPECTED is a regex for the message, or "" for a tree without offence.
function(tree name expected)
  set(root "${SCRATCH}/${name}")
  file(REMOVE_RECURSE "${root}")
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest file text)
    file(WRITE "${root}/${file}" "#pragma once\n${text}\n")
  endwhile()
  execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DROOT=${root}" -P "${CHECKER}"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE message
    ERROR_VARIABLE message)
  string(REGEX REPLACE "[ \n]+" " " message "${message}") # CMake breaks long lines.
  if(expected STREQUAL "" AND NOT result EQUAL 0)
    set(failures "${failures}  ${name}: should pass, but: ${message}\n" PARENT_SCOPE)
  elseif(NOT expected STREQUAL "" AND (result EQUAL 0 OR NOT message MATCHES "${expected}"))
    set(failures "${failures}  ${name}: should fail with '${expected}', but: ${message}\n" PARENT_SCOPE)
  endif()
endfunction()

set(shape core/shape.hpp " ")
set(layer layers/linear.hpp "#include <bvae/core/shape.hpp>")
set(event training/event.hpp "#include \"bvae/core/shape.hpp\"")
set(trainer training/trainer.hpp "#include \"event.hpp\"")

tree(good "" ${shape} ${layer} ${event} ${trainer} callbacks/bar.hpp "#include <bvae/training/event.hpp>"
     version.hpp "#define BVAE_VERSION_MAJOR 0" bvae.hpp
     "// Everything.\n#include <bvae/version.hpp>\n\n#include <bvae/layers/linear.hpp>\n#include <bvae/training/trainer.hpp>")
tree(points_up "core/shape.hpp: level 0 includes layers/linear.hpp of level 1" ${layer}
     core/shape.hpp "#include <vector>\n#include <bvae/layers/linear.hpp>")
tree(points_up_relative "layers/linear.hpp: level 1 includes models/vae.hpp" models/vae.hpp " " layers/linear.hpp
     "  # include \"../models/vae.hpp\"")
tree(metric_sees_trainer "metrics/elbo.hpp: level 3 includes training/trainer.hpp of level 4" ${shape} ${event} ${trainer}
     metrics/elbo.hpp "#include <bvae/training/trainer.hpp>")
tree(kernels "" core/shape.hpp "#include <Eigen/Core>\n#include <bvae/kernels/sums.hpp>" kernels/simd.hpp
     "#include <cmath>" kernels/sums.hpp "#include \"simd.hpp\"\n#define BVAE_KERNEL_SOURCE \"bvae/kernels/sums.inc\""
     kernels/sums.inc " ")
tree(kernel_sees_core "kernels/sums.hpp: kernels know nothing else of bvae, but it includes core/shape.hpp" ${shape}
     kernels/sums.hpp "#include <bvae/core/shape.hpp>")
tree(kernel_sees_version "kernels know nothing else of bvae, but it includes version.hpp" version.hpp " "
     kernels/sums.inc "#include \"../version.hpp\"")
tree(kernel_sees_layer "kernels know nothing else of bvae, but it includes layers/linear.hpp" layers/linear.hpp " "
     kernels/sums.hpp "#include \"bvae/layers/linear.hpp\"")
tree(kernel_source_elsewhere "kernels know nothing else of bvae, but it includes core/sums.inc" core/sums.inc " "
     kernels/sums.hpp "#define BVAE_KERNEL_SOURCE \"bvae/core/sums.inc\"")
tree(kernel_source_missing "includes kernels/gone.inc, which does not exist" kernels/sums.hpp
     "#define BVAE_KERNEL_SOURCE \"bvae/kernels/gone.inc\"")
tree(kernel_sees_eigen "kernels/sums.inc: kernels do without Eigen, but it has the line: #include <Eigen/Core>"
     kernels/sums.inc "#include <vector>\n#include <Eigen/Core>")
tree(kernel_sees_more_of_eigen "kernels do without Eigen, but it has the line: #include .unsupported/Eigen/"
     kernels/sums.hpp "#include <unsupported/Eigen/SpecialFunctions>")
tree(families_mix "families of level 1 do not see each other, but it includes layers/linear.hpp" ${shape} ${layer}
     optimizers/adam.hpp "#include <bvae/layers/linear.hpp>")
tree(callback_sees_trainer "callbacks see the event, never the trainer" ${shape} ${event} ${trainer} callbacks/bar.hpp
     "#include <bvae/training/trainer.hpp>")
tree(trainer_sees_callback "training does not know the callbacks" ${shape} callbacks/bar.hpp " " training/trainer.hpp
     "#include <bvae/callbacks/bar.hpp>")
tree(umbrella_used "level 1 includes bvae.hpp" bvae.hpp " " layers/linear.hpp "#include <bvae/bvae.hpp>")
tree(umbrella_order "core/shape.hpp of level 0 stands after level 1" ${shape} ${layer} bvae.hpp
     "#include <bvae/layers/linear.hpp>\n#include <bvae/core/shape.hpp>")
tree(umbrella_code "has the line: int forty_two" bvae.hpp "int forty_two{}")
tree(umbrella_testing "testing is not part of the umbrella" testing/check.hpp " " bvae.hpp
     "#include <bvae/testing/check.hpp>")
tree(circle "core/a.hpp, core/b.hpp: include each other in a circle" core/a.hpp "#include <bvae/core/b.hpp>" core/b.hpp
     "#include \"a.hpp\"")
tree(missing "includes core/gone.hpp, which does not exist" core/a.hpp "#include <bvae/core/gone.hpp>")
tree(stray "lies in a folder that has no level" misc/a.hpp " ")

if(failures)
  message(FATAL_ERROR "The include checker is wrong about these trees:\n${failures}")
endif()
