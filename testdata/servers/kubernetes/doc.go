// Package kubernetes runs a real kube-apiserver.
package kubernetes
