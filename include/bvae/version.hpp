/// The one version number of the library; CMakeLists.txt reads it from here.
#pragma once

#define BVAE_VERSION_MAJOR 0
#define BVAE_VERSION_MINOR 1
#define BVAE_VERSION_PATCH 0
