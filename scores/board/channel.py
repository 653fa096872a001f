"""What is watched: a board in a period, with all who watch it in this process, in a ring, and what each was shown last."""

import math
import time
from collections import OrderedDict
from itertools import islice
from typing import NamedTuple

from scores import metrics
from scores.board.viewers import Frame, Viewer
from scores.errors import Refused

#: At most 10 frames a second to any viewer.
FRAME_SECONDS = 0.1
#: A half-open socket gives a browser no other sign.
HEARTBEAT_SECONDS = 15.0
#: Viewers served between two looks at everything else the process has to do.
BATCH = 50


class News(NamedTuple):
    """What there is to show: `text` is the whole message, `etag` differs where anything but the time of the reading does."""

    etag: str
    as_of: str
    text: str


class Shown(NamedTuple):
    """What a viewer has: the newest frame at that time, and when it was sent that or a heartbeat, in monotonic seconds."""

    frame: Frame | None
    at: float


class Channel:
    """Every frame is the whole top 10, so a lost frame costs nothing. `frame` is the newest.

    The ring is in the order in which its viewers were served, so those who have not the newest frame yet are the first of it. A
    newer frame goes on from there, and nobody waits for it longer than one turn takes.
    """

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self._heartbeat: Frame | None = None
        self._etag = ""
        self._ring: OrderedDict[Viewer, Shown] = OrderedDict()

    @property
    def viewers(self) -> int:
        return len(self._ring)

    def enter(self, viewer: Viewer) -> bool:
        """Let a viewer watch, and show it what is there; False where nothing is yet."""
        if self.frame is None:
            self._ring[viewer] = Shown(None, -math.inf)
            return False
        viewer.show(self.frame)
        self._ring[viewer] = Shown(self.frame, time.monotonic())
        return True

    def leave(self, viewer: Viewer) -> None:
        """Show nothing more to a viewer."""
        self._ring.pop(viewer, None)

    def take(self, news: News) -> None:
        """Have this to show from the next turn on: a frame where it differs from the last, a heartbeat where it does not."""
        if self.frame is None or self._etag != news.etag:
            self._etag, self.frame = news.etag, Frame.of(news.text)
        self._heartbeat = Frame.of(f'{{"event":"heartbeat","data":{{"as_of":"{news.as_of}"}}}}')

    def seconds_to_turn(self) -> float:
        """Seconds until the first of the ring is to be served; infinite where there is none, or nothing to show."""
        if self.frame is None or not self._ring:
            return math.inf
        first = self._ring[next(iter(self._ring))]
        pause = HEARTBEAT_SECONDS if first.frame is self.frame else FRAME_SECONDS
        return first.at + pause - time.monotonic()

    def serve(self) -> bool:
        """Send the first of the ring, a batch at most, what it is time for; whether it was for any."""
        if self.frame is None or self._heartbeat is None:
            return False
        now, served = Shown(self.frame, time.monotonic()), 0
        for viewer, last in list(islice(self._ring.items(), BATCH)):
            if last.frame is not now.frame and last.at + FRAME_SECONDS <= now.at:
                viewer.show(self.frame)
            elif last.at + HEARTBEAT_SECONDS <= now.at:
                viewer.beat(self._heartbeat)
            else:
                break
            self._ring[viewer] = now
            self._ring.move_to_end(viewer)
            served += 1
        metrics.FRAMES.inc(served)
        return served > 0

    def refuse(self, refusal: Refused) -> None:
        """Close all its sockets."""
        for viewer in self._ring:
            viewer.refuse(refusal)
