"""Reads from the emulated AWS with boto3, a client that nobody here wrote, and
prints what it got as one line of JSON for each call. Its signatures are those of
botocore.

    read.py TOKEN     AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(region_name="eu-central-1", retries={"total_max_attempts": 1})
ROLE = "arn:aws:iam::123456789012:role/ci"


def say(name, call, *fields, **arguments):
    """Prints the fields of an answer, or the code and the status of an error."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        print(json.dumps([name, error.response["Error"]["Code"], status]))
        return {}
    print(json.dumps([name] + [answer.get(field) for field in fields], default=lambda x: x.decode("latin-1") if isinstance(x, bytes) else str(x)))
    return answer


secrets = boto3.client("secretsmanager", config=CONFIG)
say("current", secrets.get_secret_value, "Name", "SecretString", "VersionStages", SecretId="api")
say("previous", secrets.get_secret_value, "SecretString", SecretId="api", VersionStage="AWSPREVIOUS")
say("binary", secrets.get_secret_value, "SecretBinary", SecretId="bytes")
say("missing", secrets.get_secret_value, SecretId="none")
say("marked", secrets.get_secret_value, SecretId="going")
batch = say("batch", secrets.batch_get_secret_value, "NextToken", SecretIdList=["api", "none", "bytes"])
print(json.dumps(["values"] + sorted(v["Name"] for v in batch["SecretValues"]) + [e["SecretId"] + " " + e["ErrorCode"] for e in batch["Errors"]]))
say("describe", secrets.describe_secret, "Tags", "RotationEnabled", SecretId="api")
say("deleted", secrets.describe_secret, "DeletedDate", SecretId="going")
versions = say("versions", secrets.list_secret_version_ids, SecretId="api", IncludeDeprecated=True)
print(json.dumps(["stages"] + [v["VersionStages"] for v in versions["Versions"]]))

parameters = boto3.client("ssm", config=CONFIG)
got = say("parameters", parameters.get_parameters, "InvalidParameters", Names=["/key", "flat:1", "/none"], WithDecryption=True)
print(json.dumps(["parameter"] + [[p["Name"], p.get("Selector"), p["Value"], p["Version"], p["Type"]] for p in got["Parameters"]]))
found = say("describe parameters", parameters.describe_parameters, ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": ["/key"]}])
print(json.dumps(["described"] + [[p["Name"], p["Version"], p["Policies"][0]["PolicyType"]] for p in found["Parameters"]]))
say("tags", parameters.list_tags_for_resource, "TagList", ResourceType="Parameter", ResourceId="/key")

sts = boto3.client("sts", config=CONFIG)
say("refused", sts.assume_role_with_web_identity, RoleArn=ROLE, RoleSessionName="boto", WebIdentityToken="none of ours")
login = say("login", sts.assume_role_with_web_identity, RoleArn=ROLE, RoleSessionName="boto", WebIdentityToken=sys.argv[1])
keys = login["Credentials"]
session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]).client("secretsmanager", config=CONFIG)
say("as a job", session.get_secret_value, "SecretString", SecretId="api")
say("not a job's", session.get_secret_value, SecretId="bytes")
forged = boto3.Session(keys["AccessKeyId"], "another", keys["SessionToken"]).client("secretsmanager", config=CONFIG)
say("forged", forged.get_secret_value, SecretId="api")
