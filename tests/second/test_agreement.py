"""Two verifiers, written apart from each other, agree: on a thousand random logs that hold, and on every change of some of them."""

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest

from audit.keys import read_jwk_set
from scores.integrity.proof_verification import check_proof, read_lines
from scores.integrity.results_verification import check_results
from tests.support.random_logs import RandomLog, make_log
from tests.support.second import SecondVerifier, second_verifier

LOGS = 1000
#: Of these every change is tried.
CHANGED = 25


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with second_verifier() as verifier:
        yield verifier


def holds_proof(second: SecondVerifier, log: RandomLog, text: str) -> list[bool]:
    keys = read_jwk_set({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x} for kid, x in log.keys.items()]})
    results = check_proof(read_lines(BytesIO(text.encode())), keys)
    return [not second.find_fault(proof=text, keys=log.keys), all(result.holds is not False for result in results)]


def holds_results(second: SecondVerifier, log: RandomLog, text: str, blocks: list[str]) -> list[bool]:
    keys = read_jwk_set({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x} for kid, x in log.keys.items()]})
    results = check_results(text.encode().splitlines(keepends=True), blocks, keys)
    return [
        not second.find_fault(results=text, blocks=blocks, keys=log.keys),
        all(result.holds is not False for result in results),
    ]


def test_a_thousand_random_logs_hold_by_both(second: SecondVerifier) -> None:
    broken = []
    for seed in range(LOGS):
        log = make_log(seed)
        for number, proof in enumerate(log.proofs):
            if holds_proof(second, log, proof) != [True, True]:
                broken.append((seed, number))
        if holds_results(second, log, log.results, log.blocks) != [True, True]:
            broken.append((seed, -1))
    assert broken == []


def change_fields(line: str) -> Iterator[str]:
    """The line with each value in turn another one of its kind, as somebody would change it in the database."""
    entry = json.loads(line)
    for at, value in enumerate(entry):
        other = (
            value + 1
            if isinstance(value, int)
            else "x"
            if value is None
            else value[:-1] + ("0" if value[-1:] != "0" else "1")
        )
        changed = [*entry[:at], other, *entry[at + 1 :]]
        yield json.dumps(changed, separators=(",", ":"))


def change_proof(log: RandomLog, proof: str) -> Iterator[tuple[str, str]]:
    """Changes that must show, by name."""
    lines = proof.splitlines()
    *entries, last = lines
    end = json.loads(last)
    sealed = [line for line in entries if line.startswith("[")]
    for at, line in enumerate(sealed):
        for field, other in enumerate(change_fields(line)):
            yield f"field {field} of line {at}", "\n".join([*entries[:at], other, *entries[at + 1 :], last, ""])
        yield f"line {at} twice", "\n".join([*entries[:at], line, *entries[at:], last, ""])
        if at > 0:
            yield f"without line {at}", "\n".join([*entries[:at], *entries[at + 1 :], last, ""])
            yield f"line {at} first", "\n".join([line, *entries[:at], *entries[at + 1 :], last, ""])
    yield "without an end", "\n".join([*entries, ""])
    yield "two ends", "\n".join([*lines, last, ""])
    yield "cut off", proof[:-2]
    for name, changed in change_end(log, end):
        yield name, "\n".join([*entries, json.dumps(changed), ""])


def change_end(log: RandomLog, end: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    head, path, index = end["head"], end["path"], end["index"]
    for name, value in head.items():
        other = value + 1 if isinstance(value, int) else ("0" if value[0] != "0" else "1") + value[1:]
        yield f"head's {name}", {**end, "head": {**head, name: other}}
    for other in (index + 1, index - 1, -1, 2**40, "0", None):
        yield f"index {other}", {**end, "index": other}
    for at, sibling in enumerate(path):
        yield (
            f"sibling {at}",
            {**end, "path": [*path[:at], ("0" if sibling[0] != "0" else "1") + sibling[1:], *path[at + 1 :]]},
        )
        yield f"without sibling {at}", {**end, "path": [*path[:at], *path[at + 1 :]]}
    yield "a sibling more", {**end, "path": [*path, "0" * 64]}
    if path != path[::-1]:
        yield "siblings swapped", {**end, "path": path[::-1]}
    header, payload, signature = str(end["block"]).split(".")
    yield (
        "another signature",
        {**end, "block": f"{header}.{payload}.{signature[:5]}{'A' if signature[5] != 'A' else 'B'}{signature[6:]}"},
    )
    yield "no signature", {**end, "block": f"{header}.{payload}."}
    from_another = make_log(len(log.proofs) + 5000)
    yield "another's block", {**end, "block": from_another.blocks[0]}
    yield "no block", {**end, "block": None}
    yield "no head", {**end, "head": None}
    yield "more than an end", {**end, "more": 1}


@pytest.mark.parametrize("seed", range(CHANGED))
def test_every_change_of_a_proof_is_refused_by_both(second: SecondVerifier, seed: int) -> None:
    log = make_log(seed)
    proof = log.proofs[seed % len(log.proofs)]
    found = {name: holds_proof(second, log, changed) for name, changed in change_proof(log, proof)}
    assert {name: both for name, both in found.items() if both != [False, False]} == {}
    assert len(found) > 25


RESULTS: dict[str, Callable[[list[str]], list[str]]] = {
    "the first place twice": lambda rows: [rows[0], *rows],
    "without the first place": lambda rows: rows[1:],
    "without the last place": lambda rows: rows[:-1],
    "backwards": lambda rows: rows[::-1],
    "other points": lambda rows: [
        f"{rows[0].split()[0]} {rows[0].split()[1]} 77 {' '.join(rows[0].split()[3:])}\n",
        *rows[1:],
    ],
    "another entry": lambda rows: [*rows[:-1], rows[-1].rstrip("\n") + "0\n"],
    "cut off": lambda rows: [*rows[:-1], rows[-1][:-1]],
    "another spelling": lambda rows: [rows[0].replace(" ", "  ", 1), *rows[1:]],
}


@pytest.mark.parametrize("change", RESULTS)
def test_every_change_of_results_is_refused_by_both(second: SecondVerifier, change: str) -> None:
    tried = 0
    for seed in range(60):
        log = make_log(seed)
        rows = log.results.splitlines(keepends=True)
        changed = "".join(RESULTS[change](rows)) if len(rows) > 1 else log.results
        if changed != log.results:
            tried += 1
            assert holds_results(second, log, changed, log.blocks) == [False, False], (seed, changed)
    assert tried > 30


def test_a_block_that_states_something_else_states_nothing_of_these(second: SecondVerifier) -> None:
    for seed in range(20):
        log, other = make_log(seed), make_log(seed + 1000)
        if log.results != other.results:
            assert holds_results(second, other, log.results, other.blocks) == [False, False]
            assert holds_results(second, log, log.results, []) == [False, False]


def test_a_log_is_made_anew_from_its_number() -> None:
    assert make_log(3) == make_log(3)
    assert make_log(3) != make_log(4)
