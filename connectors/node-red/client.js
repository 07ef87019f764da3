'use strict';

// What the nodes say to a Copyhound server. It needs Node 18's fetch and nothing else.

const crypto = require('node:crypto');

const API = '/api/v1';
const HOOKS = `${API}/hooks`;
const BEFORE_FAILING_MS = 600000; // an event is told before its first attempt fails
const TRIES = 4;
const LONGEST_WAIT = 60;
const TOLERANCE = 300;
const NO_SERVER = 'This address is no Copyhound server.';

/** https://copyhound.example.org, however it was typed, also where a page of it was copied: /docs/node-red. */
function baseUrl(typed) {
    const text = String(typed || '').trim();
    const whole = /^https?:\/\//i.test(text) ? text : `https://${text}`;
    const page = whole.replace(/[?#].*$/, '').replace(/\/+$/, '');
    return page.replace(/([^/:])\/+(?:docs|api\/v1)(?:\/.*)?$/, '$1');
}

const at = (id) => `${HOOKS}/${encodeURIComponent(id)}`;

/** As far as a hook has told, by the server's clock. */
const lastTold = (hook) => hook.last_success_at || hook.created_at;

/** JSON that is the same however the names are ordered. */
const sorted = (value) =>
    JSON.stringify(value, (_, part) =>
        part && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
    );

/** One sentence for people: what went wrong, and what to do. */
function sentence(problem, status) {
    if (status === 404 && !problem.code) return NO_SERVER; // Copyhound tells a code with all that it refuses
    const said = problem.detail || problem.title || `Copyhound answered ${status}`;
    return [said.replace(/\.?$/, '.'), problem.hint].filter(Boolean).join(' ');
}

class CopyhoundProblem extends Error {
    constructor(problem, status) {
        super(sentence(problem, status));
        this.name = 'CopyhoundProblem';
        this.status = status;
        this.code = problem.code;
        this.errors = problem.errors;
    }
}

class Client {
    constructor(url, key, wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000))) {
        this.url = baseUrl(url);
        this.key = key;
        this.wait = wait;
    }

    /** The JSON of the answer. What is refused for now is sent again, as late as Retry-After says. */
    async call(method, path, body, headers = {}) {
        for (let tried = 1; ; tried += 1) {
            const response = await this.sent(path, {
                method,
                redirect: 'error',
                signal: AbortSignal.timeout(60000),
                headers: {
                    Accept: 'application/json',
                    'X-API-Key': this.key || '',
                    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
                    ...headers,
                },
                body: body === undefined ? undefined : JSON.stringify(body),
            });
            const text = await response.text();
            const found = parsed(text);
            if (response.ok && text && !found) throw new CopyhoundProblem({}, 404);
            if (response.ok) return found;
            const problem = found || {};
            const after = Number.parseInt(response.headers.get('retry-after') || '', 10);
            if (!problem.retryable || tried === TRIES || !(after <= LONGEST_WAIT)) {
                throw new CopyhoundProblem(problem, response.status);
            }
            await this.wait(after);
        }
    }

    async sent(path, request) {
        try {
            return await fetch(this.url + path, request);
        } catch (error) {
            const why = (error.cause && (error.cause.code || error.cause.message)) || error.message;
            throw new Error(`${this.url} does not answer (${why}). Check the address, and whether Copyhound runs there.`);
        }
    }

    /** Do an action. The same `once` again does not do it twice. */
    act(key, input, once) {
        return this.call('POST', `${API}/actions/${encodeURIComponent(key)}`, input, { 'Idempotency-Key': once });
    }

    /**
     * The one hook of a node, as `wanted` says, with its secret. The one that is there, as `kept` knows or at the same
     * address, is changed and woken: id, secret and what waits stay. A new one is told what happened since `since`.
     */
    async subscribe(wanted, kept = null, since = undefined) {
        const found = (await this.known(kept, wanted)) || (await this.hooksOf(wanted.target_url))[0];
        const hook = found ? await this.adopt(found, wanted) : await this.create(wanted, since);
        for (const other of await this.hooksOf(wanted.target_url)) {
            if (other.id !== hook.id) await this.unsubscribe(other.id);
        }
        return hook;
    }

    create(wanted, since) {
        return this.call('POST', HOOKS, { ...wanted, since });
    }

    /** The hook that is kept, unless it is gone or somebody sends it elsewhere: a copied Node-RED keeps it, too. */
    async known(kept, wanted) {
        const hook = kept && (await this.hook(kept.id));
        return hook && [kept.target, wanted.target_url].includes(hook.target_url) ? hook : null;
    }

    async adopt(found, wanted) {
        const changed = await this.changed(found, wanted);
        if (!changed) {
            const made = await this.create(wanted, lastTold(found));
            await this.unsubscribe(found.id);
            return made;
        }
        const hook = changed.status === 'active' ? changed : await this.call('POST', `${at(found.id)}/enable`);
        if (found.failing_since) await this.recover(found);
        return { ...hook, secret: await this.secret(hook.id) };
    }

    /** The hook as it is wanted; null where the server refuses to change it, as where another one is like that. */
    async changed(hook, wanted) {
        if (Object.entries(wanted).every(([name, value]) => sorted(hook[name]) === sorted(value))) return hook;
        try {
            return await this.call('PATCH', at(hook.id), wanted);
        } catch (error) {
            if (![400, 404, 405, 409, 422].includes(error.status)) throw error;
            return null;
        }
    }

    /** What has failed waits for hours: now it may come. Where that is refused, it comes in its time. */
    async recover(hook) {
        const since = new Date(Date.parse(hook.failing_since) - BEFORE_FAILING_MS).toISOString();
        await this.call('POST', `${at(hook.id)}/recover`, { since }).catch(() => null);
    }

    /** A hook as it is, or null where there is none. */
    async hook(id) {
        try {
            return await this.call('GET', at(id));
        } catch (error) {
            if (error.status === 404) return null;
            throw error;
        }
    }

    async secret(id) {
        return (await this.call('GET', `${at(id)}/secret`)).secret;
    }

    /** Every Copyhound lists hooks: where nothing does, the address is another one's. */
    async hooksOf(target) {
        const asked = this.call('GET', `${HOOKS}?target_url=${encodeURIComponent(target)}`);
        const found = await asked.catch((error) => {
            if (error.status !== 404) throw error;
            return null;
        });
        if (!found || !Array.isArray(found.items)) throw new CopyhoundProblem({}, 404);
        return found.items;
    }

    unsubscribe(id) {
        return this.call('DELETE', at(id));
    }
}

/** The object that a text is, in JSON; else null. */
function parsed(text) {
    try {
        const found = JSON.parse(text);
        return found && typeof found === 'object' ? found : null;
    } catch {
        return null;
    }
}

/** Whether a delivery is signed with the secret (Standard Webhooks), and not long ago. `body` is a Buffer. */
function verified(headers, body, secret, now = Date.now()) {
    const id = headers['webhook-id'];
    const stamp = headers['webhook-timestamp'];
    if (!id || !/^\d+$/.test(stamp || '') || Math.abs(now / 1000 - Number(stamp)) > TOLERANCE) return false;
    const key = Buffer.from(String(secret).replace(/^whsec_/, ''), 'base64');
    const wanted = crypto.createHmac('sha256', key).update(`${id}.${stamp}.`).update(body).digest();
    return String(headers['webhook-signature'] || '').split(' ').some((one) => {
        const [version, signature] = one.split(',');
        const given = Buffer.from(signature || '', 'base64');
        return version === 'v1' && given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
    });
}

module.exports = { API, Client, CopyhoundProblem, baseUrl, lastTold, verified };
