'use strict';

// What the nodes say to a Copyhound server. It needs Node 18's fetch and nothing else.

const crypto = require('node:crypto');

const API = '/api/v1';
const TRIES = 4;
const LONGEST_WAIT = 60;
const TOLERANCE = 300;

/** https://copyhound.example.org, however it was typed. */
function baseUrl(typed) {
    const text = String(typed || '').trim();
    const whole = /^https?:\/\//i.test(text) ? text : `https://${text}`;
    return whole.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}

/** One sentence for people: what went wrong, and what to do. */
function sentence(problem, status) {
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
            const response = await fetch(this.url + path, {
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
            if (response.ok) return text ? JSON.parse(text) : null;
            const problem = parsed(text);
            const after = Number.parseInt(response.headers.get('retry-after') || '', 10);
            if (!problem.retryable || tried === TRIES || !(after <= LONGEST_WAIT)) {
                throw new CopyhoundProblem(problem, response.status);
            }
            await this.wait(after);
        }
    }

    /** Do an action. The same `once` again does not do it twice. */
    act(key, input, once) {
        return this.call('POST', `${API}/actions/${encodeURIComponent(key)}`, input, { 'Idempotency-Key': once });
    }

    /** Subscribe: the hook and its secret. One address has one hook: what is left of an older one is ended. */
    async subscribe(target, trigger, filter, description) {
        const hook = await this.call('POST', `${API}/hooks`, {
            target_url: target,
            triggers: [trigger],
            filter,
            description,
        });
        for (const other of await this.hooksOf(target)) {
            if (other.id !== hook.id) await this.unsubscribe(other.id);
        }
        if (hook.status !== 'active') await this.call('POST', `${API}/hooks/${hook.id}/enable`);
        return hook;
    }

    async hooksOf(target) {
        return (await this.call('GET', `${API}/hooks?target_url=${encodeURIComponent(target)}`)).items;
    }

    unsubscribe(id) {
        return this.call('DELETE', `${API}/hooks/${encodeURIComponent(id)}`);
    }
}

function parsed(text) {
    try {
        const found = JSON.parse(text);
        return found && typeof found === 'object' ? found : {};
    } catch {
        return {};
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

module.exports = { API, Client, CopyhoundProblem, baseUrl, verified };
