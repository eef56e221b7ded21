"""What mails call the categories that can be unsubscribed from, in each language."""

from typing import Final

from notifications.kinds import DIGEST
from notifications.rendering import LANGUAGE_DEFAULT

__all__ = ["category_in_words"]

CATEGORIES: Final = {
    "en": {
        "messages": "messages",
        "calls": "missed calls",
        "news": "news of the service",
        "offers": "offers",
        DIGEST: "messages, missed calls, news and offers",
    },
    "hi": {
        "messages": "संदेशों",
        "calls": "मिस्ड कॉल",
        "news": "सेवा की ख़बरों",
        "offers": "ऑफ़र",
        DIGEST: "संदेशों, मिस्ड कॉल, ख़बरों और ऑफ़र",
    },
}


def category_in_words(category: str, language: str) -> str:
    """As the sentences of the page need it; of what there is no more, its name."""
    return CATEGORIES.get(language, CATEGORIES[LANGUAGE_DEFAULT]).get(category, category)
