"""What an operator sets is what Django's settings hold, where no other test sets it."""

import json
import os
import subprocess
import sys

from tests.support.processes import ROOT

SCRIPT = """
import json
from scoreboard_project import settings
print(json.dumps([settings.SIMPLE_JWT["ISSUER"], settings.SIMPLE_JWT["AUDIENCE"], settings.JWT_NAME_CLAIM]))
"""


def test_tokens_are_of_the_issuer_audience_and_claim_that_were_set() -> None:
    variables = {"JWT_ISSUER": "https://id.example", "JWT_AUDIENCE": "games", "JWT_NAME_CLAIM": "nickname"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout) == list(variables.values())
