"""The one sentence that answers a short question about a source, or none: what the question demands must stand in it."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.embedded.knowledge import Attribute, asked_attributes, read_data
from bot.embedded.language import Part, Sentence, is_name, sentences, short_title
from bot.embedded.names import aliases, is_subject, name_like_words, names, opens_with, stands_in, titled, without
from bot.embedded.turn import Turn
from bot.embedded.view import View
from store.model import Source

_SURE = 0.45  # cosine from which a sentence answers in other words than the question's…
_BEYOND_NAME = 0.25  # …and by how much it must be nearer to the question than to the bare name
_ANSWERS = 0.5  # share of the question's own words that makes a sentence its answer
_MOSTLY = 0.75  # the same for one with a figure that doesn't show the particular asked for
_PARTLY = 0.3  # the same for a sentence that shows the particular asked for, or that is near the question
_NEAR = 0.3  # cosine of the latter
_DESCRIBES = 0.3  # share of the question's own words that a source must hold to be described as an answer
_SHOWS = 0.3  # what a sentence is worth more that shows the particular asked for
_PLACE = 0.6  # one with a place, where one is asked for
_FIGURE = 0.3  # one with a figure, where a figure is asked for
_NAME = 0.5  # what the similarity to the bare name counts against a sentence
_MOST_FACTS, _NEARLY = 2, 0.12  # sentences of an answer, and how much less than the best one's worth the other may have
_HOLDS_NAMES = 0.4  # one that holds the names of the question beside the source's, such as a data set's
_TELLS_HOW = 0.2  # one about a method, where it is asked how
_SUBJECT = 0.1  # one that says of the source itself what is so, where it is asked whether something is
_SHARED = 0.4  # one that holds all of the question's own words, less for fewer

_HOW_MUCH = re.compile(
    r"\bhow (?:much|many|large|big|fast|good|accurate|long|often|far|deep|wide|high|low|late|soon|old|heavy)\b"
    r"|\bby what\b|\bnumbers?\b"
    r"|\b(?:what|which) (?:[\w-]+ ){0,3}"
    r"(?:psnr|ssim|miou|range|rate|factor|score|levels?|scale|size|speed|percentage|share|fraction|part of)\b",
    re.IGNORECASE,
)
_FIGURE_WORDS = (
    "as many|any number of|two|three|four|five|six|seven|eight|nine|ten|twenty|fifty"
    "|hundreds?|thousands?|millions?|half|twice|double"
)
_FIGURE_IN = re.compile(rf"(?<![\w-])[x×]?\d|\b(?:{_FIGURE_WORDS})\b")  # a number, not a digit inside a name
_WHETHER = re.compile(
    r"^(?:(?:and|but|so|then),? )?(?:do|does|did|is|are|was|were|can|could|will|would|has|have|should)\b", re.IGNORECASE
)
_SIZE = re.compile(
    r"\b(?:what|which) (?:[\w-]+ ){0,2}(?:sizes?|resolutions?|dimensions?)\b|\bhow (?:big|large|many pixels)\b",
    re.IGNORECASE,
)
_SIZE_IN = re.compile(r"\d\s?[x×]\s?\d|\d[\d,.-]*\s?(?:px|pixels?|megapixels?|[kp])\b", re.IGNORECASE)
_WHICH_DATA = re.compile(
    r"\b(?:which|what) (?:[\w-]+ ){0,2}(?:data ?sets?|collections?|benchmarks?|databases?|sets)\b", re.IGNORECASE
)
_WHERE = re.compile(
    r"^(?:(?:and|but|so|then),? )?(?:where|in (?:which|what) (?:places?|city|country|town))\b", re.IGNORECASE
)
_PLACE_IN = re.compile(r"\b(?:in|at|on|under|near|across|from|along) (?:the |an? )?[A-Z][a-z]+")
_FIGURE_TOLD = re.compile(r"(?<![\w.-])\d[\w.]*(?!\w)")  # in a question, such as the resolution that it asks about
_MEASURE = re.compile(
    r"\b(?i:psnr|ssim|miou|fid|lpips|niqe|iou|mae|rmse|epe|vmaf|delta e|f[- ]measure|f[- ]score)\b|\bm?AP\b"
)
_HOW_MANY = re.compile(r"\bhow many (?P<what>[a-z-]+(?: [a-z-]+){0,2})", re.IGNORECASE)
_HOW_MANY_TIMES = re.compile(
    r"\bby (?:what|which) factor\b|\bhow many times\b|\bhow much (?:faster|slower|smaller|larger)\b", re.IGNORECASE
)
_BETWEEN = r"(?:[\w-]+\s+){0,3}?"  # what may stand between a figure and what it counts
_DATA_SET = re.compile(r"\bdata sets?\b")
_OF_THEM = re.compile(r"\d of (?:them|these|those)\b")
_WORD = re.compile(r"[a-z]{2,}")
_ENDINGS = tuple("ations ation ating ated ates ate ings ing al ers ies ed er es ly s".split())  # noqa: SIM905 - read as a list
_SHORTEST_STEM = 3  # letters


@dataclass(frozen=True)
class _Words:
    """Words as data: those that ask for nothing by themselves, and those that mean the same."""

    empty: frozenset[str]
    same: dict[str, frozenset[str]]  # by stem: the stems of the words that mean the same


def _read_words() -> _Words:
    data = read_data("fact_words.toml")
    same: dict[str, frozenset[str]] = {}
    for group in data["same"]:
        found = frozenset(_stem(word) for word in group)
        for one in found:
            same[one] = same.get(one, frozenset()) | found
    return _Words(frozenset(data["empty"]), same)


def best_facts(turn: Turn, view: View, sources: Sequence[Source]) -> list[tuple[Source, Sentence]]:
    """The sentence of one of some sources that answers the turn best, and another of it that does so nearly as well.

    Empty when none answers it.
    """
    asked = turn.question.text
    wanted = particulars(asked, sources)
    figure, collections, size, whether, where = (
        form.search(asked) is not None for form in (_HOW_MUCH, _WHICH_DATA, _SIZE, _WHETHER, _WHERE)
    )
    figures = _FIGURE_TOLD.findall(asked)
    found: list[tuple[float, Source, Sentence]] = []
    for source in sources:
        if foreign_names(asked, source):
            continue
        words = demanded(_without_particular(asked, wanted), source) - _title_words(asked, source)
        further = [
            name
            for name in name_like_words(asked, capitals=True)
            if not _names(name, source) and not is_subject(name, source)
        ]
        others = [one for one in further if not _MEASURE.fullmatch(one) and not _is_of_a_source(one, view.sources)]
        others += [one for one in figures if not stands_in(one, source.title)]
        for sentence in sentences(source):
            if not _of_the_kind(asked, sentence.text):
                continue
            meant = _with_meant(sentence, source)
            named = _holds_all(others, meant)
            told = _Told(
                fit=view.fit(turn.queries[0], sentence),
                name_fit=max((view.fit(query, sentence) for query in turn.queries[1:] if is_name(query)), default=0.0),
                shows=bool(wanted) and all(sentence.text in attribute.shows for attribute in wanted),
                shared=share(words, meant),
                figure=figure and _FIGURE_IN.search(sentence.text) is not None,
                collections=collections and _other_names(sentence.text, source),
                size=size and _SIZE_IN.search(sentence.text) is not None,
                place=where and _PLACE_IN.search(sentence.text) is not None,
                counted=figure and any(_beside_figure(attribute, sentence.text) for attribute in wanted),
                named=named,
                subject=whether and opens_with(source, sentence.text),
            )
            if _answers(asked, wanted, words, told):
                worth = max((view.fit(query, sentence) for query in turn.queries), default=0.0)
                worth += told.worth
                worth += _HOLDS_NAMES if named or _holds_all(further, meant) else 0.0
                worth += _TELLS_HOW if turn.wants_description and Part.METHOD in sentence.parts else 0.0
                found.append((worth, source, sentence))
    found.sort(key=lambda item: (-item[0], item[1].source_id, item[2].number))
    return [
        (source, sentence)
        for worth, source, sentence in found[:_MOST_FACTS]
        if worth >= found[0][0] - _NEARLY and source == found[0][1]
    ]


@dataclass(frozen=True)
class _Told:
    """What a sentence holds of what is asked."""

    fit: float  # its similarity to the question
    name_fit: float  # and to the bare name: a sentence that holds it is near any question that does
    shows: bool  # every particular asked for
    shared: float  # share of the question's own words
    figure: bool  # a figure, where one is asked for
    collections: bool  # names of data sets, where those are asked for
    size: bool  # a picture's size, where that is asked for
    place: bool  # a place, where that is asked for
    counted: bool  # the figure of a particular that is asked for, such as "12 % less memory"
    named: bool  # every name and figure that the question holds beside those of sources, such as a data set's
    subject: bool  # that it speaks of the source itself, where it is asked whether something is so

    @property
    def in_other_words(self) -> bool:
        """Whether it answers without the question's words."""
        return self.fit >= _SURE and self.fit - self.name_fit >= _BEYOND_NAME

    @property
    def worth(self) -> float:
        """What it is worth beside other sentences, its similarity aside."""
        return (
            _SHARED * self.shared
            + _SHOWS * (self.shows + self.collections)
            + _PLACE * self.place
            + _FIGURE * (self.figure + self.size + self.counted)
            + _SUBJECT * self.subject
            - _NAME * self.name_fit
        )


def _answers(asked: str, wanted: Sequence[Attribute], words: frozenset[str], told: _Told) -> bool:
    half = bool(words) and told.shared >= _ANSWERS
    near = told.fit >= _NEAR
    if told.named and told.figure:
        return True
    if wanted:
        counted = asks_how_many(asked) and told.shared >= _ANSWERS  # what is counted stands in it
        shows = told.shows and (told.shared >= _PARTLY or not words or (told.figure and told.in_other_words))
        mostly = told.figure and bool(words) and told.shared >= _MOSTLY
        listed = told.collections and (half or near or not words)
        beside = told.counted and (not words or told.shared >= _PARTLY)
        return counted or beside or shows or mostly or (half and told.in_other_words) or listed
    enough = _MOSTLY if _HOW_MUCH.search(asked) and not told.figure else _ANSWERS
    partly = told.shared >= _PARTLY and near and enough == _ANSWERS
    listed = told.collections and told.shared >= _PARTLY
    return told.shared >= enough or partly or told.in_other_words or (told.size and near) or listed or told.place


def _title_words(question: str, source: Source) -> frozenset[str]:
    """The stems of a title that a question tells in part, in place of a name: they ask for nothing."""
    if names(question, [source]) or not titled(question, [source]):
        return frozenset()
    return frozenset(_stem(word) for word in _words(source.title))


def _names(name: str, source: Source) -> bool:
    """Whether a name is the source's own, or a part of it, as R-CNN is of Mask R-CNN."""
    return any(stands_in(name, alias) for alias in aliases(source))


def _holds_all(names_told: Sequence[str], text: str) -> bool:
    """Whether a text holds each of some names, and there are any."""
    return bool(names_told) and all(stands_in(name, text) for name in names_told)


def _is_of_a_source(name: str, sources: Sequence[Source]) -> bool:
    """Whether a name is that of one of some sources, and not of what they speak of, such as a data set."""
    return any(_names(name, source) or is_subject(name, source) for source in sources)


def _with_meant(sentence: Sentence, source: Source) -> str:
    """A sentence, with the one before it where "950 of them" counts what that one speaks of."""
    if not _OF_THEM.search(sentence.text):
        return sentence.text
    before = [one.text for one in sentences(source) if one.number == sentence.number - 1]
    return " ".join([*before, sentence.text])


def _other_names(sentence: str, source: Source) -> bool:
    """Whether a sentence holds a name that is not the source's own, such as a data set's."""
    initials = "".join(word[0] for word in re.findall(r"\w+", short_title(source.title))).casefold()
    return any(
        not _names(name, source) and name.casefold() != initials for name in name_like_words(sentence, capitals=True)
    )


def _beside_figure(attribute: Attribute, sentence: str) -> bool:
    """Whether a sentence tells a figure of a particular: "12 % less memory", "48 % faster"."""
    return any(
        re.search(rf"\d\S*\W*{_BETWEEN}{re.escape(phrase)}", sentence.casefold())
        for phrase in attribute.shows.find(sentence)
        if not any(letter.isdigit() for letter in phrase)
    )


def _without_particular(question: str, wanted: Sequence[Attribute]) -> str:
    """A question without the words by which it asks for a particular, which a sentence may show in other words."""
    for phrase in [phrase for attribute in wanted for phrase in attribute.asks.find(question)]:
        question = re.sub(re.escape(phrase), " ", question, flags=re.IGNORECASE)
    return question


def particulars(question: str, sources: Sequence[Source]) -> list[Attribute]:
    """The particulars that a question asks for, those aside that only the sources' titles speak of, such as "real-time"."""
    titles = " ".join(source.title for source in sources).casefold()
    return [
        attribute
        for attribute in asked_attributes(question)
        if any(phrase not in titles for phrase in attribute.asks.find(question))
    ]


def describes(question: str, source: Source) -> bool:
    """Whether what a source says of itself answers a question how or why: it speaks of what the question speaks of."""
    words = demanded(question, source)
    return not foreign_names(question, source) and (not words or share(words, source.text) >= _DESCRIBES)


def foreign_names(question: str, source: Source) -> list[str]:
    """The names of models, data sets and measures in a question that a source's text doesn't hold."""
    named = [*name_like_words(question), *_MEASURE.findall(question)]
    lacking = [name for name in dict.fromkeys(named) if not stands_in(name, source.text)]
    return [name for name in lacking if not (name.casefold() == "psnr" and " dB" in source.text)]


def demanded(question: str, source: Source) -> frozenset[str]:
    """The stems of the words by which a question asks for something, the source's name and empty words aside."""
    text = question.casefold()
    for alias in sorted(aliases(source), key=len, reverse=True):
        text = without(alias, text)
    for name in name_like_words(question):
        text = text.replace(name.casefold(), " ")
    return frozenset(_stem(word) for word in _words(text) if word not in _WORDS.empty)


def _words(text: str) -> list[str]:
    """The words of a text in small letters; a data set is a dataset."""
    return _WORD.findall(_DATA_SET.sub("dataset", text.casefold()))


def share(words: frozenset[str], text: str) -> float:
    """What part of some stems a text holds, or a word that means the same; all of none."""
    if not words:
        return 1.0
    held = {_stem(word) for word in _words(text)}
    return sum(bool(_alike(word) & held) for word in words) / len(words)


def _alike(stem: str) -> frozenset[str]:
    return _WORDS.same.get(stem, frozenset()) | {stem}


def asks_how_many(question: str) -> bool:
    """Whether a question asks for a number."""
    return _HOW_MANY.search(question) is not None


def asks_how_much(question: str) -> bool:
    """Whether a question asks for a particular or a figure."""
    return bool(asked_attributes(question)) or _HOW_MUCH.search(question) is not None


def tells_how_many(question: str, texts: Sequence[str]) -> bool:
    """Whether one of some texts can hold the number of things that a question asks for; any can if it asks for none."""
    return _HOW_MANY.search(question) is None or any(_of_the_kind(question, text) for text in texts)


def _of_the_kind(question: str, sentence: str) -> bool:
    """Whether a sentence can hold the number that a question asks for: of its measure, of what is counted."""
    measures = {word.casefold() for word in _MEASURE.findall(question)}
    told = {word.casefold() for word in _MEASURE.findall(sentence)}
    if measures and not (measures & told or ("psnr" in measures and " dB" in sentence)):
        return False
    counted = _HOW_MANY.search(question)
    if _HOW_MANY_TIMES.search(question):
        return _FIGURE_IN.search(sentence) is not None
    if counted is None:
        return not measures or _FIGURE_IN.search(sentence) is not None
    nouns = list(itertools.takewhile(lambda word: word not in _WORDS.empty, counted["what"].casefold().split()))
    return _counts(nouns[-1], sentence) if nouns else _FIGURE_IN.search(sentence) is not None


def _counts(noun: str, sentence: str) -> bool:
    """Whether a sentence says how many there are of something."""
    text = sentence.casefold()
    stems = sorted(_alike(_stem(noun)))
    figure = rf"(?:\d[\d,.]*\s*(?:k|m|million|billion|thousand)?|\b(?:one|{_FIGURE_WORDS}))(?!-bit)"
    noun = "|".join(map(re.escape, stems))
    before_it = rf"{figure}\W*{_BETWEEN}(?:{noun}|of (?:them|these|those)\b)"  # "three wide stages", "950 of them"
    after_it = rf"\bnumber of {_BETWEEN}(?:{noun})\w*\s+{_BETWEEN}{figure}"  # "the number of steps falls from 50 to 2"
    return any(re.search(form, text) for form in (before_it, after_it))


def _stem(word: str) -> str:
    """A word without its ending, so that "samples", "sampled" and "sampling" are the same."""
    for ending in _ENDINGS:
        if (
            word.endswith(ending)
            and not (ending == "s" and word.endswith("ss"))
            and len(word) - len(ending) >= _SHORTEST_STEM
        ):
            word = word[: -len(ending)]
            break
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]  # "blurred"
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word


_WORDS = _read_words()
