"""The board against its log: verified, put right, and taken along as a case file."""
