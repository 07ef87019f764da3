"""Copyleaks' own clients and the samples of its documents, with only host and key changed, against a real server."""

from __future__ import annotations

import functools
import http.client
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import sync_playwright

from ..e2e.servers import Server
from ..fixtures.clients import node_client, python_client, run_node, run_python
from ..fixtures.photos import cropped, photo, resaved

VENDOR = "https://api.copyleaks.com"
TOKEN = "YOUR_LOGIN_TOKEN"
FULL_URL = "https://blog.example.com/copy.jpg"
PARTIAL_URL = "https://shop.example.com/cut.jpg"
CHROMIUM = shutil.which("chromium")
SCORE = {"totalMatches": 2, "fullMatches": 1, "partialMatches": 1}

CURL = """curl --request POST \\
  --url https://api.copyleaks.com/v1/image-plagiarism-detector/my-scan-1/check \\
  --header 'Authorization: Bearer YOUR_LOGIN_TOKEN' \\
  --form 'image=@/path/to/my-photo.jpg' \\
  --form 'filename=my-photo.jpg' \\
  --form 'sandbox=false'
"""

PYTHON = """import requests

url = 'https://api.copyleaks.com/v1/image-plagiarism-detector/my-scan-1/check'
headers = {'Authorization': 'Bearer YOUR_LOGIN_TOKEN'}

with open('my-photo.jpg', 'rb') as image_file:
    files = {'image': ('my-photo.jpg', image_file, 'image/jpeg')}
    data = {'filename': 'my-photo.jpg', 'sandbox': 'false'}
    response = requests.post(url, files=files, data=data, headers=headers)

result = response.json()
print(f"Total matches: {result['matches']['score']['totalMatches']}")
print(f"Full matches: {result['matches']['score']['fullMatches']}")
print(f"Partial matches: {result['matches']['score']['partialMatches']}")
"""

JAVASCRIPT = """const imageFile = document.getElementById('fileInput').files[0];
const formData = new FormData();

formData.append('image', imageFile);
formData.append('filename', imageFile.name);
formData.append('sandbox', 'false');

const response = await fetch(
  'https://api.copyleaks.com/v1/image-plagiarism-detector/my-scan-1/check',
  {
    method: 'POST',
    headers: { 'Authorization': 'Bearer YOUR_LOGIN_TOKEN' },
    body: formData,
  }
);

const result = await response.json();
console.log('Total matches:', result.matches.score.totalMatches);
console.log('Matches:', result.matches.internet);
"""

PYTHON_SDK = """
import json, sys
from copyleaks.copyleaks import Copyleaks
from copyleaks.exceptions.command_error import CommandError

host, email, key = sys.argv[1:]
Copyleaks.set_identity_uri(host)
Copyleaks.set_api_uri(host)
token = Copyleaks.login(email, key)
Copyleaks.verify_auth_token(token)

class Anything:
    def toJSON(self):
        return '{}'
    def model_dump_json(self, **_):
        return '{}'

def refused(call, *arguments):
    try:
        call(*arguments)
    except CommandError as error:
        return json.loads(error.get_response().content)['error']['code']
    return 'not refused'

import time
told = {
    'balance': Copyleaks.credits_balance(token),
    'usage': Copyleaks.usages_history_csv(token, '01-01-2020', '31-12-2099').decode(),
    'types': Copyleaks.supported_file_types(),
    'languages': Copyleaks.ocr_supported_langauges(),
    'notes': Copyleaks.release_notes(),
    'wrong': refused(Copyleaks.login, email, key + 'x'),
}
time.sleep(1.1)
told['refused'] = [
    refused(Copyleaks.submit_file, token, 'scan-1', Anything()),
    refused(Copyleaks.submit_file_ocr, token, 'scan-1', Anything()),
    refused(Copyleaks.submit_url, token, 'scan-1', Anything()),
    refused(Copyleaks.export, token, 'scan-1', 'export-1', Anything()),
    refused(Copyleaks.start, token, Anything()),
    refused(Copyleaks.delete, token, Anything()),
    refused(Copyleaks.resend_webhook, token, 'scan-1'),
]
print(json.dumps(told))
"""

NODE_SDK = """
const { Copyleaks, CopyleaksConfig } = require('plagiarism-checker');
const [host, email, key] = process.argv.slice(-3);
CopyleaksConfig.IDENTITY_SERVER_URI = CopyleaksConfig.API_SERVER_URI = host;
const sdk = new Copyleaks();
const code = error => error.response ? error.response.data.error.code : String(error);
const refused = call => call().then(() => 'not refused', code);
(async () => {
  const token = await sdk.loginAsync(email, key);
  sdk.verifyAuthToken(token);
  const told = {
    balance: await sdk.getCreditsBalanceAsync(token),
    usage: await sdk.getUsagesHistoryCsvAsync(token, '01-01-2020', '31-12-2099'),
    types: await sdk.getSupportedFileTypesAsync(),
    languages: await sdk.getOCRSupportedLanguagesAsync(),
    notes: await sdk.getReleaseNotesAsync(),
    wrong: await refused(() => sdk.loginAsync(email, key + 'x')),
  };
  await new Promise(done => setTimeout(done, 1100));
  told.refused = [
    await refused(() => sdk.submitFileAsync(token, 'scan-1', {})),
    await refused(() => sdk.submitFileOcrAsync(token, 'scan-1', {})),
    await refused(() => sdk.submitUrlAsync(token, 'scan-1', {})),
    await refused(() => sdk.exportAsync(token, 'scan-1', 'export-1', {})),
    await refused(() => sdk.startAsync(token, {})),
    await refused(() => sdk.deleteAsync(token, {})),
    await refused(() => sdk.resendWebhookAsync(token, 'scan-1')),
  ];
  console.log(JSON.stringify(told));
})().catch(error => { console.error(code(error)); process.exit(1); });
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture(scope="module")
def web_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with a file input, on an origin of its own."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<title>App</title><input type=file id=fileInput>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, web_page: str) -> Iterator[Server]:
    """`copyhound serve` with a full and a partial copy of photo 3 in its index."""
    settings = {"COPYHOUND_PLUGINS_COPYLEAKS__ALLOWED_ORIGINS": web_page}
    with Server(tmp_path_factory.mktemp("server") / "data", **settings) as running:
        with running.client() as client:
            for url, data in ((FULL_URL, resaved(3)), (PARTIAL_URL, cropped(3))):
                files = {"images": ("copy.jpg", data)}
                assert client.post("/collections/web/entries", files=files, data={"image_urls": url}).is_success
        yield running
        running.stop()


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    body = {"email": "you@example.com", "key": server.key}
    return str(httpx.post(f"{server.url}/v3/account/login/api", json=body).json()["access_token"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the documents' picture in it."""
    (tmp_path / "my-photo.jpg").write_bytes(photo(3))
    return tmp_path


def ours(sample: str, server: Server, token: str, scan_id: str) -> str:
    """A sample with the host and the token changed, and a scan id of the test's own."""
    return sample.replace(VENDOR, server.url).replace(TOKEN, token).replace("my-scan-1", scan_id)


def test_the_documents_curl(server: Server, token: str, folder: Path) -> None:
    """The sample of the documents prints the full match and the partial one."""
    script = ours(CURL, server, token, "by-curl").replace("/path/to/", f"{folder}/")
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    assert told["matches"]["score"] == SCORE
    assert [one["url"] for one in told["matches"]["internet"]] == [FULL_URL, PARTIAL_URL]


def test_the_documents_python(server: Server, token: str, folder: Path) -> None:
    """The sample of the documents, with the `requests` that their client brings, prints the counts."""
    python = python_client("copyleaks==5.1.0")
    script = ours(PYTHON, server, token, "by-python")
    done = subprocess.run(
        [str(python), "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "Total matches: 2\nFull matches: 1\nPartial matches: 1\n", done.stderr


@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)
def test_the_documents_javascript(server: Server, token: str, folder: Path, web_page: str) -> None:
    """The sample of the documents runs in a real browser, on a page of another origin that the setting allows."""
    logged: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: logged.append(message.text))
        page.goto(web_page)
        page.set_input_files("#fileInput", str(folder / "my-photo.jpg"))
        script = ours(JAVASCRIPT, server, token, "by-javascript")
        result: dict[str, Any] = page.evaluate(f"async () => {{ {script}; return result; }}")
        wait = "async url => (await fetch(url, {headers: {Authorization: 'Bearer no'}})).status"
        assert page.evaluate(wait, f"{server.url}/v3/scans/credits") == 401
        browser.close()
    assert result["matches"]["score"] == SCORE
    assert "Total matches: 2" in logged


def test_a_refused_upload_is_read_to_its_end(server: Server, token: str) -> None:
    """Who sends all before looking at the answer sees it, and not a connection that was closed on them."""
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="big.jpg"\r\n\r\n'
    body = head + bytes(30 * 2**20) + b"\r\n--x--\r\n"
    for bearer, status in (("no", 401), (token, 400)):
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "multipart/form-data; boundary=x"}
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 0, timeout=60)
        connection.request("POST", "/v1/image-plagiarism-detector/too-much/check", body, headers)
        assert connection.getresponse().status == status
        connection.close()


def test_a_page_of_another_origin_is_kept_out(server: Server, token: str) -> None:
    """An origin that the setting does not name gets no permission from the browser's question."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{server.url}/v1/image-plagiarism-detector/abc/check", headers=asked)
    assert "access-control-allow-origin" not in answer.headers
    answer = httpx.get(f"{server.url}/v3/scans/credits", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def expected(told: dict[str, Any]) -> None:
    """What both clients must have got."""
    assert told["balance"] == {"Amount": 1_000_000}
    assert told["usage"].startswith("Date,Product,Scans,Credits\r\n")
    assert told["types"]["image"] == ["jpg", "jpeg", "png", "gif", "bmp", "webp", "ico"]
    assert (told["languages"], told["notes"]) == ([], [])
    assert told["wrong"] == 2
    assert told["refused"] == [501] * 7


def test_the_python_client(server: Server) -> None:
    """`copyleaks` 5.1.0, unmodified: login, credits, usage and lists work; what is about texts is refused in words."""
    python = python_client("copyleaks==5.1.0")
    expected(json.loads(run_python(python, PYTHON_SDK, server.url, "you@example.com", server.key)))


def test_the_node_client(server: Server) -> None:
    """`plagiarism-checker` 6.0.0, unmodified: the same."""
    folder = node_client("plagiarism-checker@6.0.0")
    expected(json.loads(run_node(folder, NODE_SDK, server.url, "you@example.com", server.key)))
