"""The investigators' desk: Django's admin, with a front page, a page for each player, and acts that are previewed."""
