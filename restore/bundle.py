"""Turn a training's result into a checkpoint of the package, measured: `python -m restore.bundle WEIGHTS --pairs FOLDER …`.

WEIGHTS is the ema.safetensors (or an official .pt) of a training. Writes restore/checkpoints/NAME.safetensors in half
precision and NAME.md, its model card, with the tables measured now. Run again, it replaces both.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # before torch: spinning threads cost a busy machine several times the time

from safetensors.torch import load_file

from restore.checkpoint import Checkpoint, digest, import_weights, save_checkpoint
from restore.degradation import Degradation
from restore.errors import RestoreError
from restore.evaluate import SYNTHETIC, TIMES, Pair, Score, evaluate, means, real_pairs, synthetic_pairs, table
from restore.files import whole_file
from restore.registry import BUNDLED_FOLDER, DEFAULT_NAME

CARD = """# {name}

MSSNet (Kim, Lee, Cho, ECCV 2022 Workshops) with widths {widths}: {parameters:.1f} million parameters in half precision,
{mib:.1f} MiB. Trained for Unblur; these are not the authors' weights. Licence of the weights: Apache-2.0.

SHA-256 `{digest}`

## Training

{training}

**Data.** {photos}

**Blur.** Made on the fly in linear light, or in the picture's own levels as averaged video frames have it: camera-shake
paths of up to {shake:g} px and defocus of up to {defocus:g} px of radius; in part of the pictures a second motion in a region,
lights brighter than white, enlarging from a smaller picture, a sharp side that is a little soft itself; then noise, JPEG.
Six outputs supervised by L1 plus 0.1 x L1 of the Fourier transform, a cosine schedule, a moving average of the
weights; AdamW where nothing else is said above.

## Measured

{means}

{scores}

The synthetic pictures are crops of photos that were held back from training, {times} of each with blurs of their own; {worse}.
± is the 95 % interval of a mean. Where shift and gain are fitted, they are fitted for the blurred and for the restored picture
alike. Every real picture measured is listed, also those that became worse.

## What it cannot do

{limits}
"""
DEFAULT_PHOTOS = """163 sharp photos under free licences, long side at most 1600 px: public domain, CC0, CC BY, CC BY-SA,
GFDL, the Unsplash License, Kodak's test photos released for unrestricted use, and photos of repositories under MIT, BSD,
Apache, LGPL and GPL, many of them from Unsplash without a credit for each. None of the photos is part of the package."""


def bundle(
    weights: Path, name: str, pairs: list[Pair], card: dict[str, str], degradation: Degradation, folder: Path
) -> Checkpoint:
    """Write `name`.safetensors and `name`.md into `folder`; returns the checkpoint.

    card: the texts `training`, `photos`, `limits`. Raises CheckpointError when the weights are not MSSNet's.
    """
    with tempfile.TemporaryDirectory(prefix="unblur-") as scratch:
        checked = import_weights(weights, Path(scratch) / "checked.safetensors", origin="")
        halves = {key: tensor.half() for key, tensor in load_file(checked.path).items()}
        scores = evaluate({name: save_checkpoint(halves, Path(scratch) / f"{name}.safetensors", origin="")}, pairs)
    out = folder / f"{name}.safetensors"
    origin = f"trained for Unblur; see {name}.md"
    checkpoint = save_checkpoint(halves, out, origin=origin, measured=in_one_sentence(scores), overwrite=True)
    parameters = sum(tensor.numel() for key, tensor in halves.items() if tensor.numel() > 1) + 1  # one slope, shared
    text = CARD.format(
        name=name, widths=str(checkpoint.configuration).replace(",", ", "), parameters=parameters / 1e6,
        mib=out.stat().st_size / 2**20, digest=digest(out), shake=degradation.longest_shake,
        defocus=degradation.largest_defocus, means=table(means(scores)), times=TIMES, worse=worse_synthetic(scores),
        scores=table([one for one in scores if one.set != SYNTHETIC]), **card,
    )  # fmt: skip
    with whole_file(folder / f"{name}.md", overwrite=True) as part:
        part.write_text(text, encoding="utf-8")
    return checkpoint


def worse_synthetic(scores: list[Score]) -> str:
    """How many of the synthetic pictures became worse, and by how much at most."""
    gains = [one.gain_db for one in scores if one.set == SYNTHETIC]
    worse = [gain for gain in gains if gain < 0]
    return f"{len(worse)} of {len(gains)} became worse" + (f", the worst by {-min(worse):.1f} dB" if worse else "")


def in_one_sentence(scores: list[Score]) -> str:
    """What was measured, for whoever looks at a restored photo; empty when nothing was."""
    parts = [
        f"{one.gain_db:+.1f} dB on {one.name.removeprefix('mean of ')} pictures ({one.set})" for one in means(scores)
    ]
    return f"In our measurements these weights gained {', '.join(parts)}." if parts else ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 0, or 2 for a user's mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m restore.bundle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--name", default=DEFAULT_NAME)
    parser.add_argument("--training", required=True, help="a paragraph: machine, time, steps")
    parser.add_argument("--limits", required=True, help="a paragraph: what it cannot do")
    parser.add_argument("--data", default=DEFAULT_PHOTOS, help="a paragraph: the photos and their licences")
    parser.add_argument("--pairs", type=Path, help="folder with blur/ and sharp/")
    parser.add_argument(
        "--align", action="append", default=[], metavar="GLOB", help="pairs whose shift and gain to fit"
    )
    parser.add_argument(
        "--photos", type=Path, help="the sharp photos that it was trained on; the held-back ones are measured"
    )
    parser.add_argument("--longest-shake", type=float, default=Degradation.longest_shake)
    parser.add_argument("--largest-defocus", type=float, default=Degradation.largest_defocus)
    parser.add_argument("--folder", type=Path, default=BUNDLED_FOLDER)
    given = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        degradation = Degradation(
            longest_shake=given.longest_shake, largest_defocus=given.largest_defocus, kernels=64, untouched=0
        )
        pairs = list(real_pairs(given.pairs, given.align)) if given.pairs else []
        if given.photos:
            pairs += synthetic_pairs(given.photos, 256, degradation, only_held_back=True)
        card = {"training": given.training, "photos": given.data, "limits": given.limits}
        checkpoint = bundle(given.weights, given.name, pairs, card, degradation, given.folder)
    except (RestoreError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{checkpoint.path} and its card, measured on {len(pairs)} pictures", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
