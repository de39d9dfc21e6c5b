package awsapi

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/keyplumb/keyplumb/sync/store"
)

// An environment is the variables of the process, by name.
type environment map[string]string

func newEnvironment(pairs []string) environment {
	env := environment{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

// first gives the first of some variables that is set.
func (e environment) first(names ...string) string {
	for _, name := range names {
		if e[name] != "" {
			return e[name]
		}
	}
	return ""
}

// is tells a flag that is on.
func (e environment) is(name string) bool { return strings.EqualFold(e[name], "true") }

// home is the folder that AWS's own files are below.
func (s *Session) home() string { return s.env.first("HOME", "USERPROFILE") }

// file gives a file's path that the environment names.
func (s *Session) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.options.Dir, name)
}

// files gives the file that a variable names, else one below ~/.aws. Where
// there is no home there is none.
func (s *Session) files(variable, usual string) []string {
	switch {
	case s.env[variable] != "":
		return []string{s.file(s.env[variable])}
	case s.home() == "":
		return []string{}
	}
	return []string{filepath.Join(s.home(), ".aws", usual)}
}

// loadProfile reads the profile that the environment names from AWS's own
// files. That there is no default profile is no mistake.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func (s *Session) loadProfile(ctx context.Context) (config.SharedConfig, error) {
	named := s.env.first("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	// What a variable names is not shown: it may hold anything.
	name, shown := named, "that AWS_PROFILE names"
	if name == "" {
		name, shown = "default", "default"
	}
	profile, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = s.files("AWS_CONFIG_FILE", "config"), s.files("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	})
	_, missing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	_, roleless := errors.AsType[config.SharedConfigAssumeRoleError](err)
	fail := func(kind error, detail, hint string) (config.SharedConfig, error) {
		return config.SharedConfig{}, &store.Error{Op: "read the profile", Ref: shown, Kind: kind, Detail: detail, Hint: hint}
	}
	switch {
	case err == nil:
		return profile, nil
	case roleless:
		return fail(store.ErrUnreadable, "its source_profile is not there, or has no credentials", "look at ~/.aws/config, or where AWS_CONFIG_FILE says")
	case missing && named == "":
		return config.SharedConfig{}, nil
	case missing:
		return fail(store.ErrUnauthentic, "there is no such profile", "AWS_PROFILE names one of ~/.aws/config, or of where AWS_CONFIG_FILE says; aws configure list-profiles lists them")
	}
	return fail(store.ErrUnreadable, "AWS's own files cannot be read, or contradict themselves", "look at ~/.aws/config and ~/.aws/credentials, or where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say")
}

// FIPS tells whether the user wants endpoints with validated cryptography.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
func (s *Session) FIPS() bool {
	if s.env["AWS_USE_FIPS_ENDPOINT"] != "" {
		return s.env.is("AWS_USE_FIPS_ENDPOINT")
	}
	return s.profile.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
}

// DualStack tells whether the user wants endpoints with IPv6.
func (s *Session) DualStack() bool {
	if s.env["AWS_USE_DUALSTACK_ENDPOINT"] != "" {
		return s.env.is("AWS_USE_DUALSTACK_ENDPOINT")
	}
	return s.profile.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
}
