#include "every_header.hpp"

int major_version_in_second();
int major_version_in_second() { return BVAE_VERSION_MAJOR; }
