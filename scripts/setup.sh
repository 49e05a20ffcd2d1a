# Shell functions shared by the scripts of this repository; to be sourced by bash. Defines `repository`, its folder.
# Everything that they say goes to standard error.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "bvae: $*" >&2; }

die() {
  say "$*"
  exit 1
}

is_installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install_packages PURPOSE PACKAGE...: installs those Debian packages that are missing; needs no network when none is.
# Elsewhere than on Debian and its descendants nothing is installed: what is missing shows when it is used.
install_packages() {
  local purpose=$1 package missing=() as_root=()
  shift
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
  for package in "$@"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
      say "$purpose needs packages that are not installed, and installing them takes root, or sudo without a password. Run as root:"
      say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "installing ${missing[*]}: needed for $purpose"
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  if [ -z "${package_lists_are_new:-}" ]; then
    "${as_root[@]}" update >&2 </dev/null || say "apt-get update failed; trying with the package lists at hand"
    package_lists_are_new=yes
  fi
  "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" >&2 </dev/null ||
    { say "installing ${missing[*]} failed"; return 1; }
}

# Sets CXX to g++ where the environment has none, and installs the compiler where its command is missing.
install_compiler() {
  export CXX=${CXX:-g++}
  local command=${CXX%% *}
  if command -v "$command" >/dev/null; then return; fi
  case $command in
    g++ | g++-[0-9]*) install_packages "compiling" "$command" ;;
    clang++ | clang++-[0-9]*) install_packages "compiling with $command" "${command/clang++/clang}" ;;
  esac
  command -v "$command" >/dev/null || die "there is no compiler '$command' (from the variable CXX)"
}

# build_folder KIND: a folder of its own for each compiler and each set of flags in the environment.
build_folder() {
  local name=$1-${CXX//[^A-Za-z0-9+.-]/_}
  [ -z "${CXXFLAGS:-}" ] || name+=-$(cksum <<<"$CXXFLAGS" | cut -d' ' -f1)
  printf '%s\n' "$repository/build/$name"
}

# How many compilers or tests run at once.
parallelism() { printf '%s\n' "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"; }
