'use strict';

// The trigger node: a hook at the server, and a message for each of its deliveries.

const { lastTold, verified } = require('./client');
const { filled } = require('./forms');
const { answer, receiving, wholeBody } = require('./receiving');

const REMEMBERED = 1000;
const FIRST_WAIT = 5;
const LONGEST_WAIT = 300;
const CHECK_SECONDS = 300;
const SECRET_ASKED_MS = 30000; // so that forged deliveries make no load
const CHECK_PAUSE_MS = 5000; // nor what asks us to look after the hook: it is not signed
const READY_MS = 10000;
const KEPT = 'copyhound';

const tell = (node, fill, text) => node.status({ fill, shape: 'dot', text });

/** The constructor of the trigger node. */
function triggerNode(RED) {
    const served = RED.settings.httpNodeRoot !== false;
    const shared = {
        receivers: served ? receiving(RED.httpNode) : new Map(),
        kept: keeping(RED.settings),
        seen: new Map(),
        every: (Number(RED.settings.copyhoundCheckSeconds) || CHECK_SECONDS) * 1000,
    };

    /** Where Copyhound reaches a path of this Node-RED. */
    function reachable(server, path) {
        const here = `${RED.settings.https ? 'https' : 'http'}://127.0.0.1:${RED.settings.uiPort || 1880}`;
        return (server.callback || here) + path;
    }

    return function TriggerNode(config) {
        RED.nodes.createNode(this, config);
        const server = RED.nodes.getNode(config.server);
        if (!server || !config.trigger) return tell(this, 'red', 'not set up');
        if (!served) return tell(this, 'red', 'needs httpNodeRoot');
        const path = `${RED.httpNode.path()}/copyhound/${this.id}`.replace(/^\/+/, '/');
        const wanted = {
            target_url: reachable(server, path),
            triggers: [config.trigger],
            filter: filled(config.fields),
            description: `Node-RED: ${config.name || config.trigger}`.slice(0, 500),
            reverse_unsubscribe: true,
        };
        const subscription = new Subscription(this, server.client, wanted, shared);
        const receive = receiver(this, subscription, config.skipRepeated ? remembered(shared.seen, this.id) : null);
        shared.receivers.set(path, (request, response) =>
            receive(request, response).catch((error) => {
                this.error(error.message);
                answer(response, 500);
            }),
        );
        subscription.start();
        // a restart keeps the subscription: what happens meanwhile is sent again. Only a node that is taken out ends it.
        this.on('close', (removed, done) => {
            shared.receivers.delete(path);
            if (removed) shared.seen.delete(this.id);
            subscription.close(removed).catch((error) => this.warn(error.message)).then(() => done());
        });
        return undefined;
    };
}

/** A node's hook: made or found, looked after, and ended with the node. */
class Subscription {
    constructor(node, client, wanted, { kept, every }) {
        Object.assign(this, { node, client, wanted, kept, every });
        this.hook = null;
        this.last = null; // as far as it has told: a time, then the sequence of an event
        this.disabled = false;
        this.elsewhere = false; // somebody sends the hook to another address
        this.closed = false;
        this.looking = false;
        this.busy = Promise.resolve();
        this.secretAsked = 0;
        this.checked = 0;
    }

    start(wait = FIRST_WAIT) {
        this.busy = this.subscribe(this.kept.of(this.node.id)).catch((error) => {
            if (this.closed) return;
            tell(this.node, 'red', 'not subscribed');
            this.node.error(error.message);
            this.later(() => this.start(Math.min(wait * 2, LONGEST_WAIT)), wait * 1000);
        });
    }

    async subscribe(kept, since) {
        const hook = await this.client.subscribe(this.wanted, kept, since);
        const noted = this.kept.keep(this.node.id, { id: hook.id, target: hook.target_url });
        await noted.catch((error) => this.node.warn(`Node-RED could not note which hook it has: ${error.message}`));
        this.hook = hook;
        this.last = this.last === null ? lastTold(hook) : this.last;
        this.fine();
        this.later(() => this.check(), this.every);
    }

    /** Whether there is a hook: one that is being made is waited for, shorter than the server waits. */
    async ready() {
        if (!this.hook) await Promise.race([this.busy, new Promise((done) => setTimeout(done, READY_MS).unref())]);
        return this.hook !== null;
    }

    fine() {
        this.disabled = this.elsewhere = false;
        if (!this.closed) tell(this.node, 'green', 'waiting');
    }

    later(what, milliseconds) {
        clearTimeout(this.timer);
        if (!this.closed) this.timer = setTimeout(what, milliseconds).unref();
    }

    /** Look after the hook now, but not all the time. */
    checkSoon() {
        if (this.hook) this.later(() => this.check(), Math.max(0, this.checked + CHECK_PAUSE_MS - Date.now()));
    }

    check() {
        this.checked = Date.now();
        this.later(() => this.check(), this.every);
        if (this.looking) return;
        this.looking = true;
        this.busy = this.lookAfter()
            .catch((error) => {
                if (!this.closed) tell(this.node, 'yellow', `not checked: ${error.message}`.slice(0, 80));
            })
            .finally(() => {
                this.looking = false;
            });
    }

    async lookAfter() {
        const found = await this.client.hook(this.hook.id);
        if (this.closed) return;
        if (!found) {
            await this.subscribe(null, this.last);
            this.node.warn('The hook was deleted at the server: subscribed again, with what was told since.');
        } else if (found.target_url !== this.hook.target_url) {
            tell(this.node, 'red', 'the hook goes elsewhere');
            if (!this.elsewhere) this.node.error(`The hook goes to ${found.target_url} now. Deploy again to have one here.`);
            this.elsewhere = true;
        } else if (found.status === 'active') {
            this.fine();
        } else {
            const why = found.status_reason || 'no reason is told';
            tell(this.node, 'red', `disabled: ${why}`.slice(0, 80));
            if (!this.disabled) this.node.error(`The hook is disabled: ${why} Deploy again to enable it.`);
            this.disabled = true;
        }
    }

    /** Whether a delivery is signed with the hook's secret, or with the one that took its place since. */
    async signed(headers, body) {
        if (verified(headers, body, this.hook.secret)) return true;
        if (Date.now() - this.secretAsked < SECRET_ASKED_MS) return false;
        this.secretAsked = Date.now();
        this.hook.secret = await this.client.secret(this.hook.id);
        return verified(headers, body, this.hook.secret);
    }

    /** That an event came. A sample that was asked for tells nothing of how far we are. */
    came(event) {
        if (event.test || !Number.isInteger(event.sequence)) return;
        this.last = Number.isInteger(this.last) ? Math.max(this.last, event.sequence) : event.sequence;
    }

    async close(removed) {
        this.closed = true;
        clearTimeout(this.timer);
        await this.busy;
        if (removed) await this.end();
    }

    async end() {
        const kept = this.kept.of(this.node.id);
        const ours = [await this.client.known(kept, this.wanted), ...(await this.client.hooksOf(this.wanted.target_url))];
        for (const hook of ours) {
            if (hook) await this.client.unsubscribe(hook.id);
        }
        await this.kept.keep(this.node.id, null);
    }
}

/** Answers deliveries; `seen` are the ids of those that start nothing a second time, null: all do. */
function receiver(node, subscription, seen) {
    return async (request, response) => {
        if (request.method === 'DELETE') {
            subscription.checkSoon();
            return answer(response, 204);
        }
        const body = await wholeBody(request);
        if (!(await subscription.ready())) return answer(response, 503);
        if (body === null) return answer(response, 413);
        if (!(await subscription.signed(request.headers, body))) return answer(response, 401);
        const event = JSON.parse(body.toString('utf8'));
        subscription.came(event);
        if (seen && remembers(seen, String(request.headers['webhook-id']))) return answer(response, 204);
        node.send({ topic: event.type, payload: event });
        subscription.fine();
        return answer(response, 204);
    };
}

/** Which hook is which node's, in Node-RED's own settings: they outlast a restart and another address. */
function keeping(settings) {
    const held = () => settings.get(KEPT) || {};
    let written = Promise.resolve();
    return {
        of: (id) => held()[id] || null,
        /** One after the other: all nodes share one setting. */
        keep(id, one) {
            written = written.catch(() => null).then(() => {
                const { [id]: before, ...others } = held();
                return settings.set(KEPT, one ? { ...others, [id]: one } : others);
            });
            return written;
        },
    };
}

function remembered(seen, id) {
    if (!seen.has(id)) seen.set(id, new Set());
    return seen.get(id);
}

/** Whether it was there before; the oldest are forgotten. */
function remembers(seen, id) {
    if (seen.has(id)) return true;
    seen.add(id);
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
    return false;
}

module.exports = { tell, triggerNode };
