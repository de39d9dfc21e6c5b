// Package kubernetes runs a real kube-apiserver with etcd behind it, for
// keyplumb's source and for its emulator to be measured against: both were
// written from the same pages, and would share a misreading of them.
//
// It is a module of its own, so that the server's modules stay out of
// keyplumb's. `make test-servers` runs it. The first build takes some five
// minutes; the server then starts in a few seconds. etcd is Debian's
// (etcd-server). Everything listens on loopback.
package kubernetes
