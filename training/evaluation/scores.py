"""The evaluation's figures for one tracker on one test set: name -> number, in the order they are printed."""

from collections.abc import Callable

import numpy as np

from fields_blender.core.names import ARKIT
from fields_blender.core.valence_arousal import VALENCE_AROUSAL

from . import measures, test_scripts
from .readings import PER_PERSON, Reading, Truth

BLINKS = [ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight")]
SHOWN = 0.3  # intensity from which the accuracy among the seven emotions is measured in videos
# Focal length over picture width: field of view over 48 degrees; 28 to 48 degrees; below.
LENSES = {"wide lens": (0.0, 1.1), "middle lens": (1.1, 2.0), "long lens": (2.0, np.inf)}

Figures = dict[str, float]


def channels(truth: Truth, reading: Reading) -> dict[str, np.ndarray]:
    """(52,) each: `visible`, `r`, `gain`, `mae`. A channel that the tracker lacks counts as 0. In sessions r and gain
    are computed for one person at a time and averaged over people.
    """
    guess, true = np.nan_to_num(reading.weights), truth["weights"]
    each = _groups(truth)
    least = measures.MOVES if truth.name in PER_PERSON else 0.0
    # A person drawn twice by a bootstrap has twice the rows and counts twice.
    share = np.array([rows.mean() * (true[rows].std(axis=0) > least) for rows in each])

    def mean(measure: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Mean over the people in whom a channel moves."""
        values = np.array([measure(guess[rows], true[rows]) for rows in each])
        return (np.nan_to_num(values) * share).sum(axis=0) / np.where(share.any(axis=0), share.sum(axis=0), np.nan)

    return {
        "visible": measures.visible(true, truth["motion"]) & truth.arrays.get("present", True) & share.any(axis=0),
        "r": mean(measures.correlation),
        "gain": mean(measures.gain),
        "mae": np.abs(guess - true).mean(axis=0),
    }


def _groups(truth: Truth) -> list[np.ndarray]:
    """Masks (n,) of the rows that are measured together: each person of a session, else all."""
    who = truth["person"] if truth.name in PER_PERSON else np.zeros(len(truth), int)
    return [who == person for person in np.unique(who)]


def expression(truth: Truth, reading: Reading) -> Figures:
    table = channels(truth, reading)
    seen = table["visible"]
    guess = np.nan_to_num(reading.weights)
    mean, share = measures.false_activations(guess, truth["weights"])
    return {
        "visible channels": int(seen.sum()),
        "mean r": float(table["r"][seen].mean()),
        "usable channels": int(measures.usable(table["r"], table["gain"])[seen].sum()),
        "mean gain": float(table["gain"][seen].mean()),
        "MAE": float(table["mae"][seen].mean()),
        "false activations": mean,
        "false activations over .2, share": share,
    }


def stills(truth: Truth, reading: Reading) -> Figures:
    kind = truth["kind"]
    at_rest, subtle = (kind == test_scripts.KINDS.index(name) for name in ("rest", "subtle"))
    figures = {
        **expression(truth, reading),
        "neutral bias": measures.neutral_bias(np.nan_to_num(reading.weights[at_rest])),
        **emotion(truth, reading, kind == test_scripts.KINDS.index("emotion"), "emotion"),
        **emotion(truth, reading, subtle, "subtle emotion"),
        "subtle detection, AUC": measures.auc(reading.intensity[subtle], reading.intensity[at_rest]),
        **affect(truth, reading),
        "blink F1 at .5, pictures": measures.f1(reading.weights[:, BLINKS] > 0.5, truth["weights"][:, BLINKS] > 0.5),
    }
    if reading.uncertainty is not None:
        error = np.sqrt(((np.nan_to_num(reading.weights) - truth["weights"]) ** 2).mean(axis=1))
        figures["uncertainty and error, Spearman"] = measures.rank_correlation(reading.uncertainty.mean(axis=1), error)
    return figures


def videos(truth: Truth, reading: Reading) -> Figures:
    return {
        **expression(truth, reading),
        **emotion(truth, reading, truth["intensity"] > SHOWN, "emotion"),
        **affect(truth, reading),
        "blink F1 at .5, events": blinks(truth, reading),
    }


def emotion(truth: Truth, reading: Reading, rows: np.ndarray, name: str) -> Figures:
    """Accuracy among the seven emotions."""
    label = truth["emotion"][rows, 1:].argmax(axis=1)
    return {f"{name}, accuracy of 7": measures.accuracy(reading.emotion[rows, 1:], label)}


def affect(truth: Truth, reading: Reading) -> Figures:
    """Valence and arousal where the truth is known."""
    known = truth["emotion"].sum(axis=1) > 0
    true, guess = valence_arousal(truth)[known], reading.valence_arousal[known]
    figures = {}
    for i, name in enumerate(("valence", "arousal")):
        figures[f"{name} CCC"] = measures.ccc(guess[:, i], true[:, i])
        figures[f"{name} RMSE"] = measures.rmse(guess[:, i], true[:, i])
        figures[f"{name} SAGR"] = measures.sagr(guess[:, i], true[:, i])
    return figures


def valence_arousal(truth: Truth) -> np.ndarray:
    """(n, 2) of the soft label."""
    return truth["emotion"] @ VALENCE_AROUSAL


def blinks(truth: Truth, reading: Reading) -> float:
    """F1 of blinks of each eye, as spans over .5, pooled over all shots."""
    totals = np.zeros(3)
    for clip in np.unique(truth["clip"]):
        rows = truth["clip"] == clip
        for column in BLINKS:
            guess = measures.spans(reading.weights[rows, column] > 0.5)
            totals += measures.matched(guess, measures.spans(truth["weights"][rows, column] > 0.5))
    return measures.event_f1(*totals)


def ramps(truth: Truth, reading: Reading) -> Figures:
    """Means over the ramps, one per person and emotion: for the emotion's weights, and for the predicted intensity."""
    weights = np.nan_to_num(reading.weights)
    rows_of = [
        np.flatnonzero((truth["person"] == person) & (truth["moment"] // test_scripts.STEPS == feeling))
        for person in np.unique(truth["person"])
        for feeling in range(len(test_scripts.SEVEN))
    ]
    rows_of = [rows for rows in rows_of if len(rows) > test_scripts.STEPS // 2]
    figures = {}
    for name in ("weights", "intensity"):
        found = []
        for rows in rows_of:
            full = truth["weights"][rows[-1]] / truth["intensity"][rows[-1]]
            level = measures.along(weights[rows], full) if name == "weights" else reading.intensity[rows]
            found.append(measures.ramp(level, truth["intensity"][rows]))
        slope, rank, over = np.mean(found, axis=0)
        figures |= {f"ramp of {name}, slope": slope, f"ramp of {name}, Spearman": rank}
        figures[f"ramp of {name}, overshoot"] = over
    return {**figures, "identity leak": measures.identity_leak(weights, truth["moment"])}


def sweeps(truth: Truth, reading: Reading) -> Figures:
    true, guess = measures.yaw(truth["turns"]), measures.yaw(reading.rotation)
    figures = {
        "leak of head turn": measures.turn_leak(np.nan_to_num(reading.weights), truth["person"]),
        "yaw slope": slope(guess, true),
    }
    for name, (low, high) in LENSES.items():
        some = (truth["focal"] >= low) & (truth["focal"] < high)
        figures[f"yaw slope, {name}"] = (
            slope(guess[some], true[some]) if some.sum() > len(test_scripts.SWEEP) else np.nan
        )
    return figures


def slope(guess: np.ndarray, true: np.ndarray) -> float:
    """Regression slope of a guess (n,) on the truth (n,)."""
    return float(measures.gain(guess[:, None], true[:, None])[0])


def rotation(truth: Truth, reading: Reading) -> Figures:
    """Degrees, for one head family: where "straight ahead" lies is a convention, so one fixed rotation is removed; in
    sessions, one for each person.
    """
    true, guess = truth["turns"], reading.rotation
    error = []
    for rows in _groups(truth):
        error.append(measures.rotation_error(measures.without_offset(guess[rows], true[rows]), true[rows]))
    return {
        "head rotation, degrees": float(np.concatenate(error).mean()),
        "the same, offset left in": float(measures.rotation_error(guess, true).mean()),
    }
