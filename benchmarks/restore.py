"""Speed and memory of the restoration: `python benchmarks/restore.py [--megapixels 1 12 24] [--quick]`.

1. base at 256x256 against a plain reading of the network (eager, contiguous, all six tails) and against the machine's
   peak: the graph's floating-point operations over the rate of a large fp32 matrix product, measured in the same run
   on the same cores, in turns, so that other work on the machine disturbs all alike.
2. seconds per megapixel and peak memory of restoring whole photos with the bundled checkpoint, each in a process of its
   own that reads, restores and writes a file.

Prints one JSON document on standard output, and lines for people on standard error.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "restore")]
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

MATRIX_SIDE = 2048

CHILD = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from restore import Restorer, read_photo, write_photo
restorer = Restorer(device="cpu")
begin = time.perf_counter()
photo = read_photo(Path(sys.argv[2]))
restoration = restorer.restore(photo.image)
write_photo(restoration.image, Path(sys.argv[3]))
# not getrusage: what it calls the peak goes back to before this program was started
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"seconds": time.perf_counter() - begin, "tiles": restoration.tiles, "peak_bytes": peak}))
"""


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def compare_with_the_plain_reading(rounds: int) -> dict[str, float]:
    """Median seconds of ours, the plain reading and the peak, and their ratios."""
    import torch
    from made import random_network
    from plain_reading import plain_reading
    from torch.utils.flop_counter import FlopCounterMode

    from restore.configuration import OFFICIAL
    from restore.network import in_channels_last

    photo = torch.rand(1, 3, 256, 256)
    plain_weights = random_network(OFFICIAL["base"]).state_dict()
    network = in_channels_last(random_network(OFFICIAL["base"]))
    in_last = photo.contiguous(memory_format=torch.channels_last)
    left, right = torch.rand(2, MATRIX_SIDE, MATRIX_SIDE)
    with torch.inference_mode():
        with FlopCounterMode(display=False) as counter:
            network(in_last)
        operations = counter.get_total_flops()
        times: dict[str, list[float]] = {"ours": [], "plain": [], "matrix": []}
        for turn in range(rounds + 1):
            measured = {
                "ours": seconds_of(lambda: network(in_last)),
                "plain": seconds_of(lambda: plain_reading(plain_weights, photo)),
                "matrix": seconds_of(lambda: left @ right),
            }
            if turn:  # the first warms up
                for name, value in measured.items():
                    times[name].append(value)
        difference = float((network(in_last) - plain_reading(plain_weights, photo)[-1]).abs().max())
    ours, plain, matrix = (median(times[name]) for name in ("ours", "plain", "matrix"))
    rate = 2 * MATRIX_SIDE**3 / matrix
    return {
        "threads": torch.get_num_threads(),
        "ours_s": ours,
        "plain_s": plain,
        "times_faster_than_plain": plain / ours,
        "gigaflop": operations / 1e9,
        "matrix_gigaflop_per_s": rate / 1e9,
        "peak_s": operations / rate,
        "times_the_peak_time": ours / (operations / rate),
        "largest_difference": difference,
    }


def whole_photo(megapixels: float) -> dict[str, float]:
    """Seconds per megapixel and peak memory of one photo, in a process of its own."""
    from made import made_photo

    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photo.jpg"
        card = made_photo(round(height * 1.5) // 4, height // 4)
        card.resize((round(height * 1.5), height)).save(source, quality=92)
        command = [sys.executable, "-c", CHILD, str(ROOT), str(source), str(Path(folder) / "out.jpg")]
        ran = subprocess.run(command, capture_output=True, check=True, text=True)
    measured: dict[str, float] = json.loads(ran.stdout)
    return {
        "megapixels": megapixels,
        "tiles": measured["tiles"],
        "seconds": measured["seconds"],
        "seconds_per_megapixel": measured["seconds"] / megapixels,
        "peak_mib": measured["peak_bytes"] / 2**20,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="*", default=[1, 12, 24])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="two rounds, 0.25 and 1 megapixel: does it run at all?")
    given = parser.parse_args()
    network = compare_with_the_plain_reading(2 if given.quick else given.rounds)
    print(
        f"base, 256x256: {network['ours_s']:.2f} s, plain reading {network['plain_s']:.2f} s "
        f"({network['times_faster_than_plain']:.2f} times faster); {network['gigaflop']:.0f} Gflop at the machine's "
        f"{network['matrix_gigaflop_per_s']:.0f} Gflop/s take {network['peak_s']:.2f} s "
        f"({network['times_the_peak_time']:.2f} times that); difference {network['largest_difference']:.1e}",
        file=sys.stderr,
    )
    photos = []
    for megapixels in [0.25, 1] if given.quick else given.megapixels:
        photos.append(whole_photo(megapixels))
        more = photos[-1]["peak_mib"] - photos[0]["peak_mib"]
        print(
            f"{megapixels:g} megapixels: {photos[-1]['seconds_per_megapixel']:.1f} s per megapixel, "
            f"{photos[-1]['tiles']:.0f} tiles, peak {photos[-1]['peak_mib']:.0f} MiB (+{more:.0f})",
            file=sys.stderr,
        )
    print(json.dumps({"network": network, "photos": photos}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
