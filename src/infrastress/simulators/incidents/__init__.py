"""Events that several simulators tell of together: one plan is drawn from the seed, and each gets its share of it."""

from infrastress.simulators.incidents.plan import Plan
from infrastress.simulators.incidents.tales import TALES, plan_of

__all__ = ["TALES", "Plan", "plan_of"]
