"""How good priority suggestions are, on labelled to-do lists: learn from the first k decisions, be asked the rest.

    python bench/priority_quality.py                 the lists in bench/data/personas and bench/data/hadoop.csv
    python bench/priority_quality.py --data DIR      other people's lists (*.jsonl) and trackers (*.csv), same format
    python bench/priority_quality.py --no-project    without project and labels

"Now" is the moment each task was created. The suggestions come from the code the product runs: rules, learned, combine.
The baseline is a plain TF-IDF logistic regression of scikit-learn, where that is installed.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from quality_metrics import MEASURES, Answers, join_answers, most_probable, summarise

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.rules import rules_signal
from taskflow.domain.suggestion import combine
from taskflow.learning.examples import Example
from taskflow.learning.learner import Learner

DATA = Path(__file__).parent / "data"
DECISIONS = (0, 5, 10, 20, 40, 80)
TRACKER_DECISIONS = (0, 80, 500)
#: A tracker's newest share that is asked about.
TRACKER_TEST_SHARE = 0.3
TIMEZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Task:
    """One labelled task: its facts as created, and the level its owner chose."""

    facts: TaskFacts
    level: Level


def read_people(folder: Path) -> dict[str, list[Task]]:
    """The to-do lists of `folder`, by file name."""
    return {
        path.stem: [parse_task(json.loads(line)) for line in path.read_text().splitlines()]
        for path in list_files(folder, "*.jsonl")
    }


def read_trackers(folder: Path) -> dict[str, list[Task]]:
    """The issue trackers of `folder` (CSV), oldest issue first."""
    trackers = {}
    for path in list_files(folder, "*.csv"):
        with path.open(newline="") as lines:
            tasks = [parse_task(row) for row in csv.DictReader(lines)]
        trackers[path.stem] = sorted(tasks, key=lambda task: task.facts.created_at)
    return trackers


def list_files(folder: Path, pattern: str) -> list[Path]:
    """The files of `folder` and of its folder `personas`, by name."""
    return sorted([*folder.glob(pattern), *(folder / "personas").glob(pattern)])


def parse_task(row: dict[str, Any]) -> Task:
    """A task of either format; times are taken as UTC."""
    due = row.get("due") or ""
    facts = TaskFacts(
        title=row["title"],
        description=row.get("description") or "",
        created_at=datetime.fromisoformat(row["created"]).replace(tzinfo=UTC),
        project=row.get("project") or "",
        labels=tuple(row.get("labels") or ()),
        due_date=date.fromisoformat(due) if due and "T" not in due else None,
        due_at=datetime.fromisoformat(due).replace(tzinfo=UTC) if "T" in due else None,
    )
    return Task(facts, row["priority"])


def without_project(task: Task) -> Task:
    """The task with project and labels taken away."""
    return Task(replace(task.facts, project="", labels=()), task.level)


def suggest(known: Sequence[Task], asked: Sequence[Task]) -> Answers:
    """The product's answer to each asked task after the known ones were decided."""
    learner = Learner()
    examples = [Example(facts=task.facts, level=task.level, decided_at=task.facts.created_at) for task in known]
    rows, proposed = [], []
    for task in asked:
        now = task.facts.created_at
        rules = rules_signal(task.facts, now=now, timezone=TIMEZONE)
        learned = learner.signal(task.facts, examples, now=now, timezone=TIMEZONE)
        advice = combine([rules, learned], task.facts)
        rows.append([advice.probabilities[level] for level in LEVELS])
        proposed.append(LEVELS.index(advice.suggested_priority))
    return Answers(np.array(rows), np.array(proposed))


def suggest_plainly(known: Sequence[Task], asked: Sequence[Task]) -> Answers | None:
    """The baseline's answers; None without scikit-learn, and the class frequencies where there is one class or
    none."""
    try:
        from sklearn.feature_extraction import DictVectorizer
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
        from sklearn.preprocessing import FunctionTransformer
    except ImportError:
        return None
    chosen = [LEVELS.index(task.level) for task in known]
    if len(set(chosen)) < 2:
        only = np.eye(4)[chosen[0]] if chosen else np.full(4, 0.25)
        return most_probable(np.tile(0.97 * only + 0.0075, (len(asked), 1)))
    text = FunctionTransformer(lambda tasks: [f"{task.facts.title} {task.facts.description}" for task in tasks])
    rest = FunctionTransformer(lambda tasks: [plain_features(task) for task in tasks])
    features: FeatureUnion = make_union(
        make_pipeline(text, TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
        make_pipeline(text, TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)),
        make_pipeline(rest, DictVectorizer()),
    )
    model = make_pipeline(features, LogisticRegression(C=10, max_iter=2000, class_weight="balanced"))
    model.fit(list(known), chosen)
    probabilities = np.zeros((len(asked), 4))
    probabilities[:, model[-1].classes_] = model.predict_proba(list(asked))
    return most_probable(probabilities)


def plain_features(task: Task) -> dict[str, float]:
    """Project, labels and a bucket of the time left, one feature each."""
    facts = task.facts
    due = facts.due_at or (datetime.combine(facts.due_date, datetime.max.time(), UTC) if facts.due_date else None)
    features = {f"label={label}": 1.0 for label in facts.labels}
    if facts.project:
        features[f"project={facts.project}"] = 1.0
    hours = None if due is None else (due - facts.created_at).total_seconds() / 3600
    bucket = "none" if hours is None else str(int(np.searchsorted([0, 12, 36, 96, 192, 400], hours)))
    features[f"due={bucket}"] = 1.0
    return features


def measure(tasks: Sequence[Task], decisions: Sequence[int], test_from: int | None) -> Iterator[dict[str, Any]]:
    """One record a number of decisions and method: the truth and the answers for the tasks after them (or from
    `test_from`)."""
    for count in decisions:
        start = count if test_from is None else test_from
        known = tasks[start - count : start] if test_from is not None else tasks[:count]
        asked = tasks[start:]
        truth = np.array([LEVELS.index(task.level) for task in asked])
        for method, answers in (("taskflow", suggest(known, asked)), ("tfidf", suggest_plainly(known, asked))):
            if answers is not None:
                yield {"decisions": count, "method": method, "truth": truth, "answers": answers}


def report(name: str, records: Sequence[dict[str, Any]], resamples: int) -> list[dict[str, Any]]:
    """The measures of each record, as rows."""
    return [
        {
            "list": name,
            "decisions": record["decisions"],
            "method": record["method"],
            "tasks": len(record["truth"]),
            **summarise(record["truth"], record["answers"], resamples),
        }
        for record in records
    ]


def pool_records(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of several people joined by decisions and method."""
    joined: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for record in records:
        joined.setdefault((record["decisions"], record["method"]), []).append(record)
    return [
        {
            "decisions": decisions,
            "method": method,
            "truth": np.concatenate([part["truth"] for part in parts]),
            "answers": join_answers([part["answers"] for part in parts]),
        }
        for (decisions, method), parts in joined.items()
    ]


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """The rows as a Markdown table, intervals in brackets."""
    print(f"| list | decisions | method | tasks | {' | '.join(MEASURES)} |")
    print("|---" * (4 + len(MEASURES)) + "|")
    for row in rows:
        cells = [f"{value:.3f} [{low:.2f}, {high:.2f}]" for value, low, high in (row[name] for name in MEASURES)]
        print(f"| {row['list']} | {row['decisions']} | {row['method']} | {row['tasks']} | {' | '.join(cells)} |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with *.jsonl lists and *.csv trackers")
    parser.add_argument("--no-project", action="store_true", help="hide project and labels")
    parser.add_argument("--no-trackers", action="store_true", help="leave the *.csv files out")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples (default 1000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    everybody: list[dict[str, Any]] = []
    people = read_people(options.data)
    for name, tasks in people.items():
        shown = [without_project(task) for task in tasks] if options.no_project else tasks
        records = list(measure(shown, DECISIONS, None))
        everybody += records
        rows += report(name, records, options.resamples)
    if len(people) > 1:
        rows += report("all people", pool_records(everybody), options.resamples)
    if not options.no_trackers:
        for name, tasks in read_trackers(options.data).items():
            first = round(len(tasks) * (1 - TRACKER_TEST_SHARE))
            rows += report(name, list(measure(tasks, TRACKER_DECISIONS, first)), options.resamples)
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
