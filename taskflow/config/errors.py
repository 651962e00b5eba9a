"""The one error of this package."""


class ConfigError(Exception):
    """A setting stops the start. The text is one line: the name, what is wrong, what it takes."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        self.name = name
        self.problem = problem
        self.remedy = remedy
        super().__init__(" ".join(f"{name}: {problem}. {remedy}".split()))
