"""What `/metrics` says, as numbers."""

import urllib.request

from tests.support.servers import ScoreboardServer


def read_metrics(text: str) -> dict[str, float]:
    """Each series and its value."""
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {series: float(value) for series, value in pairs}


def scrape(server: ScoreboardServer) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as response:
        return read_metrics(response.read().decode())
