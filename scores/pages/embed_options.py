"""What an embed can be told by its address, read strictly, and the HTML that shows one."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.html import escape

from scores.board.lookup import CURRENT
from scores.board.standings import SIZE
from scores.http.queries import Query, read_query, refuse_parameter
from scores.pages.language import LANGUAGES

PARAMETERS = ("board", "period", "theme", "rows", "title", "lang")
THEMES = ("auto", "light", "dark")
MINIMUM_ROWS = 3
MAXIMUM_TITLE_LENGTH = 80
#: Of the frame, in pixels: head and foot, and each row; as the style sheet has them in a frame that scrolls.
HEAD_HEIGHT, ROW_HEIGHT = 200, 48


class EmbedOptions(NamedTuple):
    """`board` is empty for the top 10 of everything, `title` for the embed's own, `language` for the reader's."""

    board: str
    period: str
    theme: str
    rows: int
    title: str
    language: str = ""

    @property
    def address(self) -> str:
        """The path and query that show it so, without what is so anyhow but theme and rows, which readers may want to change."""
        pairs = [("board", self.board), ("theme", self.theme), ("rows", str(self.rows)), ("title", self.title)]
        pairs.append(("lang", self.language))
        if self.board and self.period != CURRENT:
            pairs.insert(1, ("period", self.period))
        return f"/embed?{urlencode([(name, text) for name, text in pairs if text])}"

    @property
    def height(self) -> int:
        return HEAD_HEIGHT + ROW_HEIGHT * self.rows


def read_options(request: HttpRequest) -> EmbedOptions:
    """Read how a request asks for the embed. Raises InvalidQuery for a parameter that is not known, given twice or not of its form."""
    return parse_options(read_query(request, *PARAMETERS))


def parse_options(query: Query) -> EmbedOptions:
    """Check each parameter. Raises InvalidQuery that names the first at fault."""
    theme, rows, title = query.get("theme", "auto"), query.get("rows", str(SIZE)), query.get("title", "")
    if theme not in THEMES:
        raise refuse_parameter("theme", "One of auto, light, dark.")
    if rows not in {str(count) for count in range(MINIMUM_ROWS, SIZE + 1)}:
        raise refuse_parameter("rows", f"A whole number from {MINIMUM_ROWS} to {SIZE}.")
    if len(title) > MAXIMUM_TITLE_LENGTH or not title.isprintable():
        raise refuse_parameter("title", f"At most {MAXIMUM_TITLE_LENGTH} characters in one line.")
    if "period" in query and "board" not in query:
        raise refuse_parameter("period", "Only with a board.")
    language = query.get("lang", "")
    if "lang" in query and language not in LANGUAGES:
        raise refuse_parameter("lang", f"One of {', '.join(sorted(LANGUAGES))}.")
    return EmbedOptions(query.get("board", ""), query.get("period", CURRENT), theme, int(rows), title, language)


def write_snippet(site: str, options: EmbedOptions, title: str) -> str:
    """Write the HTML that shows the embed in a page of another site; `site` is ours as scheme://host, `title` the frame's name."""
    return (
        f'<iframe src="{escape(site + options.address)}" title="{escape(title)}"\n'
        f'  width="100%" height="{options.height}" style="border: 0; color-scheme: normal"></iframe>'
    )
