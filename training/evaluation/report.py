"""The evaluation's figures as the tables of docs/evaluation.md."""

from pathlib import Path

import numpy as np

from . import report_clips
from .tables import number, table

BEGIN, END = "<!-- tables: begin (training/evaluation/evaluate.py writes what follows) -->", "<!-- tables: end -->"
HEADS = ("<!-- heads: begin (training/evaluation/evaluate.py writes what follows) -->", "<!-- heads: end -->")
# (figure, minimum, goal, more is better): the targets.
OF_PICTURES = (
    ("mean r", 0.55, 0.70, True),
    ("usable channels", 22, 32, True),
    ("emotion, accuracy of 7", 0.75, 0.85, True),
    ("subtle emotion, accuracy of 7", 0.50, 0.60, True),
    ("mean gain", 0.5, 0.8, True),
    ("neutral bias", 0.02, 0.01, False),
    ("false activations", 0.04, 0.02, False),
    ("head rotation, degrees", 2.7, 2.0, False),
    ("blink F1 at .5, pictures", 0.95, 0.98, True),
)
TARGETS = (
    *(("sessions", *target) for target in OF_PICTURES),
    ("videos", "mean r", 0.60, 0.75, True),
    ("videos", "blink F1 at .5, events", 0.95, 0.98, True),
    ("ramps", "ramp of weights, overshoot", 0.10, 0.05, False),
    *(("stills", *target) for target in OF_PICTURES),
)
# Figures printed for a read-out; the rest of its column would repeat the tracker's own.
OF_READOUT = ("emotion", "subtle", "valence", "arousal", "ramp of intensity")
# Figures of heads by other authors.
OF_STILLS = (
    "pictures", "mean r", "visible channels", "usable channels", "mean gain", "emotion, accuracy of 7", "neutral bias",
    "false activations", "head rotation, degrees", "yaw slope", "faces found, share",
)  # fmt: skip
OF_HEADS = {"stills": OF_STILLS, "videos": (*OF_STILLS, "blink F1 at .5, events")}
OF_LEFT_OUT = (
    "pictures", "mean r", "visible channels", "usable channels", "mean gain", "neutral bias", "false activations",
    "emotion, accuracy of 7",
)  # fmt: skip
SPEED_LEAST, SPEED_REACH = 6.0, 3.0  # ms: minimum and goal


def insert(path: Path, tables: str, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Replace the tables between the marks of the page; the text around them stays."""
    blank = "\n".join(["# Evaluation\n", *HEADS, "", BEGIN, END, ""])
    page = path.read_text(encoding="utf-8") if path.exists() else blank
    before, rest = page.split(marks[0], 1)
    path.write_text(f"{before}{marks[0]}\n\n{tables}\n{marks[1]}{rest.split(marks[1], 1)[1]}", encoding="utf-8")


def other_heads(results: dict) -> str:
    """Heads by other authors, and people who are no renders: what says most, so it comes first."""
    found = results["heads"]
    measured = "; ".join(found["measured"]) or "none measured"
    parts = [f"## Heads by other authors, another renderer ({results['date']}): {measured}\n"]
    parts += [f"Absent sets: {', '.join(found['absent']) or 'none'}.\n"]
    for kind in ("stills", "videos"):
        if found[kind]:
            rows = [
                [f"{title}: {tracker}", *(number(row.get(name)) for name in OF_HEADS[kind])]
                for title, of_tracker in found[kind].items()
                for tracker, row in of_tracker.items()
            ]
            parts += [f"### {kind.capitalize()} of these heads\n", table(["heads: tracker", *OF_HEADS[kind]], rows)]
    parts += _left_out(results["left out"])
    parts += [*_labelled(results["labelled"]), *report_clips.sections(results["clips"])]
    return "\n".join([*parts, *_closures(results["closures"])])


def _left_out(found: dict[str, dict]) -> list[str]:
    parts = ["### Leave one author out\n"]
    if not found:
        return [*parts, "Not measured: give networks trained without an author with `--models-without`.\n"]
    for kind, of_author in found.items():
        rows = {"**mean over authors**": means(of_author), **of_author}
        lines = [
            [f"{author}: {tracker}", *(number(of.get(name)) for name in OF_LEFT_OUT)]
            for author, of_tracker in rows.items()
            for tracker, of in of_tracker.items()
        ]
        parts += [f"{kind.capitalize()}:\n", table(["left out: networks", *OF_LEFT_OUT], lines)]
    return parts


def means(of_author: dict[str, dict]) -> dict[str, dict[str, float]]:
    """Tracker -> mean of each figure over the authors on whom it was measured."""
    trackers = dict.fromkeys(tracker for of_tracker in of_author.values() for tracker in of_tracker)
    return {
        tracker: {
            name: float(np.mean([of[tracker].get(name, np.nan) for of in of_author.values() if tracker in of]))
            for name in OF_LEFT_OUT
            if name != "pictures"
        }
        for tracker in trackers
    }


def _labelled(labelled: dict) -> list[str]:
    title = "### Clips of one woman with acted emotions: rank of the label among seven, intensity over neutral\n"
    if not labelled:
        return [title, "Not measured: the clips are missing.\n"]
    clips = list(next(iter(labelled.values())))
    rows = [[clip, *(_rank(*of[clip]) if clip in of else "-" for of in labelled.values())] for clip in clips]
    first = [f"{sum(rank == 1 for rank, *_ in of.values())} of {len(of)}" for of in labelled.values()]
    ranks, over = (
        [number(float(np.mean([value[i] for value in of.values()]))) for of in labelled.values()] for i in (0, 2)
    )
    top = [["**label ranked first**", *first], ["mean rank", *ranks], ["mean intensity over neutral", *over]]
    return [title, table(["clip", *labelled], [*top, *rows])]


def _rank(rank: int, first: str, over: float) -> str:
    return f"{rank} (first: {first}), {number(over)}"


def _closures(closures: dict[str, list[int]]) -> list[str]:
    title = "### Closures of the lids in real clips: captured, and keyed by a bake with the settings of a new head\n"
    if not closures:
        return [title, "Not measured: `tools.keyed` baked no clip.\n"]
    total = [sum(column) for column in zip(*closures.values(), strict=True)]
    rows = [[clip, *map(str, of)] for clip, of in {"**all clips**": total, **closures}.items()]
    return [title, table(["clip", "captured", "of these keyed", "keyed in all"], rows)]


def markdown(results: dict) -> str:
    """The renderer and head families of training."""
    parts = ["## The renderer and head families of training\n"]
    if not results["sets"]:
        return "\n".join([*parts, "Not measured: there are no test sets (`training.evaluation.make_test_sets`).\n"])
    parts += _targets(results)
    if results["variants"]:
        rows = {f"{name}: {at}": of for name, variant in results["variants"].items() for at, of in variant.items()}
        parts += ["### Variants: what each part contributes\n", _short(rows, "model: tested on")]
    parts += ["### Fairness: the stills by skin tone and age\n", _short(results["fairness"], "people")]
    parts += [*_sets(results), *_channels(results)]
    return "\n".join(parts)


def with_interval(figure: list[float]) -> str:
    value, *ends = figure
    whole = float(value).is_integer() and abs(value) > 1
    text = f"{value:.0f}" if whole else number(value)
    if not ends:
        return text
    return f"{text} ({' – '.join(f'{end:.0f}' if whole else number(end) for end in ends)})"


def _targets(results: dict) -> list[str]:
    trackers = [t for t in next(iter(results["sets"].values())) if t == "FIELDS" or not t.startswith("FIELDS")]
    rows = []
    for name, figure, least, reach, more in TARGETS:
        sets = {at: s for at, s in results["sets"].items() if at.startswith(f"{name}, ") and "all heads" not in at}
        cells = {t: [s[t].get(figure, [np.nan])[0] for s in sets.values()] for t in trackers}
        if not sets:
            continue
        worst = (min if more else max)(cells["FIELDS"])
        figures = [" / ".join(map(number, cells[t])) for t in trackers]
        rows.append([f"{figure}, {name}", f"{least:g} / {reach:g}", *figures, _verdict(worst, least, reach, more)])
    speed = results["speed"]
    parts = ", ".join(f"{name} {ms:.1f}" for name, ms in speed.items() if name != "together")
    verdict = _verdict(speed["together"], SPEED_LEAST, SPEED_REACH, False)
    wanted = f"{SPEED_LEAST:g} / {SPEED_REACH:g}"
    what = f"regressor alone, ms a frame, 2 threads, float32 ({parts})"
    rows.append([what, wanted, number(speed["together"]), *["-"] * (len(trackers) - 1), verdict])
    heads = " / ".join(at.split(", ")[1] for at in results["sets"] if at.startswith("stills") and "all" not in at)
    head = ["measure", "at least / reach", *trackers, "reached on both"]
    return [f"### Against the targets: {heads}\n", table(head, rows)]


def _verdict(value: float, least: float, reach: float, more: bool) -> str:
    sign = 1 if more else -1
    return "**yes**" if sign * (value - reach) >= 0 else "at least" if sign * (value - least) >= 0 else "no"


def _sets(results: dict) -> list[str]:
    parts = []
    for at, trackers in results["sets"].items():
        people, pictures = results["people"][at]
        figures = list(dict.fromkeys(name for tracker in trackers.values() for name in tracker))
        rows = [[name, *(_cell(t, name, of) for t, of in trackers.items())] for name in figures]
        parts += [f"### {at[0].upper()}{at[1:]}: {people} people, {pictures} pictures\n"]
        parts += [table(["figure", *trackers], rows)]
    return parts


def _cell(tracker: str, figure: str, figures: dict) -> str:
    if figure not in figures or ("read out" in tracker and not figure.startswith(OF_READOUT)):
        return "-"
    return with_interval(figures[figure])


def _channels(results: dict) -> list[str]:
    parts = []
    for at, trackers in results["channels"].items():
        if not at.endswith("all heads"):
            continue
        shown = [t for t in trackers if t == "FIELDS" or not t.startswith("FIELDS")]
        rows = []
        for i, name in enumerate(results["names"]):
            mark = "" if trackers[shown[0]]["visible"][i] else " (not judged)"
            cells = [number(trackers[t][key][i]) for t in shown for key in ("r", "gain", "mae")]
            rows.append([name + mark, *cells])
        head = ["channel", *(f"{t} {key}" for t in shown for key in ("r", "gain", "MAE"))]
        parts += [f"### Channels, {at}\n", table(head, rows)]
    return parts


def _short(of: dict[str, dict], head: str) -> str:
    """The main figures, one row for each of `of`."""
    figures = (
        "mean r", "usable channels", "mean gain", "neutral bias", "false activations", "emotion, accuracy of 7",
        "subtle emotion, accuracy of 7", "valence CCC", "blink F1 at .5, pictures", "faces found, share",
    )  # fmt: skip
    return table([head, *figures], [[name, *(number(row.get(f)) for f in figures)] for name, row in of.items()])
