"""The server against real tools: the W3C runner, real clients, real servers behind it, and a real browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))
from running import CONFORMANCE, serving

HERE = Path(__file__).parent / "server"
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
def site(real_build, tmp_path_factory):
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
        for _ in range(300):
            try:
                if httpx.get(url, params={"query": "ASK {}"}, timeout=2).is_success:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("kind", ["oxigraph", "fuseki"])
def test_pages_in_front_of_a_real_server(kind, real_store, tmp_path, trials):
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


# ---------------------------------------------------------------- browser

VISITED = ["/", "/therapies", "/trials", "/id/therapy-rad-ifn", "/id/trial-NCT02414269", "/thing/HGNC:7371", "/id/mechanism-car-t-cell-cytotoxicity", "/id/publication-PMID36856952", "/ask", "/ask/which_therapies_target_gene", "/graph", "/download/", "/search?q=ifn"]


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


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_pages_in_a_browser(browser, tools, site, scheme, width):
    """No error in the console, no sideways scrolling, and nothing serious for axe."""
    axe = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    found = []
    for path in VISITED:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
        # through the debugger, as the policy of the page forbids scripts from elsewhere
        context.new_cdp_session(page).send("Runtime.evaluate", {"expression": axe})
        bad = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => v.id + ' ' + v.nodes[0].target.join(' ')))")
        found += [(path, one) for one in bad]
    context.close()
    assert not errors
    assert not found


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


def test_first_view_is_quick_and_light(browser, site):
    page = browser.new_page()
    page.goto(site + "/")
    page.goto(site + "/")
    script = page.evaluate("performance.getEntriesByType('resource').filter(e => e.name.endsWith('.js')).reduce((n, e) => n + e.decodedBodySize, 0)")
    assert script < 400_000
    assert page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") < 1000
    page.close()


def test_network_where_it_is_bundled(browser, site):
    from mesokg.server.assets import has_bundle

    page = browser.new_page()
    page.goto(site + "/graph")
    if has_bundle("graph.js"):
        page.wait_for_selector("html[data-network=ready]", timeout=20_000)
        page.locator("#network-tools input").first.uncheck()
        assert "hide=" in page.url
        assert "hide=" in page.locator("#gexf").get_attribute("href")
    else:
        assert "without its front end" in page.locator("main").inner_text()
    page.close()
