// Command plugin is an exec plugin of a kubeconfig, as a cloud's own is. It
// reads what it is asked with the package that Kubernetes has for plugins, and
// answers with the token of the file that its argument names.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientauthentication "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	"k8s.io/client-go/tools/auth/exec"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	_, config, err := exec.LoadExecCredentialFromEnv()
	if err != nil {
		return err
	}
	if want := os.Getenv("PLUGIN_SERVER"); config.Host != want || len(config.CAData) == 0 {
		return fmt.Errorf("asked for %q with %d bytes of authority, want %q", config.Host, len(config.CAData), want)
	}
	token, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "a careless plugin: %s\n", token)
	return json.NewEncoder(os.Stdout).Encode(clientauthentication.ExecCredential{
		TypeMeta: metav1.TypeMeta{APIVersion: clientauthentication.SchemeGroupVersion.String(), Kind: "ExecCredential"},
		Status:   &clientauthentication.ExecCredentialStatus{Token: strings.TrimSpace(string(token))},
	})
}
