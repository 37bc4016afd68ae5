"""Topic filters and topic names of MQTT (5.0, section 4.7)."""

import re

__all__ = ["fault_of", "fill", "filter_pattern", "places_of"]

_PLACE = re.compile(r"\{(\w*)\}")


def fault_of(text: str) -> str:
    """What is wrong with a topic filter; empty when nothing is."""
    if not text or len(text.encode()) > 65_535 or "\0" in text:
        return "is empty, far too long or holds a null character"
    levels = text.split("/")
    if any("#" in level and level != "#" for level in levels) or "#" in levels[:-1]:
        return "has # elsewhere than alone at its end"
    if any("+" in level and level != "+" for level in levels):
        return "has + beside other characters of a level"
    if text.startswith("$share/"):
        return "is a shared subscription, which gives every second message to somebody else"
    return ""


def filter_pattern(text: str) -> re.Pattern[str]:
    """Matches the topics of a filter; a group for what each + and # stands for."""
    levels = text.split("/")
    open_end = levels[-1] == "#"
    parts = ["([^/]*)" if level == "+" else re.escape(level) for level in (levels[:-1] if open_end else levels)]
    pattern = "/".join(parts)
    if open_end:
        pattern += "(?:/(.*))?" if parts else "(.*)"
    if levels[0] in ("+", "#"):
        pattern = r"(?!\$)" + pattern
    return re.compile(pattern, re.DOTALL)


def places_of(template: str) -> set[str]:
    """What stands in braces in a template."""
    return set(_PLACE.findall(template))


def fill(template: str, topic: str, match: re.Match[str], **more: str) -> str:
    """A template with its places filled: {topic}, {1} {2} .. for the groups of a match, and others by name."""
    words = {"topic": topic, **{str(i): group or "" for i, group in enumerate(match.groups(), 1)}, **more}
    return _PLACE.sub(lambda place: words[place[1]], template)
