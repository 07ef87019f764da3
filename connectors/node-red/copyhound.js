'use strict';

const crypto = require('node:crypto');

const { API, Client, verified } = require('./client');
const { filled, form } = require('./forms');
const shipped = require('./catalogue.json');

const LARGEST = 1024 * 1024;
const REMEMBERED = 1000;
const FIRST_WAIT = 5;
const LONGEST_WAIT = 300;
const SECRET_ASKED_MS = 30000; // so that forged deliveries make no load

module.exports = function (RED) {
    function ServerNode(config) {
        RED.nodes.createNode(this, config);
        this.callback = String(config.callback || '').replace(/\/+$/, '');
        this.client = new Client(config.url, this.credentials.apiKey);
    }
    RED.nodes.registerType('copyhound-server', ServerNode, { credentials: { apiKey: { type: 'password' } } });

    const receivers = RED.settings.httpNodeRoot === false ? new Map() : receiving(RED.httpNode);

    /** Where Copyhound reaches a path of this Node-RED. */
    function reachable(server, path) {
        const here = `${RED.settings.https ? 'https' : 'http'}://127.0.0.1:${RED.settings.uiPort || 1880}`;
        return (server.callback || here) + path;
    }

    function TriggerNode(config) {
        RED.nodes.createNode(this, config);
        const node = this;
        const server = RED.nodes.getNode(config.server);
        if (!server || !config.trigger) return tell(node, 'red', 'not set up');
        if (RED.settings.httpNodeRoot === false) return tell(node, 'red', 'needs httpNodeRoot');

        const path = `${RED.httpNode.path()}/copyhound/${node.id}`.replace(/^\/+/, '/');
        const seen = new Set();
        let hook = null;
        let timer = null;
        let closed = false;
        let asked = 0;

        async function receive(request, response) {
            const body = await wholeBody(request);
            if (!hook) return answer(response, 503);
            if (body === null) return answer(response, 413);
            if (!verified(request.headers, body, hook.secret) && !(await newSecret(request, body))) {
                return answer(response, 401);
            }
            const event = JSON.parse(body.toString('utf8'));
            if (remembers(seen, String(request.headers['webhook-id']))) return answer(response, 204);
            node.send({ topic: event.type, payload: event });
            tell(node, 'green', 'waiting');
            return answer(response, 204);
        }

        /** Whether the hook's secret was changed meanwhile, and this is signed with the new one. */
        async function newSecret(request, body) {
            if (Date.now() - asked < SECRET_ASKED_MS) return false;
            asked = Date.now();
            hook.secret = (await server.client.call('GET', `${API}/hooks/${hook.id}/secret`)).secret;
            return verified(request.headers, body, hook.secret);
        }

        receivers.set(path, (request, response) =>
            receive(request, response).catch((error) => {
                node.error(error.message);
                answer(response, 500);
            }),
        );

        async function subscribe(wait) {
            const target = reachable(server, path);
            try {
                const made = await server.client.subscribe(
                    target, config.trigger, filled(config.fields), `Node-RED: ${config.name || config.trigger}`,
                );
                if (closed) return;
                hook = made;
                tell(node, 'green', 'waiting');
            } catch (error) {
                if (closed) return;
                tell(node, 'red', 'not subscribed');
                node.error(error.message);
                timer = setTimeout(() => subscribe(Math.min(wait * 2, LONGEST_WAIT)), wait * 1000);
            }
        }
        const subscribed = subscribe(FIRST_WAIT);

        // a restart keeps the subscription: what happens meanwhile is sent again. Only a node that is taken out ends it.
        node.on('close', (removed, done) => {
            closed = true;
            clearTimeout(timer);
            receivers.delete(path);
            subscribed
                .then(() => (removed ? end(server.client, reachable(server, path)) : null))
                .catch((error) => node.warn(error.message))
                .then(() => done());
        });
        return undefined;
    }
    RED.nodes.registerType('copyhound-trigger', TriggerNode);

    function ActionNode(config) {
        RED.nodes.createNode(this, config);
        const node = this;
        const server = RED.nodes.getNode(config.server);
        const names = fieldNames(server, config.action);

        node.on('input', async (message, send, done) => {
            try {
                if (!server || !config.action) throw new Error('The node is not set up.');
                tell(node, 'blue', 'asking');
                const input = { ...filled(config.fields), ...taken(message.payload, await names()) };
                message.payload = await server.client.act(config.action, input, once(message._msgid, node.id, input));
                node.status({});
                send(message);
                done();
            } catch (error) {
                tell(node, 'red', String(error.message).slice(0, 40));
                done(error);
            }
        });
    }
    RED.nodes.registerType('copyhound-action', ActionNode);

    // for the editor: the catalogue of the server where it answers, else the one of this version; and drop-downs
    const mayRead = RED.auth.needsPermission('flows.read');
    RED.httpAdmin.get('/copyhound/catalogue', mayRead, async (request, response) => {
        const found = await live(RED.nodes.getNode(request.query.server)).catch(() => shipped);
        response.json({ triggers: found.triggers.map(form), actions: found.actions.map(form) });
    });
    RED.httpAdmin.get('/copyhound/choices', mayRead, async (request, response) => {
        const server = RED.nodes.getNode(request.query.server);
        const path = String(request.query.path || '');
        if (!server || !known(await live(server).catch(() => shipped), path)) return response.json([]);
        const query = `limit=50&q=${encodeURIComponent(request.query.q || '')}`;
        const found = await server.client.call('GET', `${path}?${query}`).catch(() => ({ items: [] }));
        return response.json(found.items);
    });
};

async function live(server) {
    if (!server) return shipped;
    const [triggers, actions] = await Promise.all(
        ['triggers', 'actions'].map((name) => server.client.call('GET', `${API}/${name}`)),
    );
    return { triggers: triggers.items, actions: actions.items };
}

const known = (catalogue, path) =>
    [...catalogue.triggers, ...catalogue.actions].some((one) => Object.values(one.dynamic_fields || {}).includes(path));

const tell = (node, fill, text) => node.status({ fill, shape: 'dot', text });

/** The same where a flow sends a message that failed to the node again. A message may be split: what is asked is in it. */
function once(message, node, input) {
    if (!message) return crypto.randomUUID();
    const what = JSON.stringify([message, node, input]);
    return `node-red-${crypto.createHash('sha256').update(what).digest('hex')}`;
}

/** What gives the names of an action's fields: the server is asked once; while it does not tell, those of this version. */
function fieldNames(server, key) {
    let told = null;
    return async () => {
        told = told || (await live(server).catch(() => null));
        const action = (told || shipped).actions.find((one) => one.key === key);
        return action ? form(action).fields.map((field) => field.name) : [];
    };
}

/** What of a payload is the action's: an event has fields of its own. All of it where the action's fields are not known. */
function taken(payload, names) {
    if (payload === null || typeof payload !== 'object' || Array.isArray(payload) || Buffer.isBuffer(payload)) return {};
    const ours = Object.entries(payload).filter(([name]) => !names.length || names.includes(name));
    const found = Object.fromEntries(ours);
    if (found.list_id) delete found.list_label; // an event has both; an action takes one
    return found;
}

async function end(client, target) {
    for (const hook of await client.hooksOf(target)) await client.unsubscribe(hook.id);
}

/** Whether it was there before; the oldest are forgotten. */
function remembers(seen, id) {
    if (seen.has(id)) return true;
    seen.add(id);
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
    return false;
}

async function wholeBody(request) {
    const parts = [];
    let length = 0;
    for await (const part of request) {
        length += part.length;
        if (length > LARGEST) return null;
        parts.push(part);
    }
    return Buffer.concat(parts);
}

function answer(response, status) {
    response.statusCode = status;
    response.end();
}

/**
 * Path -> what receives deliveries there. It comes before all else that the application does with a request: a signature
 * is over the bytes as they were sent, and the editor's parser would take them. It is what proves the sender, too.
 */
function receiving(httpNode) {
    const receivers = new Map();
    let app = httpNode;
    while (app.parent) app = app.parent;
    const first = (request, response, next) => {
        const receive = request.method === 'POST' && receivers.get(request.url.split('?')[0]);
        return receive ? receive(request, response) : next();
    };
    app.use(first);
    const stack = (app._router || app.router).stack;
    stack.unshift(...stack.splice(stack.findIndex((layer) => layer.handle === first), 1));
    return receivers;
}
