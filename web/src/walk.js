// The network without a mouse: a node in focus that keys move, and buttons that move the picture and bring it nearer.

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WORDS = { ArrowLeft: "to the left", ArrowRight: "to the right", ArrowUp: "above", ArrowDown: "below" };
const STEP = 0.15; // of what the picture shows
const MARGIN = 24; // pixels that a node in focus keeps from the rim

// The nearest disc that way, those within 45 degrees of it before all others on that side.
export function nearest(discs, from, [dx, dy]) {
  let best = null;
  for (const { id, x, y } of discs) {
    const along = (x - from.x) * dx + (y - from.y) * dy;
    const aside = Math.abs((x - from.x) * dy) + Math.abs((y - from.y) * dx);
    if (along < 0.5) continue;
    const cost = along + 2 * aside + (aside > along ? 1e6 : 0);
    if (!best || cost < best.cost) best = { cost, id };
  }
  return best?.id;
}

// What moves the picture: each gives the camera a new place, at once for those who want no movement.
export function views(renderer) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const camera = renderer.getCamera();
  let going = 0;
  let goal = null;
  // where the camera will be when what moves it now is done: what comes next adds to that
  const there = () => (going ? goal : camera.getState());
  const go = async (state) => {
    goal = { ...there(), ...state };
    if (still) return camera.setState(goal);
    going += 1;
    await camera.animate(goal, { duration: 180 });
    going -= 1;
  };
  // a node that would lie outside of the picture or at its rim comes to its middle
  const reveal = (id) => {
    const data = renderer.getNodeDisplayData(id);
    const { x, y } = renderer.framedGraphToViewport(data, { cameraState: there() });
    const { width, height } = renderer.getDimensions();
    if (x < MARGIN || y < MARGIN || x > width - MARGIN || y > height - MARGIN) go({ x: data.x, y: data.y });
  };
  const times = (factor) => () => go({ ratio: camera.getBoundedRatio(there().ratio * factor) });
  const aside = ([dx, dy]) => () => {
    const { x, y, ratio } = there();
    go({ x: x + dx * STEP * ratio, y: y - dy * STEP * ratio });
  };
  return {
    near: times(1 / 1.5), far: times(1.5), whole: () => go({ x: 0.5, y: 0.5, ratio: 1, angle: 0 }),
    aside: Object.fromEntries(Object.entries(WAYS).map(([key, way]) => [key, aside(way)])),
    reveal,
  };
}

export function viewButtons(view) {
  const button = (text, label, act) => {
    const one = Object.assign(document.createElement("button"), { type: "button", textContent: text, title: label });
    if (label !== text) one.setAttribute("aria-label", label);
    one.addEventListener("click", act);
    return one;
  };
  return [
    button("zoom in", "zoom in", view.near), button("zoom out", "zoom out", view.far), button("whole", "whole network", view.whole),
    button("left", "move left", view.aside.ArrowLeft), button("right", "move right", view.aside.ArrowRight),
    button("up", "move up", view.aside.ArrowUp), button("down", "move down", view.aside.ArrowDown),
  ];
}

// Keys of the picture. `act` says what is in the picture (`discs`, `order`, `first`, `words`), and does what is asked of a
// node (`mark`, `open`, `expand`, `clear`, `say`). Gives the node in focus, if the picture has the focus and shows it.
export function walk(stage, view, act) {
  let at = null;
  const here = () => (act.order().includes(at) ? at : null);
  const go = (id) => {
    if (!id) return;
    at = id;
    act.mark(id);
    view.reveal(id);
    act.say(act.words(id));
  };
  const through = (step) => {
    const order = act.order();
    go(order[(order.indexOf(at) + step + order.length) % order.length]);
  };
  const toward = (key) => {
    const discs = act.discs();
    const from = discs.find(({ id }) => id === at);
    const next = from && nearest(discs, from, WAYS[key]);
    next ? go(next) : act.say(`Nothing ${WORDS[key]}.`);
  };
  const keys = {
    Enter: () => act.open(at), e: () => act.expand(at), Escape: act.clear, Home: () => go(act.first()), PageDown: () => through(1), PageUp: () => through(-1),
    "+": view.near, "=": view.near, "-": view.far, 0: view.whole,
  };
  stage.addEventListener("keydown", (event) => {
    // what is the browser's stays the browser's
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const turn = key in WAYS ? (event.shiftKey ? view.aside[key] : () => toward(key)) : keys[key];
    if (!turn) return;
    event.preventDefault();
    if (!here()) {
      at = act.first() ?? null;
      act.mark(at);
    }
    if (at || key in WAYS || "+=-0".includes(key)) turn();
  });
  stage.addEventListener("focus", () => {
    // a click shows where it was made; the ring is for those who came by key
    if (stage.matches(":focus-visible")) go(here() ?? act.first());
  });
  stage.addEventListener("blur", () => act.mark(null));
  return { to: (id) => (at = id) };
}
