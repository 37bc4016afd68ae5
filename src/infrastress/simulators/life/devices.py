"""Gas heads through a run: hourly readings, blips, clouds, and the times in which a head says nothing of the air."""

from infrastress.simulators.life.ranges import RANGES
from infrastress.simulators.life.scene import Scene, uniform
from infrastress.site.assets import GasDetector

__all__ = ["gas_readings"]

_STEP_S = 30.0


def gas_readings(scene: Scene) -> None:
    """Write every reading of every head."""
    for head in scene.premises.heads:
        stream = scene.draws.stream(f"life.gas.{head.id}")
        clouds = scene.rising.get(head.id, [])
        mute = scene.inhibited.get(head.id, [])
        at = float(stream.uniform(0.0, 3600.0))
        while at < scene.calendar.length:
            level = uniform(stream, RANGES.gas_background_lel)
            if not any(begin <= at < end for begin, _, end, _ in clouds):
                condition = _condition(mute, at)
                scene.gas(at, head, level if condition == "measuring" else 0.0, condition)
            at += 3600.0
        for begin, end, condition in mute:
            scene.gas(begin, head, 0.0, condition)
            scene.gas(end, head, uniform(stream, RANGES.gas_background_lel), "measuring")
            if condition == "inhibited":
                _tested(scene, head, begin, end)
        for cloud in clouds:
            _cloud(scene, head, cloud, mute)


def _condition(mute: list[tuple[float, float, str]], at: float) -> str:
    return next((condition for begin, end, condition in mute if begin <= at < end), "measuring")


def _tested(scene: Scene, head: GasDetector, begin: float, end: float) -> None:
    """Test gas in the middle of a calibration; an attacker's inhibit has none."""
    if not scene.quiet(begin, end):
        return
    middle = (begin + end) / 2
    for step in range(4):
        scene.gas(middle + 20.0 * step, head, 0.5, "test")
    scene.gas(middle + 90.0, head, 0.0, "inhibited")


def _cloud(
    scene: Scene, head: GasDetector, cloud: tuple[float, float, float, float], mute: list[tuple[float, float, str]]
) -> None:
    begin, peak_at, end, peak = cloud
    at = begin
    while at < end:
        rises, falls = (at - begin) / max(peak_at - begin, 1.0), (end - at) / max(end - peak_at, 1.0)
        condition = _condition(mute, at)
        scene.gas(at, head, peak * min(rises, falls) if condition == "measuring" else 0.0, condition)
        at += _STEP_S
