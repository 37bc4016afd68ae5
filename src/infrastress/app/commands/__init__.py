"""One module a command, imported when the command is called; each holds a click command named `command`."""
