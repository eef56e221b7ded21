"""The words and phrases of each signal, in English and in Hindi as people type it.

``WORDS`` are looked up whole. A phrase is sought only in texts that hold one of its triggers,
so that an ordinary message costs a few set operations. Texts come in lower case and, apart from
Devanagari, in plain Latin letters.
"""

import re
from typing import Final

__all__ = ["MAIL_HOSTS", "NUMBER_WORDS", "PHRASES", "WORDS", "Phrase"]


def _by_word(signals: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in signals.items() for word in words.split()}


WORDS: Final[dict[str, str]] = _by_word(
    {
        "sexual": """
            sex sexy sexting horny boobs boob tits titties pussy penis vagina blowjob handjob
            masturbate masturbating orgasm threesome doggystyle deepthroat creampie hentai porn
            porno xxx fuck fucking fucked anal dildo cumshot milf
            chudai chodna chodunga chod lund lauda chut gaand sambhog चुदाई लंड चूत
        """,
        "insult": """
            bitch bitches slut sluts whore whores cunt bastard skank retard
            randi rand kutiya kutti harami haramzada kamina chutiya madarchod behenchod bhosdike
            रंडी कुतिया चूतिया मादरचोद
        """,
        "hate": """
            nigger niggers faggot faggots kike kikes paki pakis tranny trannies wetback chink
            chinks gook katua katuwa kanglu chamar bhangi
        """,
        "child_abuse": "pthc",
        "self_harm": "kys",
    }
)

NUMBER_WORDS: Final = frozenset(
    """
    zero oh one two three four five six seven eight nine double triple
    shunya ek do teen char chaar paanch panch chhe che chah saat sat aath nau
    """.split()
)
MAIL_HOSTS: Final = frozenset(
    "gmail googlemail yahoo hotmail outlook icloud protonmail proton rediff rediffmail".split()
)


class Phrase:
    """``triggers`` are words of which the text holds one wherever the pattern fits."""

    __slots__ = ("find", "signal", "triggers")

    def __init__(self, signal: str, triggers: str, pattern: str) -> None:
        self.signal = signal
        self.triggers = frozenset(triggers.split())
        self.find = re.compile(pattern, re.VERBOSE).search


WILL = r"(?:i(?:'?ll|\ will|'?m\ (?:going\ to|gonna)|\ am\ going\ to|\ gonna|'?d\ love\ to)|gonna)"
I_AM = r"(?:i\ ?'?a?m|main|mai|mein)"
# A number that is no age: of minutes, metres, a floor, a day.
NO_AGE = r"""(?!\s*(?:%|[:.,/]\d|km|mins?|minutes?|hours?|hrs?|days?|weeks?|months?|cms?|kgs?|th\b
    |st\b|pm\b|am\b|floors?|ta+r[ie]+kh|baje|feet|ft
    |years?\ (?:older|younger|into|in|at|here|sober|with|late)))"""
PLATFORM = r"""(?:insta(?:gram)?|ig|snap(?:chat)?|telegram|tele|tg|whats\ ?app|wapp|discord|kik
    |skype|viber|wechat|facebook|fb)"""
PLATFORMS = """
    insta instagram ig snap snapchat telegram tele tg whatsapp whats wapp discord kik skype viber
    wechat facebook fb
"""
NUDITY = r"(?:nudes?|naked|nangi|nanga|boobs?|tits|pussy|dick\ ?pics?|private\ (?:pics?|photos?))"

PHRASES: Final = (
    Phrase(
        "child_abuse",
        "child children kid kids kiddie toddler preteen underage loli minor minors cp pedo",
        r"""\b(?:child(?:ren)?|kids?|kiddie|toddlers?|preteens?|underage|loli|minors?)\ ?
            (?:porn\w*|sex|nudes?|xxx)\b
            |\bcp\ (?:links?|videos?|vids?|pics|content|collection|folder|trade)\b
            |\bpedo\ (?:content|videos?|group|links?)\b""",
    ),
    Phrase(
        "minor_self",
        "10 11 12 13 14 15 16 17",
        rf"\b{I_AM}\ (?:only\ |just\ |still\ |actually\ )?1[0-7]\b{NO_AGE}",
    ),
    Phrase(
        "minor_self",
        "underage minor class grade",
        rf"""\b{I_AM}\ (?:still\ )?(?:underage|a\ minor)\b
            |\b{I_AM}\ (?:(?:still|studying|a|student|of|in)\ )*
             (?:class|grade)\ (?:[1-9]|1[01])(?:th)?\b(?!\ teacher)""",
    ),
    Phrase(
        "minor_mention",
        "year years yo yr yrs saal sal old",
        r"""\b1[0-7]\ ?(?:y/?o\b|yrs?\ old|years?\ old|sa+l\ k[iae]\b)
            (?!\ (?:car|dog|cat|whisk|house|scotch))""",
    ),
    Phrase("minor_mention", "underage", r"\bunderage\b"),
    Phrase(
        "rape_threat",
        "rape balatkar",
        r"\brape\ (?:you|u|ya|your|ur|her)\b|\bbalatkar\ kar",
    ),
    Phrase(
        "threat",
        "kill murder stab shoot strangle beat hurt burn",
        rf"""\b{WILL}\ (?:(?!never|not|rather)\w+\ ){{0,4}}
            (?:kill|murder|stab|shoot|strangle|beat|hurt|burn)\ (?:you|u|ya|your\ family)\b
            (?!\ (?:at|in|with\ (?:kindness|love|kisses|a\ hug)|a\ message|to\ it))""",
    ),
    Phrase(
        "threat",
        "maar jaan khatam goli मार जान",
        r"""\b(?:tujhe|tumhe|tumko|tujhko)\ (?:\w+\ )?(?:maar\ (?:d|dal)|khatam|goli)
            |\bjaan\ se\ maar|जान\ से\ मार|मार\ (?:डाल|दूं)""",
    ),
    Phrase(
        "self_harm",
        "kill hang die mar",
        r"""\b(?:kill|hang)\ (?:yourself|urself|your\ self)\b
            |\bja+\ ?(?:ke)?\ mar\ ja[oa]?\b|\bgo\ and\ die\b""",
    ),
    Phrase(
        "nudes",
        "nude nudes naked nangi nanga boobs boob tits pussy dick dickpic dickpics private",
        rf"""\b(?:send|share|show|give|want|see|trade|bhej\w*|dikha\w*)\b[^.!?\n]{{0,25}}\b{NUDITY}\b
            |\b{NUDITY}\b[^.!?\n]{{0,15}}\b(?:bhej\w*|dikha\w*)\b""",
    ),
    Phrase(
        "solicitation",
        "escort escorts callgirl girls service ending rate rates shot sex night",
        r"""\b(?:escorts?(?:\ service)?|call\ ?girls?|happy\ ending|paid\ sex|sex\ for\ money)\b
            |\bfull\ service\b[^.!?\n]{0,30}\b(?:night|hour|rs|inr|\d{3,5})
            |\b(?:rates?|charges?)\ (?:per|for)\ (?:an?\ |one\ )?(?:hour|night|shot)\b
            |\b\d{3,5}\ ?(?:per|for\ (?:a|one|full))\ (?:shot|night)\b""",
    ),
    Phrase(
        "money",
        """money cash paisa paise rupees dollars upi paytm gpay phonepe gift giftcard bitcoin btc
        usdt crypto forex western moneygram""",
        r"""\b(?:send|transfer|pay|lend|give|need|bhej\w*)\b[^.!?\n]{0,30}\b(?:money|cash|paisa|paise|
            rupees|dollars|upi|paytm|gpay|phonepe|gift\ ?cards?|bitcoin|btc|usdt|crypto)\b
            |\b(?:paisa|paise|money)\b[^.!?\n]{0,15}\bbhej
            |\b(?:invest\w*|trading|profits?|returns?|doubled?)\b[^.!?\n]{0,40}
             \b(?:bitcoin|btc|crypto|usdt|forex)\b
            |\bwestern\ union\b|\bmoneygram\b""",
    ),
    Phrase(
        "handle",
        PLATFORMS,
        rf"""\b(?:my|mera|meri|mere)\ {PLATFORM}\ ?
             (?:id|handle|number|no|username|is|h(?:ai|e)|[:@=-])
            |\b(?:add|text|msg|message|ping|find|follow|call|dm|hit)\ (?:me|up|me\ up)\b
             [^.!?\n]{{0,15}}\b{PLATFORM}\b
            |\b{PLATFORM}\ ?(?:id|handle|username)?\ ?[:@=-]+\ ?@?[a-z0-9._]{{4,}}
            |\b{PLATFORM}\ (?:pe|par|pr)\ (?:aa?o|aaja|msg|message|add)""",
    ),
)
