"""Forms of the acts: what each needs to know, and the reason it is confirmed with."""

from collections.abc import Iterable
from itertools import islice
from typing import Any
from uuid import UUID

from django import forms

from audit.models import AuditEntry
from scores.admin.act_steps import Step
from scores.admin.places import EntriesField, NumbersField, write_entries, write_numbers
from scores.errors import CorrectionRefused, InvalidName
from scores.investigation.corrections import REVERSIBLE, find_reversible, split_adjustment
from scores.investigation.flag_acts import read_acts
from scores.investigation.reasons import MAXIMUM_REASON_LENGTH
from scores.investigation.runs import MAXIMUM_ENTRIES, Run, merge, read_entries
from scores.models import Action, Flag
from scores.names import MAXIMUM_LENGTH, clean_name


class ActForm(forms.Form):
    """The query of an act: what it needs to know beyond the player, which is nothing unless a subclass asks."""

    #: Whether `steps` left some out because one act takes no more.
    is_cut = False

    def steps(self, player: UUID | None) -> list[Step]:
        return [Step(player)] if player else []

    def address(self, steps: list[Step]) -> dict[str, str]:
        """The query that asks for exactly these steps."""
        return {}


class EntriesForm(ActForm):
    """Entries of one player's chain; of a range without an end those that may be voided, as of when the steps are read."""

    entries = NumbersField(
        help_text="Their numbers in this player's chain, such as 12, 14-18, or 20- for all from there on."
    )
    KINDS = REVERSIBLE

    def steps(self, player: UUID | None) -> list[Step]:
        if player is None:
            return []
        runs = [Run(player, first, last) for first, last in self.cleaned_data["entries"]]
        found = {entry.seq: entry for entry in read_entries(run for run in runs if run.last is not None)}
        numbers = dict.fromkeys(seq for run in runs if run.last is not None for seq in range(run.first, run.last + 1))
        later = find_reversible(
            read_entries(run for run in runs if run.last is None), self.KINDS, MAXIMUM_ENTRIES + 1 - len(numbers)
        )
        found |= {entry.seq: entry for entry in later}
        wanted = sorted(numbers | dict.fromkeys(entry.seq for entry in later))
        self.is_cut = len(wanted) > MAXIMUM_ENTRIES
        return [Step(player, {"seq": seq}, found.get(seq)) for seq in wanted[:MAXIMUM_ENTRIES]]

    def address(self, steps: list[Step]) -> dict[str, str]:
        runs = merge((step.player, int(step.arguments["seq"])) for step in steps)
        return {"entries": write_numbers((run.first, run.last) for run in runs)}


class RestoredEntriesForm(EntriesForm):
    """Voids of one player's chain, or the entries that they took back."""

    KINDS = {AuditEntry.Kind.VOID}


def list_actions() -> list[tuple[str, str]]:
    """The actions of the catalogue, and none, as a form offers them."""
    return [
        ("", "None: only boards that count everything"),
        *((action.slug, str(action)) for action in Action.objects.all()),
    ]


class PointsForm(ActForm):
    points = forms.IntegerField(help_text="To give; with a minus, to take.")
    # Chosen from a list that was read: what is sent instead is never asked of the database, which takes not every text.
    action = forms.ChoiceField(
        choices=list_actions, required=False, help_text="What the points are for, which boards go by."
    )

    def clean_points(self) -> int:
        points: int = self.cleaned_data["points"]
        try:
            split_adjustment(points)
        except CorrectionRefused as refusal:
            raise forms.ValidationError(refusal.detail) from None
        return points

    def steps(self, player: UUID | None) -> list[Step]:
        if player is None:
            return []
        action: str = self.cleaned_data["action"]
        parts = split_adjustment(self.cleaned_data["points"])
        return [Step(player, {"delta": part, "action": action}) for part in parts]

    def address(self, steps: list[Step]) -> dict[str, str]:
        action: str = self.cleaned_data["action"]
        return {"points": str(self.cleaned_data["points"]), **({"action": action} if action else {})}


class NameForm(ActForm):
    name = forms.CharField(max_length=MAXIMUM_LENGTH, help_text="What the player is called on every board.")

    def clean_name(self) -> str:
        try:
            return clean_name(self.cleaned_data["name"])
        except InvalidName as fault:
            raise forms.ValidationError(fault.detail) from None

    def steps(self, player: UUID | None) -> list[Step]:
        return [Step(player, {"name": self.cleaned_data["name"]})] if player else []

    def address(self, steps: list[Step]) -> dict[str, str]:
        return {"name": self.cleaned_data["name"]}


class SelectionForm(ActForm):
    """Entries of whichever players: written down, or all that a flag is about, or all that a filtered list shows."""

    entries = EntriesField(
        required=False,
        help_text="As the lists show them, such as Greta#12, 14-18; Ada#3, or Ada#20- for all from there on.",
    )
    flag = forms.ModelChoiceField(Flag.objects.all(), required=False, widget=forms.HiddenInput)
    #: The query of the list, whose entries the page finds.
    matching = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, matching: Iterable[AuditEntry] | None = None) -> None:
        super().__init__(data)
        self.listed = matching

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_asked = cleaned.get("entries") or cleaned.get("flag") or self.listed is not None
        if not (is_asked or self.errors):
            self.add_error("entries", "Which entries?")
        return cleaned

    def steps(self, player: UUID | None) -> list[Step]:
        found = sorted(self._read(), key=lambda entry: (entry.player, entry.seq))
        self.is_cut = len(found) > MAXIMUM_ENTRIES
        # Player by player in one order, so that two selections that meet wait for each other instead of locking up.
        return [Step(entry.player, {"seq": entry.seq}, entry) for entry in found[:MAXIMUM_ENTRIES]]

    def address(self, steps: list[Step]) -> dict[str, str]:
        entries = write_entries(merge((step.player, int(step.arguments["seq"])) for step in steps))
        flag = self.cleaned_data["flag"]
        return {"entries": entries, **({"flag": str(flag.pk)} if flag else {})}

    def _read(self) -> list[AuditEntry]:
        runs: list[Run] = self.cleaned_data["entries"]
        if not runs and self.cleaned_data["flag"] is not None:
            runs = read_acts(self.cleaned_data["flag"])
        if not runs:
            return find_reversible(self.listed or (), REVERSIBLE, MAXIMUM_ENTRIES + 1)
        limit = MAXIMUM_ENTRIES + 1
        named = list(islice(read_entries(run for run in runs if run.last is not None), limit))
        return named + find_reversible(
            read_entries(run for run in runs if run.last is None), REVERSIBLE, limit - len(named)
        )


class ConfirmationForm(forms.Form):
    reason = forms.CharField(
        max_length=MAXIMUM_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the log beside your name, for whoever asks later.",
    )
    #: How long the player's chain was in the preview; the template writes it, for a form shown again has a new preview.
    seen = forms.IntegerField(min_value=0)
