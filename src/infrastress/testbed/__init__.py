"""The testbed: a simulated plant behind real protocol servers, run by the event clock, and its gateway."""
