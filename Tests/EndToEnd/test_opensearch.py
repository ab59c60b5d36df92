"""Similar contents looked up in OpenSearch: found as in Postgres, kept up with the log, built anew while serving, and waited for when it is away."""
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from support.client import Client
from support.opensearch import OpenSearch, Troubled
from support.program import Onefold
from test_similar import data, edited, groups, paths, text

SPECIFICATION = Path(__file__).resolve().parents[3] / "shared" / "opensearch-api-specification" / "spec"
ALIAS = "onefold-similarity-test"
SKETCHES = 2  # Of a text: by its pairs of words, and as what it is whatever it is written like.


@pytest.fixture(scope="module")
def opensearch():
    opensearch = OpenSearch()
    yield opensearch
    opensearch.close()


@pytest.fixture
def troubled(opensearch):
    opensearch.forget(ALIAS)
    troubled = Troubled(opensearch)
    yield troubled
    troubled.close()
    opensearch.forget(ALIAS)


@pytest.fixture
def program(troubled, workspace):
    address = troubled.url.replace("http://", "http://onefold:secret@") if not troubled.opensearch.server else troubled.url
    program = Onefold(workspace / "data", flags=["--opensearch-alias", ALIAS], environment={"OPENSEARCH_URL": address}).start()
    yield program
    program.stop()


def pairs(count, seed):
    """Texts and edited versions of them, by path."""
    rng = random.Random(seed)
    files = {}
    for number in range(count):
        words = text(rng, 200)
        files[f"{seed}/{number}/first"] = data(words)
        files[f"{seed}/{number}/second"] = data(edited(rng, words))
    return files


def upload(client, files):
    for path, content in files.items():
        client.upload(path, content)


def grouped(client):
    return sorted(paths(group) for group in groups(client))


def expected(*sets):
    return sorted([path.replace("second", "first"), path] for files in sets for path in files if path.endswith("second"))


def eventually(condition, timeout=60, what=""):
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not in {timeout} s: {what}"
        time.sleep(0.05)
    return value


def test_similar_texts_are_found_and_others_search_stays_theirs(program, troubled):
    ada, bob = Client.registered(program.url), Client.registered(program.url)
    files = pairs(15, 1)
    upload(ada, files)
    upload(bob, {"mine": files["1/0/second"]})
    for client in (ada, bob):
        client.wait_until_settled()
    assert grouped(ada) == expected(files)
    assert grouped(bob) == []
    (index,) = troubled.opensearch.indexes(ALIAS)
    assert troubled.opensearch.count(index) == SKETCHES * (len(files) + 1)
    searches = [request for request in troubled.requests if request.path == "/_msearch"]
    assert searches and all(line["routing"] == line_after["query"]["bool"]["filter"][0]["term"]["tenant"]
                            for request in searches for line, line_after in zip(*[iter(request.documents)] * 2))
    status = program.command("search", "status", "--data-dir", program.data_dir)
    assert status.returncode == 0 and f"{index}  asked" in status.stdout, status.stdout + status.stderr


def test_every_request_is_one_that_the_official_description_knows(program, troubled):
    if not SPECIFICATION.is_dir():
        pytest.skip(f"the description of OpenSearch's API is not at {SPECIFICATION}")
    from support.specification import Specification
    specification = Specification(SPECIFICATION)
    ada = Client.registered(program.url)
    upload(ada, pairs(3, 2))
    ada.wait_until_settled()
    assert program.command("search", "rebuild", "--data-dir", program.data_dir, "--opensearch-alias", ALIAS).returncode == 0
    assert ada.request("DELETE", "/me", json={"password": ada.password}).status_code in (200, 202, 204)
    eventually(lambda: any("_delete_by_query" in request.path for request in troubled.requests), what="a deletion")
    kinds = Counter((request.method, specification.operation(request)[1]) for request in troubled.requests)
    print(f"{len(troubled.requests)} requests of {len(kinds)} kinds: {dict(kinds)}")
    assert {"/_aliases", "/_alias/{name}", "/{index}", "/{index}/_bulk", "/_msearch", "/{index}/_refresh",
            "/{index}/_delete_by_query"} <= {path for _, path in kinds}
    assert [problem for request in troubled.requests for problem in specification.check(request)] == []


def test_the_check_against_the_description_notices_what_it_should():
    if not SPECIFICATION.is_dir():
        pytest.skip(f"the description of OpenSearch's API is not at {SPECIFICATION}")
    from support.opensearch import Request
    from support.specification import Specification
    specification = Specification(SPECIFICATION)

    def problems(method, target, body, type="application/json"):
        return specification.check(Request(method, target, {"Content-Type": type}, body))

    lines = "application/x-ndjson"
    good = b'{"index":"a"}\n{"size":1,"query":{"bool":{"should":[{"term":{"a":"b"}}]}}}\n'
    assert problems("POST", "/_msearch", good, lines) == []
    for wrong in (good.replace(b'"size":1', b'"size":"ten"'), good.replace(b"should", b"shuld"), good.replace(b'"term"', b'"trem"'),
                  good.replace(b'"index"', b'"indx"'), good.replace(b'"size"', b'"sise"')):
        assert problems("POST", "/_msearch", wrong, lines) != [], wrong
    assert problems("PUT", "/a", b'{"mappings":{"dynamik":"strict"}}') != []
    assert problems("PUT", "/a", b'{"mappings":{"properties":{"a":{"type":"keywrd"}}}}') != []
    assert problems("POST", "/a/_bulk?refrsh=true", b'{"index":{"_id":"1"}}\n{}\n', lines) != []
    assert problems("POST", "/a/_bulk", b'{"index":{"_id":"1","ruoting":"x"}}\n{}\n', lines) != []


def test_an_index_that_vanished_is_filled_anew_from_the_log(program, troubled):
    ada = Client.registered(program.url)
    before, after = pairs(5, 3), pairs(5, 4)
    upload(ada, before)
    ada.wait_until_settled()
    troubled.opensearch.forget(ALIAS)
    upload(ada, after)
    ada.wait_until_settled(timeout=120)
    assert grouped(ada) == expected(before, after)
    (index,) = eventually(lambda: troubled.opensearch.indexes(ALIAS))
    eventually(lambda: troubled.opensearch.count(index) == SKETCHES * (len(before) + len(after)), what="every content again")


def test_a_new_index_takes_the_place_of_the_old_one_while_contents_come(program, troubled):
    ada = Client.registered(program.url)
    before, during = pairs(10, 5), pairs(10, 6)
    upload(ada, before)
    ada.wait_until_settled()
    (old,) = troubled.opensearch.indexes(ALIAS)
    command = program.command
    import threading
    results = []
    thread = threading.Thread(target=lambda: results.append(command(
        "search", "rebuild", "--data-dir", program.data_dir, "--opensearch-alias", ALIAS)))
    thread.start()
    upload(ada, during)
    thread.join()
    assert results[0].returncode == 0, results[0].stderr
    ada.wait_until_settled()
    assert grouped(ada) == expected(before, during)
    (new,) = troubled.opensearch.all_indexes(ALIAS)
    assert new != old and troubled.opensearch.indexes(ALIAS) == [new]
    eventually(lambda: troubled.opensearch.count(new) == SKETCHES * (len(before) + len(during)), what="every content")


def test_an_installation_changes_over_from_postgres_and_back_without_losing_a_match(troubled, workspace):
    program = Onefold(workspace / "data", flags=["--opensearch-alias", ALIAS]).start()
    try:
        ada = Client.registered(program.url)
        sets = [pairs(4, seed) for seed in (7, 8, 9)]
        for files, environment in zip(sets, ({}, {"OPENSEARCH_URL": troubled.url}, {})):
            program.stop()
            program.environment = environment
            program.start()
            ada.sign_in(ada.email, ada.password)
            # The second of each pair is compared with a first that the other index knew.
            upload(ada, {path: content for path, content in files.items()})
            ada.wait_until_settled(timeout=120)
        assert grouped(ada) == expected(*sets)
        # One more version of what came at the beginning, while the index of that time is not asked any more.
        assert troubled.opensearch.count(troubled.opensearch.indexes(ALIAS)[0]) == SKETCHES * 16
    finally:
        program.stop()


def refused(request):
    return 429, {"error": {"type": "circuit_breaking_exception", "reason": "too much"}, "status": 429}


def half_taken(request):
    if not request.path.endswith("/_bulk"):
        return None

    def change(answer):
        for item in answer["items"][::2]:
            item["index"] = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}}
        return {**answer, "errors": True}
    return change


def too_large(request):
    return (413, {"error": "too large"}) if request.path.endswith("/_bulk") and len(request.documents) > 4 else None


@pytest.mark.parametrize("fault", [
    refused, half_taken, too_large, lambda request: "cut", lambda request: (503, {}), lambda request: (200, {"no": "such answer"}),
    lambda request: (401, {"error": {"type": "security_exception", "reason": "no"}}),
], ids=["429", "half of each bulk", "413 over two documents", "cut", "503", "nonsense", "401"])
def test_trouble_is_waited_for_and_costs_no_match(program, troubled, fault):
    ada = Client.registered(program.url)
    first, second = pairs(3, 10), pairs(3, 11)
    upload(ada, first)
    ada.wait_until_settled()
    troubled.fault = fault
    upload(ada, second)
    if fault is not too_large:
        seen = len(troubled.requests)
        eventually(lambda: len(troubled.requests) > seen + 3, what="it is asked again")
        troubled.fault = lambda request: None
    counts = ada.wait_until_settled(timeout=120)
    assert counts["dead"] == 0
    assert grouped(ada) == expected(first, second)


def test_what_a_person_had_is_forgotten_there_too(program, troubled):
    ada, bob = Client.registered(program.url), Client.registered(program.url)
    upload(ada, pairs(3, 12))
    upload(bob, pairs(2, 13))
    for client in (ada, bob):
        client.wait_until_settled()
    (index,) = troubled.opensearch.indexes(ALIAS)
    assert troubled.opensearch.count(index) == SKETCHES * 10
    assert ada.request("DELETE", "/me", json={"password": ada.password}).status_code in (200, 202, 204)
    eventually(lambda: troubled.opensearch.count(index) == SKETCHES * 4, what="hers are gone, his are there")
