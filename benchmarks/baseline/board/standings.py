"""The top 10 as API and socket give it."""

from benchmarks.baseline.board.models import Score


def read_top():
    scores = Score.objects.select_related("user")[:10]
    return {
        "entries": [
            {"rank": rank, "player": score.user_id, "name": score.user.username, "score": score.points}
            for rank, score in enumerate(scores, start=1)
        ]
    }
