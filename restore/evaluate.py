"""Measure checkpoints: `python -m restore.evaluate CHECKPOINT... --pairs FOLDER --photos FOLDER`.

Prints PSNR and SSIM, blurred and restored, for each picture and each set. A checkpoint is a name, a .safetensors, or the
OUT folder of a training, which stands for its weights with the moving average (ema) and without (raw). --pairs holds
blur/ and sharp/ with equal names; --align names those (with wildcards) whose shift and gain are fitted before they are
scored, for the blurred and the restored photo alike. --photos are sharp and blurred here, the same way at every run.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from statistics import fmean, stdev

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # before torch: spinning threads cost a busy machine several times the time

import torch
from torch import Tensor

from restore import registry
from restore.alignment import align, common_part
from restore.checkpoint import Checkpoint, read_checkpoint
from restore.degradation import MARGIN, Degradation, Degrader
from restore.errors import RestoreError, TrainingError
from restore.metrics import psnr, ssim
from restore.restorer import Restorer
from restore.training_photos import SUFFIXES, image_tensor, load_photos, random_crop, split

SYNTHETIC = "synthetic"
SYNTHETIC_SEED = 99
TIMES = 8  # crops of each sharp photo, each with its own blur
FEW = 10  # photos, below which a mean is given without an interval


@dataclass(frozen=True)
class Pair:
    """A blurred picture and its sharp counterpart, float (3, H, W) in [0, 1]."""

    set: str
    name: str
    blurred: Tensor
    sharp: Tensor
    aligned: bool  # pixel by pixel; otherwise shift and gain are fitted


@dataclass(frozen=True)
class Score:
    """How close a picture was to the sharp one before and after; dB and SSIM."""

    checkpoint: str
    set: str
    name: str
    psnr_blurred: float
    psnr_restored: float
    ssim_blurred: float
    ssim_restored: float
    margin_db: float | None = None  # of a mean's gain: half the width of its 95 % interval

    @property
    def gain_db(self) -> float:
        return self.psnr_restored - self.psnr_blurred


def real_pairs(folder: Path, to_align: Iterable[str] = ()) -> Iterator[Pair]:
    """The pairs in `folder`/blur and /sharp; raises TrainingError when one lacks its counterpart or differs in size."""
    patterns = list(to_align)
    sharp_by_name = {path.stem: path for path in (folder / "sharp").glob("*") if path.suffix.lower() in SUFFIXES}
    paths = sorted(path for path in (folder / "blur").glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise TrainingError(f"there are no photos in {folder / 'blur'}: give a folder with blur/ and sharp/")
    for path in paths:
        if path.stem not in sharp_by_name:
            raise TrainingError(f"{path} has no counterpart of the same name in {folder / 'sharp'}")
        blurred, sharp = (image_tensor(each).float() / 255 for each in (path, sharp_by_name[path.stem]))
        if blurred.shape != sharp.shape:
            raise TrainingError(
                f"{path} and {sharp_by_name[path.stem]} differ in size: {blurred.shape[1:]}, {sharp.shape[1:]}"
            )
        fitted = any(fnmatch(path.name, pattern) for pattern in patterns)
        yield Pair("real, shift and gain fitted" if fitted else "real", path.stem, blurred, sharp, not fitted)


def synthetic_pairs(
    folder: Path, side: int, degradation: Degradation, only_held_back: bool, times: int = TIMES
) -> Iterator[Pair]:
    """Crops of sharp photos, `times` of each, blurred as in training; the same at every call.

    only_held_back: of the photos, those that a training on them never saw. The gain differs so much between crops and blurs
    that the mean over few of them tells little.
    """
    photos = load_photos(folder, side + 2 * MARGIN, 1600, torch.device("cpu"))
    degrader = Degrader(degradation, SYNTHETIC_SEED, torch.device("cpu"))
    chosen = split(photos)[1] if only_held_back else photos
    places = torch.Generator().manual_seed(SYNTHETIC_SEED)
    for number, photo in enumerate(chosen):
        for time in range(times):
            crop = random_crop(photo, side + 2 * MARGIN, places).float() / 255
            blurred, sharp = degrader.spoil(crop[None])
            yield Pair(SYNTHETIC, f"{number:03d}.{time}", blurred[0], sharp[0], True)


def score(restorer: Restorer, name: str, pair: Pair) -> Score:
    """Restore a pair's blurred picture and measure both, rounded to 256 levels as they would be saved."""
    restored = (restorer.restore_tensor(pair.blurred[None])[0] * 255).round() / 255
    blurred, sharp = pair.blurred, pair.sharp
    values = []
    for image in (blurred, restored):
        ours, theirs = (image, sharp) if pair.aligned else common_part(image, sharp, align(image, sharp))
        values.append((min(psnr(ours, theirs), 60.0), ssim(ours, theirs)))
    (psnr_blurred, ssim_blurred), (psnr_restored, ssim_restored) = values
    return Score(name, pair.set, pair.name, psnr_blurred, psnr_restored, ssim_blurred, ssim_restored)


def means(scores: list[Score]) -> list[Score]:
    """One score for each checkpoint and set: the mean over its pictures."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for each in scores:
        groups.setdefault((each.checkpoint, each.set), []).append(each)
    return [
        Score(
            checkpoint,
            name,
            f"mean of {len(group)}",
            fmean(one.psnr_blurred for one in group),
            fmean(one.psnr_restored for one in group),
            fmean(one.ssim_blurred for one in group),
            fmean(one.ssim_restored for one in group),
            _margin_db(group),
        )
        for (checkpoint, name), group in groups.items()
    ]


def _margin_db(scores: list[Score]) -> float | None:
    """Half the width of the 95 % interval of the mean gain, None for few; crops of one photo are alike and count as one."""
    gains: dict[str, list[float]] = {}
    for one in scores:
        gains.setdefault(one.name.partition(".")[0], []).append(one.gain_db)
    each = [fmean(some) for some in gains.values()]
    return 1.96 * stdev(each) / len(each) ** 0.5 if len(each) >= FEW else None


def table(scores: list[Score]) -> str:
    """The scores as a Markdown table."""
    lines = [
        "| checkpoint | set | picture | PSNR blurred | PSNR restored | gain | SSIM blurred | SSIM restored |",
        "| --- | --- | --- | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {s.checkpoint} | {s.set} | {s.name} | {s.psnr_blurred:.2f} dB | {s.psnr_restored:.2f} dB | "
        f"{s.gain_db:+.2f}{f' ± {s.margin_db:.2f}' if s.margin_db else ''} dB | {s.ssim_blurred:.4f} | {s.ssim_restored:.4f} |"
        for s in scores
    ]
    return "\n".join(lines)


def find_checkpoints(given: str, home: Path | None = None) -> dict[str, Checkpoint]:
    """The checkpoints that a name, a file, or a training's folder stands for, by the name to show."""
    path = Path(given)
    if path.is_dir():
        found = {f"{path.name}/{kind}": path / f"{kind}.safetensors" for kind in ("ema", "raw")}
        present = {name: read_checkpoint(file) for name, file in found.items() if file.is_file()}
        if not present:
            raise TrainingError(f"{path} holds neither ema.safetensors nor raw.safetensors: give the OUT of a training")
        return present
    return {path.stem: read_checkpoint(path)} if path.is_file() else {given: registry.find(given, home)}


def evaluate(checkpoints: dict[str, Checkpoint], pairs: list[Pair], device: str = "auto") -> list[Score]:
    """Score every checkpoint on every pair."""
    scores = []
    for name, checkpoint in checkpoints.items():
        restorer = Restorer(checkpoint, device=device)
        scores += [score(restorer, name, pair) for pair in pairs]
    return scores


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 0, or 2 for a user's mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m restore.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoints", nargs="+", help="names, files, or folders of trainings")
    parser.add_argument("--pairs", type=Path, help="folder with blur/ and sharp/")
    parser.add_argument(
        "--align", action="append", default=[], metavar="GLOB", help="pairs whose shift and gain to fit"
    )
    parser.add_argument("--photos", type=Path, help="folder of sharp photos to blur")
    parser.add_argument("--held-back", action="store_true", help="of --photos, those that restore.train holds back")
    parser.add_argument("--side", type=int, default=256, help="of the synthetic crops, px")
    parser.add_argument("--longest-shake", type=float, default=Degradation.longest_shake, help="px")
    parser.add_argument("--largest-defocus", type=float, default=Degradation.largest_defocus, help="px")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        checkpoints = {k: v for name in given.checkpoints for k, v in find_checkpoints(name).items()}
        pairs = list(real_pairs(given.pairs, given.align)) if given.pairs else []
        if given.photos:
            degradation = Degradation(
                longest_shake=given.longest_shake, largest_defocus=given.largest_defocus, kernels=64, untouched=0
            )
            pairs += synthetic_pairs(given.photos, given.side, degradation, given.held_back)
        if not pairs:
            raise TrainingError("there is nothing to measure on: give --pairs, --photos, or both")
        scores = evaluate(checkpoints, pairs, given.device)
    except (RestoreError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(
            json.dumps({"scores": [asdict(s) for s in scores], "means": [asdict(s) for s in means(scores)]}, indent=2)
        )
    else:
        print(table([*scores, *means(scores)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
