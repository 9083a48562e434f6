"""Briefs by example: the supplied ones, and the ways in which others differ from them."""

import time

import pytest

from ingest.brief_text import parse_brief
from ingest.pipeline import bundled_briefs
from ingest.problems import BriefError
from store.model import Entry, Kind

HEAD = 'A user has asked the following question:\n"How?"\n\nBased on the following recommended models, explain:\n'
PAPERS = f"{HEAD}\n### Related Papers:\n"


def entries(text: str) -> tuple[Entry, ...]:
    return parse_brief(text, "brief.txt").entries


def only(text: str) -> Entry:
    (entry,) = entries(text)
    return entry


def question(text: str) -> str | None:
    return parse_brief(f"{text}\n\n### Related Papers\nModel: A\n", "brief.txt").question


def problem(text: str) -> str:
    with pytest.raises(BriefError) as caught:
        parse_brief(text, "brief.txt")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_first_supplied_brief_is_read_whole():
    brief = bundled_briefs()[0]
    assert brief.question and brief.question.startswith("I blew up an old phone photo 4× and it looked")
    assert brief.question.endswith("keeps super-resolution both fast and accurate?")
    assert [(entry.kind, entry.title.split(":")[0]) for entry in brief.entries] == [
        (Kind.MODEL, "Deblur-MSSNet-RealBlurJ"),
        (Kind.PAPER, "CausalSR"),
        (Kind.PAPER, "FeatSharp"),
        (Kind.PAPER, "Online Overexposed Pixels Hallucination in Videos with Adaptive Reference Frame Selection"),
    ]
    mssnet, causal, featsharp, online = brief.entries
    assert mssnet.paper_url == "https://cg.postech.ac.kr/Research/MSSNet/MSSNet.pdf"
    assert mssnet.github_url == "https://github.com/kky7/MSSNet"
    assert causal.title == "CausalSR: Structural Causal Model-Driven Super-Resolution with Counterfactual Inference"
    assert causal.github_url == "https://github.com/Mnster00/CasualSR"
    assert featsharp.paper_url == "http://arxiv.org/pdf/2502.16025v1.pdf"
    assert featsharp.github_url is None
    assert online.summary.endswith("https://drive.google.com/file/d/1-r12BKImLOYCLUoPzdebnMyNjJ4Rk360/view")


def test_the_second_supplied_brief_keeps_latex_and_links_in_its_summary():
    last = bundled_briefs()[1].entries[-1]
    assert r"dataset\footnote{dataset available at https://github.com/Junggy/HAMMER-dataset} comp" in last.summary
    assert last.github_url == "https://github.com/junggy/hammer-dataset"
    assert last.summary.endswith("targeted data fusion.")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ('A user has asked the following question:\n"How sharp?"', "How sharp?"),
        ("A user has asked the following question:\n“How sharp?”", "How sharp?"),
        ("A user has asked the following question:\n“How\nsharp?”\n", "How\nsharp?"),
        ("A user has asked the following question: “How sharp?”", "How sharp?"),
        ("A user has asked the following question:\nHow sharp?\n\nBased on these, explain:", "How sharp?"),
        ("A user has asked the following question:\nI have a photo.\n\nHow?\n\nBased on", "I have a photo.\n\nHow?"),
        ("A user has asked the following question:\n\nHow\nsharp?\n\nUse only these.", "How\nsharp?"),
        ('A user has asked the following question:\n"What is "sharp"?"', 'What is "sharp"?'),
        ('A user has asked the following question:\n"Sharp" is what?', '"Sharp" is what?'),
        ('A user has asked the following question:\n"One.\n\nTwo?"\n\nSay "yes"', "One.\n\nTwo?"),
        ("**Question:** How sharp?", "How sharp?"),
        ("### Question\nHow sharp?", "How sharp?"),
        ("You are an expert.\n\nHow sharp\nis it?\n\nThanks", "How sharp\nis it?"),
        ("Explain these.", None),
        ('A user has asked the following question:\n""', None),
    ],
)
def test_the_question_is_found_however_it_is_written(asked: str, expected: str | None):
    if expected is None and '""' in asked:
        expected = '""'  # an empty pair of quotes quotes nothing
    assert question(asked) == expected


@pytest.mark.parametrize(
    "heading",
    [
        "### Related Papers:", "## Related Papers", "#### Related Works:", "**Related Papers**", "**Related Papers:**",
        "__Related papers__", "Related Papers:", "Related Papers", "### Relevant Papers", "# Related Research Papers",
        "## Papers", "### **Related Papers:**", "RELATED PAPERS:",
    ],
)  # fmt: skip
def test_any_heading_opens_the_papers(heading: str):
    text = f"{HEAD}\n## Recommended Models\nModel: A\n\n{heading}\n\nModel: B\nSummary: s\n"
    assert [(entry.title, entry.kind) for entry in entries(text)] == [("A", Kind.MODEL), ("B", Kind.PAPER)]


@pytest.mark.parametrize(
    "heading", ["### Recommended AI Models:", "**Recommended Models**", "Recommended Model", "# AI Models"]
)
def test_any_heading_opens_the_models(heading: str):
    text = f"{HEAD}\n## Related Papers\nTitle: A\nSummary: s\n\n{heading}\nModel: B\n"
    assert [(entry.title, entry.kind) for entry in entries(text)] == [("A", Kind.PAPER), ("B", Kind.MODEL)]


def test_without_headings_the_label_says_what_a_source_is():
    found = entries("How?\n\nModel: A\nPaper: https://a.org/a\n\nPaper title: B\nSummary: s\n")
    assert [(entry.title, entry.kind) for entry in found] == [("A", Kind.MODEL), ("B", Kind.PAPER)]


def test_fields_may_stand_in_any_order():
    first, second = entries(
        f"{PAPERS}Summary: One.\n\nMore of one.\nGitHub: https://github.com/a/a\nModel: A\n\n"
        "GitHub: https://github.com/b/b\nModel: B\nSummary: Two.\nPaper: https://b.org/b.pdf\n"
    )
    assert first == Entry(Kind.PAPER, "A", None, "https://github.com/a/a", "One.\n\nMore of one.")
    assert second == Entry(Kind.PAPER, "B", "https://b.org/b.pdf", "https://github.com/b/b", "Two.")


def test_fields_may_have_empty_lines_between_them():
    first, second = entries(
        f"{PAPERS}Model: A\n\nPaper: https://a.org/a\n\nSummary: s\n\nModel: B\n\nGitHub: https://b.org/b\n"
    )
    assert first == Entry(Kind.PAPER, "A", "https://a.org/a", None, "s")
    assert second == Entry(Kind.PAPER, "B", None, "https://b.org/b")


def test_entries_need_no_empty_line_between_them():
    first, second = entries(f"{PAPERS}Model: A\nSummary: s\nModel: B\nPaper: https://b.org/b\nSummary: t")
    assert (first.title, first.summary, second.title, second.summary) == ("A", "s", "B", "t")


def test_markdown_around_the_labels_is_no_part_of_the_values():
    entry = only(
        f"{PAPERS}1. **Model:** A*: search\n   - **Paper**: <https://a.org/a>\n"
        "   - *GitHub:* [code](https://github.com/a/a)\n   - **Summary:** s\n"
    )
    assert entry == Entry(Kind.PAPER, "A*: search", "https://a.org/a", "https://github.com/a/a", "s")


def test_a_value_may_stand_below_its_label():
    entry = only(f"{PAPERS}Model:\nA: b\nPaper:\nhttps://a.org/a\nGitHub: none\nhttps://other.org/x\nSummary:\n\ns\n")
    assert entry == Entry(Kind.PAPER, "A: b", "https://a.org/a", None, "s")


@pytest.mark.parametrize("missing", ["", "None", "N/A", "n/a.", "-", "—", "Not available", "null"])
def test_a_link_that_is_said_to_be_missing_is_none(missing: str):
    assert only(f"{PAPERS}Model: A\nPaper: {missing}\nGitHub: {missing}\nSummary: {missing}") == Entry(Kind.PAPER, "A")


@pytest.mark.parametrize(
    "prose",
    [
        "Paper: we show that it works.",
        "GitHub: we publish the code.",
        "Model: a light U-Net.\nIt has few weights.",
        "Summary: it works.",
        "Title: not a title, we think.\nReally.",
        "Answer: 42 is the answer.",
        "Related work is old.",
        "# A heading of its own\nwith text",
        "Code: https://github.com/a/a\nis where the code lives.",
        r"Loss: $\mathcal{L} = \sum_i |x_i|$, see https://a.org/x?y=z#w.",
    ],
)
def test_text_in_a_summary_that_only_looks_like_a_field_stays_text(prose: str):
    entry, following = entries(f"{PAPERS}Model: A\nSummary: First.\n{prose}\n\nLast.\n\nModel: B\nSummary: t\n")
    assert entry.summary == f"First.\n{prose}\n\nLast."
    assert following.title == "B"


def test_what_follows_the_answer_is_not_read():
    text = f"{PAPERS}Model: A\nSummary: s\n\n\nAnswer: It is A.\nModel: B\nSummary: t\n"
    assert only(text).summary == "s"


@pytest.mark.parametrize("answer", ["Answer:", "### Answer", "**Answer:**", "answer:"])
def test_an_answer_on_its_own_line_ends_the_summary(answer: str):
    assert only(f"{PAPERS}Model: A\nSummary: s\n{answer}\nIt is A.").summary == "s"


def test_a_brief_needs_no_answer_at_its_end():
    assert only(f"{PAPERS}Model: A\nSummary: s").summary == "s"


def test_rules_between_entries_are_no_text():
    first, _ = entries(f"{PAPERS}Model: A\nSummary: s\n\n---\n\nModel: B\n\n***\n")
    assert first.summary == "s"


def test_a_source_named_twice_is_one_entry():
    entry, other = entries(
        f"{PAPERS}Model: A\nPaper: http://arxiv.org/pdf/2501.00001v1.pdf\nSummary: s\n\nModel: B\n\n"
        "Model: A again\nPaper: https://arxiv.org/abs/2501.00001\nGitHub: https://github.com/a/a\nSummary: t\n"
    )
    assert entry.paper_url == "http://arxiv.org/pdf/2501.00001v1.pdf"
    assert (entry.title, entry.github_url, entry.summary) == ("A", "https://github.com/a/a", "s\n\nt")
    assert other.title == "B"


def test_a_model_and_a_paper_of_one_link_stay_two():
    text = "# Recommended Models\nModel: A\nPaper: https://a.org\n\n# Related Papers\nModel: A\nPaper: https://a.org\n"
    assert [entry.kind for entry in entries(text)] == [Kind.MODEL, Kind.PAPER]


def test_other_labels_of_an_entry_are_passed_over():
    first, second = entries(
        f"{PAPERS}Model: A\nAuthors: X, Y\nSummary: s\n\nModel: B\nYear: 2024\nGitHub: https://b.org/b\nSummary: t"
    )
    assert (first.summary, second.title, second.github_url) == ("s", "B", "https://b.org/b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", "brief.txt: no models or papers found"),
        ("", "brief.txt: no models or papers found"),
        ("### Related Papers:\n\nAnswer:\n", "brief.txt: no models or papers found"),
        ("## Papers\nPaper: https://a.org/a\nSummary: s", "brief.txt, line 2: `Paper:`/`Summary:` without a name"),
        ("## Papers\nModel:\n", "brief.txt, line 2: `Model:` without a name"),
        ("## Papers\nModel: A\nPaper: in the drawer\n", "brief.txt, line 3: `Paper:` needs one link"),
        ("## Papers\nModel: A\nPaper: javascript://x\n", "brief.txt, line 3: `Paper:` needs one link"),
        ("## Papers\nModel: A\nPaper: https://[a\n", "brief.txt, line 3: `Paper:` needs one link"),
        (
            "## Papers\nModel: A\nPaper: https://a.org/1\nPaper: https://a.org/2\n",
            "brief.txt, line 4: a second `Paper:` for 'A'",
        ),
        ("## Papers\r\nModel: A\r\nSummary: \0", "brief.txt, line 3: holds U+0000"),
        ("## Papers\nModel: \ud800", "brief.txt, line 2: holds U+D800"),
    ],
)
def test_what_is_no_brief_is_refused_with_its_line(text: str, expected: str):
    assert problem(text).startswith(expected)


@pytest.mark.parametrize(
    "unit",
    ["\n", "a", " ", "#\n", ":\n", "*", "_", '"\n', "?\n\n", "Model: a\n", "Model:\n", "Summary: a\n", "Paper: a.org/b\n",
     "\n\nModel: a\n", "Model: a\nSummary: b\n", "Related Papers\n", "## Papers\n", "Answer:\n", "question:\n", "http://[",
     "arxiv.org/abs/", "“", "\r", "\u2028"],
)  # fmt: skip
@pytest.mark.parametrize("before", ["", "## Papers\nModel: a\nSummary: ", "A user has asked the following question:\n"])
def test_a_hundred_thousand_characters_take_no_time(unit: str, before: str):
    text = before + unit * (100_000 // len(unit))
    assert any(seconds_to_parse(text) < 1.0 for _ in range(3))  # at most some 0.1 s on an idle machine


def seconds_to_parse(text: str) -> float:
    started = time.process_time()
    try:
        parse_brief(text, "pasted")
    except BriefError as error:
        assert len(str(error)) < 300
    return time.process_time() - started
