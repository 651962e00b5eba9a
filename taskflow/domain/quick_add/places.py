"""Whether a stretch that is written like a day stands where it says when the task is to be done."""

import re
from typing import Final

from taskflow.domain.quick_add.days import Day, Trust
from taskflow.domain.quick_add.line import Line
from taskflow.domain.quick_add.vocabulary import (
    COUNTED,
    END,
    FOLLOW,
    MONTH,
    NOT_AFTER,
    NOT_AFTER_SHORT,
    NOT_BEFORE_TOM,
    OBJECT_VERBS,
    STATES,
    TOMORROW,
    VERBS,
    WEEKDAY,
    words,
)

#: Prepositions after which a day is a deadline wherever it stands.
_DEADLINE: Final = frozenset({"by", "due", "before", "until", "till"})
_ANOTHER_DAY = re.compile(
    rf"\s*(?:,?\s*(?:and|or|vs)\s|[&/–—-]|\s(?:to|through|thru)\s)\s*(?:the\s+|next\s+)?(?:{WEEKDAY}|{MONTH}|{TOMORROW}|today){END}"
)
#: Whether something is so on that day: "find out if the pool is open sunday".
_ASKS: Final = re.compile(r"(?<!\w)(?:if|whether|what|which|who|how|is|are)(?!\w)")
#: A name with a capital, and somebody who made what is called so: "Monday by Wilco".
_BY_SOMEBODY: Final = re.compile(r"\s+by\s+(?P<who>[A-Z]\w+)")
#: Whoever thanks for Friday does not do it then; nor does "cook for sunday" say what to cook.
_FOR_WHAT: Final = re.compile(r"(?<!\w)(?:apologi[sz]e|thanks?|sorry|forgive|blame|excuse)(?!\w)")
#: Of "tuesday after next" nobody can say which one it is.
_AFTER_NEXT: Final = re.compile(r"\s+after\s+next(?!\w)")
_FIRST_THING: Final = re.compile(r"\s+first\s+thing(?!\w)")
#: Short names of days before these are no other words: "wed after work".
_CLEAR_SHORT: Final = words("wed weds mon")
_THEN: Final = words("after before with about")
_PLANNING: Final = frozenset({"plan", "planning", "organise", "organize"})
#: What takes so long, rather than begins then: `learn Spanish in 30 days`.
_TAKES: Final = re.compile(r"(?<!\w)(?:learn|learning|master|mastering|lose|gain)(?!\w)")
_ENJOYS: Final = re.compile(r"\s*(?:(?:re)?watch|(?:re)?read|listen|hear|play|stream|sing|borrow)(?!\w)")
_RATIOS: Final = frozenset({"24/7", "16/9", "16/10", "21/9", "20/20", "50/50"})


def place_of(line: Line, day: Day) -> int | None:
    """Where the words of the date begin, its preposition included; None if the stretch is no date here."""
    preposition, start = line.preposition(day.start)
    before = "" if preposition else line.previous_word(day.start)
    if before in NOT_AFTER or _ANOTHER_DAY.match(line.low, day.end) or _is_doubled(line, day):
        return None
    if not preposition and line.low.startswith("to", day.start) and _is_work(line, day):
        return None
    if preposition == "at" and not line.low.startswith(("the", "end"), day.start):
        return None
    if preposition == "for" and (not line.is_tail(day.end) or _is_object(line, start)):
        return None
    if _AFTER_NEXT.match(line.low, day.end) or (not preposition and _is_the_object(line, day)):
        return None
    if (
        line.previous_word(start) in STATES | {"free", "available", "busy", "possible"}
        and preposition not in _DEADLINE
        and _ASKS.search(line.low[:start])
    ):
        return None
    if is_by_somebody(line, day.start, day.end):
        return None
    accepted = _RULES[day.trust](line, day, preposition, start)
    return start if accepted else None


def _stands_alone(line: Line, day: Day, preposition: str) -> bool:
    """Whether what follows shows that the date belongs to nothing after it."""
    end = day.reach or day.end
    return (
        line.is_tail(end)
        or preposition in _DEADLINE
        or line.touches(day.start, day.end)
        or line.next_word(end) in FOLLOW | {""}
        or _FIRST_THING.match(line.low, end) is not None
    )


def _always(line: Line, day: Day, preposition: str, start: int) -> bool:
    return True


def _clear(line: Line, day: Day, preposition: str, start: int) -> bool:
    if _stands_alone(line, day, preposition):
        return not _is_planned(line, day, start)
    if line.is_capital(day.start) and line.next_is_capital(day.end):
        return line.next_word(day.end) in VERBS and line.is_head(start)
    if any(character.isdigit() for character in line.low[day.start : day.end]):
        # "4th of July history"
        return line.is_head(start) or preposition == "on"
    return True


def _phrase(line: Line, day: Day, preposition: str, start: int) -> bool:
    if line.is_head(start):
        return not (line.is_capital(day.start) and line.next_is_capital(day.end)) or _stands_alone(
            line, day, preposition
        )
    if line.low.startswith("in ", day.start) and (_TAKES.search(line.low[: day.start]) or _is_title(line, day)):
        return False
    return _stands_alone(line, day, preposition) and not _is_planned(line, day, start)


def _named(line: Line, day: Day, preposition: str, start: int) -> bool:
    if _stands_alone(line, day, preposition):
        return True
    return line.is_head(start) and (preposition == "on" or day.reach is not None or line.next_word(day.end) in VERBS)


def _word(line: Line, day: Day, preposition: str, start: int) -> bool:
    if not preposition and line.previous_word(day.start) in NOT_AFTER_SHORT:
        return False
    if preposition == "for":
        return False
    if line.is_tail(day.end) or line.touches(day.start, day.end) or preposition in _DEADLINE or day.reach:
        return True
    if preposition == "on":
        return line.next_word(day.end) in FOLLOW
    is_date = any(character.isdigit() for character in line.low[day.start : day.end])
    if line.is_head(start):
        return is_date and line.next_word(day.end) in VERBS | {""}
    if line.low[day.start : day.end] in _CLEAR_SHORT and line.next_word(day.end) in _THEN:
        return True
    return is_date and line.next_word(day.end) in FOLLOW | {""}


def _name(line: Line, day: Day, preposition: str, start: int) -> bool:
    if line.is_capital(day.start) or line.is_head(start):
        return False
    if preposition:
        return preposition in _DEADLINE
    return line.is_tail(day.end) and line.previous_word(day.start) not in NOT_BEFORE_TOM


def _after_preposition(line: Line, day: Day, preposition: str, start: int) -> bool:
    if not line.low.startswith("the", day.start) and preposition in _DEADLINE:
        # "by 5th avenue"
        return _stands_alone(line, day, "")
    return preposition in _DEADLINE | {"on"} and _stands_alone(line, day, preposition)


def _numeric(line: Line, day: Day, preposition: str, start: int) -> bool:
    text = line.low[day.start : day.end]
    if text in _RATIOS or line.previous_word(day.start) in COUNTED | {"in", "at"}:
        return False
    if preposition in _DEADLINE | {"on"}:
        return _stands_alone(line, day, preposition)
    if line.touches(day.start, day.end):
        return True
    beyond = max(int(number) for number in re.findall(r"[0-9]+", text)) > 12
    return (beyond or "." in text) and line.is_tail(day.end)


def _is_planned(line: Line, day: Day, start: int) -> bool:
    """Whether the line is "plan next week" and no more: then the week is what is planned."""
    return start == day.start and line.low[:start].strip() in _PLANNING


def _is_object(line: Line, start: int) -> bool:
    """Whether a "for friday" that begins at `start` says what is prepared or excused, not when."""
    before = line.low[:start]
    return before.strip() in VERBS or _FOR_WHAT.search(before) is not None


def _is_the_object(line: Line, day: Day) -> bool:
    """Whether the day is what the verb is about: "cancel friday", "watch Friday"."""
    verb = line.low[: day.start].strip()
    return verb in OBJECT_VERBS or (line.is_capital(day.start) and _ENJOYS.fullmatch(verb) is not None)


def _is_title(line: Line, day: Day) -> bool:
    """Whether the words are written as in a title: "in 80 Days"."""
    return any(
        line.is_capital(day.start + found.start()) for found in re.finditer(r"[a-z]+", line.low[day.start : day.end])
    )


def _is_work(line: Line, day: Day) -> bool:
    """Whether a Today or Tomorrow with a capital ends the name of a film, a book or a song."""
    capitals = line.is_capital(day.start) and line.is_capital(day.start - 1 - len(line.previous_word(day.start)))
    return capitals and is_enjoyed(line)


def is_by_somebody(line: Line, start: int, end: int) -> bool:
    """Whether the stretch is the name of a work, before the name of who made it."""
    found = _BY_SOMEBODY.match(line.text, end) if line.is_capital(start) else None
    return found is not None and not re.fullmatch(rf"{WEEKDAY}|{MONTH}|noon|midnight|eod|cob", found["who"].lower())


def is_enjoyed(line: Line) -> bool:
    """Whether the line is about reading, watching or hearing something."""
    return _ENJOYS.match(line.low) is not None


def _is_doubled(line: Line, day: Day) -> bool:
    """Whether the day is said twice, as songs do: "Monday, Monday"."""
    text = re.escape(line.low[day.start : day.end])
    before = re.search(rf"(?<!\w){text},?\s+\Z", line.low[: day.start])
    return before is not None or re.compile(rf",?\s+{text}(?!\w)").match(line.low, day.end) is not None


_RULES: Final = {
    Trust.ALWAYS: _always,
    Trust.CLEAR: _clear,
    Trust.PHRASE: _phrase,
    Trust.NAMED: _named,
    Trust.WORD: _word,
    Trust.NAME: _name,
    Trust.PREPOSITION: _after_preposition,
    Trust.NUMERIC: _numeric,
}
