"""restore/checkpoint.py: official files load strictly; hostile, damaged and foreign ones are refused and run nothing."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from made import TINY, random_network
from safetensors.torch import save_file

from restore import conversion_child
from restore.checkpoint import Checkpoint, digest, import_weights, load_network, read_checkpoint, save_checkpoint
from restore.configuration import OFFICIAL
from restore.errors import CheckpointError
from restore.network import MSSNet


class Hostile:
    """Unpickled with nothing to hold it back, it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def official_bytes(content) -> bytes:
    written = io.BytesIO()
    torch.save(content, written)
    return written.getvalue()


def convert_here(data: bytes, out: Path) -> None:
    """What the child does, without the second that starting it takes."""
    conversion_child.convert(io.BytesIO(data), out)


@pytest.mark.parametrize("name", list(OFFICIAL))
@pytest.mark.parametrize("prefix", ["", "module."])
def test_an_official_file_of_each_configuration_loads_strictly(name, prefix, tmp_path):
    network = random_network(OFFICIAL[name], seed=3)
    weights = {prefix + key: tensor for key, tensor in network.state_dict().items()}
    data = official_bytes({"model_state_dict": weights, "optimizer_state_dict": {}, "epoch": 1, "all_step": 2})
    convert_here(data, tmp_path / "converted.safetensors")
    checkpoint = import_weights(tmp_path / "converted.safetensors", tmp_path / f"{name}.safetensors", origin="a test")
    assert checkpoint.configuration == OFFICIAL[name]
    loaded = load_network(checkpoint).state_dict()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in network.state_dict().items())


def test_an_official_file_is_converted_in_a_child_process(official_file, tmp_path):
    checkpoint = import_weights(official_file, tmp_path / "mine.safetensors", origin="the authors")
    assert checkpoint == Checkpoint("mine", tmp_path / "mine.safetensors", TINY, "the authors")
    photo = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(load_network(checkpoint)(photo), random_network()(photo))


def test_a_file_of_the_older_kind_without_an_archive_loads_too(tmp_path):
    written = io.BytesIO()
    torch.save({"model_state_dict": random_network().state_dict()}, written, _use_new_zipfile_serialization=False)
    convert_here(written.getvalue(), tmp_path / "old.safetensors")
    assert import_weights(tmp_path / "old.safetensors", tmp_path / "new.safetensors", origin="").configuration == TINY


def test_weights_keep_their_precision_in_the_file(tmp_path):
    halves = {name: tensor.half() for name, tensor in random_network().state_dict().items()}
    checkpoint = save_checkpoint(halves, tmp_path / "half.safetensors", origin="")
    assert checkpoint.path.stat().st_size < 0.6 * 4 * sum(tensor.numel() for tensor in halves.values()) + 40_000
    assert next(load_network(checkpoint).parameters()).dtype == torch.float32


@pytest.mark.skipif(os.name != "posix", reason="only there a file has such a mode")
def test_others_may_read_a_checkpoint_as_the_umask_says(tmp_path):
    before = os.umask(0o022)
    try:
        made = save_checkpoint(random_network().state_dict(), tmp_path / "shared.safetensors", origin="")
    finally:
        os.umask(before)
    assert made.path.stat().st_mode & 0o777 == 0o644


def test_a_checkpoint_is_not_overwritten_unasked(tiny_checkpoint):
    before = digest(tiny_checkpoint.path)
    with pytest.raises(FileExistsError):
        save_checkpoint(random_network(seed=9).state_dict(), tiny_checkpoint.path, origin="")
    assert digest(tiny_checkpoint.path) == before


def test_a_pickle_that_runs_code_is_refused_in_the_child_and_runs_none(tmp_path):
    mark = tmp_path / "mark"
    file = tmp_path / "hostile.pt"
    file.write_bytes(official_bytes({"model_state_dict": random_network().state_dict(), "epoch": Hostile(mark)}))
    with pytest.raises(CheckpointError, match="nothing of it was run") as refused:
        import_weights(file, tmp_path / "out.safetensors", origin="")
    assert "weights_only" not in str(refused.value)  # torch's own words recommend loading without protection
    assert not mark.exists()
    assert not (tmp_path / "out.safetensors").exists()


def hostile_files(mark: Path) -> dict[str, bytes]:
    """Files that no one should load, by what is wrong with them."""
    good = official_bytes({"model_state_dict": random_network().state_dict()})
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", bytes(50_000_000))
    claims_more = {"x": torch.zeros(1).expand(10_000, 10_000)}
    return {
        "bare pickle of a command": pickle.dumps(Hostile(mark)),
        "old protocol": pickle.dumps({"model_state_dict": Hostile(mark)}, protocol=0),
        "command among the weights": official_bytes({"model_state_dict": {"a": Hostile(mark)}}),
        "command as the whole": official_bytes(Hostile(mark)),
        "whole network pickled": official_bytes(torch.nn.Conv2d(3, 3, 3)),
        "truncated archive": good[: len(good) // 2],
        "truncated end": good[:-100],
        "zip bomb": bomb.getvalue(),
        "zip of something else": _zip_of("readme.txt"),
        "list": official_bytes([1, 2, 3]),
        "no weights": official_bytes({"model_state_dict": {}}),
        "numbers instead of tensors": official_bytes({"model_state_dict": {"a": 1}}),
        "whole numbers": official_bytes({"model_state_dict": {"a": torch.ones(3, dtype=torch.int64)}}),
        "sparse tensors": official_bytes({"model_state_dict": {"a": torch.eye(3).to_sparse()}}),
        "a tensor that claims more than it stores": official_bytes({"model_state_dict": claims_more}),
    }


def _zip_of(name: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, "hello")
    return written.getvalue()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_hostile_and_broken_files_are_refused_and_run_nothing(tmp_path):
    mark = tmp_path / "mark"
    for kind, data in hostile_files(mark).items():
        with pytest.raises(Exception) as refused:
            convert_here(data, tmp_path / "out.safetensors")
        assert str(refused.value), kind
        assert not mark.exists(), kind
        assert not (tmp_path / "out.safetensors").exists(), kind


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "more than 0"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a torch file"),
        (b"<html>quota exceeded</html>", "not a torch file"),
        (b"\x10\0\0\0\0\0\0\0{not json at all}", "cannot read"),
    ],
)
def test_what_is_no_weights_file_at_all_is_refused_by_its_first_bytes(data, reason, tmp_path):
    file = tmp_path / "foreign.pt"
    file.write_bytes(data)
    with pytest.raises(CheckpointError, match=reason) as refused:
        import_weights(file, tmp_path / "out.safetensors", origin="")
    assert "was expected" in str(refused.value)


def refused_weights() -> dict[str, tuple[dict[str, torch.Tensor], str]]:
    """Well-formed weights that are not MSSNet's, and a word of the refusal."""
    good = {name: tensor.clone() for name, tensor in random_network().state_dict().items()}
    return {
        "another network": ({"conv1.weight": torch.zeros(64, 3, 7, 7)}, "tail3_3"),
        "a tensor missing": ({k: v for k, v in good.items() if k != "fusion12.weight"}, "lacks fusion12.weight"),
        "a tensor too many": ({**good, "extra.weight": torch.zeros(1)}, "unknown extra.weight"),
        "a wrong shape": ({**good, "fusion12.weight": torch.zeros(3, 3)}, "another shape"),
        "not finite": ({**good, "fusion12.weight": good["fusion12.weight"] * float("nan")}, "not finite"),
        "two slopes": ({**good, "D3_3.skip_attn1.body.1.weight": torch.ones(1)}, "activation slopes"),
        "absurd widths": ({**good, "tail3_3.weight": torch.zeros(3, 99999, 1, 1)}, "not weights of MSSNet"),
    }


@pytest.mark.parametrize("kind", list(refused_weights()))
def test_weights_of_anything_but_mssnet_are_refused_saying_what_was_expected(kind, tmp_path):
    weights, reason = refused_weights()[kind]
    file = tmp_path / "file.safetensors"
    save_file(weights, file)
    with pytest.raises(CheckpointError, match=reason):
        import_weights(file, tmp_path / "out.safetensors", origin="")
    with pytest.raises(CheckpointError, match=reason):
        load_network(read_checkpoint(file))


def test_a_truncated_checkpoint_is_refused(tiny_checkpoint, tmp_path):
    file = tmp_path / "cut.safetensors"
    file.write_bytes(tiny_checkpoint.path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors"):
        read_checkpoint(file)


def test_torch_load_is_called_in_one_place_only():
    folder = Path(conversion_child.__file__).parent
    callers = [path.name for path in folder.glob("*.py") if "torch.load(" in path.read_text()]
    assert callers == ["conversion_child.py"]


def test_a_network_for_inference_asks_for_no_gradients(tiny_checkpoint):
    network = load_network(tiny_checkpoint)
    assert isinstance(network, MSSNet)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
