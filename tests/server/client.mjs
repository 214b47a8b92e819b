// Prints the number of rows that sparql-http-client streams.
import SparqlClient from "sparql-http-client";
const [address, query] = process.argv.slice(2);
let number = 0;
for await (const _ of new SparqlClient({ endpointUrl: address }).query.select(query)) number += 1;
console.log(number);
