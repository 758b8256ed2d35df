// Shows a stdio MCP server over streamable HTTP, as the official conformance suite speaks nothing else. For tests only.
//
//   node bridge.mjs COMMAND [ARGUMENTS]       prints the URL it serves on, and serves until its input ends
//
// It ends no protocol of its own: messages pass as they are, but for ids, progress tokens and names of subscriptions, which are made
// unique per process and restored. A process for each session of a handshake revision, and one for all requests without sessions.
// What only HTTP has (headers, status codes, hosts) is judged here, so those checks of the suite judge this file, not the server.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { randomUUID } from "node:crypto";

const PREFIX = "io.modelcontextprotocol/";
const SUBSCRIPTION = `${PREFIX}subscriptionId`;
const STATUS = new Map([[-32601, 404], [-32600, 400], [-32602, 400], [-32700, 400], [-32020, 400], [-32021, 400], [-32022, 400]]);
const NAMED_BY = new Map([["tools/call", "name"], ["prompts/get", "name"], ["resources/read", "uri"]]);

/** One process of the server. */
class Server {
  constructor(command) {
    this.process = spawn(command[0], command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
    this.process.stdin.on("error", () => {});
    this.process.on("exit", () => this.ended());
    /** Requests without an answer: by the id that the server knows. */
    this.open = new Map();
    this.tokens = new Map();
    /** Takes what belongs to no request, once the client asked for it; until then it waits. */
    this.stream = undefined;
    this.early = [];
    this.count = 0;
    createInterface({ input: this.process.stdout, crlfDelay: Infinity }).on("line", (line) => this.pass(JSON.parse(line)));
  }

  send(message) {
    this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends a request; `exchange` takes what comes back. */
  ask(message, exchange) {
    const id = ++this.count;
    const token = message.params?._meta?.progressToken;
    this.open.set(id, Object.assign(exchange, { id: message.id, token, isStream: message.method === "subscriptions/listen" }));
    const sent = structuredClone({ ...message, id });
    if (token !== undefined) {
      sent.params._meta.progressToken = `token-${id}`;
      this.tokens.set(`token-${id}`, id);
    }
    this.send(sent);
    return id;
  }

  forget(id) {
    this.open.delete(id);
    this.tokens.delete(`token-${id}`);
  }

  /** Finds whose message it is. */
  pass(message) {
    const { params } = message;
    if (message.method === undefined) {
      const exchange = this.open.get(message.id);
      this.forget(message.id);
      if (message.result?._meta?.[SUBSCRIPTION] !== undefined) message.result._meta[SUBSCRIPTION] = exchange?.id;
      exchange?.end({ ...message, id: exchange.id });
      return;
    }
    const stream = params?._meta?.[SUBSCRIPTION];
    if (stream !== undefined) {
      const exchange = this.open.get(stream);
      if (exchange) params._meta[SUBSCRIPTION] = exchange.id;
      exchange?.write(message);
      return;
    }
    if (message.method === "notifications/progress") {
      const exchange = this.open.get(this.tokens.get(params.progressToken));
      exchange?.write({ ...message, params: { ...params, progressToken: exchange.token } });
      return;
    }
    const youngest = [...this.open.values()].filter((exchange) => !exchange.isStream).at(-1);
    if (youngest) youngest.write(message);
    else if (this.stream) this.stream.write(message);
    else this.early.push(message);
  }

  ended() {
    for (const exchange of this.open.values()) {
      exchange.end({ jsonrpc: "2.0", id: exchange.id, error: { code: -32603, message: "the server process has ended" } });
    }
    this.open.clear();
    this.stream?.close();
  }
}

/** One HTTP response: JSON if the answer is all there is to say, else a stream of events. */
class Exchange {
  constructor(response, { headers = {}, hasStatus }) {
    Object.assign(this, { response, headers, hasStatus });
  }

  write(message) {
    if (!this.response.headersSent) {
      this.response.writeHead(200, { ...this.headers, "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
    }
    this.response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  end(message) {
    if (this.response.headersSent) {
      this.write(message);
      this.close();
    } else {
      const status = (this.hasStatus && STATUS.get(message.error?.code)) || 200;
      reply(this.response, status, message, this.headers);
    }
  }

  close() {
    this.response.end();
  }
}

function reply(response, status, body, headers = {}) {
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  response.writeHead(status, { ...headers, ...type }).end(body === undefined ? "" : JSON.stringify(body));
}

function refuse(response, status, code, message, id = null) {
  reply(response, status, { jsonrpc: "2.0", id, error: { code, message } });
}

const command = process.argv.slice(2);
const sessions = new Map();
let shared;

const http = createServer(async (request, response) => {
  const { headers, method } = request;
  const isHere = (host) => ["127.0.0.1", "localhost", "[::1]"].includes(host.replace(/:\d+$/, ""));
  if (!isHere(headers.host ?? "") || (headers.origin !== undefined && !isHere(headers.origin.replace(/^\w+:\/\//, "")))) {
    return refuse(response, 403, -32600, "this host or origin may not come here");
  }
  if (method === "POST") return post(request, response, await text(request));
  if ((headers["mcp-protocol-version"] ?? "") >= "2026" || !["GET", "DELETE"].includes(method)) return reply(response, 405);
  const server = session(headers, response);
  if (!server) return undefined;
  if (method === "DELETE") {
    sessions.delete(headers["mcp-session-id"]);
    server.process.stdin.end();
    return reply(response, 200);
  }
  server.stream = new Exchange(response, {});
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" }).flushHeaders();
  for (const message of server.early.splice(0)) server.stream.write(message);
  return response.on("close", () => { server.stream = undefined; });
});

function post(request, response, body) {
  let message;
  try {
    message = JSON.parse(body);
  } catch {
    return refuse(response, 400, -32700, "not JSON");
  }
  if (message === null || typeof message !== "object" || Array.isArray(message)) return refuse(response, 400, -32600, "not a message");
  const { headers } = request;
  const meta = message.params?._meta ?? {};
  const version = meta[`${PREFIX}protocolVersion`];
  const isModern = version !== undefined || (headers["mcp-protocol-version"] ?? "") >= "2026";
  const isRequest = message.method !== undefined && message.id !== undefined;

  let server;
  const more = {};
  if (isModern) {
    if (isRequest && !fits(headers, message, version)) return refuse(response, 400, -32020, "the headers are not those of the message", message.id);
    if (!shared || shared.process.exitCode !== null) shared = new Server(command);
    server = shared;
  } else if (message.method === "initialize") {
    server = new Server(command);
    more["Mcp-Session-Id"] = randomUUID();
    sessions.set(more["Mcp-Session-Id"], server);
  } else {
    server = session(headers, response);
    if (!server) return undefined;
  }

  if (!isRequest) {
    if (message.method === "notifications/cancelled") {
      const cancelled = [...server.open].find(([, exchange]) => exchange.id === message.params?.requestId);
      message.params = { ...message.params, requestId: cancelled?.[0] ?? -1 };
    }
    server.send(message);
    return reply(response, 202);
  }
  const id = server.ask(message, new Exchange(response, { headers: more, hasStatus: isModern }));
  // Whoever hangs up has cancelled.
  return response.on("close", () => {
    if (!server.open.has(id)) return;
    server.forget(id);
    server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
  });
}

/** Whether the headers repeat what the message says. */
function fits(headers, message, version) {
  const key = NAMED_BY.get(message.method);
  const isVersion = headers["mcp-protocol-version"] !== undefined && (version === undefined || headers["mcp-protocol-version"] === version);
  return isVersion && headers["mcp-method"]?.trim() === message.method && (!key || headers["mcp-name"]?.trim() === message.params?.[key]);
}

function session(headers, response) {
  const id = headers["mcp-session-id"];
  const server = sessions.get(id);
  if (!server) refuse(response, id === undefined ? 400 : 404, -32600, id === undefined ? "a session is missing" : "no such session");
  return server;
}

async function text(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}/mcp`));
process.stdin.on("end", () => process.exit(0)).resume();
process.on("exit", () => [...sessions.values(), ...(shared ? [shared] : [])].forEach((server) => server.process.kill()));
