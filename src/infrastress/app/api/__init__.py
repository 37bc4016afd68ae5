"""The HTTP API: what the platform knows, told to consoles and other programs, and what people do about alarms."""
