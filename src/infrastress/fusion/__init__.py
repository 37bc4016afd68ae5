"""Detections become alarms and incidents."""
