"""The picture of a question's pattern: all that the query asks is in it, and nothing covers anything else."""

from __future__ import annotations

import os
import re
import shutil
from xml.etree import ElementTree

import pytest

from mesokg.formats.svg import text_width
from mesokg.pictures import Link, draw, read_pattern
from mesokg.questions import read_questions
from mesokg.questions_rdf import picture

QUESTIONS = read_questions()
SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def _apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def _texts(root: ElementTree.Element) -> list[tuple[str, Box]]:
    """Each text with about the room that it takes."""
    found = []
    for text in root.iter(f"{SVG}text"):
        said, size = "".join(text.itertext()), float(root.get("font-size") or 0)
        x, y = float(text.get("x") or 0), float(text.get("y") or 0)
        found.append((said, (x, y - 0.8 * size, x + 0.85 * text_width(said, size), y + 0.25 * size)))
    return found


def _rectangles(root: ElementTree.Element) -> list[Box]:
    """The boxes; the heads in them are filled and have no line."""
    boxes = [tuple(float(one.get(key) or 0) for key in ("x", "y", "width", "height")) for one in root.iter(f"{SVG}rect") if one.get("stroke")]
    return [(x, y, x + width, y + height) for x, y, width, height in boxes]


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_picture_is_empty_and_no_two_labels_overlap(name: str) -> None:
    root = ElementTree.fromstring(picture(QUESTIONS[name]))
    texts, boxes = _texts(root), _rectangles(root)
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    inside = [said for said, at in texts if any(box[0] <= at[0] and box[1] <= at[1] and at[3] <= box[3] for box in boxes)]
    assert boxes and len(inside) > len(boxes), "each box has a title, and one says something more"
    for number, (said, one) in enumerate(texts):
        assert 0 <= one[0] and one[1] >= 0 and one[3] <= height, said
        for other_said, other in texts[number + 1 :]:
            assert _apart(one, other), (said, other_said)
    for number, box in enumerate(boxes):
        assert 0 <= box[0] and box[2] <= width and box[3] <= height
        assert all(_apart(box, other) for other in boxes[number + 1 :])
    # a line begins and ends at a box, and runs behind none
    for path in root.iter(f"{SVG}path"):
        if not path.get("marker-end"):
            continue
        x1, y1, x2, y2, x3, y3, x4, y4 = map(float, re.findall(r"-?\d+", path.get("d") or ""))
        for k in range(1, 20):
            t = k / 20
            x = (1 - t) ** 3 * x1 + 3 * (1 - t) ** 2 * t * x2 + 3 * (1 - t) * t**2 * x3 + t**3 * x4
            y = (1 - t) ** 3 * y1 + 3 * (1 - t) ** 2 * t * y2 + 3 * (1 - t) * t**2 * y3 + t**3 * y4
            assert not any(box[0] + 1 < x < box[2] - 1 and box[1] + 1 < y < box[3] - 1 for box in boxes), name


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_property_that_a_query_asks_of_is_read(name: str) -> None:
    """Names with our prefix, at the place of a property: as an independent reader of SPARQL finds them."""
    from rdflib import URIRef
    from rdflib.plugins.sparql.parser import parseQuery
    from rdflib.plugins.sparql.parserutils import CompValue

    mentioned: set[str] = set()

    def visit(part: object, *, path: bool = False) -> None:
        if isinstance(part, CompValue):
            if path and part.name == "pname":
                mentioned.add(part.localname)
            for key, value in part.items():
                visit(value, path=path and key != "triples" or part.name.startswith("Path"))
        elif isinstance(part, (list, tuple)) or type(part).__name__ == "ParseResults":
            for one in part:
                visit(one, path=path)
        elif path and isinstance(part, URIRef):
            mentioned.add(re.split("[/#]", str(part))[-1])

    visit(parseQuery(QUESTIONS[name].sparql))
    mentioned.discard("type")
    read = {word for link in read_pattern(QUESTIONS[name].sparql).links for word in re.findall(r"\w+", link.words)} - {"a"}
    variables = {link.words[1:] for link in read_pattern(QUESTIONS[name].sparql).links if link.words.startswith("?")}
    assert mentioned and read - variables == mentioned


def test_kinds_of_patterns_are_told_apart() -> None:
    pattern = read_pattern(
        """PREFIX ex: <http://example.org/>
        SELECT ?x (COUNT(?y) AS ?number) WHERE {
          ?x a ex:Cat ; ex:eats ?y , ?z .  # a "remark" { with signs }
          OPTIONAL { ?x ex:name "a . b"@en OPTIONAL { ?x ex:age 3 } }
          FILTER NOT EXISTS { ?x ex:bites [ ex:owns ?x ] } FILTER EXISTS { ?x ex:sleeps true }
          FILTER(?z < 5 || EXISTS { ?x ex:purrs ?how }) BIND(IF(BOUND(?y), "}", "{") AS ?sign)
          MINUS { ?x <http://example.org/terms#barks> ?y }
          VALUES (?x ?p) { (ex:tom ex:likes) (ex:kit ex:hates) }
          { SELECT ?x WHERE { ?x ?p/^ex:of|ex:at+ ?w } ORDER BY ?w LIMIT 3 } UNION { GRAPH ?g { ?x (ex:a|ex:b)* ?v } }
        } GROUP BY ?x HAVING (COUNT(?y) > 1) ORDER BY DESC(?x)"""
    )
    assert pattern.answer == ["?x", "?number"]
    assert pattern.values == {"?x": ["tom", "kit"], "?p": ["likes", "hates"]}
    assert set(pattern.links) == {
        Link("?x", "a", "Cat"), Link("?x", "eats", "?y"), Link("?x", "eats", "?z"), Link("?x", "name", '"a . b"', 1), Link("?x", "age", "3", 1),
        Link("?x", "bites", "_:1", 2), Link("_:1", "owns", "?x", 2), Link("?x", "sleeps", "true"), Link("?x", "purrs", "?how", 1),
        Link("?x", "barks", "?y", 2), Link("?x", "?p / ^of | at+", "?w"), Link("?x", "(a | b)*", "?v"),
    }  # fmt: skip


def test_a_variable_property_is_drawn_with_its_values() -> None:
    drawn = "".join(ElementTree.fromstring(picture(QUESTIONS["which_trials_select_by_antigen_antibody_or_hla"])).itertext())
    assert "?property ?wording" in drawn
    assert "?property: antigenThreshold, neutralisingAntibodyLimit, hlaRestriction" in drawn.replace("\n", " ")


def test_all_values_of_a_query_are_told() -> None:
    drawn = draw(read_pattern('SELECT ?x ?way { VALUES ?name { "Tom" } VALUES ?middle { ex:a } VALUES ?way { "far" } ?x rdfs:label ?name ; ex:to ?middle . ?middle ex:on ?y }'), "t")
    said = ["".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert {'?name: "Tom"', "?middle: a", '?way: "far"', "label ?name", "to ?middle"} <= set(said)


def test_a_thing_that_only_leads_on_becomes_part_of_a_path() -> None:
    drawn = draw(read_pattern("SELECT ?a ?c { ?a ex:x ?b . ?b ex:y ?c . ?c ex:z ?d , ?e }"), "t")
    assert "x / y" in drawn
    assert "?b" not in drawn
    kept = draw(read_pattern("SELECT ?a ?b ?c { ?a ex:x ?b . ?b ex:y ?c . ?c ex:z ?d , ?e }"), "t")
    assert "?b" in kept and "x / y" not in kept


def test_texts_of_a_query_cannot_leave_their_place() -> None:
    root = ElementTree.fromstring(draw(read_pattern('SELECT ?x { ?x ex:p "</text><script>&" }'), "<&>"))
    assert not list(root.iter(f"{SVG}script"))


def test_a_browser_finds_no_text_outside_its_box() -> None:
    """As Chromium measures them, with the fonts of this machine."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if os.environ.get("MESOKG_REQUIRE_TOOLS") != "1":
        pytest.importorskip("playwright", reason="playwright is not installed: no picture is measured")
        if not program:
            pytest.skip("chromium is not installed: no picture is measured")
    from playwright.sync_api import sync_playwright

    measure = """[...document.querySelectorAll('svg')].flatMap(svg => {
      const boxes = [...svg.querySelectorAll('rect[stroke]')].map(r => r.getBBox());
      const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBBox()]);
      const whole = svg.viewBox.baseVal;
      return texts.filter(([said, t]) => {
        const box = boxes.find(b => b.x <= t.x && b.y <= t.y + t.height / 2 && t.x <= b.x + b.width && t.y + t.height / 2 <= b.y + b.height) || whole;
        return t.x + t.width > box.x + box.width;
      }).map(([said]) => svg.querySelector('title').textContent + ': ' + said);
    })"""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content("".join(map(picture, QUESTIONS.values())))
        assert page.evaluate("document.querySelectorAll('svg').length") == len(QUESTIONS)
        assert page.evaluate(measure) == []
        browser.close()


def _shown(pattern_of: str) -> list[str]:
    """The titles and rows of a picture, from top to bottom."""
    return ["".join(text.itertext()) for text in ElementTree.fromstring(draw(read_pattern(pattern_of), "")).iter(f"{SVG}text")]


def test_a_thing_with_two_names_is_one_box() -> None:
    """The name that BIND or AS gives it leads on to what is asked of it."""
    shown = _shown(
        """PREFIX ex: <http://example.org/>
        SELECT ?outcome ?arm ?told WHERE {
          { SELECT (?result AS ?outcome) ?who WHERE { ?result ex:of ?trial ; ex:in ?who } }
          BIND(COALESCE(?who, "no arm") AS ?arm)
          OPTIONAL { ?arm ex:gave ?drug } OPTIONAL { ?outcome ex:words ?told }
        }"""
    )
    assert {title for title in shown if title.startswith("?")} == {"?arm", "?outcome"}
    assert {"in ?arm", "gave ?drug", "words ?told"} <= set(shown)


def test_a_thing_that_may_be_either_of_two_leads_to_both() -> None:
    query = """PREFIX ex: <http://example.org/>
        SELECT ?cell WHERE {
          ?owner ex:has ?part . ?rival ex:lacks ?part . VALUES ?turn { 0 1 }
          BIND(COALESCE(IF(?turn = 0, ?owner, ?rival), ?owner) AS ?cell) ?cell ex:name ?name ; ex:kind ex:T .
          BIND(CONCAT(STR(?owner), ?name) AS ?words) BIND(?name AS ?alias)
          MINUS { ?gone ex:has ?part BIND(?gone AS ?cell) }
        }"""
    assert read_pattern(query).same == {"?cell": ["?owner", "?rival"], "?words": [], "?alias": ["?name"]}
    assert [row for row in _shown(query) if row.startswith("is ")] == ["is ?owner", "is ?rival"]


def test_two_steps_that_follow_each_other_stay_two() -> None:
    shown = _shown("SELECT ?one { ?one <urn:next> ?two ; <urn:does> ?x . ?two <urn:does> ?y } ORDER BY ?one")
    again = _shown("SELECT ?one { { ?one <urn:next> ?two ; <urn:does> ?x . ?two <urn:does> ?y } UNION { ?one <urn:does> ?x BIND(?one AS ?two) } }")
    assert shown == again


def test_the_arm_of_an_event_is_drawn_with_what_it_was_given() -> None:
    drawn = ["".join(text.itertext()) for text in ElementTree.fromstring(picture(QUESTIONS["which_severe_events_were_reported"])).iter(f"{SVG}text")]
    assert {"inArm ?arm", "hasAdministration ?own"} <= set(drawn) and not any("?armOrNone" in one for one in drawn)
