"""What investigators do and are told: corrections, erasures, and suspicions."""
