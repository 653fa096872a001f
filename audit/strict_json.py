"""JSON read strictly (RFC 8259 with RFC 7493's cautions): what two readers could understand differently is refused."""

import json
import math
from typing import Any, NoReturn

#: The only way for U+0000 and for a lone surrogate into a text: JSON takes no bare control characters there, nor UTF-8 half a pair.
ESCAPED = b"\\u"


def loads(data: bytes) -> Any:
    """The value in UTF-8 JSON text. Raises ValueError with a sentence for anything doubtful.

    Refused are: bad UTF-8, a byte order mark, duplicate keys, NaN and Infinity, numbers beyond a double or of
    thousands of digits, lone surrogates, U+0000, and nesting deeper than the interpreter follows.
    """
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_float=_finite
        )
        if ESCAPED in data:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
            if _holds_null(value):
                raise ValueError("The body holds the character U+0000.")
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise ValueError("The body holds a lone surrogate.") from None
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("The body holds a key twice.")
    return members


def _holds_null(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_null(part) for item in value.items() for part in item)
    return isinstance(value, list) and any(map(_holds_null, value))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("The body holds a number out of range.")
    return number
