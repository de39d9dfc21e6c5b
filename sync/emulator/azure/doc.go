// Package azure emulates the secrets of Azure Key Vault, and those parts of
// Microsoft Entra ID that give an application or a machine a token for them.
//
// It is written from Microsoft's documentation, never from a client's source,
// so that it does not share a client's mistakes. What a real Key Vault answered
// to the same requests, as Azure's own client recorded it, is compared in a test
// of the source. A [Vault] and an [Entra] are an
// http.Handler each, since they are two hosts; what is wanted of a host's
// certificate is the test's to see to.
//
// Emulated of Key Vault:
//
//   - the challenge that a request without a good token gets
//     (https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses)
//   - secrets and their versions: getting, setting, changing properties, listing
//     in pages of 25, in the order of their ids; deleting with recovery, and what
//     is told of a deleted one (https://learn.microsoft.com/rest/api/keyvault/secrets/)
//   - attributes: enabled, nbf, exp, created, updated; tags, content type. A
//     disabled secret is not given, one that is expired or not valid yet is
//     (https://learn.microsoft.com/azure/key-vault/secrets/about-secrets)
//   - refusals by role, by access policy, by firewall and by private endpoint,
//     with the codes of
//     https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
//
// Emulated of Entra:
//
//   - the discovery document of a tenant, and tokens for client credentials: a
//     secret, or the token of another issuer that a federated credential trusts,
//     its signature (RS256), issuer, subject, audience and times checked
//     (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow)
//   - refusals with the numbers of
//     https://learn.microsoft.com/entra/identity-platform/reference-error-codes
//   - the metadata service of a machine that has a managed identity
//     (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token)
//
// Not emulated: keys, certificates, backup, recovery, certificates as
// credentials, users, claims challenges, management.
//
// Faults (Inject) make single requests go wrong on purpose.
package azure
