"""The bow-tie, the attack tree and the announced work of the page are valid, and give the numbers that it tells."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from infrastress.connectors.mapping import Mapping
from infrastress.connectors.records import RecordReader, Refused
from infrastress.core.time import from_iso
from infrastress.fusion.risk.likelihood import Rates, likelihood
from infrastress.fusion.risk.posterior import Network
from infrastress.fusion.risk.structure import BOOLEAN, Model
from infrastress.fusion.risk.tree import bowtie_nodes, threat_node, top_node, tree_probability
from infrastress.fusion.works import announced
from infrastress.site.check import check_site
from infrastress.site.load import load_site

PAGE = Path(__file__).resolve().parents[3] / "docs" / "risk-model.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    folder = tmp_path_factory.mktemp("page")
    (folder / "site.yaml").write_text("id: page\nzones:\n  - {id: gate}\n" + "".join(blocks))
    assert not check_site(folder).errors
    return load_site(folder)


def test_the_bowtie_gives_the_numbers_of_the_page(site):
    bowtie = site.bowties[0]
    network = Network(Model(tuple(bowtie_nodes(bowtie, {}, {}, {}))))
    rates = {one.id: (threat_node(bowtie, one.watches), Rates(one.tpr, one.fpr, "stated")) for one in bowtie.sensors}

    def top(*speak, silent=()):
        evidence = {node: [likelihood(rate, BOOLEAN, {"yes": 1.0})] for node, rate in (rates[s] for s in speak)}
        evidence |= {node: [(1 - rate.fpr, 1 - rate.tpr)] for node, rate in (rates[s] for s in silent)}
        return network.posterior(evidence, [top_node(bowtie)])[top_node(bowtie)][1]

    told = [f"{chance:.2g} %" for chance in (
        100 * top(), 100 * top("perimeter"), 100 * top("perimeter", "monitor"),
        100 * top(silent=("perimeter", "monitor")),
    )]  # fmt: skip
    assert told == ["0.29 %", "4.4 %", "14 %", "0.054 %"]
    text = " ".join(PAGE.read_text().split())
    assert all(one in text for one in told)


def test_the_attack_tree_is_what_its_leaves_make_it(site):
    assert tree_probability(site.attack_trees[0]) == pytest.approx(1 - (1 - 0.05 * 0.3) * (1 - 0.005), abs=1e-12)
    assert site.works[0].zones == ("gate",)


def test_the_permit_of_the_page_is_read_by_its_mapping(site):
    page = PAGE.read_text()
    (record,) = re.findall(r"^```json\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    spec = next(block for block in re.findall(r"^```text\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
                if block.startswith("records:"))  # fmt: skip
    mapping = Mapping.model_validate(YAML(typ="safe").load(spec))
    event = RecordReader(site, "permits", mapping).read(record.encode(), 1)
    body = event.body
    assert (body.work, body.sort, body.zones, body.cancelled) == ("permit-8", "drill", ("gate",), False)
    assert (event.occurred, body.begins, body.ends) == tuple(
        map(from_iso, ("2026-03-02T06:30:00Z", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"))
    )
    with pytest.raises(Refused, match="time-unreadable"):
        RecordReader(site, "permits", mapping).read(record.replace("2026-03-02T10", "tomorrow").encode(), 1)
    (work,) = announced({body.work: (event.occurred, event.id, body)}, site)
    assert work.kind == "drill"
    assert work.zones == ("gate",)
