"""The API in the browser: read, tried with one's own key, and nothing asked of any other host."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from litestar import Litestar, get
from litestar.testing import AsyncTestClient
from playwright.async_api import Page, async_playwright

from copyhound.http.app import create_app
from copyhound.http.settings import HttpSettings
from copyhound.http.tryout import FILES
from copyhound.plugin_api import SurfaceSpec

from .conftest import World

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
in_browser = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true",
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)


@get("/ping")
async def ping() -> dict[str, str]:
    """Say something."""
    return {"pong": "yes"}


ACME = SurfaceSpec("acme", "Acme", "Another API.", ("/acme/2.0",), lambda: Litestar([ping], openapi_config=None))


def app_of(world: World) -> Litestar:
    return create_app(
        world.services, catalogue=world.catalogue, plugins=world.plugins, settings=HttpSettings(), surfaces=[ACME]
    )


async def test_the_page_loads_from_this_server_alone(world: World) -> None:
    """The page, and all that it loads, is answered by the server, under a policy that allows no other host."""
    async with AsyncTestClient(app_of(world)) as client:
        page = await client.get("/docs/try")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "http" not in policy
        assert "http" not in page.text
        for name, kind in FILES.items():
            answer = await client.get(f"/docs/try/{name}")
            assert answer.status_code == 200, name
            assert answer.headers["content-type"].startswith(kind)
            assert len(answer.content) > 50
        assert (await client.get("/docs/try/other.js")).status_code == 404
        assert (await client.get("/docs/try/..%2Ftryout.py")).status_code == 404


async def test_files_are_sent_packed_or_plain(world: World) -> None:
    """Who takes gzip gets the file as it lies in the package, else it is unpacked."""
    async with AsyncTestClient(app_of(world)) as client:
        plain = await client.get("/docs/try/swagger-ui.css", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        packed = await client.get("/docs/try/swagger-ui.css", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) < len(plain.content) / 3


async def test_surfaces_have_documents(world: World) -> None:
    """Each surface's document stands beside ours, with the path as clients send it."""
    async with AsyncTestClient(app_of(world)) as client:
        page = (await client.get("/docs/try")).text
        assert '<a data-api="acme-acme-2.0" href="/docs/try?api=acme-acme-2.0">Acme</a>' in page
        assert "flex-wrap:wrap" in page
        document = (await client.get("/schema/surfaces/acme-acme-2.0")).json()
        assert list(document["paths"]) == ["/acme/2.0/ping"]
        assert (await client.get("/schema/surfaces/other")).status_code == 404


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    """The address of a server on loopback that answers with the world's API and a surface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app_of(world), log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_page()
        await browser.close()


@in_browser
async def test_an_operation_is_tried_with_one_s_own_key(world: World, address: str, page: Page) -> None:
    """A key is entered, an operation is run, its 200 and its body are shown; no request left for another host."""
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(f"{address}/docs/try")
    await page.click("button.authorize")
    await page.fill(
        ".auth-container input[aria-label=auth-api-key-value], .auth-container input >> nth=0", world.reader
    )
    await page.click(".auth-btn-wrapper button.authorize >> nth=0")
    await page.click(".auth-btn-wrapper button.btn-done >> nth=0")
    operation = page.locator(".opblock", has=page.locator("[data-path='/api/v1/me']"))
    await operation.locator(".opblock-summary-control").click()
    await operation.locator("button.execute").click()
    answer = operation.locator(".live-responses-table tr.response")
    await answer.wait_for()
    assert (await answer.locator(".response-col_status").inner_text()).startswith("200")
    assert '"reader"' in await answer.inner_text()
    assert f"{address}/api/v1/me" in asked
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert faults == []


@in_browser
async def test_a_surface_is_shown(address: str, page: Page) -> None:
    """The page shows a surface's operations where asked; a name that is not on it is not loaded."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{address}/docs/try?api=acme-acme-2.0")
    await page.locator("[data-path='/acme/2.0/ping']").wait_for()
    await page.goto(f"{address}/docs/try?api=..%2F..%2Flifecycle")
    await page.locator("[data-path='/api/v1/me']").wait_for()
    assert [url for url in asked if "lifecycle" in url.rpartition("?")[0]] == []
