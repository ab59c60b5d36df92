"""An S3 service for tests, with a bucket `onefold`: prints its address, and ends with its standard input."""
import logging
import sys

import boto3
from moto.server import ThreadedMotoServer

logging.disable(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
boto3.client("s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="key",
             aws_secret_access_key="secret").create_bucket(Bucket="onefold")
print(address, flush=True)
sys.stdin.read()
server.stop()
