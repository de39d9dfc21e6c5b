package main

import (
	"context"
	"regexp"
	"sync"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/source/aws"
	"github.com/keyplumb/keyplumb/sync/source/ssm"
	"github.com/keyplumb/keyplumb/sync/store"
)

func (p *providers) openAWS(ctx context.Context, s policy.Source) (store.Source, error) {
	session, err := p.awsSession(ctx, s)
	if err != nil {
		return nil, err
	}
	return aws.New(ctx, session, s.Settings["address"])
}

func (p *providers) openSSM(ctx context.Context, s policy.Source) (store.Source, error) {
	session, err := p.awsSession(ctx, s)
	if err != nil {
		return nil, err
	}
	return ssm.New(ctx, session, s.Settings["address"])
}

// awsSessions are those of a run, by region and by who is logged in as: several
// sources, and several environments, that log in as the same log in once.
type awsSessions struct {
	mu   sync.Mutex
	open map[[4]string]*awsapi.Session
}

// awsSession opens a session for a source, or finds the one that is open. In a
// policy that lets jobs log in, a machine that is no job uses the credentials of
// who sits before it.
func (p *providers) awsSession(ctx context.Context, s policy.Source) (*awsapi.Session, error) {
	key := [4]string{s.Settings["region"], s.Auth["method"], s.Auth["role"], s.Auth["audience"]}
	p.aws.mu.Lock()
	defer p.aws.mu.Unlock()
	if session := p.aws.open[key]; session != nil {
		return session, nil
	}
	config, err := p.trusting("AWS_CA_BUNDLE")
	if err != nil {
		return nil, err
	}
	o := awsapi.Options{
		Region: s.Settings["region"], Environ: p.Environ, Dir: p.Dir, UserAgent: "keyplumb", TLS: config, Notify: p.waiting,
		Allow: func(a awsapi.Address) (string, error) {
			return hostAllowed(address{service: a.Service, variable: a.Variable, policy: a.Policy, inPolicy: a.InPolicy, environment: a.Configured, public: a.Public},
				p.job, p.flags.allowHosts)
		},
	}
	if s.Auth["method"] == "oidc" && p.job.inCI() {
		o.Auth = awsapi.Auth{Role: s.Auth["role"], Audience: s.Auth["audience"], SessionName: p.awsSessionName(),
			Identity: p.identity("AWS_ID_TOKEN", "log in yourself (aws sso login, AWS_PROFILE), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")}
	}
	session, err := awsapi.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if p.aws.open == nil {
		p.aws.open = map[[4]string]*awsapi.Session{}
	}
	p.aws.open[key] = session
	return session, nil
}

// notInSession is what AWS does not take in a session's name.
var notInSession = regexp.MustCompile(`[^\w+=,.@-]+`)

// awsSessionName is what CloudTrail shows of a login: which repository's job it
// was, and which run of it.
func (p *providers) awsSessionName() string {
	name := "keyplumb"
	for _, part := range []string{p.job.project, firstOf(p.Getenv("GITHUB_RUN_ID"), p.Getenv("CI_JOB_ID"))} {
		if part = notInSession.ReplaceAllString(part, "."); part != "" {
			name += "-" + part
		}
	}
	const longest = 64 // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
	return name[:min(len(name), longest)]
}
