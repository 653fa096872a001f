"""What every answer has in common, of the API, the pages, the admin and the sign-in: limits, problems, ids, log lines."""
