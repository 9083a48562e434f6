"""Small real parts: checkpoints of a tiny MSSNet with random weights, and a restorer with one."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # torch's idle threads sleep, so that a busy machine stays quick
sys.path.insert(0, str(Path(__file__).parent))  # for `made` and `plain_reading`, which stand beside the tests

import pytest
import torch
from made import random_network

from restore.checkpoint import Checkpoint, save_checkpoint
from restore.restorer import Restorer

torch.set_num_threads(1)  # the networks here are too small for two threads to help


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    out = tmp_path_factory.mktemp("checkpoints") / "tiny.safetensors"
    return save_checkpoint(random_network().state_dict(), out, origin="made for a test")


@pytest.fixture(scope="session")
def tiny_restorer(tiny_checkpoint: Checkpoint) -> Restorer:
    return Restorer(tiny_checkpoint, device="cpu")


@pytest.fixture(scope="session")
def official_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as the authors' training code writes it, from several GPUs."""
    network = random_network()
    out = tmp_path_factory.mktemp("official") / "model.pt"
    weights = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"model_state_dict": weights, "optimizer_state_dict": {}, "epoch": 3000, "all_step": 9}, out)
    return out
