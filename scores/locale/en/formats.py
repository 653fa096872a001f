"""How the desk writes times, whoever of its pages or of Django's writes them: sortable by eye, and never without their zone."""

DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i:s e"
DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
