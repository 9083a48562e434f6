"""A question's wording alone: whether it is about restoring pictures."""

import numpy as np
import pytest

from benchmarks.domain import domain_questions, fit
from bot.embedded.domain import Domain, in_domain, packaged
from store.embedding import DEFAULT_MODEL, SentenceTransformerEmbedder


@pytest.mark.parametrize(
    ("question", "is_of_it"),
    [
        ("My hand shook and the whole picture is smeared, what makes it crisp?", True),
        ("the old film is full of scratches, what takes them out", True),
        ("Which network counts the palm trees on an aerial picture?", False),
        ("What tripod carries a heavy lens?", False),
        ("which oil is good for a squeaking door", False),
    ],
)
def test_wording_tells_what_a_question_is_about(
    embedder: SentenceTransformerEmbedder, question: str, is_of_it: bool
) -> None:
    assert (in_domain(embedder.name, embedder.encode([question])[0]) > 0) is is_of_it


def test_of_another_model_it_tells_nothing() -> None:
    assert in_domain("other", np.ones(2, dtype=np.float32)) == 0.0


def test_wording_is_no_proof() -> None:
    sure = Domain(np.array([100.0, 0.0], dtype=np.float32), 0.0)
    assert sure.log_odds(np.array([1.0, 0.0], dtype=np.float32)) == 3.0
    assert sure.log_odds(np.array([-1.0, 0.0], dtype=np.float32)) == -3.0


def test_what_comes_with_us_is_fitted_to_the_questions(embedder: SentenceTransformerEmbedder) -> None:
    asked = domain_questions()[::20]
    vectors = embedder.encode([one.question for one in asked])
    odds = vectors @ packaged().weights + packaged().constant
    right = np.mean((odds > 0) == np.array([one.answered for one in asked]))
    assert embedder.name == DEFAULT_MODEL
    assert right > 0.8, "the questions changed: run python -m benchmarks.domain --write"


def test_length_tells_nothing() -> None:
    """All short questions answered, no long one, and a vector that knows the length alone."""
    lengths = np.array([5] * 40 + [40] * 40)
    vectors = (lengths[:, None] > 20).astype(np.float32)
    mostly = np.array([True] * 36 + [False] * 4 + [True] * 4 + [False] * 36)
    weights, constant = fit(vectors, mostly, lengths)
    assert abs(weights[0]) < 0.1 and abs(constant) < 0.1
