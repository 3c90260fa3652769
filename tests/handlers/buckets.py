"""An S3 that is not Amazon's: moto's server, which speaks the same protocol over real HTTP."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from handlers.server import listen

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
    "AWS_REGION": "us-east-1",
}


@contextlib.contextmanager
def bucket() -> Iterator[str]:
    """The URL of a new bucket, as a storage; the environment leads there meanwhile."""
    with contextlib.closing(listen("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{port}"
    before = dict(os.environ)
    os.environ |= CREDENTIALS | {"AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true"}
    try:
        name = f"films-{uuid4().hex}"  # because all of moto's servers in a process have the same buckets
        client(url).create_bucket(Bucket=name)
        yield f"s3://{name}/kept"
    finally:
        os.environ.clear()
        os.environ |= before
        server.stop()


def client(url: str | None = None) -> boto3.client:
    """A client of the bucket's server."""
    return boto3.client("s3", endpoint_url=url or os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")
