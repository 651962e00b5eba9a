"""Tasks and suggestions as tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taskflow.interfaces.cli.client.dates import describe_due
from taskflow.interfaces.cli.client.plain_text import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: A sign that can be told apart without colour, and the colour.
PRIORITIES = {
    "urgent": ("!!!", "bold red"),
    "high": ("!!", "yellow"),
    "medium": ("!", "blue"),
    "low": ("-", "dim"),
    "none": ("", ""),
}
_NEARNESS = {"overdue": "bold red", "today": "green", "soon": "yellow", "later": ""}
_STATES = {
    "todo": ("", ""),
    "in_progress": ("started ", "cyan"),
    "done": ("done ", "dim"),
    "cancelled": ("off ", "dim"),
}
#: Widths of a terminal below which labels with urgency, and then the header, are left out.
_NARROW, _TINY = 70, 45
_BAR = 24


def print_tasks(console: "Console", tasks: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """One line a task; on a narrow terminal the title is cut, and less is shown."""
    from rich.table import Table
    from rich.text import Text

    roomy = console.width >= _NARROW
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=console.width >= _TINY, header_style="dim"
    )
    table.add_column("key", no_wrap=True)
    table.add_column("pri", no_wrap=True)
    table.add_column("title", no_wrap=True, overflow="ellipsis", ratio=1 if console.is_terminal else None)
    table.add_column("due", no_wrap=True)
    if roomy:
        table.add_column("labels", no_wrap=True, overflow="ellipsis", max_width=24)
        table.add_column("urgency", no_wrap=True, justify="right")
    for task in tasks:
        sign, colour = PRIORITIES.get(task["priority"], ("", ""))
        due = describe_due(task, now)
        closed = task["status"] in {"done", "cancelled"}
        # A day that has passed alarms nobody once the task is closed.
        nearness = "dim" if closed else _NEARNESS[due.nearness] if due else ""
        cells = [
            Text(plain(task["key"]), style="bold"),
            Text(sign, style=colour),
            title_of(task),
            Text(due.text if due else "", style=nearness),
        ]
        if roomy:
            labels = " ".join(f"@{plain(label)}" for label in task["labels"])
            cells += [Text(labels, style="cyan"), Text(f"{task['urgency']['score']:.1f}", style="dim")]
        table.add_row(*cells)
    console.print(table)


def title_of(task: Mapping[str, Any]) -> "Text":
    """The task's title, harmless, with its state before it where that is not to do."""
    from rich.text import Text

    word, style = _STATES.get(task["status"], ("", ""))
    title = Text(plain(task["title"]), style="dim strike" if task["status"] in {"done", "cancelled"} else "")
    return Text(word, style=style) + title if word else title


def print_suggestion(console: "Console", suggestion: Mapping[str, Any]) -> None:
    """The level, how sure it is, a bar for every level, and the reasons."""
    from rich.text import Text

    level = str(suggestion["suggested_priority"])
    line = Text("Suggested: ")
    line.append(level, style=PRIORITIES.get(level, ("", ""))[1] or "bold")
    source = "/".join(plain(suggestion[name]) for name in ("source", "provider") if suggestion.get(name))
    line.append(f"  {suggestion['confidence']:.0%} sure", style="bold").append(f"  ({source})", style="dim")
    console.print(line)
    for name, share in reversed((suggestion["probabilities"] or {}).items()):
        filled = round(share * _BAR)
        bar = Text(f"  {plain(name):<7} ")
        bar.append("#" * filled, style=PRIORITIES.get(name, ("", ""))[1]).append("." * (_BAR - filled), style="dim")
        console.print(bar.append(f" {share:>4.0%}"))
    for reason in suggestion["reasons"]:
        console.print(Text(f"  - {plain(reason['text'])}"))
