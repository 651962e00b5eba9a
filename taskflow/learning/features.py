"""A task at a moment, as numbers: what the kernel compares.

Words and names are hashed (CRC-32 with a sign; Weinberger et al. 2009) into short dense vectors, one for each kind of
likeness: what the task says, its subjects, its cues, its labels, the words of the place it belongs to. Dates stay
apart, since nearness in time is compared differently.
"""

import math
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from taskflow.domain.cues import find_cues, stem
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.rules import due_moment, level_probabilities, score_task
from taskflow.domain.zones import load_zone
from taskflow.learning.topics import count_topics

Vector = NDArray[np.float32]

TEXT_WIDTH = 1024
NAMES_WIDTH = 256
#: Characters that are read of a title and of a description: the gist stands at the beginning, and it bounds the work.
TITLE_READ = 500
DESCRIPTION_READ = 1_500

_WORD = re.compile(r"\w[\w'’\-]*", re.UNICODE)
_NUMBER = re.compile(r"\d+")
_STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the of to for in on at by with and or is are be it its this that these those from as my our your his her"
        " their i we you he she they me us them was were will would has have had do does did not no so but if then than"
        " up out about into over just",
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """One task at one moment.

    `text`, `topics`, `cues`, `labels` and `place` have unit length or are zero; `shape` holds a few numbers of about
    -1 to 1; `project` is a number for its name (0 without one); `due` is signed log time (NaN without a due date);
    `timed` says whether it has a clock time; `prior` (4) are the rules' log-probabilities of the levels.
    """

    text: Vector
    topics: Vector
    cues: Vector
    labels: Vector
    place: Vector
    shape: Vector
    project: int
    due: float
    timed: bool
    prior: NDArray[np.float64]


def encode(facts: TaskFacts, at: datetime, timezone: str) -> Encoding:
    """The task as it stood at `at` (aware), for a person in the IANA zone `timezone`."""
    zone = load_zone(timezone)
    score = score_task(facts, now=at, timezone=timezone).score
    probabilities = level_probabilities(score)
    due = due_moment(facts, zone)
    title = words_of(facts.title[:TITLE_READ])
    description = words_of(facts.description[:DESCRIPTION_READ])
    place = words_of(" ".join((facts.project, *facts.labels, facts.parent or "")))
    return Encoding(
        text=hash_features(text_features(title, description), TEXT_WIDTH),
        topics=hash_features(topic_features(title, description, place), NAMES_WIDTH),
        cues=hash_features(cue_features(facts), NAMES_WIDTH),
        labels=hash_features(dict.fromkeys((label.casefold() for label in facts.labels), 1.0), NAMES_WIDTH),
        place=hash_features(dict.fromkeys(place, 1.0), NAMES_WIDTH),
        shape=shape_features(facts, at.astimezone(zone), score),
        project=checksum(facts.project.casefold()) if facts.project else 0,
        due=math.nan if due is None else signed_log_hours((due - at).total_seconds() / 3600),
        timed=facts.due_at is not None,
        prior=np.log(np.maximum([probabilities[level] for level in LEVELS], 1e-6)),
    )


def words_of(text: str) -> list[str]:
    """The stemmed words of a text, numbers as `#`."""
    return [_NUMBER.sub("#", stem(match)) for match in _WORD.findall(text)]


def text_features(title: list[str], description: list[str]) -> dict[str, float]:
    """Words, word pairs and the title's character n-grams (within words, 3 to 5 long); a title counts twice a
    description."""
    features: dict[str, float] = {}
    for words, share in ((title, 1.0), (description, 0.5)):
        for word in words:
            features.setdefault(f"w:{word}", share * (0.25 if word in _STOPWORDS else 1.0))
        for left, right in pairwise(words):
            features.setdefault(f"b:{left} {right}", 0.5 * share)
    for word in title:
        if word not in _STOPWORDS:
            features.update(dict.fromkeys(character_grams(word), 0.2))
    return features


def character_grams(word: str) -> Iterable[str]:
    """The pieces of 3 to 5 characters of a word with its ends marked: what misspelt and compound words share."""
    marked = f"^{word}$"
    return (f"c:{marked[start : start + size]}" for size in (3, 4, 5) for start in range(len(marked) - size + 1))


def topic_features(title: list[str], description: list[str], place: list[str]) -> dict[str, float]:
    """The topics that the words speak of, the title's above all."""
    features: dict[str, float] = {}
    for words, share in ((title, 1.0), (description, 0.5), (place, 0.5)):
        for topic, count in count_topics(words).items():
            features[topic] = features.get(topic, 0.0) + share * min(count, 2)
    return features


def cue_features(facts: TaskFacts) -> dict[str, float]:
    """The kinds of cue in title and description."""
    features: dict[str, float] = {}
    for text, share in ((facts.title, 1.0), (facts.description, 0.5)):
        for cue in find_cues(text):
            features.setdefault(f"not {cue.group.code}" if cue.negated else cue.group.code, share)
    return features


def hash_features(features: dict[str, float], width: int) -> Vector:
    """Signed hashing into `width` numbers, scaled to unit length (zero when there is nothing)."""
    vector = np.zeros(width, dtype=np.float32)
    if not features:
        return vector
    codes = np.array([checksum(name) for name in features], dtype=np.int64)
    values = np.fromiter(features.values(), dtype=np.float32, count=len(features))
    np.add.at(vector, (codes >> 1) % width, np.where(codes & 1, values, -values))
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def checksum(name: str) -> int:
    """A number from 1 to 2^32 that depends on nothing but `name`."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) + 1


def shape_features(facts: TaskFacts, local: datetime, score: float) -> Vector:
    """Everything else, each about -1 to 1: the rules' score, when it was written, lengths, signs, estimate,
    dependencies."""
    title = facts.title[:TITLE_READ]
    letters = sum(character.isalpha() for character in title)
    capitals = sum(character.isupper() for character in title)
    values = (
        0.5 * (score - 1.5),
        1.0 if local.weekday() >= 5 else 0.0,
        (local.hour + local.minute / 60 - 12) / 12,
        min(len(title), 120) / 60 - 1,
        1.0 if facts.description else 0.0,
        min(len(facts.description), 400) / 200 - 1 if facts.description else 0.0,
        capitals / letters if letters else 0.0,
        1.0 if "?" in title else 0.0,
        1.0 if "!" in title else 0.0,
        1.0 if any(character.isdigit() for character in title) else 0.0,
        math.log2(1 + min(facts.estimate_minutes, 10_000) / 30) / 4 if facts.estimate_minutes else 0.0,
        0.0 if facts.start_date is None else 1.0 if facts.start_date > local.date() else 0.3,
        min(facts.open_dependents, 4) / 2,
        min(facts.open_blockers, 4) / 2,
        1.0 if facts.labels else 0.0,
        min(len(facts.labels), 4) / 4,
    )
    return np.array(values, dtype=np.float32)


def signed_log_hours(hours: float) -> float:
    """Hours until due on a scale where a step is a factor: an hour matters at the deadline, a week does not next
    quarter."""
    return math.log1p(hours / 6) if hours >= 0 else -math.log1p(-hours / 24)
