"""Time zones as people write them after a time: `CET`, `UTC+2`, `Europe/Berlin`."""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

#: Minutes east of Greenwich. An abbreviation means its own offset, in summer and in winter.
_OFFSETS: Final = {
    "utc": 0,
    "gmt": 0,
    "wet": 0,
    "bst": 60,
    "cet": 60,
    "cest": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "ist": 330,
    "sgt": 480,
    "hkt": 480,
    "awst": 480,
    "jst": 540,
    "kst": 540,
    "acst": 570,
    "aest": 600,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
    "brt": -180,
    "edt": -240,
    "est": -300,
    "cdt": -300,
    "cst": -360,
    "mdt": -360,
    "mst": -420,
    "pdt": -420,
    "pst": -480,
    "akdt": -480,
    "akst": -540,
    "hst": -600,
}
#: Names of a region's time, whatever the season; capitals only, as they are short.
_REGIONS: Final = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
}
_ZONE = re.compile(
    rf"""\s?(?: (?P<base>utc|gmt)\s?(?P<sign>[+-])(?P<hours>[0-9]{{1,2}})(?::?(?P<minutes>[0-9]{{2}}))?
              | (?P<short>{"|".join(_OFFSETS)}) | (?P<region>et|ct|mt|pt)
              | (?P<name>[a-z]{{2,20}}(?:/[a-z_]{{2,30}}){{1,2}}) )(?![\w/+-])""",
    re.VERBOSE,
)


def read_zone(text: str, low: str, start: int) -> tuple[tzinfo, int] | None:
    """The zone that is written at `start` (after a space or none), and where it ends."""
    found = _ZONE.match(low, start)
    if found is None:
        return None
    if found["base"]:
        minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
        if minutes > 14 * 60 or int(found["minutes"] or 0) > 59:
            return None
        return timezone(timedelta(minutes=-minutes if found["sign"] == "-" else minutes)), found.end()
    if found["short"]:
        offset = _OFFSETS[found["short"]]
        return (timezone(timedelta(minutes=offset)) if offset else UTC), found.end()
    name = text[found.end() - len(found["region"] or found["name"]) : found.end()]
    if found["region"]:
        return (ZoneInfo(_REGIONS[name]), found.end()) if name in _REGIONS else None
    try:
        return ZoneInfo(name), found.end()
    except (KeyError, ValueError, OSError):
        return None


#: Where people write the month before the day in 3/4, and zones that say nothing of where their people are.
_MONTH_FIRST: Final = re.compile(
    r"(?:US|Etc)/.*|America/(?:New_York|Chicago|Denver|Los_Angeles|Phoenix|Anchorage|Detroit|Boise|Juneau|Sitka|Nome|Adak"
    r"|Menominee|Metlakatla|Yakutat|Puerto_Rico|Indianapolis|Louisville|(?:Indiana|Kentucky|North_Dakota)/.*)"
    r"|Pacific/(?:Honolulu|Guam)|Asia/Manila|UTC|UCT|Zulu|GMT.*|Greenwich|Universal|(?:EST|CST|MST|PST).*|HST"
)


def writes_month_first(zone_name: str) -> bool:
    """Whether 3/4 is 4 March to most people in that zone; 3 April elsewhere."""
    return _MONTH_FIRST.fullmatch(zone_name) is not None
