"""Words of the network record: protocols, kinds of row, actions, senders; producers write no others."""

from enum import StrEnum
from typing import Final

__all__ = [
    "ACTS_ON_PLANT",
    "ADMINISTERS",
    "CHANGES_CONTROLLER",
    "INDUSTRIAL",
    "OFFICE",
    "Action",
    "Kind",
    "Protocol",
    "Sender",
    "Transport",
]


class Transport(StrEnum):
    """What carries the message."""

    TCP = "tcp"
    UDP = "udp"
    ETHERNET = "ethernet"
    IP = "ip"  # another protocol over IP


class Protocol(StrEnum):
    """What was spoken, told by content. The first block is decoded, the second named, the third by tshark."""

    MODBUS = "modbus"
    IEC104 = "iec104"
    DNP3 = "dnp3"
    S7COMM = "s7comm"
    ENIP = "enip"  # the EtherNet/IP encapsulation
    CIP = "cip"
    BACNET = "bacnet"
    OPCUA = "opcua"
    ARP = "arp"

    S7COMM_PLUS = "s7comm-plus"
    COTP = "cotp"
    PROFINET = "profinet"
    GOOSE = "goose"
    SV = "sampled-values"
    MMS = "mms"
    LLDP = "lldp"
    TLS = "tls"
    SSH = "ssh"
    SMB = "smb"
    RDP = "rdp"
    VNC = "vnc"
    HTTP = "http"
    FTP = "ftp"
    TFTP = "tftp"
    TELNET = "telnet"
    DNS = "dns"
    DHCP = "dhcp"
    NTP = "ntp"
    SNMP = "snmp"
    MQTT = "mqtt"
    ICMP = "icmp"
    UNKNOWN = "unknown"

    FINS = "omron-fins"
    HART_IP = "hart-ip"
    SYNCHROPHASOR = "c37.118"
    KNX = "knxnet-ip"
    ETHERCAT = "ethercat"
    POWERLINK = "powerlink"
    DCERPC = "dce-rpc"
    COAP = "coap"
    AMQP = "amqp"
    PTP = "ptp"
    STP = "stp"
    CDP = "cdp"
    IGMP = "igmp"
    NETBIOS = "netbios"
    SSDP = "ssdp"
    RTSP = "rtsp"
    SYSLOG = "syslog"
    KERBEROS = "kerberos"
    LDAP = "ldap"


ADMINISTERS: Final = frozenset({Protocol.RDP, Protocol.VNC, Protocol.SSH, Protocol.TELNET})
"""By which people work on another machine."""

OFFICE: Final = ADMINISTERS | {
    Protocol.TLS, Protocol.SMB, Protocol.HTTP, Protocol.FTP, Protocol.TFTP, Protocol.DNS,
}  # fmt: skip
"""What office networks speak too: its files and refusals are not those of controllers."""

INDUSTRIAL: Final = frozenset(
    {
        Protocol.MODBUS, Protocol.IEC104, Protocol.DNP3, Protocol.S7COMM, Protocol.S7COMM_PLUS, Protocol.COTP,
        Protocol.ENIP, Protocol.CIP, Protocol.BACNET, Protocol.OPCUA, Protocol.MMS, Protocol.FINS, Protocol.HART_IP,
    }
)  # fmt: skip
"""By which controllers are read and told what to do, over IP."""


class Kind(StrEnum):
    """What a row is.

    TRANSACTION: a request and its response. REQUEST: a request without a response, as far as the capture goes.
    RESPONSE: a response whose request wasn't seen. MESSAGE: one that asks for no answer or came unasked (a spontaneous
    report, a broadcast). CONNECTION: a TCP connection or UDP conversation that ended or went quiet: `ok` whether the
    server answered (None over UDP, where it needn't), `quantity` its packets, `bytes` its payload, `response_ns` how
    long it lasted. MALFORMED: a PDU that breaks its protocol's rules, `error` says which. ALERT: what another sensor's
    rule found in the traffic: `function` the rule's number, `function_name` its words, `object` its class, `exception`
    its priority, 1 highest.
    """

    TRANSACTION = "transaction"
    REQUEST = "request"
    RESPONSE = "response"
    MESSAGE = "message"
    CONNECTION = "connection"
    MALFORMED = "malformed"
    ALERT = "alert"


class Sender(StrEnum):
    """Who sent the row's first message. A row's client and server keep their roles whoever speaks."""

    CLIENT = "client"
    SERVER = "server"


class Action(StrEnum):
    """What the message is for, the same word in every protocol, so that a detector needs no function codes."""

    READ = "read"  # process values or memory
    WRITE = "write"  # registers, setpoints, memory, properties
    SELECT = "select"  # the first half of select before operate
    OPERATE = "operate"  # a command to a point: coil, breaker, setpoint command
    REPORT = "report"  # values that the server sends, asked or unasked
    SUBSCRIBE = "subscribe"
    IDENTIFY = "identify"  # who and what are you
    BROWSE = "browse"  # lists of blocks, objects, files, classes
    DIAGNOSE = "diagnose"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    MODE = "mode"  # operating mode, key switch by software
    DOWNLOAD = "download"  # program or configuration into the controller
    UPLOAD = "upload"  # program or configuration out of it
    FIRMWARE = "firmware"
    FILE_READ = "file-read"
    FILE_WRITE = "file-write"
    DELETE = "delete"
    CONFIGURE = "configure"
    CLOCK = "clock"  # sets the time
    SILENCE = "silence"  # listen-only, unsolicited reports or alarms off
    ACKNOWLEDGE = "acknowledge"
    SECURITY = "security"  # passwords, authentication
    SESSION = "session"  # opens, keeps or closes the connection
    OTHER = "other"


ACTS_ON_PLANT: Final = frozenset({Action.WRITE, Action.OPERATE})
"""A value in the process may change."""

CHANGES_CONTROLLER: Final = frozenset(
    {
        Action.START,
        Action.STOP,
        Action.RESTART,
        Action.MODE,
        Action.DOWNLOAD,
        Action.FIRMWARE,
        Action.FILE_WRITE,
        Action.DELETE,
        Action.CONFIGURE,
        Action.CLOCK,
        Action.SILENCE,
    }
)
"""What a controller does, or whether it is heard, may change."""
