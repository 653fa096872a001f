"""Forms of the acts: what each needs to know, and the reason it is confirmed with."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms

from audit.models import AuditEntry
from scores.admin.act_steps import Step
from scores.errors import CorrectionRefused, InvalidName
from scores.investigation.corrections import split_adjustment
from scores.investigation.reasons import MAXIMUM_REASON_LENGTH
from scores.models import Action
from scores.names import MAXIMUM_LENGTH, clean_name

#: Their players wait for the lock until all are done, and at most 3 s (500 took 5 s on a busy machine). And the address that
#: names them stays short enough for proxies.
MAXIMUM_ENTRIES = 200


class NumbersField(forms.CharField):
    """Numbers of entries, such as `12, 14-18`. Raises ValidationError for other text and for too many."""

    def clean(self, value: Any) -> list[int]:
        numbers: set[int] = set()
        for part in super().clean(value).split(","):
            found = re.fullmatch(r"\s*([0-9]{1,18})(?:\s*[-–]\s*([0-9]{1,18}))?\s*", part)
            if found is None:
                raise forms.ValidationError("Write numbers of entries, such as 12, 14-18.")
            first, last = int(found[1]), int(found[2] or found[1])
            # Looked at before it is counted out: a range has as many numbers as it likes.
            if last - first < MAXIMUM_ENTRIES:
                numbers.update(range(first, last + 1))
            if last - first >= MAXIMUM_ENTRIES or len(numbers) > MAXIMUM_ENTRIES:
                raise forms.ValidationError(f"At most {MAXIMUM_ENTRIES} entries at once.")
        return sorted(numbers)


def write_numbers(numbers: Iterable[int]) -> str:
    """Write numbers as NumbersField reads them, neighbours as a range."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


class ActForm(forms.Form):
    """The query of an act: what it needs to know beyond the player, which is nothing unless a subclass asks."""

    def steps(self, player: UUID | None) -> list[Step]:
        return [Step(player)] if player else []

    def address(self, steps: list[Step]) -> str:
        """The query that asks for exactly these steps."""
        return "?"


class EntriesForm(ActForm):
    entries = NumbersField(help_text="Their numbers in this player's chain, such as 12, 14-18.")

    def steps(self, player: UUID | None) -> list[Step]:
        if player is None:
            return []
        numbers: list[int] = self.cleaned_data["entries"]
        found = {entry.seq: entry for entry in AuditEntry.objects.filter(player=player, seq__in=numbers)}
        return [Step(player, {"seq": number}, found.get(number)) for number in numbers]

    def address(self, steps: list[Step]) -> str:
        return f"?entries={write_numbers(int(step.arguments['seq']) for step in steps)}"


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

    def address(self, steps: list[Step]) -> str:
        action: str = self.cleaned_data["action"]
        return f"?{urlencode({'points': self.cleaned_data['points'], **({'action': action} if action else {})})}"


class NameForm(ActForm):
    name = forms.CharField(max_length=MAXIMUM_LENGTH, help_text="What the player is called on every board.")

    def clean_name(self) -> str:
        try:
            return clean_name(self.cleaned_data["name"])
        except InvalidName as fault:
            raise forms.ValidationError(fault.detail) from None

    def steps(self, player: UUID | None) -> list[Step]:
        return [Step(player, {"name": self.cleaned_data["name"]})] if player else []

    def address(self, steps: list[Step]) -> str:
        return f"?{urlencode({'name': self.cleaned_data['name']})}"


class SelectionForm(ActForm):
    """Entries of whichever players, by their ids in the list of entries."""

    entries = NumbersField(help_text="Their ids in the list of entries, such as 1200, 1204-1210.")

    def steps(self, player: UUID | None) -> list[Step]:
        # Player by player in one order, so that two selections that meet wait for each other instead of locking up.
        found = AuditEntry.objects.filter(pk__in=self.cleaned_data["entries"]).order_by("player", "seq")
        return [Step(entry.player, {"seq": entry.seq}, entry) for entry in found]

    def address(self, steps: list[Step]) -> str:
        return f"?entries={write_numbers(step.entry.pk for step in steps if step.entry)}"


class ConfirmationForm(forms.Form):
    reason = forms.CharField(
        max_length=MAXIMUM_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the log beside your name, for whoever asks later.",
    )
    #: How long the player's chain was in the preview; the template writes it, for a form shown again has a new preview.
    seen = forms.IntegerField(min_value=0)
