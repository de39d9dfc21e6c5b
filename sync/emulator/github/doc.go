// Package github emulates the parts of GitHub's REST API that keep secrets and
// variables, in one http.Handler.
//
// It is written from GitHub's documentation and its published OpenAPI
// description, never from a client's source, so that it does not share a
// client's mistakes; package githubtest checks every exchange against the
// description. It keeps its state in memory and opens the sealed boxes that
// clients send, so that a test or a demonstration can see what arrived.
//
// Emulated, after https://docs.github.com/rest:
//
//   - repositories (found by name and by id, renamed with a redirect),
//     environments and their protection (/rest/deployments/environments)
//   - secrets of Actions, Dependabot and Codespaces for repositories,
//     environments, organizations and the user (/rest/actions/secrets,
//     /rest/dependabot/secrets, /rest/codespaces): public keys, sealed boxes,
//     visibility, selected repositories, the rules for names, and the
//     documented limits of sizes and numbers
//   - Actions variables (/rest/actions/variables)
//   - GitHub Apps, their installations and tokens (/rest/apps)
//   - the OIDC subject's customization (/rest/actions/oidc), SARIF uploads
//     (/rest/code-scanning), /rate_limit
//   - bearer tokens with the permissions of fine-grained tokens, the primary
//     rate limit, pages with Link headers, 401, 403, 404 and 422 as documented
//
// Where the documentation is silent, the emulator takes the reading that is
// harder on clients: a value's 48 KB are counted after sealing; a write to a
// renamed repository is redirected with 307; a PUT to an environment with a
// body clears whatever protection the body leaves out.
//
// Not emulated: conditional requests (ETag), secondary rate limits unless
// injected as faults, OAuth scopes, organization policies, repositories'
// contents, pagination by cursor, GraphQL, webhooks. What is not there answers
// 404.
//
// Faults (Inject) make single requests go wrong on purpose.
package github
