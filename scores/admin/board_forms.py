"""Forms of boards: what a new one counts, and what may be changed of one that is there. What is not fit, the service says."""

from typing import Any

from django import forms
from django.db.models import Q

from audit.clock import ClockUs
from scores.admin.times import write_local
from scores.counting import definitions
from scores.counting.definitions import BoardTerms
from scores.counting.local_times import HOW, read_time
from scores.errors import Refused
from scores.investigation.reasons import MAXIMUM_REASON_LENGTH
from scores.models import Board, Period


class ReasonForm(forms.Form):
    """Why something is done: kept in the log, where it says more than the change itself."""

    reason = forms.CharField(
        required=False,
        max_length=MAXIMUM_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the log beside your name, for whoever asks later.",
    )


def add_refusal(form: forms.Form, refusal: Refused) -> None:
    """Show a service's refusal at the fields that it is about, as far as the form has them."""
    for error in refusal.errors or [{"field": "", "detail": refusal.explanation}]:
        form.add_error(error["field"] if error["field"] in form.fields else None, error["detail"])


class BoardForm(forms.Form):
    """The terms of a new board. They stand in the address, so that a preview is a GET."""

    slug = forms.CharField(max_length=48, help_text="1 to 48 of a-z, 0-9 and -, as in the address of the board.")
    label = forms.CharField(max_length=120, help_text="Shown to people.")
    counts = forms.CharField(
        max_length=660, initial="*", help_text="Up to 10 of chess-win, chess-* or *, with commas between them."
    )
    rule = forms.ChoiceField(
        choices=[
            ("sum", "Sum: adds points up"),
            ("best", "Best: the best value, or points where there is none"),
            ("latest", "Latest: the last value, or points where there is none"),
            ("count", "Count: how many acts"),
        ]
    )
    ascending = forms.BooleanField(
        required=False, help_text="The smallest comes first, as of times: best and latest only."
    )
    span = forms.ChoiceField(
        choices=[
            ("day", "Day"),
            ("week", "Week"),
            ("month", "Month"),
            ("year", "Year"),
            ("season", "Season: from and until when you say"),
            ("all", "All time"),
        ]
    )
    zone = forms.CharField(max_length=64, initial="UTC", help_text="In which periods begin, such as Europe/Berlin.")
    from_log = forms.BooleanField(
        required=False,
        label="With all the past",
        help_text="Counts what is in the log already. A command fills the board; until that is done nobody sees it.",
    )

    def clean_counts(self) -> str:
        """Without the spaces that people write after commas."""
        return ",".join(pattern.strip() for pattern in self.cleaned_data["counts"].split(","))

    @property
    def terms(self) -> BoardTerms:
        values = self.cleaned_data
        return {
            "slug": values["slug"],
            "label": values["label"],
            "counts": values["counts"],
            "rule": values["rule"],
            "ascending": values["ascending"],
            "span": values["span"],
            "zone": values["zone"],
        }


class BoardActForm(ReasonForm):
    """One change of a board that is there."""

    #: What its button says.
    button = ""

    def __init__(self, board: Board, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.board = board

    def perform(self, actor: str) -> str:
        """Call the service, and say what is so now. Raises Refused when it may not be."""
        raise NotImplementedError

    @property
    def why(self) -> str:
        reason: str = self.cleaned_data["reason"]
        return reason


class LabelForm(BoardActForm):
    button = "Change the label"
    label = forms.CharField(max_length=120)
    field_order = ["label", "reason"]

    def perform(self, actor: str) -> str:
        label = self.cleaned_data["label"]
        definitions.change_board(slug=self.board.slug, label=label, actor=actor, reason=self.why)
        return f"The board is called {label}."


class DisableForm(BoardActForm):
    button = "Switch off"

    def perform(self, actor: str) -> str:
        definitions.change_board(slug=self.board.slug, enabled=False, actor=actor, reason=self.why)
        return "The board is off: it is neither shown nor written."


class EnableForm(BoardActForm):
    button = "Switch on"

    def perform(self, actor: str) -> str:
        board = definitions.change_board(slug=self.board.slug, enabled=True, actor=actor, reason=self.why)
        return say_how_to_fill(board) or "The board is on."


class MakeSeasonForm(BoardActForm):
    button = "Make a season"
    name = forms.CharField(max_length=48, help_text="1 to 48 of a-z, 0-9 and -, as in the address of the season.")
    starts = forms.CharField(max_length=40)
    ends = forms.CharField(max_length=40, required=False, help_text="Empty: when you end it.")
    field_order = ["name", "starts", "ends", "reason"]

    def __init__(self, board: Board, *arguments: Any, **options: Any) -> None:
        super().__init__(board, *arguments, **options)
        self.fields["starts"].help_text = f"By the clocks of {board.zone}, unless it has an offset. {HOW}"

    def clean_starts(self) -> int:
        return _clean_time(self.cleaned_data["starts"], self.board)

    def clean_ends(self) -> int | None:
        text = self.cleaned_data["ends"]
        return _clean_time(text, self.board) if text else None

    def perform(self, actor: str) -> str:
        name, starts_us, ends_us = (self.cleaned_data[field] for field in ("name", "starts", "ends"))
        definitions.make_season(
            board=self.board.slug, name=name, starts_us=starts_us, ends_us=ends_us, actor=actor, reason=self.why
        )
        return f"The season {name} starts at {write_local(starts_us, self.board.zone)}."


class EndSeasonForm(BoardActForm):
    button = "End a season"
    name = forms.ChoiceField(label="Season")
    ends = forms.CharField(max_length=40, required=False, help_text="At least 60 seconds ahead. Empty: then.")
    field_order = ["name", "ends", "reason"]

    def __init__(self, board: Board, *arguments: Any, **options: Any) -> None:
        super().__init__(board, *arguments, **options)
        is_not_over = Q(ends_us__isnull=True) | Q(ends_us__gt=ClockUs())
        seasons = Period.objects.filter(is_not_over, board=board).order_by("-starts_us")
        names = seasons.values_list("name", flat=True)
        self.fields["name"] = forms.ChoiceField(label="Season", choices=[(name, name) for name in names])

    def clean_ends(self) -> int | None:
        text = self.cleaned_data["ends"]
        return _clean_time(text, self.board) if text else None

    def perform(self, actor: str) -> str:
        name, ends_us = self.cleaned_data["name"], self.cleaned_data["ends"]
        season = definitions.end_season(board=self.board.slug, name=name, ends_us=ends_us, actor=actor, reason=self.why)
        assert season.ends_us is not None  # noqa: S101 - it has just been set
        return f"The season {name} ends at {write_local(season.ends_us, self.board.zone)}."


def say_how_to_fill(board: Board) -> str:
    """Say which command reads the past of a board; empty where it has it."""
    if not board.filling:
        return ""
    return (
        f"Nobody can see the board until it is filled from the log: manage.py enable_board {board.slug} does it, "
        "and shows how far it is."
    )


def _clean_time(text: str, board: Board) -> int:
    try:
        return read_time(text.strip(), board.zone)
    except ValueError as error:
        raise forms.ValidationError(str(error)) from None


#: By the name in the address of the act.
ACTS: dict[str, type[BoardActForm]] = {
    "label": LabelForm,
    "disable": DisableForm,
    "enable": EnableForm,
    "make-season": MakeSeasonForm,
    "end-season": EndSeasonForm,
}
