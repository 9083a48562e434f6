"""Read a text as the tokens that the check compares: numbers, names, and words by their stems."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_HIDDEN = frozenset({"Cf", "Cc", "Co", "Cs", "Mn", "Me"})  # categories of characters that nobody sees
_TOKEN = re.compile(
    r"(?P<number>(?:(?<![^\W_])(?<![\d.,)])[-−–])?\d+(?:[.,]\d+)*(?![^\W\d_]))"
    r"|(?P<word>[^\W_]+(?:['’][^\W_]+)*)|(?P<sign>[%,;:()±≈<>=+–—-])"
)
_UNIT = re.compile(r"(?<=\d)(?=(?:db|ms|s|fps|gb|mb|kb|px|k|m|b|x|hz|mp)\b)", re.IGNORECASE)
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NUMBER_WORDS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20",
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "hundreds": "100", "thousand": "1000", "thousands": "1000", "million": "1000000",
    "millions": "1000000", "billion": "1000000000", "billions": "1000000000", "dozen": "12", "dozens": "12",
    "twice": "2", "double": "2", "doubles": "2", "doubled": "2", "doubling": "2", "thrice": "3", "triple": "3",
    "triples": "3", "quadruple": "4", "half": "0.5", "halves": "0.5", "halved": "0.5", "quarter": "0.25",
}  # fmt: skip
_SUFFIXES = (("ies", "y"), ("ied", "y"), ("ations", ""), ("ation", ""), ("ings", ""), ("ing", ""), ("edly", ""),
             ("ed", ""), ("ly", ""), ("es", ""), ("s", ""), ("e", ""))  # fmt: skip
_SHORTEST_STEM = 3


@dataclass(frozen=True)
class Token:
    """A word, number or sign of a text; equal `key`s are read as the same."""

    key: str
    number: bool = False
    name: bool = False  # of a model or data set, by its capitals and digits
    content: bool = False  # carries a claim
    droppable: bool = False
    turning: bool = False
    linking: bool = False
    joining: bool = False

    @property
    def anchor(self) -> bool:
        """Whether it is a number or a name, which are never moved or passed over."""
        return self.number or self.name


def visible(text: str) -> str:
    """A text as it is seen: compatible characters made plain, and what nobody sees taken out."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if c in "\n\t" or unicodedata.category(c) not in _HIDDEN)


@cache
def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in order."""
    spread = _UNIT.sub(" ", visible(text).replace("×", "x").replace("’", "'"))
    spread = re.sub(r"\bcannot\b", "can not", re.sub(r"n't\b", " not", spread), flags=re.IGNORECASE)
    spread = re.sub(r"\bca not\b", "can not", spread, flags=re.IGNORECASE)
    return tuple(_token(found) for found in _TOKEN.finditer(spread))


def _token(found: re.Match[str]) -> Token:
    text = found.group()
    if found["number"] or text.casefold() in _NUMBER_WORDS:
        return Token(_NUMBER_WORDS.get(text.casefold()) or _value(text), number=True, content=True)
    word = text.casefold().removesuffix("'s")
    lists = _lists()
    if found["sign"]:
        key = lists.same.get(word, word)
        return Token(key, content=word not in ",;:()–—-", joining=word in lists.joining)
    key = stem(word)
    name = name_like(text.removesuffix("'s"))
    content = name or (word not in lists.neutral and key not in lists.neutral)
    return Token(
        key=word if name else lists.same.get(key, key),
        name=name,
        content=content,
        droppable=content and not name and (word in lists.droppable or key in lists.droppable),
        turning=word in lists.turning,
        linking=word in lists.linking,
        joining=word in lists.joining,
    )


def _value(text: str) -> str:
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else "-" if c in "−–" else c for c in text)
    plain = plain.replace(",", "") if _THOUSANDS.fullmatch(plain) else plain.replace(",", ".")
    whole, dot, part = plain.partition(".")
    part = part.rstrip("0")
    return f"{whole}{dot if part else ''}{part}"


def stem(word: str) -> str:
    """The part of a word that its forms share."""
    for suffix, instead in _SUFFIXES:
        rest = word.removesuffix(suffix)
        if rest != word and len(rest) >= _SHORTEST_STEM:
            rest += instead
            return rest[:-1] if len(rest) > _SHORTEST_STEM and rest[-1] == rest[-2] and instead == "" else rest
    return word


def name_like(word: str) -> bool:
    """Whether a word can only be a name: capitals inside it, capitals alone, or letters with digits."""
    letters = [c for c in word if c.isalpha()]
    return len(word) > 1 and bool(letters) and (
        any(c.isupper() for c in word[1:]) or (len(letters) < len(word) and any(c.isdigit() for c in word))
    )  # fmt: skip


@dataclass(frozen=True)
class _Lists:
    neutral: frozenset[str]
    droppable: frozenset[str]
    turning: frozenset[str]
    linking: frozenset[str]
    joining: frozenset[str]
    same: dict[str, str]


@cache
def _lists() -> _Lists:
    data = tomllib.loads((files("bot.llm") / "words.toml").read_text(encoding="utf-8"))
    same = {stem(word): group.split()[0] for group in data["same"] for word in group.split()}
    own = {name: frozenset(data[name].split()) for name in ("turning", "linking", "joining")}
    loose = {
        name: frozenset({form for word in data[name].split() for form in (word, stem(word))}) - own["turning"]
        for name in ("neutral", "droppable")
    }
    return _Lists(**own, **loose, same=same)
