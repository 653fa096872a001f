"""Changes of a results text and of the block that states it, each of which a checker has to find."""

from dataclasses import replace

from tests.support.proof_changes import STRANGER, at_key
from tests.support.proof_examples import Case, Change, Example, swap
from tests.support.proof_logs import state


def with_rows(example: Example, rows: list[str]) -> Case:
    return replace(example.results, text="".join(f"{row}\n" for row in rows))


def rows_of(example: Example) -> list[str]:
    return example.results.text.splitlines()


def with_part(example: Example, part: int, value: str) -> Case:
    rows = rows_of(example)
    parts = rows[1].split(" ")
    parts[part] = value
    return with_rows(example, [rows[0], " ".join(parts), *rows[2:]])


def with_statement(example: Example, **changed: object) -> Case:
    """With a block that states something else of these results, and is signed."""
    stated = {**state(example.results.text, "board:laps/2026-W48"), **changed}
    claims = {**example.log.blocks[-1].claims, "statements": [stated]}
    return replace(example.results, blocks=(example.log.signer.sign(claims),))


def state_again(text: str) -> Change:
    """With a text that is stated just so, and yet is none: what is wrong is its form or order."""
    return lambda e: replace(with_statement(e, **state(text, "board:laps/2026-W48")), text=text)


ONE, TWO = (f"{number * 8}-0000-4000-8000-{number * 12}" for number in "12")
RESULTS_CHANGES: dict[str, Change] = {
    "two rows are swapped": lambda e: with_rows(e, swap(rows_of(e), 0, 1)),
    "the first row is dropped": lambda e: with_rows(e, rows_of(e)[1:]),
    "the last row is dropped": lambda e: with_rows(e, rows_of(e)[:-1]),
    "a row is there twice": lambda e: with_rows(e, [*rows_of(e), rows_of(e)[-1]]),
    "nothing is left": lambda e: with_rows(e, []),
    "the last row has no end": lambda e: replace(e.results, text=e.results.text[:-1]),
    "there is an empty row": lambda e: with_rows(e, [*rows_of(e), ""]),
    "rows end as on other systems": lambda e: replace(e.results, text=e.results.text.replace("\n", "\r\n")),
    "a rank is another": lambda e: with_part(e, 0, "3"),
    "a player is another": lambda e: with_part(e, 1, ONE),
    "points are others": lambda e: with_part(e, 2, "77"),
    "points have a zero before": lambda e: with_part(e, 2, "01"),
    "a time is another": lambda e: with_part(e, 3, "1"),
    "an entry is another": lambda e: with_part(e, 4, "10"),
    "the stated hash is another": lambda e: with_statement(e, sha256="0" * 64),
    "the stated hash is in upper case": lambda e: with_statement(e, sha256="A" * 64),
    "the stated count is another": lambda e: with_statement(e, count=len(rows_of(e)) + 1),
    "the stated count is text": lambda e: with_statement(e, count=str(len(rows_of(e)))),
    "what is stated is of no board": lambda e: with_statement(e, subject="laps"),
    "what is stated ends before it starts": lambda e: with_statement(e, ends_us=1),
    "the block says nothing of them": lambda e: replace(
        e.results, blocks=(e.log.signer.sign({**e.log.blocks[-1].claims, "statements": []}),)
    ),
    "there is no block": lambda e: replace(e.results, blocks=()),
    "the block is cut": lambda e: replace(e.results, blocks=(e.log.blocks[-1].jws[:-1],)),
    "the key is another one": lambda e: replace(e.results, keys=at_key(e, x=STRANGER)),
    "ranks begin at 2": state_again(f"2 {ONE} 5 1 1\n"),
    "ranks begin at 0": state_again(f"0 {ONE} 5 1 1\n"),
    "a rank is left out": state_again(f"1 {ONE} 5 1 1\n3 {TWO} 4 1 1\n"),
    "of equal points who came later is first": state_again(f"1 {ONE} 5 2 1\n2 {TWO} 5 1 1\n"),
    "of equal times the higher id is first": state_again(f"1 {TWO} 5 1 1\n2 {ONE} 5 1 1\n"),
    "a player stands there twice": state_again(f"1 {ONE} 5 1 1\n2 {ONE} 4 1 1\n"),
    "points go down and up": state_again(f"1 {ONE} 5 1 1\n2 {TWO} 4 1 1\n3 {ONE[:-1]}3 6 1 1\n"),
    "a rank has a zero before": state_again(f"01 {ONE} 5 1 1\n"),
    "there is a column less": state_again(f"1 {ONE} 5 1\n"),
    "there is a column more": state_again(f"1 {ONE} 5 1 1 1\n"),
    "columns are apart by two spaces": state_again(f"1  {ONE} 5 1 1\n"),
    "points are minus nothing": state_again(f"1 {ONE} -0 1 1\n"),
    "a player is no id": state_again("1 somebody 5 1 1\n"),
}
