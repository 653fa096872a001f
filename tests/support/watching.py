"""A viewer that keeps what it was shown, in place of a socket."""

import json

from scores.board.viewers import Frame, Viewer
from scores.errors import Refused


class Watcher(Viewer):
    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.refusals: list[str] = []

    def show(self, frame: Frame) -> None:
        self.frames.append(frame)

    def beat(self, heartbeat: Frame) -> None:
        self.frames.append(heartbeat)

    def refuse(self, refusal: Refused) -> None:
        self.refusals.append(refusal.code)

    async def leave(self) -> None:
        pass

    @property
    def texts(self) -> list[str]:
        return [frame.text for frame in self.frames]

    @property
    def events(self) -> list[str]:
        return [json.loads(text)["event"] for text in self.texts]
