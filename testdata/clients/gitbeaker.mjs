// Drives the emulated GitLab with gitbeaker: what it sends and expects was
// decided by neither the emulator's authors nor keyplumb's. Prints what it did;
// ends with an error at the first thing that is not as GitLab documents it.
//
//   gitbeaker.mjs                    creates, lists, updates and deletes
//   gitbeaker.mjs readback PROJECT   prints the project's variables
import assert from "node:assert/strict";
import { Gitlab } from "@gitbeaker/rest";

const { GITLAB_URL: host, GITLAB_TOKEN: token } = process.env;
const gitlab = new Gitlab({ host, token });
const fields = ["description", "environment_scope", "hidden", "key", "masked", "protected", "raw", "value", "variable_type"];

// place binds the calls of a resource to the project or group that they are for.
const place = (resource, id) => ({
  all: (options) => resource.all(id, options),
  create: (key, value, options) => resource.create(id, key, value, options),
  edit: (key, value, options) => resource.edit(id, key, value, options),
  show: (key, options) => resource.show(id, key, options),
  remove: (key, options) => resource.remove(id, key, options),
});

// gitbeaker 43.8 sends a GET where it should delete an instance's variable;
// what it sends other deletions with does it right.
const instance = gitlab.InstanceLevelCICDVariables;
const ofInstance = {
  all: (options) => instance.all(options),
  create: (key, value, options) => instance.create(key, value, options),
  edit: (key, value, options) => instance.edit(key, value, options),
  show: (key) => instance.show(key),
  remove: (key) => instance.requester.delete(`admin/ci/variables/${key}`),
};

async function refused(status, words, request) {
  await assert.rejects(request, (error) => {
    assert.equal(error.cause.response.status, status);
    assert.ok(JSON.stringify(error.cause.description).includes(words), JSON.stringify(error.cause.description));
    return true;
  });
}

// wholeLife is what projects, groups and the instance have in common.
async function wholeLife(what, { all, create, edit, show, remove }) {
  const names = [];
  for (let i = 0; i < 12; i++) {
    names.push((await create(`JS_${i}`, `${i}`)).key);
  }
  await refused(400, "(JS_0) has already been taken", create("JS_0", ""));
  const listed = (await all({ perPage: 5 })).map((each) => each.key).filter((key) => key.startsWith("JS_"));
  assert.deepEqual(listed, names);
  const value = "changed, with $dollar\nand ☃";
  await edit("JS_0", value, { raw: true, description: "by gitbeaker" });
  assert.equal((await show("JS_0")).value, value);
  assert.equal((await show("JS_0")).description, "by gitbeaker");
  await refused(400, "is invalid", edit("JS_0", value, { masked: true }));
  for (let i = 1; i < 12; i++) {
    await remove(`JS_${i}`);
  }
  await refused(404, "Not Found", show("JS_1"));
  await create("JS_MASKED", "long+enough", { masked: true, protected: true });
  await create("JS_FILE", "a\nb\n", { variableType: "file" });
  assert.equal((await show("JS_FILE")).variable_type, "file");
  console.log("gitbeaker: variables of", what);
}

// scopes is what projects and groups have.
async function scopes(what, { create, edit, show, remove }) {
  const only = (scope) => ({ filter: { environment_scope: scope } });
  await create("JS_SCOPED", "everywhere");
  await create("JS_SCOPED", "in prod", { environmentScope: "prod" });
  await refused(409, "Please use 'filter[environment_scope]'", show("JS_SCOPED"));
  await edit("JS_SCOPED", "changed in prod", only("prod"));
  assert.equal((await show("JS_SCOPED", only("prod"))).value, "changed in prod");
  assert.equal((await show("JS_SCOPED", only("*"))).value, "everywhere");
  await create("JS_SCOPED", "soon gone", { environmentScope: "stage/*" });
  await remove("JS_SCOPED", only("stage/*"));

  const hidden = await create("JS_HIDDEN", "long+enough", { masked_and_hidden: true });
  assert.deepEqual([hidden.value, hidden.hidden, hidden.masked], [null, true, true]);
  await edit("JS_HIDDEN", "another+value");
  await refused(400, "The visibility setting cannot be changed", edit("JS_HIDDEN", "another+value", { masked: false }));
  console.log("gitbeaker: scopes and hidden variables of", what);
}

async function readback(project) {
  const seen = await gitlab.ProjectVariables.all(project, { perPage: 100 });
  const lines = seen.map((each) => JSON.stringify(each, fields));
  console.log(lines.sort().join("\n"));
}

const [mode, name] = process.argv.slice(2);
if (mode === "readback") {
  await readback(name);
} else {
  const project = await gitlab.Projects.show("acme/apps/web");
  const group = await gitlab.Groups.show(project.namespace.id);
  assert.equal(group.full_path, "acme/apps");
  const ofProject = place(gitlab.ProjectVariables, project.path_with_namespace);
  const ofGroup = place(gitlab.GroupVariables, group.id);
  await wholeLife("the project", ofProject);
  await wholeLife("the group", ofGroup);
  await wholeLife("the instance", ofInstance);
  await scopes("the project", ofProject);
  await scopes("the group", ofGroup);
}
