"""Which sources a question names, and which names it holds that no source does."""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.embedded.language import is_name, short_title
from store.glossary import asked
from store.identity import link_identity
from store.model import Source
from store.naming import LEAST_LETTERS
from store.text import summary_of

_NAME = re.compile(r"(?<![\w-])(?=[\w.+-]*[A-Z])[A-Za-z][\w+-]*(?:\.\w+)*(?![\w-])")
_EVERYDAY = frozenset(
    """
    i i'm i've i'd i'll ai ml a photo gpu cpu jpeg jpg png webp heic raw gif tiff pdf iphone ipad android samsung pixel
    canon nikon sony fujifilm gopro dslr whatsapp instagram facebook tiktok youtube netflix google apple photoshop lightroom gimp
    windows mac linux zoom vhs dvd tv hd uhd 4k 8k hdr sdr iso rgb url github arxiv cnaps english christmas cctv led lcd
    mri ct ok diy psnr ssim fps db cnn cnns gan gans dnn dnns transformer transformers u-net unet mr mrs mom dad
    system user assistant vr 3d usb cd sd nir uv xray x-ray bw hi-fi wi-fi
    """.split()  # noqa: SIM905 - read as a list of words
)
# What stands before a name that a question is about; after anything else a capital may be any person or place.
_ABOUT = re.compile(
    r"\b(?:does|do|is|are|how|about|for|compare|between|than|versus|vs|against|explain|describe|uses?|like|by|called"
    r"|(?:code|paper|repo\w*|link|github|results?|psnr|ssim|authors?|method|model|architecture) (?:of|to|from))\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_HEARD_OF = re.compile(r"\b(?:about|of|called|named|tried|read)\s+(?:the\s+)?$", re.IGNORECASE)
_EXPLAINED = re.compile(r"^,? \(?the [A-Z][a-z]+")  # "VRT, the Video Restoration Transformer"
_OWN = re.compile(r"\b(?:my|our|an?|his|her|their|old|on|via|from|taken with)\s+$", re.IGNORECASE)
_DOES = r"(?:also |then |only |first |never )?(?:can|will|\w{2,}s)"  # a verb after its subject: "learns", "is", "has"
_MOST_LETTERS = 40  # of a name that may be written with other spaces and hyphens
_TITLE_WORDS = 2  # of a title's own words, and the share of them, that name it
_TITLE_SHARE = 0.6
_COMMON_IN_TITLES = frozenset(
    """
    a an and as at by for from in into is of on the to via with without using towards toward
    image images photo photos video videos learning learned deep network networks neural model models single real
    """.split()  # noqa: SIM905 - read as a list of words
)
_LINK_TO = re.compile(r"\b(?:link|code|paper|repo\w*|github)\b", re.IGNORECASE)


def names(question: str, sources: Sequence[Source]) -> list[Source]:
    """The sources that a question names, in the order of their mention; of several with that name, the first given.

    A name that stands in no title means the source whose summary speaks of it most, best one without a name of its own.
    """
    return [source for _, _, source in placed_names(question, sources)]


def placed_names(question: str, sources: Sequence[Source]) -> list[tuple[int, int, Source]]:
    """The sources that a question names, each with where its name begins and ends in the folded question."""
    text = _fold(question)
    matches = [
        (*span, number)
        for number, source in enumerate(sources)
        for alias in aliases(source)
        if (span := _span(alias, text)) and _is_meant(alias, source, question)
    ]
    found: list[tuple[int, int, Source]] = []
    end = -1  # of the longest name read so far; a shorter one inside it names nothing more
    for place, place_end, number in sorted(matches, key=lambda match: (match[0], -match[1], match[2])):
        if place > end:
            end = place_end
            meant = _described(sources[number], text[place:end], sources)
            if all(meant != source for _, _, source in found):
                found.append((place, end, meant))
    for name in [*map(_fold, name_like_words(question)), *_names_in_small_letters(text, sources)]:
        place = text.find(name)
        if any(start <= place < stop for start, stop, _ in found):
            continue
        introduced = _introduced_by(name, sources)
        if introduced is not None and all(introduced != source for _, _, source in found):
            found.append((place, place + len(name), introduced))
    return sorted(found, key=lambda item: item[0])


def _names_in_small_letters(text: str, sources: Sequence[Source]) -> list[str]:
    """The words of a folded question that some sources write as a name, and never otherwise: "espcn" for ESPCN."""
    written = [_written(source.text) for source in sources]
    return [
        word
        for word in dict.fromkeys(text.split())
        if len(word) >= LEAST_LETTERS
        and any(word in named for named, _ in written)
        and not any(word in small for _, small in written)
        and not asked(word)
    ]


@lru_cache(maxsize=1024)
def _written(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words that a text writes as names, folded, and those that it writes in small letters."""
    named = frozenset(_fold(word) for word in name_like_words(text, capitals=True))
    return named, frozenset(re.findall(r"[a-z]\w+", text))


def _described(source: Source, name: str, sources: Sequence[Source]) -> Source:
    """What a name of a source means: it, or in place of one without a summary the one that describes it.

    A name that is a whole title of several words, such as a checkpoint's, means that source and no other.
    """
    return source if " " in name and name == _fold(source.title) else described(source, sources)


def described(source: Source, sources: Sequence[Source]) -> Source:
    """A source, or in place of one of which only links were supplied the one of some sources that is told of under them."""
    if summary_of(source.text):
        return source
    links = _links(source)
    return next((one for one in sources if summary_of(one.text) and links & _links(one)), source)


def _links(source: Source) -> set[str]:
    """The links of a source, each as what identifies its page: of any version of a paper."""
    return {link_identity(link) for link in (source.paper_url, source.github_url) if link}


def titled(question: str, sources: Sequence[Source]) -> list[Source]:
    """The sources most of whose titles' own words a question holds, in order."""
    asked_words = set(_fold(question).split())
    found = []
    for source in sources:
        words = set(_fold(source.title).split()) - _COMMON_IN_TITLES
        if len(words) >= _TITLE_WORDS and len(words & asked_words) >= max(_TITLE_WORDS, _TITLE_SHARE * len(words)):
            found.append(source)
    return found


def _is_meant(alias: str, source: Source, question: str) -> bool:
    """Whether a name is meant where it stands; one that is also an everyday word only as the title writes it."""
    if not alias.isalpha() or not asked(alias):
        return True
    written = re.search(rf"(?<!\w){re.escape(alias)}(?!\w)", source.title, re.IGNORECASE)
    if written is None or _name_like(written.group().title() if written.group().isupper() else written.group()):
        return True
    return written.group() in re.findall(r"[\w+-]+", question)


def _introduced_by(name: str, sources: Sequence[Source]) -> Source | None:
    """The source whose text speaks most of `name`: one that says what it does, or whose title is no name, before others."""
    counted = [(f" {_fold(source.text)} ".count(f" {name} "), source) for source in sources]
    held = [
        (is_subject(name, source), not is_name(source.title), count, -number)
        for number, (count, source) in enumerate(counted)
        if count
    ]
    return sources[-max(held)[3]] if held else None


def stands_in(name: str, text: str) -> bool:
    """Whether a text holds a name as whole words, whatever stands between them and however it is capitalised."""
    return _span(_fold(name), _fold(text)) is not None


def speaks_of(name: str, source: Source) -> bool:
    """Whether a source's text speaks of a name more than in passing: twice, or by saying what it does."""
    return f" {_fold(source.text)} ".count(f" {_fold(name)} ") > 1 or is_subject(name, source)


def is_subject(name: str, source: Source) -> bool:
    """Whether a source's text says what something of that name does: "FSRCNN redesigns …"."""
    return re.search(rf" {re.escape(_fold(name))} {_DOES} ", f" {_fold(source.text)} ") is not None


def mentions(text: str, source: Source) -> bool:
    """Whether a text names a source."""
    folded = _fold(text)
    return any(_span(alias, folded) for alias in aliases(source))


def opens_with(source: Source, text: str) -> bool:
    """Whether a text's first words are a name of a source: it says something of the source itself."""
    folded = _fold(text)
    return any((_span(alias, folded) or (1,))[0] == 0 for alias in aliases(source))


def goes_by(name: str, source: Source) -> bool:
    """Whether a text is one of the names of a source and nothing else."""
    folded = _fold(name)
    return any(_span(alias, folded) == (0, len(folded)) for alias in aliases(source))


def aliases(source: Source) -> list[str]:
    """How people may name a source: its title, the part before the colon, and name-like words of a model's title."""
    title = source.title
    own = {_fold(title), _fold(short_title(title)), _fold(re.split(r"\s+[-–—]\s+|:", title, maxsplit=1)[0])}
    head = title.split(",")[0]
    if len(head.split()) > 2:  # "Zoom to Learn, Learn to Zoom"
        own.add(_fold(head))
    own |= {_fold(word) for word in re.findall(r"[\w+.]+", short_title(title)) if _name_like(word)}
    repository = (source.github_url or "").rstrip("/").rpartition("/")[2]
    if _name_like(repository) or "-" in repository:
        own.add(_fold(repository))
    return [alias for alias in own if len(alias) > 2]


def name_like_words(question: str, *, capitals: bool = False) -> list[str]:
    """The words of a question that can only be names of models or data sets, in order; with those in capitals alone."""
    found = [match.group() for match in _NAME.finditer(question)]
    kept = (one for one in found if _name_like(one) or (capitals and one.isupper() and len(one) > 2))
    return list(dict.fromkeys(one for one in kept if not _is_everyday(one)))


def unknown_names(questions: Sequence[str], sources: Sequence[Source]) -> list[str]:
    """Names that questions are about and that no found source holds, in the order of their mention."""
    held = _fold(" ".join(source.text for source in sources))
    unknown = []
    for question in questions:
        found = [
            match
            for match in _NAME.finditer(question)
            if not _is_everyday(match.group()) and not _span(_fold(match.group()), held) and _is_about(match, question)
        ]
        known = placed_names(question, sources) if found else []
        for match in found:
            place = len(_fold(f"{question[: match.start()]}|{match.group()}")) - len(_fold(match.group()))
            if not any(start <= place < end for start, end, _ in known):  # "De" of "De Rainer"
                unknown.append(match.group())
    return unknown


def unknown_names_told(situation: str, sources: Sequence[Source]) -> list[str]:
    """Names that somebody has heard of and that no found source holds, in what is told before a question about them."""
    heard = [name for name in name_like_words(situation) if _HEARD_OF.search(situation.partition(name)[0])]
    return [name for name in unknown_names([situation], sources) if name in heard]


def _is_about(match: re.Match[str], question: str) -> bool:
    """Whether a question is about a name in it, and not about somebody's person, place or thing of that name."""
    name, before, after = match.group(), question[: match.start()], question[match.end() :]
    if _name_like(name) and not name.isupper():
        return _OWN.search(before) is None or _LINK_TO.search(before) is not None
    if question.isupper():  # somebody shouts: capitals tell nothing
        return False
    explained = len(name) > 2 and name.isupper() and _EXPLAINED.match(after) is not None
    return explained or (_ABOUT.search(before) is not None and before.strip() != "")


def _is_everyday(word: str) -> bool:
    """Whether a word with capitals is no name of a model or data set; JPEGs are as everyday as a JPEG."""
    folded = word.casefold()
    return folded in _EVERYDAY or folded.removesuffix("s") in _EVERYDAY


def _name_like(word: str) -> bool:
    """Whether a word can only be the name of a model or data set: capitals or digits inside it."""
    return len(word) > 2 and (
        any(letter.isupper() for letter in word[1:]) or (word[0].isupper() and any(letter.isdigit() for letter in word))
    )


def _fold(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())


def without(name: str, text: str) -> str:
    """A text in small letters without a folded name, however it is spaced and hyphenated, and its "'s"."""
    return re.sub(rf"(?<!\w){_loosely(name)}(?:'s)?(?!\w)", " ", text)


def _span(phrase: str, text: str) -> tuple[int, int] | None:
    """Where `phrase` stands in `text` as whole words, both folded; "u2net" also stands where U^2-Net does."""
    place = f" {text} ".find(f" {phrase} ")
    if place >= 0:
        return place, place + len(phrase)
    match = re.search(rf"(?<!\S){_loosely(phrase)}(?!\S)", text)
    return match.span() if match else None


@lru_cache(maxsize=4096)
def _loosely(name: str) -> str:
    """A pattern for a folded name, with other spaces and hyphens where it is long enough to be told by its letters."""
    letters = name.replace(" ", "")
    if LEAST_LETTERS <= len(letters) <= _MOST_LETTERS:
        return r"\W*".join(map(re.escape, letters))
    return r"\W+".join(map(re.escape, name.split()))
