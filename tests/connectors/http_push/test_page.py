"""The examples of docs/connect-http.md and docs/connect-folder.md do what the pages say."""

import asyncio
import json
import re
import shlex
from pathlib import Path

import yaml

from infrastress.connectors.base import LiveContext
from infrastress.connectors.files.watch import DONE, FolderConnector, FolderOptions
from infrastress.core.secrets import Secrets
from infrastress.site.sources import Source
from tests.connectors.conftest import small_site
from tests.connectors.http_push.running import BEARER, Shelf, make, serving
from tests.peers.sink import MemorySink, until

DOCS = Path(__file__).resolve().parents[3] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), flags=re.MULTILINE | re.DOTALL)


def test_the_pushes_of_the_page_are_answered_as_it_says(tmp_path: Path) -> None:
    plain, token, mapped = blocks("connect-http.md", "yaml")
    secrets = tmp_path / "page-secrets.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text(token)
    assert len(Secrets(secrets).get("gateway")) >= 16
    (console,) = blocks("connect-http.md", "console")
    command, told = console.replace("\\\n", "").strip().splitlines()
    words = shlex.split(command.removeprefix("$ "))
    headers = {
        words[i + 1].partition(": ")[0]: words[i + 1].partition(": ")[2] for i, w in enumerate(words) if w == "-H"
    }
    headers["Authorization"] = headers["Authorization"].replace("$TOKEN", BEARER)

    async def run() -> None:
        shelf = Shelf()
        options = yaml.safe_load(plain)["historian"]["options"] | {"port": 0}
        async with serving(make(tmp_path, **options), shelf, headers=headers) as http:
            answer = await http.post("/", content=words[words.index("-d") + 1])
            assert answer.text == told
        shelf = Shelf()
        options = yaml.safe_load(mapped)["historian"]["options"] | {"port": 0}
        async with serving(make(tmp_path, **options), shelf, headers=headers) as http:
            (body,) = blocks("connect-http.md", "json")
            answer = await http.post("/historian", json=json.loads(body))
            assert answer.json()["values"] == 1
        assert shelf.deliveries[-1].samples[0].values[0, 0] == 3.21

    asyncio.run(asyncio.wait_for(run(), 20))


def test_the_folder_of_the_page_is_read(tmp_path: Path) -> None:
    (connection,) = blocks("connect-folder.md", "yaml")
    (table,) = blocks("connect-folder.md", "csv")
    options = FolderOptions.model_validate(
        yaml.safe_load(connection)["historian"]["options"] | {"poll_s": 0.05, "settle_s": 0.1}
    )
    (tmp_path / options.path).mkdir()
    (tmp_path / options.path / "export.csv").write_text(table)

    async def run() -> None:
        sink = MemorySink()
        source = Source(id="historian", kind="telemetry")
        connector = FolderConnector(small_site(), source, options, LiveContext(folder=tmp_path))
        task = asyncio.create_task(connector.run(sink, None))
        await until((tmp_path / options.path / DONE / "export.csv").exists, "the file is read")
        task.cancel()
        await asyncio.wait({task}, timeout=2)
        assert sink.values("LT1") == [3.21, 3.22]

    asyncio.run(asyncio.wait_for(run(), 20))
