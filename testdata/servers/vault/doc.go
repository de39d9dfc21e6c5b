// Package vault runs a real Vault, in this process, for keyplumb's source and
// for its emulator to be measured against: both were written from the same
// pages, and would share a misreading of them.
//
// It is a module of its own, so that the server's modules stay out of
// keyplumb's; its licence lets it be used for tests like these, and it is
// never part of what is shipped. `make test-servers` runs it. The first build
// takes some five minutes; the server then starts in a moment.
package vault
