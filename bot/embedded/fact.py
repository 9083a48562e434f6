"""The one sentence that answers a short question about a source, or none: what the question demands must stand in it."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.embedded.knowledge import Attribute, asked_attributes
from bot.embedded.language import Part, Sentence, is_name, sentences, short_title
from bot.embedded.names import aliases, is_subject, name_like_words, names, opens_with, stands_in, titled
from bot.embedded.turn import Turn
from bot.embedded.view import View
from bot.embedded.wording import EMPTY, alike, demanded, share, stem, words_of
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
_ASKED_FOR = 0.2  # one that holds the noun after "which"
_SHARED = 0.4  # one that holds all of the question's own words, less for fewer

_HOW_MUCH = re.compile(
    r"\bhow (?:much|many|large|big|fast|good|accurate|long|often|far|deep|wide|high|low|late|soon|old|heavy)\b"
    r"|\bby what\b|\bnumbers?\b|\bper ?cent\b|%|\b(?:what|which) (?:improvement|gain|margin|advantage|lead|savings?)\b"
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
_HEAD = re.compile(r"\b(?:what|which) (?P<what>[a-z-]{3,})(?! of)\b", re.IGNORECASE)  # what is asked for: "which loss"
_WHICH_OTHER = re.compile(
    r"\b(?:which|what) (?:\w+ )?(?:older|earlier|previous|prior|existing|other|rival|competing|known) (?:[\w-]+ )?"
    r"(?:models?|methods?|networks?|approach(?:es)?|programs?|ones?)\b"
    r"|\b(?:compared|measured) (?:with|to|against) (?:what|which)\b"
    r"|\bwhat (?:does|did) .{1,60}(?:beat|outperform|improve on|replace|surpass)\b",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    r"\b(?:earlier|previous|prior|older|existing|former|than|compared|against|beats?|outperform\w*|surpass\w*|instead"
    r"|replac\w*)\b",
    re.IGNORECASE,
)
_RANK = re.compile(r"\b(?:1st|first|rank(?:s|ed|ing)?|leads|tops)\b", re.IGNORECASE)
_EXTENT = ("long", "wide", "high", "deep", "tall", "large", "big", "thick")
_MEASURED = re.compile(r"\b(?:measured|tested|evaluated|tried|compared|judged|validated|assessed)\b", re.IGNORECASE)
_MEASURED_ON = re.compile(
    r"\b[Oo]n\b.*[A-Z].*\b(?:reach\w*|state.of.the.art|outperform\w*|better|best|beats?|accura\w+|results?|surpass\w*|gains?|evaluat\w+"
    r"|test\w*|ranks?)\b|\b(?:[Ee]valuat|[Tt]est|[Mm]easur|[Vv]alidat)\w* on\b.*[A-Z]"
)
_PER_CENT = re.compile(r"\d\s?%|\bper ?cent\b", re.IGNORECASE)
_COLLECTIONS = frozenset(map(stem, ("dataset", "benchmark", "collection", "database", "sets")))
_IN_FULL = {  # names of measures and what they stand for
    "iou": "intersection over union",
    "mae": "mean absolute error",
    "rmse": "root mean square error",
    "epe": "end point error",
    "fid": "frechet inception distance",
    "fps": "frames per second",
}
_MEASURE = re.compile(
    r"\b(?i:psnr|ssim|miou|fid|lpips|niqe|iou|mae|rmse|epe|vmaf|delta e|f[- ]measure|f[- ]score)\b|\bm?AP\b"
)
_HOW_MANY = re.compile(r"\bhow many (?P<what>[a-z-]+(?: [a-z-]+){0,2})", re.IGNORECASE)
_HOW_MANY_TIMES = re.compile(
    r"\bby (?:what|which) factor\b|\bhow many times\b|\bhow much (?:faster|slower|smaller|larger)\b", re.IGNORECASE
)
_BETWEEN = r"(?:[\w-]+\s+){0,4}?"  # what may stand between a figure and what it counts
_OF_THEM = re.compile(r"\d of (?:them|these|those)\b")


def best_facts(turn: Turn, view: View, sources: Sequence[Source]) -> list[tuple[Source, Sentence]]:
    """The sentence of one of some sources that answers the turn best, and another of it that does so nearly as well.

    Empty when none answers it.
    """
    asked = turn.question.text
    wanted = particulars(asked, sources)
    figure, collections, size, whether, where, other, rank = (
        form.search(asked) is not None
        for form in (_HOW_MUCH, _WHICH_DATA, _SIZE, _WHETHER, _WHERE, _WHICH_OTHER, _RANK)
    )
    figures = _FIGURE_TOLD.findall(asked)
    measured_on = collections and _MEASURED.search(asked) is not None
    noun = _HEAD.search(asked)
    head = stem(noun["what"].casefold()) if noun and noun["what"].casefold() not in EMPTY else None
    found: list[tuple[float, Source, Sentence]] = []
    for source in sources:
        if foreign_names(asked, source):
            continue
        words = demanded(_without_particular(asked, wanted), source) - _title_words(asked, source)
        if collections and words <= _COLLECTIONS:
            words = frozenset()  # they are told by their names
        further = [
            name
            for name in name_like_words(asked, capitals=True)
            if not _names(name, source) and not is_subject(name, source)
        ]
        others = [one for one in further if not is_measure(one) and not _is_of_a_source(one, view.sources)]
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
                measured_on=measured_on and _MEASURED_ON.search(sentence.text) is not None,
                size=size and _SIZE_IN.search(sentence.text) is not None,
                head=head is not None and share(frozenset([head]), sentence.text) == 1.0,
                other=other and _other_names(sentence.text, source) and _OF_ANOTHER.search(sentence.text) is not None,
                rank=rank and _RANK.search(sentence.text) is not None,
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
    head: bool  # the noun after "which", which is what is asked for
    other: bool  # the name of another model that it is set against, where that is asked for
    measured_on: bool  # on what something was measured, where that is asked for
    size: bool  # a picture's size, where that is asked for
    rank: bool  # a place among others, where that is asked for
    place: bool  # a place on a map, where that is asked for
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
            + _SHOWS * (self.shows + self.collections + self.other + self.measured_on)
            + _PLACE * self.place
            + _FIGURE * (self.figure + self.size + self.counted + self.rank)
            + _SUBJECT * self.subject
            + _ASKED_FOR * self.head
            - _NAME * self.name_fit
        )


def _answers(asked: str, wanted: Sequence[Attribute], words: frozenset[str], told: _Told) -> bool:
    half = bool(words) and told.shared >= _ANSWERS
    near = told.fit >= _NEAR
    if (told.named and told.figure) or told.other:
        return True
    if wanted:
        counted = asks_how_many(asked) and told.shared >= _ANSWERS  # what is counted stands in it
        shows = told.shows and (told.shared >= _PARTLY or not words or (told.figure and told.in_other_words))
        mostly = told.figure and bool(words) and told.shared >= _MOSTLY
        listed = told.collections and (half or near or not words)
        times = near and _HOW_MANY_TIMES.search(asked) is not None
        beside = told.counted and (not words or times or told.shared >= _PARTLY)
        return counted or beside or shows or mostly or (half and told.in_other_words) or listed
    enough = _MOSTLY if _HOW_MUCH.search(asked) and not told.figure else _ANSWERS
    partly = told.shared >= _PARTLY and near and enough == _ANSWERS
    listed = told.collections and (told.measured_on or told.shared >= _PARTLY)
    return told.shared >= enough or partly or told.in_other_words or (told.size and near) or listed or told.place


def _title_words(question: str, source: Source) -> frozenset[str]:
    """The stems of a title that a question tells in part, in place of a name: they ask for nothing."""
    if names(question, [source]) or not titled(question, [source]):
        return frozenset()
    return frozenset(stem(word) for word in words_of(source.title))


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
    return [name for name in lacking if not _in_other_form(name, source.text)]


def is_measure(name: str) -> bool:
    """Whether a name is that of a measure, such as IoU."""
    return _MEASURE.fullmatch(name) is not None


def without_measures(question: str) -> str:
    """A question without the names of measures, which are also those of the sources that proposed them."""
    return _MEASURE.sub(" ", question)


def _in_other_form(measure: str, text: str) -> bool:
    """Whether a text holds what a measure's name stands for, or the unit by which it is known."""
    in_full = _IN_FULL.get(measure.casefold())
    return (in_full is not None and stands_in(in_full, text)) or (measure.casefold() == "psnr" and " dB" in text)


def asks_how_many(question: str) -> bool:
    """Whether a question asks for a number."""
    return _HOW_MANY.search(question) is not None


def asks_how_much(question: str) -> bool:
    """Whether a question asks for a particular or a figure."""
    return bool(asked_attributes(question)) or _HOW_MUCH.search(question) is not None


def asks_for_figure(question: str) -> bool:
    """Whether a question asks for a number, an amount or a measured value."""
    return asks_how_many(question) or _HOW_MUCH.search(question) is not None or _MEASURE.search(question) is not None


def tells_how_many(question: str, texts: Sequence[str]) -> bool:
    """Whether one of some texts can hold the number of things that a question asks for; any can if it asks for none."""
    return _HOW_MANY.search(question) is None or any(_of_the_kind(question, text) for text in texts)


def _of_the_kind(question: str, sentence: str) -> bool:
    """Whether a sentence can hold the number that a question asks for: of its measure, of what is counted."""
    measures = {word.casefold() for word in _MEASURE.findall(question)}
    told = {word.casefold() for word in _MEASURE.findall(sentence)}
    if measures and not (measures & told or any(_in_other_form(measure, sentence) for measure in measures)):
        return False
    counted = _HOW_MANY.search(question)
    if _HOW_MANY_TIMES.search(question):
        return _FIGURE_IN.search(sentence) is not None
    if counted is None:
        return not measures or _FIGURE_IN.search(sentence) is not None
    if re.match(r"per ?cent\b", counted["what"], re.IGNORECASE):
        return _PER_CENT.search(sentence) is not None
    nouns = list(itertools.takewhile(lambda word: word not in EMPTY, counted["what"].casefold().split()))
    while len(nouns) > 1 and nouns[-1] in _EXTENT:  # "how many frames long"
        nouns.pop()
    return _counts(nouns[-1], sentence) if nouns else _FIGURE_IN.search(sentence) is not None


def _counts(noun: str, sentence: str) -> bool:
    """Whether a sentence says how many there are of something."""
    text = sentence.casefold()
    stems = sorted(alike(stem(noun)))
    figure = rf"(?:\d[\d,.]*\s*(?:k|m|million|billion|thousand)?|\b(?:one|{_FIGURE_WORDS}))(?!-bit)"
    noun = "|".join(map(re.escape, stems))
    before_it = rf"{figure}\W*{_BETWEEN}(?:{noun}|of (?:them|these|those)\b)"  # "three wide stages", "950 of them"
    after_it = rf"\bnumber of {_BETWEEN}(?:{noun})\w*\s+{_BETWEEN}{figure}"  # "the number of steps falls from 50 to 2"
    return any(re.search(form, text) for form in (before_it, after_it))
