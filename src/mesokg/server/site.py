"""Pages, linked data, downloads and assets by address."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import FileResponse, Response
from starlette.routing import Route

from mesokg.errors import StoreError
from mesokg.metadata import DATASET
from mesokg.server.assets import asset
from mesokg.server.cache import Cache, key_of
from mesokg.server.failures import Failure
from mesokg.server.html import document, el
from mesokg.server.negotiation import (
    GRAPHS,
    Format,
    by_suffix,
    choose,
    prefers_html,
    prefers_json,
)
from mesokg.server.protocol import (
    answer_once,
    base_of,
    cors,
    etag_of,
    failure_in,
    field,
    matches,
    preflight,
    wants_gzip,
)
from mesokg.server.records import FILES

if TYPE_CHECKING:
    from starlette.requests import Request

    from mesokg.server.pool import Pool
    from mesokg.server.settings import Settings

__all__ = ["Site", "release_of"]

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_JSON = Format("json", "application/json", (), "json")
_CSV = Format("csv", "text/csv", (), "csv", charset=True)
# plain JSON before JSON-LD, which asks for application/json too
_THINGS = (GRAPHS[0], _JSON, *GRAPHS[1:], _CSV)
_TYPES = {".ttl": "text/turtle; charset=utf-8", ".trig": "application/trig; charset=utf-8", ".owl": "application/rdf+xml", ".jsonld": "application/ld+json", ".gz": "application/gzip", ".json": "application/json", ".csv": "text/csv; charset=utf-8", ".tsv": "text/tab-separated-values; charset=utf-8", ".gexf": "application/gexf+xml", ".graphml": "application/graphml+xml", ".cx2": "application/json"}
_SAID = {
    "mesokg.ttl": "everything: ontology, facts, inferences and the sources of each (Turtle)", "mesokg-simple.ttl": "without the sources (Turtle)",
    "mesokg.trig": "the named graphs (TriG)", "mesokg.nq.gz": "the named graphs (N-Quads, compressed)", "mesokg.owl": "everything, for Protégé (RDF/XML)",
    "mesokg.jsonld": "everything (JSON-LD)", "mesokg.gexf": "the network, for Gephi", "mesokg-timeline.gexf": "the network over time, for Gephi",
    "mesokg.graphml": "the network, for Cytoscape and yEd", "mesokg.cx2": "the network, for Cytoscape", "void.ttl": "the dataset described in VoID and DCAT",
    "receipt.json": "what this release holds, with checksums", "ontology/mesokg-base.ttl": "the ontology alone", "ontology/mesokg-full.ttl": "the ontology with its imports and hierarchy", "queries.ttl": "the questions in RDF",
}
_FOLDERS = {"tables": "a table per kind, for spreadsheets", "kgx": "nodes and edges in the form of KGX and Biolink", "ontology": "the ontology in other forms", "mappings": "mappings in SSSOM", "pages": "the ontology and the questions as pages"}
_SIGNPOST = {"Therapy": "https://schema.org/MedicalTherapy", "Trial": "https://schema.org/MedicalTrial", "Gene": "https://schema.org/Gene", "Publication": "https://schema.org/ScholarlyArticle", "Drug": "https://schema.org/Drug"}
_SAFE = "/:@-._~"
_DATASET_LINKS = (f'<{DATASET}>; rel="cite-as"', f'<{LICENCE}>; rel="license"', '<https://schema.org/AboutPage>; rel="type"', '<https://schema.org/Dataset>; rel="type"')


def release_of(build: Path) -> str:
    """The checksum of the graph of a build: what answers are cached under."""
    try:
        receipt = json.loads((build / "receipt.json").read_text(encoding="utf-8"))
        return str(receipt["files"]["mesokg.nq.gz"]["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{build / 'receipt.json'} cannot be read; run `mesokg build` again") from error


class Site:
    """Everything but the SPARQL endpoint and the graph store."""

    def __init__(self, settings: Settings, pool: Pool, cache: Cache) -> None:
        self.settings, self.pool, self.cache = settings, pool, cache
        # listed once, so that only these files can ever be sent
        self.products = {p.relative_to(settings.build).as_posix(): p for p in sorted(settings.build.rglob("*")) if p.is_file()} if settings.build else {}
        self.receipt = json.loads((settings.build / "receipt.json").read_text(encoding="utf-8")) if settings.build else {}

    def routes(self) -> list[Route]:
        pages = ("/", "/therapies", "/trials", "/search", "/ask", "/ask/{name}", "/graph", "/graph.json", "/edge.json", "/graph.gexf", "/suggest", "/why", "/behind", "/examples.ttl", "/editor", "/dataset", "/dataset.{suffix}", "/dataset/{name:path}", "/thing", "/thing/{name:path}", "/id/{name:path}", "/graph/{name:path}", "/ontology", "/ontology.{suffix}", "/ontology/{name:path}")
        # "/ontology/" is the namespace of the ontology
        slashed = [f"{path}/" for path in (*pages, "/health") if "." not in path and "{" not in path and path not in ("/", "/ontology")]
        slashed += ["/ask/{name}/", "/.well-known/void/"]
        return [
            *[Route(path, self.slashed) for path in slashed], *[Route(path, self.page) for path in pages],
            Route("/download", self.downloads), Route("/download/", self.downloads), Route("/download/{name:path}", self.download),
            Route("/.well-known/void", self.void), Route("/static/{name:path}", self.static), Route("/robots.txt", self.robots),
            Route("/favicon.ico", self.icon), Route("/w3id.htaccess", self.htaccess), Route("/health", self.health),
        ]

    # ------------------------------------------------------------ pages

    async def page(self, request: Request) -> Response:
        path = request.url.path
        pairs = [(name, value) for name, value in request.query_params.multi_items()][:50]
        chosen: Format | None = None
        style = "html"
        data = path.startswith(("/id/", "/thing", "/ontology", "/graph/", "/dataset"))
        if data:
            asked = dict(pairs).get("format", "")
            stem, _, suffix = path.rpartition(".")
            known = by_suffix(suffix, _THINGS) if "/" not in suffix else None
            # the namespace of the ontology ends with a slash
            if known is not None and (stem.rpartition("/")[2] or stem == "/ontology/"):
                chosen, path = known, stem
            elif asked:
                chosen = by_suffix(asked, _THINGS)
                if chosen is None:
                    raise Failure(406, "there is no such format", "use ttl, nt, rdf, jsonld, trig, json or csv")
            elif not prefers_html(accept := field(request, "accept"), _THINGS):
                chosen = choose(accept, _THINGS)
                if chosen is None:
                    raise Failure(406, "the Accept header names no format of this thing", "accept text/html, text/turtle, application/ld+json, application/json or text/csv")
            style = chosen.name if chosen else "html"
        if path == "/dataset" and chosen in GRAPHS:
            return await self._void(request, chosen)
        if path.startswith("/ontology") and chosen in GRAPHS and (file := self._ontology_file(path)):
            return await self._ontology(file, chosen)
        zipped = wants_gzip(request)
        base = base_of(request, self.settings)
        key = key_of("page", self.settings.release, base, path, repr(pairs), style, "gzip" if zipped else "")
        keep = self.settings.build is not None
        etag = etag_of(key)
        header = {"op": "page", "path": path, "query": pairs, "format": style, "gzip": zipped, "base": base}
        reply, body = await answer_once(request, self.pool, self.cache, header, key=key, keep=keep)
        media = chosen.content_type if chosen else reply["type"]
        headers = {"Content-Type": media, "Vary": "Accept, Accept-Encoding", **cors(self.settings)}
        if keep:
            headers |= {"ETag": etag, "Cache-Control": "public, max-age=300"}
        if reply.get("encoding"):
            headers["Content-Encoding"] = reply["encoding"]
        if reply.get("editor"):
            headers["X-Mesokg-Editor"] = "1"
        if reply.get("attachment"):
            headers["Content-Disposition"] = f'attachment; filename="{reply["attachment"]}"'
        if reply.get("iri"):
            headers["Link"] = self._signposts(reply, base, path, chosen, apart=path != request.url.path or "format" in request.query_params)
            if chosen:
                headers["Content-Location"] = self._data_address(reply["iri"], path, chosen)
        if reply.get("landing"):
            headers["Link"] = ", ".join([
                *_DATASET_LINKS, f'<{base}/.well-known/void>; rel="describedby"; type="text/turtle"',
                *[f'<{base}/download/{quote(name)}>; rel="item"; type="{self._media(name).split(";")[0]}"' for name in self.products if name in _SAID],
            ])
        if keep and matches(request, etag):
            return Response(status_code=304, headers={k: v for k, v in headers.items() if k not in ("Content-Type", "Content-Encoding")})
        return Response(body, headers=headers)

    def _data_address(self, iri: str, path: str, one: Format) -> str:
        """Where the data of a thing stand, apart from its page."""
        return f"{path}?iri={quote(iri, safe='')}&format={one.suffix}" if path == "/thing" else f"{quote(path, safe=_SAFE)}.{one.suffix}"

    def _signposts(self, reply: dict[str, Any], base: str, path: str, chosen: Format | None, *, apart: bool) -> str:
        """FAIR Signposting, level 1 (https://signposting.org/FAIR/).

        The page leads to its data (``describedby``), data lead to the page (``describes``). Both say the same of citation, licence
        and types, of which the types are those of the page. Data at the address of the page, not ``apart`` at their own, say too
        what the page says of itself, as a client that accepts anything sees them alone.
        """
        iri = reply["iri"]
        page = f"{base}{path}?iri={quote(iri, safe='')}" if path == "/thing" else base + quote(path, safe=_SAFE)
        kind = _SIGNPOST.get(reply.get("kind", ""), "https://schema.org/Thing")
        anchor = f'; anchor="{page}"' if chosen else ""
        links = [
            f'<{quote(iri, safe=":/#?&=%._-~")}>; rel="cite-as"', f'<{LICENCE}>; rel="license"',
            *[f'<{one}>; rel="type"{anchor}' for one in ("https://schema.org/AboutPage", kind)], f'<{DATASET}>; rel="collection"',
        ]
        if chosen:
            links.append(f'<{page}>; rel="describes"; type="text/html"')
        if not apart:
            data = [one for one in _THINGS if one.suffix in ("ttl", "jsonld", "json", "csv")]
            links += [f'<{base}{self._data_address(iri, path, one)}>; rel="describedby"; type="{one.media}"{anchor}' for one in data]
        return ", ".join(links)

    def _ontology_file(self, path: str) -> str | None:
        name = path.removeprefix("/ontology").strip("/").removesuffix(self.receipt.get("ontology") or "/").strip("/")
        file = f"ontology/{FILES[name]}.ttl" if name in FILES else ""
        return file if file in self.products else None

    async def _ontology(self, file: str, chosen: Format) -> Response:
        """An ontology as it was released, in the format that is asked for."""
        headers = {"Content-Type": chosen.content_type, "Vary": "Accept", **cors(self.settings)}
        path = self.products[file]
        if chosen.name == "turtle":
            return FileResponse(path, headers=headers)

        def convert() -> bytes:
            from pyoxigraph import RdfFormat, parse

            from mesokg.identifiers import PREFIXES
            from mesokg.server.results import write_triples

            return write_triples([quad.triple for quad in parse(path=str(path), format=RdfFormat.TURTLE)], chosen.name, PREFIXES)

        return Response(await asyncio.to_thread(convert), headers=headers)

    # ------------------------------------------------------------ downloads

    def _media(self, name: str) -> str:
        return _TYPES.get(Path(name).suffix, "application/octet-stream")

    async def downloads(self, request: Request) -> Response:
        files = self.receipt.get("files", {})
        order = [name for name in _SAID if name in self.products] + [name for name in self.products if name not in _SAID]
        headers = {"Vary": "Accept", **cors(self.settings)}
        if prefers_json(field(request, "accept")):
            return Response(json.dumps(self.receipt), media_type="application/json", headers=headers)

        def listed(names: list[str], label: str) -> Any:
            rows = [
                el("tr", el("td", el("a", name, href="/download/" + quote(name)), el("span", _SAID.get(name, ""), cls="about said"), el("code", files.get(name, {}).get("sha256", ""), cls="sum")), el("td", _size(self.products[name].stat().st_size), cls="number"))
                for name in names
            ]
            table = el("table", el("thead", el("tr", el("th", "File, what it is, SHA-256", scope="col"), el("th", "Size", scope="col", cls="number"))), el("tbody", rows), cls="files")
            return el("div", table, cls="wide", tabindex="0", role="region", aria_label=label)

        folders: dict[str, list[str]] = {}
        for name in order:
            if name not in _SAID:
                folders.setdefault(name.partition("/")[0] if "/" in name else "", []).append(name)
        rest = [
            el("details", el("summary", f"{folder}/ ({_FOLDERS.get(folder, 'files')})" if folder else "Other files", f": {len(names)}"), listed(names, folder or "Other files"))
            for folder, names in folders.items()
        ]
        facts = el("p", f"Version {self.receipt.get('mesokg', '')}, ontology of {self.receipt.get('ontology', '')}, licence ", el("a", "CC BY 4.0", href=LICENCE, rel="license external"), f". {self.receipt.get('triples', {}).get('all', 0):,} triples.") if self.receipt else el("p", "This server stands in front of another and has no files of its own." if self.settings.endpoint else "This server has a store of its own and no files of a release.")
        body = document("Download", el("h1", "Download"), facts, listed([name for name in order if name in _SAID], "Files") if order else None, rest, here="/download/", description="Files of this release with size, checksum and licence.")
        return Response(body, media_type="text/html", headers=headers)

    async def download(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = self.products.get(name)
        if path is None:
            raise Failure(404, "there is no such file", "look at the list at /download/")
        link = f'<{LICENCE}>; rel="license", <{base_of(request, self.settings)}/>; rel="collection"; type="text/html"'
        return FileResponse(path, media_type=self._media(name), headers={"Link": link, **cors(self.settings)})

    async def void(self, request: Request) -> Response:
        return await self._void(request, choose(field(request, "accept"), GRAPHS) or GRAPHS[0])

    async def _void(self, request: Request, found: Format) -> Response:
        """The dataset in VoID and DCAT, with the address of this endpoint and its examples."""
        base = base_of(request, self.settings)
        zipped = wants_gzip(request)
        key = key_of("void", self.settings.release, base, found.name, "gzip" if zipped else "")
        links = [*_DATASET_LINKS[:2], f'<{base}/>; rel="describes"; type="text/html"']
        headers = {"Content-Type": found.content_type, "Vary": "Accept, Accept-Encoding", "Link": ", ".join(links), **cors(self.settings)}
        # what a server behind, or a store that changes, says of itself may change
        keep = self.settings.build is not None
        held = self.cache.get(key) if keep else None
        if held is None:
            said = await self._said_behind(request, base) if self.settings.endpoint else []
            body = await asyncio.to_thread(self._describe, base, found, said)
            held = {}, gzip.compress(body, 5, mtime=0) if zipped else body
            if keep:
                self.cache.put(key, held)
        if zipped:
            headers["Content-Encoding"] = "gzip"
        if keep:
            headers |= {"ETag": etag_of(key), "Cache-Control": "public, max-age=300"}
            if matches(request, etag_of(key)):
                return Response(status_code=304, headers={k: v for k, v in headers.items() if k not in ("Content-Type", "Content-Encoding")})
        return Response(held[1], headers=headers)

    async def _said_behind(self, request: Request, base: str) -> list[Any]:
        """What the server behind says of the dataset; nothing where it does not say, or does not answer."""
        from pyoxigraph import RdfFormat, parse

        header = {"op": "page", "path": "/dataset", "query": [], "format": "ntriples", "gzip": False, "base": base}
        try:
            _, body = await answer_once(request, self.pool, self.cache, header, key=key_of("void", base), keep=False)
        except Failure:
            return []
        return list(parse(body, format=RdfFormat.N_TRIPLES))

    def _describe(self, base: str, found: Format, said: list[Any]) -> bytes:
        path = self.products.get("void.ttl")
        from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, parse

        from mesokg.identifiers import PREFIXES
        from mesokg.server.description import Download, describe_downloads
        from mesokg.server.results import write_triples

        dataset = NamedNode(DATASET)
        quads = list(parse(path=str(path), format=RdfFormat.TURTLE)) if path else said
        if self.settings.endpoint and not quads:
            quads = [
                Quad(dataset, NamedNode(PREFIXES[prefix] + local), value)
                for prefix, local, value in (
                    ("rdf", "type", NamedNode(PREFIXES["void"] + "Dataset")), ("rdf", "type", NamedNode(PREFIXES["dcat"] + "Dataset")),
                    ("dcterms", "title", Literal("mesokg", language="en")), ("dcterms", "license", NamedNode(LICENCE)),
                )
            ]
        quads.append(Quad(dataset, NamedNode(PREFIXES["void"] + "sparqlEndpoint"), NamedNode(base + "/sparql")))
        for name in self.products:
            if name in _SAID and name.endswith((".ttl", ".trig", ".gz", ".owl", ".jsonld")):
                quads.append(Quad(dataset, NamedNode(PREFIXES["void"] + "dataDump"), NamedNode(f"{base}/download/{name}")))
        quads.append(Quad(dataset, NamedNode(PREFIXES["rdfs"] + "seeAlso"), NamedNode(base + "/examples.ttl")))
        files = [
            Download(f"{base}/download/{quote(name)}", said, self._media(name).partition(";")[0], self.products[name].stat().st_size)
            for name, said in _SAID.items()
            if name in self.products
        ]
        return write_triples([*(q.triple for q in quads), *describe_downloads(files, LICENCE)], found.name, PREFIXES)

    # ------------------------------------------------------------ small things

    async def slashed(self, request: Request) -> Response:
        """A page is at its address without the slash. The address has no host in it, as a proxy may have given another."""
        if request.method == "OPTIONS":
            # browsers follow no redirect when they ask for leave
            return preflight(self.settings, "GET, HEAD, POST, OPTIONS")
        asked = f"?{request.url.query}" if request.url.query else ""
        return Response(status_code=308, headers={"Location": quote(request.scope["path"].rstrip("/"), safe=_SAFE) + asked, **cors(self.settings)})

    async def static(self, request: Request) -> Response:
        found = asset(request.path_params["name"])
        if found is None:
            raise Failure(404, "there is no such file", "start at the first page")
        data, zipped, media, etag = found
        shorter = wants_gzip(request) and len(zipped) < len(data)
        # other bytes, another strong ETag
        etag = f'{etag[:-1]}-gzip"' if shorter else etag
        headers = {"Content-Type": media, "ETag": etag, "Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"}
        if matches(request, etag):
            return Response(status_code=304, headers=headers)
        if shorter:
            return Response(zipped, headers={**headers, "Content-Encoding": "gzip"})
        return Response(data, headers=headers)

    async def robots(self, request: Request) -> Response:
        return Response("User-agent: *\nDisallow: /sparql\nDisallow: /search\n", media_type="text/plain")

    async def icon(self, request: Request) -> Response:
        return Response(status_code=308, headers={"Location": "/static/icon.svg"})

    async def health(self, request: Request) -> Response:
        """Whether questions can be answered: by a worker, and by the server behind where there is one."""
        failure = failure_in(await self.pool.run({"op": "ping"}))
        if failure is not None:
            raise failure
        return Response(json.dumps({"status": "ok", "release": self.settings.release[:16]}), media_type="application/json", headers={"Cache-Control": "no-store"})

    async def htaccess(self, request: Request) -> Response:
        """Ready for https://github.com/perma-id/w3id.org: one rule sends every IRI of ours to this server."""
        base = base_of(request, self.settings)
        text = f"""# https://w3id.org/mesokg/ -> {base}
# Content negotiation is left to the server; 303 as things are not documents.
Options -MultiViews
RewriteEngine On
RewriteRule ^$ {base}/ [R=303,L]
RewriteRule ^(.*)$ {base}/$1 [R=303,L]
"""
        return Response(text, media_type="text/plain")


def _size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{number / 1e3:.0f} kB"
