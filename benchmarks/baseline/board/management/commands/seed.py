"""Makes the catalogue and players, and prints an access token for each: `seed --count N --action SLUG=POINTS ...`."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from rest_framework_simplejwt.tokens import AccessToken

from benchmarks.baseline.board.models import Action, Score


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--action", action="append", default=[])

    def handle(self, *, count, action, **options):
        for slug, points in (text.split("=") for text in action):
            Action.objects.update_or_create(slug=slug, defaults={"points": int(points)})
        users = User.objects.bulk_create(
            [User(username=f"Player {number:06d}", password="!") for number in range(count)]
        )
        Score.objects.bulk_create([Score(user=user) for user in users])
        for user in users:
            token = AccessToken.for_user(user)
            token.set_exp(lifetime=timedelta(days=1))
            self.stdout.write(f"{user.pk}\t{token}")
