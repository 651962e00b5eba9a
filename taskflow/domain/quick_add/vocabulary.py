"""The English words that quick add knows, and those beside which a word that looks like a date is none.

All words are lower case; patterns are for text in which ASCII letters are lower case.
"""

import re
from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAY_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

MONTHS: Final = {short: number for number, name in enumerate(_MONTH_NAMES, start=1) for short in (name, name[:3])} | {
    "sept": 9
}
WEEKDAYS: Final = {short: number for number, name in enumerate(_WEEKDAY_NAMES) for short in (name, name[:3])} | {
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
RRULE_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NUMBERS: Final = {
    name: number
    for number, name in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=1
    )
} | {"a": 1, "an": 1, "a couple of": 2, "a couple": 2}
ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
#: Wall-clock hours of the parts of a day.
PARTS: Final = {"morning": 9, "afternoon": 14, "evening": 19, "night": 20}

#: Month and weekday names that are everyday words as well; they need a clearer place than others.
AMBIGUOUS_MONTHS: Final = frozenset({"may", "march", "mar"})
AMBIGUOUS_DAYS: Final = frozenset({"sat", "sun", "wed", "mon", "weds"})

_ANY_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_ANY_DAY = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
MONTH: Final = rf"(?:{_ANY_MONTH})"
WEEKDAY: Final = rf"(?:{_ANY_DAY})"
NUMBER: Final = (
    rf"(?:[0-9]{{1,3}}|{'|'.join(sorted((re.sub(' ', r'[ ]', n) for n in NUMBERS), key=len, reverse=True))})"
)
TOMORROW: Final = r"(?:tomorrow|tomorow|tommorow|tommorrow|tmrw|tmr|tmw)"
BEGIN: Final = r"(?<![\w'’.:/+\-#@])"
END: Final = r"(?![\w'’])(?![:/+@.\-][\w])"

#: The word before a date that says it is not when the task is to be done.
NOT_AFTER: Final = words(
    """a an the my our your his her their its this that these those last past previous since after from to of than
    like love hate loves hates every each per one another not vs versus called named and or & through thru
    between about during second third fourth fifth first black good easter cyber ruby casual palm super blue
    taco ash whit bloody freaky shrove throwback maundy holy man mad manic fat usa psychology happy
    given any dated ago was were is are be been titled episode yesterday's today's tomorrow's"""
)
#: Short names of days are ordinary words after these.
NOT_AFTER_SHORT: Final = NOT_AFTER | words(
    """he she it they who we i you cat dog in where with without into under against for at more some less much
    enough full no get what when which just also never always midday morning evening french rising setting hot
    warm"""
)
#: `tom` is a name after these.
NOT_BEFORE_TOM: Final = NOT_AFTER_SHORT | words(
    """call ask email mail e-mail text meet tell ping visit thank help pay invite see dm message phone ring remind
    at birthday hi hello dear uncle dad for to from by give show bring join contact find send let watch
    congratulate interview hire chase nudge wake feed pick lend owe hug answer email slack update brief"""
)
#: A task that begins so, right before a day or a time, is about that day: "cancel friday", "move 3pm".
OBJECT_VERBS: Final = words("cancel skip move reschedule confirm change postpone miss decline swap clear block keep")
#: What a shop does, rather than its customer: "open until 18:00".
STATES: Final = words("open opens closed closes close")
#: What has numbers, so that those after it are no date.
COUNTED: Final = words(
    """chapter chapters page pages part parts section episode episodes season room rooms level step score scored
    ratio scale screen monitor lens aspect size grade version release ticket bed apartment unit highway route"""
)
#: The word after a date that shows that the date stands by itself.
FOLLOW: Final = words(
    """about with at for to and in after before from on by if then so because regarding re via near as until till
    over during through while when but between unless without please latest sharp @ using not starting beginning
    ending"""
)
#: Verbs that a task may begin with, so that a weekday before them is a date: "friday call Bob", but "friday drinks".
VERBS: Final = words(
    """add answer apply arrange ask assemble attend bake book bring build buy call cancel change check clean close
    collect complete confirm contact cook create cut deliver deploy discuss do draft drop email fetch file fill
    find finish fix follow get give go hand hire install invite join launch learn leave mail make meet message
    mow move order organise organize pack paint pay phone pick ping plan plant post practice practise prepare
    print publish put read refill register release remind remove renew repair replace reply report request
    research return review ring run schedule sell send set ship shop show sign sort start stop study submit take
    talk tell test text throw tidy transfer try update upload vacuum visit walk wash watch water wrap write"""
)
