"""Train a checkpoint within a time budget: `python -m restore.train PHOTOS OUT --minutes N`.

Sharp photos are blurred on the fly, on the device that trains: a CPU, or one GPU; both compute in bfloat16 where they
can. OUT gets, every minute and at the end, `ema.safetensors` (the checkpoint to use: a moving average of the weights),
`raw.safetensors` (the weights as they are), `state.safetensors` (to go on from with --resume) and `log.txt`. A long
training can be cut into pieces: three runs with --span 0:0.33, 0.33:0.67 and 0.67:1, each but the first with --resume,
follow one cosine schedule.
"""

import argparse
import copy
import math
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # before torch: spinning threads cost a busy machine several times the time

import torch
from torch import Tensor

from restore.checkpoint import load_network, read_checkpoint, save_checkpoint
from restore.configuration import Configuration
from restore.degradation import MARGIN, Degradation, Degrader
from restore.errors import RestoreError, TrainingError
from restore.losses import six_outputs
from restore.metrics import psnr
from restore.muon import Muon
from restore.network import SIDE_MULTIPLE, MSSNet, in_channels_last
from restore.training_photos import Crops, load_photos, middle_crops, split
from restore.training_state import TrainingState

WARM_UP_STEPS = 300
LARGEST_GRADIENT = 0.5  # norm; a batch of hopeless blur must not throw the weights about
AVERAGE_DECAY = 0.999
VALIDATION_SEED = 99
VALIDATION_KERNELS = 64
OPTIMIZERS: dict[str, Callable[[Iterable[Tensor], float], torch.optim.Optimizer]] = {
    "adamw": lambda parameters, rate: torch.optim.AdamW(parameters, lr=rate, weight_decay=1e-4, betas=(0.9, 0.98)),
    "muon": Muon,
}


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, and for how long."""

    photos: Path
    out: Path
    minutes: float
    configuration: Configuration = field(default_factory=lambda: Configuration(16, 16, 16))
    span: tuple[float, float] = (0.0, 1.0)  # which part of the whole schedule this run is
    resume: Path | None = None  # the folder of an earlier run, to go on from with all its state
    start: Path | None = None  # a checkpoint whose weights to begin with
    batch: int = 8
    patch: int = 128  # px
    learning_rate: float = 6e-4
    optimizer: str = "adamw"  # or muon
    decibels: float = 0.0  # weight of a decibel in the loss
    longest_side: int = 1600  # px; larger photos are made smaller, which makes them sharper, too
    device: str = "auto"
    report_s: float = 60
    seed: int = 1
    most_steps: int | None = None
    degradation: Degradation = field(default_factory=Degradation)

    def __post_init__(self) -> None:
        if self.patch % SIDE_MULTIPLE or self.patch <= 0:
            raise ValueError(f"cannot train on patches of {self.patch} px: choose a multiple of {SIDE_MULTIPLE}")
        if not 0 <= self.span[0] < self.span[1] <= 1:
            raise ValueError(f"cannot train over the span {self.span[0]}:{self.span[1]}: choose a part of 0:1")
        if self.minutes <= 0 or self.batch < 1 or self.learning_rate <= 0:
            raise ValueError("cannot train without time, batch or learning rate: give positive numbers")


@dataclass(frozen=True)
class Outcome:
    """What a training came to; dB on the validation crops, restored by the moving average."""

    steps: int  # over all runs
    blurred_db: float
    restored_db: float


def scheduled_rate(base: float, span: tuple[float, float], elapsed: float, steps: int) -> float:
    """The learning rate after `elapsed` (0 to 1) of this run and `steps` of all: warm-up, then a cosine over the schedule."""
    fraction = span[0] + (span[1] - span[0]) * min(elapsed, 1)
    return base * min(1, (steps + 1) / WARM_UP_STEPS) * (0.5 * (1 + math.cos(math.pi * fraction)) + 1e-3)


def train(recipe: Recipe, say: Callable[[str], None]) -> Outcome:
    """Train within the recipe's minutes; `say` gets a line now and then. Ctrl-C ends it early, with all saved.

    Raises TrainingError when there are no photos, or nothing to go on from.
    """
    automatic = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(automatic if recipe.device == "auto" else recipe.device)
    torch.manual_seed(recipe.seed)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    side = recipe.patch + 2 * MARGIN
    photos, held_back = split(load_photos(recipe.photos, side, recipe.longest_side, device))
    # a run that goes on sees other crops and other blur than the one before
    seed = recipe.seed * 1000 + round(recipe.span[0] * 999)
    crops = Crops(photos, side, seed)
    degrader = Degrader(recipe.degradation, seed, device)
    validation = _Validation(held_back, recipe, device)
    state = new_state(recipe.configuration, recipe.learning_rate, device, recipe.optimizer)
    if recipe.start is not None:
        begin_with(state, recipe.start)
    if recipe.resume is not None:
        state.load(recipe.resume)
    recipe.out.mkdir(parents=True, exist_ok=True)
    say(
        f"{device}: {len(photos)} photos, {len(held_back)} held back, widths {recipe.configuration}, step {state.steps}"
    )

    begin = reported = time.monotonic()
    first, budget_s = state.steps, recipe.minutes * 60
    try:
        while (elapsed := (time.monotonic() - begin) / budget_s) < 1:
            rate = scheduled_rate(recipe.learning_rate, recipe.span, elapsed, state.steps)
            loss = step(state, *degrader.spoil(crops.batch(recipe.batch)), rate, recipe.decibels)
            if time.monotonic() - reported > recipe.report_s:
                reported = time.monotonic()
                speed = (state.steps - first) * recipe.batch / (reported - begin)
                say(
                    f"{(reported - begin) / 60:.1f} min, step {state.steps}, {speed:.0f} patches/s, rate {rate:.1e}, "
                    f"loss {float(loss):.4f}: {validation.line(state)}"
                )
                save(state, recipe)
            if recipe.most_steps is not None and state.steps - first >= recipe.most_steps:
                break
    except KeyboardInterrupt:
        say("stopped early")
    save(state, recipe)
    say(f"done after step {state.steps}: {validation.line(state)}")
    return Outcome(state.steps, validation.blurred_db, validation.restored_db(state.average))


def new_state(
    configuration: Configuration, learning_rate: float, device: torch.device, optimizer: str = "adamw"
) -> TrainingState:
    """A network that leaves photos as they are, and its optimizer."""
    network = MSSNet(configuration)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith("tail"):
                parameter.zero_()
    network = in_channels_last(network.to(device))
    average = copy.deepcopy(network).eval().requires_grad_(False)
    return TrainingState(network, average, OPTIMIZERS[optimizer](network.parameters(), learning_rate))


def begin_with(state: TrainingState, file: Path) -> None:
    """Take over a checkpoint's weights; raises CheckpointError, or TrainingError when its widths are others."""
    checkpoint = read_checkpoint(file)
    if checkpoint.configuration != state.network.configuration:
        raise TrainingError(f"{file} has widths {checkpoint.configuration}: give them as --config")
    weights = load_network(checkpoint).state_dict()
    state.network.load_state_dict(weights)
    state.average.load_state_dict(weights)


def in_bfloat16(device: torch.device) -> torch.autocast:
    """A context that convolves in bfloat16 where that is faster: on a GPU, and on a CPU with instructions for it."""
    able = torch.cpu.get_capabilities()
    faster = device.type == "cuda" or bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=faster)


def step(state: TrainingState, blurred: Tensor, sharp: Tensor, rate: float, decibels: float = 0.0) -> Tensor:
    """One step down the loss for a batch (B, 3, H, W); gives the loss. A batch that overflows changes nothing."""
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    blurred = blurred.contiguous(memory_format=torch.channels_last)
    with in_bfloat16(blurred.device):
        outputs = state.network.all_outputs(blurred)
    loss = six_outputs(outputs, sharp, decibels)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(state.network.parameters(), LARGEST_GRADIENT)
    if bool(torch.isfinite(norm)):
        state.optimizer.step()
    state.steps += 1
    decay = min(AVERAGE_DECAY, (1 + state.steps) / (10 + state.steps))
    with torch.no_grad():
        averages: list[Tensor] = list(state.average.parameters())
        weights: list[Tensor] = list(state.network.parameters())
        torch._foreach_lerp_(averages, weights, 1 - decay)
    return loss.detach()


def save(state: TrainingState, recipe: Recipe) -> None:
    """Write the state and both checkpoints; each file is there whole or as it was."""
    state.save(recipe.out)
    origin = f"trained by restore.train, {state.steps} steps"
    for network, name in ((state.average, "ema"), (state.network, "raw")):
        halves = {key: tensor.detach().half() for key, tensor in network.state_dict().items()}
        save_checkpoint(halves, recipe.out / f"{name}.safetensors", origin=origin, overwrite=True)


class _Validation:
    """The same crops with the same blur at every report, and in every run on the same photos."""

    def __init__(self, photos: list[Tensor], recipe: Recipe, device: torch.device) -> None:
        fewer = Degradation(**{**vars(recipe.degradation), "kernels": VALIDATION_KERNELS})
        degrader = Degrader(fewer, VALIDATION_SEED, device)
        crops = middle_crops(photos, recipe.patch + 2 * MARGIN)
        pairs = [degrader.spoil(crop[None]) for crop in crops]  # one by one: each draws for itself
        self._blurred, self._sharp = (torch.cat(side) for side in zip(*pairs, strict=True))
        self.blurred_db = self._mean_db(self._blurred)

    def _mean_db(self, images: Tensor) -> float:
        values = [psnr(image, sharp) for image, sharp in zip(images, self._sharp, strict=True)]
        return sum(min(value, 60) for value in values) / len(values)  # a crop left sharp would be infinite

    def restored_db(self, network: MSSNet) -> float:
        with torch.inference_mode(), in_bfloat16(self._sharp.device):
            restored = [network(crop[None].contiguous(memory_format=torch.channels_last)) for crop in self._blurred]
        return self._mean_db(torch.cat(restored).float().clamp(0, 1))

    def line(self, state: TrainingState) -> str:
        raw, average = self.restored_db(state.network), self.restored_db(state.average)
        return f"blurred {self.blurred_db:.2f}, restored {raw:.2f}, with EMA {average:.2f} dB"


def recipe_from(arguments: list[str]) -> Recipe:
    """Read the command line; raises TrainingError for numbers that make no training."""
    parser = argparse.ArgumentParser(
        prog="python -m restore.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, help="folder of sharp photos")
    parser.add_argument("out", type=Path, help="folder for the checkpoints")
    parser.add_argument("--minutes", type=float, required=True, help="time budget of this run")
    parser.add_argument("--config", default="16,16,16", help="widths: three numbers, or small, base, large")
    parser.add_argument("--resume", type=Path, help="folder of an earlier run to go on from")
    parser.add_argument("--start", type=Path, help="a checkpoint (.safetensors) whose weights to begin with")
    parser.add_argument("--span", default="0:1", help="which part of the whole cosine schedule this run is")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=128, help="side of a training crop, px")
    parser.add_argument("--rate", type=float, default=6e-4, help="highest learning rate")
    parser.add_argument("--optimizer", choices=sorted(OPTIMIZERS), default="adamw")
    parser.add_argument(
        "--decibels", type=float, default=0.0, help="weight of the result's PSNR in the loss, such as 0.003"
    )
    parser.add_argument("--longest-shake", type=float, default=Degradation.longest_shake, help="px")
    parser.add_argument("--largest-defocus", type=float, default=Degradation.largest_defocus, help="px")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    try:
        low, high = (float(part) for part in given.span.split(":"))
        return Recipe(
            given.photos, given.out, given.minutes, Configuration.parse(given.config), (low, high), given.resume, given.start,
            given.batch, given.patch, given.rate, given.optimizer, given.decibels, device=given.device, seed=given.seed,
            degradation=Degradation(longest_shake=given.longest_shake, largest_defocus=given.largest_defocus),
        )  # fmt: skip
    except ValueError as error:
        raise TrainingError(str(error)) from error


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 0, or 2 for a user's mistake."""
    try:
        recipe = recipe_from(sys.argv[1:] if arguments is None else arguments)
        recipe.out.mkdir(parents=True, exist_ok=True)
        with (recipe.out / "log.txt").open("a") as log:

            def say(line: str) -> None:
                print(line, file=sys.stderr, flush=True)
                print(line, file=log, flush=True)

            train(recipe, say)
    except (RestoreError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
