"""The clients against a registry on loopback that plays every fault: each ends in words, with what was read and a way on."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from email.utils import format_datetime
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mesokg.errors import Problem
from mesokg.registries import ctgov, pubmed
from mesokg.registries.cache import Cache
from mesokg.registries.faults import NotCached, NotFound, Refused, Unreachable
from mesokg.registries.web import Client, Policy, user_agent
from registries.fake_registry import FakeRegistry, ok, page, serving, study
from test_registries import PUBMED

FAST = Policy(interval=0.0, tries=3, timeout=2.0, deadline=2.0, longest_wait=5.0)


class Waits(list):
    """Stands for sleeping: remembers how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def _client(url: str, tmp_path: Path, *, policy: Policy = FAST, offline: bool = False, waits: Waits | None = None, max_age: int | None = 1) -> Client:
    return Client(
        "ctgov", url, cache=Cache(tmp_path / "cache", max_age=max_age), offline=offline, policy=policy,
        sleep=waits if waits is not None else Waits(), contact="curator@example.org",
    )  # fmt: skip


def _search(url: str, tmp_path: Path, **more) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    with _client(url, tmp_path, **more) as client:
        found = [s.nct for s in ctgov.Registry(client, problems).search(condition="mesothelioma")]
    return found, problems


def _studies(*numbers: int) -> list[dict]:
    return [study(f"NCT{n:08}") for n in numbers]


def _pages(path: str, query: dict[str, str], registry: FakeRegistry):
    """Three pages of two studies."""
    number = int(query.get("pageToken", "p0")[1:])
    return page(*_studies(2 * number + 1, 2 * number + 2), token=f"p{number + 1}" if number < 2 else "")


ALL = [f"NCT{n:08}" for n in range(1, 7)]

# ---------------------------------------------------------------- what goes well


def test_all_pages_are_read_once_and_the_project_is_named(tmp_path: Path):
    with serving(_pages) as registry:
        assert _search(registry.url, tmp_path) == (ALL, [])
        assert len(registry.asked) == 3
        assert set(registry.agents) == {user_agent("curator@example.org")}
        assert "mesokg/" in registry.agents[0] and "curator@example.org" in registry.agents[0]
        assert _search(registry.url, tmp_path) == (ALL, [])
        assert len(registry.asked) == 3, "fresh answers come from the cache"


def test_offline_uses_kept_answers_and_opens_no_connection(tmp_path: Path):
    with serving(_pages) as registry:
        _search(registry.url, tmp_path)
        url = registry.url
    assert _search(url, tmp_path, offline=True, max_age=0) == (ALL, [])
    found, problems = _search(url, tmp_path / "empty", offline=True)
    assert found == [] and "offline" in problems[0].fix


def test_old_answers_are_asked_again(tmp_path: Path):
    cache = Cache(tmp_path, max_age=3, today=date(2026, 1, 1))
    cache.put("ctgov", "http://x", b"body")
    assert Cache(tmp_path, max_age=3, today=date(2026, 1, 4)).get("ctgov", "http://x").body == b"body"
    later = Cache(tmp_path, max_age=3, today=date(2026, 1, 5))
    assert later.get("ctgov", "http://x") is None
    assert later.get("ctgov", "http://x", any_age=True).fetched == date(2026, 1, 1)


def test_a_damaged_cache_file_is_as_if_it_were_not_there(tmp_path: Path):
    cache = Cache(tmp_path)
    cache.put("ctgov", "http://x", b"body" * 1000)
    (path,) = tmp_path.rglob("*.gz")
    whole = path.read_bytes()
    for damaged in (whole[:-9], b"", b"nonsense", whole[:12] + b"\xff" * 40 + whole[52:]):
        path.write_bytes(damaged)
        assert cache.get("ctgov", "http://x") is None
    cache.put("ctgov", "http://x", b"again")
    assert cache.get("ctgov", "http://x").body == b"again"


def test_a_damaged_version_of_a_record_is_passed_over(tmp_path: Path):
    cache = Cache(tmp_path)
    cache.keep_version("ctgov", "NCT00000001", "2023-01-02", {"day": "2023-01-02"})
    cache.keep_version("ctgov", "NCT00000001", "2024-01-02", {"day": "2024-01-02 \ud800"})
    (path,) = tmp_path.rglob("2023*.gz")
    path.write_bytes(path.read_bytes()[:10] + b"\xff" * 40)
    assert cache.versions("ctgov", "NCT00000001") == [{"day": "2024-01-02 \ud800"}]


def test_versions_of_a_record_are_kept_by_their_date(tmp_path: Path):
    cache = Cache(tmp_path)
    for day in ("2024-01-02", "2023-01-02", "2024-01-02"):
        cache.keep_version("ctgov", "NCT00000001", day, {"day": day})
    cache.keep_version("ctgov", "../../escape", "2024", {})
    assert cache.versions("ctgov", "NCT00000001") == [{"day": "2023-01-02"}, {"day": "2024-01-02"}]
    assert cache.versions("ctgov", "../../escape") == []


def test_requests_keep_their_distance(tmp_path: Path):
    waits = Waits()
    with serving(_pages) as registry:
        _search(registry.url, tmp_path, policy=Policy(interval=30.0, tries=1), waits=waits)
    assert len(waits) == 2 and all(25 < w <= 30 for w in waits)


# ---------------------------------------------------------------- what goes wrong


def _once(fault_answer):
    """A handler that gives the fault for the second page once, and then goes on."""
    done: list[int] = []

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        if query.get("pageToken") == "p1" and not done:
            done.append(1)
            return fault_answer(registry)
        return _pages(path, query, registry)

    return handler


def _cut(registry: FakeRegistry):
    body = page(*_studies(3, 4))[2]
    raw = registry.raw
    raw.send_response(200)
    raw.send_header("Content-Length", str(len(body)))
    raw.end_headers()
    raw.wfile.write(body[: len(body) // 2])
    raw.wfile.flush()
    raw.connection.close()


TRANSIENT = {
    "429 with Retry-After in seconds": lambda r: (429, {"Retry-After": "3"}, b""),
    "429 with Retry-After as a date": lambda r: (429, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)}, b""),
    "429 without Retry-After": lambda r: (429, {}, b""),
    "500 in the middle": lambda r: (500, {}, b"oops"),
    "503": lambda r: (503, {"Retry-After": "1"}, b""),
    "cut in mid-body": _cut,
    "invalid JSON": lambda r: (200, {}, b'{"studies": [{'),
    "an answer of another shape": lambda r: ok([1, 2]),
}


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_passing_fault_is_outlived(tmp_path: Path, name: str):
    waits = Waits()
    with serving(_once(TRANSIENT[name])) as registry:
        assert _search(registry.url, tmp_path, waits=waits) == (ALL, [])
    (wait,) = (w for w in waits if w > 0)
    if "seconds" in name:
        assert wait == 3
    if "date" in name:
        assert 1 < wait <= 4


def _slow(registry: FakeRegistry):
    raw = registry.raw
    raw.send_response(200)
    raw.send_header("Content-Length", "1000000")
    raw.end_headers()
    for _ in range(100):
        raw.wfile.write(b" ")
        raw.wfile.flush()
        time.sleep(0.05)


LASTING = {
    "429 for a long time": (lambda r: (429, {"Retry-After": "86400"}, b""), "asks to wait 86,400 s"),
    "500 for ever": (lambda r: (500, {}, b""), "500 Internal Server Error, after 3 tries"),
    "cut for ever": (_cut, "connection failed"),
    "invalid JSON for ever": (lambda r: (200, {}, b'{"studies": [{'), "malformed answer"),
    "slow bytes": (_slow, "too slow"),
    "larger than the limit": (lambda r: (200, {}, b'{"studies": [' + b" " * 3_000_000 + b"]}"), "larger than 2,000,000 bytes"),
    "redirects for ever": (lambda r: (302, {"Location": r.raw.path}, b""), "redirects"),
    "a redirect to another host": (lambda r: (302, {"Location": "http://example.org/"}, b""), "another host"),
    "400 with words": (lambda r: (400, {}, b"pageToken: wrong"), "400 Bad Request: pageToken: wrong"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_ends_in_words_keeps_what_was_read_and_can_be_resumed(tmp_path: Path, name: str):
    answer, words = LASTING[name]
    faulty = [True]

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return answer(registry) if faulty[0] and query.get("pageToken") == "p1" else _pages(path, query, registry)

    policy = Policy(interval=0.0, tries=3, timeout=2.0, deadline=0.3, longest_wait=5.0, max_bytes=2_000_000)
    with serving(handler) as registry:
        found, problems = _search(registry.url, tmp_path, policy=policy)
        assert found == ALL[:2], "what came before the fault is used"
        (problem,) = problems
        assert words in problem.fix and "2 studies were read before" in problem.fix
        assert "run the same command again" in problem.fix
        faulty[0] = False
        asked = len(registry.asked)
        assert _search(registry.url, tmp_path) == (ALL, [])
        assert len(registry.asked) == asked + 2, "the first page is not asked for again"


def test_a_page_token_that_ran_out_begins_the_pages_again(tmp_path: Path):
    """The first page is kept with a token that the registry takes no more."""
    issue = ["old"]

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        token = query.get("pageToken")
        if token is None:
            return page(*_studies(1, 2), token=issue[0])
        if token != "new":
            return (500, {}, b"") if issue[0] == "old" else (400, {}, b"pageToken: wrong")
        return page(*_studies(3, 4))

    with serving(handler) as registry:
        found, problems = _search(registry.url, tmp_path)
        assert (found, len(problems)) == (ALL[:2], 1), "stopped on the second page"
        issue[0] = "new"
        assert _search(registry.url, tmp_path) == (ALL[:4], [])
        assert _search(registry.url, tmp_path, offline=True) == (ALL[:4], [])


def test_a_page_token_that_never_works_ends(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return (400, {}, b"pageToken: wrong") if query.get("pageToken") else page(*_studies(1, 2), token="t")

    with serving(handler) as registry:
        for _ in range(2):
            found, problems = _search(registry.url, tmp_path)
            assert found == ALL[:2] and "400 Bad Request: pageToken: wrong" in problems[0].fix
        assert len(registry.asked) == 5, "once from the first page again, since it was a kept one"


@pytest.mark.parametrize(
    ("contact", "said"),
    [("Jérôme <j@x.org>", "J%C3%A9r%C3%B4me <j@x.org>"), ("a@x.org\r\nX-Other: 1", "a@x.org%0D%0AX-Other: 1"), ("\udcff", "?")],
)
def test_a_contact_in_any_letters_is_told(tmp_path: Path, contact: str, said: str):
    with serving(_pages) as registry:
        with Client("pubmed", registry.url, cache=Cache(tmp_path), contact=contact, policy=FAST) as client:
            client.get("/studies", {"email": contact})
        assert registry.agents == [user_agent(contact)] and f"; {said})" in registry.agents[0]


def test_redirects_on_the_same_host_are_followed(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        if path == "/studies/NCT00000009":
            return 301, {"Location": "/studies/NCT00000001"}, b""
        if path == "/studies/NCT00000001":
            return ok(study())
        return page()

    problems: list[Problem] = []
    with serving(handler) as server, _client(server.url, tmp_path) as client:
        registry = ctgov.Registry(client, problems)
        assert [s.nct for s in registry.by_number(["NCT00000009"])] == ["NCT00000001"]
    assert (registry.aliases, registry.missing, problems) == ({"NCT00000009": "NCT00000001"}, [], [])


@pytest.mark.parametrize(
    "token",
    [lambda n: "again", lambda n: f"p{n % 2}", lambda n: f"new{n}"],
    ids=["same token", "two tokens", "new tokens, old studies"],
)
def test_paging_that_loops_ends(tmp_path: Path, token):
    number = iter(range(1000))

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return page(*_studies(1, 2), token=token(next(number)))

    with serving(handler) as registry:
        found, problems = _search(registry.url, tmp_path)
        assert found == ALL[:2] and len(registry.asked) <= 4
    assert [p.rule for p in problems] == ["registry not read"] and "loop" in problems[0].fix


def test_an_empty_page_in_the_middle_is_no_loop(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return page(token="p1") if not query.get("pageToken") else page(*_studies(1))

    with serving(handler) as registry:
        assert _search(registry.url, tmp_path) == (["NCT00000001"], [])


def test_a_number_the_registry_does_not_know_is_missing_not_an_error(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return page(*_studies(1)) if path == "/studies" else (404, {}, b"NCT number not found")

    problems: list[Problem] = []
    with serving(handler) as server, _client(server.url, tmp_path) as client:
        registry = ctgov.Registry(client, problems)
        assert [s.nct for s in registry.by_number(["NCT00000001", "NCT00000002"])] == ["NCT00000001"]
    assert (registry.missing, problems) == (["NCT00000002"], [])


def test_a_record_of_60_mb_is_fetched(tmp_path: Path):
    body = json.dumps({"studies": [study(descriptionModule__detailedDescription="word " * 12_000_000)]}).encode()
    with serving(lambda path, query, registry: (200, {}, body)) as registry:
        assert _search(registry.url, tmp_path, policy=Policy(interval=0.0)) == (["NCT00000001"], [])


def test_nobody_listens(tmp_path: Path):
    with serving(_pages) as registry:
        url = registry.url
    found, problems = _search(url, tmp_path)
    assert found == [] and "connection failed" in problems[0].fix


def test_each_kind_of_failure_has_its_exception(tmp_path: Path):
    answers = {"/a": (404, {}, b""), "/b": (403, {}, b"no"), "/c": (500, {}, b"")}
    with serving(lambda path, query, registry: answers[path]) as registry, _client(registry.url, tmp_path) as client:
        for path, kind in (("/a", NotFound), ("/b", Refused), ("/c", Unreachable)):
            with pytest.raises(kind, match=registry.url):
                client.get(path)
    with pytest.raises(NotCached):
        _client("http://127.0.0.1:9", tmp_path, offline=True).get("/d")


def test_publications_in_batches(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        assert path == "/efetch.fcgi" and query["email"] == "curator@example.org"
        return 200, {}, PUBMED.encode()

    problems: list[Problem] = []
    with serving(handler) as server, _client(server.url, tmp_path) as client:
        registry = pubmed.Registry(client, problems)
        assert [a.pmid for a in registry.by_pmid(["1", "2"])] == ["1"]
    assert (registry.missing, problems) == (["2"], [])


# ---------------------------------------------------------------- only here, only when asked

SRC = Path(__file__).resolve().parent.parent / "src" / "mesokg"
NETWORK = {"httpx", "requests", "socket", "urllib.request", "urllib3", "http.client", "aiohttp", "ssl", "ftplib"}
ALLOWED = {
    "registries/web.py": "the registries",
    "store.py": "a SPARQL server named by --endpoint or by `mesokg load URL`",
}


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_no_other_module_imports_what_reaches_the_network():
    guilty = {
        path.relative_to(SRC).as_posix(): sorted(names)
        for path in SRC.rglob("*.py")
        if (names := _imported(path) & NETWORK)
        and path.relative_to(SRC).as_posix() not in ALLOWED
        and not path.relative_to(SRC).as_posix().startswith("server/")  # it listens; the test below sees that it never connects
    }
    assert guilty == {}


def test_only_the_two_commands_import_the_registries():
    users = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if not path.relative_to(SRC).as_posix().startswith("registries/") and any(n.startswith("mesokg.registries") for n in _imported(path))
    }
    assert users <= {"refresh.py", "discover.py", "cli.py"}


def test_reading_our_tables_and_files_needs_no_http_library(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(study()))
    code = (
        "import sys; from pathlib import Path; from mesokg.refresh import refresh; from mesokg.discover import discover;"
        f"refresh(Path({str(Path(__file__).parent / 'tiny')!r}), path=Path({str(tmp_path)!r}));"
        f"discover(Path({str(Path(__file__).parent / 'tiny')!r}), path=Path({str(tmp_path)!r}));"
        "assert not {'httpx', 'rdflib', 'networkx'} & set(sys.modules), 'heavy imports'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
