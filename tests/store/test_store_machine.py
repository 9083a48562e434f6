"""The store against a dict: whatever is added, edited, pruned, restarted or damaged, it says what the dict says."""

import copy
import random
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from made_store import WordEmbedder, made_brief, self_retrieval_misses

from store.keeper import FolderKeeper
from store.model import Brief, Changes
from store.selfcheck import fault_of
from store.store import Store

NAMES = st.sampled_from(["a.txt", "b.txt", "c.txt"])
NUMBERS = st.lists(st.integers(0, 7), unique=True, max_size=4)
NOTES = st.sampled_from(["", "First edition.", "Second edition."])


class StoreMachine(RuleBasedStateMachine):
    """Briefs go in and out of a real store in a folder; `briefs` is what ought to be there, newest last."""

    def __init__(self) -> None:
        super().__init__()
        # The same check as ever, but without a child process: it asks Chroma only after every file has its digest.
        self.check = patch.multiple(
            FolderKeeper,
            start_check=lambda keeper: None,
            _fault=lambda keeper, version: fault_of(keeper._folder / version),
        )
        self.check.start()
        self.folder = Path(tempfile.mkdtemp(prefix="unblur-machine-"))
        self.told: list[str] = []
        self.briefs: dict[str, Brief] = {}
        self.leftover: dict[str, str] = {}  # texts of sources that an edit no longer names, until prune
        self.damaged = False

    @initialize()
    def start(self) -> None:
        self.store = Store.open(self.folder, WordEmbedder(), notify=self.told.append)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        shutil.rmtree(self.folder)
        self.check.stop()

    def wanted(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Text and briefs of every source by id; the newest brief that names a source decides its text."""
        found = {identity: (text, ()) for identity, text in self.leftover.items()}
        for name, brief in self.briefs.items():
            for identity, text in texts_of(brief).items():
                names = found.get(identity, ("", ()))[1]
                found[identity] = (text, tuple(sorted({*names, name})))
        return found

    @rule(name=NAMES, numbers=NUMBERS, note=NOTES)
    def put(self, name: str, numbers: list[int], note: str) -> None:
        brief, before = made_brief(name, numbers, note), self.wanted()
        changes = self.store.put(brief)
        if self.briefs.get(name) == brief:
            assert changes == Changes(unchanged=len(numbers))
            return
        self.briefs.pop(name, None)
        self.briefs[name] = brief
        self.leftover = {identity: text for identity, (text, _) in before.items() if identity not in self.named()}
        after = self.wanted()
        of_brief = texts_of(brief)
        added = [identity for identity in of_brief if identity not in before]
        changed = [
            identity for identity in of_brief if identity in before and before[identity][0] != after[identity][0]
        ]
        assert changes == Changes(len(added), len(changed), len(of_brief) - len(added) - len(changed))

    def named(self) -> set[str]:
        return {identity for brief in self.briefs.values() for identity in texts_of(brief)}

    @precondition(lambda self: self.briefs)
    @rule(data=st.data())
    def put_again(self, data: st.DataObject) -> None:
        brief = self.briefs[data.draw(st.sampled_from(sorted(self.briefs)))]
        assert self.store.put(copy.deepcopy(brief)) == Changes(unchanged=len(brief.entries))

    @rule(names=st.sets(NAMES))
    def prune(self, names: set[str]) -> None:
        before = self.wanted()
        for name in names:
            self.briefs.pop(name, None)
        self.leftover = {}
        assert self.store.prune(names) == len(before.keys() - self.wanted().keys())

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.start()

    @rule(chance=st.randoms(use_true_random=False))
    def damage(self, chance: random.Random) -> None:
        version = self.folder / "index" / str(self.store._table.get_meta("index_version"))
        self.store.close()
        path = chance.choice(sorted(path for path in version.rglob("*") if path.is_file()))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        self.damaged = fault_of(version) is not None  # a file that was empty before is as it was
        self.start()

    @invariant()
    def the_table_says_what_the_dict_says(self) -> None:
        assert {s.source_id: (s.text, s.briefs) for s in self.store.sources()} == self.wanted()
        assert [record.name for record in self.store.briefs()] == sorted(self.briefs)

    @invariant()
    def the_index_holds_every_passage_and_finds_it(self) -> None:
        index = self.store._keeper.index()
        assert index.contents() == self.store._table.passage_sources()
        assert self_retrieval_misses(self.store) == []
        assert bool(self.told) == self.damaged
        self.told.clear()
        self.damaged = False


def texts_of(brief: Brief) -> dict[str, str]:
    """The text of each source that a brief names, by id, were it the only brief."""
    store = _TEXTS.setdefault(brief, {})
    if not store and brief.entries:
        alone = Store.in_memory(WordEmbedder())
        alone._keeper.index = lambda: None  # type: ignore[assignment, method-assign, return-value] - texts are enough
        alone.put(brief)
        store.update({source.source_id: source.text for source in alone.sources()})
    return store


_TEXTS: dict[Brief, dict[str, str]] = {}


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=24,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
