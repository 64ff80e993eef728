"""Reads a ZIP with Python's zipfile.

    read_zip.py extract ARCHIVE FOLDER   writes every entry
    read_zip.py digest ARCHIVE           prints {"name", "size", "crc32"} per entry, a line each

zipfile compares every CRC as it reads to an entry's end and raises BadZipFile on a mismatch.
"""

import json
import os
import sys
import zipfile
import zlib


def extract(archive, folder):
    for info in archive.infolist():
        target = archive.extract(info, folder)
        # extract() drops "..", drive letters and NULs without a word; here that is a failure.
        if target != os.path.normpath(os.path.join(folder, info.orig_filename)):
            raise zipfile.BadZipFile(f"unsafe name {info.orig_filename!r}")


def digest(archive):
    for info in archive.infolist():
        size = crc32 = 0
        with archive.open(info) as content:
            while chunk := content.read(1 << 20):
                size += len(chunk)
                crc32 = zlib.crc32(chunk, crc32)
        print(json.dumps({"name": info.orig_filename, "size": size, "crc32": crc32}))


command, path, *rest = sys.argv[1:]
with zipfile.ZipFile(path) as opened:
    {"extract": extract, "digest": digest}[command](opened, *rest)
