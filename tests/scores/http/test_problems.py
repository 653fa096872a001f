"""Errors are problem documents, made in one place: what each says, and in which headers."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, InterfaceError, InternalError, OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework import exceptions

from scores.database.postgresql.base import WriteUnanswered
from scores.errors import (
    Cooldown,
    InvalidBody,
    LoginFailed,
    NotAuthenticated,
    OutcomeUnknown,
    Refused,
    TokenInvalid,
    Unavailable,
)
from scores.http.problems import general_problem, problem, refuse, replace, to_refusal


def read(response: HttpResponse) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(response.content)
    return document


def test_a_refused_act_says_exactly_this() -> None:
    refusal = InvalidBody(errors=[{"field": "points", "detail": "Unknown field."}])
    response = refuse(RequestFactory().patch("/api/score/update"), refusal)
    assert read(response) == {
        "type": "urn:scoreboard:problem:invalid_body",
        "title": "Invalid body",
        "status": 400,
        "detail": "The body is not what this route takes.",
        "code": "invalid_body",
        "errors": [{"field": "points", "detail": "Unknown field."}],
    }
    assert (response.headers["Content-Type"], response.headers["Cache-Control"]) == (
        "application/problem+json",
        "no-store",
    )


@pytest.mark.parametrize(
    ("refusal", "headers"),
    [
        (NotAuthenticated(), {"WWW-Authenticate": "Bearer"}),
        (LoginFailed(), {"WWW-Authenticate": "Bearer"}),
        (
            TokenInvalid(),
            {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{TokenInvalid.detail}"'},
        ),
        (Cooldown(retry_after=90), {"Retry-After": "90"}),
        (Cooldown(retry_after=0), {"Retry-After": "2"}),
        (Unavailable(), {"Retry-After": "2"}),
        (InvalidBody(), {}),
    ],
)
def test_headers_say_how_to_go_on(refusal: Refused, headers: dict[str, str]) -> None:
    response = refuse(RequestFactory().patch("/api/score/update"), refusal)
    assert {name: response.headers[name] for name in ("WWW-Authenticate", "Retry-After") if name in response} == headers


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (OperationalError("away"), Unavailable),
        (InterfaceError("closed"), Unavailable),
        (InternalError("read-only"), Unavailable),
        (WriteUnanswered("sent"), OutcomeUnknown),
        (Cooldown(), Cooldown),
        (exceptions.ValidationError("Not an object."), InvalidBody),
    ],
)
def test_what_is_no_fault_of_ours_is_a_refusal(error: Exception, refusal: type[Refused]) -> None:
    assert type(to_refusal(error)) is refusal


@pytest.mark.parametrize("error", [IntegrityError("twice"), ValueError("ours"), exceptions.NotFound()])
def test_what_is_another_matter_is_none(error: Exception) -> None:
    assert to_refusal(error) is None


def test_each_bad_field_is_named_with_all_that_is_wrong_with_it() -> None:
    error = exceptions.ValidationError({"action": ["Too long.", "No text."], "receipt": {"sub": ["Missing."]}})
    refusal = to_refusal(error)
    assert refusal is not None
    assert refusal.errors == [
        {"field": "action", "detail": "Too long. No text."},
        {"field": "receipt", "detail": "Missing."},
    ]


def test_a_page_that_is_replaced_keeps_what_its_headers_say() -> None:
    page = HttpResponse(b"<html>", status=405, headers={"Allow": "GET", "X-Frame-Options": "DENY"})
    response = replace(page)
    assert read(response) == general_problem(405)
    assert (response.headers["Allow"], response.headers["X-Frame-Options"]) == ("GET", "DENY")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_status_of_somebody_elses_has_a_code_too() -> None:
    assert general_problem(404) == problem(404, "not_found", "Not Found", "There is nothing here.")
    assert general_problem(410)["code"] == "gone"
