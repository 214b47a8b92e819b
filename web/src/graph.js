// The network page: sigma draws what /graph.json says; the lists under it hold the same for those who cannot see it.
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import Sigma from "sigma";
import { viewButtons, views, walk } from "./walk.js";

const HINT = "Choose a node to see its links, a link to see its sources; choose a node twice to expand it.";

const stage = document.getElementById("network");
const tools = document.getElementById("network-tools");
const detail = document.getElementById("network-detail");
const gexf = document.getElementById("gexf");
const count = document.getElementById("network-count");
const lists = document.getElementById("network-lists");
const said = document.getElementById("network-said");
const drawnLinks = document.getElementById("network-links");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;

// as the style sheet has it (--focus)
const FOCUS = dark ? "#83b9f2" : "#0b57a4";

const small = () => stage.clientWidth < 600;

const graph = new Graph({ multi: true, type: "directed" });
// what the server says of kinds (words, colour, size) and of links (words)
const looks = {};
const links = {};
const hidden = new Set();
const expanded = new Set();
let until = Infinity;
// the node whose links are told, the one in focus by keyboard, and the link whose sources are told
let chosen = null;
let focused = null;
let traced = null;
// where Escape leads from what is told of a node
let origin = stage;

const element = (name, text, properties = {}) => Object.assign(document.createElement(name), { textContent: text }, properties);

function add(data) {
  Object.assign(looks, data.kinds);
  Object.assign(links, data.links);
  const narrow = small() && data.nodes.length > 60 ? 0.55 : 1;
  data.nodes.forEach((node, index) => {
    if (graph.hasNode(node.id)) return;
    const angle = index * 2.399963; // the golden angle spreads a first guess evenly
    const radius = Math.sqrt(index + 1);
    graph.addNode(node.id, { ...node, x: radius * Math.cos(angle), y: radius * Math.sin(angle), size: narrow * (looks[node.kind]?.size ?? 6), color: looks[node.kind]?.[dark ? "dark" : "colour"] ?? "#999999" });
  });
  for (const edge of data.edges) {
    const key = `${edge.source} ${edge.kind} ${edge.target}`;
    if (!graph.hasEdge(key) && graph.hasNode(edge.source) && graph.hasNode(edge.target))
      graph.addEdgeWithKey(key, edge.source, edge.target, { ...edge, size: edge.sources ? 1.4 : 0.7, color: dark ? "#5f6973" : "#8a939e" });
  }
  forceAtlas2.assign(graph, { iterations: 220, settings: { ...forceAtlas2.inferSettings(graph), gravity: 0.6 } });
}

const shown = (node) => !hidden.has(node.kind) && (node.year === null || node.year === undefined || node.year <= until);

const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

// read aloud, and seen by nobody
const say = (text) => { said.textContent = text; };

const labelOf = (id) => graph.getNodeAttribute(id, "label");
const kindOf = (id) => looks[graph.getNodeAttribute(id, "kind")]?.words ?? graph.getNodeAttribute(id, "kind");
const seenLinks = (id) => graph.filterEdges(id, (_, edge, source, target, from, to) => shown(from) && shown(to));
const wordsOf = (id) => `${labelOf(id)}, ${kindOf(id)}, ${plural(seenLinks(id).length, "link")}${expanded.has(id) ? ", expanded" : ""}`;
// by kind and name, as in the lists
const order = () => graph.filterNodes((_, node) => shown(node)).sort((a, b) => kindOf(a).localeCompare(kindOf(b)) || labelOf(a).localeCompare(labelOf(b)));

// The answer of the server, or null where it gives none.
const ask = (address) => fetch(address).then((answer) => (answer.ok ? answer : null), () => null);

// What an inferred link follows from, with the sources of each statement, as the server writes it.
async function premises(why) {
  const answer = await ask(`${why}&brief=1`);
  if (!answer) return ["Follows from other statements by the axioms of the ontology: "];
  return [...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes];
}

// The sources of an edge, each a link, with the place in it and the kind of evidence.
async function sources(edge) {
  const answer = await ask(`/edge.json?${new URLSearchParams({ source: edge.source, kind: edge.kind, target: edge.target })}`);
  if (!answer) return element("p", "The sources cannot be shown now.", { className: "about" });
  const found = await answer.json();
  if (!found.sources.length && found.why) {
    const told = element("div", "", { className: "premises" });
    told.append(...(await premises(found.why)), element("a", "why, and from which sources", { href: found.why }));
    return told;
  }
  if (!found.sources.length) return element("p", found.inferred ? "Follows from other statements by the axioms of the ontology." : "No source is recorded.", { className: "about" });
  const list = element("ul", "", { className: "plain sources" });
  list.append(...found.sources.map((one) => {
    const item = element("li", "");
    item.append(element("a", one.citation, { href: one.href }), [one.locator && `, ${one.locator}`, one.level && ` · ${one.level}`, one.negated && " · denies"].filter(Boolean).join(""));
    return item;
  }));
  return list;
}

// a button that chooses a node in the picture
function shower(id) {
  const one = element("button", "show", { type: "button", className: "show", hidden: !shown(graph.getNodeAttributes(id)) });
  one.dataset.node = id;
  one.setAttribute("aria-label", `show ${labelOf(id)} in the picture`);
  one.addEventListener("click", () => {
    if (!detail.contains(one)) origin = one;
    open(id);
  });
  return one;
}

function row(key, id) {
  const edge = graph.getEdgeAttributes(key);
  const item = element("li", "");
  const ends = id === undefined ? [edge.source, edge.target] : [edge.source === id ? edge.target : edge.source];
  const link = (node) => element("a", graph.getNodeAttribute(node, "label"), { href: graph.getNodeAttribute(node, "href") });
  const words = links[edge.kind] ?? edge.kind;
  if (id === undefined) item.append(link(ends[0]), ` ${words} `, link(ends[1]), " ");
  else item.append(edge.source === id ? "" : "← ", `${words} `, link(ends[0]), " ", shower(ends[0]), " ");
  const open = element("button", edge.sources ? plural(edge.sources, "source") : "inferred", { type: "button", className: "mark" });
  open.setAttribute("aria-expanded", "false");
  open.setAttribute("aria-label", `${open.textContent}: ${labelOf(edge.source)} ${words} ${labelOf(edge.target)}`);
  const place = element("div", "");
  open.addEventListener("click", async () => {
    const shut = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!shut));
    if (shut) return place.replaceChildren();
    const found = await sources(edge);
    // it may have been shut while they were fetched
    if (open.getAttribute("aria-expanded") === "false") return;
    place.replaceChildren(found);
    say(place.innerText);
  });
  // the link lights up in the picture while one is at its line
  item.addEventListener("focusin", () => trace(key));
  item.addEventListener("focusout", () => trace(null));
  item.append(open, place);
  return { item, open };
}

function trace(key) {
  if (traced === key) return;
  traced = key;
  renderer.refresh({ skipIndexation: true });
}

const AT_ONCE = 14;

function describe(id) {
  const node = graph.getNodeAttributes(id);
  const keys = graph.edges(id);
  const listed = (some) => {
    const list = element("ul", "", { className: "plain" });
    list.append(...some.map((key) => row(key, id).item));
    return list;
  };
  const parts = [listed(keys.slice(0, AT_ONCE))];
  if (keys.length > AT_ONCE) {
    const rest = element("details", "");
    rest.append(element("summary", `and ${keys.length - AT_ONCE} more`), listed(keys.slice(AT_ONCE)));
    parts.push(rest);
  }
  const grow = element("button", "expand", { type: "button", id: "network-expand" });
  grow.setAttribute("aria-label", `expand ${node.label}`);
  grow.addEventListener("click", async () => {
    await expand(id);
    document.getElementById("network-expand")?.focus();
  });
  detail.replaceChildren(element("a", node.label, { href: node.href }), ` ${kindOf(id)} `, grow, ...parts);
}

function describeEdge(key) {
  const { item, open } = row(key);
  const list = element("ul", "", { className: "plain" });
  list.append(item);
  detail.replaceChildren(list);
  open.click();
}

function choose(id) {
  chosen = id;
  if (id === null) detail.replaceChildren(HINT);
  else describe(id);
  renderer.refresh();
  address();
}

// by keyboard: what is told of a node has the focus then
function open(id) {
  choose(id);
  view.reveal(id);
  walker.to(id);
  detail.querySelector("a").focus();
  say(`${wordsOf(id)}. Escape leads back.`);
}

function leave() {
  (origin.isConnected && origin.checkVisibility() ? origin : stage).focus();
  origin = stage;
}

async function expand(id) {
  if (!expanded.has(id) && expanded.size >= Number(stage.dataset.most)) return say(`${expanded.size} things are expanded, and no more can be.`);
  const answer = await ask(`/graph.json?focus=${encodeURIComponent(id)}`);
  if (!answer) return say("It cannot be expanded now.");
  const before = [graph.order, graph.size];
  add(await answer.json());
  expanded.add(id);
  kinds();
  written();
  choose(id);
  const more = graph.size - before[1];
  if (more === 0) detail.append(element("p", "Nothing more is linked to it.", { className: "about" }));
  say(more === 0 ? "Nothing more is linked to it." : `${labelOf(id)} expanded: ${plural(graph.order - before[0], "thing")} and ${plural(more, "link")} more.`);
}

// what another needs to see the same
function address() {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of [["expand", [...expanded].join(",")], ["hide", [...hidden].join(",")], ["until", Number.isFinite(until) ? String(until) : ""], ["chosen", chosen ?? ""]])
    value ? parameters.set(name, value) : parameters.delete(name);
  history.replaceState(null, "", parameters.size ? `?${parameters}` : location.pathname);
  // the file holds all that is shown, whatever is chosen in it
  parameters.delete("chosen");
  gexf.href = `/graph.gexf?${parameters}`;
}

// what the server wrote of the first view, anew for what is shown now
function written() {
  const seen = graph.filterNodes((_, node) => shown(node));
  const drawn = graph.filterEdges((_, edge, source, target, from, to) => shown(from) && shown(to));
  const part = (some, all, word) => (some === all ? plural(all, word) : `${some} of ${plural(all, word)}`);
  count.textContent = `${part(seen.length, graph.order, "thing")}, ${part(drawn.length, graph.size, "link")}`;
  // what is hidden can be neither chosen nor in focus
  if (chosen !== null && !seen.includes(chosen)) choose(null);
  if (traced !== null && !drawn.includes(traced)) traced = null;
  for (const one of detail.querySelectorAll(".show")) one.hidden = !seen.includes(one.dataset.node);
  const open = new Set([...lists.querySelectorAll("details[open]")].map((one) => one.dataset.kind));
  const found = [...new Set(seen.map((id) => graph.getNodeAttribute(id, "kind")))].sort();
  lists.replaceChildren(...found.map((kind) => {
    const nodes = seen.filter((id) => graph.getNodeAttribute(id, "kind") === kind).map((id) => graph.getNodeAttributes(id)).sort((a, b) => a.label.localeCompare(b.label));
    const whole = element("details", "", { open: open.has(kind) });
    whole.dataset.kind = kind;
    const summary = element("summary", "");
    summary.append(element("span", "", { className: `swatch k-${kind}` }), ` ${looks[kind]?.words ?? kind} `, element("b", String(nodes.length)));
    const list = element("ul", "", { className: "plain" });
    list.append(...nodes.map((node) => {
      const item = element("li", "");
      const around = element("a", "focus", { href: `/graph?${new URLSearchParams({ focus: node.id })}`, className: "about" });
      around.setAttribute("aria-label", `focus on ${node.label}`);
      item.append(element("a", node.label, { href: node.href }), " ", shower(node.id), " ", around);
      return item;
    }));
    whole.append(summary, list);
    return whole;
  }));
  drawnLinks.querySelector("b").textContent = String(drawn.length);
  listLinks();
}

// every link that is drawn, written when it is asked for, as there can be a thousand
function listLinks() {
  if (!drawnLinks.open) return drawnLinks.querySelector("ul").replaceChildren();
  const keys = graph.filterEdges((_, edge, source, target, from, to) => shown(from) && shown(to));
  const named = (key) => graph.extremities(key).map(labelOf).join(" ");
  drawnLinks.querySelector("ul").replaceChildren(...keys.sort((a, b) => named(a).localeCompare(named(b))).map((key) => row(key).item));
}

const marked = (id) => id === chosen || id === focused;

let renderer;
let view;
let walker;
function kinds() {
  const found = [...new Set(graph.mapNodes((_, node) => node.kind))].sort();
  const boxes = found.map((kind) => {
    const label = element("label", "");
    const box = element("input", "", { type: "checkbox", checked: !hidden.has(kind) });
    box.addEventListener("change", () => {
      box.checked ? hidden.delete(kind) : hidden.add(kind);
      address();
      written();
      renderer.refresh();
      say(count.textContent);
    });
    label.append(box, " ", element("span", "", { className: `swatch k-${kind}` }), looks[kind]?.words ?? kind);
    return label;
  });
  const years = graph.mapNodes((_, node) => node.year).filter(Number.isFinite);
  if (new Set(years).size > 1) {
    const [first, last] = [Math.min(...years), Math.max(...years)];
    const label = element("label", "Trials begun until ");
    const output = element("output", Number.isFinite(until) ? String(until) : String(last));
    const slider = element("input", "", { type: "range", min: first, max: last, value: Number.isFinite(until) ? until : last });
    slider.addEventListener("input", () => {
      until = Number(slider.value) < last ? Number(slider.value) : Infinity;
      output.textContent = slider.value;
      address();
      written();
      renderer.refresh();
      say(count.textContent);
    });
    const undated = graph.filterNodes((_, node) => node.kind === "Trial" && !Number.isFinite(node.year)).length;
    label.append(slider, " ", output, undated ? ` (${undated} without a date stay)` : "");
    boxes.push(label);
  }
  tools.replaceChildren(...boxes);
}

const shorten = (label) => (label.length > 34 ? `${label.slice(0, 33).trimEnd()}…` : label);
// of a large network, only therapies are named until one comes nearer
const far = () => graph.order > 60 && (renderer?.getCamera().ratio ?? 1) > 0.5;

// Names: therapies first, then what has most links. Each stands beside, below or above its node, where it covers no other
// name and the fewest nodes (a therapy counts twice); one without room is left out until the picture is nearer, or until the mouse is on its node.
const GAP = 5;
const spots = new Map();
const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

// the places that a name of this width could have, those that would leave the picture moved into it
function places({ x, y, size }, width, height) {
  const [beside, half] = [size + GAP, height / 2];
  return [[x + beside, y - half], [x - beside - width, y - half], [x - width / 2, y + beside - 2], [x - width / 2, y - beside - height + 2]]
    .map(([left, top], index) => [index < 2 ? left : Math.min(Math.max(2, left), stage.clientWidth - width - 2), top])
    .map(([left, top]) => ({ left, top, right: left + width, bottom: top + height }));
}

const inside = (box) => box.left >= 0 && box.top >= 0 && box.right <= stage.clientWidth && box.bottom <= stage.clientHeight;

// where nodes are in the picture now, in pixels
function discs() {
  return graph.nodes().flatMap((id) => {
    const data = renderer.getNodeDisplayData(id);
    if (!data || data.hidden) return [];
    const { x, y } = renderer.framedGraphToViewport(data);
    return [{ id, x, y, size: renderer.scaleSize(data.size), label: data.label, color: data.color }];
  });
}

function pen(context) {
  const { labelWeight, labelSize, labelFont } = renderer.getSettings();
  context.font = `${labelWeight} ${labelSize}px ${labelFont}`;
  return labelSize;
}

function drawNames() {
  const context = renderer.getCanvases().labels.getContext("2d");
  const size = pen(context);
  const round = discs();
  const rank = ({ id }) => (marked(id) ? 1e6 : 0) + (graph.getNodeAttribute(id, "kind") === "Therapy" ? 1e3 : 0) + graph.degree(id);
  const named = round.filter((one) => one.label && one.x > 0 && one.y > 0 && one.x < stage.clientWidth && one.y < stage.clientHeight).sort((a, b) => rank(b) - rank(a) || (a.id < b.id ? -1 : 1));
  // a rim in the colour of the page keeps names readable over nodes and links
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = dark ? "#14171b" : "#ffffff";
  context.fillStyle = dark ? "#e6eaef" : "#1b1f24";
  spots.clear();
  for (const one of named) {
    const taken = [...spots.values()];
    const covered = (box) => round.filter(({ id, x, y, size: r }) => id !== one.id && touch(box, { left: x - r, right: x + r, top: y - r, bottom: y + r })).reduce((sum, { id }) => sum + (graph.getNodeAttribute(id, "kind") === "Therapy" ? 2 : 1), 0);
    const free = places(one, context.measureText(one.label).width, size + 4)
      .filter((box) => inside(box) && !taken.some((other) => touch({ ...box, left: box.left - GAP, right: box.right + GAP }, other)))
      .map((box) => [covered(box), box])
      .filter(([number]) => number <= (small() ? 3 : 2) || marked(one.id));
    if (!free.length) continue;
    const box = free.reduce((best, next) => (next[0] < best[0] ? next : best))[1];
    spots.set(one.id, box);
    if (marked(one.id)) frame(context, box);
    context.strokeText(one.label, box.left, box.top + size);
    context.fillText(one.label, box.left, box.top + size);
  }
}

// sigma's own is dark on white in every theme
function drawHover(context, data) {
  context.beginPath();
  context.arc(data.x, data.y, data.size + (data.key === focused ? 4 : 2), 0, Math.PI * 2);
  context.lineWidth = data.key === focused ? 4 : 2;
  context.strokeStyle = data.key === focused ? FOCUS : dark ? "#e6eaef" : "#1b1f24";
  context.stroke();
  // it has its name already
  if (marked(data.key) && spots.has(data.key)) return;
  const label = data.label || shorten(graph.getNodeAttribute(data.key, "label"));
  const size = pen(context);
  const box = spots.get(data.key) ?? places(data, context.measureText(label).width, size + 4).reduce((best, next) => (inside(best) ? best : next));
  frame(context, box);
  context.fillText(label, box.left, box.top + size);
}

// ground for a name that stands before all others, and ink for it
function frame(context, box) {
  context.fillStyle = dark ? "#1c2127" : "#ffffff";
  context.fillRect(box.left - 2, box.top - 2, box.right - box.left + 4, box.bottom - box.top + 4);
  context.fillStyle = dark ? "#e6eaef" : "#1b1f24";
}

async function start() {
  const parameters = new URLSearchParams(location.search);
  (parameters.get("hide") ?? "").split(",").filter(Boolean).forEach((kind) => hidden.add(kind));
  if (parameters.get("until")) until = Number(parameters.get("until"));
  add(await (await fetch(stage.dataset.src)).json());
  for (const id of (parameters.get("expand") ?? "").split(",").filter(Boolean)) {
    const answer = await fetch(`/graph.json?focus=${encodeURIComponent(id)}`);
    if (answer.ok && graph.hasNode(id)) {
      add(await answer.json());
      expanded.add(id);
    }
  }
  renderer = new Sigma(graph, stage, {
    renderLabels: false,
    labelSize: small() ? 12 : 14,
    nodeReducer: (id, node) => {
      const away = chosen && !marked(id) && !graph.areNeighbors(id, chosen);
      const label = away || (far() && !chosen && !marked(id) && node.kind !== "Therapy" && !hidden.has("Therapy")) ? "" : shorten(node.label);
      return { ...node, label, hidden: !shown(node), highlighted: marked(id), color: away ? (dark ? "#39414a" : "#e1e5ea") : node.color };
    },
    edgeReducer: (key, edge) => (key === traced ? { ...edge, size: 4, color: FOCUS } : { ...edge, hidden: chosen ? !graph.hasExtremity(key, chosen) : false }),
    stagePadding: small() ? 24 : 40,
    defaultDrawNodeHover: drawHover,
    enableEdgeEvents: true,
    // while a window changes its size there may be no room at all
    allowInvalidContainer: true,
  });
  renderer.on("afterRender", drawNames);
  renderer.refresh();
  // what is in the picture now, in pixels of it
  stage.view = () => ({ chosen, focused, traced, camera: renderer.getCamera().getState(), moving: renderer.getCamera().isAnimated(), nodes: discs(), names: [...spots].map(([id, box]) => ({ id, ...box })) });
  // what the page is about, else what has most links
  const first = () => [parameters.get("focus"), ...order().sort((a, b) => graph.degree(b) - graph.degree(a))].find((id) => id && graph.hasNode(id) && shown(graph.getNodeAttributes(id)));
  view = views(renderer);
  walker = walk(stage, view, {
    discs, order, first, say, words: wordsOf, expand,
    mark: (id) => { focused = id; renderer.refresh({ skipIndexation: true }); },
    open: (id) => { origin = stage; open(id); },
    clear: () => { choose(null); say("No node is chosen."); },
  });
  document.getElementById("network-view").replaceChildren(...viewButtons(view));
  drawnLinks.addEventListener("toggle", listLinks);
  renderer.on("clickNode", ({ node }) => {
    origin = stage;
    walker.to(node);
    choose(node);
    say(wordsOf(node));
  });
  let wasFar = far();
  renderer.getCamera().on("updated", () => {
    if (far() === wasFar) return;
    wasFar = far();
    renderer.refresh();
  });
  renderer.on("clickEdge", ({ edge }) => describeEdge(edge));
  renderer.on("doubleClickNode", ({ node, preventSigmaDefault }) => {
    preventSigmaDefault();
    expand(node);
  });
  renderer.on("clickStage", () => choose(null));
  detail.textContent = HINT;
  detail.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
  });
  kinds();
  written();
  const given = parameters.get("chosen");
  if (given && graph.hasNode(given) && shown(graph.getNodeAttributes(given))) {
    choose(given);
    view.reveal(given);
    walker.to(given);
  } else address();
  document.documentElement.dataset.network = "ready";
}

start().catch((error) => {
  const words = `The network cannot be drawn here (${error.message}); the lists below hold the same.`;
  detail.textContent = words;
  say(words);
});
