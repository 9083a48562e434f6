"""The widths that tell one MSSNet from another, and how to read them off a state_dict. Nothing here needs torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from restore.errors import CheckpointError

LARGEST_WIDTH = 1024  # channels; the official networks need 180 at most


@dataclass(frozen=True)
class Configuration:
    """Channels of MSSNet: `width` at a U-Net's first level, then `step` more, then `last_step` more.

    The official code calls them wf, scale and vscale.
    """

    width: int
    step: int
    last_step: int

    def __post_init__(self) -> None:
        smallest = min(self.width, self.channels[1], self.channels[2])
        largest = max(self.channels)
        if smallest < 1 or largest > LARGEST_WIDTH:
            raise ValueError(
                f"cannot build MSSNet with {self.channels} channels per level: "
                f"choose widths that give 1 to {LARGEST_WIDTH} at each level, such as {OFFICIAL_NAMES}"
            )

    @property
    def channels(self) -> tuple[int, int, int]:
        """Channels at the three levels of each U-Net, finest first."""
        return self.width, self.width + self.step, self.width + self.step + self.last_step

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `base` or `54,42,42`; raises ValueError saying what was expected."""
        official = OFFICIAL.get(text.strip().lower())
        if official is not None:
            return cls(official.width, official.step, official.last_step)
        try:
            width, step, last_step = (int(part) for part in text.split(","))
        except ValueError:
            raise ValueError(
                f"cannot read the configuration {text!r}: give {OFFICIAL_NAMES}, or three widths such as 16,16,16"
            ) from None
        return cls(width, step, last_step)

    def __str__(self) -> str:
        return f"{self.width},{self.step},{self.last_step}"


OFFICIAL_NAMES = "small, base or large"
OFFICIAL = {
    "small": Configuration(20, 40, 40),
    "base": Configuration(54, 42, 42),
    "large": Configuration(80, 50, 50),
}


def configuration_of(shapes: Mapping[str, Sequence[int]]) -> Configuration:
    """Read the widths off the shapes of a state_dict with the official names.

    Raises CheckpointError when the names that tell the widths are missing or make no sense.
    """
    levels: list[int] = []
    for name in ("tail3_3.weight", "E1_1.down12.down.1.weight", "E1_1.down23.down.1.weight"):
        shape = shapes.get(name)
        if shape is None:
            raise CheckpointError(f"these are not weights of MSSNet: a tensor {name} was expected")
        if len(shape) != 4:
            raise CheckpointError(
                f"these are not weights of MSSNet: {name} should have 4 dimensions, not {tuple(shape)}"
            )
        levels.append(int(shape[1] if name.startswith("tail") else shape[0]))
    width, second, third = levels
    try:
        return Configuration(width, second - width, third - second)
    except ValueError as error:
        raise CheckpointError(f"these are not weights of MSSNet: {error}") from error
