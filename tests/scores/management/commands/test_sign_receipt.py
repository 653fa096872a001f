"""manage.py sign_receipt: a receipt for trying things, good or bad."""

from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError

from scores.models import Action, Score
from scores.receipts.verifier import examine
from tests.support.acting import make_claims, read_problem, read_state, update
from tests.support.commands import call


def test_the_seed_is_the_same_key(registry: Path) -> None:
    out = call("make_issuer", "quiz-backend", "--action", "daily-quiz=100", "--write")
    (seed,) = [line.removeprefix("# seed: ") for line in out.splitlines() if line.startswith("# seed: ")]
    player = UUID("5c0be0a2-0000-4000-8000-000000000000")
    words = (f"--player={player}", "--action=daily-quiz", "--points=5", f"--jti={'j' * 22}", "--lifetime=600")
    receipt = examine(call("sign_receipt", f"--seed={seed}", *words).strip())
    assert receipt.fault == ""
    assert receipt.claims is not None
    assert receipt.claims == make_claims(
        player, iss="quiz-backend", pts=5, jti="j" * 22, iat=receipt.claims["iat"], exp=receipt.claims["iat"] + 600
    )


def test_a_bad_receipt_can_be_tried_too(
    player: Score, token: str, daily_quiz: Action, registry: Path, tmp_path: Path
) -> None:
    out = call("make_issuer", "quiz-backend", "--action", "daily-quiz=100")
    (tmp_path / "quiz.key").write_text(out, encoding="utf-8")
    words = [f"--key-file={tmp_path / 'quiz.key'}", f"--player={player.pk}", "--action=daily-quiz", "--points=101"]
    with pytest.raises(CommandError, match=r"RECEIPT_ISSUERS_FILE cannot be used: .* Name --issuer and --kid"):
        call("sign_receipt", *words)
    receipt = call("sign_receipt", *words, "--issuer=quiz-backend", "--kid=quiz-1").strip()
    before = read_state()
    registry.write_text("{}", encoding="utf-8")
    read_problem(update({"receipt": receipt}, token=token), 422, "receipt_invalid")
    assert read_state() == before


@pytest.mark.parametrize(("words", "expected"), [([], "none"), (["--value=0"], 0), (["--value=-61234"], -61_234)])
def test_a_receipt_says_a_value_where_one_is_given(registry: Path, words: list[str], expected: object) -> None:
    out = call("make_issuer", "quiz-backend", "--action", "daily-quiz=100", "--write")
    (seed,) = [line.removeprefix("# seed: ") for line in out.splitlines() if line.startswith("# seed: ")]
    named = (f"--player={UUID(int=1)}", "--action=daily-quiz", "--points=5")
    receipt = examine(call("sign_receipt", f"--seed={seed}", *named, *words).strip())
    assert receipt.fault == ""
    assert receipt.claims is not None
    assert receipt.claims.get("val", "none") == expected
