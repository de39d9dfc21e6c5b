"""Azure's own clients for Python log in by a job's token and use a Key Vault.

It writes a secret twice, changes and reads it, disables the first version, and
deletes it; what it saw goes to standard output, as sorted JSON.
"""

import datetime
import json
import os

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientAssertionCredential
from azure.keyvault.secrets import SecretClient

credential = ClientAssertionCredential(
    os.environ["AZURE_TENANT_ID"],
    os.environ["AZURE_CLIENT_ID"],
    lambda: os.environ["AZURE_ID_TOKEN"],
    authority=os.environ["AZURE_AUTHORITY_HOST"],
    disable_instance_discovery=True,
)
vault = SecretClient(
    os.environ["AZURE_KEYVAULT_URL"],
    credential,
    verify_challenge_resource=False,
    retry_total=0,
)
expires = datetime.datetime(2031, 1, 1, tzinfo=datetime.timezone.utc)
seen = {}

first = vault.set_secret("from-python", "one", tags={"owner": "payments"}, expires_on=expires)
second = vault.set_secret("from-python", "two", content_type="text/plain")
seen["current"] = vault.get_secret("from-python").value
old = vault.get_secret("from-python", first.properties.version)
seen["first"] = [old.value, old.properties.tags, old.properties.expires_on.isoformat(), old.properties.enabled]
seen["versions"] = sorted(p.version for p in vault.list_properties_of_secret_versions("from-python")) == sorted(
    [first.properties.version, second.properties.version]
)
seen["names"] = [p.name for p in vault.list_properties_of_secrets()]
vault.update_secret_properties("from-python", first.properties.version, enabled=False)
try:
    vault.get_secret("from-python", first.properties.version)
except HttpResponseError as refused:
    seen["disabled"] = [refused.status_code, refused.error.code, refused.error.innererror["code"]]
try:
    vault.get_secret("none")
except ResourceNotFoundError as refused:
    seen["none"] = refused.error.code
deleted = vault.begin_delete_secret("from-python").result()
seen["deleted"] = [deleted.name, vault.get_deleted_secret("from-python").deleted_date is not None]

print(json.dumps(seen, sort_keys=True))
