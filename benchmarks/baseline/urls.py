"""The two routes that are compared."""

from django.urls import path

from benchmarks.baseline.board.views import TopView, UpdateView

urlpatterns = [path("api/score/update", UpdateView.as_view()), path("api/score/top", TopView.as_view())]
