"""Which group a ratio or difference is of, and against which: as the words of a record say it, never by their order.

Registries list the groups of an analysis in any order; only its description says what was divided by what. Where that
leaves a doubt, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["direction"]

_RATIO = re.compile(r"\b(?:(?i:ratios?|hazards?|odds|risks?)|HR|OR|RR)\b")
_DIFFERENCE = re.compile(r"\bdifferences?\b", re.IGNORECASE)
_OVER = r"(?<!cross )\bover\b|\brelative to\b|\bdivided by\b"
_AGAINST = r"\b(?:vs|versus|compared (?:to|with))\b"
_BY_RATIO = re.compile(rf"/|{_OVER}|(?P<against>{_AGAINST})", re.IGNORECASE)
_BY_DIFFERENCE = re.compile(r"\bminus\b|(?<=\s)[-\u2212\u2013](?=\s)|\brelative to\b", re.IGNORECASE)
_ORDERLESS = re.compile(r"\b(?:compar\w*|between|test\w*|cross\w*)\b", re.IGNORECASE)
"""Words of a phrase that names two groups without saying which is divided by which."""

_INVERTED = re.compile(r"\binver\w*|\breciprocal\w*|\b1\s*/\s*(?:HR|OR|RR|hazard|odds|risk|ratio)", re.IGNORECASE)
"""Words of a sentence whose figure is turned round."""

_VERDICT = re.compile(
    r"favou?r|\b(?:benefi\w*|advantage\w*|better|worse\w*|superior\w*|(?:non-?)?inferior\w*|longer|shorter|lower\w*|higher|greater|less|smaller|larger|fewer|above|below"
    r"|(?:over|under|more|more than)\s+(?:1|one|unity)|exceed\w*|gain\w*|improv\w*|prolong\w*|reduc\w*|increas\w*|decreas\w*|indicat\w*)\b|\b1\s*/|[<>\u2264\u2265]",
    re.IGNORECASE,
)
"""Words of a sentence that tells for whom a figure would be good: who is better than whom, not what is divided by what."""

_LONGEST = 2_000
"""Longer texts are not read: a registry takes some hundred characters for each of them."""

_OTHER_FIGURE = re.compile(r",|\band\b|\bvalues?\b", re.IGNORECASE)
"""What stands between a ratio and "A versus B" where these are said of something else, such as the p value."""

_RELATIVE = re.compile(r"\brelative to\s+(?:the\s+)?(?P<name>[^,;.()]+)", re.IGNORECASE)
_REFERENCE = (
    re.compile(r"\breference(?: (?:group|arm|category|treatment|level))?(?:\s*[:=]\s*|\s+(?:is|was|being)\s+)(?:the\s+)?(?P<name>[^,;.()]+)", re.IGNORECASE),
    re.compile(r"\b(?P<name>[^,;.():]{1,120}?)\s+(?:is|was|being|as|served as)\s+(?:the\s+)?reference\b", re.IGNORECASE),
    _RELATIVE,
)
_JOINED = re.compile(r"(?<![^\W_])(?P<before>[^\W_]+)\s*(?P<sign>[/\u2212\u2013-])\s*(?=(?P<after>[^\W_]+))")
"""Two words with a sign between them that divides or subtracts; in a title it joins them."""

_END = re.compile(r"[,;:()\[\]=]|\b(?:and|was|were|is|are|from|using|based|with (?!or\b)|adjusted|stratified|calculated)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_FILLER = frozenset(
    "the of in for an to at by from on with all any each per only alone group groups arm arms cohort cohorts patients participants subjects treated receiving "
    "analysis ratio hazard odds risk dose doses day days week weeks month months year years mg kg ml baseline response survival".split()
)
"""Words that tell no group from another."""

_CONTROL = frozenset("control controls comparator placebo pbo soc standard observation untreated".split())
_TREATED = frozenset("treatment active experimental investigational intervention therapy study".split())


@lru_cache(maxsize=1 << 10)  # the analyses of a record mostly say the same
def direction(text: str, titles: tuple[str, str], *, ratio: bool, controls: tuple[bool, bool] = (False, False)) -> tuple[int, int] | None:
    """Which of two groups stands above and which below, as (0, 1) or (1, 0); None where the text does not say.

    ``controls`` says of each group whether it is a comparator, by its role in the study.

    >>> direction("Odds ratio: CZP/Placebo and p-value were calculated", ("Placebo (FAS)", "CZP 200 mg (FAS)"), ratio=True)
    (1, 0)
    >>> direction("Placebo and CZP were compared", ("Placebo", "CZP"), ratio=True) is None
    True
    """
    if len(text) > _LONGEST:
        return None
    names = _Names(titles, controls)
    found = set()
    for sentence in re.split(r"[.;]\s+|\n", re.sub(r"\b(vs|approx)\.", r"\1", text)):
        if _INVERTED.search(sentence):
            continue
        for above, below in _phrases(sentence, ratio, names):
            one, other = names.find(above), names.find(below)
            if one is None and other is not None and names.may_be(above, 1 - other):
                one = 1 - other
            if other is None and one is not None and names.may_be(below, 1 - one):
                other = 1 - one
            if one is not None and other is not None and one != other:
                found.add((one, other))
        if _RATIO.search(sentence) or _DIFFERENCE.search(sentence) or "reference" in sentence.lower():
            for pattern in _REFERENCE:
                for match in pattern.finditer(sentence):
                    if pattern is _RELATIVE and _VERDICT.search(sentence[: match.start()]):
                        continue
                    last = re.split(r"\b(?:with|using|and|where)\b", match["name"])[-1]
                    if (number := names.find(last)) is not None:
                        found.add((1 - number, number))
    return found.pop() if len(found) == 1 else None


def _phrases(sentence: str, ratio: bool, names: _Names) -> Iterator[tuple[str, str]]:
    """What stands before and after each word of division (or subtraction) that follows a word for the figure."""
    figure = (_RATIO if ratio else _DIFFERENCE).search(sentence)
    if figure is None:
        return
    rest = sentence[figure.end() :]
    joined = {pair.start("sign") for pair in _JOINED.finditer(rest) if _pair(pair) in names.joined}
    verdict, orderless, other = _VERDICT.search(sentence), _ORDERLESS.search(rest), _OTHER_FIGURE.search(rest)
    for by in (_BY_RATIO if ratio else _BY_DIFFERENCE).finditer(rest):
        if verdict and verdict.end() <= figure.end() + by.start() or orderless and orderless.end() <= by.start():
            return
        if by.groupdict().get("against") and other and other.end() <= by.start():
            continue
        if by.start() in joined:
            continue
        yield _END.split(rest[: by.start()])[-1], _END.split(rest[by.end() :].lstrip(), maxsplit=1)[0]


class _Names:
    """The two groups by the words that only one of them has in its title. A number or letter counts only after the
    word that it follows in the title, as in "level 2" or "arm B".
    """

    def __init__(self, titles: tuple[str, str], controls: tuple[bool, bool]) -> None:
        words = [_words(title) for title in titles]
        self.shared = words[0] & words[1]
        self.own = (words[0] - words[1], words[1] - words[0])
        self.controls = controls
        self.joined = {_pair(pair) for title in titles for pair in _JOINED.finditer(title)}
        """The words that a sign joins in a title: "A/B" is one treatment there, and no ratio elsewhere."""
        self.after = [dict(zip(all_[1:], all_, strict=False)) for all_ in ([w.casefold() for w in _WORD.findall(t)] for t in titles)]

    def _has(self, phrase: str, number: int) -> bool:
        """Whether a phrase has a word of this group alone."""
        for word in _words(phrase) & self.own[number]:
            if len(word) > 1 and not word.isdigit():
                return True
            before = self.after[number].get(word)
            if before and re.search(rf"\b{re.escape(before)}\W+{re.escape(word)}\b", phrase, re.IGNORECASE):
                return True
        return False

    def find(self, phrase: str) -> int | None:
        """The one group that the phrase names, by a word of its title, else by its role."""
        words = _words(phrase)
        named = [number for number in (0, 1) if self._has(phrase, number)]
        if len(named) == 1:
            return named[0]
        if named or self.controls[0] == self.controls[1] or words - _FILLER - _CONTROL - _TREATED:
            return None
        for kind, wanted in ((_CONTROL, True), (_TREATED, False)):
            if words & kind and not words & (_CONTROL | _TREATED) - kind:
                return self.controls.index(wanted)
        return None

    def may_be(self, phrase: str, number: int) -> bool:
        """Whether a phrase can stand for this group, the other one being named beside it: by a word for its kind, or
        by words that both titles have.
        """
        words = _words(phrase) - _FILLER
        if not words or words & self.own[1 - number]:
            return False
        kinds = _CONTROL | _TREATED if self.controls[0] == self.controls[1] else _CONTROL if self.controls[number] else _TREATED
        return words <= kinds | self.shared


def _pair(joined: re.Match[str]) -> tuple[str, str, str]:
    return joined["before"].casefold(), joined["sign"], joined["after"].casefold()


def _words(text: str) -> frozenset[str]:
    """The words of a name without case, fillers and the article; the letter of an arm is a word."""
    return frozenset(w.casefold() for w in _WORD.findall(text) if w != "a" and w.casefold() not in _FILLER)
