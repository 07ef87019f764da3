"""MatchEngine's methods: what goes in, what comes out, who may."""

from __future__ import annotations

import asyncio
from typing import Any
from xml.etree import ElementTree

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import KeyLimits

from ..fixtures.photos import cropped, flat, mirrored, photo, resaved
from ..fixtures.website import Website
from .matchengine_kit import Engine

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", [None, "BAD", "a b", "zero%00"])
async def test_a_collection_that_is_not_there_is_told(shop: Engine, name: str | None) -> None:
    """A mistyped collection lets nothing through: search, compare by filepath, count and list warn of it."""
    shop = Engine(shop.home, shop.app, shop.keys, name or shop.collection)
    shown = shop.collection.replace("%00", "\ufffd")
    assert (await shop.send("GET", "ping/")).content == b'{"status":"ok","error":[],"method":"ping","result":[]}'

    def warned(method: str, *result: int) -> dict[str, Any]:
        told = f"There is no collection {shown}."
        return {"status": "warn", "error": [told], "method": method, "result": [*result]}

    assert await shop.call("count/") == warned("count", 0)
    assert await shop.call("list/") == warned("list")
    assert await shop.call("search/", files={"image": ("a.jpg", photo(0))}) == warned("search")
    assert await shop.call("search/?filepath=x") == warned("search")
    assert await shop.call("compare/?filepath1=x&filepath2=y") == warned("compare")
    assert (await shop.call("delete/?filepath=x"))["error"] == ["x: Failed to remove from index."]


async def test_errors_are_written_as_the_query_asks(shop: Engine) -> None:
    """format and callback hold for each error, also for those before a body is read."""
    asked: tuple[tuple[str, str, str | None, int], ...] = (
        ("GET", "nothing/?", "all", 404),
        ("GET", "count/?", None, 401),
        ("DELETE", "count/?", "all", 405),
        ("PUT", "count/?", "all", 405),
        ("GET", "delete/?filepath=x&", "read", 403),
        ("GET", "more/than/a/method?", "all", 404),
        ("GET", "count/?", "all", 200),
    )
    for verb, path, key, status in asked:
        xml = await shop.send(verb, f"{path}format=xml", key=key)
        assert (xml.status_code, xml.headers["content-type"]) == (status, "application/xml; charset=utf-8"), path
        assert ElementTree.fromstring(xml.content).findtext("status") in {"fail", "warn"}
        script = await shop.send(verb, f"{path}callback=told", key=key)
        assert (script.status_code, script.text[:5]) == (status, "told("), path


async def test_added_pictures_are_counted_listed_and_removed(shop: Engine) -> None:
    """list is in the order of adding, with offset and limit; count follows adds and deletes at once."""
    await shop.add(one=photo(0), two=photo(1), three=photo(2))
    assert await shop.names() == ["one", "two", "three"]
    assert (await shop.call("list/?offset=1&limit=1"))["result"] == ["two"]
    assert (await shop.call("count"))["result"] == [3]
    assert (await shop.call("delete/?filepaths[0]=two"))["status"] == "ok"
    assert (await shop.call("count"))["result"] == [2]
    assert await shop.names() == ["one", "three"]
    assert await shop.search(photo(1)) == []


async def test_twenty_are_listed_unless_more_are_asked_for(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of list is 20 by default, that of search 10."""
    asked: list[Any] = []

    async def addresses(*_: Any, **options: Any) -> list[str]:
        asked.append(options)
        return []

    monkeypatch.setattr(shop.home.services.collections, "addresses", addresses)
    await shop.call("list/")
    assert asked == [{"offset": 0, "limit": 20}]


async def test_the_same_path_is_overwritten(shop: Engine) -> None:
    """A path names one picture: the one that was added last. It keeps its place."""
    await shop.add(one=photo(0), two=photo(1))
    await shop.add(one=photo(2))
    assert await shop.names() == ["one", "two"]
    assert await shop.search(photo(0)) == []
    assert [match["filepath"] for match in await shop.search(photo(2))] == ["one"]


@pytest.mark.parametrize("path", ["folder/banana.jpg", "[not//a?url#", "über/日本 ☃.jpg", "x" * 4000, "a&b=c%20+"])
async def test_any_text_is_a_path(shop: Engine, path: str) -> None:
    """A filepath is any text: it is found, listed, compared and deleted under it."""
    added = await shop.call("add", files={"image": ("x", photo(0))}, data={"filepath": path})
    assert added["status"] == "ok"
    assert await shop.names() == [path]
    assert [match["filepath"] for match in await shop.search(photo(0))] == [path]
    compared = await shop.call("compare", data={"filepath1": path, "filepath2": path})
    assert compared["result"][0]["filepath"] == path
    assert (await shop.call("delete", data={"filepath": path}))["status"] == "ok"
    assert await shop.names() == []


async def test_without_a_path_the_name_of_the_file_is_it(shop: Engine) -> None:
    """The name of the uploaded part stands in, also where it is a whole path."""
    await shop.call("add", files={"image": ("/srv/mine/pictures/x.jpg", photo(0))})
    assert await shop.names() == ["/srv/mine/pictures/x.jpg"]


async def test_a_search_tells_how_much_is_in_common(shop: Engine) -> None:
    """The same file scores 100; a crop is found with its overlaps; the highest score comes first."""
    await shop.add(crop=cropped(0), whole=photo(0), other=photo(3))
    whole, crop = await shop.search(photo(0))
    assert whole == {
        "match_percent": 100.0,
        "score": 100.0,
        "target_overlap_percent": 100.0,
        "query_overlap_percent": 100.0,
        "filepath": "whole",
    }
    assert crop["filepath"] == "crop"
    assert crop["target_overlap_percent"] > 97
    assert crop["query_overlap_percent"] == pytest.approx(49, abs=2)
    assert crop["match_percent"] == pytest.approx(49, abs=2)
    assert crop["score"] < whole["score"]


async def test_min_score_offset_and_limit_cut_the_result(shop: Engine) -> None:
    """min_score leaves out lower ones; offset and limit page through the rest."""
    await shop.add(crop=cropped(0), whole=photo(0))
    assert [one["filepath"] for one in await shop.search(photo(0), min_score=100)] == ["whole"]
    assert [one["filepath"] for one in await shop.search(photo(0), minScore="100")] == ["whole"]
    assert [one["filepath"] for one in await shop.search(photo(0), limit=1)] == ["whole"]
    assert [one["filepath"] for one in await shop.search(photo(0), offset=1)] == ["crop"]
    assert await shop.search(photo(0), offset=2) == []


@pytest.mark.parametrize(("flag", "found"), [(None, 0), ("False", 0), ("false", 0), ("True", 1), ("true", 1)])
async def test_mirrored_copies_are_found_where_they_are_asked_for(shop: Engine, flag: str | None, found: int) -> None:
    """Without check_horizontal_flip a mirrored copy is no result, neither of search nor of compare."""
    options = {} if flag is None else {"check_horizontal_flip": flag}
    await shop.add(mirror=mirrored(0))
    assert len(await shop.search(photo(0), **options)) == found
    pair = {"image1": ("a", photo(0)), "image2": ("b", mirrored(0))}
    assert len((await shop.call("compare/", files=pair, params=options))["result"]) == found


async def test_a_picture_of_the_collection_can_be_searched_for(shop: Engine) -> None:
    """search by filepath finds the picture itself with 100, and its copies; a path that is not there fails."""
    await shop.add(one=photo(0), copy=cropped(0), other=photo(4))
    first, second = (await shop.call("search/?filepath=one"))["result"]
    assert (first["filepath"], first["score"]) == ("one", 100.0)
    assert second["filepath"] == "copy"
    assert second["query_overlap_percent"] == pytest.approx(49, abs=3)
    failed = await shop.call("search/?filepath=gone")
    assert failed == {"status": "fail", "error": ["gone: Failed to find in index."], "method": "search", "result": []}


async def test_compare_has_one_result_or_none(shop: Engine) -> None:
    """The same pictures have one result, different ones none; a path of the second is told, others are not."""
    await shop.add(known=photo(0))
    same = await shop.call("compare", files={"image1": ("a", resaved(0))}, data={"filepath2": "known"})
    assert [list(one) for one in same["result"]] == [
        ["score", "match_percent", "target_overlap_percent", "query_overlap_percent", "filepath"]
    ]
    turned = await shop.call("compare", files={"image2": ("a", resaved(0))}, data={"filepath1": "known"})
    assert "filepath" not in turned["result"][0]
    assert (await shop.call("compare", files={"image1": ("a", photo(1)), "image2": ("b", photo(0))}))["result"] == []
    all_100 = await shop.call("compare/?filepath1=known&filepath2=known&min_score=100")
    assert [one["score"] for one in all_100["result"]] == [100.0]


async def test_an_enhanced_score_is_told_when_asked_for(shop: Engine) -> None:
    """score_enhanced, our confidence, is there with enhanced_score alone."""
    await shop.add(known=photo(0))
    assert "score_enhanced" not in (await shop.search(photo(0)))[0]
    assert (await shop.search(photo(0), enhanced_score="true"))[0]["score_enhanced"] == 100.0
    compared = await shop.call("compare?filepath1=known&filepath2=known&enhanced_score=True")
    assert compared["result"][0]["score_enhanced"] == 100.0


async def test_addresses_are_fetched(shop: Engine) -> None:
    """Pictures are added, searched and compared by address; one that is not there fails with the address."""
    with Website() as site:
        url, gone = site.put("/cat.jpg", photo(0)), f"{site.url}/404"
        added = await shop.send("GET", f"add/?urls[0]={url}&filepaths[0]=cat.jpg")
        assert added.json()["status"] == "ok"
        assert [one["filepath"] for one in (await shop.call(f"search/?url={url}"))["result"]] == ["cat.jpg"]
        assert len((await shop.call(f"compare/?url1={url}&url2={url}"))["result"]) == 1
        for failed in ("search/?url=", "compare/?filepath2=cat.jpg&url1=", "add/?filepath=x&url="):
            answer = await shop.send("GET", failed + gone)
            method = failed.split("/")[0]
            body = f'{{"status":"fail","error":["{gone}: Failed to download file."],"method":"{method}","result":[]}}'
            assert (answer.status_code, answer.text) == (200, body)
        partly = await shop.call(f"add/?urls[0]={gone}&filepaths[0]=a&urls[1]={url}&filepaths[1]=b")
        assert (partly["status"], partly["error"]) == ("warn", [f"{gone}: Failed to download file."])
    assert await shop.names() == ["cat.jpg", "b"]


async def test_an_address_needs_a_path(shop: Engine) -> None:
    """An address without filepath fails with the words that clients wait for, and nothing is added."""
    answer = await shop.send("POST", "add", data={"url": "https://shop.example/cat.jpg"})
    body = b'{"status":"fail","error":["Missing matching filepath"],"method":"add","result":[]}'
    assert (answer.status_code, answer.content) == (200, body)


async def test_unknown_paths_are_warned_of(shop: Engine) -> None:
    """What is known is deleted, what is not is warned of, by the byte."""
    await shop.add(known=photo(0))
    answer = await shop.send("GET", "delete/?filepaths[0]=known&filepaths[1]=folder/banana.jpg")
    assert answer.content == (
        b'{"status":"warn","error":["folder/banana.jpg: Failed to remove from index."],"method":"delete","result":[]}'
    )
    assert (await shop.call("count"))["result"] == [0]
    again = await shop.send("DELETE", "delete?filepath=known")
    assert again.content == (
        b'{"status":"warn","error":["known: Failed to remove from index."],"method":"delete","result":[]}'
    )


async def test_one_bad_picture_harms_no_other(shop: Engine) -> None:
    """Some bad: warn, with an error each, and the good ones are in. All bad: fail."""
    files = {"images[0]": ("bad", flat()), "images[1]": ("good", photo(0)), "images[2]": ("text", b"no picture")}
    mixed = await shop.call("add/", files=files)
    assert (mixed["status"], mixed["result"]) == ("warn", [])
    assert [error.split(": ")[0] for error in mixed["error"]] == ["bad", "text"]
    assert await shop.names() == ["good"]
    failed = await shop.call("add/", files={"images[0]": ("bad", flat())})
    assert failed["status"] == "fail"
    assert len(failed["error"]) == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("add", "Missing image or url"),
        ("delete", "Missing filepath"),
        ("search", "Missing image, url or filepath"),
        ("compare?url2=x", "Missing image1, url1 or filepath1"),
        ("list?limit=-1", "limit: Expected a whole number, 0 or more"),
        ("list?offset=1e3", "offset: Expected a whole number, 0 or more"),
        ("search?filepath=x&min_score=high", "min_score: Expected a number, 0 or more"),
        ("search?filepath=x&check_horizontal_flip=maybe", "check_horizontal_flip: Expected true or false"),
        ("list?timeout=nan", "timeout: Expected a number, 0 or more"),
        ("list?format=yaml", "format: Expected json or xml"),
        ("list?callback=alert(1)", "callback: Expected the name of a function"),
        ("add?url=http://a/&filepath=a%00b", "'a\\x00b': A filepath has at most 4000 characters, and no NUL"),
    ],
)
async def test_a_request_that_cannot_be_meant_fails(shop: Engine, path: str, error: str) -> None:
    """Wrong parameters fail with one error that names them, and status 200."""
    method = path.split("?")[0]
    assert await shop.call(path) == {"status": "fail", "error": [error], "method": method, "result": []}


async def test_xml_tells_the_same(shop: Engine) -> None:
    """format=xml has the same elements as JSON has keys, with an item for each of a list."""
    await shop.add(**{"a<b&c": photo(0)})
    answer = await shop.send("POST", "search?format=xml", files={"image": ("q", photo(0))})
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert [child.tag for child in root] == ["status", "error", "method", "result"]
    plain = (await shop.search(photo(0)))[0]
    told = {field.tag: field.text for field in root.find("result/item") or ()}
    assert told == {name: str(value) for name, value in plain.items()}
    failed = await shop.send("GET", "delete?filepath=x&format=XML")
    error = ElementTree.fromstring(failed.content).find("error/item")
    assert error is not None
    assert error.text == "x: Failed to remove from index."


async def test_json_is_wrapped_in_a_function_where_asked(shop: Engine) -> None:
    """callback= wraps the JSON, as a script."""
    answer = await shop.send("GET", "ping?callback=handle_results")
    assert answer.text == 'handle_results({"status":"ok","error":[],"method":"ping","result":[]});'
    assert answer.headers["content-type"].startswith("application/javascript")


async def test_a_wrong_password_is_401_with_a_challenge(shop: Engine) -> None:
    """No password, a wrong one, or a broken header: 401 for every method, and no method tells more."""
    for key in (None, "wrong", "ch_key_0_" + "x" * 43):
        for method in ("ping", "count", "list", "search", "compare", "add", "delete", "nothing"):
            answer = await shop.send("GET", f"{method}/", key=key)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith('Basic realm="')
            assert answer.json() == {
                "status": "fail",
                "error": ["Authorization Required"],
                "method": method,
                "result": [],
            }
    for header in ("Basic", "Basic ###", "Basic /w==", f"Bearer {shop.keys['all']}"):
        assert (await shop.send("GET", "ping", key=None, headers={"Authorization": header})).status_code == 401


async def test_scopes_hold(shop: Engine) -> None:
    """A key that reads may search and list but not add or delete; one that writes may not read."""
    await shop.add(one=photo(0))
    for method in ("ping", "count", "list", "search?filepath=one", "compare?filepath1=one&filepath2=one"):
        assert (await shop.send("GET", method, key="read")).status_code == 200
        assert (await shop.send("GET", method, key="write")).status_code == 403
    for method in ("add?url=http://a/&filepath=x", "delete?filepath=one"):
        refused = await shop.send("GET", method, key="read")
        assert (refused.status_code, refused.json()["status"]) == (403, "fail")
    assert (await shop.send("GET", "delete?filepath=one", key="write")).json()["status"] == "ok"


async def test_another_sites_page_changes_nothing(shop: Engine) -> None:
    """A browser that remembers the password does not add or delete for another site's page."""
    await shop.add(one=photo(0))
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await shop.send("GET", "delete?filepath=one", headers=headers)).status_code == 403
    assert await shop.names() == ["one"]


async def test_workspaces_see_nothing_of_each_other(shop: Engine) -> None:
    """The same collection's name is another collection for another workspace's key."""
    await shop.add(one=photo(0))
    assert (await shop.call("count", key="other"))["result"] == [0]
    assert (await shop.call("delete?filepath=one", key="other"))["status"] == "warn"
    assert (await shop.call("search?filepath=one", key="other"))["status"] == "warn"
    assert await shop.names() == ["one"]


async def test_what_is_not_there_is_404_in_an_envelope(shop: Engine) -> None:
    """Unknown methods and other paths: 404; a verb that does not fit: 405."""
    for path in ("nothing", "ping/more", "../other/ping"):
        answer = await shop.send("GET", path)
        assert (answer.status_code, answer.json()["status"]) == (404, "fail")
    assert (await shop.send("PUT", "ping")).status_code == 405
    assert (await shop.send("DELETE", "count")).status_code == 405
    assert (await shop.send("PUT", "ping")).json()["status"] == "fail"


async def test_slashes_may_stand_twice_or_not_at_all(shop: Engine) -> None:
    """No answer is a redirect, with and without slash at the end, with double slashes."""
    base = f"http://copyhound.test/matchengine//{shop.collection}/rest"
    for path in ("/ping", "/ping/", "/ping//", "///ping"):
        assert (await shop.send("GET", base + path)).status_code == 200


async def test_a_name_that_no_collection_can_have_is_told(shop: Engine) -> None:
    """Adding under an upper-case name fails and says why."""
    shop.collection = "Shop"
    failed = await shop.call("add", files={"image": ("x", photo(0))})
    assert failed["status"] == "fail"
    assert "lower-case" in failed["error"][0]


async def test_searches_wait_for_a_place(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most four searches and comparisons of a key run at once; the others wait, and none is refused."""
    service = shop.home.services.collections
    running, most = 0, 0

    async def slow(*arguments: Any, **options: Any) -> Any:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.02)
        running -= 1
        raise CopyhoundError("not_found")

    monkeypatch.setattr(service, "look", slow)
    monkeypatch.setattr(service, "weigh", slow)
    search = [shop.send("POST", "search", files={"image": ("q", b"x")}) for _ in range(12)]
    compare = [shop.send("POST", "compare", files={"image1": ("q", b"x"), "image2": ("q", b"x")}) for _ in range(8)]
    answers = await asyncio.gather(*search, *compare)
    assert {answer.status_code for answer in answers} == {200}
    assert most == 4


async def test_a_keys_own_limits_hold(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key's own number of searches at once goes before the four, over all processes; its rate ends in 429."""
    services, running, most = shop.home.services, 0, 0

    async def slow(*arguments: Any, **options: Any) -> Any:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.02)
        running -= 1
        raise CopyhoundError("not_found")

    monkeypatch.setattr(services.collections, "look", slow)
    made, plain = await services.keys.create(shop.home.caller.workspace_id, "two", limits=KeyLimits(concurrent=2))
    caller = await services.keys.check(plain)
    async with services.limits.place(caller, "matchengine", most=2):  # as another process would
        calls = [shop.send("POST", "search", key=plain, files={"image": ("q", b"x")}) for _ in range(5)]
        answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert most == 1
    _, slow_key = await services.keys.create(made.workspace_id, "slow", limits=KeyLimits(requests=2, seconds=60))
    statuses = [(await shop.send("GET", "ping", key=slow_key)) for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 200, 429]
    assert int(statuses[-1].headers["retry-after"]) <= 60
    assert statuses[-1].json()["status"] == "fail"


async def test_one_change_at_a_time(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds and deletes of one collection wait for one another; another collection's do not wait for them."""
    service, running = shop.home.services.collections, set[str]()
    together: list[frozenset[str]] = []

    async def slow(_: Any, name: str, *arguments: Any, **options: Any) -> list[str]:
        assert name not in running
        running.add(name)
        together.append(frozenset(running))
        await asyncio.sleep(0.02)
        running.discard(name)
        return []

    monkeypatch.setattr(service, "add", slow)
    monkeypatch.setattr(service, "remove_at", slow)
    second = shop.fresh()
    calls = [one.call("add", files={"image": ("q", b"x")}) for one in (shop, second) for _ in range(5)]
    calls += [one.call("delete?filepath=x") for one in (shop, second) for _ in range(5)]
    answers = await asyncio.gather(*calls)
    assert {answer["status"] for answer in answers} == {"ok"}
    assert frozenset({shop.collection, second.collection}) in together


async def test_a_call_ends_in_time(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """timeout ends a call that takes longer; 0 is none."""

    async def never(*_: Any, **__: Any) -> int:
        await asyncio.sleep(30)
        return 0

    assert (await shop.call("count?timeout=0"))["result"] == [0]
    monkeypatch.setattr(shop.home.services.collections, "count", never)
    failed = await shop.call("count?timeout=0.01")
    assert failed == {"status": "fail", "error": ["The call timed out"], "method": "count", "result": []}


async def test_trouble_of_ours_is_no_answer(shop: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not the picture's fault is 503, also in add: the client is to try again."""

    async def busy(*_: Any, **__: Any) -> None:
        raise CopyhoundError("compute_unavailable")

    await shop.add(known=photo(0))
    monkeypatch.setattr(shop.home.services.kit.compute, "run", busy)
    for path in ("add", "search"):
        answer = await shop.send("POST", path, files={"image": ("x", photo(0))})
        assert (answer.status_code, answer.json()["status"]) == (503, "fail")
