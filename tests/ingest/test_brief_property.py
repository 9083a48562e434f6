"""Any brief, written in any of the forms that briefs come in, is read back as it was."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.brief_text import parse_brief
from ingest.merging import merged
from ingest.problems import BriefError
from store.model import Brief, Entry, Kind

_LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")
_WORDS = st.text(_LETTERS, min_size=1, max_size=30).map(lambda text: " ".join(text.split()) or "x")
_TITLES = st.one_of(_WORDS, st.tuples(_WORDS, _WORDS).map(": ".join), st.just("A*: Éxact — “search”: again")).filter(
    lambda title: any(letter.isalnum() for letter in title)
)  # marks alone are no title
_PAPERS = st.one_of(
    st.none(),
    st.integers(0, 9999).map(lambda number: f"http://arxiv.org/pdf/2501.{number:05}v1.pdf"),
    st.sampled_from(
        ["https://example.org/a%20b.pdf?id=Xy_1#p:2", "https://bücher.example/ü", "cg.postech.ac.kr/x.pdf"]
    ),
)
_GITHUBS = st.one_of(st.none(), st.integers(0, 99).map(lambda number: f"https://github.com/Owner/name-{number}"))
_PROSE = st.tuples(_WORDS, _WORDS).map(lambda words: f"It is {words[0]}, they say {words[1]} too.")
_LOOKALIKES = st.sampled_from(
    [
        "Paper: we show that it works: twice.",
        "GitHub: on request.",
        "Model: a light U-Net.",
        "Title: none.",
        "Answer: 42 of $x_{i} \\in \\mathbb{R}$.",
        "Code: is at https://github.com/a/b for all.",
        r"dataset\footnote{at https://github.com/Junggy/HAMMER-dataset} comprising",
        "Related Papers are cited.",
        "- Summary of results: 3 dB",
    ]
)
# A line that looks like a field has prose before and after it, as it has in a summary.
_PARAGRAPHS = st.tuples(_PROSE, st.lists(st.tuples(_LOOKALIKES, _PROSE).map("\n".join), max_size=2)).map(
    lambda parts: "\n".join([parts[0], *parts[1]])
)
_SUMMARIES = st.lists(_PARAGRAPHS, max_size=3).map("\n\n".join)
_QUESTIONS = st.one_of(
    st.none(), st.lists(_WORDS, min_size=1, max_size=3).map(lambda words: "Why " + "\nso ".join(words) + "?")
)


def entry_of(kind: Kind) -> st.SearchStrategy[Entry]:
    return st.builds(Entry, st.just(kind), _TITLES, _PAPERS, _GITHUBS, _SUMMARIES)


_MODELS = st.lists(entry_of(Kind.MODEL), max_size=3)
_RELATED = st.lists(entry_of(Kind.PAPER), min_size=1, max_size=4)


class Form:
    """One way to write a brief down, drawn by `chance`."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.order_is_free = chance.random() < 0.4
        self.between_entries = "\n" if self.order_is_free else chance.choice(["", "\n", "\n\n", "\n---\n\n"])
        self.between_fields = "" if self.order_is_free or not self.between_entries else chance.choice(["", "\n"])
        self.label = chance.choice(["{}: ", "**{}:** ", "- {}: ", "- **{}**: ", "{}:"])
        self.heading = chance.choice(["### {}:", "## {}", "#### {}", "**{}**", "**{}:**", "{}:", "{}"])
        self.missing = chance.choice([None, "", "None", "N/A", "-"])
        self.quotes = chance.choice(['""', "“”", "«»"])
        self.answer = chance.choice(["", "\n\nAnswer:\n", "\n\nAnswer: It is so.\nModel: X\n", "\n### Answer\nNo."])
        self.line_end = chance.choice(["\n", "\r\n", "\r"])
        self.mark = chance.choice(["", "\ufeff"])

    def write(self, question: str | None, models: Sequence[Entry], papers: Sequence[Entry]) -> str:
        parts = ["You are an AI scientist.\n"]
        if question is not None:
            asked = question.join(self.quotes)
            parts.append(f"\nA user has asked the following question:\n{asked}\n")
        parts.append("\nBased on the following recommended models, explain:\n\n1. What task.\n")
        model_heading, paper_heading = self._chance.choice(
            [("Recommended AI Models", "Related Papers"), ("Recommended Models", "Related Works")]
        )
        for heading, entries in ((model_heading, models), (paper_heading, papers)):
            if entries:
                blocks = self.between_entries.join(self._entry(entry) for entry in entries)
                parts.append(f"\n{self.heading.format(heading)}\n{blocks}")
        text = "".join(parts) + self.answer
        return self.mark + text.replace("\n", self.line_end)

    def _entry(self, entry: Entry) -> str:
        title = self._chance.choice(["Model", "Paper title"]) if entry.kind is Kind.PAPER else "Model"
        fields = [(title, entry.title)]
        links = {"Paper": entry.paper_url, "GitHub": entry.github_url, "Summary": entry.summary or None}
        for label, value in links.items():
            if value is not None:
                fields.append((label, value))
            elif self.missing is not None:
                fields.append((label, self.missing))
        if self.order_is_free:
            self._chance.shuffle(fields)
        return self.between_fields.join(f"{self.label.format(label)}{value}\n" for label, value in fields)


@settings(max_examples=150, deadline=None)
@given(_QUESTIONS, _MODELS, _RELATED, st.integers(0, 2**32))
def test_a_brief_is_read_back_from_any_form(question: str | None, models: list[Entry], papers: list[Entry], seed: int):
    text = Form(random.Random(seed)).write(question, models, papers)
    assert parse_brief(text, "b.txt", "/b.txt") == Brief("b.txt", question, merged([*models, *papers]), "/b.txt")


_PIECES = st.sampled_from(
    ["Model:", "Paper:", "GitHub:", "Summary:", "Title:", "Answer:", "## Related Papers", "Recommended Models:", "**", "-",
     "---", "\n", "\n\n", " ", "https://a.org/x", "http://[", "arxiv.org/abs/2501.00001", "None", "\"", "“", "\r\n", "\0",
     "\ud800", "\ufeff", "asked the following question:", "Based on", "x"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=40).map("".join))
def test_any_text_is_a_brief_or_refused_in_one_line(text: str):
    try:
        brief = parse_brief(text, "pasted")
    except BriefError as error:
        assert "\n" not in str(error)
    else:
        assert brief.entries
        assert brief.entries == merged(brief.entries)
        supplied = text.replace("\r\n", "\n").replace("\r", "\n")
        for entry in brief.entries:
            assert entry.title in supplied
            assert all(url in supplied for url in (entry.paper_url, entry.github_url) if url)
