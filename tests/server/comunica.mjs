// Prints the number of rows, with the source typed (argument sparql) or found out by Comunica (argument auto).
import { QueryEngine } from "@comunica/query-sparql";
const [address, kind, query] = process.argv.slice(2);
const source = kind === "auto" ? address : { type: "sparql", value: address };
const rows = await (await new QueryEngine().queryBindings(query, { sources: [source] })).toArray();
console.log(rows.length);
