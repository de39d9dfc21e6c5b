"""Drives the emulated GitLab with python-gitlab.

Like gitbeaker.mjs: what is sent and expected was decided by neither the
emulator's authors nor keyplumb's. Ends with an error at the first thing that is
not as GitLab documents it.

    python_gitlab.py                    creates, lists, updates and deletes
    python_gitlab.py readback PROJECT   prints the project's variables
"""

import json
import os
import sys

import gitlab

PROD = {"environment_scope": "prod"}
FIELDS = "key environment_scope value masked hidden protected raw variable_type description".split()


def refused(status, words, do, *arguments, **options):
    """Expects a refusal, and words of GitLab's in it."""
    try:
        do(*arguments, **options)
    except gitlab.GitlabError as error:
        assert error.response_code == status and words in str(error), error
        return
    raise AssertionError(f"no {status} {words}")


def whole_life(what, place):
    """What projects, groups and the instance have in common."""
    for i in range(12):
        place.create({"key": f"PY_{i}", "value": str(i)})
    refused(400, "(PY_0) has already been taken", place.create, {"key": "PY_0", "value": ""})
    refused(400, "can contain only letters, digits and '_'.", place.create, {"key": "A-B", "value": ""})
    assert len(place.list(get_all=False)) == 12
    assert [each.key for each in place.list(iterator=True, per_page=5)] == [f"PY_{i}" for i in range(12)]
    first = place.get("PY_0")
    first.value = "changed, with $dollar\nand \N{SNOWMAN}"
    first.raw = True
    first.description = "by python-gitlab"
    first.save()
    assert place.get("PY_0").value == first.value
    assert place.get("PY_0").description == "by python-gitlab"
    refused(400, "is invalid", place.update, "PY_0", {"masked": True})
    for i in range(1, 12):
        place.delete(f"PY_{i}")
    refused(404, "Not Found", place.get, "PY_1")
    place.create({"key": "PY_MASKED", "value": "long+enough", "masked": True, "protected": True})
    place.create({"key": "PY_FILE", "value": "a\nb\n", "variable_type": "file"})
    assert place.get("PY_FILE").variable_type == "file"
    print("python-gitlab: variables of", what)


def scopes(what, place):
    """What projects and groups have."""
    place.create({"key": "PY_SCOPED", "value": "everywhere"})
    place.create({"key": "PY_SCOPED", "value": "in prod", "environment_scope": "prod"})
    refused(409, "Please use 'filter[environment_scope]'", place.get, "PY_SCOPED")
    assert place.get("PY_SCOPED", filter=PROD).value == "in prod"
    place.update("PY_SCOPED", {"value": "changed in prod"}, filter=PROD)
    assert place.get("PY_SCOPED", filter={"environment_scope": "*"}).value == "everywhere"
    place.create({"key": "PY_SCOPED", "value": "soon gone", "environment_scope": "stage/*"})
    place.delete("PY_SCOPED", filter={"environment_scope": "stage/*"})

    hidden = place.create({"key": "PY_HIDDEN", "value": "long+enough", "masked_and_hidden": True})
    assert hidden.value is None and hidden.hidden and hidden.masked
    place.update("PY_HIDDEN", {"value": "another+value"})
    refused(400, "The visibility setting cannot be changed", place.update, "PY_HIDDEN", {"masked": False})
    print("python-gitlab: scopes and hidden variables of", what)


def readback(project):
    seen = client.projects.get(project).variables.list(iterator=True, per_page=100)
    for line in sorted(json.dumps({field: getattr(each, field) for field in FIELDS}, sort_keys=True) for each in seen):
        print(line)


client = gitlab.Gitlab(os.environ["GITLAB_URL"], private_token=os.environ["GITLAB_TOKEN"], retry_transient_errors=False)
if sys.argv[1:2] == ["readback"]:
    readback(sys.argv[2])
    sys.exit()

client.auth()
assert client.user.is_admin
assert client.version()[0] != "unknown"
project = client.projects.get("acme/apps/web")
group = client.groups.get(project.namespace["id"])
assert group.full_path == "acme/apps", group.full_path
whole_life("the project", project.variables)
whole_life("the group", group.variables)
whole_life("the instance", client.variables)
scopes("the project", project.variables)
scopes("the group", group.variables)
