"""The socket, as in the tutorial of Channels."""

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from benchmarks.baseline.board.standings import read_top


class ScoreboardConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        await self.channel_layer.group_add("scoreboard", self.channel_name)
        await self.accept()
        await self.send_json({"event": "scoreboardUpdate", "data": await sync_to_async(read_top)()})

    async def disconnect(self, code):
        await self.channel_layer.group_discard("scoreboard", self.channel_name)

    async def scoreboard_update(self, event):
        await self.send_json({"event": "scoreboardUpdate", "data": event["data"]})
