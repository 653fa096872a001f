"""What the live tables of board, embed and wall show: the top 10 of everything, or a board in one of its periods."""

from scores.board import standings
from scores.board.leaderboard import PageQuery, read_page
from scores.board.lookup import CURRENT
from scores.board.timeline import read_content
from scores.pages.rows import measure_rows
from scores.pages.trend import write_past
from scores.pages.wording import describe_emptiness, describe_order, describe_table


def read_top() -> dict[str, object]:
    """Read the top 10 of everything, as it was last known while the database is away."""
    snapshot = standings.read_snapshot()
    return {
        "snapshot": snapshot,
        "etag": snapshot.etag,
        "rows": measure_rows(snapshot.rows),
        "past": write_past(snapshot),
    }


def read_board(slug: str, period: str) -> dict[str, object]:
    """Read the top 10 of a board. Raises UnknownBoard, UnknownPeriod or BoardFilling."""
    page = read_page(slug, period, PageQuery())
    content = read_content(page)
    board = content["board"]
    return {
        "snapshot": content,
        "etag": page.etag,
        "rows": measure_rows(content["entries"], ascending=board["ascending"]),
        "caption": describe_table(ascending=board["ascending"]),
        "order": f"{describe_order()} " if board["ascending"] else "",
        "board": board,
        "watched": "" if period == CURRENT else page.period.name,
        "emptiness": describe_emptiness(board["span"], page.period),
    }
