"""The names of a head's shape keys, bones and properties, to be found however they are spelt."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from .bone_names import bone_names
from .rig_names import bare, plain, shared_prefixes, words

# How sure a name is the one that is wanted.
EXACT, SPELLING, PREFIX, WORDS = 1.0, 0.95, 0.9, 0.75
HOW = {
    EXACT: "same name",
    SPELLING: "same name, spelt another way",
    PREFIX: "same name after a prefix",
    WORDS: "same words",
}


@dataclass(frozen=True)
class Rig:
    """The names on a head. `still`: shape keys that move nothing. `driven`: shape keys with a driver."""

    keys: tuple[str, ...] = ()
    bones: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    still: frozenset[str] = frozenset()
    driven: frozenset[str] = frozenset()


class NameIndex:
    """Names of one kind. Where two are alike under a rule, that rule finds neither."""

    def __init__(self, names: Sequence[str]) -> None:
        shared = shared_prefixes(names)
        self.exact = {name: name for name in names}
        self.plain = _unique(names, plain)
        self.bare = _unique(names, lambda name: plain(bare(name, shared)))
        self.words = _unique(names, lambda name: words(bare(name, shared)))

    def find(self, wanted: str, loosely: bool = True) -> tuple[str, float] | None:
        """The name that is meant and how sure that is; `loosely`: also without prefixes, and by its words."""
        if wanted in self.exact:
            return wanted, EXACT
        if name := self.plain.get(plain(wanted)):
            return name, SPELLING
        if loosely and (name := self.bare.get(plain(bare(wanted)))):
            return name, PREFIX
        if loosely and (said := words(bare(wanted))) and (name := self.words.get(said)):
            return name, WORDS
        return None


class RigIndex:
    """All names of a rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.keys, self.bones, self.properties = NameIndex(rig.keys), NameIndex(rig.bones), NameIndex(rig.properties)
        # The bones of a generated rig that an animator handles.
        prefixes = bone_names().mechanism_prefixes
        self.controls = NameIndex([name for name in rig.bones if not name.startswith(prefixes)])


def _unique(names: Iterable[str], spelt: Callable[[str], Hashable]) -> dict:
    """Spelling -> the name that is spelt so, where it is the only one."""
    found: dict = {}
    for name in names:
        found.setdefault(spelt(name), []).append(name)
    return {key: alike[0] for key, alike in found.items() if key and len(alike) == 1}
