"""A sentence of a source gets words that lead to it, whatever it says."""

from bot.embedded.language import Part, Sentence, announces
from bot.embedded.phrasing import attributed
from store.model import Source


def test_an_announcement_of_nothing_but_a_result_has_a_lead(source: Source) -> None:
    text = "We propose DeRainer, which gains 1.2 dB."
    assert announces(text)
    sentence = Sentence(source.source_id, text, 1, frozenset({Part.RESULT}))
    assert attributed(source, sentence, "DeRainer").text == f"From DeRainer: “{text}”"
