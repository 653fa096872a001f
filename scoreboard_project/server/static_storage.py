"""Static files as they are collected for production: without comments, compressed, and by names that change with their content.

A page of one release never loads a module of another: its names lead to its own files. Where nothing was collected since files
changed, as in development, they are served from where they lie, by their plain names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import rcssmin
import rjsmin
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = "scoreboard/"
#: Other sites load these by names that stay (docs/api.md): what they import is by names of their own release.
PUBLIC = ("scoreboard/scoreboard-client.js", "scoreboard/scoreboard-watch.js", "scoreboard/score-board.js")
MINIFIERS: Mapping[str, Callable[[str], str]] = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}

Processed = tuple[str, str | None, bool | Exception]


class Source:
    """Where a file is collected from, read without comments and spaces where it is ours."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def open(self, path: str) -> "ContentFile[bytes]":
        with self._storage.open(path) as file:
            return ContentFile(_minify(path, file.read()))


class CollectedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    support_js_module_import_aggregation = True

    def read_manifest(self) -> str | None:
        """Read which names there are; none where files are served from where they lie."""
        manifest: str | None = None if settings.WHITENOISE_USE_FINDERS else super().read_manifest()
        return manifest

    def stored_name(self, name: str) -> str:
        """Return the hashed name of a file, or the name itself where it is served from where it lies."""
        stored: str = name if settings.WHITENOISE_USE_FINDERS else super().stored_name(name)
        return stored

    def save(self, name: str, content: Any, max_length: int | None = None) -> str:
        """Collect a file by its plain name."""
        if name.startswith(OURS):
            content = ContentFile(_minify(name, content.read()))
        saved: str = super().save(name, content, max_length)
        return saved

    def post_process(self, paths: Mapping[str, tuple[Storage, str]], *args: Any, **options: Any) -> Iterator[Processed]:
        """Save each file by a name of its content as well."""
        sources = {
            name: (Source(storage) if name.startswith(OURS) else storage, path)
            for name, (storage, path) in paths.items()
        }
        yield from super().post_process(sources, *args, **options)

    def post_process_with_compression(self, files: Iterable[Processed]) -> Iterator[Processed]:
        """Compress what was collected, once the public scripts import by hashed names too."""
        processed = list(files)
        for name in PUBLIC:
            with self.open(self.hashed_files[self.hash_key(name)]) as hashed:
                Path(self.path(name)).write_bytes(hashed.read())
        yield from super().post_process_with_compression(iter(processed))


def _minify(name: str, content: bytes) -> bytes:
    minify = MINIFIERS.get(Path(name).suffix)
    return content if minify is None else minify(content.decode()).encode()
