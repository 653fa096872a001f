"""What stands between the network and Django, and what must hold before it may serve."""
