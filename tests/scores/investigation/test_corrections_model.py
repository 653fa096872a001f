"""Any order of corrections comes to what a naive model says, near 0 and near the largest score there is; and verifies."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit.ledger import EntryDraft
from audit.models import AuditEntry
from scores.chain import append_entry
from scores.errors import CorrectionRefused
from scores.integrity.verification import verify
from scores.investigation import corrections
from scores.models import MAXIMUM_BALANCE, MAXIMUM_POINTS, Score
from tests.support.acting import make_player
from tests.support.tampering import WHY

EDGES = [1, -1, MAXIMUM_POINTS, -MAXIMUM_POINTS, MAXIMUM_POINTS + 1, 0, -512_345]
ACTS = st.one_of(
    st.tuples(st.just("adjust"), st.one_of(st.sampled_from(EDGES), st.integers(-MAXIMUM_POINTS, MAXIMUM_POINTS))),
    st.tuples(st.sampled_from(["void", "restore"]), st.integers(0, 12)),
)


class Model:
    """What is owed: the balance, and of each entry its kind, its points and whether it was reversed."""

    def __init__(self, balance: int) -> None:
        self.balance = balance
        self.entries: list[tuple[str, int]] = [("adjust", balance)]
        self.reversals: dict[int, int] = {}

    def find_wanted(self, act: str, number: int) -> int | None:
        """The points that the act is to move, and what it reverses taken note of; None where it is to be refused."""
        if act == "adjust":
            return number if 0 < abs(number) <= MAXIMUM_POINTS else None
        if act == "restore" and self._kind(number) != "void":
            number = self.reversals.get(number, 0)
        kind = "void" if act == "restore" else "adjust"
        if self._kind(number) != kind or number in self.reversals:
            return None
        self.reversals[number] = len(self.entries) + 1
        return -self.entries[number - 1][1]

    def move(self, act: str, wanted: int) -> int:
        """The points that there are to move."""
        delta = min(max(self.balance + wanted, 0), MAXIMUM_BALANCE) - self.balance
        self.balance += delta
        self.entries.append((act, delta))
        return delta

    def _kind(self, seq: int) -> str:
        return self.entries[seq - 1][0] if 1 <= seq <= len(self.entries) else ""


@pytest.mark.django_db
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(begin=st.sampled_from([1, 700_000, MAXIMUM_BALANCE - 1, MAXIMUM_BALANCE]), acts=st.lists(ACTS, max_size=25))
def test_any_order_of_corrections_comes_to_what_a_naive_model_says(begin: int, acts: list[tuple[str, int]]) -> None:
    number = Score.objects.count()
    player = make_player(f"Player {number}")
    append_entry(player, EntryDraft(kind="adjust", delta=begin, actor="system", context={}))
    model = Model(begin)
    for act, argument in acts:
        wanted = model.find_wanted(act, argument)
        arguments = {"delta": argument} if act == "adjust" else {"seq": argument}
        if wanted is None:
            with pytest.raises(CorrectionRefused):
                getattr(corrections, act)(player=player.pk, **arguments, **WHY)
            continue
        entry = getattr(corrections, act)(player=player.pk, **arguments, **WHY)
        delta = model.move(act, wanted)
        assert (entry.delta, entry.balance, corrections.read_left_out(entry)) == (delta, model.balance, wanted - delta)
    assert Score.objects.get(pk=player.pk).points == model.balance
    assert AuditEntry.objects.filter(player=player.pk).count() == len(model.entries)
    assert list(verify(player=player.pk)) == []
