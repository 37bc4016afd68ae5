"""Captures of network traffic, read passively: transactions of industrial protocols, connections, what is lacking."""
