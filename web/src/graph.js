// The network page: sigma draws what /graph.json says; the lists under it hold the same for those who cannot see it.
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import Sigma from "sigma";

const HINT = "Choose a node to see its links, a link to see its sources; choose a node twice to expand it.";

const stage = document.getElementById("network");
const tools = document.getElementById("network-tools");
const detail = document.getElementById("network-detail");
const gexf = document.getElementById("gexf");
const count = document.getElementById("network-count");
const lists = document.getElementById("network-lists");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;

const small = () => stage.clientWidth < 600;

const graph = new Graph({ multi: true, type: "directed" });
// what the server says of kinds (words, colour, size) and of links (words)
const looks = {};
const links = {};
const hidden = new Set();
const expanded = new Set();
let until = Infinity;
let chosen = null;

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

// The sources of an edge, each a link, with the place in it and the kind of evidence.
async function sources(edge) {
  const answer = await fetch(`/edge.json?${new URLSearchParams({ source: edge.source, kind: edge.kind, target: edge.target })}`);
  if (!answer.ok) return element("p", "The sources cannot be shown now.", { className: "about" });
  const found = await answer.json();
  if (!found.sources.length && found.why) {
    const line = element("p", "Follows from other statements by the axioms of the ontology: ", { className: "about" });
    line.append(element("a", "why, and from which sources", { href: found.why }));
    return line;
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

function row(key, id) {
  const edge = graph.getEdgeAttributes(key);
  const item = element("li", "");
  const ends = id === undefined ? [edge.source, edge.target] : [edge.source === id ? edge.target : edge.source];
  const link = (node) => element("a", graph.getNodeAttribute(node, "label"), { href: graph.getNodeAttribute(node, "href") });
  const words = links[edge.kind] ?? edge.kind;
  if (id === undefined) item.append(link(ends[0]), ` ${words} `, link(ends[1]), " ");
  else item.append(edge.source === id ? "" : "← ", `${words} `, link(ends[0]), " ");
  const open = element("button", edge.sources ? plural(edge.sources, "source") : "inferred", { type: "button", className: "mark" });
  open.setAttribute("aria-expanded", "false");
  const place = element("div", "");
  open.addEventListener("click", async () => {
    const shut = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!shut));
    place.replaceChildren(...(shut ? [] : [await sources(edge)]));
  });
  item.append(open, place);
  return { item, open };
}

function describe(id) {
  const node = graph.getNodeAttributes(id);
  const keys = graph.edges(id);
  const list = element("ul", "", { className: "plain" });
  list.append(...keys.slice(0, 14).map((key) => row(key, id).item));
  if (keys.length > 14) list.append(element("li", `and ${keys.length - 14} more`, { className: "about" }));
  const grow = element("button", "expand", { type: "button" });
  grow.addEventListener("click", () => expand(id));
  detail.replaceChildren(element("a", node.label, { href: node.href }), ` ${looks[node.kind]?.words ?? node.kind} `, grow, list);
}

function describeEdge(key) {
  const { item, open } = row(key);
  const list = element("ul", "", { className: "plain" });
  list.append(item);
  detail.replaceChildren(list);
  open.click();
}

async function expand(id) {
  const answer = await fetch(`/graph.json?focus=${encodeURIComponent(id)}`);
  if (!answer.ok) return;
  const before = graph.size;
  add(await answer.json());
  expanded.add(id);
  kinds();
  address();
  describe(id);
  if (graph.size === before) detail.append(element("p", "Nothing more is linked to it.", { className: "about" }));
}

function address() {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of [["expand", [...expanded].join(",")], ["hide", [...hidden].join(",")], ["until", Number.isFinite(until) ? String(until) : ""]])
    value ? parameters.set(name, value) : parameters.delete(name);
  history.replaceState(null, "", parameters.size ? `?${parameters}` : location.pathname);
  gexf.href = `/graph.gexf?${parameters}`;
  written();
}

// what the server wrote of the first view, anew for what is shown now
function written() {
  const seen = graph.filterNodes((_, node) => shown(node));
  const drawn = graph.filterEdges((_, edge, source, target, from, to) => shown(from) && shown(to));
  const part = (some, all, word) => (some === all ? plural(all, word) : `${some} of ${plural(all, word)}`);
  count.textContent = `${part(seen.length, graph.order, "thing")}, ${part(drawn.length, graph.size, "link")}`;
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
      item.append(element("a", node.label, { href: node.href }), " ", element("a", "focus", { href: `/graph?${new URLSearchParams({ focus: node.id })}`, className: "about" }));
      return item;
    }));
    whole.append(summary, list);
    return whole;
  }));
}

let renderer;
function kinds() {
  const found = [...new Set(graph.mapNodes((_, node) => node.kind))].sort();
  const boxes = found.map((kind) => {
    const label = element("label", "");
    const box = element("input", "", { type: "checkbox", checked: !hidden.has(kind) });
    box.addEventListener("change", () => {
      box.checked ? hidden.delete(kind) : hidden.add(kind);
      address();
      renderer.refresh();
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
      renderer.refresh();
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
    return [{ id, x, y, size: renderer.scaleSize(data.size), label: data.label }];
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
  const rank = ({ id }) => (id === chosen ? 1e6 : 0) + (graph.getNodeAttribute(id, "kind") === "Therapy" ? 1e3 : 0) + graph.degree(id);
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
      .filter(([number]) => number <= (small() ? 3 : 2) || one.id === chosen);
    if (!free.length) continue;
    const box = free.reduce((best, next) => (next[0] < best[0] ? next : best))[1];
    spots.set(one.id, box);
    context.strokeText(one.label, box.left, box.top + size);
    context.fillText(one.label, box.left, box.top + size);
  }
}

// sigma's own is dark on white in every theme
function drawHover(context, data) {
  context.beginPath();
  context.arc(data.x, data.y, data.size + 2, 0, Math.PI * 2);
  context.lineWidth = 2;
  context.strokeStyle = dark ? "#e6eaef" : "#1b1f24";
  context.stroke();
  const label = data.label || shorten(graph.getNodeAttribute(data.key, "label"));
  const size = pen(context);
  const box = spots.get(data.key) ?? places(data, context.measureText(label).width, size + 4).reduce((best, next) => (inside(best) ? best : next));
  context.fillStyle = dark ? "#1c2127" : "#ffffff";
  context.fillRect(box.left - 2, box.top - 2, box.right - box.left + 4, box.bottom - box.top + 4);
  context.fillStyle = dark ? "#e6eaef" : "#1b1f24";
  context.fillText(label, box.left, box.top + size);
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
      const away = chosen && id !== chosen && !graph.areNeighbors(id, chosen);
      const label = away || (far() && !chosen && node.kind !== "Therapy" && !hidden.has("Therapy")) ? "" : shorten(node.label);
      return { ...node, label, hidden: !shown(node), highlighted: id === chosen, color: away ? (dark ? "#39414a" : "#e1e5ea") : node.color };
    },
    edgeReducer: (key, edge) => ({ ...edge, hidden: chosen ? !graph.hasExtremity(key, chosen) : false }),
    stagePadding: small() ? 24 : 40,
    defaultDrawNodeHover: drawHover,
    enableEdgeEvents: true,
    // while a window changes its size there may be no room at all
    allowInvalidContainer: true,
  });
  renderer.on("afterRender", drawNames);
  renderer.refresh();
  // what is in the picture now, in pixels of it
  stage.view = () => ({ camera: renderer.getCamera().getState(), nodes: discs(), names: [...spots].map(([id, box]) => ({ id, ...box })) });
  const choose = (node) => {
    chosen = node;
    describe(node);
    renderer.refresh();
  };
  // what the page is about, else the first in the alphabet
  const first = () => (graph.hasNode(parameters.get("focus") ?? "") ? parameters.get("focus") : graph.nodes().filter((id) => shown(graph.getNodeAttributes(id)))[0]);
  renderer.on("clickNode", ({ node }) => choose(node));
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
  renderer.on("clickStage", () => {
    chosen = null;
    detail.replaceChildren(HINT);
    renderer.refresh();
  });
  detail.textContent = HINT;
  const steps = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
  stage.addEventListener("keydown", (event) => {
    const camera = renderer.getCamera();
    if (event.key === "+") camera.animatedZoom();
    else if (event.key === "-") camera.animatedUnzoom();
    else if (event.key === "Enter" && first()) choose(first());
    else if (event.key in steps) camera.setState({ x: camera.x + steps[event.key][0] * camera.ratio, y: camera.y + steps[event.key][1] * camera.ratio });
    else return;
    event.preventDefault();
  });
  kinds();
  address();
  document.documentElement.dataset.network = "ready";
}

start().catch((error) => {
  detail.textContent = `The network cannot be drawn here (${error.message}); the lists below hold the same.`;
});
