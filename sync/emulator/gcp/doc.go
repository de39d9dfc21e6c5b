// Package gcp emulates what is asked of Google Cloud to read a secret, in one
// http.Handler: Secret Manager's API in its HTTP and JSON form, the token
// services that let a job or a service account in, and a machine's metadata
// server.
//
// It is written from Google's documentation, never from a client's source, so
// that it does not share a client's mistakes.
//
// Emulated:
//
//   - Secret Manager (https://cloud.google.com/secret-manager/docs/reference/rest):
//     secrets of a project and of a location, versions with their states and
//     aliases, access, get and list with pages; labels, expiry, checksums
//   - IAM as far as it goes here: the roles that read secrets, on a project or on
//     one secret, and the role to become a service account. Who may not see a
//     secret is not told whether it is there.
//   - Security Token Service (https://cloud.google.com/iam/docs/reference/sts/rest):
//     the exchange of a job's token (RS256) for one of a workload identity pool,
//     by issuer, audience, attribute mapping and attribute condition
//   - IAM Service Account Credentials: generateAccessToken
//     (https://cloud.google.com/iam/docs/reference/credentials/rest)
//   - OAuth's token endpoint: a service account's signed assertion, and a user's
//     refresh token (https://developers.google.com/identity/protocols/oauth2)
//   - the metadata server's token
//     (https://cloud.google.com/compute/docs/metadata/querying-metadata)
//
// All of Google's hosts are this one handler. The paths tell them apart, and a
// test that wants several hosts lets it listen several times.
//
// Not emulated: writing over HTTP, filters, rotation, topics, encryption by
// customers' keys, quotas but by faults.
//
// Faults (Inject) make single requests go wrong on purpose.
package gcp
