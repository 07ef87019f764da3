// Runs Pipedream components as Pipedream does: with `this` made of props, methods, and its services.
// node pipedream.mjs <components> <server> <key> <a picture's path> <scenario>

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, baseUrl, apiKey, picture, scenario] = process.argv.slice(2);
const load = async (name) => (await import(pathToFileURL(path.join(folder, name)))).default;
const sources = (key) => load(`sources/${key}/${key}.mjs`);
const actions = (key) => load(`actions/${key}/${key}.mjs`);

const api = async (method, at, body) => {
  const answer = await fetch(`${baseUrl}/api/v1${at}`, {
    method,
    headers: { "X-API-Key": apiKey, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  return answer.status === 204 ? null : answer.json();
};

/** A component that is deployed with these props. */
function deployed(component, props) {
  const kept = new Map();
  const emitted = [];
  const seen = new Set();
  const self = {
    baseUrl,
    apiKey,
    ...props,
    db: { get: (name) => structuredClone(kept.get(name)), set: (name, value) => kept.set(name, structuredClone(value)) },
    $emit(event, { id, summary, ts }) {
      if (component.dedupe === "unique" && seen.has(id)) return;
      seen.add(id);
      emitted.push({ event, id, summary, ts });
    },
  };
  for (const [name, method] of Object.entries(component.methods || {})) self[name] = method.bind(self);
  return { component, self, emitted, hook: (name) => component.hooks[name].call(self) };
}

/** An HTTP endpoint as Pipedream gives it to a source. */
async function listening(source) {
  const answers = [];
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const bodyRaw = Buffer.concat(parts).toString("utf8");
    source.self.http.respond = ({ status }) => {
      answers.push(status);
      response.writeHead(status).end();
    };
    await source.component.run.call(source.self, { headers: request.headers, bodyRaw, body: JSON.parse(bodyRaw) });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  source.self.http = { endpoint: `http://127.0.0.1:${server.address().port}/` };
  return { answers, close: () => server.close() };
}

const run = (component, props, trace = `trace-${Math.random()}`) => {
  const summaries = [];
  const context = { id: `run-${Math.random()}`, trace_id: trace };
  const $ = { export: (name, value) => summaries.push([name, value]), context };
  return component.run.call(deployed(component, props).self, { $ }).then((answer) => ({ answer, summaries }));
};

async function until(reached) {
  for (let tried = 0; tried < 600; tried += 1) {
    if (reached()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("it did not come");
}

const scenarios = {
  async event() {
    const source = deployed(await sources("match-found"), { minConfidence: "50", listIds: [] });
    const endpoint = await listening(source);
    await source.hook("deploy");
    const before = source.emitted.length;
    await source.hook("activate");
    const [hook] = (await api("GET", "/hooks")).items;
    await run(await actions("start-search"), { images: [JSON.stringify({ base64: fs.readFileSync(picture, "base64") })] });
    await until(() => source.emitted.length > before);
    const forged = await fetch(source.self.http.endpoint, {
      method: "POST",
      headers: { "webhook-id": "x", "webhook-timestamp": String(Math.floor(Date.now() / 1000)), "webhook-signature": "v1,x" },
      body: "{}",
    });
    const later = deployed(await sources("match-found"), {});
    await later.hook("deploy");
    await source.hook("deactivate");
    await source.hook("deactivate");
    endpoint.close();
    return {
      before,
      filter: hook.filter,
      triggers: hook.triggers,
      emitted: source.emitted,
      forged: forged.status,
      history: later.emitted.length,
      hooks: (await api("GET", "/hooks")).items.length,
    };
  },
  async history([empty, full] = process.argv.slice(7)) {
    const emitted = {};
    for (const [name, props] of Object.entries({
      full: { listIds: [full], minConfidence: "10" },
      both: { listIds: [empty, full] },
      empty: { listIds: [empty] },
      sure: { minConfidence: "100", minScore: "100", domains: ["example.net"] },
    })) {
      const source = deployed(await sources("match-found"), props);
      await source.hook("deploy");
      emitted[name] = source.emitted.map((one) => one.event.list_id);
    }
    return emitted;
  },
  async retried() {
    const component = await actions("create-list");
    const made = [];
    for (const [label, trace] of [["One", "a"], ["One", "a"], ["Other", "a"], ["One", "b"]]) {
      made.push((await run(component, { label }, trace)).answer.id);
    }
    return made;
  },
  async looked() {
    const images = [JSON.stringify({ base64: fs.readFileSync(picture, "base64") })];
    const { answer: started } = await run(await actions("start-search"), { images });
    const component = await actions("find-search");
    const look = () => run(component, { searchId: started.search_id }, "one trace");
    let told = (await look()).answer;
    for (let tried = 0; tried < 600 && !told.items[0].complete; tried += 1) {
      await new Promise((done) => setTimeout(done, 50));
      told = (await look()).answer;
    }
    const page = await component.props.searchId.options.call(deployed(component, {}).self, {});
    return { told, page, none: (await run(component, { searchId: "search_none" })).answer };
  },
  async addressed(pages = process.argv.slice(7)) {
    const component = await actions("create-list");
    const made = [];
    for (const page of pages) made.push((await run(component, { baseUrl: baseUrl + page, label: page })).answer.id);
    return made;
  },
  async elsewhere() {
    const answers = [[404, '{"detail": "Not Found"}'], [404, "<html>"], [200, "<html>Hello</html>"]];
    const server = http.createServer((_, response) => {
      const [status, body] = answers.shift();
      response.writeHead(status).end(body);
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const props = { baseUrl: `http://127.0.0.1:${server.address().port}`, apiKey: "key" };
    const source = deployed(await sources("match-found"), { ...props, http: { endpoint: "https://pipedream.example.org" } });
    const told = [await source.hook("deploy").catch((error) => error.message)];
    told.push(await source.hook("activate").catch((error) => error.message));
    told.push(await run(await actions("create-list"), { ...props, label: "x" }).catch((error) => error.message));
    server.close();
    return told;
  },
  async action() {
    const component = await actions("create-list");
    const { answer, summaries } = await run(component, { label: "From Pipedream", minConfidence: "60", providers: [] });
    const start = await actions("start-search");
    const page = await start.props.listId.options.call(deployed(start, {}).self, { query: "from pipe" });
    const refused = await run(component, { label: "x".repeat(500) }).catch((error) => error.message);
    return { answer, summaries, page, refused };
  },
  async all(names = process.argv.slice(7)) {
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, describe(await load(name))])));
  },
};

const describe = ({ key, name, description, version, type, props, sampleEmit, hooks }) => ({
  key, name, description, version, type, props, sampleEmit, hooks: Object.keys(hooks || {}),
});

console.log(JSON.stringify(await scenarios[scenario]()));
process.exit(0);
