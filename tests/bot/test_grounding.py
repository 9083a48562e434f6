"""What the grounding check lets through, and what it takes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.draft import Cited, Draft, Items, References, Referred, Statement, body, paragraph, say
from bot.grounding import foreign_urls, ground, urls_in
from bot.render import render
from store.model import Source

QUOTE = "We propose DeRainer, a network that removes rain."


def cited(source: Source, quote: str = QUOTE) -> tuple[Cited, ...]:
    return (Cited(source_id=source.source_id, quote=quote),)


def checked(source: Source, statement: Statement) -> tuple[Draft, tuple[str, ...]]:
    draft, removed = ground(body("lookup", [paragraph(statement)]), {source.source_id: source})
    return draft, tuple(one.reason for one in removed)


def test_a_statement_with_a_verbatim_quote_stays(source: Source) -> None:
    draft, removed = checked(source, Statement(text=f"“{QUOTE}”", cites=cited(source)))
    assert draft.sections and not removed


def test_white_space_in_a_quote_does_not_matter(source: Source) -> None:
    draft, removed = checked(
        source, Statement(text="It removes rain.", cites=cited(source, QUOTE.replace(" ", "\n  ")))
    )
    assert draft.sections and not removed


@pytest.mark.parametrize(
    "statement",
    [
        Statement(text="It gains 9 dB.", cites=()),
        Statement(
            text="It gains 9 dB.", cites=(Cited(source_id="arxiv:2001.00001", quote="It gains 9 dB on Rain100."),)
        ),
        Statement(text="It removes rain.", cites=(Cited(source_id="arxiv:9999.99999", quote=QUOTE),)),
        Statement(text="“It gains 9 dB.”", cites=(Cited(source_id="arxiv:2001.00001", quote=QUOTE),)),
        Statement(text="See https://evil.example/x", cites=(Cited(source_id="arxiv:2001.00001", quote=QUOTE),)),
        Statement(text="It removes rain. [7]", cites=(Cited(source_id="arxiv:2001.00001", quote=QUOTE),)),
        Statement(text="Read www.evil.example now.", claim=False),
        Statement(text="Click [here](javascript:alert(1)).", claim=False),
        Statement(text="It removes rain.", cites=(Cited(source_id="arxiv:2001.00001", quote="  "),)),
    ],
)
def test_an_unsupported_statement_is_taken_out_and_listed(source: Source, statement: Statement) -> None:
    draft, removed = checked(source, statement)
    assert not draft.sections
    assert len(removed) == 1


def test_a_supplied_link_stays_and_a_changed_one_goes(source: Source) -> None:
    assert foreign_urls("See https://arxiv.org/abs/2001.00001.", [source]) == []
    assert foreign_urls("See https://arxiv.org/abs/2001.00001v2", [source]) == ["https://arxiv.org/abs/2001.00001v2"]
    assert foreign_urls("See HTTPS://ARXIV.org/abs/2001.00001", [source])


def test_a_reference_to_a_source_that_was_not_found_is_taken_out(source: Source) -> None:
    why = Statement(text="about rain", cites=cited(source))
    block = References(items=(Referred(source_id=source.source_id, why=why), Referred(source_id="arxiv:1", why=why)))
    draft, removed = ground(body("lookup", [block]), {source.source_id: source})
    rendered = render(draft, {source.source_id: source})
    assert [reference.source_id for reference in rendered.references] == [source.source_id]
    assert [one.reason for one in removed] == ["it points to a source that was not found"]


def test_markers_are_numbered_by_first_appearance_and_shared_by_equal_quotes(source: Source) -> None:
    second = cited(source, "It gains 1.2 dB on Rain100.")
    statements = (
        say("First."),
        Statement(text="It gains.", cites=second),
        Statement(text="It removes rain.", cites=cited(source)),
        Statement(text="It gains again.", cites=second),
    )
    rendered = render(body("lookup", [Items(statements=statements)]), {source.source_id: source})
    assert rendered.markdown == "- First.\n- It gains. [1]\n- It removes rain. [2]\n- It gains again. [1]"
    assert [(one.marker, one.quote) for one in rendered.citations] == [(1, "It gains 1.2 dB on Rain100."), (2, QUOTE)]


@given(st.text(max_size=200))
def test_no_address_survives_in_a_statement_that_only_leads_on(text: str) -> None:
    draft, _ = ground(body("help", [paragraph(say(f"{text} http://x.example/{text}"))]), {})
    shown = render(draft, {}).markdown
    assert "http://x.example" not in shown and urls_in(shown) == []
