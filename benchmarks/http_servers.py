"""What one HTTP request costs, by how Django is put behind the server. By hand: `python -m benchmarks.http_servers`.

The same `GET /healthz` through uvicorn: Django's own ASGI handler, and Django's WSGI handler through our bridge (and
through a2wsgi where it is installed). One run, one after the other, each server's CPU time from the operating system.
"""

import http.client
import importlib.util
import os
import subprocess
import sys
import time

import psutil

PORT = 8931
REQUESTS = 4000
SERVERS = {
    "Django ASGI handler": "django.core.asgi:get_asgi_application()",
    "a2wsgi": "a2wsgi:WSGIMiddleware(django.core.wsgi.get_wsgi_application())",
    "our bridge": "scoreboard_project.server.wsgi_bridge:Bridge(django.core.wsgi.get_wsgi_application())",
}
PROGRAM = """
import uvicorn, django.core.wsgi, django.core.asgi
django.core.wsgi.get_wsgi_application()
import {module}
uvicorn.run({module}.{expression}, port={port}, loop="uvloop", http="httptools", access_log=False, log_config=None, lifespan="off")
"""


def measure(target: str) -> tuple[float, float]:
    """CPU milliseconds and wall milliseconds per request of a server started for it."""
    module, expression = target.split(":")
    environment = {**os.environ, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "scoreboard_project.settings"}
    program = PROGRAM.format(module=module, expression=expression, port=PORT)
    server = subprocess.Popen([sys.executable, "-c", program], env=environment)
    try:
        connection = connect()
        for _ in range(REQUESTS // 10):
            request(connection)
        process = psutil.Process(server.pid)
        before, began = process.cpu_times(), time.perf_counter()
        for _ in range(REQUESTS):
            request(connection)
        elapsed, after = time.perf_counter() - began, process.cpu_times()
        cpu = after.user + after.system - before.user - before.system
        return 1000 * cpu / REQUESTS, 1000 * elapsed / REQUESTS
    finally:
        server.terminate()
        server.wait(10)


def connect() -> http.client.HTTPConnection:
    """A connection to the server as soon as it listens."""
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return connection
    raise TimeoutError("the server did not start within 10 s")


def request(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/healthz")
    response = connection.getresponse()
    response.read()
    assert response.status == 200


def main() -> None:
    reference = None
    for name, target in SERVERS.items():
        if importlib.util.find_spec(target.split(":")[0].split(".")[0]) is None:
            continue
        cpu, wall = measure(target)
        reference = reference or cpu
        print(f"{name:22} {cpu:6.2f} ms CPU {wall:6.2f} ms wall per request   {reference / cpu:4.1f} x")


if __name__ == "__main__":
    main()
