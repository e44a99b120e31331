"""Sparse non-negative least squares, and the assignment problem."""

import numpy as np

_SWEEPS, _CLOSE = 200, 1e-5


def explain(
    gram: np.ndarray, target: np.ndarray, cost: float, most: float, opposed: np.ndarray, share: float = 0.1
) -> np.ndarray:
    """Amounts (p,) within 0..`most` of p unit columns whose sum comes close to a unit target, with few amounts not 0.

    `gram` (p, p): the columns' dot products with each other; `target` (p,): with the target. `cost`: L1 penalty on the
    amounts. `opposed` (p, p) bool: pairs that exclude each other; the smaller amount is dropped. Amounts below `share`
    of the largest are dropped too. The penalty selects columns; the amounts of those selected are fitted without it.
    Coordinate descent, as in Lewis et al., *Practice and theory of blendshape facial models*, 2014.
    """
    free = np.ones(len(target), bool)
    while True:
        amounts = coordinate_descent(gram, target - cost, most, free)
        clash = opposed & (amounts > 0.0) & (amounts[:, None] > 0.0)
        small = (amounts > 0.0) & (amounts < share * amounts.max(initial=0.0))
        if clash.any():
            a, b = np.unravel_index(int(clash.argmax()), clash.shape)
            free[a if amounts[a] < amounts[b] else b] = False
        elif small.any():
            free[np.flatnonzero(small)[amounts[small].argmin()]] = False
        else:
            return coordinate_descent(gram, target, most, amounts > 0.0)


def coordinate_descent(gram: np.ndarray, target: np.ndarray, most: float, free: np.ndarray) -> np.ndarray:
    """Least-squares amounts (p,) within 0..`most` of columns with dot products `gram` (p, p), for a target whose dot
    products with them are `target` (p,); 0 where not `free`. Of identical columns the first gets all."""
    amounts = np.zeros(len(target))
    for _ in range(_SWEEPS):
        largest = 0.0
        for i in np.flatnonzero(free & ((amounts > 0.0) | (target - gram @ amounts > 0.0))):
            value = amounts[i] + (target[i] - gram[i] @ amounts) / gram[i, i]
            value = min(max(value, 0.0), most)
            largest = max(largest, abs(value - amounts[i]))
            amounts[i] = value
        if largest < _CLOSE:
            break
    return amounts


def explained(gram: np.ndarray, targets: np.ndarray) -> float:
    """The mean fraction, 0..1, of k unit targets that non-negative sums of p unit columns explain.

    `gram` (p, p): the columns' dot products with each other; `targets` (k, p): with the targets. Projected gradient
    descent.
    """
    step = 1.0 / max(float(np.linalg.eigvalsh(gram)[-1]), 1e-12)
    amounts = np.zeros(targets.shape)
    for _ in range(100):
        amounts = np.maximum(amounts + step * (targets - amounts @ gram), 0.0)
    return float((2.0 * amounts * targets - amounts * (amounts @ gram)).sum(axis=1).mean())


def assign(gain: np.ndarray) -> np.ndarray:
    """The column (n,) of each row of `gain` (n, p), no column twice, that maximizes the total gain; -1: none, where
    only gains of 0 or less are left. Kuhn's Hungarian method with potentials (Jonker and Volgenant, 1987)."""
    rows, columns = gain.shape
    # For each row an extra column of gain 0: staying unassigned.
    cost = np.hstack([-gain, np.zeros((rows, rows))])
    total = columns + rows
    of_row, of_column = np.zeros(rows + 1), np.zeros(total + 1)
    owner = np.zeros(total + 1, int)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        least, before = np.full(total + 1, np.inf), np.zeros(total + 1, int)
        seen = np.zeros(total + 1, bool)
        while owner[at]:
            seen[at] = True
            reduced = cost[owner[at] - 1] - of_row[owner[at]] - of_column[1:]
            better = ~seen[1:] & (reduced < least[1:])
            least[1:][better], before[1:][better] = reduced[better], at
            step_to = int(np.where(seen, np.inf, least).argmin())
            step = least[step_to]
            of_row[owner[seen]] += step
            of_column[seen] -= step
            least[~seen] -= step
            at = step_to
        while at:
            owner[at] = owner[before[at]]
            at = before[at]
    given = np.full(rows, -1)
    for column in range(1, columns + 1):
        if owner[column]:
            given[owner[column] - 1] = column - 1
    return given
