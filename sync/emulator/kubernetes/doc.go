// Package kubernetes emulates the parts of the Kubernetes API that read Secrets,
// in one http.Handler, with who may read them and how they prove who they are.
//
// It is written from Kubernetes' documentation, and its words are those that a
// real API server gives to the same requests; never from a client's source, so
// that it does not share a client's mistakes. A test of a module of its own
// sends the same requests to both and compares (testdata/servers/kubernetes).
//
// Emulated:
//
//   - GET of one Secret and of a namespace's, whole and as metadata alone
//     (PartialObjectMetadata, PartialObjectMetadataList), with uid,
//     resourceVersion, creationTimestamp and managedFields
//     (https://kubernetes.io/docs/reference/using-api/api-concepts/)
//   - authentication by client certificate (verified by the listener), by token
//     (a token file, or any token with an end), and by the signed tokens of
//     issuers: RS256, with issuer, audiences, times and required claims, as an
//     AuthenticationConfiguration has them; service accounts are one issuer.
//     Who shows nothing is system:anonymous
//     (https://kubernetes.io/docs/reference/access-authn-authz/authentication/)
//   - impersonation of a user and of groups, with the right to do so
//   - RBAC: Roles with verbs and resourceNames, bound to users and groups in a
//     namespace or in all (https://kubernetes.io/docs/reference/access-authn-authz/rbac/)
//   - failures as a Status; 429 of API priority and fairness as a text
//   - warnings by header (RFC 9111 §5.5)
//
// Not emulated: writing over HTTP, watching, chunked listings, selectors, other
// resources, discovery, YAML and protobuf, webhooks.
//
// Faults (Inject) make single requests go wrong on purpose.
package kubernetes
