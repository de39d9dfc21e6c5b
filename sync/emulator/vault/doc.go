// Package vault emulates the parts of HashiCorp Vault's HTTP API that read
// secrets and log in to do so, in one http.Handler. OpenBao has the same API.
//
// It is written from Vault's documentation, and its words are those that a real
// Vault gives to the same requests; never from a client's source, so that it
// does not share a client's mistakes. A test of a module of its own sends the
// same requests to both and compares (testdata/servers/vault).
//
// Emulated, below /v1:
//
//   - key/value stores of version 1 and 2, any number of them, at paths of any
//     depth (https://developer.hashicorp.com/vault/api-docs/secret/kv): reading,
//     writing with check-and-set, listing, versions with created_time,
//     deletion_time and destroyed, deletion, undeletion, destruction, custom
//     metadata, subkeys; a deleted version is 404 with a body that tells of it
//   - tokens with policies, an end, lookup-self and revoke-self
//     (/vault/api-docs/auth/token); who is alive is told by Tokens
//   - policies: capabilities on paths with * and +, their order of priority,
//     deny, and what the default policy grants (/vault/docs/concepts/policies)
//   - logins by AppRole, by JWT (RS256, with issuer, audiences, subject and
//     bound claims) and by Kubernetes service account (/vault/api-docs/auth)
//   - namespaces, by header and by path
//     (/vault/docs/enterprise/namespaces). A server to which none was added is
//     the community's, which pays the header no heed.
//   - sys/health, sys/seal-status, sys/capabilities-self, sys/internal/ui/mounts
//   - a server that is sealed, one that stands by and sends clients to the
//     active one, a performance standby
//   - a rate limit quota (/vault/docs/concepts/resource-quotas), with the headers
//     that an operator can turn on
//
// Where the documentation is silent on namespaces, which no server at hand has,
// the emulator takes the reading that is harder on clients: a namespace that is
// not there is a route that is not there, and a token is unknown outside the
// namespace that it was made in and those inside it.
//
// Not emulated: leases, renewal, wrapping, batch tokens, identities, sentinel
// policies, parameters in policies, patches, plugins, administration over HTTP.
//
// Faults (Inject) make single requests go wrong on purpose.
package vault
