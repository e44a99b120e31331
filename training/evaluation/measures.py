"""The evaluation's measures, as plain functions of arrays. `w` are ARKit weights, (n, k) for k channels.

A guess is compared with the truth channel by channel over pictures. Most weights are 0, so a tracker that always says 0
has a small error: errors are only reported together with correlation and gain.
"""

from collections.abc import Callable, Sequence

import numpy as np

MOVES = 0.05  # standard deviation of the truth above which a channel counts as moving
SHOWN = 0.2  # a visible weight
USABLE_R, USABLE_GAIN = 0.5, (0.3, 2.0)


def correlation(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(k,) Pearson's r of each channel. 0 where the guess never moves, NaN where the truth doesn't."""
    g, t = guess - guess.mean(axis=0), truth - truth.mean(axis=0)
    spread_g, spread_t = np.sqrt((g**2).mean(axis=0)), np.sqrt((t**2).mean(axis=0))
    still = spread_g < 1e-9
    r = (g * t).mean(axis=0) / np.where(still, 1.0, spread_g) / np.where(spread_t < 1e-9, np.nan, spread_t)
    return np.where(still & ~np.isnan(r), 0.0, r)


def gain(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(k,) regression slope of the guess on the truth: 1 moves as much as the truth. NaN where the truth is still."""
    g, t = guess - guess.mean(axis=0), truth - truth.mean(axis=0)
    variance = (t**2).mean(axis=0)
    return (g * t).mean(axis=0) / np.where(variance < 1e-18, np.nan, variance)


def visible(truth: np.ndarray, motion: np.ndarray, least: float = 0.02) -> np.ndarray:
    """(k,) bool: channels that can be judged from pictures.

    The truth must move (standard deviation over MOVES), and at full weight the channel must move some point of the head
    by `least`: motion (k,) in inter-ocular distances. So a shape that a head family lacks does not count.
    """
    return (truth.std(axis=0) > MOVES) & (motion > least)


def usable(r: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """(k,) bool: r above USABLE_R and a gain within USABLE_GAIN."""
    return (r > USABLE_R) & (slope >= USABLE_GAIN[0]) & (slope <= USABLE_GAIN[1])


def neutral_bias(at_rest: np.ndarray) -> float:
    """Mean |w| over resting faces (n, k) and channels."""
    return float(np.abs(at_rest).mean())


def false_activations(guess: np.ndarray, truth: np.ndarray, none: float = 1e-3) -> tuple[float, float]:
    """Over all (picture, channel) whose truth is 0: mean |guess|, and the share of guesses over SHOWN."""
    idle = np.abs(guess[truth < none])
    return float(idle.mean()), float((idle > SHOWN).mean())


def turn_leak(guess: np.ndarray, sweep: np.ndarray) -> float:
    """Mean over channels of the standard deviation of w while only the head turns. sweep (n,): each row's sweep."""
    return float(np.mean([guess[sweep == s].std(axis=0).mean() for s in np.unique(sweep)]))


def identity_leak(guess: np.ndarray, moment: np.ndarray) -> float:
    """Share of the variance of w that lies between people who do the same. moment (n,): each row's expression.

    0: all people give the same weights; 1: the weights depend on identity alone.
    """
    between = np.mean([guess[moment == m].var(axis=0).sum() for m in np.unique(moment)])
    return float(between / max(guess.var(axis=0).sum(), 1e-12))


def along(w: np.ndarray, prototype: np.ndarray) -> np.ndarray:
    """(n,) strength of an expression in w (n, k): projection onto `prototype` (k,), 1 where w equals it."""
    return w @ prototype / (prototype @ prototype)


def ramp(level: np.ndarray, strength: np.ndarray) -> tuple[float, float, float]:
    """Slope, Spearman's rank correlation and overshoot (largest excess) of a predicted level (n,) over a rising true
    strength (n,)."""
    slope = gain(level[:, None], strength[:, None])[0]
    return float(slope), rank_correlation(level, strength), float(np.maximum(level - strength, 0).max())


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of a and b (n,)."""
    return float(correlation(_ranks(a)[:, None], _ranks(b)[:, None])[0])


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a positive scores above a negative; ties count half."""
    both = _ranks(np.concatenate([positive, negative]))
    p, n = len(positive), len(negative)
    return float((both[:p].sum() - p * (p - 1) / 2) / (p * n))


def _ranks(x: np.ndarray) -> np.ndarray:
    """(n,) ranks from 0; equal values share the mean of theirs."""
    _, group, count = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2)[group]


def accuracy(scores: np.ndarray, label: np.ndarray) -> float:
    """Share of rows whose highest score (n, c) is at the label (n,)."""
    return float((scores.argmax(axis=1) == label).mean())


def balanced_accuracy(scores: np.ndarray, label: np.ndarray) -> float:
    """Mean over classes of the share of their rows that score highest at the label."""
    return float(np.mean([accuracy(scores[label == c], label[label == c]) for c in np.unique(label)]))


def ccc(guess: np.ndarray, truth: np.ndarray) -> float:
    """Lin's concordance correlation: 1 only where the values themselves agree."""
    covariance = ((guess - guess.mean()) * (truth - truth.mean())).mean()
    return float(2 * covariance / max(guess.var() + truth.var() + (guess.mean() - truth.mean()) ** 2, 1e-12))


def rmse(guess: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(((guess - truth) ** 2).mean()))


def sagr(guess: np.ndarray, truth: np.ndarray) -> float:
    """Sign agreement, over rows with non-zero truth."""
    has = truth != 0
    return float((np.sign(guess[has]) == np.sign(truth[has])).mean())


def rotation_error(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n,) degrees between rotations (n, 3, 3)."""
    cosine = (np.einsum("nij,nij->n", guess, truth) - 1) / 2
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def without_offset(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The guessed rotations (n, 3, 3) after the one fixed rotation of the head that brings them closest to the truth:
    where "straight ahead" lies is a convention of each head."""
    u, _, v = np.linalg.svd(np.einsum("nji,njk->ik", guess, truth))
    return guess @ (u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v)


def yaw(rotation: np.ndarray) -> np.ndarray:
    """(n,) degrees to the subject's left, of rotations (n, 3, 3)."""
    return np.degrees(np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2]))


def f1(guess: np.ndarray, truth: np.ndarray) -> float:
    """F1 of booleans."""
    hit = (guess & truth).sum()
    return float(2 * hit / max(guess.sum() + truth.sum(), 1))


def spans(on: np.ndarray) -> list[tuple[int, int]]:
    """(first, last) of each run of true values in (n,) bool."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in edge.reshape(-1, 2)]


def rows_in(spans: list, count: int) -> np.ndarray:
    """(count,) bool: rows within any of the spans (first, last)."""
    rows = np.zeros(count, bool)
    for first, last in spans:
        rows[max(first, 0) : last + 1] = True
    return rows


def matched(guess: Sequence[tuple], truth: Sequence[tuple], slack: float = 1) -> tuple[int, int, int]:
    """Numbers of events (first, last) that agree, are invented, and are missed. Two agree if they overlap within
    `slack` rows; each counts once, in order of time."""
    free, hits = list(truth), 0
    for first, last in guess:
        partner = next((t for t in free if first - slack <= t[1] and t[0] <= last + slack), None)
        if partner:
            free.remove(partner)
            hits += 1
    return hits, len(guess) - hits, len(free)


def event_f1(hits: int, invented: int, missed: int) -> float:
    return 2 * hits / max(2 * hits + invented + missed, 1)


def jitter(w: np.ndarray) -> np.ndarray:
    """(k,) mean |second difference| over rows in time: 0 for uniform motion."""
    return np.abs(np.diff(w, 2, axis=0)).mean(axis=0)


def interval(
    person: np.ndarray, score: Callable[[np.ndarray], np.ndarray], resamples: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """95 % bootstrap interval of `score(rows)`, drawing PEOPLE with replacement, since frames of one person are not
    independent. person (n,): number of each row's person."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(person == p) for p in np.unique(person)]
    draws = [
        score(np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))])) for _ in range(resamples)
    ]
    low, high = np.nanpercentile(np.array(draws), [2.5, 97.5], axis=0)
    return low, high
