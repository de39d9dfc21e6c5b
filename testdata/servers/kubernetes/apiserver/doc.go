// Package apiserver has kube-apiserver for its tool: go build
// k8s.io/kubernetes/cmd/kube-apiserver, in this folder, builds it.
package apiserver
