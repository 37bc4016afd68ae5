"""Exact posteriors of a risk model, by pyAgrum's lazy propagation in a junction tree.

Evidence is a likelihood over the states of a node: P(what was heard | state). That is the same as an evidence node
below it, one a detector, asset and window, whose state was seen (virtual evidence; Pearl 1988, section 2.2.2), and
costs no node. Probabilities are rounded to `DIGITS`: the order in which the library multiplies isn't the same in every
process and their last bits aren't either.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from infrastress.core.errors import ConfigurationError
from infrastress.fusion.risk.structure import Model
from infrastress.fusion.risk.width import check_width

__all__ = ["DIGITS", "Likelihoods", "Network"]

DIGITS = 12

Likelihoods = Mapping[str, Sequence[Sequence[float]]]
"""Likelihood vectors by node: each is P(one piece of evidence | state of the node), up to a factor."""


class Network:
    """A model compiled for questions.

    Args:
        model: what is asked.
        mend: say which cut would mend a model that is too wide.

    Raises:
        TooWideError: the model is too wide to be judged exactly in time.
    """

    def __init__(self, model: Model, *, mend: bool = True) -> None:
        self.model = model
        self.width = check_width(model, mend=mend)
        self._library = _pyagrum()
        net = self._library.BayesNet()
        for node in model.nodes:
            net.add(self._library.LabelizedVariable(node.name, "", list(node.states)))
        for node in model.nodes:
            for parent in reversed(node.parents):  # so the library's order of a table is ours
                net.addArc(parent, node.name)
            net.cpt(node.name).fillWith(list(node.table))
        self._net = net
        self._engine: Any = None
        self._shape: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def posterior(self, likelihoods: Likelihoods, wanted: Iterable[str]) -> dict[str, tuple[float, ...]]:
        """P(state | evidence) of the nodes wanted.

        Raises:
            ConfigurationError: pieces of evidence exclude each other or all that the model allows. Likelihoods above 0
                never do.
        """
        names = list(wanted)
        evidence: dict[str, list[float]] = {}
        for name in sorted(likelihoods):
            vectors = sorted(map(tuple, likelihoods[name]))
            product = [1.0] * len(self.model.by_name[name].states)
            for vector in vectors:
                product = [one * other for one, other in zip(product, vector, strict=True)]
                top = max(product)
                product = [value / top for value in product] if top > 0.0 else product
            if max(product) <= 0.0:
                raise ConfigurationError("evidence that can't be", where=f"risk model: {name}")
            if vectors:
                evidence[name] = product
        try:
            engine = self._ready(evidence, tuple(names))
            engine.makeInference()
            found = {name: engine.posterior(name).tolist() for name in names}
        except self._library.GumException as error:
            self._engine = None
            raise ConfigurationError(f"evidence that can't be: {error}", where="risk model") from None
        if not all(abs(sum(values) - 1.0) < 1e-6 for values in found.values()):  # not a number, where all is impossible
            raise ConfigurationError("evidence that can't be", where="risk model")
        return {name: tuple(round(float(value), DIGITS) for value in values) for name, values in found.items()}

    def _ready(self, evidence: Mapping[str, Sequence[float]], wanted: tuple[str, ...]) -> Any:
        """The engine with its evidence; kept with its junction tree while the same nodes are seen and asked for."""
        seen = tuple(evidence), wanted
        if self._engine is None or self._shape != seen:
            engine = self._library.LazyPropagation(self._net)
            for name, vector in evidence.items():
                engine.addEvidence(name, vector)
            for name in wanted:
                engine.addTarget(name)
            self._engine, self._shape = engine, seen
        else:
            for name, vector in evidence.items():
                self._engine.chgEvidence(name, vector)
        return self._engine


@lru_cache(maxsize=1)
def _pyagrum() -> Any:
    """The library, imported when the first model is judged: half a second that no other command shall wait for."""
    import pyagrum

    pyagrum.setNumberOfThreads(1)  # small networks: threads cost more than they bring
    return pyagrum
