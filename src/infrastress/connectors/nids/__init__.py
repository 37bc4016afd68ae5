"""Logs of network sensors (Suricata, Zeek): one base for recorded and growing ones; a member only reads lines."""
