"""restore/network.py: the network is MSSNet, in every configuration, and cheaper than its plain reading."""

import pytest
import torch
from made import random_network
from plain_reading import plain_reading

from restore.configuration import OFFICIAL, Configuration, configuration_of
from restore.errors import CheckpointError, RestorationCancelledError
from restore.network import MSSNet, in_channels_last


@pytest.mark.parametrize("configuration", [*OFFICIAL.values(), Configuration(16, 16, 16), Configuration(5, 3, -1)])
def test_the_result_equals_the_plain_reading_of_the_network(configuration):
    network = random_network(configuration, seed=configuration.width)
    photo = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = plain_reading(network.state_dict(), photo)
    with torch.inference_mode():
        restored = in_channels_last(network)(photo.contiguous(memory_format=torch.channels_last))
    assert (restored - expected[-1]).abs().max() < 1e-4


def test_training_sees_the_same_six_outputs_as_the_plain_reading():
    network = random_network()
    photo = torch.rand(2, 3, 32, 48)
    for output, expected in zip(network.all_outputs(photo), plain_reading(network.state_dict(), photo), strict=True):
        assert torch.allclose(output, expected, atol=1e-5)


def test_the_way_without_gradients_gives_what_the_way_with_them_gives():
    network = random_network()
    photo = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        without = network(photo)
    assert torch.allclose(network(photo), without, atol=1e-6)


@pytest.mark.parametrize(("name", "parameters"), [("small", 6_756_161), ("base", 15_614_497)])
def test_the_official_configurations_have_the_published_number_of_parameters(name, parameters):
    with torch.device("meta"):
        network = MSSNet(OFFICIAL[name])
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_the_names_are_the_official_ones():
    names = set(random_network().state_dict())
    assert {
        "shallow_feat1.0.weight",
        "shallow_feat1.1.body.1.weight",
        "E1_1.encoder_level1.0.body.0.weight",
        "E2_1.csff_dec3.weight",
        "E3_3.down12.down.1.weight",
        "D1_1.up32.up.1.weight",
        "D3_3.skip_attn2.body.2.weight",
        "up_scale1_feat.scaleUp.1.weight",
        "fusion23.weight",
        "tail2_2.tail.weight",
        "tail3_1.weight",
    } <= names
    assert not any(name.startswith("E1_1.csff") for name in names)


def test_one_activation_stands_under_every_blocks_name():
    weights = random_network().state_dict()
    slopes = [tensor for name, tensor in weights.items() if name.endswith("body.1.weight")]
    assert len(slopes) == 3 + 6 * 14  # three shallow blocks; six blocks to encode and eight to decode a stage
    assert len({tensor.data_ptr() for tensor in slopes}) == 1


def test_the_widths_are_read_off_the_shapes():
    for configuration in (*OFFICIAL.values(), Configuration(4, 2, 2)):
        with torch.device("meta"):
            shapes = {name: tuple(t.shape) for name, t in MSSNet(configuration).state_dict().items()}
        assert configuration_of(shapes) == configuration


def test_widths_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="choose widths"):
        Configuration(16, -16, 0)
    with pytest.raises(CheckpointError, match="tail3_3"):
        configuration_of({"conv1.weight": (64, 3, 7, 7)})


@pytest.mark.parametrize(
    ("text", "widths"), [("base", (54, 42, 42)), ("16,16,16", (16, 16, 16)), (" Small ", (20, 40, 40))]
)
def test_a_configuration_is_read_from_a_word_or_three_numbers(text, widths):
    assert Configuration.parse(text) == Configuration(*widths)


def test_an_unreadable_configuration_is_refused_with_an_example():
    with pytest.raises(ValueError, match="16,16,16"):
        Configuration.parse("tiny")


def test_the_work_can_be_stopped_between_stages():
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 3:
            raise RestorationCancelledError("stop")

    with torch.no_grad(), pytest.raises(RestorationCancelledError):
        random_network()(torch.rand(1, 3, 16, 16), stop)
    assert len(calls) == 3
