"""Turn a stranger's torch file into safetensors, as a script in a child process with limits.

Usage: conversion_child.py MEMORY_MIB CPU_S OUT < FILE. Prints one JSON object: {} or {"error": "..."}.
This is the one place that calls `torch.load`, always with `weights_only=True`.
"""

import json
import pickle
import sys
import zipfile
from pathlib import Path
from typing import IO, Any


def limit_this_process(memory_mib: int, cpu_s: int) -> None:
    """Bound address space (beyond what is mapped by now) and processor time, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_mib * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def refuse_a_zip_bomb(file: IO[bytes]) -> None:
    """Raise ValueError when the archive unpacks to more than it is: torch stores its entries as they are."""
    size = file.seek(0, 2)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > size:
                raise ValueError("the archive unpacks to more bytes than it has, as torch's own never do")
    file.seek(0)


def weights_in(content: Any) -> dict[str, Any]:
    """The tensors of an official checkpoint, or of a bare state_dict, without `module.` prefixes."""
    import torch

    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not a dictionary with model_state_dict")
    weights = content.get("model_state_dict", content)
    if not isinstance(weights, dict) or not weights:
        raise ValueError("its model_state_dict holds no weights")
    named: dict[str, Any] = {}
    for name, tensor in weights.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise ValueError(f"its entry {name!r:.80} is not a named tensor: a model_state_dict was expected")
        if tensor.layout != torch.strided or not tensor.is_floating_point():
            raise ValueError(f"its tensor {name:.80} is not a dense tensor of floating-point numbers")
        # A tensor may claim more elements than it stores (strides of zero), so count before copying
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise ValueError(f"its tensor {name:.80} claims more numbers than it stores")
        named[name.removeprefix("module.")] = tensor.detach().clone().contiguous()
    return named


def convert(file: IO[bytes], out: Path) -> None:
    """Write the weights in `file` to `out`; raises ValueError (and what torch raises) when it holds none."""
    import torch
    from safetensors.torch import save_file

    refuse_a_zip_bomb(file)
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        # torch's own message goes on to recommend loading without protection
        raise ValueError("it is damaged, or holds Python objects beside weights: nothing of it was run") from None
    save_file(weights_in(content), out)


def main() -> None:
    """Read the arguments, limit this process, convert, and say in one line how it went."""
    memory_mib, cpu_s, out = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    import safetensors.torch  # noqa: F401 - mapped before the limit is taken
    import torch  # noqa: F401

    limit_this_process(memory_mib, cpu_s)
    try:
        with open(0, "rb") as file:
            convert(file, out)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file provokes becomes a refusal
        print(json.dumps({"error": " ".join(str(error).split())[:300] or type(error).__name__}))
    else:
        print(json.dumps({}))


if __name__ == "__main__":
    main()
