"""EPANET in memory, and what a site's signals measure of its network model: for the simulator and the twin."""
