// Package gitlab emulates the parts of GitLab's REST API that keep CI/CD
// variables, in one http.Handler.
//
// It is written from GitLab's documentation and, where that is silent, from
// the behaviour that GitLab's own source and specs show; never from a client's
// source, so that it does not share a client's mistakes. It keeps its state in
// memory, the values of hidden variables included, so that a test or a
// demonstration can see what arrived.
//
// Emulated, below /api/v4:
//
//   - variables of projects, groups and the instance
//     (https://docs.gitlab.com/api/project_level_variables/,
//     /api/group_level_variables/, /api/instance_level_ci_variables/): the
//     identity of key and environment scope, filter[environment_scope], the
//     refusal to choose without it, masked and hidden, raw and file variables,
//     descriptions, the rules for keys, scopes and values, the documented
//     limits of numbers; refusals word for word
//   - projects and groups, by id or path, nested; a project that moved
//     (https://docs.gitlab.com/api/rest/#redirects)
//   - /user, /version, /metadata
//   - access tokens with scopes, and their users' roles
//     (https://docs.gitlab.com/user/permissions/); job tokens, which these
//     operations do not take
//   - pages with their headers (/api/rest/#offset-based-pagination)
//   - the rate limit of a user, with its headers and its answer that is text
//     (https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/)
//   - what a job sees of all that (JobVariable): precedence, protection and
//     expansion (https://docs.gitlab.com/ci/variables/)
//
// Parameters are taken from the query, from JSON and from forms. Values are
// kept byte for byte; a NUL or invalid UTF-8 anywhere in a request is answered
// with 400.
//
// A group's PUT is as odd as GitLab's: without a filter, or with one that
// selects nothing, it changes the first variable of the key that it finds.
//
// Where documentation and source are silent, the emulator takes the reading
// that is harder on clients: a page below 1 is refused, and so is null for a
// boolean; an environment scope is at most 255 characters. Null for a string
// counts as the empty string, but for a description.
//
// Not emulated: personal namespaces, members and their administration, public
// projects, conditional requests, expansion of %NAME%, tokens in the query, keyset pagination,
// audit events, GraphQL, pipelines. What is not there answers 404.
//
// Faults (Inject) make single requests go wrong on purpose.
package gitlab
