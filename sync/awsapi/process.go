package awsapi

import (
	"context"
	"os/exec"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// fromProcess runs the program that the user's profile names. What it writes to
// standard error is not shown: nobody knows what is in it.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
func (s *Session) fromProcess(command string) aws.CredentialsProvider {
	build := processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		shell := []string{"sh", "-c"}
		if runtime.GOOS == "windows" {
			shell = []string{"cmd.exe", "/C"}
		}
		cmd := exec.CommandContext(ctx, shell[0], shell[1], command) //nolint:gosec // it is the user's own, from the user's own file
		cmd.Env, cmd.Dir = s.options.Environ, s.options.Dir
		cmd.WaitDelay = time.Second // one that it has begun may keep its output open for ever
		return cmd, nil
	})
	provider := processcreds.NewProviderCommand(build)
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := provider.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, unauthentic("the program that the profile names as credential_process gives no credentials", "run it by hand: is what it prints what AWS documents, with \"Version\": 1?")
		}
		return got, nil
	})
}
