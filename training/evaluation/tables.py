"""Numbers and tables as Markdown."""

import numpy as np


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float | None) -> str:
    if value is None or np.isnan(value):
        return "-"
    return (
        str(value)
        if isinstance(value, int)
        else f"{value:.0f}"
        if abs(value) >= 100
        else f"{value:.3f}"[: 5 + (value < 0)]
    )
