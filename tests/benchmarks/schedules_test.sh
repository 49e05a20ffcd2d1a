#!/usr/bin/env bash
# Runs grids of short runs on the digits in the repository: schedules_test.sh SCHEDULES MNIST SCRATCH
# Says each thing that is not as it must be, and fails if there was one.
set -uo pipefail
schedules=$(realpath "$1")
mnist=$(realpath "$2")
[ -x "$schedules" ] && [ -x "$mnist" ] || { echo "$1 or $2 cannot be run"; exit 1; }
scratch=$(mktemp -d "$3/schedules test.XXXXXX") || exit 1 # With a space on purpose.
job=
disk=
cleanup() {
  if [ -n "$job" ]; then kill -KILL $job 2>/dev/null; fi
  if [ -n "$disk" ]; then umount "$disk" 2>/dev/null; fi
  rm -rf "$scratch"
}
trap cleanup EXIT
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
  "$schedules" --program "$mnist" "$@" >out 2>err </dev/null
  status=$?
  if [ $status -ne "$wanted" ]; then
    wrong "exit code $status instead of $wanted: $*"
    sed 's/^/    /' out err
  fi
}
expect() { # expect TEXT FILE
  grep -qF -e "$1" "$2" || { wrong "no '$1' in $2"; sed 's/^/    /' "$2"; }
}
# refused TEXT ARGUMENT...: wrong flags or a wrong grid; says the text, and writes nothing.
refused() {
  local text=$1
  shift
  run 2 "$@"
  expect "$text" err
  [ ! -s out ] || wrong "output on stdout after an error: $*"
  [ ! -e refused ] && [ ! -e runs ] || wrong "something was written: $*"
}
runs_in() { find "$1" -mindepth 1 -maxdepth 1 -type d -name '[0-9a-f]*' ! -name '*.*' | wc -l; }
done_in() { find "$1" -mindepth 2 -maxdepth 2 -name results.json ! -path '*.tmp/*' ! -path '*.failed/*' | wc -l; }
no_leftovers() { [ -z "$(find "$1" -name '.*.tmp' -o -name '.*.old')" ] || wrong "$(ls -A "$1"): temporary folders are left in $1"; }
wait_for() { # wait_for SECONDS COMMAND...
  local tries=$((10 * $1))
  shift
  while ! "$@" && ((tries-- > 0)); do sleep 0.1; done
  "$@" || wrong "waited in vain for: $*"
}
short=(--dataset bundled --epochs 1 --batch-size 500 --draws 1)
small=("${short[@]}" --schedule constant,warmup --seed 0..1) # four runs
endless=(--dataset bundled --epochs 100000 --draws 0)

# ---- list, a grid, and the same again
run 0 "${small[@]}" --list --out grid
[ "$(grep -c ' to do ' out)" -eq 4 ] || wrong 'not four runs to do'
[ ! -e grid ] || wrong '--list has made a folder'
expect 'schedule=warmup seed=1' out
run 0 "${small[@]}" --jobs 1 --out grid
expect '4 done' err
expect 'left' err
[ "$(runs_in grid)" -eq 4 ] && [ "$(done_in grid)" -eq 4 ] || wrong 'not four whole runs'
expect 'grid/report.html' out
grep -qE '^constant +2 ' out || wrong 'no line of the group constant in the table'
for file in summary.json report.html; do [ -s grid/$file ] || wrong "a grid without $file"; done
expect '"format": "bvae-summary-1"' grid/summary.json
no_leftovers grid
for file in config.json metrics.jsonl results.json model.safetensors samples.png report.html log.txt; do
  [ "$(find grid -mindepth 2 -name $file | wc -l)" -eq 4 ] || wrong "not four $file"
done
run 0 "${small[@]}" --list --out grid
[ "$(grep -c ' done ' out)" -eq 4 ] || wrong 'not four done runs'
find grid -type f -newer out | grep -q . && wrong '--list has written something'
touch before
run 0 "${small[@]}" --out grid
expect '0 done, 4 done before' err
[ -z "$(find grid -name results.json -newer before)" ] || wrong 'a run was done again'
# More seeds: only those are new.
run 0 "${short[@]}" --schedule constant,warmup --seed 0..2 --out grid
expect '2 done, 4 done before' err
run 0 summarize grid
grep -qE '"found": 6' grid/summary.json || wrong 'not six runs in summary.json'
run 0 summarize grid --baseline warmup
refused 'no group has the label' summarize grid --baseline nothing
# What is torn is neither done nor harms the others.
run 0 "${small[@]}" --out torn
for name in config.json metrics.jsonl samples.png; do
  file=$(find torn -mindepth 2 -name $name | sort | head -n 1)
  cp "$file" whole
  truncate --size=30 "$file"
  run 1 "${small[@]}" --out torn
  expect 'LEFT ALONE' err
  expect '3 done before' err
  cp whole "$file"
done
# A wrong baseline at a grid's end costs no results; and a grid is compared without the other runs of its folder.
run 1 "${small[@]}" --out grid --baseline nothing
expect 'compared without it' err
grep -qE '"found": 4' grid/summary.json || wrong 'not the four runs of this grid in summary.json'
run 3 summarize nowhere
expect 'nowhere' err

# ---- two at once: the same bytes
run 0 "${small[@]}" --jobs 2 --out two
for folder in two/*/; do
  for file in model.safetensors samples.png; do
    cmp "$folder$file" "grid/${folder#two/}$file" || wrong "another $file with --jobs 2"
  done
  without_times() { grep -vE '"(seconds|samples_per_second)"' "$1"; }
  [ "$(without_times "${folder}results.json")" = "$(without_times "grid/${folder#two/}results.json")" ] ||
    wrong 'other results with --jobs 2'
done

# ---- one run of the grid
for i in 3 1 4 2; do
  run 0 "${small[@]}" --index $i --out array
  expect '1 done' err
done
[ "$(done_in array)" -eq 4 ] || wrong 'the four runs of an array are not the grid'
diff <(cd grid && ls -d $(cd ../array && ls)) <(ls array) || wrong 'an array has other runs'
refused '1 to 4, found 5' "${small[@]}" --index 5 --out refused
refused '--index' "${small[@]}" --index 0 --out refused
refused '--index' "${small[@]}" --index 1 --list --out refused

# ---- a grid file, and what it does not repeat
cat >grid.json <<'END'
[{"schedule": ["constant", "pid"], "target-kl": 5, "beta": [1, 2, 3], "seed": "0..1"}, {"free-bits": 0.1}]
END
run 0 --grid grid.json "${short[@]}" --list
[ "$(wc -l <out)" -eq 9 ] || wrong 'not nine runs in the grid file'
expect 'schedule=pid' out
run 0 --grid grid.json "${short[@]}" --out file
expect '4 combination(s) left out' err
[ "$(done_in file)" -eq 9 ] || wrong 'not nine runs from the grid file'
run 0 --quick --dataset bundled --list
[ "$(wc -l <out)" -eq 12 ] || wrong 'not twelve runs in --quick'

# ---- wrong grids: nothing is written
refused 'nothing to run' --out refused
refused '--beta' "${short[@]}" --beta 1,-1 --out refused
refused 'sideways' "${short[@]}" --schedule sideways --out refused
refused 'empty value' "${short[@]}" --beta 1,,2 --out refused
refused 'no-such-flag' "${short[@]}" --no-such-flag 1 --out refused
refused '--target-kl' "${short[@]}" --schedule pid --out refused
refused '--jobs' "${short[@]}" --jobs 0 --out refused
refused '--threads' "${short[@]}" --threads 1,2 --out refused
refused '--out' "${short[@]}" --out ''
refused 'one folder for all' "${short[@]}" --data a --data b --out refused
refused 'grid.json has this flag already' --grid grid.json --beta 4 --out refused
refused 'summarize takes' --beta 1 summarize grid
mnist=nowhere refused 'is no file' "${short[@]}" --out refused
refused 'nowhere.json' --grid nowhere.json --out refused
for text in '{' '{"beta": [1,]}' '[]' '{}' '{"beta": []}' '{"bets": 1}' '{"schedule": "sideways"}' '{"beta": true}' '{"out": "x"}'; do
  printf '%s' "$text" >wrong.json
  refused wrong.json --grid wrong.json --out refused
done
run 3 --epochs 1 --out refused # MNIST is not in this home's cache, and other digits are no MNIST.
expect 'MNIST is not in the cache' err
[ ! -e refused ] || wrong 'a folder was made without MNIST'
: >file-in-the-way
run 3 "${short[@]}" --out file-in-the-way
expect 'file-in-the-way' err
run 0 --help
expect 'Exit codes' out

# ---- runs that fail harm no other
run 1 "${short[@]}" --learning-rate 0.001,1e9 --out failing
expect 'FAILED: exit code 4' err
expect 'training diverged' err
expect '1 done, 1 failed' err
[ "$(runs_in failing)" -eq 1 ] && [ -s "$(echo failing/*.failed/log.txt)" ] || wrong 'a failed run is not kept'
run 0 "${short[@]}" --learning-rate 0.001,1e9 --list --out failing
expect ' failed ' out
no_leftovers failing
# A program that is killed; then one that says nothing of itself; then all is well again.
printf '#!/bin/sh\ncase "$*" in *--seed=1*) kill -SEGV $$ ;; esac\nexec "%s" "$@"\n' "$mnist" >crashing
printf '#!/bin/sh\nexit 0\n' >idle
chmod +x crashing idle
"$schedules" --program ./crashing "${small[@]}" --out crashed >out 2>err
[ $? -eq 1 ] || wrong 'a crash gives no exit code 1'
expect 'signal 11' err
expect '2 done, 2 failed' err
"$schedules" --program ./idle "${small[@]}" --out crashed >out 2>err
expect 'no whole results' err
printf '#!/bin/sh\n"%s" "$@"\nexit 5\n' "$mnist" >unhappy
chmod +x unhappy
"$schedules" --program ./unhappy "${short[@]}" --seed 1 --out crashed >out 2>err
expect 'FAILED: exit code 5' err # though its results are whole
run 0 "${small[@]}" --out crashed
expect '2 done, 2 done before' err
[ -z "$(find crashed -name '*.failed')" ] || wrong 'a failure is kept after its run was done'

# ---- damaged results, and those of another version: left alone, the others go on
cp -r grid spoilt
mapfile -t folders < <(ls -d spoilt/*/)
head -c 100 "${folders[0]}results.json" >cut && mv cut "${folders[0]}results.json"
sed -i 's/"bvae": "[^"]*"/"bvae": "0.0.0"/' "${folders[1]}results.json"
sed -i 's/"stopped": null/"stopped": "interrupted"/' "${folders[2]}results.json"
rm "${folders[3]}results.json"
run 0 "${short[@]}" --schedule constant,warmup --seed 0..2 --list --out spoilt
for state in damaged 'other version' interrupted; do expect " $state " out; done
run 1 "${short[@]}" --schedule constant,warmup --seed 0..2 --out spoilt
expect "${folders[0]%/}: results.json is no JSON" err
expect 'of bvae 0.0.0' err
expect 'delete this folder' err
expect '2 done, 2 done before, 2 with results that cannot be used' err

# ---- a disk that fills: the other run is unharmed
if [ "$(id -u)" -eq 0 ] && mkdir disk && mount -t tmpfs -o size=4500k tmpfs disk 2>/dev/null; then
  disk=$scratch/disk
  run 1 "${short[@]}" --seed 0,1 --jobs 1 --out disk/full
  expect '1 done, 1 failed' err
  expect 'No space left' err
  [ "$(done_in disk/full)" -eq 1 ] || wrong 'the run before the disk was full is gone'
  rm -rf disk/full/*.failed
  mount -o remount,size=20m disk
  run 0 "${short[@]}" --seed 0,1 --jobs 1 --out disk/full
  expect '1 done, 1 done before' err
  umount disk && disk=
else # Files of 1 MB at most, and no signal for those that are larger.
  (trap '' XFSZ; ulimit -f 1024; run 1 "${short[@]}" --seed 0,1 --out full; exit $failures) || wrong 'files that cannot be written'
  no_leftovers full
fi

# ---- signals; job control, for without it bash starts jobs that ignore SIGINT
set -m
has_begun() { [ "$(find "$1" -path '*.tmp/metrics.jsonl' -size +0 2>/dev/null | wc -l)" -ge "$2" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
for signal in INT:130 TERM:143; do
  "$schedules" --program "$mnist" "${endless[@]}" --seed 0..5 --jobs 2 --out stopped >out 2>err &
  job=$!
  wait_for 30 has_begun stopped 2
  kill -"${signal%:*}" $job
  wait_for 30 ended $job
  wait $job
  status=$?
  job=
  [ $status -eq "${signal#*:}" ] || wrong "exit code $status after SIG${signal%:*}"
  [ "$(runs_in stopped)" -eq 0 ] || wrong 'a run that was stopped has its name'
  expect 'asked to stop' err
  no_leftovers stopped
done
printf '#!/bin/sh\ntrap "" TERM INT\n: >begun\nwhile :; do sleep 0.1; done\n' >stubborn
chmod +x stubborn
"$schedules" --program ./stubborn "${short[@]}" --out stopped >out 2>err &
job=$!
wait_for 30 test -e begun
kill -INT $job
wait_for 30 grep -q 'asked to stop' err
ended $job && wrong 'the grid has not waited for its run'
kill -INT $job
wait_for 30 ended $job
wait $job
[ $? -eq 130 ] || wrong 'exit code after a second signal'
job=
no_leftovers stopped

# ---- kill -9 in the middle: the run at work ends by itself, and the next call takes it, or does it again
"$schedules" --program "$mnist" --dataset bundled --epochs 40 --draws 0 --jobs 1 --out killed >out 2>err &
job=$!
wait_for 30 has_begun killed 1
kill -KILL $job
wait $job 2>/dev/null
job=
[ "$(done_in killed)" -eq 0 ] || wrong 'it was killed too late'
run 0 --dataset bundled --epochs 40 --draws 0 --list --out killed
expect ' running ' out
run 0 --dataset bundled --epochs 40 --draws 0 --out killed
expect 'another process has it' err
nobody_works() { ! "$schedules" --dataset bundled --epochs 40 --draws 0 --list --out killed | grep -q running; }
wait_for 200 nobody_works
run 0 --dataset bundled --epochs 40 --draws 0 --out killed
expect 'taken over' err
[ "$(done_in killed)" -eq 1 ] || wrong 'not one run after a kill'
no_leftovers killed

# ---- two grids in one folder at once: each run is done once
"$schedules" --program "$mnist" "${short[@]}" --seed 0..5 --jobs 1 --out shared >out1 2>err1 &
job=$!
run 0 "${short[@]}" --seed 0..5 --jobs 1 --out shared
wait $job || wrong 'the other grid has failed'
job=
count() { sed -n "s/^schedules: \([0-9]*\) done.*/\1/p" "$1"; }
[ $(($(count err) + $(count err1))) -eq 6 ] || { wrong 'two grids have not done six runs together'; cat err err1; }
[ "$(done_in shared)" -eq 6 ] || wrong 'not six runs of two grids'
no_leftovers shared

[ $failures -eq 0 ] && echo 'everything is as it must be' || echo "$failures things are wrong"
[ $failures -eq 0 ]
