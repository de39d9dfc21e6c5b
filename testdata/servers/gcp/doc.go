// Package gcp serves Secret Manager by Google's published service definition,
// for keyplumb's source and for its emulator to be measured against: both were
// written from the same pages, and would share a misreading of them.
//
// The messages, the names of their fields in JSON and the paths are Google's
// own: the server implements the published gRPC service, and a transcoder that
// nobody here wrote (connectrpc.com/vanguard) makes HTTP and JSON of it, by the
// google.api.http annotations in the published descriptors. What it does not
// have, since it is in none of them, is what Google says of errors in HTTP
// (https://google.aip.dev/193), which envelope_test.go adds.
//
// It is filled by Google's own gRPC client. What the service does with secrets is
// written here, from the comments of the service definition.
//
// It is a module of its own. `make test-servers` runs it.
package gcp
