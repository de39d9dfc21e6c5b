"""Drives the emulated GitHub with PyGithub, which seals with PyNaCl.

Like octokit.mjs: what is sent and expected was decided by neither the
emulator's authors nor keyplumb's. Ends with an error at the first thing that is
not as GitHub documents it.
"""

import os

import github


def secrets(what, place, **kind):
    place.create_secret("PY_GONE", "soon deleted", **kind)
    place.create_secret("PY_KEPT", "first", **kind)
    place.create_secret("PY_KEPT", f"PyGithub's {what}\n\N{SNOWMAN}", **kind)
    place.delete_secret("PY_GONE", **kind)
    assert place.get_secret("PY_KEPT", **kind).name == "PY_KEPT"
    names = [each.name for each in place.get_secrets(**kind)]
    assert "PY_KEPT" in names and "PY_GONE" not in names, names
    print("PyGithub: secrets of", what)


def variables(what, place):
    for i in range(12):
        place.create_variable(f"PY_{i}", str(i))
    try:
        place.create_variable("PY_0", "again")
        raise AssertionError("a variable was created twice")
    except github.GithubException as refused:
        assert refused.status == 409, refused.status
    place.get_variable("PY_0").edit("changed")
    assert place.get_variable("PY_0").value == "changed"
    names = [each.name for each in place.get_variables()]
    assert len([name for name in names if name.startswith("PY_")]) == 12, names
    for i in range(1, 12):
        place.delete_variable(f"PY_{i}")
    print("PyGithub: variables of", what)


api = os.environ["GITHUB_API_URL"]
client = github.Github(
    base_url=api,
    auth=github.Auth.Token(os.environ["GITHUB_TOKEN"]),
    per_page=5,
    retry=None,
    seconds_between_requests=None,
    seconds_between_writes=None,
)
repo = client.get_repo("acme/api")
stage = repo.create_environment("stage", wait_timer=10)
assert stage.protection_rules[0].wait_timer == 10
assert {each.name for each in repo.get_environments()} >= {"stage"}

secrets("the repository", repo, secret_type="actions")
secrets("Dependabot", repo, secret_type="dependabot")
secrets("the environment", stage)
variables("the repository", repo)
variables("the environment", stage)

integration = github.GithubIntegration(
    auth=github.Auth.AppAuth(int(os.environ["APP_ID"]), os.environ["APP_PRIVATE_KEY"]),
    base_url=api,
    retry=None,
    seconds_between_requests=None,
    seconds_between_writes=None,
)
installation = integration.get_repo_installation("acme", "api")
token = integration.get_access_token(installation.id)
as_app = github.Github(base_url=api, auth=github.Auth.Token(token.token), retry=None)
assert [each.name for each in as_app.get_repo("acme/api").get_secrets()][-1] == "PY_KEPT"
print("PyGithub: a GitHub App")
