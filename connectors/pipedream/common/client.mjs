import crypto from "node:crypto";

// What all sources and actions share: the connection's props, and what is said to the server.

const API = "/api/v1";
const TOLERANCE = 300;
const PAGE = 50;
const NO_SERVER = "This address is no Copyhound server.";

/** The props that every component has. */
export const connection = {
  baseUrl: {
    type: "string",
    label: "Server",
    description: "The address of your Copyhound, such as https://copyhound.example.org",
  },
  apiKey: {
    type: "string",
    label: "API key",
    description: "A key with the scopes read and write. On the server, in Copyhound's folder, `.venv/bin/copyhound keys create pipedream --scope read --scope write` makes one; so does POST /api/v1/keys, asked with a key that has the scope admin.",
    secret: true,
  },
};

/** What a component that has these props says to its server. */
export default (component) => ({
  /** https://copyhound.example.org, however it was typed, also where a page of it was copied: /docs/pipedream. */
  _url() {
    const typed = String(component.baseUrl || "").trim();
    const whole = /^https?:\/\//i.test(typed) ? typed : `https://${typed}`;
    const page = whole.replace(/[?#].*$/, "").replace(/\/+$/, "");
    return page.replace(/([^/:])\/+(?:docs|api\/v1)(?:\/.*)?$/, "$1");
  },
  /** The JSON of the answer. What is refused is an Error with a sentence for people. */
  async call(method, path, body, headers = {}) {
    const response = await fetch(this._url() + path, {
      method,
      headers: {
        "Accept": "application/json",
        "X-API-Key": component.apiKey,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const found = object(text);
    if (response.ok && text && !found) throw new Error(NO_SERVER);
    if (response.ok) return found;
    throw new Error(sentence(found || {}, response.status));
  },
  subscribe(key, target, filter) {
    return this.call("POST", `${API}/triggers/${key}/hooks`, {
      target_url: target,
      filter,
      description: "Pipedream",
    });
  },
  unsubscribe(id) {
    return this.call("DELETE", `${API}/hooks/${encodeURIComponent(id)}`);
  },
  /** The newest events that pass the filter, newest first; a made-up one where there are none yet. */
  samples(key, limit, filter) {
    const wanted = Object.entries({ ...filter, limit });
    const asked = wanted.flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
    return this.call("GET", `${API}/triggers/${key}/samples?${new URLSearchParams(asked)}`);
  },
  /** Do an action; a step that Pipedream runs again for the same event does it once. */
  act(key, input, context) {
    const body = filled(input);
    const event = context && (context.trace_id || context.id);
    const headers = event ? { "Idempotency-Key": once([event, key, body]) } : {};
    return this.call("POST", `${API}/actions/${key}`, body, headers);
  },
  /** A page of a drop-down, as Pipedream asks for it. */
  async choices(path, { prevContext = {}, query = "" } = {}) {
    if (prevContext.ended) return { options: [] };
    const after = prevContext.cursor ? `&cursor=${encodeURIComponent(prevContext.cursor)}` : "";
    const found = await this.call("GET", `${path}?limit=${PAGE}&q=${encodeURIComponent(query)}${after}`);
    return {
      options: found.items.map((one) => ({ label: one.name, value: one.id })),
      context: { cursor: found.cursor, ended: !found.cursor },
    };
  },
  /** Whether a delivery is signed with the secret (Standard Webhooks), and not long ago. */
  verified(headers, raw, secret) {
    const id = headers["webhook-id"];
    const stamp = headers["webhook-timestamp"];
    if (!id || !/^\d+$/.test(stamp || "") || Math.abs(Date.now() / 1000 - stamp) > TOLERANCE) return false;
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const wanted = crypto.createHmac("sha256", key).update(`${id}.${stamp}.`).update(raw).digest();
    return String(headers["webhook-signature"] || "").split(" ").some((one) => {
      const [version, signature] = one.split(",");
      const given = Buffer.from(signature || "", "base64");
      return version === "v1" && given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
    });
  },
  secret(id) {
    return this.call("GET", `${API}/hooks/${encodeURIComponent(id)}/secret`);
  },
});

/** The same for a retry. What is asked is in it: several steps of a workflow share their event. */
function once(what) {
  return `pipedream-${crypto.createHash("sha256").update(JSON.stringify(what)).digest("hex")}`;
}

/** Without what is empty; objects are typed as JSON. */
export function filled(input) {
  const found = Object.entries(input).map(([name, value]) => [name, parsed(value)]);
  const empty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
  return Object.fromEntries(found.filter(([, value]) => !empty(value)));
}

function parsed(value) {
  if (Array.isArray(value)) return value.map(parsed);
  if (typeof value !== "string" || !/^\s*[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The object or array that a text is, in JSON; else null. */
function object(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" ? found : null;
  } catch {
    return null;
  }
}

function sentence(problem, status) {
  if (status === 404 && !problem.code) return NO_SERVER; // Copyhound tells a code with all that it refuses
  const said = problem.detail || problem.title || `Copyhound answered ${status}`;
  return [said.replace(/\.?$/, "."), problem.hint].filter(Boolean).join(" ");
}
