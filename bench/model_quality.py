"""What a model's opinion adds to the suggestions, and whether one that adds nothing does harm.

    python bench/model_quality.py                    people, tuning lists pooled, trackers; every model in model_scores
    python bench/model_quality.py --lists            every list by itself
    python bench/model_quality.py --model smollm2    one model (may be repeated)

As in `priority_quality.py`: learn from the first k decisions, be asked about later tasks. What each model answered is
read from bench/data/model_scores (`model_scores.py` makes them); the rest is computed by the product's code. The record
that the model's share rests on holds the k decisions with the advice and the model's answers as they were at each of
them. `base` is the advice without the model, `blend` with it, `alone` the model's answer as it is.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from model_schedule import Row, read_rows
from priority_quality import DATA, TIMEZONE, Task
from quality_metrics import (
    RESAMPLES,
    Answers,
    Levels,
    Probabilities,
    join_answers,
    log_loss,
    macro_f1,
    most_probable,
    weighted_kappa,
)

from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.rules import rules_signal
from taskflow.domain.suggestion import is_usable, pool
from taskflow.learning.examples import Example
from taskflow.learning.learner import Learner
from taskflow.learning.model_trust import ModelRecord, weigh_model

SCORES = DATA / "model_scores"
TUNING = "tuning/"
#: Of a file of answers; `told` says which decisions the model was told.
HEADER = ("list", "task", "told", *LEVELS)
EVEN: dict[Level, float] = dict.fromkeys(LEVELS, 1 / len(LEVELS))

Levelled = Mapping[Level, float]
Told = Mapping[tuple[str, int, str], Levelled | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row with one model: the `truth` of its n asked tasks, and what each opinion answered; `shares` (n) are the
    model's, resting on so many `records`. `decisions` None: all rows of a list together."""

    name: str
    decisions: int | None
    records: int
    truth: Levels
    base: Answers
    blend: Answers
    alone: Answers
    shares: Probabilities


def read_told(path: Path) -> Told:
    """A model's answers by list, task and what it was told; None where it had no opinion."""
    with path.open(newline="") as lines:
        return {
            (row["list"], int(row["task"]), row["told"]): (
                {level: float(row[level]) for level in LEVELS} if row["low"] else None
            )
            for row in csv.DictReader(lines)
        }


class Judge:
    """Goes through rows with one model after the other; what is without a model is computed once."""

    def __init__(self) -> None:
        self._learner = Learner()
        self._advice: dict[tuple[str, range, tuple[int, ...]], list[Levelled]] = {}

    def judge(self, row: Row, told: Told, *, able: bool) -> Outcome | None:
        """The row with the model of `told`; None where they do not cover it."""
        keys = {task: find_key(row, task, told) for task in (*row.recorded, *row.asked)}
        raw = {task: told[key] for task, key in keys.items() if key is not None}
        if len(raw) < len(keys):
            return None
        record = list(self._record(row, raw))
        base = self._advise(row, row.known, tuple(row.asked))
        blend, shares = [], []
        for task, advised in zip(row.asked, base, strict=True):
            answer, advice = raw[task], advised
            verdict = None if answer is None else weigh_model(answer, advice, record, able=able)
            share = 0.0 if verdict is None else verdict.share
            opinion = advice if verdict is None else verdict.probabilities
            pooled = {level: (1 - share) * advice[level] + share * opinion[level] for level in LEVELS}
            blend.append(pooled)
            shares.append(share)
        return Outcome(
            name=row.name,
            decisions=len(row.known),
            records=len(record),
            truth=np.array([LEVELS.index(row.tasks[task].level) for task in row.asked]),
            base=as_answers(base),
            blend=as_answers(blend),
            alone=most_probable(np.array([[(raw[task] or EVEN)[level] for level in LEVELS] for task in row.asked])),
            shares=np.array(shares),
        )

    def _record(self, row: Row, raw: Mapping[int, Levelled | None]) -> Iterator[ModelRecord]:
        for task in row.recorded:
            answer = raw[task]
            if answer is not None:
                [base] = self._advise(row, range(row.known.start, task), (task,))
                decided = row.tasks[task]
                yield ModelRecord(raw=answer, base=base, level=decided.level, decided_at=decided.facts.created_at)

    def _advise(self, row: Row, known: range, asked: tuple[int, ...]) -> list[Levelled]:
        key = (row.name, known, asked)
        if key not in self._advice:
            tasks = row.tasks
            self._advice[key] = list(
                advise(self._learner, tasks[known.start : known.stop], [tasks[task] for task in asked])
            )
        return self._advice[key]


def find_key(row: Row, task: int, told: Told) -> tuple[str, int, str] | None:
    """Under which of the two kinds of key the answer on `task` is, if there is one."""
    keys = [(row.name, task, row.told(task)), (row.name, task, row.seen(task))]
    return next((key for key in keys if key in told), None)


def as_answers(advised: Sequence[Levelled]) -> Answers:
    """The probabilities, of which the largest is proposed."""
    return most_probable(np.array([[found[level] for level in LEVELS] for found in advised]))


def advise(learner: Learner, known: Sequence[Task], asked: Sequence[Task]) -> Iterator[Levelled]:
    """The advice without a model on each asked task, unrounded as a model's share is reckoned with it."""
    examples = [Example(facts=task.facts, level=task.level, decided_at=task.facts.created_at) for task in known]
    for task in asked:
        now = task.facts.created_at
        signals = [
            rules_signal(task.facts, now=now, timezone=TIMEZONE),
            learner.signal(task.facts, examples, now=now, timezone=TIMEZONE),
        ]
        usable = [signal for signal in signals if is_usable(signal)]
        total = sum(signal.weight for signal in usable)
        yield pool(usable, [signal.weight / total for signal in usable])


def join(name: str, decisions: int | None, parts: Sequence[Outcome]) -> Outcome:
    """Several outcomes as one."""
    return Outcome(
        name,
        decisions,
        records=max(part.records for part in parts),
        truth=np.concatenate([part.truth for part in parts]),
        base=join_answers([part.base for part in parts]),
        blend=join_answers([part.blend for part in parts]),
        alone=join_answers([part.alone for part in parts]),
        shares=np.concatenate([part.shares for part in parts]),
    )


def pool_lists(name: str, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """The outcomes of several lists as one list, by number of decisions."""
    for count in sorted({outcome.decisions or 0 for outcome in outcomes}):
        yield join(name, count, [outcome for outcome in outcomes if outcome.decisions == count])


def add_sums(outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """The outcomes with all rows of each list together after them."""
    for name, group in groupby(outcomes, key=lambda outcome: outcome.name):
        rows = list(group)
        yield from rows
        yield join(name, None, rows)


def measure(model: str, outcome: Outcome, resamples: int, seed: int = 1) -> dict[str, Any]:
    """The figures of one outcome; `change` is the blend's log-loss less the base's with a 95 % interval over tasks."""
    rows = np.arange(len(outcome.truth))
    given = [np.log(opinion.probabilities[rows, outcome.truth]) for opinion in (outcome.base, outcome.blend)]
    change = given[0] - given[1]
    draws = np.random.default_rng(seed).integers(0, len(rows), (resamples, len(rows)))
    low, high = np.quantile(change[draws].mean(axis=1), [0.025, 0.975])
    figures: dict[str, Any] = {
        "list": outcome.name,
        "decisions": outcome.decisions,
        "records": outcome.records,
        "model": model,
        "tasks": len(rows),
        "share": float(outcome.shares.mean()),
        "change": (float(change.mean()), float(low), float(high)),
    }
    for opinion in ("base", "blend", "alone"):
        answers = getattr(outcome, opinion)
        figures[opinion] = {
            "log_loss": log_loss(outcome.truth, answers),
            "macro_f1": macro_f1(outcome.truth, answers),
            "qwk": weighted_kappa(outcome.truth, answers),
        }
    return figures


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """The rows as a Markdown table."""
    print(
        "| list | decisions | of them asked | tasks | model | share | log-loss base | blend | change "
        "| macro-F1 base | blend | QWK base | blend | model alone: log-loss | QWK |"
    )
    print("|---" * 15 + "|")
    for row in rows:
        change, low, high = row["change"]
        base, blend, alone = row["base"], row["blend"], row["alone"]
        decisions = "all" if row["decisions"] is None else row["decisions"]
        print(
            f"| {row['list']} | {decisions} | {row['records']} | {row['tasks']} | {row['model']} "
            f"| {row['share']:.2f} | {base['log_loss']:.3f} | {blend['log_loss']:.3f} "
            f"| {change:+.4f} [{low:+.3f}, {high:+.3f}] "
            f"| {base['macro_f1']:.3f} | {blend['macro_f1']:.3f} | {base['qwk']:.3f} | {blend['qwk']:.3f} "
            f"| {alone['log_loss']:.3f} | {alone['qwk']:.3f} |"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", type=Path, default=SCORES, help="folder with a CSV a model")
    parser.add_argument("--model", action="append", help="only this one")
    parser.add_argument("--lists", action="store_true", help="the tuning lists by themselves instead of pooled")
    parser.add_argument("--able", action="store_true", help="as if the models were known to be able")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="bootstrap resamples (default 1000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    judge = Judge()
    measured: list[dict[str, Any]] = []
    for path in sorted(options.scores.glob("*.csv")):
        if options.model and path.stem not in options.model:
            continue
        told = read_told(path)
        judged = [judge.judge(row, told, able=options.able) for row in read_rows()]
        outcomes = [outcome for outcome in judged if outcome is not None]
        if not options.lists:
            tuning = [outcome for outcome in outcomes if outcome.name.startswith(TUNING)]
            outcomes = [outcome for outcome in outcomes if not outcome.name.startswith(TUNING)]
            outcomes += pool_lists("tuning lists", tuning)
        measured += [measure(path.stem, outcome, options.resamples) for outcome in add_sums(outcomes)]
    if options.json:
        print(json.dumps(measured, indent=1))
    else:
        print_table(measured)


if __name__ == "__main__":
    main()
