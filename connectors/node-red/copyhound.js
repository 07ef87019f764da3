'use strict';

const crypto = require('node:crypto');

const { API, Client } = require('./client');
const { filled, form } = require('./forms');
const { tell, triggerNode } = require('./trigger');
const shipped = require('./catalogue.json');

module.exports = function (RED) {
    function ServerNode(config) {
        RED.nodes.createNode(this, config);
        this.callback = String(config.callback || '').replace(/\/+$/, '');
        this.client = new Client(config.url, this.credentials.apiKey);
    }
    RED.nodes.registerType('copyhound-server', ServerNode, { credentials: { apiKey: { type: 'password' } } });

    RED.nodes.registerType('copyhound-trigger', triggerNode(RED));

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
