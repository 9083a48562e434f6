"""All that a training needs to go on where it stopped, in one safetensors file: weights, their average, moments, steps."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from restore.configuration import Configuration
from restore.errors import TrainingError
from restore.files import whole_file
from restore.network import MSSNet

STATE_FILE = "state.safetensors"


@dataclass
class TrainingState:
    """A network in training, with the moving average of its weights (EMA) and the optimizer."""

    network: MSSNet
    average: MSSNet
    optimizer: torch.optim.Optimizer
    steps: int = 0

    @property
    def _kind(self) -> str:
        return type(self.optimizer).__name__.lower()

    def save(self, folder: Path) -> None:
        """Write the state into `folder`, whole or not at all."""
        tensors: dict[str, Tensor] = {}
        for kind, network in (("network", self.network), ("average", self.average)):
            tensors |= {f"{kind}.{name}": tensor for name, tensor in network.named_parameters()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"moment.{index}.{name}": tensor for name, tensor in moments.items()}
        apart = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
        about = {"configuration": str(self.network.configuration), "steps": str(self.steps), "optimizer": self._kind}
        with whole_file(folder / STATE_FILE, overwrite=True) as part:
            part.write_bytes(save(apart, metadata=about))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote; raises TrainingError when it is missing, damaged, or of other widths."""
        path = folder / STATE_FILE
        try:
            with safe_open(path, framework="pt") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except (OSError, SafetensorError) as error:
            raise TrainingError(f"cannot go on from {path}: {error}") from error
        if Configuration.parse(about.get("configuration", "")) != self.network.configuration:
            raise TrainingError(
                f"{path} has widths {about.get('configuration')}, not {self.network.configuration}: give the same --config"
            )
        if about.get("optimizer", "adamw") != self._kind:
            raise TrainingError(
                f"{path} was made by the optimizer {about.get('optimizer', 'adamw')}: give the same --optimizer"
            )
        for kind, network in (("network", self.network), ("average", self.average)):
            for name, parameter in network.named_parameters():
                parameter.data.copy_(tensors[f"{kind}.{name}"])
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("moment."):
                _, index, moment = name.split(".")
                moments.setdefault(int(index), {})[moment] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.steps = int(about["steps"])
