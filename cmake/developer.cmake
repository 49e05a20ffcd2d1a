# What tests, examples and benchmarks of this repository are compiled with. `bvae_developer` is linked PRIVATE by them;
# it is never exported, and no consumer sees it.
add_library(bvae_developer INTERFACE)
target_compile_options(
  bvae_developer INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${BVAE_WARNINGS_AS_ERRORS}>:-Werror>)
# g++ 12 sees overlaps and overflows in std::string's own operator+ that are not there (its bugs 105329 and 105651):
# shown, for our own may be among them, but they stop nothing.
# Its own AVX-512 intrinsics warn of the variables that they leave uninitialised on purpose (its bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(bvae_developer INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
  target_compile_options(bvae_developer INTERFACE -Wno-error=array-bounds -Wno-error=restrict
                                                  -Wno-error=stringop-overflow -Wno-error=stringop-overread)
endif()

# Every header compiled alone: `cmake --build FOLDER --target all_verify_interface_header_sets`.
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.24 AND TARGET bvae::io)
  file(GLOB_RECURSE bvae_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/bvae/*.hpp")
  add_library(bvae_headers INTERFACE)
  target_sources(bvae_headers INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include"
                                        FILES ${bvae_headers})
  target_link_libraries(bvae_headers INTERFACE bvae::io bvae_developer)
  target_compile_options(bvae_headers INTERFACE -O0) # Only whether it compiles is asked.
  set_target_properties(bvae_headers PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endif()
