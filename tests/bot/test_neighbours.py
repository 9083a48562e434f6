"""Subjects beside the field: near ones are told, and one that a source speaks of counts no more."""

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import pytest

from bot.embedded.neighbours import Surroundings, nearest_not_held, neighbours, words_for_pictures
from store.embedding import SentenceTransformerEmbedder, Vectors
from store.glossary import concepts


@pytest.fixture(scope="module")
def surroundings(embedder: SentenceTransformerEmbedder) -> Surroundings:
    return Surroundings(embedder)


def test_the_vectors_that_come_with_us_are_those_of_the_phrases(
    surroundings: Surroundings, embedder: SentenceTransformerEmbedder
) -> None:
    file = files("bot.embedded") / "neighbours.npz"
    with file.open("rb") as packaged, np.load(packaged) as stored:
        assert str(stored["key"]) == surroundings.key, "the phrases changed: run python -m bot.embedded.neighbours"
        few = slice(None, None, 50)
        said = [said for one in neighbours() for said in one.said]
        assert np.allclose(stored["vectors"][: len(said)][few], embedder.encode(said)[few], atol=2e-3)


def test_of_another_model_the_phrases_are_embedded() -> None:
    class Other:
        name, dimension = "other", 2

        def encode(self, texts: Sequence[str]) -> Vectors:
            return np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (len(texts), 1))

    near = Surroundings(Other()).near(np.array([0.6, 0.8], dtype=np.float32))
    assert {similarity for _, similarity in near} == {1.0}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How do I get my voice recording without hiss?", "audio restoration"),
        ("Which trees are in this picture?", "image classification"),
        ("What does a good camera for holidays cost?", "buying cameras and lenses"),
        ("Make the lines of my building straight again", "perspective correction"),
    ],
)
def test_the_nearest_subject_is_the_one_that_a_question_is_about(
    surroundings: Surroundings, embedder: SentenceTransformerEmbedder, question: str, name: str
) -> None:
    near = surroundings.near(embedder.encode([question])[0])
    assert name in [one for one, _ in near[:3]]
    assert [similarity for _, similarity in near] == sorted((one for _, one in near), reverse=True)


def test_a_subject_that_a_source_speaks_of_is_held() -> None:
    near = (("audio restoration", 0.6), ("buying cameras and lenses", 0.5))
    assert nearest_not_held(near, ["A network for speech enhancement."]) == near[1]
    assert nearest_not_held(near, ["A network for haze."]) == near[0]
    assert nearest_not_held(near[:1], ["A network for audio."]) is None


def test_a_subject_of_the_field_is_held_by_more_than_a_mention() -> None:
    name = next(one.name for one in concepts() if one.name.startswith("dehazing"))
    assert nearest_not_held(((name, 0.6),), ["A survey.\n\nDehazing is one task."]) == (name, 0.6)
    assert nearest_not_held(((name, 0.6),), ["Dehazing for all.\n\nHaze is removed."]) is None


def test_the_data_names_each_subject_once_with_something_to_compare_and_to_hold_it_by() -> None:
    names = [one.name for one in neighbours()]
    assert len(names) == len(set(names)) > 100
    assert all(one.said for one in neighbours())


def test_words_for_pictures_are_counted() -> None:
    assert words_for_pictures("My photos and videos are blurry") == 3
    assert words_for_pictures("How do I tie a tie?") == 0
