"""The default classifier: words, phrases and the shapes of addresses. Costs microseconds.

It catches who does not try hard to hide: spelt-out numbers, "at" and "dot", letters set apart,
digits and stars for letters, look-alike characters.
"""

import re
import unicodedata
from collections import Counter
from string import ascii_lowercase

from pairly.moderation.classifier.verdicts import Signals
from pairly.moderation.classifier.words import (
    MAIL_HOSTS,
    NUMBER_WORDS,
    PHRASES,
    WORDS,
)

__all__ = ["Heuristics"]

# A sender chooses the text, so no pattern looks at a run of characters from each of its places.
words_of_ascii = re.compile(r"[a-z0-9]+").findall
# Devanagari's vowel signs are no letters to ``re``.
words_of_any = re.compile(r"(?:[^\W_]|[\u0900-\u0963])+").findall
WORDS_OF_INTEREST = frozenset(WORDS).union(*(phrase.triggers for phrase in PHRASES))

SINGLE_LETTERS = frozenset(ascii_lowercase)
LETTERS_APART = re.compile(r"(?<!\w)(?:[a-z][ .\-_*]){2,}[a-z](?!\w)")
MARKS = "@$!*"
has_marks = re.compile(r"[0-9@$!*]").search
has_dot_inside = re.compile(r"\.\w").search
MAY_BE_MASKED = re.compile(r"\b[a-z][\w*@$!]*")
LONG_DRAWN = re.compile(r"([a-z])\1{2,}")
# Accents, variation selectors, joiners, marks of direction, fillers, tags.
UNSEEN = re.compile(
    r"[\xad\u0300-\u036f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u20d0-\u20ff\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
NO_LETTER = re.compile(r"[^a-z]")
DIGITS_FOR_LETTERS = str.maketrans("013457@$!", "oieastasi")
# Cyrillic and Greek letters that look like Latin ones, small or capital, small capitals, the digits
# of Devanagari, and a blank that is no space.
LOOK_ALIKES: dict[int, int | str] = {
    **str.maketrans("асеорхуіѕԁɡкмтнвјһӏԛԝ", "aceopxyisdgkmthbjhlqw"),
    **str.maketrans("νοαειτκβυρχı", "voaeitkbupxi"),
    **str.maketrans("ᴀʙᴄᴅᴇꜰғɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdeffghijklmnoprstuvwyz"),
    **str.maketrans("०१२३४५६७८९\u2800", "0123456789 "),
    **{
        start + place: letter
        for start in (0x1F150, 0x1F170)
        for place, letter in enumerate(ascii_lowercase)
    },
}

# Each is linear in the text: people would send what is not. So a run is asked for no more of its
# characters than tell it, and never for all of them with something behind.
EMAIL = re.compile(r"\w ?[(\[{]? ?@ ?[)\]}]? ?[\w-]{2,} ?(?:\.|[(\[{]?dot[)\]}]?) ?[a-z]{2}")
UPI = re.compile(r"[\w.-]{2}@(?:ok(?:axis|sbi|icici|hdfcbank)|ybl|ibl|axl|apl|paytm|upi)\b")
SPELT_EMAIL = re.compile(
    rf"\w at (?:the rate )?(?:{'|'.join(sorted(MAIL_HOSTS))})\b|\w ?[(\[{{] ?at ?[)\]}}] ?\w{{2,}}"
)
PHONE = re.compile(
    r"(?<![\d.,])(?!\d{1,3}\.\d+(?![\d.]))\+?(?:\d[ ().\-_]{0,3}){9,14}\d(?![\d.,]*\d)"
)
INVITE = re.compile(
    r"\b(?:wa\.me|t\.me|bit\.ly|tinyurl\.com|cutt\.ly|discord\.gg|linktr\.ee|onlyfans\.com)\b"
)
LINK = re.compile(
    r"""\bhttps?://|\bwww\.\w
    |[a-z0-9-]{2}\.(?:com|net|org|info|xyz|site|online|club|top|link|live|shop|icu|vip)\b
    |[a-z0-9-]{2}\.(?:in|io|me|co|ru|ly|gg|app)/\w
    |\w{3}\ ?[(\[]?\ ?\bdot\b\ ?[)\]]?\ ?com\b""",
    re.VERBOSE,
)
SPELT_DIGITS_MIN = 7
SPELT_WORDS_MIN = 3


class Heuristics:
    """Sibling of ``service.Service``."""

    waits = False

    def examine(self, text: str) -> Signals:
        """What is found in the text; it never fails and asks nobody."""
        if text.isascii():
            plain = " ".join(text.lower().split())
            words = words_of_ascii(plain)
        else:
            plain = " ".join(_plain(text).split())
            words = words_of_any(plain)
        distinct = set(words)
        found: list[str] = []
        if not WORDS_OF_INTEREST.isdisjoint(distinct):
            found += [WORDS[word] for word in words if word in WORDS]
            found += [
                phrase.signal
                for phrase in PHRASES
                if not phrase.triggers.isdisjoint(distinct) and phrase.find(plain)
            ]
        marked = has_marks(plain) is not None
        found += _disguised(plain, distinct, marked)
        found += _addresses(plain, words, distinct, marked)
        return tuple(Counter(found).items()) if found else ()


def _plain(text: str) -> str:
    """Lower case; other characters as the Latin ones they stand for, without accents and what is
    invisible."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return UNSEEN.sub("", apart).translate(LOOK_ALIKES).lower()


def _disguised(plain: str, distinct: set[str], marked: bool) -> list[str]:
    """Words set in single letters, with other characters for letters, or drawn out."""
    candidates: list[str] = []
    if not SINGLE_LETTERS.isdisjoint(distinct):
        candidates += [NO_LETTER.sub("", one) for one in LETTERS_APART.findall(plain)]
    if marked:
        for one in MAY_BE_MASKED.findall(plain):
            word = one.rstrip(MARKS)
            if has_marks(word[:-1]):
                masked = word.translate(DIGITS_FOR_LETTERS)
                candidates += [masked.replace("*", vowel) for vowel in "aeiou"]
    if LONG_DRAWN.search(plain):
        candidates += [LONG_DRAWN.sub(r"\1", word) for word in distinct]
    if not candidates:
        return candidates
    return [WORDS[word] for word in set(candidates) - distinct if word in WORDS]


def _addresses(plain: str, words: list[str], distinct: set[str], marked: bool) -> list[str]:
    """Ways to reach or pay somebody elsewhere."""
    found: list[str] = []
    if "@" in plain:
        if UPI.search(plain):
            found.append("money")
        elif EMAIL.search(plain):
            found.append("email")
    elif "at" in distinct and SPELT_EMAIL.search(plain):
        found.append("email")
    if (marked and PHONE.search(plain)) or _spells_number(words, distinct):
        found.append("phone")
    if (has_dot_inside(plain) or "://" in plain or "dot" in distinct) and "email" not in found:
        if INVITE.search(plain):
            found.append("invite_link")
        elif LINK.search(plain):
            found.append("link")
    return found


def _spells_number(words: list[str], distinct: set[str]) -> bool:
    """A row of digits of which some are spelt out."""
    if len(NUMBER_WORDS & distinct) < SPELT_WORDS_MIN:
        return False
    run = 0
    for word in words:
        run = run + 1 if word in NUMBER_WORDS or word.isdigit() else 0
        if run >= SPELT_DIGITS_MIN:
            return True
    return False
