'use strict';

// What the operations do. They themselves are in operations.json, rendered from Copyhound's catalogue.

const API = '/api/v1';
const ME = `${API}/me`;
const PAGE = 100;
// Zapier takes 10,000 hooks in five minutes, and 30 in a second
const MOST = 1500;
const ONCE = 'once_for';
const ABSENT = 'if_absent';
const NO_SERVER = 'This address is no Copyhound server.';
const NO_SCHEME = 'The address of your Copyhound must start with https:// (or http:// in your own network).';

/** https://copyhound.example.org, also where a page of it was copied: /docs/zapier. Which scheme is not guessed. */
const baseUrl = (z, bundle) => {
  const typed = String(bundle.authData.base_url || '').trim();
  if (!/^https?:\/\//i.test(typed)) throw new z.errors.Error(NO_SCHEME, 'invalid_base_url', 400);
  const page = typed.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return page.replace(/([^/:])\/+(?:docs|api\/v1)(?:\/.*)?$/, '$1');
};

const call = async (z, bundle, method, path, options = {}) => {
  // a redirect would take the key elsewhere
  const response = await z.request({ method, url: `${baseUrl(z, bundle)}${path}`, redirect: 'manual', ...options });
  return response.status === 204 ? {} : response.data;
};

/** Who the key belongs to. */
const me = async (z, bundle) => {
  const found = await call(z, bundle, 'GET', ME);
  if (!found || !found.workspace) throw new z.errors.Error(NO_SERVER, 'invalid_base_url', 400);
  return found;
};

const withKey = (request, z, bundle) => {
  request.headers = { ...request.headers, Accept: 'application/json', 'X-API-Key': bundle.authData.api_key };
  return request;
};

/** One sentence for people: what went wrong, and what to do. */
const sentence = (problem, status) => {
  if (!problem.title && !problem.detail) return `Copyhound answered ${status}.`;
  const said = problem.detail || problem.title;
  return problem.hint ? `${said.replace(/\.?$/, '.')} ${problem.hint}` : said;
};

const parsed = (response) => {
  try {
    return JSON.parse(response.content || '{}') || {};
  } catch (error) {
    return null;
  }
};

/** Whether something else answers: Copyhound knows `/me`, and tells a code with all that it refuses. */
const foreign = ({ status, request }, { code }) => {
  if (status >= 500) return false;
  return request.url.endsWith(ME) ? status === 404 || !code : status === 404 && !code;
};

/** 401 asks for the connection again; what is worth sending again is, as late as Retry-After says; else it is told. */
const withErrors = (response, z) => {
  const body = parsed(response);
  if (response.status < 300 && body !== null) return response;
  if (response.status < 400) {
    const elsewhere = response.headers.get('location');
    const said = elsewhere ? `This address leads on to ${elsewhere}: connect to that one.` : NO_SERVER;
    throw new z.errors.Error(said, 'invalid_base_url', response.status);
  }
  const problem = body || {};
  if (foreign(response, problem)) throw new z.errors.Error(NO_SERVER, 'invalid_base_url', response.status);
  const said = sentence(problem, response.status);
  if (response.status === 401) throw new z.errors.Error(said, 'AuthenticationError', 401);
  const wait = Number.parseInt(response.headers.get('retry-after'), 10);
  if (problem.retryable && wait >= 0) throw new z.errors.ThrottledError(said, wait);
  throw new z.errors.Error(said, problem.code || 'error', response.status);
};

/** What was filled in, as the API takes it: `schedule__days` is `days` within `schedule`; empty fields are not sent. */
const nested = (inputData) => {
  const found = {};
  for (const [key, value] of Object.entries(inputData || {})) {
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value) && value.length === 0) continue;
    const names = key.split('__');
    const last = names.pop();
    const within = names.reduce((place, name) => (place[name] = place[name] || {}), found);
    within[last] = Array.isArray(value) ? value.map(line) : value;
  }
  return found;
};

const line = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? nested(value) : value);

const trigger = (described) => ({
  ...described,
  operation: {
    ...described.operation,
    performSubscribe: (z, bundle) =>
      call(z, bundle, 'POST', `${API}/hooks`, {
        body: {
          target_url: bundle.targetUrl,
          triggers: [described.key],
          filter: nested(bundle.inputData),
          description: 'Zapier',
          max_per_minute: MOST,
        },
      }),
    performUnsubscribe: (z, bundle) => call(z, bundle, 'DELETE', `${API}/hooks/${bundle.subscribeData.id}`),
    perform: (z, bundle) => [bundle.cleanedRequest],
    performList: (z, bundle) =>
      call(z, bundle, 'GET', `${API}/triggers/${described.key}/samples`, {
        params: { ...nested(bundle.inputData), limit: 3 },
      }),
  },
});

/**
 * Zapier says of no two runs that they are the same one, so people do: the same words, fields and action are done once a
 * day. What is hashed keeps steps apart that were given the same words.
 */
const once = (z, key, words, body) =>
  words ? { 'Idempotency-Key': `zapier-${z.hash('sha256', JSON.stringify([key, words, body]))}` } : {};

const run = ({ key, operation }) => (z, bundle) => {
  const { [ONCE]: words, ...filled } = bundle.inputData || {};
  const body = nested(filled);
  // between the search that found nothing and this, another run may have made it
  const takes = operation.inputFields.some((field) => field.key === ABSENT);
  if (takes && bundle.meta && bundle.meta.withSearch) body[ABSENT] = true;
  return call(z, bundle, 'POST', `${API}/actions/${key}`, { body, headers: once(z, key, words, body) });
};

const create = (described) => ({ ...described, operation: { ...described.operation, perform: run(described) } });

const search = (described) => ({
  ...described,
  operation: { ...described.operation, perform: async (z, bundle) => (await run(described)(z, bundle)).items },
});

const choices = ({ path, trigger: described }) => ({
  ...described,
  operation: {
    ...described.operation,
    perform: async (z, bundle) => {
      const params = { limit: PAGE, page: bundle.meta.page || 0 };
      for (const name of ['list_id', 'q']) if (bundle.inputData[name]) params[name] = bundle.inputData[name];
      return (await call(z, bundle, 'GET', path, { params })).items;
    },
  },
});

module.exports = { choices, create, me, search, trigger, withErrors, withKey };
