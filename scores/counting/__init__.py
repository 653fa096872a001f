"""What counts on which board in which period: definitions, calendar, rules, and the standings that follow."""
