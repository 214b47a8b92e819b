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
const mend = () => {
  name("input, textarea", (field) => field.placeholder || "SPARQL query");
  name("select.tableSizer", () => "Rows per page");
  name("ul.CodeMirror-hints", () => "Completions");
  // tabs that are links in a list, said to be tabs only in part
  place.querySelectorAll(".tabsList[role]").forEach((list) => list.removeAttribute("role"));
  place.querySelectorAll(".tabsList [role=tab]").forEach((tab) => tab.removeAttribute("role"));
  place.querySelectorAll(".tabsList a[aria-selected]").forEach((link) => {
    link.setAttribute("aria-current", link.getAttribute("aria-selected"));
    link.removeAttribute("aria-selected");
  });
};
mend();
new MutationObserver(mend).observe(place, { childList: true, subtree: true, attributeFilter: ["aria-selected", "role"] });
Promise.all(Object.keys(ours).map((name) => editor.autocompleters[name]?.initialize())).finally(() => {
  document.documentElement.dataset.editor = "ready";
});
