"""A file that holds is taken, and every change of it is found, by each checker of the table."""

import base64
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from typing import Any

import pytest

from audit.keys import read_jwk_set
from scores.integrity.proof_verification import check_proof, read_lines
from scores.integrity.results_verification import check_results
from tests.support.proof_changes import PROOF_CHANGES
from tests.support.proof_checker import ProofChecker, proof_checker
from tests.support.proof_examples import (
    Case,
    Example,
    JwkSet,
    change_every_character,
    find_examples,
    next_of_class,
    sign_raw,
)
from tests.support.proof_logs import Signer, make_log, to_request
from tests.support.results_changes import ONE, RESULTS_CHANGES, TWO, state_again, with_statement

pytestmark = pytest.mark.any_database

LOGS = 1000
EXAMPLES = find_examples(6)
CHANGES = {**PROOF_CHANGES, **{f"results: {name}": change for name, change in RESULTS_CHANGES.items()}}
#: As the array counts, from its end where the place depends on the version.
COLUMNS = {
    "version": 0,
    "player": 1,
    "number": 2,
    "key": 3,
    "kind": 4,
    "delta": 5,
    "balance": 6,
    "value, or action": 7,
    "action": -6,
    "reference": -5,
    "actor": -4,
    "time": -3,
    "detail": -2,
    "prev": -1,
}
Request = dict[str, Any]
Checker = Callable[[str, str, JwkSet, Sequence[str]], bool]


@contextmanager
def ask_second() -> Iterator[Checker]:
    with proof_checker() as second:

        def check(kind: str, text: str, keys: JwkSet, blocks: Sequence[str]) -> bool:
            return second.holds(kind, text=text, keys=keys, blocks=blocks)

        yield check


@contextmanager
def ask_ours() -> Iterator[Checker]:
    def check(kind: str, text: str, keys: JwkSet, blocks: Sequence[str]) -> bool:
        pinned, data = read_jwk_set(keys), text.encode()
        results = list(
            check_proof(read_lines(BytesIO(data)), pinned)
            if kind == "proof"
            else check_results(data.splitlines(keepends=True), blocks, pinned)
        )
        return all(result.holds is not False for result in results)

    yield check


#: Who checks: each is held against all that follows.
CHECKERS: dict[str, Callable[[], AbstractContextManager[Checker]]] = {"ours": ask_ours, "second": ask_second}


@pytest.fixture(scope="module", params=CHECKERS)
def checker(request: pytest.FixtureRequest) -> Iterator[Checker]:
    with CHECKERS[request.param]() as check:
        yield check


@pytest.fixture(scope="module")
def second() -> Iterator[ProofChecker]:
    with proof_checker() as one:
        yield one


@pytest.fixture(params=EXAMPLES, ids=lambda example: example.chain.player[:8])
def example(request: pytest.FixtureRequest) -> Example:
    found: Example = request.param
    return found


def holds(checker: Checker, case: Case) -> bool:
    return checker(case.kind, case.text, case.keys, case.blocks)


def test_what_is_changed_in_the_examples_holds_before(checker: Checker, example: Example) -> None:
    assert holds(checker, example.proof)
    assert holds(checker, example.results)
    assert holds(checker, sign_raw(example))
    assert holds(checker, with_statement(example))
    assert holds(checker, state_again(f"1 {ONE} 5 1 1\n2 {TWO} 5 1 1\n")(example))
    assert holds(checker, state_again("")(example))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(checker: Checker, change: str, example: Example) -> None:
    case = CHANGES[change](example)
    if case in (example.proof, example.results):
        pytest.fail("Nothing was changed.")
    assert not holds(checker, case)


def make_other(value: object) -> object:
    """Another value, of the same form where there is one."""
    if isinstance(value, int):
        return value + 1
    if not isinstance(value, str):
        return "v:12345678-1234-4234-8234-123456789abc:1"
    others = {"award": "adjust", "scoreboard.entry.v1": "scoreboard.entry.v2", "freeze": "unfreeze", "": "chess-draw"}
    return others.get(value, value[:-1] + next_of_class(value[-1:] or "0"))


@pytest.mark.parametrize("column", COLUMNS)
def test_another_value_in_a_sealed_column_is_found(checker: Checker, column: str, example: Example) -> None:
    place = COLUMNS[column]
    for at in range(example.sealed):
        case = example.with_entry(at, place, make_other(json.loads(example.lines[at])[place]))
        assert case != example.proof
        assert not holds(checker, case)


def test_another_character_anywhere_in_what_is_sealed_is_found(checker: Checker) -> None:
    example = EXAMPLES[0]
    # Another kid is another key, which is not there: that is no finding, and said.
    taken = [
        (at, place)
        for at, place, case in change_every_character(example)
        if holds(checker, case) and not names_another_key(example, case)
    ]
    assert taken == []


def names_another_key(example: Example, case: Case) -> bool:
    """Whether the header of the block is whole and has nothing else than another key."""
    header = json.loads(case.text.splitlines()[-1])["block"].partition(".")[0]
    try:
        fields = json.loads(base64.b64decode(header + "=" * (-len(header) % 4), altchars=b"-_", validate=True))
    except ValueError:
        return False
    whole = {"alg": "EdDSA", "kid": fields.get("kid"), "typ": "scoreboard-checkpoint+jwt"}
    return bool(fields == whole and fields["kid"] and fields["kid"] != example.log.signer.kid)


def test_a_thousand_random_logs_hold(second: ProofChecker) -> None:
    broken = []
    for seed in range(LOGS):
        log = make_log(seed)
        broken += [(seed, fault) for fault in [second.find_fault("log", **to_request(log))] if fault]
    assert broken == []


def test_the_files_of_a_thousand_random_logs_hold(checker: Checker) -> None:
    broken = []
    for seed in range(LOGS):
        log, rng = make_log(seed), random.Random(seed)
        chain = rng.choice(log.chains)
        proof = log.write_proof(chain, after=rng.randint(0, len(chain.entries)))
        blocks = [block.jws for block in log.blocks]
        if not checker("proof", proof, log.keys, []):
            broken.append((seed, "proof"))
        if not checker("results", rng.choice(log.results), log.keys, blocks):
            broken.append((seed, "results"))
    assert broken == []


@pytest.mark.parametrize(
    ("after", "unchecked"), [(0, []), (1, ["digest"]), (3, ["digest"])], ids=["from the first", "after 1", "after 3"]
)
def test_a_file_that_begins_later_holds_but_for_its_digest(
    second: ProofChecker, example: Example, after: int, unchecked: list[str]
) -> None:
    text = example.log.write_proof(example.chain, after=after)
    assert second.find_unchecked("proof", text=text, keys=example.log.keys) == unchecked


def test_a_chain_that_no_block_covers_proves_nothing_and_says_so(second: ProofChecker, example: Example) -> None:
    case = example.uncovered.proof
    assert second.find_unchecked("proof", text=case.text, keys=case.keys) == ["block"]


@pytest.mark.parametrize("keys", [{"keys": []}, {"keys": [Signer(random.Random(-1)).jwk]}], ids=["none", "another"])
def test_where_the_key_is_not_there_the_signature_is_not_checked(
    second: ProofChecker, example: Example, keys: JwkSet
) -> None:
    blocks = list(example.results.blocks)
    assert second.find_unchecked("proof", text=example.proof.text, keys=keys) == ["signature"]
    assert second.find_unchecked("results", text=example.results.text, blocks=blocks, keys=keys) == ["signature"]


def test_what_no_block_covers_yet_can_be_cut_off(checker: Checker, example: Example) -> None:
    """18.5: not proved is anything newer than the newest block."""
    assert holds(checker, example.with_lines([*example.lines[:-2], example.lines[-1]]))


LOG_CHANGES: dict[str, Callable[[Request], Request]] = {
    "an entry is missing": lambda log: {**log, "chains": [log["chains"][0][:-1], *log["chains"][1:]]},
    "a chain is missing": lambda log: {**log, "chains": log["chains"][1:]},
    "a chain is there twice": lambda log: {**log, "chains": [*log["chains"], log["chains"][0]]},
    "a block is missing": lambda log: {**log, "blocks": log["blocks"][1:]},
    "two blocks are swapped": lambda log: {
        **log,
        "blocks": [log["blocks"][1], log["blocks"][0], *log["blocks"][2:]],
        "heads": [log["heads"][1], log["heads"][0], *log["heads"][2:]],
    },
    "a block in the middle is missing": lambda log: {
        **log,
        "blocks": [log["blocks"][0], *log["blocks"][2:]],
        "heads": [log["heads"][0], *log["heads"][2:]],
    },
    "a head is missing": lambda log: {**log, "heads": [log["heads"][0][1:], *log["heads"][1:]]},
    "heads are in another order": lambda log: {**log, "heads": [log["heads"][0][::-1], *log["heads"][1:]]},
    "a head is not that of the block": lambda log: {
        **log,
        "heads": [[[log["heads"][0][0][0], log["heads"][0][0][1] + 1], *log["heads"][0][1:]], *log["heads"][1:]],
    },
}


@pytest.mark.parametrize("change", LOG_CHANGES)
def test_a_change_of_a_whole_log_is_found(second: ProofChecker, change: str) -> None:
    log = next(log for log in map(make_log, range(100)) if len(log.blocks) > 2 and len(log.blocks[0].heads) > 2)
    request = to_request(log)
    assert second.holds("log", **request)
    changed = LOG_CHANGES[change](request)
    assert changed != request
    assert not second.holds("log", **changed)
