// The editor page: YASGUI on our own endpoint. Completions come from the VoID description, prefixes from the page; nothing
// is asked of other servers.
import Yasgui from "@zazuko/yasgui";
import "@zazuko/yasgui/build/yasgui.min.css";

const place = document.getElementById("yasgui");
const plain = document.getElementById("plain-editor");
const text = document.getElementById("query-text").value;
const endpoint = new URL(place.dataset.endpoint, location.href).href;
const prefixes = JSON.parse(place.dataset.prefixes);
const VOID = "http://rdfs.org/ns/void#";

async function terms(kind) {
  const query = `SELECT DISTINCT ?t { ?part <${VOID}${kind}> ?t FILTER(ISIRI(?t)) } ORDER BY ?t`;
  const answer = await fetch(`${endpoint}?query=${encodeURIComponent(query)}`, { headers: { Accept: "application/sparql-results+json" } });
  return answer.ok ? (await answer.json()).results.bindings.map((row) => row.t.value) : [];
}

const { Yasqe } = Yasgui;
const ours = {
  class: () => terms("class"),
  property: () => terms("property"),
  prefixes: () => Object.entries(prefixes).map(([name, iri]) => `${name}: <${iri}>`).sort(),
};
for (const [name, get] of Object.entries(ours))
  Yasqe.Autocompleters[name] = { ...Yasqe.Autocompleters[name], get, bulk: true, autoShow: true, persistenceId: null };

// a shared address holds its query behind the "#", which YASGUI takes away
const shared = new URLSearchParams(location.hash.slice(1)).get("query");

// An error of ours in words: what, where in the query, and what to do. Anything else is left to YASR.
async function told(error) {
  let found;
  try {
    found = JSON.parse(error.text);
  } catch {
    return undefined;
  }
  if (typeof found?.what !== "string") return undefined;
  const whole = document.createElement("div");
  whole.className = "failure";
  whole.setAttribute("role", "alert");
  const line = (...parts) => {
    const one = document.createElement("p");
    one.append(...parts);
    whole.append(one);
  };
  const strong = (words) => Object.assign(document.createElement("strong"), { textContent: words });
  const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
  line(strong(found.title ?? "Error"), ` (${found.status ?? error.status})`);
  line(sentence(found.what));
  if (found.where?.line) {
    const go = Object.assign(document.createElement("button"), { type: "button", textContent: `line ${found.where.line}, column ${found.where.column}` });
    go.addEventListener("click", () => {
      const now = yasgui.getTab().getYasqe();
      now.focus();
      now.setCursor(found.where.line - 1, found.where.column - 1);
    });
    line(strong("Where: "), go);
  } else if (found.where?.text) line(strong("Where: "), found.where.text);
  if (found.fix) {
    // behind the advice may stand the line of the query, with a caret under the place
    const [advice, ...quoted] = found.fix.split("\n");
    line(strong("What to do: "), sentence(advice.trim()));
    if (quoted.length) whole.append(Object.assign(document.createElement("pre"), { textContent: quoted.join("\n") }));
  }
  return whole;
}
Yasgui.Yasr.defaults.errorRenderers = [told];

place.hidden = false;
plain.hidden = true;
const yasgui = new Yasgui(place, {
  requestConfig: { endpoint, method: "POST" },
  endpointCatalogueOptions: { getData: () => [{ endpoint }] },
  copyEndpointOnNewTab: true,
  persistenceId: null,
  corsProxy: undefined,
  yasqe: { prefixCcApi: null },
});
const editor = yasgui.getTab().getYasqe();
editor.setValue(shared ?? text);

// what axe finds in YASGUI, mended from outside
const name = (selector, words) => place.querySelectorAll(`${selector}:not([aria-label])`).forEach((one) => one.setAttribute("aria-label", words(one)));
const help = document.getElementById("editor-help");
// a browser may have kept the page of another version, without it
help?.remove();
help?.removeAttribute("id");
if (help) help.hidden = false;
const mend = () => {
  // how to leave it by keyboard, under every editor
  for (const one of place.querySelectorAll(".yasqe"))
    if (help && !one.parentElement.querySelector(".editor-help")) one.after(help.cloneNode(true));
  name("input, textarea", (field) => field.placeholder || "SPARQL query");
  name("select.tableSizer", () => "Rows per page");
  name("ul.CodeMirror-hints", () => "Completions");
  // what is switched off is pale, and only its class says so
  place.querySelectorAll("button.yasr_btn").forEach((one) => one.setAttribute("aria-disabled", String(one.disabled || one.classList.contains("disabled"))));
  // tabs that are links in a list, said to be tabs only in part
  place.querySelectorAll(".tabsList[role]").forEach((list) => list.removeAttribute("role"));
  place.querySelectorAll(".tabsList [role=tab]").forEach((tab) => tab.removeAttribute("role"));
  place.querySelectorAll(".tabsList a[aria-selected]").forEach((link) => {
    link.setAttribute("aria-current", link.getAttribute("aria-selected"));
    link.removeAttribute("aria-selected");
  });
};
mend();
new MutationObserver(mend).observe(place, { childList: true, subtree: true, attributeFilter: ["aria-selected", "class", "role"] });
Promise.all(Object.keys(ours).map((name) => editor.autocompleters[name]?.initialize())).finally(() => {
  document.documentElement.dataset.editor = "ready";
});
