"""The form and its API: taken before it is said, bad input contained and answered, what is personal sealed."""

import asyncio
import contextlib
import gzip
import html
import io
import json
import random
import re
import struct
import zlib

import httpx
import pytest
from PIL import Image

from infrastress.app.portal.app import Portal, create_portal
from infrastress.app.portal.multipart import FormError, parse_form
from infrastress.app.portal.photos import PhotoError, cleaned
from infrastress.app.portal.words import LANGUAGES, words
from infrastress.app.reports.desk import Desk
from infrastress.connectors.reports.options import ReportsOptions
from infrastress.connectors.reports.records import Boxes
from infrastress.core.time import SECOND
from infrastress.site.load import load_site

NOW = 1_773_000_000 * SECOND


@pytest.fixture(scope="module")
def depot(depot_folder):
    return load_site(depot_folder)


class Visit:
    """A portal, and whoever calls it from an address with the cookies they were given."""

    def __init__(self, site, folder, **options):
        self.folder, self.now = folder, NOW
        staff = options.pop("staff", None)
        self.portal = Portal(site, ReportsOptions(**options), Boxes(folder), lambda: self.now, staff)
        self.app = create_portal(self.portal)
        self.cookies = httpx.Cookies()

    def call(self, method, path, *, address="192.0.2.7", forget=False, **more):
        async def main():
            transport = httpx.ASGITransport(self.app, client=(address, 5000))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://portal.test", cookies=None if forget else self.cookies
            ) as one:
                return await one.request(method, path, **more)

        self.now += 1
        answer = asyncio.run(main())
        if not forget:
            self.cookies.update(answer.cookies)
        return answer

    def report(self, **fields):
        return self.call("POST", "/api/reports", json={"category": "smell", "text": "petrol"} | fields)

    @property
    def records(self):
        return Boxes(self.folder).records("main", "behind", "insider")


@pytest.fixture
def visit(depot, tmp_path):
    return Visit(depot, tmp_path)


def picture(kind="JPEG", size=(800, 600), **more):
    out = io.BytesIO()
    pixels = Image.frombytes("RGB", size, random.Random(1).randbytes(size[0] * size[1] * 3))
    pixels.save(out, kind, **more)
    return out.getvalue()


def with_place():
    exif = Image.Exif()
    exif[0x010F] = "MAKER OF PHONES"
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x0112] = 6
    return picture(exif=exif)


def test_the_form_posts_without_a_script_and_gives_a_receipt_with_a_page(visit):
    form = visit.call("GET", "/")
    assert form.status_code == 200
    assert "script-src 'self'" in form.headers["content-security-policy"]
    assert "unsafe" not in form.headers["content-security-policy"]
    assert not re.search(r"(?:src|href|action)=\"(?!/|data:,)", form.text), "nothing is loaded from elsewhere"
    sent = visit.call("POST", "/", data={"category": "smoke", "text": "black smoke", "near": "school", "key": "k" * 16})
    assert sent.status_code == 303
    page = visit.call("GET", sent.headers["location"])
    assert "Smoke" in page.text
    assert re.search(r"[2-9A-Z]{6}-[2-9A-Z]{8}", page.text)
    (record,) = visit.records
    assert (record.category, record.text, record.role) == ("smoke", "black smoke", "neighbour")
    assert record.latitude is not None, "a place by its name has a position"


def test_whoever_sends_twice_gets_the_same_receipt_and_it_is_one_report(visit):
    fields = {"category": "fire", "key": "the same key of mine"}
    first, again = visit.report(**fields), visit.report(**fields)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["receipt"] == again.json()["receipt"]
    assert len(visit.records) == 1
    other = Visit(visit.portal._site, visit.folder)
    assert other.report(**fields).json()["receipt"] == first.json()["receipt"], "after a restart too"


def test_what_is_personal_lies_sealed_and_is_gone_when_its_reporter_is_erased(visit):
    told = visit.report(text="ask 0123 456789", name="Somebody Here", contact="me@example.org").json()
    raw = b"".join(path.read_bytes() for path in (visit.folder / "inbox").iterdir())
    for word in (b"Somebody", b"example.org", b"456789", b"192.0.2"):
        assert word not in raw
    desk = Desk(visit.folder)
    read = desk.find(told["receipt"][:6])
    assert (read.personal.name, read.text) == ("Somebody Here", "ask 0123 456789")
    assert desk.answer([read], "We are on our way", by="op", now=NOW) == [read.record.number]
    page = visit.call("GET", told["page"])
    assert "We are on our way" in page.text
    gone = visit.call("POST", f"/r/{told['receipt']}/erase")
    assert gone.status_code == 303
    page = visit.call("GET", f"/r/{told['receipt']}")
    assert "on our way" not in page.text
    assert "nobody can read any more who you are" in page.text
    after = desk.find(told["receipt"][:6])
    assert after.personal is None
    assert after.answers[0].text is None
    assert after.text == "ask [contact withheld]", "the observation stays"
    assert desk.answer([after], "too late", by="op", now=NOW) == []


def test_a_receipt_is_not_guessed_and_many_tries_end(visit):
    told = visit.report().json()
    number = told["receipt"][:6]
    assert visit.call("GET", f"/api/reports/{told['receipt'].lower()}").status_code == 200
    tried = {visit.call("GET", f"/r/{number}-AAAAAAA{n % 9 + 2}").status_code for n in range(70)}
    assert tried == {404, 429}
    assert visit.call("GET", f"/r/{told['receipt']}").status_code == 200, "its holder is let in all the same"


@pytest.mark.parametrize(
    ("fields", "notes"),
    [
        ({"occurred": "2099-01-01T00:00:00Z"}, ["time"]),
        ({"occurred": "1970-01-01T00:00:00Z"}, ["time"]),
        ({"occurred": 12}, ["time"]),
        ({"age_s": -5}, ["time"]),
        ({"age_s": "nan"}, ["time"]),
        ({"age_s": 1e300}, ["time"]),
        ({"latitude": 91, "longitude": 0}, ["position"]),
        ({"latitude": "x", "longitude": 12}, ["position"]),
        ({"latitude": float("nan"), "longitude": 11.9}, ["position"]),
        ({"latitude": 48.1, "longitude": 11.5}, ["position"]),
        ({"latitude": 41.2}, ["position"]),
        ({"text": "a" * 5000}, ["text cut"]),
        ({"text": 7}, ["text"]),
        ({"asset": "T-999"}, ["asset"]),
        ({"name": ["x"], "contact": {"a": 1}}, ["name", "contact"]),
        ({"staff": "guess"}, ["staff"]),
    ],
)
def test_what_cannot_be_believed_is_noted_and_the_rest_is_taken(visit, fields, notes):
    body = json.dumps({"category": "smell"} | fields).encode()
    answer = visit.call("POST", "/api/reports", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 201
    assert answer.json()["notes"] == notes
    (record,) = visit.records
    assert record.occurred == record.received
    assert "Something" in visit.call("GET", answer.json()["page"]).text or notes


def test_how_long_ago_it_was_needs_no_right_clock(visit):
    visit.report(age_s=600)
    assert visit.records[0].occurred == visit.now - 600 * SECOND


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"category": "nonsense"}', "application/json", 422),
        (b"text=only", "application/x-www-form-urlencoded", 422),
        (b"x" * 1000, "text/plain", 400),
        (b"--b\r\nnonsense", "multipart/form-data; boundary=b", 400),
        (gzip.compress(b"{}", mtime=0), "application/json", 400),
        (b"a=1&" * 100, "application/x-www-form-urlencoded", 400),
    ],
)
def test_what_is_no_report_is_answered_politely_and_counted(visit, body, kind, status):
    answer = visit.call("POST", "/api/reports", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert visit.records == []
    assert sum(visit.portal.counted.values()) == 1
    page = visit.call("POST", "/", content=body, headers={"content-type": kind})
    assert page.status_code in (400, 422)
    assert "<form" in page.text


def test_twenty_megabytes_are_refused_before_they_are_held(visit):
    text = b"category=smell&text=" + b"a" * 20_000_000
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = visit.call("POST", "/", content=text, headers=form)
    assert answer.status_code == 413
    assert "without the photo" in answer.text

    async def pieces():
        for _ in range(20):
            yield b"a" * 1_000_000

    answer = visit.call("POST", "/api/reports", content=pieces(), headers=form)
    assert answer.status_code == 413
    assert visit.records == []


def test_a_photo_is_kept_sealed_without_what_it_tells_beside(visit):
    data = with_place()
    assert b"MAKER OF PHONES" in data
    answer = visit.call("POST", "/api/reports", data={"category": "smoke"}, files={"photo": ("a.jpg", data)})
    assert answer.json()["notes"] == []
    (record,) = visit.records
    sealed = (visit.folder / "photos" / record.photo).read_bytes()
    assert not sealed.startswith(b"\xff\xd8")
    desk = Desk(visit.folder)
    kept = desk.photo(desk.find(record.number))
    assert b"MAKER" not in kept
    with Image.open(io.BytesIO(kept)) as shown:
        assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (600, 800), {})
    desk.erase(desk.find(record.number), by="op", now=NOW)
    assert desk.photo(desk.find(record.number)) is None
    assert not (visit.folder / "photos" / record.photo).exists()


def bomb(width=60_000, height=60_000):
    """A PNG of a few kilobytes that unpacks to ten gigabytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(10_000_000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GIF89a" + bytes(100), "photo_type"),
        (b"\xff\xd8\xff" + bytes(1000), "photo_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo_type"),
        (b"%PDF-1.7", "photo_type"),
        (picture()[:5000], "photo_type"),
        (bomb(), "photo_pixels"),
        (bytes(8_500_000), "photo_large"),
    ],
)
def test_what_is_no_photo_is_not_kept_and_the_report_is(visit, data, why):
    with pytest.raises(PhotoError, match=why):
        cleaned(data)
    answer = visit.call("POST", "/", data={"category": "smoke"}, files={"photo": ("a.jpg", data)})
    assert answer.status_code == 303
    (record,) = visit.records
    assert record.notes == (why,)
    assert not record.photo
    assert words("en")[f"note_{why}"] in html.unescape(visit.call("GET", answer.headers["location"]).text)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photos_of_telephones_are_taken(kind):
    with Image.open(io.BytesIO(cleaned(picture(kind, (2400, 800))))) as shown:
        assert shown.size == (1600, 533)


def test_over_the_limit_it_waits_behind_and_is_never_refused(depot, tmp_path):
    visit = Visit(depot, tmp_path, device_per_h=3, network_per_h=1000)
    told = [visit.report(key=f"number {n} of mine").json() for n in range(8)]
    assert [one["behind"] for one in told] == [False] * 3 + [True] * 5
    assert len(visit.records) == 8
    assert words("en")["behind"][:30] in visit.call("GET", told[-1]["page"]).text
    assert not visit.call("POST", "/api/reports", json={"category": "fire"}, forget=True).json()["behind"]


def test_many_new_accounts_of_one_network_wait_and_another_network_does_not(depot, tmp_path):
    visit = Visit(depot, tmp_path, network_per_h=20)
    told = [visit.call("POST", "/api/reports", json={"category": "fire"}, forget=True).json() for _ in range(30)]
    assert sum(one["behind"] for one in told) == 10
    visit.cookies = httpx.Cookies()
    other = visit.call("POST", "/api/reports", json={"category": "fire"}, address="198.51.100.1")
    assert not other.json()["behind"]


def test_staff_are_known_by_their_code(depot, tmp_path):
    visit = Visit(depot, tmp_path, staff_secret="staff-code", staff="correct horse")  # noqa: S106
    assert 'name="staff"' in visit.call("GET", "/").text
    visit.report(staff="correct horse")
    visit.call("POST", "/api/reports", json={"category": "leak"}, headers={"authorization": "Bearer correct horse"})
    visit.report(staff="wrong")
    assert [(one.role, one.trained) for one in visit.records] == [
        ("staff", True),
        ("staff", True),
        ("neighbour", False),
    ]


def test_a_concern_about_an_insider_lies_apart_and_says_nothing_unsealed(visit):
    told = visit.report(category="insider", text="He sells keys at night", place="store room", asset="T-101").json()
    assert Boxes(visit.folder).records("main", "behind") == []
    (record,) = visit.records
    assert (record.text, record.assets, record.network, record.latitude) == ("", (), "", None)
    assert b"keys" not in b"".join(path.read_bytes() for path in (visit.folder / "inbox").iterdir())
    desk = Desk(visit.folder)
    assert desk.read() == []
    assert desk.read(insider=True)[0].text == "He sells keys at night"
    assert visit.call("GET", told["page"]).status_code == 200


def test_a_full_disk_is_said(visit, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("infrastress.connectors.reports.box._write", full)
    answer = visit.call("POST", "/", data={"category": "fire", "text": "it burns"})
    assert answer.status_code == 503
    assert "112" in answer.text
    assert "it burns" in answer.text, "what was written comes back with the form"
    assert visit.report().status_code == 503


def test_many_at_once_are_all_on_disk_and_each_its_own(visit):
    async def main():
        transport = httpx.ASGITransport(visit.app, client=("192.0.2.7", 5000))

        async def one(number):
            async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
                return (await client.post("/api/reports", json={"category": "smell", "text": f"n {number}"})).json()

        return await asyncio.gather(*(one(n) for n in range(60)))

    told = asyncio.run(main())
    assert len({one["receipt"] for one in told}) == 60
    assert {record.number for record in visit.records} == {one["receipt"][:6] for one in told}


def test_a_touch_on_the_map_brings_the_form_back_with_what_was_written(visit):
    fields = {"category": "mist", "text": "white mist <b>low</b>", "map.x": "240", "map.y": "90", "key": "k" * 16}
    page = visit.call("POST", "/place", data=fields)
    assert "white mist &lt;b&gt;low&lt;/b&gt;" in page.text
    assert 'value="mist" checked' in page.text
    latitude = re.search(r'name="latitude" value="([\d.]+)"', page.text)[1]
    assert 41.15 < float(latitude) < 41.25
    assert visit.call("GET", "/map.svg?at=41.2,11.9").headers["content-type"].startswith("image/svg")
    assert visit.call("GET", "/map.svg?at=nan,<script>").status_code == 200


def test_markup_in_what_was_written_is_shown_as_it_is(visit):
    page = visit.call("POST", "/", data={"text": "</textarea><script>alert(1)</script>", "place": '"><img src=x>'})
    assert page.status_code == 422
    assert "<script>alert" not in page.text
    assert "<img" not in page.text


def test_every_language_has_every_phrase():
    for language in LANGUAGES:
        assert words(language).keys() == words("en").keys()
        assert all(words(language).values())


@pytest.mark.parametrize("seed", range(60))
def test_multipart_gives_back_what_was_put_in_or_says_that_it_is_none(seed):
    rng = random.Random(seed)
    fields = {f"f{n}": "".join(chr(rng.choice((10, 13, 34, 45, 65, 233, 8364))) for _ in range(rng.randrange(60)))
              for n in range(rng.randrange(1, 6))}  # fmt: skip
    data = rng.randbytes(rng.randrange(1, 3000))
    request = httpx.Request("POST", "http://x/", data=fields, files={"photo": ("p.jpg", data)})
    body, kind = request.read(), request.headers["content-type"]
    parts = parse_form(kind, body)
    assert parts.fields == fields
    assert parts.files["photo"].data == data
    hurt = bytearray(body)
    for _ in range(rng.randrange(1, 20)):
        hurt[rng.randrange(len(hurt))] = rng.randrange(256)
    with contextlib.suppress(FormError):
        parse_form(kind, bytes(hurt[: rng.randrange(len(hurt))]))
