// The client of other people: graphql-ws. Started by the tests: node ws_client.mjs URL
// It subscribes, takes two events and leaves; prints what it got.
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

class Signed extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { headers: { Authorization: "Bearer t" } });
  }
}

const client = createClient({
  url: process.argv[2],
  webSocketImpl: Signed,
  connectionParams: { Authorization: "Bearer t", tenant: "t1" },
});
const events = [];
for await (const event of client.iterate({
  query: "subscription($from: Int) { countdown(from: $from) }",
  variables: { from: 3 },
})) {
  events.push(event);
  if (events.length === 2) break;
}
await client.dispose();
console.log(JSON.stringify(events));
