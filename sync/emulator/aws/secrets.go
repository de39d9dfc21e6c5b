package aws

import (
	"slices"
	"strings"
	"time"
)

// A secret is one of Secrets Manager.
type secret struct {
	name, arn string
	created   time.Time
	deleted   time.Time // when it goes; zero: it does not
	rotates   time.Time // when it is rotated next; zero: never
	tags      [][2]string
	versions  []*version // as they were made
	key       KeyState
}

// A version is one of a secret's values.
type version struct {
	id      string
	text    *string
	binary  []byte
	created time.Time
	stages  []string
}

// Put makes a new current version of a secret, behind the clients' back, and
// returns its id.
func (s *Server) Put(name, text string) string {
	return s.put(name, &version{text: &text})
}

// PutBinary is Put with bytes.
func (s *Server) PutBinary(name string, bytes []byte) string {
	return s.put(name, &version{binary: bytes})
}

func (s *Server) put(name string, v *version) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock().Now()
	one := s.secrets[name]
	if one == nil {
		one = &secret{name: name, arn: s.arn("secretsmanager", "secret:"+name+"-"+text(6)), created: now}
		s.secrets[name] = one
	}
	v.id, v.created = newID(), now
	for _, old := range one.versions {
		was := slices.Contains(old.stages, "AWSCURRENT")
		old.stages = slices.DeleteFunc(old.stages, func(stage string) bool { return stage == "AWSCURRENT" || stage == "AWSPREVIOUS" })
		if was {
			old.stages = append(old.stages, "AWSPREVIOUS")
		}
	}
	v.stages = []string{"AWSCURRENT"}
	one.versions = append(one.versions, v)
	return v.id
}

// PutElsewhere puts a secret into another account, which is shared with this
// one, and returns its ARN: it can be asked for by that alone.
func (s *Server) PutElsewhere(account, name, value string) (arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn = strings.Replace(s.arn("secretsmanager", "secret:"+name+"-"+text(6)), Account, account, 1)
	now := s.Clock().Now()
	s.secrets[arn] = &secret{name: name, arn: arn, created: now, versions: []*version{{id: newID(), text: &value, created: now, stages: []string{"AWSCURRENT"}}}}
	return arn
}

// ARN gives a secret's ARN.
func (s *Server) ARN(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[name].arn
}

// Stage puts a staging label on a version of a secret.
func (s *Server) Stage(name, id, stage string) {
	s.edit(name, func(one *secret) {
		for _, v := range one.versions {
			v.stages = slices.DeleteFunc(v.stages, func(has string) bool { return has == stage })
			if v.id == id {
				v.stages = append(v.stages, stage)
			}
		}
	})
}

// Delete marks a secret for deletion at a time; a zero time restores it.
func (s *Server) Delete(name string, at time.Time) {
	s.edit(name, func(one *secret) { one.deleted = at })
}

// Tag puts a tag on a secret.
func (s *Server) Tag(name, key, value string) {
	s.edit(name, func(one *secret) { one.tags = append(one.tags, [2]string{key, value}) })
}

// RotateAt has a secret be rotated next at a time.
func (s *Server) RotateAt(name string, at time.Time) {
	s.edit(name, func(one *secret) { one.rotates = at })
}

// SetKey says what is wrong with the KMS key of a secret.
func (s *Server) SetKey(name string, state KeyState) {
	s.edit(name, func(one *secret) { one.key = state })
}

// Remove takes a secret away with all of its versions.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, name)
}

// CutBatches has a batch's answer end after n secrets, and go on in a next page.
func (s *Server) CutBatches(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = n
}

func (s *Server) edit(name string, change func(*secret)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[name] == nil {
		panic("no secret " + name)
	}
	change(s.secrets[name])
}

// find finds a secret by its name, its ARN, or its ARN without the random end.
func (s *Server) find(id string) *secret {
	for _, one := range s.secrets {
		if id == one.name && strings.Contains(one.arn, Account) || id == one.arn || id == one.arn[:len(one.arn)-7] {
			return one
		}
	}
	return nil
}

// resource is what a policy's resource is compared with: where there is no such
// secret, the name that was asked for.
func (s *Server) resource(id string) string {
	switch one := s.find(id); {
	case one != nil:
		return one.arn
	case strings.HasPrefix(id, "arn:"):
		return id
	}
	return s.arn("secretsmanager", "secret:"+id)
}
