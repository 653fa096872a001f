"""The update and the top 10."""

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models import F
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.baseline.board.models import Action, Score, ScoreEvent
from benchmarks.baseline.board.standings import read_top


class UpdateSerializer(serializers.Serializer):
    action = serializers.SlugRelatedField(slug_field="slug", queryset=Action.objects.all())


class UpdateView(APIView):
    permission_classes = [IsAuthenticated]

    def patch(self, request):
        serializer = UpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        action = serializer.validated_data["action"]
        with transaction.atomic():
            Score.objects.filter(user=request.user).update(points=F("points") + action.points)
            ScoreEvent.objects.create(user=request.user, action=action, points=action.points)
        score = Score.objects.get(user=request.user)
        async_to_sync(get_channel_layer().group_send)("scoreboard", {"type": "scoreboard.update", "data": read_top()})
        return Response({"score": score.points})


class TopView(APIView):
    permission_classes = [AllowAny]

    def get(self, request):
        return Response(read_top())
