"""Checkpoints: weights of MSSNet with their configuration, in safetensors, loaded strictly.

A checkpoint file holds the official state_dict names and, in its metadata, where the weights came from.
Official `.pt` files are converted once, in a limited child process; nothing else reads a pickle.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from restore.configuration import Configuration, configuration_of
from restore.errors import CheckpointError
from restore.files import whole_file
from restore.limits import Limits, limited_child

if TYPE_CHECKING:
    from torch import Tensor

    from restore.network import MSSNet

LARGEST_FILE_MIB = 2048
FLOATING_TYPES = {"F16", "BF16", "F32", "F64"}
EXPECTED = "an official .pt of MSSNet (a dict with model_state_dict) or a .safetensors with the same names was expected"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint at hand: its name, its file, the network's widths, and where the weights came from."""

    name: str
    path: Path
    configuration: Configuration
    origin: str  # a sentence for people
    measured: str = ""  # a sentence on what these weights were measured to do; only weights of ours have one


def read_checkpoint(path: Path) -> Checkpoint:
    """Read name, configuration and origin of a safetensors checkpoint; its name is the file's.

    Raises CheckpointError when it is not a whole safetensors file with weights of MSSNet.
    """
    shapes, metadata = _header(path)
    origin, measured = metadata.get("origin", "origin not recorded"), metadata.get("measured", "")
    return Checkpoint(path.stem, path, configuration_of(shapes), origin, measured)


def digest(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_network(checkpoint: Checkpoint) -> "MSSNet":
    """Build the checkpoint's network in float32 with its weights, ready for inference.

    Raises CheckpointError when a tensor is missing, unknown, of another shape, or not finite.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from restore.network import MSSNet

    _header(checkpoint.path)
    try:
        weights = load_file(checkpoint.path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"cannot read {checkpoint.path}: {error}; {EXPECTED}") from error
    _check(weights, checkpoint.configuration, str(checkpoint.path))
    network = MSSNet(checkpoint.configuration)
    network.load_state_dict(weights, strict=True)
    return network.eval().requires_grad_(False)


def save_checkpoint(
    weights: Mapping[str, "Tensor"], out: Path, *, origin: str, measured: str = "", overwrite: bool = False
) -> Checkpoint:
    """Write weights as a checkpoint in the precision that they have; returns it as read back.

    Raises CheckpointError when they are not MSSNet's, FileExistsError when `out` exists.
    """
    from safetensors.torch import save

    configuration = configuration_of({name: tuple(tensor.shape) for name, tensor in weights.items()})
    _check(weights, configuration, "what is to be saved")
    # safetensors refuses tensors that share memory, as the activation's do
    apart = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in weights.items()}
    with whole_file(out, overwrite) as part:
        # through memory: safetensors' own writing makes a file that only its owner can read
        about = {"configuration": str(configuration), "origin": origin, "measured": measured}
        part.write_bytes(save(apart, metadata=about))
    return read_checkpoint(out)


def import_weights(file: Path, out: Path, *, origin: str, overwrite: bool = False) -> Checkpoint:
    """Check a stranger's weights and write them as a checkpoint.

    Raises CheckpointError when they are refused, FileExistsError when `out` exists.
    """
    from safetensors.torch import load_file

    try:
        size_mib = file.stat().st_size / 2**20
        with file.open("rb") as opened:
            head = opened.read(16)
    except OSError as error:
        raise CheckpointError(f"cannot read {file}: {error.strerror or error}") from error
    if not 0 < size_mib <= LARGEST_FILE_MIB:
        raise CheckpointError(
            f"{file} has {size_mib:.0f} MiB, weights of MSSNet have more than 0 and at most {LARGEST_FILE_MIB}: {EXPECTED}"
        )
    if head[8:9] == b"{":  # safetensors: eight bytes of length, then JSON
        _header(file)
        return save_checkpoint(load_file(file), out, origin=origin, overwrite=overwrite)
    if not head.startswith((b"PK\x03\x04", b"\x80")):
        raise CheckpointError(f"{file} is not a torch file: {EXPECTED}")
    with tempfile.TemporaryDirectory(prefix="unblur-") as folder:
        converted = Path(folder) / "converted.safetensors"
        _convert(file, converted, size_mib)
        _header(converted, shown=file)
        return save_checkpoint(load_file(converted), out, origin=origin, overwrite=overwrite)


def _convert(file: Path, out: Path, size_mib: float) -> None:
    """Have the child turn `file` into safetensors; raises CheckpointError with its reason."""
    # weights, their copy and the file itself, beside some room to work in
    limits = Limits(memory_mib=512 + 3 * int(size_mib + 1), cpu_s=60, wall_s=180)
    script = Path(__file__).with_name("conversion_child.py")
    with file.open("rb") as opened, limited_child(script, [str(out)], opened, limits, os.environ) as child:
        said, _ = child.communicate()
    try:
        reason = json.loads(said).get("error")
    except ValueError:
        reason = f"reading it took more memory or time than weights of {size_mib:.0f} MiB need"
    if reason is not None:
        raise CheckpointError(f"{file} is refused: {reason}; {EXPECTED}")


def _header(path: Path, shown: Path | None = None) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """The shapes and the metadata of a safetensors file; raises CheckpointError unless it is whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
            types = {part.get_dtype() for part in slices.values()}
            metadata = dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"cannot read {shown or path}: {error}; {EXPECTED}") from error
    if not types <= FLOATING_TYPES:
        raise CheckpointError(
            f"{shown or path} holds {sorted(types - FLOATING_TYPES)}, not floating-point weights; {EXPECTED}"
        )
    return shapes, metadata


def _check(weights: Mapping[str, "Tensor"], configuration: Configuration, where: str) -> None:
    """Raise CheckpointError unless `weights` are exactly those of MSSNet in this configuration."""
    import torch

    from restore.network import MSSNet

    with torch.device("meta"):
        expected = MSSNet(configuration).state_dict()
    problems = [
        _some("lacks", [name for name in expected if name not in weights]),
        _some("has the unknown", [name for name in weights if name not in expected]),
        _some(
            "has another shape than expected in",
            [
                f"{name} ({tuple(weights[name].shape)}, not {tuple(tensor.shape)})"
                for name, tensor in expected.items()
                if name in weights and weights[name].shape != tensor.shape
            ],
        ),
    ]
    found = "; ".join(problem for problem in problems if problem)
    if found:
        raise CheckpointError(f"{where} does not fit MSSNet with widths {configuration}: it {found}")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise CheckpointError(f"{where} holds weights that are not finite: the file is damaged or its training failed")
    slopes = {float(tensor) for tensor in weights.values() if tensor.numel() == 1}
    if len(slopes) != 1:
        raise CheckpointError(f"{where} has {len(slopes)} different activation slopes: MSSNet shares one")


def _some(what: str, names: list[str]) -> str:
    """`lacks a, b, c and 5 more`, or nothing when there are no names."""
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what} {', '.join(name[:80] for name in names[:3])}{more}"
