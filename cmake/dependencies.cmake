# What the library links: Eigen, threads and, for bvae::io, nlohmann_json and zlib. A target that the including project
# has already made is used as it is.

# Eigen's source tree is header-only too, so its own CMake files are not needed: they would add its tests and options.
function(bvae_fetch_eigen)
  include(FetchContent)
  FetchContent_Declare(
    eigen3
    GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git
    GIT_TAG 3.4.0
    GIT_SHALLOW ON
    SOURCE_SUBDIR no-cmake-project-here)
  FetchContent_MakeAvailable(eigen3)
  add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
  target_include_directories(Eigen3::Eigen SYSTEM INTERFACE "${eigen3_SOURCE_DIR}")
endfunction()

if(NOT TARGET Eigen3::Eigen)
  # Without a version: Eigen 3.4.0 refuses ranges that reach 5, and Eigen 5 refuses "3.4".
  find_package(Eigen3 CONFIG QUIET)
  if(NOT TARGET Eigen3::Eigen AND BVAE_FETCH_DEPENDENCIES)
    bvae_fetch_eigen()
  elseif(NOT TARGET Eigen3::Eigen)
    message(FATAL_ERROR "bvae needs Eigen 3.4 or newer, and no Eigen3Config.cmake was found. Install it (Debian and "
                        "Ubuntu: libeigen3-dev), name its folder with -DEigen3_ROOT=FOLDER, or let CMake fetch it with "
                        "-DBVAE_FETCH_DEPENDENCIES=ON.")
  elseif(Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "bvae needs Eigen 3.4 or newer; version ${Eigen3_VERSION} was found in ${Eigen3_DIR}.")
  endif()
endif()

if(NOT TARGET Threads::Threads)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
endif()

if(BVAE_IO)
  set(bvae_io_requirement QUIET)
  if(NOT BVAE_IO STREQUAL "AUTO")
    set(bvae_io_requirement REQUIRED)
  endif()
  if(NOT TARGET nlohmann_json::nlohmann_json)
    find_package(nlohmann_json CONFIG ${bvae_io_requirement})
  endif()
  if(NOT TARGET ZLIB::ZLIB)
    find_package(ZLIB ${bvae_io_requirement})
  endif()
  if(NOT TARGET nlohmann_json::nlohmann_json OR NOT TARGET ZLIB::ZLIB)
    message(STATUS "bvae::io is not defined: it needs nlohmann_json and zlib (Debian and Ubuntu: nlohmann-json3-dev "
                   "and zlib1g-dev)")
  endif()
  unset(bvae_io_requirement)
endif()
