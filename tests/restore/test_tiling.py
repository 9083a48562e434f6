"""restore/tiling.py: tiles cover the image, and blend without a seam or a faded border."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.tiling import ALIGNMENT, Blender, Box, Span, Tiling, boxes, ramp, spans


def test_an_image_that_fits_is_one_tile():
    assert boxes(40, 64, Tiling(tile=64, overlap=32)) == [Box(Span(0, 40), Span(0, 64))]


def test_the_last_tile_ends_at_the_border():
    assert spans(100, Tiling(tile=64, overlap=32)) == [Span(0, 64), Span(32, 96), Span(64, 100)]


@given(length=st.integers(1, 5000), tile=st.sampled_from([64, 96, 256, 512]), overlap=st.sampled_from([0, 32]))
def test_spans_cover_a_side_and_share_the_overlap(length, tile, overlap):
    cut = spans(length, Tiling(tile, overlap))
    assert cut[0].start == 0
    assert cut[-1].stop == length
    assert all(0 < span.stop - span.start <= tile for span in cut)
    assert all(span.start % ALIGNMENT == 0 for span in cut)
    for before, after in itertools.pairwise(cut):
        assert before.stop - after.start == overlap or (overlap == 0 and before.stop == after.start)
        assert before.start < after.start


@pytest.mark.parametrize(("tile", "overlap"), [(64, 64), (100, 32), (64, 24), (64, -32)])
def test_a_tiling_that_cannot_work_is_refused(tile, overlap):
    with pytest.raises(ValueError, match="choose a tile"):
        Tiling(tile, overlap)


def test_the_later_tile_counts_nothing_at_its_border_and_all_at_the_other_end():
    weights = ramp(32)
    assert weights[0] == 0
    assert weights[-1] == 1
    assert np.allclose(weights + weights[::-1], 1)


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 230), width=st.integers(1, 230), overlap=st.sampled_from([0, 32]))
def test_blending_the_images_own_tiles_gives_the_image(height, width, overlap):
    tiling = Tiling(tile=64, overlap=overlap)
    image = np.random.default_rng(height * 997 + width).random((height, width, 3), np.float32)
    joined = np.full_like(image, np.nan)
    blender = Blender(height, width, tiling)
    for box in boxes(height, width, tiling):
        tile = image[box.rows.start : box.rows.stop, box.columns.start : box.columns.stop]
        place, finished = blender.add(box, tile)
        there = joined[place.rows.start : place.rows.stop, place.columns.start : place.columns.stop]
        assert np.isnan(there).all()  # nothing is written twice
        there[:] = finished
    assert np.allclose(joined, image, atol=1e-6)


def test_tiles_that_differ_fade_into_each_other_without_a_step():
    tiling = Tiling(tile=64, overlap=32)
    levels = iter(range(100))
    joined = np.zeros((120, 150, 1), np.float32)
    blender = Blender(120, 150, tiling)
    for box in boxes(120, 150, tiling):
        size = (box.rows.stop - box.rows.start, box.columns.stop - box.columns.start, 1)
        place, finished = blender.add(box, np.full(size, next(levels) % 2, np.float32))
        joined[place.rows.start : place.rows.stop, place.columns.start : place.columns.stop] = finished
    assert joined[0, 0] == 0  # the photo's own corner is the first tile alone
    assert np.abs(np.diff(joined, axis=0)).max() < 0.1
    assert np.abs(np.diff(joined, axis=1)).max() < 0.1
