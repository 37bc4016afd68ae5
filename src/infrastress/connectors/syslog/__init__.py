"""Syslog in: RFC 5424 and RFC 3164 over UDP, TCP and TLS; lines become events by rules."""

from infrastress.connectors.syslog.connector import SyslogConnector
from infrastress.connectors.syslog.options import SyslogOptions

__all__ = ["SyslogConnector", "SyslogOptions"]
