"""A bucket for one test, behind a link that can be cut; and what is in it."""
import subprocess
import sys
import uuid
from pathlib import Path

import boto3

from .proxy import Proxy


SECRET = "what nobody may read"


class Bucket:
    def __init__(self):
        self.server = subprocess.Popen([sys.executable, Path(__file__).with_name("s3_server.py")], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.address = self.server.stdout.readline().strip()
        self.link = Proxy(self.address.removeprefix("http://"))
        self.prefix = uuid.uuid4().hex
        self.client = boto3.client("s3", endpoint_url=self.address, region_name="us-east-1", aws_access_key_id="key",
                                   aws_secret_access_key="secret")

    @property
    def environment(self):
        return {"ONEFOLD_S3_ENDPOINT": f"http://127.0.0.1:{self.link.port}", "ONEFOLD_S3_PREFIX": self.prefix,
                "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET}

    def objects(self, below=""):
        """Name and size, as the service itself tells them."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="onefold", Prefix=f"{self.prefix}/{below}")
        return {item["Key"].removeprefix(self.prefix + "/"): item["Size"] for page in pages for item in page.get("Contents", [])}

    def damage(self, name):
        """Another byte in the middle of an object."""
        body = bytearray(self.client.get_object(Bucket="onefold", Key=f"{self.prefix}/{name}")["Body"].read())
        body[len(body) // 2] ^= 1
        self.client.put_object(Bucket="onefold", Key=f"{self.prefix}/{name}", Body=bytes(body))

    def close(self):
        self.link.close()
        self.server.stdin.close()
        self.server.wait(10)
        self.server.stdout.close()
