#include "every_header.hpp"

int major_version_in_second();

int main() { return BVAE_VERSION_MAJOR == major_version_in_second() ? 0 : 1; }
