"""More pages behind one address than may have a socket: each is right all the same."""

import pytest
from playwright.sync_api import expect

from tests.support.browser_steps import HEALED, OpenTab, points_of, state_of
from tests.support.servers import PostgreSQL
from tests.support.site import Site

pytestmark = pytest.mark.postgresql


def test_a_page_beyond_the_limit_polls_until_there_is_room(postgresql: PostgreSQL, open_tab: OpenTab) -> None:
    site = Site(postgresql, SOCKETS_PER_ADDRESS="1")
    with site.server:
        (ada,) = site.make_players("Ada")
        site.act(ada, "leap")
        first, second = open_tab(site.url), open_tab(site.url, live=False)

        expect(state_of(second)).to_have_text("Polling", timeout=HEALED)
        points = site.act(ada)
        for page in (first, second):
            expect(points_of(page, ada)).to_have_text(f"{points:,}", timeout=HEALED)

        first.close()
        expect(state_of(second)).to_have_text("Live", timeout=30_000)
