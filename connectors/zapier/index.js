'use strict';

const { version: platformVersion } = require('zapier-platform-core');

const lib = require('./lib');
const { version } = require('./package.json');
const operations = require('./operations.json');

const each = (described, make) =>
  Object.fromEntries(Object.entries(described).map(([key, value]) => [key, make(value)]));

const authentication = {
  type: 'custom',
  fields: [
    {
      key: 'base_url',
      label: 'Address of your Copyhound',
      type: 'string',
      required: true,
      placeholder: 'https://copyhound.example.org',
      helpText: 'With https://, without /docs and what follows it in the browser. Zapier must be able to reach it.',
    },
    {
      key: 'api_key',
      label: 'API Key',
      type: 'password',
      required: true,
      helpText:
        "A key with the scopes read and write. On the server, in Copyhound's folder, `.venv/bin/copyhound keys create zapier --scope read --scope write` makes one; so does POST /api/v1/keys, asked with a key that has the scope admin.",
    },
  ],
  test: lib.me,
  connectionLabel: '{{name}}',
};

module.exports = {
  version,
  platformVersion,
  authentication,
  beforeRequest: [lib.withKey],
  afterResponse: [lib.withErrors],
  triggers: { ...each(operations.triggers, lib.trigger), ...each(operations.choices, lib.choices) },
  creates: each(operations.creates, lib.create),
  searches: each(operations.searches, lib.search),
  searchOrCreates: operations.searchOrCreates,
};
