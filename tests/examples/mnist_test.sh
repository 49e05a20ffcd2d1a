#!/usr/bin/env bash
# Runs the MNIST example on the digits in the repository: mnist_test.sh PROGRAM DIGITS SCRATCH MODEL...
# The program has those models, mlp and mlp2d among them.
# Says each thing that is not as it must be, and fails if there was one.
set -uo pipefail
program=$(realpath "$1")
[ -x "$program" ] || { echo "$1 cannot be run"; exit 1; }
digits=$(realpath "$2")
scratch=$(mktemp -d "$3/mnist test.XXXXXX") || exit 1 # With a space on purpose.
models=" ${*:4} "
has() { [[ $models = *" $1 "* ]]; }
job=
trap 'if [ -n "$job" ]; then kill -KILL $job 2>/dev/null; fi; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
export HOME=$scratch/home BVAE_CACHE= XDG_CACHE_HOME=

failures=0
wrong() {
  printf 'WRONG: %s\n' "$*"
  failures=$((failures + 1))
}

# run STATUS ARGUMENT...: the program ends with that exit code. Its output goes to the files `out` and `err`.
run() {
  local wanted=$1 status
  shift
  "$program" "$@" >out 2>err </dev/null
  status=$?
  if [ $status -ne "$wanted" ]; then
    wrong "exit code $status instead of $wanted: $*"
    sed 's/^/    /' err
  fi
}
# refused STATUS TEXT ARGUMENT...: likewise, and stderr has the text, and stdout nothing.
refused() {
  local wanted=$1 text=$2
  shift 2
  run "$wanted" "$@"
  grep -qF -e "$text" err || { wrong "no '$text' on stderr: $*"; sed 's/^/    /' err; }
  [ ! -s out ] || wrong "output on stdout after an error: $*"
}
expect() { # expect TEXT FILE
  grep -qF -e "$1" "$2" || { wrong "no '$1' in $2"; sed 's/^/    /' "$2"; }
}
is_png() { [ "$(od -An -tx1 -N8 "$1" 2>/dev/null | tr -d ' \n')" = 89504e470d0a1a0a ] || wrong "$1 is no PNG"; }
# The header of a safetensors file is as long as its first 8 bytes say, and the file is not empty behind it.
is_model() {
  local header size
  header=$(od -An -tu8 -N8 "$1" 2>/dev/null | tr -d ' ')
  size=$(wc -c <"$1" 2>/dev/null)
  [ -n "$header" ] && [ "$size" -gt $((header + 8 + 1000000)) ] || wrong "$1 is no whole model"
}
# No 32-bit float in the file (behind the header) has the exponent of infinity and NaN.
is_finite() {
  local header
  header=$(od -An -tu8 -N8 "$1" | tr -d ' ')
  if tail -c +$((header + 9)) "$1" | od -An -v -tx4 -w4 --endian=little | grep -qE '^ [7f]f[89a-f]'; then
    wrong "$1 has values that are not finite"
  fi
}
no_leftovers() { [ -z "$(find "$1" -name '*.tmp')" ] || wrong "temporary files are left in $1"; }

# ---- what a run leaves behind
run 0 --dataset bundled --epochs 2 --beta 4 --schedule warmup --binarize static --threads 2 --out 'the run'
[ "$(tail -n 1 out)" = 'the run' ] || wrong "the last line on stdout is not the folder's name"
expect 'binarisation static-sampled' out
expect 'bernoulli likelihood' out
for key in bvae dataset data train_samples test_samples binarization model latents parameters likelihood beta beta_norm \
  schedule warmup_epochs free_bits epochs batch_size learning_rate optimizer seed threads; do
  expect "\"$key\": " 'the run/config.json'
done
expect '"binarization": "static-sampled"' 'the run/config.json'
[ "$(wc -l <'the run/metrics.jsonl')" -eq 2 ] || wrong 'metrics.jsonl has not one line for each epoch'
for key in epoch step beta beta_norm train_objective train_reconstruction train_kl test_reconstruction test_kl test_elbo \
  active_units seconds samples_per_second; do
  [ "$(grep -c "[{,]\"$key\":-\{0,1\}[0-9]" 'the run/metrics.jsonl')" -eq 2 ] ||
    wrong "metrics.jsonl: no number '$key' in each line"
done
for picture in reconstructions samples traversal; do is_png "the run/$picture.png"; done
is_model 'the run/model.safetensors'
grep -q 'id="summary"' 'the run/report.html' || wrong 'no report'
is_finite 'the run/model.safetensors'
[ ! -e 'the run/manifold.png' ] || wrong 'a manifold of 20 latents'
for key in '"format": "bvae-results-1"' '"bvae": "' '"draws": 10' '"latents": 20' '"beta": 4.0' '"stopped": null' '"epochs": 2' '"steps": 32'; do
  expect "$key" 'the run/results.json'
done
for key in reconstruction kl elbo mean active_units rate distortion pixel_error seconds samples_per_second; do
  grep -qE "\"$key\": -?[0-9]" 'the run/results.json' || wrong "results.json: no number '$key'"
done
for key in kl_per_latent sigma_per_latent; do
  [ "$(sed -n "/\"$key\"/,/]/p" 'the run/results.json' | grep -cE '^ +[0-9]')" -eq 20 ] || wrong "results.json: not 20 numbers in '$key'"
done
# The ELBO of results.json is that of the last epoch's evaluation, and log p(x) is above it.
value() { sed -n "s/.*\"$1\": *\(-\{0,1\}[0-9.e-]*\),\{0,1\}.*/\1/p" "$2"; }
elbo=$(value elbo 'the run/results.json')
[ "$elbo" = "$(sed -n '$s/.*"test_elbo":\([^,]*\),.*/\1/p' 'the run/metrics.jsonl')" ] || wrong "another ELBO in results.json: $elbo"
awk "BEGIN { exit !($(value mean 'the run/results.json') > $elbo) }" || wrong 'log p(x) is not above the ELBO'
expect 'nats (10 draws)' out

run 0 --dataset bundled --epochs 1 --model mlp2d --likelihood gaussian --binarize dynamic --optimizer adamw \
  --schedule cyclical --free-bits 0.1 --out 'the run/below/it'
is_png 'the run/below/it/manifold.png'
expect 'gaussian likelihood' out
expect 'binarisation dynamic' out
# The same folder again: nothing of the earlier run stays.
run 0 --dataset bundled --epochs 1 --schedule linear --optimizer sgd --warmup-epochs 0.5 --out 'the run/below/it'
[ ! -e 'the run/below/it/manifold.png' ] || wrong "an earlier run's picture is still there"
# What log p(x) costs can be saved, and where it cannot be had it is null.
run 0 --dataset bundled --epochs 1 --draws 0 --out 'the run/below/it'
expect '"log_likelihood": null' 'the run/below/it/results.json'
! grep -q 'log p(x)' out || wrong 'log p(x) though nobody asked for it'
no_leftovers 'the run'

# ---- every model, likelihood and divergence
# short ARGUMENT...: a run of a few steps into the folder `short`, where all that belongs there is
short() {
  run 0 --dataset bundled --epochs 1 --batch-size 500 --out short "$@"
  is_model short/model.safetensors
  is_finite short/model.safetensors
  is_png short/reconstructions.png
  is_png short/samples.png
  expect 'active units' out
}
# differs FLAG...: these flags change what training says
differs() {
  cp short/metrics.jsonl before.jsonl
  short "$@"
  [ "$(grep -o '"train_objective":[^,]*' before.jsonl)" != "$(grep -o '"train_objective":[^,]*' short/metrics.jsonl)" ] ||
    wrong "the same objective: $*"
}
for model in mlp-bn mlp-deep mlp-ln mlp-sn conv resnet; do
  if ! has $model; then
    refused 2 "built without $model" --dataset bundled --model $model
    continue
  fi
  short --model $model
  expect "\"model\": \"$model\"" short/config.json
done
# ---- every schedule
for schedule in 'warmup --hold-epochs 0.5' 'cosine --beta-from 3' 'sigmoid --steepness 5 --beta-changes epoch' exponential \
  'piecewise --beta-points 0:0.5,0.3:1,0.8:2 --beta-path stairs' 'sequence --phases constant=0.2:0.3,linear=2:0.4,cosine=0.1' \
  'cyclical --cycle-shape sigmoid --cycles 2 --cycle-ramp 1' 'geco --target-reconstruction 180 --geco-every 2 --beta-max 1.5' \
  'pid --target-kl 5 --pid-ki 0.01 --pid-kd 0.001 --beta-max 20'; do
  short --schedule $schedule # unquoted: several words
  expect "\"schedule\": \"${schedule%% *}\"" short/config.json
  ! grep -q 'has no effect' err || wrong "a flag has no effect: --schedule $schedule"
done
expect '"schedule_state":[4,' short/metrics.jsonl
expect '"beta": null' short/config.json
expect '"target_kl": 5.0' short/config.json
short --schedule pid --target-kl 5 --beta 3 --cycles 2
expect '--beta has no effect with --schedule pid' err
expect '--cycles has no effect with --schedule pid' err
short --output-bias mean
expect '"output_bias": "mean"' short/config.json
short --output-bias mean --likelihood learned-gaussian
expect '--output-bias has no effect with' err
for likelihood in bernoulli gaussian laplace continuous-bernoulli gaussian-per-pixel optimal-gaussian learned-gaussian; do
  short --likelihood $likelihood
  expect "\"likelihood\": \"$likelihood\"" short/config.json
  expect "\"likelihood\":\"$likelihood\"" short/metrics.jsonl
  expect "$likelihood likelihood" out
done
expect 'sigma of pixels' out
short --likelihood optimal-gaussian
expect '"log_likelihood": null' short/results.json
grep -q '"distortion": -\{0,1\}[0-9]' short/results.json || wrong 'no distortion of a density'
# These have a decoder of their own in every model.
for model in $models; do
  short --model $model --likelihood gaussian-per-pixel
  short --model $model --likelihood learned-gaussian
  expect 'sigma of pixels' out
done
short --likelihood gaussian --sigma 0.3
expect '"sigma": 0.3' short/config.json
short --likelihood laplace --sigma 0.3
expect '"sigma": 0.3' short/config.json
for likelihood in ssim ms-ssim; do
  short --likelihood $likelihood --ssim-weight 100 --pixel-weight 0.2
  expect "\"likelihood\":\"$likelihood\"" short/metrics.jsonl
  for key in '"ssim_weight": 100.0' '"pixel_weight": 0.2'; do expect "$key" short/config.json; done
  expect 'in no unit' out
  for key in log_likelihood elbo distortion; do expect "\"$key\": null" short/results.json; done
  ! grep -qi elbo out err short/metrics.jsonl || wrong "an ELBO of $likelihood, which is no density"
done
for likelihood in ssim ms-ssim; do
  short --likelihood $likelihood
  for term in gaussian laplace; do
    differs --likelihood $likelihood --pixel-term $term --output-bias mean
    expect "\"pixel_term\": \"$term\"" short/config.json
  done
  differs --likelihood $likelihood --pixel-term laplace --output-bias mean --sigma 0.5
  expect '"sigma": 0.5' short/config.json
done
short --binarize none
expect 'the entropy of the grey pixels' out
short --likelihood perceptual --pixel-weight 0.5 --feature-weight 2
for key in '"pixel_weight": 0.5' '"feature_weight": 2.0' '"features": null' '"reader": null'; do expect "$key" short/config.json; done
expect 'of the test digits rightly' err
mv short/features.safetensors .
short --likelihood perceptual --features features.safetensors
expect '"features": "features.safetensors"' short/config.json
for term in gaussian laplace; do
  differs --likelihood perceptual --features features.safetensors --pixel-term $term
done
cmp features.safetensors short/features.safetensors || wrong 'other features than those that were given'
! grep -q 'training the features' err || wrong 'features were trained although there are some'
short --reader features.safetensors
expect 'digits named rightly' out
expect '"reader": "features.safetensors"' short/config.json
! grep -q '"features"' short/config.json || wrong 'features in config.json though the likelihood has none'
refused 3 no-such-file --dataset bundled --epochs 100000 --reader no-such-file --out short
refused 3 no-such-file --dataset bundled --likelihood perceptual --features no-such-file --out short
refused 3 model.safetensors --dataset bundled --likelihood perceptual --features 'the run/model.safetensors' --out short
# VGG-16: torchvision's tensors up to features.7 (all values the same), and one of the classifier.
# vgg_file FILE [EXTENTS of features.0.weight [the name of features.2.bias]]
vgg_file() {
  local first=${2:-64,3,3,3} bias=${3:-features.2.bias} header= end=0 name extents count
  while read -r name extents; do
    count=$((${extents//,/*}))
    header+="\"$name\":{\"dtype\":\"F32\",\"shape\":[$extents],\"data_offsets\":[$end,$((end + 4 * count))]},"
    end=$((end + 4 * count))
  done <<END
features.0.weight $first
features.0.bias 64
features.2.weight 64,64,3,3
$bias 64
features.5.weight 128,64,3,3
features.5.bias 128
features.7.weight 128,128,3,3
features.7.bias 128
classifier.0.weight 2,3
END
  header="{${header%,}}"
  {
    # shellcheck disable=SC2059 # It makes the bytes of the number.
    printf "$(printf '\\%o\\%o\\0\\0\\0\\0\\0\\0' $((${#header} % 256)) $((${#header} / 256)))"
    printf '%s' "$header"
    yes '###<' | tr -d '\n' | head -c $end # These bytes are the float 0.00996.
  } >"$1"
}
vgg_file vgg.safetensors
mkdir few # 64 images: more would take long.
for part in train t10k; do
  { printf '\0\0\10\3\0\0\0\100\0\0\0\34\0\0\0\34'; gzip -dc "$digits/$part-images-idx3-ubyte.gz" | tail -c +17 | head -c 50176; } \
    >few/$part-images-idx3-ubyte
  { printf '\0\0\10\1\0\0\0\100'; gzip -dc "$digits/$part-labels-idx1-ubyte.gz" | tail -c +9 | head -c 64; } \
    >few/$part-labels-idx1-ubyte
done
vgg="--data few --epochs 1 --batch-size 32 --out short --likelihood vgg"
# shellcheck disable=SC2086 # It is several words.
{
  run 0 $vgg --features vgg.safetensors --feature-weight 3
  is_finite short/model.safetensors
  for key in '"likelihood": "vgg"' '"features": "vgg.safetensors"' '"feature_weight": 3.0'; do expect "$key" short/config.json; done
  expect 'in no unit' out
  refused 2 'vgg needs --features' $vgg
  refused 3 no-such-file $vgg --features no-such-file
  refused 3 'no features.0.weight' $vgg --features 'the run/model.safetensors'
  vgg_file vgg.safetensors 64,1,3,3 features.3.bias
  refused 3 'features.0.weight [64,1,3,3] instead of [64,3,3,3]' $vgg --features vgg.safetensors
  expect 'no features.2.bias' err
}
for form in per-latent per-sample-and-latent per-sample total mask-per-sample mask-per-sample-and-latent mask-total; do
  short --free-bits 0.5 --free-bits-form $form
  expect "\"free_bits_form\": \"$form\"" short/config.json
done
short --divergence capacity --capacity 10 --capacity-epochs 0.5 --gamma 100
for key in '"capacity": 10.0' '"capacity_epochs": 0.5' '"gamma": 100.0'; do expect "$key" short/config.json; done
expect '"train_capacity":' short/metrics.jsonl
short --divergence total-correlation --mi-weight 0 --tc-weight 3 --dimension-weight 2
for key in '"mi_weight": 0.0' '"tc_weight": 3.0' '"dimension_weight": 2.0'; do expect "$key" short/config.json; done
expect '"train_total_correlation":' short/metrics.jsonl
differs --divergence total-correlation --mi-weight 0 --tc-weight 3 --dimension-weight 2 --tc-estimator weighted
expect '"tc_estimator": "weighted"' short/config.json
short --divergence dip-vae-i --lambda-od 3
for key in '"lambda_od": 3.0' '"lambda_d": 30.0'; do expect "$key" short/config.json; done
short --divergence dip-vae-ii --lambda-od 3
expect '"lambda_d": 3.0' short/config.json
short --divergence dip-vae-ii --lambda-d 4
expect '"lambda_d": 4.0' short/config.json
expect '"train_covariance_penalty":' short/metrics.jsonl
short --divergence mmd --mmd-weight 50 --kl-weight 0
for key in '"divergence": "mmd"' '"mmd_weight": 50.0' '"kl_weight": 0.0'; do expect "$key" short/config.json; done
expect '"train_mmd":' short/metrics.jsonl
differs --divergence mmd --mmd-weight 50 --kl-weight 0 --mmd-kernel inverse-multiquadratic
expect '"mmd_kernel": "inverse-multiquadratic"' short/config.json
differs --divergence mmd --mmd-weight 50 --kl-weight 0 --mmd-kernel inverse-multiquadratic --mmd-bandwidth 0.5
expect '"mmd_bandwidth": 0.5' short/config.json
for optimizer in adam adamw sgd; do
  short --optimizer $optimizer
  expect '"clip": null' short/config.json
  differs --optimizer $optimizer --clip 0.001
  expect '"clip": 0.001' short/config.json
done
short
for init in kaiming-uniform kaiming-normal xavier-uniform xavier-normal orthogonal zeros; do
  differs --init $init
  expect "\"init\": \"$init\"" short/config.json
done
for model in mlp-sn conv; do ! has $model || short --model $model --init orthogonal --output-bias mean; done
# Flags that nobody reads are not passed over.
for idle in '--sigma 2' '--likelihood ssim --sigma 2' '--pixel-term laplace' '--pixel-weight 2' '--ssim-weight 2' '--features nowhere' '--capacity 2' '--tc-weight 2' '--lambda-od 2' \
  '--mmd-weight 2' '--tc-estimator weighted' '--mmd-kernel rbf' '--mmd-bandwidth 2' '--warmup-epochs 2' '--divergence mmd --free-bits 2' '--likelihood ssim --draws 2'; do
  # shellcheck disable=SC2086 # It is several words.
  short $idle
  flag=${idle% *}
  expect "${flag##* } has no effect with" err
done

# A name of its own for each run, below runs/.
run 0 --dataset bundled --epochs 1 --batch-size 2000
first=$(tail -n 1 out)
run 0 --dataset bundled --epochs 1 --batch-size 2000
[ "$first" != "$(tail -n 1 out)" ] || wrong 'two runs in one folder'
case $first in runs/bundled-mlp-beta1-seed0-*) is_model "$first/model.safetensors" ;; *) wrong "folder $first" ;; esac
rm -rf runs

# ---- the same seed, the same bytes
for threads in 1 2 3 4 1; do
  run 0 --dataset bundled --epochs 1 --seed 7 --binarize dynamic --threads $threads --out same
  [ -e model ] || cp same/model.safetensors model
  cmp model same/model.safetensors || wrong "another model with $threads threads"
done
run 0 --dataset bundled --epochs 1 --seed 8 --binarize dynamic --out same
! cmp -s model same/model.safetensors || wrong 'the same model with another seed'

# ---- flags
run 0 --help
expect '--warmup-epochs' out
expect 'Exit codes' out
run 0 --version
refused 2 --no-such-flag --no-such-flag
refused 2 --seed --seed 1 --seed 2
for flag in beta beta-from beta-min beta-max cycle-ramp steepness geco-decay geco-rate geco-slowest geco-fastest target-kl \
  pid-kp pid-ki pid-kd free-bits warmup-epochs learning-rate sigma pixel-weight feature-weight ssim-weight capacity capacity-epochs gamma \
  mi-weight tc-weight dimension-weight clip lambda-od lambda-d mmd-weight mmd-bandwidth kl-weight; do
  for value in -1 nan NaN inf -inf 1e999 1x ''; do refused 2 "--$flag" --dataset bundled "--$flag=$value"; done
done
for flag in epochs batch-size cycles geco-every; do
  for value in 0 -1 1.5 nan 99999999999999999999; do refused 2 "--$flag" --dataset bundled "--$flag=$value"; done
done
refused 2 --batch-size --dataset bundled --batch-size 2001
refused 2 --learning-rate --learning-rate 0
refused 2 --clip --clip 0
refused 2 --threads --threads -1
for value in -1 1.5 x ''; do refused 2 --draws "--draws=$value"; done
refused 2 --threads --threads 5000
refused 2 --seed --seed=-1
refused 2 '--target-reconstruction' --schedule geco
refused 2 '--target-kl' --schedule pid
refused 2 '--beta-points' --schedule piecewise
refused 2 '--phases' --schedule sequence
refused 2 'to must be finite and above 0' --schedule exponential --beta 0
refused 2 'beta_max' --schedule pid --target-kl 5 --beta-max 0
refused 2 'must not be before the last' --schedule piecewise --beta-points 2:1,1:1
for points in '' 1 1: :1 1:x 1:1, 1:nan 1:-1; do refused 2 '--beta-points' --schedule piecewise "--beta-points=$points"; done
for phases in '' constant, constant,linear linear=x:1 constant:-1 :1 geco:1; do refused 2 '--phases' --schedule sequence "--phases=$phases"; done
for flag in dataset model likelihood binarize schedule beta-changes cycle-shape beta-path optimizer divergence free-bits-form output-bias init pixel-term tc-estimator mmd-kernel; do refused 2 "--$flag" "--$flag" nonsense; done
has mlp-bn && refused 2 'samples' --dataset bundled --model mlp-bn --batch-size 1 --out short
refused 2 argument argument
[ ! -e runs ] || wrong 'a folder was made although the flags were wrong'

# ---- the folder of the results
: >file
refused 2 'file/below' --dataset bundled --out file/below
refused 2 'Not a directory' --dataset bundled --out file
refused 2 'Not a directory' --dataset bundled --out /dev/full
for name in config.json metrics.jsonl model.safetensors samples.png results.json; do # A disk that is full at the given file.
  mkdir full
  ln -s /dev/full "full/$name"
  refused 3 "full/$name" --dataset bundled --epochs 1 --out full
  no_leftovers full
  rm -r full
done
"$program" --dataset bundled --epochs 1 --out full >/dev/full 2>err
[ $? -eq 3 ] || wrong 'a standard output that is full is not noticed'

# ---- data
refused 3 'nowhere/train-images-idx3-ubyte' --data nowhere
mkdir data
fresh() { cp "$digits"/*.gz data/; }
fresh
rm data/t10k-labels-idx1-ubyte.gz
refused 3 'data/t10k-labels-idx1-ubyte' --data data
fresh
head -c 100000 "$digits/train-images-idx3-ubyte.gz" >data/train-images-idx3-ubyte.gz
refused 3 'data/train-images-idx3-ubyte.gz, byte 100000' --data data
fresh
cp "$digits/t10k-labels-idx1-ubyte.gz" data/train-labels-idx1-ubyte.gz
refused 3 'as many labels as there are images' --data data
fresh
cp "$digits/t10k-labels-idx1-ubyte.gz" data/t10k-images-idx3-ubyte.gz
refused 3 'data/t10k-images-idx3-ubyte.gz' --data data
fresh
printf '\0\0\10\3\0\0\0\1\0\0\0\2\0\0\0\3abcdef' >data/t10k-images-idx3-ubyte # Plain files come first.
printf '\0\0\10\1\0\0\0\1a' >data/t10k-labels-idx1-ubyte
refused 3 'grey images of 28 x 28, found 2 x 3' --data data
rm data/t10k-*-ubyte
fresh
gzip --decompress data/*.gz
run 0 --data data --epochs 1 --out plain
expect '"dataset": "mnist"' plain/config.json
expect '"data": "data"' plain/config.json
[ ! -e runs ] || wrong 'a folder was made although the data were wrong'

# MNIST is not in the cache: the digits in the repository take its place, loudly.
run 0 --epochs 1 --out fallback
expect 'MNIST WAS NOT FOUND' err
expect "$HOME/.cache/bvae/mnist" err
expect '"dataset": "bundled"' fallback/config.json
mkdir -p cache && mv data cache/mnist
BVAE_CACHE=$scratch/cache run 0 --epochs 1 --out fallback
! grep -q 'NOT FOUND' err || wrong 'the cache folder is not found'
expect '"dataset": "mnist"' fallback/config.json

# ---- training that diverges
for way in "adam 0" "adamw 0" "sgd 0" "sgd 4"; do # The last once led beyond the largest float.
  refused 4 'training diverged' --dataset bundled --learning-rate 1e9 --optimizer ${way% *} --seed ${way#* } \
    --out diverged
  is_model diverged/model.safetensors
  is_finite diverged/model.safetensors
done

# ---- signals; job control, for without it bash starts jobs that ignore SIGINT
set -m
for signal in INT:130 TERM:143; do
  rm -rf stopped
  "$program" --dataset bundled --epochs 100000 --out stopped >out 2>err &
  job=$!
  for ((i = 0; i < 300; ++i)); do # Until the second epoch.
    [ -s stopped/metrics.jsonl ] && break
    sleep 0.1
  done
  kill -"${signal%:*}" $job
  for ((i = 0; i < 600; ++i)); do # What it has begun may take a while, but not a minute.
    kill -0 $job 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL $job 2>/dev/null
  wait $job
  status=$?
  job=
  [ $status -eq "${signal#*:}" ] || wrong "exit code $status after SIG${signal%:*}"
  is_model stopped/model.safetensors
  is_finite stopped/model.safetensors
  for picture in reconstructions samples traversal; do is_png "stopped/$picture.png"; done
  expect '"stopped": "' stopped/results.json
  [ "$(tail -n 1 out)" = stopped ] || wrong "SIG${signal%:*}: the last line is not the folder's name"
  no_leftovers stopped
done

[ $failures -eq 0 ] && echo 'everything is as it must be' || echo "$failures things are wrong"
[ $failures -eq 0 ]
