package ledger

import (
	"encoding/hex"
	"slices"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// Fingerprint takes a placement's fingerprint under the key that its entry was
// sealed with, to compare with what it says: a run that died while it changed
// the key has changed it in some shards only. It binds the name: equal values
// in one scope have fingerprints that differ.
func (l *Ledger) Fingerprint(id ID, v secret.Value) secret.Fingerprint {
	for _, s := range l.shards {
		if _, ok := s.entries[id]; ok && s.previous {
			return l.box.previous.placement(id, v)
		}
	}
	return l.box.current.placement(id, v)
}

func (k keyset) placement(id ID, v secret.Value) secret.Fingerprint {
	sum := k.fingerprint.MACValue(v, []byte(id.Kind), []byte(id.Name))
	return secret.Fingerprint(sum[:16])
}

// Record makes what is to be written for a value, under the current key.
func (b *Box) Record(id ID, v secret.Value, version string, changed int64, attributes map[string]string) Record {
	return Record{
		Fingerprint: b.current.placement(id, v),
		Version:     b.Version(version),
		Changed:     changed,
		Attributes:  attributes,
	}
}

// Version takes the MAC of a source's version; of no version it is zero.
func (b *Box) Version(version string) Version {
	if version == "" {
		return Version{}
	}
	sum := b.current.version.MAC([]byte(version))
	return Version(sum[:8])
}

// Equality takes the MAC by which an equal value is found in any ledger under
// the same key.
func (b *Box) Equality(v secret.Value) Digest {
	sum := b.current.equalityFingerprint.MACValue(v, []byte("whole value"))
	return Digest(sum[:12])
}

// longAttribute is the length from which an attribute is kept as its MAC: a
// selection of five hundred repositories must not fill a shard.
const longAttribute = 96

// Attribute gives the form in which an attribute's value is kept.
func (b *Box) Attribute(value string) string {
	if len(value) < longAttribute {
		return value
	}
	sum := b.current.fingerprint.MAC([]byte("attribute"), []byte(value))
	return "mac:" + hex.EncodeToString(sum[:16])
}

func (b *Box) attributes(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k] = b.Attribute(v)
	}
	return out
}

// Rekeys tells whether the ledger is sealed under the previous key, so that a
// sync has to seal it anew.
func (l *Ledger) Rekeys() bool {
	return slices.ContainsFunc(l.shards, func(s *shard) bool { return s.previous })
}

// Rekey moves a ledger from the previous key to the current one. Fingerprints
// are taken anew for the values that are known; an entry whose value is not
// loses its fingerprint, and is rewritten by the next run that knows the value.
func (l *Ledger) Rekey(record func(ID) (Record, []Digest, bool)) {
	for _, s := range l.shards {
		if !s.previous {
			continue
		}
		for id, e := range s.entries {
			s.entries[id] = rekeyed(e, record)
		}
		s.dirty, s.previous = true, false
	}
}

func rekeyed(e Entry, record func(ID) (Record, []Digest, bool)) Entry {
	if e.Settled == nil {
		return e
	}
	settled := *e.Settled
	settled.Fingerprint, settled.Version, e.Equal = secret.Fingerprint{}, Version{}, nil
	if now, equal, ok := record(e.ID); ok {
		settled.Fingerprint, settled.Version, e.Equal = now.Fingerprint, now.Version, equal
	}
	e.Settled = &settled
	return e
}
