"""What somebody's device is, as far as its User-Agent says."""

__all__ = ["platform_of"]

SIGNS = (
    ("android", "android"),
    *((sign, "ios") for sign in ("iphone", "ipad", "darwin", "ios")),
    ("mozilla", "web"),
)


def platform_of(user_agent: str) -> str:
    """android, ios, web, or empty where it does not say."""
    lowered = user_agent.lower()
    return next((platform for sign, platform in SIGNS if sign in lowered), "")
