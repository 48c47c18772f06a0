// A GraphQL server of other people: graphql-yoga over HTTP, graphql-ws over the WebSocket beside it.
// Started by the tests: node yoga_server.mjs PORT [batching]
import { createServer } from "node:http";

import { createSchema, createYoga } from "graphql-yoga";
import { GraphQLError } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const [port, batching] = [Number(process.argv[2]), process.argv[3] === "batching"];
const made = [];
const inits = [];
const people = Array.from({ length: 7 }, (_, n) => ({ id: String(n + 1), name: `Person ${n + 1}` }));

const schema = createSchema({
  typeDefs: /* GraphQL */ `
    enum Order { ASC DESC }
    input CustomerInput { name: String!, email: String, tags: [String!] }
    type Customer { id: ID!, name: String!, note: String, secret: String! }
    type PageInfo { hasNextPage: Boolean!, endCursor: String }
    type CustomerEdge { node: Customer!, cursor: String! }
    type CustomerConnection { nodes: [Customer!]!, edges: [CustomerEdge!]!, pageInfo: PageInfo!, stuck: Boolean }
    type Query {
      customer(id: ID!): Customer
      customers(first: Int = 3, after: String, order: Order = ASC): CustomerConnection!
      stuck(after: String): CustomerConnection!
      echo(text: String, number: Float, flag: Boolean, ids: [ID!], order: Order): String
      fails(code: String): String
      made: [Customer!]!
      inits: String!
    }
    type Mutation {
      createCustomer(input: CustomerInput!): Customer
      refuses(code: String): Customer
    }
    type Subscription {
      countdown(from: Int!): Int!
      silent: Int!
      breaks: Int!
    }
  `,
  resolvers: {
    Query: {
      customer: (_, { id }) => people.find((one) => one.id === id) ?? null,
      customers: (_, { first, after, order }) => {
        const all = order === "DESC" ? [...people].reverse() : people;
        const start = after ? all.findIndex((one) => one.id === after) + 1 : 0;
        const nodes = all.slice(start, start + first);
        const end = nodes.at(-1)?.id ?? null;
        return {
          nodes,
          edges: nodes.map((node) => ({ node, cursor: node.id })),
          pageInfo: { hasNextPage: start + first < all.length, endCursor: end },
        };
      },
      stuck: () => ({ nodes: people.slice(0, 1), edges: [], pageInfo: { hasNextPage: true, endCursor: "x" } }),
      echo: (_, values) => JSON.stringify(values),
      fails: (_, { code }) => {
        throw code ? new GraphQLError("It failed.", { extensions: { code } }) : new Error("private detail");
      },
      made: () => made,
      inits: () => JSON.stringify(inits),
    },
    Customer: {
      note: (one) => {
        if (one.id === "2") throw new GraphQLError("No note for ada@example.com.", { extensions: { code: "FORBIDDEN" } });
        return `note ${one.id}`;
      },
      secret: () => {
        throw new GraphQLError("Not yours.", { extensions: { code: "FORBIDDEN" } });
      },
    },
    Mutation: {
      createCustomer: (_, { input }) => {
        const one = { id: String(100 + made.length), ...input };
        made.push(one);
        return one;
      },
      refuses: (_, { code }) => {
        throw code ? new GraphQLError("The name is taken.", { extensions: { code } }) : new GraphQLError("The name is taken.");
      },
    },
    Subscription: {
      countdown: {
        subscribe: async function* (_, { from }) {
          for (let n = from; n > 0; n -= 1) yield { countdown: n };
        },
      },
      silent: {
        subscribe: async function* () {
          await new Promise((done) => setTimeout(done, 60_000).unref());
          yield { silent: 0 };
        },
      },
      breaks: {
        subscribe: async function* () {
          yield { breaks: 1 };
          throw new GraphQLError("The feed broke.", { extensions: { code: "INTERNAL_SERVER_ERROR" } });
        },
      },
    },
  },
});

const yoga = createYoga({ schema, batching: batching ? { limit: 10 } : false, logging: false, landingPage: false });
const server = createServer((request, response) => {
  if (request.headers.authorization === "Bearer wrong") {
    response.writeHead(401, { "Content-Type": "application/json" });
    response.end('{"errors":[{"message":"Unauthorized"}]}');
    return;
  }
  yoga(request, response);
});
useServer(
  {
    schema,
    onConnect: ({ connectionParams, extra }) => {
      inits.push({ params: connectionParams ?? null, authorization: extra.request.headers.authorization ?? null });
      return connectionParams?.Authorization !== "Bearer refused"; // false: 4403
    },
  },
  new WebSocketServer({ server, path: "/graphql" }),
);
server.listen(port, "127.0.0.1");
