"""Standings carried over: scores imported from a file, boards exported as one."""
