"""Wiring: settings, routes and the application that the servers run."""

__version__ = "0.1.0"
