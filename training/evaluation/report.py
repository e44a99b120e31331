"""The evaluation's figures as the tables of docs/evaluation.md."""

from pathlib import Path

import numpy as np

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
SPEED_LEAST, SPEED_REACH = 6.0, 3.0  # ms: minimum and goal


def insert(path: Path, tables: str, marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Replace the tables between the marks of the page; the text around them stays."""
    blank = "\n".join(["# Evaluation\n", *HEADS, "", BEGIN, END, ""])
    page = path.read_text(encoding="utf-8") if path.exists() else blank
    before, rest = page.split(marks[0], 1)
    path.write_text(f"{before}{marks[0]}\n\n{tables}\n{marks[1]}{rest.split(marks[1], 1)[1]}", encoding="utf-8")


def other_heads(results: dict) -> str:
    """Heads by other authors and people who are no renders: what says most, so it comes first."""
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
    return "\n".join([*parts, *_labelled(results["labelled"]), *_closures(results["closures"])])


def _labelled(labelled: dict) -> list[str]:
    title = "### Clips of one woman with acted emotions: rank of the label among seven\n"
    if not labelled:
        return [title, "Not measured: the clips are missing.\n"]
    clips = list(next(iter(labelled.values())))
    rows = [
        [clip, *(f"{of[clip][0]} (first: {of[clip][1]})" for of in labelled.values())] for clip in clips
    ]  # fmt: skip
    first = [f"{sum(of[clip][0] == 1 for clip in clips)} of {len(clips)}" for of in labelled.values()]
    return [title, table(["clip", *labelled], [["**label ranked first**", *first], *rows])]


def _closures(closures: dict[str, list[int]]) -> list[str]:
    title = "### Closures of the lids in real clips: captured, and keyed by a bake with the settings of a new head\n"
    if not closures:
        return [title, "Not measured: `tools.keyed` baked no clip.\n"]
    total = [sum(column) for column in zip(*closures.values(), strict=True)]
    rows = [[clip, *map(str, of)] for clip, of in {"**all clips**": total, **closures}.items()]
    return [title, table(["clip", "captured", "of these keyed", "keyed in all"], rows)]


def markdown(results: dict) -> str:
    """The real clips, then the renderer and head families of training."""
    parts = [*_clips(results["clips"]), "## The renderer and head families of training\n"]
    if not results["sets"]:
        return "\n".join([*parts, "Not measured: there are no test sets (`training.evaluation.make_test_sets`).\n"])
    parts += _targets(results)
    if results["variants"]:
        rows = {f"{name}: {at}": of for name, variant in results["variants"].items() for at, of in variant.items()}
        parts += ["### Variants: what each part contributes\n", _short(rows, "model: tested on")]
    parts += ["### Fairness: the stills by skin tone and age\n", _short(results["fairness"], "people")]
    parts += [*_sets(results), *_channels(results)]
    return "\n".join(parts)


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


def _clips(clips: dict) -> list[str]:
    if not clips:
        return ["## Real clips\n", "Not measured: the clips are missing.\n"]
    trackers = list(next(iter(clips.values())))
    rows = []
    for measure, figures in clips.items():
        if measure in ("blinks", "movements"):
            continue
        names = sorted({clip for of_clip in figures.values() for clip in of_clip})
        mean = [number(float(np.mean(list(figures.get(t, {0: np.nan}).values())))) for t in trackers]
        rows.append([f"{measure} (mean of {len(names)} clips)", *mean])
        rows += [[f"· {clip}", *(number(figures.get(t, {}).get(clip)) for t in trackers)] for clip in names]
    hits = {t: np.sum(list(clips["blinks"][t].values()), axis=0) for t in trackers}
    f1 = [2 * hits[t][0] / max(2 * hits[t][0] + hits[t][1] + hits[t][2], 1) for t in trackers]
    rows.append(["blinks of each eye against the annotations: F1 at .5", *map(number, f1)])
    rows.append(["· agreeing / invented / missed", *(" / ".join(map(str, hits[t])) for t in trackers)])
    seen = clips["movements"][trackers[0]]
    for clip, movements in seen.items():
        for name in movements:
            cells = [number(clips["movements"][t][clip][name]) for t in trackers]
            rows.append([f"{name} where it was annotated in {clip}: AUC", *cells])
    return ["## Real clips\n", table(["measure", *trackers], rows)]


def _short(of: dict[str, dict], head: str) -> str:
    """The main figures, one row for each of `of`."""
    figures = (
        "mean r", "usable channels", "mean gain", "neutral bias", "false activations", "emotion, accuracy of 7",
        "subtle emotion, accuracy of 7", "valence CCC", "blink F1 at .5, pictures", "faces found, share",
    )  # fmt: skip
    return table([head, *figures], [[name, *(number(row.get(f)) for f in figures)] for name, row in of.items()])
