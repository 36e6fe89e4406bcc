"""Calls every exchange of a JSON object on stdin with boto3, and prints what came over the wire and what boto3 made of it."""

import base64
import json
import sys

import boto3
import botocore.config
import botocore.httpsession

given = json.load(sys.stdin)
seen = {}


class Raw:
    """A body that was read already, and that ends as it did."""

    def __init__(self, chunks, error, headers):
        self.chunks, self.error, self.headers = chunks, error, headers

    def stream(self, *_, **__):
        yield from self.chunks
        if self.error is not None:
            raise self.error

    def read(self, *_, **__):
        return b"".join(self.stream())

    def close(self):
        pass


send = botocore.httpsession.URLLib3Session.send


def watched(self, request):
    is_stream, request.stream_output = request.stream_output, True
    response = send(self, request)
    chunks, error = [], None
    try:
        while True:
            chunk = response.raw.read1(65536) if hasattr(response.raw, "read1") else response.raw.read(65536)
            if not chunk:
                break
            chunks.append(chunk)
    except Exception as caught:
        error = caught
    seen.clear()
    seen.update(
        status=response.status_code,
        headers=sorted([name.lower(), value] for name, value in response.headers.items()),
        body=base64.b64encode(b"".join(chunks)).decode(),
        isCut=error is not None,
    )
    response.raw = Raw(chunks, error, response.raw.headers)
    if not is_stream:
        response.content
    return response


botocore.httpsession.URLLib3Session.send = watched


def client_of(service, url):
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIDOFTHETAP",
        aws_secret_access_key="another",
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


def call(operation, outcome, runtime, control):
    def mark(request, **_):
        request.headers[given["header"]] = f"{operation} {outcome}"

    for client in (runtime, control):
        client.meta.events.register("before-sign", mark, unique_id="mark")
    try:
        model, body = given["model"], given["bodies"][operation]
        if operation == "converse":
            return runtime.converse(modelId=model, **body)
        if operation == "converse-stream":
            return list(runtime.converse_stream(modelId=model, **body)["stream"])
        if operation == "invoke":
            return runtime.invoke_model(modelId=model, body=json.dumps(body))["body"].read()
        if operation == "invoke-stream":
            answer = runtime.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
            return list(answer["body"])
        if operation == "count-tokens":
            return runtime.count_tokens(modelId=model, **body)
        return control.list_inference_profiles(typeEquals="SYSTEM_DEFINED")
    finally:
        for client in (runtime, control):
            client.meta.events.unregister("before-sign", unique_id="mark")


def made_of(value):
    if isinstance(value, dict):
        return {name: made_of(each) for name, each in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [made_of(each) for each in value]
    return value.decode("utf8", "replace") if isinstance(value, bytes) else value


results = []
for url in given["urls"]:
    runtime, control = client_of("bedrock-runtime", url), client_of("bedrock", url)
    for operation, outcome in given["exchanges"]:
        seen.clear()
        try:
            result = made_of(call(operation, outcome, runtime, control))
        except Exception as error:
            result = f"{type(error).__name__}: {error}".replace(url, "URL")
        results.append({**seen, "result": result})
print(json.dumps(results, default=str))
