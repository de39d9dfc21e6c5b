// Package aws emulates the parts of three of AWS's APIs that read secrets and
// log in to do so, in one http.Handler: Secrets Manager, Systems Manager's
// Parameter Store, and the Security Token Service.
//
// It is written from AWS's API references, never from a client's source, so
// that it does not share a client's mistakes. All three are reached at one
// address, as every endpoint of AWS is: what is asked is in X-Amz-Target, or in
// the form's Action. The log and the faults know a request by a path that is
// made of both, "/secretsmanager/GetSecretValue", "/ssm/GetParameters",
// "/sts/AssumeRoleWithWebIdentity".
//
// Emulated:
//
//   - Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html):
//     every request but a login by token is signed by a key that is known, and
//     the signature is checked by signing the request again
//   - policies of who asks: Allow and Deny, of actions on resources, with *
//   - Secrets Manager (https://docs.aws.amazon.com/secretsmanager/latest/apireference):
//     GetSecretValue, BatchGetSecretValue with errors for single secrets and
//     further pages, DescribeSecret, ListSecretVersionIds; text, binary, stages,
//     deletion with a window, tags, rotation
//   - Parameter Store (https://docs.aws.amazon.com/systems-manager/latest/APIReference):
//     GetParameters, DescribeParameters, ListTagsForResource; versions, labels,
//     expiration policies
//   - KMS keys that may not be used, or are disabled
//   - STS (https://docs.aws.amazon.com/STS/latest/APIReference):
//     AssumeRoleWithWebIdentity with identity providers, audiences and
//     conditions on claims; AssumeRole; sessions that run out
//
// Everything is in one account and one region. The errors are those of the
// references; where these do not give a message, one of the same meaning is
// given, in which the words that AWS is known to say occur.
package aws
