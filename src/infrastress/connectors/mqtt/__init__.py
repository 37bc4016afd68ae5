"""MQTT in: plain numbers, JSON, events in JSON, and Sparkplug B, from a broker."""

from infrastress.connectors.mqtt.connector import MqttConnector
from infrastress.connectors.mqtt.options import MqttOptions

__all__ = ["MqttConnector", "MqttOptions"]
