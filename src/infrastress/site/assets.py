"""Assets: anything that can fail or be attacked. One model a type, told apart by `type`."""

from typing import Annotated, Literal

from pydantic import Field

from infrastress.site.base import Id, Model, Point, Polygon

__all__ = [
    "Asset",
    "Boundary",
    "Camera",
    "Controller",
    "District",
    "Door",
    "Equipment",
    "Fence",
    "GasDetector",
    "Host",
    "Interface",
    "Junction",
    "LevelSwitch",
    "Pump",
    "SafetyDevice",
    "Tank",
    "TrackSensor",
    "Valve",
]


class Interface(Model):
    """A network interface of an asset, and how it answers on OT protocols."""

    network: Id
    address: Annotated[str, Field(description="IPv4 or IPv6 address")]
    mac: Annotated[str | None, Field(pattern=r"^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$")] = None
    protocol: (
        Literal["modbus", "opcua", "dnp3", "s7", "iec104", "enip", "bacnet", "mqtt", "http", "ssh", "rdp"] | None
    ) = None
    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    unit_id: Annotated[int | None, Field(ge=0, le=255, description="Modbus unit id")] = None


class AssetBase(Model):
    """What every asset has."""

    id: Id
    name: str = ""
    zone: Annotated[Id | None, Field(description="Physical zone it stands in")] = None
    security_zone: Annotated[Id | None, Field(description="IEC 62443 security zone it belongs to")] = None
    position: Annotated[Point | None, Field(description="[x, y] in metres of the site's CRS")] = None
    outline: Polygon | None = None
    criticality: Annotated[int, Field(ge=1, le=5)] = 3
    controller: Annotated[Id | None, Field(description="PLC or host that reads or drives it")] = None
    interfaces: tuple[Interface, ...] = ()
    element: Annotated[
        str | None, Field(max_length=80, description="Its name in the network model, where that isn't its id")
    ] = None


class Tank(AssetBase):
    """A vessel whose level says its volume: by strapping table, or as an upright cylinder of `diameter_m`."""

    type: Literal["tank"]
    substance: Id | None = None
    diameter_m: Annotated[float | None, Field(gt=0)] = None
    strapping: Annotated[
        list[tuple[float, float]] | None, Field(min_length=2, description="[level m, volume m3], both rising")
    ] = None
    height_m: Annotated[float, Field(gt=0, description="Level at which it overflows")]
    minimum_level_m: Annotated[float, Field(ge=0)] = 0.0
    bund: Id | None = None
    expansion_per_k: Annotated[float, Field(ge=0, description="Volume expansion of the content, 1/K")] = 0.0


class Pump(AssetBase):
    """A pump; a curve of [flow m3/h, head m] where known."""

    type: Literal["pump"]
    rated_flow_m3h: Annotated[float | None, Field(gt=0)] = None
    curve: Annotated[list[tuple[float, float]] | None, Field(min_length=1)] = None


class Valve(AssetBase):
    """A valve that opens and closes, or regulates."""

    type: Literal["valve"]
    travel_s: Annotated[float, Field(ge=0, description="Time from closed to open")] = 0.0
    fails: Literal["open", "closed", "last"] = "last"
    normally: Annotated[
        Literal["open", "closed"], Field(description="How it stands; taken for it where no state is metered")
    ] = "open"


class LevelSwitch(AssetBase):
    """An independent switch that trips at a level, whatever the gauge says."""

    type: Literal["level_switch"]
    tank: Id
    level_m: Annotated[float, Field(gt=0)]


class GasDetector(AssetBase):
    """A gas head; alarms are fractions of the lower explosive limit."""

    type: Literal["gas_detector"]
    low_alarm_lel: Annotated[float, Field(gt=0, le=1)] = 0.1
    high_alarm_lel: Annotated[float, Field(gt=0, le=1)] = 0.4


class Controller(AssetBase):
    """PLC, RTU or safety system."""

    type: Literal["controller"]
    safety: bool = False


class Host(AssetBase):
    """Computer or network device: HMI, engineering station, historian, server, switch, firewall."""

    type: Literal["host"]
    role: Literal["hmi", "engineering", "historian", "server", "switch", "firewall", "gateway", "workstation", "other"]


class Door(AssetBase):
    """A door or gate with a reader, from one zone to another."""

    type: Literal["door"]
    leads_to: Id
    counts: Annotated[bool, Field(description="It counts who passes, or lets one through at a time")] = False
    reads_out: Annotated[bool, Field(description="A badge is read on the way out too: anti-passback holds")] = True
    open_s: Annotated[float, Field(gt=0, description="How long it may stand open")] = 30.0


class Fence(AssetBase):
    """A section of a fence or another line of detection; sections whose ends meet are neighbours."""

    type: Literal["fence"]
    line: Annotated[list[Point], Field(min_length=2, description="Points [x, y] in metres of the site's CRS")]


class SafetyDevice(AssetBase):
    """A device that warns of fire, or a panel that gathers such."""

    type: Literal["flame_detector", "smoke_detector", "fire_panel", "call_point"]


class TrackSensor(AssetBase):
    """A system that gives tracks: radar, RF sensor, receiver of Remote ID or AIS."""

    type: Literal["radar", "rf_sensor", "remote_id", "ais"]
    reach_m: Annotated[float | None, Field(gt=0)] = None


class Camera(AssetBase):
    """A camera and the ground it sees."""

    type: Literal["camera"]
    sees: Polygon | None = None


class Boundary(AssetBase):
    """Where the process begins or ends: a ship, a pipeline, a customer, a reservoir. Its content isn't balanced."""

    type: Literal["boundary"]


class Junction(AssetBase):
    """A node where flows meet; what enters leaves, up to its demand."""

    type: Literal["junction"]
    elevation_m: float | None = None
    demand: Annotated[bool, Field(description="True when customers draw here unmetered")] = False


class District(AssetBase):
    """An area of a supply network: pipes that are open to each other, taken as one node with one demand."""

    type: Literal["district"]
    demand_m3h: Annotated[float, Field(ge=0, description="What its customers draw on average")] = 0.0
    elevation_m: Annotated[tuple[float, float] | None, Field(description="Lowest and highest ground")] = None


class Equipment(AssetBase):
    """Anything else: bund, building, pumping station, substance store, transformer, generator."""

    type: Literal["bund", "building", "station", "store", "transformer", "generator", "pipe", "heater", "other"]
    substance: Id | None = None
    capacity_m3: Annotated[float | None, Field(gt=0)] = None


Asset = Annotated[
    Tank
    | Pump
    | Valve
    | LevelSwitch
    | GasDetector
    | Controller
    | Host
    | Door
    | Fence
    | SafetyDevice
    | TrackSensor
    | Camera
    | Boundary
    | Junction
    | District
    | Equipment,
    Field(discriminator="type"),
]
