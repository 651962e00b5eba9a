"""A task at a moment, as numbers: what the kernel compares.

Words, character n-grams, project, labels, topics and cues are hashed (CRC-32, signed; Weinberger et al. 2009) into two short dense vectors:
`text` for what the task says and `context` for where it belongs. Dates stay apart, since nearness in time is compared differently.
"""

import math
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from taskflow.domain.cues import find_cues, stem
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.rules import due_moment, level_probabilities, score_task
from taskflow.learning.topics import count_topics

Vector = NDArray[np.float32]

TEXT_WIDTH = 1024
CONTEXT_WIDTH = 256
TOPIC_WIDTH = 256
SHAPE_WIDTH = 16
#: Characters that are read of a description: the gist stands at the beginning, and it bounds the work.
DESCRIPTION_READ = 1_500

_WORD = re.compile(r"\w[\w'’\-]*", re.UNICODE)
_NUMBER = re.compile(r"\d+")
_STOPWORDS = frozenset(
    "a an the of to for in on at by with and or is are be it its this that these those from as my our your his her their i we you he"
    " she they me us them was were will would has have had do does did not no so but if then than up out about into over just".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """One task at one moment. `text`, `context`, `topics` have unit length or are zero; `shape` is small; `due` is signed log time
    (NaN without a due date); `timed` is whether it has a clock time; `prior` are the rules' log-probabilities of the levels."""

    text: Vector
    context: Vector
    topics: Vector
    shape: Vector
    due: float
    timed: bool
    prior: NDArray[np.float64]


@lru_cache(maxsize=1024)
def encode(facts: TaskFacts, at: datetime, timezone: str) -> Encoding:
    """The task as it stood at `at` (aware), for a person in the IANA zone `timezone`."""
    zone = ZoneInfo(timezone)
    outcome = score_task(facts, now=at, timezone=timezone)
    probabilities = level_probabilities(outcome.score)
    due = due_moment(facts, zone)
    title = words_of(facts.title)
    description = words_of(facts.description[:DESCRIPTION_READ])
    return Encoding(
        text=hash_features(text_features(title, description), TEXT_WIDTH),
        context=hash_features(context_features(facts), CONTEXT_WIDTH),
        topics=hash_features(topic_features(facts, title, description), TOPIC_WIDTH),
        shape=shape_features(facts, at.astimezone(zone), outcome.score),
        due=math.nan if due is None else signed_log_hours((due - at).total_seconds() / 3600),
        timed=facts.due_at is not None,
        prior=np.log(np.maximum([probabilities[level] for level in LEVELS], 1e-6)),
    )


def words_of(text: str) -> list[str]:
    """The stemmed words of a text, numbers as `#`."""
    return [_NUMBER.sub("#", stem(match)) for match in _WORD.findall(text)]


def text_features(title: list[str], description: list[str]) -> dict[str, float]:
    """Words, word pairs and character n-grams (within words, 3 and 4 long) with their weights; a title's count for more."""
    features: dict[str, float] = {}
    for words, share in ((title, 1.0), (description, 0.45)):
        for word in words:
            features[f"w:{word}"] = max(features.get(f"w:{word}", 0.0), share * (0.25 if word in _STOPWORDS else 1.0))
        for left, right in zip(words, words[1:], strict=False):
            features.setdefault(f"b:{left} {right}", 0.5 * share)
    for word in title:
        if word in _STOPWORDS:
            continue
        padded = f"^{word}$"
        for size in (3, 4):
            for start in range(len(padded) - size + 1):
                features.setdefault(f"c:{padded[start : start + size]}", 0.3)
    return features


def context_features(facts: TaskFacts) -> dict[str, float]:
    """Project, labels and parent."""
    features = {f"p:{facts.project.casefold()}": 1.0} if facts.project else {}
    for label in facts.labels:
        features[f"l:{label.casefold()}"] = 0.8 / math.sqrt(len(facts.labels))
    if facts.parent:
        features[f"u:{facts.parent.casefold()}"] = 0.7
    return features


def topic_features(facts: TaskFacts, title: list[str], description: list[str]) -> dict[str, float]:
    """Topics and cues, of the title above all, of labels and project too."""
    around = [word for text in (*facts.labels, facts.project, facts.parent or "") for word in words_of(text)]
    features: dict[str, float] = {}
    for words, share in ((title, 1.0), (description, 0.5), (around, 0.5)):
        for topic, count in count_topics(words).items():
            features[f"t:{topic}"] = features.get(f"t:{topic}", 0.0) + share * min(count, 2)
    for text, share in ((facts.title, 1.0), (facts.description, 0.5)):
        for cue in find_cues(text):
            features[f"q:{cue.group.code}"] = max(features.get(f"q:{cue.group.code}", 0.0), share)
    return features


def hash_features(features: dict[str, float], width: int) -> Vector:
    """Signed hashing into `width` numbers, scaled to unit length (zero when there is nothing)."""
    vector = np.zeros(width, dtype=np.float32)
    for name, value in features.items():
        code = zlib.crc32(name.encode("utf-8", "surrogatepass"))
        vector[(code >> 1) % width] += value if code & 1 else -value
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def shape_features(facts: TaskFacts, local: datetime, score: float) -> Vector:
    """Everything else, each about -1 to 1: the rules' score, when it was written, lengths, estimate, dependencies."""
    letters = sum(character.isalpha() for character in facts.title[:200])
    capitals = sum(character.isupper() for character in facts.title[:200])
    values = (
        score - 1.5,
        1.0 if local.weekday() >= 5 else 0.0,
        (local.hour + local.minute / 60 - 12) / 12,
        min(len(facts.title), 120) / 60 - 1,
        1.0 if facts.description else 0.0,
        min(len(facts.description), 400) / 200 - 1 if facts.description else 0.0,
        capitals / letters if letters else 0.0,
        1.0 if "?" in facts.title else 0.0,
        1.0 if "!" in facts.title else 0.0,
        1.0 if any(character.isdigit() for character in facts.title) else 0.0,
        math.log2(1 + facts.estimate_minutes / 30) / 4 if facts.estimate_minutes else 0.0,
        0.0 if facts.start_date is None else 1.0 if facts.start_date > local.date() else 0.3,
        min(facts.open_dependents, 4) / 2,
        min(facts.open_blockers, 4) / 2,
        1.0 if facts.labels else 0.0,
        min(len(facts.labels), 4) / 4,
    )
    return np.array(values, dtype=np.float32)


def signed_log_hours(hours: float) -> float:
    """Hours until due on a scale where a day at the deadline is as far as a month at a quarter's distance."""
    return math.log1p(hours / 6) if hours >= 0 else -math.log1p(-hours / 24)
