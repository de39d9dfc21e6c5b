// Drives the emulated GitHub with GitHub's own client and libsodium: what they
// send and expect was decided by neither the emulator's authors nor keyplumb's.
// Prints what it did; ends with an error at the first thing that is not as
// GitHub documents it.
import assert from "node:assert/strict";
import sodium from "libsodium-wrappers";
import { App, Octokit } from "octokit";

await sodium.ready;
const { GITHUB_API_URL: baseUrl, GITHUB_TOKEN: auth, APP_ID: appId, APP_PRIVATE_KEY: privateKey } = process.env;
const Client = Octokit.defaults({ baseUrl, throttle: { enabled: false }, retry: { enabled: false } });
const github = new Client({ auth });
const repo = { owner: "acme", repo: "api" };
const prod = { ...repo, environment_name: "prod" };

function seal(value, key) {
  const sealed = sodium.crypto_box_seal(value, sodium.from_base64(key, sodium.base64_variants.ORIGINAL));
  return sodium.to_base64(sealed, sodium.base64_variants.ORIGINAL);
}

// secret sets, updates, lists and deletes in one of the stores.
async function secret(what, { keyOf, put, get, list, remove }, where, extra = {}) {
  const { data: key } = await keyOf(where);
  const write = (secret_name, value) =>
    put({ ...where, ...extra, secret_name, encrypted_value: seal(value, key.key), key_id: key.key_id });
  assert.equal((await write("GONE", "soon deleted")).status, 201);
  assert.equal((await write("KEPT", "first")).status, 201);
  assert.equal((await write("kept", `octokit's ${what}\nö`)).status, 204);
  assert.equal((await get({ ...where, secret_name: "KEPT" })).data.name, "KEPT");
  assert.equal((await remove({ ...where, secret_name: "GONE" })).status, 204);
  const found = await github.paginate(list, { ...where, per_page: 1 });
  assert.deepEqual(found.map((each) => each.name), ["KEPT"]);
  await assert.rejects(
    put({ ...where, ...extra, secret_name: "BAD", encrypted_value: seal("x", sodium.to_base64(sodium.crypto_box_keypair().publicKey, sodium.base64_variants.ORIGINAL)), key_id: key.key_id }),
    { status: 422 },
  );
  console.log(`octokit: secrets of ${what}`);
}

async function variable({ create, get, list, update, remove }, where) {
  for (let i = 0; i < 12; i++) {
    await create({ ...where, name: `V${i}`, value: `${i}` });
  }
  await assert.rejects(create({ ...where, name: "v0", value: "" }), { status: 409 });
  assert.equal((await list(where)).data.variables.length, 10);
  assert.equal((await github.paginate(list, { ...where, per_page: 5 })).length, 12);
  await update({ ...where, name: "V0", value: "changed" });
  assert.equal((await get({ ...where, name: "v0" })).data.value, "changed");
  for (let i = 1; i < 12; i++) {
    await remove({ ...where, name: `V${i}` });
  }
  console.log("octokit: variables of", where.environment_name ?? "the repository");
}

const { actions, dependabot, codespaces, repos } = github.rest;

await repos.createOrUpdateEnvironment({ ...prod, wait_timer: 30, deployment_branch_policy: { protected_branches: true, custom_branch_policies: false } });
assert.equal((await repos.getEnvironment(prod)).data.protection_rules[0].wait_timer, 30);
await repos.createOrUpdateEnvironment({ ...repo, environment_name: "a/b" });
assert.equal((await repos.getAllEnvironments(repo)).data.total_count, 2);
await repos.deleteAnEnvironment({ ...repo, environment_name: "a/b" });
console.log("octokit: environments");

await secret("the repository", { keyOf: actions.getRepoPublicKey, put: actions.createOrUpdateRepoSecret, get: actions.getRepoSecret, list: actions.listRepoSecrets, remove: actions.deleteRepoSecret }, repo);
await secret("the environment", { keyOf: actions.getEnvironmentPublicKey, put: actions.createOrUpdateEnvironmentSecret, get: actions.getEnvironmentSecret, list: actions.listEnvironmentSecrets, remove: actions.deleteEnvironmentSecret }, prod);
await secret("Dependabot", { keyOf: dependabot.getRepoPublicKey, put: dependabot.createOrUpdateRepoSecret, get: dependabot.getRepoSecret, list: dependabot.listRepoSecrets, remove: dependabot.deleteRepoSecret }, repo);
await secret("Codespaces", { keyOf: codespaces.getRepoPublicKey, put: codespaces.createOrUpdateRepoSecret, get: codespaces.getRepoSecret, list: codespaces.listRepoSecrets, remove: codespaces.deleteRepoSecret }, repo);
const { data: { id } } = await repos.get(repo);
await secret("the organization", { keyOf: actions.getOrgPublicKey, put: actions.createOrUpdateOrgSecret, get: actions.getOrgSecret, list: actions.listOrgSecrets, remove: actions.deleteOrgSecret }, { org: "acme" }, { visibility: "selected", selected_repository_ids: [id] });
assert.equal((await actions.listSelectedReposForOrgSecret({ org: "acme", secret_name: "KEPT" })).data.repositories[0].full_name, "acme/api");
assert.equal((await actions.listRepoOrganizationSecrets(repo)).data.total_count, 1);

await variable({ create: actions.createRepoVariable, get: actions.getRepoVariable, list: actions.listRepoVariables, update: actions.updateRepoVariable, remove: actions.deleteRepoVariable }, repo);
await variable({ create: actions.createEnvironmentVariable, get: actions.getEnvironmentVariable, list: actions.listEnvironmentVariables, update: actions.updateEnvironmentVariable, remove: actions.deleteEnvironmentVariable }, prod);

const app = new App({ appId, privateKey, Octokit: Client });
const { data: installation } = await app.octokit.rest.apps.getRepoInstallation(repo);
const asApp = await app.getInstallationOctokit(installation.id);
assert.equal((await asApp.rest.actions.listRepoSecrets(repo)).data.total_count, 1);
await assert.rejects(asApp.rest.actions.deleteRepoSecret({ ...repo, secret_name: "KEPT" }), { status: 403 });
console.log("octokit: a GitHub App");
