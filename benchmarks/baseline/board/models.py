"""A score per user, and a history of what was added."""

from django.conf import settings
from django.db import models


class Action(models.Model):
    slug = models.SlugField(primary_key=True)
    points = models.PositiveIntegerField()

    def __str__(self):
        return self.slug


class Score(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    points = models.BigIntegerField(default=0, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-points"]

    def __str__(self):
        return f"{self.user}: {self.points}"


class ScoreEvent(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    action = models.ForeignKey(Action, on_delete=models.PROTECT)
    points = models.IntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.user} {self.action}"
