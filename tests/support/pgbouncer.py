"""PgBouncer between a server and PostgreSQL, as many a site and most hosted databases have it."""

import os
import shutil
from pathlib import Path

import psycopg

from tests.support.processes import Server, ServerError
from tests.support.servers import UNPRIVILEGED_USER, PostgreSQL


def find_pgbouncer() -> Path:
    # Debian keeps it where only root looks.
    if found := shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"):
        return Path(found)
    raise ServerError("PgBouncer was not found. Install it (Debian: apt-get install pgbouncer).")


class PgBouncer(Server):
    """In transaction mode before a PostgreSQL, with few sessions for many clients; `settings` are those of its file."""

    name = "PgBouncer"

    def __init__(self, postgresql: PostgreSQL, **settings: str) -> None:
        super().__init__()
        if os.geteuid() == 0:
            # It refuses to run as root.
            self.user = UNPRIVILEGED_USER
            self.folder.chmod(0o755)
        values = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": "3",
            "max_client_conn": "500",
            **settings,
        }
        lines = [
            "[databases]",
            f"* = host=127.0.0.1 port={postgresql.port} user=scoreboard",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in values.items()),
        ]
        (self.folder / "pgbouncer.ini").write_text("\n".join(lines), encoding="utf-8")

    def database_url(self, database: str) -> str:
        return f"postgresql://scoreboard@127.0.0.1:{self.port}/{database}"

    def _command(self) -> list[str]:
        return [str(find_pgbouncer()), str(self.folder / "pgbouncer.ini")]

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.database_url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
