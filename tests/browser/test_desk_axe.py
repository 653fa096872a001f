"""Every page of the desk that its models have, also those to come: axe finds nothing, and none scrolls sideways."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.browser_steps import OpenTab, open_desk
from tests.support.site import Site

pytestmark = pytest.mark.postgresql
LIST_MODELS = """
from django.contrib import admin
for model in admin.site._registry:
    row = model._default_manager.order_by("pk").first()
    print(model._meta.app_label, model._meta.model_name, row.pk if row else "")
"""
OTHERS = (
    "",
    "find/?q=mal",
    "password_change/",
    "audit/auditentry/?kind=award",
    "scores/score/void/?entries=Mallory%231",
)
#: The script of Django's widget for groups and permissions labels a plain element, which names nothing: its own.
RULES = {"rules": {"aria-prohibited-attr": {"enabled": False}}}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1366), ("dark", 1366), ("light", 360)])
def test_axe_finds_nothing_on_any_page_of_the_desk(desk: Site, open_tab: OpenTab, scheme: str, width: int) -> None:
    page = open_desk(desk, open_tab, color_scheme=scheme, viewport={"width": width, "height": 800})
    paths = [*OTHERS]
    for line in desk.manage("shell", "--no-imports", "--command", LIST_MODELS).splitlines():
        app, model, *keys = line.split()
        paths += [f"{app}/{model}/", f"{app}/{model}/add/"]
        paths += [f"{app}/{model}/{keys[0]}/{view}/" for view in ("change", "history", "delete") if keys]
    shown = 0
    for path in paths:
        answer = page.goto(f"{desk.url}/admin/{path}")
        assert answer is not None
        assert answer.status in {200, 403}, path  # what nobody may add or delete is refused
        if answer.status == 200:
            found = Axe().run(page, options=RULES)
            assert found.violations_count == 0, (path, found.generate_report())
            assert page.evaluate("document.documentElement.scrollWidth") == width, path
            shown += 1
    assert shown >= 30
