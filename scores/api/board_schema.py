"""The OpenAPI description of the routes of boards and players, every status each can answer with its problem codes."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from scores.api.board_serializers import (
    BoardPlaceShape,
    BoardsShape,
    CorrectionsShape,
    FoundPlayersShape,
    PageShape,
    PeriodsShape,
    ProfileShape,
    ProofShape,
)
from scores.api.schema import Decorator, Problems, route
from scores.names import MAXIMUM_LENGTH

#: What a page may begin at, one of them at most.
STARTS = ("after", "from_rank", "around")
UNCHANGED = {304: OpenApiResponse(description="As the ETag in If-None-Match.")}
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)
READ: Problems = {400: ["invalid_query"], 405: ["method_not_allowed"], 429: ["rate_limited"]}
OF_BOARD: Problems = {404: ["unknown_board"], 503: ["board_filling"]}
OF_PERIOD: Problems = {404: ["unknown_period"]}
WHEN_CLOSED: Problems = {409: ["period_open"]}


def _number(name: str, maximum: int, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": 1, "maximum": maximum}, description=description)


def _text(name: str, lengths: tuple[int, int], description: str, *, required: bool = False) -> OpenApiParameter:
    form = {"type": "string", "minLength": lengths[0], "maxLength": lengths[1]}
    return OpenApiParameter(name, form, description=description, required=required)


SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH, description="Slug of the board.")
PERIOD = OpenApiParameter(
    "period", str, OpenApiParameter.PATH, description="Name of a period, `current` or `previous`."
)
PAGE = [
    _number("limit", 100, "How many rows; 10 if it is not said."),
    _text("after", (1, 64), "`next` of the page before. At most one of after, from_rank and around."),
    _number("from_rank", 2**53 - 1, "The rank to begin with."),
    OpenApiParameter("around", OpenApiTypes.UUID, description="The player in whose surroundings to read."),
]


def _public(
    operation: str,
    summary: str,
    *,
    shape: object,
    problems: list[Problems],
    parameters: list[OpenApiParameter],
    answered: int | tuple[int, str] = 200,
) -> Decorator:
    return route(
        operation,
        summary,
        auth=[],
        answers={answered: shape, **UNCHANGED},
        parameters=[*parameters, IF_NONE_MATCH],
        problems=[READ, *problems],
    )


boards = _public("list_boards", "All boards", shape=BoardsShape, problems=[], parameters=[])
board = _public(
    "read_board",
    "A page of the current period of a board",
    shape=PageShape,
    problems=[{400: ["invalid_cursor"]}, OF_BOARD, OF_PERIOD, {404: ["not_ranked"]}],
    parameters=[SLUG, *PAGE],
)
period = _public(
    "read_period",
    "A page of a period of a board",
    shape=PageShape,
    problems=[{400: ["invalid_cursor"]}, OF_BOARD, OF_PERIOD, {404: ["not_ranked"]}],
    parameters=[SLUG, PERIOD, *PAGE],
)
periods = _public(
    "list_periods",
    "The periods of a board, newest first",
    shape=PeriodsShape,
    problems=[OF_BOARD],
    parameters=[
        SLUG,
        _number("limit", 100, "How many; 10 if it is not said."),
        _text("before", (1, 48), "`next` of the page before."),
    ],
)
own_place = route(
    "read_own_place_in_period",
    "The signed-in player's score, rank and neighbours in a period of a board",
    answers={200: BoardPlaceShape},
    parameters=[SLUG, PERIOD],
    problems=[READ, {401: ["not_authenticated", "token_invalid"]}, OF_BOARD, OF_PERIOD],
)
results = _public(
    "read_results",
    "The results of a closed period, a line RANK PLAYER POINTS AT_US SEQ for each",
    shape=OpenApiTypes.STR,
    answered=(200, "text/plain"),
    problems=[OF_BOARD, OF_PERIOD, WHEN_CLOSED],
    parameters=[SLUG, PERIOD],
)
proof = _public(
    "read_proof",
    "What the results of a closed period rest on",
    shape=ProofShape,
    problems=[OF_BOARD, OF_PERIOD, WHEN_CLOSED],
    parameters=[SLUG, PERIOD],
)
players = _public(
    "find_players",
    "Players by a part of their names",
    shape=FoundPlayersShape,
    problems=[],
    parameters=[
        _text("name", (1, MAXIMUM_LENGTH), "Any part of a name, whatever its case and accents.", required=True),
        _number("limit", 20, "How many; 10 if it is not said."),
    ],
)
player = _public(
    "read_player",
    "Where a player stands on every board, and the last 90 days",
    shape=ProfileShape,
    problems=[{404: ["unknown_player"]}],
    parameters=[OpenApiParameter("player", str, OpenApiParameter.PATH, description="The player's id.")],
)
corrections = _public(
    "list_corrections",
    "How many corrections of which kind were made in the last 24 hours, newest first",
    shape=CorrectionsShape,
    problems=[],
    parameters=[],
)
