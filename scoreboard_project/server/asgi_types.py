"""The types of an ASGI application, as its specification has them."""

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

#: Also a scope.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
