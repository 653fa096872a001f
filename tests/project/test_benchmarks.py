"""The instruments of the benchmarks measure what they say, so that a figure can be believed."""

import math
from array import array
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from audit.models import AuditEntry
from benchmarks import comparing, document, plot
from benchmarks.costs import Spent, cpu_seconds, memory
from benchmarks.floor import make_script
from benchmarks.images import CHANGES, read_pinned
from benchmarks.load import Load, Outcome, get_head, make_updates, split
from benchmarks.sending import Loads
from benchmarks.table import Row, as_text, percentile
from benchmarks.viewers import Seen, Viewers
from scores.awards import compare_and_swap
from scores.models import Action
from tests.support.acting import access_token, make_player
from tests.support.processes import ROOT, ServerError, wait_until
from tests.support.servers import ScoreboardServer

pytestmark = pytest.mark.any_database

UPDATES = {"SCORE_UPDATE_RATE": "1000000/m"}


@pytest.fixture
def quiz(transactional_db: None) -> Action:
    return Action.objects.create(slug="daily-quiz", label="Daily quiz", points=10)


def test_every_acknowledged_update_of_a_load_is_one_entry(
    quiz: Action, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server(**UPDATES)
    heads, body = make_updates([access_token(make_player(name)) for name in ("Ada", "Bob")], quiz.slug)
    load = Load([("127.0.0.1", server.port)], heads, 0.5, connections=2, body=body, keyed=True)
    with Loads(split(load, 2)) as running:
        running.start()
        outcomes = running.join()
    assert [set(outcome.statuses) for outcome in outcomes] == [{200}, {200}]
    assert sum(outcome.good for outcome in outcomes) == AuditEntry.objects.filter(kind="award").count()
    assert cpu_seconds(server.process.pid) > 0
    assert memory(server.process.pid) > 10


def test_a_paced_load_keeps_its_rate(quiz: Action, scoreboard_server: Callable[..., ScoreboardServer]) -> None:
    load = Load([("127.0.0.1", scoreboard_server().port)], [get_head("/api/score/top")], 1, connections=2, rate=20)
    with Loads([load]) as running:
        running.start()
        (outcome,) = running.join()
    assert outcome.statuses == {200: 20}
    assert len(outcome.latencies) == 20


def test_a_load_repeats_what_a_restart_refused_until_it_is_acknowledged(
    quiz: Action, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server(**UPDATES)
    heads, body = make_updates([access_token(make_player("Ada"))], quiz.slug)
    load = Load([("127.0.0.1", server.port)], heads, 2, connections=1, body=body, keyed=True, rate=20, retry=True)
    with Loads([load]) as running:
        running.start()
        server.restart()
        (outcome,) = running.join()
    assert outcome.good == 40
    assert AuditEntry.objects.filter(kind="award").count() == 40


def test_viewers_know_when_the_last_of_them_saw_a_score(
    quiz: Action, scoreboard_server: Callable[..., ScoreboardServer]
) -> None:
    server = scoreboard_server(**UPDATES)
    address = ("127.0.0.1", server.port)
    heads, body = make_updates([access_token(make_player("Ada"))], quiz.slug)
    with Viewers([address]) as viewers, Loads([Load([address], heads, 0.3, 1, body, keyed=True, rate=10)]) as running:
        viewers.connect(10)
        running.start()
        (outcome,) = running.join()
        wait_until(lambda: not math.isnan(viewers.look().reached_all(30)), seconds=10, what="The last score's arrival")
        seen = viewers.look()
        assert (outcome.good, seen.open) == (3, 10)
        assert seen.reached_all(30) >= seen.reached_all(10) > outcome.asked[0]
        assert math.isnan(seen.reached_all(40))
        assert viewers.leave().open == 0


def test_a_score_has_not_reached_all_while_one_viewer_is_behind() -> None:
    here = Seen(open=2, steps={(0, 10): (2, 5.0), (10, 20): (1, 6.0)})
    assert (here.reached_all(10), here.reached_all(5)) == (5.0, 5.0)
    assert math.isnan(here.reached_all(20))
    # The one behind skips a frame; whoever sees a later score has seen the earlier.
    here.add(Seen(open=0, steps={(10, 30): (1, 7.0)}))
    assert here.reached_all(20) == 7.0


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(1, 101))
    assert [percentile(values, part) for part in (0.5, 0.99, 1)] == [50, 99, 100]
    assert math.isnan(percentile([], 0.5))


def test_outcomes_add_up() -> None:
    one = Outcome(Counter({200: 1, 503: 1}), array("d", [1.0]), array("d", [1.5]))
    total = one.add(Outcome(Counter({304: 2}), array("d", [2.0, 3.0]), array("d", [2.25, 3.25])))
    assert (total.good, total.latencies) == (3, [500, 250, 250])


def test_the_table_compares_rates_and_costs_within_a_group() -> None:
    rows = [
        Row("Update", "plain", rate=50, operations=100, spent=Spent(1.0, 0.5, 0.1, 2, 80), is_reference=True),
        Row("Update", "ours", rate=400, operations=800, spent=Spent(1.2, 0.4, 0.08, 2, 90), p50=2, p99=9.5),
        Row("Update", "ours, one player", rate=200, against="ours"),
        Row("Stress", "stop", note="gone", passed=False),
    ]
    cells = [[cell for cell in line.split("  ") if cell] for line in as_text(rows).splitlines()]
    assert [[cell.strip() for cell in line] for line in cells if line and line[0] in {row.name for row in rows}] == [
        ["plain", "50", "1.00", "10.000", "5.000", "1.000", "80"],
        ["ours", "400", "8.00", "1.500", "0.500", "0.100", "2.0", "9.5", "90"],
        ["ours, one player", "200", "0.50"],
        ["stop", "FAILED: gone"],
    ]


def test_a_part_that_is_measured_again_replaces_its_section_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    document.write(
        path, {"update": [Row("Update", "first")], "growth": [Row("Growth", "kept", rate=5, place=("players", 1000))]}
    )
    document.write(path, {"update": [Row("Update", "second")]})
    text = path.read_text(encoding="utf-8")
    assert [("| first |" in text), ("| second |" in text), ("| kept |" in text)] == [False, True, True]
    assert text.count("## Update\n") == text.count("## Growth\n") == 1
    assert "](performance.svg)" in text


def test_the_plot_is_an_image_with_a_dot_for_each_measurement() -> None:
    rows = [Row("g", "r", rate=rate, place=("players", size)) for size, rate in ((1000, 800), (1_000_000, 790))]
    image = ET.fromstring(plot.draw([*rows, Row("g", "not plotted", rate=1)]))  # noqa: S314 - made here
    svg = "{http://www.w3.org/2000/svg}"
    dots = [float(dot.attrib["cy"]) for dot in image.iter(f"{svg}circle")]
    texts = [text.text for text in image.iter(f"{svg}text")]
    assert len(dots) == 2
    assert dots[0] < dots[1]
    assert {"1k", "1M", "players", "800"} <= set(texts)


def test_the_floor_is_made_of_the_update_statements_as_they_are() -> None:
    script = make_script(compare_and_swap.READ, compare_and_swap.WRITE)
    assert "%s" not in script
    assert "%%" not in script
    assert script.count("\\gset") == 1


def test_rows_that_another_process_measured_are_read_as_they_were(tmp_path: Path) -> None:
    rows = [
        Row("Update", "ours", rate=400, operations=800, spent=Spent(1.2, 0.4, 0.08, 2, 90), place=("players", 1000)),
        Row("Stress", "stop", note="gone", passed=False),
    ]
    comparing.write_rows(tmp_path / "rows.json", rows)
    assert comparing.read_rows(tmp_path / "rows.json") == rows


def test_two_commits_are_compared_row_by_row() -> None:
    ours = [
        Row("Update", "ours", rate=300, operations=800, spent=Spent(1.2, 0.4, 0.08, 2, 90), p99=9.5),
        Row("Update", "new", rate=5),
    ]
    other = [
        Row("Update", "ours", rate=200, operations=400, spent=Spent(1.2, 0.4, 0.08, 2, 90), p99=12),
        Row("Old", "gone"),
    ]
    lines = [line.split() for line in comparing.as_text(ours, other).splitlines()]
    assert lines[1:] == [
        ["--", "Update"],
        ["ours", "300", "200", "1.50", "1.500", "3.000", "0.50", "9.5", "12.0"],
        ["new", "5"],
    ]


def test_another_commit_is_measured_by_our_own_benchmarks_and_leaves_nothing_behind() -> None:
    with comparing.checked_out("HEAD") as other:
        assert (other / "manage.py").is_file()
        for name in ("benchmarks/comparing.py", "tests/support/servers.py"):
            assert (other / name).read_bytes() == (ROOT / name).read_bytes()
    assert not other.exists()
    with pytest.raises(ServerError, match="git worktree add failed"), comparing.checked_out("no-such-commit"):
        pass


def test_images_are_made_for_every_one_that_is_pinned() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    elsewhere = {service["image"] for service in services if not service["image"].startswith("scoreboard:")}
    base = (ROOT / "Dockerfile").read_text(encoding="utf-8").partition("ARG BASE=")[2].split()[0]
    pinned = read_pinned()
    assert set(pinned.values()) == elsewhere | {base}
    assert set(pinned) == set(CHANGES)
