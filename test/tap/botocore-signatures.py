"""Signs each request of a JSON list on stdin as botocore does; prints their Authorization headers as a JSON list."""

import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def authorization(case):
    keys = case["keys"]
    credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))
    auth = SigV4Auth(credentials, case["service"], case["region"])
    request = AWSRequest(
        method=case["method"],
        url=case["url"],
        headers=case["headers"],
        data=case["body"].encode("utf-8"),
    )
    request.context["timestamp"] = case["at"]
    auth._modify_request_before_signing(request)
    request.headers.replace_header("X-Amz-Date", case["at"]) if "X-Amz-Date" in request.headers else None
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))
    return request.headers["Authorization"]


print(json.dumps([authorization(case) for case in json.load(sys.stdin)]))
