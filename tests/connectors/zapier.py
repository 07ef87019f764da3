"""The integration for Zapier with Zapier's own platform library, and scripts that run in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ..fixtures.clients import node_client, run_node
from .live import Live

CONNECTOR = Path(__file__).parents[2] / "connectors" / "zapier"
HARNESS = r"""
process.env.NODE_ENV = 'test';
const http = require('node:http');
const zapier = require('zapier-platform-core');
const App = require('./index');
const [base_url, api_key, ...given] = process.argv.slice(1);
const run = zapier.createAppTester(App);
const bundle = (more) => ({ authData: { base_url, api_key }, inputData: {}, meta: {}, ...more });
const create = (key, inputData) => run(App.creates[key].operation.perform, bundle({ inputData }));
const search = (key, inputData) => run(App.searches[key].operation.perform, bundle({ inputData }));
const refused = async (promise) => {
  try {
    return { answered: await promise };
  } catch (error) {
    return { name: error.name, ...JSON.parse(error.message) };
  }
};
const listening = (handler) =>
  new Promise((resolve) => {
    const server = http.createServer(handler).listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => server.close() && server.closeAllConnections(),
      }));
  });
(async () => { const told = await (async () => { %s })(); console.log('\n' + JSON.stringify(told)); })();
"""


def integration(folder: Path) -> Path:
    """The integration with its dependencies, as `npm install` leaves it."""
    client = node_client("zapier-platform-core@19.1.0", "standardwebhooks@1.1.1")
    shutil.copytree(CONNECTOR, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(client / "node_modules")
    return folder


def ran(app: Path, live: Live | None, script: str, *given: str, key: str | None = None) -> Any:
    """What a script answers, run in the integration's folder with the harness around it."""
    url, own = (live.url, live.key) if live else ("", "")
    return json.loads(run_node(app, HARNESS % script, url, key or own, *given).rstrip().splitlines()[-1])


def checked(app: Path) -> Any:
    """The integration as Zapier stores it, once Zapier's own checks have found nothing."""
    told = ran(app, None, _CHECKED)
    assert (told["found"], told["errors"]) == ([], [])
    return told["definition"]


_CHECKED = """
const handler = require('zapier-platform-core/src/tools/create-lambda-handler')(App);
const found = (await handler({ command: 'validate' })).results;
const definition = (await handler({ command: 'definition' })).results;
const { errors } = require('zapier-platform-schema').validateAppDefinition(definition);
return { found, errors: errors.map(String), definition };
"""


def shown(definition: Any) -> list[Any]:
    """Every operation that people choose from."""
    kinds = ("triggers", "creates", "searches")
    return [one for kind in kinds for one in definition[kind].values() if not one["display"].get("hidden")]
