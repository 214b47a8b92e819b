// Reads network files with graphology (Gephi Lite) and Cytoscape.js, headless; prints one line of JSON per file.
const fs = require("fs");
const path = require("path");
const { MultiGraph, MultiDirectedGraph } = require("graphology");
// the builds for Node bring a parser of their own; those for the browser use the browser's
const gexf = require("graphology-gexf");
const graphml = require("graphology-graphml");
const cytoscape = require("cytoscape");

function fromGraphology(graph) {
  const kinds = {};
  let coloured = 0, placed = 0, labelled = 0;
  const undirected = {};
  const columns = new Set(), edgeColumns = new Set();
  graph.forEachNode((node, data) => {
    if (data.color) coloured++;
    if (data.x !== undefined && data.y !== undefined) placed++;
    if (data.label) labelled++;
    Object.keys(data).forEach((name) => columns.add(name));
  });
  graph.forEachEdge((edge, data) => {
    const kind = data.kind || data.interaction || "";
    kinds[kind] = (kinds[kind] || 0) + 1;
    if (graph.isUndirected(edge)) undirected[kind] = (undirected[kind] || 0) + 1;
    Object.keys(data).forEach((name) => edgeColumns.add(name));
  });
  return {
    nodes: graph.order, edges: graph.size, edge_types: kinds, undirected, labelled, coloured, placed,
    node_columns: [...columns].sort(), edge_columns: [...edgeColumns].sort(),
  };
}

for (const file of process.argv.slice(2)) {
  const text = fs.readFileSync(file, "utf-8");
  let found;
  if (file.endsWith(".gexf")) found = fromGraphology(gexf.parse(MultiGraph, text, { allowUndeclaredAttributes: false }));
  else if (file.endsWith(".graphml")) found = fromGraphology(graphml.parse(MultiGraph, text));
  else if (file.endsWith(".cyjs")) {
    const json = JSON.parse(text);
    const cy = cytoscape({ headless: true, styleEnabled: true, elements: json.elements, style: json.style, layout: json.layout });
    const kinds = {}, undirected = {}, colours = [];
    cy.edges().forEach((edge) => {
      const kind = edge.data("interaction") || "";
      kinds[kind] = (kinds[kind] || 0) + 1;
      if (edge.style("target-arrow-shape") === "none") undirected[kind] = (undirected[kind] || 0) + 1;
      else if (edge.style("target-arrow-color") !== edge.style("line-color")) colours.push(edge.id());
    });
    found = {
      nodes: cy.nodes().length, edges: cy.edges().length, edge_types: kinds, undirected, other_heads: colours.length,
      labelled: cy.nodes().filter((node) => node.style("label") !== "").length,
      coloured: cy.nodes().filter((node) => node.style("background-color") !== "rgb(153,153,153)").length,
      placed: cy.nodes().filter((node) => node.position("x") !== 0 || node.position("y") !== 0).length,
    };
    cy.destroy();
  } else throw new Error("no reader for " + file);
  console.log(JSON.stringify({ file: path.basename(file), ...found }));
}
