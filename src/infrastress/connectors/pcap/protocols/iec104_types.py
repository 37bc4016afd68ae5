"""Type identifications and causes of transmission of IEC 60870-5-101/-104 (tables 8 and 14), with their elements."""

import struct
from typing import Final, NamedTuple

from infrastress.events.network_terms import Action

__all__ = ["CAUSES", "REFUSALS", "TYPES", "Element"]

_NAN: Final = float("nan")


class Element(NamedTuple):
    """An information element.

    Attributes:
        size: bytes with its time tag; -1 where the length varies.
        kind: how its value is read: a struct format, "nva" (normalised), "bits" under `mask`, or "" for no number.
        qualifier: offset of the byte with the S/E bit, of commands.
    """

    size: int
    kind: str = ""
    mask: int = 0
    qualifier: int | None = None

    def value(self, data: bytes, at: int) -> float:
        """As a number; normalised values are -1 to 1, NaN where there is none."""
        if self.kind == "":
            return _NAN
        if self.kind == "bits":
            return data[at] & self.mask
        if self.kind == "step":  # seven bits, signed
            return (data[at] & 0x7F ^ 0x40) - 0x40
        if self.kind == "nva":
            return float(struct.unpack_from("<h", data, at)[0]) / 32768
        return float(struct.unpack_from(self.kind, data, at)[0])


_MONITOR: Final = {  # name -> (element without time tag, types plain, with 3 bytes of time, with 7)
    "SP": (Element(1, "bits", 1), 1, 2, 30),
    "DP": (Element(1, "bits", 3), 3, 4, 31),
    "ST": (Element(2, "step"), 5, 6, 32),
    "BO": (Element(5, "<I"), 7, 8, 33),
    "ME_A": (Element(3, "nva"), 9, 10, 34),
    "ME_B": (Element(3, "<h"), 11, 12, 35),
    "ME_C": (Element(5, "<f"), 13, 14, 36),
    "IT": (Element(5, "<i"), 15, 16, 37),
}
_NAMES: Final = {
    1: "M_SP_NA_1", 2: "M_SP_TA_1", 3: "M_DP_NA_1", 4: "M_DP_TA_1", 5: "M_ST_NA_1", 6: "M_ST_TA_1", 7: "M_BO_NA_1",
    8: "M_BO_TA_1", 9: "M_ME_NA_1", 10: "M_ME_TA_1", 11: "M_ME_NB_1", 12: "M_ME_TB_1", 13: "M_ME_NC_1",
    14: "M_ME_TC_1", 15: "M_IT_NA_1", 16: "M_IT_TA_1", 30: "M_SP_TB_1", 31: "M_DP_TB_1", 32: "M_ST_TB_1",
    33: "M_BO_TB_1", 34: "M_ME_TD_1", 35: "M_ME_TE_1", 36: "M_ME_TF_1", 37: "M_IT_TB_1",
}  # fmt: skip

TYPES: Final[dict[int, tuple[str, Element, Action]]] = {
    plain: (_NAMES[plain], element._replace(size=element.size + extra), Action.REPORT)
    for element, *kinds in _MONITOR.values()
    for plain, extra in zip(kinds, (0, 3, 7), strict=True)
} | {
    17: ("M_EP_TA_1", Element(6), Action.REPORT),
    18: ("M_EP_TB_1", Element(7), Action.REPORT),
    19: ("M_EP_TC_1", Element(7), Action.REPORT),
    20: ("M_PS_NA_1", Element(5, "<H"), Action.REPORT),
    21: ("M_ME_ND_1", Element(2, "nva"), Action.REPORT),
    38: ("M_EP_TD_1", Element(10), Action.REPORT),
    39: ("M_EP_TE_1", Element(11), Action.REPORT),
    40: ("M_EP_TF_1", Element(11), Action.REPORT),
    70: ("M_EI_NA_1", Element(1), Action.REPORT),
    100: ("C_IC_NA_1", Element(1, "bits", 255), Action.READ),
    101: ("C_CI_NA_1", Element(1, "bits", 255), Action.READ),
    102: ("C_RD_NA_1", Element(0), Action.READ),
    103: ("C_CS_NA_1", Element(7), Action.CLOCK),
    104: ("C_TS_NA_1", Element(2), Action.DIAGNOSE),
    105: ("C_RP_NA_1", Element(1, "bits", 255), Action.RESTART),
    106: ("C_CD_NA_1", Element(2), Action.CLOCK),
    107: ("C_TS_TA_1", Element(9), Action.DIAGNOSE),
    110: ("P_ME_NA_1", Element(3, "nva"), Action.CONFIGURE),
    111: ("P_ME_NB_1", Element(3, "<h"), Action.CONFIGURE),
    112: ("P_ME_NC_1", Element(5, "<f"), Action.CONFIGURE),
    113: ("P_AC_NA_1", Element(1, "bits", 255), Action.CONFIGURE),
    120: ("F_FR_NA_1", Element(6), Action.FILE_READ),
    121: ("F_SR_NA_1", Element(7), Action.FILE_READ),
    122: ("F_SC_NA_1", Element(4), Action.FILE_READ),
    123: ("F_LS_NA_1", Element(5), Action.FILE_READ),
    124: ("F_AF_NA_1", Element(4), Action.FILE_READ),
    125: ("F_SG_NA_1", Element(-1), Action.FILE_READ),
    126: ("F_DR_TA_1", Element(13), Action.BROWSE),
    127: ("F_SC_NB_1", Element(16), Action.FILE_READ),
}

_COMMANDS: Final = {  # type without time tag -> (names, element)
    45: ("C_SC_NA_1", "C_SC_TA_1", Element(1, "bits", 1, 0)),
    46: ("C_DC_NA_1", "C_DC_TA_1", Element(1, "bits", 3, 0)),
    47: ("C_RC_NA_1", "C_RC_TA_1", Element(1, "bits", 3, 0)),
    48: ("C_SE_NA_1", "C_SE_TA_1", Element(3, "nva", 0, 2)),
    49: ("C_SE_NB_1", "C_SE_TB_1", Element(3, "<h", 0, 2)),
    50: ("C_SE_NC_1", "C_SE_TC_1", Element(5, "<f", 0, 4)),
    51: ("C_BO_NA_1", "C_BO_TA_1", Element(4, "<I")),
}
for _plain, (_name, _timed, _element) in _COMMANDS.items():
    TYPES[_plain] = (_name, _element, Action.OPERATE)
    TYPES[_plain + 13] = (_timed, _element._replace(size=_element.size + 7), Action.OPERATE)

CAUSES: Final = {
    1: "per/cyc", 2: "back", 3: "spont", 4: "init", 5: "req", 6: "act", 7: "actcon", 8: "deact", 9: "deactcon",
    10: "actterm", 11: "retrem", 12: "retloc", 13: "file", 20: "inrogen", 37: "reqcogen",
    44: "unknown type", 45: "unknown cause", 46: "unknown common address", 47: "unknown object address",
}  # fmt: skip
REFUSALS: Final = {44: "unknown type", 45: "unknown cause", 46: "unknown common address", 47: "unknown object address"}
