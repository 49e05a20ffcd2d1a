#!/usr/bin/env python3
"""Trains the same models with bvae and with PyTorch, alternating, and prints medians; run.sh calls it.

The models are the MLP 784-400-20 and the convolutional one of Burgess et al. on 64x64 images, one after the other.
Every contender is a process that waits for commands. In each round each of them trains a new model on the same images
for two epochs, and the second is timed: all contenders, batch sizes and numbers of threads in turn, then the next
round. Ratios are those of times in the same round. Ends with 1 if the two sides do not compute the same thing: their
losses, their numbers of parameters and of operations must agree.
"""

import argparse
import datetime
import gzip
import json
import os
import pathlib
import platform
import random
import statistics
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = HERE.parents[1] / "examples/mnist/data/train-images-idx3-ubyte.gz"
PLAIN = ("eager", "fused", "compile", "autotune")
MODES = PLAIN + tuple(f"{mode}-channels-last" for mode in PLAIN)


class Model:
    def __init__(self, samples, batches, modes, side, scale, same_weights, trained):
        self.samples = samples  # an epoch; batch sizes divide it
        self.batches = batches
        self.modes = modes
        self.side = side  # of the images; digits are magnified by scale, with a margin around
        self.scale = scale
        self.same_weights = same_weights  # how far apart two sides may be
        self.trained = trained


# With the same weights only the noise differs, and only in the reconstruction. Trained from their own random weights,
# medians over the rounds differ by less than what a model says.
MODELS = {
    "mlp": Model(4096, (16, 128, 512), PLAIN, 28, 1, {"loss": 0.003, "kl": 1e-4}, {"loss": 0.02, "kl": 0.15}),
    "burgess": Model(
        1024, (64,), ("eager", "fused", "fused-channels-last", "compile", "compile-channels-last"), 64, 2,
        {"loss": 0.01, "kl": 1e-4},
        {"loss": 0.2},  # 32 steps leave most to chance: from seed to seed the loss varies by 8 %
    ),
}


class Worker:
    def __init__(self, name, command, **environment):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment
        )

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise SystemExit(f"compare.py: {self.name} failed at '{' '.join(map(str, words))}'") from None

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def processor_seconds(self):
        return processor_seconds(f"/proc/{self.process.pid}/stat")

def processor_seconds(stat):
    """User and system time of a process, or of all when it is /proc/stat (there also what the hypervisor took)."""
    fields = pathlib.Path(stat).read_text().splitlines()[0].rpartition(")")[2].split()
    if stat == "/proc/stat":
        fields = fields[1:]
        ticks = sum(map(int, fields[:8])) - int(fields[3]) - int(fields[4])
    else:
        ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")

def seconds_of_others(workers):
    return processor_seconds("/proc/stat") - sum(worker.processor_seconds() for worker in workers)

def magnify(pixels, height, width, model):
    """A digit in the middle of an image of the model's size."""
    rows = [pixels[y * width : (y + 1) * width] for y in range(height)]
    wide = [b"".join(bytes([pixel]) * model.scale for pixel in row) for row in rows]
    left = (model.side - width * model.scale) // 2
    top = (model.side - height * model.scale) // 2
    inside = b"".join((bytes(left) + row + bytes(left)) * model.scale for row in wide)
    return bytes(top * model.side) + inside + bytes(top * model.side)

def write_images(path, model):
    """Digits of MNIST in a random order, as often as it takes."""
    with gzip.open(DIGITS) as file:
        _, count, height, width = struct.unpack(">IIII", file.read(16))
        pixels = file.read()
    size = height * width
    order = [i % count for i in range(model.samples)]
    random.Random(1).shuffle(order)
    images = [magnify(pixels[i * size : (i + 1) * size], height, width, model) for i in range(count)]
    content = b"".join(images[i] for i in order)
    path.write_bytes(struct.pack(">IIII", 0x803, model.samples, model.side, model.side) + content)

def processor():
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if ":" in line
    )
    return {
        "model": fields.get("model name", platform.machine()),
        "flags": fields.get("flags", fields.get("Features", "")).split(),
        "cores": os.cpu_count(),
    }

def commit():
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

def summary(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": middle, "quartiles": [low, high]}

class Contender:
    """One side: its name, whether it is PyTorch, and what to ask whom for a round."""

    def __init__(self, name, is_torch, workers):
        self.name = name
        self.is_torch = is_torch
        self.workers = workers  # by the number of threads

    def round(self, batch, threads, seed):
        words = (batch, seed) if self.is_torch else (batch, threads, seed)
        return self.workers[threads].ask("round", *words)

def start(name_of_model, modes, options, images):
    contenders = []
    for name, program in options.bvae:
        worker = Worker(name, [program, name_of_model, images])
        contenders.append(Contender(name, False, dict.fromkeys(options.threads, worker)))
    for mode in modes:
        command = [sys.executable, "-B", str(HERE / "torch_worker.py"), name_of_model, mode]
        workers = {
            t: Worker(f"PyTorch {mode}", [*command, str(t), images], OMP_NUM_THREADS=str(t), CXX=options.torch_cxx)
            for t in options.threads
        }
        contenders.append(Contender(f"PyTorch {mode}", True, workers))
    return contenders

def measure(contenders, batches, options):
    """Everything that was answered: results[batch, threads, name] is a list, a round each; so is peaks[threads]."""
    results = {(b, t, c.name): [] for b in batches for t in options.threads for c in contenders}
    peaks = {t: [] for t in options.threads}
    ours = contenders[0].workers
    for number in range(options.rounds + 1):  # the first, in which PyTorch compiles, does not count
        print(f"round {number} of {options.rounds}" if number else "warming up", file=sys.stderr, flush=True)
        for threads in options.threads:
            peaks[threads].append(ours[threads].ask("peak", threads)["peak"])
            for batch in batches:
                turn = number % len(contenders)
                for contender in contenders[turn:] + contenders[:turn]:
                    answer = contender.round(batch, threads, number)
                    if number:
                        results[batch, threads, contender.name].append(answer)
    return results, peaks

def check(about, same_weights, rows, model):
    """What is different between the two sides, though it must not be: each is compared with the first contender."""

    def compare(what, values, tolerance):
        first = next(iter(values.values()))
        return [
            f"{what} of {name}: {value}, but of {next(iter(values))}: {first}"
            for name, value in values.items()
            if not abs(value / first - 1) <= tolerance
        ]

    complaints = []
    for key in ("parameters", "flops_per_sample"):
        complaints += compare(key, {name: told[key] for name, told in about.items()}, 0)
    for key, tolerance in model.same_weights.items():
        values = {name: told[key] for name, told in same_weights.items()}
        complaints += compare(f"{key} with the same weights", values, tolerance)
    for batch in sorted({r["batch"] for r in rows}):
        for key, tolerance in model.trained.items():
            values = {f"{r['contender']} ({r['threads']})": r[key] for r in rows if r["batch"] == batch}
            complaints += compare(f"{key} after training with batch {batch}", values, tolerance)
    return complaints

def evaluate(contenders, batches, options, results, peaks, flops):
    rows = []
    speeds = {key: [a["samples"] / a["seconds"] for a in answers] for key, answers in results.items()}
    for (batch, threads, name), values in speeds.items():
        answers = results[batch, threads, name]
        row = {"batch": batch, "threads": threads, "contender": name, "rounds": values, **summary(values)}
        row["share_of_peak"] = row["median"] * flops / max(peaks[threads])
        row["loss"], row["kl"] = (statistics.median(a[key] for a in answers) for key in ("loss", "kl"))
        rows.append(row)

    def best(batch, threads, is_torch):
        names = [c.name for c in contenders if c.is_torch == is_torch]
        return max(((batch, t, n) for t in threads for n in names), key=lambda key: statistics.median(speeds[key]))

    def ratio(ours, theirs):
        return summary([a / b for a, b in zip(speeds[ours], speeds[theirs])])

    headlines = []
    if any(c.is_torch for c in contenders):
        for row in rows:
            key = row["batch"], row["threads"], row["contender"]
            row["ratio"] = ratio(key, best(row["batch"], [row["threads"]], True))
        for batch in batches:
            theirs = best(batch, options.threads, True)
            for contender in contenders:
                if contender.is_torch:
                    continue
                ours = max(((batch, t, contender.name) for t in options.threads), key=lambda k: statistics.median(speeds[k]))
                headlines.append({"batch": batch, "bvae": ours[1:], "pytorch": theirs[1:], "ratio": ratio(ours, theirs)})
    return rows, headlines

def show(rows, headlines, report):
    def spread(s, form):
        return f"{s['median']:{form}} | {s['quartiles'][0]:{form}} - {s['quartiles'][1]:{form}}"

    def threads(count):
        return f"{count} thread{'s' if count > 1 else ''}"

    machine = report["machine"]
    peaks = ", ".join(f"{value['best'] * 1e-9:.0f} on {threads(int(t))}" for t, value in report["peak"].items())
    print(f"## {report['model']}\n")
    print(f"{machine['model']}, {machine['cores']} cores, kernels {report['isa']}; FMA peak in GFLOP/s: {peaks}")
    print(f"PyTorch {report['versions'].get('torch', 'is left out')}; medians of {report['settings']['rounds']} rounds")
    same = "; ".join(f"{name} {v['loss']:.3f}, {v['kl']:.4f}" for name, v in report["same_weights"].items())
    print(f"loss and KL of the same weights: {same}")
    padding = report["settings"]["padding_share"]
    if padding:
        print(f"of the operations, as PyTorch counts them, {padding:.1%} are products with the zeros of the padding")
    print(f"other processes took {report['others']:.2f} of the {machine['cores']} cores\n")
    print("| batch | threads | | samples/s | quartiles | of FMA peak | x PyTorch's best | quartiles | loss | KL |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for r in rows:
        ratio = spread(r["ratio"], ".2f") if "ratio" in r else " | "
        print(
            f"| {r['batch']} | {r['threads']} | {r['contender']} | {spread(r, ',.0f')} | {r['share_of_peak']:.0%} "
            f"| {ratio} | {r['loss']:.2f} | {r['kl']:.2f} |"
        )
    if headlines:
        print("\n| batch | bvae | PyTorch's best | ratio | quartiles |\n|---|---|---|---|---|")
    for h in headlines:
        ours, theirs = (f"{name}, {threads(count)}" for count, name in (h["bvae"], h["pytorch"]))
        print(f"| {h['batch']} | {ours} | {theirs} | {spread(h['ratio'], '.2f')} |")

def report_on(name, options):
    model = MODELS[name]
    batches = options.batches or model.batches
    modes = model.modes if options.modes is None else options.modes
    with tempfile.TemporaryDirectory() as folder:
        images = pathlib.Path(folder) / "images-idx3-ubyte"
        write_images(images, model)
        contenders = start(name, modes, options, str(images))
        about = {c.name: c.workers[options.threads[0]].ask("about") for c in contenders}
        saved = str(pathlib.Path(folder) / "model.safetensors")
        same_weights = {}
        for contender in contenders:
            command = "load" if contender.is_torch else "save"
            same_weights[contender.name] = contender.workers[options.threads[0]].ask(command, saved)
        workers = {worker for c in contenders for worker in c.workers.values()}
        others, began = seconds_of_others(workers), datetime.datetime.now(datetime.timezone.utc)
        results, peaks = measure(contenders, batches, options)
        seconds = (datetime.datetime.now(datetime.timezone.utc) - began).total_seconds()
        others = (seconds_of_others(workers) - others) / seconds
        for worker in workers:
            worker.stop()

    first = about[contenders[0].name]
    torch_about = next((about[c.name] for c in contenders if c.is_torch), {})
    flops = first["flops_per_sample"]
    rows, headlines = evaluate(contenders, batches, options, results, peaks, flops)
    versions = {"bvae": commit(), "python": platform.python_version()}
    versions |= {c.name: about[c.name]["compiler"] for c in contenders if not c.is_torch}
    if torch_about:
        versions |= {"torch": torch_about["torch"], "torch_capability": torch_about["capability"]}
    report = {
        "model": name,
        "began": began.isoformat(timespec="seconds"),
        "seconds": seconds,
        "machine": processor(),
        "isa": first["isa"],
        "versions": versions,
        "settings": {
            "rounds": options.rounds,
            "samples": model.samples,
            "flops_per_sample": flops,
            "padding_share": first["padding_flops"] / flops,
        },
        "others": others,
        "peak": {str(t): {"best": max(values), "rounds": values} for t, values in peaks.items()},
        "results": rows,
        "headlines": headlines,
        "same_weights": same_weights,
        "complaints": check(about, same_weights, rows, model),
    }
    show(rows, headlines, report)
    return report

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bvae", nargs=2, action="append", required=True, metavar=("NAME", "PROGRAM"))
    parser.add_argument("--model", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--modes", nargs="*", choices=MODES, help="of PyTorch; default: what may be best for the model")
    parser.add_argument("--batches", nargs="+", type=int, help="default: 16, 128, 512 for mlp, 64 for burgess")
    parser.add_argument("--threads", nargs="+", type=int, default=(1, 2))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=pathlib.Path, help="where to write all rounds")
    parser.add_argument("--torch-cxx", default="g++", help="the compiler of torch.compile")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds must be at least 3")
    for name in options.model:
        if any(MODELS[name].samples % batch for batch in options.batches or ()):
            parser.error(f"--batches must divide {MODELS[name].samples} for {name}")

    reports = []
    for name in options.model:
        if reports:
            print()
        reports.append(report_on(name, options))
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1) + "\n")
    complaints = [f"{report['model']}: {complaint}" for report in reports for complaint in report["complaints"]]
    for complaint in complaints:
        print(f"compare.py: {complaint}", file=sys.stderr)
    return 1 if complaints else 0

if __name__ == "__main__":
    sys.exit(main())
