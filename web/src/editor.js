// The editor page: YASGUI on our own endpoint, with classes and properties of the VoID description as completions.
import Yasgui from "@zazuko/yasgui";
import "@zazuko/yasgui/build/yasgui.min.css";

const place = document.getElementById("yasgui");
const plain = document.getElementById("plain-editor");
const text = document.getElementById("query-text").value;
const endpoint = new URL(place.dataset.endpoint, location.href).href;
const VOID = "http://rdfs.org/ns/void#";

async function terms(partition, kind) {
  const query = `SELECT DISTINCT ?t { ?part <${VOID}${kind}> ?t } ORDER BY ?t`;
  const answer = await fetch(`/sparql?query=${encodeURIComponent(query)}`, { headers: { Accept: "application/sparql-results+json" } });
  return answer.ok ? (await answer.json()).results.bindings.map((row) => row.t.value) : [];
}

function completer(name, kind, template) {
  return {
    ...template,
    name,
    bulk: true,
    persistenceId: null,
    get: () => terms(name, kind),
  };
}

place.hidden = false;
plain.hidden = true;
const { Yasqe } = Yasgui;
for (const [name, kind] of [["class", "class"], ["property", "property"]]) {
  const template = Yasqe.Autocompleters?.[name];
  if (template) Yasqe.Autocompleters[name] = completer(name, kind, template);
}
const yasgui = new Yasgui(place, {
  requestConfig: { endpoint, method: "POST" },
  endpointCatalogueOptions: { getData: () => [{ endpoint }] },
  copyEndpointOnNewTab: true,
  persistenceId: null,
  corsProxy: undefined,
});
yasgui.getTab().getYasqe().setValue(text);
// what axe finds in YASGUI, mended from outside
const mend = () => {
  place.querySelectorAll("input:not([aria-label]), textarea:not([aria-label])").forEach((field) => field.setAttribute("aria-label", field.placeholder || field.className || "field"));
  place.querySelectorAll(".tabsList").forEach((list) => {
    list.removeAttribute("role");
    list.querySelectorAll("[role=tab]").forEach((tab) => tab.removeAttribute("role"));
  });
};
mend();
new MutationObserver(mend).observe(place, { childList: true, subtree: true });
document.documentElement.dataset.editor = "ready";
