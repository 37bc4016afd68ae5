"""Sources write at once, from threads of their own: what they say of one thing is one alarm."""

import threading

from infrastress.core.time import SECOND
from infrastress.events import Alarm, Detection, Incident, Tick, decode_event, encode_event, make_event
from infrastress.fusion import FusionUnit
from infrastress.runtime import Policy, Worker
from infrastress.store import open_store
from infrastress.store.ports import read_all

from .plant import SITE, T0, detection

THREADS, EACH = 8, 25
INPUT = "fusion/plant"


def said(thread: int, number: int):
    moment = T0 + (THREADS * number + thread) * (SECOND // 1000)
    like = detection(0, "mass_balance", ("T-1",))
    body = Detection(**{**{name: getattr(like.body, name) for name in like.body.__struct_fields__},
                        "episode": f"{thread}/{number}", "began": moment, "until": moment})  # fmt: skip
    return make_event(site="plant", source=f"s{thread}", sequence=number, occurred=moment, assets=("T-1",), body=body)


def test_detections_a_millisecond_apart_on_eight_threads_make_one_alarm(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        start = threading.Barrier(THREADS)

        def source(thread: int) -> None:
            start.wait()
            for number in range(EACH):
                event = said(thread, number)
                store.log.append(f"{INPUT}:event", [(event.id, encode_event(event))])

        threads = [threading.Thread(target=source, args=(thread,)) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end = make_event(site="plant", source="runtime", sequence=0, occurred=T0,
                         body=Tick(watermark=T0 + 10**12, final=True))  # fmt: skip
        store.log.append(f"{INPUT}:tick", [(end.id, encode_event(end))])
        worker = Worker(store.log, store.checkpoints, INPUT, FusionUnit(SITE), Policy(), owner="test")
        worker.acquire()
        while worker.step():
            pass
        worker.release()
        told = [decode_event(record.data).body for record in read_all(store.log, "result/plant")]
    alarms = {body.alarm: body for body in told if isinstance(body, Alarm)}
    (alarm,) = alarms.values()
    assert alarm.count == THREADS * EACH
    incidents = {body.incident: body for body in told if isinstance(body, Incident)}
    (incident,) = incidents.values()
    assert incident.detections_total == THREADS * EACH
