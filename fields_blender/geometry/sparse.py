"""Few of many: sparse non-negative least squares, and who gets what where each is given once."""

import numpy as np

_SWEEPS, _CLOSE = 200, 1e-5


def explain(
    products: np.ndarray, target: np.ndarray, cost: float, most: float, opposed: np.ndarray, share: float = 0.1
) -> np.ndarray:
    """Amounts (p,) within 0..`most` of p unit columns that sum up nearly to a unit target, few of them not 0.

    `products` (p, p) of the columns with each other, `target` (p,) with the target; `cost` of an amount of 1 (L1);
    `opposed` (p, p) bool: never both, the lesser goes. Amounts below `share` of the largest go too. The cost picks
    them; the amounts of those picked are without it. Lewis et al., Practice and theory of blendshape facial models,
    2014: coordinate descent.
    """
    free = np.ones(len(target), bool)
    while True:
        amounts = descend(products, target - cost, most, free)
        clash = opposed & (amounts > 0.0) & (amounts[:, None] > 0.0)
        small = (amounts > 0.0) & (amounts < share * amounts.max(initial=0.0))
        if clash.any():
            a, b = np.unravel_index(int(clash.argmax()), clash.shape)
            free[a if amounts[a] < amounts[b] else b] = False
        elif small.any():
            free[np.flatnonzero(small)[amounts[small].argmin()]] = False
        else:
            return descend(products, target, most, amounts > 0.0)


def descend(products: np.ndarray, target: np.ndarray, most: float, free: np.ndarray) -> np.ndarray:
    """Amounts (p,) within 0..`most` of columns with `products` (p, p) that come closest to a target whose products with
    them are `target` (p,); 0 where not `free`. Of columns that do the same the first has it all."""
    amounts = np.zeros(len(target))
    for _ in range(_SWEEPS):
        largest = 0.0
        for i in np.flatnonzero(free & ((amounts > 0.0) | (target - products @ amounts > 0.0))):
            value = amounts[i] + (target[i] - products[i] @ amounts) / products[i, i]
            value = min(max(value, 0.0), most)
            largest = max(largest, abs(value - amounts[i]))
            amounts[i] = value
        if largest < _CLOSE:
            break
    return amounts


def explained(products: np.ndarray, targets: np.ndarray) -> float:
    """How much of unit targets (k) sums of unit columns (p) without negative amounts explain, 0..1 in the mean.

    `products` (p, p) of the columns with each other, `targets` (k, p) with the targets. Projected gradient descent.
    """
    step = 1.0 / max(float(np.linalg.eigvalsh(products)[-1]), 1e-12)
    amounts = np.zeros(targets.shape)
    for _ in range(100):
        amounts = np.maximum(amounts + step * (targets - amounts @ products), 0.0)
    return float((2.0 * amounts * targets - amounts * (amounts @ products)).sum(axis=1).mean())


def assign(gain: np.ndarray) -> np.ndarray:
    """The column (n,) of each row of `gain` (n, p) so that no column is given twice and the sum is largest; -1: none,
    where only a gain of 0 or less is left. Kuhn's Hungarian method with potentials (Jonker and Volgenant, 1987)."""
    rows, columns = gain.shape
    # A column of its own for each row, worth nothing: to stay without one.
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
